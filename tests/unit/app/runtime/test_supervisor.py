"""A part without progress starves the watchdog and is named; the end of a boot is reported once; in a boot loop only the radio runs."""

import config
import main
import pytest
from app.codec import report_frames, vocabulary
from app import safe_mode
from app.application import SESSION_LATE_MS
from app.runtime.scheduler import LATE_MS
from app.runtime.journal import BOOT_RECORD, Journal
from app.runtime.supervisor import BACK_OFF_MIN, GOOD_MS, STALLED, Supervisor
from hal import trace
from hal.contract import CRASH, PLANNED, POWER_ON, STORE, WATCHDOG, HalError
from hypothesis import given
from hypothesis import strategies as st
from sim import scenario
from sim.world import World
from tests.support.fake_board import Board

MINUTE_MS = 60000


class DictStore(dict):
    def put(self, name, value):
        self[name] = value


def booted(store, cause=POWER_ON):
    return Supervisor(Journal(store), cause)


# --- what stands still


# Part: when it hangs, the deadline, how long it may sleep before it has something to do: the pace of readings; the deadline of a join.
PARTS = {'charger': (100, LATE_MS // 1000, 2), 'session': (3, SESSION_LATE_MS // 1000, 20), 'controller': (100, LATE_MS // 1000, 2)}


class Hung:
    """Everything of a part but its poll, which does nothing, or its step, which wants to be called again for ever."""

    def __init__(self, part):
        self._part = part

    def poll(self, now_ms):
        return None

    def step(self, now_ms):
        return 0

    def __getattr__(self, name):
        return getattr(self._part, name)


@pytest.mark.parametrize('name', PARTS)
def test_a_part_that_hangs_is_named_and_the_watchdog_bites(name, evidence):
    world = World(scenario.complete({'duration_s': 300}))
    log = []
    world.log = log.append

    hung_s, deadline_s, sleeps_s = PARTS[name]
    world.kernel.at(hung_s * 1000000, lambda: setattr(world.app, name, Hung(getattr(world.app, name))))
    bitten = []

    def bite():
        if world.board is not None and world.kernel.now_us >= world.board.watchdog.bites_us:
            bitten.append(world.kernel.now_us // 1000000)
            world._halt_with('watchdog')
            world.flash.cause = WATCHDOG
        else:
            world.kernel.after(1000000, bite)

    bite()
    world.run(300)
    most_s = sleeps_s + deadline_s + config.WATCHDOG_S + main.SLEEP_MS // 1000
    assert hung_s + deadline_s + config.WATCHDOG_S <= bitten[0] <= hung_s + most_s
    assert 'stalled: ' + name in log
    store = DictStore(world.flash.records)
    crash = booted(store)._last
    assert (crash.error, crash.module, crash.line) == (STALLED, name, 0) and hung_s <= crash.uptime_s <= bitten[0]
    told = [entry['decoded'] for entry in world.timeline if entry['kind'] == 'uplink' and entry['f_port'] == 12]
    if booted(store).crash is None:
        assert [(page['error'], page['module']) for page in told] == [(STALLED, name)]     # by the boot after it, as soon as it had joined
    evidence('s from a %s that hangs to the bite of the watchdog' % name, bitten[0] - hung_s, most_s)


# --- how a boot ended


def test_a_crash_is_told_once():
    store = DictStore()
    booted(store).crashed('KeyError', 'actor', 123, 45678)
    supervisor = booted(store, CRASH)
    crash = supervisor.crash
    assert (crash.error, crash.module, crash.line, crash.uptime_s) == ('KeyError', 'actor', 123, 45)
    supervisor.crash_sent()
    assert supervisor.crash is None and booted(store).crash is None


def test_one_that_was_not_told_survives_a_power_cut():
    store = DictStore()
    booted(store).crashed('KeyError', 'actor', 123, 45678)
    assert booted(store).crash is not None and booted(store).crash is not None


def test_a_long_name_of_a_module_is_kept_whole_and_an_older_firmware_reads_its_first_letters():
    store = DictStore()
    booted(store).crashed('KeyError', 'link_supervision', 12, 3000)
    assert booted(store).crash.module == 'link_supervision'
    assert Journal(store).get(BOOT_RECORD)[12:20] == b'link_sup'


def test_the_same_crash_again_is_not_written_again_until_it_was_told():
    store = DictStore()
    journal = Journal(store)
    supervisor = Supervisor(journal, POWER_ON)
    supervisor.crashed('KeyError', 'actor', 123, 1000)
    writes = journal.writes
    supervisor.crashed('KeyError', 'actor', 123, 2000)
    assert journal.writes == writes
    supervisor.crashed('KeyError', 'actor', 124, 2000)
    assert journal.writes == writes + 1
    supervisor.crash_sent()
    supervisor.crashed('KeyError', 'actor', 124, 3000)
    assert booted(store).crash.uptime_s == 3


@pytest.mark.parametrize('cause, resets, crashes', [(POWER_ON, 0, 0), (PLANNED, 1, 0), (WATCHDOG, 1, 1), (CRASH, 1, 1)])
def test_planned_and_unplanned_resets_are_counted_apart(cause, resets, crashes):
    store = DictStore()
    for _ in range(3):
        supervisor = booted(store, cause)
    assert (supervisor.resets, supervisor.crashes) == (3 * resets, 3 * crashes)


def test_a_boot_loop_of_years_stops_writing():
    store = DictStore()
    writes = []
    for _ in range(400):
        journal = Journal(store)
        Supervisor(journal, CRASH).crashed('KeyError', 'actor', 1, 1000)
        writes.append(journal.writes)
    assert sum(writes[300:]) == 0


def test_a_store_that_fails_costs_the_memory_only():
    class Broken:
        def get(self, name):
            raise HalError(STORE, 'gone')

        put = get

    supervisor = Supervisor(Journal(DictStore()), CRASH)
    supervisor._journal.put = lambda name, value: Broken().get(name)
    supervisor.crashed('KeyError', 'actor', 1, 0)
    assert supervisor.crash.line == 1
    assert Supervisor(Journal(Broken()), CRASH).bad_ends == 1


@given(st.binary(max_size=40), st.sampled_from([POWER_ON, PLANNED, WATCHDOG, CRASH]))
def test_no_record_keeps_the_monitor_from_starting(record, cause):
    store = DictStore()
    if record:
        Journal(store).put('boot', record)
    supervisor = booted(store, cause)
    assert 0 <= supervisor.back_off_ms <= max(BACK_OFF_MIN) * MINUTE_MS
    if supervisor.crash is not None:
        crash = supervisor.crash
        assert len(report_frames.crash(0, 1, 1, crash.error, crash.module, crash.line, crash.uptime_s)) <= 11
    supervisor.crashed('KeyError', 'actor', 70000, 1 << 45)
    assert booted(store).crash.module == 'actor'


# --- where it came from


def raised():
    try:
        {}['key']
    except KeyError as error:
        return error


def test_the_place_is_that_of_the_statement_that_raised():
    assert trace.place(raised()) == ('test_supervisor', raised.__code__.co_firstlineno + 2)
    assert trace.place(ValueError()) == ('', 0)


def test_the_place_in_a_trace_of_micropython():
    text = 'Traceback (most recent call last):\n  File "main.py", line 9, in start\n' \
        '  File "app/control/controller.py", line 120, in step\nKeyError: x", line 5x\n'
    assert trace.read_place(text.replace('x", line 5x', 'x')) == ('controller', 120)
    assert trace.read_place('') == trace.read_place('KeyError') == trace.read_place('", line 5') == ('', 0)


def test_a_trace_without_line_numbers_gives_the_function():
    text = 'Traceback (most recent call last):\n  File "main", line 1, in start\n  File "actor", line 1, in %s\nKeyError: x\n'
    assert trace.read_place(text % 'aB') == ('actor', 0x6142)
    assert trace.read_place(text % 'step') == ('actor', 0x7374)
    assert trace.read_place(text % 'a') == ('actor', 0x6100)
    assert trace.read_place('File "actor", line 1, in ') == ('actor', 1)


@given(st.text(alphabet='File "line ,in19./abc\n', max_size=80))
def test_no_trace_makes_it_raise(text):
    module, line = trace.read_place(text)
    assert isinstance(module, str) and line >= 0


# --- boot loops


def test_three_bad_ends_in_a_row_back_off_and_ten_good_minutes_forget_them():
    store = DictStore()
    assert [booted(store, CRASH).back_off_ms // MINUTE_MS for _ in range(7)] == [0, 0, 1, 5, 15, 15, 15]
    assert booted(store, PLANNED).back_off_ms == booted(store, POWER_ON).back_off_ms == 15 * MINUTE_MS
    supervisor = booted(store, WATCHDOG)
    supervisor.tick((), GOOD_MS)             # not begun yet
    supervisor.begin(GOOD_MS)
    supervisor.tick((), 2 * GOOD_MS - 1)
    assert supervisor.back_off_ms
    supervisor.tick((), 2 * GOOD_MS)
    assert supervisor.back_off_ms == booted(store).back_off_ms == 0


def looping(ends, board=None):
    """A board whose last boots ended badly that often, the last with a crash."""
    board = board or Board()
    for _ in range(ends):
        Supervisor(Journal(board.store), CRASH)
    Supervisor(Journal(board.store), POWER_ON).crashed('KeyError', 'actor', 7, 9000)
    return board


def test_while_it_backs_off_the_box_is_left_alone_and_the_crash_told():
    board = looping(3)
    told = []
    assert board.run(lambda: main.start(board, config.Settings(), told.append), MINUTE_MS - 1000)
    assert (board.wire.sent, told) == ([], []) and board.fed
    frames = dict((port, payload) for _, port, payload in board.radio.frames)
    assert frames[10][2] >> 5 == vocabulary.DISABLED
    assert frames[12] == report_frames.crash(vocabulary.DISABLED, 1, 1, 'KeyError', 'actor', 7, 9)
    assert Supervisor(Journal(board.store), POWER_ON).crash is None


def test_then_the_application_starts_in_the_same_session():
    board = looping(3)
    told = []
    assert board.run(lambda: main.start(board, config.Settings(), told.append), 3 * MINUTE_MS)
    assert board.wire.sent and len(told) == 1 and board.radio.joins == 1
    assert not [line for line in board.lines if line.startswith('stalled')]


def command(word, issued_at=1800000000, data=b''):
    return bytes([vocabulary.COMMANDS.index(word), 9]) + issued_at.to_bytes(4, 'big') + (600).to_bytes(2, 'big') + data


@pytest.mark.parametrize('word, data, at_ms, utc_s, result, resets', [
    ('reboot', b'', 70000, None, 'done', ['command']),
    ('reboot', b'', 30000, None, 'busy', []),
    ('reboot', b'', 30000, 1800000599, 'done', ['command']),
    ('reboot', b'', 70000, 1800000600, 'expired', []),
    ('report', b'\x00', 30000, None, 'done', []),
    ('report', b'\x09', 30000, None, 'busy', []),
    ('start', b'', 30000, None, 'busy', []),
    ('lock', b'\x00', 30000, None, 'busy', []),
])
def test_while_it_backs_off_it_obeys_reboot_and_report_and_says_busy_to_all_else(word, data, at_ms, utc_s, result, resets):
    board = looping(4)
    board.clock.utc = utc_s
    board.at(at_ms, lambda: board.radio.push(20, command(word, data=data)))
    board.run(lambda: main.start(board, config.Settings()), 4 * MINUTE_MS)
    answers = [(ms, payload) for ms, port, payload in board.radio.frames if port == safe_mode.RESULT_PORT]
    assert len(answers) == 1 and answers[0][0] - at_ms < 15000
    assert vocabulary.RESULTS[answers[0][1][3] >> 5] == result and board.resets == resets
    assert board.wire.sent == []


def test_while_it_backs_off_the_same_reboot_is_obeyed_once_and_after_it_only_answered():
    board = looping(4)
    answers = []
    for boot in range(3):
        if boot:
            looping(4, board)
        board.at(board.clock.now_ms() + 70000, lambda: board.radio.push(20, command('reboot')))
        board.run(lambda: main.start(board, config.Settings()), board.clock.now_ms() + 4 * MINUTE_MS)
        answers += [payload[3] >> 5 for _, port, payload in board.radio.frames if port == safe_mode.RESULT_PORT]
        board.radio.frames.clear()
        assert board.wire.sent == []
    assert board.resets == ['command'] and answers == [0, 0, 0]


@pytest.mark.parametrize('spoiled', [b'rubbish', bytes(40)])
def test_while_it_backs_off_and_cannot_read_its_memory_it_leaves_that_alone_and_does_not_reboot(spoiled):
    board = looping(4)
    journal = Journal(board.store)
    journal.put('owner', spoiled)
    board.at(70000, lambda: board.radio.push(20, command('reboot')))
    board.run(lambda: main.start(board, config.Settings()), 4 * MINUTE_MS)
    answers = [payload[3] >> 5 for _, port, payload in board.radio.frames if port == safe_mode.RESULT_PORT]
    assert answers == [vocabulary.RESULTS.index('busy')] and board.resets == []
    assert Journal(board.store).get('owner') == spoiled


@pytest.mark.parametrize('port, payload', [(1, b'\x01'), (2, b'\x01'), (20, command('lock')), (20, command('stop'))])
def test_what_opens_ends_the_backing_off_at_once_and_is_obeyed_by_the_application(port, payload):
    board = looping(4)
    board.box.code = 0xB2
    board.at(70000, lambda: board.radio.push(port, payload))
    told = []
    board.run(lambda: main.start(board, config.Settings(), told.append), 70000 + 2 * MINUTE_MS)
    lock = payload[0] == 1
    assert len(told) == 1 and told[0].controller.claims.locked is lock and bool(told[0].controller.claims.stopped) is not lock
    first_ms, register, value = board.box.writes[0]
    assert (register, value) == ((5, 0xE0E0) if lock else (0x14, 1000)) and first_ms - 70000 < 5000
    assert board.resets == []


@pytest.mark.parametrize('port, payload', [(20, b'\x0f\x00\x00\x00\x00'), (20, b''), (99, b'\x01'), (202, b'\x01\x02'), (1, b'\x07')])
def test_what_is_no_command_is_not_answered(port, payload):
    board = looping(4)
    board.at(70000, lambda: board.radio.push(port, payload))
    assert board.run(lambda: main.start(board, config.Settings()), 3 * MINUTE_MS)
    assert safe_mode.RESULT_PORT not in [port for _, port, _ in board.radio.frames]


# --- the last resort


def test_the_last_resort_keeps_what_and_where():
    board = Board()

    def spoil(monitor):
        def poll(now_ms):
            raise KeyError('x')
        monitor.poll = poll

    assert board.run(lambda: main.start(board, config.Settings(), spoil), 60000) is False
    crash = Supervisor(Journal(board.store), CRASH).crash
    assert (crash.error, crash.module, crash.line) == ('KeyError', 'test_supervisor', spoil.__code__.co_firstlineno + 2)
    assert board.resets == ['crash']


def test_a_last_resort_that_fails_itself_still_resets():
    board = Board()

    def fail(text):
        raise MemoryError

    def spoil(monitor):
        monitor.poll = None
        trace_place = trace.place
        trace.place = lambda error: fail('')
        board.at_end = lambda: setattr(trace, 'place', trace_place)

    board.run(lambda: main.start(board, config.Settings(), spoil), 60000)
    board.at_end()
    assert board.resets == ['crash'] and board.lines[-1] == 'crashed twice'
