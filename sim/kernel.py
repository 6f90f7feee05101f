"""Virtual time: one heap of events, in whole microseconds, that drives every simulated part.

The firmware is not an event: it runs as itself and advances the time by sleeping (see Kernel.sleep_until). Events at the same
microsecond run in the order in which they were scheduled, so a run is a function of its inputs.
"""

from heapq import heappop, heappush


class Kernel:
    """The clock of the simulated world.

    now_us: the present, microseconds since the start.
    wake: set by a part that has something for the firmware (a byte, a radio event); ends the current sleep.
    pace: None, or a callable pace(target_us) -> us that holds the run back to real time: it returns how far the world may
        advance now (at most target_us), having possibly scheduled new events at now_us.
    events: what is to come, a heap of [t_us, number, function, arguments]; for reading the time of the first.
    """

    def __init__(self):
        self.now_us = 0
        self.wake = False
        self.pace = None
        self.events = []
        self._seq = 0

    def at(self, t_us, fn, *args):
        """Run fn(*args) at t_us (not before now). Returns a handle for cancel()."""
        self._seq += 1
        entry = [t_us if t_us > self.now_us else self.now_us, self._seq, fn, args]
        heappush(self.events, entry)
        return entry

    def after(self, delay_us, fn, *args):
        """Run fn(*args) delay_us from now."""
        return self.at(self.now_us + delay_us, fn, *args)

    def cancel(self, entry):
        """Forget a scheduled event; one that has run, or None, is no error."""
        if entry is not None:
            entry[2] = None

    def run_until(self, t_us):
        """Let the world live until t_us, whether or not the firmware is woken."""
        woken = self.wake
        while self.now_us < t_us:
            self.wake = False
            self.sleep_until(t_us)
            woken = woken or self.now_us < t_us
        self.wake = woken

    def sleep_until(self, t_us):
        """Advance to t_us, or only to the event that sets wake."""
        heap = self.events
        while not self.wake:
            at_us = heap[0][0] if heap and heap[0][0] <= t_us else None
            if self.pace is not None and not self._reached(t_us if at_us is None else at_us):
                continue
            if at_us is None:
                if t_us > self.now_us:
                    self.now_us = t_us
                break
            entry = heappop(heap)
            if entry[2] is not None:
                self.now_us = at_us
                entry[2](*entry[3])
        self.wake = False

    def _reached(self, target_us):
        """True once real time is there and nothing that pace() brought comes before."""
        if target_us > self.now_us:
            reached_us = self.pace(target_us)
            heap = self.events
            if heap and heap[0][0] < target_us:
                reached_us = min(reached_us, heap[0][0] - 1)
            if reached_us < target_us:
                self.now_us = max(self.now_us, reached_us)
                return False
        return True
