"""Claims on the box: priorities, ends, and none lost over a reboot."""

import pytest
from app.codec import vocabulary
from app.policy.claims import CHARGE, CLOSES_EARLY_S, CUT, ENDED, GOING, HOLD, LEAVE, LOCK, STOPPED, Claims
from app.codec.vocabulary import NO_BOOST, UNTIL_ENERGY, UNTIL_TIME, UNTIL_UNPLUGGED
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

NOW_S = 1_800_000_000
INSIDE = (True, NOW_S + 3600, 160)
OUTSIDE = (False, NOW_S + 3600, 0)


def decided(claims, utc_s=NOW_S, plan=OUTSIDE, car=True, unknown_s=0):
    decision = claims.decide(utc_s, plan, car, unknown_s)
    reason = None if decision.reason is None else vocabulary.REASONS[decision.reason]
    return decision.want, vocabulary.HOLDERS[decision.holder], reason


def told(claims):
    """Every claim that stands, the highest first."""
    return [vocabulary.HOLDERS[holder] for holder, _, _ in claims.standing()]


def test_without_plan_and_words_nothing_is_wanted():
    assert decided(Claims(), plan=None) == (LEAVE, 'none', None)


def test_the_plan_charges_inside_its_window_with_its_current_and_till_its_end():
    claims = Claims()
    assert decided(claims, plan=INSIDE) == (CHARGE, 'plan', None)
    assert (claims.decision.until, claims.decision.current_da) == (NOW_S + 3600, 160)


def test_the_current_is_taken_back_seconds_before_the_end_of_the_window_so_that_none_is_drawn_after_it():
    claims = Claims()
    end_s = NOW_S + 3600
    assert decided(claims, utc_s=end_s - CLOSES_EARLY_S - 1, plan=INSIDE) == (CHARGE, 'plan', None)
    assert decided(claims, utc_s=end_s - CLOSES_EARLY_S, plan=INSIDE) == (HOLD, 'plan', 'outside_plan')
    # What has no end is not closed early.
    assert decided(claims, plan=(True, 0, 0)) == (CHARGE, 'plan', None)


def test_outside_the_window_a_car_is_held_till_the_next_one():
    claims = Claims()
    assert decided(claims) == (HOLD, 'plan', 'outside_plan')
    assert claims.decision.until == NOW_S + 3600


@pytest.mark.parametrize('hold, want', [('with_car', LEAVE), ('always', HOLD)])
def test_an_empty_outlet_is_held_only_where_that_is_set(hold, want):
    assert decided(Claims(hold=hold), car=False)[0] == want


def test_a_lock_is_above_everything_and_leaves_it_standing():
    claims = Claims()
    claims.start(True)
    claims.lock()
    assert decided(claims, plan=INSIDE) == (LOCK, 'lock', 'locked')
    claims.unlock()
    assert decided(claims) == (CHARGE, 'boost', None)


def test_a_stop_is_above_the_plan_and_ends_when_the_car_leaves():
    claims = Claims()
    claims.stop()
    assert decided(claims, plan=INSIDE) == (HOLD, 'stop', 'stopped')
    claims.unplugged()
    assert decided(claims, plan=INSIDE) == (CHARGE, 'plan', None)


@pytest.mark.parametrize('word', [
    lambda claims: claims.start(True), lambda claims: claims.boost_until(UNTIL_UNPLUGGED, 0), lambda claims: claims.resume_plan(),
])
def test_a_stop_is_taken_back_by_start_boost_and_the_plan(word):
    claims = Claims()
    claims.stop()
    word(claims)
    assert claims.stopped == GOING


def test_a_skip_leaves_a_stop_standing():
    claims = Claims()
    claims.stop()
    claims.skip(NOW_S, NOW_S + 60)
    assert decided(claims, plan=INSIDE) == (HOLD, 'stop', 'stopped')
    claims.unplugged()
    assert decided(claims, plan=INSIDE) == (HOLD, 'skip', 'skipped')


def test_a_skip_leaves_a_boost_standing_and_counts_when_that_has_ended():
    claims = Claims()
    claims.boost_until(UNTIL_TIME, NOW_S + 30)
    claims.skip(NOW_S, NOW_S + 60)
    assert decided(claims, plan=INSIDE) == (CHARGE, 'boost', None)
    assert claims.expire(NOW_S + 30, 0, True)
    assert decided(claims, utc_s=NOW_S + 30, plan=INSIDE) == (HOLD, 'skip', 'skipped')


@pytest.mark.parametrize('word', [
    lambda claims: claims.stop(), lambda claims: claims.start(True), lambda claims: claims.boost_until(UNTIL_UNPLUGGED, 0),
    lambda claims: claims.turn_key(), lambda claims: claims.hold_after_cut(), lambda claims: claims.unplugged(),
])
def test_what_is_said_of_the_car_leaves_a_skip_standing(word):
    claims = Claims()
    claims.skip(NOW_S, NOW_S + 60)
    word(claims)
    claims.unplugged()
    assert decided(claims, plan=INSIDE) == (HOLD, 'skip', 'skipped')


def test_back_to_the_plan_ends_all_but_a_lock():
    claims = Claims()
    claims.skip(NOW_S, NOW_S + 60)
    claims.boost_until(UNTIL_UNPLUGGED, 0)
    claims.turn_key()
    claims.lock()
    claims.resume_plan()
    assert told(claims) == ['lock']
    claims.unlock()
    assert decided(claims, plan=INSIDE) == (CHARGE, 'plan', None)


def test_a_skip_is_told_from_its_acceptance_and_the_reason_is_the_plan_s_until_its_window():
    claims = Claims()
    claims.skip(NOW_S + 600, NOW_S + 1200)
    assert decided(claims) == (HOLD, 'plan', 'outside_plan')
    assert vocabulary.OVERRIDES[claims.decision.override] == 'skip'
    assert decided(claims, utc_s=None) == (HOLD, 'plan', 'time_unknown')
    assert vocabulary.OVERRIDES[claims.decision.override] == 'skip'
    # Without a plan there is nothing to skip.
    assert decided(claims, plan=None) == (LEAVE, 'none', None)
    assert vocabulary.OVERRIDES[claims.decision.override] == 'none'


def test_the_override_is_the_highest_claim_standing():
    claims = Claims()
    for word, override in ((lambda: claims.skip(NOW_S, NOW_S + 600), 'skip'), (lambda: claims.boost_until(UNTIL_TIME, NOW_S + 60), 'boost'),
                           (claims.turn_key, 'boost'), (claims.stop, 'stop'), (claims.lock, 'lock')):
        word()
        for utc_s, plan in ((NOW_S, INSIDE), (NOW_S, OUTSIDE), (None, OUTSIDE)):
            decided(claims, utc_s=utc_s, plan=plan)
            assert vocabulary.OVERRIDES[claims.decision.override] == override


def test_a_word_that_is_refused_is_taken_back_and_what_happened_meanwhile_is_not():
    happenings = {
        'nothing': (lambda claims: None, ['boost', 'skip']),
        'stop': (lambda claims: claims.stop(), ['stop', 'skip']),
        'lock': (lambda claims: claims.lock(), ['lock', 'boost', 'skip']),
        'key turned': (lambda claims: claims.turn_key(), ['key', 'boost', 'skip']),
        'unplugged': (lambda claims: claims.unplugged(), ['skip']),
        'end of the skip': (lambda claims: claims.expire(NOW_S + 60, 0, True), ['boost']),
    }
    for name in happenings:
        happens, left = happenings[name]
        for word in (lambda claims: claims.start(True), lambda claims: claims.lock()):
            claims = Claims()
            claims.boost_until(UNTIL_ENERGY, 70000, 160)
            claims.skip(NOW_S, NOW_S + 60)
            before = claims.dump()
            word(claims)
            after = claims.dump()
            happens(claims)
            claims.take_back(before, after)
            # A lock that was said twice is one lock.
            assert told(claims) == (left if name != 'lock' or after[1] == before[1] else left[1:])
            if name in ('nothing', 'lock', 'key turned'):
                assert claims.boost_end == 70000 and claims.boost_current_da == 160


# --- the key


def test_an_opened_key_ends_the_boost_that_it_gave_and_leaves_one_by_command():
    claims = Claims()
    claims.turn_key()
    assert decided(claims) == (CHARGE, 'key', None)
    claims.open_key()
    assert decided(claims) == (HOLD, 'plan', 'outside_plan')
    claims.boost_until(UNTIL_TIME, NOW_S + 60, 100)
    claims.turn_key()
    assert decided(claims) == (CHARGE, 'key', None) and claims.decision.current_da == 0
    claims.open_key()
    assert decided(claims) == (CHARGE, 'boost', None) and claims.decision.current_da == 100


def test_a_newer_boost_takes_the_place_of_the_key_s():
    claims = Claims()
    claims.turn_key()
    claims.boost_until(UNTIL_TIME, NOW_S + 60)
    assert told(claims) == ['boost']
    claims.open_key()
    assert decided(claims) == (CHARGE, 'boost', None)


def test_a_boost_that_ends_while_the_key_is_turned_leaves_the_key_s_word():
    claims = Claims()
    claims.boost_until(UNTIL_TIME, NOW_S)
    claims.turn_key()
    assert claims.expire(NOW_S, None, False)
    assert told(claims) == ['key']


def test_a_hold_after_a_power_cut_stands_as_a_stop_does_with_a_reason_of_its_own():
    claims = Claims()
    claims.hold_after_cut()
    assert decided(claims, plan=INSIDE) == (HOLD, 'stop', 'held_after_power_cut') and claims.stopped == CUT
    claims.end_stop()
    assert decided(claims, plan=INSIDE) == (CHARGE, 'plan', None)


@pytest.mark.parametrize('current_da', [0, 60])
def test_a_target_without_the_time_is_charged_with_its_own_current(current_da):
    claims = Claims(unknown_time='charge')
    claims.target.set(NOW_S + 3600, 5000, current_da, bytes(8), 1, 0)
    assert decided(claims, utc_s=None) == (CHARGE, 'target', None) and claims.decision.current_da == current_da


def test_a_skip_of_the_next_window_leaves_this_one_alone():
    claims = Claims()
    claims.skip(NOW_S + 600, NOW_S + 1200)
    assert decided(claims, plan=INSIDE) == (CHARGE, 'plan', None)
    assert decided(claims, utc_s=NOW_S + 600, plan=INSIDE) == (HOLD, 'skip', 'skipped')
    assert decided(claims, utc_s=NOW_S + 1200, plan=INSIDE) == (CHARGE, 'plan', None)


def test_two_windows_that_follow_each_other_are_both_skipped_and_what_opens_between_them_is_none():
    claims = Claims()
    claims.skip(NOW_S, NOW_S + 60)
    claims.skip(NOW_S + 600, NOW_S + 660)
    for utc_s, plan, reason in ((NOW_S, INSIDE, 'skipped'), (NOW_S + 60, OUTSIDE, 'outside_plan'), (NOW_S + 659, INSIDE, 'skipped')):
        assert decided(claims, utc_s=utc_s, plan=plan)[2] == reason
        assert vocabulary.OVERRIDES[claims.decision.override] == 'skip'
    claims.skip(NOW_S, NOW_S + 60)
    assert not claims.expire(NOW_S + 659, 0, True) and claims.expire(NOW_S + 660, 0, True)


def test_a_skip_outlives_the_car():
    claims = Claims()
    claims.skip(NOW_S, NOW_S + 600)
    claims.unplugged()
    assert decided(claims, plan=INSIDE) == (HOLD, 'skip', 'skipped')


@pytest.mark.parametrize('kind, end', [(UNTIL_TIME, NOW_S + 60), (UNTIL_ENERGY, 5000)])
def test_a_boost_ends_and_the_plan_decides_again(kind, end):
    claims = Claims()
    claims.boost_until(kind, end, 100)
    assert decided(claims) == (CHARGE, 'boost', None)
    assert claims.decision.current_da == 100
    assert not claims.expire(NOW_S + 59, 4999, True)
    assert claims.expire(NOW_S + 60, 5000, True)
    assert decided(claims, utc_s=NOW_S + 60) == (HOLD, 'plan', 'outside_plan')


def test_a_boost_without_a_plan_behind_it_ends_in_a_stop():
    claims = Claims()
    claims.boost_until(UNTIL_ENERGY, 5000)
    assert claims.expire(NOW_S, 5000, False)
    assert decided(claims, plan=None) == (HOLD, 'stop', 'limit_reached')
    claims.unplugged()
    assert decided(claims, plan=None) == (LEAVE, 'none', None)


def test_a_boost_until_unplugged_ends_by_that_alone():
    claims = Claims()
    claims.boost_until(UNTIL_UNPLUGGED, 0)
    assert not claims.expire(NOW_S + 10 ** 8, 10 ** 6, True)
    claims.unplugged()
    assert claims.boost == NO_BOOST


def test_a_start_without_a_plan_is_one_attempt():
    claims = Claims()
    claims.start(False)
    assert decided(claims, plan=None) == (CHARGE, 'boost', None)
    claims.attempt_over()
    assert decided(claims, plan=None) == (LEAVE, 'none', None)


@pytest.mark.parametrize('setting, unknown_s, want', [
    ('hold', 10 ** 6, HOLD), ('charge', 0, CHARGE), (2, 7199, HOLD), (2, 7200, CHARGE),
])
def test_without_the_time_the_setting_decides(setting, unknown_s, want):
    claims = Claims(unknown_time=setting)
    assert decided(claims, utc_s=None, plan=INSIDE, unknown_s=unknown_s)[:2] == (want, 'plan')
    if want == HOLD:
        assert claims.decision.reason == vocabulary.REASONS.index('time_unknown')


def test_a_boost_until_an_unknown_time_waits_for_the_time():
    claims = Claims()
    claims.boost_until(UNTIL_TIME, NOW_S + 60)
    assert decided(claims, utc_s=None) == (HOLD, 'plan', 'time_unknown')
    assert decided(claims) == (CHARGE, 'boost', None)


def test_every_pair_of_claims_is_whole_after_a_reboot():
    said = (lambda claims: claims.lock(), lambda claims: claims.stop(), lambda claims: claims.boost_until(UNTIL_ENERGY, 70000, 160),
            lambda claims: claims.boost_until(UNTIL_UNPLUGGED, 0), lambda claims: claims.turn_key(), lambda claims: claims.start(False),
            lambda claims: claims.skip(NOW_S, NOW_S + 60), lambda claims: claims.hold_after_cut())
    for first in said:
        for second in said:
            claims, again = Claims(), Claims()
            first(claims)
            second(claims)
            assert again.load(claims.dump())
            assert told(again) == told(claims) and again.dump() == claims.dump()
            assert list(again.standing()) == list(claims.standing())


@pytest.mark.parametrize('record, standing', [
    # As the firmware before wrote them: nothing, lock, stop, boost to a time with 16 A, the key, a start without a plan, a skip.
    ('010400000000000000000000000000000000', []),
    ('010500000000000000000000000000000000', ['lock']),
    ('010401000000000000000000000000000000', ['stop']),
    ('010400016b49d23c00a00000000000000000', ['boost']),
    ('010c00030000000000000000000000000000', ['key']),
    ('010600000000000000000000000000000000', ['boost']),
    ('010400000000000000006b49d2006b49e010', ['skip']),
])
def test_a_record_of_the_firmware_before_is_remembered_and_written_again_as_it_was(record, standing):
    claims = Claims()
    assert claims.load(bytes.fromhex(record))
    assert told(claims) == standing
    assert claims.dump() == bytes.fromhex(record)


@pytest.mark.parametrize('record', [b'', b'\x02' + bytes(17), bytes(17), b'\x01\x00\x09' + bytes(15), b'\x01\x00\x00\x09' + bytes(14)])
def test_a_record_of_somebody_else_is_no_claim(record):
    claims = Claims()
    claims.lock()
    assert not claims.load(record)
    assert not claims.locked


class ClaimsMachine(RuleBasedStateMachine):
    """Any order of words, ends and reboots."""

    def __init__(self):
        super().__init__()
        self.claims = Claims()
        self.utc_s = NOW_S
        self.energy_wh = 0
        self.plan = OUTSIDE
        self.locked = False

    @rule()
    def lock(self):
        self.claims.lock()
        self.locked = True

    @rule()
    def unlock(self):
        self.claims.unlock()
        self.locked = False

    @rule()
    def stop(self):
        self.claims.stop()
        assert self.claims.stopped == STOPPED

    @rule(has_plan=st.booleans())
    def start(self, has_plan):
        self.claims.start(has_plan)

    @rule(kind=st.sampled_from([UNTIL_TIME, UNTIL_ENERGY, UNTIL_UNPLUGGED]), more=st.integers(1, 10 ** 5), current=st.integers(0, 800))
    def boost(self, kind, more, current):
        self.claims.boost_until(kind, (self.utc_s if kind == UNTIL_TIME else self.energy_wh) + more, current)

    @rule(after=st.integers(0, 10 ** 5), long=st.integers(1, 10 ** 5))
    def skip(self, after, long):
        self.claims.skip(self.utc_s + after, self.utc_s + after + long)

    @rule()
    def turn_key(self):
        self.claims.turn_key()

    @rule()
    def open_key(self):
        self.claims.open_key()

    @rule()
    def resume(self):
        self.claims.resume_plan()

    @rule()
    def unplugged(self):
        self.claims.unplugged()

    @rule(plan=st.sampled_from([None, INSIDE, OUTSIDE]))
    def replan(self, plan):
        self.plan = plan

    @rule(s=st.integers(0, 10 ** 5), wh=st.integers(0, 10 ** 4))
    def live(self, s, wh):
        self.utc_s += s
        self.energy_wh += wh
        self.claims.expire(self.utc_s, self.energy_wh, self.plan is not None)

    @rule()
    def reboot(self):
        record = self.claims.dump()
        before = decided(self.claims, self.utc_s, self.plan)
        self.claims = Claims()
        assert self.claims.load(record)
        assert decided(self.claims, self.utc_s, self.plan) == before
        assert self.claims.dump() == record

    @invariant()
    def a_lock_is_a_lock(self):
        assert (decided(self.claims, self.utc_s, self.plan)[0] == LOCK) == self.locked

    @invariant()
    def one_word_about_the_car_at_a_time_but_a_key_over_a_boost(self):
        claims = self.claims
        assert (claims.stopped != GOING) + (claims.attempt or claims.boost != NO_BOOST or claims.key) <= 1
        assert claims.attempt + (claims.boost != NO_BOOST) <= 1

    @invariant()
    def the_highest_that_stands_is_the_override(self):
        decided(self.claims, self.utc_s, self.plan)
        holders = [holder for holder in told(self.claims) if holder != 'skip' or self.plan is not None]
        override = vocabulary.OVERRIDES[self.claims.decision.override]
        assert override == (holders[0] if holders else 'none').replace('key', 'boost')

    @invariant()
    def nothing_holds_without_a_word_or_a_plan(self):
        claims = self.claims
        if not self.locked and self.plan is None and claims.stopped == GOING:
            assert decided(claims, self.utc_s, None)[0] in (LEAVE, CHARGE)

    @precondition(lambda self: self.plan is None and self.claims.stopped == ENDED)
    @rule()
    def an_ended_boost_holds(self):
        assert decided(self.claims, self.utc_s, None)[0] == (LOCK if self.locked else HOLD)


TestOwner = ClaimsMachine.TestCase
TestOwner.settings = settings(max_examples=60, stateful_step_count=40)


@pytest.mark.soak
class TestLongOwner(ClaimsMachine.TestCase):
    """The same at random, 1,000 owners long (tests/conftest.py)."""

    settings = settings(stateful_step_count=50)
