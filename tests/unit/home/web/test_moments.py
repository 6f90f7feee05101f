"""home/web/moments.py: ages and clocks in words."""
import datetime
import zoneinfo

import pytest

from home.language.words import words
from home.web import moments
from tests.support.uplinks import DAY_MS, HOUR_MS, MIN_MS

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOON_MS = int(1000 * datetime.datetime(2026, 11, 29, 12, tzinfo=BERLIN).timestamp())


@pytest.mark.parametrize("ago_ms, english, german", [
    (-5000, "just now", "gerade eben"), (59_999, "just now", "gerade eben"), (MIN_MS, "1 min ago", "vor 1 min"),
    (119 * MIN_MS, "119 min ago", "vor 119 min"), (2 * HOUR_MS, "2 h ago", "vor 2 h"), (47 * HOUR_MS, "47 h ago", "vor 47 h"),
    (2 * DAY_MS, "2 days ago", "vor 2 Tagen")])
def test_an_age_is_in_the_unit_that_people_use(ago_ms, english, german):
    assert moments.age(NOON_MS - ago_ms, NOON_MS, words("en")) == english
    assert moments.age(NOON_MS - ago_ms, NOON_MS, words("de")) == german


@pytest.mark.parametrize("hours, expected", [
    (0, "12:00"), (-12, "00:00"), (-13, "yesterday 23:00"), (12, "tomorrow 00:00"), (-37, "Fri 27 Nov, 23:00"), (-24 * 330, "Sat 3 Jan 2026, 12:00")])
def test_a_moment_has_its_day_where_it_is_another_one(hours, expected):
    assert moments.at(NOON_MS + hours * HOUR_MS, NOON_MS, BERLIN, words("en")) == expected


def test_the_browser_counts_with_the_same_words():
    assert moments.ages(words("de"))[1] == [2 * HOUR_MS, MIN_MS, "vor {n} min"]


def test_the_offset_is_that_of_the_moment():
    assert moments.offset(NOON_MS, BERLIN) == "UTC+01:00"
    assert moments.offset(NOON_MS - 180 * DAY_MS, BERLIN) == "UTC+02:00"
