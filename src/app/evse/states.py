"""The charger's 21 state codes: state word, reason and colour of each. Source: ABL 05 0015 20 Rev. B, 3.4; docs/protocol.md."""

from hal.contract import BLUE, GREEN, PURPLE, RED, WHITE, YELLOW

from app.codec import vocabulary
from app.codec.vocabulary import REASON_CHARGING, REASON_FAULT, REASON_LOCKED, REASON_NO_VEHICLE, REASON_SETUP, REASON_STARTING, REASON_VEHICLE_PAUSED

# Code 0: nothing read yet.
NONE = 0

# The codes, with the names of the manual.
CODE_A1, CODE_B1, CODE_B2, CODE_C2, CODE_C3, CODE_C4 = 0xA1, 0xB1, 0xB2, 0xC2, 0xC3, 0xC4
CODE_E0, CODE_E1, CODE_E2, CODE_E3 = 0xE0, 0xE1, 0xE2, 0xE3
CODE_F1, CODE_F2, CODE_F3, CODE_F4, CODE_F5, CODE_F6 = 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6
CODE_F7, CODE_F8, CODE_F9, CODE_FA, CODE_FB = 0xF7, 0xF8, 0xF9, 0xFA, 0xFB

# (code, state word, reason by the code alone, colour of the indicator). The colours are the original's.
TABLE = (
    (CODE_A1, vocabulary.NOT_CONNECTED, REASON_NO_VEHICLE, BLUE),
    (CODE_B1, vocabulary.CONNECTED_AND_LOCKED, REASON_STARTING, YELLOW),
    (CODE_B2, vocabulary.CHARGED, REASON_VEHICLE_PAUSED, WHITE),
    (CODE_C2, vocabulary.CHARGING, REASON_CHARGING, GREEN),
    (CODE_C3, vocabulary.CHARGING, REASON_CHARGING, GREEN),
    (CODE_C4, vocabulary.CHARGING, REASON_CHARGING, GREEN),
    (CODE_E0, vocabulary.DISABLED, REASON_LOCKED, PURPLE),
    (CODE_E1, vocabulary.DISABLED, REASON_SETUP, PURPLE),
    (CODE_E2, vocabulary.DISABLED, REASON_SETUP, PURPLE),
    (CODE_E3, vocabulary.DISABLED, REASON_SETUP, PURPLE),
    (CODE_F1, vocabulary.DISABLED, REASON_FAULT, RED),
    (CODE_F2, vocabulary.DISABLED, REASON_FAULT, RED),
    (CODE_F3, vocabulary.DISABLED, REASON_FAULT, RED),
    (CODE_F4, vocabulary.DISABLED, REASON_FAULT, RED),
    (CODE_F5, vocabulary.DISABLED, REASON_FAULT, RED),
    (CODE_F6, vocabulary.DISABLED, REASON_FAULT, RED),
    (CODE_F7, vocabulary.DISABLED, REASON_FAULT, RED),
    (CODE_F8, vocabulary.DISABLED, REASON_FAULT, RED),
    (CODE_F9, vocabulary.DISABLED, REASON_FAULT, RED),
    (CODE_FA, vocabulary.DISABLED, REASON_FAULT, RED),
    (CODE_FB, vocabulary.DISABLED, REASON_FAULT, RED),
)

_ROWS = {}
for _row in TABLE:
    _ROWS[_row[0]] = _row

# Any other 0xFx is a fault, anything else is unknown: never treated as a healthy box (design decision, docs/protocol.md).
_UNKNOWN = (NONE, vocabulary.DISABLED, REASON_FAULT, RED)

# Faults that only a person at the box may clear: welded contact, internal error, residual current, overcurrent,
# temperature, contact opened. A reset or a state jump would clear them, so neither is ever written then.
NEVER_CLEARED = (CODE_F1, CODE_F2, CODE_F3, CODE_F9, CODE_FA, CODE_FB)


def state_of(code):
    """Index of the state word for a code."""
    return _ROWS.get(code, _UNKNOWN)[1]


def reason_of(code):
    """Index of the reason by the code alone."""
    return _ROWS.get(code, _UNKNOWN)[2]


def colour_of(code):
    """Colour of the indicator for a code."""
    return _ROWS.get(code, _UNKNOWN)[3]


def is_charging(code):
    """True in C2, C3 and C4: the contactor is closed for the car."""
    return code & 0xF0 == 0xC0 and code in _ROWS


def is_fault(code):
    """True for F1 to FB and every other 0xFx."""
    return code & 0xF0 == 0xF0


def is_locked(code):
    """True while the outlet is disabled."""
    return code == CODE_E0
