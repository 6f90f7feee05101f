"""Answer times and tries: small integers in lists of fixed length."""

from hypothesis import given
from hypothesis import strategies as st

from modbus import transaction
from modbus.statistics import BUCKET_MS, BUCKETS, Statistics


def noted(*times_ms):
    statistics = Statistics(3)
    for answer_ms in times_ms:
        statistics.note(answer_ms, 0)
    return statistics


def test_before_the_first_answer_nothing_is_known():
    statistics = noted()
    assert statistics.fastest_ms is None and statistics.slowest_ms is None and statistics.within_ms(50) is None
    assert statistics.tries == [0, 0, 0] and len(statistics.buckets) == BUCKETS and not any(statistics.buckets)


def test_every_answer_is_counted_where_it_belongs():
    statistics = noted(30, 29, 31, 32, 399, 5000)
    assert statistics.buckets[3] == 3 and statistics.buckets[4] == 1 and statistics.buckets[399 // BUCKET_MS] == 1
    assert statistics.buckets[-1] == 1 and statistics.fastest_ms == 29 and statistics.slowest_ms == 5000


def test_the_histogram_reaches_to_the_end_of_the_answer_time():
    assert BUCKETS * BUCKET_MS > transaction.RESPONSE_MS + BUCKET_MS


def test_tries_are_counted_apart():
    statistics = Statistics(3)
    for failed in (0, 0, 0, 1, 2, 1):
        statistics.note(20, failed)
    assert statistics.tries == [3, 2, 1]


def test_a_port_that_returns_too_early_makes_no_negative_time():
    assert noted(-3).buckets[0] == 1


@given(st.lists(st.integers(0, 400), min_size=1), st.integers(1, 100))
def test_the_time_within_which_a_share_came_is_right_to_one_interval(times_ms, percent):
    exact_ms = sorted(times_ms)[(len(times_ms) * percent + 99) // 100 - 1]
    statistics = noted(*times_ms)
    assert exact_ms <= statistics.within_ms(percent) <= exact_ms + BUCKET_MS
    assert statistics.within_ms(100) == max(times_ms)
