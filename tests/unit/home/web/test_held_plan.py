"""home/web/views/held_plan.py: which plan the device holds is said with its proof, and never more than was heard."""
import zoneinfo

import pytest

from home import plan_preview
from home.web.views import held_plan

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
RULE = "CET-1CEST,M3.5.0,M10.5.0/3"
PLAN = [{"days": "mon-fri", "from": "22:00", "to": "07:00", "current_a": 16}, {"days": "sat,sun", "from": "01:00", "to": "05:00", "kwh": 10.5}]
CANONICAL = plan_preview.checked(PLAN)
OTHER = [{"days": "daily", "from": "23:00", "to": "05:00"}]


def read_back(plan, at_ms=1000, pages=None, apart_ms=1000):
    """{kind: (received_ms, data)} of the pages of a report."""
    pages = pages or max(len(plan), 1)
    found = {}
    for page in range(1, pages + 1):
        name = "readback.plan" + (f".{page}" if page > 1 else "")
        found[name] = (at_ms + page * apart_ms, {"page": page, "pages": pages, "windows": plan[page - 1:page]})
    return found


def status(plan, at_ms=5_000_000, zone=RULE):
    return {"status": (at_ms, {"plan_hash": plan_preview.hash_of(plan, zone)})}


def test_a_plan_read_back_and_its_hash_in_the_status_are_the_proof():
    its = held_plan.held({**read_back(PLAN), **status(PLAN)}, [], BERLIN)
    assert (its.windows, its.proof, its.proven_ms, its.zone) == (CANONICAL, held_plan.HELD, 5_000_000, RULE)


def test_a_plan_that_was_sent_is_proven_by_the_hash_alone():
    its = held_plan.held(status(PLAN), [(9000, OTHER), (8000, PLAN)], BERLIN)
    assert (its.windows, its.proof) == (CANONICAL, held_plan.HELD)


def test_the_hash_of_another_plan_says_so():
    its = held_plan.held({**read_back(OTHER), **status(PLAN)}, [], BERLIN)
    assert (its.windows, its.proof) == (OTHER, held_plan.OTHER)
    assert held_plan.held(status(PLAN), [], BERLIN).windows is None


def test_a_hash_of_zero_is_an_empty_plan():
    its = held_plan.held({**read_back(PLAN), "status": (7, {"plan_hash": 0})}, [], BERLIN)
    assert (its.windows, its.proof) == ([], held_plan.EMPTY)


def test_a_short_status_without_a_hash_proves_nothing():
    its = held_plan.held({**read_back(PLAN), "status": (5_000_000, {"state": "Charging"})}, [], BERLIN)
    assert (its.windows, its.proof, its.proven_ms) == (CANONICAL, held_plan.UNKNOWN, None)


@pytest.mark.parametrize("newest", [
    {"readback.plan": read_back(PLAN)["readback.plan"]},
    read_back(PLAN, apart_ms=20 * 60_000), {"readback.plan": (1, {"pages": "2", "windows": PLAN})},
    {"readback.plan": (1, {"pages": 1, "windows": [{"days": "<b>"}]})}, {"readback.plan": (1, {"pages": 1, "windows": 7})}, {}])
def test_pages_that_are_missing_of_different_reports_or_senseless_are_no_plan(newest):
    its = held_plan.held(newest, [(1, "no plan"), (2, [7])], BERLIN)
    assert (its.windows, its.proof) == (None, held_plan.UNKNOWN)


def test_the_zone_of_the_device_goes_before_that_of_the_settings():
    parts = ["<+10>-10<+11>", "M10.1.0", "M4.1.0/3"]
    newest = {"readback.timezone" + (f".{page + 1}" if page else ""): (1, {"page": page + 1, "pages": 3, "timezone_part": part})
              for page, part in enumerate(parts)}
    its = held_plan.held({**newest, **status(PLAN, zone=",".join(parts))}, [(1, PLAN)], BERLIN)
    assert (its.zone, its.proof) == ("<+10>-10<+11>,M10.1.0,M4.1.0/3", held_plan.HELD)
    assert held_plan.held({**newest, **status(PLAN)}, [(1, PLAN)], BERLIN).proof == held_plan.OTHER


@pytest.mark.parametrize("before", [{}, status([], at_ms=5000), status(OTHER, at_ms=5000), {"status": (7000, {"state": "Charging"})}])
def test_a_plan_that_the_device_took_after_its_last_hash_is_the_plan_until_the_next_one(before):
    its = held_plan.held(before, [(5900, PLAN), (1, OTHER)], BERLIN, (6000, PLAN))
    assert (its.windows, its.proof, its.proven_ms) == (CANONICAL, held_plan.TAKEN, 6000)


@pytest.mark.parametrize("after, proof", [(status(PLAN, at_ms=6001), held_plan.HELD), (status([], at_ms=6001), held_plan.EMPTY),
                                          (status(OTHER, at_ms=6001), held_plan.OTHER), (read_back(OTHER, at_ms=6001), held_plan.UNKNOWN)])
def test_what_was_heard_after_a_plan_was_taken_goes_before_it(after, proof):
    assert held_plan.held(after, [(5900, PLAN)], BERLIN, (6000, PLAN)).proof == proof


def test_no_windows_that_were_taken_are_the_end_of_the_plan_and_nonsense_is_nothing():
    assert held_plan.held(status(PLAN, at_ms=5000), [], BERLIN, (6000, [])).windows == []
    assert held_plan.held(status(PLAN, at_ms=5000), [(1, PLAN)], BERLIN, (6000, [7])).proof == held_plan.HELD
