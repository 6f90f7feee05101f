"""The next days of a plan, by the firmware's own plan engine: what is shown before it is sent is what the device will do. Pure.

A plan is the list of windows of docs/payload.md (days, from, to, current_a, kwh, duration_min), a zone a POSIX TZ string.
"""
import re
import typing

from home import firmware  # noqa: F401  app is importable from here on
from app.codec import posix_tz, windows
from app.policy.plan import Plan

_STEP_S = 60
_ROW = re.compile(r"windows\[(\d+)\](?:\.(\w+))?")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOST_WINDOWS = 7


class Wrong(ValueError):
    """No plan, or no time zone; args[0] says which field, args[1] the row of the window from 0 on or None."""


class Opening(typing.NamedTuple):
    """A window governs for that time, UTC seconds. current_a, kwh, duration_min: its limits, None where it has none; place: its row in the plan."""
    begin_s: int
    end_s: int
    place: int
    current_a: float | None
    kwh: float | None
    duration_min: int | None


def checked(plan):
    """The plan as the device gives it back. Wrong where it is none."""
    return windows.to_words(_windows(plan))


def _windows(plan):
    found, problem = windows.parse(plan)
    if found is None:
        row = _ROW.match(problem)
        raise Wrong(row[2] or "windows" if row else "windows", int(row[1]) if row else None)
    return found


def _zone(text):
    found, problem = posix_tz.parse(text)
    if found is None:
        raise Wrong("timezone", None)
    return found


def hash_of(plan, zone):
    """plan_hash of docs/payload.md: 0 without windows, else 1 to 255."""
    return windows.plan_hash(_windows(plan), posix_tz.pack(_zone(zone)))


def days(text):
    """{"mon", ...} of days in words."""
    mask = windows.parse_days(text)
    return {day for place, day in enumerate(DAYS) if mask >> place & 1}


def days_text(chosen):
    """Days as the shortest words: "mon-fri"."""
    return windows.days_text(sum(1 << place for place, day in enumerate(DAYS) if day in chosen))


def openings(plan, zone, begin_s, end_s):
    """[Opening] within [begin_s, end_s), in time order; those that follow each other at once are of one run."""
    engine = Plan(_windows(plan), _zone(zone))
    found = []
    at_s = begin_s
    while engine and at_s < end_s:
        governs = engine.window_at(at_s)
        until_s = _changes(engine, at_s, end_s)
        if governs:
            window = engine.windows[governs[2]]
            opening = Opening(at_s, until_s, governs[2], *(value or None for value in _limits(window)))
            if found and found[-1].end_s == at_s and found[-1][2:] == opening[2:]:
                opening = found.pop()._replace(end_s=until_s)
            found.append(opening)
        at_s = until_s
    return found


def _limits(window):
    worded = windows.to_words((window,))[0]
    return worded.get("current_a"), worded.get("kwh"), worded.get("duration_min")


def _changes(engine, since_s, end_s):
    """The first second after since_s at which what the engine said then need not hold, end_s at the latest."""
    engine.state(since_s)
    at_s = since_s
    for step_s in (_STEP_S, 1):
        while at_s + step_s <= end_s and engine.knows(at_s + step_s):
            at_s += step_s
    return min(at_s + 1, end_s)


def next_time(zone, utc_s, clock):
    """UTC seconds of the next instant at which the wall shows that time, as the device takes "until"; None where it is none."""
    minute = windows.parse_time(clock)
    return None if minute is None else Plan((), _zone(zone)).local.next_time(utc_s, minute)


def shows_the_same(zone, other, begin_s, end_s):
    """Whether the wall shows the same in both zones at that time, looked at each hour. Wrong where one is none."""
    one, two = (Plan((), _zone(text)).local for text in (zone, other))
    return all(one.offset_s(at_s) == two.offset_s(at_s) for at_s in range(int(begin_s), int(end_s) + 1, 3600))


def switches(zone, begin_s, end_s):
    """[(UTC s, seconds by which the clock jumps)] of that time."""
    local = Plan((), _zone(zone)).local
    found = []
    at_s = begin_s
    while at_s < end_s:
        next_s = min(at_s + 3600, end_s)
        by_s = local.offset_s(next_s) - local.offset_s(at_s)
        if by_s:
            low_s, high_s = at_s, next_s
            while high_s - low_s > 1:
                middle_s = (low_s + high_s) // 2
                if local.offset_s(middle_s) == local.offset_s(at_s):
                    low_s = middle_s
                else:
                    high_s = middle_s
            found.append((high_s, by_s))
        at_s = next_s
    return found
