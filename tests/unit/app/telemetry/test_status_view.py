"""State, reason and figures of one moment, over all codes."""

from types import SimpleNamespace

import pytest

from app.codec import vocabulary
from app.policy.claims import CHARGE, HOLD, LEAVE, Decision
from app.telemetry.status_view import StatusView

A1, B1, B2 = 0xA1, 0xB1, 0xB2
STATE = {A1: 'Not Connected', B1: 'Connected and Locked', B2: 'Charged', 0xC2: 'Charging', 0xC3: 'Charging', 0xC4: 'Charging'}
REASON = {A1: 'no_vehicle', B1: 'starting', B2: 'vehicle_paused', 0xC2: 'charging', 0xC3: 'charging', 0xC4: 'charging', 0xE0: 'locked',
          0xE1: 'setup', 0xE2: 'setup', 0xE3: 'setup'}


def actor(finished=False, want=LEAVE, holder='none', reason=None, phase=None, blocked='none'):
    """One that wants that of a box, and knows that of its car."""
    decision = Decision()
    decision.set(want, vocabulary.HOLDERS.index(holder), 0, 0, None if reason is None else vocabulary.REASONS.index(reason))
    reconciler = SimpleNamespace(phase=None if phase is None else vocabulary.REASONS.index(phase), blocked=vocabulary.DETAILS.index(blocked))
    return SimpleNamespace(decision=decision, reconciler=reconciler, box=SimpleNamespace(finished=finished))


NOTHING_WANTED = actor()


def judged(code, reachable=True, starting=False, enable_input=None, actor=NOTHING_WANTED):
    snapshot = StatusView()
    snapshot.enable_input = enable_input
    snapshot.judge(code, reachable, starting, actor)
    return vocabulary.STATES[snapshot.state], vocabulary.REASONS[snapshot.reason]


@pytest.mark.parametrize('starting', [False, True])
@pytest.mark.parametrize('finished', [False, True])
@pytest.mark.parametrize('enable_input', [None, False, True])
def test_every_code_there_is(starting, finished, enable_input):
    for code in range(1, 256):
        expected = STATE.get(code, 'Disabled'), REASON.get(code, 'fault')
        if code == B1 and enable_input is False:
            expected = 'Connected and Locked', 'waits_for_key'
        elif starting and code in (A1, B2):
            expected = 'Connected and Locked', 'starting'
        elif code == B2 and finished:
            expected = 'Charged', 'vehicle_full'
        assert judged(code, True, starting, enable_input, actor(finished)) == expected, hex(code)


@pytest.mark.parametrize('code', [B1, B2])
@pytest.mark.parametrize('finished', [False, True])
@pytest.mark.parametrize('given, reason', [
    ({'want': HOLD, 'holder': 'plan', 'reason': 'outside_plan'}, 'outside_plan'),
    ({'want': HOLD, 'holder': 'stop', 'reason': 'stopped', 'blocked': 'min_pause'}, 'stopped'),
    ({'want': CHARGE, 'holder': 'plan', 'phase': 'starting'}, 'starting'),
    ({'want': CHARGE, 'holder': 'boost', 'phase': 'waking_vehicle'}, 'waking_vehicle'),
    ({'want': CHARGE, 'holder': 'plan', 'blocked': 'min_pause'}, 'min_pause'),
])
def test_what_is_wanted_of_a_car_that_waits_says_why(code, finished, given, reason):
    assert judged(code, actor=actor(finished, **given)) == ('Connected and Locked', reason)


@pytest.mark.parametrize('code', [A1, 0xC2, 0xE0, 0xF9])
def test_what_is_wanted_does_not_matter_where_no_car_waits(code):
    assert judged(code, actor=actor(True, HOLD, 'plan', 'outside_plan')) == judged(code)


def test_a_car_that_takes_nothing_is_full_only_if_it_finished():
    offered = {'want': CHARGE, 'holder': 'plan'}
    assert judged(B2, actor=actor(False, blocked='vehicle_paused', **offered)) == ('Charged', 'vehicle_paused')
    assert judged(B2, actor=actor(True, blocked='vehicle_full', **offered)) == ('Charged', 'vehicle_full')


def test_an_unreachable_box_is_disabled_whatever_it_said_last():
    for code in range(256):
        assert judged(code, reachable=False) == ('Disabled', 'unreachable')
    assert judged(0) == ('Disabled', 'unreachable')


def test_a_new_judgement_leaves_nothing_of_the_old_one():
    snapshot = StatusView()
    snapshot.judge(0xF9, True, False, NOTHING_WANTED)
    snapshot.judge(0xC2, True, False, NOTHING_WANTED)
    assert (snapshot.code, vocabulary.STATES[snapshot.state], vocabulary.REASONS[snapshot.reason]) == (0xC2, 'Charging', 'charging')


def reading(**given):
    return SimpleNamespace(**dict({'ev_connected': True, 'enable_input': False, 'limit_duty': 267, 'currents_da': [0, 0, 98]}, **given))


def test_a_reading_adds_its_figures_and_forgetting_takes_them_all():
    snapshot = StatusView()
    snapshot.take(reading(), False)
    assert (snapshot.ev_connected, snapshot.enable_input, snapshot.limit_da, snapshot.currents_da) == (True, False, 160, [0, 0, 98])
    snapshot.forget()
    assert (snapshot.ev_connected, snapshot.enable_input, snapshot.limit_da, snapshot.currents_da) == (None, None, None, None)


def test_currents_without_a_meter_are_unknown_and_not_zero():
    snapshot = StatusView()
    snapshot.take(reading(currents_da=[None, None, None]), False)
    assert snapshot.currents_da is None


def test_a_pause_of_ours_offers_no_current_whatever_the_box_still_shows():
    snapshot = StatusView()
    snapshot.take(reading(limit_duty=267), True)
    assert snapshot.limit_da == 0
