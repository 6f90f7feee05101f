"""Local time by a POSIX rule: the offset in force, and the instant of a local time. Pure; days count from 1970-01-01, seconds are UTC.

A zone is the tuple of app.codec.posix_tz. A local time that occurs twice is its first occurrence, a skipped one counts by the offset before
the switch (Python's fold = 0). A switch later than one of the following year is overruled by it, and if start and end coincide it is always
summer: as in tzcode and zoneinfo, a zone can so express summer time all year.
"""

from app.codec.posix_tz import JULIAN, PLAIN

DAY_S = 86400
_MINUTE_S = 60
# 1970-01-01 was a Thursday; rules count from Sunday.
_FIRST_WEEKDAY = 4
_BEFORE_MONTH = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)
_FEBRUARY_28 = 59
_DAYS_IN_400_YEARS = 146097
# The switches of five years are valid half a year beyond the middle one: a rule may reach nine days into the next year.
_YEARS_ASIDE = 2
_REACH_S = 180 * DAY_S
# Span around an instant that a plan needs.
_AROUND_S = 14 * DAY_S
# Beyond any time: 34,000 years.
_EVER_S = 1 << 40


def _is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _new_year(year):
    """Day of 1 January."""
    past = year - 1
    return 365 * (year - 1970) + past // 4 - past // 100 + past // 400 - 477


def _year_of(day):
    year = 1970 + day * 400 // _DAYS_IN_400_YEARS
    while _new_year(year) > day:
        year -= 1
    while _new_year(year + 1) <= day:
        year += 1
    return year


def _rule_day(year, rule):
    """The day that a rule names in a year."""
    month, week, day, _ = rule
    first = _new_year(year)
    if month == PLAIN:
        return first + day
    leap = _is_leap(year)
    if month == JULIAN:
        return first + day - 1 + (leap and day > _FEBRUARY_28)
    begin = first + _BEFORE_MONTH[month - 1] + (leap and month > 2)
    end = first + _BEFORE_MONTH[month] + (leap and month > 1)
    found = begin + (day - begin - _FIRST_WEEKDAY) % 7 + 7 * (week - 1)
    return found if found < end else found - 7


class LocalTime:
    """The wall clock of a zone. Caches the latest result: for the same half year it only compares."""

    def __init__(self, zone):
        self._standard_s, self._summer_s, self._start, self._end = zone
        # (UTC s, local s from which the new offset counts, new offset), in order; right from low to high.
        self._switches = ()
        self._low = self._high = 0
        # The latest spans of UTC and of local time, and the offset in each.
        self._since = self._until = self._local_since = self._local_until = 0
        self._offset_s = self._local_offset_s = 0

    def ready(self, utc_s):
        """True if the clock changes around are known; if not, this call computes them."""
        if self._summer_s is None or self._low <= utc_s - _AROUND_S and utc_s + _AROUND_S < self._high:
            return True
        self._fill(_year_of(utc_s // DAY_S))
        return False

    def offset_s(self, utc_s):
        """Seconds east of UTC at that instant."""
        if not self._since <= utc_s < self._until:
            self._since, self._until, self._offset_s = self._span(utc_s, 0)
        return self._offset_s

    def day(self, utc_s):
        """The local day at that instant."""
        return (utc_s + self.offset_s(utc_s)) // DAY_S

    def utc_of(self, day, second_s):
        """The instant of a local day and second of the day (also beyond that day)."""
        local_s = day * DAY_S + second_s
        if not self._local_since <= local_s < self._local_until:
            self._local_since, self._local_until, self._local_offset_s = self._span(local_s, 1)
        return local_s - self._local_offset_s

    def midnight(self, day):
        """The instant from which the seconds of that local day and the next are counted; None if the clock is changed meanwhile."""
        local_s = day * DAY_S
        if self._local_since <= local_s and local_s + 2 * DAY_S <= self._local_until:
            return local_s - self._local_offset_s
        begin = self.utc_of(day, 0)
        return begin if local_s + 2 * DAY_S <= self._local_until else None

    def next_time(self, utc_s, minute):
        """The next instant after utc_s at which the wall clock shows that minute of the day; in an hour that occurs twice, the one ahead."""
        day = self.day(utc_s)
        second_s = minute * _MINUTE_S
        best = None
        # Clocks are put back by up to 50 hours: an instant ahead may have the date of two days before.
        for ahead in range(-2, 2):
            local_s = (day + ahead) * DAY_S + second_s
            at = self.utc_of(day + ahead, second_s)
            for instant in (at, local_s - self._standard_s, local_s - (self._summer_s or 0)):
                shown = instant == at or instant + self.offset_s(instant) == local_s
                if shown and instant > utc_s and (best is None or instant < best):
                    best = instant
        return best

    def _span(self, seconds, column):
        """(since, until, offset) around UTC s (column 0) or local s (1)."""
        if self._summer_s is None:
            return -_EVER_S, _EVER_S, self._standard_s
        if not self._low <= seconds < self._high:
            self._fill(_year_of(seconds // DAY_S))
        since = until = self._low
        offset_s = self._standard_s
        for switch in self._switches:
            until = switch[column]
            if seconds < until:
                break
            since = until
            offset_s = switch[2]
        return since, until, offset_s

    def _fill(self, year):
        """The switches of that year and those beside it."""
        found = []
        for one in range(year - _YEARS_ASIDE, year + _YEARS_ASIDE + 1):
            start = _rule_day(one, self._start) * DAY_S + self._start[3] - self._standard_s, self._summer_s
            end = _rule_day(one, self._end) * DAY_S + self._end[3] - self._summer_s, self._standard_s
            for switch in (start, end) if start[0] < end[0] else (end, start):
                while found and found[-1][0] >= switch[0]:
                    found.pop()
                found.append(switch)
        before_s = self._standard_s
        switches = []
        for at, offset_s in found:
            # In a gap the old offset counts to its end; in an hour that occurs twice, to the end of its first occurrence.
            switches.append((at, at + max(before_s, offset_s), offset_s))
            before_s = offset_s
        self._switches = switches
        self._low = _new_year(year) * DAY_S - _REACH_S
        self._high = _new_year(year + 1) * DAY_S + _REACH_S
