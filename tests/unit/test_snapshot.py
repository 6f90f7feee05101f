"""State, reason and figures of one moment, over all codes."""

from types import SimpleNamespace

import pytest

from app import words
from app.claims import Decision
from app.snapshot import Snapshot

A1, B1, B2 = 0xA1, 0xB1, 0xB2
STATE = {A1: 'Not Connected', B1: 'Connected and Locked', B2: 'Charged', 0xC2: 'Charging', 0xC3: 'Charging', 0xC4: 'Charging'}
REASON = {A1: 'no_vehicle', B1: 'starting', B2: 'vehicle_paused', 0xC2: 'charging', 0xC3: 'charging', 0xC4: 'charging', 0xE0: 'locked',
          0xE1: 'setup', 0xE2: 'setup', 0xE3: 'setup'}


NOTHING_WANTED = SimpleNamespace(decision=Decision(), reconciler=SimpleNamespace(phase=None, blocked=0))


def judged(code, reachable=True, starting=False, had_charged=False, enable_input=None, actor=NOTHING_WANTED):
    snapshot = Snapshot()
    snapshot.enable_input = enable_input
    snapshot.judge(code, reachable, starting, had_charged, actor)
    return words.STATES[snapshot.state], words.REASONS[snapshot.reason]


@pytest.mark.parametrize('starting', [False, True])
@pytest.mark.parametrize('had_charged', [False, True])
@pytest.mark.parametrize('enable_input', [None, False, True])
def test_every_code_there_is(starting, had_charged, enable_input):
    for code in range(1, 256):
        expected = STATE.get(code, 'Disabled'), REASON.get(code, 'fault')
        if code == B1 and enable_input is False:
            expected = 'Connected and Locked', 'waits_for_key'
        elif starting and code in (A1, B2):
            expected = 'Connected and Locked', 'starting'
        elif code == B2 and had_charged:
            expected = 'Charged', 'vehicle_full'
        assert judged(code, True, starting, had_charged, enable_input) == expected, hex(code)


def test_an_unreachable_box_is_disabled_whatever_it_said_last():
    for code in range(256):
        assert judged(code, reachable=False) == ('Disabled', 'unreachable')
    assert judged(0) == ('Disabled', 'unreachable')


def test_a_new_judgement_leaves_nothing_of_the_old_one():
    snapshot = Snapshot()
    snapshot.judge(0xF9, True, False, False, NOTHING_WANTED)
    snapshot.judge(0xC2, True, False, False, NOTHING_WANTED)
    assert (snapshot.code, words.STATES[snapshot.state], words.REASONS[snapshot.reason]) == (0xC2, 'Charging', 'charging')


def reading(**given):
    return SimpleNamespace(**dict({'ev_connected': True, 'enable_input': False, 'limit_duty': 267, 'currents_da': [0, 0, 98]}, **given))


def test_a_reading_adds_its_figures_and_forgetting_takes_them_all():
    snapshot = Snapshot()
    snapshot.take(reading(), False)
    assert (snapshot.ev_connected, snapshot.enable_input, snapshot.limit_da, snapshot.currents_da) == (True, False, 160, [0, 0, 98])
    snapshot.forget()
    assert (snapshot.ev_connected, snapshot.enable_input, snapshot.limit_da, snapshot.currents_da) == (None, None, None, None)


def test_currents_without_a_meter_are_unknown_and_not_zero():
    snapshot = Snapshot()
    snapshot.take(reading(currents_da=[None, None, None]), False)
    assert snapshot.currents_da is None


def test_a_pause_of_ours_offers_no_current_whatever_the_box_still_shows():
    snapshot = Snapshot()
    snapshot.take(reading(limit_duty=267), True)
    assert snapshot.limit_da == 0
