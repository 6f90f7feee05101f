"""Windows of a tariff, in the words of the plan: {"days": "mon-fri", "from": "22:00", "to": "06:00"}.

A window runs from the instant of its start to the instant of its end; both are local times, in a switch of the clocks the first such one,
and in the gap of one by the offset before it. days name the day of the start.
"""
import dataclasses
import datetime
import re

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = ("daily", "all")
QUARTER_MIN = 15


@dataclasses.dataclass(frozen=True)
class Window:
    days: frozenset         # 0 is Monday
    start: datetime.time
    end: datetime.time      # of the next day where it is not after start

    def on(self, day, tz):
        """(start, end) in UTC seconds of the one that begins on that local day, or None."""
        if day.weekday() not in self.days:
            return None
        end_day = day if self.end > self.start else day + datetime.timedelta(1)
        return _instant(day, self.start, tz), _instant(end_day, self.end, tz)


def windows(value):
    """A tuple of Window from a list of tables; ValueError says why not."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise ValueError('must be a list, as [{days = "mon-fri", from = "22:00", to = "06:00"}]')
    return tuple(_window(one) for one in value)


def _window(given):
    for name in given:
        if name not in ("days", "from", "to"):
            raise ValueError(f"a window has no {name!r}, only days, from and to")
    for name in ("from", "to"):
        if name not in given:
            raise ValueError(f"a window needs {name}")
    days = frozenset(ranges(given.get("days", "daily"), DAYS, EVERY_DAY))
    return Window(days, _time(given["from"]), _time(given["to"]))


def ranges(text, words, all_of_them=()):
    """Places of the words in a list of words and ranges: mon,wed,sat-mon, or Mon, Sat - Mon. all_of_them: words that stand for all."""
    found = set()
    for one in str(text).lower().replace(" ", "").split(","):
        if one in all_of_them:
            found.update(range(len(words)))
            continue
        first, dash, last = one.partition("-")
        if first not in words or dash and last not in words:
            raise ValueError(f"{one!r} is none of {', '.join(words)}, nor a range of them")
        place, end = words.index(first), words.index(last or first)
        while True:
            found.add(place)
            if place == end:
                break
            place = (place + 1) % len(words)
    return found


def _time(text):
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", str(text), re.ASCII)
    if not found or int(found[2]) % QUARTER_MIN:
        raise ValueError(f"{text!r} is no time to the quarter hour, as 22:15")
    return datetime.time(int(found[1]), int(found[2]))


def _instant(day, time, tz):
    return int(datetime.datetime.combine(day, time, tz).timestamp())
