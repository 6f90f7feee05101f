"""Parts shared by microcontrollers: a clock that looks for received bytes, a watchdog that is not armed too early, a console."""

import sys

from hal.ticks import Milliseconds, Utc

_SLICE_MS = 5   # of idle time; contract: a byte is noticed within 5 ms


class Clock:
    """Time from a counter of microseconds that wraps. is_awaited(): bytes or radio events are waiting; may be replaced."""

    def __init__(self, read_us, period_us, sleep_ms, is_awaited):
        self._ms = Milliseconds(read_us, period_us)
        self._utc = Utc()
        self._sleep_ms = sleep_ms
        self.is_awaited = is_awaited
        self.now_ms = self._ms.now

    def sleep_ms(self, ms):
        """Idle in slices."""
        is_awaited = self.is_awaited
        while ms > 0 and not is_awaited():
            slice_ms = _SLICE_MS if ms > _SLICE_MS else ms
            self._sleep_ms(slice_ms)
            ms -= slice_ms

    def utc_s(self):
        """UTC seconds, or None."""
        return self._utc.at(self._ms.now())

    def set_utc(self, utc_s):
        """Keep an offset."""
        self._utc.set(utc_s, self._ms.now())


class Watchdog:
    """Starts when first fed, never in boot.py: once started it cannot be stopped, and would interrupt uploads."""

    def __init__(self, start):
        """start(): arms the chip's and gives it."""
        self._start = start
        self._wdt = None

    def feed(self):
        """Restart the interval."""
        if self._wdt is None:
            self._wdt = self._start()
        self._wdt.feed()


def log(text):
    """One line on the console."""
    try:
        sys.stdout.write(text + '\n')
    except (OSError, MemoryError):
        pass    # nobody listens, or there is no room for the line
