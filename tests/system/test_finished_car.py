"""A full car is left alone: after the window, for a boost, over a reboot."""

import pytest
from tests.choice import first
from tests.support.watched_world import HOUR_S, WatchedWorld

PLAN = [{'days': 'daily', 'from': '08:00', 'to': '09:00'}]


def writes(house, value, from_s):
    return [entry for entry in house.of('bus_write', from_s) if entry['value'] == value]


@pytest.mark.parametrize('reboots', first([True, False]), ids=['after a reboot', ''])
def test_a_full_car_is_not_woken_for_a_boost(reboots):
    house = WatchedWorld(seed=4, vehicle={'needs_kwh': 2}, charger={'key': 'unlocked', 'panel_frames': False}, config={'PLAN': PLAN})
    house.do(600, 'plug')
    house.do(3.4 * HOUR_S, 'downlink', data={'command': 'boost', 'id': 1})
    if reboots:
        house.do(3 * HOUR_S, 'monitor_power', on=False)
        house.do(3 * HOUR_S + 60, 'monitor_power', on=True)
    house.expected_resets = ['power'] if reboots else []
    house.run(5 * HOUR_S)
    assert house.of('energy') == [] and 1.99 < house.world.box.energy_wh / 1000 < 2.01
    assert writes(house, 'E0E0', 0) == []
    assert house.told(3.4 * HOUR_S, type='result', result='failed', detail='vehicle_full')
