"""The hand on the box: each telegram is sent once, and again only for a reason. Pure."""

from modbus import charger as bus
from modbus import write_map

# An unacknowledged write is sent again after a reading that came this soon showed no effect, so often in a row. Later the box may
# have been silent because it did what it was told: one that resets is away for 3 s (docs/protocol.md).
WRITES_MAX = 3
PROMPT_MS = 2000
# What had no effect though it arrived is tried again at this pace, a lock less often: who undoes it is a person, or the box is broken.
AGAIN_MS = 10000
RELOCK_MS = 30000


class WriteRetry:
    """busy: a write is under way. register, value: the latest."""

    def __init__(self):
        self.busy = False
        self.register = 0
        self.value = 0
        self._done_ms = None
        self._last = {}   # register: [value, written ms, outcome, how often in a row]

    def written_ms(self, register):
        """When the latest write there was over, None before the first."""
        last = self._last.get(register)
        return None if last is None else last[1]

    def may(self, register, value, reading, now_ms):
        """True if this may be written now; reading: the latest, which does not show the effect yet."""
        if self.busy or self._done_ms is not None and reading.at_ms <= self._done_ms:
            return False   # nothing was read since the last telegram
        last = self._last.get(register)
        if last is None or last[0] != value:
            return True
        if last[2] == bus.NOT_SENT:
            return True
        if last[2] == bus.SILENT and last[3] < WRITES_MAX and reading.at_ms - last[1] < PROMPT_MS:
            return True
        return now_ms - last[1] >= (RELOCK_MS if value == write_map.JUMP_E0 else AGAIN_MS)

    def take(self, register, value, now_ms):
        """The write goes out."""
        self.busy = True
        self.register = register
        self.value = value
        last = self._last.get(register)
        if last is None or last[0] != value or now_ms - last[1] >= AGAIN_MS:
            self._last[register] = [value, now_ms, bus.SILENT, 1]
        else:
            last[3] += 1

    def done(self, outcome, now_ms):
        """It is over."""
        self.busy = False
        self._done_ms = now_ms
        last = self._last[self.register]
        last[1] = now_ms
        last[2] = outcome

    def forget(self, register):
        """What was written there has had its effect: wanted again later, it is another write."""
        self._last.pop(register, None)
