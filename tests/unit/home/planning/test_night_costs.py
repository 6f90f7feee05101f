"""home/planning/night_costs.py: what a night costs, and what it saves."""
import pytest

from home.planning import night_costs
from home.planning.night_costs import Night

PRICES = {4: 0.30, 3: 0.10, 2: None, 1: 0.20}


@pytest.mark.parametrize("quarters, kwh, expected", [
    ((3, 1), 1.5, Night(1.5, 0.20)),            # the last quarter is not full
    ((4, 3), 2, Night(2, 0.40)),
    ((3,), 2, Night(1, 0.10)),                  # more does not fit
    ((3, 2), 2, Night(2, None)),                # a price is not known
    ((3, 2), 1, Night(1, 0.10)),                # and is not needed
    ((9,), 1, Night(1, None)), ((), 5, Night(0, 0)), ((4,), 0, Night(0, 0)),
])
def test_energy_flows_in_the_quarters_as_they_come_until_there_is_enough(quarters, kwh, expected):
    found = night_costs.night(PRICES, quarters, kwh, 1)
    assert found.kwh == pytest.approx(expected.kwh) and found.amount == pytest.approx(expected.amount)


@pytest.mark.parametrize("ours, other, saved", [
    (Night(5, 1.0), Night(5, 1.5), 0.5), (Night(5, 1.5), Night(5, 1.0), -0.5), (Night(5, None), Night(5, 1), None),
    (Night(5, 1), Night(5, None), None),
    (Night(5, 1.0), Night(4, 0.9), None)])
def test_what_is_saved_is_told_where_the_same_is_charged_and_both_prices_are_known(ours, other, saved):
    assert night_costs.saved(ours, other) == (saved if saved is None else pytest.approx(saved))
