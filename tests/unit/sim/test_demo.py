"""`make run ARGS="--demo night"`: the content of the night, and that it plays and ends by itself."""

import subprocess
import sys
from pathlib import Path

import pytest
from sim.live import screen
from sim import scenario
from sim.live.demo import DEMOS, NIGHT, second_of
from sim.world import World

ROOT = Path(__file__).resolve().parents[3]
HOUR_S = 3600


@pytest.fixture(scope='module')
def night():
    """The night, and the line about tonight at some moments of it."""
    world = World(scenario.complete(NIGHT.given))
    world.seen = {}

    class Nowhere:
        host, port, connected, topic, speed, lag_s = '', 0, True, '', 900.0, 0

    def look(clock):
        world.seen[clock] = screen.tonight.text(screen.facts_of(world, Nowhere, Nowhere, 'sleepy').tonight)

    for clock in ('17:45', '19:00', '20:01', '23:00'):
        world.kernel.at(second_of(clock) * 1_000_000, look, clock)
    world.run(NIGHT.given['duration_s'])
    return world


def test_the_car_is_full_in_the_morning_and_peak_hours_are_empty(night):
    assert night.box.session_wh == pytest.approx(40_000, rel=0.001)
    assert night.summary()['energy_kwh_at_peak'] <= 0.015


def test_the_night_shows_a_hold_over_a_power_cut_a_car_that_is_woken_and_a_network_that_is_dead(night):
    codes = [(entry['t'], entry['code']) for entry in night.timeline if entry['kind'] == 'charger_state']
    assert not [code for t, code in codes if t < second_of('22:00') and code == 'C2']
    assert [t for t, code in codes if code == 'E0' and second_of('22:00') < t < second_of('22:10')]
    assert [t for t, code in codes if code == 'C2' and second_of('22:00') < t < second_of('22:10')]
    heard = [entry['t'] for entry in night.timeline if entry['kind'] == 'uplink' and entry['received']]
    assert not [t for t in heard if second_of('21:00') + 1 < t < second_of('06:00')]
    assert [t for t in heard if t > second_of('06:00')]


def test_the_view_tells_tonight_as_it_goes_on(night):
    assert night.seen['17:45'] == '22:00-07:00 · plan leaves the box alone · charge a car that is there at 22:00, 4 h 15 min left'
    assert night.seen['19:00'] == '22:00-07:00 · plan holds the car · charge at 22:00, 3 h 00 min left'
    assert night.seen['20:01'] == '22:00-07:00 · monitor is down: the box goes on by itself'
    assert night.seen['23:00'] == '22:00-07:00 open · plan gives current · stop at 07:00, 8 h 00 min left'


@pytest.mark.parametrize('demo', DEMOS.values())
def test_a_demo_takes_about_a_minute_and_tells_its_events_in_order(demo):
    assert 40 <= demo.given['duration_s'] / demo.speed <= 70
    told_s = [t_s for t_s, _ in demo.story]
    assert told_s == sorted(told_s) and told_s[-1] < demo.given['duration_s']
    assert {event['t'] for event in demo.given['events']} <= set(told_s)


def test_it_plays_and_ends_by_itself():
    done = subprocess.run([sys.executable, '-m', 'sim', 'run', '--web-port', 'off', '--demo', 'night', '--plain', '--speed', '100000',
                           '--for', '3600'], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert 'story     18:00: the car comes home' in done.stdout and 'box       B2' in done.stdout
    assert done.stdout.splitlines()[-1].startswith('3600 simulated seconds')
