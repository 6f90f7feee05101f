"""Events from the simulated box to the decoded uplink, and the keep-alive minute."""

import pytest

from tests.system.test_reasons import cut, day, event

STATES = ('Not Connected', 'Connected and Locked', 'Charging', 'Charged', 'Disabled')


def told(played):
    """[(hour of the day, event)]; each has a state that Home Manager knows, and its own number."""
    events = played.events
    assert all(decoded['state'] in STATES for _, decoded in events)
    assert [decoded['event_number'] for _, decoded in events] == list(range(1, len(events) + 1))
    return [(round(12 + t_s / 3600, 1), decoded['event']) for t_s, decoded in events]


def test_an_afternoon_of_everything():
    """A fault, a box and a monitor without power, somebody else who lifts the limit, and nobody who turns the key."""
    lifted = [(4 * 3600 + 20 * number, lambda world: world.box.set_icmax(533)) for number in range(4)]
    played = day(event(1, 'plug'), event(2, 'fault', code='F9'), event(2.1, 'clear_fault'), *cut(3, 'charger_power', 0.1),
                 *cut(5, 'monitor_power', 0.1), event(6, 'key', position='locked'), event(7, 'unplug'), event(9.5, 'plug'),
                 acts=lifted, hours=10.6, config={'NOT_PLUGGED_IN_AT': '21:00'}, start_after_power_cycle=False)
    assert told(played) == [(14.0, 'fault'), (15.1, 'power_restored'), (16.0, 'leaked_at_peak'), (17.1, 'power_restored'),
                            (21.0, 'not_plugged_in'), (22.3, 'not_charging')]
    by_name = {decoded['event']: decoded for _, decoded in played.events}
    assert by_name['fault']['code'] == 'F9' and by_name['fault']['reason'] == 'fault'
    # A leak is told to 10 Wh.
    assert abs(by_name['leaked_at_peak']['kwh'] - played.world.peak.wh / 1000) < 0.02 * played.world.peak.wh / 1000 + 0.01
    assert by_name['not_plugged_in']['minutes'] == 60
    assert by_name['not_charging']['minutes'] == 20 and by_name['not_charging']['reason'] == 'waits_for_key'


def test_an_event_outlives_a_power_cut_before_it_was_sent():
    # The status goes first, and its receive windows take 6 s.
    played = day(event(0.2, 'fault', code='F9'), *cut(0.2 + 5 / 3600, 'monitor_power', 0.01), hours=0.5)
    sent = [entry['t'] for entry in played.world.timeline if entry['kind'] == 'uplink' and entry['decoded']['type'] == 'event']
    assert min(sent) > 756
    assert [kind for _, kind in told(played)] == ['fault', 'power_restored']


@pytest.mark.long
def test_a_car_that_complains_without_current_is_greeted_for_a_minute():
    for hold in ('with_car', 'always'):
        energy = []
        for keep_alive in (True, False):
            played = day(event(1, 'plug'), hours=2.5, model='shy', config={'HOLD': hold, 'KEEP_ALIVE': keep_alive})
            assert told(played) == []
            vehicle = played.world.box.vehicle
            energy.append((played.world.peak.wh, vehicle.complains))
        (greeted_wh, greeted), (held_wh, complained) = energy
        # A minute of 16 A on three phases is 184 Wh. With a car alone, the seconds before the hold are an offer too.
        assert 170 < greeted_wh < 210 and not greeted, hold
        assert held_wh < 15 and complained == (hold == 'always'), hold
