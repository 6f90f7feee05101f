"""For the tests of the console: `python -m sim charger` as a process, and a cable to it that can corrupt, lose and be unplugged."""
import json
import os
import pathlib
import pty
import select
import subprocess
import sys
import threading
import time
import tty

import pytest
from modbus import transaction

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_S = 20
# The real command, but a box that starts in a moment instead of 3 s.
QUICK = "import sys, sim.evse.wallbox; sim.evse.wallbox.BOOT_US = 300_000; from sim.evse.wallbox_on_pty import main; sys.exit(main(sys.argv[1:]))"


class ChargerProcess:
    """The simulated wallbox; say() types a line to it."""

    def __init__(self, link, *arguments):
        self.link = str(link)
        self.process = subprocess.Popen([sys.executable, "-c", QUICK, "--link", self.link, *arguments], cwd=ROOT, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().startswith("ready")

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def until(self, **state):
        ends = time.monotonic() + PATIENCE_S
        while True:
            seen = self.say("state")
            if all(seen[key] == value for key, value in state.items()):
                return seen
            assert time.monotonic() < ends, seen
            time.sleep(0.02)

    def end(self):
        self.process.kill()
        self.process.communicate(timeout=PATIENCE_S)
        if os.path.lexists(self.link):
            os.unlink(self.link)


class Cable:
    """A port at `path`. judge(request) sees each whole line that the program sends: True lets it through to the box at `upstream`
    (None: there is none), bytes are an answer instead, anything else swallows it. say(data) speaks unasked; pull() unplugs it."""

    def __init__(self, path, judge, upstream=None):
        self.path = str(path)
        self.requests = []
        self._judge = judge
        self._upstream = None if upstream is None else os.open(upstream, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._near, self._far = None, None
        self._wake, self._poke = os.pipe()
        self._running = True
        self.plug()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def plug(self):
        self._near, self._far = pty.openpty()
        tty.setraw(self._far)
        if os.path.lexists(self.path):
            os.unlink(self.path)
        os.symlink(os.ttyname(self._far), self.path)

    def pull(self):
        """From the judge only: the device is gone."""
        os.unlink(self.path)
        os.close(self._far)
        os.close(self._near)
        self._near = self._far = None

    def say(self, data):
        os.write(self._near, data)

    def end(self):
        self._running = False
        os.write(self._poke, b".")
        self._thread.join(PATIENCE_S)
        for fd in (self._near, self._far, self._upstream, self._wake, self._poke):
            if fd is not None:
                os.close(fd)

    def _run(self):
        pending = b""
        while self._running:
            fds = [fd for fd in (self._near, self._upstream, self._wake) if fd is not None]
            ready = select.select(fds, (), (), 0.5)[0]
            if self._upstream in ready and self._near is not None:
                os.write(self._near, os.read(self._upstream, 4096))
            if self._near not in ready or self._near is None:
                continue
            pending += os.read(self._near, 4096)
            *lines, pending = pending.split(b"\n")
            for line in lines:
                self._handle(line + b"\n")

    def _handle(self, request):
        self.requests.append(request)
        verdict = self._judge(request)
        if verdict is True and self._upstream is not None:
            os.write(self._upstream, request)
        elif isinstance(verdict, bytes) and self._near is not None:
            os.write(self._near, verdict)


@pytest.fixture
def quick(monkeypatch):
    """No listening before the first telegram: these buses have nobody else on them, or somebody who does not mind."""
    monkeypatch.setattr(transaction, "LISTEN_MS", 0)


@pytest.fixture
def box(tmp_path):
    """box(*arguments) starts a simulated wallbox."""
    started = []

    def start(*arguments):
        started.append(ChargerProcess(tmp_path / f"box{len(started)}", *arguments))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.fixture
def cable(tmp_path):
    """cable(judge, box=None) lays a Cable."""
    laid = []

    def lay(judge, box=None):
        laid.append(Cable(tmp_path / f"cable{len(laid)}", judge, None if box is None else box.link))
        return laid[-1]

    yield lay
    for one in laid:
        one.end()
