"""The session book after a month of losses, outages and kills: every record that was received once, and the rest as gaps."""

import pytest
from tests.support.book_month import BookMonth
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
    """What holds in every month; (records sent, received, in the session book, missing)."""
    told = month.told()
    rows = {one["number"]: one for one in shown if "gap" not in one}
    gaps = {number for one in shown if "gap" in one for number in range(one["gap"][0], one["gap"][1] + 1)}
    assert month.said == []
    assert len(rows) == sum("gap" not in one for one in shown), "a session is there twice"
    received = {number for number, (_begin, _minutes, _kwh, was_received) in told.items() if was_received}
    assert set(rows) == received
    for number, row in rows.items():
        assert (row["duration_min"], row["energy_kwh"]) == told[number][1:3]
    first = min(rows)
    assert gaps == {number for number in range(first, max(rows) + 1) if number not in rows}
    return len(told), len(received), len(rows), len(gaps)


def test_after_some_days_all_that_was_received_is_there_once_and_the_rest_a_gap(evidence):
    month, shown = lived(1, DAYS)
    sent, _received, there, missing = check(month, shown)
    evidence(f"{DAYS} days of losses, outages and kills: records sent, in the session book, gaps", f"{sent}, {there}, {missing}")
    assert there > 0


@pytest.mark.long
@pytest.mark.parametrize("seed", range(SEEDS))
def test_after_a_month_all_that_was_received_is_there_once_and_the_rest_a_gap(seed, evidence):
    sent, _received, there, missing = check(*lived(seed, 30))
    evidence(f"a month of losses, outages and 300 kills, seed {seed}: records sent, in the session book, gaps", f"{sent}, {there}, {missing}")
