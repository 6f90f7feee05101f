"""What is believed of the box and its car: sightings and readings in, a stable state out. Nothing is written here."""

from hal.contract import FOREVER_MS

from app.evse.debounce import CHANGED, SUSPECTED, Debounce
from app.evse.states import CODE_A1, CODE_E0, is_charging

# Silence of the box after which it is reported as unreachable (design decision, docs/operation.md).
SILENCE_MS = 60000
# The second look at a new state: soon enough to report it in 3 s, and far enough to be another one (stability.APART_MIN_MS).
CONFIRM_MS = 250
# After a jump or reset of ours the box walks through A1 with the car plugged in: that is no unplugging (design decision). Nor is it when the
# box was silent: it may have been without power, and begins so.
OWN_PULSE_MS = 30000
# Readings come every 2 s, one answer may be lost, and a box that starts is silent for 3 s: away for so long, it may have been without power
# or reset, and forgotten its limit and a lock.
AWAY_MS = 3000
# One that shows A1 already must be silent for longer, or a bad line would keep an unplugging from being seen.
AWAY_AGAIN_MS = 10000
# So long a stable state is waited for, at the start and when the box is heard again; then what was seen last is told (decision).
FIRST_STATE_MS = 15000

# In E0 the box does not tell whether a car is there. In less time no plug is moved from one car to another.
CHANGE_MS = 15000
# What a jump or reset of ours makes the box walk through, or stay in for a pulse.
_PASSING = (CODE_A1, CODE_E0)


class EvseMonitor:
    """What is known now; the attributes without _ are for reading.

    code: the stable state, 0 while there is none. seen: the latest sighting. last_code: the stable state before the silence. reachable: a
    state was seen within SILENCE_MS. settled: waiting for a stable state is over. changes: how often the car may have become another one,
    for the box was in E0.
    """

    def __init__(self, charger, now_ms):
        self.code = 0
        self.seen = 0
        self.last_code = 0
        self.reachable = False
        self.settled = False
        self.car = False             # a car was there when last we could tell
        self.changes = 0
        self.enable_input = None     # the key switch closes it; None before the first reading
        self._charger = charger
        self._stability = Debounce()
        self._seen_ms = None         # of the latest sighting, None before the first
        self._since_ms = now_ms      # a stable state is waited for since then
        self._pulse_ms = None        # our last jump or reset, None when none is recent
        self._hiding_ms = None       # the box hides its car since then
        self._is_leaving = False     # an A1 was seen that is no unplugging yet
        self._back_ms = None         # it was heard again, or the first time, and had a car before; None when that is not recent

    @property
    def starting(self):
        """True with a car there, for half a minute after a jump or reset of ours."""
        return self._pulse_ms is not None and self.car

    def assume_car(self, car):
        """Whether a car was there, by the records of an earlier boot."""
        self.car = car

    def pulse(self, now_ms):
        """A jump or reset of ours goes to the box."""
        self._pulse_ms = now_ms

    def no_pulse(self):
        """What goes to the box now is no passing state."""
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
            stability.forget()   # it is no state, but what was seen before it is none either
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
        """What a reading, which was seen before, says of car and key; True if the key was turned."""
        if self._hiding_ms is not None or reading.code == CODE_E0:
            self._look_behind(reading.code)
        if is_charging(reading.code):
            self.car = True
        elif reading.ev_connected:
            self.car = True
        elif reading.ev_connected is not None and self._pulse_ms is None and self._back_ms is None:
            # In E and F states the box does not know (ev_connected is None there).
            self.car = False
        turned = reading.enable_input is not self.enable_input
        self.enable_input = reading.enable_input
        return turned

    def _look_behind(self, code):
        """The box hides its car, or shows it again."""
        if code != CODE_E0:
            if self._seen_ms - self._hiding_ms >= CHANGE_MS:
                self.changes += 1
            self._hiding_ms = None
        elif self._hiding_ms is None and self._pulse_ms is None:
            # One that was found so in this boot may have been so for long.
            self._hiding_ms = self._seen_ms if self.code or self.last_code else self._seen_ms - CHANGE_MS

    def tick(self, now_ms):
        """What time alone changes; returns when to look again."""
        reachable = self._seen_ms is not None and now_ms - self._seen_ms < SILENCE_MS
        if reachable and not self.reachable and now_ms - self._since_ms >= FIRST_STATE_MS:
            self._since_ms = now_ms
        elif self.reachable and not reachable:
            # Whatever happened meanwhile was not seen: the state it comes back with must be a stable one again.
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
