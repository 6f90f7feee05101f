"""home/commands/fate.py: what becomes of a command, whatever is heard in whatever order."""
import dataclasses

import pytest
from home.commands import fate
from home.commands.fate import Command, Heard, step
from home.network import the_things_stack
from hypothesis import given
from hypothesis import strategies as st

T_S = 1_790_000_000
T_MS = 1000 * T_S
START = Command(1, 1, T_MS, "Anna", {"command": "start"}, "start", 7, T_S, T_S + 600, changed_ms=T_MS)
FAILED = Heard("failed", detail="network:application_downlink_too_long")


def answered(result, detail=None):
    return Heard("answered", result, detail)


def after(*heard, command=START):
    for place, one in enumerate(heard, 1):
        command = step(command, one, T_MS + 1000 * place)
    return command


@pytest.mark.parametrize("heard, expected", [
    ([], "asked"), ([fate.PUSHED], "asked"), ([fate.PUSHED, fate.QUEUED], "queued"), ([fate.PUSHED, fate.QUEUED, fate.SENT], "sent"),
    ([fate.PUSHED, FAILED], "failed"), ([fate.PUSHED, fate.SENT, answered("done")], "done"), ([answered("refused", "locked")], "refused"),
    ([fate.PUSHED, fate.SENT, fate.PUSHED, FAILED], "sent"), ([fate.PUSHED, fate.WITHDRAWN], "withdrawn"),
    ([fate.PUSHED, fate.QUEUED, fate.GAP], "asked"), ([fate.PUSHED, fate.QUEUED, fate.SENT, fate.GAP], "sent"),
    ([fate.PUSHED, fate.QUEUED, fate.GAP, fate.SENT], "sent"), ([fate.PUSHED, fate.QUEUED, answered("done"), fate.GAP], "done"),
    ([fate.WITHDRAWN, fate.QUEUED, fate.SENT], "withdrawn"), ([fate.WITHDRAWN, answered("done")], "done"),
    ([answered("busy"), answered("done")], "done"), ([answered("done"), answered("expired")], "done"),
])
def test_what_is_heard_makes_the_fate(heard, expected):
    assert after(*heard).fate == expected


@pytest.mark.parametrize("heard, expected", [
    ([], ("expired", "no_line")), ([fate.PUSHED], ("expired", "not_taken")), ([fate.PUSHED, fate.QUEUED], ("expired", "not_sent")),
    ([fate.PUSHED, fate.QUEUED, fate.SENT], ("unanswered", None)), ([fate.PUSHED, fate.SENT, fate.PUSHED, fate.QUEUED], ("unanswered", None)),
])
def test_without_an_answer_its_time_ends_it_and_the_detail_says_how_far_it_came(heard, expected):
    command = after(*heard)
    assert step(command, fate.TIME, 1000 * START.expires_at + fate.GRACE_MS - 1) == command
    found = step(command, fate.TIME, 1000 * START.expires_at + fate.GRACE_MS)
    assert (found.fate, found.detail) == expected


def test_a_withdrawn_one_that_was_on_the_air_says_so():
    assert after(fate.PUSHED, fate.QUEUED, fate.WITHDRAWN).detail is None
    assert after(fate.PUSHED, fate.SENT, fate.WITHDRAWN).detail == "sent_already"


def is_due(command, seconds, is_class_a=False, uplink_s=None):
    return fate.is_due(command, is_class_a, None if uplink_s is None else T_MS + 1000 * uplink_s, T_MS + 1000 * seconds)


def test_in_class_c_it_is_sent_again_60_s_after_it_was_on_the_air():
    sent = after(fate.PUSHED, fate.SENT)       # at 2 s
    assert not is_due(sent, 61) and is_due(sent, 62) and not is_due(sent, 600)


def test_in_class_a_it_is_sent_again_after_an_uplink_that_did_not_answer():
    sent = after(fate.PUSHED, fate.SENT)
    assert not is_due(sent, 300, True) and not is_due(sent, 300, True, 2) and is_due(sent, 300, True, 3)


@pytest.mark.parametrize("command", [
    after(fate.PUSHED, fate.QUEUED), after(fate.PUSHED, fate.SENT, answered("done")), after(fate.PUSHED, fate.SENT, fate.WITHDRAWN),
    after(*[fate.PUSHED, fate.SENT] * 3), after(fate.PUSHED, fate.SENT, command=dataclasses.replace(START, name="mode", command_id=None)),
    after(fate.SENT, command=dataclasses.replace(START, who=fate.ELSEWHERE, sends=1)),
], ids=["waits at the network", "answered", "withdrawn", "sent three times", "without an identity", "of another program"])
def test_some_are_not_sent_again(command):
    assert not is_due(command, 300, uplink_s=200)


HEARD = st.one_of(st.sampled_from([fate.TIME, fate.PUSHED, fate.QUEUED, fate.SENT, fate.WITHDRAWN, FAILED]),
                  st.builds(answered, st.sampled_from(fate.RESULTS), st.sampled_from([None, "locked"])))


@given(st.lists(st.tuples(HEARD, st.integers(0, 200_000))))
def test_the_first_answer_of_the_device_stands_and_what_is_over_stays_over(told):
    command, now_ms, first = START, T_MS, None
    for heard, wait_ms in told:
        now_ms += wait_ms
        before, command = command, step(command, heard, now_ms)
        if heard.what == "answered" and (first is None or first == "busy"):
            first = heard.result
        if first is not None:
            assert command.fate == first
        elif not before.is_pending:
            assert command == before
        assert command.fate in fate.PENDING + fate.OVER
        assert (command.changed_ms == now_ms) or (command.fate, command.detail) == (before.fate, before.detail)


@given(st.lists(st.tuples(st.sampled_from(["look", "queued", "sent", "failed", "uplink"]), st.integers(0, 120_000)), max_size=60), st.booleans())
def test_it_is_sent_three_times_at_most_60_s_apart_and_never_after_its_expiry(told, is_class_a):
    command, now_ms, pushes, uplink_ms = START, T_MS, [], None
    for what, wait_ms in told:
        now_ms += wait_ms
        if what == "look" and fate.is_due(command, is_class_a, uplink_ms, now_ms):
            pushes.append(now_ms)
            command = step(command, fate.PUSHED, now_ms)
        elif what == "uplink":
            uplink_ms = now_ms
        elif what != "look":
            command = step(command, FAILED if what == "failed" else Heard(what), now_ms)
    assert len(pushes) <= fate.SENDS_MAX and all(at_ms < 1000 * START.expires_at for at_ms in pushes)
    assert all(later - earlier >= fate.AGAIN_MS or command.sent_ms for earlier, later in zip(pushes, pushes[1:]))


@given(st.lists(st.integers(0, fate.DAY_MS - 1), max_size=12), st.booleans())
def test_after_the_time_that_is_named_there_is_room_and_not_before(ages_ms, is_urgent):
    now_ms, allowed = T_MS, 10 if is_urgent else 8
    times_ms = [now_ms - age_ms for age_ms in ages_ms]
    again_ms = fate.room_ms(the_things_stack.LIMITS, times_ms, is_urgent, now_ms)
    assert sum(at_ms + fate.DAY_MS > again_ms for at_ms in times_ms) < allowed or again_ms == now_ms
    assert (again_ms == now_ms) == (len(times_ms) < allowed) or again_ms >= now_ms
    if again_ms > now_ms:
        assert sum(at_ms + fate.DAY_MS > again_ms - 1 for at_ms in times_ms) >= allowed


@pytest.mark.parametrize("request_, name, is_urgent", [
    ({"command": "stop"}, "stop", True), ({"command": "start"}, "start", False), ({"mode": "Lock Outlet"}, "mode", True),
    ({"mode": "Reset Charger"}, "mode", False), ({"plan": {"windows": []}}, "plan", False), ({"nonsense": 1}, "", False),
    ({"mode": []}, "mode", False),
])
def test_a_request_has_a_name_and_some_are_urgent(request_, name, is_urgent):
    assert (fate.name_of(request_), fate.is_urgent(request_)) == (name, is_urgent)
