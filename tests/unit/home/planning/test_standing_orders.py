"""home/planning/standing_orders.py: which departure is next, days skipped by hand, nights on which the clock changes; and the settings."""
import datetime
import zoneinfo

import pytest
from tests.support.house import given
from home import settings
from home.planning.standing_orders import next_departure
from home.settings import Wrong

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def orders(*tables, **changed):
    return settings.checked(given(standing_order=list(tables), **changed), "/nowhere").standing_orders


def errors(table, **changed):
    with pytest.raises(Wrong) as wrong:
        orders(table, **changed)
    return wrong.value.args[0]


def instant(text):
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp())


def departure(text, *tables, skipped=()):
    found = next_departure(orders(*tables), BERLIN, instant(text), skipped)
    return found and datetime.datetime.fromtimestamp(found.until_s, BERLIN).strftime("%Y-%m-%d %H:%M")


WEEKDAYS = {"days": "mon-fri", "by": "07:30", "kwh": 12}


@pytest.mark.parametrize("now, expected", [
    ("2026-11-29T20:00", "2026-11-30 07:30"), ("2026-11-30T07:29", "2026-11-30 07:30"), ("2026-11-30T07:30", "2026-12-01 07:30"),
    ("2026-12-04T08:00", "2026-12-07 07:30"),
])
def test_a_weekday_order_is_about_the_next_weekday_s_morning(now, expected):
    assert departure(now, WEEKDAYS) == expected


def test_a_day_that_is_skipped_in_the_settings_or_by_hand_is_left_out():
    assert departure("2026-11-29T20:00", {**WEEKDAYS, "skip": [datetime.date(2026, 11, 30)]}) == "2026-12-01 07:30"
    assert departure("2026-11-29T20:00", WEEKDAYS, skipped={datetime.date(2026, 11, 30)}) == "2026-12-01 07:30"
    assert departure("2026-11-29T20:00", WEEKDAYS, skipped={datetime.date(2026, 11, 30) + datetime.timedelta(day) for day in range(20)}) is None


def test_of_two_orders_the_nearer_departure_is_next():
    sunday = {"days": "sat,sun", "by": "10:00", "kwh": 30}
    assert departure("2026-11-28T20:00", WEEKDAYS, sunday) == "2026-11-29 10:00"
    assert departure("2026-11-29T20:00", WEEKDAYS, sunday) == "2026-11-30 07:30"


def test_of_two_orders_for_one_hour_the_one_with_more_energy_counts():
    for kwh in ((12, 30), (30, 12)):
        found = next_departure(orders(*({**WEEKDAYS, "kwh": one} for one in kwh)), BERLIN, instant("2026-11-29T20:00"))
        assert found.order.kwh == 30


def test_an_hour_that_comes_twice_or_never_has_the_instant_that_the_device_takes():
    order = {"by": "02:30", "kwh": 5}
    found = next_departure(orders(order), BERLIN, instant("2026-10-24T20:00"))
    assert found.until_s == int(datetime.datetime(2026, 10, 25, 0, 30, tzinfo=datetime.timezone.utc).timestamp())
    again = next_departure(orders(order), BERLIN, found.until_s)
    assert again.day - found.day == datetime.timedelta(1)      # once a night
    assert next_departure(orders(order), BERLIN, instant("2026-03-28T20:00")).until_s == int(
        datetime.datetime(2026, 3, 29, 1, 30, tzinfo=datetime.timezone.utc).timestamp())


def test_an_order_has_the_only_device_and_its_defaults():
    (found,) = orders(WEEKDAYS)
    assert (found.device, found.days, found.runs_max, found.run_min, found.worth) == ("Garage", frozenset(range(5)), 4, 1, 0.2)
    (found,) = orders({**WEEKDAYS, "kwh": 22 / 3, "current_a": 10.3})
    assert (found.kwh, found.current_a) == (7.33, 10.5)     # as a request can carry it
    (found,) = orders({**WEEKDAYS, "one_block": True, "run_min": 60, "resend_saves": 1, "max_price": 0.3, "current_a": 10})
    assert (found.runs_max, found.run_min, found.worth, found.max_price, found.current_a) == (1, 4, 1, 0.3, 10)


@pytest.mark.parametrize("changed, words", [
    ({"by": "07:40"}, "standing_order[1].by: '07:40' is no time to the quarter hour"), ({"kwh": 0}, "standing_order[1].kwh: must be a number"),
    ({"device": "Garden"}, "standing_order[1].device: there is no [[device]] with the name 'Garden': did you mean 'Garage'?"),
    ({"days": "weekdays"}, "standing_order[1].days: 'weekdays' is none of mon"), ({"runs_max": 5}, "must be a whole number from 1 to 4"),
    ({"run_min": 20}, "must be in quarters of an hour"), ({"skip": "never"}, "must be a list of days"),
    ({"current_a": 5}, "must be a number from 6 to 80"),
])
def test_what_is_not_right_names_its_setting(changed, words):
    assert any(words in sentence for sentence in errors({**WEEKDAYS, **changed}))


def test_without_a_price_there_is_nothing_to_plan_by():
    assert errors(WEEKDAYS, tariff=[]) == ["standing_order[1]: needs a [[tariff]] with price_kwh or source, to know what is cheap"]
