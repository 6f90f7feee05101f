"""A car that arrives while the outlet is out of use and the box does not report it: it inherits no permission to charge."""

import pytest
from sim import scenario
from sim.world import World

PLAN = [{'days': 'daily', 'from': '22:00', 'to': '06:00'}]


def word(t_s, command, number):
    return {'t': t_s, 'do': 'downlink', 'data': {'command': command, 'id': number}}


def played(*events, needs_kwh=60, end_s=1500, **keys):
    """The world at the end, and the claims then."""
    world = World(scenario.complete(dict({
        'duration_s': 1, 'start': '2026-05-01T10:00:00Z', 'config': {'PLAN': PLAN}, 'network': {'data_rate': 5}, 'vehicle': {'needs_kwh': needs_kwh},
        'charger': {'key': 'unlocked', 'panel_frames': False}, 'events': [{'t': 60, 'do': 'plug'}] + list(events)}, **keys)))
    seen = {}

    def look():
        app = world.app
        claims = app.arbiter.claims
        seen.update(stopped=claims.stopped, boost=claims.boost, number=app.sessions.number, finished=app.controller.box.finished,
                    wh=app.sessions.meter.session_wh)
    world.kernel.at(end_s * 1_000_000 - 1, look)
    world.run(end_s)
    return world, seen


SWAP = ({'t': 620, 'do': 'unplug'}, {'t': 640, 'do': 'plug'})


def records(world):
    return [(entry['decoded']['session_number'], entry['decoded']['reason']) for entry in world.timeline
            if entry['kind'] == 'uplink' and entry['decoded'].get('type') == 'session']


def test_the_car_behind_a_lock_inherits_no_boost_and_no_session():
    world, seen = played(word(100, 'boost', 1), word(600, 'lock', 2), *SWAP, word(700, 'unlock', 3))
    assert seen == {'stopped': 0, 'boost': 0, 'number': 2, 'finished': False, 'wh': 0} and not world.box.contactor
    assert records(world) == [(1, 'locked')]


def test_the_car_behind_a_lock_is_not_taken_for_full():
    world, seen = played(word(100, 'boost', 1), word(600, 'lock', 2), *SWAP, word(700, 'unlock', 3), word(760, 'boost', 4), needs_kwh=0.2)
    assert seen['number'] == 2 and seen['wh'] >= 150


def test_a_stop_holds_the_car_behind_a_lock_too():
    world, seen = played(word(100, 'stop', 1), word(600, 'lock', 2), *SWAP, word(700, 'unlock', 3), start='2026-05-01T22:30:00Z')
    assert seen['stopped'] == 1 and not world.box.contactor


def test_a_lock_that_is_too_short_for_another_car_changes_nothing():
    world, seen = played(word(100, 'boost', 1), word(600, 'lock', 2), word(608, 'unlock', 3))
    assert seen['boost'] and seen['number'] == 1 and world.box.contactor and records(world) == []


def test_a_boost_with_an_end_of_its_own_goes_on_to_that():
    world, seen = played({'t': 100, 'do': 'downlink', 'data': {'command': 'boost', 'id': 1, 'until': '10:20'}}, word(600, 'lock', 2), *SWAP,
                         word(700, 'unlock', 3))
    assert seen['number'] == 2 and seen['boost'] == 0 and not world.box.contactor and world.box.session_wh > 100


@pytest.mark.parametrize('said', ['boost', 'start'])
def test_what_is_said_right_behind_the_unlocking_is_said_of_the_car_that_is_there(said):
    world, seen = played(word(600, 'lock', 2), *SWAP, word(700, 'unlock', 3), word(701, said, 4))
    assert seen['boost'] and world.box.contactor
