"""home/energy_profile.py: the quarters add up to the session, and lie where the energy flowed."""
from hypothesis import given
from hypothesis import strategies as st
from home import energy_profile
from home.energy_profile import QUARTER_MS, Point

T = 1_989_000 * QUARTER_MS
HOUR_MS = 4 * QUARTER_MS
FIRST = T // QUARTER_MS


def test_nothing_read_spreads_evenly_and_is_not_sure():
    assert energy_profile.profile(T, T + HOUR_MS, 4000, []) == {FIRST + place: (1000, False) for place in range(4)}


def test_no_energy_has_no_quarters():
    assert energy_profile.profile(T, T + HOUR_MS, 0, []) == energy_profile.profile(T, T + HOUR_MS, None, []) == {}


def test_a_session_without_a_length_has_one_quarter():
    assert energy_profile.profile(T + 5, T + 5, 4000, []) == {FIRST: (4000, True)}


def test_between_readings_the_counter_says_how_much_and_the_power_when():
    points = [Point(T + 1000, 0, 0), Point(T + 2 * HOUR_MS, 0, 8000), Point(T + 3 * HOUR_MS, 8000, 8000), Point(T + 5 * HOUR_MS, 12000, 0)]
    found = energy_profile.profile(T, T + 8 * HOUR_MS, 12000, points)
    assert found == {FIRST + place: (2000, True) for place in range(8, 14)}


def test_power_at_the_end_alone_puts_the_energy_there():
    assert energy_profile.profile(T, T + 4 * HOUR_MS, 7000, [Point(T + 3 * HOUR_MS, 7000, 7000), Point(T + 3 * HOUR_MS + 1000, 7000, 0)]) == {
        FIRST + place: (1750, True) for place in range(8, 12)}


def test_what_power_and_counter_do_not_agree_on_is_not_sure():
    points = [Point(T, 0, 8000), Point(T + 4 * HOUR_MS, 8000, 8000)]
    assert {is_sure for wh, is_sure in energy_profile.profile(T, T + 4 * HOUR_MS, 8000, points).values()} == {False}


def test_close_readings_are_sure_without_a_meter():
    points = [Point(T + place * QUARTER_MS, 2500 * place, None) for place in range(1, 4)]
    assert energy_profile.profile(T, T + 3 * QUARTER_MS, 7500, points) == {FIRST + place: (2500, True) for place in range(3)}


@given(st.integers(0, 10 * HOUR_MS), st.integers(0, 40 * HOUR_MS), st.integers(0, 100_000),
       st.lists(st.tuples(st.integers(0, 50 * HOUR_MS), st.integers(0, 120_000), st.none() | st.integers(0, 22_000)), max_size=20))
def test_whatever_was_read_the_quarters_add_up_and_lie_within(offset, length, energy_wh, read):
    begin_ms, end_ms = T + offset, T + offset + length
    points = [Point(begin_ms + at, wh, power) for at, wh, power in sorted(read, key=lambda one: one[0]) if at <= length]
    found = energy_profile.profile(begin_ms, end_ms, energy_wh, points)
    assert sum(wh for wh, is_sure in found.values()) == energy_wh
    assert all(begin_ms // QUARTER_MS <= quarter <= end_ms // QUARTER_MS and wh >= 0 for quarter, (wh, is_sure) in found.items())
