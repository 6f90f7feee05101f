"""Debouncing of state codes: two agreeing sightings make a stable state. Pure."""

from app.evse.states import CODE_B2, is_charging

# Two agreeing sightings this far apart make a state (design decision; a panel frame and the monitor's reading in the gap after it show
# the same instant and count once). One frame never does, so a single corrupted or early frame has no effect.
APART_MIN_MS = 200
APART_MAX_MS = 15000
# The box shows B2 for seconds before C2: the original's author saw it as a false "Charged" at every start.
B2_HELD_BACK_MS = 20000

# Results of step().
NOTHING, SUSPECTED, CHANGED = range(3)


class Debounce:
    """code: the stable state, 0 before the first; pending: a different one seen since, or None."""

    def __init__(self):
        self.code = 0
        self.pending = None
        self._first_ms = 0   # first sighting of pending
        self._last_ms = 0    # latest sighting of pending

    def step(self, code, now_ms):
        """One sighting: CHANGED the stable state, the first of another (SUSPECTED), or NOTHING."""
        if code == self.code:
            self.pending = None
            return NOTHING
        if code != self.pending or now_ms - self._last_ms > APART_MAX_MS:
            self.pending = code
            self._first_ms = now_ms
            self._last_ms = now_ms
            return SUSPECTED
        self._last_ms = now_ms
        if now_ms - self._first_ms < self._needed_ms(code):
            return NOTHING
        self.code = code
        self.pending = None
        return CHANGED

    def forget(self):
        """Discard the pending state."""
        self.pending = None

    def _needed_ms(self, code):
        if code == CODE_B2 and not is_charging(self.code):
            return B2_HELD_BACK_MS
        return APART_MIN_MS
