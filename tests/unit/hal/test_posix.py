"""hal/posix.py: behaviour specific to Linux. What all boards share is in tests/contract."""
import gc
import io
import os
import pty
import re
import socket
import termios
import time
import tty
import types

import config
import hal.posix
import hal.posix_ports
import pytest
from hal.contract import BUS, CRASH, PLANNED, POWER_ON, SERIAL, STORE, HalError
from hal.posix import Clock, NoRadio, Store, System, Watchdog
from hal.posix_ports import Bus, Serial

from tests.contract.adapters import PtySerial

REQUEST = b":0103002E0005C9\r\n"


class Adapter:
    """A USB adapter at a path: a pseudo-terminal behind a link, which can be unplugged and plugged in again."""

    def __init__(self, path):
        self.path = str(path)
        self.master = None

    def plug(self):
        self.master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self.master, False)
        os.symlink(os.ttyname(self._slave), self.path)

    def unplug(self):
        os.unlink(self.path)
        os.close(self.master)
        os.close(self._slave)
        self.master = None


@pytest.fixture
def adapter(tmp_path):
    made = Adapter(tmp_path / "ttyUSB0")
    yield made
    if made.master is not None:
        made.unplug()


@pytest.fixture
def no_waiting(monkeypatch):
    """The reopening interval as a dial: no_waiting.ns is added to the monotonic clock of the ports."""
    dial = types.SimpleNamespace(ns=0)
    real = time.monotonic_ns
    fake_time = types.SimpleNamespace(monotonic_ns=lambda: real() + dial.ns, sleep=time.sleep)
    monkeypatch.setattr(hal.posix_ports, "time", fake_time)
    return dial


# --- the bus


def test_a_missing_adapter_is_a_hal_error_and_no_bytes(adapter):
    bus = Bus(adapter.path, "auto")
    assert bus.read() == b""
    assert bus.fileno() is None
    with pytest.raises(HalError) as caught:
        bus.transmit(REQUEST)
    assert caught.value.args[0] == BUS


def test_an_adapter_plugged_in_later_is_found_within_a_second(adapter, no_waiting):
    bus = Bus(adapter.path, "auto")
    adapter.plug()
    assert bus.read() == b"" and bus.fileno() is None
    no_waiting.ns += 1000000000
    bus.transmit(REQUEST)
    assert os.read(adapter.master, 100) == REQUEST
    bus.lose()


def test_an_adapter_that_was_unplugged_comes_back(adapter, no_waiting):
    adapter.plug()
    bus = Bus(adapter.path, "auto")
    bus.transmit(REQUEST)
    adapter.unplug()
    assert bus.read() == b""
    assert bus.fileno() is None     # else the main loop would never idle again
    with pytest.raises(HalError):
        bus.transmit(REQUEST)
    adapter.plug()
    no_waiting.ns += 1000000000
    os.write(adapter.master, b">01")
    bus.transmit(REQUEST)
    assert os.read(adapter.master, 100) == REQUEST
    bus.lose()


def test_an_adapter_that_is_gone_is_not_tried_more_than_once_a_second(adapter, no_waiting, monkeypatch):
    tried = []
    monkeypatch.setattr(hal.posix_ports.serial.Serial, "open", lambda self: tried.append(1))
    bus = Bus(adapter.path, "auto")
    for _ in range(100):
        no_waiting.ns += 99000000
        bus.read()
    assert 9 <= len(tried) <= 11


class FakeRts(PtySerial):
    """Records what goes on at the driver's input and on the wire, in order."""

    def __init__(self):
        self.trace = []
        super().__init__()

    def write(self, data):
        self.trace.append(data)
        return super().write(data)

    def flush(self):
        super().flush()
        self.trace.append("drained")


def test_no_collection_falls_where_the_driver_is_on(adapter, monkeypatch):
    class Watched(PtySerial):
        trace = []

        def write(self, data):
            kept = [[number] for number in range(2000)]     # a pile that would be looked through
            return PtySerial.write(self, data) if kept else None

    begun = []
    monkeypatch.setattr(hal.posix_ports.serial, "Serial", Watched)
    adapter.plug()
    bus = Bus(adapter.path, "rts")
    note = lambda phase, info: begun.append(Watched.trace[-1])  # noqa: E731
    gc.callbacks.append(note)
    try:
        bus.transmit(REQUEST)
        assert gc.isenabled() and True not in begun and Watched.trace[-2:] == [True, False]
    finally:
        gc.callbacks.remove(note)


@pytest.mark.parametrize(
    "direction, expected",
    [("auto", [False, REQUEST, "drained"]), ("rts", [False, True, REQUEST, "drained", False])],
)
def test_rts_switches_the_driver_only_where_it_is_wired(adapter, monkeypatch, direction, expected):
    monkeypatch.setattr(hal.posix_ports.serial, "Serial", FakeRts)
    adapter.plug()
    bus = Bus(adapter.path, direction)
    bus.transmit(REQUEST)
    assert bus._port.trace == expected
    bus.lose()


def test_where_the_kernel_switches_the_driver_we_do_not(adapter, monkeypatch):
    modes = []

    class KernelRs485(FakeRts):
        def _set_rs485_mode(self, mode):
            modes.append((mode.rts_level_for_tx, mode.rts_level_for_rx))

    monkeypatch.setattr(hal.posix_ports.serial, "Serial", KernelRs485)
    adapter.plug()
    bus = Bus(adapter.path, "rts")
    bus.transmit(REQUEST)
    assert modes == [(True, False)]
    assert bus._port.trace == [False, REQUEST, "drained"]
    bus.lose()


def test_a_real_line_has_even_parity_and_one_stop_bit(monkeypatch):
    opened = []
    monkeypatch.setattr(
        hal.posix_ports.serial.Serial, "open", lambda self: opened.append((self.baudrate, self.bytesize, self.parity, self.stopbits)))
    Bus("/dev/ttyUSB7", "auto")
    assert opened == [(38400, 8, "E", 1)]


def test_an_adapter_with_a_buffer_of_its_own_is_waited_for(adapter, monkeypatch):
    adapter.plug()
    bus = Bus(adapter.path, "auto")
    monkeypatch.setattr(bus._port, "flush", lambda: None)
    before = time.monotonic()
    bus.transmit(bytes(100))
    assert time.monotonic() - before >= 101 * 11 / 38400
    bus.lose()


def test_an_adapter_that_goes_while_it_drains_is_a_hal_error(adapter, monkeypatch):
    def gone():
        raise termios.error(5, "Input/output error")     # tcdrain's error is no OSError

    adapter.plug()
    bus = Bus(adapter.path, "auto")
    monkeypatch.setattr(bus._port, "flush", gone)
    with pytest.raises(HalError) as caught:
        bus.transmit(REQUEST)
    assert caught.value.args[0] == BUS
    assert bus.fileno() is None


# --- the modem's port


def test_a_serial_port_carries_bytes_both_ways(adapter):
    adapter.plug()
    port = Serial(adapter.path, 9600)
    assert port.read() == b""
    port.write(b"AT\r\n")
    assert os.read(adapter.master, 100) == b"AT\r\n"
    os.write(adapter.master, b"+AT: OK\r\n\x00")
    time.sleep(0.01)
    assert port.read() == b"+AT: OK\r\n\x00"
    adapter.unplug()
    with pytest.raises(HalError) as caught:
        for _ in range(3):
            port.write(b"AT\r\n")
    assert caught.value.args[0] == SERIAL


# --- time


@pytest.mark.parametrize("timesyncd, kernel, counts", [
    (False, 5, False), (False, -1, False), (False, None, False), (False, 0, True), (False, 1, True), (True, 5, True), (True, -1, True)])
def test_the_wall_clock_of_the_system_counts_where_the_kernel_or_timesyncd_calls_it_synchronised(monkeypatch, tmp_path, timesyncd, kernel, counts):
    """5 is TIME_ERROR, of a clock that nobody keeps, as after a start without network; -1: not allowed to ask; None: no such call."""
    mark = tmp_path / "synchronized"
    if timesyncd:
        mark.write_bytes(b"")
    libc = types.SimpleNamespace() if kernel is None else types.SimpleNamespace(adjtimex=lambda timex: kernel if timex.raw == bytes(512) else 99)
    monkeypatch.setattr(hal.posix_clock, "_TIMESYNCD", str(mark))
    monkeypatch.setattr(hal.posix_clock.ctypes, "CDLL", lambda name: libc)
    monkeypatch.setattr(hal.posix.time, "time", lambda: 1793434800.5)
    clock = Clock(())
    assert clock.utc_s() == (1793434800 if counts else None)
    clock.set_utc(1793430000)
    assert clock.utc_s() in (1793430000, 1793430001)


def test_a_synchronised_clock_from_before_2026_does_not_count(monkeypatch):
    monkeypatch.setattr(hal.posix_clock, "is_synchronised", lambda: True)
    monkeypatch.setattr(hal.posix.time, "time", lambda: 1000000.5)
    assert Clock(()).utc_s() is None


def test_this_machine_can_be_asked():
    assert hal.posix_clock.is_synchronised() in (True, False)


@pytest.mark.parametrize("left_s, back_s, cause", [(5000, 5003, PLANNED), (5000, 5061, POWER_ON), (5000, 20, POWER_ON), (5000, 4999, POWER_ON)])
def test_a_planned_reset_after_which_the_machine_went_down_is_a_power_up(monkeypatch, tmp_path, left_s, back_s, cause):
    """Else the time that was noted for the boot after the reset would be that of hours ago."""
    store = Store(str(tmp_path))
    monkeypatch.setattr(hal.posix, "_up_s", lambda: left_s)
    with pytest.raises(SystemExit):
        System(store).reset("command")
    monkeypatch.setattr(hal.posix, "_up_s", lambda: back_s)
    assert System(store).reset_cause() == cause


def test_idling_without_any_port_is_possible():
    clock = Clock(())
    before_ms = clock.now_ms()
    clock.sleep_ms(15)
    assert clock.now_ms() - before_ms >= 14


# --- store


def test_a_directory_that_cannot_be_written_is_a_hal_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    store = Store(str(tmp_path / "file" / "store"))
    with pytest.raises(HalError) as caught:
        store.put("plan", b"x")
    assert caught.value.args[0] == STORE
    with pytest.raises(HalError):
        store.get("plan")


def test_only_records_lie_in_the_directory(tmp_path):
    store = Store(str(tmp_path / "a" / "b"))
    store.put("plan", b"x")
    store.put("plan", b"y")
    assert os.listdir(tmp_path / "a" / "b") == ["plan"]


# --- system


def test_a_reset_ends_the_process_with_its_own_status(tmp_path):
    system = System(Store(str(tmp_path)))
    with pytest.raises(SystemExit) as caught:
        system.reset("command")
    assert caught.value.code == 75
    assert System(Store(str(tmp_path))).reset_cause() == PLANNED
    assert System(Store(str(tmp_path))).reset_cause() == POWER_ON


def test_a_crash_is_remembered_as_such(tmp_path):
    with pytest.raises(SystemExit):
        System(Store(str(tmp_path))).reset("crash")
    assert System(Store(str(tmp_path))).reset_cause() == CRASH


def test_a_reset_happens_even_if_nothing_can_be_stored(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    system = System(Store(str(tmp_path / "file")))
    with pytest.raises(SystemExit):
        system.reset("command")


def test_a_store_that_cannot_be_read_does_not_keep_the_monitor_from_starting(tmp_path, capsys):
    (tmp_path / "sys_reset").mkdir()
    assert System(Store(str(tmp_path))).reset_cause() == POWER_ON
    assert "store" in capsys.readouterr().err


def test_a_log_line_has_its_time(tmp_path, capsys):
    System(Store(str(tmp_path))).log("joined")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ joined\n", capsys.readouterr().err)


def test_a_closed_log_is_no_error(tmp_path, monkeypatch):
    system = System(Store(str(tmp_path)))
    broken = open(tmp_path / "x", "w")
    broken.close()
    monkeypatch.setattr(hal.posix.sys, "stderr", broken)
    assert system.log("nobody listens") is None


class NoStore:
    """Records of a machine that has none."""

    def get(self, name):
        return None


def test_the_machine_id_itself_is_not_given_away(monkeypatch):
    monkeypatch.setattr(hal.posix.io, "open", lambda path, mode: io.BytesIO(b"0123456789abcdef0123456789abcdef\n"))
    unique_id = System(NoStore()).unique_id()
    assert len(unique_id) == 8
    assert unique_id.hex() not in "0123456789abcdef0123456789abcdef"
    assert System(NoStore()).unique_id() == unique_id


def test_without_a_machine_id_the_mac_serves(monkeypatch):
    def missing(path, mode):
        raise FileNotFoundError(path)

    monkeypatch.setattr(hal.posix.io, "open", missing)
    assert len(System(NoStore()).unique_id()) == 6


# --- watchdog, light, radio


def test_systemd_is_told_that_we_are_ready_and_then_that_we_live(tmp_path, monkeypatch):
    now_ms = [0]
    monkeypatch.setattr(hal.posix, "_now_ms", lambda: now_ms[0])
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.settimeout(1)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        watchdog = Watchdog()
        heard = []
        for step in range(25):
            now_ms[0] = step * 100
            watchdog.feed()
        systemd.setblocking(False)
        try:
            while True:
                heard.append(systemd.recv(100))
        except BlockingIOError:
            pass
    assert heard == [b"READY=1\nWATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]
    now_ms[0] = 10000
    watchdog.feed()     # systemd is gone


def test_an_abstract_socket_of_systemd_is_reached(monkeypatch):
    name = "ev-charger-monitor-test-%d" % os.getpid()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0" + name)
        systemd.settimeout(1)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + name)
        Watchdog().feed()
        assert b"WATCHDOG=1" in systemd.recv(100)


def test_without_systemd_nobody_is_told(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Watchdog().feed()


def test_without_a_modem_nothing_is_ever_joined_or_sent():
    radio = NoRadio()
    assert radio.join(2) is False
    assert radio.send(10, b"x", False, 2) is False
    assert (radio.poll(), radio.max_payload(2), radio.utc_s()) == (None, 0, None)


def test_the_board_of_the_settings_has_every_part(tmp_path):
    settings = config.Settings({"STORE_DIR": str(tmp_path), "BUS_PORT": str(tmp_path / "none")})
    board = hal.posix.open(settings, None)
    assert board.radio is None
    board.open_radio(settings)
    assert all(getattr(board, name) is not None for name in board.__slots__)


def test_wrong_settings_are_told_and_end_with_the_status_of_a_usage_error(capsys):
    with pytest.raises(SystemExit) as caught:
        hal.posix.refuse(["settings: REGION is 'EU'", "settings: SUB_BAND is 9"], config.Settings())
    assert caught.value.code == 2
    assert capsys.readouterr().err.splitlines() == ["settings: REGION is 'EU'", "settings: SUB_BAND is 9"]


@pytest.mark.parametrize("line, expected", [(None, (False, [])), ("rts", (True, [True, False])), ("dtr", (True, []))])
def test_a_modem_is_reset_by_the_line_that_is_wired(adapter, monkeypatch, line, expected):
    monkeypatch.setattr(hal.posix_ports.serial, "Serial", FakeRts)
    adapter.plug()
    port = Serial(adapter.path, 9600, None, line)
    del port._port.trace[:]
    assert (port.reset(), port._port.trace) == expected
    port.lose()
    adapter.unplug()
    assert port.reset() is False
