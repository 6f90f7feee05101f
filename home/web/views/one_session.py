"""The page of one session: its power over time with the limit and the reasons, and what each quarter of an hour cost."""
import dataclasses

from home import sessions
from home.language import vocabulary
from home.language.words import N_
from home.report import Report
from home.store import queries, span_queries
from home.tariff.prices import QUARTER_S
from home.web import moments, plot
from home.web.views import sessions as sessions_view

QUARTER_MS = 1000 * QUARTER_S
# Beyond that nothing is known about what lies between two readings.
SILENT_MS = 3 * moments.HOUR_MS
POWER, MEAN, LIMIT, TIME = N_("Power"), N_("Mean power of each quarter of an hour"), N_("Limit"), N_("Time")


@dataclasses.dataclass(frozen=True)
class Reason:
    """A span with one reason. name: of its colour; sentence: what it means."""
    name: str
    begin: str
    end: str
    duration: str
    sentence: str


@dataclasses.dataclass(frozen=True)
class Plot:
    """Axes are evenly spaced texts: x from begin to end, y from top to bottom in kW, amperes from top to bottom."""
    lines: list
    bands: list
    x: list
    y: list
    amperes: list
    script: dict
    is_from_readings: bool


@dataclasses.dataclass(frozen=True)
class Quarter:
    begin: str
    energy: str
    price: str
    cost: str
    is_sure: bool


@dataclasses.dataclass(frozen=True)
class Page:
    entry: sessions_view.Entry
    box: int
    month: str
    began: str
    ended: str
    day: str
    plot: Plot | None
    reasons: list
    quarters: list
    most: str
    vehicle: str
    vehicles: list
    before: int | None
    after: int | None


def gather(look, number):
    """its: the Page of the session with that number, or None: there is none."""
    connection, key, tz, _ = look.connection, look.key, look.tz, look.words
    row = queries.one_session(connection, key, number)
    if row is None:
        return None
    report = Report(connection, look.service.settings, look.device, key)
    quarters = span_queries.quarters_of(connection, row.id)
    begin_ms, end_ms = row.order_ms, max(sessions.end_ms(row), row.order_ms + moments.MINUTE_MS)
    readings = span_queries.readings(connection, key, begin_ms, end_ms + 1)
    spans = reason_spans(readings, end_ms)
    shown = report.session(row, quarters)
    before, after = queries.neighbours(connection, key, row.number)
    power_kw = [value for ms, value in power_points(readings, end_ms) or quarter_points(quarters) if value is not None]
    its = Page(
        entry=sessions_view.entry(shown, tz, _), box=row.box, month=f"{moments.local(begin_ms, tz):%Y-%m}", began=moments.clock(begin_ms, tz),
        most=_.number(max(power_kw, default=0), 1), ended=moments.clock(end_ms, tz) if shown["ended_at"] else "",
        day=_.date(moments.local(begin_ms, tz), "EEEE d MMMM y"), plot=drawn(readings, quarters, spans, begin_ms, end_ms, tz, _),
        reasons=[Reason(name, moments.clock(first_ms, tz), moments.clock(last_ms, tz),
                        sessions_view.duration(round((last_ms - first_ms) / moments.MINUTE_MS), _), _.known(vocabulary.REASONS, name))
                 for name, first_ms, last_ms in spans],
        quarters=[quarter(one, wh, is_sure, report.tariff, tz, _) for one, wh, is_sure in quarters], vehicle=row.vehicle or "",
        vehicles=queries.vehicles(connection), before=before, after=after)
    return {"its": its}


def quarter(one, wh, is_sure, tariff, tz, _):
    price = None if tariff.is_empty else tariff.price(one)
    is_known = price is not None and price.kwh is not None and price.currency is not None
    return Quarter(
        begin=moments.clock(one * QUARTER_MS, tz), energy=sessions_view.energy(wh / 1000, _),
        price=_("%(n)s a kWh", n=_.money(price.kwh, price.currency)) if is_known else "",
        cost=sessions_view.money(price.kwh * wh / 1000, price.currency, _) if is_known else "", is_sure=is_sure)


def reason_spans(readings, end_ms):
    """[(reason, begin, end)] between changes; what nothing was heard of for long ends before that."""
    spans = []
    for row in readings:
        name = row.reason or row.state
        if spans and spans[-1][0] == name and row.at_ms - spans[-1][2] <= SILENT_MS:
            spans[-1][2] = row.at_ms
            continue
        if spans and row.at_ms - spans[-1][2] <= SILENT_MS:
            spans[-1][2] = row.at_ms
        spans.append([name, row.at_ms, row.at_ms])
    if spans and end_ms - spans[-1][2] <= SILENT_MS:
        spans[-1][2] = end_ms
    # That the car has left is heard at the end, and belongs to the time after it.
    if spans and spans[-1][0] == "no_vehicle" and spans[-1][2] - spans[-1][1] < moments.MINUTE_MS:
        spans.pop()
    return [tuple(span) for span in spans if span[2] > span[1]]


def power_points(readings, end_ms):
    """[(ms, kW)] of what was read; a long silence breaks the line. [] where no power was measured."""
    points, before_ms = [], None
    for row in readings:
        if before_ms is not None and row.at_ms - before_ms > SILENT_MS:
            points.append((before_ms + 1, None))
        value = None if row.power_w is None else row.power_w / 1000
        points.append((row.at_ms, value))
        before_ms = row.at_ms
    return points if any(value is not None for ms, value in points) else []


def quarter_points(quarters):
    """[(ms, kW)] of the mean power of each quarter hour; where nothing flowed it is zero."""
    points = []
    for place, (one, wh, _is_sure) in enumerate(quarters):
        points.append((one * QUARTER_MS, wh * 4 / 1000))
        if place + 1 == len(quarters) or quarters[place + 1][0] != one + 1:
            points.append(((one + 1) * QUARTER_MS, 0))
    return points


def drawn(readings, quarters, spans, begin_ms, end_ms, tz, _):
    """The Plot, or None: nothing is known of it but its sum."""
    power = power_points(readings, end_ms)
    is_from_readings = len(power) > 1
    points = power if is_from_readings else quarter_points(quarters)
    low, high = plot.scale([value for ms, value in points])
    if is_from_readings:
        series = [plot.Series("power", _(POWER), "kW", points, low, high, is_step=True)]
    elif quarters:
        series = [plot.Series("power", _(MEAN), "kW", points, low, high, is_step=True)]
        begin_ms, end_ms = min(begin_ms, quarters[0][0] * QUARTER_MS), max(end_ms, (quarters[-1][0] + 1) * QUARTER_MS)
    else:
        return None
    limits = [(row.at_ms, row.limit_a) for row in readings]
    amperes = []
    if any(value is not None for ms, value in limits):
        bottom, top = plot.scale([value for ms, value in limits])
        series.append(plot.Series("limit", _(LIMIT), "A", [*limits, (end_ms, limits[-1][1])], bottom, top, is_step=True))
        amperes = plot.tick_words(bottom, top, _.number)
    return Plot(
        lines=[plot.line(one, begin_ms, end_ms) for one in series], bands=plot.bands(spans, begin_ms, end_ms),
        x=[moments.clock(ms, tz) for ms in plot.x_ticks(begin_ms, end_ms)],
        y=plot.tick_words(low, high, _.number), amperes=amperes,
        script=plot.aligned(series, begin_ms, end_ms, moments.local(begin_ms, tz).utcoffset().total_seconds(), _(TIME)),
        is_from_readings=is_from_readings)
