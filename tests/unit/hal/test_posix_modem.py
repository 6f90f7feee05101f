"""hal/posix.py with the fake modem on a pseudo-terminal, in a thread, twenty times as fast as a real one."""
import os
import pty
import threading
import time
import tty

import config
import hal.posix
import pytest
from hal.contract import ACKED, JOIN_FAILED, JOINED, RECEIVED, SENT
from hal.posix import NoRadio
from sim.modems.at_modem import PtyModem
from sim.lorawan.network import Network
from sim.modems.rak3172 import Rak3172
from sim.modems.wio_e5 import WioE5
from tests.support.modem_bench import KEYS

MODEMS = {"wio_e5": WioE5, "rak3172": Rak3172}
SPEED = 20
PATIENCE_S = 15


class Station:
    """A Linux board and its modem; network: the air."""

    def __init__(self, kind, directory):
        self.port = PtyModem(lambda kernel: self._modem(MODEMS[kind], kernel), SPEED)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self.port.serve, args=(self._over.is_set,))
        self._thread.start()
        self._bus, slave = pty.openpty()
        tty.setraw(slave)
        self._slave = slave
        settings = config.Settings({"BUS_PORT": os.ttyname(slave), "STORE_DIR": str(directory), "RADIO_PORT": self.port.path, "RADIO_MODEM": kind})
        self.board = hal.posix.open(settings, KEYS)
        self.board.open_radio(settings)

    def _modem(self, make, kernel):
        self.network = Network(kernel, lambda kind, t_us=None, **fields: None)
        return make(kernel, self.network)

    def next_event(self):
        """The next event of the radio, as the main loop gets it."""
        radio, until_s = self.board.radio, time.monotonic() + PATIENCE_S
        event = radio.poll()
        while event is None and time.monotonic() < until_s:
            self.board.clock.sleep_ms(200)
            event = radio.poll()
        return event

    def close(self):
        self._over.set()
        self._thread.join()
        self.board.bus.lose()
        self.port.close()
        os.close(self._bus)
        os.close(self._slave)


@pytest.fixture(params=MODEMS)
def station(request, tmp_path):
    made = Station(request.param, tmp_path / "store")
    yield made
    made.close()


def test_it_joins_sends_and_receives_over_a_serial_device(station):
    radio = station.board.radio
    assert radio.join(2) and station.next_event() == (JOINED, 0, None)
    assert radio.send(10, b"\x00hello", False, 2) and station.next_event() == (SENT, 1, None)
    assert radio.send(11, b"hello", True, 2) and station.next_event() == (ACKED, 1, None)
    station.port.call(station.network.push, [{"f_port": 20, "payload": b"\x03", "confirmed": False}])
    assert station.next_event() == (RECEIVED, 20, b"\x03")
    assert station.port.modem.violations == []


def test_a_byte_of_the_modem_ends_the_idling(station):
    station.board.radio.poll()      # asks it something
    began_s = time.monotonic()
    station.board.clock.sleep_ms(10000)
    assert time.monotonic() - began_s < 5


def test_a_modem_that_is_not_there_fails_the_join_and_nothing_else(tmp_path):
    settings = config.Settings({"BUS_PORT": str(tmp_path / "bus"), "STORE_DIR": str(tmp_path), "RADIO_PORT": str(tmp_path / "modem")})
    board = hal.posix.open(settings, KEYS)
    board.open_radio(settings)
    assert board.radio.join(2) and board.radio.poll() == (JOIN_FAILED, 0, None)


def test_keys_are_needed_for_a_modem_only(tmp_path):
    assert hal.posix.needs_keys(config.Settings()) is False
    assert hal.posix.needs_keys(config.Settings({"RADIO_PORT": "/dev/ttyUSB1"})) is True
    settings = config.Settings({"BUS_PORT": str(tmp_path / "bus"), "STORE_DIR": str(tmp_path)})
    board = hal.posix.open(settings, None)
    board.open_radio(settings)
    assert isinstance(board.radio, NoRadio)
