"""Whether a target is sent for a departure, and which: planned again at every change, sent again only where it is worth a downlink. Pure.

Quarter n is the n-th quarter hour of real time back from the departure, as in the request; prices are by n.
"""
import dataclasses
import functools

from home import plan_preview
from home.commands import fate
from home.planning import cheapest_quarters

QUARTERS, QUARTER_S = 64, 900
PLANNER = fate.PLANNER
SENDS_MAX = 5
RETRY_MS = 1_800_000
# From then on a target goes out although some prices are not known: the device charges in what is known to be cheap, and as late as it can.
LATEST_S = 8 * 3600
# So much of the time before the departure, or twice the time it needs, a car that is not there yet will be there for.
ABSENT_QUARTERS = LATEST_S // QUARTER_S
# Sums of prices as integers: equal prices are equal, and the later quarter is taken.
_PARTS = 100_000


@dataclasses.dataclass(frozen=True)
class Facts:
    """prices: {n: price of a kWh with all parts, None: not known} in order of time, without quarters that are avoided.

    left_kwh: of the order's energy. plugged: a car is there. commands: those of the last day, newest first. zone: the device's, as a POSIX TZ string.
    heard_ms: when it was heard last.
    """
    prices: dict
    power_kw: float
    left_kwh: float
    plugged: bool
    commands: tuple
    zone: str
    heard_ms: int | None = None


@dataclasses.dataclass(frozen=True)
class Decision:
    """request: to be sent now, or None. why: one word; quarters: what is planned; cost: what it is foreseen to cost, None: unknown.

    unknown: how many quarters that may still come have no price.
    """
    request: dict | None
    why: str
    quarters: tuple = ()
    cost: float | None = None
    unknown: int = 0


def decide(departure, facts, now_s):
    """The Decision for that departure."""
    order, until_s = departure.order, departure.until_s
    if until_s - now_s > QUARTERS * QUARTER_S:
        return Decision(None, "early")
    if is_silenced(facts, until_s, now_s):
        return Decision(None, "silenced")
    needed = quarters_needed(facts.left_kwh, facts.power_kw)
    if not needed:
        return Decision(None, "reached")
    own = own_targets(facts.commands, facts.zone, until_s)
    prices = usable_prices(facts, open_quarters(until_s, now_s, own[0].request["target"]["quarters"] if own else ()), needed)
    quarters = planned(order, prices, needed)
    per_quarter = facts.power_kw / 4
    decision = Decision(None, "kept", quarters, cost(prices, charged_in(prices, quarters, needed), per_quarter),
                        list(prices.values()).count(None))
    has_failed = bool(own) and (own[0].fate in fate.FAILED or is_lost(own[0], facts.heard_ms, 1000 * now_s))
    if own and own[0].is_pending and not has_failed:
        return dataclasses.replace(decision, why="on_its_way")
    if sum(one.sends for one in own) + fate.sends_max(PLANNER) > SENDS_MAX:
        return dataclasses.replace(decision, why="sent_often")
    if has_failed:
        if own[0].fate in fate.FAILED and 1000 * now_s - own[0].changed_ms < RETRY_MS:
            return dataclasses.replace(decision, why="refused")
    elif unreplaced(own[:1], facts.commands, facts.zone, until_s) and _is_kept(order, own[0], facts, until_s, needed, prices, quarters):
        return decision
    elif not own and not _is_known_enough(prices, facts.plugged, until_s - now_s):
        return dataclasses.replace(decision, why="waits_for_prices")
    return dataclasses.replace(decision, request=request(order, quarters, until_s - now_s), why="again" if own else "first")


def is_lost(command, heard_ms, now_ms):
    """Sent as often as the desk does, without an answer for half an hour, and the device was heard since: it may be sent again."""
    tried_ms = command.sent_ms or command.tried_ms
    return (command.is_pending and command.fate != "queued" and command.sends >= fate.sends_max(command.who) and now_ms - tried_ms >= RETRY_MS
            and heard_ms is not None and heard_ms > tried_ms)


def open_quarters(until_s, now_s, running=()):
    """Numbers of quarters in order of time that have not begun; the one that runs, too, if it is among those that a target has already."""
    first = min(max((until_s - now_s) // QUARTER_S, 0), QUARTERS)
    more = first + 1 if first < QUARTERS and first + 1 in running and (until_s - now_s) % QUARTER_S else first
    return range(int(more), 0, -1)


def usable_prices(facts, usable, needed):
    """{n: price} of those quarters, without avoided ones; of a car that is not there yet those in which it will be."""
    most = QUARTERS if facts.plugged else max(ABSENT_QUARTERS, 2 * needed)
    return {n: facts.prices[n] for n in usable if n in facts.prices and n <= most}


def quarters_needed(kwh, power_kw):
    return max(-int(-kwh * 4 // power_kw), 0)


def planned(order, prices, needed):
    """Numbers of the cheapest quarters for an order, ascending. prices: {n: price or None} in order of time."""
    numbers = range(max(prices, default=0), 0, -1)
    parts = tuple(None if prices.get(n) is None else round(prices[n] * _PARTS) for n in numbers)
    ceiling = None if order.max_price is None else round(order.max_price * _PARTS)
    return tuple(sorted(numbers[place] for place in _chosen(parts, needed, order.runs_max, order.run_min, ceiling)))


@functools.lru_cache(16)
def _chosen(parts, needed, runs_max, run_min, ceiling):
    """Nearly always asked for the same as a minute ago."""
    return cheapest_quarters.choose(parts, needed, runs_max, run_min, ceiling=ceiling)


def charged_in(prices, quarters, needed):
    """In which quarters it will charge: those that a target names as they come, and what is missing then as late as it can."""
    named = [n for n in prices if n in quarters][:needed]
    return [*named, *[n for n in reversed(prices) if n not in named][:needed - len(named)]]


def cost(prices, charged, per_quarter, unknown=None):
    """Of so many kWh in each of these quarters; None where a price is not known. unknown: what is taken for such a one instead."""
    found = [unknown if prices[n] is None else prices[n] for n in charged]
    return None if None in found else sum(found) * per_quarter


def is_kept(order, target, quarters, prices, needed, per_quarter):
    """Whether the target that the device has stays: with these quarters it would not save more than the order says.

    A price that is not known counts as the highest one: a plan does not get better by what is not known.
    """
    if target.get("kwh") != order.kwh or target.get("current_a") != order.current_a:
        return False
    highest = max((price for price in prices.values() if price is not None), default=0)
    old, new = (cost(prices, charged_in(prices, one, needed), per_quarter, highest) for one in (target["quarters"], quarters))
    return old - new <= order.worth


def _is_kept(order, own, facts, until_s, needed, prices, quarters):
    """Of the prices of now. While there is no car it also stays if only time has passed since: that is made up for once, when the car comes."""
    target, per_quarter = own.request["target"], facts.power_kw / 4
    if is_kept(order, target, quarters, prices, needed, per_quarter):
        return True
    if facts.plugged:
        return False
    then = usable_prices(facts, open_quarters(until_s, own.at_ms // 1000), needed)
    return is_kept(order, target, planned(order, then, needed), then, needed, per_quarter)


def request(order, quarters, left_s):
    """The formatter's words. After the departure nobody needs it any more."""
    target = {"until": order.by, "kwh": order.kwh, "quarters": list(quarters)}
    if order.current_a is not None:
        target["current_a"] = order.current_a
    return {"target": target, "expires_in_s": min(int(left_s), fate.expires_in_s("target"))}


def is_silenced(facts, until_s, now_s):
    """Somebody else sent a target for that night, ended ours, or took it back. One of the afternoon before silences until it is over."""
    own = own_targets(facts.commands, facts.zone, until_s)
    since_ms = own[-1].at_ms if own else None
    for one in facts.commands:
        if one.name == "target" and one.who == PLANNER:
            if one in own and (one.fate == "withdrawn" or one.detail == "superseded"):
                return True
        elif one.fate in fate.FAILED or one.fate == "withdrawn":
            continue
        elif one.name == "target":
            its_s = target_until_s(one, facts.zone)
            if its_s is None or its_s > min(now_s, until_s - LATEST_S):
                return True
        elif one.name in ("skip", "resume_plan") and since_ms is not None and one.at_ms > since_ms:
            return True
    return False


def own_targets(commands, zone, until_s):
    """The planner's targets for that departure, newest first."""
    return [one for one in commands if one.name == "target" and one.who == PLANNER and target_until_s(one, zone) == until_s]


def unreplaced(targets, commands, zone, until_s):
    """Those of the targets for that departure since which the device took none for another one: it has one at a time."""
    other_ms = max((one.at_ms for one in commands if one.name == "target" and one.fate == "done" and target_until_s(one, zone) != until_s), default=0)
    return [one for one in targets if one.at_ms > other_ms]


def target_until_s(command, zone):
    """The end of a target in UTC seconds, or None."""
    target = command.request.get("target")
    issued_s = command.issued_at or command.at_ms // 1000
    until = target.get("until") if isinstance(target, dict) else None
    return plan_preview.next_time(zone, issued_s, until) if isinstance(until, str) else None


def _is_known_enough(prices, plugged, left_s):
    """All prices; otherwise a car must wait already, or the time be short."""
    return None not in prices.values() or plugged or left_s <= LATEST_S
