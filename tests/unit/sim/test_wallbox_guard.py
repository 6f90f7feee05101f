"""The simulated box's own protection: faults and their ends, reactions, overcurrent, and the upstream timeout."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.wallbox_bench import WallboxBench

RESET = 0x5A5A
STATE = '010300040001'
FLAGS = '010300060002'


def flags(made):
    return int(made.ask(FLAGS)[-4:], 16)


def watched(**options):
    return WallboxBench(upstream_timeout=True, **options)


# --- the upstream timeout

def test_a_box_that_nobody_asks_goes_to_f4_and_stays_there_when_it_is_asked_again():
    made = watched(upstream_timeout_s=20)
    assert made.ask('010300010002')[12:14] == 'FD'
    made.run(19.7)
    assert made.box.code == 'A1'
    made.run(0.4)
    assert made.box.code == 'F4' and made.entered('F4') == pytest.approx(20, abs=0.1)
    for _ in range(30):
        assert made.ask(STATE, 2) == '01030204F4'
    assert made.write(0x0005, RESET) == '011000050001'
    made.run(4)
    assert made.box.code == 'A1'


def test_asking_within_the_timeout_keeps_a_charge_going_and_silence_ends_it():
    made = watched(upstream_timeout_s=20)
    made.charging()
    for _ in range(20):
        made.ask(STATE, 15)
    assert made.box.code == 'C2'
    made.run(21)
    assert made.box.code == 'F4' and not made.box.contactor


def test_where_polling_mends_it_f4_ends_with_the_first_question():
    made = watched(f4_ends='polling', upstream_timeout_s=20)
    made.plug()
    made.run(25)
    assert made.box.code == 'F4'
    assert made.ask(STATE) == '01030204F4'
    made.run(5)
    assert made.box.code == 'B1'
    made.run(20)
    assert made.box.code == 'F4'


def test_where_only_writes_feed_it_reading_is_not_enough():
    made = watched(upstream_fed_by='writes', upstream_timeout_s=20)
    for _ in range(6):
        made.ask(STATE, 5)
    assert made.box.code == 'F4'
    made = watched(upstream_fed_by='writes', upstream_timeout_s=20)
    for _ in range(6):
        made.write(0x0014, 0x64, 5)
    assert made.box.code == 'A1'


def test_what_is_not_for_this_box_does_not_feed_it():
    made = watched(upstream_timeout_s=20)
    for _ in range(10):
        made.ask('020300040001', 1)
        made.ask('010300040002', 1)
        made.send(b':0103000400', 1)
    assert made.box.code == 'F4'


def test_the_softer_reaction_is_less_current_until_somebody_asks():
    made = watched(upstream_reaction='F14', upstream_timeout_s=20)
    made.charging()
    assert flags(made) & 0x8000 == 0
    made.run(21)
    assert made.box.code == 'C2' and made.box.currents_da == (99, 99, 99)
    assert made.ask('0103002E0005')[10:14] == 'D0A6'
    made.run(1)
    assert made.box.currents_da == (160, 160, 160)
    made.run(21)
    assert flags(made) & 0x0200
    assert flags(made) & 0x0200 == 0


def test_without_the_option_nobody_has_to_ask():
    made = WallboxBench()
    made.run(100_000)
    assert made.box.code == 'A1'


def test_the_timeout_can_be_switched_off_and_on_in_set_up():
    made = watched(upstream_timeout_s=20)
    made.write(0x0005, 0xE2E2)
    made.write(0x002C, 0x7001)
    made.write(0x0005, RESET)
    made.run(100)
    assert made.box.code == 'A1'
    made.write(0x0005, 0xE2E2)
    made.write(0x002C, 0xB001)
    made.write(0x0005, RESET)
    made.run(22)
    assert made.box.code == 'A1'
    made.run(3)
    assert made.box.code == 'F4'


def test_a_box_without_power_waits_for_nobody_and_has_all_its_time_when_it_comes_back():
    made = watched(upstream_timeout_s=20)
    made.run(10)
    made.box.power(False)
    made.run(1000)
    made.box.power(True)
    made.run(22)
    assert made.codes() == ['A1']
    made.run(2)
    assert made.codes() == ['A1', 'F4']


def test_an_upstream_timeout_ends_with_the_power_though_nobody_asked():
    made = watched(upstream_timeout_s=20)
    made.run(25)
    assert made.box.code == 'F4'
    made.box.power(False)
    made.run(1)
    made.box.power(True)
    made.run(4)
    assert made.box.code == 'A1'


def test_silence_during_another_fault_counts_when_that_is_over():
    made = watched(upstream_timeout_s=20)
    made.box.fault('F9')
    made.run(100)
    assert made.box.code == 'F9'
    made.box.clear_fault()
    made.run(21)
    assert made.box.code == 'F4'


def test_an_injected_f4_follows_the_same_rules():
    made = WallboxBench(f4_ends='polling')
    made.box.fault('F4')
    made.run(600)
    assert made.box.code == 'F4'
    made.ask(STATE)
    assert made.box.code == 'A1'


# --- how a fault ends

def test_where_a_box_retries_a_mended_fault_ends_within_half_a_minute():
    made = WallboxBench(fault_ends='retry', key='unlocked')
    made.charging()
    made.box.fault('F9')
    made.run(200)
    assert made.box.code == 'F9'
    made.box.clear_fault()
    made.run(5)
    assert made.box.code == 'F9'
    made.run(30)
    assert made.codes()[-5:] == ['F9', 'A1', 'B1', 'B2', 'C2']
    assert (made.entered('A1') - made.entered('F9')) % 30 == 0


def test_where_a_box_latches_a_mended_fault_waits_for_a_reset():
    made = WallboxBench(fault_ends='latched')
    made.box.fault('F9')
    made.write(0x0005, RESET)
    made.run(5)
    assert made.box.code == 'F9'
    made.box.clear_fault()
    made.run(3600)
    assert made.box.code == 'F9'
    made.write(0x0005, RESET)
    made.run(5)
    assert made.box.code == 'A1'


def test_a_retry_goes_on_after_a_power_cut():
    made = WallboxBench(fault_ends='retry')
    made.box.fault('F3')
    made.box.power(False)
    made.run(100)
    made.box.power(True)
    made.run(10)
    assert made.box.code == 'F3'
    made.box.clear_fault()
    made.run(31)
    assert made.box.code == 'A1'


@pytest.mark.parametrize('code', ['E1', 'E3'])
def test_production_test_and_bus_idle_last_until_the_maker_or_a_reset_ends_them(code):
    for end in (lambda made: made.box.clear_fault(), lambda made: made.write(0x0005, RESET)):
        made = WallboxBench(key='unlocked')
        made.charging()
        made.box.fault(code)
        made.run(600)
        assert made.write(0x0005, 0xA1A1) == ''
        assert made.box.code == code and not made.box.contactor
        end(made)
        made.run(10)
        assert made.box.code == 'C2'


# --- less current

@pytest.mark.parametrize('reaction, bit, code, metered', [
    ('BC3', 8, 'C4', True), ('BC4', 6, 'C3', False), ('BC5', 7, 'C3', True), ('BC6', 9, 'C2', True)])
def test_a_reaction_is_10_a_its_bit_and_its_state_until_mended(reaction, bit, code, metered):
    made = WallboxBench()
    made.charging()
    made.box.fault(reaction)
    assert made.box.code == code and flags(made) & 0x03C0 == 1 << bit
    assert made.ask('0103002E0005')[8:14] == code + 'D0A6'
    assert made.ask('0103002E0005')[14:] == ('006300630063' if metered else '03E803E803E8')
    assert made.ask('010300010002')[12:14] == 'BD'
    made.box.clear_fault()
    assert made.box.code == 'C2' and flags(made) & 0x03C0 == 0
    assert made.ask('0103002E0005')[10:14] == '9215'


def test_two_reactions_are_two_bits_and_the_worse_state():
    made = WallboxBench()
    made.charging()
    made.box.fault('C3')
    made.box.fault('C4')
    assert made.box.code == 'C4' and flags(made) & 0x03C0 == 0x0180


# --- overcurrent

@pytest.mark.parametrize('overdraw, bits, trips_s', [
    (1.0, 0b000, None), (1.03, 0b001, None), (1.08, 0b101, 1000), (1.15, 0b011, 100), (1.3, 0b111, 10)])
def test_a_car_that_takes_too_much_trips_after_the_documented_time(overdraw, bits, trips_s):
    made = WallboxBench()
    made.write(0x0014, 0x64)
    made.charging(overdraw=overdraw)
    assert flags(made) & 7 == bits
    made.run(1100)
    if trips_s is None:
        assert made.box.code == 'C2'
    else:
        assert made.box.code == 'F9' and flags(made) & 7 == 0
        assert made.entered('F9') - made.entered('C2') == pytest.approx(trips_s, abs=0.001)


def test_a_car_that_takes_less_in_time_does_not_trip_and_neither_does_a_box_without_meter():
    made = WallboxBench()
    made.write(0x0014, 0x64)
    made.charging(overdraw=1.15, max_a=8)
    made.run(90)
    made.write(0x0014, 0x0A6)
    assert flags(made) & 7 == 0
    made.run(200)
    assert made.box.code == 'C2'
    made = WallboxBench(meter=False)
    made.write(0x0014, 0x64)
    made.charging(overdraw=1.5)
    made.run(2000)
    assert made.box.code == 'C2' and flags(made) & 7 == 0


def test_a_car_that_left_trips_nothing():
    made = WallboxBench()
    made.write(0x0014, 0x64)
    made.charging(overdraw=1.3)
    made.run(2)
    made.box.unplug()
    made.run(60)
    assert made.box.code == 'A1'


# --- whatever happens

ACTIONS = st.sampled_from(['plug', 'unplug', 'dark', 'bright', 'F4', 'F9', 'F1', 'BC4', 'BC6', 'C4', 'clear', 'ask', 'short', 'long', 'reset',
                           'pause', 'limit'])


def act(made, action):
    box = made.box
    {'plug': lambda: made.plug(overdraw=1.15), 'unplug': box.unplug, 'dark': lambda: box.power(False), 'bright': lambda: box.power(True),
     'clear': box.clear_fault, 'ask': lambda: made.ask(STATE), 'short': lambda: made.run(5), 'long': lambda: made.run(150),
     'reset': lambda: made.write(0x0005, RESET), 'pause': lambda: made.write(0x0014, 1000), 'limit': lambda: made.write(0x0014, 0x64),
     }.get(action, lambda: box.fault(action))()


@settings(max_examples=120)
@given(st.lists(ACTIONS, max_size=25), st.sampled_from(['mended', 'retry', 'latched']), st.sampled_from(['reset', 'polling']),
       st.sampled_from(['F4', 'F14']))
def test_whatever_happens_state_contactor_and_flags_agree_and_a_reset_of_a_mended_box_helps(actions, fault_ends, f4_ends, reaction):
    made = watched(fault_ends=fault_ends, f4_ends=f4_ends, upstream_reaction=reaction, key='unlocked')
    box = made.box
    for action in actions:
        act(made, action)
        if box.live:
            assert (box.guard.code or box.code) == box.code
            assert (box.code[0] == 'F') == (box.guard.code is not None)
            assert box.contactor == (box.code[0] == 'C')
            assert box.limits.reduced == bool(box.guard.reactions)
    box.power(True)
    made.run(10)
    box.clear_fault()
    made.write(0x0005, RESET)
    made.run(4)
    made.ask(STATE)
    assert box.code[0] in 'AB' or box.code == 'C2'
    assert box.guard.bits & 0x03C0 == 0
