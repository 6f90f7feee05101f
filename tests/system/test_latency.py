"""Latency of reports and commands: class C, SF10, no loss, in virtual time."""

import random
import statistics

import pytest
from sim import scenario
from tests.choice import first

MINUTE_S = 60
SF10 = {'data_rate': 2}   # AU915
BYTES = {'lock': '01', 'unlock': '02', 'reset': '03'}


def play(duration_s, events, **keys):
    return scenario.run(dict(keys, duration_s=duration_s, events=events, network=SF10))['timeline']


def answer_delays(operations, key, seed, **keys):
    """Seconds from each command's publication to the end of its verified answer, by command; 47 min apart and more."""
    rng = random.Random(seed)
    at_s = 600.0
    events = [{'t': 5, 'do': 'key', 'position': key}, {'t': 60, 'do': 'plug'}]
    for name in operations:
        events.append({'t': round(at_s, 3), 'do': 'downlink', 'f_port': 1, 'payload_hex': BYTES[name]})
        at_s += 76 * MINUTE_S + rng.uniform(0, 120)   # some twenty a day have their answers
    timeline = play(at_s, events, vehicle={'needs_kwh': 1000}, seed=seed, **keys)
    asked = [entry['t'] for entry in timeline if entry['kind'] == 'downlink_queued' and entry['f_port'] == 1]
    answered = [entry for entry in timeline if entry['kind'] == 'uplink' and entry['f_port'] == 11]
    assert len(asked) == len(answered) == len(operations)
    delays = {}
    for name, from_s, answer in zip(operations, asked, answered):
        assert answer['decoded']['command'] == name and answer['decoded']['result'] == 'done', answer
        delays.setdefault(name, []).append(answer['t'] - from_s)
    return delays


def test_a_few_commands_are_answered_in_seconds():
    delays = answer_delays(['reset', 'lock', 'unlock'] * 3, 'locked', 3)
    assert max(delays['lock'] + delays['unlock']) <= 10 and max(delays['reset']) <= 15


@pytest.mark.long
@pytest.mark.parametrize('part', [1, 2])
def test_a_command_is_answered_by_what_the_box_did(part, evidence):
    operations = ['reset', 'lock', 'unlock'] * 34
    delays = answer_delays(operations[:100], 'locked', part)
    everything = sum(delays.values(), [])
    median_s = statistics.median(everything)
    evidence('class C, SF10: command to verified answer, median of 100, part %d' % part, '%.2f s' % median_s, '4 s')
    evidence('class C, SF10: lock and unlock at worst, part %d' % part, '%.2f s' % max(delays['lock'] + delays['unlock']), '10 s')
    evidence('class C, SF10: reset at worst, part %d' % part, '%.2f s' % max(delays['reset']), '15 s')
    assert len(everything) == 100
    assert median_s <= 4
    assert max(delays['lock'] + delays['unlock']) <= 10
    assert max(delays['reset']) <= 15


def report_delays(timeline, from_code, to_code):
    """Seconds from each such change of the box to the end of the uplink that tells it."""
    delays = []
    before = None
    for index, entry in enumerate(timeline):
        if entry['kind'] != 'charger_state':
            continue
        if before == from_code and entry['code'] == to_code:
            told = [later['t'] for later in timeline[index:] if later['kind'] == 'uplink' and later['decoded'].get('code') == to_code]
            delays.append(told[0] - entry['t'])
        before = entry['code']
    return delays


def change_delays(panel, times):
    """Seconds to the end of the uplink, for that many runs: plugging in, beginning to charge, unplugging."""
    rng = random.Random(3)
    events = []
    at_s = 1000.0
    for _ in range(times):
        for what in ({'do': 'plug'}, {'do': 'key', 'position': 'unlocked'}, {'do': 'key', 'position': 'locked'}, {'do': 'unplug'}):
            events.append(dict(what, t=round(at_s, 3)))
            at_s += 35 * MINUTE_S + rng.uniform(0, 100)
    timeline = play(at_s, events, charger={'panel_frames': panel}, vehicle={'needs_kwh': 1000})
    plugged = report_delays(timeline, 'A1', 'B1')
    charging = report_delays(timeline, 'B2', 'C2')
    unplugged = report_delays(timeline, 'C2', 'A1') + report_delays(timeline, 'B1', 'A1')
    assert (len(plugged), len(charging), len(unplugged)) == (times, times, times)
    return plugged, charging, unplugged


PANELS = [(True, 3), (False, 6)]


@pytest.mark.parametrize('panel, later_limit_s', first(PANELS))
def test_a_few_changes_are_on_the_air_in_seconds(panel, later_limit_s):
    plugged, charging, unplugged = change_delays(panel, 3)
    assert max(plugged) <= 6 and max(charging) <= later_limit_s and max(unplugged) <= 10


@pytest.mark.long
@pytest.mark.parametrize('panel, later_limit_s', PANELS)
def test_a_change_of_the_box_is_on_the_air_in_seconds(panel, later_limit_s, evidence):
    plugged, charging, unplugged = change_delays(panel, 24)
    with_panel = 'with panel frames' if panel else 'without panel frames'
    evidence('plugging in to the end of the uplink, at worst, %s' % with_panel, '%.2f s' % max(plugged), '6 s')
    evidence('later change to the end of the uplink, at worst, %s' % with_panel, '%.2f s' % max(charging), '%d s' % later_limit_s)
    evidence('unplugging to the end of the uplink, at worst, %s' % with_panel, '%.2f s' % max(unplugged), '10 s')
    assert max(plugged) <= 6
    assert max(charging) <= later_limit_s
    assert max(unplugged) <= 10
