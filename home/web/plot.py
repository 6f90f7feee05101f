"""The geometry of a plot over time: lines for a server-drawn SVG, even ticks beside it, and the same points for a script that draws it better.

The picture's own field is WIDTH x HEIGHT and is stretched by the page; what is read (ticks) stands outside of it as text. Pure.
"""
import dataclasses
import math

WIDTH, HEIGHT = 1000, 300
_STEPS = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
_Y_TICKS = 4
POINTS_MAX = 700


@dataclasses.dataclass(frozen=True)
class Series:
    """points: [(ms, value or None)], in time order; None breaks the line. low, high: of its axis.

    is_step: a value holds until the next; is_dots: marks without a line.
    """
    name: str
    label: str
    unit: str
    points: list
    low: float = 0
    high: float = 1
    is_step: bool = False
    is_dots: bool = False


@dataclasses.dataclass(frozen=True)
class Line:
    """One series as it is drawn: path is an SVG path, "" where there is nothing."""
    name: str
    label: str
    unit: str
    path: str
    is_dots: bool


@dataclasses.dataclass(frozen=True)
class Band:
    """A span of the time axis that something is said about."""
    name: str
    x: float
    width: float


def scale(values, from_zero=True):
    """(lowest, highest) of a y axis in round numbers, in _Y_TICKS even steps; around what is given."""
    known = [value for value in values if value is not None]
    low, high = (min(known), max(known)) if known else (0, 1)
    if from_zero:
        low, high = min(low, 0), max(high, 0)
    if high - low < 1e-9:
        high = low + 1
    step = _round_up((high - low) / _Y_TICKS)
    low = math.floor(low / step) * step
    while low + _Y_TICKS * step < high - 1e-9:
        step = _round_up(step * 1.01)
        low = math.floor(low / step) * step
    return low, low + _Y_TICKS * step


def _round_up(step):
    size = 10 ** math.floor(math.log10(step))
    return next(size * one for one in _STEPS if size * one >= step * (1 - 1e-9))


def y_ticks(low, high):
    """The values beside the field, the highest first."""
    return [high - (high - low) * place / _Y_TICKS for place in range(_Y_TICKS + 1)]


def tick_words(low, high, number):
    """y_ticks as texts that differ; number(value, digits) writes one."""
    values = y_ticks(low, high)
    digits = next((digits for digits in (0, 1) if all(abs(value - round(value, digits)) < 1e-9 for value in values)), 2)
    return [number(value, digits) for value in values]


def x_ticks(begin_ms, end_ms, count=5):
    """Moments below the field, evenly from begin to end."""
    return [begin_ms + (end_ms - begin_ms) * place // (count - 1) for place in range(count)]


def line(series, begin_ms, end_ms):
    """The Line of a series in the field."""
    low, high = series.low, series.high

    def x(ms):
        return _short(WIDTH * (ms - begin_ms) / max(end_ms - begin_ms, 1))

    def y(value):
        return _short(HEIGHT - HEIGHT * (min(max(value, low), high) - low) / (high - low))

    path, before = [], None
    for ms, value in thinned(series.points):
        if value is None:
            if before is not None and series.is_step:
                path.append(f"H{x(ms)}")
            before = None
            continue
        if series.is_dots:
            path.append(f"M{x(ms)} {y(value)}h0")
        elif before is None:
            path.append(f"M{x(ms)} {y(value)}")
        else:
            path.append(f"H{x(ms)}V{y(value)}" if series.is_step else f"L{x(ms)} {y(value)}")
        before = value
    return Line(series.name, series.label, series.unit, "".join(path), series.is_dots)


def thinned(points):
    """At most about POINTS_MAX of the points: of each stretch the lowest and the highest."""
    if len(points) <= POINTS_MAX:
        return points
    size = -(-2 * len(points) // POINTS_MAX)
    kept = []
    for start in range(0, len(points), size):
        stretch = points[start:start + size]
        known = [point for point in stretch if point[1] is not None]
        chosen = {min(known, key=_value), max(known, key=_value)} if known else {stretch[0]}
        kept += sorted(chosen, key=lambda point: point[0])
    return kept


def _value(point):
    return point[1]


def bands(spans, begin_ms, end_ms):
    """Bands of [(name, begin_ms, end_ms)] that lie in the field."""
    found = []
    for name, first_ms, last_ms in spans:
        first_ms, last_ms = max(first_ms, begin_ms), min(last_ms, end_ms)
        if last_ms > first_ms:
            length = max(end_ms - begin_ms, 1)
            found.append(Band(name, _short(WIDTH * (first_ms - begin_ms) / length), _short(WIDTH * (last_ms - first_ms) / length)))
    return found


def aligned(series, begin_ms, end_ms, offset_s, time):
    """What a script draws, with one x axis for all: "x" and "span" in UTC seconds, "offset_s" that the local clock is ahead, "time" what its axis is
    called, "series": [{label, unit, name, step, dots, range, y}]."""
    points = [dict(held_to_the_gap(thinned(one.points)) if one.is_step else thinned(one.points)) for one in series]
    moments = sorted({ms for one in points for ms in one})
    return {
        "offset_s": offset_s, "span": [begin_ms / 1000, end_ms / 1000], "time": time, "x": [ms / 1000 for ms in moments],
        "series": [{"label": one.label, "unit": one.unit, "name": one.name, "step": one.is_step, "dots": one.is_dots, "range": [one.low, one.high],
                    "y": _carried(one, its, moments)}
                   for one, its in zip(series, points)]}


def held_to_the_gap(points):
    """The same with each value that holds told once more where nothing is known from: the script draws no step towards a gap."""
    found = []
    for ms, value in points:
        if value is None and found and found[-1][1] is not None:
            found.append((ms, found[-1][1]))
            ms += 1
        found.append((ms, value))
    return found


def _carried(series, points, moments):
    """Its value at each moment; what holds until the next is carried on, what is joined by a line is left open (undefined there: "")."""
    found, last = [], None
    for ms in moments:
        if ms in points:
            last = points[ms]
            found.append(last)
        else:
            found.append(last if series.is_step else "")
    return found


def _short(number):
    return round(number, 1)
