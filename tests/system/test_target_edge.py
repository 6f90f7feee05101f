"""The edge of the late start: a noisy meter and a car that changes its power give no more than one pause, and the target is met."""

from random import Random

import pytest
from tests.support.plan_world import closed, home
from tests.support.watched_world import HOUR_S, MINUTE_S, SECOND_US

# The run begins at 21:30, the target ends at 23:30; the car comes after it was said.
END_S = 2 * HOUR_S
SAID_S = 400
KWH = 8
MISSED_KWH = 0.1
# What the meter adds to a phase that carries current, 0.1 A.
NOISE_DA = 8
# From one measurement of the meter to the next.
READ_S = 1.9
VOLTS = 230


class EdgeNight:
    """A night with a target and no cheap quarter hour. noise_da: of each reading of the meter; powers: [(from s of the run, amperes, phases)] of
    the car. kwh: that flowed by the end; pauses: between the first current and the last."""

    def __init__(self, seed, powers, noise_da=NOISE_DA, **config):
        plug_s = powers[0][0]
        self.house = house = home((SAID_S, {'target': {'until': '23:30', 'quarters': [], 'kwh': KWH}, 'id': 1}), plug_s=plug_s,
                                  vehicle={'needs_kwh': 40}, CURRENT_LIMIT_A=16, **config)
        self.wh = 0.0
        self.powers_w = set()
        box = house.world.box
        box.on_energy.append(self._flowed)
        meter, noise = box._contactor.metered_da, Random(seed)
        box._contactor.metered_da = lambda phases: tuple(
            da + noise.randint(-noise_da, noise_da) if da > noise_da else da for da in meter(phases))
        house.during(plug_s, END_S, READ_S, box.settle)
        for at_s, amps, phases in powers:
            house.at(at_s, self._change, amps, phases)
        house.run(END_S + MINUTE_S)
        self.kwh = self.wh / 1000
        self.runs = closed(house)
        self.pauses = len(self.runs) - 1
        self.told = [entry for entry in house.of('uplink') if entry['decoded'].get('event') == 'target_missed']

    def _flowed(self, from_us, until_us, wh):
        if until_us <= END_S * SECOND_US:
            self.wh += wh
            self.powers_w.add(round(wh * 3.6e9 / (until_us - from_us)))

    def _change(self, amps, phases):
        box = self.house.world.box
        box.settle()
        box.vehicle.max_ma, box.vehicle.phases = amps * 1000, phases
        box.settle()

    def __repr__(self):
        return '%.2f kWh in %s' % (self.kwh, [(round(begin_s), round(end_s)) for begin_s, end_s in self.runs])


def trembling(seed):
    """A car that draws 12 to 16 A and changes that every half minute or so, and all of 6 to 16 A in the minutes in which its power is measured."""
    dice = Random('edge %d' % seed)
    at_s = dice.uniform(SAID_S + 60, END_S / 3)
    powers = [(at_s, dice.choice((6, 10, 16)), 3)]
    while at_s < END_S:
        at_s += dice.uniform(15, 75)
        powers.append((at_s, dice.choice((12, 13, 14, 15, 16)), 3))
    return powers


def held(night):
    assert night.pauses <= 1, night
    assert night.kwh > KWH - MISSED_KWH, night
    return night


@pytest.mark.parametrize('seed', range(2))
def test_a_noisy_meter_and_a_trembling_car_pause_once_at_most_and_the_target_is_met(seed):
    night = held(EdgeNight(seed, trembling(seed)))
    assert len(night.powers_w) > 2


def test_the_noise_alone_gives_the_one_pause_and_a_car_that_falls_to_one_phase_as_the_late_start_comes_no_other():
    steady = held(EdgeNight(1, [(SAID_S + 60, 16, 3)]))
    assert steady.pauses == 1 and steady.told == []
    fall_s = steady.runs[-1][0] + 30
    assert held(EdgeNight(1, [(SAID_S + 60, 16, 3), (fall_s, 16, 1), (fall_s + 240, 16, 3)])).pauses == 1


def test_a_car_that_takes_another_number_of_phases_once_its_power_was_measured_is_not_paused():
    night = held(EdgeNight(1, [(SAID_S + 60, 16, 1), (SAID_S + 300, 16, 3), (SAID_S + 900, 10, 2), (SAID_S + 1500, 16, 3)]))
    assert night.pauses == 0


@pytest.mark.long
def test_of_a_hundred_such_nights_none_pauses_twice(evidence):
    nights = [held(EdgeNight(seed, trembling(seed))) for seed in range(100, 200)]
    evidence('pauses at the edge of the late start, noisy meter and a car that changes its power, most of %d nights' % len(nights),
             max(night.pauses for night in nights), 1)
    missing_kwh = max(KWH - min(night.kwh for night in nights), 0)
    evidence('energy missing at the end of these nights of %d kWh, most' % KWH, '%.2f kWh' % missing_kwh, '%.1f kWh' % MISSED_KWH)
