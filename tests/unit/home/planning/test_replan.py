"""home/planning/replan.py: what is sent for a departure, when it is sent again, and when nothing is sent."""
import dataclasses
import datetime

import pytest
from home.commands.fate import ELSEWHERE, Command
from home.planning import replan
from home.planning.replan import LATEST_S, PLANNER, QUARTER_S, Facts, decide
from home.planning.standing_orders import Departure, StandingOrder

# 2026-11-30T06:30:00Z, 07:30 in Berlin.
UNTIL_S = 1_796_020_200
EVENING_S = UNTIL_S - 14 * 3600
ZONE = "CET-1CEST,M3.5.0,M10.5.0/3"
ORDER = StandingOrder("Garage", frozenset(range(5)), "07:30", 12.0, None, None, None, 4, 1, 0.2, (), frozenset())
DEPARTURE = Departure(ORDER, UNTIL_S, datetime.date(2026, 11, 30))
# Dear until midnight, cheap from n = 20 on to the end but for the last hour.
PRICES = {n: 0.40 if n > 30 or n <= 4 else 0.10 + n / 1000 for n in range(64, 0, -1)}
FACTS = Facts(PRICES, 4.0, 12.0, False, (), ZONE)


def command(quarters=(), who=PLANNER, at_s=EVENING_S, fate="done", name="target", until="07:30", kwh=12.0, **more):
    request = {"target": {"until": until, "kwh": kwh, "quarters": list(quarters)}} if name == "target" else {"command": name}
    return Command(1, 1, 1000 * at_s, who, request, name, 1, at_s, at_s + 65535, fate=fate, changed_ms=1000 * at_s, sends=1, **more)


def facts(*commands, **changed):
    return dataclasses.replace(FACTS, commands=commands, **changed)


BEST = decide(DEPARTURE, FACTS, EVENING_S).quarters


def test_the_first_target_names_the_cheapest_quarters_back_from_the_departure():
    found = decide(DEPARTURE, FACTS, EVENING_S)
    assert found.request == {"target": {"until": "07:30", "kwh": 12.0, "quarters": list(range(5, 17))}, "expires_in_s": 14 * 3600}
    assert found.cost == pytest.approx(sum(PRICES[n] for n in range(5, 17)))


def test_before_all_its_quarters_can_be_told_nothing_is_sent():
    assert decide(DEPARTURE, FACTS, UNTIL_S - 64 * QUARTER_S - 1).why == "early"


def test_a_target_that_the_device_has_is_not_sent_again():
    assert (decide(DEPARTURE, facts(command(BEST)), EVENING_S).request, decide(DEPARTURE, facts(command(BEST)), EVENING_S).why) == (None, "kept")


@pytest.mark.parametrize("by_eur, is_sent", [(0, False), (0.016, False), (0.017, True), (0.1, True)])
def test_new_prices_are_sent_only_where_they_save_more_than_the_order_says(by_eur, is_sent):
    """Twelve quarters of 1 kWh each: 1.6 cents save 19, 1.7 save 20.4."""
    prices = {n: 0.30 - (by_eur if n > 20 else 0) for n in PRICES}
    found = decide(DEPARTURE, facts(command(range(1, 13)), prices=prices), EVENING_S)
    assert (found.request is not None) == is_sent
    assert found.cost == pytest.approx(12 * (0.30 - by_eur))


@pytest.mark.parametrize("who, until", [(PLANNER, "22:00"), (PLANNER, "05:30"), (ELSEWHERE, "20:00")])
def test_a_target_in_whose_place_the_device_took_another_one_is_sent_again_when_that_is_over(who, until):
    """Asked for at 17:30; the other one two hours later, and it is over."""
    other = command(who=who, at_s=EVENING_S + 2 * 3600, until=until)
    over_s = replan.target_until_s(other, ZONE) + 60
    own = command(BEST, at_s=EVENING_S)
    assert decide(DEPARTURE, facts(other, own), over_s).why == "again"
    assert decide(DEPARTURE, facts(command(BEST, at_s=over_s), other, own), over_s + 60).why == "kept"
    for fate in ("refused", "asked", "withdrawn"):
        assert decide(DEPARTURE, facts(dataclasses.replace(other, fate=fate), own), over_s).why == "kept"


def test_another_energy_or_current_in_the_settings_is_sent_whatever_it_saves():
    assert decide(DEPARTURE, facts(command(BEST, kwh=10.0)), EVENING_S).why == "again"
    other = dataclasses.replace(DEPARTURE, order=dataclasses.replace(ORDER, current_a=10.0))
    assert decide(other, facts(command(BEST)), EVENING_S).request["target"]["current_a"] == 10.0


@pytest.mark.parametrize("fate, later_s, why", [
    ("asked", 0, "on_its_way"), ("queued", 7200, "on_its_way"), ("sent", 0, "on_its_way"), ("refused", 600, "refused"), ("refused", 1800, "again"),
    ("unanswered", 1800, "again"), ("busy", 1800, "again"), ("expired", 1800, "again"),
])
def test_what_is_on_its_way_is_waited_for_and_what_failed_is_tried_again_in_half_an_hour(fate, later_s, why):
    assert decide(DEPARTURE, facts(command(BEST, fate=fate)), EVENING_S + later_s).why == why


@pytest.mark.parametrize("fate, sends, later_s, heard_s, why", [
    ("sent", 2, 1800, 1700, "again"), ("asked", 2, 1800, 1700, "again"), ("sent", 2, 1799, 1700, "on_its_way"), ("sent", 1, 7200, 1700, "on_its_way"),
    ("sent", 2, 7200, None, "on_its_way"), ("queued", 2, 7200, 1700, "on_its_way"),
])
def test_a_target_that_got_lost_is_sent_again_when_the_device_is_heard(fate, sends, later_s, heard_s, why):
    its = dataclasses.replace(command(BEST, fate=fate), sends=sends, tried_ms=1000 * EVENING_S, sent_ms=1000 * EVENING_S if fate == "sent" else None)
    heard_ms = None if heard_s is None else 1000 * (EVENING_S + heard_s)
    assert decide(DEPARTURE, facts(its, heard_ms=heard_ms), EVENING_S + later_s).why == why


@pytest.mark.parametrize("sends, why", [((2, 1), "again"), ((2, 2), "sent_often"), ((1, 1, 1, 1), "sent_often"), ((1, 1, 1), "again")])
def test_a_night_has_five_sendings_at_most_with_those_that_a_new_one_may_take(sends, why):
    tries = [dataclasses.replace(command(BEST, fate="refused"), sends=count) for count in sends]
    assert decide(DEPARTURE, facts(*tries), EVENING_S + 7200).why == why


@pytest.mark.parametrize("kwh, most", [(12, 32), (20, 40), (40, 64)])
def test_for_a_car_that_is_not_there_yet_it_plans_with_the_last_eight_hours_or_twice_the_time_that_it_needs(kwh, most):
    order = dataclasses.replace(DEPARTURE, order=dataclasses.replace(ORDER, kwh=kwh))
    prices = {n: 0.40 - n / 1000 for n in PRICES}
    needed = kwh
    absent, there = (decide(order, facts(prices=prices, left_kwh=kwh, plugged=plugged), UNTIL_S - 64 * QUARTER_S) for plugged in (False, True))
    assert absent.request["target"]["quarters"] == list(range(most - needed + 1, most + 1))
    assert there.request["target"]["quarters"] == list(range(64 - needed + 1, 65))


def test_quarters_that_pass_without_a_car_cost_a_downlink_only_when_it_comes():
    sent, now_s = command(range(20, 32)), UNTIL_S - 24 * QUARTER_S
    prices = {n: 0.30 if n > 19 else 0.35 + n / 1000 for n in PRICES}
    assert decide(DEPARTURE, facts(sent, prices=prices), now_s).why == "kept"
    came = decide(DEPARTURE, facts(sent, prices={**prices, 1: 0.9, 2: 0.9, 3: 0.9}, plugged=True), now_s)
    assert came.request["target"]["quarters"] == [4, 5, 6, 7, 8, 9, 10, 20, 21, 22, 23, 24]


@pytest.mark.parametrize("commands", [
    [command([1], who="Anna")], [command([1], who=ELSEWHERE, fate="sent")], [command([1], who="Anna", until="06:00")],
    [command([1], who="Anna"), command(BEST, at_s=EVENING_S - 60)], [command(who="Anna", name="resume_plan"), command(BEST, at_s=EVENING_S - 60)],
    [command(who="Anna", name="skip"), command(BEST, at_s=EVENING_S - 60)], [command(BEST, fate="withdrawn")],
    [command(BEST, fate="refused", detail="superseded")],
])
def test_who_sends_a_target_himself_or_ends_ours_has_the_night_for_himself(commands):
    assert decide(DEPARTURE, facts(*commands), EVENING_S + 7200).why == "silenced"


@pytest.mark.parametrize("commands", [
    [command([1], who="Anna", fate="refused")], [command([1], who="Anna", at_s=EVENING_S - 6 * 3600, until="15:00")],
    [command(who="Anna", name="skip", at_s=EVENING_S - 3600)], [command(who="Anna", name="stop")],
])
def test_what_is_not_about_this_night_s_target_does_not_silence_it(commands):
    assert decide(DEPARTURE, facts(*commands), EVENING_S).why == "first"


def test_a_target_of_the_afternoon_silences_until_it_is_over_and_not_the_night():
    """18:30, and by 19:00."""
    lunch = facts(command([1], who="Anna", at_s=EVENING_S - 4 * 3600, until="19:00"))
    assert decide(DEPARTURE, lunch, UNTIL_S - 13 * 3600).why == "silenced"
    assert decide(DEPARTURE, lunch, UNTIL_S - 12 * 3600).why == "first"


def test_missing_prices_are_waited_for_until_a_car_waits_or_time_is_short():
    known = {n: PRICES[n] if n > 40 else None for n in PRICES}
    assert decide(DEPARTURE, facts(prices=known), EVENING_S).why == "waits_for_prices"
    waiting = decide(DEPARTURE, facts(prices=known, plugged=True), EVENING_S)
    assert waiting.request["target"]["quarters"] == list(range(41, 53)) and waiting.cost is not None
    assert decide(DEPARTURE, facts(prices=known), UNTIL_S - LATEST_S).request["target"]["quarters"] == []


def test_prices_that_come_after_a_target_without_them_bring_a_better_one():
    known = {n: PRICES[n] if n > 40 else None for n in PRICES}
    sent = command(decide(DEPARTURE, facts(prices=known, plugged=True), EVENING_S).quarters)
    assert decide(DEPARTURE, facts(sent, prices=known), EVENING_S + 60).why == "kept"
    assert decide(DEPARTURE, facts(sent), EVENING_S + 60).request["target"]["quarters"] == list(BEST)


def test_above_the_price_that_is_allowed_it_rather_waits_for_the_late_start():
    order = dataclasses.replace(ORDER, max_price=0.108)
    assert decide(dataclasses.replace(DEPARTURE, order=order), FACTS, EVENING_S).quarters == (5, 6, 7, 8)


def test_hours_that_are_avoided_are_neither_planned_nor_joined_over():
    prices = {n: price for n, price in PRICES.items() if n not in range(8, 12)}
    order = dataclasses.replace(ORDER, runs_max=1)
    assert decide(dataclasses.replace(DEPARTURE, order=order), facts(prices=prices), EVENING_S).quarters == tuple(range(12, 24))


def test_the_quarter_that_runs_is_only_kept_where_the_target_has_it():
    now_s = UNTIL_S - 10 * QUARTER_S + 60
    assert list(replan.open_quarters(UNTIL_S, now_s)) == list(range(9, 0, -1))
    assert list(replan.open_quarters(UNTIL_S, now_s, (10,))) == list(range(10, 0, -1))
    assert list(replan.open_quarters(UNTIL_S, UNTIL_S - 10 * QUARTER_S)) == list(range(10, 0, -1))


def test_what_has_flowed_is_not_planned_again_and_a_car_that_has_it_all_needs_nothing():
    assert len(decide(DEPARTURE, facts(left_kwh=3.1), EVENING_S).quarters) == 4
    assert decide(DEPARTURE, facts(left_kwh=0), EVENING_S).why == "reached"


def test_the_device_charges_in_what_is_named_as_it_comes_and_then_as_late_as_it_can():
    prices = {n: 0.1 * n for n in range(6, 0, -1)}
    assert replan.charged_in(prices, (4, 5), 3) == [5, 4, 1]
    assert replan.charged_in(prices, (4, 5), 1) == [5]
    assert replan.cost(prices, [5, 4, 1], 2) == pytest.approx(2.0)
    assert replan.cost({2: None, 1: 1.0}, [2, 1], 1) is None
