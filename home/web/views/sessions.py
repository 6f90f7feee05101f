"""The page of the sessions: one month's list, the months of its year, the years, and what is typed in by hand."""
import dataclasses
import datetime

from home import time_zones
from home.language import vocabulary
from home.language.words import N_
from home.report import MEASURED, Report
from home.store import queries, span_queries
from home.web import moments

FIRST_YEAR = 2000
GAP_ONE = N_("Session %(first)s is missing: there is no record of it here, and it is in no total.")
GAP_MANY = N_("Sessions %(first)s to %(last)s are missing: there is no record of them here, and they are in no total.")
NOTES = {MEASURED: N_("Energy is calculated by the device from the currents that the box measures. It is not calibrated and not for billing others.")}


@dataclasses.dataclass(frozen=True)
class Entry:
    """A row of the list: a gap, which is a sentence, or a session in words."""
    gap: str = ""
    number: int = 0
    begin: str = ""
    begin_iso: str = ""
    duration: str = ""
    energy: str = ""
    cost: str = ""
    vehicle: str = ""
    end: str = ""
    is_estimated: bool = False
    is_cost_estimated: bool = False


@dataclasses.dataclass(frozen=True)
class Total:
    """Of a month or a year. name: what the address calls it."""
    name: str
    label: str
    sessions: str
    energy: str
    count: int = 0
    cost: str = ""
    base: str = ""
    demand: str = ""
    total: str = ""
    missing: str = ""
    is_estimated: bool = False
    is_chosen: bool = False
    month: str = ""     # of a year: where to look at it


@dataclasses.dataclass(frozen=True)
class Page:
    month: str
    label: str
    entries: list
    months: list
    year: Total
    years: list
    earlier: str | None
    later: str | None
    has_base: bool
    has_demand: bool
    measured: str
    meter_rows: list
    now_local: str
    has_any: bool


def month_of(text, tz, otherwise_ms):
    """(year, month) that a query names, else that of a moment."""
    try:
        found = datetime.date.fromisoformat(f"{text}-01")
        if FIRST_YEAR <= found.year < 2100 and len(text) == 7:
            return found.year, found.month
    except (TypeError, ValueError):
        pass
    moment = moments.local(otherwise_ms, tz)
    return moment.year, moment.month


def next_month(year, month, by=1):
    place = 12 * year + month - 1 + by
    return place // 12, place % 12 + 1


def bounds_ms(year, month, tz):
    """[begin, end) of a local month in UTC milliseconds; month None: of the year."""
    first = datetime.date(year, month or 1, 1)
    last = datetime.date(year + 1, 1, 1) if month is None else datetime.date(*next_month(year, month), 1)
    return 1000 * time_zones.begin_of(first, tz), 1000 * time_zones.begin_of(last, tz)


def gather(look):
    """its: the Page of ?month=2026-10, or of the newest session's month."""
    connection, key, tz, _ = look.connection, look.key, look.tz, look.words
    newest = queries.newest_session(connection, key)
    year, month = month_of(look.query.get("month"), tz, newest.order_ms if newest else look.now_ms)
    report = Report(connection, look.service.settings, look.device, key)
    first_ms = span_queries.first_session_ms(connection, key)
    first_year = year if first_ms is None else min(max(moments.local(first_ms, tz).year, FIRST_YEAR), year)
    last_year = max(year, moments.local(newest.order_ms, tz).year if newest else year)
    entries = [entry(one, tz, _) for one in reversed(report.sessions(*bounds_ms(year, month, tz)))]
    rows = report.months(*bounds_ms(year, None, tz))
    months = [month_total(row, f"{year}-{month:02}", _) for row in rows]
    years = [year_total(one, *span_queries.sessions_in(connection, key, *bounds_ms(one, None, tz)), one == year, month_name(newest.order_ms, tz), _)
             for one in range(last_year, first_year - 1, -1)] if newest else []
    name = f"{year}-{month:02}"
    before, after = next_month(year, month, -1), next_month(year, month)
    its = Page(
        month=name, label=month_label(name, _), entries=entries, months=months[::-1], year=sum_of(rows, str(year), str(year), _), years=years,
        earlier="%d-%02d" % before if first_ms is not None and first_ms < bounds_ms(year, month, tz)[0] else None,
        later="%d-%02d" % after if bounds_ms(*after, tz)[0] <= look.now_ms else None,
        has_base=any(row["base"] for row in rows), has_demand=any(row["demand"] for row in rows), measured=_(NOTES[MEASURED]),
        meter_rows=meter(queries.meter_readings(connection, key), tz, _),
        now_local=f"{moments.local(look.now_ms, tz):%Y-%m-%dT%H:%M}", has_any=newest is not None)
    return {"its": its}


def entry(one, tz, _):
    """A row of home/report.py in words."""
    if "gap" in one:
        return Entry(gap=gap_sentence(*one["gap"], _))
    began = datetime.datetime.fromisoformat(one["started_at"]).astimezone(tz) if one["started_at"] else None
    return Entry(
        number=one["number"], begin=began_in_words(began, _), begin_iso=one["started_at"] or "",
        duration="" if one["duration_min"] is None else duration(one["duration_min"], _), energy=energy(one["energy_kwh"], _),
        cost=money(one["cost"], one["currency"], _), vehicle=one["vehicle"] or "",
        end=_.known(vocabulary.SESSION_ENDS, one["reason"]) if one["reason"] else "", is_estimated=one["estimated"],
        is_cost_estimated=bool(one["cost_estimated"]))


def gap_sentence(first, last, _):
    return _(GAP_ONE, first=first) if first == last else _(GAP_MANY, first=first, last=last)


def began_in_words(began, _):
    return _("begin not known") if began is None else _("%(day)s, %(clock)s", day=_.date(began, "EEE d MMM"), clock=f"{began:%H:%M}")


def duration(minutes, _):
    """"13 h 20 min"."""
    hours, rest = divmod(minutes, 60)
    return _("%(h)s h %(min)s min", h=hours, min="%02d" % rest) if hours else _("%(n)s min", n=minutes)


def energy(kwh, _):
    return _("not known") if kwh is None else _("%(n)s kWh", n=_.number(kwh, 2))


def money(amount, currency, _):
    return "" if amount is None else _.money(amount, currency) if currency else _.number(amount, 2)


def month_label(name, _):
    return _.date(datetime.datetime.fromisoformat(name + "-01"), "LLLL y")


def month_total(row, chosen, _):
    total = sum_of([row], row["month"], month_label(row["month"], _), _)
    return dataclasses.replace(total, is_chosen=row["month"] == chosen)


def sum_of(rows, name, label, _):
    """The Total of rows of months, as home/report.py has them."""
    currencies = {row["currency"] for row in rows if row["currency"]}
    is_mixed = any(row["currency"] is None and (row["cost"] or row["base"] or row["demand"]) for row in rows)
    currency = currencies.pop() if len(currencies) == 1 and not is_mixed else None
    is_cost_known = currency is not None and all(row["cost"] is not None for row in rows)
    missing = sum(row["missing"] for row in rows)
    cost, base, demand = (sum(row[part] or 0 for row in rows) for part in ("cost", "base", "demand"))
    return Total(
        name=name, label=label, sessions=_.number(sum(row["sessions"] for row in rows)), energy=energy(sum(row["energy_kwh"] for row in rows), _),
        cost=money(cost, currency, _) if is_cost_known else "", base=money(base, currency, _) if currency and base else "",
        demand=money(demand, currency, _) if currency and demand else "", total=money(cost + base + demand, currency, _) if is_cost_known else "",
        missing=_.ngettext("%(n)s record is missing", "%(n)s records are missing", missing) if missing else "",
        is_estimated=any(row["estimated"] or row["cost_estimated"] for row in rows))


def year_total(year, count, wh, is_chosen, newest, _):
    """newest: the name of the newest month; a year is looked at from its end."""
    return Total(str(year), str(year), _.number(count), energy(wh / 1000, _), count, is_chosen=is_chosen, month=min(f"{year}-12", newest))


def month_name(ms, tz):
    return f"{moments.local(ms, tz):%Y-%m}"


def meter(readings, tz, _):
    """The last readings of the separate meter, the newest first."""
    return [(_.date(moments.local(at_ms, tz), "d MMM y, HH:mm"), energy(wh / 1000, _)) for at_ms, wh in readings[-6:]][::-1]
