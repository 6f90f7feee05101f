"""The firmware understands recorded traffic: every capture in docs/captures/, replayed. docs/hil.md describes the format."""
import json
import pathlib

import pytest
from modbus import ascii, charger, registers
from tools.hil import capture as hil_capture
from tools.hil.analysis import LOST, Traffic, body_of
from tools.hil.capture import RX, Capture

from tests.support.replay_bus import ReplayBus, part

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "docs" / "captures"
CAPTURES = sorted(FOLDER.glob("*.jsonl"))
HEADER = '{"format": "charger-capture", "version": 1}\n'


@pytest.fixture(params=CAPTURES, ids=lambda path: path.stem)
def capture(request):
    return hil_capture.load(request.param)


def test_there_is_a_capture_to_show_the_format():
    assert CAPTURES


def test_a_header_says_what_was_recorded(capture):
    header, events = capture
    assert {"date", "line", "simulated", "adapter", "box"} <= header.keys() and {"port", "direction"} <= header["adapter"].keys()
    assert header["box"] is None or {"id", "serial", "firmware", "hardware"} <= header["box"].keys()
    assert [event.t_ms for event in events] == sorted(event.t_ms for event in events)


def test_every_frame_is_found_in_whatever_pieces_it_came(capture):
    _, events = capture
    heard = [event.data for event in events if event.kind == RX]
    found = []
    for pieces in (heard, [b"".join(heard)], [bytes((byte,)) for byte in b"".join(heard)]):
        reader = ascii.Reader(dict.fromkeys(ascii.COUNTS, 0))
        bodies = []
        for piece in pieces:
            body = reader.take(piece)
            while body is not None:
                bodies.append((reader.start_char, body))
                body = reader.next()
        found.append(bodies)
    assert len(found[0]) > 10 and found[0] == found[1] == found[2]


def test_the_firmwares_client_reads_from_it_what_was_read_then(capture):
    _, events = capture
    polling = part(events, "polling", "end of polling")
    then = [one.answer for one in Traffic(polling).exchanges if one.outcome != LOST]
    bus = ReplayBus(polling)
    client = charger.ChargerClient(bus, then[0][0])
    client.watch_limits = True
    seen = dict.fromkeys((charger.READING, charger.LIMITS, charger.READ_FAILED, charger.SIGHTING), 0)
    codes = []
    while not bus.unanswered:
        event = client.poll(bus.now_ms)
        if event in seen:
            seen[event] += 1
        if event == charger.READING:
            codes.append(client.reading.code)
        if event == charger.IDLE:
            said_ms = bus.next_ms()
            due_ms = client.due_ms if said_ms is None else min(client.due_ms, said_ms)
            bus.now_ms = max(int(due_ms), bus.now_ms + 1)
    status = [answer for answer in then if answer[3] == registers.STATUS]
    assert codes == [answer[4] for answer in status]
    assert seen[charger.LIMITS] == sum(answer[3] == registers.LIMITS for answer in then)
    assert seen[charger.READ_FAILED] == 0


def test_what_is_recorded_is_loaded_again(tmp_path):
    capture = Capture(tmp_path / "one.jsonl", {"date": "2026-01-01T00:00:00Z", "box": None})
    capture.note("listening")
    capture.add("rx", b">\x00\xff")
    capture.add("tx", b":0103\r\n", 5.25)
    before_the_end, _ = hil_capture.load(capture.path)
    capture.close(box={"id": 2})
    header, events = hil_capture.load(capture.path)
    assert before_the_end["box"] is None and header["box"] == {"id": 2} and header["format"] == hil_capture.FORMAT
    assert events == capture.events
    assert [(event.kind, event.data, event.took_ms) for event in events] == [
        ("note", "listening", 0.0), ("rx", b">\x00\xff", 0.0), ("tx", b":0103\r\n", 5.25)]
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize("text", ["", "\n", "{}\n", "[]\n", "nonsense\n", '{"format": "charger-capture", "version": 2}\n'])
def test_what_is_no_capture_is_said_to_be_none(tmp_path, text):
    (tmp_path / "x").write_text(text)
    with pytest.raises(ValueError, match="line 1"):
        hil_capture.load(tmp_path / "x")


@pytest.mark.parametrize("line", [
    "nonsense", "[]", "{}", '{"t": 1, "dir": "up", "hex": "00"}', '{"t": 1, "dir": "rx", "hex": "0g"}', '{"dir": "rx", "hex": "00"}'])
def test_a_line_that_is_no_record_is_named(tmp_path, line):
    (tmp_path / "x").write_text(HEADER + '{"t": 1, "note": "listening"}\n' + line + "\n")
    with pytest.raises(ValueError, match="line 3"):
        hil_capture.load(tmp_path / "x")


def test_the_example_in_the_documentation_is_a_capture(tmp_path):
    text = (FOLDER.parent / "hil.md").read_text()
    example = text.split("```json\n")[1].split("```")[0]
    (tmp_path / "x").write_text(example)
    header, events = hil_capture.load(tmp_path / "x")
    assert json.loads(example.splitlines()[0]) == header
    sent, heard = [event.data for event in events if event.kind != "note"]
    assert body_of(sent) is not None and body_of(heard) is not None
