"""Airtime and joins of the last 24 hours, in bounded memory, never counted too low."""

from array import array

from micropython import const

DAY_MS = const(86400000)
# An entry is forgotten with its whole bucket, so at most this much late and never early.
BUCKET_MS = const(1200000)
# The bucket of now, and every one that is not wholly older than a day.
SLOTS = const(73)
_VERSION = const(1)
_RECORD_BYTES = const(1 + 3 * 73)


class Ledger:
    """A ring of buckets; total_ms and joins cover the sliding day as of the last advance()."""

    __slots__ = ('total_ms', 'joins', '_index', '_ms', '_joins')

    def __init__(self, now_ms):
        self.total_ms = 0
        self.joins = 0
        self._index = now_ms // BUCKET_MS
        self._ms = array('I', [0] * SLOTS)
        self._joins = array('B', [0] * SLOTS)

    def advance(self, now_ms):
        """Forget what is wholly older than a day."""
        index = now_ms // BUCKET_MS
        if index - self._index > SLOTS:
            self._index = index - SLOTS
        while self._index < index:
            self._index += 1
            slot = self._index % SLOTS
            self.total_ms -= self._ms[slot]
            self.joins -= self._joins[slot]
            self._ms[slot] = self._joins[slot] = 0

    def add(self, now_ms, airtime_ms, joins=0):
        """Something that ended now, or a moment ago."""
        self.advance(now_ms)
        slot = self._index % SLOTS
        self._ms[slot] += airtime_ms
        self._joins[slot] = min(255, self._joins[slot] + joins)
        self.total_ms += airtime_ms
        self.joins = sum(self._joins)

    def remaining_ms(self, later_ms):
        """How much of today's total will still count at later_ms."""
        oldest = later_ms // BUCKET_MS - SLOTS + 1
        if oldest <= self._index - SLOTS + 1:
            return self.total_ms
        total_ms = 0
        for index in range(oldest, self._index + 1):
            total_ms += self._ms[index % SLOTS]
        return total_ms

    def peak_ms(self, now_ms, spacing_ms, cost_ms):
        """The most that a day comes to, one after the other, if something of cost_ms is sent after each spacing_ms from now on, for a day.

        It is highest just before something is forgotten, or at the end.
        """
        oldest = max(now_ms // BUCKET_MS, self._index) - SLOTS + 1
        left_ms = self.remaining_ms(now_ms)
        peak_ms = (DAY_MS + BUCKET_MS + spacing_ms - 1) // spacing_ms * cost_ms
        all_ms = self._ms
        for index in range(oldest, self._index + 1):
            airtime_ms = all_ms[index % SLOTS]
            if airtime_ms:
                total_ms = left_ms + ((index + SLOTS) * BUCKET_MS - 1 - now_ms) // spacing_ms * cost_ms
                if total_ms > peak_ms:
                    peak_ms = total_ms
                left_ms -= airtime_ms
        return peak_ms

    def next_expiry_ms(self, now_ms):
        """Milliseconds until something is forgotten; a bucket's length if there is nothing."""
        for index in range(self._index - SLOTS + 1, self._index + 1):
            slot = index % SLOTS
            if self._ms[slot] or self._joins[slot]:
                return (index + SLOTS) * BUCKET_MS - now_ms
        return BUCKET_MS

    def join_pace_ms(self, now_ms, joins_max):
        """The shortest even gap at which joins from now on never come to joins_max in a day and have to stop."""
        pace_ms = (DAY_MS + BUCKET_MS) // joins_max
        # What may be tried before the next expiry, and one: that try comes when it is permitted again.
        tries = joins_max - self.joins + 1
        for index in range(self._index - SLOTS + 1, self._index + 1):
            joins = self._joins[index % SLOTS]
            if joins:
                pace_ms = max(pace_ms, ((index + SLOTS) * BUCKET_MS - now_ms) // max(1, tries))
                tries += joins
        return pace_ms

    def dump(self, extra_ms=0, extra_joins=0):
        """The record for a Store, newest bucket first, with what may yet happen added to the newest."""
        record = bytearray(_RECORD_BYTES)
        record[0] = _VERSION
        newest = self._index % SLOTS
        all_ms, all_joins = self._ms, self._joins
        # Most of a day is empty, and this is done at every frame.
        for slot in range(SLOTS):
            if all_ms[slot] or all_joins[slot]:
                _put(record, (newest - slot) % SLOTS, all_ms[slot], all_joins[slot])
        _put(record, 0, all_ms[newest] + extra_ms, all_joins[newest] + extra_joins)
        return bytes(record)

    def load(self, record, now_ms):
        """Go on from a record; False if it is none. The time since counts as none: nobody knows how long the power was off."""
        if len(record) != _RECORD_BYTES or record[0] != _VERSION:
            return False
        self._index = now_ms // BUCKET_MS
        for age in range(SLOTS):
            slot = (self._index - age) % SLOTS
            self._ms[slot] = record[1 + 3 * age] | record[2 + 3 * age] << 8
            self._joins[slot] = record[3 + 3 * age]
        self.total_ms = sum(self._ms)
        self.joins = sum(self._joins)
        return True


def _put(record, age, airtime_ms, joins):
    """One bucket, age of them before the newest."""
    at = 1 + 3 * age
    if airtime_ms > 0xFFFF:
        airtime_ms = 0xFFFF
    record[at] = airtime_ms & 0xFF
    record[at + 1] = airtime_ms >> 8
    record[at + 2] = min(255, joins)
