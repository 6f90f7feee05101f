"""The simulated board: the hardware contract on virtual time, for the unchanged firmware to run on.

Volatile parts (clock, radio session, frames in the air) are created with each SimBoard; persistent ones (the store's
records, the planned-reset mark) is in the Flash that outlives it.
"""

from hal import contract

_NAME_CHARACTERS = frozenset('abcdefghijklmnopqrstuvwxyz0123456789_')


class MonitorStopped(BaseException):
    """Ends a run of the firmware from inside its sleep: power cut, watchdog, planned reset or the end of the simulation.

    Not an Exception, so that the firmware's last-resort handler cannot catch it: it catches no power cut either.
    """

    def __init__(self, cause):
        super().__init__(cause)
        self.cause = cause


class Flash:
    """What survives a power cut: records, the mark of a planned reset, and how often it was written.

    full: every put fails. unreadable: names of records whose get fails. on_put: None, or on_put(name, old, new), called just before a record
    changes; old is None where there was none. It may change records itself and stop the firmware (MonitorStopped), which is how sim.boards.flash's
    cuts are played.
    """

    def __init__(self, records=()):
        self.records = dict(records)
        self.writes = 0
        self.full = False
        self.unreadable = ()
        self.on_put = None
        self.cause = contract.POWER_ON

    def damage(self, record):
        """Bits turn over in every copy of a record, in its last byte: nobody can read it any more. Nothing happens where there is none."""
        for name in (record, record + '_a', record + '_b'):
            value = self.records.get(name)
            if value:
                self.records[name] = value[:-1] + bytes((value[-1] ^ 0x5A,))


class SimClock:
    """A crystal drift_ppm off, started at boot. system: utc_s() of an operating system, where the board has one."""

    def __init__(self, kernel, world, drift_ppm, system=None):
        self._kernel = kernel
        self._world = world
        self._boot_us = kernel.now_us
        self._rate = 1000000 + drift_ppm
        self._is_true = drift_ppm == 0
        self._system = system
        self._utc_ms = None   # wall time minus now_ms, None while unknown

    def now_ms(self):
        # A true crystal is the usual one, and needs no long numbers, which cost as much as the rest of this.
        if self._is_true:
            return (self._kernel.now_us - self._boot_us) // 1000
        return (self._kernel.now_us - self._boot_us) * self._rate // 1000000000

    def sleep_ms(self, ms):
        world = self._world
        if world.halted is not None:
            world.halt()
        if ms <= 0:
            return
        # The first microsecond at which now_ms() has grown by ms.
        kernel = self._kernel
        boot_us = self._boot_us
        if self._is_true:
            due_us = boot_us + ((kernel.now_us - boot_us) // 1000 + ms) * 1000
        else:
            due_ms = (kernel.now_us - boot_us) * self._rate // 1000000000 + ms
            due_us = boot_us - (-due_ms * 1000000000 // self._rate)
        events = kernel.events
        if kernel.wake or kernel.pace is not None or not events or events[0][0] <= due_us:
            kernel.sleep_until(due_us)
        else:
            kernel.now_us = due_us     # as most sleeps end: a millisecond in which nothing happens
        if world.halted is not None:
            world.halt()

    def utc_s(self):
        if self._utc_ms is None:
            return None if self._system is None else self._system.utc_s()
        return (self._utc_ms + self.now_ms()) // 1000

    def set_utc(self, utc_s):
        self._utc_ms = utc_s * 1000 - self.now_ms()


class SimBus:
    """The board's end of the RS485 line: a transceiver whose receiver is off while its driver is on."""

    def __init__(self, kernel, line):
        self._kernel = kernel
        self._line = line
        self._arrived = b''
        line.attach(self)

    def on_line(self, data, end_us):
        self._arrived += data
        self._kernel.wake = True

    def read(self):
        data = self._arrived
        if data:
            self._arrived = b''
        return data

    def transmit(self, frame):
        line = self._line
        line.drive(self, True)
        try:
            self._kernel.run_until(line.transmit(self, frame))
        finally:
            line.drive(self, False)


class SimStore:
    """Records in flash."""

    def __init__(self, flash):
        self._flash = flash

    def get(self, name):
        if name in self._flash.unreadable:
            raise contract.HalError(contract.STORE, 'unreadable')
        return self._flash.records.get(name)

    def put(self, name, value):
        if not 0 < len(name) <= 12 or not _NAME_CHARACTERS.issuperset(name) or len(value) > 1024:
            raise contract.HalError(contract.STORE, 'name or value not allowed')
        flash = self._flash
        if flash.full:
            raise contract.HalError(contract.STORE, 'full')
        value = bytes(value)
        if flash.on_put is not None:
            flash.on_put(name, flash.records.get(name), value)
        flash.records[name] = value
        flash.writes += 1


class SimWatchdog:
    """Bites timeout_s after the last feed; the world asks when the firmware hangs."""

    def __init__(self, kernel, timeout_s):
        self._kernel = kernel
        self._timeout_us = timeout_s * 1000000
        self.bites_us = kernel.now_us + self._timeout_us

    def feed(self):
        self.bites_us = self._kernel.now_us + self._timeout_us


class SimIndicator:
    """colour and active, for the view and the tests."""

    def __init__(self):
        self.colour = contract.OFF
        self.active = False

    def show(self, colour):
        self.colour = colour

    def activity(self, on):
        self.active = on


class SimSystem:
    """The board as a whole; its log goes to the world."""

    def __init__(self, flash, log):
        self._flash = flash
        self._log = log
        self._cause = flash.cause
        flash.cause = contract.POWER_ON

    def reset(self, reason):
        self._flash.cause = contract.CRASH if reason == 'crash' else contract.PLANNED
        raise MonitorStopped(reason)

    def reset_cause(self):
        return self._cause

    def browned_out(self):
        return False

    def unique_id(self):
        return b'\x02sim\x00\x01'

    def log(self, text):
        self._log(text)


class SimBoard:
    """One boot of the simulated board."""

    def __init__(self, world, settings, flash, drift_ppm=0, system=None):
        kernel = world.kernel
        self._network = world.network
        self.clock = SimClock(kernel, world, drift_ppm, system)
        self.bus = SimBus(kernel, world.line)
        self.radio = None
        self.store = SimStore(flash)
        self.watchdog = SimWatchdog(kernel, settings.WATCHDOG_S)
        self.indicator = SimIndicator()
        self.system = SimSystem(flash, world.log)

    def open_radio(self, settings):
        """The modem, which may be started with other settings than the board."""
        self.radio = self._network.radio(settings.LORAWAN_CLASS, adr=settings.ADR)
