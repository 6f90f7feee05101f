"""Keeps a simulated world in step with the wall clock, and accepts input from outside while it waits.

Everything happens in the world's own thread: RealTime is the kernel's pace(), so typed bytes, MQTT messages, signals and the view
are served between two events, and never in the middle of one.
"""

import os
import select
import time
from collections import deque

# Between two looks outside while the world is busy catching up; while it waits, input ends the wait.
LOOK_S = 0.02
# Real time that a busy machine may fall behind before the missed time is given up instead of being run through.
GIVE_UP_S = 2.0
MOST_WAITING = 1000


class RealTime:
    """Give it to kernel.pace. speed: simulated seconds in a real one.

    watch(fd, function): function() is called when fd can be read. every_s and tick: tick() is called at least that often.
    call(function, *args), from any thread or a signal handler: run it in the world's thread soon. Calls beyond MOST_WAITING are
    dropped and counted in dropped.
    """

    def __init__(self, kernel, speed, every_s, tick, monotonic=time.monotonic):
        self.dropped = 0
        self.ending = False         # no more waiting: the world is to run to its end
        self._kernel = kernel
        self._speed = speed
        self._every_s = every_s
        self._tick = tick
        self._monotonic = monotonic
        self._calls = deque()
        self._readers = {}
        self._read_end, self._write_end = os.pipe()
        for end in (self._read_end, self._write_end):
            os.set_blocking(end, False)
        self._look_at = self._tick_at = monotonic()
        self._anchor()

    @property
    def speed(self):
        return self._speed

    @speed.setter
    def speed(self, factor):
        self._speed = factor
        self._anchor()

    @property
    def lag_s(self):
        """How far the world is behind, real seconds."""
        return max(self._present_us(self._monotonic()) - self._kernel.now_us, 0) / 1e6 / self._speed

    def close(self):
        """Give the pipe back; call() does nothing any more."""
        for end in (self._read_end, self._write_end):
            os.close(end)
        self._write_end = None

    def watch(self, fd, function):
        self._readers[fd] = function

    def forget(self, fd):
        self._readers.pop(fd, None)

    def call(self, function, *args):
        if len(self._calls) >= MOST_WAITING:
            self.dropped += 1
            return
        self._calls.append((function, args))
        if self._write_end is not None:
            try:
                os.write(self._write_end, b'.')
            except BlockingIOError:
                pass    # full of reasons to wake up already

    def __call__(self, target_us):
        """How far the world may go now, at most target_us."""
        if self.ending:
            return target_us
        now_s = self._monotonic()
        if now_s >= self._look_at or self._calls:
            if self._serve(now_s):
                return self._kernel.now_us
            now_s = self._monotonic()
        present_us = self._present_us(now_s)
        if present_us - self._kernel.now_us > GIVE_UP_S * 1e6 * self._speed:
            self._anchor()
            present_us = self._kernel.now_us
        if present_us >= target_us:
            return target_us
        # What ends the wait is served in the next call, when the world has come to the moment of its arrival.
        wait_s = min((target_us - present_us) / 1e6 / self._speed, self._tick_at - now_s)
        self._wait(max(wait_s, 0))
        self._look_at = 0
        return max(self._kernel.now_us, min(target_us, self._present_us(self._monotonic())))

    def _anchor(self):
        """From here on, time goes at the present speed."""
        self._since_s = self._monotonic()
        self._since_us = self._kernel.now_us

    def _present_us(self, now_s):
        return self._since_us + int((now_s - self._since_s) * 1e6 * self._speed)

    def _wait(self, seconds):
        return select.select([self._read_end, *self._readers], [], [], seconds)[0]

    def _serve(self, now_s):
        """Everything that waits outside; True if there was something."""
        self._look_at = now_s + LOOK_S
        if now_s >= self._tick_at:
            self._tick_at = now_s + self._every_s
            self._tick()
        ready = self._wait(0)
        if not ready and not self._calls:
            return False
        for fd in ready:
            if fd == self._read_end:
                os.read(fd, 4096)
            elif fd in self._readers:
                self._readers[fd]()
        for _ in range(len(self._calls)):
            function, args = self._calls.popleft()
            function(*args)
        return True
