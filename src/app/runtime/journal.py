"""Records that survive a power cut at any instant, over any store: two copies, written in turn, each with number and checksum.

A cut spoils at most the copy being written, which is the older one. For the owner's wishes both copies are written the first time: a broken
one then proves that a record was lost. Nothing else of the application touches board.store.
"""

import hashlib

from hal.contract import HalError, STORE
from micropython import const

from app.codec.packing import field

# Layout of a copy: mark, write number (4 bytes, big endian), checksum (6), payload. The mark is the layout's version.
_MARK = b'J'
_CHECK = const(5)
_PAYLOAD = const(11)
_CHECK_BYTES = const(6)
MAX_VALUE = const(1000)
_COPIES = ('_a', '_b')
# Result of get() for a record that exists and cannot be read. No value is empty.
UNREADABLE = b''
# The names of all records of app; those of lorawan have names of their own.
OWNER_RECORD = 'owner'           # the claims, and the log of commands
PAST_RECORD = 'past'             # actions on the box
PLAN_RECORD = 'plan'
QUOTA_RECORD = 'quota'           # energy and time used of a window
TARGET_RECORD = 'target'         # energy by an hour
POWER_RECORD = 'power'           # of the car, learned
SITE_RECORD = 'site'             # settings changed over the air
ENERGY_RECORD = 'energy'         # counters of the meter
SESSIONS_RECORD = 'sessions'     # the last finished ones
EVENTS_RECORD = 'events'
BOOT_RECORD = 'boot'             # how the last boot ended
DRIFT_RECORD = 'drift'           # of the board's crystal
LEFT_RECORD = 'left_at'          # time of a reset ordered by the monitor
# Of the earlier firmware: a lock (one byte), a limit owed (two bytes).
OLD_LOCK_RECORD = 'lock'
OLD_LIMIT_RECORD = 'limit_back'
# Records of the owner's wishes, or of their use so far.
WISHES = (OWNER_RECORD, OLD_LOCK_RECORD, PLAN_RECORD, SITE_RECORD, QUOTA_RECORD, ENERGY_RECORD, TARGET_RECORD)


class Journal:
    """A Store (hal.contract) of records with names of at most 10 characters and values of 1 to 1000 bytes.

    writes: of this boot, failed ones included. writes_total: in the life of the flash, by the records read so far.
    store_failures: calls the store refused. torn: incomplete copies, as left by a power cut. lost: names of records that
    cannot be read, or not understood. again: names of records for repeat(), in a turn of its own.
    """

    def __init__(self, store):
        self.writes = 0
        self.store_failures = 0
        self.torn = 0
        self.lost = []
        self.again = []
        self._store = store
        self._writes_before = 0
        # Name: [value or None, index of the copy to write next, True while flash may have a newer value].
        self._records = {}

    @property
    def writes_total(self):
        """Every write has a number; the highest one is the wear."""
        return self._writes_before + self.writes

    def get(self, name):
        """The record's bytes; None if it never existed, UNREADABLE if it cannot be read. Flash is read once a boot."""
        try:
            value = self._record(name)[0]
        except HalError:
            value = UNREADABLE
        if value == UNREADABLE:
            self.reject(name)
        return value

    def reject(self, name):
        """The record is of no use to its reader: of another version, or broken."""
        if name not in self.lost:
            self.lost.append(name)

    def put(self, name, value, both=False):
        """Write value under name, if it differs. HalError(STORE) if that fails; the old value stays.

        both: in both copies, so that the loss of one does not restore the value before; repeat() writes the second.
        """
        if not 0 < len(value) <= MAX_VALUE:
            raise HalError(STORE, '%s: %d bytes, not 1 to %d' % (name, len(value), MAX_VALUE))
        record = self._record(name)
        if value == record[0] and not record[2]:
            return
        both = both or not record[0] and name in WISHES
        self._write(name, record, value)
        if both and name not in self.again:
            self.again.append(name)

    def repeat(self):
        """Write the other copy of one of `again`."""
        record = self._records[self.again[0]]
        try:
            self._write(self.again.pop(0), record, record[0])
        except HalError:
            record[2] = False   # the first copy has it

    def _write(self, name, record, value):
        """Write the older copy."""
        self.writes += 1
        record[2] = True
        try:
            value = bytes(value)
            self._store.put(name + _COPIES[record[1]], _packed(name, self.writes_total, value))
        except HalError:
            self.store_failures += 1
            raise
        except MemoryError:
            raise self._starved() from None
        record[0] = value
        record[1] = 1 - record[1]
        record[2] = False

    def _record(self, name):
        record = self._records.get(name)
        if record is None:
            try:
                record = self._records[name] = self._load(name)
            except MemoryError:
                raise self._starved() from None
        return record

    def _starved(self):
        """The error for a heap without room for a record."""
        self.store_failures += 1
        return HalError(STORE, 'no memory')

    def _load(self, name):
        """The record in flash. HalError if neither copy can be read, since the older one is unknown then."""
        newest, value, target = 0, None, 0
        found = unread = 0
        for index in (0, 1):
            try:
                copy = self._store.get(name + _COPIES[index])
            except HalError:
                self.store_failures += 1
                unread += 1
                if unread == 2:
                    raise
                continue
            if copy is None:
                continue
            found += 1
            number = _number(name, copy)
            if number is None:
                self.torn += 1
            elif number > newest:
                newest, value, target = number, copy[_PAYLOAD:], 1 - index
        if newest > self._writes_before:
            self._writes_before = newest
        if value is None:
            value = UNREADABLE if unread or found == 2 else self._plain(name)
        return [value, target, False]

    def _plain(self, name):
        """The value as written by firmware before the journal; valid only until the second copy is begun, since then the first is complete."""
        try:
            return self._store.get(name) or None
        except HalError:
            self.store_failures += 1
            return UNREADABLE


def _check(name, number, value):
    """Checksum of name, number and value: on FAT one file may have the contents of another."""
    # Not CRC-32, which the LoPy4 lacks; in one call, since its hash unit is busy until digest().
    return hashlib.sha256(name.encode() + number + value).digest()[:_CHECK_BYTES]


def _packed(name, number, value):
    number = field(number, 4)
    return _MARK + number + _check(name, number, value) + value


def _number(name, copy):
    """The write number of a copy, None if it is incomplete."""
    if len(copy) <= _PAYLOAD or not copy.startswith(_MARK) or copy[_CHECK:_PAYLOAD] != _check(name, copy[1:_CHECK], copy[_PAYLOAD:]):
        return None
    return int.from_bytes(copy[1:_CHECK], 'big')
