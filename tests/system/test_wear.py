"""Wear of the flash: writes of ordinary days, and ten years of such days calculated page by page."""

from collections import Counter
from random import Random

import pytest
from sim.boards import flash
from sim import scenario
from sim.world import World
from tests.support.command_storm import CommandStorm

DAY_S = 86400
TEN_YEARS = 3652
# 100,000 cycles a sector are what its maker promises; a tenth of them is what we may use.
CYCLES = 10_000
WRITES_A_DAY = 100
AIRTIME_S = 24
PLAN = [{'days': 'mon-sun', 'from': '22:00', 'to': '06:00'}]
# What an owner says on the air, and how often in a day he says something.
SAYINGS = ({'command': 'lock'}, {'command': 'unlock'}, {'command': 'stop'}, {'command': 'start'}, {'command': 'boost'},
           {'command': 'boost', 'kwh': 5}, {'command': 'skip', 'window': 'next'}, {'command': 'resume_plan'}, {'command': 'report'},
           {'command': 'set_current', 'current_a': 10}, {'mode': 'Lock Outlet'}, {'mode': 'Unlock Outlet'}, {'mode': 'Reset Charger'})
SAYINGS_A_DAY = (0, 1, 2, 4, 8)


def days_events(seed, days, targets=0):
    """A car that comes in the evening and leaves in the morning, an owner who says something now and then, and what happens in a month.
    targets: number of requests a day that are a target for the night; within the others where there are enough, for downlinks are few."""
    dice = Random('wear %d' % seed)
    prices = Random('prices %d' % seed)
    events = []

    def at(day, low_h, high_h, **event):
        events.append(dict(event, t=round(day * DAY_S + dice.uniform(low_h, high_h) * 3600, 1)))

    for day in range(days):
        if dice.random() < 0.8:
            at(day, 9, 13, do='plug')           # evening in the place of the default start, 07:00 UTC
            at(day, 22, 24, do='unplug')
        sayings = dice.choice(SAYINGS_A_DAY)
        for _ in range(sayings):
            said = dice.choice(SAYINGS)
            at(day, 0, 24, do='downlink', data=dict(said, id=dice.randrange(256)) if 'command' in said else said)
        for number in range(targets):
            if number >= sayings:
                events.append({'t': day * DAY_S + prices.uniform(0, DAY_S), 'do': 'downlink'})
            event = events[-1] if number >= sayings else events[-1 - number]
            event['data'] = {
                'target': {'until': '05:00', 'kwh': 12, 'quarters': sorted(prices.sample(range(1, 29), 5))}, 'id': prices.randrange(256)}
        if dice.random() < 0.15:
            at(day, 0, 1, do='monitor_power', on=False)
            at(day, 1, 2, do='monitor_power', on=True)
        if dice.random() < 0.15:
            at(day, 2, 3, do='charger_power', on=False)
            at(day, 3, 4, do='charger_power', on=True)
        if dice.random() < 0.3:
            at(day, 0, 20, do='gateway_down', for_s=dice.expovariate(1 / 3600))
        if dice.random() < 0.3:
            at(day, 0, 24, do='key', position=dice.choice(('locked', 'unlocked')))
    return events


def lived(seed, days, targets=0):
    """The Recording of that many days, and the seconds of airtime of the worst 24 hours."""
    events = days_events(seed, days, targets)
    world = World(scenario.complete({'seed': seed, 'duration_s': days * DAY_S, 'config': {'PLAN': PLAN}, 'events': events,
                                     'charger': {'panel_frames': False, 'key': 'unlocked'}, 'vehicle': {'model': 'sleepy', 'needs_kwh': 20}}))
    recording = flash.Recording(world.flash, world.kernel)
    world.run(days * DAY_S)
    assert 'crash' not in {entry.get('cause') for entry in world.timeline}
    return recording, world.network.uplink_airtime_s_max_day()


def worn(writes, days):
    """Erase cycles of the most worn sector after ten years of days such as those of writes: (NVS of the LoPy4, littlefs)."""
    nvs = flash.Nvs()
    for _ in range(TEN_YEARS // days):
        for _, name, _, new in writes:
            nvs.put(name, flash.nvs_entries(len(new)))
    return max(nvs.erases), round(flash.littlefs_erases(len(writes) * TEN_YEARS // days))


def by_day(writes, days):
    return [len([1 for t_s, _, _, _ in writes if day * DAY_S <= t_s < (day + 1) * DAY_S]) for day in range(days)]


def held_to_the_limits(seed, days, evidence, what, targets=0):
    recording, airtime_s = lived(seed, days, targets)
    writes = recording.writes
    counts = by_day(writes, days)
    nvs, littlefs = worn(writes, days)
    print(Counter(name[:-2] for _, name, _, _ in writes), counts)
    evidence('%swrites to flash on a day, most of %d days' % (what, days), max(counts), WRITES_A_DAY)
    evidence('%serase cycles of the most worn sector in ten years of such days, NVS of the LoPy4' % what, nvs, CYCLES)
    evidence('%sthe same on littlefs with 64 free blocks' % what, littlefs, CYCLES)
    evidence('%sairtime of the worst 24 hours of them, s' % what, round(airtime_s, 1), AIRTIME_S)
    assert 10 < max(counts) < WRITES_A_DAY and airtime_s <= AIRTIME_S
    assert nvs < CYCLES and littlefs < CYCLES
    return writes


def test_a_day_writes_little():
    assert 10 < by_day(lived(9, 1)[0].writes, 1)[0] < WRITES_A_DAY


@pytest.mark.long
def test_three_days_and_ten_years_of_them(evidence):
    writes = held_to_the_limits(9, 3, evidence, '')
    assert {name[:-2] for _, name, _, _ in writes} >= {'owner', 'past', 'airtime'}


@pytest.mark.long
def test_of_thirty_days_drawn_from_ten_seeds_none_writes_a_hundred_times(evidence):
    most = max(max(by_day(lived(seed, 3)[0].writes, 3)) for seed in range(10))
    evidence('writes to flash on a day, most of 30 days drawn from 10 seeds', most, WRITES_A_DAY)
    assert most < WRITES_A_DAY


@pytest.mark.long
def test_a_target_each_night_stays_within_the_writes_of_a_day(evidence):
    writes = held_to_the_limits(9, 3, evidence, 'a target each night: ', 1)
    assert len([name for _, name, _, _ in writes if name[:-2] == 'target']) >= 3 * 2


@pytest.mark.long
def test_five_targets_each_night_the_most_that_the_house_plans_stay_within_the_writes_of_a_day(evidence):
    writes = held_to_the_limits(9, 3, evidence, 'five targets each night: ', 5)
    assert len([name for _, name, _, _ in writes if name[:-2] == 'target']) >= 15


def test_a_record_written_two_hundred_times_a_day_would_be_seen():
    assert min(worn([(0, 'owner_a', None, bytes(600))] * 200, 1)) > CYCLES


@pytest.mark.long
def test_what_a_storm_costs(monkeypatch, evidence):
    """An abnormal day: the command log is full, and every further command rewrites it. Number of such days that the flash lasts."""
    storm = CommandStorm(monkeypatch, 5, 1, happenings=0, charger={'key': 'unlocked', 'panel_frames': False}, network={'data_rate': 5})
    recording = flash.Recording(storm.world.flash, storm.world.kernel)
    storm.live()
    nvs, littlefs = worn(recording.writes, 1)
    evidence('writes to flash of an hour with 1,000 commands, airtime for answers used up', len(recording.writes))
    evidence('days with such an hour until a tenth of its life is used up, NVS of the LoPy4', TEN_YEARS * CYCLES // nvs)
    assert TEN_YEARS * CYCLES // nvs > 365 and TEN_YEARS * CYCLES // littlefs > 365


@pytest.mark.soak
def test_a_month_and_ten_years_of_it(soak_seed, evidence):
    held_to_the_limits(soak_seed + 100, 30, evidence, 'soak: ')
