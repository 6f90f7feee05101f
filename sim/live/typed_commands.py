"""Typed commands for the simulated world, shared by every runner that reads a keyboard.

parse() turns a line into an event in the words of docs/simulation.md, or into an error message; it never raises. The events that
the scenario contract does not know: {"do": "vehicle", "model"}, {"do": "push", "downlinks": [...]} (the body of The Things Stack's
down/push), {"do": "speed", "factor"}, {"do": "help"} and {"do": "quit"}.
"""

import json
import math

FAULTS = ('F1', 'F2', 'F3', 'F4', 'F5', 'F6', 'F7', 'F8', 'F9', 'FA', 'FB')
MODELS = ('eager', 'sleepy', 'long_pulse', 'shy', 'full')
MODES = {'lock': 'Lock Outlet', 'unlock': 'Unlock Outlet', 'reset': 'Reset Charger'}
# "Until further notice" where an event has a duration: a year of simulated time.
FOR_GOOD_S = 365 * 86400
# A person's JSON; the longest downlink of all, 242 bytes in base64 and its words, is far below.
LONGEST_LINE = 4096
SPEEDS = (0.01, 100000)


class _Wrong(Exception):
    """The argument does not fit; args[0] says what would."""


def _plain(do):
    return lambda name, argument: {'do': do}


def _on_off(argument):
    if argument not in ('on', 'off'):
        raise _Wrong('on or off')
    return argument == 'on'


def _one_of(argument, words):
    if argument not in words:
        raise _Wrong('one of ' + ' '.join(words))
    return argument


def _number(argument, low, high):
    try:
        value = float(argument)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise _Wrong('a number from %g to %g' % (low, high))
    return value


def _key(name, argument):
    return {'do': 'key', 'position': 'unlocked' if _on_off(argument) else 'locked'}


def _vehicle(name, argument):
    return {'do': 'vehicle', 'model': _one_of(argument, MODELS)}


def _fault(name, argument):
    return {'do': 'fault', 'code': _one_of(argument.upper(), FAULTS)}


def _power(name, argument):
    return {'do': 'charger_power', 'on': _on_off(argument)}


def _monitor(name, argument):
    return {'do': 'monitor_power', 'on': _on_off(argument)}


def _noise(name, argument):
    return {'do': 'bus_noise', 'rate': _number(argument, 0, 1), 'for_s': FOR_GOOD_S}


def _outage(name, argument):
    return {'do': {'cut': 'bus_cut', 'gateway': 'gateway_down'}[name], 'for_s': _number(argument, 0, FOR_GOOD_S)}


def _speed(name, argument):
    return {'do': 'speed', 'factor': _number(argument, *SPEEDS)}


def _mode(name, argument):
    # Exactly as Home Manager sends it.
    return {'do': 'push', 'downlinks': [{'f_port': 1, 'confirmed': True, 'decoded_payload': {'mode': MODES[name]}}]}


def _send(name, argument):
    try:
        item = json.loads(argument)
    except (ValueError, RecursionError):
        item = None
    if not isinstance(item, dict):
        raise _Wrong('a JSON object, as {"mode": "Reset Charger"} or {"f_port": 1, "frm_payload": "Aw=="}')
    if 'frm_payload' not in item and 'decoded_payload' not in item:
        item = {'decoded_payload': item}
    return {'do': 'push', 'downlinks': [item]}


# name: (argument for the help or '', what it does, function(name, argument) -> event)
TABLE = {
    'plug': ('', 'plug the car in', _plain('plug')),
    'unplug': ('', 'unplug it', _plain('unplug')),
    'key': ('on|off', 'turn the key switch', _key),
    'ev': ('|'.join(MODELS), 'which car comes next', _vehicle),
    'fault': ('F1..FB', 'the box has a fault', _fault),
    'clear': ('', 'the fault goes away', _plain('clear_fault')),
    'power': ('on|off', 'supply of the box', _power),
    'noise': ('0.001', 'chance of a spoilt byte on the bus', _noise),
    'cut': ('SECONDS', 'bus cable broken', _outage),
    'monitor': ('on|off', 'supply of the monitor', _monitor),
    'hang': ('', 'the firmware hangs; its watchdog bites', _plain('hang_monitor')),
    'gateway': ('SECONDS', 'radio network away', _outage),
    'lock': ('', 'downlink: Lock Outlet', _mode),
    'unlock': ('', 'downlink: Unlock Outlet', _mode),
    'reset': ('', 'downlink: Reset Charger', _mode),
    'send': ('{JSON}', 'any downlink', _send),
    'speed': ('N', 'how fast time goes', _speed),
    'help': ('', 'this', _plain('help')),
    'quit': ('', 'end it', _plain('quit')),
}
# What acts on the wallbox alone: the commands of `sim charger`.
CHARGER = ('plug', 'unplug', 'key', 'ev', 'fault', 'clear', 'power', 'noise', 'quit')


def parse(line, names=tuple(TABLE)):
    """(event, None) for a typed line, (None, error message) for a bad one, (None, None) for an empty one."""
    words = line.strip().split(None, 1)
    if not words:
        return None, None
    name = words[0].lower()
    argument = words[1].strip() if len(words) > 1 else ''
    if name not in names:
        return None, 'no such command: %s (%s)' % (printable(words[0], 20), ' '.join(names))
    expected, _, make = TABLE[name]
    if argument and not expected:
        return None, '%s takes no argument' % name
    if len(argument) > LONGEST_LINE:
        return None, '%s: too long' % name
    try:
        return make(name, argument), None
    except _Wrong as wrong:
        return None, '%s needs %s' % (name, wrong.args[0])


def help_lines(names=tuple(TABLE)):
    """One line a command."""
    return ['%-36s %s' % ((name + ' ' + TABLE[name][0]).strip(), TABLE[name][1]) for name in names]


def printable(text, most):
    """Foreign text in at most that many characters that cannot harm a terminal."""
    safe = ''.join(character if character.isprintable() else '?' for character in text[:most + 1])
    return safe if len(safe) <= most else safe[:most - 1] + '…'
