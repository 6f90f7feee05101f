"""The believed state of box and car: stable, reachable or not, and the firmware's pulses are not mistaken for unplugging."""

from types import SimpleNamespace

import pytest
from app.evse.evse_monitor import CHANGE_MS, CONFIRM_MS, FIRST_STATE_MS, OWN_PULSE_MS, SILENCE_MS, EvseMonitor
from hal.contract import FOREVER_MS


class ReadingsAsked:
    def __init__(self):
        self.heard_ms = None
        self.asked = []

    def read_soon(self, now_ms, delay_ms=0):
        self.asked.append(now_ms + delay_ms)


def reading(code, car=None, key=True):
    return SimpleNamespace(code=code, ev_connected=car, enable_input=key)


@pytest.fixture
def evse_monitor():
    return EvseMonitor(ReadingsAsked(), 0)


def settle(evse_monitor, code, now_ms):
    for step in range(0, 21000, 1000):
        evse_monitor.see(code, now_ms + step)
    assert evse_monitor.code == code
    return now_ms + 21000


def test_a_first_look_asks_for_a_second_one_soon_and_the_second_is_believed(evse_monitor):
    assert evse_monitor.see(0xB1, 1000) is False
    assert evse_monitor._charger.asked == [1000 + CONFIRM_MS]
    assert evse_monitor.code == 0
    assert evse_monitor.see(0xB1, 1000 + CONFIRM_MS) is True
    assert evse_monitor.code == 0xB1
    assert evse_monitor.see(0xB1, 3000) is False
    assert evse_monitor._charger.asked == [1250]    # nothing new, nothing asked


def test_one_wrong_look_changes_nothing(evse_monitor):
    now_ms = settle(evse_monitor, 0xC2, 0)
    assert evse_monitor.see(0xA1, now_ms) is False
    assert evse_monitor.see(0xC2, now_ms + 250) is False
    assert evse_monitor.see(0xA1, now_ms + 2000) is False
    assert evse_monitor.code == 0xC2


# --- silence


def test_it_is_unreachable_before_the_first_look_and_after_a_minute_without_one(evse_monitor):
    assert evse_monitor.tick(0) == FIRST_STATE_MS and not evse_monitor.reachable
    evse_monitor.see(0xA1, 1000)
    evse_monitor.see(0xA1, 1250)
    assert evse_monitor.tick(1250) == 1250 + SILENCE_MS and evse_monitor.reachable
    evse_monitor.tick(1249 + SILENCE_MS)
    assert evse_monitor.reachable
    assert evse_monitor.tick(1250 + SILENCE_MS) == FOREVER_MS
    assert not evse_monitor.reachable
    evse_monitor.see(0xA1, 100000)
    assert evse_monitor.tick(100000) == 100000 + FIRST_STATE_MS
    assert evse_monitor.reachable


def test_what_happened_in_the_silence_was_not_seen_so_the_state_is_unknown(evse_monitor):
    now_ms = settle(evse_monitor, 0xC2, 0)
    evse_monitor.tick(now_ms)
    evse_monitor.tick(now_ms + SILENCE_MS)
    assert (evse_monitor.code, evse_monitor.last_code) == (0, 0xC2)
    assert evse_monitor.see(0xC2, now_ms + 70000) is False    # one look is no state, not even the old one
    assert evse_monitor.see(0xC2, now_ms + 70250) is True


def test_frames_that_tell_no_state_prove_nothing(evse_monitor):
    """A box that refuses every reading, or a stranger with its id, is not one whose state we know."""
    now_ms = settle(evse_monitor, 0xB1, 0)
    evse_monitor._charger.heard_ms = evse_monitor._charger.answered_ms = now_ms + SILENCE_MS
    evse_monitor.tick(now_ms)
    evse_monitor.tick(now_ms + SILENCE_MS)
    assert not evse_monitor.reachable


def test_waiting_for_a_stable_state_ends_after_15_s(evse_monitor):
    for step in range(0, FIRST_STATE_MS, 1000):
        evse_monitor.see(0xB1 if step % 2000 else 0xC2, step)
        evse_monitor.tick(step)
        assert not evse_monitor.settled
    evse_monitor.tick(FIRST_STATE_MS)
    assert evse_monitor.settled and evse_monitor.code == 0 and evse_monitor.seen == 0xC2


# --- our own pulse


def test_a1_after_a_jump_of_ours_is_no_unplugging_for_half_a_minute(evse_monitor):
    now_ms = settle(evse_monitor, 0xC2, 0)
    evse_monitor.read(reading(0xC2, True))
    evse_monitor.pulse(now_ms)
    for step in range(0, OWN_PULSE_MS, 1000):
        evse_monitor.tick(now_ms + step)
        assert evse_monitor.starting
        assert evse_monitor.see(0xA1, now_ms + step) is False
        evse_monitor.read(reading(0xA1, False))
    assert evse_monitor.code == 0xC2 and evse_monitor.car
    evse_monitor.tick(now_ms + OWN_PULSE_MS)
    assert not evse_monitor.starting
    evse_monitor.see(0xA1, now_ms + OWN_PULSE_MS)
    assert evse_monitor.see(0xA1, now_ms + OWN_PULSE_MS + 250) is True


def test_a_pulse_without_a_car_hides_no_a1(evse_monitor):
    now_ms = settle(evse_monitor, 0xE0, 0)
    evse_monitor.pulse(now_ms)
    evse_monitor.see(0xA1, now_ms + 100)
    assert evse_monitor.see(0xA1, now_ms + 400) is True


def test_other_states_are_believed_during_a_pulse(evse_monitor):
    now_ms = settle(evse_monitor, 0xB1, 0)
    evse_monitor.read(reading(0xB1, True))
    evse_monitor.pulse(now_ms)
    evse_monitor.see(0xC2, now_ms + 100)
    assert evse_monitor.see(0xC2, now_ms + 400) is True


def test_the_end_of_a_pulse_is_due(evse_monitor):
    now_ms = settle(evse_monitor, 0xC2, 0)
    evse_monitor.pulse(now_ms)
    assert evse_monitor.tick(now_ms) == now_ms + OWN_PULSE_MS
    assert evse_monitor.tick(now_ms + OWN_PULSE_MS) == now_ms - 1000 + SILENCE_MS


# --- car and key


def test_a_car_is_remembered_until_it_leaves(evse_monitor):
    assert not evse_monitor.car
    for code, car in ((0xB1, True), (0xC2, True), (0xB2, True), (0xE0, None), (0xF9, None)):
        evse_monitor.see(code, 1000)
        evse_monitor.read(reading(code, car))
        assert evse_monitor.car
    evse_monitor.read(reading(0xA1, False))
    assert not evse_monitor.car


@pytest.mark.parametrize('code', [0xC2, 0xC3, 0xC4])
def test_reduced_current_is_charging_too(evse_monitor, code):
    evse_monitor.read(reading(code, None))
    assert evse_monitor.car


def test_a_turn_of_the_key_is_news_and_nothing_else_is(evse_monitor):
    assert evse_monitor.enable_input is None
    assert evse_monitor.read(reading(0xB1, True, False)) is True
    assert evse_monitor.read(reading(0xB1, True, False)) is False
    assert evse_monitor.read(reading(0xB1, True, True)) is True
    assert evse_monitor.enable_input is True


def test_a_pulse_without_a_car_starts_nothing(evse_monitor):
    evse_monitor.read(reading(0xA1, False))
    evse_monitor.pulse(1000)
    assert not evse_monitor.starting


# --- a box that was away


@pytest.mark.parametrize('silence_ms', [3000, 20000, 100000])
def test_a1_after_a_silence_is_no_unplugging_for_half_a_minute(evse_monitor, silence_ms):
    now_ms = settle(evse_monitor, 0xC2, 0)
    evse_monitor.read(reading(0xC2, True))
    if silence_ms > SILENCE_MS:
        evse_monitor.tick(now_ms)
        evse_monitor.tick(now_ms + silence_ms - 1)
    now_ms += silence_ms
    before = evse_monitor.code
    for step in range(0, OWN_PULSE_MS, 1000):
        assert evse_monitor.see(0xA1, now_ms + step) is False
        evse_monitor.read(reading(0xA1, False))
        evse_monitor.tick(now_ms + step)
        assert not evse_monitor.starting
    assert evse_monitor.code == before and evse_monitor.car
    evse_monitor.tick(now_ms + OWN_PULSE_MS)
    evse_monitor.see(0xA1, now_ms + OWN_PULSE_MS)
    assert evse_monitor.see(0xA1, now_ms + OWN_PULSE_MS + 250) is True
    evse_monitor.read(reading(0xA1, False))
    assert not evse_monitor.car


def test_the_first_a1_of_a_boot_is_no_unplugging_of_a_car_that_is_on_record(evse_monitor):
    evse_monitor.car = True
    evse_monitor.see(0xA1, 4000)
    evse_monitor.read(reading(0xA1, False))
    assert evse_monitor.see(0xA1, 4250) is False
    assert evse_monitor.car and evse_monitor.tick(4250) == FIRST_STATE_MS
    assert evse_monitor.see(0xB1, 5000) is False
    assert evse_monitor.see(0xB1, 5250) is True


def test_other_states_are_believed_after_a_silence_and_so_is_a1_without_a_car_before(evse_monitor):
    now_ms = settle(evse_monitor, 0xB1, 0) + 20000
    evse_monitor.see(0xA1, now_ms)
    assert evse_monitor.see(0xA1, now_ms + 250) is True
    evse_monitor.car = True
    evse_monitor.see(0xE0, now_ms + 20000)
    assert evse_monitor.see(0xE0, now_ms + 20250) is True


def test_a_car_that_leaves_after_the_last_reading_was_lost_is_missed_at_once(evse_monitor):
    now_ms = settle(evse_monitor, 0xC2, 0)
    evse_monitor.read(reading(0xC2, True))
    evse_monitor.see(0xA1, now_ms + 1900)
    assert evse_monitor.see(0xA1, now_ms + 2150) is True


# --- what hides a change of car


def hidden(evse_monitor, for_ms, pulse=False):
    """A car, E0 for that long, and a car again; returns how often it may have become another one."""
    now_ms = settle(evse_monitor, 0xB2, 0)
    evse_monitor.read(reading(0xB2, True))
    if pulse:
        evse_monitor.pulse(now_ms)
    for step in range(0, for_ms + 1, 1000):
        evse_monitor.see(0xE0, now_ms + step)
        evse_monitor.read(reading(0xE0))
    now_ms += for_ms
    evse_monitor.pulse(now_ms)
    for code in (0xA1, 0xB1, 0xB2):
        evse_monitor.see(code, now_ms + 1000)
        evse_monitor.read(reading(code, code != 0xA1))
    assert evse_monitor.car
    return evse_monitor.changes


@pytest.mark.parametrize('for_ms, changes', [(5000, 0), (CHANGE_MS - 2000, 0), (CHANGE_MS, 1), (3600000, 1)])
def test_behind_a_long_e0_the_car_may_have_become_another_one(evse_monitor, for_ms, changes):
    assert hidden(evse_monitor, for_ms) == changes


def test_behind_a_pulse_of_ours_it_stays_the_same(evse_monitor):
    assert hidden(evse_monitor, 20000, pulse=True) == 0


def test_an_e0_that_a_boot_finds_may_have_been_there_for_long(evse_monitor):
    evse_monitor.see(0xE0, 4000)
    evse_monitor.read(reading(0xE0))
    evse_monitor.see(0xB1, 6000)
    evse_monitor.read(reading(0xB1, True))
    assert evse_monitor.changes == 1


def test_single_frames_lost_after_an_unplugging_do_not_put_it_off(evse_monitor):
    now_ms = settle(evse_monitor, 0xB1, 0)
    evse_monitor.read(reading(0xB1, True))
    for step in range(0, 45000, 4000):    # every other look is lost
        evse_monitor.tick(now_ms + step)
        evse_monitor.see(0xA1, now_ms + step)
        evse_monitor.read(reading(0xA1, False))
    assert evse_monitor.code == 0xA1 and not evse_monitor.car


def test_a_false_state_before_an_a1_that_is_none_does_not_count_with_the_next_one(evse_monitor):
    now_ms = settle(evse_monitor, 0xB2, 0)
    evse_monitor.read(reading(0xB2, True))
    now_ms += 60000
    for step, code in ((0, 0xB1), (1000, 0xA1), (2000, 0xB1)):
        evse_monitor.see(code, now_ms + step)
    assert evse_monitor.code == 0xB2
