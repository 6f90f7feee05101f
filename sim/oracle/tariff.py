"""The simulator's own calculation of cheap hours: the windows of a plan in local time, and the energy drawn outside them.

It shares nothing with the firmware it checks: another reading of the window dictionaries (docs/payload.md) and of POSIX TZ strings
(RFC 9636, section 3.3.1), on Python's dates. A window's kWh and minutes limit what the firmware gives, not when it is cheap.
"""

import re
from datetime import date, datetime, timedelta

_DAYS = ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')
_EPOCH = datetime(1970, 1, 1)
_SECOND_US = 1_000_000
_DAY_S = 86400
# A string that names summer time but no rules means these (tzcode's default).
_NO_RULES = ('M3.2.0', 'M11.1.0')

_OFFSET = r'[+-]?\d{1,3}(?::\d\d){0,2}'
_NAME = r'(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)'
_STRING = re.compile(rf'{_NAME}({_OFFSET})(?:({_NAME})({_OFFSET})?(?:,([^,]+),([^,]+))?)?')


def _seconds(text):
    """'[+-]h[:mm[:ss]]' as seconds."""
    parts = [int(part) for part in text.lstrip('+-').split(':')]
    total = sum(part * unit for part, unit in zip(parts, (3600, 60, 1)))
    return -total if text.startswith('-') else total


def _day_of(year, rule):
    """The date of a rule's day in that year: M month.week.day (0 Sunday), J n (no leap day), or n from 0."""
    if rule[0] == 'M':
        month, week, weekday = map(int, rule[1:].split('.'))
        first = date(year, month, 1)
        day = first + timedelta((weekday - first.isoweekday()) % 7 + 7 * (week - 1))
        return day - timedelta(7) if day.month != month else day
    if rule[0] == 'J':
        # Counted in a year without a leap day.
        counted = date(2001, 1, 1) + timedelta(int(rule[1:]) - 1)
        return counted.replace(year=year)
    return date(year, 1, 1) + timedelta(int(rule))


class LocalTime:
    """A POSIX TZ string. ValueError if it is none."""

    def __init__(self, string):
        found = _STRING.fullmatch(string)
        if found is None:
            raise ValueError('no POSIX TZ string: %r' % string)
        standard, summer_name, summer, start, end = found.groups()
        # POSIX counts west of Greenwich.
        self._standard_s = -_seconds(standard)
        self._summer_s = -_seconds(summer) if summer else self._standard_s + 3600
        self._rules = ((start, end) if start else _NO_RULES) if summer_name else None
        self._years = {}

    def _switches(self, year):
        """[(UTC s, offset before, offset after)] of that year's rules, in order."""
        if self._rules is None:
            return []
        if year not in self._years:
            found = []
            offsets = self._standard_s, self._summer_s
            for (before_s, after_s), rule in zip((offsets, offsets[::-1]), self._rules):
                day, _, time = rule.partition('/')
                midnight_s = (_day_of(year, day) - _EPOCH.date()).days * _DAY_S
                found.append((midnight_s + _seconds(time or '2') - before_s, before_s, after_s))
            self._years[year] = found
        return self._years[year]

    def _around(self, year):
        return sorted(switch for near in (year - 1, year, year + 1) for switch in self._switches(near))

    def utc_of(self, local):
        """UTC seconds of a naive datetime with fold 0: in a gap and in a fold the offset before the switch counts."""
        wall_s = int((local - _EPOCH).total_seconds())
        offset_s = self._standard_s
        for utc_s, before_s, after_s in self._around(local.year):
            if wall_s >= utc_s + max(before_s, after_s):
                offset_s = after_s
        return wall_s - offset_s

    def local_of(self, utc_s):
        """The naive datetime there at that moment."""
        offset_s = self._standard_s
        for at_s, _, after_s in self._around((_EPOCH + timedelta(seconds=utc_s)).year):
            if utc_s >= at_s:
                offset_s = after_s
        return _EPOCH + timedelta(seconds=utc_s + offset_s)


def _weekdays(text):
    """Weekday numbers, 0 Monday, of 'mon-fri', 'fri-mon', 'sat,sun' or 'daily'."""
    found = set()
    for part in text.lower().replace(' ', '').split(','):
        first, _, last = ('mon-sun' if part in ('daily', 'all') else part).partition('-')
        begin = _DAYS.index(first)
        found |= {(begin + day) % 7 for day in range((_DAYS.index(last or first) - begin) % 7 + 1)}
    return found


def _clock(text):
    return datetime.strptime(text, '%H:%M').time()


class Tariff:
    """windows: dictionaries with days, from and to; zone: a POSIX TZ string. Without a window there is no peak either."""

    def __init__(self, windows, zone):
        self.windows = list(windows)
        self.local = LocalTime(zone)
        self._rows = [(_weekdays(window['days']), _clock(window['from']), _clock(window['to'])) for window in self.windows]
        self._days = {}

    def openings(self, from_s, until_s):
        """[(start, end)] of the cheap windows in that time, UTC seconds, whole, in order; overlapping or adjacent ones are merged."""
        found = []
        # A window lasts a day at most; local dates are up to a day off, and summer time may be days off.
        day = int(from_s) // _DAY_S - 3
        while day * _DAY_S < until_s + 3 * _DAY_S:
            found += self._of_day(day)
            day += 1
        merged = []
        for start_s, end_s in sorted(found):
            if merged and start_s <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(end_s, merged[-1][1])
            else:
                merged.append((start_s, end_s))
        return [(start_s, end_s) for start_s, end_s in merged if start_s < until_s and end_s > from_s]

    def _of_day(self, day):
        """The windows that begin on that local date, days since 1970."""
        if day not in self._days:
            begins = _EPOCH.date() + timedelta(day)
            self._days[day] = found = []
            for days, start, end in self._rows:
                if begins.weekday() in days:
                    start_s = self.local.utc_of(datetime.combine(begins, start))
                    end_s = self.local.utc_of(datetime.combine(begins + timedelta(end <= start), end))
                    if end_s > start_s:
                        found.append((start_s, end_s))
        return self._days[day]

    def now_or_next(self, utc_s):
        """(start, end) of the current or next cheap window, None if none begins within a week."""
        found = self.openings(utc_s, utc_s + 8 * _DAY_S)
        return found[0] if found else None

    def is_cheap(self, utc_s):
        """A window is open."""
        return bool(self.openings(utc_s, utc_s + 1))

    def peak_share(self, from_s, until_s):
        """The share of that time that is outside the windows, 0 to 1."""
        if not self.windows or until_s <= from_s:
            return 0.0
        cheap_s = sum(min(end_s, until_s) - max(start_s, from_s) for start_s, end_s in self.openings(from_s, until_s))
        return 1 - cheap_s / (until_s - from_s)


class PeakMeter:
    """Watt-hours drawn outside the windows in force. Called with every stretch of constant power, as wallbox.on_energy does.

    windows, zone: in force from the start; change() replaces them, after the stretch before was counted.
    """

    def __init__(self, windows, zone, start_utc_s):
        self.wh = 0.0
        self._windows = windows
        self._zone = zone
        self._start_utc_s = start_utc_s
        self.tariff = Tariff(windows, zone)

    def change(self, windows=None, zone=None):
        """Another plan or time zone, as config names them."""
        self._windows = self._windows if windows is None else windows
        self._zone = zone or self._zone
        self.tariff = Tariff(self._windows, self._zone)

    def __call__(self, from_us, until_us, wh):
        self.wh += wh * self.tariff.peak_share(self._start_utc_s + from_us / _SECOND_US, self._start_utc_s + until_us / _SECOND_US)
