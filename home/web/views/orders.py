"""Standing orders as Tonight shows them: those of home.toml and of the page, the departures to come, and the days that are skipped."""
import dataclasses
import datetime

from home import plan_preview, time_zones
from home.language.words import N_
from home.planning import page_orders, planner, standing_orders
from home.store import commands
from home.web import moments, target_forms
from home.web.views import promise, target_status, week

DAYS_AHEAD, MOST = 8, 5
USUAL = {"by": "07:30", "kwh": "12", "max_price": ""}
OR_FULL = N_("%(days)s by %(by)s: %(kwh)s kWh or full")
ABOVE = N_("rather waits above %(price)s")


@dataclasses.dataclass(frozen=True)
class Shown:
    """number: of one of the page, None: it stands in home.toml."""
    number: int | None
    words: str


@dataclasses.dataclass(frozen=True)
class Night:
    """A departure to come. is_fixed: skipped in home.toml; has_target: the device has a target for it already."""
    day: str
    when: str
    what: str
    is_skipped: bool
    is_fixed: bool
    has_target: bool


def gather(look, currency, typed=None):
    """The template's values. currency: of the tariff, None where that is not known; typed: fields of the form, where they were wrong."""
    kept = page_orders.kept(look.connection, look.key)
    orders = page_orders.every(look.connection, look.service.settings, look.device, look.key)
    numbers = [None] * (len(orders) - len(kept)) + [number for number, _ in kept]
    skipped = planner.skipped(look.connection, look.key)
    now_s, today = look.now_ms // 1000, moments.local(look.now_ms, look.tz).date()
    held = promise.held(commands.recent(look.connection, look.key, promise.RECENT), time_zones.rule(look.tz), now_s)
    held_s = held and held[1]
    coming = standing_orders.coming(orders, look.tz, now_s, DAYS_AHEAD)[:MOST]
    nights = [night(one, skipped, held_s, look.now_ms, look.tz, look.words) for one in coming]
    shown_days = {one.day for one in coming}
    return {
        "orders": [Shown(number, in_words(order, currency, look.words)) for number, order in zip(numbers, orders)],
        "nights": nights,
        "skipped_days": [(day.isoformat(), look.words.date(day, "EEE d MMM")) for day in sorted(skipped) if day >= today and day not in shown_days],
        "order_is_typed": typed is not None, "order_fields": USUAL if typed is None else target_forms.texts(typed),
        "order_days": {day for day in plan_preview.DAYS if typed and typed.get(f"order-{day}")} if typed else set(plan_preview.DAYS[:5]),
        "order_day_names": week.day_names(look.words), "may_add": len(kept) < page_orders.MOST,
        "today": today.isoformat(), "last_day": (today + datetime.timedelta(365)).isoformat(),
    }


def in_words(order, currency, _):
    """"Mon–Fri by 07:30: 12 kWh or full, rather waits above €0.30"."""
    days = plan_preview.days_text({plan_preview.DAYS[day] for day in order.days})
    said = _(OR_FULL, days=week.days_in_words(days, _), by=order.by, kwh=target_status.plain(order.kwh, _))
    if order.max_price is None:
        return said
    return f"{said}, {_(ABOVE, price=_.money(order.max_price, currency) if currency else _.number(order.max_price, 2))}"


def night(departure, skipped, held_s, now_ms, tz, _):
    """One departure in words. held_s: the end of the target that the device has, or None."""
    is_fixed = departure.day in departure.order.skip
    return Night(departure.day.isoformat(), moments.at(1000 * departure.until_s, now_ms, tz, _),
                 _("%(n)s kWh", n=target_status.plain(departure.order.kwh, _)), is_fixed or departure.day in skipped, is_fixed,
                 departure.until_s == held_s)
