"""`python -m sim run` as a process on a broker: the wallbox, the car, the firmware, the radio and the network, in real time."""
import json
import re
import subprocess
import sys
import threading
import time

from tests.home.brokers import APP, DEVICE, HOST, ROOT
from tests.home.client import until

# Fast, until the monitor has joined, reported its state and asked for the time.
HURRY = 20
BOOT_S = 120


class RunningWorld:
    """lines: [(when, text)] of what it said; say() types into it."""

    def __init__(self, port, *arguments):
        command = [sys.executable, "-m", "sim", "run", "--web-port", "off", "--plain", "--mqtt", f"{HOST}:{port}", "--app", APP,
                   "--device", DEVICE, *arguments]
        self.lines = []
        self._has_booted = False
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                         text=True, bufsize=1)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.close()

    def close(self):
        """End it; once is enough."""
        if self._process.poll() is not None:
            return
        self.say("quit")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdin.close()
        self._thread.join()
        self._process.stdout.close()

    def say(self, line):
        """Type a line."""
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def boot(self):
        """Return once the monitor knows the time; simulated time is then some seconds ahead of real time.

        The first time it may have come to know it before anybody asked."""
        mark, self._has_booted = self.mark() if self._has_booted else 0, True
        self.say(f"speed {HURRY}")
        self.wait_for(r"downlink +port 202 .* received", BOOT_S, mark)
        self.say("speed 1")

    def wait_for(self, pattern, within_s=30, since=0):
        """Return when a line of it matched first, from line `since` on: the clock's seconds."""
        def found():
            return [at for at, text in self.lines[since:] if re.search(pattern, text)]

        until(found, lambda: f"no {pattern}; said:\n" + "\n".join(text for _, text in self.lines[-40:]), within_s)
        return found()[0]

    def mark(self):
        """The number of the next line."""
        return len(self.lines)

    def decoded(self, port):
        """What the formatter made of the uplinks on that port, oldest first."""
        return [json.loads(text[text.index("{"):]) for _, text in self.lines if re.search(rf"uplink +port {port} ", text) and "{" in text]

    def _read(self):
        for line in self._process.stdout:
            self.lines.append((time.monotonic(), line.rstrip()))
