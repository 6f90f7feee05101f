"""The charger as the application sees it: readings at a steady pace, sightings from the panel's frames, safe writes."""

from modbus import ascii, write_map, id_finder, reading, transaction
from modbus.reading import PHASE_ORDER

# What poll() returns.
IDLE = 0
SIGHTING = 1     # somebody else's answer was overheard: code
READING = 2      # 0x002E was answered: reading
LIMITS = 3       # 0x000F was answered: limits
WRITTEN = 4      # the write is over: outcome
READ_FAILED = 5  # all tries of a read unanswered: failed_address
FOUND = 6        # the id was not given and is known now: device_id
BLOCK = 7        # the read that was asked for is over: block_address, block

# Outcomes of a write.
ACKED = 0
REFUSED = 1      # ">ii9004: writing registers failed" (ABL 1.4.3)
SILENT = 2       # sent, but no answer: it may have been done
NOT_SENT = 3

# Design decisions: pace of the readings, age of the reading that a decision and a write rest on, life of a write.
READ_EVERY_MS = 2000
LIMITS_EVERY_MS = 10000
FRESH_MS = 5000
WRITE_AGE_MS = 8000

# Overheard answers that carry the state in their fifth byte: to 0x0004 (the panel) and to 0x002E (another master).
_CODE_AT = 4
_PANEL_LENGTH = 6     # with LRC
_STATUS_LENGTH = 14

# Stands for a write that must not be sent.
_LOST = object()

_OUTCOMES = {transaction.ANSWERED: ACKED, transaction.REFUSED: REFUSED, transaction.UNANSWERED: SILENT}

# Everything counted by the client and what it stands on.
COUNTS = ('reads', 'writes', 'forbidden') + transaction.COUNTS + ascii.COUNTS


class ChargerClient:
    """One charger on the bus. poll() is all it does, at most one event a call.

    code: of the latest SIGHTING. reading: a reading.Reading. limits: duty cycles (box, default, icmax, effective) in 0.1 %, empty
    before the first LIMITS. heard_ms, answered_ms: last valid frame of the box, last answer to us; None before the first.
    due_ms: when poll() wants to be called again at the latest. watch_limits: see want_limits();
    urgent: see hurry(). device_id: 1 to 16; None while it is searched for. block: bytes of the latest BLOCK, None if the box is silent
    about it. statistics: of its answers.
    """

    __slots__ = ('device_id', 'statistics', 'block', 'block_address', 'code', 'reading', 'limits', 'outcome', 'failed_address', 'heard_ms',
                 'answered_ms', 'due_ms', 'watch_limits', 'urgent', 'counts', '_master', '_finder', '_status_request', '_limits_request',
                 '_panel_head', '_is_silent', '_write', '_write_ms', '_write_lost', '_block_request', '_read_at_ms', '_limits_at_ms',
                 '_fresh_until_ms')

    def __init__(self, bus, device_id=1, phase_order=PHASE_ORDER):
        self.device_id = None
        self.block = None
        self.block_address = None
        self.code = None
        self.reading = reading.Reading(phase_order)
        self.limits = ()
        self.outcome = None
        self.failed_address = None
        self.heard_ms = None
        self.answered_ms = None
        self.due_ms = 0
        self.watch_limits = False
        self.urgent = False
        self._is_silent = False
        self.counts = {}
        for name in COUNTS:
            self.counts[name] = 0
        self._master = transaction.Master(bus, self.counts)
        self.statistics = self._master.statistics
        self._finder = None          # while the id is searched for
        self._status_request = None
        self._limits_request = None
        self._panel_head = b''
        self._write = None           # the Request waiting to be sent or answered
        self._write_ms = 0           # when it was asked for
        self._write_lost = False     # it is over, unsent, and not reported yet
        self._block_request = None   # of the read that was asked for
        self._read_at_ms = 0
        self._limits_at_ms = 0
        self._fresh_until_ms = None  # a write may rest on the latest reading until then; None: on no reading
        if device_id is None:
            self._finder = id_finder.IdFinder()
        else:
            self._adopt(device_id)

    def _adopt(self, device_id):
        """Use this id from now on."""
        if not id_finder.ID_MIN <= device_id <= id_finder.ID_MAX:
            raise ValueError('device_id')
        self._finder = None
        self.device_id = device_id
        self._status_request = transaction.read_request(device_id, reading.STATUS, reading.STATUS_WORDS)
        self._limits_request = transaction.read_request(device_id, reading.LIMITS, reading.LIMITS_WORDS)
        self._panel_head = transaction.read_request(device_id, reading.PANEL, reading.PANEL_WORDS).head

    def want_limits(self, wanted):
        """Whether 0x000F is to be read every 10 s."""
        self.watch_limits = wanted

    def write(self, register, value, now_ms):
        """Request one write, sent once, reported by WRITTEN; False while another is pending. A forbidden write ends as NOT_SENT."""
        if self._write is not None:
            return False
        self._write_ms = now_ms
        allowed = write_map.may_write(register, value)
        if not allowed:
            self.counts['forbidden'] += 1
        self._write_lost = not allowed or self.device_id is None
        self._write = _LOST if self._write_lost else transaction.write_request(self.device_id, register, value)
        self.due_ms = now_ms
        return True

    def read(self, address, words, now_ms):
        """Request one block of registers, reported by BLOCK; False while another is pending or the id is not known."""
        if self._block_request is not None or self.device_id is None:
            return False
        self._block_request = transaction.read_request(self.device_id, address, words)
        self.due_ms = now_ms
        return True

    def read_soon(self, now_ms, delay_ms=0):
        """Ask for a reading earlier than the pace would bring it."""
        at_ms = now_ms + delay_ms
        if at_ms < self._read_at_ms:
            self._read_at_ms = at_ms
            if at_ms < self.due_ms:
                self.due_ms = at_ms

    def hurry(self, urgent):
        """True while each moment counts: no gap is waited for that would spare others a collision, and a silent box is asked without a pause."""
        self.urgent = self._master.urgent = urgent

    def note_busy(self, busy_ms):
        """The loop had no time for the bus for busy_ms: the next bytes read do not prove a gap now."""
        self._master.note_busy(busy_ms)

    @property
    def awaits(self):
        """True while an answer is expected: a board that is busy now might not hear it. A box that answers nothing is not waited for."""
        return self._master.sent and not self._is_silent

    def poll(self, now_ms):
        """Read the bus and do the next due step; one event."""
        result = self._master.poll(now_ms)
        if not result:
            if now_ms < self.due_ms:
                return IDLE
            event = self._give_up(now_ms) if self._write is not None else IDLE
        else:
            event = self._EVENTS[result](self, result, now_ms)
        self._plan(now_ms)
        return event

    def _on_heard(self, result, now_ms):
        """A frame of another master's exchange, or one that the box sent unasked."""
        master = self._master
        raw = master.raw
        if self._finder is not None:
            return self._found(self._finder.hear(master.start_char, raw), now_ms)
        if master.start_char != ascii.ANSWER or raw[0] != self.device_id:
            return IDLE
        self.heard_ms = master.at_ms
        length = len(raw)
        if (length == _PANEL_LENGTH and raw.startswith(self._panel_head)) or (
                length == _STATUS_LENGTH and raw.startswith(self._status_request.head)):
            self.code = raw[_CODE_AT]
            return SIGHTING
        return IDLE

    def _found(self, device_id, now_ms):
        """FOUND if that is an id, not None; the first reading follows immediately."""
        if device_id is None:
            return IDLE
        self._adopt(device_id)
        self.heard_ms = self._master.at_ms
        self.read_soon(now_ms)
        return FOUND

    def _on_answered(self, result, now_ms):
        master = self._master
        if self._finder is not None:
            return self._found(id_finder.id_in(master.body), now_ms)
        at_ms = self.heard_ms = self.answered_ms = master.at_ms
        self._is_silent = False
        done = master.done
        if done is self._status_request:
            self.reading.update(master.raw[3:-1], at_ms)
            self._fresh_until_ms = at_ms + FRESH_MS
            return READING
        if done is self._limits_request:
            self.limits = reading.limits_of(master.raw[3:-1])
            return LIMITS
        if done is self._block_request:
            return self._on_block(master.raw[3:-1])
        # A question for the id that is not needed any more is no write.
        return IDLE if done.is_read else self._on_written(result, now_ms)

    def _on_block(self, block):
        self.block = block
        self.block_address = self._block_request.address
        self._block_request = None
        return BLOCK

    def _on_refused(self, result, now_ms):
        """The box is there and said no."""
        self.heard_ms = self.answered_ms = self._master.at_ms
        return self._on_unanswered(result, now_ms)

    def _on_unanswered(self, result, now_ms):
        done = self._master.done
        if not done.is_read:
            return self._on_written(result, now_ms)
        if done is self._block_request:
            return self._on_block(None)
        if done is self._status_request:
            self._fresh_until_ms = None
            self._is_silent = True
            if self._write is not None:
                self._write_lost = True
            if self.urgent:
                self.read_soon(now_ms)
        self.failed_address = done.address
        return READ_FAILED

    def _on_written(self, result, now_ms):
        """The write was sent; the reading that shows its effect follows immediately."""
        self.outcome = _OUTCOMES[result]
        self._write = None
        self._limits_at_ms = now_ms
        self.read_soon(now_ms)
        return WRITTEN

    def _on_nothing(self, result, now_ms):
        """The write found no gap while its reading was fresh, or the gap moved: plan again."""
        return IDLE

    _EVENTS = {
        transaction.HEARD: _on_heard,
        transaction.ANSWERED: _on_answered,
        transaction.REFUSED: _on_refused,
        transaction.UNANSWERED: _on_unanswered,
        transaction.EXPIRED: _on_nothing,
        transaction.WAITING: _on_nothing,
    }

    def _give_up(self, now_ms):
        """WRITTEN if the pending write is over without having been sent, else IDLE."""
        master = self._master
        if not self._write_lost:
            if now_ms - self._write_ms < WRITE_AGE_MS or master.request is self._write:
                return IDLE
        self.outcome = NOT_SENT
        self._write = None
        self._write_lost = False
        return WRITTEN

    def _plan(self, now_ms):
        """Begin the next due request, and set due_ms."""
        master = self._master
        if master.request is None:
            self._begin(now_ms)
        if master.request is not None:
            due_ms = master.due_ms
        else:
            due_ms = self._read_at_ms
            if self.watch_limits and self._limits_at_ms < due_ms:
                due_ms = self._limits_at_ms
        if self._write is not None and master.request is not self._write and self._write_ms + WRITE_AGE_MS < due_ms:
            due_ms = self._write_ms + WRITE_AGE_MS
        self.due_ms = now_ms if master.reader.more or self._write_lost else due_ms

    def _begin(self, now_ms):
        """Start the most urgent request that is due."""
        if self._write is not None and not self._write_lost:
            if self._fresh_until_ms is not None and now_ms <= self._fresh_until_ms:
                self.counts['writes'] += 1
                until_ms = min(self._fresh_until_ms, self._write_ms + WRITE_AGE_MS)
                self._master.start(self._write, now_ms, until_ms)
                return
            self.read_soon(now_ms)
        if self._finder is not None and now_ms < self._read_at_ms:
            return
        if now_ms >= self._read_at_ms:
            # The pace is kept from due time to due time, so that waiting for a gap does not slow it down.
            self._read_at_ms += READ_EVERY_MS
            if self._read_at_ms <= now_ms:
                self._read_at_ms = now_ms + READ_EVERY_MS
            self.counts['reads'] += 1
            self._master.start(self._status_request if self._finder is None else self._finder.question(), now_ms)
        elif self.watch_limits and now_ms >= self._limits_at_ms:
            self._limits_at_ms = now_ms + LIMITS_EVERY_MS
            self.counts['reads'] += 1
            self._master.start(self._limits_request, now_ms)
        elif self._block_request is not None:
            self.counts['reads'] += 1
            self._master.start(self._block_request, now_ms)
