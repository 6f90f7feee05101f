"""Limits for actions that wear the contactor or wake the car: counts over a sliding time, and whether another action is allowed. Pure.

They survive a reboot with the UTC of each action. While the time is unknown after it, they count as done at the boot.
"""

from app.codec.packing import field

# Design decision: shortest time from an opening or closing by the monitor to its next closing, and most closings by it in a day.
REST_MS = 5 * 60000
CLOSINGS_A_DAY = 12
# A day by any clock: a board's crystal may run 200 ppm fast.
DAY_MS = 24 * 3600000 + 20000
# An ordered closing that is not seen in this time did not happen: the car did not want it.
ORDER_MS = REST_MS
# An opening within this time after a write that opens was made by the monitor (a stop waits reconciler.PAUSE_MS for the car).
OPENER_MS = 15000

# A contactor allowed to close and opened within this time may have closed and opened between two readings: a box that reset is silent for
# 3 s, passes other states for 2 s, a car takes 2 s, the next reading comes 2 s later.
UNSEEN_MS = 10000

# Results of verdict().
ALLOWED, RESTS, ENOUGH = range(3)


class Tally:
    """The times of the latest `most` actions of the last span_ms. Times in ms of this boot."""

    def __init__(self, span_ms, most):
        self._span_ms = span_ms
        self._most = most
        self._times = []   # [ms, UTC s or 0 while unknown], the oldest first
        self._guessed = 0  # number of those of an earlier boot, whose ms is not known yet

    def add(self, now_ms, utc_s):
        """The action was done."""
        self._times.append([now_ms, utc_s or 0])
        if len(self._times) > self._most:
            self._drop(0)

    def take_back(self):
        """The latest was not done."""
        self._drop(len(self._times) - 1)

    def _drop(self, index):
        del self._times[index]
        if index < self._guessed:
            self._guessed -= 1

    def left(self, now_ms):
        """Number of actions allowed now."""
        times = self._times
        while times and now_ms - times[0][0] >= self._span_ms:
            self._drop(0)
        return self._most - len(times)

    def note_time(self, now_ms, utc_s):
        """The time is known: actions before the boot get their ms, actions since then their UTC."""
        for index, time in enumerate(self._times):
            if index < self._guessed and time[1]:
                # A clock that was wrong makes nothing younger than now, nor older than the span.
                age_ms = (utc_s - time[1]) * 1000
                time[0] = min(time[0], now_ms - min(max(age_ms, 0), self._span_ms))
            elif not time[1]:
                time[1] = max(utc_s - (now_ms - time[0]) // 1000, 0)
        self._guessed = 0

    def clear(self):
        """Forget all."""
        self._times = []
        self._guessed = 0

    def dump(self):
        """Bytes for the record."""
        data = bytearray((len(self._times),))
        for _, utc_s in self._times:
            data.extend(field(utc_s, 4))
        return bytes(data)

    def load(self, data, at, now_ms):
        """Restore from a dump at data[at:]; returns its end, or None if it is too short."""
        if at is None or at >= len(data) or data[at] > self._most or at + 1 + 4 * data[at] > len(data):
            return None
        end = at + 1 + 4 * data[at]
        self._times = []
        for index in range(at + 1, end, 4):
            self._times.append([now_ms, int.from_bytes(data[index:index + 4], 'big')])
        self._guessed = len(self._times)
        return end


class Contactor:
    """Decides whether the monitor may close the contactor now. unsaved: there is a change for the record."""

    def __init__(self):
        self.unsaved = False
        self.closed = Tally(DAY_MS, CLOSINGS_A_DAY)
        self.moved = Tally(REST_MS, 1)
        self._ordered_ms = None    # an ordered closing is not seen yet; it is counted already
        self._opener_ms = None     # the latest write that opens, while an opening counts as the monitor's
        self._charging = None      # the contactor in the latest reading, or as it may have been since
        self._since_ms = None      # of the first reading since the boot

    def saved(self):
        """The record has the change."""
        self.unsaved = False

    def verdict(self, now_ms, opens=False):
        """ALLOWED, RESTS (too soon) or ENOUGH (for this day). opens: the action opens the contactor first, like a reset."""
        if self.moved.left(now_ms) <= 0:
            return RESTS
        if opens and self._ordered_ms is not None and now_ms - self._ordered_ms < UNSEEN_MS:
            return RESTS    # it may have closed since the latest reading
        if self._ordered_ms is None and self.closed.left(now_ms) <= 0:
            return ENOUGH
        return ALLOWED

    def today(self, now_ms):
        """Number of closings ordered in the last 24 h."""
        return CLOSINGS_A_DAY - self.closed.left(now_ms)

    def order(self, now_ms, utc_s):
        """A write that lets the contactor close; in C it opens it too."""
        if self._ordered_ms is None:
            # Counted in advance: a reboot in between loses none.
            self.closed.add(now_ms, utc_s)
            self.unsaved = True
        self._ordered_ms = now_ms

    def opener(self, now_ms, utc_s, others=False):
        """A write that opens the contactor: its rest begins now, even if a reboot hides the opening.

        others: it may have closed without the monitor since the latest reading.
        """
        unseen = others or self._ordered_ms is not None and now_ms - self._ordered_ms < UNSEEN_MS
        if unseen:
            self._ordered_ms = None
        # A closing may have been ordered just before the boot, too.
        if unseen or self._since_ms is not None and now_ms - self._since_ms < UNSEEN_MS:
            self._charging = True   # until the next reading, which shows the opening
        if self._charging:
            self._move(now_ms, utc_s)
        self._opener_ms = now_ms

    def see(self, charging, now_ms, utc_s):
        """A reading."""
        if self._since_ms is None:
            self._since_ms = now_ms
        if charging and self._ordered_ms is not None and not self._charging:
            self._ordered_ms = None
            self.closed.take_back()
            self.closed.add(now_ms, utc_s)
            self._move(now_ms, utc_s)
        elif self._charging and not charging and self._opener_ms is not None:
            if now_ms - self._opener_ms < OPENER_MS:
                self._move(now_ms, utc_s)
            self._opener_ms = None
        self._charging = charging
        if self._ordered_ms is not None and now_ms - self._ordered_ms >= ORDER_MS:
            self._ordered_ms = None
            self.closed.take_back()
            self.unsaved = True

    def _move(self, now_ms, utc_s):
        self.moved.add(now_ms, utc_s)
        self.unsaved = True
