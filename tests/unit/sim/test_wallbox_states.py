"""State transitions of the simulated box, with key, car, commands, faults and power."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.evse.box_states import CODES
from tests.support.wallbox_bench import SECOND, WallboxBench

RESET, TO_A1, TO_E0, TO_E2, TO_F1 = 0x5A5A, 0xA1A1, 0xE0E0, 0xE2E2, 0xF1F1
ACK = '011000050001'


def state(made, value):
    return made.write(0x0005, value)


def test_the_timeline_begins_with_state_and_contactor():
    made = WallboxBench()
    assert sorted((t, kind, tuple(fields.items())) for t, kind, fields in made.timeline) == [
        (0, 'charger_state', (('code', 'A1'),)), (0, 'contactor', (('closed', False),))]


def test_a_car_waits_in_b1_for_the_key_and_then_charges_by_itself():
    made = WallboxBench()
    made.plug()
    made.run(100)
    assert made.codes() == ['A1', 'B1']
    made.box.key(True)
    made.run(5)
    assert made.codes() == ['A1', 'B1', 'B2', 'C2']
    assert 1 <= made.entered('C2') - made.entered('B2') <= 3
    assert made.seen('contactor') == [False, True]
    assert made.box.contactor_closings == 1


def test_a_key_turned_back_does_not_interrupt_but_the_next_car_needs_it():
    made = WallboxBench()
    made.charging()
    made.box.key(False)
    made.run(60)
    assert made.box.code == 'C2'
    made.box.unplug()
    made.plug()
    made.run(60)
    assert made.box.code == 'B1'


def test_a_closed_key_lets_every_car_start():
    made = WallboxBench(key='unlocked')
    for _ in range(2):
        made.plug()
        made.run(5)
        assert made.box.code == 'C2'
        made.box.unplug()
    assert made.codes() == ['A1', 'B1', 'B2', 'C2', 'A1', 'B1', 'B2', 'C2', 'A1']


def test_without_an_enable_function_no_key_is_needed():
    made = WallboxBench(en_mode=0)
    made.plug()
    made.run(5)
    assert made.box.code == 'C2'


def test_an_enable_input_for_the_outlet_takes_it_out_of_use():
    made = WallboxBench(en_mode=2, key='unlocked')
    made.charging()
    made.box.key(False)
    assert made.box.code == 'E0' and not made.box.contactor
    made.box.key(True)
    made.run(5)
    assert made.box.code == 'C2'


def test_unplugging_opens_the_contactor_and_closes_the_account():
    made = WallboxBench()
    made.charging()
    began = made.entered('C2')
    made.run(3600)
    made.box.unplug()
    assert made.box.code == 'A1'
    assert made.seen('contactor') == [False, True, False]
    kwh = 3 * 16 * 230 * (made.kernel.now_us / SECOND - began) / 3600 / 1000
    assert made.seen('energy') == [pytest.approx(kwh, abs=0.001)]
    assert made.box.energy_wh == pytest.approx(kwh * 1000)


def test_a_plug_pulled_at_once_leaves_nothing_behind():
    made = WallboxBench(key='unlocked')
    made.plug()
    made.run(0.1)
    made.box.unplug()
    made.run(5)
    assert made.codes() == ['A1']


def test_plugging_twice_and_unplugging_nothing_change_nothing():
    made = WallboxBench()
    made.box.unplug()
    first = made.plug()
    made.plug()
    assert made.box.vehicle is first
    assert made.seen('energy') == []


@pytest.mark.parametrize('held_code', ['B2', 'B1'])
def test_a_pause_makes_the_car_leave_c_and_a_limit_brings_it_back_without_the_key(held_code):
    made = WallboxBench(held_code=held_code)
    made.charging()
    made.box.key(False)
    assert made.write(0x0014, 1000) == '011000140001'
    assert made.box.code == 'C2'
    made.run(1)
    assert made.box.code == held_code and not made.box.contactor
    made.run(60)
    assert made.box.code == held_code
    made.write(0x0014, 0x010A)
    made.run(5)
    assert made.box.code == 'C2'


@pytest.mark.parametrize('held_code', ['B2', 'B1'])
def test_a_car_that_comes_to_a_paused_box_is_held(held_code):
    made = WallboxBench(held_code=held_code, key='unlocked')
    made.write(0x0014, 1000)
    made.plug()
    made.run(60)
    assert made.box.code == held_code
    assert made.seen('contactor') == [False]


def test_a_pause_of_a_box_that_offers_current_shows_at_once():
    made = WallboxBench(held_code='B1', key='unlocked')
    made.plug(model='full')
    made.run(5)
    assert made.box.code == 'B2'
    made.write(0x0014, 1000)
    assert made.box.code == 'B1'


def test_resuming_before_the_car_has_let_go_changes_nothing():
    made = WallboxBench()
    made.charging()
    made.box.set_icmax(1000)
    made.box.set_icmax(0x010A)
    made.run(10)
    assert made.codes() == ['A1', 'B1', 'B2', 'C2']


def test_locking_opens_the_contactor_at_once_and_unlocking_walks_through_a1():
    made = WallboxBench(key='unlocked')
    made.charging()
    assert state(made, TO_E0) == ACK
    assert made.box.code == 'E0' and not made.box.contactor
    made.run(600)
    assert state(made, TO_E0) == ACK
    assert state(made, TO_A1) == ACK
    made.run(5)
    assert made.codes() == ['A1', 'B1', 'B2', 'C2', 'E0', 'A1', 'B1', 'B2', 'C2']


@pytest.mark.parametrize('keeps, then', [(False, 'B1'), (True, 'C2')])
def test_whether_a_turned_key_outlives_a_lock_can_be_chosen(keeps, then):
    made = WallboxBench(pulse_keeps_key=keeps)
    made.charging()
    made.box.key(False)
    state(made, TO_E0)
    state(made, TO_A1)
    made.run(5)
    assert made.box.code == then


@pytest.mark.parametrize('code, value, answer, then', [
    ('A1', TO_A1, '', 'A1'), ('B1', TO_A1, '', 'B1'), ('F9', TO_A1, '', 'F9'),
    ('E2', TO_A1, ACK, 'A1'), ('E0', TO_A1, ACK, 'A1'),
    ('A1', TO_E2, ACK, 'E2'), ('E0', TO_E2, ACK, 'E2'), ('B1', TO_E2, '019004', 'B1'), ('F9', TO_E2, '019004', 'F9'),
    ('B1', TO_E0, ACK, 'E0'), ('E2', TO_E0, ACK, 'E0'), ('F9', TO_E0, '019004', 'F9'),
    ('A1', TO_F1, ACK, 'F1'), ('A1', 0x1234, '019004', 'A1'), ('A1', 0x3838, '019004', 'A1'), ('E2', 0x3838, ACK, 'E2'),
])
def test_a_jump_is_acknowledged_refused_or_met_with_silence(code, value, answer, then):
    made = WallboxBench()
    if code == 'B1':
        made.plug()
        made.run(2)
    elif code == 'F9':
        made.box.fault(code)
    elif code != 'A1':
        state(made, int(code * 2, 16))
    assert made.box.code == code
    assert state(made, value) == answer
    assert made.box.code == then
    assert made.timeline[-1][2] == {'register': 5, 'value': '%04X' % value, 'accepted': answer == ACK} or then != code


def test_a_telegram_is_recorded_with_what_became_of_it():
    made = WallboxBench()
    state(made, TO_E0)
    state(made, TO_E2)
    made.write(0x0013, 0x010B)
    assert [fields for _, kind, fields in made.timeline if kind == 'bus_write'] == [
        {'register': 5, 'value': 'E0E0', 'accepted': True}, {'register': 5, 'value': 'E2E2', 'accepted': True},
        {'register': 0x13, 'value': '010B', 'accepted': False}]


@pytest.mark.parametrize('automatic, then', [(True, 'C2'), (False, 'B1')])
def test_a_reset_is_acknowledged_then_silent_for_3_s_and_starts_the_car_where_the_option_says_so(automatic, then):
    made = WallboxBench(start_after_power_cycle=automatic)
    made.plug()
    made.run(2)
    made.write(0x0014, 0x64)
    assert state(made, RESET) == ACK
    assert made.ask('010300040001') == ''
    made.run(2.6)
    assert made.ask('010300040001') == ''
    made.run(0.2)
    assert made.ask('010300040001') != ''
    made.run(5)
    assert made.box.code == then
    assert made.ask('0103000F0005')[18:22] == '0215'


def test_a_reset_gives_a_car_that_comes_later_no_permission():
    made = WallboxBench()
    state(made, RESET)
    made.run(4)
    made.plug()
    made.run(5)
    assert made.box.code == 'B1'


def test_without_power_there_is_no_answer_and_no_current_and_a_lock_is_forgotten():
    made = WallboxBench()
    made.charging()
    made.box.key(False)
    state(made, TO_E0)
    made.box.power(False)
    made.box.power(False)
    made.run(60)
    assert made.ask('010300040001') == ''
    made.box.power(True)
    made.run(2.9)
    assert made.ask('010300040001') == ''
    made.run(5)
    assert made.box.code == 'C2'


def test_power_lost_while_charging_opens_the_contactor():
    made = WallboxBench()
    made.charging()
    made.run(3600)
    made.box.power(False)
    spent = made.box.energy_wh
    assert not made.box.contactor
    made.run(3600)
    assert made.box.energy_wh == spent
    made.box.unplug()
    made.box.power(True)
    made.run(5)
    assert made.box.code == 'A1'


def test_power_that_comes_and_goes_during_the_start_leaves_the_box_dark():
    made = WallboxBench()
    state(made, TO_E0)
    made.box.power(False)
    made.box.power(True)
    made.run(1)
    made.box.power(False)
    made.run(10)
    assert not made.box.live and made.ask('010300040001') == ''
    assert made.codes() == ['A1', 'E0']


@pytest.mark.parametrize('code', ['F%X' % number for number in range(1, 12)])
def test_a_fault_opens_the_contactor_and_lasts_until_mended(code):
    made = WallboxBench(key='unlocked')
    made.charging()
    made.box.fault(code)
    assert made.box.code == code and not made.box.contactor
    made.run(600)
    assert made.box.code == code
    made.box.clear_fault()
    made.run(5)
    assert made.codes()[-5:] == [code, 'A1', 'B1', 'B2', 'C2']


def test_a_mended_fault_does_not_stand_for_the_key():
    made = WallboxBench()
    made.charging()
    made.box.key(False)
    made.box.fault('F9')
    made.box.clear_fault()
    made.run(5)
    assert made.box.code == 'B1'


@pytest.mark.parametrize('code, then', [('F9', 'F9'), ('F4', 'A1')])
def test_a_reset_takes_away_the_upstream_timeout_but_not_what_is_broken(code, then):
    made = WallboxBench()
    made.box.fault(code)
    assert state(made, RESET) == ACK
    made.run(5)
    assert made.box.code == then


def test_reduced_current_is_10_a_and_ends_when_mended():
    made = WallboxBench()
    made.charging()
    made.box.fault('C4')
    assert made.box.code == 'C4' and made.box.contactor
    assert made.box.currents_da == (99, 99, 99)
    made.box.clear_fault()
    assert made.box.code == 'C2' and made.box.currents_da == (160, 160, 160)


def test_a_state_that_is_no_fault_is_an_error():
    made = WallboxBench()
    for code in ('A1', 'C2', 'FF', ''):
        with pytest.raises(ValueError):
            made.box.fault(code)


def test_the_id_and_the_options_change_in_set_up_and_with_the_next_start():
    made = WallboxBench()
    assert made.write(0x002C, 0xF002) == '019004'
    state(made, TO_E2)
    for value in (0xF000, 0xF011, 0xF102):
        assert made.write(0x002C, value) == '019004'
    assert made.write(0x002C, 0xA002) == '0110002C0001'
    assert made.ask('010300040001') == '01030204E2'
    state(made, RESET)
    made.run(4)
    assert made.ask('010300040001') == ''
    assert made.ask('020300010002')[8:] == '82' + '13' + 'FD'
    assert made.ask('020300060002') == '02030406A1C010'


def test_options_left_alone_stay():
    made = WallboxBench(upstream_timeout=True, start_after_power_cycle=True)
    state(made, TO_E2)
    for value in (0xF003, 0x0003):
        made.write(0x002C, value)
    assert (made.box.stored.id, made.box.stored.upstream_timeout, made.box.stored.start_after_power_cycle) == (3, True, True)
    made.write(0x002C, 0x6003)
    assert (made.box.stored.upstream_timeout, made.box.stored.start_after_power_cycle) == (False, False)
    made.write(0x002C, 0x9003)
    assert (made.box.stored.upstream_timeout, made.box.stored.start_after_power_cycle) == (True, True)


def test_listeners_get_every_stretch_of_energy_once():
    made = WallboxBench()
    stretches = []
    made.box.on_energy.append(lambda t0_us, t1_us, wh: stretches.append((t0_us, t1_us, wh)))
    made.charging()
    made.run(100)
    made.write(0x0014, 0x64)
    made.run(100)
    made.box.settle()
    made.run(100)
    made.box.unplug()
    assert len(stretches) == 3
    assert all(before[1] == after[0] for before, after in zip(stretches, stretches[1:]))
    assert sum(wh for _, _, wh in stretches) == pytest.approx(made.box.energy_wh)
    assert stretches[1][2] == pytest.approx(3 * 230 * 6 * (stretches[1][1] - stretches[1][0]) / SECOND / 3600)


ACTIONS = st.sampled_from(['plug', 'unplug', 'on', 'off', 'dark', 'bright', 'F9', 'F4', 'C3', 'clear', 'wait', 'long', RESET, TO_A1, TO_E0,
                           TO_E2, TO_F1, 'pause', 'limit'])


def act(made, action):
    box = made.box
    if isinstance(action, int):
        made.write(0x0005, action)
    elif action in CODES:
        box.fault(action)
    else:
        {'plug': made.plug, 'unplug': box.unplug, 'on': lambda: box.key(True), 'off': lambda: box.key(False),
         'dark': lambda: box.power(False), 'bright': lambda: box.power(True), 'clear': box.clear_fault, 'wait': lambda: made.run(1),
         'long': lambda: made.run(700), 'pause': lambda: made.write(0x0014, 1000), 'limit': lambda: made.write(0x0014, 0x64)}[action]()


@settings(max_examples=150)
@given(st.lists(ACTIONS, max_size=25), st.sampled_from(['B1', 'B2']), st.booleans(), st.sampled_from([0, 1, 2]))
def test_whatever_happens_the_box_stays_consistent(actions, held_code, automatic, en_mode):
    made = WallboxBench(held_code=held_code, start_after_power_cycle=automatic, en_mode=en_mode)
    box = made.box
    for action in actions:
        act(made, action)
        assert box.code in CODES
        if box.live:
            assert box.contactor == (box.code[0] == 'C')
            assert box.vehicle is not None or box.code[0] not in 'BC'
        else:
            assert not box.contactor
    spent = box.energy_wh
    box.unplug()
    made.run(1000)
    assert box.energy_wh == spent
    assert sum(made.seen('energy')) == pytest.approx(spent / 1000, abs=0.0006 * len(actions) + 0.0001)
    closed = made.seen('contactor')
    assert all(one != other for one, other in zip(closed, closed[1:]))
    assert closed.count(True) == box.contactor_closings
    box.power(True)
    box.clear_fault()
    box.key(True)
    made.run(10)
    if box.code in ('E0', 'E2'):
        state(made, TO_A1)
    made.write(0x0014, 0x010A)
    made.plug()
    made.run(10)
    assert box.code == 'C2'
