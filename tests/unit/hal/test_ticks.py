"""Milliseconds from a counter that wraps, and the wall time derived from them."""
import pytest
from hal.ticks import Milliseconds, Utc
from hypothesis import given
from hypothesis import strategies as st

PERIODS_US = (1 << 32, 1 << 30)     # Pycom's ticks_cpu; ticks_us of mainline MicroPython


class Counter:
    """Microseconds of the world, and what a register of that period shows of them."""

    def __init__(self, at_us, period_us):
        self.at_us = at_us
        self.period_us = period_us

    def __call__(self):
        return self.at_us % self.period_us


@pytest.mark.parametrize("period_us", PERIODS_US)
@pytest.mark.parametrize("step_us", [1, 999, 1000, 1001, 2499, 5000])
def test_every_step_over_the_wrap_counts_as_the_time_it_took(period_us, step_us):
    for before_us in range(2500):
        counter = Counter(period_us - before_us, period_us)
        clock = Milliseconds(counter, period_us)
        for number in range(1, 6):
            counter.at_us += step_us
            assert clock.now() == number * step_us // 1000


@pytest.mark.parametrize("period_us", PERIODS_US)
def test_the_longest_pause_between_two_looks_is_one_period(period_us):
    counter = Counter(123, period_us)
    clock = Milliseconds(counter, period_us)
    counter.at_us += period_us - 1
    assert clock.now() == (period_us - 1) // 1000


@given(st.sampled_from(PERIODS_US), st.integers(0, 1 << 33), st.lists(st.integers(0, (1 << 30) - 1), max_size=40))
def test_no_microsecond_is_lost_or_counted_twice(period_us, start_us, steps_us):
    counter = Counter(start_us, period_us)
    clock = Milliseconds(counter, period_us)
    last_ms = 0
    for step_us in steps_us:
        counter.at_us += step_us
        now_ms = clock.now()
        assert now_ms >= last_ms
        assert now_ms == (counter.at_us - start_us) // 1000
        last_ms = now_ms


def test_wall_time_is_unknown_until_told_and_then_goes_with_the_clock():
    utc = Utc()
    assert utc.at(5000) is None
    utc.set(1800000000, 5000)
    assert [utc.at(ms) for ms in (5000, 5999, 6000, 4999, 90005000)] == [1800000000, 1800000000, 1800000001, 1799999999, 1800090000]
