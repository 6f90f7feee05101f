"""The id of the box: configured, asked for or overheard, and never taken from a damaged frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fake_bus import Box, Panel, Wire, telegram

from modbus import id_finder
from modbus.charger import BLOCK, FOUND, NOT_SENT, READING, READ_FAILED, SIGHTING, WRITTEN, ChargerClient


class OpenBox(Box):
    """A box that may answer a broadcast read of 0x0001, with its own id or with 0."""

    def __init__(self, wire, device_id, signs=None, says=None, **options):
        super().__init__(wire, device_id, **options)
        self.signs = signs                                      # id in its answer to a broadcast, None: no answer
        self.says = device_id if says is None else says         # id in the register

    def hear(self, frame, end_us):
        super().hear(frame, end_us)
        if frame == telegram(':', '000300010002') and self.signs is not None and not self.off and self.heard:
            self.wire.say(self.name, telegram('>', '%02x030401%02x13be' % (self.signs, 0x80 | self.says)), self.latency_ms * 1000)

    def answer(self, function, address, rest):
        if (function, address) == (3, 1):
            return '030401%02x13be' % (0x80 | self.says)
        return super().answer(function, address, rest)


def world(*box, **options):
    wire = Wire()
    return wire, OpenBox(wire, *box, **options), ChargerClient(wire, None)


@pytest.mark.parametrize('device_id', [1, 7, 16])
@pytest.mark.parametrize('signs_zero', [False, True])
def test_a_broadcast_finds_the_box_whatever_id_it_signs_with(device_id, signs_zero):
    wire, box, client = world(device_id, 0 if signs_zero else device_id)
    events = wire.run(client, 5000)
    assert [event for _, event in events][:2] == [FOUND, READING] and events[1][0] < 1400
    assert client.device_id == device_id and wire.sent[0][2] == b':000300010002FA\r\n' and len(wire.sent) == 3
    assert client.answered_ms > events[1][0] and client.heard_ms is not None


def test_a_box_that_answers_no_broadcast_is_asked_by_each_id_in_turn():
    wire, box, client = world(11)
    events = wire.run(client, 40_000)
    assert FOUND in [event for _, event in events] and client.device_id == 11 and READING in [event for _, event in events]
    asked = [frame[1:3] for _, _, frame in wire.sent]
    assert asked.index(b'00') < asked.index(b'01') < asked.index(b'0A') < asked.index(b'0B')
    assert all(frame[3:5] == b'03' for _, _, frame in wire.sent)


def test_the_search_goes_on_until_there_is_a_box():
    wire, box, client = world(16)
    box.off = True
    assert [event for _, event in wire.run(client, 60_000) if event != READ_FAILED] == [] and client.device_id is None
    box.off = False
    assert FOUND in [event for _, event in wire.run(client, 100_000)] and client.device_id == 16


def test_watched_limits_and_blocks_wait_for_the_id():
    wire, box, client = world(3, 3)
    client.watch_limits = True
    assert client.read(0x0004, 1, 0) is False
    wire.run(client, 20_000)
    assert client.limits and client.device_id == 3


@pytest.mark.parametrize('spontaneous', [False, True])
def test_two_frames_that_agree_are_enough(spontaneous):
    wire, box, client = world(5)
    Panel(wire, box, 1000, spontaneous=spontaneous)
    events = wire.run(client, 4000)
    assert client.device_id == 5 and dict((event, ms) for ms, event in events)[FOUND] < 1500
    assert SIGHTING in [event for _, event in events] and READING in [event for _, event in events]


@pytest.mark.parametrize('frames, found', [
    (['>07030204b1', '>07030204b1'], 7),
    (['>07030204b1', '>08030204b1', '>08030204b1'], 8),
    (['>07030204b1', '>08030204b1', '>07030204b1'], None),     # two boxes
    (['>07030204b1'], None),
    ([':070300040001', ':070300040001'], None),                # questions: whether that box is there, nobody knows
    (['>00030204b1', '>00030204b1'], None), (['>11030204b1', '>11030204b1'], None), (['>ff030204b1', '>ff030204b1'], None),
])
def test_what_is_heard_is_believed_when_it_agrees(frames, found):
    search = id_finder.IdFinder()
    results = [search.hear(ord(frame[0]), bytes.fromhex(frame[1:])) for frame in frames]
    assert results[-1] == found and not any(results[:-1])


def test_an_id_is_never_adopted_from_a_frame_with_a_bad_checksum():
    # D-06: the original adopted the id of the first frame, even of a corrupted one.
    wire = Wire()
    client = ChargerClient(wire, None)
    for ms in range(100, 20_000, 700):
        wire.at(ms * 1000, lambda: wire.inject(b'>07030204B138\r\n'))
        wire.at(ms * 1000 + 300_000, lambda: wire.inject(b'>070304018713BE00\r\n'))
    wire.run(client, 30_000)
    assert client.device_id is None and client.counts['lrc_errors'] > 40


@pytest.mark.parametrize('hex_body, device_id', [
    ('01030401411234', 1), ('00030401423412', 2), ('10030401900000', 16),
    ('0f030401011509', 15),
    ('00030401400000', None), ('00030401510000', None), ('11030401010000', None),
    ('01030402410000', None), ('0103040141', None), ('010304014112345678', None), ('01100401411234', None), ('0103050141123455', None),
])
def test_the_id_in_an_answer(hex_body, device_id):
    assert id_finder.id_in(bytes.fromhex(hex_body)) == device_id


@given(st.binary(max_size=12))
def test_any_body_has_an_id_from_1_to_16_or_none(body):
    assert id_finder.id_in(body) in (None,) + tuple(range(1, 17))


def test_nothing_is_ever_written_before_the_id_is_known():
    wire, box, client = world(3)
    box.off = True
    assert client.write(0x14, 1000, 0)
    outcomes = []
    wire.run(client, 10_000, lambda ms, event: outcomes.append(client.outcome) if event == WRITTEN else None)
    assert outcomes == [NOT_SENT] and client.counts['forbidden'] == 0
    assert all(frame[3:5] == b'03' for _, _, frame in wire.sent)
    box.off = False
    wire.run(client, 50_000)
    assert client.device_id == 3 and client.write(0x14, 1000, wire.now_us // 1000)
    wire.run(client, wire.now_us // 1000 + 3000)
    assert [write[1:] for write in box.writes] == [(0x14, 1000)]


def test_a_question_on_its_way_when_the_id_is_heard_does_no_harm():
    wire, box, client = world(9)
    for ms in (1210, 1230):
        wire.at(ms * 1000, lambda: wire.inject(telegram('>', '09030204a1')))
    wire.at(1_300_000, lambda: wire.inject(telegram('>', '00030401490000')))   # late, to the broadcast
    events = [event for _, event in wire.run(client, 10_000)]
    assert client.device_id == 9 and WRITTEN not in events and events.count(READING) >= 4


# --- blocks on demand

def test_a_block_is_read_between_the_readings():
    wire, box, client = world(1, 1)
    wire.run(client, 10_500)
    assert client.read(0x0001, 2, 10_500) and not client.read(0x0006, 2, 10_500)
    events = wire.run(client, 11_000)
    assert [event for _, event in events] == [BLOCK] and client.block.hex() == '018113be' and client.block_address == 1
    assert client.read(0x0006, 2, 11_000)
    events = wire.run(client, 20_000)
    assert BLOCK in [event for _, event in events] and client.block is None and client.block_address == 6
    assert [event for _, event in events].count(READING) >= 4 and READ_FAILED not in [event for _, event in events]
