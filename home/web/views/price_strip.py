"""The strip of prices: 24 hours from now on, a bar for each quarter hour, as high as its price. Pure.

Across one is a quarter hour, down one is a hundredth of the height: the browser stretches it, so that it fits every screen.
"""
import dataclasses

from home.language.words import N_
from home.web import moments

QUARTER_S = 900
QUARTERS = 96
LABEL_H = 4
HEIGHT = 100
# Below the cheapest price, as a part of what prices differ by.
ROOM = 0.5
CHEAP, LATE = "cheap", "late"
SAID = {CHEAP: N_("charges"), LATE: N_("charges, as late as it can")}


@dataclasses.dataclass(frozen=True)
class Tick:
    """x: of 100. label: of an hour; day: at midnight, its name."""
    x: float
    label: str
    day: str


@dataclasses.dataclass(frozen=True)
class Row:
    """Quarter hours one after the other with the same price, as a line of the table."""
    when: str
    price: str
    what: str


@dataclasses.dataclass(frozen=True)
class Strip:
    """all, cheap, late, line: paths. rail: {what: [(x, width)]} of 100, below the bars. base_y: where the bars stand; most_y: where the
    dearest price is that is taken, or None. until: the quarter of the deadline; clocks: the time at each edge.
    lowest, highest: (when, price); known_until: from when on no price is known, in words, or None."""
    begin_s: int
    all: str
    cheap: str
    late: str
    line: str
    rail: dict
    ticks: tuple
    base_y: float
    most_y: float | None
    until: float
    clocks: tuple
    rows: tuple
    lowest: tuple | None
    highest: tuple | None
    known_until: str | None


def begin_of(now_s):
    """The quarter hour that runs."""
    return now_s // QUARTER_S * QUARTER_S


def strip(now_ms, tz, prices, spans, until_s, max_price, _):
    """The Strip. prices: of QUARTERS quarters from begin_of(now) on, None where not known; spans: [(begin_s, end_s, CHEAP or LATE)] that charge."""
    begin_s = begin_of(now_ms // 1000)
    marks = [_mark(begin_s + place * QUARTER_S, spans) for place in range(QUARTERS)]
    scale = _Scale([price for price in prices if price is not None])
    last = max((place for place, price in enumerate(prices) if price is not None), default=-1)
    clocks = tuple(moments.clock(1000 * (begin_s + place * QUARTER_S), tz) for place in range(QUARTERS + 1))
    extremes = [(price, begin_s + place * QUARTER_S) for place, price in enumerate(prices) if price is not None]

    def said(choose):
        if not extremes:
            return None
        price, at_s = choose(extremes, key=lambda one: one[0])
        return moments.at(1000 * at_s, now_ms, tz, _), price

    return Strip(
        begin_s, _area(prices, marks, scale, (None, CHEAP, LATE)), _area(prices, marks, scale, (CHEAP,)), _area(prices, marks, scale, (LATE,)),
        _line(prices, scale), {what: _rail(marks, what) for what in SAID}, tuple(_ticks(begin_s, tz, _)), scale.base_y,
        scale.y(max_price) if max_price is not None and scale.has(max_price) else None, (until_s - begin_s) / QUARTER_S, clocks,
        tuple(_rows(begin_s, clocks, prices, marks, now_ms, tz, _)), said(min), said(max),
        None if last + 1 == QUARTERS else moments.at(1000 * (begin_s + (last + 1) * QUARTER_S), now_ms, tz, _))


class _Scale:
    """Bars stand on 0 where a price is below it, else somewhat below the cheapest one: what differs is to be seen."""

    def __init__(self, known):
        self._top, lowest = max(known, default=1), min(known, default=0)
        self._bottom = lowest if lowest < 0 else max(lowest - ROOM * (self._top - lowest or 1), 0)
        self._top = max(self._top, 0)
        self.base_y = self.y(max(self._bottom, 0))

    def y(self, price):
        return round(HEIGHT * (self._top - price) / ((self._top - self._bottom) or 1), 1)

    def has(self, price):
        return self._bottom < price < self._top


def _mark(begin_s, spans):
    middle_s = begin_s + QUARTER_S // 2
    return next((what for first_s, end_s, what in spans if first_s <= middle_s < end_s), None)


def _area(prices, marks, scale, whose):
    """A path of the bars of those marks: from where they stand to the price."""
    bars = [f"M{place} {scale.base_y:g}V{scale.y(price):g}H{place + 1}V{scale.base_y:g}z" for place, (price, mark) in enumerate(zip(prices, marks))
            if price is not None and mark in whose]
    return "".join(bars)


def _line(prices, scale):
    """A path along the tops."""
    found, before = [], None
    for place, price in enumerate(prices):
        if price is not None:
            found.append(f"{'V' if before is not None else f'M{place} '}{scale.y(price):g}H{place + 1}")
        before = price
    return "".join(found)


def _rail(marks, what):
    """[(x, width)] of quarters in a row with that mark."""
    found = []
    for place, mark in enumerate(marks):
        if mark != what:
            continue
        if found and found[-1][1] == place:
            found[-1][1] = place + 1
        else:
            found.append([place, place + 1])
    return [(round(100 * first / QUARTERS, 3), round(100 * (end - first) / QUARTERS, 3)) for first, end in found]


def _ticks(begin_s, tz, _):
    for place in range(QUARTERS):
        there = moments.local(1000 * (begin_s + place * QUARTER_S), tz)
        if there.minute == 0:
            yield Tick(round(100 * place / QUARTERS, 3), f"{there:%H:%M}" if there.hour % LABEL_H == 0 else "",
                       _.date(there, "EEE d") if there.hour == 0 else "")


def _rows(begin_s, clocks, prices, marks, now_ms, tz, _):
    """Lines of the table."""
    place = 0
    while place < QUARTERS:
        end = place + 1
        while end < QUARTERS and (prices[end], marks[end]) == (prices[place], marks[place]):
            end += 1
        when = _("%(begin)s to %(end)s", begin=moments.at(1000 * (begin_s + place * QUARTER_S), now_ms, tz, _), end=clocks[end])
        price = _("not known yet") if prices[place] is None else _.number(prices[place], 3)
        yield Row(when, price, _(SAID[marks[place]]) if marks[place] else "")
        place = end
