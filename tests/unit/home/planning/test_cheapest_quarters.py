"""home/planning/cheapest_quarters.py against exhaustive search; and its rules one by one."""
import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home.planning.cheapest_quarters import choose


def runs_of(chosen):
    """Lengths of the runs."""
    found = []
    for place, before in zip(chosen, (None, *chosen)):
        if before is not None and place == before + 1:
            found[-1] += 1
        else:
            found.append(1)
    return found


def exhaustive(prices, needed, runs_max, run_min, ceiling):
    """Of all choices of the most quarters that the rules allow the cheapest, the latest of equal ones."""
    usable = [place for place, price in enumerate(prices) if price is not None and (ceiling is None or price <= ceiling)]
    for count in range(min(needed, len(usable)), 0, -1):
        allowed = [chosen for chosen in itertools.combinations(usable, count)
                   if len(runs_of(chosen)) <= runs_max and min(runs_of(chosen)) >= run_min]
        if allowed:
            return min(allowed, key=lambda chosen: (sum(prices[place] for place in chosen), -sum(chosen)))
    return ()


@given(st.lists(st.one_of(st.integers(-3, 6), st.none()), max_size=11), st.integers(0, 12), st.integers(1, 4), st.integers(1, 4),
       st.one_of(st.none(), st.integers(-1, 5)))
@settings(max_examples=400, deadline=None)
def test_no_choice_within_the_rules_is_cheaper_or_as_cheap_and_later(prices, needed, runs_max, run_min, ceiling):
    found = choose(prices, needed, runs_max, run_min, ceiling=ceiling)
    best = exhaustive(prices, needed, runs_max, run_min, ceiling)
    assert len(found) == len(best)
    if best:
        key = sum(prices[place] for place in found), -sum(found)
        assert key == (sum(prices[place] for place in best), -sum(best))
        assert len(runs_of(found)) <= runs_max and min(runs_of(found)) >= run_min


@pytest.mark.parametrize("prices, needed, rules, expected", [
    ([3, 1, 2, 1, 3], 2, {}, (1, 3)),
    ([3, 1, 2, 1, 3], 2, {"one_block": True}, (2, 3)),        # as dear as 1, 2 and later
    ([1, 1, 1, 1], 2, {}, (2, 3)),
    ([1, 9, 1, 9, 1], 3, {"runs_max": 2}, (2, 3, 4)),
    ([1, 9, 9, 2, 2], 2, {"run_min": 2}, (3, 4)),
    ([1, 5, 2, 7], 3, {"ceiling": 4}, (0, 2)),
    ([None, 5, None, -2], 4, {}, (1, 3)),
    ([4, 4], 0, {}, ()), ([], 3, {}, ()), ([9, 9], 2, {"ceiling": 1}, ()),
])
def test_a_rule_at_a_time(prices, needed, rules, expected):
    assert choose(prices, needed, **rules) == expected


def test_a_night_of_64_quarters_is_planned_at_once(evidence):
    prices = [(37 * place) % 101 / 10 for place in range(64)]
    began = time.perf_counter()
    assert len(choose(prices, 24, 4, 2)) == 24
    took_ms = (time.perf_counter() - began) * 1000
    evidence("Cheapest quarters of a night of 64, four runs of at least two", "%.0f ms" % took_ms)
