"""The EVSE monitor: from sightings and readings it derives the stable state of the box and whether a car is there. It writes nothing."""

from hal.contract import FOREVER_MS

from app.evse.debounce import CHANGED, SUSPECTED, Debounce
from app.evse.states import CODE_A1, CODE_E0, is_charging

# Silence of the box after which it is reported as unreachable (design decision, docs/operation.md).
SILENCE_MS = 60000
# Delay of the second reading of a new state: short enough to report it in 3 s, and long enough to count (debounce.APART_MIN_MS).
CONFIRM_MS = 250
# After a jump or reset by the monitor the box passes A1 with the car plugged in: that is no unplugging (design decision). The same after a
# silence: the box may have been without power, and starts so.
OWN_PULSE_MS = 30000
# Readings come every 2 s, one answer may be lost, and a box that starts is silent for 3 s: after a silence of this length it may have been
# without power or reset, and have lost its limit and a lock.
AWAY_MS = 3000
# In A1 the silence must be longer, or a bad line would hide an unplugging.
AWAY_AGAIN_MS = 10000
# Longest wait for a stable state, at the start and after a silence; then the latest sighting is reported (decision).
FIRST_STATE_MS = 15000

# In E0 the box does not report a car. A plug is not moved from one car to another in less time.
CHANGE_MS = 15000
# States that the box passes after a jump or reset by the monitor, or stays in for a pulse.
_PASSING = (CODE_A1, CODE_E0)


class EvseMonitor:
    """State of the box now; the attributes without _ are for reading.

    code: the stable state, 0 while there is none. seen: the latest sighting. last_code: the stable state before the silence. reachable: a
    state was seen within SILENCE_MS. settled: the wait for a stable state is over. changes: number of times that the car may have been
    exchanged, unseen in E0.
    """

    def __init__(self, charger, now_ms):
        self.code = 0
        self.seen = 0
        self.last_code = 0
        self.reachable = False
        self.settled = False
        self.car = False             # a car is there, as far as known
        self.changes = 0
        self.enable_input = None     # the key switch closes it; None before the first reading
        self._charger = charger
        self._stability = Debounce()
        self._seen_ms = None         # of the latest sighting, None before the first
        self._since_ms = now_ms      # begin of the wait for a stable state
        self._pulse_ms = None        # the last jump or reset by the monitor, None if none is recent
        self._hiding_ms = None       # begin of an E0, in which the car is unknown
        self._is_leaving = False     # an A1 was seen that is no unplugging yet
        self._back_ms = None         # first sighting after a silence, or of all, with a car before; None if it is not recent

    @property
    def starting(self):
        """True with a car, for half a minute after a jump or reset by the monitor."""
        return self._pulse_ms is not None and self.car

    def assume_car(self, car):
        """Set whether a car is there, by the records of an earlier boot."""
        self.car = car

    def pulse(self, now_ms):
        """A jump or reset is being written."""
        self._pulse_ms = now_ms

    def no_pulse(self):
        """The jump being written is for good, not for a pulse."""
        self._pulse_ms = None

    def see(self, code, now_ms):
        """One sighting of a state code; True if the stable state changed."""
        if self.car and (self._seen_ms is None or now_ms - self._seen_ms >= (AWAY_AGAIN_MS if self._is_leaving else AWAY_MS)):
            self._back_ms = now_ms
        self._seen_ms = now_ms
        stability = self._stability
        if code == self.code and stability.pending is None:
            self._is_leaving = False
            return False
        self.seen = code
        if self.car and code in _PASSING and self._pulse_ms is not None or code == CODE_A1 and self._back_ms is not None:
            stability.forget()   # it is no state, and neither is the pending one
            self._is_leaving = self._is_leaving or code == CODE_A1
            return False
        news = stability.step(code, now_ms)
        if news == SUSPECTED:
            self._charger.read_soon(now_ms, CONFIRM_MS)
        elif news == CHANGED:
            self.code = code
            self._is_leaving = False
            return True
        return False

    def read(self, reading):
        """Take car and key from a reading, after see() took its code; True if the key was turned."""
        if self._hiding_ms is not None or reading.code == CODE_E0:
            self._look_behind(reading.code)
        if is_charging(reading.code):
            self.car = True
        elif reading.ev_connected:
            self.car = True
        elif reading.ev_connected is not None and self._pulse_ms is None and self._back_ms is None:
            # In E and F states the box does not report it (ev_connected is None there).
            self.car = False
        turned = reading.enable_input is not self.enable_input
        self.enable_input = reading.enable_input
        return turned

    def _look_behind(self, code):
        """Begin or end of an E0, in which the car is unknown."""
        if code != CODE_E0:
            if self._seen_ms - self._hiding_ms >= CHANGE_MS:
                self.changes += 1
            self._hiding_ms = None
        elif self._hiding_ms is None and self._pulse_ms is None:
            # An E0 found at the start of this boot may have lasted long.
            self._hiding_ms = self._seen_ms if self.code or self.last_code else self._seen_ms - CHANGE_MS

    def tick(self, now_ms):
        """Changes by time alone; returns the time of the next call."""
        reachable = self._seen_ms is not None and now_ms - self._seen_ms < SILENCE_MS
        if reachable and not self.reachable and now_ms - self._since_ms >= FIRST_STATE_MS:
            self._since_ms = now_ms
        elif self.reachable and not reachable:
            # Changes in the silence were not seen: the state after it must become stable again.
            self.last_code = self.code or self.seen
            self.code = 0
            self._stability = Debounce()
        self.reachable = reachable
        due_ms = self._seen_ms + SILENCE_MS if reachable else FOREVER_MS
        self.settled = now_ms - self._since_ms >= FIRST_STATE_MS
        if self.code == 0 and not self.settled:
            due_ms = min(due_ms, self._since_ms + FIRST_STATE_MS)
        if self._pulse_ms is not None:
            if now_ms - self._pulse_ms < OWN_PULSE_MS:
                due_ms = min(due_ms, self._pulse_ms + OWN_PULSE_MS)
            else:
                self._pulse_ms = None
        if self._back_ms is not None:
            if now_ms - self._back_ms < OWN_PULSE_MS:
                due_ms = min(due_ms, self._back_ms + OWN_PULSE_MS)
            else:
                self._back_ms = None
        return due_ms
