"""home/network/backfill_schedule.py: when the network's memory is asked, and from when on."""
from home.network import backfill_schedule
from home.network.backfill_schedule import Backfill

T = 1_790_000_000_000
MIN_MS = 60_000
HOUR_MS = 60 * MIN_MS


def test_a_start_asks_at_once_and_again_when_the_network_has_written_down_the_rest():
    state = backfill_schedule.connected(Backfill(), T)
    assert backfill_schedule.is_due(state, T) and backfill_schedule.after_ms(state, T) == T - 30 * 24 * HOUR_MS
    state = backfill_schedule.passed(state, T, T - HOUR_MS)
    assert not backfill_schedule.is_due(state, T + 9 * MIN_MS) and backfill_schedule.is_due(state, T + 10 * MIN_MS)
    state = backfill_schedule.passed(state, T + 10 * MIN_MS, T - HOUR_MS)
    assert not backfill_schedule.is_due(state, T + 6 * HOUR_MS) and backfill_schedule.is_due(state, T + 7 * HOUR_MS)


def test_after_an_outage_only_what_is_newer_than_the_last_is_asked_for():
    state = backfill_schedule.passed(backfill_schedule.connected(Backfill(), T), T, T - MIN_MS)
    state = backfill_schedule.passed(state, T + 10 * MIN_MS, T + 9 * MIN_MS)
    state = backfill_schedule.connected(backfill_schedule.lost(state), T + 3 * HOUR_MS)
    assert backfill_schedule.is_due(state, T + 3 * HOUR_MS) and backfill_schedule.after_ms(state, T + 3 * HOUR_MS) == T - 2 * MIN_MS


def test_a_clock_that_is_ahead_leaves_nothing_out():
    state = backfill_schedule.passed(backfill_schedule.connected(Backfill(), T + 24 * HOUR_MS), T + 24 * HOUR_MS, T)
    assert backfill_schedule.after_ms(state, T + HOUR_MS) == T - 11 * MIN_MS
    assert backfill_schedule.passed(state, T, 0).complete_ms == state.complete_ms
    assert backfill_schedule.after_ms(backfill_schedule.passed(state, T, 9 * T), T) <= T + 24 * HOUR_MS


def test_what_fails_is_tried_later_each_time_and_within_an_hour():
    state, waits, now_ms = backfill_schedule.connected(Backfill(), T), [], T
    for _ in range(10):
        state = backfill_schedule.failed(state, now_ms)
        waits.append((state.due_ms - now_ms) // 1000)
        now_ms = state.due_ms
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert backfill_schedule.after_ms(state, now_ms) == now_ms - 30 * 24 * HOUR_MS


def test_a_network_that_says_when_is_asked_then():
    assert backfill_schedule.failed(Backfill(), T, 17).due_ms == T + 17_000


def test_a_pass_that_a_wrong_clock_set_far_ahead_is_due():
    state = backfill_schedule.passed(backfill_schedule.connected(Backfill(), T), T, T)
    assert not backfill_schedule.is_due(state, T + 1) and backfill_schedule.is_due(state, T - 24 * HOUR_MS)


def test_a_line_that_comes_back_does_not_ask_before_the_network_said_to():
    state = backfill_schedule.failed(backfill_schedule.connected(Backfill(), T), T, 3000)
    for at_ms in (T + MIN_MS, T + 10 * MIN_MS):
        state = backfill_schedule.connected(backfill_schedule.lost(state), at_ms)
        assert not backfill_schedule.is_due(state, at_ms) and backfill_schedule.is_due(state, T + 3_000_000)
    state = backfill_schedule.connected(backfill_schedule.lost(backfill_schedule.failed(state, T)), T + MIN_MS)
    assert backfill_schedule.is_due(state, T + MIN_MS)      # it did not say
