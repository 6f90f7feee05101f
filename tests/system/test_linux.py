"""The firmware as a process on Linux, started like the service: a wallbox and a modem on pseudo-terminals, systemd's socket, real time."""
import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from sim.modems.at_modem import PtyModem
from ttn.formatter import Formatter
from sim.lorawan.network import Network
from sim.modems.wio_e5 import WioE5
from tests.contract.rig import KEYS

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_UTC_S = 1793434800
PATIENCE_S = 30
# src/main.py run as a program, with other settings and keys than those of the tree.
PROGRAM = """
import runpy, sys, types
import config
for name, value in %r.items():
    setattr(config, name, value)
sys.modules['keys'] = types.SimpleNamespace(**%r)
runpy.run_path(%r, run_name='__main__')
"""


class LinuxInstallation:
    """A box, a modem twenty times as fast as real ones, and the process."""

    def __init__(self, path):
        self.path = path
        self.uplinks = []
        self.station = PtyModem(self._modem, 20)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self.station.serve, args=(self._over.is_set,))
        self._thread.start()
        self._systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._systemd.bind(str(path / "notify"))
        self._systemd.settimeout(PATIENCE_S)
        self.box = subprocess.Popen([sys.executable, "-m", "sim", "charger", "--link", str(path / "box")], cwd=ROOT,
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.box.stdout.readline().startswith("ready")
        self.monitor = None

    def _modem(self, kernel):
        return WioE5(kernel, Network(kernel, self._record, start_utc_s=START_UTC_S))

    def _record(self, kind, t_us=None, **fields):
        if kind == "uplink":
            self.uplinks.append((fields["f_port"], bytes.fromhex(fields["hex"])))

    def start(self, more=None, **overrides):
        """The process, with the socket on which systemd listens, and more of its environment."""
        settings = {"REGION": "AU915", "BUS_PORT": str(self.path / "box"), "RADIO_PORT": self.station.path, "STORE_DIR": str(self.path / "store"),
                    **overrides}
        program = PROGRAM % (settings, vars(KEYS), str(ROOT / "src" / "main.py"))
        environment = dict(os.environ, PYTHONPATH=str(ROOT / "src"), NOTIFY_SOCKET=str(self.path / "notify"), **more or {})
        self.monitor = subprocess.Popen([sys.executable, "-c", program], cwd=self.path, env=environment, stderr=subprocess.PIPE, text=True)

    def notified(self):
        """The next word to systemd."""
        return self._systemd.recv(100)

    def wait(self, is_done):
        """Until then, or for PATIENCE_S."""
        until_s = time.monotonic() + PATIENCE_S
        while not is_done() and time.monotonic() < until_s:
            time.sleep(0.05)
        assert is_done()

    def told(self):
        """What the formatter makes of the uplinks."""
        formatter = Formatter()
        return [formatter.decode_uplink(port, payload)["data"] for port, payload in list(self.uplinks)]

    def close(self):
        for process in (self.monitor, self.box):
            if process is not None:
                process.kill()
                process.wait()
                for stream in (process.stdin, process.stdout, process.stderr):
                    if stream is not None:
                        with contextlib.suppress(BrokenPipeError):
                            stream.close()
        self.end_modem()
        self._systemd.close()

    def end_modem(self):
        """Its device is gone."""
        if not self._over.is_set():
            self._over.set()
            self._thread.join()
            self.station.close()


class Journal:
    """The lines of a process as they come."""

    def __init__(self, stream):
        self.lines = []
        self._stream = stream
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        with contextlib.suppress(ValueError):    # closed under it
            for line in self._stream:
                self.lines.append(line.rstrip("\n"))

    def wait_for(self, words):
        """Seconds until a line begins so."""
        began_s = time.monotonic()
        while not any(line.startswith(words) for line in self.lines):
            assert time.monotonic() - began_s < PATIENCE_S, (words, self.lines)
            time.sleep(0.05)
        return time.monotonic() - began_s


@pytest.fixture
def garage(tmp_path):
    made = LinuxInstallation(tmp_path)
    yield made
    made.close()


def test_it_is_ready_lives_reads_joins_tells_and_ends_on_sigterm(garage):
    garage.start()
    assert garage.notified() == b"READY=1\nWATCHDOG=1"
    garage.wait(lambda: any(data.get("type") == "status" for data in garage.told()))
    assert garage.notified() == b"WATCHDOG=1"
    status = [data for data in garage.told() if data.get("type") == "status"][0]
    assert (status["state"], status["code"]) == ("Not Connected", "A1")
    garage.monitor.send_signal(signal.SIGTERM)
    assert garage.monitor.wait(PATIENCE_S) == -signal.SIGTERM
    assert garage.station.modem.violations == []
    log = garage.monitor.stderr.read()
    assert "started" in log and KEYS.APP_KEY not in log


def test_start_up_and_failures_of_bus_and_modem_are_in_the_journal_with_levels_within_30_s(garage, evidence):
    box, modem = garage.path / "usb-box", garage.path / "usb-modem"
    garage.start({"JOURNAL_STREAM": "8:1"}, BUS_PORT=str(box), RADIO_PORT=str(modem))
    journal = Journal(garage.monitor.stderr)
    waits_s = [journal.wait_for(words) for words in (
        "<6>region AU915, sub-band 2", "<6>started ", "<4>network: not joined", "<4>light: red, not joined", f"<4>bus: no device {box}, No such file",
        f"<4>modem: no device {modem}, No such file", "<6>plan: none", "<4>box: unreachable")]
    box.symlink_to(os.path.realpath(garage.path / "box"))
    modem.symlink_to(garage.station.path)
    waits_s += [journal.wait_for(words) for words in (f"<6>bus: found {box}", f"<6>modem: found {modem}", "<6>box: A1 no_vehicle",
                                                      "<6>modem: ready, version 4.0.11")]
    garage.box.kill()
    waits_s.append(journal.wait_for("<4>bus: lost"))
    modem.unlink()
    garage.end_modem()
    waits_s.append(journal.wait_for("<4>modem: lost"))
    evidence("messages of start-up, bus and modem failure on Linux: seconds until the latest of %d is in the journal" % len(waits_s),
             round(max(waits_s), 1), 30)
    assert max(waits_s) <= 30
    assert [line for line in journal.lines if line[:1] != "<"] == []


def test_a_wrong_setting_ends_it_with_the_status_that_systemd_does_not_start_again(garage):
    garage.start(REGION="EU", CHARGER_ID=0)
    assert garage.monitor.wait(PATIENCE_S) == 2
    assert [line.split()[1] for line in garage.monitor.stderr.read().splitlines()] == ["REGION", "CHARGER_ID"]
