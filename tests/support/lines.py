"""A process and what it prints, line by line: waited for, never slept for."""
import json
import os
import pathlib
import signal
import subprocess
import threading

from tests.support import scratch_tree

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_S = 30


class Lines:
    """A process and its lines of JSON. until(is_it) gives the first such line, of those that came or of those that come."""

    def __init__(self, command, cwd=ROOT, **environment):
        self.process = subprocess.Popen(command, cwd=cwd, shell=isinstance(command, str), env=scratch_tree.environment(**environment),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.lines = []
        self._more = threading.Condition()
        self._is_over = False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self._more:
                self.lines.append(line.strip())
                self._more.notify_all()
        with self._more:
            self._is_over = True
            self._more.notify_all()

    def has(self, is_it, within_s):
        """Does such a line come within that time?"""
        with self._more:
            return self._more.wait_for(lambda: any(map(is_it, self.lines)) or self._is_over, within_s) and any(map(is_it, self.lines))

    def until(self, is_it, after=0):
        """The first such line; AssertionError with all that came if there is none in time."""
        def found():
            return next((line for line in self.lines[after:] if is_it(line)), None)
        with self._more:
            self._more.wait_for(lambda: found() is not None or self._is_over, PATIENCE_S)
            assert found() is not None, "\n".join(self.lines)
            return found()

    def event(self, name, **fields):
        """The first event of that name with these fields."""
        def is_it(line):
            told = json.loads(line) if line.startswith("{") else {}
            return told.get("event") == name and all(told.get(key) == value for key, value in fields.items())
        return json.loads(self.until(is_it))

    def say(self, line):
        """Type a line; its answer."""
        after = len(self.lines)
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.until(lambda line: line.startswith("{") and "event" not in json.loads(line), after))

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(PATIENCE_S)
        self._reader.join()
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.returncode
