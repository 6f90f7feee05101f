"""The register blocks that the loop reads, decoded. Pure: no bus, no time. modbus.registers describes them in full.

Decoded without the map, because it runs every 2 s for ever; tests compare it with the map. Sources as in modbus.registers.
"""

from struct import unpack

from umodbus.functions import to_short

# Blocks: address, words. A read must ask for exactly these (ABL 1.4.3).
DEVICE = 0x0001
DEVICE_WORDS = 2
PANEL = 0x0004
PANEL_WORDS = 1
LIMITS = 0x000F
LIMITS_WORDS = 5
STATUS = 0x002E
STATUS_WORDS = 5
# Read for once, not by the loop: the system flags; their low word has what may start by itself.
SYSTEM = 0x0006
SYSTEM_WORDS = 2

# What EN1 is for (0x0001 bits 1..0).
EN_NOTHING, EN_STARTS, EN_ENABLES = range(3)
# Bits of 0x0006 (ABL 05 0015 20 Rev. B): no start after a power cycle; ways of the state machine that are closed.
NO_START = 1 << 14
NO_E0A1 = 1 << 5
NO_B1B2 = 1 << 4
NO_A1B1 = 1 << 3

# Largest current of the status words; above it they mean nothing (ABL: 0..800, and 1000: "meter not available or state A").
CURRENT_MAX_DA = 800
# Left over with a car that draws nothing (evcc issue 2809).
CURRENT_RESIDUE_DA = 1
# "EV connected: not valid in Ex and Fx" (ABL).
FIRST_E_CODE = 0xE0
# The conductor of each current word. ABL names them in order; all traced boxes load the third word with a one-phase car.
PHASE_ORDER = 'L3 L2 L1'


class Reading:
    """The latest 0x002E, kept and overwritten in place.

    code: raw state, 0..255. ev_connected: bool, None in Ex and Fx. enable_input, enable_input2, reduced: bool.
    limit_duty: 0.1 %. currents_da: [L1, L2, L3] in 0.1 A, None where unknown. at_ms: time of the answer.
    """

    __slots__ = ('code', 'ev_connected', 'enable_input', 'enable_input2', 'reduced', 'limit_duty', 'currents_da', 'at_ms', '_order', '_head',
                 '_flags')

    def __init__(self, phase_order=PHASE_ORDER):
        self._order = None        # where each current word belongs in currents_da
        self.use_phase_order(phase_order)
        self.code = None          # None before the first update
        self.ev_connected = None
        self.enable_input = None
        self.enable_input2 = None
        self.reduced = None
        self.limit_duty = None
        self.currents_da = [None, None, None]
        self.at_ms = 0
        self._head = None         # the first two words as last decoded: they rarely change
        self._flags = None

    def use_phase_order(self, phase_order):
        """Which conductor the box's current words mean, first to third; else ValueError."""
        order = phase_order.split()
        if sorted(order) != ['L1', 'L2', 'L3']:
            raise ValueError('phase_order')
        self._order = tuple([int(conductor[1]) - 1 for conductor in order])

    def update(self, data, at_ms):
        """Take the ten bytes of 0x002E."""
        # Like to_short(), without building its format every two seconds.
        head, flags, first, second, third = unpack('>5H', data)
        if flags != self._flags or head != self._head:
            self._update_state(head, flags)
        currents_da = self.currents_da
        at_first, at_second, at_third = self._order
        currents_da[at_first] = None if first > CURRENT_MAX_DA else 0 if first == CURRENT_RESIDUE_DA else first
        currents_da[at_second] = None if second > CURRENT_MAX_DA else 0 if second == CURRENT_RESIDUE_DA else second
        currents_da[at_third] = None if third > CURRENT_MAX_DA else 0 if third == CURRENT_RESIDUE_DA else third
        self.at_ms = at_ms

    def _update_state(self, head, flags):
        """Decode the first two words."""
        self._head = head
        self._flags = flags
        code = self.code = head & 0xFF
        self.ev_connected = flags & 0x8000 != 0 if code < FIRST_E_CODE else None
        self.reduced = flags & 0x4000 != 0
        self.enable_input2 = flags & 0x2000 != 0
        self.enable_input = flags & 0x1000 != 0
        self.limit_duty = flags & 0x0FFF


def limits_of(data):
    """The duty cycles (box, default, icmax, effective) of 0x000F's ten bytes, in 0.1 %."""
    words = to_short(data, False)
    # Only 12 bits count: evcc masks them too before it compares icmax.
    return words[1] & 0x0FFF, words[2] & 0x0FFF, words[3] & 0x0FFF, words[4] & 0x0FFF
