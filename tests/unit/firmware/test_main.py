"""The loop feeds the watchdog only while every part makes progress; an uncaught exception ends in a log line and a reset."""

import re
from types import SimpleNamespace

import config
import main
import pytest
from app.application import Application
from app.runtime.scheduler import LATE_MS, Task
from hal.contract import RED, STORE, HalError
from tests.support.fake_board import Board

STARTED = 'started 0.5.0 checkout'
REGION = 'region AU915, sub-band 2'


class BusyApplication:
    """An application that takes busy_ms for every poll and says what is due."""

    def __init__(self, board, busy_ms=0, due_in_ms=1000):
        self.board = board
        self.busy_ms = busy_ms
        self.due_in_ms = due_in_ms
        self.noted = []
        self.charger = SimpleNamespace(note_busy=self.noted.append, awaits=False)
        self.polls = []
        self.due_ms = 0
        self.tasks = (Task('part', None, LATE_MS, self),)

    def poll(self, now_ms):
        self.polls.append(now_ms)
        self.board.wire.now_us += self.busy_ms * 1000
        self.due_ms = now_ms + self.due_in_ms
        return self.due_ms


def looped(until_ms=60000, **given):
    board = Board()
    part = BusyApplication(board, **given)
    board.run(lambda: main.loop(board, part), until_ms)
    return board, part


def test_it_sleeps_until_something_is_due():
    board, part = looped(due_in_ms=1000)
    assert part.polls[:3] == [0, 1000, 2000]


def test_it_never_sleeps_so_long_that_the_watchdog_would_bite():
    board, part = looped(due_in_ms=1 << 60)
    assert part.polls[:3] == [0, main.SLEEP_MS, 2 * main.SLEEP_MS]
    assert main.SLEEP_MS <= 5000    # the shortest WATCHDOG_S that may be set
    assert max(b - a for a, b in zip(board.fed, board.fed[1:], strict=False)) <= main.SLEEP_MS


def test_a_turn_that_leaves_its_due_time_behind_starves_the_watchdog_after_the_deadline():
    board, _ = looped(until_ms=60000, due_in_ms=-LATE_MS)
    assert LATE_MS - 2 * main.CHECK_MS <= board.fed[-1] <= LATE_MS + 2 * main.CHECK_MS
    assert board.lines == ['stalled: part']


def test_a_turn_that_is_a_little_late_is_fed():
    board, _ = looped(until_ms=60000, due_in_ms=-900)
    assert board.fed[-1] >= 59990 and board.lines == []


@pytest.mark.parametrize('busy_ms, noted', [(0, []), (main.BUSY_MS, []), (main.BUSY_MS + 1, [main.BUSY_MS + 1]), (3000, [3000])])
def test_a_long_turn_is_told_to_the_bus(busy_ms, noted):
    _, part = looped(until_ms=500, busy_ms=busy_ms)
    assert set(part.noted) == set(noted)


def test_what_is_done_once_a_second_is_told_to_the_bus_if_it_takes_long():
    board = Board()
    part = BusyApplication(board)

    def write(now_ms):
        board.wire.now_us += 317000

    board.run(lambda: main.loop(board, part, None, write), 5000)
    assert set(part.noted) == {317}


def test_what_is_done_once_a_second_waits_until_the_box_has_answered():
    board = Board()
    part = BusyApplication(board, due_in_ms=100)
    part.charger.awaits = True
    checked = []

    def look(now_ms):
        checked.append(now_ms)

    def answer():
        part.charger.awaits = board.clock.now_ms() < 2500

    part.poll = lambda now_ms: (answer(), now_ms + 100)[1]
    board.run(lambda: main.loop(board, part, None, look), 5000)
    assert checked == [2500, 3000, 4000, 5000]


@pytest.mark.parametrize('minutes, times', [(0.9, 0), (1.1, 1), (5, 1)])
def test_a_version_that_has_worked_for_a_minute_has_proven_itself_once(minutes, times):
    board = Board()
    proven = []
    board.run(lambda: main.start(board, config.Settings(), None, lambda: proven.append(board.clock.now_ms())), int(60000 * minutes))
    assert len(proven) == times


# --- the last resort


def test_whatever_escapes_is_logged_and_ends_in_a_reset():
    board = Board()

    def spoil(monitor):
        def poll(now_ms):
            raise ValueError('nobody thought of it')
        monitor.charger = SimpleNamespace(poll=poll, note_busy=None, due_ms=0, awaits=False)

    assert board.run(lambda: main.start(board, config.Settings(), spoil), 60000) is False
    assert board.resets == ['crash']
    assert board.lines[1:3] == [STARTED, "crashed: ValueError nobody thought of it"]
    assert re.match(r'in: test_main \d+$', board.lines[3])


def test_a_failure_while_the_application_is_built_ends_in_a_reset_too():
    board = Board()

    def unique_id():
        raise HalError(STORE, 'flash gone')

    board.system.unique_id = unique_id
    assert board.run(lambda: main.start(board, config.Settings()), 60000) is False
    assert board.resets == ['crash'] and board.lines[0].startswith('crashed: HalError')


def test_it_is_the_monitor_that_runs_and_whoever_starts_it_is_told():
    board = Board()
    told = []
    assert board.run(lambda: main.start(board, config.Settings(), told.append), 30000)
    assert isinstance(told[0], Application)
    assert board.lines[:2] == [REGION, STARTED] and board.resets == []
    assert [port for _, port, _ in board.radio.frames] == [10, 202]


# --- settings


def test_wrong_settings_transmit_nothing_on_bus_and_air():
    board = Board()
    main.start(board, config.Settings({'REGION': 'EU', 'CHARGER_ID': 0, 'COLOUR': 'red'}))
    assert (board.radio.joins, board.radio.frames, board.wire.sent, board.fed) == (0, [], [], [])
    assert [colour for _, colour in board.colours] == [RED]
    assert [line.split()[1] for line in board.lines] == ['COLOUR', 'REGION', 'CHARGER_ID']


def test_a_data_rate_the_region_does_not_know_is_named():
    assert [name for name, _ in main.check(config.Settings({'REGION': 'US915', 'DATA_RATE': 5}))] == ['DATA_RATE']


# --- jitter


def test_two_boards_do_not_try_in_step_and_one_is_always_the_same():
    def draws(unique_id):
        jitter = main.Jitter(unique_id)
        return [jitter(10000) for _ in range(20)]

    assert draws(b'\x24\x0a\xc4\x00\x00\x01') == draws(b'\x24\x0a\xc4\x00\x00\x01')
    assert draws(b'\x24\x0a\xc4\x00\x00\x01') != draws(b'\x24\x0a\xc4\x00\x00\x02')
    assert all(0 <= draw < 10000 for draw in draws(bytes(8)))
    assert len(set(draws(bytes(6)))) > 15


class BoardModule:
    """A module of hal that notes what becomes of it."""

    def __init__(self, needs_keys):
        self.needs_keys = lambda settings: needs_keys
        self.is_weak = False
        self.opened = []
        self.refused = []

    def open(self, settings, keys):
        self.opened.append((settings, keys))
        return self

    def cannot_do(self, settings, wrong):
        return [('WATCHDOG_S', 'is too long')] if self.is_weak else []

    def refuse(self, lines, settings):
        assert isinstance(settings, config.Settings)
        self.refused.extend(lines)


@pytest.fixture
def run_on(monkeypatch):
    """run_on(needs_keys): main.run() without a keys file on a board of that kind; its module, and what start() was given."""

    def run(needs_keys):
        module = BoardModule(needs_keys)
        started = []
        monkeypatch.setitem(main.BOARDS, main.sys.platform, 'hal.imagined')
        monkeypatch.setitem(main.sys.modules, 'hal.imagined', module)
        monkeypatch.setitem(main.sys.modules, 'keys', None)    # there are none
        monkeypatch.setattr(main, 'start', lambda *arguments: started.append(arguments))
        main.run()
        return module, started

    return run


def test_a_board_is_opened_with_its_settings_and_keys(run_on):
    module, started = run_on(needs_keys=False)
    settings, keys = module.opened[0]
    assert isinstance(settings, config.Settings) and keys is None
    assert started == [(module, settings, None, None)]


@pytest.mark.parametrize('site, named', [
    (None, []),
    (SimpleNamespace(), []),
    (SimpleNamespace(REGION='EU', COLOUR='red'), ['COLOUR', 'REGION']),
])
def test_a_board_is_opened_with_the_settings_of_its_site_or_not_at_all(run_on, monkeypatch, site, named):
    monkeypatch.setitem(main.sys.modules, 'local_config', site)
    module, _ = run_on(needs_keys=False)
    assert [line.split()[1] for line in module.refused] == named and len(module.opened) == (not named)


def test_a_site_whose_settings_cannot_be_read_is_refused_with_the_keys_that_are_missing_too(run_on, monkeypatch):
    def broken():
        raise SyntaxError('invalid syntax')

    monkeypatch.setattr(config, 'of_site', broken)
    module, started = run_on(needs_keys=True)
    assert (module.opened, started) == ([], [])
    assert [line.split()[1] for line in module.refused] == ['local_config.py', 'keys.py'] and 'SyntaxError' in module.refused[0]


def test_a_board_that_needs_keys_is_not_opened_without(run_on):
    module, started = run_on(needs_keys=True)
    assert (module.opened, started) == ([], [])
    assert len(module.refused) == 1 and 'keys.py' in module.refused[0]


def test_wrong_settings_and_keys_are_told_at_once_and_nothing_is_opened(run_on, monkeypatch):
    monkeypatch.setattr(config, 'REGION', 'EU')
    monkeypatch.setattr(config, 'CHARGER_ID', 0)
    module, started = run_on(needs_keys=True)
    assert (module.opened, started) == ([], [])
    assert [line.split()[1] for line in module.refused] == ['REGION', 'CHARGER_ID', 'keys.py']


def test_what_the_kind_of_board_cannot_do_is_told_with_the_rest(run_on, monkeypatch):
    monkeypatch.setattr(config, 'REGION', 'EU')
    monkeypatch.setattr(BoardModule, 'is_weak', property(lambda self: True, lambda self, value: None), raising=False)
    module, started = run_on(needs_keys=False)
    assert (module.opened, started) == ([], [])
    assert [line.split()[1] for line in module.refused] == ['REGION', 'WATCHDOG_S']
