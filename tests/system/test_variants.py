"""Whole evenings with every variant of the wallbox that could matter to a monitor: the firmware copes with each."""

import pytest

from sim.evse import box_options
from sim import scenario
from sim.world import World
from tests.choice import first

HOUR_S = 3600
RESET, LOCK, UNLOCK = '03', '01', '02'
# What a monitor could notice, beside the defaults; every choice of box_options.VARIANTS is here. The last are those that go together, or differ most:
# in make test they are tried, the others in make evidence.
VARIANTS = [{name: choice} for name, choices in sorted(box_options.VARIANTS.items()) for choice in choices[1:]] + [
    {}, {'meter': False}, {'panel_frames': False}, {'panel_frames': False, 'sleeps_after_s': 1}, {'hardware': 0, 'firmware': '1.2'},
    {'trailing_nul': True}, {'held_code': 'B1', 'panel': 'master', 'meter': False, 'pulse_keeps_key': True, 'trailing_nul': True},
    {'upstream_timeout': True, 'upstream_timeout_s': 10}, {'upstream_timeout': True, 'upstream_timeout_s': 10, 'upstream_reaction': 'F14'}]


def named(variant):
    return ' '.join('%s=%s' % item for item in sorted(variant.items())) or 'defaults'


def play(variant, duration_s, *events, **keys):
    """An installation with a box beyond what a scenario can say. Returns its World."""
    complete = scenario.complete(dict(keys, duration_s=duration_s, events=list(events)))
    box = dict(variant)
    trailing_nul = box.pop('trailing_nul', False)
    complete['charger'].update(box)
    world = World(complete)
    world.line.trailing_nul(trailing_nul)
    world.run(duration_s)
    world.timeline.sort(key=lambda entry: entry['t'])
    return world


def of_kind(world, kind):
    return [entry for entry in world.timeline if entry['kind'] == kind]


def states_sent(world):
    return [entry['decoded']['state'] for entry in of_kind(world, 'uplink') if entry['decoded']['type'] != 'clock']


def downlink(t, payload_hex):
    return {'t': t, 'do': 'downlink', 'f_port': 1, 'payload_hex': payload_hex}


def sound(world):
    """What holds for every box: nobody was run into by us, and nothing but what is allowed was written."""
    assert [collision for collision in world.line.collisions if collision[1] not in (world.box._port, world.box._port.panel)] == []
    for entry in of_kind(world, 'bus_write'):
        assert entry['register'] in (0x0005, 0x0014)
        assert entry['register'] == 0x0014 or entry['value'] in ('5A5A', 'E0E0', 'A1A1')
    assert {entry['cause'] for entry in of_kind(world, 'reset')} <= {'power'}


@pytest.mark.parametrize('variant', first(VARIANTS[::-1], 4), ids=named)
def test_the_evening_of_a_newcomer(variant):
    """He plugs in, sends Reset as Home Manager does, the car charges and the answer comes back."""
    world = play(variant, 4000, {'t': 600, 'do': 'plug'}, downlink(1200, RESET), {'t': 3500, 'do': 'unplug'})
    sound(world)
    said = states_sent(world)
    assert said[:2] == ['Not Connected', 'Connected and Locked']
    assert said.index('Reset Charger ACK') < said.index('Charging') < len(said) - said[::-1].index('Not Connected')
    assert world.box.contactor_closings == 1 and 3000 < world.box.energy_wh < 8000
    assert world.box.reads >= 0.4 * 4000


@pytest.mark.parametrize('variant', first(VARIANTS[::-1], 4), ids=named)
def test_lock_and_unlock_while_it_charges(variant):
    """Lock stops the charge and lasts; unlock gives the outlet back, and the car charges where the key is closed."""
    world = play(variant, HOUR_S, {'t': 60, 'do': 'plug'}, downlink(600, LOCK), downlink(1800, UNLOCK), charger={'key': 'unlocked'})
    sound(world)
    said = states_sent(world)
    assert said.index('Charging') < said.index('Lock Outlet ACK') < said.index('Unlock Outlet ACK')
    codes = [(entry['t'], entry['code']) for entry in of_kind(world, 'charger_state')]
    locked = [t for t, code in codes if code == 'E0']
    left = [t for t, code in codes if t > locked[0]]
    assert len(locked) == 1 and 600 < locked[0] < 620 and 1800 < left[0] < 1815
    assert codes[-1][1] == 'C2'
    assert said[-1] == 'Charging'


@pytest.mark.parametrize('variant', first(VARIANTS[::-1], 4), ids=named)
def test_a_lock_survives_the_power_cut_of_box_and_monitor(variant):
    world = play(variant, 2000, {'t': 60, 'do': 'plug'}, downlink(300, LOCK), {'t': 600, 'do': 'monitor_power', 'on': False},
                 {'t': 610, 'do': 'charger_power', 'on': False}, {'t': 700, 'do': 'charger_power', 'on': True},
                 {'t': 720, 'do': 'monitor_power', 'on': True})
    sound(world)
    # A box that went to F4 before the monitor was up again refuses E0E0; it charges no car either.
    timed_out = variant.get('upstream_timeout') and variant.get('upstream_reaction') != 'F14'
    assert world.box.code == 'E0' or timed_out and world.box.code == 'F4'
    assert timed_out or of_kind(world, 'charger_state')[-1]['t'] < 760


@pytest.mark.parametrize('variant', [{'fault_ends': choice} for choice in box_options.VARIANTS['fault_ends']], ids=named)
def test_a_fault_is_told_and_is_over_when_it_is(variant):
    events = [{'t': 60, 'do': 'plug'}, {'t': 900, 'do': 'fault', 'code': 'F9'}, {'t': 1500, 'do': 'clear_fault'}]
    world = play(variant, 2400, *events, charger={'key': 'unlocked'})
    sound(world)
    told = [entry['decoded'].get('fault') for entry in of_kind(world, 'uplink') if 900 < entry['t'] < 1500]
    assert 'F9' in told
    # Nobody clears an overcurrent over the bus, so where it latches it stays.
    assert states_sent(world)[-1] == ('Disabled' if variant['fault_ends'] == 'latched' else 'Charging')
    assert [entry for entry in of_kind(world, 'bus_write') if 900 < entry['t'] < 2400 and entry['register'] == 5] == []


@pytest.mark.parametrize('fed_by, f4', [('any', False), ('writes', True)])
def test_reading_keeps_the_upstream_timeout_away_unless_only_writes_count(fed_by, f4):
    world = play({'upstream_timeout': True, 'upstream_timeout_s': 10, 'upstream_fed_by': fed_by}, 600)
    assert ('F4' in [entry['code'] for entry in of_kind(world, 'charger_state')]) == f4


def test_a_monitor_that_is_down_lets_the_upstream_timeout_come():
    world = play({'upstream_timeout': True, 'upstream_timeout_s': 30, 'panel_frames': False}, 1200, {'t': 300, 'do': 'monitor_power', 'on': False},
                 {'t': 600, 'do': 'monitor_power', 'on': True})
    codes = [(entry['t'], entry['code']) for entry in of_kind(world, 'charger_state')]
    assert 'F4' in [code for _, code in codes] and 328 < codes[1][0] < 331


@pytest.mark.parametrize('model', ['eager', 'sleepy', 'long_pulse', 'shy'])
@pytest.mark.parametrize('phases', first([3, 1]))
def test_every_car_charges_when_it_is_offered_current_on_arrival(model, phases):
    world = play({}, HOUR_S, {'t': 60, 'do': 'plug'}, charger={'key': 'unlocked'}, vehicle={'model': model, 'phases': phases})
    assert states_sent(world)[-1] == 'Charging'
    assert world.box.energy_wh == pytest.approx(phases * 230 * 16 * (HOUR_S - 63) / 3600, rel=0.01)


@pytest.mark.parametrize('variant', [{}, {'panel': 'master'}], ids=named)
def test_the_energy_listeners_have_everything_at_the_end_of_a_run(variant):
    complete = scenario.complete({'duration_s': 600, 'events': [{'t': 60, 'do': 'plug'}], 'charger': {'key': 'unlocked'}})
    complete['charger'].update(variant)
    world = World(complete)
    heard = []
    world.box.on_energy.append(lambda t0_us, t1_us, wh: heard.append(wh))
    world.run(600)
    assert sum(heard) == pytest.approx(world.box.energy_wh) and sum(heard) > 1000


def test_the_seed_of_the_scenario_is_the_cars_too():
    def closing(seed):
        world = play({}, 120, {'t': 60, 'do': 'plug'}, charger={'key': 'unlocked'}, seed=seed)
        codes = {entry['code']: entry['t'] for entry in of_kind(world, 'charger_state')}
        return codes['C2'] - codes['B2']
    assert closing(1) == closing(1)
    assert len({closing(seed) for seed in range(5)}) > 1
