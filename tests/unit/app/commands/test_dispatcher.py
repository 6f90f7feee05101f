"""Downlinks become commands, each answered once from the observed box: the controller and all behind it, in virtual time."""

from types import SimpleNamespace

import config
import main
import pytest
from app.codec import vocabulary
from app.commands.command_log import Entry
from app.commands.device_commands import DeviceCommands
from app.commands.execution import Execution
from app.runtime.journal import Journal
from app.runtime.site_settings import SiteSettings
from hal.contract import STORE, HalError
from tests.support.fake_board import Board

RESULT = 11
LOCK, UNLOCK, RESET = 1, 2, 3
DONE, REFUSED, FAILED, EXPIRED, BUSY = range(5)
STATE = 5
E0, A1, RESTART = (STATE, 0xE0E0), (STATE, 0xA1A1), (STATE, 0x5A5A)
MINUTE_MS = 60000
# Joined, and long enough for 02 and 03 to be obeyed.
READY_MS = 90000


class MonitorAndObedientBox:
    """The application on a board whose box obeys jumps and resets."""

    def __init__(self, code=0xB1, obeys=True, **settings):
        self.board = Board()
        self.box = self.board.box
        self.box.code = code
        self.settings = config.Settings(settings)
        self.application = main.build(self.board, self.settings)
        if obeys:
            self._look()

    def _look(self):
        """The box follows what was written to it."""
        for _, register, value in self.box.writes[getattr(self, 'obeyed', 0):]:
            if register == STATE:
                self.box.code = {0xE0E0: 0xE0, 0xA1A1: 0xB1, 0x5A5A: 0xB2}[value]
        self.obeyed = len(self.box.writes)
        self.board.wire.at(self.board.wire.now_us + 100000, self._look)

    def say(self, at_ms, byte, port=1):
        self.board.at(at_ms, lambda: self.board.radio.push(port, bytes((byte,)) if isinstance(byte, int) else byte))

    def command(self, at_ms, word, number=1, issued_at=1, expires_in_s=600, args=b''):
        head = bytes((vocabulary.COMMANDS.index(word), number)) + issued_at.to_bytes(4, 'big') + expires_in_s.to_bytes(2, 'big')
        self.say(at_ms, head + args, 20)

    def run(self, until_ms):
        self.board.run(lambda: main.loop(self.board, self.application), until_ms)
        return self

    @property
    def writes(self):
        return [(register, value) for _, register, value in self.box.writes if register == STATE]

    @property
    def said(self):
        """(op, result, detail) of each answer."""
        return [(payload[1], payload[3] >> 5, vocabulary.DETAILS[payload[4]]) for _, port, payload in self.board.radio.frames if port == RESULT]


@pytest.mark.parametrize('code, byte, writes', [(0xB1, LOCK, [E0]), (0xE0, UNLOCK, [A1]), (0xB1, RESET, [RESTART])])
def test_a_byte_of_the_original_is_done_and_answered_once(code, byte, writes):
    rig = MonitorAndObedientBox(code)
    rig.say(READY_MS, byte)
    rig.run(READY_MS + 2 * MINUTE_MS)
    assert rig.writes == writes
    assert rig.said == [(byte, DONE, 'none')]


def test_commands_are_done_in_their_order():
    rig = MonitorAndObedientBox(0xB1)
    for number, byte in enumerate((LOCK, UNLOCK)):
        rig.say(READY_MS + 100 * number, byte)
    rig.run(READY_MS + 2 * MINUTE_MS)
    assert rig.writes == [E0, A1]
    assert rig.said == [(LOCK, DONE, 'none'), (UNLOCK, DONE, 'none')]


def test_what_opens_overtakes_what_it_overrules():
    rig = MonitorAndObedientBox(0xB1)
    for number, byte in enumerate((LOCK, UNLOCK, LOCK)):
        rig.say(READY_MS + 10 * number, byte)
    rig.run(READY_MS + 2 * MINUTE_MS)
    assert rig.writes == [E0]
    assert rig.said == [(LOCK, DONE, 'none'), (LOCK, DONE, 'none'), (UNLOCK, FAILED, 'superseded')]


@pytest.mark.parametrize('opens', ['stop', 'lock'])
def test_what_opens_is_done_before_all_that_waits_and_answered_first(opens):
    rig = MonitorAndObedientBox(0xC2, obeys=False)
    rig.board.at(READY_MS - 3000, lambda: setattr(rig.box, 'off', True))
    for number, word in enumerate(('set_current', 'report', 'report', 'resume_plan', 'start', opens)):
        args = {'set_current': b'\x10', 'report': b'\x00'}.get(word, b'')
        rig.command(READY_MS + 500 * number, word, number, args=args)
    rig.board.at(READY_MS + 4000, lambda: setattr(rig.box, 'off', False))
    rig.board.at(READY_MS + 6000, lambda: setattr(rig.box, 'code', 0xE0 if opens == 'lock' else 0xB2))
    rig.run(READY_MS + 2 * MINUTE_MS)
    assert rig.box.writes[0][1:] == (0x14, 1000) and rig.box.writes[0][0] < READY_MS + 9000
    first = [said for said in rig.said if said[:2] != (6, FAILED)][0]
    assert first == (vocabulary.COMMANDS.index(opens), DONE, 'none')
    assert (vocabulary.COMMANDS.index('start'), FAILED, 'superseded') in rig.said and len(rig.said) == 6


def full_day(rig, at_ms):
    """From then on no airtime is left but for what is due anyway."""
    airtime_budget = rig.application.session.airtime_budget
    rig.board.at(at_ms, lambda: airtime_budget.airtime_log.add(at_ms, 17000))


def test_without_airtime_what_opens_is_obeyed_and_its_answer_takes_the_place_of_the_next_heartbeat():
    rig = MonitorAndObedientBox(0xB1)
    full_day(rig, READY_MS - 1000)
    rig.command(READY_MS, 'set_current', 1, args=b'\x10')
    rig.command(READY_MS + 1000, 'lock', 2)
    rig.run(READY_MS + 10000)
    assert rig.writes == [E0] and rig.said == []
    rig.run(READY_MS + 100 * MINUTE_MS)
    assert rig.said == [(LOCK, DONE, 'none')]
    assert rig.application.command_log.refused == 1


def test_an_answer_that_is_not_out_is_given_after_a_power_cut_and_only_then():
    rig = MonitorAndObedientBox(0xB1)
    full_day(rig, READY_MS - 1000)
    rig.command(READY_MS, 'lock', 2)
    rig.run(READY_MS + MINUTE_MS)
    assert rig.said == []
    for copy in ('airtime_a', 'airtime_b'):
        rig.board.records.pop(copy, None)
    for minutes in (2, 3):
        rig.application = main.build(rig.board, config.Settings())
        rig.run(READY_MS + minutes * MINUTE_MS)
        assert (rig.writes, rig.said) == ([E0], [(LOCK, DONE, 'none')])


def test_each_accepted_command_gets_its_one_answer_however_many_wait():
    rig = MonitorAndObedientBox(0xB1)
    for number in range(10):
        rig.command(READY_MS + 100 * number, 'report', number, args=b'\x00')
    rig.run(READY_MS + 3 * MINUTE_MS)
    assert [payload[2] for _, port, payload in rig.board.radio.frames if port == RESULT] == list(range(10))


def test_what_comes_too_late_and_finds_no_airtime_is_counted():
    rig = MonitorAndObedientBox(0xB1)
    rig.board.clock.utc = 1_800_000_000
    rig.application = main.build(rig.board, config.Settings())
    full_day(rig, READY_MS - 1000)
    rig.command(READY_MS, 'start', 1, issued_at=1_800_000_000 - 600)
    rig.run(READY_MS + MINUTE_MS)
    assert rig.application.command_log.refused == 1 and rig.application.command_log.owed() == []


def test_a_lock_that_is_refused_takes_back_nothing_that_was_said_after_it():
    rig = MonitorAndObedientBox(0xE1, obeys=False)
    rig.box.off = True
    rig.command(READY_MS, 'lock', 1)
    rig.command(READY_MS + 500, 'stop', 2)
    rig.board.at(READY_MS + 3000, lambda: setattr(rig.box, 'off', False))
    rig.run(READY_MS + MINUTE_MS)
    assert (LOCK, REFUSED, 'setup') in rig.said
    assert rig.application.controller.claims.stopped and not rig.application.controller.claims.locked


def test_of_more_than_four_that_open_and_wait_all_are_obeyed():
    rig = MonitorAndObedientBox(0xB1, obeys=False)
    rig.box.off = True
    for number, word in enumerate(('lock', 'stop', 'stop', 'stop', 'stop', 'stop')):
        rig.command(READY_MS + 100 * number, word, number)
    rig.run(READY_MS + 2000)
    assert rig.application.controller.claims.stopped and rig.application.controller.claims.locked
    rig.run(READY_MS + 2 * MINUTE_MS)
    assert sorted(payload[2] for _, port, payload in rig.board.radio.frames if port == RESULT) == list(range(6))


def test_an_undecodable_downlink_is_counted_and_nothing_follows():
    rig = MonitorAndObedientBox()
    for number, (port, payload) in enumerate([(1, b'\x00'), (1, b'\x04'), (2, b'\xff'), (1, b''), (1, b'\x01\x01'), (20, b'\x01'), (7, b'\x01')]):
        rig.say(READY_MS + 1000 * number, payload, port)
    rig.run(READY_MS + MINUTE_MS)
    assert rig.application.dispatcher.bad_downlinks == 7
    assert (rig.writes, rig.said, rig.board.resets) == ([], [], [])


def test_a_command_is_known_by_its_identity():
    rig = MonitorAndObedientBox(0xB1)
    for number in range(3):
        rig.command(READY_MS + 20000 * number, 'lock', 7)
    rig.command(READY_MS + 60000, 'unlock', 7)
    rig.command(READY_MS + 80000, 'lock', 7)     # the very first once more: it is answered, the outlet stays enabled
    rig.run(READY_MS + 2 * MINUTE_MS)
    assert rig.writes == [E0, A1]
    # Who asks again has missed the answer: it is said twice then.
    assert rig.said == [(LOCK, DONE, 'none')] * 5 + [(UNLOCK, DONE, 'none')] + [(LOCK, DONE, 'none')] * 2


@pytest.mark.parametrize('word, told_by, obeyed', [
    ('unlock', 'board', False), ('lock', 'network', False), ('lock', 'board', True), ('lock', 'owner', True)])
def test_what_comes_after_its_expiry_is_not_done_but_what_opens_is_unless_the_network_told_the_time(word, told_by, obeyed):
    rig = MonitorAndObedientBox(0xB1)
    timekeeper = rig.application.timekeeper
    source = {'board': 1, 'owner': 2, 'network': 3}[told_by]
    rig.board.at(READY_MS - 1000, lambda: timekeeper.set(1_800_000_000, READY_MS - 1000, source))
    rig.command(READY_MS, word, 1, issued_at=1_800_000_000 - 600)
    rig.run(READY_MS + MINUTE_MS)
    op = vocabulary.COMMANDS.index(word)
    assert (rig.writes, rig.said) == (([E0], [(op, DONE, 'none')]) if obeyed else ([], [(op, EXPIRED, 'none')]))


@pytest.mark.parametrize('code, word, result', [
    (0xE0, 'reset', (RESET, REFUSED, 'locked')), (0xF9, 'reset', (RESET, REFUSED, 'fault')), (0xF9, 'lock', (LOCK, FAILED, 'fault')),
    (0xF9, 'unlock', (UNLOCK, REFUSED, 'fault')), (0xE1, 'lock', (LOCK, REFUSED, 'setup')), (0xE2, 'start', (4, REFUSED, 'setup')),
    (0xE0, 'start', (4, REFUSED, 'locked')), (0xB1, 'skip', (8, REFUSED, 'no_plan')), (0xC2, 'stop', (5, FAILED, 'not_confirmed'))])
def test_what_cannot_be_is_said_with_its_reason(code, word, result):
    rig = MonitorAndObedientBox(code, obeys=False)
    rig.command(READY_MS, word, args=b'\x00' if word == 'skip' else b'')
    rig.run(READY_MS + 2 * MINUTE_MS)
    assert rig.said == [result]
    assert rig.writes == []


def test_a_lock_that_was_refused_is_no_lock():
    rig = MonitorAndObedientBox(0xE1, obeys=False)
    rig.say(READY_MS, LOCK)
    rig.run(READY_MS + MINUTE_MS)
    assert not rig.application.controller.claims.locked


def test_a_lock_in_a_fault_is_set_when_the_fault_is_gone():
    rig = MonitorAndObedientBox(0xF9)
    rig.say(READY_MS, LOCK)
    rig.board.at(READY_MS + MINUTE_MS, lambda: setattr(rig.box, 'code', 0xB1))
    rig.run(READY_MS + 2 * MINUTE_MS)
    assert rig.said == [(LOCK, FAILED, 'fault')]
    assert rig.writes == [E0]


def test_a_lock_outlives_a_reboot_and_a_box_that_lost_it():
    rig = MonitorAndObedientBox(0xB1)
    rig.say(READY_MS, LOCK)
    rig.run(READY_MS + MINUTE_MS)
    rig.box.code = 0xB1
    rig.application = main.build(rig.board, config.Settings())
    rig.run(READY_MS + 2 * MINUTE_MS)
    assert rig.writes == [E0, E0]
    assert rig.application.controller.claims.locked


def test_an_acknowledged_write_is_not_repeated_before_its_time():
    rig = MonitorAndObedientBox(0xB1, obeys=False)
    rig.say(READY_MS, LOCK)
    rig.run(READY_MS + 25000)
    assert rig.writes == [E0]
    assert rig.said == [(LOCK, FAILED, 'not_confirmed')]


def test_a_stop_of_a_locked_outlet_is_done_and_counts_when_it_is_unlocked():
    rig = MonitorAndObedientBox(0xB1)
    rig.say(READY_MS, LOCK)
    rig.command(READY_MS + 10000, 'stop')
    rig.run(READY_MS + MINUTE_MS)
    assert rig.said == [(LOCK, DONE, 'none'), (5, DONE, 'none')]
    assert rig.application.controller.claims.stopped


def test_a_start_gives_way_to_the_next_command():
    rig = MonitorAndObedientBox(0xB1, obeys=False)
    rig.command(READY_MS, 'start')
    rig.board.at(READY_MS + 5000, lambda: setattr(rig.box, 'code', 0xB2))
    rig.say(READY_MS + 20000, LOCK)
    rig.board.at(READY_MS + 25000, lambda: setattr(rig.box, 'code', 0xE0))
    rig.run(READY_MS + MINUTE_MS)
    assert rig.said == [(LOCK, DONE, 'none'), (4, FAILED, 'superseded')]


def test_a_command_of_an_operation_that_there_is_not_is_told_so():
    rig = MonitorAndObedientBox()
    rig.say(READY_MS, bytes((99, 1, 0, 0, 0, 1, 2, 88)), 20)
    rig.run(READY_MS + MINUTE_MS)
    assert [(result, detail) for _, result, detail in rig.said] == [(REFUSED, 'unknown_command')]


def test_a_store_that_fails_costs_the_memory_and_nothing_else():
    rig = MonitorAndObedientBox(0xB1)
    rig.board.store.put = full
    rig.say(READY_MS, LOCK)
    rig.run(READY_MS + MINUTE_MS)
    assert rig.said == [(LOCK, DONE, 'none')]
    assert rig.application.device_report._journal.store_failures > 0


def full(name, value):
    raise HalError(STORE, 'full')


def test_a_reset_that_is_refused_leaves_what_was_said():
    rig = MonitorAndObedientBox(0xC2)
    rig.command(READY_MS, 'stop', 1)
    rig.board.at(READY_MS + 2000, lambda: setattr(rig.box, 'code', 0xB2))
    rig.command(READY_MS + 30000, 'reset', 2)
    rig.run(READY_MS + 60000)
    assert rig.said[-1] == (RESET, REFUSED, 'min_pause')
    assert rig.writes == []
    assert rig.application.controller.claims.stopped


def test_what_is_said_before_the_car_comes_outlives_a_reboot_without_it():
    rig = MonitorAndObedientBox(0xA1)
    rig.box.car = False
    rig.command(READY_MS, 'boost', args=b'\x03\x00\x00')
    rig.run(READY_MS + MINUTE_MS)
    rig.application = main.build(rig.board, config.Settings())
    rig.run(READY_MS + 2 * MINUTE_MS)
    assert rig.application.controller.claims.boost


def test_what_is_said_of_a_car_ends_where_it_left_while_we_were_off():
    rig = MonitorAndObedientBox(0xA1)
    rig.box.car = False
    rig.command(READY_MS, 'stop')
    rig.board.at(READY_MS + MINUTE_MS, lambda: (setattr(rig.box, 'code', 0xB2), setattr(rig.box, 'car', True)))
    rig.run(READY_MS + 2 * MINUTE_MS)
    assert rig.application.controller.claims.stopped
    rig.box.code = 0xA1
    rig.box.car = False
    rig.application = main.build(rig.board, config.Settings())
    rig.run(READY_MS + 3 * MINUTE_MS)
    assert not rig.application.controller.claims.stopped


def test_a_limit_is_answered_by_what_the_box_shows_after_it_was_written():
    rig = MonitorAndObedientBox(0xB2)
    rig.command(READY_MS, 'set_current', args=bytes((20,)))
    rig.run(READY_MS + MINUTE_MS)
    assert (0x14, 0x00A6) in [(register, value) for _, register, value in rig.box.writes]
    answers = [ms for ms, port, payload in rig.board.radio.frames if port == RESULT]
    assert len(answers) == 1 and answers[0] > [ms for ms, register, _ in rig.box.writes if register == 0x14][0]


def test_a_command_that_goes_on_from_the_boot_on_keeps_the_radio_no_longer_than_any_other():
    application = MonitorAndObedientBox().application
    dispatcher = application.dispatcher
    entry = Entry(vocabulary.COMMANDS.index('start'), 1, 1, 600, 0)
    entry.begun = True
    dispatcher._resume(Execution(entry, application.command_log, ()), 0)
    assert dispatcher.holds_radio(19_999) and not dispatcher.holds_radio(20_000)


@pytest.mark.parametrize('box_duty, amps, is_taken', [(0, 32, True), (0, 33, False), (533, 33, False), (667, 40, True), (667, 41, False)])
def test_more_than_32_a_are_set_only_where_the_box_allows_them_and_the_answer_names_the_setting(box_duty, amps, is_taken):
    settings = SiteSettings(config.Settings(), Journal(Board().store), main.check)
    commands = DeviceCommands(settings, None, None, None, None, SimpleNamespace(box_limit_duty=box_duty), None, lambda: None)
    work = SimpleNamespace(op=vocabulary.COMMANDS.index('settings'), args=(('current_limit_a', amps),))
    number = [row[0] for row in vocabulary.SETTINGS].index('current_limit_a')
    answer = (DONE, 0) if is_taken else (REFUSED, vocabulary.BAD_SETTING + number)
    assert commands.run(work, READY_MS) == answer
    meaning = commands.resolve(vocabulary.COMMANDS.index('set_current'), (amps * 10,), None, READY_MS)
    assert meaning == (((amps * 10,), 0) if is_taken else (None, vocabulary.DETAILS.index('bad_argument')))
