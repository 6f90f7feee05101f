"""The charger's register map as data, and what its numbers mean. Pure: no bus, no time.

Sources: ABL = "EVCC2/3 - API subset for external applications", 05 0015 20 Rev. B; forum = the register survey in
goingelectric.de t=38749, confirmed by evcc; orig = traces of the original monitor. docs/protocol.md weighs them.
"""

from umodbus.functions import to_short

DEVICE = 0x0001
PANEL = 0x0004
STATE = 0x0005
LIMITS = 0x000F
ICMAX = 0x0014
STATUS = 0x002E

# Access.
READ = 1
WRITE = 2

# Field: (name, word, highest bit, lowest bit, unit, special values as (raw, meaning)).
NAME, WORD, HIGH, LOW, UNIT, SPECIAL = range(6)
DUTY = '0.1 %'
CURRENT = '0.1 A'
CODE = 'code'
FLAG = 'flag'
NUMBER = ''

# "1000 = meter not available or state A" (ABL); 1 is left over with a car that draws nothing (evcc issue 2809).
_CURRENT_SPECIAL = ((1000, None), (1, 0))

# Register: (address, words, access, broadcast, name, source, fields). A read must ask for exactly these words (ABL 1.4.3).
REGISTERS = (
    (DEVICE, 2, READ, True, 'device', 'ABL', (
        ('hardware', 0, 7, 6, NUMBER, ((0, '141215'), (1, '160307'), (2, '170725'))),
        ('device_id', 0, 5, 0, NUMBER, ()),
        ('firmware_major', 1, 15, 12, NUMBER, ()),
        ('firmware_minor', 1, 11, 8, NUMBER, ()),
        ('coding_resistor', 1, 7, 7, FLAG, ()),
        ('upstream_timeout', 1, 6, 6, FLAG, ()),
        ('meter', 1, 5, 5, FLAG, ()),
        ('residual_current_monitor', 1, 4, 4, FLAG, ()),
        ('socket', 1, 3, 3, FLAG, ()),
        ('welding_detection', 1, 2, 2, FLAG, ()),
        ('enable_mode', 1, 1, 0, NUMBER, ((0, 'none'), (1, 'closed_to_start'), (2, 'closed_to_enable'), (3, 'invalid'))),
    )),
    (PANEL, 1, READ, False, 'panel', 'orig', (
        ('code', 0, 7, 0, CODE, ()),
    )),
    (STATE, 1, WRITE, True, 'state', 'ABL', ()),
    (LIMITS, 5, READ, False, 'limits', 'forum', (
        ('box_duty', 1, 11, 0, DUTY, ()),
        ('default_duty', 2, 11, 0, DUTY, ()),
        ('icmax_duty', 3, 11, 0, DUTY, ()),
        ('effective_duty', 4, 11, 0, DUTY, ()),
    )),
    (ICMAX, 1, WRITE, True, 'icmax', 'ABL', ()),
    (STATUS, 5, READ, False, 'status', 'ABL', (
        ('code', 0, 7, 0, CODE, ()),
        ('ev_connected', 1, 15, 15, FLAG, ()),
        ('reduced', 1, 14, 14, FLAG, ()),
        ('enable_input2', 1, 13, 13, FLAG, ()),
        ('enable_input', 1, 12, 12, FLAG, ()),
        ('limit_duty', 1, 11, 0, DUTY, ()),
        ('current1_da', 2, 15, 0, CURRENT, _CURRENT_SPECIAL),
        ('current2_da', 3, 15, 0, CURRENT, _CURRENT_SPECIAL),
        ('current3_da', 4, 15, 0, CURRENT, _CURRENT_SPECIAL),
    )),
)
ADDRESS, WORDS, ACCESS, BROADCAST, TITLE, SOURCE, FIELDS = range(7)

# Values of STATE that may be written. 0xF1F1 trips a residual current device, 0x3838 and 0xE2E2 belong to a service visit.
RESET = 0x5A5A
JUMP_A1 = 0xA1A1
JUMP_E0 = 0xE0E0

# Duty cycle of the control pilot in 0.1 % (ABL on 0x0014; the two straight lines are IEC 61851-1's).
DUTY_PAUSE = 1000     # "100 %: no current allowed"
DUTY_MIN = 80
DUTY_KNEE = 850
DUTY_MAX = 960        # 80 A, the upper end of IEC 61851-1's second line
AMPS_MIN = 6
AMPS_KNEE = 51
AMPS_MAX = 80

# Largest current of the status words; above it they mean nothing (ABL: 0..800, and 1000).
CURRENT_MAX_DA = 800
# "EV connected: not valid in Ex and Fx" (ABL).
FIRST_E_CODE = 0xE0
# The conductor of each current word. ABL names them in order; all traced boxes load the third word with a one-phase car.
PHASE_ORDER = 'L3 L2 L1'


def find(address):
    """The register (see REGISTERS) at an address; KeyError if it is not in the map."""
    for register in REGISTERS:
        if register[ADDRESS] == address:
            return register
    raise KeyError(address)


def may_write(address, value):
    """True for the writes of normal operation; everything else stays with commissioning, or is never done."""
    if address == STATE:
        return value in (RESET, JUMP_A1, JUMP_E0)
    if address == ICMAX:
        return DUTY_MIN <= value <= DUTY_MAX or value == DUTY_PAUSE
    return False


def duty_of_amps(amps):
    """Duty cycle in 0.1 % that offers at most this many whole amperes, 6 to 80; ValueError outside."""
    if not isinstance(amps, int) or not AMPS_MIN <= amps <= AMPS_MAX:
        raise ValueError('amps')
    if amps <= AMPS_KNEE:
        return amps * 50 // 3   # I = duty * 0.6 A per %, rounded down: never more than asked for
    return amps * 4 + 640       # I = (duty - 64 %) * 2.5 A per %


def da_of_duty(duty):
    """Current in 0.1 A (rounded) that a duty cycle in 0.1 % offers: 0 for none, None where it is no analogue current."""
    if duty == 0 or duty == DUTY_PAUSE:
        return 0
    if not DUTY_MIN <= duty <= DUTY_MAX:
        return None
    if duty <= DUTY_KNEE:
        return max((duty * 6 + 5) // 10, AMPS_MIN * 10)   # 8 to 10 % are 6 A
    return (duty - 640) * 5 // 2


def decode(register, data):
    """The fields of a register's data (bytes) by name, special values replaced, or None if the length is wrong."""
    if len(data) != 2 * register[WORDS]:
        return None
    words = to_short(data, False)
    values = {}
    for name, word, high, low, unit, special in register[FIELDS]:
        value = words[word] >> low & (2 << high - low) - 1
        if unit == FLAG:
            value = value == 1
        for raw, meaning in special:
            if value == raw:
                value = meaning
                break
        values[name] = value
    return values


class Reading:
    """The latest 0x002E, kept and overwritten in place.

    code: raw state, 0..255. ev_connected: bool, None in Ex and Fx. enable_input, enable_input2, reduced: bool.
    limit_duty: 0.1 %. currents_da: [L1, L2, L3] in 0.1 A, None where unknown. at_ms: when it was true.
    """

    __slots__ = ('code', 'ev_connected', 'enable_input', 'enable_input2', 'reduced', 'limit_duty', 'currents_da', 'at_ms', '_l1', '_l2', '_l3')

    def __init__(self, phase_order=PHASE_ORDER):
        order = phase_order.split()
        if sorted(order) != ['L1', 'L2', 'L3']:
            raise ValueError('phase_order')
        self._l1 = 2 + order.index('L1')
        self._l2 = 2 + order.index('L2')
        self._l3 = 2 + order.index('L3')
        self.code = None          # None before the first update
        self.ev_connected = None
        self.enable_input = None
        self.enable_input2 = None
        self.reduced = None
        self.limit_duty = None
        self.currents_da = [None, None, None]
        self.at_ms = 0

    def update(self, data, at_ms):
        """Take the ten bytes of 0x002E; the same meaning as decode(), by hand because it runs every 2 s for ever."""
        words = to_short(data, False)
        code = self.code = words[0] & 0xFF
        flags = words[1]
        self.ev_connected = flags >= 0x8000 if code < FIRST_E_CODE else None
        self.reduced = flags & 0x4000 != 0
        self.enable_input2 = flags & 0x2000 != 0
        self.enable_input = flags & 0x1000 != 0
        self.limit_duty = flags & 0x0FFF
        currents_da = self.currents_da
        current = words[self._l1]
        currents_da[0] = None if current > CURRENT_MAX_DA else 0 if current == 1 else current
        current = words[self._l2]
        currents_da[1] = None if current > CURRENT_MAX_DA else 0 if current == 1 else current
        current = words[self._l3]
        currents_da[2] = None if current > CURRENT_MAX_DA else 0 if current == 1 else current
        self.at_ms = at_ms


def limits_of(data):
    """The duty cycles (box, default, icmax, effective) of 0x000F's ten bytes, in 0.1 %."""
    words = to_short(data, False)
    # Only 12 bits count: evcc masks them too before it compares icmax.
    return words[1] & 0x0FFF, words[2] & 0x0FFF, words[3] & 0x0FFF, words[4] & 0x0FFF
