"""Random nights compared with an ideal controller, and weeks of them without a network."""

import pytest
from sim import scenario
from sim.oracle.ideal_controller import Night as IdealNight
from sim.oracle.tariff import Tariff
from sim.world import World
from tests.choice import first
from tests.support.nights import DAY_S, HOUR_S, MODELS, Night
from tools.checks.soak import read_record

PULSES_A_NIGHT = 3
CLOSINGS_A_NIGHT = 2
# Peak watt-hours: with the hold always on none, with a car at most this much for each time it is plugged in. After a power cut the box
# itself gives until the monitor has it again: see docs/simulation.md.
PLUGGED_WH = 15
# Played by `make test`, the first of them: every car, with cuts of box, monitor and both, and with a dead network.
CHOSEN = (4, 62, 73, 75, 116, 1, 3, 47)


def lived(night):
    """A night played and held to what no night may break; its Morning."""
    morning = night.play()
    assert morning.to_finished == 0, night
    assert morning.pulses <= PULSES_A_NIGHT, night
    assert morning.closings <= CLOSINGS_A_NIGHT + len(night.cuts), night
    assert not morning.crashes, night
    if not night.cuts:
        assert morning.peak_wh <= (0 if night.hold == 'always' else PLUGGED_WH), night
    return morning


@pytest.mark.parametrize('seed', first(CHOSEN))
def test_what_an_ideal_controller_fills_is_full_in_the_morning(seed):
    night = Night(seed)
    assert lived(night).full or not night.ideal().full, night


@pytest.mark.soak
def test_a_hundred_nights(soak_seed, evidence):
    could = missed = 0
    worst = {'closings': 0, 'pulses': 0, 'always': 0.0, 'with_car': 0.0}
    for number in range(100):
        night = Night(100 * (soak_seed + 10) + number)
        ideal = night.ideal().full
        morning = lived(night)
        could += ideal
        missed += ideal and not morning.full
        worst['closings'] = max(worst['closings'], morning.closings - len(night.cuts))
        worst['pulses'] = max(worst['pulses'], morning.pulses)
        if not night.cuts:
            worst[night.hold] = max(worst[night.hold], morning.peak_wh)
        assert not (morning.full and not ideal), 'better than ideal: %s' % night
    evidence('soak: nights of 100 that an ideal controller ends full', could, adds_up=True)
    evidence('soak: of these not full in the morning', missed, 'one in 100 of all rounds', adds_up=True)
    evidence('soak: contactor closings in a night, less one a power cut, at most', worst['closings'], CLOSINGS_A_NIGHT)
    evidence('soak: wake pulses in a night at most', worst['pulses'], PULSES_A_NIGHT)
    evidence('soak: Wh at peak in a night without a power cut, held always, at most', round(worst['always'], 2), 0)
    evidence('soak: Wh at peak in a night without a power cut, held with a car, at most', round(worst['with_car'], 2), PLUGGED_WH)
    # One in a hundred of many rounds is now and then two or three of one; the record is held to it below.
    assert missed <= 3


def test_of_all_nights_on_record_that_could_end_full_99_in_100_do():
    figures = [figure for entry in read_record() for figure in entry['figures'] if 'total' in figure]
    could, missed = [sum(figure['total'] for figure in figures if figure['claim'].startswith('soak: ' + what))
                     for what in ('nights of 100 that an ideal', 'of these not full')]
    assert could > 600 and missed * 100 <= could


# --- what is ideal

def ideal_full(model='eager', needs_kwh=20.0, plug_h=1, cuts=(), **charger):
    """Cheap for two hours from the second on, 11 kW."""
    events = [{'t': plug_h * HOUR_S, 'do': 'plug'}]
    for what, from_h, until_h in cuts:
        events += [{'t': from_h * HOUR_S, 'do': what, 'on': False}, {'t': until_h * HOUR_S, 'do': what, 'on': True}]
    night = IdealNight(scenario.complete({
        'start': '2026-05-01T20:00:00Z', 'duration_s': 1, 'charger': charger, 'vehicle': {'model': model, 'needs_kwh': needs_kwh},
        'config': {'PLAN': [{'days': 'daily', 'from': '22:00', 'to': '00:00'}]}, 'events': events})).run(5 * HOUR_S)
    assert night.peak_wh == 0 or any(what == 'charger_power' for what, _, _ in cuts)
    return night.full


@pytest.mark.parametrize('model', MODELS[:4])
@pytest.mark.parametrize('key', first(['locked', 'unlocked']))
def test_the_ideal_controller_fills_every_car_that_can_be_filled(model, key):
    assert ideal_full(model, 21.9, key=key)
    assert not ideal_full(model, 22.2, key=key)


def test_the_ideal_controller_can_do_nothing_without_power_or_a_key_that_nobody_turns():
    assert ideal_full(needs_kwh=10, cuts=[('charger_power', 2, 3)]) and not ideal_full(needs_kwh=12, cuts=[('charger_power', 2, 3)])
    assert ideal_full(needs_kwh=10, cuts=[('monitor_power', 1.5, 3)]) and not ideal_full(needs_kwh=12, cuts=[('monitor_power', 1.5, 3)])
    assert not ideal_full(key='locked', start_after_power_cycle=False)
    assert not ideal_full(plug_h=4)


# --- without a network

def edges_late_s(drift_ppm, days):
    """(lateness s of each start, of each end) of days of nights with a car that is never full, the network dead after the first hour."""
    window = {'days': 'daily', 'from': '22:00', 'to': '23:00'}
    world = World(scenario.complete({
        'start': '2026-05-01T21:00:00Z', 'duration_s': 1, 'config': {'PLAN': [window], 'HOLD': 'always'}, 'vehicle': {'needs_kwh': 1000},
        'clock': {'drift_ppm': drift_ppm}, 'charger': {'panel_frames': False, 'key': 'unlocked'},
        'events': [{'t': 600, 'do': 'plug'}, {'t': 1800, 'do': 'gateway_down', 'for_s': 60 * DAY_S}]}))
    world.run(days * DAY_S + 2.5 * HOUR_S)
    moves = [(entry['t'], entry['closed']) for entry in world.timeline if entry['kind'] == 'contactor'][1:]
    due_s = [edge_s - world.start_utc_s for run in Tariff([window], 'UTC0').openings(world.start_utc_s, world.utc_s()) for edge_s in run]
    assert [closed for _, closed in moves] == [True, False] * (days + 1)
    late_s = [t_s - edge_s for (t_s, _), edge_s in zip(moves, due_s)]
    return late_s[::2], late_s[1::2]


@pytest.mark.parametrize('seed, drift_ppm, panel', first([(3, -20, True), (1, 20, False), (2, -20, False), (4, -20, False)], 2))
def test_a_car_that_is_not_full_draws_nothing_after_the_end_of_the_window(seed, drift_ppm, panel):
    summary = scenario.run({
        'seed': seed, 'start': '2026-05-01T21:40:00Z', 'duration_s': HOUR_S, 'clock': {'drift_ppm': drift_ppm},
        'config': {'PLAN': [{'days': 'daily', 'from': '22:00', 'to': '22:20'}], 'HOLD': 'always'}, 'vehicle': {'max_a': 32},
        'charger': {'panel_frames': panel, 'key': 'unlocked'}, 'events': [{'t': 600, 'do': 'plug'}]})['summary']
    assert summary['energy_kwh_at_peak'] == 0 and summary['energy_kwh'] > 7.2


@pytest.mark.long
@pytest.mark.parametrize('drift_ppm', [550, -550])
def test_a_clock_that_is_off_by_what_a_month_makes_of_20_ppm_keeps_its_windows(drift_ppm, evidence):
    starts, ends = edges_late_s(drift_ppm, 1)
    assert max(map(abs, starts + ends)) <= 60
    assert max(map(abs, starts[:1] + ends[:1])) <= 10
    evidence('edges of a window, s late at most, clock off by what 30 days at 20 ppm make', round(max(map(abs, starts + ends)), 1), 60)


def test_a_reset_that_the_monitor_orders_in_a_dead_network_costs_no_window():
    output = scenario.run({
        'start': '2026-05-01T21:00:00Z', 'duration_s': 1.1 * HOUR_S, 'config': {'PLAN': [{'days': 'daily', 'from': '22:00', 'to': '07:00'}]},
        'network': {'data_rate': 5}, 'charger': {'panel_frames': False, 'key': 'unlocked'},
        'events': [{'t': 600, 'do': 'plug'}, {'t': 1200, 'do': 'downlink', 'data': {'command': 'reboot', 'id': 1}},
                   {'t': 1205, 'do': 'gateway_down', 'for_s': DAY_S}]})
    assert [entry['cause'] for entry in output['timeline'] if entry['kind'] == 'reset'] == ['command']
    closed_s = [entry['t'] for entry in output['timeline'] if entry['kind'] == 'contactor' and entry['closed']]
    assert len(closed_s) == 1 and HOUR_S <= closed_s[0] <= HOUR_S + 10


@pytest.mark.soak
@pytest.mark.parametrize('ppm, limit_s', [(20, 60), (50, 150)])
def test_a_month_without_network(ppm, limit_s, soak_seed, evidence):
    drift_ppm = ppm if soak_seed % 2 else -ppm
    starts, ends = edges_late_s(drift_ppm, 30)
    worst_s = max(map(abs, starts + ends))
    evidence('soak: edges of 30 windows without a network at %d ppm, s late or early at most' % ppm, round(worst_s, 1), limit_s)
    assert worst_s <= limit_s
