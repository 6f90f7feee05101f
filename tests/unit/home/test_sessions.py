"""home/sessions.py: seven bits become a number that only grows, whatever comes late, twice or not at all."""
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from home import sessions
from home.sessions import Asked, Record

DAY_MS = 86_400_000
T = 1_790_000_000_000


def record(wire_number, started_ms=T, energy_wh=5000, received_ms=None, **rest):
    received_ms = (started_ms or T) + 3_600_000 if received_ms is None else received_ms
    return Record(wire_number, started_ms, 60, energy_wh, False, "vehicle_full", received_ms, **rest)


def row(number, record):
    return SimpleNamespace(number=number, order_ms=record.order_ms, **record.__dict__)


def test_the_first_record_keeps_its_number():
    assert sessions.number(record(57), None) == 57


@pytest.mark.parametrize("before, wire_number, expected", [(57, 58, 58), (57, 60, 60), (127, 0, 128), (130, 1, 257), (130, 2, 258)])
def test_a_record_counts_on_from_the_one_before(before, wire_number, expected):
    earlier = row(before, record(before % 128, T - 90 * DAY_MS))
    assert sessions.number(record(wire_number), earlier) == expected


def test_a_counter_that_begins_anew_leaves_no_gap():
    before = row(57, record(57, T - 3_600_000))
    assert sessions.number(record(1), before) == 58


def test_sixteen_missing_in_an_hour_are_a_gap_all_the_same():
    before = row(57, record(57, T - 3_600_000))
    assert sessions.number(record(73), before) == 73


def test_a_late_record_finds_its_place_before_the_first():
    after = row(3, record(3))
    assert sessions.number(record(1, T - DAY_MS), None, after) == 1
    assert sessions.number(record(127, T - DAY_MS), None, after) == -1


def test_a_late_record_of_another_count_makes_room():
    before, after = row(57, record(57)), row(58, record(1, T + 7_200_000))
    late = record(58, T + 3_600_000)
    assert sessions.number(late, before, after) == 58
    assert sessions.shift(58, before, after) == 1
    assert sessions.shift(57, before, after) == 0


def test_a_late_record_that_shows_an_unseen_wrap_shifts_by_it():
    before, after = row(10, record(10)), row(12, record(12, T + 200 * DAY_MS))
    assert sessions.number(record(20, T + 20 * DAY_MS), before, after) == 20
    assert sessions.shift(20, before, after) == 128


def test_a_record_sent_again_is_the_same_and_one_after_a_wrap_is_not():
    first = record(5)
    assert sessions.is_same(replace(first, received_ms=T + 9 * DAY_MS), row(5, first))
    assert not sessions.is_same(record(5, T + 90 * DAY_MS), row(5, first))


def test_without_a_begin_a_record_is_known_by_all_it_says():
    first = record(5, None)
    assert sessions.is_same(replace(first, received_ms=T + 2 * DAY_MS), row(5, first))
    assert not sessions.is_same(replace(first, energy_wh=5010), row(5, first))


@pytest.mark.parametrize("started_ms, minutes, begin_ms, end_ms", [
    (T, 60, T, T + 3_600_000),
    (T, None, T, T + 9_000_000),                     # until it was told
    (None, 60, T + 9_000_000 - 3_600_000, T + 9_000_000),
    (None, None, T + 9_000_000 - 5000 * 3_600_000 // sessions.LEAST_W, T + 9_000_000),
])
def test_energy_of_an_unknown_time_is_spread_over_what_it_may_have_taken(started_ms, minutes, begin_ms, end_ms):
    its = row(5, replace(record(5, started_ms, received_ms=T + 9_000_000), duration_min=minutes))
    assert sessions.flow_ms(its) == (begin_ms, end_ms)
    assert sessions.is_timed(its) == (started_ms is not None and minutes is not None)


@pytest.mark.parametrize("newest, wire_number, expected", [(57, 56, 56), (57, 58, 58), (130, 127, 127), (120, 1, 129), (57, 100, 100)])
def test_without_a_begin_the_nearest_number_is_taken(newest, wire_number, expected):
    assert sessions.undated_number(record(wire_number, None), row(newest, record(newest % 128))) == expected


@pytest.mark.parametrize("started_ms", [T + 3 * DAY_MS, T - 500 * DAY_MS, 1_000_000_000_000])
def test_a_begin_by_a_wrong_clock_is_not_believed(started_ms):
    told = record(5, started_ms, received_ms=T)
    assert not told.is_dated and told.order_ms == T - 3_600_000


def test_what_is_missing_has_its_number_and_its_seven_bits():
    before, after = row(126, record(126)), row(130, record(2, T + DAY_MS))
    assert sessions.first_missing(before, after) == (127, 129)
    assert [sessions.wire(number, before) for number in (127, 128, 129)] == [127, 0, 1]
    assert sessions.first_missing(before, row(127, record(127))) is None


@pytest.mark.parametrize("latest, is_open, expected", [
    (57, False, None), (58, True, None), (58, False, (58, 58)), (60, True, (58, 59)), (56, False, None)])
def test_what_the_device_counted_last_tells_what_is_missing_at_the_end(latest, is_open, expected):
    assert sessions.missing_at_end(row(57, record(57)), latest, is_open) == expected


def asked_days(gaps, newest, days):
    """[(day, number)] of the requests, where it is looked at every hour."""
    asked, found = Asked(), []
    for hour in range(24 * days):
        again = sessions.to_ask(gaps, newest, asked, T + hour * 3_600_000)
        if again:
            found.append((hour // 24, again[0]))
            asked = again[1]
    return found


def test_a_gap_is_asked_for_once_a_day_and_ten_times_and_then_the_next():
    assert asked_days([(58, 59), (61, 61)], 63, 25) == [(day, 58) for day in range(10)] + [(day, 61) for day in range(10, 20)]


def test_what_the_device_need_not_have_any_more_is_asked_for_three_times():
    assert asked_days([(58, 59)], 74, 25) == [(day, 58) for day in range(3)]


@pytest.mark.parametrize("oldest, newest, expected", [(2, 3, (1, 1)), (1, 3, None), (57, 57, (42, 56)), (57, 71, (56, 56)), (57, 72, None)])
def test_what_was_told_before_the_first_record_is_missing_while_the_device_has_it(oldest, newest, expected):
    assert sessions.missing_at_begin(row(oldest, record(oldest)), row(newest, record(newest))) == expected


def test_nothing_is_asked_for_that_its_number_no_longer_tells():
    assert sessions.to_ask([], 9, Asked(), T) is None
    assert sessions.to_ask([(1, 1)], 65, Asked(), T) is None


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(8, 100)), min_size=1, max_size=60), st.integers(0, 500))
def test_numbers_are_the_device_s_own_whatever_is_lost_on_the_way(steps, first):
    number, started_ms, before = first, T, None
    offset = None
    for step, hours in steps:
        number += step
        started_ms += step * hours * 3_600_000
        told = record(number % 128, started_ms)
        found = sessions.number(told, before)
        offset = number - found if offset is None else offset
        assert number - found == offset
        before = row(found, told)


def test_an_asking_that_a_wrong_clock_dated_ahead_keeps_nobody_from_asking():
    number, asked = sessions.to_ask([(3, 3)], 5, sessions.Asked(), 900 * 86_400_000)
    assert number == 3 and sessions.to_ask([(3, 3)], 5, asked, 899 * 86_400_000) is not None
