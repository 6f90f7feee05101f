"""The strip of Tonight: hours from left to right, what was, the windows of the plan, and what is foreseen. Places are parts of its width. Pure."""
import dataclasses
import itertools

from home import plan_preview
from home.language.words import N_
from home.web import moments

PAST_S, AHEAD_S = 12 * 3600, 36 * 3600
# A reading holds that long, if no other comes.
HOLDS_MS = 125 * moments.MINUTE_MS
SPRING = N_("The clock is put forward: after it, it is %(clock)s.")
AUTUMN = N_("The clock is put back: after it, it is %(clock)s.")


@dataclasses.dataclass(frozen=True)
class Band:
    """A span of the strip: x and width as parts of 100; what: "flow", "window", "foreseen", "skipped", "boost". height: of 1."""
    x: float
    width: float
    what: str
    height: float = 1.0


@dataclasses.dataclass(frozen=True)
class Tick:
    """A line at an hour. label: "" for small ones; is_day: at midnight, day its name."""
    x: float
    label: str
    day: str = ""


@dataclasses.dataclass(frozen=True)
class Strip:
    """now_x: where now is; switch: None or (x, sentence) of a change of the clock."""
    ticks: tuple
    bands: tuple
    now_x: float
    switch: tuple | None


def strip(now_ms, tz, readings, openings, foreseen, switches, most_w, _):
    """The Strip. readings: [(at_ms, power_w or None, is_charging)] in time order; openings: [(begin_s, end_s)] of the plan; foreseen: the same
    of what will flow; switches: [(UTC s, jump s)]; most_w: the power that fills the height."""
    begin_s = now_ms // 1000 - PAST_S
    end_s = begin_s + PAST_S + AHEAD_S
    scale = _Scale(begin_s, end_s)
    bands = [scale.band(*span, "window") for span in openings]
    bands += [scale.band(*span, "foreseen") for span in foreseen]
    for (at_ms, power_w, is_charging), after in itertools.pairwise([*readings, (now_ms, None, False)]):
        until_ms = min(after[0], at_ms + HOLDS_MS, now_ms)
        if is_charging and until_ms > at_ms:
            height = 1.0 if power_w is None else max(0.1, min(power_w / most_w, 1.0))
            bands.append(scale.band(at_ms / 1000, until_ms / 1000, "flow", round(height, 3)))
    switch = None
    if switches:
        at_s, by_s = switches[0]
        sentence = SPRING if by_s > 0 else AUTUMN
        switch = scale.x(at_s), _(sentence, clock=moments.clock(1000 * at_s, tz))
    return Strip(tuple(_ticks(begin_s, end_s, scale, tz, _)), tuple(band for band in bands if band.width > 0), scale.x(now_ms / 1000), switch)


class _Scale:
    def __init__(self, begin_s, end_s):
        self._begin_s, self._end_s = begin_s, end_s

    def x(self, at_s):
        part = (at_s - self._begin_s) / (self._end_s - self._begin_s)
        return round(100 * min(max(part, 0), 1), 3)

    def band(self, begin_s, end_s, what, height=1.0):
        x = self.x(begin_s)
        return Band(x, round(self.x(end_s) - x, 3), what, height)


def _ticks(begin_s, end_s, scale, tz, _):
    """One for each full hour of the wall clock; each sixth has a label, midnight the day."""
    for at_s in range(-(-begin_s // 900) * 900, end_s, 900):
        there = moments.local(1000 * at_s, tz)
        if there.minute:
            continue
        label = f"{there:%H:%M}" if there.hour % 6 == 0 else ""
        yield Tick(scale.x(at_s), label, _.date(there, "EEE d") if there.hour == 0 else "")


def of_runs(openings):
    """[(begin_s, end_s)] of runs: windows that follow each other at once are one."""
    runs = []
    for one in openings:
        if runs and runs[-1][1] == one.begin_s:
            runs[-1] = runs[-1][0], one.end_s
        else:
            runs.append((one.begin_s, one.end_s))
    return runs


def without(spans, begin_s, end_s):
    """The spans less that time."""
    found = []
    for first_s, last_s in spans:
        found += [(low, high) for low, high in ((first_s, min(last_s, begin_s)), (max(first_s, end_s), last_s)) if low < high]
    return found


def switches(zone, now_s):
    """Changes of the clock within the strip."""
    try:
        return plan_preview.switches(zone, now_s - PAST_S, now_s + AHEAD_S) if zone else []
    except plan_preview.Wrong:
        return []
