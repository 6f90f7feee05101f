"""Milliseconds that never wrap, from a microsecond counter that does."""

# 2026-01-01: a clock that says less has never been set.
PLAUSIBLE_S = 1767225600


class Milliseconds:
    """Extends read_us(), which wraps at period_us, a power of two; now() must be called at least once a period."""

    __slots__ = ('_read_us', '_mask', '_last_us', '_rest_us', '_ms')

    def __init__(self, read_us, period_us):
        self._read_us = read_us
        # Not the period itself: of a board's small integers, 1 << 30 is the first that is none, and every use of it would allocate.
        self._mask = period_us - 1
        self._last_us = read_us()
        self._rest_us = 0
        self._ms = 0

    def now(self):
        """Milliseconds since this object was made."""
        ticks_us = self._read_us()
        # Arithmetic of our own rather than ticks_diff: firmware of 1.18 and older takes its arguments the other way round.
        rest_us = self._rest_us + (ticks_us - self._last_us & self._mask)
        self._last_us = ticks_us
        if rest_us < 1000:
            self._rest_us = rest_us
            return self._ms
        self._ms += rest_us // 1000
        self._rest_us = rest_us % 1000
        return self._ms


class Utc:
    """Wall time carried by a monotonic clock; None until set."""

    __slots__ = ('_base_ms',)

    def __init__(self):
        self._base_ms = None

    def set(self, utc_s, now_ms):
        """At now_ms it is utc_s."""
        self._base_ms = utc_s * 1000 - now_ms

    def at(self, now_ms):
        """UTC seconds at now_ms, or None."""
        if self._base_ms is None:
            return None
        return (self._base_ms + now_ms) // 1000
