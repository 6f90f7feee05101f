"""The night by prices: the target that the device has, or will get, or would; its quarter hours, what they cost, and what is saved."""
import dataclasses
import statistics

from home import plan_preview, time_zones
from home.commands import fate
from home.language.words import N_
from home.planning import night_costs, night_facts, replan, standing_orders
from home.report import Report
from home.store import commands, queries, span_queries
from home.web import moments, target_forms
from home.web.views import held_plan, price_strip, promise, target_status

# What is offered where nothing else says what is wanted: the next of these departures that is so far away, with what sessions took before.
USUAL_BY, USUAL_FROM_S, USUAL_KWH = ("07:00", "17:00"), 5 * 3600, 10
SESSIONS_MS = 30 * moments.DAY_MS
# With what a night is compared where the device has no plan.
PLAIN_WINDOW = {"days": "daily", "from": "22:00", "to": "06:00"}
# What it is compared with: (where it is cheaper, where it is dearer).
AT_ONCE = N_("saved against charging at once"), N_("more than charging at once")
PLAN = N_("saved against the plan of the week"), N_("more than by the plan of the week")
PLAIN = N_("saved against 22:00 to 06:00"), N_("more than from 22:00 to 06:00")
# Less is no difference.
SMALL = 0.005


@dataclasses.dataclass(frozen=True)
class Wish:
    """So much energy by then. order: a StandingOrder; quarters: those that a target names, None: the cheapest are to be chosen. row: its command."""
    order: standing_orders.StandingOrder
    until_s: int
    quarters: tuple | None = None
    row: object = None


@dataclasses.dataclass(frozen=True)
class Run:
    """Quarter hours in a row that charge, in words."""
    when: str
    what: str
    is_late: bool


@dataclasses.dataclass(frozen=True)
class Planned:
    """flows: {n: kWh} in the order of choice; late: the n of those that no price chose; missing_kwh: what does not fit before the end."""
    flows: dict
    late: frozenset
    left_kwh: float
    power_kw: float

    @property
    def missing_kwh(self):
        return max(self.left_kwh - sum(self.flows.values()), 0)


def gather(look, plan, device_status=None, typed=None):
    """The template's values; None where nothing tells what is cheap. device_status: the newest; typed: fields of the form, to be shown before
    they are sent."""
    report = Report(look.connection, look.service.settings, look.device, look.key)
    zone, now_s = time_zones.rule(look.tz), look.now_ms // 1000
    if report.tariff.is_empty or not zone:
        return None
    rows = commands.recent(look.connection, look.key, promise.RECENT)
    newest, held = target_status.newest(rows, zone, now_s), promise.held(rows, zone, now_s)
    decided = look.service.planner and look.service.planner.decided(look.device)
    problem, wish = None, None
    if typed is not None:
        try:
            wish = typed_wish(look, zone, typed)
        except target_forms.Wrong as wrong:
            problem = wrong
    wish = wish or _wish(look, zone, newest, decided)
    row, is_typed = wish.row, typed is not None and problem is None
    event = promise.missed(look, row) if row is not None and row.fate == "done" else None
    planned = plan_of(look, wish, rows, zone)
    status, said = (target_status.NONE, look.words(target_status.TYPED)) if is_typed else target_status.state(row, look.words)
    waits = target_status.why(decided[1], decided[0].until_s, look.now_ms, look.tz, look.words) if decided and row is None and not is_typed else ""
    at = moments.at(1000 * wish.until_s, look.now_ms, look.tz, look.words)
    return {
        **_prices(look, report.tariff, wish, planned, plan),
        "kwh": target_status.plain(wish.order.kwh, look.words), "at": at, "is_full": _is_full(wish),
        "state": status, "said": said if not waits else waits, "is_typed": is_typed, "problem": problem,
        "way": target_status.way(row, look.now_ms, look.tz, look.words) if row is not None and status != target_status.FAILED else (),
        "possible": _possible(row, event, device_status or {}, at, look.words), "missed": target_status.missed(event, look.words),
        "if_dead": target_status.if_network_dies(newest and newest[0], held, plan, look.now_ms, look.tz, look.words),
        "fields": target_forms.texts(typed) if typed is not None else _fields(wish),
    }


def _possible(row, event, device_status, at, _):
    if row is None or row.fate != "done":
        return ""
    return promise.suspended(device_status, at, _) or target_status.possible(row, event, at, _)


def typed_wish(look, zone, typed):
    """What somebody typed. target_forms.Wrong where it is none."""
    order = standing_orders.of_words(look.device.name, target_forms.words(typed))
    return Wish(order, plan_preview.next_time(zone, look.now_ms // 1000, order.by))


def request(look, typed):
    """The target that is asked for by what somebody typed, in the formatter's words. target_forms.Wrong where it is none."""
    zone = time_zones.rule(look.tz)
    if not zone:
        raise target_forms.Wrong("by", typed.get("by", ""))
    wish = typed_wish(look, zone, typed)
    quarters, _ = _chosen(look, wish, commands.recent(look.connection, look.key, promise.RECENT), zone)
    return replan.request(wish.order, quarters, wish.until_s - look.now_ms // 1000)


def _wish(look, zone, newest, decided):
    """What the device has or is to have; else what the next standing order wants; else what is usual."""
    departures = [(plan_preview.next_time(zone, look.now_ms // 1000 + USUAL_FROM_S, by), by) for by in USUAL_BY]
    usual_s, usual_by = min(departures)
    usual = standing_orders.of_words(look.device.name, {"by": usual_by, "kwh": usual_kwh(look)})
    if newest is not None:
        row, until_s = newest
        target = row.request["target"]
        listed = target.get("quarters")
        quarters = tuple(n for n in listed if isinstance(n, int) and 1 <= n <= replan.QUARTERS) if isinstance(listed, list) else ()
        order = decided[0].order if decided and decided[0].until_s == until_s else usual
        its_kwh = fate.asked_kwh(row.request)
        order = dataclasses.replace(order, by=str(target.get("until"))[:5], kwh=usual.kwh if its_kwh is None else its_kwh)
        return Wish(order, until_s, quarters, row)
    if decided:
        return Wish(decided[0].order, decided[0].until_s, decided[1].quarters or None)
    return Wish(usual, usual_s)


def usual_kwh(look):
    """The median of what sessions of a month took, in whole kWh."""
    rows = queries.sessions_between(look.connection, look.key, look.now_ms - SESSIONS_MS, look.now_ms)
    found = [row.energy_wh for row in rows if row.energy_wh]
    return max(round(statistics.median(found) / 1000), 1) if found else USUAL_KWH


def plan_of(look, wish, rows, zone):
    """What charges when: the quarters named, as far as they are needed, and the rest as late as it can."""
    quarters, (prices, left_kwh, power_kw) = _chosen(look, wish, rows, zone)
    charged = replan.charged_in(prices, quarters, replan.quarters_needed(left_kwh, power_kw))
    return Planned(night_costs.spread(charged, left_kwh, power_kw / 4), frozenset(charged) - frozenset(quarters), left_kwh, power_kw)


def _chosen(look, wish, rows, zone):
    """(the quarters of a target, (prices of those that may still come, kWh left, power)). They are chosen as for a standing order."""
    now_s = look.now_ms // 1000
    departure = standing_orders.Departure(wish.order, wish.until_s, moments.local(1000 * wish.until_s, look.tz).date())
    facts = night_facts.gather(look.connection, look.service.settings, look.device, look.key, departure, now_s)
    targets = [one for one in rows if one.name == "target" and promise.ending_s(one, zone) == wish.until_s]
    targets = replan.unreplaced(targets, rows, zone, wish.until_s)
    newest = span_queries.reading_before(look.connection, look.key, look.now_ms + 1)
    left_kwh = night_facts.left_kwh(look.connection, look.key, wish.order.kwh, targets, newest, look.now_ms)
    # The quarter hour that runs is not chosen any more, but in a late start the device charges in it.
    chosen, running = wish.quarters, replan.open_quarters(wish.until_s, now_s, range(1, replan.QUARTERS + 1))
    if chosen is None:
        needed = replan.quarters_needed(left_kwh, facts.power_kw)
        chosen = replan.planned(wish.order, replan.usable_prices(facts, replan.open_quarters(wish.until_s, now_s), needed), needed)
    return chosen, ({n: facts.prices[n] for n in running if n in facts.prices}, left_kwh, facts.power_kw)


def _prices(look, tariff, wish, planned, plan):
    """The strip, the runs, what it costs and saves."""
    _, now_s, until_s = look.words, look.now_ms // 1000, wish.until_s
    begin_s = price_strip.begin_of(now_s)
    spans = [(until_s - n * replan.QUARTER_S, until_s - (n - 1) * replan.QUARTER_S, price_strip.LATE if n in planned.late else price_strip.CHEAP)
             for n in planned.flows]
    prices = [night_facts.price_at(tariff, begin_s + place * replan.QUARTER_S) for place in range(price_strip.QUARTERS)]
    currency = next((found for place in range(price_strip.QUARTERS) if (found := tariff.price(begin_s // replan.QUARTER_S + place).currency)), None)
    drawn = price_strip.strip(look.now_ms, look.tz, prices, spans, until_s, wish.order.max_price, _)
    # All that may still come, whatever the order avoids.
    left = {n: night_facts.price_at(tariff, until_s - n * replan.QUARTER_S) for n in range(-(-(until_s - now_s) // replan.QUARTER_S), 0, -1)}
    ours = night_costs.night(left, planned.flows, planned.left_kwh, planned.power_kw / 4)
    at_once = night_costs.night(left, left, planned.left_kwh, planned.power_kw / 4)
    name, inside = _window(left, until_s, now_s, plan, time_zones.rule(look.tz))
    plain = night_costs.night(left, inside, planned.left_kwh, planned.power_kw / 4)
    return {
        "strip": drawn, "currency": currency, "runs": runs(planned, left, until_s, currency, look.now_ms, look.tz, _),
        "price_lines": [_extreme(words, found, currency, _) for words, found in ((CHEAPEST, drawn.lowest), (DEAREST, drawn.highest)) if found],
        "is_late": bool(planned.late), "missing_kwh": _.number(planned.missing_kwh, 1) if planned.missing_kwh > promise.ROUNDED_KWH else None,
        "power": _.number(planned.power_kw, 1), "sources": sorted({part.source for part in tariff.parts if part.source}),
        "cost": None if ours.amount is None or currency is None or not planned.flows else _.money(ours.amount, currency),
        "left": target_status.plain(planned.left_kwh, _),
        "saved": [_saved(words, night_costs.saved(ours, other), currency, _) for words, other in ((AT_ONCE, at_once), (name, plain))
                  if currency is not None and planned.flows and night_costs.saved(ours, other) is not None],
    }


CHEAPEST = N_("cheapest: %(price)s, %(at)s")
DEAREST = N_("dearest: %(price)s, %(at)s")


def _extreme(words, found, currency, _):
    at, price = found
    return _(words, at=at, price=_.number(price, 3) if currency is None else _.money(price, currency))


def _saved(words, amount, currency, _):
    """(what of, how much)."""
    cheaper, dearer = words
    return (_(cheaper), _.money(max(amount, 0), currency)) if amount > -SMALL else (_(dearer), _.money(-amount, currency))


def _window(left, until_s, now_s, plan, zone):
    """(name, quarters) of the plan of the week, or of a plain window where the device has none."""
    has_plan = bool(plan.windows) and plan.proof != held_plan.OTHER
    openings = plan_preview.openings(plan.windows if has_plan else [PLAIN_WINDOW], zone, now_s, until_s)
    spans = [(one.begin_s, one.end_s) for one in openings]
    middles = {n: until_s - n * replan.QUARTER_S + replan.QUARTER_S // 2 for n in left}
    return PLAN if has_plan else PLAIN, [n for n, at_s in middles.items() if any(first_s <= at_s < end_s for first_s, end_s in spans)]


def runs(planned, prices, until_s, currency, now_ms, tz, _):
    """The Runs, in order of time."""
    found = []
    for n in sorted(planned.flows, reverse=True):
        is_late = n in planned.late
        if found and found[-1][-1] == n + 1 and (found[-1][0] in planned.late) == is_late:
            found[-1].append(n)
        else:
            found.append([n])
    return tuple(_run(planned, one, prices, until_s, currency, now_ms, tz, _) for one in found)


def _run(planned, its, prices, until_s, currency, now_ms, tz, _):
    begin_s, end_s = until_s - its[0] * replan.QUARTER_S, until_s - (its[-1] - 1) * replan.QUARTER_S
    when = _("%(begin)s to %(end)s", begin=moments.at(1000 * begin_s, now_ms, tz, _), end=moments.clock(1000 * end_s, tz))
    kwh = sum(planned.flows[n] for n in its)
    parts = [_("%(n)s kWh", n=_.number(kwh, 1))]
    if currency is not None and all(prices.get(n) is not None for n in its):
        parts.append(_.money(sum(prices[n] * planned.flows[n] for n in its), currency))
    return Run(when, " · ".join(parts), its[0] in planned.late)


def _is_full(wish):
    """Whether the target names no energy: then the device charges in the quarters named, until the car is full."""
    return wish.row is not None and fate.asked_kwh(wish.row.request) is None


def _fields(wish):
    order = wish.order
    return {"by": order.by, "kwh": f"{order.kwh:g}", "max_price": "" if order.max_price is None else f"{order.max_price:g}"}


def spans(look, zone):
    """([(begin s, end s)] in which the target on the device lets current flow, its end) for the strip of hours; None without one."""
    its = promise.held(commands.recent(look.connection, look.key, promise.RECENT), zone, look.now_ms // 1000) if zone else None
    if its is None:
        return None
    row, until_s = its
    listed = row.request["target"].get("quarters")
    numbers = sorted((n for n in listed if isinstance(n, int) and 1 <= n <= replan.QUARTERS), reverse=True) if isinstance(listed, list) else []
    found = []
    for n in numbers:
        begin_s, end_s = until_s - n * replan.QUARTER_S, until_s - (n - 1) * replan.QUARTER_S
        if found and found[-1][1] == begin_s:
            found[-1] = found[-1][0], end_s
        else:
            found.append((begin_s, end_s))
    return found, until_s
