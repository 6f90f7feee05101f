"""Home Manager at the end of the whole chain, for a day with every kind of event: it shows the truth and survives."""

import json

import pytest
from sim import scenario
from tests.support.home_manager import ACKS, STATES, HomeManager

HOUR_S = 3600
APP = 'ev-charger'


def button(t, mode):
    return {'t': t, 'do': 'downlink', 'f_port': 1, 'payload_hex': mode, 'confirmed': True}


HALF_A_DAY = [
    {'t': 600, 'do': 'plug'},
    button(1200, '03'),
    button(3600, '01'),
    button(7200, '02'),
    {'t': 9000, 'do': 'fault', 'code': 'F9'},
    {'t': 9600, 'do': 'clear_fault'},
    {'t': 10000, 'do': 'charger_power', 'on': False},
    {'t': 10300, 'do': 'charger_power', 'on': True},
    {'t': 11000, 'do': 'bus_cut', 'for_s': 300},
    {'t': 12000, 'do': 'monitor_power', 'on': False},
    {'t': 12300, 'do': 'monitor_power', 'on': True},
    {'t': 13000, 'do': 'hang_monitor'},
    {'t': 15000, 'do': 'downlink', 'data': {'command': 'report', 'what': 'device', 'id': 1}},
    {'t': 16000, 'do': 'downlink', 'data': {'command': 'report', 'what': 'plan', 'id': 2}},
    {'t': 17000, 'do': 'downlink', 'data': {'command': 'set_current', 'id': 3, 'current_a': 10}},
    {'t': 18000, 'do': 'downlink', 'f_port': 20, 'payload_hex': 'FF00'},
    {'t': 19000, 'do': 'unplug'},
    # An hour without a gateway, from just before the next heartbeat on.
    {'t': 24000, 'do': 'gateway_down', 'for_s': 3600},
]
DURATION_S = 12 * HOUR_S
LINKS = [('AU915', 'C', None), ('AS923', 'C', 2), ('US915', 'A', 0), ('EU868', 'A', 0)]


def play(region, klass, data_rate, seed):
    return scenario.run({
        'duration_s': DURATION_S, 'seed': seed, 'config': {'REGION': region, 'LORAWAN_CLASS': klass}, 'network': {'data_rate': data_rate},
        'events': HALF_A_DAY})


def heard(output, app=APP):
    """The stand-in after the day, with the times of what it received; Died if that ended it."""
    manager = HomeManager(app)
    manager.heard_s = [0]
    for entry in output['timeline']:
        if entry['kind'] == 'uplink' and entry['received']:
            decoded = {} if entry['decoded'] is None else {'decoded_payload': entry['decoded']}
            manager.on_message(manager.up, json.dumps({'uplink_message': decoded}), entry['t'])
            manager.heard_s.append(entry['t'])
    return manager


@pytest.fixture(scope='module')
def usual():
    return play(*LINKS[0], seed=8)


def test_half_a_day_on_which_everything_happens_is_survived(usual, evidence):
    manager = heard(usual)
    types = {entry['decoded']['type'] for entry in usual['timeline'] if entry['kind'] == 'uplink' and entry['decoded']}
    assert {'status', 'result', 'device', 'readback', 'event', 'session', 'clock'} <= types
    read = len(manager.heard_s) - 1
    evidence(f'uplinks of {len(types)} types that Home Manager read, and lived, in half a day with every kind of trouble', read)
    gaps = [after - before for before, after in zip(manager.heard_s, manager.heard_s[1:] + [DURATION_S], strict=True)]
    evidence('its longest silence in that time, an hour without a gateway included, in minutes', round(max(gaps) / 60), 195)
    assert max(gaps) < 195 * 60 and not manager.has_lost_the_charger(DURATION_S)


def test_the_three_commands_are_acknowledged_and_shown(usual):
    manager = heard(usual)
    assert manager.acks == list(ACKS[2:] + ACKS[:2])
    assert manager.states[0] == 'Not Connected' and set(manager.states) == set(STATES)


@pytest.mark.soak
@pytest.mark.parametrize('region, klass, data_rate', LINKS)
def test_it_is_survived_on_every_link(region, klass, data_rate, soak_seed):
    manager = heard(play(region, klass, data_rate, soak_seed))
    assert len(manager.heard_s) > 5
