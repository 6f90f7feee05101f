"""What must stay true at the box between commands: a lock stays a lock, and a pause of ours is taken back.

Both survive a reboot in the store. Pure but for the store; the monitor performs what step() asks for.
"""

from hal.contract import HalError

from app.states import is_fault

# Records: one byte, and two bytes big endian.
LOCK_RECORD = 'lock'
LIMIT_RECORD = 'limit_back'

# A lock that the box lost (power cut, reset by somebody) is set again, not more often than this.
RELOCK_MS = 30000
# The limit is given back on what 0x000F says; where the box does not answer that register, after this long.
BLIND_MS = 30000


class Keeper:
    """locked: the owner locked the outlet. limit_back: the Icmax duty to give back after our pause, 0 when there is none."""

    def __init__(self, store):
        self.store_failures = 0
        self._store = store
        self.locked = self._get(LOCK_RECORD) == b'\x01'
        kept = self._get(LIMIT_RECORD)
        self.limit_back = (kept[0] << 8 | kept[1]) if kept is not None and len(kept) == 2 else 0
        self._relocked_ms = None   # last attempt, None before the first
        self._owed_ms = None       # since when the limit could be given back, None while it may not

    def lock(self, locked):
        """The owner's word; written only when it changes."""
        if locked != self.locked:
            self.locked = locked
            self._put(LOCK_RECORD, b'\x01' if locked else b'\x00')

    def owe_limit(self, duty):
        """A pause of ours is about to be written over this Icmax; 0 when it has been given back."""
        if duty != self.limit_back:
            self.limit_back = duty
            self._put(LIMIT_RECORD, bytes((duty >> 8, duty & 0xFF)))

    def relock_due(self, code, now_ms):
        """True when the lock has to be set again."""
        if not self.locked or code & 0xF0 == 0xE0 or is_fault(code):
            return False
        if self._relocked_ms is not None and now_ms - self._relocked_ms < RELOCK_MS:
            return False
        self._relocked_ms = now_ms
        return True

    def limit_to_write(self, icmax, now_ms):
        """Icmax to write now, or 0. icmax: what 0x000F says, None while it has not answered."""
        if not self.limit_back:
            self._owed_ms = None
            return 0
        if self._owed_ms is None:
            self._owed_ms = now_ms
        if icmax == self.limit_back:
            self.owe_limit(0)
            return 0
        if icmax is None and now_ms - self._owed_ms < BLIND_MS:
            return 0
        return self.limit_back

    # A store that fails costs the memory over a reboot, not the monitor.

    def _get(self, name):
        try:
            return self._store.get(name)
        except HalError:
            self.store_failures += 1
            return None

    def _put(self, name, value):
        try:
            self._store.put(name, value)
        except HalError:
            self.store_failures += 1
