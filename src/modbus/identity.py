"""Type and abilities of the box, from its identification registers. Pure, with a start/step round that reads them.

For consoles, commissioning and the page about the device: it brings the whole register map with it.
"""

from modbus import charger, registers

# Read in this order. A box that is silent about one of them leaves what it would have said at None.
ADDRESSES = (registers.DEVICE, registers.SYSTEM, registers.SERIAL)

# States in which current flows, so that a working meter has something to say: C2, C3, C4.
_CHARGING = 0xC0

# What the key switch at EN1 is for (0x0001, bits 1..0).
KEY_NONE = 'none'
KEY_STARTS = 'closed_to_start'     # must be closed to go from B1 to B2; opening it later changes nothing
KEY_ENABLES = 'closed_to_enable'   # the outlet is enabled while it is closed


class Identity:
    """The box as it describes itself; every attribute is None until it is known.

    device_id: 1 to 16. hardware: number of its board. firmware: (major, minor). model, serial: text; None also where none is programmed.
    key: one of KEY_... or 'invalid'. meter: 'configured' in the box. meter_works: False when it charges and says no current.
    upstream_timeout: silence of the master leads to upstream_fault ('F4' or 'F14'). after_power_cycle: what becomes of a connected
    car, 'start' or 'wait'. socket, residual_current_monitor, welding_detection, coding_resistor: the box has it.
    silent: addresses it did not answer. older_protocol: the box speaks EVCC1, up to V2.7, with which none of this works.
    """

    __slots__ = ('device_id', 'hardware', 'firmware', 'model', 'serial', 'key', 'meter', 'meter_works', 'upstream_timeout', 'upstream_fault',
                 'after_power_cycle', 'socket', 'residual_current_monitor', 'welding_detection', 'coding_resistor', 'silent', 'older_protocol')

    _TAKEN = {
        registers.DEVICE: ('device_id', 'hardware', 'meter', 'upstream_timeout', 'socket', 'residual_current_monitor', 'welding_detection',
                           'coding_resistor'),
        registers.SYSTEM: ('upstream_fault', 'after_power_cycle'),
        registers.SERIAL: ('model', 'serial'),
    }

    def __init__(self):
        for name in ('device_id', 'hardware', 'firmware', 'model', 'serial', 'key', 'meter', 'meter_works', 'upstream_timeout',
                     'upstream_fault', 'after_power_cycle', 'socket', 'residual_current_monitor', 'welding_detection', 'coding_resistor'):
            setattr(self, name, None)
        self.silent = []
        self.older_protocol = False

    def take(self, address, data):
        """A block's bytes, or None where the box was silent about it."""
        values = registers.decode(registers.find(address), data) if data is not None else None
        if values is None:
            self.silent.append(address)
            return
        for name in self._TAKEN[address]:
            setattr(self, name, values[name])
        if address == registers.DEVICE:
            self.firmware = (values['firmware_major'], values['firmware_minor'])
            self.key = values['enable_mode']
        elif address == registers.SYSTEM and values['metering_failed']:
            self.meter_works = False

    def observe(self, reading):
        """Take a Reading: the meter bit shows the configuration, only a charging box shows whether it measures (03E8 or not)."""
        if reading.code & 0xF0 != _CHARGING:
            return
        works = False
        for current_da in reading.currents_da:
            if current_da is not None:
                works = True
        # One good reading is proof; a missing one may be a passing failure, so it is none where there was proof.
        self.meter_works = works or bool(self.meter_works)

    def judge(self, counts):
        """The reader's counts: an older controller is known by its answers."""
        self.older_protocol = counts['older_protocol'] > 0 and self.device_id is None


class Interview:
    """Reads what identifies the box between a ChargerClient's own readings: start(), then step() at each of its BLOCK and READING events."""

    __slots__ = ('identity', 'is_over', '_at')

    def __init__(self):
        self.identity = Identity()
        self.is_over = False
        self._at = 0

    def start(self, client, now_ms):
        """Ask for the first block; once the client knows the id of the box."""
        client.read(ADDRESSES[self._at], registers.find(ADDRESSES[self._at])[registers.WORDS], now_ms)

    def step(self, client, event, now_ms):
        """Take the result of a client's event and request the next block; is_over after the last one."""
        if event == charger.READING:
            self.identity.observe(client.reading)
        if event != charger.BLOCK or self.is_over:
            return
        self.identity.take(client.block_address, client.block)
        self.identity.judge(client.counts)
        self._at += 1
        if self._at < len(ADDRESSES):
            self.start(client, now_ms)
        else:
            self.is_over = True
