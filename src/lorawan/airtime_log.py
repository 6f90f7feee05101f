"""Airtime and joins of the last 24 hours, in bounded memory, never underestimated."""

import struct
from array import array

from micropython import const

DAY_MS = const(86400000)
# Older than this the record is rewritten: a reboot begins again at the age the entries had in it, and a monitor that waits
# for airtime or joins through many reboots would wait for ever. At most 24 more writes a day.
REFRESH_MS = const(3600000)
# An entry is forgotten with its whole bucket, so at most this much late and never early.
BUCKET_MS = const(1200000)
# The bucket of now, and every one that is not wholly older than a day.
SLOTS = const(73)
_BUCKET_S = const(1200)
# Record: version, UTC s of the last moment whose time was known (0: none), seconds with power since then, minutes since the last uplink,
# how far into the newest bucket it was written, in s, the ms and joins in the bucket of the known moment that came after it; and
# three bytes a bucket, newest first.
# Of the versions before, the buckets alone are read, wherever in the newest one it was written.
_VERSION = const(3)
_HEAD = '>BIIBHHB'
_HEAD_BYTES = const(15)
_HEADS = (0, 1, 7, 15)
_RING_BYTES = const(3 * 73)
# Two readings of a clock in whole seconds, with the drift of a day between them.
_UNSURE_S = const(30)


class AirtimeLog:
    """A ring of buckets; total_ms and joins cover the sliding day as of the last advance().

    The buckets' own clock, now_ms + _shift_ms, goes on over reboots where the record left it, so that a reboot loses no part of a bucket.
    """

    __slots__ = ('total_ms', 'joins', 'uplink_ms', '_shift_ms', '_index', '_ms', '_joins', '_known_s', '_known_at_s', '_known_ms', '_after_ms',
                 '_after_joins')

    def __init__(self, now_ms):
        self.total_ms = 0
        self.joins = 0
        self.uplink_ms = now_ms - DAY_MS    # of the last one, or earlier
        self._shift_ms = 0
        self._index = now_ms // BUCKET_MS
        self._ms = array('I', [0] * SLOTS)
        self._joins = array('B', [0] * SLOTS)
        self._known_s = 0           # UTC of the last moment whose time is known, 0: of none
        self._known_at_s = 0        # that moment by the buckets' clock
        self._known_ms = None       # the same by the board's, if it was since the boot; else its bucket holds from after it:
        self._after_ms = 0
        self._after_joins = 0

    def advance(self, now_ms):
        """Drop buckets wholly older than a day."""
        index = (now_ms + self._shift_ms) // BUCKET_MS
        if index - self._index > SLOTS:
            self._index = index - SLOTS
        while self._index < index:
            self._index += 1
            slot = self._index % SLOTS
            self.total_ms -= self._ms[slot]
            self.joins -= self._joins[slot]
            self._ms[slot] = self._joins[slot] = 0

    def note_uplink(self, now_ms):
        """An uplink begins."""
        self.uplink_ms = now_ms

    def add(self, now_ms, airtime_ms, joins=0):
        """Something that ended now, or a moment ago."""
        self.advance(now_ms)
        slot = self._index % SLOTS
        self._ms[slot] += airtime_ms
        self._joins[slot] = min(255, self._joins[slot] + joins)
        self.total_ms += airtime_ms
        self.joins = sum(self._joins)
        if self._known_ms is None and self._index == self._known_at_s // _BUCKET_S:
            self._after_ms += airtime_ms
            self._after_joins += joins

    def remaining_ms(self, later_ms):
        """How much of today's total will still count at later_ms."""
        oldest = (later_ms + self._shift_ms) // BUCKET_MS - SLOTS + 1
        if oldest <= self._index - SLOTS + 1:
            return self.total_ms
        total_ms = 0
        for index in range(oldest, self._index + 1):
            total_ms += self._ms[index % SLOTS]
        return total_ms

    def peak_ms(self, now_ms, spacing_ms, cost_ms, boots=0, boot_ms=0, more_boots=0):
        """The most that a day comes to, one after the other, if something of cost_ms is sent after each spacing_ms from now on, for a day.

        And if at the worst moment of it the joins of a day come to `boots` boots, of boot_ms each, or to more_boots beyond those that count.

        It is highest just before something is forgotten, or at the end.
        """
        left_ms = self.remaining_ms(now_ms)
        now_ms += self._shift_ms
        oldest = max(now_ms // BUCKET_MS, self._index) - SLOTS + 1
        peak_ms = (DAY_MS + BUCKET_MS - 1) // spacing_ms * cost_ms + max(boots, more_boots) * boot_ms
        all_ms = self._ms
        boots -= self.joins
        for index in range(oldest, self._index + 1):
            airtime_ms = all_ms[index % SLOTS]
            if airtime_ms:
                total_ms = left_ms + ((index + SLOTS) * BUCKET_MS - 1 - now_ms) // spacing_ms * cost_ms
                if boots > 0 or more_boots:
                    total_ms += max(boots, more_boots) * boot_ms
                if total_ms > peak_ms:
                    peak_ms = total_ms
                left_ms -= airtime_ms
            boots += self._joins[index % SLOTS]
        return peak_ms

    def next_expiry_ms(self, now_ms):
        """Milliseconds until something is forgotten; a bucket's length if there is nothing."""
        now_ms += self._shift_ms
        for index in range(self._index - SLOTS + 1, self._index + 1):
            slot = index % SLOTS
            if self._ms[slot] or self._joins[slot]:
                return (index + SLOTS) * BUCKET_MS - now_ms
        return BUCKET_MS

    def join_pace_ms(self, now_ms, joins_max):
        """The shortest even gap at which joins from now on never come to joins_max in a day and have to stop."""
        now_ms += self._shift_ms
        pace_ms = (DAY_MS + BUCKET_MS) // joins_max
        # What may be tried before the next expiry, and one: that try comes when it is permitted again.
        tries = joins_max - self.joins + 1
        for index in range(self._index - SLOTS + 1, self._index + 1):
            joins = self._joins[index % SLOTS]
            if joins:
                pace_ms = max(pace_ms, ((index + SLOTS) * BUCKET_MS - now_ms) // max(1, tries))
                tries += joins
        return pace_ms

    def note_time(self, now_ms, utc_s):
        """The network says what time it is. After a boot: what was on record before the power cut is older by the time without power."""
        self.advance(now_ms)
        if self._known_ms is None and self._known_s:
            age_ms = (utc_s - self._known_s - _UNSURE_S + self._known_at_s) * 1000 - now_ms - self._shift_ms
            if age_ms > 0:
                self._age(now_ms, age_ms)
        self._known_s = utc_s
        self._known_ms = now_ms

    def _age(self, now_ms, age_ms):
        """Age the entries up to the moment whose time was known; later ones may or may not be older."""
        known_index = self._known_at_s // _BUCKET_S
        after = []
        for index in range(max(known_index, self._index - SLOTS + 1), self._index + 1):
            slot = index % SLOTS
            sent_ms, joins = self._ms[slot], self._joins[slot]
            if index == known_index:
                sent_ms = min(sent_ms, self._after_ms)
                joins = min(joins, self._after_joins)
            after.append((index, sent_ms, joins))
            self._ms[slot] -= sent_ms
            self._joins[slot] -= joins
            self.total_ms -= sent_ms
        self._shift_ms += age_ms
        self.advance(now_ms)
        for index, sent_ms, joins in after:
            slot = min(index + (age_ms + BUCKET_MS - 1) // BUCKET_MS, self._index) % SLOTS
            self._ms[slot] += sent_ms
            self._joins[slot] = min(255, self._joins[slot] + joins)
            self.total_ms += sent_ms
        self.joins = sum(self._joins)

    def dump(self, now_ms, extra_ms=0, extra_joins=0):
        """The record for a Store, newest bucket first, with what may yet happen added to the newest."""
        self.advance(now_ms)
        if self._known_ms is not None:
            self._known_s += (now_ms - self._known_ms) // 1000
            self._known_ms += (now_ms - self._known_ms) // 1000 * 1000
            self._known_at_s = (self._known_ms + self._shift_ms) // 1000
            self._after_ms = self._after_joins = 0
        at_s = (now_ms + self._shift_ms) // 1000
        after_ms, after_joins = self._after_ms, self._after_joins
        if self._known_at_s // _BUCKET_S == self._index:
            after_ms += extra_ms
            after_joins += extra_joins
        record = bytearray(_HEAD_BYTES + _RING_BYTES)
        known_s, since_s = self._known_s, at_s - self._known_at_s
        if since_s >= SLOTS * _BUCKET_S:
            known_s = since_s = 0
        struct.pack_into(_HEAD, record, 0, _VERSION, known_s, since_s if known_s else 0, min(255, max(0, now_ms - self.uplink_ms) // 60000),
                         at_s % _BUCKET_S, min(0xFFFF, after_ms), min(255, after_joins))
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
        head = len(record) - _RING_BYTES
        version = record[0] if len(record) else 0
        if not (0 < version <= _VERSION and head == _HEADS[version]):
            return False
        known_s = since_s = uplink_min = at_s = after_ms = after_joins = 0
        if version == _VERSION:
            _, known_s, since_s, uplink_min, at_s, after_ms, after_joins = struct.unpack_from(_HEAD, record, 0)
            # With power it was no longer than that.
            self.uplink_ms = now_ms - uplink_min * 60000 - REFRESH_MS
        self._shift_ms = (at_s * 1000 - now_ms) % BUCKET_MS
        self._index = (now_ms + self._shift_ms) // BUCKET_MS
        self._known_s = known_s
        self._known_at_s = (now_ms + self._shift_ms) // 1000 - since_s
        self._after_ms = after_ms
        self._after_joins = after_joins
        for age in range(SLOTS):
            slot = (self._index - age) % SLOTS
            at = head + 3 * age
            self._ms[slot] = record[at] | record[at + 1] << 8
            self._joins[slot] = record[at + 2]
        self.total_ms = sum(self._ms)
        self.joins = sum(self._joins)
        return True


def _put(record, age, airtime_ms, joins):
    """One bucket, age of them before the newest."""
    at = _HEAD_BYTES + 3 * age
    if airtime_ms > 0xFFFF:
        airtime_ms = 0xFFFF
    record[at] = airtime_ms & 0xFF
    record[at + 1] = airtime_ms >> 8
    record[at + 2] = min(255, joins)
