"""What the owner wished and what was done to the box, on record: written before the deed, read at boot; and what is done about what cannot be read.

Pure but for the journal.
"""

from hal.contract import HalError

from app.policy.claims import LOST, RECORD_BYTES as CLAIMS_BYTES
from app.runtime.journal import OLD_LIMIT_RECORD, OLD_LOCK_RECORD, OWNER_RECORD, PAST_RECORD, WISHES
from app.evse.states import CODE_E0


class OwnerRecord:
    """load(), then recollect() once the other records were read too; settle() writes. dirty: the owner's record should be written; both: in both
    copies, for its loss would bring back what no command of the book took away; mend: callables that write anew what was lost; is_unsure: the
    first reading is for lock_found()."""

    def __init__(self, journal, intent, book, reconciler, box):
        self.dirty = False
        self.both = False
        self.record = None           # to be written next
        self.mend = []
        self._journal = journal
        self._intent = intent
        self._claims = intent.claims
        self._book = book
        self._reconciler = reconciler
        self._box = box
        self.is_unsure = False       # whose an E0 is

    def load(self, now_ms):
        """Go on where the boot before ended."""
        get = self._journal.get
        past = self._reconciler.past
        record = get(PAST_RECORD)
        if record is None:
            owed = get(OLD_LIMIT_RECORD)
            if owed is not None and len(owed) == 2:
                self._reconciler.limit.back = owed[0] << 8 | owed[1]
        else:
            if not past.load(record, now_ms):
                self._journal.reject(PAST_RECORD)
                past.closings.moved.add(now_ms, None)   # it may have been just now
            self._box.finished = past.finished
            self._box.drew = past.drew
        record = get(OWNER_RECORD)
        if record is not None or past.told:
            record = record or b''
            if not self._claims.load(record[:CLAIMS_BYTES]):
                self._journal.reject(OWNER_RECORD)
            self._book.load(record[CLAIMS_BYTES:])
        else:
            self._claims.locked = get(OLD_LOCK_RECORD) == b'\x01'

    def recollect(self, mend):
        """Where a record that says what the owner wishes was lost, nothing is given until he speaks. mend: name -> callable that writes it anew.

        (that is so, the owner is to be told).
        """
        lost = self._journal.lost
        forgot = any([name in WISHES for name in lost])
        if forgot:
            self._claims.forget()
            self.mend = [mend[name] for name in lost if name in mend]
        self.is_unsure = self._claims.stopped == LOST
        return forgot, self.is_unsure or len(lost) > 0

    def lock_found(self, reading):
        """True if the first reading shows an outlet out of use, no pulse of ours is on record, and the owner's word is lost: it is locked then."""
        if reading is None:
            return False
        self.is_unsure = False
        if reading.code != CODE_E0 or self._reconciler.past.pulse:
            return False
        self._claims.lock()
        return True

    def settle(self, now_ms, utc_s, quiet):
        """Record before deed, and before answer, one a turn; False when nothing is left. quiet: no answer waits for that."""
        past = self._reconciler.past
        if self.record is not None:
            if self.put(OWNER_RECORD, self.record, self.both):
                past.hear()
            else:
                self.mend = []       # else it would not be lost at the next boot, and nobody knew that it was
            self.record = None
            self.both = False
        elif self.dirty or self._book.unsaved or self._intent.changed:
            self.dirty = self._intent.changed = False
            self.record = self._claims.dump() + self._book.dump()
        elif past.unsaved:
            self.save_past(now_ms, utc_s)
        elif quiet and self._journal.again:
            self._journal.repeat()
        elif quiet and self.mend:
            self.mend.pop()()
        else:
            return False
        return True

    def save_past(self, now_ms, utc_s):
        """What was done."""
        past = self._reconciler.past
        past.saved()
        self.put(PAST_RECORD, past.dump(now_ms, utc_s))

    def put(self, name, record, both=False):
        """False if the store refused it: that costs the memory over a reboot, not the monitor."""
        try:
            self._journal.put(name, record, both)
        except HalError:
            return False
        return True
