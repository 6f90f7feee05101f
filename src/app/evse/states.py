"""The charger's 21 state codes: what each means for the owner. Source: ABL 05 0015 20 Rev. B, 3.4; docs/protocol.md."""

from hal.contract import BLUE, GREEN, PURPLE, RED, WHITE, YELLOW

from app.codec import vocabulary
from app.codec.vocabulary import REASON_CHARGING, REASON_FAULT, REASON_LOCKED, REASON_NO_VEHICLE, REASON_SETUP, REASON_STARTING, REASON_VEHICLE_PAUSED

# Code 0 stands for "nothing read yet".
NONE = 0

# (code, state word, reason where the code alone tells it, colour of the indicator). The colours are the original's.
TABLE = (
    (0xA1, vocabulary.NOT_CONNECTED, REASON_NO_VEHICLE, BLUE),
    (0xB1, vocabulary.CONNECTED_AND_LOCKED, REASON_STARTING, YELLOW),
    (0xB2, vocabulary.CHARGED, REASON_VEHICLE_PAUSED, WHITE),
    (0xC2, vocabulary.CHARGING, REASON_CHARGING, GREEN),
    (0xC3, vocabulary.CHARGING, REASON_CHARGING, GREEN),
    (0xC4, vocabulary.CHARGING, REASON_CHARGING, GREEN),
    (0xE0, vocabulary.DISABLED, REASON_LOCKED, PURPLE),
    (0xE1, vocabulary.DISABLED, REASON_SETUP, PURPLE),
    (0xE2, vocabulary.DISABLED, REASON_SETUP, PURPLE),
    (0xE3, vocabulary.DISABLED, REASON_SETUP, PURPLE),
    (0xF1, vocabulary.DISABLED, REASON_FAULT, RED),
    (0xF2, vocabulary.DISABLED, REASON_FAULT, RED),
    (0xF3, vocabulary.DISABLED, REASON_FAULT, RED),
    (0xF4, vocabulary.DISABLED, REASON_FAULT, RED),
    (0xF5, vocabulary.DISABLED, REASON_FAULT, RED),
    (0xF6, vocabulary.DISABLED, REASON_FAULT, RED),
    (0xF7, vocabulary.DISABLED, REASON_FAULT, RED),
    (0xF8, vocabulary.DISABLED, REASON_FAULT, RED),
    (0xF9, vocabulary.DISABLED, REASON_FAULT, RED),
    (0xFA, vocabulary.DISABLED, REASON_FAULT, RED),
    (0xFB, vocabulary.DISABLED, REASON_FAULT, RED),
)

_ROWS = {}
for _row in TABLE:
    _ROWS[_row[0]] = _row

# Any other 0xFx is a fault, anything else is unknown: never taken for a healthy box (design decision, docs/protocol.md).
_UNKNOWN = (NONE, vocabulary.DISABLED, REASON_FAULT, RED)

# Faults that only a person at the box may clear: welded contact, internal error, residual current, overcurrent,
# temperature, contact opened. A reset or a state jump would clear them, so neither is ever written then.
NEVER_CLEARED = (0xF1, 0xF2, 0xF3, 0xF9, 0xFA, 0xFB)


def state_of(code):
    """Index of the state word for a code."""
    return _ROWS.get(code, _UNKNOWN)[1]


def reason_of(code):
    """Index of the reason as far as the code alone tells it."""
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
    return code == 0xE0
