"""Typed commands for the simulated world, shared by every runner that reads a keyboard.

parse() turns a line into an event in the words of docs/simulation.md, or into an error message; it never raises. The events that
the scenario contract does not know: {"do": "vehicle", "model"}, {"do": "push", "downlinks": [...]} (the body of The Things Stack's
down/push), {"do": "request", "request": {...}} (what encodeDownlink takes, without an id), {"do": "speed", "factor"}, {"do": "help"} and
{"do": "quit"}.
"""

import json
import math

from sim.live import request_words

FAULTS = ('F1', 'F2', 'F3', 'F4', 'F5', 'F6', 'F7', 'F8', 'F9', 'FA', 'FB')
MODELS = ('eager', 'sleepy', 'long_pulse', 'shy', 'full')
MODES = {'lock': 'Lock Outlet', 'unlock': 'Unlock Outlet', 'reset': 'Reset Charger'}
# "Until further notice" where an event has a duration: a year of simulated time.
FOR_GOOD_S = 365 * 86400
# A person's JSON; the longest downlink of all, 242 bytes in base64 and its words, is far below.
LONGEST_LINE = 4096
SPEEDS = (0.01, 100000)


def _plain(do):
    return lambda name, argument: {'do': do}


def _on_off(argument):
    if argument not in ('on', 'off'):
        raise request_words.Wrong('on or off')
    return argument == 'on'


def _one_of(argument, words):
    if argument not in words:
        raise request_words.Wrong('one of ' + ' '.join(words))
    return argument


def _number(argument, low, high):
    try:
        value = float(argument)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise request_words.Wrong('a number from %g to %g' % (low, high))
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


def _request(name, argument):
    return {'do': 'request', 'request': request_words.request_of(name, argument)}


def _mode(name, argument):
    # Exactly as Home Manager sends it.
    return {'do': 'push', 'downlinks': [{'f_port': 1, 'confirmed': True, 'decoded_payload': {'mode': MODES[name]}}]}


def _send(name, argument):
    try:
        item = json.loads(argument)
    except (ValueError, RecursionError):
        item = None
    if not isinstance(item, dict):
        raise request_words.Wrong('a JSON object, as {"mode": "Reset Charger"} or {"f_port": 1, "frm_payload": "Aw=="}')
    if 'frm_payload' not in item and 'decoded_payload' not in item:
        item = {'decoded_payload': item}
    return {'do': 'push', 'downlinks': [item]}


# name: (True if it takes an argument, function(name, argument) -> event)
TABLE = {
    'plug': (False, _plain('plug')), 'unplug': (False, _plain('unplug')), 'key': (True, _key), 'ev': (True, _vehicle), 'fault': (True, _fault),
    'clear': (False, _plain('clear_fault')), 'power': (True, _power), 'noise': (True, _noise), 'cut': (True, _outage), 'monitor': (True, _monitor),
    'hang': (False, _plain('hang_monitor')), 'gateway': (True, _outage), 'lock': (False, _mode), 'unlock': (False, _mode), 'reset': (False, _mode),
    **{name: (True, _request) for name in request_words.NAMES}, 'send': (True, _send), 'speed': (True, _speed), 'help': (False, _plain('help')),
    'quit': (False, _plain('quit')),
}
# The help: what is typed, and what it does.
HELP = (
    ('plug, unplug', 'the car comes and goes'),
    ('key on|off', 'turn the key switch'),
    ('ev eager|sleepy|long_pulse|shy|full', 'which car comes next'),
    ('fault F9, clear', 'the box has a fault, F1 to FB; no more'),
    ('power on|off', 'supply of the box'),
    ('monitor on|off, hang', 'supply of the monitor; it hangs'),
    ('noise 0.001, cut 60', 'bytes spoilt on the bus; s without it'),
    ('gateway 60', 'seconds without the radio network'),
    ('lock, unlock, reset', 'as Home Manager sends it'),
    ('plan mon-fri 22:00-07:00 16A', 'several with ; between; kWh, min; off'),
    ('timezone CET-1CEST,M3.5.0,M10.5.0/3', 'the local time of the plan'),
    ('skip, skip next', 'this window of the plan, or the next'),
    ('boost until 07:30, boost 5kWh 10A', 'charge whatever the plan says'),
    ('start 16A, stop, resume', 'charge; no current; back to the plan'),
    ('current 16A, settings hold=always', 'the current from now on; any setting'),
    ('report, report plan, reboot', 'ask how things are; restart it'),
    ('send {"mode": "Lock Outlet"}', 'any downlink; the braces alone will do'),
    ('speed 60, help, quit', 'how fast time goes; this; the end'),
)
# What acts on the wallbox alone: the commands of `sim charger`.
CHARGER = ('plug', 'unplug', 'key', 'ev', 'fault', 'clear', 'power', 'noise', 'quit')


def parse(line, names=tuple(TABLE)):
    """(event, None) for a typed line, (None, error message) for a bad one, (None, None) for an empty one."""
    words = line.strip().split(None, 1)
    if not words:
        return None, None
    is_bare = words[0][0] == '{' and 'send' in names
    if is_bare:
        words = ['send', line.strip()]
    name = words[0].lower()
    argument = words[1].strip() if len(words) > 1 else ''
    if name not in names:
        return None, 'no such command: %s%s' % (printable(words[0], 20), '. Type help' if 'help' in names else ' (%s)' % ' '.join(names))
    has_argument, make = TABLE[name]
    if argument and not has_argument:
        return None, '%s takes no argument' % name
    if len(argument) > LONGEST_LINE:
        return None, '%s: too long' % name
    try:
        return make(name, argument), None
    except request_words.Wrong as wrong:
        return None, '%s needs %s' % ('a line that begins with { is sent as it is: it' if is_bare else name, wrong.args[0])


def help_lines():
    """The help, line by line."""
    return ['%-36s%s' % row for row in HELP]


def printable(text, most):
    """Foreign text in at most that many characters that cannot harm a terminal."""
    safe = ''.join(character if character.isprintable() else '?' for character in text[:most + 1])
    return safe if len(safe) <= most else safe[:most - 1] + '…'
