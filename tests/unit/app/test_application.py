"""The parts wired together, with the real client and session on a board in virtual time."""

import config
import main
import pytest
from app.control.controller import TICK_MS
from hal.contract import BLUE, GREEN, PURPLE, RED, WHITE, YELLOW, HalError
from tests.support.fake_board import JOIN_MS, Board

STATUS, RESULT = 10, 11


class ApplicationOnBoard:
    """A monitor on a board."""

    def __init__(self, code=0xB1, **settings):
        self.board = Board()
        self.board.box.code = code
        self.monitor = main.build(self.board, config.Settings(settings))

    def run(self, until_ms):
        return self.board.run(lambda: main.loop(self.board, self.monitor), until_ms)

    def frames(self, port):
        return [payload for _, at_port, payload in self.board.radio.frames if at_port == port]

    @property
    def colours(self):
        return [colour for _, colour in self.board.colours]


def test_the_first_uplink_is_the_state_of_the_box():
    rig = ApplicationOnBoard(0xC2)
    assert rig.run(30000)
    assert [payload[1] for payload in rig.frames(STATUS)] == [0xC2]
    assert rig.board.radio.joins == 1


def test_the_light_is_red_until_joined_and_then_the_colour_of_the_state():
    rig = ApplicationOnBoard(0xC2)
    rig.run(JOIN_MS - 100)
    assert rig.colours == [RED]
    rig.run(JOIN_MS + 1000)
    assert rig.colours == [RED, GREEN]


@pytest.mark.parametrize('code, colour', [
    (0xA1, BLUE), (0xB1, YELLOW), (0xB2, WHITE), (0xC3, GREEN), (0xE0, PURPLE), (0xE2, PURPLE), (0xF9, RED), (0x7E, RED)])
def test_the_light_of_each_state(code, colour):
    rig = ApplicationOnBoard(code)
    rig.run(30000)
    assert rig.colours[-1] == colour


def test_the_light_goes_red_when_the_box_is_gone_and_comes_back_with_it():
    rig = ApplicationOnBoard(0xA1)
    rig.board.box.car = False   # else it might be a box that has just started, and does not see its car yet
    rig.board.at(30000, lambda: setattr(rig.board.box, 'off', True))
    rig.board.at(200000, lambda: setattr(rig.board.box, 'off', False))
    rig.run(300000)
    assert rig.colours == [RED, BLUE, RED, BLUE]
    gone_ms, back_ms = [ms for ms, _ in rig.board.colours][2:]
    assert 85000 < gone_ms < 95000 and 200000 < back_ms < 210000


def test_the_activity_light_follows_the_frames():
    rig = ApplicationOnBoard()
    rig.run(10000)
    assert rig.board.active[:4] == [True, False, True, False]


def test_a_silent_box_is_reported_and_reported_again_when_it_answers():
    rig = ApplicationOnBoard(0xC2)
    rig.board.at(60000, lambda: setattr(rig.board.box, 'off', True))
    rig.board.at(200000, lambda: setattr(rig.board.box, 'off', False))
    rig.run(260000)
    words = [(payload[1], payload[2] >> 5) for payload in rig.frames(STATUS)]
    assert words == [(0xC2, 3), (0xC2, 5), (0xC2, 3)]


def test_a_command_is_done_and_answered_within_seconds():
    rig = ApplicationOnBoard(0xB1)
    rig.board.at(90000, lambda: rig.board.radio.push(1, b'\x01'))
    rig.board.wire.at(91000000, lambda: setattr(rig.board.box, 'code', 0xE0))
    rig.run(110000)
    assert [(register, value) for _, register, value in rig.board.box.writes] == [(5, 0xE0E0)]
    answers = [(ms, payload) for ms, port, payload in rig.board.radio.frames if port == RESULT]
    assert len(answers) == 1
    assert answers[0][1][:2] == bytes((0x11, 1)) and answers[0][1][3] >> 5 == 0 and answers[0][1][5] == 0xE0
    assert answers[0][0] < 95000


def test_a_command_to_a_silent_box_is_answered_too():
    rig = ApplicationOnBoard(0xB1)
    rig.board.at(90000, lambda: setattr(rig.board.box, 'off', True))
    rig.board.at(100000, lambda: rig.board.radio.push(1, b'\x03'))
    rig.run(120000)
    answers = [(ms, payload) for ms, port, payload in rig.board.radio.frames if port == RESULT]
    assert len(answers) == 1 and answers[0][1][3] >> 5 == 2
    assert answers[0][0] < 109000 + TICK_MS


@pytest.mark.parametrize('begin_ms', range(9000, 20000, 1000))
def test_a_command_in_the_first_seconds_does_not_take_the_loop_its_sleep(begin_ms):
    """B2 is held back for 20 s, the first report is due after 15: a lock in between must not make the loop spin."""
    rig = ApplicationOnBoard(0xB2)
    rig.board.box.silent_writes = True
    rig.board.at(begin_ms, lambda: rig.board.radio.push(1, b'\x01'))
    naps = []
    rig.board.at(8000, lambda: naps.append(rig.board.clock.naps))
    rig.run(32000)
    assert rig.board.clock.naps - naps[0] < 24 * 15    # some a second, not thousands
    assert len(rig.frames(RESULT)) == 1


def test_rubbish_from_bus_and_air_changes_nothing():
    rig = ApplicationOnBoard(0xC2)
    board = rig.board
    for number in range(200):
        board.at(20000 + 137 * number, lambda number=number: board.wire.inject(bytes((number,)) * number + b'>0103\r\n\xff:'))
        board.at(20000 + 211 * number, lambda number=number: board.radio.push(number, bytes(range(number))))
    assert rig.run(120000)
    # The one on fPort 20 has the header of a command that there is not, and an answer that says so.
    assert rig.monitor.dispatcher.bad_downlinks == 199
    assert {payload[1] for payload in rig.frames(STATUS)} == {0xC2}
    assert board.box.writes == [] and board.resets == []


def test_a_box_that_says_no_to_every_reading_stops_nothing():
    rig = ApplicationOnBoard(0xB1)
    rig.board.box.answer = lambda function, address, rest: '%02x04' % (function | 0x80)
    rig.board.at(60000, lambda: rig.board.radio.push(1, b'\x01'))
    assert rig.run(120000)
    assert rig.frames(STATUS)[0][1] == 0 and len(rig.frames(RESULT)) == 1


def test_a_modem_that_hangs_for_good_is_reset_with_the_board_and_the_airtime_is_kept():
    rig = ApplicationOnBoard(0xA1)
    rig.board.at(60000, lambda: setattr(rig.board.radio, 'broken', True))
    assert not rig.run(3600000)
    assert rig.board.resets == ['radio']
    assert 'airtime_a' in rig.board.records


def test_a_modem_that_takes_frames_and_says_nothing_more_is_reset_too():
    rig = ApplicationOnBoard(0xA1)
    rig.board.radio.hangs = True
    assert not rig.run(12 * 3600000)
    assert rig.board.resets == ['radio']


def test_a_store_that_fails_stops_neither_commands_nor_reports():
    rig = ApplicationOnBoard(0xB1)

    def broken(name, value):
        raise HalError('store', 'worn out')

    rig.board.store.put = broken
    rig.board.at(90000, lambda: rig.board.radio.push(1, b'\x01'))
    rig.board.wire.at(91000000, lambda: setattr(rig.board.box, 'code', 0xE0))
    assert rig.run(120000)
    assert [payload[3] >> 5 for payload in rig.frames(RESULT)] == [0]


def test_without_a_network_the_box_is_watched_all_the_same():
    rig = ApplicationOnBoard(0xC2)
    rig.board.radio.join = lambda data_rate: False
    assert rig.run(60000)
    assert rig.monitor.evse_monitor.code == 0xC2 and len(rig.board.box.heard) >= 28
    assert rig.board.fed[-1] > 55000
    rig.board.box.code = 0xA1
    rig.run(70000)
    assert rig.monitor.evse_monitor.code == 0xA1


def test_the_owners_time_and_the_networks_answer_set_the_clock():
    rig = ApplicationOnBoard(0xB1, CLOCK_STATE=True)
    rig.run(58000)
    rig.board.radio.push(20, b'\x0f' + (1800000000).to_bytes(4, 'big'))
    rig.run(60000)
    assert 1800000000 <= rig.board.clock.utc <= 1800000002 and rig.monitor.dispatcher.bad_downlinks == 0
    port, request = [(port, payload) for _, port, payload in rig.board.radio.frames if port == 202][-1]
    assert request[5] >> 5 == 2    # Connected and Locked
    now_gps_s = 1775286000 - 315964800 + 18
    correction = (now_gps_s - int.from_bytes(request[1:5], 'little')) & 0xFFFFFFFF
    rig.board.radio.push(202, b'\x01' + correction.to_bytes(4, 'little') + bytes((request[5] & 15,)))
    rig.run(61000)
    asked_ms = [ms for ms, port, _ in rig.board.radio.frames if port == 202][-1]
    told_s = rig.board.clock.utc
    assert 0 <= told_s - 1775286000 - (60000 - asked_ms) // 1000 <= 1
    # Against the network's word the owner's only makes the monitor ask again.
    asked = len(rig.frames(202))
    rig.board.radio.push(20, b'\x0f' + (1800000000).to_bytes(4, 'big'))
    rig.run(70000)
    assert rig.board.clock.utc == told_s and len(rig.frames(202)) == asked + 1


def test_without_the_state_a_request_has_none_and_without_clock_sync_there_is_none():
    rig = ApplicationOnBoard(0xB1, CLOCK_STATE=False)
    rig.run(60000)
    assert rig.frames(202)[0][5] >> 5 == 0
    rig = ApplicationOnBoard(0xB1, CLOCK_SYNC=False)
    rig.run(3600000)
    assert rig.frames(202) == [] and len(rig.frames(STATUS)) > 0
