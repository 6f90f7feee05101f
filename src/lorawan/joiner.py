"""When to try the next join, and at which data rate: back-off, the order of data rates, airtime."""

from micropython import const

from lorawan.airtime import JOIN_REQUEST, airtime_ms
from lorawan.governor import JOIN

# Back-off: 10 to 20 s at first, doubling, an hour at most; the random half keeps boards from trying in step after an outage.
BACKOFF_MS = const(10000)
BACKOFF_MAX_MS = const(1800000)
# The modem would not start now.
BUSY_MS = const(7000)


class Joiner:
    """begin() an attempt once due_ms has come; end() it; back_off() if it failed."""

    __slots__ = ('due_ms', 'count', '_join', '_governor', '_region', '_random', '_turn', '_failures', '_cost_ms')

    def __init__(self, join, governor, region, random, now_ms):
        """join(data_rate) starts one attempt of the modem, False if it cannot; random(n) is an int below n."""
        self.due_ms = now_ms
        self.count = 0
        self._join = join
        self._governor = governor
        self._region = region
        self._random = random
        self._turn = 0
        self._failures = 0
        self._cost_ms = 0

    def begin(self, now_ms):
        """True if an attempt is under way now; else due_ms says when to ask again."""
        data_rate = self._affordable(now_ms)
        if data_rate is None:
            return False
        self._governor.begin(now_ms, self._cost_ms, 1)
        if not self._join(data_rate):
            self._governor.settle(now_ms, 0)
            self.due_ms = now_ms + BUSY_MS
            return False
        self._turn += 1
        self.count += 1
        return True

    def end(self, now_ms):
        """The attempt is over; its request was sent."""
        self._governor.settle(now_ms, self._cost_ms, 1)

    def back_off(self, now_ms):
        """It brought no session."""
        base_ms = min(BACKOFF_MS << min(self._failures, 10), BACKOFF_MAX_MS)
        self._failures += 1
        self.due_ms = now_ms + base_ms + self._random(base_ms)

    def start_over(self, now_ms):
        """Forget the failures; try at once when a session is wanted."""
        self.due_ms = now_ms
        self._turn = self._failures = 0

    def _affordable(self, now_ms):
        """The data rate whose turn it is, or the next one there is airtime for, or None."""
        rates = self._region.join_rates
        for _ in rates:
            data_rate = rates[self._turn % len(rates)]
            sf, bandwidth_khz = self._region.radio(data_rate)
            self._cost_ms = airtime_ms(sf, bandwidth_khz, JOIN_REQUEST)
            wait_ms = self._governor.wait_ms(now_ms, JOIN, self._cost_ms)
            if wait_ms == 0:
                return data_rate
            self._turn += 1
        self.due_ms = now_ms + wait_ms
        return None
