"""The data rate of the next frame: slower after missing answers, and gradually back."""

from micropython import const

# This many unanswered questions in a row make it one data rate slower. A single one is ordinary loss.
MISSES_MAX = const(2)
# After this time at a slower one, with an answer meanwhile, the next faster one is tried; each time that fails, twice as long.
HOLD_MS = const(43200000)
HOLD_MAX_MS = const(345600000)


class RateFallback:
    """A question is a frame that demands an answer. data_rate: never faster than configured, never below the region's floor."""

    __slots__ = ('data_rate', 'fastest', 'rescue', '_slowest', '_misses', '_since_ms', '_hold_ms', '_proven', '_climbed', '_trial')

    def __init__(self, region, data_rate, now_ms):
        """data_rate: as configured; the start and the goal of the fallback."""
        self.data_rate = self.fastest = data_rate
        self.rescue = max(data_rate, region.default_rate)   # the fastest for an uplink that is due on a full day
        self._slowest = region.floor(data_rate)
        self._misses = 0            # unanswered questions in a row
        self._since_ms = now_ms     # at this data rate
        self._hold_ms = HOLD_MS
        self._proven = False        # that a frame at this data rate was heard
        self._climbed = False       # came to this data rate from a slower one
        self._trial = False         # and no question has been answered at it yet

    def unanswered(self, now_ms):
        """A question got no answer."""
        self._misses += 1
        if self._trial or self._misses >= MISSES_MAX:
            self._misses = 0
            if self.data_rate > self._slowest:
                self._fall(now_ms)

    def answered(self):
        """A question got its answer. Any other frame may come unasked, in class C, and proves nothing about uplinks."""
        self._misses = 0
        self._proven = True
        self._trial = False

    def step(self, now_ms):
        """The data rate of the frame that is sent now."""
        if self.data_rate < self.fastest and self._proven and now_ms - self._since_ms >= self._hold_ms:
            self._go(self.data_rate + 1, now_ms)
            self._climbed = self._trial = True
        return self.data_rate

    def _fall(self, now_ms):
        if self._climbed:
            failed = self._trial or now_ms - self._since_ms < self._hold_ms
            self._hold_ms = min(2 * self._hold_ms, HOLD_MAX_MS) if failed else HOLD_MS
        self._go(self.data_rate - 1, now_ms)
        self._climbed = self._trial = False

    def _go(self, data_rate, now_ms):
        self.data_rate = data_rate
        self._since_ms = now_ms
        self._misses = 0
        self._proven = False
