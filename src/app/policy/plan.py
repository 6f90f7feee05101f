"""The off-peak plan: whether a window is open, until when, and with which current. Pure.

A window of codec.windows opens once on each of its days, from the instant of its start to the instant of its end, both by local_time; a window
that would end before it starts, in a gap of the clock, does not open. Windows that overlap or touch are one run. Of several open windows the
most generous governs: the highest current (no current means the highest), then the one that opened first, then the first of the plan.
"""

from app.codec import windows, posix_tz
from app.policy.local_time import DAY_S, LocalTime
from app.codec.windows import CURRENT_DA, DAY_MIN, DAYS, FROM_MIN, LIMIT_MIN, LIMIT_WH, TO_MIN

_MINUTE_S = 60
# Every window opens within a week, unless it lies in a gap of the clock; a longer run counts as having no end.
_AHEAD_DAYS = 7
# Day 0 of app.policy.local_time was a Thursday; windows count from Monday.
_FIRST_WEEKDAY = 3
# More than any current.
_NO_LIMIT_DA = 1 << 15


def _row(window, place):
    """(days, from s, to s after midnight of the first day, rank, place): the window in the form for the scan."""
    from_min, to_min = window[FROM_MIN], window[TO_MIN]
    if to_min <= from_min:
        to_min += DAY_MIN
    return window[DAYS], from_min * _MINUTE_S, to_min * _MINUTE_S, -(window[CURRENT_DA] or _NO_LIMIT_DA), place


class Plan:
    """windows and zone are the tuples of app.codec.windows and app.codec.posix_tz. False without windows."""

    def __init__(self, plan_windows=(), local_zone=(0, None, None, None)):
        self.windows = plan_windows
        self.local = LocalTime(local_zone)
        self.hash = windows.plan_hash(plan_windows, posix_tz.pack(local_zone))
        # A window lasts a day at most, and clock changes may disorder the beginnings of different days by their shift.
        shift_s = abs(local_zone[1] - local_zone[0]) if local_zone[1] is not None else 0
        self._aside_days = 1 + (shift_s + DAY_S - 1) // DAY_S
        self._rows = [_row(window, place) for place, window in enumerate(plan_windows)]
        # For each window the latest opening with a limit reached: (start, end).
        self._used = [(0, 0)] * len(plan_windows)
        self._forget()

    def __bool__(self):
        return len(self.windows) > 0

    def _forget(self):
        # Result of state() for _since <= utc_s < _until.
        self._since = self._until = 0
        self._state = (False, 0, 0)
        self._governs = None

    def state(self, utc_s):
        """(inside, until, current): until the run ends or the next begins, 0 if not within a week; current in 0.1 A, 0 if not limited."""
        if not self._since <= utc_s < self._until:
            self._look(utc_s)
        return self._state

    def knows(self, utc_s):
        """True if the state at that instant is cached."""
        return self._since <= utc_s < self._until

    def prepare(self, utc_s):
        """One part of the calculation for knows(), so that no turn of the loop takes long: the clock changes of the year, else the windows."""
        if self.local.ready(utc_s):
            self._look(utc_s)

    def window_at(self, utc_s):
        """The opening that governs: (start s, end s, place in windows, Wh, minutes), the last two its limits or 0; None outside."""
        self.state(utc_s)
        return self._governs

    def used_up(self, utc_s):
        """A limit of the window that governs is reached: until its end it counts as closed."""
        opening = self.window_at(utc_s)
        if opening:
            self._used[opening[2]] = opening[:2]
            self._forget()

    def limit_reached(self, utc_s):
        """True if no window is open because the limit of one is reached."""
        if not self.state(utc_s)[0]:
            for start, end in self._used:
                if start <= utc_s < end:
                    return True
        return False

    def run_at(self, utc_s):
        """(start s, end s) of the current run, for skipping this window; of the window that governs, if the run has no end. None outside."""
        is_open, until, _ = self._scan(utc_s)
        if not is_open:
            return None
        if not until:
            return self.window_at(utc_s)[:2]
        return min([opening[1] for opening in is_open]), until

    def next_run(self, utc_s):
        """(start s, end s) of the run after this one, for skipping the next window; None if there is none."""
        inside, start, _ = self.state(utc_s)
        if inside and start:
            start = self._scan(start)[1]
        return self.run_at(start) if start else None

    def open_s(self, utc_s, end_s):
        """Seconds in which a window is open, from one instant to another."""
        open_s = 0
        while utc_s < end_s:
            is_open, until, _ = self._scan(utc_s)
            until = min(until or end_s, end_s)
            if is_open:
                open_s += until - utc_s
            utc_s = until
        return open_s

    def _look(self, utc_s):
        is_open, until, self._until = self._scan(utc_s)
        self._since = utc_s
        if not is_open:
            self._state = (False, until, 0)
            self._governs = None
            return
        _, start, place, end = min(is_open)
        window = self.windows[place]
        self._state = (True, until, window[CURRENT_DA])
        self._governs = (start, end, place, window[LIMIT_WH], window[LIMIT_MIN])

    def _scan(self, utc_s):
        """([(rank, start, place, end) of each opening at that instant], until as in state(), end of the validity of this result)."""
        today = self.local.day(utc_s)
        rows, used = self._rows, self._used
        is_open, later = [], []
        end, holds = utc_s, utc_s + _AHEAD_DAYS * DAY_S
        for day in range(today - self._aside_days, today + _AHEAD_DAYS + self._aside_days):
            weekday = 1 << (day + _FIRST_WEEKDAY) % 7
            midnight = self.local.midnight(day)
            for days, from_s, to_s, rank, place in rows:
                if not days & weekday:
                    continue
                if midnight is None:
                    start = self.local.utc_of(day, from_s)
                    stop = self.local.utc_of(day, to_s)
                else:
                    start = midnight + from_s
                    stop = midnight + to_s
                if stop <= utc_s or stop <= start or start == used[place][0]:
                    continue
                if start > end:
                    later.append((start, stop))
                elif start > utc_s:
                    # It prolongs the current run.
                    if start < holds:
                        holds = start
                    if stop > end:
                        end = stop
                else:
                    is_open.append((rank, start, place, stop))
                    end = max(end, stop)
                    holds = min(holds, stop)
            later.sort()
            if later and later[0][0] < holds:
                holds = later[0][0]
            while later and later[0][0] <= end:
                stop = later.pop(0)[1]
                if stop > end:
                    end = stop
            until = end if is_open else later[0][0] if later else 0
            # Openings of later days begin after that.
            if until and self.local.day(until) + self._aside_days - 1 <= day:
                return is_open, until, holds
        # A day later the end may be in reach.
        return is_open, 0, min(holds, utc_s + DAY_S)
