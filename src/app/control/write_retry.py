"""Repetition of writes to the box: each write is sent once, and again only for a reason. Pure."""

from modbus import charger as bus
from modbus import write_map

# An unacknowledged write is repeated, up to WRITES_MAX, if a reading within PROMPT_MS shows no effect. Later the silence may come from
# the effect itself: a box that resets is silent for 3 s (docs/protocol.md).
WRITES_MAX = 3
PROMPT_MS = 2000
# Interval of repetitions of an acknowledged write without effect; longer for a lock: a person undoes it, or the box is broken.
AGAIN_MS = 10000
RELOCK_MS = 30000


class WriteRetry:
    """busy: a write is under way. register, value: of the latest write."""

    def __init__(self):
        self.busy = False
        self.register = 0
        self.value = 0
        self._done_ms = None
        self._last = {}   # register: [value, written ms, outcome, how often in a row]

    def written_ms(self, register):
        """Time of the latest write to this register, None before the first."""
        last = self._last.get(register)
        return None if last is None else last[1]

    def may(self, register, value, reading, now_ms):
        """True if this value may be written now; reading: the latest, without the effect yet."""
        if self.busy or self._done_ms is not None and reading.at_ms <= self._done_ms:
            return False   # no reading since the latest write
        last = self._last.get(register)
        if last is None or last[0] != value:
            return True
        if last[2] == bus.NOT_SENT:
            return True
        if last[2] == bus.SILENT and last[3] < WRITES_MAX and reading.at_ms - last[1] < PROMPT_MS:
            return True
        return now_ms - last[1] >= (RELOCK_MS if value == write_map.JUMP_E0 else AGAIN_MS)

    def take(self, register, value, now_ms):
        """The write is being sent."""
        self.busy = True
        self.register = register
        self.value = value
        last = self._last.get(register)
        if last is None or last[0] != value or now_ms - last[1] >= AGAIN_MS:
            self._last[register] = [value, now_ms, bus.SILENT, 1]
        else:
            last[3] += 1

    def done(self, outcome, now_ms):
        """The write is over."""
        self.busy = False
        self._done_ms = now_ms
        last = self._last[self.register]
        last[1] = now_ms
        last[2] = outcome

    def forget(self, register):
        """The latest write to it has had its effect: the same value later is a new write."""
        self._last.pop(register, None)
