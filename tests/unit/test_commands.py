"""A command is guarded, acted on in stages, verified by what the box shows, and answered once."""

from collections import namedtuple

import pytest
from app import commands
from app.commands import (
    ANSWER, BUSY, D_FAULT, D_LOCKED, D_NO_ANSWER, D_NONE, D_NOT_CONFIRMED, D_REPEATED, D_SETUP, D_UNREACHABLE, D_WAITS_FOR_KEY, DONE, EXPIRED, FAILED,
    LOCK, REFUSED, RESET, UNLOCK, WAIT, WRITE, Command, reset_took,
)
from hypothesis import given, settings
from hypothesis import strategies as st

# The document's own numbers (ABL 05 0015 20 Rev. B), not the firmware's names for them.
STATE, ICMAX = 0x0005, 0x0014
E0, A1, RESTART, PAUSE = (STATE, 0xE0E0), (STATE, 0xA1A1), (STATE, 0x5A5A), (ICMAX, 1000)
CODES = (0xA1, 0xB1, 0xB2, 0xC2, 0xC3, 0xC4, 0xE0, 0xE1, 0xE2, 0xE3) + tuple(range(0xF1, 0xFC))
FORBIDDEN = (0xF1, 0xF2, 0xF3, 0xF9, 0xFA, 0xFB)

Reading = namedtuple('Reading', 'code ev_connected limit_duty at_ms')


def look(code, at_ms, car=True, duty=267):
    return Reading(code, (None if code >= 0xE0 else car and code != 0xA1), duty, at_ms)


class Talk:
    """One command and the readings it is shown; at(ms) is a step on a reading of that instant."""

    def __init__(self, op, locked=False, **options):
        self.command = Command(op, None, **options)
        self.locked = locked
        self.reading = None

    def see(self, code, now_ms, **reading):
        """The box shows code at now_ms: what the command wants."""
        self.reading = look(code, now_ms, **reading)
        return self.wait_until(now_ms)

    def wait_until(self, now_ms):
        what = self.command.step(self.reading, self.locked, now_ms)
        if what == WRITE:
            return self.command.register, self.command.value
        if what == ANSWER:
            return self.command.result, self.command.detail
        assert what == WAIT and self.command.result is None
        return None

    def acked(self, now_ms):
        self.command.written(True, True, False, now_ms)

    def silent(self, now_ms):
        self.command.written(True, False, False, now_ms)

    def refused(self, now_ms):
        self.command.written(True, False, True, now_ms)

    def not_sent(self, now_ms):
        self.command.written(False, False, False, now_ms)

    @property
    def answer(self):
        return self.command.result, self.command.detail


# What the first step does in each of the 21 states: a write, or an answer.
FIRST = {
    LOCK: {
        E0: (0xA1, 0xB1, 0xB2, 0xE2), PAUSE: (0xC2, 0xC3, 0xC4), (DONE, D_NONE): (0xE0,), (REFUSED, D_SETUP): (0xE1, 0xE3),
        (FAILED, D_FAULT): CODES[10:],
    },
    UNLOCK: {A1: (0xE0, 0xE2), (DONE, D_NONE): (0xA1, 0xB1, 0xB2, 0xC2, 0xC3, 0xC4),
             (REFUSED, D_SETUP): (0xE1, 0xE3), (REFUSED, D_FAULT): CODES[10:]},
    RESET: {
        RESTART: (0xA1, 0xB1, 0xB2, 0xC2, 0xC3, 0xC4, 0xE1, 0xE2, 0xE3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8), (REFUSED, D_LOCKED): (0xE0,),
        (REFUSED, D_FAULT): FORBIDDEN,
    },
}
ROWS = [(op, code, first) for op, table in FIRST.items() for first, codes in table.items() for code in codes]


def test_the_table_has_every_state_once_for_each_command():
    for op in FIRST:
        assert sorted(code for row_op, code, _ in ROWS if row_op == op) == sorted(CODES)


@pytest.mark.parametrize('op, code, first', ROWS, ids=lambda value: '%X' % value if isinstance(value, int) else None)
def test_the_first_step_in_each_state(op, code, first):
    talk = Talk(op)
    assert talk.see(code, 1000) == first


@pytest.mark.parametrize('code', range(0xF0, 0x100))
def test_a_fault_that_no_table_names_is_one_too(code):
    assert Talk(LOCK).see(code, 0) == (FAILED, D_FAULT)
    assert Talk(UNLOCK).see(code, 0) == (REFUSED, D_FAULT)


@pytest.mark.parametrize('code', [0xA1, 0xB1, 0xB2, 0xC2])
def test_a_reset_is_refused_while_the_owner_has_locked_whatever_the_box_shows(code):
    assert Talk(RESET, locked=True).see(code, 0) == (REFUSED, D_LOCKED)


def test_an_outlet_disabled_by_somebody_else_refuses_a_reset_too():
    assert Talk(RESET).see(0xE0, 0) == (REFUSED, D_LOCKED)


# --- done


@pytest.mark.parametrize('op, before, write, after, reading', [
    (LOCK, 0xB1, E0, 0xE0, {}),
    (LOCK, 0xA1, E0, 0xE0, {}),
    (UNLOCK, 0xE0, A1, 0xA1, {}),
    (UNLOCK, 0xE0, A1, 0xB1, {}),
    (UNLOCK, 0xE2, A1, 0xB2, {}),
    (RESET, 0xB1, RESTART, 0xC2, {}),
    (RESET, 0xB1, RESTART, 0xC3, {}),
    (RESET, 0xB1, RESTART, 0xB2, {'duty': 267}),
    (RESET, 0xA1, RESTART, 0xA1, {'car': False}),
    (RESET, 0xF4, RESTART, 0xA1, {'car': False}),
])
def test_done_is_what_the_box_shows_after_the_acknowledgement(op, before, write, after, reading):
    talk = Talk(op)
    assert talk.see(before, 1000) == write
    assert talk.wait_until(1010) is None   # the write is under way
    talk.acked(1020)
    assert talk.wait_until(1020) is None   # the reading is still the one before the write
    assert talk.see(after, 1050, **reading) == (DONE, D_NONE)


@pytest.mark.parametrize('op, before, write', [(UNLOCK, 0xE0, A1), (RESET, 0xB1, RESTART)])
def test_a1_on_the_way_to_a_connected_car_is_not_the_end(op, before, write):
    talk = Talk(op)
    talk.command.car = True
    assert talk.see(before, 1000) == write
    talk.acked(1020)
    assert talk.see(0xA1, 1500, car=False) is None
    assert talk.see(0xA1, 6900, car=False) is None
    assert talk.see(0xA1, 7100, car=False) == (DONE, D_NONE)   # the car has left meanwhile


@pytest.mark.parametrize('reading, took', [
    (Reading(0xC2, True, 267, 0), True), (Reading(0xC3, True, 160, 0), True), (Reading(0xC4, True, 267, 0), True),
    (Reading(0xC2, True, 1000, 0), True), (Reading(0xB2, True, 267, 0), True), (Reading(0xB2, True, 999, 0), True),
    (Reading(0xB2, True, 1000, 0), False), (Reading(0xB2, True, 0, 0), False), (Reading(0xB1, True, 267, 0), False),
    (Reading(0xA1, False, 267, 0), True), (Reading(0xA1, True, 267, 0), False), (Reading(0xE0, None, 267, 0), False),
    (Reading(0xE2, None, 267, 0), False), (Reading(0xF9, None, 267, 0), False), (Reading(0x7E, False, 267, 0), False),
])
def test_what_a_reset_is_for(reading, took):
    assert reset_took(reading) is took


def test_a_reset_counts_only_what_was_read_after_it():
    talk = Talk(RESET)
    assert talk.see(0xC2, 1000) == RESTART
    talk.acked(1500)
    talk.reading = look(0xC2, 1500)
    assert talk.wait_until(1600) is None
    assert talk.see(0xC2, 1700) == (DONE, D_NONE)


# --- the pause before a lock


def test_a_charging_car_is_paused_before_the_outlet_is_disabled():
    talk = Talk(LOCK)
    assert talk.see(0xC2, 0) == PAUSE
    talk.acked(20)
    assert talk.see(0xC2, 40) is None
    assert talk.see(0xC3, 2040) is None
    assert talk.see(0xB2, 4040) == E0
    talk.acked(4060)
    assert talk.see(0xE0, 4080) == (DONE, D_NONE)


def test_the_pause_is_waited_for_no_longer_than_ten_seconds():
    talk = Talk(LOCK)
    assert talk.see(0xC2, 0) == PAUSE
    talk.acked(20)
    for now_ms in range(2000, 10000, 2000):
        assert talk.see(0xC2, now_ms) is None
    assert talk.wait_until(9999) is None
    assert talk.see(0xC2, 10000) == E0


def test_a_box_that_refuses_to_pause_is_locked_all_the_same():
    talk = Talk(LOCK)
    assert talk.see(0xC2, 0) == PAUSE
    talk.refused(20)
    assert talk.see(0xC2, 40) == E0


def test_a_box_locked_meanwhile_needs_no_second_write():
    talk = Talk(LOCK)
    assert talk.see(0xC2, 0) == PAUSE
    talk.acked(20)
    assert talk.see(0xE0, 40) == (DONE, D_NONE)


def test_the_lock_has_ten_seconds_of_its_own_after_the_pause():
    talk = Talk(LOCK)
    talk.see(0xC2, 0)
    talk.acked(20)
    assert talk.see(0xC2, 10000) == E0
    talk.acked(10020)
    assert talk.see(0xC2, 19000) is None
    assert talk.see(0xE0, 19500) == (DONE, D_NONE)


# --- writes that are refused, unanswered, not sent


@pytest.mark.parametrize('op, code', [(LOCK, 0xB1), (UNLOCK, 0xE0), (RESET, 0xB1)])
def test_a_refused_write_ends_the_command(op, code):
    talk = Talk(op)
    talk.see(code, 0)
    talk.refused(20)
    assert talk.answer == (FAILED, D_NOT_CONFIRMED)


@pytest.mark.parametrize('op, code', [(LOCK, 0xB1), (LOCK, 0xC2), (UNLOCK, 0xE0), (RESET, 0xB1)])
def test_a_write_that_could_not_be_sent_ends_the_command(op, code):
    talk = Talk(op)
    talk.see(code, 0)
    talk.not_sent(8000)
    assert talk.answer == (FAILED, D_UNREACHABLE)


@pytest.mark.parametrize('op, code, write', [(LOCK, 0xB1, E0), (LOCK, 0xC2, PAUSE), (UNLOCK, 0xE0, A1), (RESET, 0xB1, RESTART)])
def test_an_unanswered_write_is_repeated_when_a_prompt_reading_shows_no_effect_three_writes_in_all(op, code, write):
    talk = Talk(op)
    assert talk.see(code, 0) == write
    for now_ms in (500, 1500):
        talk.silent(now_ms)
        assert talk.wait_until(now_ms + 10) is None   # never without a reading
        assert talk.see(code, now_ms + 30) == write
    talk.silent(2500)
    assert talk.see(code, 2530) is None


@pytest.mark.parametrize('op, code', [(LOCK, 0xB1), (UNLOCK, 0xE0), (RESET, 0xB1)])
def test_an_unanswered_write_that_shows_its_effect_is_done_and_not_repeated(op, code):
    talk = Talk(op)
    talk.see(code, 0)
    talk.silent(500)
    assert talk.see({LOCK: 0xE0, UNLOCK: 0xB1, RESET: 0xC2}[op], 530) == (DONE, D_NONE)


def test_a_reset_that_made_the_box_silent_is_not_repeated():
    talk = Talk(RESET)
    talk.see(0xB1, 0)
    talk.silent(500)
    assert talk.see(0xB1, 2500) is None    # it was away for 2 s: that was the reset
    assert talk.see(0xB2, 4500) == (DONE, D_NONE)


@pytest.mark.parametrize('op, code', [(UNLOCK, 0xE0), (RESET, 0xB1)])
def test_an_unanswered_write_that_the_box_walks_away_from_is_not_repeated(op, code):
    talk = Talk(op)
    talk.command.car = True
    talk.see(code, 0)
    talk.silent(500)
    assert talk.see(0xA1, 530, car=False) is None
    assert talk.see(0xB2, 2530) == (DONE, D_NONE)


def test_an_acknowledged_write_is_not_repeated():
    talk = Talk(RESET)
    talk.see(0xB1, 0)
    talk.acked(20)
    assert talk.see(0xB1, 40) is None
    assert talk.see(0xB1, 2040) is None


@pytest.mark.parametrize('code', FORBIDDEN)
@pytest.mark.parametrize('op, before', [(RESET, 0xB1), (LOCK, 0xB1), (LOCK, 0xC2), (UNLOCK, 0xE0)])
def test_nothing_is_repeated_or_added_over_a_fault_that_came_meanwhile(op, before, code):
    talk = Talk(op)
    talk.see(before, 0)
    talk.silent(500)
    assert talk.see(code, 530) == (FAILED, D_FAULT)


def test_no_lock_follows_a_pause_that_ends_in_a_fault():
    talk = Talk(LOCK)
    assert talk.see(0xC2, 0) == PAUSE
    talk.acked(20)
    assert talk.see(0xF9, 2020) == (FAILED, D_FAULT)


def test_a_reset_is_not_repeated_over_a_lock_that_came_meanwhile():
    talk = Talk(RESET)
    talk.see(0xB1, 0)
    talk.silent(500)
    assert talk.see(0xE0, 530) == (FAILED, D_LOCKED)


# --- deadlines


@pytest.mark.parametrize('op, before, after, limit_ms, detail', [
    (LOCK, 0xB1, 0xB1, 10000, D_NOT_CONFIRMED),
    (LOCK, 0xB1, 0xF9, 10000, D_FAULT),
    (UNLOCK, 0xE0, 0xE0, 10000, D_NOT_CONFIRMED),
    (RESET, 0xC2, 0xE2, 15000, D_NOT_CONFIRMED),
    (RESET, 0xB1, 0xB1, 15000, D_WAITS_FOR_KEY),
    (RESET, 0xB1, 0xF1, 15000, D_FAULT),
    (RESET, 0xF4, 0xF4, 15000, D_FAULT),
])
def test_the_deadline_says_what_was_seen(op, before, after, limit_ms, detail):
    talk = Talk(op)
    talk.see(before, 1000)
    talk.acked(1020)
    for now_ms in range(3000, 1000 + limit_ms, 2000):
        assert talk.see(after, now_ms) is None
    assert talk.see(after, 999 + limit_ms) is None
    assert talk.wait_until(1000 + limit_ms) == (FAILED, detail)


@pytest.mark.parametrize('op, before, limit_ms', [(LOCK, 0xB1, 10000), (UNLOCK, 0xE0, 10000), (RESET, 0xB1, 15000), (LOCK, 0xC2, 10000)])
def test_a_box_that_falls_silent_after_the_write_ends_with_no_answer(op, before, limit_ms):
    talk = Talk(op)
    talk.see(before, 1000)
    talk.silent(1500)
    assert talk.wait_until(999 + limit_ms) is None
    assert talk.wait_until(1000 + limit_ms) == (FAILED, D_NO_ANSWER)


# --- readings


@pytest.mark.parametrize('op', [LOCK, UNLOCK, RESET])
@pytest.mark.parametrize('reading', [None, look(0xB1, 0)], ids=['none', 'old'])
def test_a_box_that_cannot_be_read_is_given_eight_seconds_from_the_commands_turn(op, reading):
    talk = Talk(op)
    talk.reading = reading
    assert talk.wait_until(100000) is None
    assert talk.wait_until(107999) is None
    assert talk.wait_until(108000) == (FAILED, D_UNREACHABLE)


def test_a_reading_older_than_five_seconds_is_no_ground_to_act():
    talk = Talk(LOCK)
    talk.reading = look(0xB1, 1000)
    assert talk.wait_until(6001) is None
    talk.reading = look(0xB1, 1002)
    assert talk.wait_until(6002) == E0


# --- repeated


def test_a_repeated_reset_is_answered_while_its_effect_stands_and_acts_when_it_does_not():
    assert Talk(RESET, repeated=True).see(0xC2, 0) == (DONE, D_REPEATED)
    assert Talk(RESET, repeated=True).see(0xB2, 0) == (DONE, D_REPEATED)
    assert Talk(RESET, repeated=True).see(0xB2, 0, duty=1000) == RESTART
    assert Talk(RESET, repeated=True).see(0xB1, 0) == RESTART
    assert Talk(RESET).see(0xC2, 0) == RESTART


def test_a_repeated_reset_is_guarded_like_the_first():
    assert Talk(RESET, locked=True, repeated=True).see(0xC2, 0) == (REFUSED, D_LOCKED)
    assert Talk(RESET, repeated=True).see(0xF9, 0) == (REFUSED, D_FAULT)


def test_an_answer_given_from_outside_ends_the_command():
    command = Command(RESET, 7)
    assert command.result is None
    assert command.answer(BUSY, D_NONE) == ANSWER
    assert (command.op, command.command_id, command.result, command.detail) == (RESET, 7, BUSY, D_NONE)


# --- any box at all

TICK_MS = 100
RUN_MS = 60000
NOT_SENT, REFUSES, LOST, DEAF_ACK, MUTE, WORKS = range(6)   # what becomes of a write; DEAF_ACK: acknowledged, ignored; MUTE: done, not acknowledged


class AnyBox:
    """A box that does with each write what the dice say, changes its state by itself, and is silent at times.

    Every 2 s, and at once after a write, it is read where it answers.
    """

    def __init__(self, code, car, duty, fates, delays_ms, events):
        self.code = code
        self.car = car
        self.duty = duty
        self.silent = False
        self.reading = None
        self.last_write_ms = None    # when it was over
        self.writes = []             # (ms, register, value, reading it rests on)
        self.shown = []              # every reading
        self._fates = fates
        self._delays_ms = delays_ms
        self._events = sorted(events)
        self._pending = None         # (due_ms, fate, register, value)
        self._read_ms = 0

    def ask(self, register, value, now_ms):
        assert self._pending is None
        number = len(self.writes)
        self.writes.append((now_ms, register, value, self.reading))
        self._pending = (now_ms + self._delays_ms[number % len(self._delays_ms)], self._fates[number % len(self._fates)], register, value)

    def live(self, now_ms):
        """Outcome (sent, acknowledged, refused) of a write that is over, or None."""
        while self._events and self._events[0][0] <= now_ms:
            _, what, value = self._events.pop(0)
            setattr(self, what, value)
        outcome = None
        if self._pending is not None and now_ms >= self._pending[0]:
            _, fate, register, value = self._pending
            self._pending = None
            if fate in (MUTE, WORKS):
                self._apply(register, value)
            outcome = (fate != NOT_SENT, fate in (WORKS, DEAF_ACK), fate == REFUSES)
            self.last_write_ms = now_ms
            self._read_ms = now_ms + TICK_MS
        if now_ms >= self._read_ms:
            self._read_ms = now_ms + 2000
            if not self.silent:
                self.reading = look(self.code, now_ms, self.car, self.duty)
                self.shown.append(self.reading)
        return outcome

    def _apply(self, register, value):
        if register == ICMAX:
            self.code = 0xB2 if self.code in (0xC2, 0xC3, 0xC4) else self.code
        elif value == 0xE0E0:
            self.code = 0xE0
        else:
            self.code = 0xB2 if self.car else 0xA1


EVENTS = st.lists(
    st.tuples(st.integers(0, 30000), st.just('code'), st.sampled_from(CODES + (0x7E, 0xF0)))
    | st.tuples(st.integers(0, 30000), st.just('silent'), st.booleans())
    | st.tuples(st.integers(0, 30000), st.just('car'), st.booleans())
    | st.tuples(st.integers(0, 30000), st.just('duty'), st.sampled_from((0, 160, 267, 1000))), max_size=6)


def drive(command, box, locked):
    """60 s of it; the instants at which it was answered."""
    answered = []
    for now_ms in range(0, RUN_MS, TICK_MS):
        outcome = box.live(now_ms)
        if outcome is not None:
            command.written(*outcome, now_ms)
            if command.result is not None:
                answered.append(now_ms)
        if answered:
            continue    # nobody asks an answered command
        what = command.step(box.reading, locked, now_ms)
        if what == WRITE:
            assert now_ms - box.reading.at_ms <= 5000
            box.ask(command.register, command.value, now_ms)
        elif what == ANSWER:
            answered.append(now_ms)
        else:
            assert command.result is None
    return answered


WANTED = {LOCK: lambda r: r.code == 0xE0, UNLOCK: lambda r: r.code not in (0xE0, 0xE2) and r.code < 0xF0, RESET: reset_took}


@settings(max_examples=300)
@given(
    st.sampled_from((LOCK, UNLOCK, RESET)), st.booleans(), st.booleans(), st.sampled_from(CODES), st.booleans(), st.sampled_from((160, 267, 1000)),
    st.lists(st.integers(0, 5), min_size=1, max_size=6), st.lists(st.sampled_from((100, 400, 3000, 8000)), min_size=1, max_size=4), EVENTS)
def test_whatever_the_box_does_a_command_ends_once_and_tells_the_truth(op, locked, repeated, code, car, duty, fates, delays_ms, events):
    command = Command(op, None, repeated=repeated)
    box = AnyBox(code, car, duty, fates, delays_ms, events)
    assert len(drive(command, box, locked)) == 1
    assert command.result in (DONE, REFUSED, FAILED)
    for now_ms, _, _, reading in box.writes:
        assert reading.code not in FORBIDDEN
        assert now_ms - reading.at_ms <= 5000
    per_stage = [(register, value) for _, register, value, _ in box.writes]
    assert all(per_stage.count(write) <= 3 for write in per_stage)
    resets = [(now_ms, reading.at_ms) for now_ms, _, value, reading in box.writes if value == 0x5A5A]
    assert all(later_reading_ms > first_ms for (first_ms, _), (_, later_reading_ms) in zip(resets, resets[1:], strict=False))
    if command.result == DONE:
        since_ms = -1 if box.last_write_ms is None else box.last_write_ms
        assert any(reading.at_ms > since_ms and WANTED[op](reading) for reading in box.shown)
    if command.result == REFUSED:
        assert box.writes == []


def test_every_result_and_detail_a_command_can_have_is_in_the_vocabulary():
    names = [name for name in vars(commands) if name.startswith('D_')]
    assert len({getattr(commands, name) for name in names}) == len(names)
    assert [DONE, REFUSED, FAILED, EXPIRED, BUSY] == list(range(5))
