"""`python -m sim scenario IN.json --out OUT.json`: one installation in virtual time, as fast as the machine can.

The input is docs/simulation.md's; complete() turns it into what sim.world.World takes, or names everything that is wrong with it.
Same input, same bytes in the output: the figures of this machine go to standard output only.
"""

import argparse
import json
import sys
import time
from datetime import datetime, timezone

import main as firmware

from sim.world import World

# Every object of the input with the default of each key. An event's keys are in EVENTS.
DEFAULTS = {
    'charger': {'id': 1, 'firmware': '1.3', 'meter': True, 'panel_frames': True, 'sleeps_after_s': 30, 'key': 'locked',
                'start_after_power_cycle': True, 'held_code': 'B2', 'start_a1_s': None},
    'vehicle': {'model': 'eager', 'max_a': 16, 'phases': 3, 'needs_kwh': 30},
    'network': {'uplink_loss': 0.0, 'downlink_loss': 0.0, 'rx1_delay_s': 5, 'data_rate': None},
    'clock': {'drift_ppm': 20},
}
START = '2026-04-04T07:00:00Z'
TOP = ('seed', 'start', 'duration_s', 'config', 'charger', 'vehicle', 'network', 'clock', 'events')


def _number(low, high):
    def check(value):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            return 'must be a number from %s to %s' % (low, high)
        return None
    return check


def _integer(low, high):
    def check(value):
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            return 'must be a whole number from %s to %s' % (low, high)
        return None
    return check


def _one_of(*words):
    return lambda value: None if value in words else 'must be one of %s' % ', '.join(repr(word) for word in words)


def _boolean(value):
    return None if isinstance(value, bool) else 'must be true or false'


def _text(value):
    return None if isinstance(value, str) else 'must be a text'


def _object(value):
    return None if isinstance(value, dict) else 'must be an object'


def _hex_bytes(value):
    try:
        bytes.fromhex(value)
    except (TypeError, ValueError):
        return 'must be hex digits, two a byte'
    return None


def _nullable(check):
    return lambda value: None if value is None else check(value)


DAY_S = 86400
_FOR_S = _number(0, 3660 * DAY_S)
_FAULTS = tuple('F%X' % low for low in range(1, 12))

CHECKS = {
    'charger': {'id': _integer(1, 16), 'firmware': _text, 'meter': _boolean, 'panel_frames': _boolean, 'sleeps_after_s': _number(1, DAY_S),
                'key': _one_of('locked', 'unlocked'), 'start_after_power_cycle': _boolean, 'held_code': _one_of('B1', 'B2'),
                'start_a1_s': _nullable(_number(0, 60))},
    'vehicle': {'model': _one_of('eager', 'sleepy', 'long_pulse', 'shy', 'full'), 'max_a': _number(6, 80), 'phases': _integer(1, 3),
                'needs_kwh': _number(0, 1000)},
    'network': {'uplink_loss': _number(0, 1), 'downlink_loss': _number(0, 1), 'rx1_delay_s': _integer(1, 15),
                'data_rate': _nullable(_integer(0, 6))},
    'clock': {'drift_ppm': _number(-1000, 1000)},
}
# event: (needed keys, optional keys), each with its check.
EVENTS = {
    'plug': ({}, {}),
    'unplug': ({}, {}),
    'key': ({'position': _one_of('locked', 'unlocked')}, {}),
    'downlink': ({}, {'f_port': _integer(1, 255), 'payload_hex': _hex_bytes, 'data': _object, 'confirmed': _boolean}),
    'fault': ({'code': _one_of(*_FAULTS)}, {}),
    'clear_fault': ({}, {}),
    'charger_power': ({'on': _boolean}, {}),
    'monitor_power': ({'on': _boolean}, {}),
    'bus_cut': ({'for_s': _FOR_S}, {}),
    'bus_noise': ({'rate': _number(0, 1), 'for_s': _FOR_S}, {}),
    'gateway_down': ({'for_s': _FOR_S}, {}),
    'set_monitor_clock': ({'offset_s': _integer(-10 * 366 * DAY_S, 10 * 366 * DAY_S)}, {}),
    'system_clock': ({'offset_s': _integer(-10 * 366 * DAY_S, 10 * 366 * DAY_S)}, {}),
    'hang_monitor': ({}, {}),
    'flash_damage': ({'record': _text}, {}),
}


class ScenarioError(Exception):
    """The input is wrong; args[0] is the list of everything that is."""


def complete(given):
    """A scenario with every default filled in and the settings built, or ScenarioError."""
    if not isinstance(given, dict):
        raise ScenarioError(['the scenario must be an object'])
    errors = ['%s: unknown key' % key for key in given if key not in TOP]
    out = {'seed': given.get('seed', 1), 'duration_s': given.get('duration_s')}
    _check('seed', out['seed'], _integer(0, 2**63), errors)
    if 'duration_s' in given:
        _check('duration_s', out['duration_s'], _number(0, 36600 * DAY_S), errors)
    else:
        errors.append('duration_s: is required')
    out['start_utc_s'] = _start(given.get('start', START), errors)
    for name in DEFAULTS:
        out[name] = _section(name, given.get(name, {}), errors)
    out['events'] = _events(given.get('events', []), errors)
    out['settings'] = _settings(given.get('config', {}), out, errors)
    if errors:
        raise ScenarioError(errors)
    return out


def _check(path, value, check, errors):
    problem = check(value)
    if problem:
        errors.append('%s: %s' % (path, problem))
    return not problem


def _start(text, errors):
    try:
        return int(datetime.strptime(text, '%Y-%m-%dT%H:%M:%SZ').replace(tzinfo=timezone.utc).timestamp())
    except (TypeError, ValueError):
        errors.append("start: must be UTC as in '%s'" % START)
        return 0


def _section(name, given, errors):
    section = dict(DEFAULTS[name])
    if not _check(name, given, _object, errors):
        return section
    for key, value in given.items():
        if key not in section:
            errors.append('%s.%s: unknown key' % (name, key))
        elif _check('%s.%s' % (name, key), value, CHECKS[name][key], errors):
            section[key] = value
    return section


def _events(given, errors):
    if not isinstance(given, list):
        errors.append('events: must be a list')
        return []
    for index, event in enumerate(given):
        _event('events[%d]' % index, event, errors)
    return [] if errors else sorted(given, key=lambda event: event['t'])


def _event(path, event, errors):
    if not _check(path, event, _object, errors):
        return
    if event.get('do') not in EVENTS:
        errors.append('%s.do: must be one of %s' % (path, ', '.join(sorted(EVENTS))))
        return
    needed, optional = EVENTS[event['do']]
    if 't' not in event:
        errors.append('%s.t: is required' % path)
    else:
        _check(path + '.t', event['t'], _number(0, 36600 * DAY_S), errors)
    for key in needed:
        if key not in event:
            errors.append('%s.%s: is required' % (path, key))
    for key, value in event.items():
        check = needed.get(key) or optional.get(key)
        if check:
            _check('%s.%s' % (path, key), value, check, errors)
        elif key not in ('t', 'do'):
            errors.append('%s.%s: unknown key' % (path, key))
    if event['do'] == 'downlink' and ('data' in event) == ('f_port' in event and 'payload_hex' in event):
        errors.append('%s: needs either data, or f_port and payload_hex' % path)


def _settings(given, scenario, errors):
    """The firmware's settings: those given, with the box's id and key, the region and the network's data rate, where the config is silent."""
    if not _check('config', given, _object, errors):
        given = {}
    overrides = dict(given)
    overrides.setdefault('CHARGER_ID', scenario['charger']['id'])
    # The simulated box has a key on EN1; a real one may have anything.
    overrides.setdefault('EN1', 'key')
    overrides.setdefault('REGION', 'AU915')
    if scenario['network']['data_rate'] is not None:
        overrides['DATA_RATE'] = scenario['network']['data_rate']
    settings = firmware.config.Settings(overrides)
    errors.extend('config.%s: %s' % error for error in firmware.check(settings))
    return settings


def run(given):
    """Play a scenario. Returns the output object of the contract."""
    scenario = complete(given)
    world = World(scenario)
    world.run(scenario['duration_s'])
    # An uplink is recorded with the end of its last symbol, which lies ahead when it starts.
    world.timeline.sort(key=lambda entry: entry['t'])
    return {'summary': world.summary(), 'timeline': world.timeline}


def main(argv):
    """The command; exit code 2 for a wrong input."""
    parser = argparse.ArgumentParser(prog='python -m sim scenario', description='Play one scenario in virtual time.')
    parser.add_argument('input', metavar='IN.json', help='the scenario, see docs/simulation.md')
    parser.add_argument('--out', metavar='OUT.json', required=True, help='where the summary and the timeline go')
    args = parser.parse_args(argv)
    try:
        with open(args.input, encoding='utf-8-sig') as file:
            given = json.load(file)
        began = time.perf_counter()
        output = run(given)
        took_s = time.perf_counter() - began
        with open(args.out, 'w', encoding='utf-8') as file:
            json.dump(output, file, indent=1, sort_keys=True)
            file.write('\n')
    except ScenarioError as error:
        for problem in error.args[0]:
            print('%s: %s' % (args.input, problem), file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        print('%s' % error, file=sys.stderr)
        return 2
    simulated_s = output['summary']['simulated_s']
    print('%.0f simulated seconds in %.2f s: %.0f times real time' % (simulated_s, took_s, simulated_s / took_s if took_s else 0))
    return 0
