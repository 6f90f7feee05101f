"""The scenario contract: input checked, output deterministic, and the world's events reach the firmware."""

import json
import os
import subprocess
import sys

import pytest
from app.runtime.journal import Journal
from sim import scenario
from sim.__main__ import main as command
from sim.boards.simulated_board import SimStore
from sim.world import World

HOUR_S = 3600


def play(duration_s, *events, **keys):
    return scenario.run(dict(keys, duration_s=duration_s, events=list(events)))


def of_kind(output, kind):
    return [entry for entry in output['timeline'] if entry['kind'] == kind]


def states_sent(output):
    return [entry['decoded']['state'] for entry in of_kind(output, 'uplink') if entry['decoded']['type'] != 'clock']


@pytest.mark.parametrize('given, named', [
    ({}, 'duration_s'),
    ({'duration_s': -1}, 'duration_s'),
    ({'duration_s': 1, 'durations': 2}, 'durations'),
    ({'duration_s': 1, 'charger': {'keys': 'locked'}}, 'charger.keys'),
    ({'duration_s': 1, 'charger': []}, 'charger'),
    ({'duration_s': 1, 'vehicle': {'model': 'fast'}}, 'vehicle.model'),
    ({'duration_s': 1, 'network': {'uplink_loss': 2}}, 'network.uplink_loss'),
    ({'duration_s': 1, 'start': 'yesterday'}, 'start'),
    ({'duration_s': 1, 'config': {'REGIN': 'AU915'}}, 'config.REGIN'),
    ({'duration_s': 1, 'config': {'REGION': 'AU'}}, 'config.REGION'),
    ({'duration_s': 1, 'network': {'data_rate': 6}, 'config': {'REGION': 'US915'}}, 'config.DATA_RATE'),
    ({'duration_s': 1, 'events': {}}, 'events'),
    ({'duration_s': 1, 'events': [{'do': 'plug'}]}, 'events[0].t'),
    ({'duration_s': 1, 'events': [{'t': 0, 'do': 'plugg'}]}, 'events[0].do'),
    ({'duration_s': 1, 'events': [{'t': 0, 'do': 'key'}]}, 'events[0].position'),
    ({'duration_s': 1, 'events': [{'t': 0, 'do': 'plug', 'car': 1}]}, 'events[0].car'),
    ({'duration_s': 1, 'events': [{'t': 0, 'do': 'system_clock'}]}, 'events[0].offset_s'),
    ({'duration_s': 1, 'events': [{'t': 0, 'do': 'downlink', 'f_port': 1}]}, 'events[0]'),
    ({'duration_s': 1, 'events': [{'t': 0, 'do': 'downlink', 'f_port': 1, 'payload_hex': '0'}]}, 'events[0].payload_hex'),
    ([], 'the scenario'),
])
def test_a_wrong_input_is_named(given, named):
    with pytest.raises(scenario.ScenarioError) as caught:
        scenario.complete(given)
    assert any(problem.startswith(named) for problem in caught.value.args[0]), caught.value.args[0]


@pytest.mark.parametrize('data, status', [(b'\xef\xbb\xbf{"duration_s": 1}', 0), ('{"duration_s": 1}'.encode('utf-16'), 2), (b'\xe4', 2)])
def test_a_scenario_of_any_editor_is_played_or_refused_in_words(tmp_path, capsys, data, status):
    (tmp_path / 'in.json').write_bytes(data)
    assert scenario.main([str(tmp_path / 'in.json'), '--out', str(tmp_path / 'out.json')]) == status
    assert bool(capsys.readouterr().err) == bool(status)


def test_every_wrong_key_is_named_at_once():
    with pytest.raises(scenario.ScenarioError) as caught:
        scenario.complete({'color': 1, 'charger': {'id': 0}, 'clock': {'drift': 1}})
    assert len(caught.value.args[0]) == 4


def test_only_the_duration_is_required():
    output = play(60)
    assert set(output) == {'summary', 'timeline'}
    assert set(output['summary']) == {
        'uplinks', 'downlinks', 'uplink_airtime_s_max_day', 'energy_kwh', 'energy_kwh_at_peak', 'contactor_closings', 'resets',
        'bus_reads', 'simulated_s'}
    assert output['summary']['simulated_s'] == 60
    first = [entry for entry in output['timeline'] if entry['t'] == 0]
    assert {'t': 0, 'kind': 'charger_state', 'code': 'A1'} in first
    assert {'t': 0, 'kind': 'contactor', 'closed': False} in first


def test_the_evening_of_a_newcomer():
    """He plugs in, sends Reset as Home Manager does, the car charges and the answer comes back."""
    output = play(
        2 * HOUR_S, {'t': 600, 'do': 'plug'}, {'t': 1200, 'do': 'downlink', 'data': {'mode': 'Reset Charger'}, 'confirmed': True},
        {'t': 5000, 'do': 'unplug'})
    said = states_sent(output)
    assert said[:2] == ['Not Connected', 'Connected and Locked']
    assert said.index('Reset Charger ACK') < said.index('Charging') < len(said) - said[::-1].index('Not Connected')
    assert output['summary']['contactor_closings'] == 1
    assert output['summary']['energy_kwh'] > 5
    times = [entry['t'] for entry in output['timeline']]
    assert times == sorted(times)


def test_it_reads_every_two_seconds_with_a_panel_and_without():
    for panel in (True, False):
        output = play(2 * HOUR_S, {'t': 1800, 'do': 'plug'}, charger={'panel_frames': panel})
        assert output['summary']['bus_reads'] >= 0.45 * 2 * HOUR_S


def test_a_lock_survives_the_power_cut_of_the_monitor_and_of_the_box():
    output = play(
        3000, {'t': 100, 'do': 'plug'}, {'t': 300, 'do': 'downlink', 'f_port': 1, 'payload_hex': '01'},
        {'t': 600, 'do': 'monitor_power', 'on': False}, {'t': 610, 'do': 'charger_power', 'on': False},
        {'t': 700, 'do': 'charger_power', 'on': True}, {'t': 900, 'do': 'monitor_power', 'on': True})
    states = of_kind(output, 'charger_state')
    assert states[-1]['code'] == 'E0'
    assert any(entry['code'] != 'E0' and entry['t'] > 700 for entry in states)
    assert states[-1]['t'] < 930


def test_a_lock_while_charging_opens_the_contactor_without_load_and_gives_the_limit_back():
    output = play(
        3000, {'t': 10, 'do': 'key', 'position': 'unlocked'}, {'t': 100, 'do': 'plug'},
        {'t': 600, 'do': 'downlink', 'f_port': 1, 'payload_hex': '01'}, {'t': 1500, 'do': 'downlink', 'f_port': 1, 'payload_hex': '02'})
    writes = [(entry['register'], entry['value']) for entry in of_kind(output, 'bus_write')]
    assert writes == [(0x14, '03E8'), (0x05, 'E0E0'), (0x14, '0215'), (0x05, 'A1A1')]   # 0x215: 32 A, the box's own
    codes = [entry['code'] for entry in of_kind(output, 'charger_state')]
    assert codes[codes.index('E0') - 1] == 'B2'
    assert codes[-1] == 'C2'


def test_a_hung_monitor_is_bitten_by_its_watchdog_and_lives_on():
    output = play(HOUR_S, {'t': 600, 'do': 'hang_monitor'}, {'t': 1000, 'do': 'plug'})
    resets = of_kind(output, 'reset')
    assert [entry['cause'] for entry in resets] == ['watchdog']
    assert 600 < resets[0]['t'] <= 661
    assert 'Connected and Locked' in states_sent(output)


def test_the_same_scenario_gives_the_same_bytes(tmp_path, evidence):
    """In two processes with different hash seeds."""
    given = {'duration_s': 4 * HOUR_S, 'network': {'uplink_loss': 0.1, 'downlink_loss': 0.1}, 'events': [
        {'t': 600, 'do': 'plug'}, {'t': 900, 'do': 'bus_noise', 'rate': 0.01, 'for_s': 600},
        {'t': 2000, 'do': 'downlink', 'f_port': 1, 'payload_hex': '03'},
        {'t': 9000, 'do': 'monitor_power', 'on': False}, {'t': 9100, 'do': 'monitor_power', 'on': True}]}
    source = tmp_path / 'in.json'
    source.write_text(json.dumps(given))
    outputs = []
    for seed in ('1', '2'):
        target = tmp_path / ('out%s.json' % seed)
        subprocess.run([sys.executable, '-m', 'sim', 'scenario', str(source), '--out', str(target)], check=True, capture_output=True,
                       env=dict(os.environ, PYTHONHASHSEED=seed))
        outputs.append(target.read_bytes())
    different = sum(1 for one, other in zip(*outputs) if one != other) + abs(len(outputs[0]) - len(outputs[1]))
    evidence('same scenario twice, bytes that differ', different, '0 of %d' % len(outputs[0]))
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) > 1000


def test_the_command_names_every_error_and_exits_with_2(tmp_path, capsys):
    source = tmp_path / 'in.json'
    source.write_text('{"duration_s": 1, "charger": {"id": 99}, "x": 1}')
    assert command(['scenario', str(source), '--out', str(tmp_path / 'out.json')]) == 2
    said = capsys.readouterr().err
    assert 'charger.id' in said and 'x: unknown key' in said
    source.write_text('{')
    assert command(['scenario', str(source), '--out', str(tmp_path / 'out.json')]) == 2
    assert command(['scenario', str(tmp_path / 'none.json'), '--out', str(tmp_path / 'out.json')]) == 2
    assert not (tmp_path / 'out.json').exists()


def test_an_unknown_command_shows_the_help(capsys):
    assert command(['fly']) == 2
    assert 'scenario' in capsys.readouterr().err
    assert command(['--help']) == 0


def test_a_damaged_record_is_found_unreadable_at_the_next_boot():
    said = {'t': 100, 'do': 'downlink', 'data': {'command': 'lock', 'id': 1, 'issued_at': 1775286100}}
    world = World(scenario.complete({'duration_s': 1, 'events': [said, {'t': 200, 'do': 'flash_damage', 'record': 'owner'},
                                                        {'t': 200, 'do': 'flash_damage', 'record': 'nothing'}]}))
    world.run(199)
    kept = Journal(SimStore(world.flash)).get('owner')
    before = dict(world.flash.records)
    world.run(200.4)   # the next boot takes longer
    assert kept and not Journal(SimStore(world.flash)).get('owner')
    assert {name for name, value in world.flash.records.items() if value != before[name]} == {'owner_a', 'owner_b'}
