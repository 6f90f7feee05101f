"""home/energy_total.py: the total never falls, follows the device's counter, and goes on between uplinks."""
import dataclasses
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from home import energy_total
from home.energy_total import Total

T = 1_790_000_000_000
MIN_MS = 60_000
HOUR_MS = 60 * MIN_MS


def value(total, now_ms, floor_wh=None):
    return energy_total.shown(total, 0, floor_wh, now_ms)


@pytest.mark.parametrize("spreading_factor, minutes", [(None, 125), (12, 125), (11, 125), (10, 95), (7, 95)])
def test_between_uplinks_it_goes_on_with_the_last_power_as_long_as_the_device_may_be_silent(spreading_factor, minutes):
    total = energy_total.with_status(energy_total.with_told(Total(), T, 100_000), T, 0, 7000, spreading_factor)
    assert value(total, T + 30 * MIN_MS) == 103_500
    assert value(total, T + 10 * HOUR_MS) == value(total, T + minutes * MIN_MS) > value(total, T + (minutes - 1) * MIN_MS)


def test_a_status_without_power_goes_on_with_the_usual_one_until_the_counter_is_known():
    total = energy_total.with_status(energy_total.with_told(Total(), T, 100_000), T, 0, 7000)
    total = energy_total.with_status(total, T + HOUR_MS, 7000, 0)
    total = energy_total.with_status(total, T + 2 * HOUR_MS, None, None, is_charging=True)
    total = energy_total.with_status(total, T + 3 * HOUR_MS, None, None, is_charging=True)
    assert value(total, T + 4 * HOUR_MS) == 121_000
    total = energy_total.with_status(total, T + 4 * HOUR_MS, None, None)
    assert value(total, T + 5 * HOUR_MS) == 121_000
    assert value(energy_total.with_status(total, T + 5 * HOUR_MS, 20_000, 0), T + 5 * HOUR_MS) == 120_000


def test_what_flowed_since_the_status_is_known_before_the_counter_was_told():
    total = energy_total.with_status(Total(), T, 1500, 7000)
    assert energy_total.carried_wh(total, 0, T + 30 * MIN_MS) == 3500
    assert energy_total.carried_wh(energy_total.with_status(total, T + HOUR_MS, None, 7000), 0, T + 2 * HOUR_MS) == 14_000
    assert energy_total.carried_wh(energy_total.with_rest(total, T + HOUR_MS, 8500), 0, T + 2 * HOUR_MS) == 0


def test_any_uplink_that_says_that_nothing_flows_ends_it():
    total = energy_total.with_status(energy_total.with_told(Total(), T, 100_000), T, 0, 7000)
    total = energy_total.with_rest(total, T + HOUR_MS)
    assert value(total, T + 2 * HOUR_MS, 107_000) == 107_000
    assert energy_total.with_rest(total, T + HOUR_MS, 6900).counted_wh == 106_900


def test_carried_too_far_it_waits_and_does_not_fall():
    total = energy_total.with_status(energy_total.with_told(Total(), T, 100_000), T, 0, 7000)
    assert value(total, T + HOUR_MS) == 107_000
    total = energy_total.with_status(total, T + HOUR_MS, 6000, 0)
    assert total.counted_wh == 106_000 and value(total, T + HOUR_MS, 107_000) == 107_000
    assert value(energy_total.with_status(total, T + 2 * HOUR_MS, 8000, 0), T + 2 * HOUR_MS, 107_000) == 108_000


def test_it_goes_on_no_further_than_the_latest_sessions_did_until_this_one_has():
    total = energy_total.with_status(energy_total.with_told(Total(), T, 100_000), T, 10_000, 7000)
    assert energy_total.shown(total, 12_000, None, T + HOUR_MS) == 102_000
    assert energy_total.shown(total, 30_000, None, T + HOUR_MS) == 107_000
    assert energy_total.shown(total, 9_000, None, T + HOUR_MS) == 107_000


def test_another_session_counts_from_its_own_beginning():
    total = energy_total.with_status(Total(), T, 5000, 0)
    for minutes, session_wh in ((10, 6000), (20, 0), (30, 2000), (40, 500)):
        total = energy_total.with_status(total, T + minutes * MIN_MS, session_wh, 0)
    assert total.counted_wh == 1000 + 0 + 2000 + 500


def test_a_status_that_is_rounded_otherwise_than_the_counter_begins_no_session():
    total = energy_total.with_status(energy_total.with_told(Total(), T, 0), T, 45_320, 0)
    total = energy_total.with_told(total, T + MIN_MS, 10)
    assert energy_total.with_status(total, T + 2 * MIN_MS, 45_310, 0).counted_wh == 10


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


def test_the_counter_is_right_whatever_was_counted():
    total = energy_total.with_status(energy_total.with_told(Total(), T, 100_000), T, 12_000, 0)
    total = dataclasses.replace(total, counted_wh=105_700)
    total = energy_total.with_told(total, T + HOUR_MS, 100_000)
    for minutes in (70, 80):
        assert energy_total.with_status(total, T + minutes * MIN_MS, 12_000, 0).counted_wh == 100_000


def test_sessions_that_nobody_saw_do_not_count_twice_in_the_present_one():
    """A car's end, and the next one's begin, in an outage: the counter knows of both."""
    total = energy_total.with_status(energy_total.with_told(Total(), T, 12_000), T, 0, 11_000)
    total = energy_total.with_status(total, T + 30 * HOUR_MS, 10, 11_000)
    total = energy_total.with_status(total, T + 31 * HOUR_MS, 5_710, 0)
    total = energy_total.with_told(total, T + 31 * HOUR_MS + 100, 29_710)
    assert total.counted_wh == 29_710
    total = energy_total.with_status(total, T + 32 * HOUR_MS, 5_710, 0)
    assert energy_total.with_status(total, T + 40 * HOUR_MS, 3_000, 11_000).counted_wh == 32_710


def test_a_short_status_between_status_and_counter_lets_nothing_count_twice():
    total = energy_total.with_status(energy_total.with_told(Total(), T, 0), T, 0, 11_000)
    total = energy_total.with_status(total, T + HOUR_MS, None, None, is_charging=True)
    total = energy_total.with_told(total, T + HOUR_MS + MIN_MS, 11_180)
    assert energy_total.with_status(total, T + 2 * HOUR_MS, 22_000, 11_000).counted_wh == 22_000


def test_a_counter_that_comes_late_takes_nothing_away():
    total = energy_total.with_status(energy_total.with_told(Total(), T, 0), T, 0, 11_000)
    total = energy_total.with_status(total, T + 2 * HOUR_MS, 22_000, 11_000)
    total = energy_total.with_told(total, T + HOUR_MS, 11_000)
    assert total.counted_wh == 22_000
    assert energy_total.with_status(total, T + 3 * HOUR_MS, 33_000, 0).counted_wh == 33_000


def test_what_flowed_until_the_first_counter_is_not_counted_after_it():
    total = energy_total.with_told(energy_total.with_status(Total(), T, 0, 11_000), T + HOUR_MS, 111_000)
    assert energy_total.with_status(total, T + 2 * HOUR_MS, 22_000, 11_000).counted_wh == 122_000


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


EVENTS = st.lists(st.tuples(st.integers(0, 3 * HOUR_MS), st.sampled_from(("status", "short", "told", "record")), st.integers(0, 200_000),
                            st.integers(0, 22_000)), max_size=40)


@given(EVENTS)
def test_whatever_comes_what_is_shown_never_falls(events):
    total, now_ms, last = Total(), T, None
    for after_ms, what, wh, power_w in events:
        now_ms += after_ms
        if what == "status":
            total = energy_total.with_status(total, now_ms, wh, power_w)
        elif what == "short":
            total = energy_total.with_status(total, now_ms, None, None, is_charging=True)
        elif what == "told":
            total = energy_total.with_told(total, now_ms, wh)
        else:
            total = energy_total.with_record(total, now_ms, now_ms, wh)
        found = value(total, now_ms, last)
        assert (found or 0) >= (last or 0)
        last = found


class Counted:
    """A device that counts, and the house that hears some of it. wh: what flowed."""

    def __init__(self):
        self.wh = self.session_wh = 0
        self.now_ms = self.began_ms = T
        self.total = energy_total.with_told(Total(), T, 0)

    def live(self, what, minutes, power_w, is_heard):
        self.now_ms += minutes * MIN_MS
        if what == "charge":
            self.wh += power_w * minutes // 60
            self.session_wh += power_w * minutes // 60
        elif what == "another car":
            if is_heard:
                self.total = energy_total.with_record(self.total, self.now_ms, self.now_ms, self._told(self.session_wh))
            self.session_wh = 0
        elif is_heard and what == "status":
            self.total = energy_total.with_status(self.total, self.now_ms, self._told(self.session_wh), power_w)
        elif is_heard and what == "short":
            self.total = energy_total.with_status(self.total, self.now_ms, None, None, is_charging=power_w > 0)
        elif is_heard and what == "rest":
            self.total = energy_total.with_rest(self.total, self.now_ms)
        elif is_heard:
            self.total = energy_total.with_told(self.total, self.now_ms, self._told(self.wh))

    def _told(self, wh):
        return wh // 10 * 10


LIVES = st.lists(st.tuples(st.sampled_from(("charge", "charge", "another car", "status", "short", "rest", "told")), st.integers(0, 200),
                           st.integers(0, 22_000), st.booleans()), max_size=60)


@given(LIVES)
def test_no_more_is_counted_than_flowed_and_after_the_counter_just_that(lives):
    its = Counted()
    for what, minutes, power_w, is_heard in lives:
        its.live(what, minutes, power_w, is_heard)
        assert its.total.counted_wh <= its.wh + 20
    its.live("told", 0, 0, True)
    assert its.total.counted_wh == its.wh // 10 * 10
    its.live("status", 0, 0, True)
    assert its.total.counted_wh == its.wh // 10 * 10


def a_month_of_nights(seed, losses):
    """(Wh of each hour as shown each minute, as it flowed)."""
    chance = random.Random(seed)
    shown, flowed = {}, {}
    total, true_wh, session_wh, power_w, floor_wh = energy_total.with_told(Total(), T - MIN_MS, 0), 0.0, 0.0, 0, 0
    for minute in range(30 * 24 * 60):
        now_ms, of_day = T + minute * MIN_MS, minute % 1440
        if of_day == 0:
            # From the evening to some time in the night; the power changes once.
            begin, change, end = 480, chance.randrange(500, 700), chance.randrange(720, 1000)
            session_wh = 0.0
        before_w, power_w = power_w, 0 if not begin <= of_day < end else 11_000 if of_day < change else 3_700
        if (power_w != before_w or minute % 30 == 0) and chance.random() >= losses:
            total = energy_total.with_status(total, now_ms, round(session_wh, -1), power_w)
        if of_day == end + 2:
            total = energy_total.with_told(total, now_ms, round(true_wh, -1))
        true_wh, session_wh = true_wh + power_w / 60, session_wh + power_w / 60
        before_wh, floor_wh = floor_wh, value(total, now_ms + MIN_MS, floor_wh)
        shown[minute // 60] = shown.get(minute // 60, 0) + floor_wh - before_wh
        flowed[minute // 60] = flowed.get(minute // 60, 0) + power_w / 60
    return shown, flowed


@pytest.mark.parametrize("losses", [0, 0.2])
def test_the_sum_of_a_month_of_hours_is_within_1_percent(losses, evidence):
    shown, flowed = a_month_of_nights(1, losses)
    error = abs(sum(shown.values()) / sum(flowed.values()) - 1)
    evidence(f"total energy, the sum of a month's hours, {losses:.0%} of uplinks lost: error, %", round(100 * error, 2), 1)
    assert error <= 0.01


def test_each_hour_of_a_month_is_within_5_percent_while_uplinks_come(evidence):
    shown, flowed = a_month_of_nights(1, 0)
    errors = [abs(shown[hour] / wh - 1) for hour, wh in flowed.items() if wh > 500]
    evidence(f"total energy by the hour: worst error of {len(errors)} hours, %", round(100 * max(errors), 2), 5)
    assert max(errors) <= 0.05 and len(errors) > 100
