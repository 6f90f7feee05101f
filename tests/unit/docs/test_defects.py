"""Defects of the original without a test file of their own (tests/mutants.py has the table)."""

import pathlib
import re
import subprocess
import sys

import config
from app.codec import vocabulary
from app.telemetry.reporter import heartbeat_period_ms
from modbus import ascii
from modbus.charger import READ_FAILED, READING, ChargerClient
from tests.support.fake_bus import Box, Wire

ROOT = pathlib.Path(__file__).resolve().parents[3]


def test_importing_the_firmware_does_not_run_it():
    script = 'import sys; sys.path.insert(0, "src"); import main; print(main.run.__name__)'
    result = subprocess.run([sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert (result.stdout, result.stderr) == ('run\n', '')


def test_the_manual_tells_the_heartbeats_that_the_code_keeps():
    text = ' '.join((ROOT / 'docs' / 'radio.md').read_text().split())
    told = re.search(r'class A at most (\d+) min \(not connected\), (\d+) min \(connected and locked\), (\d+) min \(otherwise\); '
                     r'class C (\d+) min', text)
    class_a, class_c = config.Settings({'LORAWAN_CLASS': 'A'}), config.Settings({'LORAWAN_CLASS': 'C'})
    kept = [heartbeat_period_ms(state, class_a) for state in (vocabulary.NOT_CONNECTED, vocabulary.CONNECTED_AND_LOCKED, vocabulary.CHARGING)]
    kept.append(heartbeat_period_ms(vocabulary.CHARGING, class_c))
    assert [int(minutes) * 60000 for minutes in told.groups()] == kept
    assert {heartbeat_period_ms(state, class_a) for state in (vocabulary.CHARGING, vocabulary.CHARGED, vocabulary.DISABLED)} == {kept[2]}


def test_one_frame_that_never_ends_is_forgotten():
    counts = dict.fromkeys(ascii.COUNTS, 0)
    reader = ascii.Reader(counts)
    reader.take(b'>')
    for _ in range(2000):
        assert reader.take(b'0103') is None
        assert len(reader.partial) <= ascii.MAX_CHARS
    assert counts['overlong'] == 1
    assert reader.take(b'\r\n' + ascii.encode(b'\x01\x03')) == b'\x01\x03\xfc'


def test_an_answer_shorter_than_it_says_is_no_reading():
    wire = Wire()
    box = Box(wire)
    client = ChargerClient(wire)
    box.answer = lambda function, address, rest: '030a2eb2910b'    # "ten bytes", and there are four
    events = [event for _, event in wire.run(client, 20_000)]
    assert READ_FAILED in events and READING not in events
    assert client.reading.code is None
