"""Records of the owner's wishes and of the actions on the box: written before the action, read at boot; and the handling of a lost record.

Pure but for the journal.
"""

from hal.contract import HalError

from app.policy.claims import LOST, RECORD_BYTES as CLAIMS_BYTES
from app.runtime.journal import OLD_LIMIT_RECORD, OLD_LOCK_RECORD, OWNER_RECORD, PAST_RECORD, WISHES
from app.evse.states import CODE_E0


class OwnerRecord:
    """load(), then recollect() after the other records were read too; change() and settle() write. has_lost: this boot found a record lost, or
    there is no current since an earlier boot did."""

    def __init__(self, journal, arbiter, command_log, reconciler, box):
        self.has_lost = False
        self._dirty = False          # there is a change to record
        self._both = False           # in both copies
        self._record = None          # to be written next
        self._restore = []           # callables that write a lost record again
        self._is_unsure = False      # an E0 in the first reading may be the owner's lock
        self._journal = journal
        self._arbiter = arbiter
        self._claims = arbiter.claims
        self._command_log = command_log
        self._control = reconciler.record
        self._icmax = reconciler.icmax
        self._box = box

    def load(self, now_ms):
        """Restore the state of the boot before."""
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
        """If a record of the owner's wishes was lost: no current until his next request. restore: {name: callable that writes it again}."""
        lost = self._journal.lost
        if any([name in WISHES for name in lost]):
            self._claims.forget()
            self._restore = [restore[name] for name in lost if name in restore]
            self.change(True)
        self._is_unsure = self._claims.stopped == LOST
        self.has_lost = self._is_unsure or len(lost) > 0

    def see(self, reading):
        """In the first reading an E0 is the owner's lock, if his record was lost and no pulse by the monitor is on record."""
        if not self._is_unsure or reading is None:
            return
        self._is_unsure = False
        if reading.code == CODE_E0 and not self._control.pulse:
            self._claims.lock()
            self.change(True)

    @property
    def is_begun(self):
        """True while a record waits to be written that lacks later changes."""
        return self._record is not None

    @property
    def is_behind(self):
        """True while the owner's wishes are not on record, and so must not be acted upon."""
        return self._dirty or self._record is not None or self._arbiter.changed or self._claims.target.unsaved

    @property
    def is_due(self):
        """True while settle() has something to write before other steps."""
        return self.is_behind or self._control.unsaved or self._command_log.unsaved

    def change(self, both=False):
        """Wishes or commands changed. both: in both copies, if the loss of one would restore a claim that no command of the log ended."""
        self._dirty = True
        self._both = self._both or both

    def settle(self, now_ms, utc_s):
        """Write one record, as each precedes its action and answer; False if there is none left."""
        if self._claims.target.unsaved:
            self._arbiter.follower.save()   # before the command that ended it
        elif self._record is not None:
            if self._put(OWNER_RECORD, self._record, self._both):
                self._control.note_wishes()
            else:
                self._restore = []   # else the next boot could not detect the loss
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
        """In a free turn: write the second copy of a record, or a lost one. True if there is more."""
        if self._journal.again:
            self._journal.repeat()
        elif self._restore:
            self._restore.pop()()
        return len(self._journal.again) > 0 or len(self._restore) > 0

    def save_control(self, now_ms, utc_s):
        """Record the actions on the box."""
        self._control.saved()
        self._put(PAST_RECORD, self._control.dump(now_ms, utc_s))

    def _put(self, name, record, both=False):
        """False if the store failed: then only the memory over a reboot is lost."""
        try:
            self._journal.put(name, record, both)
        except HalError:
            return False
        return True
