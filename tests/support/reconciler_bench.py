"""The reconciler with the simulated wallbox and car, over the real bus client, in virtual time: no radio, store or plan."""

import config
from app.evse.evse_model import EvseModel
from app.policy.claims import CHARGE, HOLD, LEAVE, LOCK, Decision
from app.control.reconciler import Reconciler
from app.evse.evse_monitor import EvseMonitor
from modbus import charger as bus
from modbus import reading
from modbus.charger import ChargerClient
from sim.boards.simulated_board import SimBus
from sim.kernel import Kernel
from sim.bus.rs485_line import Rs485Line
from sim.vehicle import make_vehicle
from sim.evse.wallbox import Wallbox

SECOND_US = 1_000_000
TICK_MS = 500
FLAGS_EVERY_MS = 30_000
SYSTEM, SYSTEM_WORDS = 0x0006, 2

__all__ = ['CHARGE', 'HOLD', 'LEAVE', 'LOCK', 'ReconcilerBench']


class ReconcilerBench:
    """A wallbox, a line and the reconciler. want: what is wanted from now on; flash: the record as it was last saved.

    log: (s, what, detail): states and contactor of the box, writes that reached it, 'said' for those that left. mute: registers to
    which this box does not answer. utc_s: at the start, None while nobody knows.
    """

    def __init__(self, seed=1, mute=(), utc_s=None, **options):
        self.kernel = Kernel()
        self.line = Rs485Line(self.kernel, seed)
        self.log = []
        options.setdefault('sleeps_after_s', None)
        self.box = Wallbox(self.kernel, self.line, self._record, seed=seed, **options)
        self.want = LEAVE
        self.with_car = False       # HOLD only while a car is there
        self.current_da = 0
        self.flash = None
        self.saves = 0
        self.seed = seed
        self._mute = mute
        self._utc_s = utc_s
        self._bus = None
        self._boots = 0
        self._decision = Decision()
        self.boot()

    def _record(self, kind, t_us=None, **fields):
        self.log.append((self.kernel.now_us / SECOND_US, kind, next(iter(fields.values())) if kind != 'bus_write' else fields['value']))

    @property
    def now_s(self):
        return self.kernel.now_us / SECOND_US

    def boot(self):
        """The monitor starts, from what was saved."""
        self._boot_us = self.kernel.now_us
        if self._bus is None:
            self._bus = SimBus(self.kernel, self.line)
        self._bus.read()
        self.charger = ChargerClient(self._bus, 1)
        self.evse_monitor = EvseMonitor(self.charger, 0)
        self.recon = Reconciler(config.Settings())
        if self.flash is not None:
            assert self.recon.record.load(self.flash, 0)
        # In E0 the box does not say whether a car is there.
        self.evse_monitor.assume_car(self.recon.record.car)
        self.facts = EvseModel()
        self._asking = None
        self._drew = False
        self._flags_ms = None
        self._tick_ms = 0

    def _now_ms(self):
        return (self.kernel.now_us - self._boot_us) // 1000

    def plug(self, **options):
        vehicle = make_vehicle(self.kernel, seed=self.seed, **options)
        self.box.plug(vehicle)
        return vehicle

    # --- the shell

    def run(self, seconds, until=None):
        """Run for that long, or until the condition holds; returns whether it does."""
        end_us = self.kernel.now_us + int(seconds * SECOND_US)
        while self.kernel.now_us < end_us:
            now_ms = self._now_ms()
            self._poll(now_ms)
            if until is not None and until():
                return True
            due_ms = min(self.charger.due_ms, self._tick_ms)
            wait_us = max(due_ms - now_ms, 1) * 1000
            self.kernel.sleep_until(min(self.kernel.now_us + wait_us, end_us))
        return False

    def _poll(self, now_ms):
        charger = self.charger
        evse_monitor = self.evse_monitor
        event = charger.poll(now_ms)
        if event == bus.SIGHTING:
            evse_monitor.see(charger.code, now_ms)
        elif event == bus.READING:
            evse_monitor.see(charger.reading.code, now_ms)
            evse_monitor.read(charger.reading)
        elif event == bus.LIMITS:
            self._limits(now_ms, charger.limits)
        elif event == bus.READ_FAILED and charger.failed_address == reading.LIMITS:
            self._limits(now_ms, None)
        elif event == bus.BLOCK:
            self._block(now_ms)
        elif event == bus.WRITTEN:
            self.recon.written(charger.outcome, now_ms)
        if event or now_ms >= self._tick_ms:
            self._tick_ms = now_ms + TICK_MS
            evse_monitor.tick(now_ms)
            self._step(now_ms)

    def _limits(self, now_ms, limits):
        if limits is not None and reading.LIMITS not in self._mute:
            self.facts.icmax, self.facts.box_limit_duty = limits[2], limits[1]
            self.facts.icmax_ms = now_ms
        elif self.facts.icmax is None:
            self.facts.icmax_ms = now_ms

    def _block(self, now_ms):
        asked, block = self._asking, self.charger.block
        self._asking = None
        if asked in self._mute:
            block = None
        if asked == reading.LIMITS:
            self._limits(now_ms, None if block is None else reading.limits_of(block))
        elif asked == reading.DEVICE:
            self.facts.en_mode = None if block is None else block[3] & 3
        elif asked == SYSTEM:
            self.facts.flags = None if block is None else block[2] << 8 | block[3]

    def _ask(self, address, words, now_ms):
        if self._asking is None and self.charger.read(address, words, now_ms):
            self._asking = address
            return True
        return False

    def _step(self, now_ms):
        facts, recon, evse_monitor, charger = self.facts, self.recon, self.evse_monitor, self.charger
        facts.reading = charger.reading if charger.reading.code is not None else None
        facts.stable_code = evse_monitor.code
        facts.car = evse_monitor.car
        self._history(evse_monitor)
        facts.utc_s = None if self._utc_s is None else self._utc_s + int(self.now_s)
        want = self.want
        if want == HOLD and self.with_car and not evse_monitor.car:
            want = LEAVE
        self._decision.set(want, 0, 0, self.current_da, None)
        write = recon.step(now_ms, facts, self._decision)
        if recon.record.unsaved:
            self.flash = recon.record.dump(now_ms, facts.utc_s)
            self.saves += 1
            recon.record.saved()
        if write is not None:
            self.log.append((self.now_s, 'said', '%04X' % write[1]))
            if recon.own_pulse:
                evse_monitor.pulse(now_ms)
            assert charger.write(write[0], write[1], now_ms)
        charger.want_limits(recon.wants_limits)
        if recon.limits_stale:
            self._ask(reading.LIMITS, reading.LIMITS_WORDS, now_ms)
        if recon.wants_flags and (self._flags_ms is None or now_ms - self._flags_ms >= FLAGS_EVERY_MS):
            if facts.en_mode is None and self._flags_ms is None and self._ask(reading.DEVICE, reading.DEVICE_WORDS, now_ms):
                self._flags_ms = now_ms - FLAGS_EVERY_MS
            elif self._ask(SYSTEM, SYSTEM_WORDS, now_ms):
                self._flags_ms = now_ms

    def _history(self, evse_monitor):
        """A car that drew current and stopped, though it was allowed more, has finished."""
        facts = self.facts
        code = 0 if facts.reading is None else facts.reading.code
        if not evse_monitor.car or self.want != CHARGE:
            self._drew = facts.finished = False
        elif self.recon.flowing:
            self._drew, facts.finished = True, False
        elif code == 0xB2 and self._drew and evse_monitor.code == code:
            facts.finished = True

    # --- what happened

    def times(self, kind, detail, since_s=0):
        return [t for t, what, which in self.log if what == kind and which == detail and t >= since_s]

    def writes(self, since_s=0):
        return [which for t, what, which in self.log if what == 'said' and t >= since_s]
