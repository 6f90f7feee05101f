"""When the energy of a session flowed: Wh in each quarter of an hour, from what was read on the way.

Between two readings the counter says how much flowed, and the power at both ends says when. Where they do not agree, or lie far apart, the
quarters are marked: what they cost is then an estimate, unless the price was the same all along.
"""
import dataclasses

QUARTER_MS = 900_000
# Readings so close leave no doubt that matters.
CLOSE_MS = 20 * 60_000
# So far energy and power may disagree, as a part.
AGREES = 0.1
_WH_MS = 3_600_000


@dataclasses.dataclass(frozen=True)
class Point:
    """What was known at one moment. power_w: 0 if nothing flows, None if it is not known."""
    at_ms: int
    wh: float
    power_w: float | None


@dataclasses.dataclass(frozen=True)
class Flow:
    """So much flowed evenly between two moments."""
    start_ms: float
    end_ms: float
    wh: float
    is_sure: bool


def profile(begin_ms, end_ms, energy_wh, points):
    """{quarter: (wh, is_sure)}, adding up to energy_wh. points: of the time between, in order."""
    if not energy_wh or energy_wh < 0:
        return {}
    end_ms = max(end_ms, begin_ms + 1)
    quarters = {}
    sum_wh = 0.0
    for flow in _flows(begin_ms, end_ms, energy_wh, points):
        length = flow.end_ms - flow.start_ms
        for quarter in range(int(flow.start_ms // QUARTER_MS), int(-(-flow.end_ms // QUARTER_MS))):
            inside = min(flow.end_ms, (quarter + 1) * QUARTER_MS) - max(flow.start_ms, quarter * QUARTER_MS)
            before = round(sum_wh)
            sum_wh += flow.wh * inside / length
            wh, is_sure = quarters.get(quarter, (0, True))
            quarters[quarter] = wh + round(sum_wh) - before, is_sure and flow.is_sure
    return {quarter: found for quarter, found in quarters.items() if found[0]}


def _flows(begin_ms, end_ms, energy_wh, points):
    last = Point(begin_ms, 0, 0)
    for point in [*points, Point(end_ms, energy_wh, 0)]:
        wh = min(point.wh, energy_wh)
        if point.at_ms <= last.at_ms:
            last = dataclasses.replace(last, power_w=point.power_w)
            continue
        if wh > last.wh:
            yield _flow(last, Point(point.at_ms, wh, point.power_w))
        last = Point(point.at_ms, max(wh, last.wh), point.power_w)
    if last.wh < energy_wh:
        yield Flow(begin_ms, end_ms, energy_wh - last.wh, False)


def _flow(one, two):
    span_ms, wh = two.at_ms - one.at_ms, two.wh - one.wh
    if one.power_w and two.power_w:
        expected = (one.power_w + two.power_w) / 2 * span_ms / _WH_MS
        return Flow(one.at_ms, two.at_ms, wh, span_ms <= CLOSE_MS or abs(expected - wh) <= AGREES * wh)
    power_w = one.power_w or two.power_w
    if not power_w:
        return Flow(one.at_ms, two.at_ms, wh, span_ms <= CLOSE_MS)
    needs_ms = wh * _WH_MS / power_w
    fits = needs_ms <= span_ms * (1 + AGREES)
    needs_ms = min(needs_ms, span_ms)
    start_ms = one.at_ms if one.power_w else two.at_ms - needs_ms
    return Flow(start_ms, start_ms + needs_ms, wh, fits or span_ms <= CLOSE_MS)
