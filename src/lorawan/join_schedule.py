"""When to try the next join, and at which data rate: intervals, the order of data rates, airtime."""

from micropython import const

from lorawan.airtime import JOIN_REQUEST, airtime_ms
from lorawan.airtime_budget import JOIN, RESERVED_JOIN

# Gaps after a failed try, as (base, highest random addition); the random part keeps boards from trying in step.
#   tries 2, 3          10 to 20 s, 20 to 40 s: the network was there, request or accept was lost.
#   then for two hours  9:05 to 9:40 min: back within 10 min of the network's return, join and first uplink included.
#   after that          the 20 joins of a sliding day spread evenly over the rest of it (airtime_budget.join_pace_ms),
#                       and a sixteenth more. A try more often now would be paid with a day without any later.
# The first two hours take 1 + 2 + 13 tries, four stay for the 22 hours after them: every 4.5 h; from the second day on
# every 73 to 78 min, the best that 20 a day can do. Gaps that grow from 75 min to 9 h over the first day were tried in the
# model (tests/unit/lorawan/test_recovery.py): a third of the wait after outages of 2 to 6 h, twice as much after longer ones.
# The two hours run from the begin of the search, or of the doubt before it (link_supervision.py): then half of the joins are
# left for the rest of the day. _BURST_MAX of a sliding day, over reboots, may be spent faster than evenly.
_QUICK_MS = ((10000, 10000), (20000, 20000))
_DENSE_MS = (545000, 35000)
DENSE_FOR_MS = const(7200000)
_BURST_MAX = const(16)
# Boots may not use up the rest: from then on each waits a quarter of an hour per join above those before it tries.
_BOOT_WAIT_MS = const(900000)
# The modem would not start now: asked again after this time, longer each time.
BUSY_MS = const(7000)
BUSY_MAX_MS = const(60000)


class JoinSchedule:
    """begin() an attempt once due_ms has come; end() it; back_off() if it failed; start_over() when the session was lost."""

    __slots__ = ('due_ms', 'count', 'worked', '_join', '_airtime_budget', '_region', '_random', '_turn', '_failures', '_busy', '_cost_ms',
                 '_dense_until_ms', '_reserve_ms')

    def __init__(self, join, airtime_budget, region, random, now_ms):
        """join(now_ms, data_rate) starts one attempt of the modem, False if it cannot; random(n) is an int below n."""
        # The modem may hear now: one try as soon as it is allowed. If it was the network, it is out as it was, and the joins are for the day.
        goes_on = airtime_budget.take_search()
        self.due_ms = now_ms if goes_on else now_ms + max(0, airtime_budget.joins(now_ms) + 1 - _BURST_MAX) * _BOOT_WAIT_MS
        self.count = 0
        self.worked = False           # a frame was sent in the session that was joined last
        self._join = join
        self._airtime_budget = airtime_budget
        self._region = region
        self._random = random
        self._turn = 0
        self._failures = len(_QUICK_MS) if goes_on else 0
        self._busy = 0                # the modem would not start, in a row
        self._cost_ms = 0
        self._dense_until_ms = now_ms if goes_on else now_ms + DENSE_FOR_MS
        self._reserve_ms = now_ms     # from then on a join may use the reserve

    def note_work(self):
        """A frame was sent in the session that was joined last."""
        self.worked = True

    def begin(self, now_ms):
        """True if an attempt is under way now; else due_ms says when to ask again."""
        data_rate = self._affordable(now_ms)
        if data_rate is None:
            return False
        self._airtime_budget.begin(now_ms, self._cost_ms, 1)
        if not self._join(now_ms, data_rate):
            self._airtime_budget.settle(now_ms, 0)
            self._busy += 1
            self.due_ms = now_ms + min(BUSY_MS * self._busy, BUSY_MAX_MS)
            return False
        # The longest silence restarts with every try; one that costs a part of the uplink in whose place it goes, with that part of it.
        self._reserve_ms = now_ms + self._airtime_budget.share_ms(self._cost_ms)
        self._busy = 0
        self._turn += 1
        self.count += 1
        return True

    def end(self, now_ms):
        """The attempt is over; its request was sent."""
        self._airtime_budget.settle(now_ms, self._cost_ms, 1)

    def back_off(self, now_ms):
        """It brought no session."""
        base_ms, more_ms = self._gap(now_ms)
        self._failures += 1
        self.due_ms = now_ms + base_ms + self._random(more_ms)

    def is_allowed(self, now_ms):
        """True if an attempt could begin now, at one data rate at least."""
        return self._affordable(now_ms) is not None

    def start_over(self, now_ms, dense_until_ms):
        """Join again immediately; but a session in which nothing could be sent counts as a failed try."""
        if not self.worked:
            self.back_off(now_ms)
            return
        self.worked = False
        self.due_ms = now_ms
        self._turn = self._failures = 0
        self._dense_until_ms = dense_until_ms

    def _gap(self, now_ms):
        """Base and random part of the gap before the next try."""
        if self._airtime_budget.joins(now_ms) < _BURST_MAX:
            if self._failures < len(_QUICK_MS):
                return _QUICK_MS[self._failures]
            if now_ms < self._dense_until_ms:
                return _DENSE_MS
        pace_ms = self._airtime_budget.join_pace_ms(now_ms)
        return pace_ms, pace_ms // 16

    def _affordable(self, now_ms):
        """The data rate whose turn it is, or the next one there is airtime for, or None."""
        rates = self._region.join_rates
        for _ in rates:
            data_rate = rates[self._turn % len(rates)]
            wait_ms = self._wait_ms(now_ms, JOIN, data_rate)
            if wait_ms == 0:
                return data_rate
            self._turn += 1
        # The uplink of the longest silence is due whatever else was sent today, and it needs a session: a join in its place.
        if now_ms >= self._reserve_ms:
            wait_ms = self._wait_ms(now_ms, RESERVED_JOIN, self._region.join_rates[0])
            if wait_ms == 0:
                return self._region.join_rates[0]
        else:
            wait_ms = min(wait_ms, self._reserve_ms - now_ms)
        self.due_ms = now_ms + wait_ms
        return None

    def _wait_ms(self, now_ms, priority, data_rate):
        sf, bandwidth_khz = self._region.radio(data_rate)
        self._cost_ms = airtime_ms(sf, bandwidth_khz, JOIN_REQUEST)
        return self._airtime_budget.wait_ms(now_ms, priority, self._cost_ms)
