"""The RS485 port: the properties of a Bus in hal/contract.py that a box at the other end can show."""
import os
import termios
import time

from hal.contract import BUS
from modbus import registers
from tools.hil.analysis import Traffic
from tools.hil.capture import TX

CHAR_MS = 11 / 38.4
# An adapter delivers its last byte late, and this computer may be busy; the box answers no sooner than a few milliseconds.
LATE_MS = 25
ROUNDS = 10


def test_the_port_is_at_38400_baud_8e1(client):
    _, _, flags, _, speed_in, speed_out, _ = termios.tcgetattr(client.bus.fileno())
    assert flags & termios.CSIZE == termios.CS8 and not flags & termios.CSTOPB
    if not os.path.realpath(client.path).startswith("/dev/pts/"):    # which has neither speed nor parity
        assert (speed_in, speed_out) == (termios.B38400, termios.B38400)
        assert flags & termios.PARENB and not flags & termios.PARODD


def test_reading_takes_no_time(client):
    began = time.monotonic()
    for _ in range(20):
        client.bus.read()
    assert time.monotonic() - began < LATE_MS / 1000


def test_a_telegram_is_out_when_its_transmission_returns(client, site):
    before = len(site.capture.events)
    for _ in range(ROUNDS):
        client.read(registers.STATUS)
    sent = [event for event in site.capture.events[before:] if event.kind == TX]
    assert sent
    for event in sent:
        assert len(event.data) * CHAR_MS - 1 <= event.took_ms <= (len(event.data) + 2) * CHAR_MS + LATE_MS, f"{BUS}: {event.took_ms} ms"


def test_answers_arrive_whole_from_their_first_character_on(client, site):
    """A driver that is released late cuts off the start of the answer, or garbles it."""
    client.reading()
    before = len(site.capture.events)
    for _ in range(ROUNDS):
        client.read(registers.STATUS)
    traffic = Traffic(site.capture.events[before:])
    lost, _ = traffic.lost()
    assert len(traffic.waits_ms()) == ROUNDS
    assert lost <= 1, f"{lost} of {len(traffic.exchanges)} telegrams in a row were lost"
