"""home/web/views/tonight.py: what is foreseen, what is skipped, and how we know the plan."""
import zoneinfo

import pytest

from home.language.words import words
from home.plan_preview import Opening
from home.web.views import held_plan, tonight
from tests.support.house import BEGIN_MS
from tests.support.uplinks import HOUR_MS, MIN_MS

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOW_MS = BEGIN_MS + 21 * HOUR_MS
NOW_S = NOW_MS // 1000
NIGHT = Opening(NOW_S + 3600, NOW_S + 9 * 3600, 0, 16, None, None)
NEXT = Opening(NOW_S + 25 * 3600, NOW_S + 33 * 3600, 0, 16, 20, 120)
CAR = {"ev_connected": True, "reason": "outside_plan", "override": "none"}


def foreseen(claim=(), skipped=None, now_s=NOW_S, **status):
    return tonight.foreseen({**CAR, **status}, dict(claim), [NIGHT, NEXT], skipped, now_s)


def test_a_car_that_is_there_is_charged_in_the_windows_and_no_longer_than_their_duration():
    assert foreseen() == [NIGHT[:2], (NEXT.begin_s, NEXT.begin_s + 7200)]
    assert foreseen(now_s=NIGHT.begin_s + 60)[0] == (NIGHT.begin_s + 60, NIGHT.end_s)


@pytest.mark.parametrize("status", [{"ev_connected": False}, {"ev_connected": None}, {"override": "stop"}, {"override": "lock"},
                                    {"reason": "vehicle_full"}, {"reason": "fault"}])
def test_nothing_is_foreseen_of_what_nobody_can_know_or_what_is_forbidden(status):
    assert foreseen(**status) == []


def test_a_boost_until_an_hour_is_foreseen_over_the_plan():
    claim = {"holder": "boost", "until": NOW_S + 2 * 3600}
    assert foreseen(claim, override="boost") == [(NOW_S, NOW_S + 2 * 3600), (NOW_S + 2 * 3600, NIGHT.end_s), (NEXT.begin_s, NEXT.begin_s + 7200)]
    assert foreseen({"holder": "boost", "until": "<b>"}, override="boost") == foreseen()


def test_a_target_on_the_device_silences_the_plan_until_its_end_and_its_quarters_are_foreseen():
    quarters, until_s = [(NOW_S - 900, NOW_S + 900), (NOW_S + 7200, NOW_S + 9000)], NIGHT.end_s - 3600
    spans = [(NOW_S, NOW_S + 900), (NOW_S + 7200, NOW_S + 9000)]
    rest = [(until_s, NIGHT.end_s), (NEXT.begin_s, NEXT.begin_s + 7200)]
    assert tonight.foreseen({**CAR, "override": "target"}, {}, [NIGHT, NEXT], None, NOW_S, (quarters, until_s)) == spans + rest
    reached = {**CAR, "override": "target", "reason": "limit_reached"}
    assert tonight.foreseen(reached, {}, [NIGHT, NEXT], None, NOW_S, (quarters, until_s)) == rest


@pytest.mark.parametrize("claim, expected", [
    ({}, NIGHT[:2]), ({"holder": "skip", "until": NIGHT.end_s}, NIGHT[:2]), ({"holder": "skip", "until": NEXT.end_s}, NEXT[:2]),
    ({"holder": "skip", "until": None}, NIGHT[:2])])
def test_a_skip_takes_its_run_out_of_what_is_foreseen(claim, expected):
    span = tonight.skipped_span({"override": "skip"}, claim, [NIGHT[:2], NEXT[:2]], NOW_S)
    assert span == expected
    assert all(not span[0] <= begin_s < span[1] for begin_s, _ in foreseen(skipped=span, override="skip"))
    assert tonight.skipped_span({"override": "none"}, claim, [NIGHT[:2]], NOW_S) is None


def test_a_run_in_words():
    said = tonight.run(NEXT, None, NOW_MS, BERLIN, words("en"))
    assert (said.when, said.length, said.limits, said.is_skipped) == ("tomorrow 22:00 to 06:00", "8 h", "16 A, up to 20 kWh, up to 120 min", False)
    assert tonight.run(NIGHT._replace(end_s=NIGHT.end_s - 600), NIGHT[:2], NOW_MS, BERLIN, words("de")).length == "7 h 50 min"


@pytest.mark.parametrize("plan, sentence", [
    (held_plan.HeldPlan([{}], "UTC0", held_plan.HELD, NOW_MS - 12 * MIN_MS, None), "The device holds this plan: confirmed 12 min ago."),
    (held_plan.HeldPlan([{}], "UTC0", held_plan.TAKEN, NOW_MS - 12 * MIN_MS, None),
     "The device answered 12 min ago that it uses this plan; its next status confirms it."),
    (held_plan.HeldPlan([], "UTC0", held_plan.EMPTY, NOW_MS - 12 * MIN_MS, None), "The device holds no plan: confirmed 12 min ago."),
    (held_plan.HeldPlan([{}], "UTC0", held_plan.OTHER, NOW_MS - 12 * MIN_MS, 1),
     "The device holds another plan than the one that is known here, as it said 12 min ago. Read the plan of the device."),
    (held_plan.HeldPlan(None, "UTC0", held_plan.UNKNOWN, None, None), "Which plan the device holds is not known yet."),
    (held_plan.HeldPlan([{}], "UTC0", held_plan.UNKNOWN, None, NOW_MS - 3 * HOUR_MS),
     "The device reported this plan 3 h ago; no status has confirmed it since."),
])
def test_how_the_plan_is_known_is_said_with_its_age(plan, sentence):
    assert tonight.plan_line(plan, NOW_MS, words("en")) == sentence


def test_the_plan_of_before_is_the_newest_that_is_another_one():
    one, two = ([{"days": day, "from": "22:00", "to": "06:00"}] for day in ("mon", "tue"))
    assert tonight.before_this(one, [(3, one), (2, "nonsense"), (1, two), (0, one)]) == two
    assert tonight.before_this(one, [(3, one)]) is None and tonight.before_this(None, [(1, two)]) is None
