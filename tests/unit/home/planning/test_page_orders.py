"""home/planning/page_orders.py: what is set on the page is checked as home.toml is, outlives a restart, and is planned."""
import datetime

import pytest
from tests.support.house import house
from home.notices import Notices
from home.planning import page_orders, standing_orders
from home.planning.planner import Planner
from home.store.database import reading

WORKDAYS = {"days": "mon-fri", "by": "07:30", "kwh": 12}
# 2026-10-01T20:00:00Z, a Thursday, 22:00 in Berlin.
EVENING_S = 1_790_884_800


@pytest.fixture
def its():
    with house() as made:
        made.now_ms = 1000 * EVENING_S
        yield made


def add(its, **words):
    page_orders.add(its.engine, its.writer.insert, its.key(its.settings.devices[0]), {**WORKDAYS, **words})


def kept(its):
    with reading(its.engine) as connection:
        return page_orders.kept(connection, its.key(its.settings.devices[0]))


@pytest.mark.parametrize("field, value", [("days", "mon-fry"), ("days", ""), ("by", "07:20"), ("by", None), ("kwh", 0), ("kwh", "12"), ("kwh", None),
                                          ("max_price", "dear"), ("current_a", 5)])
def test_what_is_no_order_is_refused_by_its_field_and_not_kept(its, field, value):
    with pytest.raises(standing_orders.Wrong) as wrong:
        add(its, **{field: value})
    assert wrong.value.args == (field,) and kept(its) == []


def test_an_order_is_kept_until_it_is_removed_and_its_number_is_its_own(its):
    for kwh in (10, 20, 30):
        add(its, kwh=kwh)
    key = its.key(its.settings.devices[0])
    assert page_orders.remove(its.engine, its.writer.insert, key, 2) and not page_orders.remove(its.engine, its.writer.insert, key, 2)
    add(its, kwh=40)
    assert [(number, words["kwh"]) for number, words in kept(its)] == [(1, 10), (3, 30), (4, 40)]


def test_there_are_not_too_many_of_them(its):
    for _ in range(page_orders.MOST):
        add(its)
    with pytest.raises(page_orders.Full):
        add(its)
    assert len(kept(its)) == page_orders.MOST


def test_the_planner_sends_for_an_order_of_the_page_and_forgets_the_night_when_it_is_removed(its):
    its.notices, garage = Notices(), its.settings.devices[0]
    planner = Planner(its)
    planner.look()
    assert planner.decided(garage) is None and its.pushed == []
    add(its, max_price=0.5)
    planner.look()
    departure, decision = planner.decided(garage)
    assert (departure.day, decision.why) == (datetime.date(2026, 10, 2), "first")
    assert its.pushed[0][1][0]["decoded_payload"]["target"]["until"] == "07:30"
    page_orders.remove(its.engine, its.writer.insert, its.key(garage), 1)
    planner.look()
    assert planner.decided(garage) is None


def test_coming_departures_are_in_order_with_the_days_that_are_skipped(its):
    one = standing_orders.of_words("Garage", {**WORKDAYS, "skip": [datetime.date(2026, 10, 5)]})
    two = standing_orders.of_words("Garage", {"days": "sat", "by": "10:00", "kwh": 5})
    found = standing_orders.coming([one, two], its.settings.devices[0].timezone, EVENING_S, 5)
    assert [(departure.day.day, departure.order.by) for departure in found] == [(2, "07:30"), (3, "10:00"), (5, "07:30"), (6, "07:30")]
