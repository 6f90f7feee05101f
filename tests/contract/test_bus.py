"""Every board's Bus against hal/contract.py."""
import pytest
from hal.contract import BUS, HalError

REQUEST = b":0103002E0005C9\r\n"
CHAR_MS = 11 / 38.4


def now_ms(rig):
    return rig.board.clock.now_ms()


def test_nothing_to_read_is_empty_and_takes_no_time(rig):
    before = now_ms(rig)
    assert [rig.board.bus.read() for _ in range(20)] == [b""] * 20
    assert now_ms(rig) - before <= 1 + rig.slack_ms


@pytest.mark.parametrize("data", [b"\x00", b">01030A2E0B01140006\r\n", bytes(range(256))])
def test_what_others_send_is_read_once_and_whole(rig, data):
    rig.feed(data)
    rig.settle(100)
    assert rig.board.bus.read() == data
    assert rig.board.bus.read() == b""


def test_reading_amid_a_frame_gives_the_part_that_is_there_and_later_the_rest(rig):
    seen = []
    for part in (b">0103", b"0A2E", b"\r\n"):
        rig.feed(part)
        rig.settle(20)
        seen.append(rig.board.bus.read())
    assert seen == [b">0103", b"0A2E", b"\r\n"]


@pytest.mark.parametrize("length", [1, 17, 127, 128, 129, 300])
def test_a_transmission_is_on_the_wire_whole_before_it_returns(rig, length):
    frame = bytes(index % 255 + 1 for index in range(length))
    before = now_ms(rig)
    rig.board.bus.transmit(frame)
    took = now_ms(rig) - before
    rig.settle(2)
    assert rig.heard() == frame
    assert length * CHAR_MS - 1 <= took <= (length + 2) * CHAR_MS + 4 + rig.slack_ms


def test_transmissions_follow_one_another(rig):
    for _ in range(5):
        rig.board.bus.transmit(REQUEST)
        rig.settle(3)
    assert rig.heard() == REQUEST * 5


def test_the_driver_is_off_from_the_start(rig):
    assert not rig.was_driven_at_open()
    assert not rig.driven()


def test_the_driver_is_off_after_a_transmission(rig):
    rig.board.bus.transmit(REQUEST)
    assert not rig.driven()


def test_an_answer_right_after_the_request_is_heard(rig):
    rig.board.bus.transmit(REQUEST)
    rig.feed(b">01")
    rig.settle(20)
    assert rig.board.bus.read() == b">01"


@pytest.mark.parametrize("after", [0, 1, 9])
def test_a_port_that_fails_amid_a_frame_leaves_the_driver_off(breakable_rig, after):
    breakable_rig.break_bus(after)
    with pytest.raises(HalError) as caught:
        breakable_rig.board.bus.transmit(REQUEST)
    assert caught.value.args[0] == BUS
    assert not breakable_rig.driven()


def test_a_port_that_comes_back_is_used_again(breakable_rig):
    breakable_rig.break_bus(3)
    with pytest.raises(HalError):
        breakable_rig.board.bus.transmit(REQUEST)
    assert breakable_rig.board.bus.read() == b""
    breakable_rig.mend_bus()
    breakable_rig.settle(20)
    breakable_rig.heard()
    breakable_rig.board.bus.transmit(REQUEST)
    breakable_rig.settle(2)
    assert breakable_rig.heard() == REQUEST
    breakable_rig.feed(b">01")
    breakable_rig.settle(20)
    assert breakable_rig.board.bus.read() == b">01"
