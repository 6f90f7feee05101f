"""The wallbox's registers: what each block holds and what each write does.

ABL 05 0015 20 Rev. B, 1.4 and 3; 0x0004, 0x000F, 0x0015 and 0x0050 from published traces (docs/protocol.md). A block is read
whole or not at all. Every function takes the box; what they read of it is listed at Wallbox.
"""

from struct import pack

from sim.evse.box_limits import PAUSE
from sim.evse.box_states import SERIAL

# Outcomes of a write.
DONE = 'done'          # executed; acknowledged unless broadcast
REFUSED = 'refused'    # value or state does not allow it: the negative answer, unless broadcast
UNSAID = 'unsaid'      # executed, and nothing is said
IGNORED = 'ignored'    # nothing happens and nothing is said

NO_CURRENT_DA = 1000   # 0x002E: no meter, or state A
NO_CURRENT_A = 0x64    # 0x0033: the same

# 0x0015, raw units of 4.25 mV: from a trace (11.81 V), then 9 V, 6 V and -12 V by the same factor.
_CP_PLUS = {'A': 0x0ADA, 'B': 0x0846, 'C': 0x0584}
_CP_MINUS_PWM = 0x0B08
_TEMPERATURE = 0x0ACB

_CP_LIMITS = {'default': 0b00, 'china': 0b10}
# Bits 1 and 0 of 0x0009: which of green and blue is lit by state; a forum survey found the bits, not their meaning.
_GREEN, _BLUE = 2, 1


def _identity(box):
    settings = box.settings
    options = box.options
    major, minor = options.firmware.split('.')
    # Coding resistor read, DC residual current and welding watched, socket.
    flags = 0x9C | settings.upstream_timeout << 6 | options.meter << 5 | options.en_mode
    return bytes((0x01, options.hardware << 6 | settings.id, int(major) << 4 | int(minor), flags))


def _modbus(box):
    # Even parity, one stop bit, 38400 Bd.
    return b'\x03\x27'


def _state(box):
    return bytes((0x04, int(box.code, 16)))


def _system(box):
    """The state machine's pointer is taken for the state; no source says what it points to."""
    options = box.options
    ways = box.ways
    flags = (options.upstream_reaction == 'F4') << 15 | (not box.settings.start_after_power_cycle) << 14
    flags |= _CP_LIMITS[options.cp_limits] << 12 | box.guard.bits
    flags |= (not ways.open('E0A1')) << 5 | (ways.waits_for_key or not ways.open('B1B2')) << 4 | (not ways.open('A1B1')) << 3
    return pack('>BBH', 0x06, int(box.code, 16), flags)


def _limits(box):
    limits = box.limits
    return pack('>BB4H', 0x0F, 0x3F, limits.box, limits.default, limits.icmax, box.offered_duty)


def _pilot(box):
    # The pulses go down to -12 V, and states E and F of the box stay there.
    minus = _CP_MINUS_PWM if box.offered_duty or box.code[0] in 'EF' else 0
    return pack('>BB4H', 0x15, int(box.code, 16), _CP_PLUS.get(box.code[0], 0), minus, 0, _TEMPERATURE)


def _wire_currents(box):
    """The box counts its phases from the other end: the third word is L1 (docs/protocol.md, traces, evcc issue 2715)."""
    currents = box.currents_da
    return (NO_CURRENT_DA,) * 3 if currents is None else tuple(reversed(currents))


def _status(box):
    word = box.ev_flag << 15 | box.limits.reduced << 14 | box.en1 << 12 | box.limits.shown
    return pack('>BB4H', 0x2E, int(box.code, 16), word, *_wire_currents(box))


def _short_status(box):
    amperes = [NO_CURRENT_A if da == NO_CURRENT_DA else da // 10 for da in _wire_currents(box)]
    return bytes([0x33, box.ev_flag << 7, int(box.code, 16)] + amperes)


def _serial(box):
    options = box.options
    if options.serial in _UNPROGRAMMED:
        return b'\x50\x00' + _UNPROGRAMMED[options.serial] * 14
    model = options.model
    text = model + SERIAL[len(model):] if options.serial == 'printed' else model.ljust(14)
    return b'\x50\x00' + text.encode('ascii')


def _leds(box):
    lit = _GREEN | _BLUE if box.code[0] in 'E' else _BLUE if box.code[0] == 'A' else _GREEN if box.code[0] in 'BC' else 0
    return bytes((0x09, 0x00, lit, 0x00))


def _unknown(box):
    return b'\x0d\x00\x00\x00'


# 0x0050 of a box that never got a number (docs/protocol.md).
_UNPROGRAMMED = {'ff': b'\xff', '00': b'\x00'}


# Address: (count that alone is answered, contents). The first byte is the echo of the address.
READS = {
    0x0001: (2, _identity),
    0x0003: (1, _modbus),
    0x0004: (1, _state),
    0x0006: (2, _system),
    0x0009: (2, _leds),
    0x000D: (2, _unknown),
    0x000F: (5, _limits),
    0x0015: (5, _pilot),
    0x002E: (5, _status),
    0x0033: (3, _short_status),
    0x0050: (8, _serial),
}
BROADCAST_READS = frozenset((0x0001,))
# Found by a survey, not documented: read only where the option leds_readable says so.
LEDS = frozenset((0x0009, 0x000D))


def _reset(box):
    box.reset_soon()
    return DONE if box.options.reset_acknowledged else UNSAID


def _to_a1(box):
    if box.code == 'E0' and not box.ways.open('E0A1'):
        return REFUSED
    if box.release():
        return DONE
    # A trace shows silence in A1, but the telegram may have been lost there (docs/protocol.md, Unlock).
    return REFUSED if box.options.a1a1_elsewhere == 'refused' else IGNORED


def _to_e0(box):
    if box.code[0] == 'F':
        return REFUSED
    box.jump('E0')
    return DONE


def _to_e2(box):
    if box.code not in ('A1', 'E0'):
        return REFUSED
    box.jump('E2')
    return DONE


def _to_f1(box):
    box.fault('F1')
    return DONE


def _watch_imbalance(box):
    return DONE if box.code == 'E2' else REFUSED


_STATE_WRITES = {
    0x3838: _watch_imbalance,
    0x5A5A: _reset,
    0xA1A1: _to_a1,
    0xE0E0: _to_e0,
    0xE2E2: _to_e2,
    0xF1F1: _to_f1,
}


def _modify_state(box, value):
    action = _STATE_WRITES.get(value)
    return REFUSED if action is None else action(box)


def _set_icmax(box, value):
    if not box.limits.least <= value <= PAUSE:
        return REFUSED
    box.set_icmax(value)
    return DONE


def _set_options(box, value):
    device_id = value & 0xFF
    if box.code != 'E2' or value & 0x0F00 or not 1 <= device_id <= 16:
        return REFUSED
    box.stored.change(device_id, value >> 14, value >> 12 & 3)
    return DONE


WRITES = {
    0x0005: _modify_state,
    0x0014: _set_icmax,
    0x002C: _set_options,
}
