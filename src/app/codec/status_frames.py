"""Uplinks with the status and with the answer to a command, packed. docs/payload.md describes the bytes, ttn/vectors.json pins them."""

from app.codec import vocabulary
from app.codec.packing import field
from app.codec.vocabulary import BUSY, REASON_UNREACHABLE

STATUS_PORT, RESULT_PORT = 10, 11
# Key of the status in the outbox (lorawan.outbox).
STATUS_KEY = 'status'

# First byte of each new uplink: version 1 in the high nibble, fPort - 10 in the low one.
_STATUS = 0x10
_RESULT = 0x11

# The short form is for a frame with little room (MAC answers in it, SF11 and SF12).
SHORT = 5
STATUS_LENGTH = 11
RESULT_LENGTH = 8

# A missing value is sent as all ones: the formatter leaves it out (state: 'Disabled').
NO_REASON = 31
_UNKNOWN_3_BITS = 7
UNKNOWN_BYTE = 255
LIMIT_UNKNOWN = 127
LIMIT_MOST = 126  # 63 A and more
_CURRENT_MOST = 254  # 63.5 A and more
_ENERGY_UNKNOWN = 0xFFFF
_ENERGY_MOST = 0xFFFE  # 655.34 kWh and more
_HAS_ID = 2
_TIME_KNOWN = 8
_ESTIMATED = 128


class Status:
    """Values of a status, here of a box that is not read: indices in app.codec.vocabulary, currents in 0.1 A (three of them, or None); None for
    an unknown value."""

    def __init__(self):
        self.code = 0
        self.state = vocabulary.DISABLED
        self.reason = REASON_UNREACHABLE
        self.ev_connected = None
        self.enable_input = None
        self.time_known = False
        self.override = 0
        self.limit_da = None
        self.currents_da = None
        self.energy_wh = None
        self.energy_estimated = False
        self.plan_hash = 0


def index_or(value, count, unknown):
    """The index itself if a table of that many has it, else unknown."""
    return value if value is not None and 0 <= value < count else unknown


def _clamp(value, most):
    """An integer from 0 to most."""
    return 0 if value < 0 else most if value > most else value


def tristate(value):
    """None, False, True as 0, 1, 2."""
    return 0 if value is None else 2 if value else 1


def _limit(limit_da):
    """Deci-amperes as half amperes; 0 only when no current is offered."""
    if limit_da is None:
        return LIMIT_UNKNOWN
    if limit_da <= 0:
        return 0
    return _clamp((limit_da + 2) // 5, LIMIT_MOST) or 1


def _current(current_da):
    """Deci-amperes as quarter amperes, to the nearest."""
    if current_da is None:
        return UNKNOWN_BYTE
    return _clamp((4 * current_da + 5) // 10, _CURRENT_MOST)


def encode_status(s, limit):
    """The status s in at most limit bytes: 11, or the 5-byte short form; None if that does not fit either."""
    if limit < SHORT:
        return None
    state_reason = index_or(s.state, len(vocabulary.STATES), _UNKNOWN_3_BITS) << 5 | index_or(s.reason, len(vocabulary.REASONS), NO_REASON)
    flags = (
        tristate(s.ev_connected) << 6
        | tristate(s.enable_input) << 4
        | (_TIME_KNOWN if s.time_known else 0)
        | index_or(s.override, len(vocabulary.OVERRIDES), _UNKNOWN_3_BITS)
    )
    offered = _limit(s.limit_da) | (_ESTIMATED if s.energy_estimated else 0)
    code = s.code & 255
    if limit < STATUS_LENGTH:
        return bytes((_STATUS, code, state_reason, flags, offered))
    l1_da, l2_da, l3_da = s.currents_da or (None, None, None)
    energy = _ENERGY_UNKNOWN if s.energy_wh is None else _clamp(s.energy_wh // 10, _ENERGY_MOST)
    return bytes((
        _STATUS, code, state_reason, flags, offered, _current(l1_da), _current(l2_da), _current(l3_da),
        energy >> 8, energy & 255, s.plan_hash & 255,
    ))


def encode_result(r, s, limit, count=0, possible_wh=None):
    """The answer r, with the status s, in at most limit bytes: 8, or the 5-byte short form, or None. A ninth byte is count: in `busy` the number
    of refused commands, else of older opening commands without an answer of their own. possible_wh: what a target can reach, -1 if not known."""
    if limit < SHORT:
        return None
    command = index_or(r.op, len(vocabulary.COMMANDS), UNKNOWN_BYTE)
    with_id = r.command_id is not None
    command_id = r.command_id & 255 if with_id else 0
    outcome = (
        index_or(r.result, len(vocabulary.RESULTS), _UNKNOWN_3_BITS) << 5
        | index_or(s.state, len(vocabulary.STATES), _UNKNOWN_3_BITS) << 2
        | (_HAS_ID if with_id else 0)
    )
    detail = r.detail - vocabulary.BAD_SETTING
    if 0 <= detail < len(vocabulary.SETTINGS):
        detail = r.detail
    else:
        detail = index_or(r.detail, len(vocabulary.DETAILS), UNKNOWN_BYTE)
    if limit < RESULT_LENGTH:
        return bytes((_RESULT, command, command_id, outcome, detail))
    packed = bytes((
        _RESULT, command, command_id, outcome, detail,
        s.code & 255, index_or(s.reason, len(vocabulary.REASONS), NO_REASON), _limit(s.limit_da),
    ))
    if limit > RESULT_LENGTH and (count or r.result == BUSY):
        packed += bytes((_clamp(count, 255),))
    elif limit > RESULT_LENGTH + 1 and possible_wh is not None:
        packed += field(_ENERGY_UNKNOWN if possible_wh < 0 else _clamp(possible_wh // 10, _ENERGY_MOST), 2)
    return packed
