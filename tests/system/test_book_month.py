"""The session book after a month of losses, outages and kills: every session that the monitor could see, none twice, the total their sum."""

import pytest
from tests.support.book_month import KILLS, BookMonth
from tests.support.stores import store
from home.energy_total import SLOW_MS
from home.report import Report
from home.store import queries
from home.store.database import reading

HOUR_MS = 3_600_000
DAYS = 3
SEEDS = 20
# The total may differ from the sum of the sessions by so much for each.
TOTAL_WH = 10
# What is shown between uplinks may be too much by what the faster car takes in the longest silence of a device that is well (SF11 and SF12).
SHOWN_WH = round(11_040 * SLOW_MS / HOUR_MS)
# A session begins so soon after the car is in sight, by a clock that is off by some seconds.
BEGIN_S = 60
CLOCK_S = 5
COST = 0.01


class Shown:
    """What the session book shows after a month: entries, and total_wh."""

    def __init__(self, month):
        house = month.house
        with reading(house.engine) as connection:
            self.entries = Report(connection, house.settings, house.settings.devices[0], 1).sessions(0, 1 << 62)
            self.total_wh = queries.total_wh(connection, 1, house.now_ms)
            self.rows = queries.sessions_between(connection, 1, 0, 1 << 62)


def lived(seed, days):
    """(the month, what its session book shows)."""
    with store() as engine:
        month = BookMonth(engine, seed, days).run()
        return month, Shown(month)


def differences(month, shown):
    """What the session book has otherwise than the simulator and the device, in sentences."""
    wrong = [said for said in month.said if "503" not in said]
    seen, sent = month.seen(), month.told()
    wrong += [f"gap {one['gap']}" for one in shown.entries if "gap" in one]
    numbers = [row.number for row in shown.rows]
    if numbers != list(range(1, len(seen) + 1)):
        wrong.append(f"{numbers} of {len(seen)} sessions")
    for row, (first_s, _last_s) in zip(shown.rows, seen, strict=False):
        if sent[row.number][1:3] != (row.duration_min, row.energy_wh / 1000):
            wrong.append(f"{row} is not what the device sent: {sent[row.number]}")
        if row.started_ms and not -CLOCK_S <= row.started_ms / 1000 - first_s <= BEGIN_S:
            wrong.append(f"{row} begins {row.started_ms / 1000 - first_s} s after the car came")
    return wrong


def cost_errors(month, shown):
    """Of the sessions with energy whose cost is no estimate: its error against the simulated box, at a price of its own each quarter hour."""
    its, errors = month.told(), []
    for one in shown.entries:
        if one.get("energy_kwh") and not one["cost_estimated"]:
            _kwh, true_cost = month.cost(*its[one["number"]][:2])
            errors.append(abs(one["cost"] / true_cost - 1))
    return errors


def told(month, shown, words, evidence):
    """Checks a month, and puts it on record."""
    records = [entry for entry in month.world.timeline if entry["kind"] == "uplink" and entry["f_port"] == 13]
    sum_wh = sum(row.energy_wh for row in shown.rows)
    total_off = abs(shown.total_wh - sum_wh) / max(len(shown.rows), 1)
    errors = cost_errors(month, shown)
    evidence(f"{words}: sessions that the monitor could see; in the session book; lacking, twice or different",
             f"{len(month.seen())}; {len(shown.rows)}; {len(differences(month, shown))}")
    evidence(f"{words}: records sent, of which lost on the air; requests; days after the last outage until all were there",
             f"{len(records)}, {sum(not entry['received'] for entry in records)}; {month.asked};"
             f" {'never' if month.complete_day is None else round(month.complete_day, 1)}")
    evidence(f"{words}: total against the sum of the sessions, Wh a session", round(total_off, 1), TOTAL_WH)
    evidence(f"{words}: the same as it was shown, carried on with the last power and never falling, in all; most above what had flowed, Wh",
             f"{month.shown[-1][1] - sum_wh:.0f}; {month.shown_too_much_wh():.0f}", f"-; {SHOWN_WH}")
    evidence(f"{words}: worst error of a session's cost that is no estimate, %, of {len(errors)} sessions", round(100 * max(errors, default=0), 2),
             100 * COST)
    assert differences(month, shown) == []
    assert len(shown.rows) > month.days / 2 and total_off <= TOTAL_WH and max(errors) <= COST
    assert month.shown_too_much_wh() <= SHOWN_WH


def test_after_some_days_every_session_is_there_once(evidence):
    told(*lived(1, DAYS), f"{DAYS} days of losses, outages and kills", evidence)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(SEEDS))
def test_after_a_month_every_session_is_there_once(seed, evidence):
    told(*lived(seed, 30), f"a month of losses, outages and {KILLS} kills, seed {seed}", evidence)
