"""State, reason and figures of one moment, over all codes."""

from types import SimpleNamespace

import pytest

from app.codec import vocabulary
from app.policy.claims import CHARGE, HOLD, LEAVE, Decision
from app.evse.evse_monitor import SILENCE_MS
from app.telemetry.status_view import StatusView

A1, B1, B2 = 0xA1, 0xB1, 0xB2
STATE = {A1: 'Not Connected', B1: 'Connected and Locked', B2: 'Charged', 0xC2: 'Charging', 0xC3: 'Charging', 0xC4: 'Charging'}
REASON = {A1: 'no_vehicle', B1: 'starting', B2: 'vehicle_paused', 0xC2: 'charging', 0xC3: 'charging', 0xC4: 'charging', 0xE0: 'locked',
          0xE1: 'setup', 0xE2: 'setup', 0xE3: 'setup'}


def reading(**given):
    values = {'code': 0, 'at_ms': 0, 'ev_connected': True, 'enable_input': None, 'limit_duty': 267, 'currents_da': [0, 0, 98]}
    return SimpleNamespace(**dict(values, **given))


def wanting(finished=False, want=LEAVE, holder='none', reason=None, phase=None, blocked='none', paused=False):
    """(arbiter, reconciler, box): what is wanted of a box, and what is known of its car."""
    decision = Decision()
    decision.set(want, vocabulary.HOLDERS.index(holder), 0, 0, None if reason is None else vocabulary.REASONS.index(reason))
    phase = None if phase is None else vocabulary.REASONS.index(phase)
    reconciler = SimpleNamespace(phase=phase, blocked=vocabulary.DETAILS.index(blocked), paused=paused)
    return SimpleNamespace(plan=None, decision=decision), reconciler, SimpleNamespace(finished=finished)


NOTHING_WANTED = wanting()


def view_of(code, reachable=True, starting=False, wanted=NOTHING_WANTED, **given):
    """A view of a box that shows that code."""
    monitor = SimpleNamespace(code=code, seen=code, last_code=code, settled=True, reachable=reachable, starting=starting)
    clock = SimpleNamespace(now_ms=lambda: 0)
    return StatusView(clock, reading(**dict({'code': code}, **given)), monitor, SimpleNamespace(known=True), *wanted)


def judged(code, reachable=True, starting=False, enable_input=None, wanted=NOTHING_WANTED):
    view = view_of(code, reachable, starting, wanted, enable_input=enable_input).look()
    return vocabulary.STATES[view.state], vocabulary.REASONS[view.reason]


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
        assert judged(code, True, starting, enable_input, wanting(finished)) == expected, hex(code)


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
    assert judged(code, wanted=wanting(finished, **given)) == ('Connected and Locked', reason)


@pytest.mark.parametrize('code', [A1, 0xC2, 0xE0, 0xF9])
def test_what_is_wanted_does_not_matter_where_no_car_waits(code):
    assert judged(code, wanted=wanting(True, HOLD, 'plan', 'outside_plan')) == judged(code)


def test_a_car_that_takes_nothing_is_full_only_if_it_finished():
    offered = {'want': CHARGE, 'holder': 'plan'}
    assert judged(B2, wanted=wanting(False, blocked='vehicle_paused', **offered)) == ('Charged', 'vehicle_paused')
    assert judged(B2, wanted=wanting(True, blocked='vehicle_full', **offered)) == ('Charged', 'vehicle_full')


def test_an_unreachable_box_is_disabled_whatever_it_said_last():
    for code in range(256):
        assert judged(code, reachable=False) == ('Disabled', 'unreachable')
    assert judged(0) == ('Disabled', 'unreachable')


def test_a_new_judgement_leaves_nothing_of_the_old_one():
    view = view_of(0xF9)
    view.look()
    view._evse_monitor.code = 0xC2
    view.look()
    assert (view.code, vocabulary.STATES[view.state], vocabulary.REASONS[view.reason]) == (0xC2, 'Charging', 'charging')


def figures(view):
    return view.ev_connected, view.enable_input, view.limit_da, view.currents_da


def test_a_reading_adds_its_figures_until_it_is_too_old():
    view = view_of(0xC2, enable_input=False)
    assert figures(view.look()) == (True, False, 160, [0, 0, 98])
    view._clock.now_ms = lambda: SILENCE_MS
    assert figures(view.look()) == (None, None, None, None)


def test_currents_without_a_meter_are_unknown_and_not_zero():
    assert view_of(0xC2, currents_da=[None, None, None]).look().currents_da is None


def test_a_pause_of_our_own_offers_no_current_whatever_the_box_still_shows():
    assert view_of(B2, wanted=wanting(paused=True), limit_duty=267).look().limit_da == 0


def test_an_answer_that_rests_on_a_reading_tells_its_state_and_not_the_stable_one():
    view = view_of(B1)
    view._reading.code = 0xE0
    assert (view.look().code, view.look(True).code, view.look().code) == (B1, 0xE0, B1)


def test_looking_changes_nothing():
    view = view_of(B2, wanted=wanting(True, HOLD, 'plan', 'outside_plan'))
    before = view.look().code, view.state, view.reason, view.override, view.plan_hash, figures(view)
    assert (view.look().code, view.state, view.reason, view.override, view.plan_hash, figures(view)) == before


def test_before_the_first_look_the_box_is_unreachable():
    view = view_of(0xC2)
    assert (view.code, vocabulary.STATES[view.state], vocabulary.REASONS[view.reason]) == (0, 'Disabled', 'unreachable')
