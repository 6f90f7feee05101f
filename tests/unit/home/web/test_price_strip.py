"""home/web/views/price_strip.py: bars as high as their price, where it charges, and the same as a table."""
import zoneinfo

import pytest

from home.language.words import words
from home.web.views import price_strip
from home.web.views.price_strip import CHEAP, LATE, QUARTERS

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
# 2026-10-01T20:07:00Z, 22:07 in Berlin.
NOW_MS = 1_790_885_220_000
BEGIN_S = 1_790_884_800


def strip(prices, spans=(), until_q=40, max_price=None, now_ms=NOW_MS):
    prices = list(prices) + [None] * (QUARTERS - len(prices))
    begin_s = price_strip.begin_of(now_ms // 1000)
    return price_strip.strip(now_ms, BERLIN, prices, [(begin_s + 900 * first, begin_s + 900 * end, what) for first, end, what in spans],
                             begin_s + 900 * until_q, max_price, words("en"))


def test_it_begins_with_the_quarter_hour_that_runs_and_each_edge_has_its_clock():
    found = strip([0.3] * QUARTERS)
    assert (found.begin_s, found.clocks[0], found.clocks[1], found.clocks[-1], found.until) == (BEGIN_S, "22:00", "22:15", "22:00", 40)
    assert [tick.day for tick in found.ticks if tick.day] == ["Fri 2"]
    assert [tick.label for tick in found.ticks if tick.label][:2] == ["00:00", "04:00"]


def test_the_dearest_reaches_the_top_and_the_cheapest_is_not_nothing():
    found = strip([0.30, 0.10, 0.20])
    assert found.all.startswith("M0 100V0H1V100zM1 100V66.7H2V100zM2 100V33.3H3V100z") and found.line == "M0 0H1V66.7H2V33.3H3"
    assert (found.base_y, found.lowest, found.highest) == (100, ("22:15", 0.10), ("22:00", 0.30))


def test_a_negative_price_hangs_below_the_line_of_zero():
    found = strip([0.30, -0.10])
    assert found.base_y == 75 and "M1 75V100H2V75z" in found.all


@pytest.mark.parametrize("prices", [[], [0.3] * QUARTERS, [0] * QUARTERS, [-0.1] * QUARTERS])
def test_prices_that_are_all_the_same_or_not_known_are_drawn_all_the_same(prices):
    found = strip(prices)
    assert 0 <= found.base_y <= 100 and "nan" not in found.all and len(found.rows) == 1


def test_quarters_that_charge_are_filled_railed_and_told_in_the_table():
    found = strip([0.3, 0.1, 0.1, 0.2, 0.3], [(1, 3, CHEAP), (3, 4, LATE)])
    assert found.cheap.count("M") == 2 and found.late.count("M") == 1
    assert found.rail == {CHEAP: [(1.042, 2.083)], LATE: [(3.125, 1.042)]}
    assert [(row.when, row.price, row.what) for row in found.rows] == [
        ("22:00 to 22:15", "0.300", ""), ("22:15 to 22:45", "0.100", "charges"), ("22:45 to 23:00", "0.200", "charges, as late as it can"),
        ("23:00 to 23:15", "0.300", ""), ("23:15 to 22:00", "not known yet", "")]


def test_until_when_prices_are_known_is_said_where_it_is_not_all():
    assert strip([0.3] * 8).known_until == "tomorrow 00:00" and strip([0.3] * QUARTERS).known_until is None


@pytest.mark.parametrize("max_price, y", [(None, None), (0.20, 33.3), (0.40, None), (0.0, None)])
def test_the_price_above_which_it_waits_is_a_line_where_it_lies_within(max_price, y):
    assert strip([0.30, 0.10, 0.20], max_price=max_price).most_y == y


def test_on_the_night_of_the_clock_the_hour_that_comes_twice_is_there_twice():
    found = strip([0.3] * QUARTERS, now_ms=1_792_872_000_000)      # 2026-10-24T20:00:00Z
    assert found.clocks.count("02:15") == 2 and found.clocks[-1] == "21:00"
