"""Does the modem still work? Recognises when only a reset of the board can help."""

from micropython import const

# From this many misses on, over this time at least, only a reset helps (LoPy4: the modem's task can hang). A reset takes the
# eyes off the box and costs a join; a modem that was only restarting has come back by then.
STUCK_MISSES = const(6)
STUCK_MS = const(1800000)
# A call that fails again this soon is no further miss: the loop polls a dead modem as often as a good one.
SAME_MISS_MS = const(60000)
# This time without a session in which a frame could be sent: there may be no network, or a modem that says it is well and hears
# nothing (LoPy4s in the field stopped receiving while has_joined() stayed True). The reset is for the second, once a day.
DEAF_MS = const(86400000)


class ModemHealth:
    """stuck: a reset of the board is all that is left to try."""

    __slots__ = ('stuck', 'misses', '_first_miss_ms', '_failed_ms', '_search_ms')

    def __init__(self, now_ms):
        self.stuck = False
        self.misses = 0             # deadlines missed or calls failed by the modem, in a row
        self._first_miss_ms = 0
        self._failed_ms = None      # the last failed call that counted as one of them
        self._search_ms = now_ms    # since then a session is searched for; None while there is one that works

    def missed(self, now_ms):
        """It did not say how something ended."""
        if not self.misses:
            self._first_miss_ms = now_ms
        self.misses += 1
        if self.misses >= STUCK_MISSES and now_ms - self._first_miss_ms >= STUCK_MS:
            self.stuck = True

    def failed(self, now_ms):
        """It says itself that it does not work."""
        if self._failed_ms is None or now_ms - self._failed_ms >= SAME_MISS_MS:
            self._failed_ms = now_ms
            self.missed(now_ms)

    def worked(self):
        """A frame was sent."""
        self.misses = 0
        self._failed_ms = self._search_ms = None
        self.stuck = False

    def searching(self, now_ms):
        """There is no session; True when that has just been so for too long."""
        if self._search_ms is None:
            self._search_ms = now_ms
        elif now_ms - self._search_ms >= DEAF_MS and not self.stuck:
            self.stuck = True
            return True
        return False
