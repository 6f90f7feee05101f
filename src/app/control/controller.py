"""The controller: makes the box follow the decision, one write at a time. Only this module writes to the box.

The bus brings a reading; the arbiter decides; the reconciler gives the next write, which is sent after the claims behind it are on record.
"""

from modbus import write_map
from modbus.reading import STATUS

from app.policy.claims import HOLD, LOCK

# Interval of steps while deadlines run that do not depend on a reading.
TICK_MS = 500


class Controller:
    """observe() takes a reading, step() acts, written() ends a write.

    For commands (app.commands.specs): claims, decision, has_plan, reconciler, box (an EvseModel), has_car, now_ms (of the latest observe()),
    writes (their number), last_write_ms (end of the latest), written_ms (end of the latest jump or reset for the monitor, None before the first).
    """

    def __init__(self, charger, evse_monitor, poller, timekeeper, arbiter, reconciler, owner_record, now_ms):
        self.arbiter = arbiter
        self.claims = arbiter.claims
        self.decision = arbiter.decision
        self.reconciler = reconciler
        self.box = poller.box
        self.is_writing = False
        self.writes = 0
        self.last_write_ms = now_ms
        self.written_ms = None
        self.now_ms = now_ms
        self._charger = charger
        self._evse_monitor = evse_monitor
        self._poller = poller
        self._timekeeper = timekeeper
        self._owner_record = owner_record
        if reconciler.record.pulse:
            evse_monitor.pulse(now_ms)   # that E0 hides no other car
        arbiter.decide(now_ms, None)

    @property
    def has_plan(self):
        """True if there is a plan that would hold a car."""
        return self.arbiter.has_plan

    @property
    def has_car(self):
        """True if a car is there, as far as known."""
        return self._evse_monitor.car

    def decide(self, now_ms):
        """The claims have changed."""
        self._owner_record.change()
        self.reconciler.expect_change()
        self.arbiter.decide(now_ms, self._timekeeper.utc_s(now_ms))

    def observe(self, now_ms):
        """Update the model of the box."""
        self.now_ms = now_ms
        held = self.decision.want in (HOLD, LOCK)
        box = self._poller.look(self._timekeeper.utc_s(now_ms), held, self.reconciler.flowing)
        self._owner_record.see(box.reading)

    def read_failed(self, now_ms):
        """A read was not answered: the box may have lost its power, and gives current when it is back."""
        self._poller.read_failed(now_ms)
        if self._charger.failed_address == STATUS:
            self._charger.hurry(self.decision.want in (HOLD, LOCK))

    def step(self, now_ms):
        """One step towards the decision; returns the time of the next call, None for none."""
        if self.is_writing:
            return None   # until written()
        self.observe(now_ms)
        reconciler = self.reconciler
        utc_s = self.box.utc_s
        if not self.arbiter.step(now_ms, utc_s, self.box) or self._owner_record.is_behind:
            return now_ms
        write = reconciler.step(now_ms, self.box, self.decision)
        if self._charger.urgent is not reconciler.urgent:
            self._charger.hurry(reconciler.urgent)
        if reconciler.record.unsaved:
            self._owner_record.save_control(now_ms, utc_s)
        if write is not None:
            self._write(write[0], write[1], now_ms)
        self._poller.ask(reconciler, now_ms)
        return now_ms + TICK_MS if reconciler.busy else None

    def _write(self, register, value, now_ms):
        if self.reconciler.own_pulse:
            self._evse_monitor.pulse(now_ms)
            self.arbiter.key.restarted(now_ms)
            self.written_ms = now_ms
        elif value == write_map.JUMP_E0 and self.decision.want == LOCK:
            self._evse_monitor.no_pulse()
        self.is_writing = True
        self.writes += 1
        self._charger.write(register, value, now_ms)

    def written(self, now_ms):
        """A write is over."""
        self.is_writing = False
        self.last_write_ms = now_ms
        if self.reconciler.own_pulse:
            self.written_ms = now_ms
        self.reconciler.written(self._charger.outcome, now_ms)
