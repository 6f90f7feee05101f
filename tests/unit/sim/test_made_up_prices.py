"""sim/live/made_up_prices.py: prices that a live run's house reads as those of an exchange."""
import datetime
import json
import types
import zoneinfo

import pytest
from sim.kernel import Kernel
from sim.live import made_up_prices
from sim.live.made_up_prices import PriceFile

BERLIN = zoneinfo.ZoneInfo('Europe/Berlin')
# 2026-11-30T11:00:00Z, noon in Berlin.
NOON_S = 1_796_036_400


@pytest.fixture
def prices(tmp_path):
    return PriceFile(tmp_path / 'prices.json', BERLIN)


def told(tmp_path):
    return {row['start'] for row in json.loads((tmp_path / 'prices.json').read_text())}


def test_tomorrow_is_told_from_13_o_clock_on(prices, tmp_path):
    more_s = prices.tell(NOON_S)
    assert more_s == NOON_S + 3600 and max(told(tmp_path)) == NOON_S + 12 * 3600 - 900
    assert prices.tell(more_s) == more_s + 86400 and max(told(tmp_path)) == NOON_S + 36 * 3600 - 900


@pytest.mark.parametrize('day, quarters', [('2026-10-25', 100), ('2026-03-29', 92), ('2026-11-30', 96), ('2028-12-31', 96)])
def test_a_day_has_its_quarter_hours(prices, day, quarters):
    found = prices.of_day(datetime.date.fromisoformat(day))
    assert len(found) == quarters and {later[0] - one[0] for one, later in zip(found, found[1:])} == {900}


def test_prices_differ_enough_to_plan_by_and_are_the_same_each_time(prices, tmp_path):
    its = [price for _, price in prices.of_day(datetime.date(2026, 11, 30))]
    assert max(its) - min(its) > 0.03 and prices.of_day(datetime.date(2026, 11, 30)) == PriceFile(tmp_path / 'other', BERLIN).of_day(
        datetime.date(2026, 11, 30))


def test_the_file_is_kept_told_while_the_world_goes_on(prices, tmp_path):
    kernel = Kernel()
    world = types.SimpleNamespace(kernel=kernel, utc_s=lambda: NOON_S + kernel.now_us / 1e6)
    made_up_prices.keep_told(world, prices)
    assert max(told(tmp_path)) < NOON_S + 12 * 3600
    kernel.run_until(2 * 3600 * 1_000_000)
    assert max(told(tmp_path)) > NOON_S + 35 * 3600
