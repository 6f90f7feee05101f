"""Icmax, the current limit of the box: its known value, when to write it, and the limit owed after a pause by the monitor. Pure.

Duty cycles in 0.1 %, as on the wire. docs/charging.md has the rules, docs/protocol.md the registers.
"""

from modbus import charger as bus
from modbus import write_map

from app.evse.evse_monitor import AWAY_MS

# Time without an answer after which 0x000F counts as silent (three tries of the bus take less).
ASKED_MS = 3000
# While it is silent: if a car still draws this long after its pause, the write had no effect (design decision).
BLIND_MS = 10000


class Icmax:
    """look() at each step, then the questions. icmax: as in 0x000F, 0 while not known; stale: 0x000F should be read immediately. back: the duty
    owed after a limit by the monitor, 0 for none; unsaved: there is a change for the record."""

    def __init__(self):
        self.back = 0
        self.icmax = 0
        self.stale = False
        self.unsaved = False
        self._unsure_ms = None     # values read before this time may have changed; None: no occasion yet
        self._asked_ms = None      # begin of stale
        self._acked = 0            # the latest duty that the box acknowledged; 0 unknown
        self._written_ms = 0
        self._code = 0
        self._seen_ms = None

    def see(self, reading):
        """A reading. The box may have another limit after a change of state or a silence."""
        at_ms = reading.at_ms
        away = self._seen_ms is not None and at_ms - self._seen_ms >= AWAY_MS
        if away:
            self._acked = 0
        if away or reading.code != self._code:
            self._unsure_ms = at_ms - 1
        self._code = reading.code
        self._seen_ms = at_ms

    def look(self, box, now_ms):
        """Update the known value: `stale` while 0x000F is being requested, blind if it stays silent."""
        if box.icmax_ms is not None and (self._unsure_ms is None or box.icmax_ms > self._unsure_ms):
            self._asked_ms = None
            self.icmax = box.icmax or 0
            self.stale = False
            return
        if self._asked_ms is None:
            self._asked_ms = now_ms
        # If it has answered before, the silence is temporary.
        self.stale = now_ms - self._asked_ms < (ASKED_MS if box.icmax is None else BLIND_MS)
        self.icmax = 0

    def differs(self, duty, charging, now_ms):
        """True if this duty has to be written now; False if it is in force, or not known yet (`stale`)."""
        if self.stale:
            return False
        if self.icmax:
            return self.icmax != duty
        # Blind: the acknowledged value counts until the car's current contradicts it.
        if self._acked != duty:
            return True
        return duty == write_map.DUTY_PAUSE and charging and now_ms - self._written_ms >= BLIND_MS

    @property
    def paused(self):
        """True if no current is allowed, as far as known."""
        return (self.icmax or self._acked) == write_map.DUTY_PAUSE

    @property
    def may_be_paused(self):
        """True if a current given now may be the first: paused, or blind and never written."""
        return (self.icmax or self._acked or write_map.DUTY_PAUSE) == write_map.DUTY_PAUSE and not self.stale

    def of_box(self, box):
        """The duty for the most current that the box allows."""
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
        """Set the duty owed, 0 for none."""
        if duty != self.back:
            self.back = duty
            self.unsaved = True

    def before_write(self, duty, box):
        """Before a write, so that the record precedes the action: the box's own limit is owed once another one is written."""
        own = self.of_box(box)
        if not self.back and duty != own:
            self.owe(own)

    def settle(self, duty):
        """duty is wanted permanently: if it is the one owed and the box has it, nothing is owed any more."""
        if self.back and duty == self.back and not self.stale and (self.icmax or self._acked) == duty:
            self.owe(0)

    def restore(self, duty):
        """Set the duty owed, from the record."""
        self.back = duty

    def saved(self):
        """The record has the change."""
        self.unsaved = False

    def written(self, duty, outcome, now_ms):
        """The outcome of a write of Icmax."""
        self._unsure_ms = now_ms
        if outcome == bus.ACKED:
            self._acked = duty
            self._written_ms = now_ms

    def restarted(self, now_ms):
        """The monitor reset the box, which may have its default limit now."""
        self._unsure_ms = now_ms
        self._acked = 0
