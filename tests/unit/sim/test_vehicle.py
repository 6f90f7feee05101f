"""Cars and their habits, on a simulated wallbox."""

import pytest

from sim.kernel import Kernel
from sim.vehicle import MODELS, make_vehicle
from tests.support.wallbox_bench import SECOND, WallboxBench


def held(model, held_s, **options):
    """A car that was plugged in and kept without current for that long; then current is offered."""
    made = WallboxBench(key='unlocked')
    made.write(0x0014, 1000)
    made.plug(model=model, **options)
    made.run(held_s)
    assert made.box.code == 'B2'
    made.write(0x0014, 0x010A)
    made.run(5)
    return made


def pulse(made, seconds):
    """E0 for that long."""
    made.write(0x0005, 0xE0E0, for_s=seconds)
    made.write(0x0005, 0xA1A1)
    made.run(5)


def test_an_eager_car_starts_within_two_seconds_of_an_offer_whenever_it_comes():
    for seed in range(20):
        made = WallboxBench(key='unlocked')
        made.plug(seed=seed)
        made.run(5)
        assert 1 <= made.entered('C2') - made.entered('B2') <= 2
    assert held('eager', 8 * 3600).box.code == 'C2'


def test_a_car_lets_go_within_a_second_of_a_pause():
    for seed in range(20):
        made = WallboxBench()
        made.charging(seed=seed)
        asked = made.kernel.now_us
        made.box.set_icmax(1000)
        made.run(2)
        assert 0 < made.entered('B2') * SECOND - asked <= SECOND


@pytest.mark.parametrize('limit, max_a, phases, watts', [
    (0x215, 16, 3, 11040), (0x10A, 32, 3, 3 * 230 * 15.96), (0x64, 16, 1, 1380), (0x50, 16, 2, 2760), (0x215, 10, 2, 4600)])
def test_a_car_draws_what_it_may_and_can(limit, max_a, phases, watts):
    made = WallboxBench()
    made.write(0x0014, limit)
    made.charging(max_a=max_a, phases=phases)
    before = made.box.energy_wh
    made.run(3600)
    assert made.box.energy_wh - before == pytest.approx(watts)


def test_a_full_car_stops_at_the_kilowatt_hour_and_asks_for_no_more():
    made = WallboxBench()
    made.charging(needs_kwh=11.04)
    began = made.entered('C2')
    made.run(5 * 3600)
    assert made.box.code == 'B2'
    assert made.entered('B2') - began == pytest.approx(3600, abs=0.001)
    pulse(made, 12)
    assert made.box.code == 'B2'
    made.box.unplug()
    assert made.seen('energy') == [11.04]


def test_the_need_is_met_to_the_end_over_pauses_and_limits():
    made = WallboxBench()
    made.charging(needs_kwh=3)
    for limit in (0x64, 1000, 0x10A, 0xA6, 1000, 0x215):
        made.run(300)
        made.write(0x0014, limit)
    made.run(3600)
    assert made.box.code == 'B2'
    made.box.unplug()
    assert made.seen('energy') == [3.0]


def test_a_car_that_comes_back_needs_as_much_again():
    made = WallboxBench(key='unlocked')
    car = made.plug(needs_kwh=1)
    made.run(3600)
    made.box.unplug()
    made.box.plug(car)
    made.run(3600)
    made.box.unplug()
    assert made.seen('energy') == [1.0, 1.0]


def test_a_car_without_need_or_wish_never_closes_the_contactor():
    for options in ({'model': 'full'}, {'needs_kwh': 0}):
        made = WallboxBench(key='unlocked')
        made.plug(**options)
        made.run(3600)
        assert made.codes() == ['A1', 'B1', 'B2']


@pytest.mark.parametrize('held_s, starts', [(595, True), (700, False)])
def test_a_sleepy_car_sleeps_after_ten_minutes_without_current(held_s, starts):
    assert (held('sleepy', held_s).box.code == 'C2') == starts


def test_a_sleepy_car_sleeps_on_when_current_only_comes_and_goes():
    made = held('sleepy', 700)
    for _ in range(3):
        made.write(0x0014, 1000)
        made.run(10)
        made.write(0x0014, 0x010A)
        made.run(10)
    assert made.box.code == 'B2'


@pytest.mark.parametrize('wake', [
    lambda made: pulse(made, 3),
    lambda made: made.write(0x0005, 0x5A5A),
    lambda made: (made.box.fault('F4'), made.run(1), made.box.clear_fault()),
    lambda made: (made.box.power(False), made.run(1), made.box.power(True)),
])
def test_a_pulse_or_a_reset_wakes_a_sleepy_car(wake):
    made = held('sleepy', 700)
    wake(made)
    made.run(10)
    assert made.box.code == 'C2'


def test_a_sleepy_car_that_charged_sleeps_ten_minutes_after_the_pause():
    made = WallboxBench()
    made.charging(model='sleepy')
    made.run(3600)
    made.write(0x0014, 1000)
    made.run(590)
    made.write(0x0014, 0x010A)
    made.run(5)
    assert made.box.code == 'C2'


@pytest.mark.parametrize('seconds, starts', [(3, False), (9, False), (10.2, True)])
def test_a_long_pulse_car_needs_ten_seconds(seconds, starts):
    made = held('long_pulse', 700)
    pulse(made, seconds)
    assert (made.box.code == 'C2') == starts


def test_a_shy_car_lets_itself_be_woken_three_times_and_then_refuses_until_it_has_been_away():
    made = WallboxBench(key='unlocked')
    made.charging(model='shy')
    made.write(0x0014, 1000)
    made.run(700)
    made.write(0x0014, 0x010A)
    made.run(5)
    for _ in range(3):
        assert made.box.code == 'B2'
        pulse(made, 3)
        assert made.box.code == 'C2'
        made.write(0x0014, 1000)
        made.run(700)
        made.write(0x0014, 0x010A)
        made.run(5)
    pulse(made, 3)
    assert made.box.code == 'B2'
    pulse(made, 12)
    assert made.box.code == 'B2'
    car = made.box.vehicle
    made.box.unplug()
    made.box.plug(car)
    made.run(5)
    assert made.box.code == 'C2'


@pytest.mark.parametrize('greeted_s, complains', [(0.5, False), (59, False), (61, True), (3600, True)])
def test_a_shy_car_complains_when_it_is_offered_nothing_in_its_first_minute(greeted_s, complains):
    made = WallboxBench(key='unlocked')
    made.write(0x0014, 1000)
    car = made.plug(model='shy')
    made.run(greeted_s)
    made.write(0x0014, 0x010A)
    made.run(5)
    assert car.complains == complains
    assert made.box.code == ('B2' if complains else 'C2')


def test_a_greeted_shy_car_may_be_held_afterwards():
    made = WallboxBench(key='unlocked')
    car = made.plug(model='shy')
    made.run(1)
    assert made.box.code == 'B2'
    made.write(0x0014, 1000)
    made.run(300)
    made.write(0x0014, 0x010A)
    made.run(5)
    assert not car.complains and made.box.code == 'C2'


def complaining():
    made = held('shy', 700)
    assert made.box.vehicle.complains
    return made


def test_a_complaining_car_refuses_offers_and_short_pulses():
    made = complaining()
    for seconds in (3, 9):
        pulse(made, seconds)
        assert made.box.code == 'B2' and made.box.vehicle.complains


def test_a_car_stops_complaining_when_it_was_unplugged_or_thinks_so():
    made = complaining()
    pulse(made, 10.2)
    assert made.box.code == 'C2'
    made = complaining()
    car = made.box.vehicle
    made.box.unplug()
    assert not car.complains
    made.box.plug(car)
    made.run(5)
    assert made.box.code == 'C2'
    car.become('eager')
    assert made.box.code == 'C2'


def test_a_complaint_ends_when_the_car_becomes_another():
    made = complaining()
    made.box.vehicle.become('eager')
    made.run(3)
    assert made.box.code == 'C2'


def test_a_car_that_left_in_its_first_minute_does_not_complain_later():
    made = WallboxBench()
    car = made.plug(model='shy')
    made.run(30)
    made.box.unplug()
    made.run(60)
    assert not car.complains


def test_five_percent_pulses_end_a_charge_and_start_none():
    made = WallboxBench(icmax_below_8='digital')
    made.charging()
    assert made.write(0x0014, 50) == '011000140001'
    made.run(2)
    assert made.box.code == 'B2' and made.box.limits.icmax_a == 0
    made.box.unplug()
    made.plug()
    made.run(60)
    assert made.box.code == 'B2'
    made.write(0x0014, 0x64)
    made.run(3)
    assert made.box.code == 'C2'


@pytest.mark.parametrize('model', sorted(MODELS))
@pytest.mark.parametrize('phases', [1, 2, 3])
def test_every_car_draws_on_its_phases_only(model, phases):
    made = WallboxBench()
    if model == 'full':
        made.plug(model=model, phases=phases)
        made.box.key(True)
        made.run(5)
        assert made.box.currents_da == (1, 1, 1)
        return
    made.charging(model=model, phases=phases, max_a=10)
    assert made.box.currents_da == tuple(100 if phase < phases else 1 for phase in range(3))


def test_a_shy_car_does_not_mind_a_lock_while_it_charges():
    made = WallboxBench(key='unlocked')
    made.charging(model='shy')
    for _ in range(5):
        pulse(made, 3)
        assert made.box.code == 'C2'


def test_habits_can_be_changed_on_the_spot():
    made = WallboxBench()
    car = made.charging()
    car.become('full')
    made.run(2)
    assert made.box.code == 'B2'
    car.become('eager')
    made.run(3)
    assert made.box.code == 'C2'


def test_a_finished_car_that_becomes_eager_needs_energy_again():
    made = WallboxBench()
    car = made.charging(needs_kwh=0.1)
    made.run(600)
    assert made.box.code == 'B2'
    car.become('eager')
    made.run(600)
    made.box.unplug()
    assert made.seen('energy') == [0.2]


def test_a_car_becomes_another_while_nobody_has_plugged_it_in():
    car = make_vehicle(Kernel())
    car.become('full')
    assert car.model == 'full'


def test_an_unknown_model_is_an_error_that_names_the_choice():
    with pytest.raises(ValueError, match='vehicle.model: one of eager, full, long_pulse, shy, sleepy'):
        make_vehicle(Kernel(), model='lazy')
    assert all(make_vehicle(Kernel(), model=model) for model in MODELS)
