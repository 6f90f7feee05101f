"""A command is carried out once or refused with a reason: identity, expiry, one answer, over reboots and with any clock."""

import pytest
from app.codec import vocabulary
from app.commands.command_log import CAPACITY, FULL, FUTURE_S, KEPT_S, NEW, REPEATED, RESERVED, RUNNING, TOO_LATE, UNSURE_MS, CommandLog
from app.telemetry.answer_queue import OWN_ANSWERS
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.support.command_log_storm import OPENING, PowerLost, CommandLogStorm

START = vocabulary.COMMANDS.index('start')
STOP = vocabulary.COMMANDS.index('stop')
LOCK = vocabulary.COMMANDS.index('lock')
DONE = vocabulary.RESULTS.index('done')
FAILED = vocabulary.RESULTS.index('failed')
EXPIRED = vocabulary.RESULTS.index('expired')
FAULT = vocabulary.DETAILS.index('fault')
UTC = 1_790_000_000
HOUR_S = 3600


class CommandLogAndStore:
    """A command log, a clock, and the store that survives the log."""

    def __init__(self, utc_s=UTC):
        self.command_log = CommandLog()
        self.now_ms = 5000
        self.utc_s = utc_s

    def wait(self, seconds):
        self.now_ms += 1000 * seconds
        if self.utc_s is not None:
            self.utc_s += seconds

    def deliver(self, op=START, command_id=7, issued_at=UTC, expires_in_s=600):
        """Like the controller: a late command is accepted and answered immediately."""
        verdict, entry = self.command_log.deliver(op, command_id, issued_at, expires_in_s, self.now_ms, self.utc_s)
        if verdict == TOO_LATE:
            self.command_log.accept(entry)
            self.command_log.finish(entry, EXPIRED, 0)
        return verdict, entry

    def accept(self, *args, **keys):
        verdict, entry = self.deliver(*args, **keys)
        assert verdict == NEW
        self.command_log.accept(entry)
        return entry

    def done(self, *args, **keys):
        entry = self.accept(*args, **keys)
        assert self.begin(entry)
        self.command_log.finish(entry, DONE, 0)
        return entry

    def begin(self, entry):
        return self.command_log.begin(entry, self.now_ms, self.utc_s)

    def expired(self, entry):
        return self.command_log.expired(entry, self.now_ms, self.utc_s)

    def reboot(self, off_s=0, utc_s='goes on', base_ms=0):
        """The power goes and comes back after off_s; utc_s: what the clock says then."""
        record = self.command_log.dump()
        if utc_s == 'goes on':
            utc_s = None if self.utc_s is None else self.utc_s + off_s
        self.command_log = CommandLog()
        self.now_ms = base_ms
        self.utc_s = utc_s
        self.command_log.load(record)
        return record


@pytest.fixture
def rig():
    return CommandLogAndStore()


# --- identity


def test_a_command_is_new_then_running_then_repeated(rig):
    entry = rig.accept()
    assert rig.deliver() == (RUNNING, entry)
    assert rig.begin(entry)
    assert rig.deliver() == (RUNNING, entry)
    rig.command_log.finish(entry, FAILED, FAULT)
    assert rig.deliver() == (REPEATED, entry)
    assert (entry.result, entry.detail) == (FAILED, FAULT)


@pytest.mark.parametrize('other', [{'op': STOP}, {'command_id': 8}, {'issued_at': UTC - 1}])
def test_another_operation_id_or_stamp_is_another_command(rig, other):
    rig.done()
    assert rig.deliver(**other)[0] == NEW


def test_another_expiry_is_not_another_command(rig):
    entry = rig.done()
    assert rig.deliver(expires_in_s=3600) == (REPEATED, entry)


def test_what_was_not_accepted_leaves_no_trace(rig):
    rig.deliver()
    assert rig.deliver()[0] == NEW and rig.command_log.running() == []


def test_commands_run_in_the_order_of_acceptance(rig):
    entries = [rig.accept(command_id=number) for number in (3, 1, 2)]
    assert rig.command_log.running() == entries
    rig.command_log.finish(entries[1], DONE, 0)
    assert rig.command_log.running() == [entries[0], entries[2]]


def test_a_command_is_acted_upon_once(rig):
    entry = rig.accept()
    assert rig.begin(entry) and not rig.begin(entry)
    rig.command_log.finish(entry, DONE, 0)
    assert not rig.begin(entry)


def test_the_first_answer_stands(rig):
    entry = rig.done()
    rig.command_log.finish(entry, FAILED, FAULT)
    assert (entry.result, entry.detail) == (DONE, 0)


# --- expiry


def test_a_command_that_comes_too_late_is_answered_and_never_new(rig):
    rig.wait(600)
    verdict, entry = rig.deliver()
    assert (verdict, entry.result) == (TOO_LATE, EXPIRED)
    assert rig.deliver() == (REPEATED, entry)
    rig.utc_s -= 300     # the clock is set back
    assert rig.deliver() == (REPEATED, entry)
    assert rig.command_log.running() == []


def test_the_last_second_before_the_expiry_counts(rig):
    rig.wait(599)
    entry = rig.accept()
    assert not rig.expired(entry)
    rig.wait(1)
    assert rig.expired(entry) and not rig.begin(entry)


def test_without_time_the_expiry_counts_from_reception(rig):
    rig.utc_s = None
    entry = rig.accept(issued_at=1)
    assert entry.undated
    rig.wait(599)
    assert not rig.expired(entry)
    rig.wait(1)
    assert rig.expired(entry)


def test_a_time_that_becomes_known_while_a_command_waits_decides(rig):
    rig.utc_s = None
    late, good = rig.accept(command_id=1, issued_at=UTC - 700), rig.accept(command_id=2, issued_at=UTC)
    rig.wait(10)
    rig.utc_s = UTC + 10
    assert not rig.begin(late) and rig.begin(good)


def test_a_clock_set_back_gives_no_second_life(rig):
    entry = rig.accept()
    rig.wait(10)
    rig.utc_s -= 7200
    assert not rig.expired(entry)
    rig.wait(590)
    assert rig.expired(entry)


def test_a_clock_set_on_ends_what_waits(rig):
    entry = rig.accept()
    rig.utc_s += 3600
    assert rig.expired(entry)


def test_a_command_from_the_future_is_obeyed_and_counted_from_reception(rig):
    entry = rig.accept(issued_at=UTC + FUTURE_S)
    assert not entry.undated and rig.command_log.ahead == 0
    entry = rig.accept(issued_at=UTC + 10 * HOUR_S)
    assert entry.undated and rig.command_log.ahead == 1
    rig.wait(599)
    assert not rig.expired(entry)
    rig.wait(1)
    assert rig.expired(entry)


def test_a_command_without_any_time_left_expires_also_without_a_clock():
    rig = CommandLogAndStore(utc_s=None)
    assert rig.deliver(expires_in_s=0)[0] == TOO_LATE


# --- reboots


def test_an_answer_survives_a_reboot(rig):
    entry = rig.accept()
    rig.command_log.finish(entry, FAILED, FAULT)
    rig.reboot()
    verdict, again = rig.deliver()
    assert (verdict, again.result, again.detail) == (REPEATED, FAILED, FAULT)


def test_what_runs_survives_a_reboot_in_its_order(rig):
    for number in (3, 1, 2):
        rig.accept(command_id=number)
    rig.begin(rig.command_log.running()[1])
    rig.reboot(off_s=30)
    assert [(entry.command_id, entry.begun) for entry in rig.command_log.running()] == [(3, False), (1, True), (2, False)]
    assert rig.deliver(command_id=1)[0] == RUNNING


def test_what_was_begun_before_a_reboot_is_never_begun_again(rig):
    rig.begin(rig.accept())
    rig.reboot()
    entry = rig.command_log.running()[0]
    assert not rig.expired(entry) and not rig.begin(entry)


def test_what_was_not_begun_before_a_reboot_is_still_to_be_done(rig):
    rig.accept()
    rig.reboot(off_s=30)
    assert rig.begin(rig.command_log.running()[0])


def test_after_a_reboot_without_time_nobody_knows_the_age_and_nothing_is_begun(rig):
    rig.accept()
    rig.reboot(utc_s=None)
    entry = rig.command_log.running()[0]
    assert rig.command_log.unsure(entry, rig.now_ms, None) and not rig.begin(entry)
    rig.utc_s = UTC + 599
    assert not rig.command_log.unsure(entry, rig.now_ms, rig.utc_s) and rig.begin(entry)


def test_a_command_of_unknown_age_waits_for_the_time_but_not_for_ever(rig):
    rig.accept(expires_in_s=65535)
    rig.reboot(utc_s=None, base_ms=10 ** 9)
    entry = rig.command_log.running()[0]
    rig.command_log.poll(rig.now_ms, None)
    rig.now_ms += UNSURE_MS - 1
    assert rig.command_log.unsure(entry, rig.now_ms, None)
    rig.now_ms += 1
    assert not rig.command_log.unsure(entry, rig.now_ms, None) and rig.expired(entry)


def test_a_full_book_that_reboots_every_night_is_not_full_for_ever():
    rig = CommandLogAndStore(utc_s=None)
    fill(rig, CAPACITY - RESERVED)
    verdicts = []
    for _ in range(3):
        for _ in range(12):
            rig.wait(HOUR_S)
            verdicts.append(rig.deliver()[0])
            assert rig.command_log.record_due()
            rig.command_log.dump()
            assert not rig.command_log.record_due()
        rig.reboot(off_s=12 * HOUR_S)
        rig.command_log.poll(rig.now_ms, rig.utc_s)
    assert verdicts == [FULL] * 23 + [NEW] * 13


def test_time_off_power_counts_against_the_expiry_where_it_is_known():
    rig = CommandLogAndStore(utc_s=UTC)
    entry = rig.accept(issued_at=UTC + 3 * HOUR_S)    # the owner's clock is wrong: only reception counts
    rig.reboot(off_s=600)
    entry = rig.command_log.running()[0]
    assert entry.undated and rig.expired(entry)


@pytest.mark.parametrize('base_ms', [0, 10 ** 12])
def test_a_monotonic_clock_may_begin_anywhere(rig, base_ms):
    rig.done()
    rig.reboot(utc_s=None, base_ms=base_ms)
    fill(rig, CAPACITY - RESERVED - 1)
    assert rig.deliver()[0] == REPEATED
    assert rig.deliver(issued_at=UTC + 99)[0] == FULL


def test_a_record_read_and_written_is_the_same(rig):
    rig.done()
    rig.begin(rig.accept(op=LOCK))
    rig.command_log.refuse()
    record = rig.reboot()
    assert rig.command_log.dump()[:1] == record[:1] and rig.command_log.dump()[7:] == record[7:]
    rig.command_log.poll(rig.now_ms, rig.utc_s)
    assert rig.command_log.dump() == record


@pytest.mark.parametrize('spoil', [lambda r: b'', lambda r: r[:-1], lambda r: r + b'\0', lambda r: b'\x02' + r[1:], lambda r: b'\x01\xff' + r[2:],
                                   lambda r: r[:6], lambda r: bytes(len(r)), lambda r: b'\xff' * len(r)])
def test_a_record_that_cannot_be_read_leaves_an_empty_book(rig, spoil):
    rig.done()
    record = rig.command_log.dump()
    rig.command_log.load(spoil(record))
    assert rig.command_log.bad_records == 1
    assert rig.command_log.running() == [] and rig.deliver()[0] == NEW


def test_no_record_is_an_empty_book_and_nothing_to_count(rig):
    rig.command_log.load(None)
    assert rig.command_log.bad_records == 0 and rig.deliver()[0] == NEW


@settings(max_examples=300)
@given(st.binary(max_size=800), st.booleans())
def test_no_record_can_raise(body, framed):
    command_log = CommandLog()
    count = len(body) // 12
    command_log.load(bytes((1, count)) + (body + bytes(5))[:5] + body[:12 * count] if framed else body)
    command_log.deliver(START, 1, UTC, 600, 1000, UTC)
    for entry in tuple(command_log.running()):
        command_log.begin(entry, 2000, UTC)
        command_log.finish(entry, DONE, 0)
    command_log.load(command_log.dump())
    assert command_log.bad_records <= 1 and len(command_log.dump()) < 800


def test_the_end_of_32_bits_raises_nothing():
    rig = CommandLogAndStore(utc_s=2 ** 32 + 5)
    rig.accept(issued_at=2 ** 32 - 1)
    rig.accept(command_id=1, issued_at=2 ** 32 - 1, expires_in_s=10 ** 9)
    rig.reboot(off_s=60)
    assert len(rig.command_log.running()) == 2
    rig.deliver(command_id=9)


# --- room


def fill(rig, count, op=START):
    """Carry out that many commands."""
    for number in range(count):
        rig.done(op=op, command_id=number, issued_at=UTC - 1)


def fill_at(rig, count):
    """Carry out that many commands of the present time."""
    for number in range(count):
        rig.done(command_id=number, issued_at=rig.utc_s)


def test_a_full_book_takes_nothing_more_and_forgets_nothing(rig):
    fill(rig, CAPACITY - RESERVED)
    assert rig.deliver() == (FULL, None)
    assert rig.deliver(command_id=0, issued_at=UTC - 1)[0] == REPEATED


def test_room_is_kept_for_what_opens(rig):
    fill(rig, CAPACITY - RESERVED)
    for number in range(3 * RESERVED):
        assert rig.deliver(op=(LOCK, STOP)[number % 2], command_id=number)[0] == NEW
        rig.done(op=(LOCK, STOP)[number % 2], command_id=number)
    assert len(rig.command_log.dump()) == 583
    # The latest are known, and of the others none was forgotten for them.
    for number in range(2 * RESERVED, 3 * RESERVED):
        assert rig.deliver(op=(LOCK, STOP)[number % 2], command_id=number)[0] == REPEATED
    assert rig.deliver(command_id=0, issued_at=UTC - 1)[0] == REPEATED
    assert rig.deliver() == (FULL, None)


def test_what_opens_is_known_while_there_is_room_and_makes_way_for_other_commands(rig):
    for number in range(CAPACITY):
        rig.done(op=STOP, command_id=number)
    assert rig.deliver(op=STOP, command_id=0)[0] == REPEATED
    rig.done(command_id=200)
    assert rig.deliver(op=STOP, command_id=1)[0] == REPEATED and len(rig.command_log.dump()) == 583
    fill_at(rig, CAPACITY - RESERVED - 1)
    assert [number for number in range(CAPACITY) if rig.command_log._find(STOP, number, UTC)] == list(range(CAPACITY - RESERVED, CAPACITY))


def test_the_answer_of_what_opens_is_forgotten_last(rig):
    fill(rig, CAPACITY - RESERVED)
    entries = [rig.done(op=STOP, command_id=number) for number in range(RESERVED)]
    for entry in entries[1:]:
        rig.command_log.answer_sent(entry)
    rig.done(op=STOP, command_id=99)
    assert rig.command_log.owed()[-2:] == [entries[0], rig.command_log._find(STOP, 99, UTC)]


def test_what_opens_is_too_late_only_by_a_clock_that_the_network_confirmed(rig):
    rig.wait(7200)
    assert rig.command_log.deliver(STOP, 1, UTC, 600, rig.now_ms, rig.utc_s)[0] == TOO_LATE
    rig.command_log.trust_time(False)
    entry = rig.accept(op=STOP, command_id=1)
    rig.wait(7200)
    assert rig.begin(entry) and rig.deliver()[0] == TOO_LATE


def test_an_answer_that_is_not_out_is_owed_over_a_reboot_and_one_that_is_is_not(rig):
    entries = [rig.done(command_id=number) for number in range(3)]
    rig.command_log.answer_sent(entries[1])
    assert rig.command_log.unsaved
    rig.reboot()
    assert [entry.command_id for entry in rig.command_log.owed()] == [0, 2]


def test_what_is_only_counted_is_so_over_a_reboot_until_it_is_told(rig):
    for number in range(3):
        rig.command_log.drop_answer(rig.done(op=STOP, command_id=number))
    rig.reboot()
    assert rig.command_log.counted == 3 and rig.command_log.owed() == []
    rig.command_log.count_sent(3)
    rig.reboot()
    assert rig.command_log.counted == 0


def test_an_answer_is_kept_for_a_day_and_longer_while_there_is_room(rig):
    rig.done()
    rig.wait(10 * KEPT_S)
    assert rig.deliver()[0] == REPEATED
    fill_at(rig, CAPACITY - RESERVED - 1)
    assert rig.deliver()[0] == REPEATED
    rig.accept(command_id=99, issued_at=rig.utc_s)
    assert rig.deliver()[0] == FULL      # forgotten, and what was done today is not forgotten for it


def test_a_day_after_a_storm_there_is_room_again(rig):
    fill(rig, CAPACITY - RESERVED)
    rig.wait(KEPT_S - 1)
    assert rig.deliver(command_id=99, issued_at=rig.utc_s)[0] == FULL
    rig.wait(1)
    fill_at(rig, CAPACITY - RESERVED)
    assert rig.deliver(command_id=99, issued_at=rig.utc_s)[0] == FULL


def test_what_has_no_answer_yet_is_never_forgotten(rig):
    waiting = rig.accept()
    rig.wait(2 * KEPT_S)
    fill_at(rig, CAPACITY - RESERVED - 1)
    assert rig.deliver(command_id=99, issued_at=rig.utc_s)[0] == FULL
    assert rig.command_log.running() == [waiting]


@pytest.mark.parametrize('before, after, off_s, room', [
    (UTC, None, 10 * KEPT_S, False),       # nobody knows how long it was off
    (None, UTC, 10 * KEPT_S, False),       # nor when
    (UTC, UTC + KEPT_S, KEPT_S, True),
    (UTC, UTC + KEPT_S - 1, KEPT_S - 1, False),
    (UTC, UTC - HOUR_S, 10 * KEPT_S, False)])   # a clock that went back
def test_after_a_reboot_only_a_known_day_is_a_day(before, after, off_s, room):
    rig = CommandLogAndStore(utc_s=before)
    fill(rig, CAPACITY - RESERVED)
    rig.reboot(utc_s=after)
    rig.command_log.poll(rig.now_ms, after)
    assert (rig.deliver(command_id=99, issued_at=after or UTC)[0] == NEW) is room


def test_after_a_reboot_without_time_a_day_of_uptime_is_a_day():
    rig = CommandLogAndStore(utc_s=None)
    fill(rig, CAPACITY - RESERVED)
    rig.reboot()
    rig.command_log.poll(rig.now_ms, None)
    rig.wait(KEPT_S - 1)
    assert rig.deliver()[0] == FULL
    rig.wait(1)
    assert rig.deliver()[0] == NEW


def test_uptime_is_not_counted_twice(rig):
    fill(rig, CAPACITY - RESERVED)
    rig.reboot()
    rig.command_log.poll(rig.now_ms, rig.utc_s)
    rig.wait(KEPT_S - 1)
    assert rig.deliver(issued_at=rig.utc_s)[0] == FULL
    rig.wait(1)
    assert rig.deliver(issued_at=rig.utc_s)[0] == NEW


def test_uptime_before_and_after_a_reboot_adds_up():
    rig = CommandLogAndStore(utc_s=None)
    fill(rig, CAPACITY - RESERVED)
    rig.wait(KEPT_S // 2)
    rig.command_log.poll(rig.now_ms, None)
    rig.reboot()
    rig.command_log.poll(rig.now_ms, None)
    rig.wait(KEPT_S // 2)
    assert rig.deliver()[0] == NEW


def test_the_refused_are_counted_until_they_are_reported(rig):
    for _ in range(300):
        rig.command_log.refuse()
    assert rig.command_log.refused == 255
    rig.command_log.reported(250)
    rig.reboot()
    assert rig.command_log.refused == 5
    rig.command_log.reported(9)
    assert rig.command_log.refused == 0


# --- everything together


class CommandLogMachine(RuleBasedStateMachine):
    """Few commands, few clocks, any order: against what was said and done."""

    def __init__(self):
        super().__init__()
        self.rig = CommandLogAndStore()
        self.acted = set()
        self.answers = {}
        self.accepted = set()

    def answered(self, entry):
        identity = (entry.op, entry.command_id, entry.issued_at)
        assert self.answers.setdefault(identity, (entry.result, entry.detail)) == (entry.result, entry.detail)

    @rule(op=st.sampled_from((START, STOP)), command_id=st.sampled_from((1, 2)), age_s=st.sampled_from((-HOUR_S, 0, 500, HOUR_S)),
          expires_in_s=st.sampled_from((0, 60, 600, 65535)), airtime=st.booleans())
    def deliver(self, op, command_id, age_s, expires_in_s, airtime):
        issued_at = UTC - age_s
        identity = (op, command_id, issued_at)
        verdict, entry = self.rig.deliver(op, command_id, issued_at, expires_in_s)
        if identity in self.accepted:
            assert verdict == (REPEATED if identity in self.answers else RUNNING)
        if verdict == NEW:
            assert identity not in self.accepted
            if airtime:
                self.accepted.add(identity)
                self.rig.command_log.accept(entry)
            else:
                self.rig.command_log.refuse()
        elif verdict == TOO_LATE:
            assert expires_in_s == 0 or self.rig.utc_s >= issued_at + expires_in_s
            self.accepted.add(identity)
        if verdict in (REPEATED, TOO_LATE):
            self.answered(entry)

    @precondition(lambda self: self.rig.command_log.running())
    @rule(data=st.data(), result=st.sampled_from((DONE, FAILED)), detail=st.integers(0, 255))
    def act(self, data, result, detail):
        entry = data.draw(st.sampled_from(self.rig.command_log.running()))
        identity = (entry.op, entry.command_id, entry.issued_at)
        if self.rig.begin(entry):
            assert identity not in self.acted
            assert self.rig.utc_s is None or self.rig.utc_s < entry.issued_at + entry.expires_in_s
            self.acted.add(identity)
        elif entry.begun or self.rig.expired(entry):
            self.rig.command_log.finish(entry, result if entry.begun else EXPIRED, detail)
            self.answered(entry)

    @rule(seconds=st.sampled_from((1, 59, 600, 7 * HOUR_S)))
    def wait(self, seconds):
        self.rig.wait(seconds)
        self.rig.command_log.poll(self.rig.now_ms, self.rig.utc_s)

    @rule(offset_s=st.sampled_from((-HOUR_S, 0, 60, HOUR_S)))
    def set_clock(self, offset_s):
        self.rig.utc_s = UTC + offset_s

    @rule(off_s=st.sampled_from((0, 60, HOUR_S)), known=st.booleans(), base_ms=st.sampled_from((0, 10 ** 9)))
    def power_cut(self, off_s, known, base_ms):
        self.rig.reboot(off_s, 'goes on' if known else None, base_ms)

    @invariant()
    def every_accepted_one_is_known(self):
        command_log = self.rig.command_log
        running = {(entry.op, entry.command_id, entry.issued_at) for entry in command_log.running()}
        assert running == self.accepted - set(self.answers)
        assert len(command_log.dump()) < 800


TestLife = CommandLogMachine.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30)


@pytest.mark.soak
class TestLongLife(CommandLogMachine.TestCase):
    """The same at random, 1,000 lives long (tests/conftest.py)."""

    settings = settings(stateful_step_count=100)


class OverruledStorm(CommandLogStorm):
    """Of those that open and are at work, the oldest one gives way when another comes and five are there, as the controller has it."""

    def turn(self, what):
        if isinstance(what, tuple) and what[0] in OPENING:
            at_work = [entry for entry in self.monitor.command_log.running() if entry.op in OPENING and entry.begun]
            if len(at_work) > OWN_ANSWERS:
                try:
                    self.overrule(at_work[0])
                except PowerLost:
                    self.boot(0)
        super().turn(what)

    def overrule(self, entry):
        self.monitor.command_log.finish(entry, FAILED, 0)
        self.monitor.keep()
        self.truth.tell((entry.op, entry.command_id, entry.issued_at), (entry.result, entry.detail))


def weather(seed, storms, deliveries):
    """That many storms of that many deliveries, every third with clocks that are wrong by hours: sums of their figures."""
    total = {'accepted': 0, 'acted': 0, 'full': 0, 'boots': 0, 'joins': 0}
    for number in range(storms):
        storm = OverruledStorm('storm %d %d' % (seed, number), honest=number % 3 > 0).run(deliveries)
        total['accepted'] += len(storm.truth.accepted)
        total['acted'] += len(storm.truth.acted)
        total['full'] += storm.truth.full
        total['boots'] += storm.boots
        total['joins'] += storm.joins
    return total


def tell(evidence, prefix, deliveries, total):
    evidence(prefix + 'deliveries of commands, repeated, reordered, delayed up to 12 h', deliveries)
    evidence(prefix + 'commands accepted meanwhile, each answered exactly once', total['accepted'])
    evidence(prefix + 'commands acted upon, none twice and none after its expiry', total['acted'])
    evidence(prefix + 'power cuts and joins meanwhile', '%d and %d' % (total['boots'], total['joins']))


def test_in_10000_deliveries_no_command_acts_twice_or_too_late_and_each_is_answered_once():
    total = weather(0, 2, 5000)
    assert total['accepted'] > 1000 and total['acted'] > 400 and total['boots'] > 60 and total['full'] > 20


@pytest.mark.long
def test_in_50000_deliveries_no_command_acts_twice_or_too_late_and_each_is_answered_once(evidence):
    total = weather(0, 10, 5000)
    tell(evidence, '', 50000, total)
    assert total['accepted'] > 5000 and total['acted'] > 2000 and total['boots'] > 300 and total['full'] > 100


@pytest.mark.soak
def test_in_a_million_deliveries_no_command_acts_twice_or_too_late_and_each_is_answered_once(soak_seed, evidence):
    total = weather(soak_seed + 1, 100, 10000)
    tell(evidence, 'soak: ', 1000000, total)
