"""Downlinks become commands, one runs at a time, and what must be kept at the box is kept."""

import pytest
from app import words
from app.actor import COMMANDS_MAX, LEVEL_MS, LIMIT_WRITE_EVERY_MS, STALE_MS, Actor
from app.commands import BUSY, D_LOCKED, D_NONE, D_REPEATED, D_STALE, DONE, EXPIRED, FAILED, LOCK, REFUSED, RESET, UNLOCK
from app.keeper import BLIND_MS, RELOCK_MS, Keeper
from app.watch import Watch
from hypothesis import given, settings
from hypothesis import strategies as st
from modbus.charger import ACKED, NOT_SENT, REFUSED as REFUSED_BY_BOX, SILENT

STATE, ICMAX = 0x0005, 0x0014
E0, A1, RESTART, PAUSE = (STATE, 0xE0E0), (STATE, 0xA1A1), (STATE, 0x5A5A), (ICMAX, 1000)
HOUR_MS = 3600000


class Reading:
    """What modbus.registers.Reading shows."""

    def __init__(self):
        self.code = None
        self.ev_connected = None
        self.enable_input = True
        self.limit_duty = None
        self.at_ms = 0


class Charger:
    """A client whose writes reach a box that obeys, until told otherwise; it refuses a second write while one is pending."""

    def __init__(self):
        self.reading = Reading()
        self.answered_ms = None
        self.heard_ms = None
        self.limits = ()
        self.outcome = None
        self.watch_limits = False
        self.code = 0xB1
        self.car = True
        self.duty = 267
        self.icmax = 267
        self.fate = ACKED        # of every write
        self.obeys = True
        self.pending = None
        self.writes = []
        self.read_soon_ms = []

    def write(self, register, value, now_ms):
        if self.pending is not None:
            return False
        self.pending = (register, value)
        return True

    def read_soon(self, now_ms, delay_ms=0):
        self.read_soon_ms.append(now_ms + delay_ms)

    def end_write(self):
        """The pending write is over."""
        register, value = self.pending
        self.pending = None
        self.outcome = self.fate
        if self.fate == NOT_SENT:
            return
        self.writes.append((register, value))
        if self.fate == REFUSED_BY_BOX or not self.obeys:
            return
        if register == ICMAX:
            self.icmax = value
            if value == 1000 and self.code & 0xF0 == 0xC0:
                self.code = 0xB2
        elif value == 0xE0E0:
            self.code = 0xE0
        else:
            self.code = 0xB2 if self.car else 0xA1

    def read(self, now_ms):
        reading = self.reading
        reading.code = self.code
        reading.ev_connected = None if self.code >= 0xE0 else self.car
        reading.limit_duty = self.duty
        reading.at_ms = self.answered_ms = self.heard_ms = now_ms


class Session:
    def __init__(self):
        self.fresh_ms = -HOUR_MS
        self.room = True

    def accepts(self, now_ms):
        return self.room


class Memory:
    def __init__(self):
        self.records = {}

    def get(self, name):
        return self.records.get(name)

    def put(self, name, value):
        self.records[name] = value


class Rig:
    """An actor beside its box, in virtual time; turn() is what the monitor does on every reading."""

    def __init__(self, memory=None):
        self.charger = Charger()
        self.session = Session()
        self.memory = memory or Memory()
        self.keeper = Keeper(self.memory)
        self.watch = Watch(self.charger, 0)
        self.answers = []
        self.actor = Actor(self.charger, self.session, self.keeper, self.watch, self.answers.append)
        self.now_ms = 0

    def turn(self, ms=1000):
        """A reading, and what follows from it."""
        self.now_ms += ms
        charger = self.charger
        if charger.pending is not None:
            charger.end_write()
            self.actor.written(self.now_ms)
        charger.read(self.now_ms + 1)
        self.watch.read(charger.reading)
        if self.watch.see(charger.code, self.now_ms):
            self.actor.changed(charger.code)
        self.watch.tick(self.now_ms)
        self.actor.step(self.now_ms + 2)

    def turns(self, count, ms=1000):
        for _ in range(count):
            self.turn(ms)

    def settle(self, code=None, **box):
        """The box shows that for half a minute."""
        for name, value in box.items():
            setattr(self.charger, name, value)
        if code is not None:
            self.charger.code = code
        self.turns(30)

    def say(self, byte, port=1):
        self.actor.downlink(port, bytes((byte,)), self.now_ms)

    @property
    def said(self):
        return [(answer.op, answer.result, answer.detail) for answer in self.answers]


@pytest.fixture
def rig():
    rig = Rig()
    rig.settle(0xB1)
    return rig


# --- downlinks


@pytest.mark.parametrize('port, payload', [(1, b''), (1, b'\x00'), (1, b'\x04'), (1, b'\xff'), (2, b'\x01\x01'), (1, b'Reset Charger'),
                                           (3, b'\x01'), (0, b'\x01'), (10, b'\x01'), (20, b'\x01'), (202, b'\x01'), (255, bytes(242))])
def test_an_undecodable_downlink_is_counted_and_nothing_follows(rig, port, payload):
    rig.actor.downlink(port, payload, rig.now_ms)
    rig.turns(30)
    assert (rig.actor.bad_downlinks, rig.actor.busy, rig.answers, rig.charger.writes) == (1, False, [], [])


@pytest.mark.parametrize('byte, op, write, code', [(1, LOCK, E0, 0xB1), (2, UNLOCK, A1, 0xE0), (3, RESET, RESTART, 0xB1)])
def test_a_byte_of_the_original_is_done_and_answered_once(rig, byte, op, write, code):
    rig.settle(code)
    rig.say(byte)
    assert rig.actor.busy
    assert rig.charger.read_soon_ms[-1] == rig.now_ms    # not at the pace of the readings
    rig.turns(30)
    assert rig.charger.writes[:1] == [write] and len(rig.charger.writes) == 1
    assert rig.said == [(op, DONE, D_NONE)]
    assert rig.answers[0].command_id is None
    assert not rig.actor.busy


def test_the_same_command_again_before_its_answer_needs_no_second_one(rig):
    rig.say(1)
    rig.say(1)
    rig.turn()
    rig.say(1, port=2)
    rig.turns(5)
    assert rig.charger.writes == [E0] and rig.said == [(LOCK, DONE, D_NONE)]


def test_what_was_asked_last_holds_also_when_it_was_asked_before(rig):
    rig.say(1)
    rig.say(2)
    rig.say(1)
    rig.turns(20)
    assert rig.charger.writes == [E0, A1, E0]
    assert rig.said == [(LOCK, DONE, D_NONE), (UNLOCK, DONE, D_NONE), (LOCK, DONE, D_NONE)]
    assert rig.keeper.locked and rig.charger.code == 0xE0


def test_commands_run_one_after_another(rig):
    rig.say(3)
    rig.say(1)
    rig.turn()
    assert rig.charger.pending == RESTART
    rig.turns(10)
    assert rig.charger.writes == [RESTART, E0]
    assert [said[:2] for said in rig.said] == [(RESET, DONE), (LOCK, DONE)]


@pytest.mark.parametrize('byte, op', [(2, UNLOCK), (3, RESET)])
def test_what_the_network_may_have_kept_over_an_outage_expires(rig, byte, op):
    rig.session.fresh_ms = rig.now_ms - STALE_MS + 1
    rig.say(byte)
    assert rig.said == [(op, EXPIRED, D_STALE)]
    rig.turns(30)
    assert rig.charger.writes == [] and len(rig.answers) == 1
    rig.session.fresh_ms = rig.now_ms - STALE_MS
    rig.say(byte)
    rig.turns(5)
    assert rig.said[1][1] == DONE


def test_a_lock_is_always_obeyed(rig):
    rig.session.fresh_ms = rig.now_ms
    rig.session.room = False
    rig.say(1)
    rig.turns(5)
    assert rig.charger.writes == [E0] and rig.said == [(LOCK, DONE, D_NONE)]


def test_a_command_whose_answer_has_no_airtime_is_busy_and_not_executed(rig):
    rig.session.room = False
    rig.say(3)
    assert rig.said == [(RESET, BUSY, D_NONE)] and rig.actor.refused == 1
    rig.turns(30)
    assert rig.charger.writes == []


def test_only_so_many_commands_wait(rig):
    for byte in (2, 3) * (COMMANDS_MAX // 2) + (2, 2, 2):
        rig.say(byte)
    assert rig.said == [(UNLOCK, BUSY, D_NONE)] * 3
    rig.turns(60)
    assert len(rig.answers) == COMMANDS_MAX + 3


# --- levels


def test_an_equal_reset_within_45_minutes_is_answered_and_not_executed(rig):
    rig.say(3)
    rig.turns(5)
    rig.settle(0xC2)
    rig.say(3)
    rig.turns(5)
    assert rig.charger.writes == [RESTART]
    assert rig.said == [(RESET, DONE, D_NONE), (RESET, DONE, D_REPEATED)]


def test_an_answer_repeated_does_not_prolong_the_45_minutes(rig):
    rig.charger.after_reset = 0xB2
    for minutes in (0, 40, 10):
        rig.turns(minutes * 60)
        rig.say(3)
        rig.turns(8)
    assert [detail for _, _, detail in rig.said] == [D_NONE, D_REPEATED, D_NONE]


def test_after_45_minutes_it_is_executed_again(rig):
    rig.say(3)
    rig.turns(5)
    rig.charger.code = 0xC2
    rig.turns(5, LEVEL_MS // 5)
    rig.say(3)
    rig.turns(5)
    assert rig.charger.writes == [RESTART, RESTART]


@pytest.mark.parametrize('left', [0xB1, 0xF8, 0xE2])
def test_a_reset_whose_effect_is_gone_is_executed_again(rig, left):
    rig.say(3)
    rig.turns(5)
    rig.settle(0xC2)
    rig.settle(left)
    rig.settle(0xC2)
    rig.say(3)
    rig.turns(5)
    assert rig.charger.writes == [RESTART, RESTART]


def test_another_command_done_in_between_ends_the_level(rig):
    for byte in (3, 1, 2, 3):
        rig.say(byte)
        rig.turns(5)
    assert rig.charger.writes == [RESTART, E0, A1, RESTART]


# --- the lock


def test_a_lock_is_kept_from_the_moment_it_is_accepted(rig):
    rig.charger.fate = NOT_SENT
    rig.say(1)
    rig.turns(3)
    assert rig.said[0][:2] == (LOCK, FAILED)
    assert Keeper(rig.memory).locked


def test_a_lock_that_failed_is_tried_again_and_not_answered_again(rig):
    rig.charger.fate = NOT_SENT
    rig.say(1)
    rig.turns(3)
    rig.charger.fate = ACKED
    rig.turns(40)
    assert rig.charger.writes == [E0] and len(rig.answers) == 1


@pytest.mark.parametrize('code', [0xE1, 0xE3])
def test_a_refused_lock_is_not_kept(rig, code):
    rig.settle(code)
    rig.say(1)
    rig.turns(3)
    assert rig.said[0][:2] == (LOCK, REFUSED)
    rig.settle(0xB1)
    assert not rig.keeper.locked and rig.charger.writes == []


@pytest.mark.parametrize('code, byte', [(0xE1, 1), (0xF9, 2)])
def test_what_is_refused_leaves_an_older_lock_alone(rig, code, byte):
    rig.say(1)
    rig.turns(5)
    rig.settle(code)
    rig.say(byte)
    rig.turns(3)
    assert rig.said[1][1] == REFUSED and rig.keeper.locked


def test_a_lock_in_a_fault_waits_for_its_end(rig):
    rig.settle(0xF9)
    rig.say(1)
    rig.turns(3)
    assert rig.said[0][:2] == (LOCK, FAILED)
    rig.settle(0xF9)
    assert rig.charger.writes == []
    rig.settle(0xA1)
    assert rig.charger.writes == [E0] and len(rig.answers) == 1


@pytest.mark.parametrize('code', [0xA1, 0xB1, 0xB2, 0xC2])
def test_a_lock_that_the_box_lost_is_set_again(rig, code):
    rig.say(1)
    rig.turns(5)
    rig.settle(code)
    assert rig.charger.code == 0xE0 and E0 in rig.charger.writes[1:]
    assert len(rig.answers) == 1


def test_one_reading_that_says_otherwise_is_no_reason_to_lock_again(rig):
    rig.say(1)
    rig.turns(40)
    for _ in range(100):
        rig.charger.code = 0xB1
        rig.turn()
        rig.charger.code = 0xE0
        rig.turn(1500)
    assert rig.charger.writes == [E0]


def test_a_lock_the_box_does_not_take_is_no_storm(rig):
    rig.charger.fate = REFUSED_BY_BOX
    rig.say(1)
    rig.turns(600)
    assert 10 <= len(rig.charger.writes) <= 600000 // RELOCK_MS + 2
    assert len(rig.answers) == 1


def test_a_reboot_does_not_unlock(rig):
    rig.say(1)
    rig.turns(5)
    after = Rig(rig.memory)
    after.settle(0xB1)
    assert after.charger.writes == [E0] and after.answers == []
    after.say(2)
    after.turns(40)
    assert after.charger.writes == [E0, A1]
    assert not Keeper(rig.memory).locked


def test_unlocking_while_the_lock_is_being_set_ends_unlocked(rig):
    rig.say(1)
    rig.turn()
    rig.say(2)
    rig.turns(60)
    assert rig.charger.writes == [E0, A1] and rig.charger.code == 0xB2


def test_a_reset_while_locked_is_refused(rig):
    rig.say(1)
    rig.turns(5)
    rig.say(3)
    rig.turns(5)
    assert rig.said[1] == (RESET, REFUSED, D_LOCKED)
    assert rig.charger.writes == [E0]


# --- the pause


def limits_told(rig):
    """0x000F was answered."""
    rig.charger.limits = (319, 267, rig.charger.icmax, 267)
    rig.actor.return_limit(rig.charger.limits[2], rig.now_ms)


def test_the_pause_before_a_lock_is_taken_back_when_0x000f_shows_it(rig):
    rig.settle(0xC2)
    rig.say(1)
    rig.turns(5)
    assert rig.charger.writes == [PAUSE, E0]
    assert rig.charger.watch_limits
    assert Keeper(rig.memory).limit_back == 267    # a power cut now does not forget it
    limits_told(rig)
    rig.turn()
    assert rig.charger.writes == [PAUSE, E0, (ICMAX, 267)]
    limits_told(rig)
    rig.turns(2)
    assert (rig.keeper.limit_back, rig.charger.watch_limits) == (0, False)
    rig.turns(60)
    assert rig.charger.writes == [PAUSE, E0, (ICMAX, 267)]


def test_no_limit_is_given_back_into_a_fault(rig):
    rig.settle(0xC2)
    rig.say(1)
    rig.turns(5)
    rig.charger.code = 0xF9
    rig.turn()
    limits_told(rig)
    rig.turns(60)
    assert rig.charger.writes == [PAUSE, E0] and rig.keeper.limit_back == 267
    rig.charger.code = 0xE0
    rig.turn()
    limits_told(rig)
    assert rig.charger.pending == (ICMAX, 267)


def test_a_box_that_does_not_tell_its_limit_gets_it_back_once_after_half_a_minute(rig):
    rig.settle(0xC2)
    rig.say(1)
    rig.turns(5)
    rig.turns(BLIND_MS // 1000 - 2)
    assert (ICMAX, 267) not in rig.charger.writes
    rig.turns(60)
    assert rig.charger.writes == [PAUSE, E0, (ICMAX, 267)]
    assert rig.keeper.limit_back == 0


def test_the_limit_is_not_written_more_often_than_its_effect_can_be_seen(rig):
    rig.settle(0xC2)
    rig.say(1)
    rig.turns(5)
    rig.charger.obeys = False
    for _ in range(60):
        rig.turn()
        limits_told(rig)
    backs = rig.charger.writes.count((ICMAX, 267))
    assert 2 <= backs <= 60000 // LIMIT_WRITE_EVERY_MS + 1


def test_a_second_pause_does_not_forget_the_limit_that_is_still_owed(rig):
    rig.settle(0xC2)
    rig.charger.fate = SILENT
    rig.charger.obeys = False
    rig.say(1)
    rig.turn()
    rig.charger.duty = 1000    # the box shows the pause, the car still draws
    rig.turns(20, 500)
    assert rig.charger.writes.count(PAUSE) > 1
    assert Keeper(rig.memory).limit_back == 267


def test_no_limit_is_returned_while_a_command_runs(rig):
    rig.settle(0xC2)
    rig.say(1)
    rig.turn()
    limits_told(rig)
    assert rig.charger.pending == PAUSE
    rig.turn()
    limits_told(rig)
    assert rig.charger.writes == [PAUSE]


# --- the box's own answers


def test_a_box_that_never_answered_a_reading_is_left_alone():
    rig = Rig()
    rig.keeper.lock(True)
    rig.charger.answered_ms = rig.charger.heard_ms = 1000    # it said no to one
    rig.actor.step(1000)
    rig.say(1)
    for now_ms in range(1000, 60000, 500):
        rig.actor.step(now_ms)
    assert rig.charger.writes == [] and rig.charger.pending is None
    assert rig.said == [(LOCK, FAILED, words.DETAILS.index('unreachable'))]


def test_a_jump_or_reset_of_ours_is_told_to_the_watch_and_a_lock_is_not(rig):
    rig.watch.car = True
    rig.say(1)
    rig.turns(3)
    assert not rig.watch.starting
    rig.say(2)
    rig.turns(3)
    assert rig.watch.starting



ACTIONS = st.lists(st.one_of(
    st.tuples(st.just('say'), st.sampled_from((1, 2, 3))),
    st.tuples(st.just('code'), st.sampled_from((0xA1, 0xB1, 0xB2, 0xC2, 0xE0, 0xE2, 0xF4, 0xF9, 0x7E))),
    st.tuples(st.just('fate'), st.sampled_from((ACKED, REFUSED_BY_BOX, SILENT, NOT_SENT))),
    st.tuples(st.just('obeys'), st.booleans()),
    st.tuples(st.just('turns'), st.integers(1, 40))), max_size=30)


@settings(max_examples=60)
@given(ACTIONS)
def test_whatever_comes_every_command_is_answered_and_nothing_is_written_over_a_fault(actions):
    rig = Rig()
    rig.settle(0xB1)
    asked = 0
    for what, value in actions:
        if what == 'say':
            before = len(rig.actor._commands) + len(rig.answers)
            rig.say(value)
            asked += len(rig.actor._commands) + len(rig.answers) - before
        elif what == 'turns':
            for _ in range(value):
                written = len(rig.charger.writes)
                seen = rig.charger.reading.code
                rig.turn()
                for register, _ in rig.charger.writes[written:]:
                    assert register == ICMAX or seen not in (0xF1, 0xF2, 0xF3, 0xF9, 0xFA, 0xFB)
        else:
            setattr(rig.charger, what, value)
    rig.turns(200)
    assert len(rig.answers) == asked
    assert not [command for command in rig.actor._commands if not command.silent]
