"""home/energy_total.py: the total never falls, follows the device's counter, and goes on between uplinks."""
from hypothesis import given
from hypothesis import strategies as st
from home import energy_total
from home.energy_total import Total

T = 1_790_000_000_000
MIN_MS = 60_000
HOUR_MS = 60 * MIN_MS


def value(total, now_ms, floor_wh=None):
    return energy_total.shown(total, floor_wh, now_ms)


def test_between_uplinks_it_goes_on_with_the_last_power_for_two_hours():
    total = energy_total.with_status(energy_total.with_told(Total(), T, 100_000), T, 0, 7000)
    assert value(total, T + 30 * MIN_MS) == 103_500
    assert value(total, T + 10 * HOUR_MS) == value(total, T + 125 * MIN_MS)


def test_carried_too_far_it_waits_and_does_not_fall():
    total = energy_total.with_status(energy_total.with_told(Total(), T, 100_000), T, 0, 7000)
    assert value(total, T + HOUR_MS) == 107_000
    total = energy_total.with_status(total, T + HOUR_MS, 6000, 0)
    assert total.counted_wh == 106_000 and value(total, T + HOUR_MS, 107_000) == 107_000
    assert value(energy_total.with_status(total, T + 2 * HOUR_MS, 8000, 0), T + 2 * HOUR_MS, 107_000) == 108_000


def test_another_session_counts_from_its_own_beginning():
    total = energy_total.with_status(Total(), T, 5000, 0)
    for minutes, session_wh in ((10, 6000), (20, 0), (30, 2000), (40, 500)):
        total = energy_total.with_status(total, T + minutes * MIN_MS, session_wh, 0)
    assert total.counted_wh == 1000 + 0 + 2000 + 500


def test_the_record_has_what_flowed_after_the_last_status():
    total = energy_total.with_status(energy_total.with_told(Total(), T, 100_000), T, 5000, 7000)
    total = energy_total.with_record(total, T + HOUR_MS, T + 50 * MIN_MS, 9000)
    assert total.counted_wh == 104_000
    assert energy_total.with_record(total, T + HOUR_MS, T + 50 * MIN_MS, 9000).counted_wh == 104_000


def test_an_old_record_sent_again_counts_nothing():
    total = energy_total.with_status(energy_total.with_told(Total(), T, 100_000), T, 500, 0)
    assert energy_total.with_record(total, T + HOUR_MS, T - HOUR_MS, 9000) == total


def test_what_is_in_the_counter_already_is_not_counted_twice():
    total = energy_total.with_status(energy_total.with_told(Total(), T, 100_000), T, 0, 7000)
    total = energy_total.with_told(total, T + 10 * MIN_MS, 101_000)
    assert energy_total.with_status(total, T + 20 * MIN_MS, 2000, 7000).counted_wh == 102_000


def test_nothing_is_shown_before_the_counter_was_told():
    total = energy_total.with_status(energy_total.with_status(Total(), T, 0, 0), T + 1, 3000, 0)
    assert value(total, T + 1) is None
    assert value(energy_total.with_told(total, T + HOUR_MS, 250_000), T + HOUR_MS) == 250_000


def test_a_counter_that_begins_anew_goes_on_where_we_are():
    total = energy_total.with_told(energy_total.with_told(Total(), T, 100_000), T + HOUR_MS, 20)
    assert total.counted_wh == 100_000
    assert energy_total.with_told(total, T + 2 * HOUR_MS, 5020).counted_wh == 105_000


def test_what_comes_late_changes_nothing():
    total = energy_total.with_told(energy_total.with_status(Total(), T, 1000, 7000), T, 100_000)
    assert energy_total.with_status(total, T - 1, 900, 7000) == total
    assert energy_total.with_told(total, T - 1, 99_000) == total


EVENTS = st.lists(st.tuples(st.integers(0, 3 * HOUR_MS), st.sampled_from(("status", "told", "record")), st.integers(0, 200_000),
                            st.integers(0, 22_000)), max_size=40)


@given(EVENTS)
def test_whatever_comes_what_is_shown_never_falls(events):
    total, now_ms, last = Total(), T, None
    for after_ms, what, wh, power_w in events:
        now_ms += after_ms
        if what == "status":
            total = energy_total.with_status(total, now_ms, wh, power_w)
        elif what == "told":
            total = energy_total.with_told(total, now_ms, wh)
        else:
            total = energy_total.with_record(total, now_ms, now_ms, wh)
        found = value(total, now_ms, last)
        assert (found or 0) >= (last or 0)
        last = found
