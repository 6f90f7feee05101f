"""home/web/views/target_status.py: how far a target has come, what of it can be met, and what holds when the network is dead."""
import types
import zoneinfo

import pytest

from home.commands import fate
from home.language.words import words
from home.planning.replan import Decision
from home.web.views import held_plan, promise, target_status

EN, DE, BERLIN = words("en"), words("de"), zoneinfo.ZoneInfo("Europe/Berlin")
RULE = "CET-1CEST,M3.5.0,M10.5.0/3"
# 2026-10-01T20:00:00Z, 22:00 in Berlin; the next 07:30 is 9.5 h later.
NOW_S = 1_790_884_800
NOW_MS, UNTIL_S = 1000 * NOW_S, NOW_S + 34_200
PLAN = [{"days": "daily", "from": "22:00", "to": "06:00"}]


def command(name="target", fate_="done", key=1, request_=None, **rest):
    target = {"until": "07:30", "kwh": 20, "quarters": [1]} if request_ is None else request_
    request = {"target": target} if name == "target" else {"command": name}
    return fate.Command(key, 1, NOW_MS - 600_000, "page", request, name, 1, NOW_S - 600, NOW_S + 600, **{
        "fate": fate_, "sends": 1, "tried_ms": NOW_MS - 600_000, "changed_ms": NOW_MS - 300_000, **rest})


@pytest.mark.parametrize("rows, key", [
    ([command()], 1), ([command(fate_="sent")], 1), ([command(fate_="refused")], 1), ([command(fate_="withdrawn"), command(key=2)], 2),
    ([command("stop"), command()], 1), ([command("resume_plan"), command()], None), ([command("skip", "refused"), command()], 1), ([], None)])
def test_the_newest_target_is_the_one_that_nobody_took_back_or_ended(rows, key):
    found = target_status.newest(rows, RULE, NOW_S)
    assert (found and (found[0].key, found[1])) == (key and (key, UNTIL_S))


def test_a_target_that_only_its_answer_told_of_is_not_shown_and_neither_is_the_one_that_it_replaced():
    only_answered = command(request_={}, key=3)
    assert target_status.newest([only_answered, command()], RULE, NOW_S) is None
    assert promise.standing([only_answered, command()]) == only_answered and promise.held([only_answered, command()], RULE, NOW_S) is None


def test_a_target_that_is_over_is_none():
    assert target_status.newest([command()], RULE, UNTIL_S) is None


@pytest.mark.parametrize("row, word, said", [
    (None, "none", "Nothing is asked for this night: this is what would be sent."),
    (command(fate_="asked"), "waits", "It is on its way to the device."),
    (command(fate_="sent"), "waits", "It is on its way to the device."), (command(), "has", "The device has it."),
    (command(fate_="refused", detail="no_time"), "failed", "The device does not have it. The device refused it. The device does not know the time.")])
def test_whether_the_device_has_it_is_one_sentence(row, word, said):
    assert target_status.state(row, EN) == (word, said)


@pytest.mark.parametrize("rest, steps", [
    ({"fate_": "asked", "sends": 0}, [("waits for the network", False), ("on the air", False), ("not confirmed yet", False)]),
    ({"fate_": "queued"}, [("sent 21:50", True), ("on the air", False), ("not confirmed yet", False)]),
    ({"fate_": "sent", "sent_ms": NOW_MS - 500_000}, [("sent 21:50", True), ("on the air 21:51", True), ("not confirmed yet", False)]),
    ({"answered_ms": NOW_MS - 300_000}, [("sent 21:50", True), ("on the air", True), ("confirmed 21:55", True)])])
def test_its_way_has_three_steps_with_their_times(rest, steps):
    assert [(step.words, step.is_done) for step in target_status.way(command(**rest), NOW_MS, BERLIN, EN)] == steps


def event(wh, reason):
    return types.SimpleNamespace(wh=wh, reason=reason)


@pytest.mark.parametrize("detail, its, said", [
    (fate.possible(18.2), None, "18.2 of 20 kWh by 07:30, the device says."), (fate.possible(20), None, "20 of 20 kWh by 07:30, the device says."),
    (fate.possible(20), event(1800, None), "18.2 of 20 kWh by 07:30, the device says."), (None, None, ""),
    (fate.possible(20), event(None, None), "20 of 20 kWh by 07:30, the device says.")])
def test_what_can_be_met_is_what_the_device_said_last(detail, its, said):
    assert target_status.possible(command(detail=detail), its, "07:30", EN) == said


@pytest.mark.parametrize("its, said", [
    (None, ""), (event(1800, "vehicle_full"), "1.8 kWh will be missing. The car took what it wanted and is full."),
    (event(1800, "charging"), "1.8 kWh will be missing. There is too little time for it."),
    (event(None, "<b>"), "Less will be charged than was asked for."), (event(500, None), "0.5 kWh will be missing.")])
def test_what_will_be_missed_is_told_with_why(its, said):
    assert target_status.missed(its, EN) == said


HELD = held_plan.HeldPlan(PLAN, RULE, held_plan.HELD, NOW_MS, None)
EMPTY = held_plan.HeldPlan([], RULE, held_plan.EMPTY, NOW_MS, None)
UNKNOWN = held_plan.HeldPlan(None, RULE, held_plan.UNKNOWN, None, None)


@pytest.mark.parametrize("row, held, plan, said", [
    (command(), (command(), UNTIL_S), HELD, "the device keeps this target all the same"),
    (command(fate_="sent", key=2), (command(), UNTIL_S), HELD, "the target before it holds, until tomorrow 07:30."),
    (command(fate_="sent"), None, HELD, "the plan of the week holds."), (None, None, EMPTY, "neither target nor plan holds the car back."),
    (None, None, UNKNOWN, "the device goes by the plan that it has.")])
def test_what_holds_when_the_network_dies_is_said_before_bed(row, held, plan, said):
    assert said in target_status.if_network_dies(row, held, plan, NOW_MS, BERLIN, EN)
    assert target_status.if_network_dies(row, held, plan, NOW_MS, BERLIN, DE).startswith("Fällt das Netz")


def test_why_nothing_was_sent_yet_for_a_standing_order_is_said():
    assert target_status.why(Decision(None, "waits_for_prices"), UNTIL_S, NOW_MS, BERLIN, EN).endswith("goes out at 23:30 at the latest.")
    assert target_status.why(Decision(None, "silenced"), UNTIL_S, NOW_MS, BERLIN, EN).startswith("Somebody sent a target of his own")
    assert target_status.why(Decision(None, "kept"), UNTIL_S, NOW_MS, BERLIN, EN) == ""
