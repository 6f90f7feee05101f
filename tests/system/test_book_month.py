"""The session book after a month of losses, outages and kills: every record that was received once, and the rest as gaps."""

import pytest
from tests.support.book_month import KILLS, BookMonth
from tests.support.stores import store
from home.report import Report
from home.store.database import reading

DAYS = 3
SEEDS = 20


def lived(seed, days):
    """(the month, what its session book shows)."""
    with store() as engine:
        month = BookMonth(engine, seed, days).run()
        house = month.house
        with reading(engine) as connection:
            return month, Report(connection, house.settings, house.settings.devices[0], 1).sessions(0, 1 << 62)


def check(month, shown):
    """What holds in every month; how many records were sent, are in the session book, are missing."""
    its = month.told()
    rows = {one["number"]: one for one in shown if "gap" not in one}
    gaps = {number for one in shown if "gap" in one for number in range(one["gap"][0], one["gap"][1] + 1)}
    assert month.said == []
    assert len(rows) == sum("gap" not in one for one in shown), "a session is there twice"
    received = {number for number, (_begin, _minutes, _kwh, was_received) in its.items() if was_received}
    assert set(rows) == received
    for number, row in rows.items():
        assert (row["duration_min"], row["energy_kwh"]) == its[number][1:3]
    first = min(rows)
    assert gaps == {number for number in range(first, max(rows) + 1) if number not in rows}
    return len(its), len(rows), len(gaps)


def cost_errors(month, shown):
    """Of the sessions with energy whose cost is no estimate: its error against the simulated box, at a price of its own each quarter hour."""
    its, errors = month.told(), []
    for one in shown:
        if one.get("energy_kwh") and not one["cost_estimated"]:
            _kwh, true_cost = month.cost(*its[one["number"]][:2])
            errors.append(abs(one["cost"] / true_cost - 1))
    return errors


def told(month, shown, words, evidence):
    """Checks a month, and puts it on record."""
    sent, there, missing = check(month, shown)
    errors = cost_errors(month, shown)
    evidence(f"{words}: records sent, in the session book, gaps", f"{sent}, {there}, {missing}")
    evidence(f"{words}: worst error of a session's cost that is no estimate, %, of {len(errors)} sessions", round(100 * max(errors), 2), 1)
    assert there > 0 and max(errors) <= 0.01


def test_after_some_days_all_that_was_received_is_there_once_and_the_rest_a_gap(evidence):
    month, shown = lived(1, DAYS)
    told(month, shown, f"{DAYS} days of losses, outages and kills", evidence)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(SEEDS))
def test_after_a_month_all_that_was_received_is_there_once_and_the_rest_a_gap(seed, evidence):
    told(*lived(seed, 30), f"a month of losses, outages and {KILLS} kills, seed {seed}", evidence)
