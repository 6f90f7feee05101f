"""home/prices/schedule.py: a source is asked regularly, sooner while prices run out, later each time it fails."""
from home.prices import schedule
from home.prices.schedule import AHEAD_S, Schedule

HOUR_S = 3600


def test_a_source_that_knows_enough_is_asked_as_often_as_it_is_set():
    assert schedule.passed(Schedule(), 1000, 1000 + AHEAD_S, HOUR_S).due_s == 1000 + HOUR_S


def test_a_source_whose_prices_run_out_is_asked_each_quarter_of_an_hour():
    assert schedule.passed(Schedule(), 1000, 1000 + AHEAD_S - 1, HOUR_S).due_s == 1000 + 900


def test_each_failure_waits_longer_up_to_an_hour_and_an_answer_ends_that():
    state, waits = Schedule(), []
    for _ in range(9):
        after = schedule.failed(state, state.due_s)
        waits.append(after.due_s - state.due_s)
        state = after
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert schedule.failed(schedule.passed(state, 0, AHEAD_S, HOUR_S), 0).due_s == 60


def test_a_source_that_says_when_to_come_again_is_obeyed_but_never_stormed():
    assert schedule.failed(Schedule(), 0, 7200).due_s == 7200
    assert schedule.failed(Schedule(), 0, 1).due_s == 60


def test_a_time_that_a_wrong_clock_set_far_ahead_is_now():
    state = schedule.passed(Schedule(), 1_000_000, 1_000_000 + AHEAD_S, HOUR_S)
    assert not schedule.is_due(state, 1_000_001) and schedule.is_due(state, 1_000_000 + HOUR_S) and schedule.is_due(state, 0)
