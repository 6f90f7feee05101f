"""[[standing_order]] of home.toml: so much energy by that hour on those days; and which departure is next. Pure but for the settings' files."""
import dataclasses
import datetime
import re

from home import plan_preview, setting_checks, time_zones
from home.tariff import windows
from home.tariff.prices import Tariff

QUARTER_MIN = 15
DAY_S = 86400
# A departure that is skipped on more days than that in a row is not looked for.
DAYS_AHEAD = 8


@dataclasses.dataclass(frozen=True)
class StandingOrder:
    """kwh by `by` on the weekdays `days` (0 is Monday), but for the days of `skip`.

    device: a device's name. power_kw: what the car draws, None: as it did before. max_price: of a kWh with all parts, above which it waits.
    runs_max, run_min: how many runs, and of how many quarters at least. worth: what sending again must save, in the tariff's currency.
    """
    device: str
    days: frozenset
    by: str
    kwh: float
    current_a: float | None
    power_kw: float | None
    max_price: float | None
    runs_max: int
    run_min: int
    worth: float
    avoid: tuple
    skip: frozenset


@dataclasses.dataclass(frozen=True)
class Departure:
    """A standing order's next one: UTC seconds, and the local day."""
    order: StandingOrder
    until_s: int
    day: datetime.date


def next_departure(orders, tz, now_s, skipped=()):
    """The nearest Departure after now_s, of several at that hour the one with the most energy, or None. skipped: local days that are left out by
    hand, for all orders."""
    zone = time_zones.rule(tz)
    found = [departure for order in orders if zone and (departure := _next(order, tz, zone, now_s, skipped))]
    return min(found, key=lambda departure: (departure.until_s, -departure.order.kwh), default=None)


def coming(orders, tz, now_s, days):
    """[Departure] of the next so many days, in order of time, those that are skipped as well."""
    found, zone = [], time_zones.rule(tz)
    for order in orders if zone else ():
        plain, at_s = dataclasses.replace(order, skip=frozenset()), now_s
        while (departure := _next(plain, tz, zone, at_s, ())) is not None and departure.until_s < now_s + days * DAY_S:
            found.append(dataclasses.replace(departure, order=order))
            at_s = departure.until_s
    return sorted(found, key=lambda departure: departure.until_s)


def _next(order, tz, zone, now_s, skipped):
    at_s = now_s
    while at_s is not None and at_s < now_s + DAYS_AHEAD * DAY_S:
        at_s = plan_preview.next_time(zone, int(at_s), order.by)
        if at_s is None:
            return None
        local = time_zones.utc(at_s).astimezone(tz)
        day = local.date()
        # Of an hour that comes twice the first one counts.
        if not local.fold and day.weekday() in order.days and day not in order.skip and day not in skipped:
            return Departure(order, at_s, day)
    return None


# --- settings


def _days(value):
    return frozenset(windows.ranges(setting_checks.text(value), windows.DAYS, windows.EVERY_DAY))


def _by(value):
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", str(value))
    if not found or int(found[2]) % QUARTER_MIN:
        raise ValueError(f"{value!r} is no time to the quarter hour, as 07:30")
    return value


def _skip(value):
    if not isinstance(value, list):
        raise ValueError("must be a list of days, as [2026-12-24]")
    return frozenset(map(setting_checks.day, value))


def as_sent_kwh(value):
    """The nearest energy that a request can carry, in steps of 10 Wh."""
    return round(value, 2)


def as_sent_a(value):
    """The nearest current that a request can carry, in steps of half an ampere."""
    return round(2 * value) / 2


def _sent(rounded, low, high):
    check = setting_checks.number(low, high)
    return lambda value: rounded(check(value))


def _run_min(value):
    if setting_checks.whole(15, 240)(value) % QUARTER_MIN:
        raise ValueError("must be in quarters of an hour, as 30")
    return value


def of_words(device, words):
    """The StandingOrder of a device's name and fields of [[standing_order]]. Wrong where it is none."""
    known, values = fields(None), {"device": device}
    for name, (check, default) in known.items():
        try:
            values[name] = check(words[name]) if name in words else values.get(name, default)
        except ValueError:
            raise Wrong(name) from None
    for name in NEEDED:
        if values[name] is None:
            raise Wrong(name)
    return _order(values)


class Wrong(ValueError):
    """No standing order; args[0]: the field that is wrong."""


NEEDED = ("by", "kwh")


def fields(required):
    """The row of setting_fields.REFERENCE. required: what stands for a field that must be given."""
    return {
        "device": (setting_checks.text, ""), "days": (_days, frozenset(range(7))), "by": (_by, required),
        "kwh": (_sent(as_sent_kwh, 0.01, 655.35), required), "current_a": (_sent(as_sent_a, 6, 80), None),
        "power_kw": (setting_checks.number(1, 100), None), "max_price": (setting_checks.number(-1000, 1000), None),
        "runs_max": (setting_checks.whole(1, 4), 4), "run_min": (_run_min, 15), "one_block": (setting_checks.yes_or_no, False),
        "resend_saves": (setting_checks.number(0, 1000), 0.2), "avoid": (windows.windows, ()), "skip": (_skip, frozenset()),
    }


def made(reading, where, values, devices, tariff):
    """A StandingOrder; what is wrong is said to reading. tariff: the parts of all places."""
    names = [device.name for device in devices]
    if not values["device"] and len(names) == 1:
        values["device"] = names[0]
    if values["device"] not in names:
        reading.wrong(f"{where}.device", f"there is no [[device]] with the name {values['device']!r}{setting_checks.meant(values['device'], names)}")
    elif any(Tariff(tariff, device.place, device.timezone).is_empty for device in devices if device.name == values["device"]):
        reading.wrong(where, "needs a [[tariff]] with price_kwh or source, to know what is cheap")
    return _order(values)


def _order(values):
    one_block, run_min, worth = (values.pop(name) for name in ("one_block", "run_min", "resend_saves"))
    return StandingOrder(**{**values, "runs_max": 1 if one_block else values["runs_max"]}, run_min=run_min // QUARTER_MIN, worth=worth)
