"""Watt-hours from the box's currents: exact, without drift, in small integers; marked as estimated where not measured."""

from types import SimpleNamespace

import pytest
from app.evse.energy_meter import EnergyMeter
from hypothesis import given
from hypothesis import strategies as st

SMALL = 1 << 30


class Small(int):
    """A number that a board keeps without allocating; every result computed from it must be one too."""

    def _small(self, value):
        assert -SMALL <= value < SMALL
        return Small(value)

    def __add__(self, other):
        return self._small(int(self) + other)

    def __sub__(self, other):
        return self._small(int(self) - other)

    def __mul__(self, other):
        return self._small(int(self) * other)

    def __floordiv__(self, other):
        return self._small(int(self) // other)

    def __mod__(self, other):
        return self._small(int(self) % other)

    __radd__ = __add__
    __rmul__ = __mul__


def reading(at_ms, code=0xC2, currents_da=(160, 160, 160), limit_duty=266):
    return SimpleNamespace(at_ms=at_ms, code=code, currents_da=list(currents_da), limit_duty=limit_duty)


def fed(meter, *readings):
    for one in readings:
        meter.step(one)
    return meter


def every_2_s(for_s, **fields):
    return [reading(at_s * 1000, **fields) for at_s in range(0, for_s + 1, 2)]


def test_an_hour_at_16_a_in_three_phases_is_11_kwh_measured():
    meter = fed(EnergyMeter(230, 3), *every_2_s(3600))
    assert meter.total_wh == meter.session_wh == 16 * 3 * 230
    assert not meter.estimated and meter.estimated_wh == 0


def test_the_voltage_is_the_configured_one():
    assert fed(EnergyMeter(120, 3), *every_2_s(3600, currents_da=(100, 0, 0))).total_wh == 1200


@given(st.lists(st.tuples(st.integers(1, 10000), st.integers(0, 800), st.integers(0, 800)), min_size=1, max_size=200), st.integers(100, 300))
def test_nothing_is_lost_between_readings_however_odd(steps, volts):
    meter, at_ms, before_da, exact = EnergyMeter(volts, 3), 0, 0, 0
    meter.step(reading(0, currents_da=(0, 0, 0)))
    for elapsed_ms, first_da, second_da in steps:
        at_ms += elapsed_ms
        meter.step(reading(at_ms, currents_da=(first_da, second_da, 0)))
        exact += (before_da + first_da + second_da) * elapsed_ms * volts
        before_da = first_da + second_da
    exact_wh = exact / 2 / 10 / 1000 / 3600
    # One second of 0.1 A is less than 0.01 Wh.
    assert exact_wh - 1.01 < meter.total_wh <= exact_wh


@given(st.lists(st.tuples(st.integers(1, 5 * 3600 * 1000), st.sampled_from((0xC2, 0xB2)), st.sampled_from((0, 60, 800, None))), max_size=30))
def test_what_is_reckoned_stays_small(steps):
    meter, at_ms = EnergyMeter(Small(300), Small(3)), 0
    for elapsed_ms, code, current_da in steps:
        at_ms += elapsed_ms
        current_da = None if current_da is None else Small(current_da)
        before_wh = meter.total_wh
        meter.step(reading(at_ms, code, (current_da, current_da, current_da), 840))
        assert before_wh <= meter.total_wh <= before_wh + 800 * 3 * 300 // 10
        assert meter.total_wh == meter.session_wh >= meter.estimated_wh >= 0


def test_a_reading_that_comes_again_counts_once():
    one = reading(2000)
    assert fed(EnergyMeter(230, 3), reading(0), one, one, one).flow_da == 480
    assert fed(EnergyMeter(230, 3), *[again for at_s in range(0, 3601, 2) for again in [reading(at_s * 1000)] * 3]).total_wh == 11040


def test_what_is_left_over_outside_c_counts_nothing():
    for code in (0xA1, 0xB1, 0xB2, 0xE0):
        assert fed(EnergyMeter(230, 3), *every_2_s(36000, code=code, currents_da=(9, 9, 9))).total_wh == 0


def test_a_welded_contactor_is_counted():
    assert fed(EnergyMeter(230, 3), *every_2_s(3600, code=0xF1, currents_da=(160, 2, 0))).total_wh == 16 * 230


def test_a_silence_of_10_s_counts_with_the_mean_and_a_longer_one_with_the_smaller_end():
    low, high = (60, 0, 0), (160, 0, 0)
    short = fed(EnergyMeter(360, 3), *[reading(10000 * turn, currents_da=low if turn % 2 else high) for turn in range(361)])
    assert (short.total_wh, short.estimated_wh) == (11 * 360, 0)
    long = fed(EnergyMeter(360, 3), *[reading(60000 * turn, currents_da=low if turn % 2 else high) for turn in range(61)])
    assert (long.total_wh, long.estimated_wh, long.estimated) == (6 * 360, 6 * 360, True)


def test_a_silence_between_charging_and_not_counts_nothing():
    assert fed(EnergyMeter(230, 3), reading(0), reading(60000, 0xB2, (1, 1, 1))).total_wh == 0


def test_of_a_long_silence_an_hour_counts():
    assert fed(EnergyMeter(230, 3), reading(0), reading(5 * 3600000)).total_wh == 11040


@pytest.mark.parametrize('phases', [1, 2, 3])
def test_without_a_meter_the_limit_counts_while_charging_and_is_marked(phases):
    nothing = (None, None, None)
    meter = fed(EnergyMeter(230, phases), *every_2_s(3600, currents_da=nothing))
    assert meter.total_wh == meter.estimated_wh == 16 * 230 * phases and meter.estimated
    assert fed(EnergyMeter(230, phases), *every_2_s(3600, code=0xB2, currents_da=nothing)).total_wh == 0
    assert fed(EnergyMeter(230, phases), *every_2_s(3600, currents_da=nothing, limit_duty=1000)).total_wh == 0


def test_a_meter_that_misses_a_phase_is_none():
    assert fed(EnergyMeter(230, 3), *every_2_s(3600, currents_da=(160, None, 160))).estimated


def test_what_lies_beside_a_guess_is_one_and_what_is_measured_again_is_not():
    nothing = (None, None, None)
    meter = fed(EnergyMeter(230, 3), *[reading(2000 * turn, currents_da=nothing if turn % 2 else (160, 160, 160)) for turn in range(1801)])
    assert meter.total_wh == 16 * 3 * 230
    assert meter.estimated_wh in (meter.total_wh - 1, meter.total_wh)
    meter = fed(EnergyMeter(230, 3), reading(0, currents_da=nothing), *[reading(2000 * turn) for turn in range(1, 1801)])
    assert meter.estimated_wh == 6 and not meter.estimated


@pytest.mark.parametrize('seconds, estimated', [(70, False), (74, True)])
def test_a_session_is_estimated_from_2_percent_on(seconds, estimated):
    meter = fed(EnergyMeter(230, 3), *every_2_s(3600))
    meter.step(reading(3600000 + seconds * 1000))
    assert meter.estimated is estimated


def test_a_new_session_begins_at_nothing_and_life_goes_on():
    meter = fed(EnergyMeter(230, 3), *every_2_s(3600, currents_da=(None, None, None)))
    meter.begin()
    assert (meter.session_wh, meter.estimated_wh, meter.estimated, meter.total_wh) == (0, 0, False, 11040)
