"""The owner's wishes and our actions on the box, on record: written before the action, read at boot; and what follows from a record that is lost.

Pure but for the journal.
"""

from hal.contract import HalError

from app.policy.claims import LOST, RECORD_BYTES as CLAIMS_BYTES
from app.runtime.journal import OLD_LIMIT_RECORD, OLD_LOCK_RECORD, OWNER_RECORD, PAST_RECORD, WISHES
from app.evse.states import CODE_E0


class OwnerRecord:
    """load(), then recollect() once the other records were read too; change() and settle() write. has_lost: this boot found a record lost, or
    nothing is given since an earlier one did."""

    def __init__(self, journal, arbiter, command_log, reconciler, box):
        self.has_lost = False
        self._dirty = False          # something new is to be recorded
        self._both = False           # in both copies
        self._record = None          # to be written next
        self._restore = []           # callables that write a lost record again
        self._is_unsure = False      # whether an E0 in the first reading is the owner's lock
        self._journal = journal
        self._arbiter = arbiter
        self._claims = arbiter.claims
        self._command_log = command_log
        self._control = reconciler.record
        self._icmax = reconciler.icmax
        self._box = box

    def load(self, now_ms):
        """Go on where the boot before ended."""
        get = self._journal.get
        control = self._control
        record = get(PAST_RECORD)
        if record is None:
            owed = get(OLD_LIMIT_RECORD)
            if owed is not None and len(owed) == 2:
                self._icmax.restore(int.from_bytes(owed, 'big'))
        else:
            if not control.load(record, now_ms):
                self._journal.reject(PAST_RECORD)
                control.closings.moved.add(now_ms, None)   # it may have been just now
            self._box.restore(control.finished, control.drew)
        record = get(OWNER_RECORD)
        if record is not None or control.has_wishes:
            record = record or b''
            if not self._claims.load(record[:CLAIMS_BYTES]):
                self._journal.reject(OWNER_RECORD)
            self._command_log.load(record[CLAIMS_BYTES:])
        elif get(OLD_LOCK_RECORD) == b'\x01':
            self._claims.lock()

    def recollect(self, restore):
        """Where a record of the owner's wishes was lost, nothing is given until he speaks. restore: {name: callable that writes it again}."""
        lost = self._journal.lost
        if any([name in WISHES for name in lost]):
            self._claims.forget()
            self._restore = [restore[name] for name in lost if name in restore]
            self.change(True)
        self._is_unsure = self._claims.stopped == LOST
        self.has_lost = self._is_unsure or len(lost) > 0

    def see(self, reading):
        """The first reading tells whose an E0 is: with the owner's word lost, and no pulse of our own on record, it is his lock."""
        if not self._is_unsure or reading is None:
            return
        self._is_unsure = False
        if reading.code == CODE_E0 and not self._control.pulse:
            self._claims.lock()
            self.change(True)

    @property
    def is_begun(self):
        """True while a record waits to be written that misses what comes now."""
        return self._record is not None

    @property
    def is_behind(self):
        """True while the owner's wishes are not on record: nothing is done about them yet."""
        return self._dirty or self._record is not None or self._arbiter.changed

    @property
    def is_due(self):
        """True while settle() has something to write for the sake of what follows."""
        return self.is_behind or self._control.unsaved or self._command_log.unsaved

    def change(self, both=False):
        """Wishes or commands changed. both: in both copies, for a loss would bring back what no command of the log took away."""
        self._dirty = True
        self._both = self._both or both

    def settle(self, now_ms, utc_s):
        """The record before the action, and before the answer; one a turn, False when nothing is left."""
        if self._record is not None:
            if self._put(OWNER_RECORD, self._record, self._both):
                self._control.note_wishes()
            else:
                self._restore = []   # else it would not be lost at the next boot, and nobody knew that it was
            self._record = None
            self._both = False
        elif self._dirty or self._command_log.unsaved or self._arbiter.changed:
            self._dirty = False
            self._arbiter.saved()
            self._record = self._claims.dump() + self._command_log.dump()
        elif self._control.unsaved:
            self.save_control(now_ms, utc_s)
        else:
            return False
        return True

    def copy(self):
        """When there is time: the second copy of a record, or one that was lost. True if there is more."""
        if self._journal.again:
            self._journal.repeat()
        elif self._restore:
            self._restore.pop()()
        return len(self._journal.again) > 0 or len(self._restore) > 0

    def save_control(self, now_ms, utc_s):
        """Our actions."""
        self._control.saved()
        self._put(PAST_RECORD, self._control.dump(now_ms, utc_s))

    def _put(self, name, record, both=False):
        """False if the store refused it: that costs the memory over a reboot, not the monitor."""
        try:
            self._journal.put(name, record, both)
        except HalError:
            return False
        return True
