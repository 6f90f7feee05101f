"""The start sequence alone: the next step, where there is none, and the effect of the box's options on pulses and resets."""

from types import SimpleNamespace

import config
import pytest
from app.codec import vocabulary
from app.codec.vocabulary import REASON_STARTING, REASON_WAKING_VEHICLE
from app.evse.evse_model import EvseModel
from app.control.start_sequence import NOTHING, PAUSE, PULSE, RESET, STEPS, StartSequence, flows, key_needed, pulse_returns, reset_starts
from modbus.reading import EN_ENABLES, EN_NOTHING, EN_STARTS

SETTINGS = config.Settings()
NO_START, NO_E0A1, NO_B1B2, NO_A1B1 = 0x4000, 0x20, 0x10, 0x08


def box(code=0xB2, key=True, mode=EN_STARTS, flags=0, finished=False, currents=(0, 0, 0)):
    made = EvseModel()
    made.reading = SimpleNamespace(code=code, enable_input=key, currents_da=list(currents))
    made.stable_code, made.car, made.en_mode, made.flags, made.finished = code, True, mode, flags, finished
    return made


def take_step(starter, sight, until_ms, resets=2, pulses=3, since_ms=0):
    """(ms, what, length) of the next step taken, or None."""
    for now_ms in range(since_ms, until_ms, 500):
        what, length_ms = starter.step(now_ms, sight, resets, pulses)
        if what != NOTHING:
            starter.did(what)
            return now_ms - since_ms, what, length_ms
    return None


@pytest.mark.parametrize('code, currents, flowing', [
    (0xC2, (160, 0, 0), True), (0xC3, (0, 0, 61), True), (0xC2, (10, 0, 0), True), (0xC2, (9, 9, 9), False), (0xC2, (None, None, None), True),
    (0xC4, (None, 0, 0), False), (0xB2, (160, 160, 160), False), (0xB2, (None, None, None), False), (0xE0, (None, None, None), False)])
def test_current_flows_in_c_where_a_phase_carries_an_ampere_or_nobody_measures(code, currents, flowing):
    assert flows(box(code, currents=currents).reading) is flowing


@pytest.mark.parametrize('key, mode, needed', [
    (False, EN_STARTS, True), (False, 3, True), (False, None, True), (False, EN_NOTHING, False), (False, EN_ENABLES, False),
    (True, EN_STARTS, False)])
def test_when_a_key_is_needed(key, mode, needed):
    assert key_needed(box(key=key, mode=mode)) is needed


@pytest.mark.parametrize('key, mode, flags, starts', [
    (True, EN_STARTS, 0, True), (True, EN_STARTS, NO_B1B2, False), (True, EN_STARTS, NO_START, False), (True, EN_STARTS, NO_A1B1, False),
    (False, EN_STARTS, NO_B1B2, True), (False, EN_STARTS, 0, True), (False, EN_STARTS, NO_B1B2 | NO_START, False), (True, EN_STARTS, None, False),
    (False, EN_NOTHING, NO_B1B2, False)])
def test_when_a_reset_starts_a_car_in_b1(key, mode, flags, starts):
    assert reset_starts(box(0xB1, key, mode, flags)) is starts


@pytest.mark.parametrize('key, mode, flags, resets, returns', [
    (True, EN_STARTS, 0, 0, True), (True, EN_STARTS, None, 0, True), (True, EN_STARTS, NO_E0A1, 2, False), (True, EN_STARTS, NO_A1B1, 2, False),
    (True, EN_STARTS, NO_B1B2, 2, False), (True, EN_STARTS, NO_START, 0, True), (False, EN_STARTS, NO_B1B2, 1, True),
    (False, EN_STARTS, NO_B1B2, 0, False),
    (False, EN_STARTS, NO_START, 2, False), (False, EN_STARTS, None, 2, False), (False, None, 0, 2, True), (False, EN_NOTHING, 0, 0, True),
    (True, EN_ENABLES, 0, 0, True), (False, EN_ENABLES, 0, 2, False)])
def test_when_a_pulse_comes_back_without_a_hand_at_the_box(key, mode, flags, resets, returns):
    assert pulse_returns(box(key=key, mode=mode, flags=flags), resets) is returns


def test_the_steps_for_a_car_in_b2():
    starter = StartSequence(SETTINGS)
    since_ms, taken = 0, []
    for _ in STEPS:
        step = take_step(starter, box(), 10**7, since_ms=since_ms)
        taken.append(step)
        since_ms += step[0] + 1000
    assert taken == [(45000, PAUSE, 10000), (45000, PULSE, 3000), (120000, PULSE, 10000), (1800000, PULSE, 10000)]
    assert take_step(starter, box(), since_ms + 10**7, since_ms=since_ms) is None
    assert vocabulary.DETAILS[starter.blocked] == 'vehicle_paused' and starter.phase is None


@pytest.mark.parametrize('left, length_ms', [(3, 3000), (2, 3000), (1, 10000)])
def test_the_last_pulse_of_the_night_is_a_long_one_whichever_step_it_is(left, length_ms):
    starter = StartSequence(SETTINGS)
    assert take_step(starter, box(), 10**6, pulses=left) == (45000, PAUSE, 10000)
    assert take_step(starter, box(), 10**6, pulses=left) == (45000, PULSE, length_ms)


def test_a_key_that_is_open_leaves_the_long_pulses():
    starter = StartSequence(SETTINGS)
    sight = box(key=False, flags=NO_B1B2)
    assert take_step(starter, sight, 10**6) == (45000, PAUSE, 10000)
    assert take_step(starter, sight, 10**6) == (45000, PULSE, 10000)
    assert take_step(starter, sight, 10**6) == (120000, PULSE, 10000)


@pytest.mark.parametrize('sight, resets, pulses, why', [
    (box(finished=True), 2, 3, 'vehicle_full'), (box(), 2, 0, 'vehicle_paused'), (box(key=False, flags=NO_START), 2, 3, 'vehicle_paused'),
    (box(flags=NO_E0A1), 2, 3, 'vehicle_paused')])
def test_where_no_pulse_is_allowed_there_is_none(sight, resets, pulses, why):
    starter = StartSequence(SETTINGS)
    first = take_step(starter, sight, 10**6, resets, pulses)
    assert (first is None) is sight.finished
    assert take_step(starter, sight, 10**7, resets, pulses) is None
    assert vocabulary.DETAILS[starter.blocked] == why


def test_b1_is_reset_after_ten_seconds_once_an_attempt():
    starter = StartSequence(SETTINGS)
    assert take_step(starter, box(0xB1), 10**6) == (10000, RESET, 0)
    assert take_step(starter, box(0xB1), 10**6) is None and vocabulary.DETAILS[starter.blocked] == 'waits_for_key'
    starter.begin()
    assert take_step(starter, box(0xB1), 10**6, resets=0) is None
    starter.begin()
    assert take_step(starter, box(0xB1), 10**6) == (10000, RESET, 0)
    starter.did(PULSE)
    assert take_step(starter, box(0xB1), 10**6) == (10000, RESET, 0)


def test_one_look_is_not_enough_to_reset_or_wake():
    for code in (0xB1, 0xB2):
        sight = box(code)
        sight.stable_code = 0xC2
        assert take_step(StartSequence(SETTINGS), sight, 10**6) is None


def test_a_wait_begins_anew_with_another_state_or_without_current():
    starter = StartSequence(SETTINGS)
    starter.step(0, box(), 2, 3)
    starter.step(44000, box(0xB1), 2, 3)
    assert starter.step(46000, box(), 2, 3) == (NOTHING, 0)
    starter.interrupted()
    assert starter.step(95000, box(), 2, 3) == (NOTHING, 0)
    assert starter.step(140000, box(), 2, 3) == (PAUSE, 10000)


def test_the_words_on_the_way():
    starter = StartSequence(SETTINGS)
    starter.step(0, box(), 2, 3)
    assert starter.phase == REASON_STARTING
    take_step(starter, box(), 10**6)
    starter.step(0, box(), 2, 3)
    assert starter.phase == REASON_WAKING_VEHICLE and starter.wants_flags
    starter.step(0, box(0xC2, currents=(160, 0, 0)), 2, 3)
    assert starter.phase is None and not starter.wants_flags


def test_the_pause_lasts_from_when_it_is_in_force_and_ends_when_the_car_wakes():
    starter = StartSequence(SETTINGS)
    starter.pause(10000)
    assert starter.pauses(False, False, 0) and starter.pauses(False, True, 3000) and starter.pauses(False, True, 12999)
    assert not starter.pauses(False, True, 13000) and not starter.pausing
    starter.pause(10000)
    assert not starter.pauses(True, False, 20000)
