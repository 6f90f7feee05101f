"""A full car is not woken: not in the next window, not in the next night, not after a reboot; a car that left is forgotten."""

import pytest
from app.control.icmax import Icmax
from app.control.control_record import ControlRecord, PULSES_A_NIGHT
from sim import scenario
from tests.choice import first

HOUR_S = 3600
MINUTE_S = 60
# A cut of a minute from here on hides how the car finishes.
FINISHES_H = 0.95
NIGHT = {'days': 'daily', 'from': '22:00', 'to': '07:00'}
TWO = [{'days': 'daily', 'from': '22:00', 'to': '22:45'}, {'days': 'daily', 'from': '23:15', 'to': '07:00'}]


def night(*events, plan=(NIGHT,), hours=3.5, model='eager'):
    """From 21:30; a car that wants 5 kWh, half an hour, is there at 21:40. Returns ([values written to 0x0005], kWh)."""
    output = scenario.run({
        'start': '2026-05-01T21:30:00Z', 'duration_s': hours * HOUR_S, 'config': {'PLAN': list(plan)},
        'charger': {'panel_frames': False, 'key': 'unlocked'}, 'network': {'data_rate': 5},
        'vehicle': {'model': model, 'needs_kwh': 5}, 'events': [{'t': 600, 'do': 'plug'}, *events]})
    written = [entry['value'] for entry in output['timeline'] if entry['kind'] == 'bus_write' and entry['register'] == 5]
    return written, output['summary']['energy_kwh']


def power_cut(what, at_h=2):
    return [{'t': at_h * HOUR_S, 'do': what, 'on': False}, {'t': at_h * HOUR_S + MINUTE_S, 'do': what, 'on': True}]


FINISHED = {
    'the next window': {'plan': TWO},
    'monitor rebooted': {'events': power_cut('monitor_power')},
    'box rebooted': {'events': power_cut('charger_power')},
    'the next night': {'hours': 26},
    'rebooted between windows': {'plan': TWO, 'events': power_cut('monitor_power', 1.5)},
}


@pytest.mark.parametrize('name', first(FINISHED))
def test_a_car_that_finished_is_not_woken(name):
    given = dict(FINISHED[name])
    written, kwh = night(*given.pop('events', ()), **given)
    assert (written, kwh) == ([], 5)


def test_a_car_that_finished_while_the_monitor_had_no_power_may_have_been_stopped_by_the_box_and_is_woken_as_often_as_any():
    written, kwh = night(*power_cut('monitor_power', FINISHES_H), hours=8)
    assert kwh == 5 and written == PULSES_A_NIGHT * ['E0E0', 'A1A1']


def test_a_sleepy_car_whose_box_and_monitor_lost_their_power_is_woken_when_the_time_is_known():
    for cut_s in (2, MINUTE_S):
        cut = [{'t': 0.6 * HOUR_S + cut_s * on, 'do': what, 'on': bool(on)} for on in (0, 1) for what in ('charger_power', 'monitor_power')]
        written, kwh = night(*cut, {'t': 0.5 * HOUR_S, 'do': 'gateway_down', 'for_s': HOUR_S / 2}, model='sleepy')
        assert kwh == 5 and written == 2 * ['E0E0', 'A1A1']


def test_another_car_is_woken_again():
    written, kwh = night({'t': 1.3 * HOUR_S, 'do': 'unplug'}, {'t': 1.35 * HOUR_S, 'do': 'plug'}, model='sleepy', plan=TWO)
    assert kwh == 10 and written.count('E0E0') == 2


def test_a_car_that_was_stopped_by_the_end_of_a_window_is_woken_in_the_next_one():
    short = [{'days': 'daily', 'from': '22:00', 'to': '22:20'}, {'days': 'daily', 'from': '23:15', 'to': '07:00'}]
    written, kwh = night(model='sleepy', plan=short)
    assert kwh == 5 and written.count('E0E0') == 2


def test_the_record_knows_it_and_one_of_an_older_firmware_does_not():
    past = ControlRecord(Icmax())
    past.finish(True, False)
    assert past.unsaved
    record = past.dump(0, None)
    past.saved()
    past.finish(True, False)
    assert not past.unsaved
    again = ControlRecord(Icmax())
    assert again.load(record, 0) and again.finished and not again.drew
    past.finish(False, True)
    assert past.unsaved and again.load(past.dump(0, None), 0) and again.drew and not again.finished
    older = record[:1] + bytes((record[1] & 7,)) + record[2:]
    assert again.load(older, 0) and not again.finished
