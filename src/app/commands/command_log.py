"""The log of commands: which were requested, whether each may still be executed, and its answer. No box, no radio, no claims. Pure.

A command has the identity (op, id, issued_at). Design decisions in docs/operation.md, "Commands". The life of one:
deliver() NEW -> accept() -> begin() right before its action -> finish() with its one answer. The record comes before the action:
dump() after accept() and begin(), and after finish() before the answer is sent.
"""

import struct

from micropython import const

from app.codec.vocabulary import OPENING

# Results of deliver(): accept() or refuse() it; its answer is on the way; answer it again; too late, answer that; no room, refuse() it.
NEW, RUNNING, REPEATED, TOO_LATE, FULL = range(5)

CAPACITY = const(48)
# Places reserved for opening commands, which take other free places too: with none free, the oldest answered one is removed for the
# next. So a stop is always accepted, and the latest opening commands are always known.
RESERVED = const(8)
# Opening commands that have answers of their own whatever the airtime; of older ones only the number is sent.
OWN_ANSWERS = const(4)
# Shortest time for which an answer is kept (design decision). Its expiry is over by then: 65535 s and FUTURE_S are less.
KEPT_S = const(86400)
# Longest wait of a command of unknown age for the time after a boot; the network is asked for it every 10 min (design decision).
UNSURE_MS = const(900000)
# Age at which a full log rewrites its record: else the ages in it would begin again at every boot, and it might stay full for ever.
REFRESH_MS = const(3600000)
# A stamp ahead of the monitor's clock by up to this is normal; further ahead, one of the two clocks is wrong.
FUTURE_S = const(120)

_REFUSED_MOST = const(255)
_U16 = const(0xFFFF)
_U32 = 0xFFFFFFFF

# Record: version, number of entries, UTC s when written (0: not known), refused; then for each entry, oldest first: op, id,
# issued_at, expires_in_s, minutes since reception, result (high nibble) and flags, detail. 7 + 48 * 12 bytes at most.
_VERSION = const(1)
_HEAD = '>BBIB'
_HEAD_BYTES = const(7)
_ENTRY = '>BBIHHBB'
_ENTRY_BYTES = const(12)
_NO_RESULT = const(15)
_F_UNDATED = const(1)
_F_BEGUN = const(2)
_F_OWED = const(4)
_F_COUNTED = const(8)


class Entry:
    """One command. result, detail: indices in vocabulary, None and 0 while it has no answer; begun: its action has begun, or is about to;
    undated: its expiry counts from reception, without a right clock; owed: its answer was not sent yet; counted: it has no answer of
    its own, and is one of CommandLog.counted."""

    __slots__ = ('op', 'command_id', 'issued_at', 'expires_in_s', 'result', 'detail', 'undated', 'begun', 'owed', 'counted', 'earlier',
                 'received_ms')

    def __init__(self, op, command_id, issued_at, expires_in_s, received_ms):
        self.op = op
        self.command_id = command_id
        self.issued_at = issued_at
        self.expires_in_s = expires_in_s
        self.result = None
        self.detail = 0
        self.undated = False
        self.begun = False
        self.owed = False
        self.counted = False
        self.earlier = False          # received before this boot
        self.received_ms = received_ms


class CommandLog:
    """Bounded: without a removable entry it is FULL, but not for opening commands. refused: commands refused since the last report, at
    most 255; counted: opening commands of which only the number is sent;
    unsaved: there is a change for the record."""

    def __init__(self):
        self.refused = 0
        self.counted = 0
        self._confirmed = True        # see trust_time()
        self.unsaved = False
        self.bad_records = 0
        self.ahead = 0                # commands from the future: a clock is wrong, the sender's or the monitor's
        self._entries = []            # in order of acceptance
        self._running = []            # of those, the ones without an answer
        self._now_ms = 0              # of the latest poll()
        self._utc_s = None
        self._anchor_ms = 0           # the first now_ms of this boot, None until the first poll()
        self._dumped_ms = 0
        self._written_s = None        # UTC s at which the record of an earlier boot was written

    # --- the life of a command

    def deliver(self, op, command_id, issued_at, expires_in_s, now_ms, utc_s):
        """(verdict, its Entry or None). On NEW accept() it, on TOO_LATE accept() and finish() it, or refuse() it without airtime for the
        answer; on FULL refuse()."""
        self.poll(now_ms, utc_s)
        entry = self._find(op, command_id, issued_at)
        if entry is not None:
            return (RUNNING if entry.result is None else REPEATED), entry
        if not self._make_room(op in OPENING):
            return FULL, None
        entry = Entry(op, command_id, issued_at, min(expires_in_s, _U16), now_ms)
        ahead = utc_s is not None and issued_at > utc_s + FUTURE_S
        self.ahead += ahead
        entry.undated = utc_s is None or ahead
        return TOO_LATE if self.expired(entry, now_ms, utc_s) else NEW, entry

    def accept(self, entry):
        """Accept a command; it will have exactly one answer."""
        self._entries.append(entry)
        self._running.append(entry)

    def refuse(self):
        """Count a command refused without room or airtime; it is not kept, and may be sent again."""
        if self.refused < _REFUSED_MOST:
            self.refused += 1

    def reported(self, count):
        """The number of `count` refused commands was sent."""
        self.refused -= min(count, self.refused)

    def running(self):
        """The accepted commands without an answer, in order of acceptance. The log's own list: not to be changed."""
        return self._running

    def expired(self, entry, now_ms, utc_s):
        """True if it must not be executed any more. Of unknown age it must not, see unsure(), unless it is an opening command."""
        self.poll(now_ms, utc_s)
        over = utc_s is not None and utc_s >= entry.issued_at + entry.expires_in_s
        if entry.op in OPENING:
            return over and self._confirmed
        if over:
            return True
        if entry.earlier and utc_s is None:
            return True
        return self._age_s(entry, self._off_s()) >= entry.expires_in_s

    def unsure(self, entry, now_ms, utc_s):
        """True while its age is unknown after a power cut, and the time, from which it follows, may be known soon."""
        self.poll(now_ms, utc_s)
        return entry.op not in OPENING and entry.earlier and utc_s is None and now_ms - self._anchor_ms < UNSURE_MS

    def begin(self, entry, now_ms, utc_s):
        """True, once, if it may be executed now; write the record, then act. A command begun before a reboot is only verified."""
        if entry.begun or entry.result is not None or self.expired(entry, now_ms, utc_s):
            return False
        entry.begun = True
        return True

    def finish(self, entry, result, detail, now_ms=0):
        """Set its answer, indices in vocabulary.RESULTS and DETAILS; only the first counts."""
        if entry.result is None:
            entry.result = result
            entry.detail = detail
            entry.owed = True
            self._running.remove(entry)

    def answer_sent(self, entry):
        """Its answer was sent."""
        entry.owed = False
        self.unsaved = True

    def drop_answer(self, entry):
        """Count this command instead of answering it, as too many wait for answers."""
        if entry.owed:
            entry.owed = False
            entry.counted = True
            self.counted += 1

    def count_sent(self, count):
        """The number of `count` counted commands was sent."""
        self.counted -= min(count, self.counted)
        for entry in self._entries:
            entry.counted = False

    def owed(self):
        """The commands with answers not sent yet, in order of acceptance."""
        return [entry for entry in self._entries if entry.owed]

    # --- time

    def trust_time(self, confirmed):
        """confirmed: the network has set or confirmed the time."""
        self._confirmed = confirmed

    def poll(self, now_ms, utc_s):
        """Set the time, now_ms and utc_s or None. Cheap; methods with the time as an argument call it."""
        self._now_ms = now_ms
        self._utc_s = utc_s
        if self._anchor_ms is None:
            self._anchor_ms = self._dumped_ms = now_ms
            for entry in self._entries:
                entry.received_ms += now_ms

    def _age_s(self, entry, off_s):
        """Seconds since reception, or the least possible after a power cut. off_s: _off_s()."""
        age_s = (self._now_ms - entry.received_ms) // 1000
        return age_s + off_s if entry.earlier else age_s

    def _off_s(self):
        """Seconds without power before this boot, as far as known. Calculated each time, since a clock may be corrected."""
        if self._written_s is None or self._utc_s is None or self._anchor_ms is None:
            return 0
        return max(0, self._utc_s - self._written_s - (self._now_ms - self._anchor_ms) // 1000)

    # --- entries

    def _find(self, op, command_id, issued_at):
        for entry in self._entries:
            if entry.issued_at == issued_at and entry.command_id == command_id and entry.op == op:
                return entry
        return None

    def _make_room(self, opening):
        """If there is no room, remove the oldest entry that may be removed: a longer memory is safer. Commands that do not open take no
        reserved place; for an opening command even the latest answers of opening commands may be removed, unsent ones last."""
        entries = self._entries
        if len(entries) < CAPACITY - RESERVED:
            return True
        crowded = False
        if not opening:
            others = 0
            for entry in entries:
                if entry.op not in OPENING:
                    others += 1
            crowded = others >= CAPACITY - RESERVED
        if len(entries) < CAPACITY and not crowded:
            return True
        found = None
        off_s = self._off_s()
        old = True    # in order of acceptance: behind a young one there is no old one
        for entry in entries:
            old = old and self._age_s(entry, off_s) >= KEPT_S
            opens = entry.op in OPENING
            if entry.result is None or opens and crowded:
                continue
            if old:
                found = entry
                break
            if opens and (found is None or found.owed and not entry.owed):
                found = entry
        if found is None:
            return False
        entries.remove(found)
        return True

    def record_due(self):
        """True if the record should be rewritten after a FULL; after a change of a command it always is."""
        return self._now_ms - self._dumped_ms >= REFRESH_MS

    def dump(self):
        """The record: at most 583 bytes, first the version. Ages as of the latest poll(), so never too high."""
        record = bytearray(_HEAD_BYTES + _ENTRY_BYTES * len(self._entries))
        struct.pack_into(_HEAD, record, 0, _VERSION, len(self._entries), (self._utc_s or 0) & _U32, self.refused)
        self._dumped_ms = self._now_ms
        self.unsaved = False
        off_s = self._off_s()
        at = _HEAD_BYTES
        for entry in self._entries:
            result = _NO_RESULT if entry.result is None else entry.result
            flags = result << 4 | (_F_UNDATED if entry.undated else 0) | (_F_BEGUN if entry.begun else 0)
            if entry.owed or entry.counted:
                flags |= _F_OWED if entry.owed else _F_COUNTED
            age_min = min(max(0, self._age_s(entry, off_s)) // 60, _U16)
            struct.pack_into(_ENTRY, record, at, entry.op, entry.command_id, entry.issued_at & _U32, entry.expires_in_s, age_min, flags,
                             entry.detail)
            at += _ENTRY_BYTES
        return bytes(record)

    def load(self, record):
        """Restore from a record of an earlier boot, or None. An invalid one is counted, and the log is empty."""
        self._entries = []
        self._running = []
        self._now_ms = self.refused = self.counted = 0
        self._anchor_ms = self._utc_s = self._written_s = None
        if record is None:
            return
        if not _is_whole(record):
            self.bad_records += 1
            return
        _, _, written_s, self.refused = struct.unpack_from(_HEAD, record, 0)
        self._written_s = written_s or None
        for at in range(_HEAD_BYTES, len(record), _ENTRY_BYTES):
            op, command_id, issued_at, expires_in_s, age_min, flags, detail = struct.unpack_from(_ENTRY, record, at)
            entry = Entry(op, command_id, issued_at, expires_in_s, -60000 * age_min)
            entry.earlier = True
            entry.undated = bool(flags & _F_UNDATED)
            entry.begun = bool(flags & _F_BEGUN)
            self._entries.append(entry)
            if flags >> 4 == _NO_RESULT:
                self._running.append(entry)
            else:
                entry.result = flags >> 4
                entry.detail = detail
                entry.owed = bool(flags & _F_OWED)
                entry.counted = bool(flags & _F_COUNTED)
                self.counted += entry.counted


def _is_whole(record):
    """True for a record of this version with the right length."""
    return (len(record) >= _HEAD_BYTES and record[0] == _VERSION and record[1] <= CAPACITY
            and len(record) == _HEAD_BYTES + _ENTRY_BYTES * record[1])
