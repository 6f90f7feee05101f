"""Frames waiting to be sent: bounded, most urgent first, one entry per key so that the newest state replaces older ones."""

from micropython import const

# Priorities, most urgent first.
ANSWER = const(0)
FAULT = const(1)
CHANGE = const(2)
RECORD = const(3)
HEARTBEAT = const(4)
# That commands were turned away: after all else, and on a budget of its own (lorawan.airtime_budget has 5 to 7 for joins and the reserve).
BUSY = const(8)

# Answers and records stay until they were sent, but only this many at a time, so that the newest state always finds a place.
# A record that finds none is in flash: it is put again when another one was sent.
CAPACITY = const(10)
ANSWERS_MAX = const(6)
RECORDS_MAX = const(2)
_MOST = {ANSWER: ANSWERS_MAX, RECORD: RECORDS_MAX}

# An entry: priority, order of arrival, key, make, the priority of a put that came while it was in flight (or None), whether it says more in its
# long form, and who is to know that it was sent.
_PRIORITY = const(0)
_ORDER = const(1)
_KEY = const(2)
_MAKE = const(3)
_AGAIN = const(4)
_LONG = const(5)
_SENT = const(6)


class Outbox:
    """put() by the application; take(), then sent() or back(), by the session, one frame at a time."""

    __slots__ = ('dropped', '_entries', '_order', '_flying', '_wake', '_standby')

    def __init__(self, wake):
        """wake() is called whenever there is something new."""
        self.dropped = 0
        self._entries = []
        self._order = 0
        self._flying = None
        self._wake = wake
        self._standby = None

    def __len__(self):
        return len(self._entries)

    def holds(self, key):
        """True while an entry of that key waits or is in flight."""
        return self._find(key) is not None

    def count(self, priority):
        """How many entries of that priority are here."""
        return sum([1 for entry in self._entries if entry[_PRIORITY] == priority])

    def put(self, priority, key, make, sent=None, long=False):
        """Send what make(limit) -> (port, payload) or None gives when its turn comes; False if there is no room for it now.

        sent(now_ms): called when it was sent. long: where its short form is usual, it is worth the long one if airtime is there.
        """
        entry = self._find(key)
        if entry is not None:
            self._replace(entry, priority, make)
            entry[_LONG] = long
            entry[_SENT] = sent
        else:
            if not self._has_room(priority):
                self.dropped += 1
                return False
            self._order += 1
            self._entries.append([priority, self._order, key, make, None, long, sent])
        self._wake()
        return True

    def keep_ready(self, make):
        """The frame that put_ready() sends."""
        self._standby = make

    @property
    def is_ready(self):
        """True if nothing waits and there is such a frame."""
        return self._standby is not None and not self._entries

    def put_ready(self, priority, key):
        """Send that frame, if nothing else waits; False if it is not sent."""
        return self.is_ready and self.put(priority, key, self._standby)

    def remove(self, key):
        """Withdraw what waits under that key; a frame in flight is only not sent again."""
        entry = self._find(key)
        if entry is None:
            return
        if entry is self._flying:
            entry[_AGAIN] = None
        else:
            self._entries.remove(entry)

    def first(self):
        """Priority of the entry whose turn it is, or None."""
        entry = self._first()
        return None if entry is None else entry[_PRIORITY]

    def first_is_long(self):
        """True if that entry is worth its long form."""
        return self._first()[_LONG]

    def take(self):
        """(key, make) of the entry whose turn it is; it stays until sent() or comes back()."""
        entry = self._flying = self._first()
        entry[_AGAIN] = None
        return entry[_KEY], entry[_MAKE]

    def sent(self):
        """The taken entry was sent and is removed, or waits again if it was put again since. Returns who is to know, or None."""
        entry = self._flying
        self._flying = None
        if entry[_AGAIN] is None:
            self._entries.remove(entry)
        else:
            entry[_PRIORITY] = entry[_AGAIN]
        return entry[_SENT]

    def back(self):
        """The taken entry was not sent and keeps its place."""
        entry = self._flying
        self._flying = None
        if entry[_AGAIN] is not None:
            entry[_PRIORITY] = min(entry[_PRIORITY], entry[_AGAIN])

    def _find(self, key):
        for entry in self._entries:
            if entry[_KEY] == key:
                return entry
        return None

    def _first(self):
        # Compared by the first two fields: no two entries have the same order.
        return min(self._entries) if self._entries else None

    def _replace(self, entry, priority, make):
        entry[_MAKE] = make
        if entry is not self._flying:
            entry[_PRIORITY] = min(entry[_PRIORITY], priority)
        elif entry[_AGAIN] is None or priority < entry[_AGAIN]:
            entry[_AGAIN] = priority

    def _has_room(self, priority):
        """Room for one more of that priority, made if need be at the cost of the least urgent, oldest one that is no more urgent."""
        if priority in _MOST and self.count(priority) >= _MOST[priority]:
            return False
        if len(self._entries) < CAPACITY:
            return True
        victim = None
        for entry in self._entries:
            if entry is self._flying or entry[_PRIORITY] in _MOST or entry[_PRIORITY] < priority:
                continue
            if victim is None or entry[_PRIORITY] > victim[_PRIORITY]:
                victim = entry
        if victim is None:
            return False
        self._entries.remove(victim)
        self.dropped += 1
        return True
