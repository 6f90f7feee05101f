"""The wallbox's registers: what each block holds and what each write does.

ABL 05 0015 20 Rev. B, 1.4 and 3; 0x0004, 0x000F, 0x0015 and 0x0050 from published traces (docs/protocol.md). A block is read
whole or not at all. Every function takes the box; what they read of it is listed at Wallbox.
"""

from struct import pack

from sim.box_limits import LEAST, PAUSE

# Outcomes of a write.
DONE = 'done'          # executed; acknowledged unless broadcast
REFUSED = 'refused'    # value or state does not allow it: the negative answer, unless broadcast
IGNORED = 'ignored'    # nothing happens and nothing is said

NO_CURRENT_DA = 1000   # 0x002E: no meter, or state A
NO_CURRENT_A = 0x64    # 0x0033: the same

# 0x0015, raw units of 4.25 mV: from a trace (11.81 V), then 9 V, 6 V and -12 V by the same factor.
_CP_PLUS = {'A': 0x0ADA, 'B': 0x0846, 'C': 0x0584}
_CP_MINUS_PWM = 0x0B08
_TEMPERATURE = 0x0ACB


def _identity(box):
    settings = box.settings
    major, minor = box.firmware
    # Coding resistor read, DC residual current and welding watched, socket.
    flags = 0x9C | settings.upstream_timeout << 6 | box.meter << 5 | box.en_mode
    return bytes((0x01, box.hardware << 6 | settings.id, major << 4 | minor, flags))


def _modbus(box):
    # Even parity, one stop bit, 38400 Bd.
    return b'\x03\x27'


def _state(box):
    return bytes((0x04, int(box.code, 16)))


def _system(box):
    no_start = not box.settings.start_after_power_cycle
    waits = box.en_mode == 1 and not box.en1
    return pack('>BBH', 0x06, int(box.code, 16), 0x8000 | no_start << 14 | waits << 4)


def _limits(box):
    limits = box.limits
    return pack('>BB4H', 0x0F, 0x3F, limits.box, limits.default, limits.icmax, box.offered_duty)


def _pilot(box):
    minus = _CP_MINUS_PWM if box.offered_duty else 0
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
    return b'\x50\x00' + box.serial.encode('ascii')


# Address: (count that alone is answered, contents). The first byte is the echo of the address.
READS = {
    0x0001: (2, _identity),
    0x0003: (1, _modbus),
    0x0004: (1, _state),
    0x0006: (2, _system),
    0x000F: (5, _limits),
    0x0015: (5, _pilot),
    0x002E: (5, _status),
    0x0033: (3, _short_status),
    0x0050: (8, _serial),
}
BROADCAST_READS = frozenset((0x0001,))


def _reset(box):
    box.reset_soon()
    return DONE


def _to_a1(box):
    # In any other state the traces show silence, not a refusal (docs/protocol.md, Unlock).
    return DONE if box.release() else IGNORED


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
    if not LEAST <= value <= PAUSE:
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
