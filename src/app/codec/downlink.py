"""Downlinks, read: the original's byte on fPort 1 and 2, operation and arguments on fPort 20. docs/payload.md has the bytes.

A reader of wire input: it never raises. A payload that is no command at all gives None; a wrong command gives a Downlink with a fault,
so that it can be answered.
"""

from app.codec import windows, vocabulary, posix_tz
from app.codec.packing import unpack
from app.codec.vocabulary import (
    COMMAND_BOOST, COMMAND_LOCK, COMMAND_PLAN, COMMAND_REBOOT, COMMAND_REPORT, COMMAND_RESET, COMMAND_RESUME_PLAN, COMMAND_SETTINGS,
    COMMAND_SET_CURRENT, COMMAND_SKIP, COMMAND_START, COMMAND_STOP, COMMAND_TARGET, COMMAND_TIME, COMMAND_TIMEZONE, COMMAND_UNLOCK,
    DETAIL_BAD_ARGUMENT, DETAIL_UNKNOWN_COMMAND, REPORT_SESSIONS, UNTIL_ENERGY, UNTIL_TIME, UNTIL_UNPLUGGED,
)
from app.codec.setting_bytes import is_known, value_of

PORT = 20
# The network keeps downlinks over an outage: one without a date is not obeyed within this time after a join (design decision).
STALE_MS = 60000
# fPorts of the original, whose one-byte commands are the indices of vocabulary.COMMANDS.
_ORIGINAL_PORTS = (1, 2)
_ORIGINAL_COMMANDS = 3
_HEADER = 8
# Arguments of a target: until (2), energy (2), current (1), cheap quarter hours (8).
_TARGET = 13
_QUARTERS = 5


class Downlink:
    """One downlink.

    op: index in vocabulary.COMMANDS, or a number that is none. command_id, issued_at (UTC s), expires_in_s: None on the original's ports
    and for the time. args: see the readers below, () where there are none; None if fault, an index in vocabulary.DETAILS or
    vocabulary.BAD_SETTING + a setting's place, is not 0.
    """

    __slots__ = ('op', 'command_id', 'issued_at', 'expires_in_s', 'args', 'fault')

    def __init__(self, op, command_id, issued_at, expires_in_s, args, fault=0):
        self.op = op
        self.command_id = command_id
        self.issued_at = issued_at
        self.expires_in_s = expires_in_s
        self.args = args
        self.fault = fault


def _current_da(data):
    """One byte of half amperes as deci-amperes, nothing as 0; None where it is wrong."""
    if len(data) == 0:
        return 0
    return 5 * data[0] if len(data) == 1 and windows.LOWEST_HALVES <= data[0] <= windows.HIGHEST_HALVES else None


# Readers of arguments: bytes behind the header to a tuple, None where they are wrong.


def _nothing(data):
    return None if data else ()


def _maybe_current(data):
    """(current_da,); 0: the box's own limit."""
    current_da = _current_da(data)
    return None if current_da is None else (current_da,)


def _current(data):
    """(current_da,)."""
    return _maybe_current(data) if data else None


def _boost(data):
    """(UNTIL_TIME, minutes since local midnight, current_da), (UNTIL_ENERGY, Wh, current_da) or (UNTIL_UNPLUGGED, 0, current_da)."""
    current_da = _current_da(data[3:])
    if len(data) < 3 or current_da is None:
        return None
    kind, value = unpack(data, 0, (1, 2))
    if kind == UNTIL_TIME and value < windows.DAY_MIN:
        return kind, value, current_da
    if kind == UNTIL_ENERGY and value > 0:
        return kind, 10 * value, current_da
    return (kind, 0, current_da) if kind == UNTIL_UNPLUGGED and value == 0 else None


def _skip(data):
    """(index in vocabulary.SKIPS,)."""
    return (data[0],) if len(data) == 1 and data[0] < len(vocabulary.SKIPS) else None


def _report(data):
    """(index in vocabulary.REPORTS,); for sessions (that index, number of the first one)."""
    if len(data) == 2 and data[0] == REPORT_SESSIONS:
        return tuple(data) if data[1] < 128 else None
    return (data[0],) if len(data) == 1 and data[0] < REPORT_SESSIONS else None


def _target(data):
    """(minutes since local midnight, Wh or 0, current_da or 0, eight bytes: bit n - 1, the last byte lowest, is the n-th quarter hour back)."""
    if len(data) != _TARGET:
        return None
    minute, ten_wh = unpack(data, 0, (2, 2))
    current_da = _current_da(data[4:_QUARTERS]) if data[4] else 0
    return (minute, 10 * ten_wh, current_da, bytes(data[_QUARTERS:])) if minute < windows.DAY_MIN and current_da is not None else None


def _settings(data):
    """((name, value), ...) as in vocabulary.SETTINGS, in its order."""
    found = []
    last = -1
    for at in range(0, len(data) - 1, 2):
        number, byte = data[at], data[at + 1]
        if number <= last or not is_known(number, byte):
            return None
        last = number
        found.append((vocabulary.SETTINGS[number][0], value_of(number, byte)))
    return tuple(found) if found and len(data) % 2 == 0 else None


_READERS = {
    COMMAND_LOCK: _nothing, COMMAND_UNLOCK: _nothing, COMMAND_RESET: _nothing, COMMAND_START: _maybe_current, COMMAND_STOP: _nothing,
    COMMAND_SET_CURRENT: _current, COMMAND_BOOST: _boost, COMMAND_SKIP: _skip, COMMAND_RESUME_PLAN: _nothing, COMMAND_REPORT: _report,
    COMMAND_REBOOT: _nothing, COMMAND_PLAN: windows.unpack, COMMAND_TIMEZONE: posix_tz.unpack, COMMAND_SETTINGS: _settings,
    COMMAND_TARGET: _target,
}


def _fault(op, data):
    """Why the arguments of a known operation could not be read."""
    if op != COMMAND_SETTINGS:
        return DETAIL_BAD_ARGUMENT
    for at in range(0, len(data) - 1, 2):
        if data[at] < vocabulary.BAD_SETTING - 1 and not is_known(data[at], data[at + 1]):
            return vocabulary.BAD_SETTING + data[at]
    return DETAIL_BAD_ARGUMENT


def read(port, payload):
    """The Downlink in a payload, or None if the payload is not a command of this firmware."""
    if port in _ORIGINAL_PORTS:
        known = len(payload) == 1 and 1 <= payload[0] <= _ORIGINAL_COMMANDS
        return Downlink(payload[0], None, None, None, ()) if known else None
    if port != PORT or len(payload) == 0:
        return None
    op = payload[0]
    if op == COMMAND_TIME:
        return Downlink(op, None, None, None, (int.from_bytes(payload[1:], 'big'),)) if len(payload) == 5 else None
    if len(payload) < _HEADER:
        return None
    args = None
    fault = DETAIL_UNKNOWN_COMMAND
    if 0 < op < len(vocabulary.COMMANDS):
        data = payload[_HEADER:]
        args = _READERS[op](data)
        fault = 0 if args is not None else _fault(op, data)
    command_id, issued_at, expires_in_s = unpack(payload, 1, (1, 4, 2))
    return Downlink(op, command_id, issued_at, expires_in_s, args, fault)
