"""Icmax, the box's current limit: what it is as far as we know, when to write it, and what we owe after a pause of ours. Pure.

Duty cycles in 0.1 %, as on the wire. docs/operation.md has the rules, docs/protocol.md the registers.
"""

from modbus import charger as bus
from modbus import write_map

from app.evse.evse_monitor import AWAY_MS

# 0x000F that was asked for and did not come in this time is taken for silent (three tries of the bus take less).
ASKED_MS = 3000
# Where it is silent: a car that still draws so long after its pause has not been told (design decision).
BLIND_MS = 10000


class Icmax:
    """back: the duty to give back after a limit of ours, 0 for none. stale: 0x000F should be read at once.

    unsaved: the record should have something new.
    """

    def __init__(self):
        self.back = 0
        self.stale = False
        self.unsaved = False
        self._unsure_ms = None     # what was read before may not be true any more; None: nothing happened yet
        self._asked_ms = None      # since when stale
        self._told = 0             # what the box acknowledged, or what it has had from us; 0 unknown
        self._told_ms = 0
        self._code = 0
        self._seen_ms = None

    def see(self, reading):
        """A reading. The box may have another limit after a change of state or an absence."""
        at_ms = reading.at_ms
        away = self._seen_ms is not None and at_ms - self._seen_ms >= AWAY_MS
        if away:
            self._told = 0
        if away or reading.code != self._code:
            self._unsure_ms = at_ms - 1
        self._code = reading.code
        self._seen_ms = at_ms

    def known(self, box, now_ms):
        """Icmax as 0x000F says it, or 0: `stale` while it is being asked for, else blind."""
        self.stale = False
        if box.icmax_ms is not None and (self._unsure_ms is None or box.icmax_ms > self._unsure_ms):
            self._asked_ms = None
            return box.icmax or 0
        if self._asked_ms is None:
            self._asked_ms = now_ms
        # One that has answered before is silent for a reason that passes.
        self.stale = now_ms - self._asked_ms < (ASKED_MS if box.icmax is None else BLIND_MS)
        return 0

    def differs(self, duty, box, charging, now_ms):
        """True if this duty has to be written now; False if it is in force, or not known yet (`stale`)."""
        icmax = self.known(box, now_ms)
        if self.stale:
            return False
        if icmax:
            return icmax != duty
        # Blind: what the box acknowledged is believed until the car tells otherwise.
        if self._told != duty:
            return True
        return duty == write_map.DUTY_PAUSE and charging and now_ms - self._told_ms >= BLIND_MS

    def paused(self, box, now_ms):
        """True where no current is allowed, as far as we know."""
        return (self.known(box, now_ms) or self._told) == write_map.DUTY_PAUSE

    def may_be_paused(self, box, now_ms):
        """True where a current given now may be the first: paused, or blind and never told."""
        icmax = self.known(box, now_ms)
        return (icmax or self._told or write_map.DUTY_PAUSE) == write_map.DUTY_PAUSE and not self.stale

    def of_box(self, box):
        """The duty that gives what the box can."""
        for duty in (self.back, box.icmax, box.box_limit_duty, box.reading.limit_duty):
            if duty and duty != write_map.DUTY_PAUSE and write_map.may_write(write_map.ICMAX, duty):
                return duty
        return write_map.duty_of_amps(write_map.AMPS_MIN)

    def duty_for(self, current_da, box):
        """The duty that offers this current, in 0.1 A: whole amperes, never more than the box's own limit; 0 A for the box's own."""
        amps = current_da // 10
        if not amps:
            return self.of_box(box)
        if amps < write_map.AMPS_MIN:
            return write_map.DUTY_PAUSE
        most = box.box_limit_duty or self.of_box(box)
        if amps * 10 >= write_map.da_of_duty(most):
            return most
        return write_map.duty_of_amps(amps, most)

    def owe(self, duty):
        """From now on this has to be given back, or 0 for nothing."""
        if duty != self.back:
            self.back = duty
            self.unsaved = True

    def before_write(self, duty, box):
        """Record before deed: what the box has of its own is owed once we write something else."""
        own = self.of_box(box)
        if not self.back and duty != own:
            self.owe(own)

    def settle(self, duty, box, now_ms):
        """duty is wanted, for good: where it is the one we owe and the box has it, nothing is owed any more."""
        if self.back and duty == self.back:
            icmax = self.known(box, now_ms)
            if not self.stale and (icmax or self._told) == duty:
                self.owe(0)

    def written(self, duty, outcome, now_ms):
        """The outcome of a write of Icmax."""
        self._unsure_ms = now_ms
        if outcome == bus.ACKED:
            self._told = duty
            self._told_ms = now_ms

    def restarted(self, now_ms):
        """The box was reset by us: it has the limit it was born with, perhaps."""
        self._unsure_ms = now_ms
        self._told = 0
