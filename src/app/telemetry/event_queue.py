"""The queue of events to be sent: numbered, limited for flash and airtime, and kept over a reboot. Pure but for the journal."""

from hal.contract import HalError

from app.codec import report_frames
from app.codec.packing import pack, unpack
from app.codec.vocabulary import EVENT_FAULT, EVENT_MEMORY_LOST
from app.runtime.journal import EVENTS_RECORD

# Key of the oldest waiting event in the outbox.
EVENT_KEY = 'event'
WAITING_MAX = 6
# Events allowed at once, then one in half an hour: two writes of flash and a frame each.
AT_ONCE = 6
EVERY_MS = 30 * 60000

# Record: version, number of the latest, length of the detector's record, that record, then the waiting events, oldest first.
_VERSION = 1
_HEAD = 3
_WIDTHS = (1, 1, 1, 1, 4, 4)   # kind, code, reason, number, amount (Wh or minutes), UTC s or 0
_ENTRY_BYTES = 12
_NO_AMOUNT = 0xFFFFFFFF


class EventQueue:
    """step() after each answered reading."""

    def __init__(self, events, view, evse_monitor, journal, timekeeper, now_ms):
        """events: the EventDetector; view: the StatusView."""
        self.dropped = 0
        self.store_failures = 0
        self._events = events
        self._view = view
        self._evse_monitor = evse_monitor
        self._journal = journal
        self._timekeeper = timekeeper
        self._waiting = []      # [numbers as in _WIDTHS, ms or None if before this boot]
        self._number = 0
        self._made = None       # number of the one that was packed last
        self._budget_ms = now_ms
        self._load()

    def step(self, now_ms, utc_s):
        """Look for an event; True if there is a new one."""
        events = self._events
        event = events.step(now_ms, utc_s)
        if event is None:
            if events.unsaved:
                self._save()
            return False
        if self._budget_ms - now_ms > (AT_ONCE - 1) * EVERY_MS:
            self.dropped += 1
            return False
        self._budget_ms = max(self._budget_ms, now_ms) + EVERY_MS
        self._number = self._number + 1 & 255
        amount = _NO_AMOUNT if event[1] is None else event[1]
        code = self._evse_monitor.code or self._evse_monitor.seen
        self._waiting.append(([event[0], code, self._view.look().reason, self._number, amount, utc_s or 0], now_ms))
        if len(self._waiting) > WAITING_MAX:
            del self._waiting[0]
            self.dropped += 1
        self._save()
        return True

    @property
    def waits(self):
        """True while an event waits."""
        return len(self._waiting) > 0

    @property
    def urgent(self):
        """True for lost memory: with the record of airtime lost too there is little room."""
        return self._waiting[0][0][0] == EVENT_MEMORY_LOST

    def make(self, limit):
        """(port, payload) of the oldest waiting event, or None."""
        if not self._waiting:
            return None
        (kind, code, reason, number, amount, at), at_ms = self._waiting[0]
        if not at and at_ms is not None and self._timekeeper.known:
            # The time is known by now: calculate that of the event.
            now_ms = self._timekeeper.now_ms()
            at = self._timekeeper.utc_s(now_ms) - (now_ms - at_ms) // 1000
        if kind != EVENT_FAULT:
            # State and code are those of this moment.
            code = self._evse_monitor.code or self._evse_monitor.seen
        frame = report_frames.event(kind, self._view.look_state(), code, reason, number, None if amount == _NO_AMOUNT else amount, at, limit)
        if frame is None:
            return None
        self._made = number
        return report_frames.EVENT, frame

    def sent(self, now_ms):
        """The packed event was sent."""
        if self._waiting and self._waiting[0][0][3] == self._made:
            del self._waiting[0]
            self._save()

    def _save(self):
        memory = self._events.dump()
        record = bytearray((_VERSION, self._number, len(memory)))
        record.extend(memory)
        for numbers, _ in self._waiting:
            record.extend(pack(numbers, _WIDTHS))
        try:
            self._journal.put(EVENTS_RECORD, bytes(record))
        except HalError:
            self.store_failures += 1   # only the memory over a reboot is lost

    def _load(self):
        record = self._journal.get(EVENTS_RECORD)
        if record is None:
            return
        if len(record) < _HEAD or record[0] != _VERSION:
            self._journal.reject(EVENTS_RECORD)
            return
        split = _HEAD + record[2]
        if not self._events.load(record[_HEAD:split]) or (len(record) - split) % _ENTRY_BYTES:
            self._journal.reject(EVENTS_RECORD)
            return
        self._number = record[1]
        for at in range(split, len(record), _ENTRY_BYTES):
            self._waiting.append((unpack(record, at, _WIDTHS), None))
