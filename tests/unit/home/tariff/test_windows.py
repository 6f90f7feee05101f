"""home/tariff/windows.py: the plan's words, to the instant, over the switches of the clocks."""
import datetime
import zoneinfo

import pytest
from app.codec import windows as plan
from hypothesis import given as drawn
from hypothesis import strategies as st
from home.tariff import windows

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NIGHT = {"days": "mon-fri", "from": "22:00", "to": "06:00"}


def hours(given, day, tz=BERLIN):
    (window,) = windows.windows([given])
    span = window.on(datetime.date.fromisoformat(day), tz)
    return None if span is None else (span[1] - span[0]) / 3600


@pytest.mark.parametrize("day, expected", [
    ("2026-11-30", 8), ("2026-11-27", 8), ("2026-11-28", None), ("2026-11-29", None),
])
def test_days_name_the_day_of_the_start(day, expected):
    assert hours(NIGHT, day) == expected


def test_the_night_of_a_switch_is_an_hour_shorter_or_longer():
    daily = {"from": "22:00", "to": "06:00"}
    assert hours(daily, "2026-03-28") == 7 and hours(daily, "2026-10-24") == 9


def test_in_a_fold_the_first_such_time_counts_and_in_a_gap_the_offset_before():
    assert hours({"from": "02:00", "to": "02:30"}, "2026-10-25") == 0.5
    assert hours({"from": "01:00", "to": "02:30"}, "2026-03-29") == 1.5


def test_the_same_time_twice_is_a_whole_day():
    assert hours({"from": "00:00", "to": "00:00"}, "2026-11-30") == 24


def test_ranges_go_over_the_end_of_the_week():
    assert windows.ranges("sat-mon,wed", windows.DAYS) == {5, 6, 0, 2}


def as_in_a_plan(days, begin):
    """(days, minutes) as the firmware reads them in a plan, None where it refuses them or they are not of a quarter hour."""
    mask, minutes = plan.parse_days(days), plan.parse_time(begin)
    return ({day for day in range(7) if mask >> day & 1}, minutes) if mask and minutes is not None and minutes % 15 == 0 else None


def as_in_a_tariff(days, begin):
    try:
        (window,) = windows.windows([{"days": days, "from": begin, "to": "06:00"}])
    except ValueError:
        return None
    return set(window.days), window.start.hour * 60 + window.start.minute


WORDS = st.lists(st.sampled_from(["mon", "Tue", "sun", "daily", "ALL", "-", ",", " ", "x", ""]), max_size=7).map("".join)
TIMES = st.sampled_from(["7:00", "07:00", "007:00", "24:00", "22:15", "22:16", "7:5", " 7:00", "-1:00", "\u0667:00", "22", ""])


@drawn(WORDS, TIMES)
def test_a_window_has_the_words_of_the_plan_and_no_others(days, begin):
    assert as_in_a_tariff(days, begin) == as_in_a_plan(days, begin)


@pytest.mark.parametrize("days, begin", [("Mon-Fri", "7:00"), ("sat, sun", "0:15"), ("daily", "22:00"), ("mon,all", "22:00"), ("fri - mon", "22:00")])
def test_what_a_plan_takes_a_tariff_takes(days, begin):
    assert as_in_a_tariff(days, begin) == as_in_a_plan(days, begin) is not None


@pytest.mark.parametrize("given, words", [
    ("22:00-06:00", "must be a list"), ([{"from": "22:00"}], "a window needs to"), ([{"from": "24:00", "to": "06:00"}], "'24:00' is no time"),
    ([{"from": "22:05", "to": "06:00"}], "to the quarter hour"), ([{"from": "22:00", "to": "06:00", "days": "moo"}], "'moo' is none of mon"),
    ([{"from": "22:00", "to": "06:00", "day": "mon"}], "a window has no 'day'"), ([{"from": 2200, "to": "06:00"}], "'2200'|2200 is no time"),
])
def test_what_is_no_window_is_named(given, words):
    with pytest.raises(ValueError, match=words):
        windows.windows(given)
