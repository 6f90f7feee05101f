"""The original's bytes: an equal request is answered again while its effect stands; stale ones expire; a lock is always obeyed."""

import pytest
from app.codec import vocabulary
from app.commands.command_log import FULL, NEW, REPEATED, RUNNING, TOO_LATE
from app.commands.legacy import REPEAT_MS, WAITING_MAX, LegacyCommands, stands
from app.codec.downlink import STALE_MS
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

LOCK, UNLOCK, RESET = 1, 2, 3
DONE = vocabulary.RESULTS.index('done')
REFUSED = vocabulary.RESULTS.index('refused')
FAILED = vocabulary.RESULTS.index('failed')
BYTES = (LOCK, UNLOCK, RESET)
LONG_AGO_MS = -10 ** 9
CODES = (0xA1, 0xB1, 0xB2, 0xC2, 0xC3, 0xC4, 0xE0, 0xE1, 0xE2, 0xF1, 0xF8, 0x7E)
# What each leaves the box in, by docs/commands.md.
LEFT_IN = {LOCK: {0xE0}, UNLOCK: {0xA1, 0xB1, 0xB2, 0xC2, 0xC3, 0xC4}, RESET: {0xA1, 0xB2, 0xC2, 0xC3, 0xC4}}


class LegacyAndClock:
    def __init__(self):
        self.legacy = LegacyCommands()
        self.now_ms = 0
        self.fresh_ms = LONG_AGO_MS

    def deliver(self, op):
        return self.legacy.deliver(op, self.now_ms, self.fresh_ms)

    def accept(self, op):
        verdict, entry = self.deliver(op)
        assert verdict == NEW
        self.legacy.accept(entry)
        return entry

    def finish(self, op, result=DONE):
        entry = self.accept(op)
        self.legacy.finish(entry, result, 0, self.now_ms)
        return entry


@pytest.fixture
def rig():
    return LegacyAndClock()


@pytest.mark.parametrize('op', BYTES)
def test_an_equal_byte_is_answered_again_for_45_minutes(rig, op):
    entry = rig.finish(op)
    rig.now_ms = REPEAT_MS - 1
    assert rig.deliver(op) == (REPEATED, entry)     # which does not prolong it
    rig.now_ms = REPEAT_MS
    assert rig.deliver(op)[0] == NEW


@pytest.mark.parametrize('op', BYTES)
@pytest.mark.parametrize('result', [REFUSED, FAILED])
def test_only_what_was_done_is_a_level(rig, op, result):
    rig.finish(op, result)
    assert rig.deliver(op)[0] == NEW


@pytest.mark.parametrize('op', BYTES)
def test_an_equal_byte_is_new_once_the_box_has_left_the_state(rig, op):
    rig.finish(op)
    rig.legacy.left()
    assert rig.deliver(op)[0] == NEW


@pytest.mark.parametrize('op', BYTES)
@pytest.mark.parametrize('code', CODES)
def test_a_state_tells_whether_the_box_is_still_as_it_was_left(rig, op, code):
    assert stands(op, code) is (code in LEFT_IN[op])
    rig.finish(op)
    rig.legacy.changed(code)
    assert rig.deliver(op)[0] == (REPEATED if code in LEFT_IN[op] else NEW)


@pytest.mark.parametrize('op', BYTES)
def test_an_equal_byte_while_one_runs_is_that_one(rig, op):
    entry = rig.accept(op)
    assert rig.deliver(op) == (RUNNING, entry)
    assert rig.legacy.running() == [entry]


def test_what_was_asked_last_holds_also_when_it_was_asked_before(rig):
    for op in (LOCK, UNLOCK, LOCK):
        rig.accept(op)
    assert [entry.op for entry in rig.legacy.running()] == [LOCK, UNLOCK, LOCK]


@pytest.mark.parametrize('result', [DONE, REFUSED, FAILED])
def test_another_byte_in_between_ends_the_level_whatever_it_comes_to(rig, result):
    rig.finish(RESET)
    rig.finish(LOCK, result)
    assert rig.deliver(RESET)[0] == NEW


def test_a_byte_done_after_another_came_is_no_level(rig):
    reset = rig.accept(RESET)
    lock = rig.accept(LOCK)
    rig.legacy.finish(reset, DONE, 0, rig.now_ms)
    rig.legacy.finish(lock, REFUSED, 0, rig.now_ms)
    assert rig.deliver(RESET)[0] == NEW


@pytest.mark.parametrize('finished', [True, False])
def test_a_command_of_the_new_port_in_between_makes_an_equal_byte_a_new_wish(rig, finished):
    rig.finish(LOCK) if finished else rig.accept(LOCK)
    rig.legacy.between()
    assert rig.deliver(LOCK)[0] == NEW


@pytest.mark.parametrize('op', [UNLOCK, RESET])
def test_what_the_network_may_have_kept_over_an_outage_expires(rig, op):
    rig.fresh_ms = 0
    rig.now_ms = STALE_MS - 1
    verdict, entry = rig.deliver(op)
    assert (verdict, entry.op, entry.command_id) == (TOO_LATE, op, None)
    assert (vocabulary.RESULTS[entry.result], vocabulary.DETAILS[entry.detail]) == ('expired', 'stale')
    rig.now_ms = STALE_MS
    assert rig.deliver(op)[0] == NEW


def test_a_lock_is_obeyed_after_an_outage_and_with_any_number_waiting(rig):
    for number in range(WAITING_MAX):
        rig.accept((UNLOCK, RESET)[number % 2])
    assert rig.deliver(UNLOCK) == (FULL, None)
    rig.fresh_ms = rig.now_ms
    rig.accept(LOCK)


class LegacyMachine(RuleBasedStateMachine):
    """Bytes, outages and a box with a will of its own: against the list of what happened."""

    def __init__(self):
        super().__init__()
        self.rig = LegacyAndClock()
        self.waiting = []       # ops accepted and not answered
        self.last = None        # op accepted last, None after a command of the new port
        self.stands = None      # (op, since ms)

    @rule(op=st.sampled_from(BYTES))
    def deliver(self, op):
        rig = self.rig
        verdict, entry = rig.deliver(op)
        if self.waiting and self.waiting[-1] is not None and self.last == op:
            assert verdict == RUNNING
        elif op != LOCK and rig.now_ms - rig.fresh_ms < 60000:
            assert verdict == TOO_LATE
        elif op != LOCK and len(self.waiting) >= 4:
            assert verdict == FULL
        elif self.stands is not None and self.stands[0] == op and rig.now_ms - self.stands[1] < 45 * 60000:
            assert verdict == REPEATED and entry.result == DONE
        else:
            assert verdict == NEW
            rig.legacy.accept(entry)
            self.waiting.append(op)
            self.last = op
            self.stands = None

    @precondition(lambda self: self.waiting)
    @rule(result=st.sampled_from((DONE, DONE, REFUSED, FAILED)))
    def answer(self, result):
        rig = self.rig
        op = self.waiting.pop(0)
        entry = rig.legacy.running()[0]
        assert entry.op == op
        rig.legacy.finish(entry, result, 0, rig.now_ms)
        if result == DONE and not self.waiting and self.last is not None:
            self.stands = (op, rig.now_ms)

    @rule(ms=st.sampled_from((1000, 59999, 60000, 30 * 60000)))
    def wait(self, ms):
        self.rig.now_ms += ms

    @rule()
    def join(self):
        self.rig.fresh_ms = self.rig.now_ms

    @rule(code=st.sampled_from(CODES))
    def box(self, code):
        self.rig.legacy.changed(code)
        if self.stands is not None and code not in LEFT_IN[self.stands[0]]:
            self.stands = None

    @rule()
    def another_command(self):
        self.rig.legacy.between()
        self.last = self.stands = None


TestLife = LegacyMachine.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=40)


@pytest.mark.soak
class TestLongLife(LegacyMachine.TestCase):
    """The same at random, 1,000 lives long (tests/conftest.py)."""

    settings = settings(stateful_step_count=100)
