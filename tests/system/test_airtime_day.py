"""The airtime of a day with the whole firmware: an ordinary day, and one with commands all the time."""

from random import Random

import pytest
from sim import scenario
from sim.world import World
from tests.choice import first

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86400
AIRTIME_S = 24
GAP_S = {'SF12': 120 * MINUTE_S, 'SF11': 120 * MINUTE_S}
GAP_ELSE_S = 90 * MINUTE_S
# Connected for 12 h, one charge of 30 kWh, two commands.
TYPICAL = [{'t': 8 * HOUR_S, 'do': 'plug'}, {'t': 8 * HOUR_S + 60, 'do': 'key', 'position': 'unlocked'},
           {'t': 9 * HOUR_S, 'do': 'downlink', 'data': {'command': 'stop', 'id': 1, 'expires_in_s': 7200}},
           {'t': 11 * HOUR_S, 'do': 'downlink', 'data': {'command': 'start', 'id': 2, 'expires_in_s': 7200}}, {'t': 20 * HOUR_S, 'do': 'unplug'}]
TYPICAL_S = {'SF10': 12.0, 'SF7': 2.5}
RATES = {('AU915', 'SF12'): 0, ('AU915', 'SF10'): 2, ('AU915', 'SF9'): 3, ('AU915', 'SF8'): 4, ('AU915', 'SF7'): 5, ('EU868', 'SF12'): 0,
         ('EU868', 'SF10'): 2, ('EU868', 'SF7'): 5}
IN_TEST = (('AU915', 'SF10'), ('AU915', 'SF7'), ('EU868', 'SF12'))


def longest_gap_s(timeline):
    """From one uplink to the next with no join in between."""
    last_s, longest_s = None, 0
    for entry in timeline:
        if entry['kind'] == 'join':
            last_s = None
        elif entry['kind'] == 'uplink':
            longest_s = max(longest_s, entry['t'] - last_s if last_s is not None else 0)
            last_s = entry['t']
    return longest_s


@pytest.mark.parametrize('klass', first(('C', 'A')))
@pytest.mark.parametrize('sf, data_rate', first((('SF10', 2), ('SF7', 5))))
def test_a_typical_day_costs_little(klass, sf, data_rate, evidence):
    output = scenario.run({'duration_s': DAY_S, 'events': TYPICAL, 'network': {'data_rate': data_rate}, 'config': {'LORAWAN_CLASS': klass},
                           'charger': {'panel_frames': False}})
    answers = [entry['decoded']['result'] for entry in output['timeline'] if entry['kind'] == 'uplink' and entry['f_port'] == 11]
    cost_s = output['summary']['uplink_airtime_s_max_day']
    evidence('a typical day (connected 12 h, one charge, two commands), class %s, %s: airtime, s' % (klass, sf), cost_s, TYPICAL_S[sf])
    evidence('a typical day, class %s, %s: uplinks' % (klass, sf), output['summary']['uplinks'])
    assert answers == ['done', 'done'] and output['summary']['energy_kwh'] > 25
    assert cost_s <= TYPICAL_S[sf]
    assert longest_gap_s(output['timeline']) <= GAP_ELSE_S


def storm(region, sf, seed, days):
    """Commands every minute, a car that comes and goes, a fifth of all frames lost, an outage and a power cut; the world after it."""
    draw = Random('storm %d' % seed)
    world = World(scenario.complete({
        'duration_s': 1, 'seed': seed, 'config': {'REGION': region}, 'charger': {'panel_frames': False},
        'network': {'data_rate': RATES[region, sf], 'uplink_loss': 0.2, 'downlink_loss': 0.2}}))
    at_s = 600.0
    number = 0
    while at_s < days * DAY_S:
        number += 1
        event = {'do': 'downlink', 'data': {'command': draw.choice(('lock', 'unlock', 'stop', 'start', 'reset', 'report', 'boost', 'resume_plan')),
                                            'id': number % 256}}
        if number % 4 == 0:
            event = {'do': 'downlink', 'f_port': 1, 'payload_hex': draw.choice(('01', '02', '03')), 'confirmed': draw.random() < 0.2}
        if number % 50 == 0:
            event = draw.choice(({'do': 'plug'}, {'do': 'unplug'}, {'do': 'key', 'position': 'unlocked'}, {'do': 'fault', 'code': 'F9'},
                                 {'do': 'clear_fault'}))
        world.kernel.at(int(at_s * 1e6), world.do, event)
        at_s += draw.expovariate(1 / 60)
    world.kernel.at(int(10 * HOUR_S * 1e6), world.do, {'do': 'gateway_down', 'for_s': 2 * HOUR_S})
    world.kernel.at(int(11 * HOUR_S * 1e6), world.do, {'do': 'monitor_power', 'on': False})
    world.kernel.at(int(11.1 * HOUR_S * 1e6), world.do, {'do': 'monitor_power', 'on': True})
    world.run(days * DAY_S)
    return world


def held_to_the_day(world, region, sf, evidence, words):
    cost_s = world.network.uplink_airtime_s_max_day()
    gap_s = longest_gap_s(sorted(world.timeline, key=lambda entry: entry['t']))
    limit_s = GAP_S.get(sf, GAP_ELSE_S)
    evidence('%s, %s %s: airtime in any 24 h, s' % (words, region, sf), round(cost_s, 2), AIRTIME_S)
    evidence('%s, %s %s: longest gap between uplinks while joined, min' % (words, region, sf), round(gap_s / 60, 1), limit_s // 60)
    assert cost_s <= AIRTIME_S
    assert gap_s <= limit_s
    return cost_s


@pytest.mark.long
@pytest.mark.parametrize('region, sf', IN_TEST)
def test_a_day_of_commands_every_minute(region, sf, evidence):
    world = storm(region, sf, 1, 1)
    cost_s = held_to_the_day(world, region, sf, evidence, 'a storm of commands for a day')
    commands = [entry for entry in world.timeline if entry['kind'] == 'downlink' and entry['f_port'] in (1, 20)]
    assert len(commands) > 300 and cost_s > 10


@pytest.mark.soak
def test_days_of_commands_every_minute(soak_seed, evidence):
    for region, sf in RATES:
        world = storm(region, sf, soak_seed + 2, 2)
        held_to_the_day(world, region, sf, evidence, 'soak: a storm of commands for two days')
