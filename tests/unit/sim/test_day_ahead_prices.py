"""sim/oracle/day_ahead_prices.py: what it is fitted to, and what a year of prices looks like besides."""

import statistics

import pytest
from sim.oracle import day_ahead_prices
from sim.oracle.day_ahead_prices import MEAN_EUR_MWH, NEGATIVE_SHARE, QUARTERS_A_DAY


@pytest.mark.parametrize('seed', [1, 2])
def test_a_year_has_the_published_mean_share_of_negative_prices_and_ratio_of_peak_to_base(seed, evidence):
    prices = day_ahead_prices.year(seed)
    assert len(prices) == 365 * QUARTERS_A_DAY
    mean = statistics.fmean(prices)
    assert mean == pytest.approx(MEAN_EUR_MWH)
    assert sum(price < 0 for price in prices) / len(prices) == pytest.approx(NEGATIVE_SHARE, abs=0.001)
    peak = statistics.fmean(price for place, price in enumerate(prices) if place // QUARTERS_A_DAY % 7 < 5 and 32 <= place % QUARTERS_A_DAY < 80)
    evidence('Prices of a generated year, seed %d: mean, spread (EUR/MWh), weekdays 8 to 20 h to the mean (1.11 published)' % seed,
             '%.1f, %.0f, %.2f' % (mean, statistics.pstdev(prices), peak / mean))
    assert 1.0 < peak / mean < 1.25 and 40 < statistics.pstdev(prices) < 75


def test_winter_is_dearer_than_summer_and_a_summers_noon_cheaper_than_its_night():
    prices = day_ahead_prices.year()
    def mean(days, hours):
        return statistics.fmean(prices[day * QUARTERS_A_DAY + quarter] for day in days for quarter in range(4 * hours[0], 4 * hours[1]))
    winter, summer = range(0, 60), range(150, 240)
    assert mean(winter, (0, 24)) > mean(summer, (0, 24)) + 20
    assert mean(summer, (12, 15)) < mean(summer, (1, 4)) < mean(summer, (18, 21))


def test_the_same_seed_gives_the_same_year():
    assert day_ahead_prices.year(3, 20) == day_ahead_prices.year(3, 20) != day_ahead_prices.year(4, 20)
