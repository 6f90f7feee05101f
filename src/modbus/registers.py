"""The charger's whole register map as data: decoding, the console's listing and the table in docs/protocol.md come from it.

For consoles, commissioning and identification; the loop needs modbus.reading and modbus.write_map alone, and memory is dear on
a board. Sources: ABL = "EVCC2/3 - API subset for external applications", 05 0015 20 Rev. B; forum = the register survey in
goingelectric.de t=38749, confirmed by evcc; orig = traces of the original monitor. docs/protocol.md weighs them.
"""

from umodbus.functions import to_short

# All that a console asks about registers is found here, whichever module it lives in.
from modbus.write_map import (DUTY_MAX, DUTY_MIN, DUTY_PAUSE, ICMAX, JUMP_A1, JUMP_E0, RESET, STATE, da_of_duty,  # noqa: F401
                              duty_of_amps, may_write)
from modbus.reading import (CURRENT_MAX_DA, CURRENT_RESIDUE_DA, DEVICE, DEVICE_WORDS, LIMITS, LIMITS_WORDS, PANEL, PANEL_WORDS,  # noqa: F401
                            PHASE_ORDER, STATUS, STATUS_WORDS, SYSTEM, SYSTEM_WORDS, Reading, limits_of)

LINE = 0x0003
PILOT = 0x0015
OPTIONS = 0x002C
SHORT_STATUS = 0x0033
SERIAL = 0x0050

# Values of STATE that are not for normal operation (modbus.write_map has those that are).
JUMP_E2 = 0xE2E2
IMBALANCE_ON = 0x3838
JUMP_F1 = 0xF1F1

# Access.
READ = 1
WRITE = 2

# Field: (name, word, highest bit, lowest bit, unit, range, special values). Bits are counted from the low end of its word; a
# text goes on through the words that follow. range: (lowest, highest) raw value, None: whatever fits. special: (raw, meaning).
NAME, WORD, HIGH, LOW, UNIT, RANGE, SPECIAL = range(7)
DUTY = '0.1 %'
CURRENT = '0.1 A'
AMPS = 'A'
PILOT_VOLTS = '4.25 mV'
CODE = 'code'
FLAG = 'flag'
CHOICE = 'choice'   # special has all its values
TEXT = 'text'
NUMBER = ''

UNCHANGED = 'unchanged'


def _flag(name, word, bit):
    return name, word, bit, bit, FLAG, None, ()


def _choice(name, word, high, low, values):
    return name, word, high, low, CHOICE, None, values


def _duty(name, word):
    # "0..1000" (ABL on 0x002E).
    return name, word, 11, 0, DUTY, (0, DUTY_PAUSE), ()


def _current(name, word):
    return name, word, 15, 0, CURRENT, (0, CURRENT_MAX_DA), ((1000, None), (CURRENT_RESIDUE_DA, 0))


def _amps(name, word, high):
    return name, word, high, high - 7, AMPS, (0, CURRENT_MAX_DA // 10), ((100, None),)


_STATE_CODE = ('code', 0, 7, 0, CODE, None, ())
_AFTER_POWER_CYCLE = 'after_power_cycle'

# Register: (address, words, access, broadcast, name, source, fields). A read must ask for exactly these words (ABL 1.4.3).
ADDRESS, WORDS, ACCESS, BROADCAST, TITLE, SOURCE, FIELDS = range(7)
REGISTERS = (
    (DEVICE, DEVICE_WORDS, READ, True, 'device', 'ABL', (
        _choice('hardware', 0, 7, 6, ((0, '141215'), (1, '160307'), (2, '170725'))),
        ('device_id', 0, 5, 0, NUMBER, (1, 16), ()),
        ('firmware_major', 1, 15, 12, NUMBER, None, ()),
        ('firmware_minor', 1, 11, 8, NUMBER, None, ()),
        _flag('coding_resistor', 1, 7),
        _flag('upstream_timeout', 1, 6),
        _flag('meter', 1, 5),
        _flag('residual_current_monitor', 1, 4),
        _flag('socket', 1, 3),
        _flag('welding_detection', 1, 2),
        _choice('enable_mode', 1, 1, 0, ((0, 'none'), (1, 'closed_to_start'), (2, 'closed_to_enable'), (3, 'invalid'))),
    )),
    (LINE, 1, READ, False, 'line', 'ABL', (
        _choice('stop_bits', 0, 7, 6, ((0, 1), (3, 2))),
        _choice('parity', 0, 5, 4, ((0, 'none'), (1, 'odd'), (2, 'even'))),
        _choice('baud', 0, 3, 0, ((5, 9600), (6, 19200), (7, 38400), (8, 57600))),
    )),
    (PANEL, PANEL_WORDS, READ, False, 'panel', 'orig', (_STATE_CODE,)),
    (STATE, 1, WRITE, True, 'state', 'ABL', (
        _choice('command', 0, 15, 0, (
            (JUMP_E0, 'lock'), (JUMP_A1, 'unlock'), (RESET, 'reset'), (JUMP_E2, 'setup'), (IMBALANCE_ON, 'imbalance_on'), (JUMP_F1, 'fail'))),
    )),
    (SYSTEM, SYSTEM_WORDS, READ, False, 'system', 'ABL', (
        ('state_pointer', 0, 7, 0, NUMBER, None, ()),
        _choice('upstream_fault', 1, 15, 15, ((0, 'F14'), (1, 'F4'))),
        _choice(_AFTER_POWER_CYCLE, 1, 14, 14, ((0, 'start'), (1, 'wait'))),
        _choice('pilot_limits', 1, 13, 12, ((0, 'default'), (2, 'china'))),
        _flag('upstream_lost', 1, 9),
        _flag('imbalance', 1, 8),
        _flag('hot', 1, 7),
        _flag('metering_failed', 1, 6),
        _flag('e0_to_a1_disabled', 1, 5),
        _flag('b1_to_b2_disabled', 1, 4),
        _flag('a1_to_b1_disabled', 1, 3),
        _choice('overcurrent', 1, 2, 0, (
            (0, 'to 100 %'), (1, 'to 105 %'), (5, 'to 110 %'), (3, 'to 120 %'), (7, 'above 120 %'))),
    )),
    (LIMITS, LIMITS_WORDS, READ, False, 'limits', 'forum', (
        _duty('box_duty', 1),
        _duty('default_duty', 2),
        _duty('icmax_duty', 3),
        _duty('effective_duty', 4),
    )),
    (ICMAX, 1, WRITE, True, 'icmax', 'ABL', (
        ('icmax_duty', 0, 15, 0, DUTY, (DUTY_MIN, DUTY_MAX), ((DUTY_PAUSE, 'pause'),)),
    )),
    (PILOT, 5, READ, False, 'pilot', 'forum', (
        _STATE_CODE,
        ('pilot_high', 1, 15, 0, PILOT_VOLTS, None, ()),
        ('pilot_low', 2, 15, 0, NUMBER, None, ()),
        ('proximity', 3, 15, 0, NUMBER, None, ()),
        ('temperature', 4, 15, 0, NUMBER, None, ()),
    )),
    (OPTIONS, 1, WRITE, True, 'options', 'ABL', (
        _choice('upstream_timeout', 0, 15, 14, ((3, UNCHANGED), (0, UNCHANGED), (1, False), (2, True))),
        _choice(_AFTER_POWER_CYCLE, 0, 13, 12, ((3, UNCHANGED), (0, UNCHANGED), (1, 'start'), (2, 'wait'))),
        ('device_id', 0, 7, 0, NUMBER, (1, 16), ()),
    )),
    (STATUS, STATUS_WORDS, READ, False, 'status', 'ABL', (
        _STATE_CODE,
        _flag('ev_connected', 1, 15),
        _flag('reduced', 1, 14),
        _flag('enable_input2', 1, 13),
        _flag('enable_input', 1, 12),
        _duty('limit_duty', 1),
        _current('current1_da', 2),
        _current('current2_da', 3),
        _current('current3_da', 4),
    )),
    (SHORT_STATUS, 3, READ, False, 'short_status', 'ABL', (
        _flag('ev_connected', 0, 7),
        ('code', 1, 15, 8, CODE, None, ()),
        _amps('current1_a', 1, 7),
        _amps('current2_a', 2, 15),
        _amps('current3_a', 2, 7),
    )),
    # ABL calls all fourteen characters the serial number; symcon.cvvmedia.ablchargepoint and the original tell the type apart.
    (SERIAL, 8, READ, False, 'serial', 'ABL', (
        ('model', 1, 47, 0, TEXT, None, ()),
        ('serial', 4, 63, 0, TEXT, None, ()),
    )),
)

# Values of STATE: (raw, states it is accepted in (empty: any), who may write it). "Others must not be used" (ABL).
NORMAL = 'normal'
COMMISSIONING = 'commissioning'
NEVER = 'never'
COMMANDS = (
    (JUMP_E0, (), NORMAL),
    (JUMP_A1, (0xE0, 0xE2), NORMAL),
    (RESET, (), NORMAL),
    (JUMP_E2, (0xA1, 0xE0), COMMISSIONING),
    (IMBALANCE_ON, (0xE2,), NEVER),
    (JUMP_F1, (), NEVER),   # trips the residual current device where one is so configured
)

_PADDING = b'\x00\xff '


def find(address):
    """The register (see REGISTERS) at an address; KeyError if it is not in the map."""
    for register in REGISTERS:
        if register[ADDRESS] == address:
            return register
    raise KeyError(address)


def decode(register, data):
    """The fields of a register's data (bytes) by name, None where a value means nothing; None if the length is wrong."""
    if len(data) != 2 * register[WORDS]:
        return None
    words = to_short(data, False)
    values = {}
    for field in register[FIELDS]:
        word = field[WORD]
        if field[UNIT] == TEXT:
            values[field[NAME]] = text_of(data[2 * word:2 * word + (field[HIGH] + 1) // 8])
        else:
            values[field[NAME]] = _meaning(field, words[word] >> field[LOW] & _mask(field))
    return values


def _mask(field):
    return (2 << field[HIGH] - field[LOW]) - 1


def _meaning(field, raw):
    """The meaning of a field's raw value."""
    for special, meaning in field[SPECIAL]:
        if raw == special:
            return meaning
    if field[UNIT] == FLAG:
        return raw == 1
    limits = field[RANGE]
    if field[UNIT] == CHOICE or limits is not None and not limits[0] <= raw <= limits[1]:
        return None
    return raw


def text_of(data):
    """The text in some bytes, without padding and with '?' for unprintable ones; None if nothing is programmed (all 00 or FF)."""
    data = data.strip(_PADDING)
    if not data:
        return None
    return ''.join([chr(byte) if 0x20 <= byte < 0x7F else '?' for byte in data])


def encode(register, values):
    """The word that writes these fields (meanings by name, all of them) to a register of one word; ValueError names what does not fit."""
    word = 0
    for field in register[FIELDS]:
        word |= _raw(field, values.get(field[NAME])) << field[LOW]
    return word


def _raw(field, value):
    """The raw value for a meaning."""
    for special, meaning in field[SPECIAL]:
        if value == meaning and type(value) is type(meaning):   # True is 1 otherwise
            return special
    limits = field[RANGE]
    if limits is None or isinstance(value, bool) or not isinstance(value, int) or not limits[0] <= value <= limits[1]:
        raise ValueError(field[NAME])
    return value
