"""The data rate's fallback: slower after missing answers, gradually back, always within region and settings."""
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lorawan.rate_fallback import HOLD_MAX_MS, HOLD_MS, RateFallback
from lorawan.regions import REGIONS

HOUR_MS = 3_600_000
STARTS = [(name, data_rate) for name in sorted(REGIONS) for data_rate in range(REGIONS[name].slowest, len(REGIONS[name].rates))]


def rate_fallback(name="EU868", data_rate=5):
    return RateFallback(REGIONS[name], data_rate, 0)


def miss(made, times, now_ms=0):
    for _ in range(times):
        made.unanswered(now_ms)
    return made.step(now_ms)


@pytest.mark.parametrize("name, data_rate", STARTS)
def test_it_starts_as_configured_and_stays_there_without_questions(name, data_rate):
    made = rate_fallback(name, data_rate)
    assert [made.step(hour * HOUR_MS) for hour in range(0, 1000, 7)] == [data_rate] * 143


def test_two_questions_unanswered_in_a_row_make_it_one_slower():
    made = rate_fallback()
    assert [miss(made, 1) for _ in range(5)] == [5, 4, 4, 3, 3]


def test_an_answer_clears_the_count():
    made = rate_fallback()
    for _ in range(3):
        assert miss(made, 1) == 5
        made.answered()


@pytest.mark.parametrize("name, data_rate, slowest", (("EU868", 5, 0), ("US915", 4, 0), ("AU915", 6, 2), ("AU915", 1, 0), ("AS923", 5, 2)))
def test_it_goes_down_to_the_floor_of_the_region_and_no_further(name, data_rate, slowest):
    made = rate_fallback(name, data_rate)
    assert [miss(made, 2) for _ in range(8)] == [max(slowest, data_rate - step) for step in range(1, 9)]


def test_it_comes_back_one_a_hold_if_something_was_answered_since():
    made = rate_fallback()
    miss(made, 4)
    assert made.step(100 * HOUR_MS) == 3
    made.answered()
    assert made.step(100 * HOUR_MS) == 4
    made.answered()
    assert made.step(100 * HOUR_MS + HOLD_MS - 1) == 4
    # What was answered at the slower one does not count at this one; what is answered at it does.
    assert made.step(100 * HOUR_MS + HOLD_MS) == 5


def test_a_trial_that_fails_at_its_first_question_is_over_and_the_next_one_twice_as_far_off():
    made = rate_fallback()
    miss(made, 2)
    now_ms, hold_ms = 0, HOLD_MS
    for _ in range(6):
        made.answered()
        assert made.step(now_ms + hold_ms - 1) == 4
        now_ms += hold_ms
        assert made.step(now_ms) == 5
        assert miss(made, 1, now_ms) == 4
        hold_ms = min(2 * hold_ms, HOLD_MAX_MS)
    assert hold_ms == HOLD_MAX_MS == 8 * HOLD_MS


def test_a_data_rate_that_held_starts_again_with_the_short_hold():
    made = rate_fallback()
    miss(made, 2)
    made.answered()
    assert made.step(HOLD_MS) == 5
    assert miss(made, 1, HOLD_MS) == 4
    made.answered()
    assert made.step(3 * HOLD_MS) == 5
    made.answered()
    assert miss(made, 2, 6 * HOLD_MS) == 4
    made.answered()
    assert made.step(7 * HOLD_MS) == 5


def test_an_answer_ends_the_trial_but_to_fall_soon_after_it_still_doubles_the_hold():
    made = rate_fallback()
    miss(made, 2)
    made.answered()
    assert made.step(HOLD_MS) == 5
    made.answered()
    assert miss(made, 1, HOLD_MS) == 5
    assert miss(made, 1, HOLD_MS + HOUR_MS) == 4
    made.answered()
    assert made.step(HOLD_MS + HOUR_MS + 2 * HOLD_MS - 1) == 4
    assert made.step(HOLD_MS + HOUR_MS + 2 * HOLD_MS) == 5


@given(st.sampled_from(STARTS), st.lists(st.tuples(st.sampled_from(("unanswered", "answered", "wait")),
                                                   st.one_of(st.integers(0, HOUR_MS), st.integers(0, 100 * HOUR_MS))), max_size=120))
def test_whatever_happens_it_stays_within_its_bounds_and_never_swings_faster_than_the_hold(start, life):
    name, configured = start
    region = REGIONS[name]
    made = RateFallback(region, configured, 0)
    now_ms, before, changed_ms, unanswered = 0, configured, 0, 0
    for what, wait_ms in life:
        now_ms += wait_ms
        if what == "unanswered":
            made.unanswered(now_ms)
            unanswered += 1
        elif what == "answered":
            made.answered()
        rate = made.step(now_ms)
        assert region.floor(configured) <= rate <= configured
        assert region.longest_payload(rate) >= 11
        if rate > before:
            assert rate == before + 1 and now_ms - changed_ms >= HOLD_MS
        elif rate < before:
            assert rate == before - 1 and what == "unanswered"
        if rate != before:
            before, changed_ms = rate, now_ms
    assert configured - made.data_rate <= unanswered
