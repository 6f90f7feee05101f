"""A wish for one departure, as Home Assistant sends it: a standing order for that time alone, before those of home.toml."""
import json
import re

from home import plan_preview, time_zones
from home.planning import standing_orders
from home.planning.standing_orders import QUARTER_MIN, Departure, StandingOrder
from home.store import memory
from home.store.database import writing

KWH_MAX = 655.35
BODY_MAX = 1000
# In the tariff's currency, as where a standing order says nothing.
WORTH = 0.2


def parsed(body):
    """{"by", "kwh", "current_a"} of {"until": "07:30", "kwh": 20, "current_a": 16}; None where it is taken back. ValueError says what is wrong."""
    try:
        told = json.loads(body) if len(body) <= BODY_MAX else None
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise ValueError('must be as {"until": "07:30", "kwh": 20}')
    until, kwh, current_a = told.get("until"), told.get("kwh"), told.get("current_a")
    if until is None and kwh is None:
        return None
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)(:\d\d)?", until) if isinstance(until, str) else None
    if not found:
        raise ValueError(f"until: {str(until)[:20]!r} is no time, as 07:30")
    if not _is_number(kwh, 0.01, KWH_MAX):
        raise ValueError(f"kwh: must be 0.01 to {KWH_MAX}")
    if current_a is not None and not _is_number(current_a, 6, 80):
        raise ValueError("current_a: must be 6 to 80")
    # Prices are by the quarter of an hour; rather a little too soon.
    by = f"{found[1]}:{int(found[2]) // QUARTER_MIN * QUARTER_MIN:02}"
    return {"by": by, "kwh": standing_orders.as_sent_kwh(kwh), "current_a": None if current_a is None else standing_orders.as_sent_a(current_a)}


def _is_number(value, low, high):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high


def put(engine, insert, key, wish, tz, now_s):
    """Keep that wish for the next such local time, in the place of an earlier one; None: none."""
    zone = time_zones.rule(tz)
    until_s = plan_preview.next_time(zone, int(now_s), wish["by"]) if wish and zone else None
    with writing(engine) as connection:
        memory.put(connection, insert, _place(key), {**wish, "until_s": until_s} if until_s else None)


def departure(connection, key, device, now_s):
    """The Departure that is wished for, until it is over; or None."""
    kept = memory.get(connection, _place(key))
    if not kept or kept["until_s"] <= now_s:
        return None
    order = StandingOrder(device=device.name, days=frozenset(range(7)), by=kept["by"], kwh=kept["kwh"], current_a=kept["current_a"], power_kw=None,
                          max_price=None, runs_max=4, run_min=1, worth=WORTH, avoid=(), skip=frozenset())
    return Departure(order, kept["until_s"], time_zones.utc(kept["until_s"]).astimezone(device.timezone).date())


def _place(key):
    return f"planning/wish/{key}"
