"""The log of a board says what is so, one line each, and nothing twice."""

import config
import main
from app.codec import vocabulary
from tests.support.fake_board import Board

MINUTE_MS = 60000
READY_MS = 90000


def living(code=0xB1):
    """(a board with that box, live(until_ms): its lines)."""
    board = Board()
    board.box.code, board.box.car = code, code != 0xA1
    application = main.build(board, config.Settings())

    def live(until_ms):
        assert board.run(lambda: main.loop(board, application), until_ms)
        return list(board.lines)

    return board, live


def test_a_start_says_what_is_so_once():
    _, live = living(0xA1)
    lines = live(READY_MS)
    assert lines[:2] == ['light: red, not joined', 'plan: none'] or lines[:3] == ['network: not joined', 'light: red, not joined', 'plan: none']
    assert sorted(lines[-3:]) == ['box: A1 no_vehicle', 'light: blue', 'network: joined']
    assert live(READY_MS + 20 * MINUTE_MS) == lines


def test_a_charging_session_and_each_change_of_the_box_are_told():
    board, live = living(0xA1)

    def show(code):
        board.box.code, board.box.car = code, code != 0xA1

    board.at(READY_MS, lambda: show(0xC2))
    board.at(READY_MS + 5 * MINUTE_MS, lambda: show(0xF9))
    board.at(READY_MS + 6 * MINUTE_MS, lambda: show(0xA1))
    lines = [line.split(',')[0] if line.startswith('session') else line for line in live(READY_MS + 8 * MINUTE_MS)]
    told = [line for line in lines if line.startswith(('box: ', 'session', 'light')) and line not in ('light: red, not joined', 'box: unreachable')]
    assert sorted(told) == sorted([
        'light: blue', 'box: A1 no_vehicle', 'light: green', 'box: C2 charging', 'session: 1 begins', 'light: red, fault', 'box: F9 fault',
        'light: blue', 'box: A1 no_vehicle', 'session: 1 ends'])


def test_a_request_and_its_answer_are_told_and_what_cannot_be_read_too():
    board, live = living(0xB1)
    request = bytes((vocabulary.COMMANDS.index('set_current'), 7)) + (1).to_bytes(4, 'big') + (600).to_bytes(2, 'big') + bytes((100,))
    board.at(READY_MS, lambda: board.radio.push(20, request))
    board.at(READY_MS + 9000, lambda: board.radio.push(20, b'\xff'))
    board.at(READY_MS + 20000, lambda: board.radio.push(1, b'\x01'))
    lines = live(READY_MS + MINUTE_MS)
    assert [line for line in lines if line.startswith(('request', 'answer'))] == [
        'request: set_current 7', 'answer: set_current 7 refused bad_argument', 'request: unknown',
        'request: lock', 'answer: lock failed not_confirmed']


def test_a_silent_box_is_told_with_the_light():
    board, live = living(0xA1)
    board.at(READY_MS, lambda: setattr(board.box, 'off', True))
    assert live(READY_MS + 3 * MINUTE_MS)[-2:] == ['light: red, unreachable', 'box: unreachable']
