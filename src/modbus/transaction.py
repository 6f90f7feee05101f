"""The half-duplex Modbus master: one request at a time, matched to its answer, sent only while nobody else transmits.

start() then poll(now_ms); nothing waits. Who else talks, and how often, is learnt by listening.
"""

from hal.contract import HalError
from umodbus.functions import read_holding_registers, validate_resp_data, write_multiple_registers

from modbus import ascii
from modbus.statistics import Statistics

# What poll() returns.
NOTHING = 0
HEARD = 1       # a frame that is not for us: start_char, raw, at_ms
ANSWERED = 2    # the answer to the request `done`: raw, at_ms
REFUSED = 3     # the box said no to the request `done`: raw, at_ms
UNANSWERED = 4  # all tries of the request `done` are used up
EXPIRED = 5     # the request `done` found no gap in its time and was not sent
WAITING = 6     # bytes came that are no frame, and the request waits for a gap: due_ms has changed

READ_HOLDING = 0x03
WRITE_MULTIPLE = 0x10
ERROR_BIT = 0x80

# No source gives the answer time; boxes answer within the second, others use 100 ms to 1 s (docs/protocol.md).
RESPONSE_MS = 400
# A sleeping box loses the first telegram and needs a little time to wake (goingelectric.de p=1550459, evcc issue 526).
READ_TRIES = 3
# A read may wait as long as three unanswered telegrams take. If the box is known to be quick, more of them fit in: what one loses to
# noise, the next may bring. A box that answers none is asked the slow way again.
QUICK_AFTER = 8          # answers until it is known
QUICK_MS = 100           # shortest wait, as in the fork of jrv/esphome-abl-emh1 for the older controllers
QUICK_FACTOR = 4         # and at least this many times its slowest recent answer
CHARS_PER_S = 3490       # 38400 Bd, 11 bits a character (8E1)
QUIET_MS = 5             # 17 characters: between anybody's last byte and our first
LISTEN_MS = 1200         # first listen: the original's box talks every second in all states but A1
TALKER_MS = 6000         # longer silent than this, a talker is gone; the slowest known talks every 5 s (A1)
INTERVAL_MS = 1000       # assumed of a talker until its interval is known
BURST_MS = 150           # bytes closer together belong to one exchange of others
BURST_BYTES = 9          # fewer are wake-up glitches, no telegram
PARTIAL_MS = 100         # a frame pausing longer is not coming any more; 50 ms clears the buffer of jrv/esphome-abl-emh1
STARVED_MS = 6000        # waited that long for a gap that never is wide enough: right behind a frame will have to do
SLEPT_MS = 20            # from the end of a busy loop; bytes read later than this did not wait in the buffer
# Our longest exchange: write request (23 characters), status answer (31 characters).
EXCHANGE_MS = 7 + 9   # and the wait for the answer

# What is counted in the dictionary given, beside the reader's.
COUNTS = ('sent', 'answered', 'refused', 'retries', 'timeouts', 'foreign', 'echoes', 'bus_errors')


class Request:
    """A telegram made once: the frame to send and the shape of its answer."""

    __slots__ = ('address', 'body', 'frame', 'head', 'length', 'refusal', 'tries', 'is_read', 'sending_ms')

    def __init__(self, device_id, address, pdu, head, length, tries):
        self.address = address
        self.body = bytes((device_id,)) + pdu
        self.frame = ascii.encode(self.body)
        self.head = bytes((device_id, pdu[0])) + head   # the answer begins so
        self.length = length                            # of the answer's body
        self.refusal = bytes((device_id, pdu[0] | ERROR_BIT))
        self.tries = tries
        self.is_read = pdu[0] == READ_HOLDING
        self.sending_ms = len(self.frame) * 1000 // CHARS_PER_S + 1


def read_request(device_id, address, words):
    """Read a block of registers. The high byte of its first word echoes the address (ABL 1.4.1)."""
    return Request(device_id, address, read_holding_registers(address, words), bytes((2 * words, address & 0xFF)), 3 + 2 * words, READ_TRIES)


def write_request(device_id, address, value):
    """Write one register, sent once: whether to repeat it is for those to decide who know what it does."""
    return Request(device_id, address, write_multiple_registers(address, [value], signed=False), b'', 6, 1)


class Master:
    """Owner of the bus. request: the one under way, or None; due_ms: when poll() wants to be called for it; urgent: it goes out as soon as
    nobody talks, though somebody may be about to."""

    __slots__ = ('request', 'sent', 'done', 'due_ms', 'urgent', 'start_char', 'raw', 'at_ms', 'reader', 'statistics', '_read', '_transmit',
                 '_counts', '_credit_ms', '_failed', '_wait_ms', '_trust', '_slowest_ms', '_quick_id', '_until_ms', '_wanted_ms',
                 '_sent_ms', '_echo', '_open_ms', '_byte_ms', '_stamp_ms', '_foreign_ms', '_burst_ms', '_burst_timed', '_answer_ms',
                 '_intervals', '_shortest_ms', '_polled_ms', '_busy_ms', '_busy_end_ms')

    def __init__(self, bus, counts):
        self.request = None
        self.sent = False            # the request is on its way, its answer is awaited
        self.done = None             # the request that the latest result belongs to
        self.due_ms = 0
        self.urgent = False
        self.start_char = 0
        self.raw = b''               # of the latest frame: body and LRC
        self.at_ms = 0               # when the frame arrived, at the earliest
        self.reader = ascii.Reader(counts)
        self.statistics = Statistics(READ_TRIES)
        self._read = bus.read
        self._transmit = bus.transmit
        self._counts = counts
        self._credit_ms = 0          # of waiting for answers, left to the request
        self._failed = 0             # telegrams of the request that nobody answered
        self._wait_ms = RESPONSE_MS  # for an answer to a read
        self._trust = 0              # answers, less those that only a retry got from a quick box; 0 to QUICK_AFTER
        self._slowest_ms = 0         # answer of late
        self._quick_id = None        # of the box that gave them
        self._until_ms = None        # not to be sent later, None: no such limit
        self._wanted_ms = 0
        self._sent_ms = 0            # when its last byte had left
        self._echo = False           # our own telegram may still come back
        self._open_ms = None         # end of listening, None before the first request
        self._byte_ms = -TALKER_MS   # last byte of anybody but us
        self._stamp_ms = 0           # time of the bytes in the reader
        self._foreign_ms = -TALKER_MS  # last telegram that is not our exchange, at the latest
        self._burst_ms = -TALKER_MS  # first telegram of the latest exchange of others, at the earliest
        self._burst_timed = False    # these two are the same
        self._answer_ms = 0          # until then somebody else's answer is awaited
        self._intervals = [INTERVAL_MS] * 4
        self._shortest_ms = INTERVAL_MS
        self._polled_ms = 0
        self._busy_ms = 0
        self._busy_end_ms = 0

    @property
    def body(self):
        """Id, function and data of the latest frame."""
        return self.raw[:-1]

    def start(self, request, now_ms, until_ms=None):
        """Begin a request; only while there is none. It is sent in the next gap, a write not later than until_ms."""
        self.request = request
        self.sent = False
        self._credit_ms = request.tries * RESPONSE_MS
        self._failed = 0
        self._until_ms = until_ms
        self._wanted_ms = now_ms
        self._attempt(now_ms)

    def note_busy(self, busy_ms):
        """The loop was busy for busy_ms after the latest poll: the next bytes read may have waited that long."""
        self._busy_ms = busy_ms
        self._busy_end_ms = self._polled_ms + busy_ms

    def poll(self, now_ms):
        """Read the bus and do the next due step; one of the results above."""
        self._polled_ms = now_ms
        reader = self.reader
        data = self._read()
        if data:
            self._arrived(data, now_ms)
            raw = reader.take(data)
        elif reader.more:
            raw = reader.next()
        elif self.request is None or now_ms < self.due_ms:
            return NOTHING
        else:
            return self._on_time(now_ms)
        while raw is not None:
            result = self._judge(reader.start_char, raw)
            if result:
                return result
            raw = reader.next()
        if self.request is None or self.sent and now_ms < self.due_ms:
            return NOTHING
        return self._on_time(now_ms) or WAITING

    def _arrived(self, data, now_ms):
        """Bytes from the bus: when they came and whose they are, before anybody knows whether they make a frame."""
        stamp_ms = self._byte_ms = now_ms
        if self._busy_ms:
            if now_ms - self._busy_end_ms <= SLEPT_MS:
                stamp_ms = now_ms - self._busy_ms
            self._busy_ms = 0
        self._stamp_ms = stamp_ms
        if not self.sent:
            if len(data) >= BURST_BYTES:
                self._note_foreign()
            self.due_ms = now_ms + QUIET_MS

    def _note_foreign(self):
        """Another master talked: intervals run from the first telegram of such a burst to the first of the next."""
        now_ms = self._byte_ms
        if now_ms - self._foreign_ms >= BURST_MS and now_ms >= self._answer_ms:
            timed = self._stamp_ms == now_ms
            if timed and self._burst_timed:
                self._intervals.append(now_ms - self._burst_ms)
                self._intervals.pop(0)
                self._shortest_ms = min(self._intervals)
            self._burst_ms = self._stamp_ms
            self._burst_timed = timed
        self._foreign_ms = now_ms

    def _judge(self, start_char, raw):
        """Classify a valid frame: the awaited answer, a refusal or another's."""
        if self.sent:
            request = self.request
            length = len(raw) - 1
            if length == request.length and raw.startswith(request.head) and (
                    request.is_read or validate_resp_data(raw[2:-1], WRITE_MULTIPLE, request.address, quantity=1, signed=False)):
                return self._finish(ANSWERED, start_char, raw)
            if length == 3 and raw.startswith(request.refusal):
                return self._finish(REFUSED, start_char, raw)
            if self._echo and start_char == ascii.REQUEST and raw[:-1] == request.body:
                self._echo = False
                self._counts['echoes'] += 1
                return NOTHING
            self._note_foreign()
        self._counts['foreign'] += 1
        # A master has the line from its request until the answer.
        self._answer_ms = 0
        if start_char == ascii.REQUEST:
            self._answer_ms = self._stamp_ms + (self._wait_ms if raw[0] == self._quick_id else RESPONSE_MS)
        self.start_char = start_char
        self.raw = raw
        self.at_ms = self._stamp_ms
        return HEARD

    def _finish(self, result, start_char, raw):
        self._counts['answered' if result == ANSWERED else 'refused'] += 1
        timed = self._stamp_ms == self._byte_ms   # else it waited for us, nobody knows how long
        answer_ms = self._byte_ms - self._sent_ms if timed else None
        self.statistics.note(answer_ms, min(self._failed, READ_TRIES - 1))
        if timed:
            self._learn(answer_ms)
        self.start_char = start_char
        self.raw = raw
        self.at_ms = max(self._stamp_ms, self._sent_ms)   # however long it waited, it is no older than the question
        self._end()
        return result

    def _learn(self, answer_ms):
        """How long to wait for the next answer: little only where the box is known to be quick."""
        self._slowest_ms = max(answer_ms, self._slowest_ms - 1)
        self._quick_id = self.request.body[0]
        if self._failed and self._wait_ms < RESPONSE_MS:
            self._trust -= self._trust > 0
        elif self._trust < QUICK_AFTER:
            self._trust += 1
        if self._trust == QUICK_AFTER or self._wait_ms < RESPONSE_MS:
            self._wait_ms = min(max(QUICK_FACTOR * self._slowest_ms, QUICK_MS), RESPONSE_MS)

    def _patience_ms(self):
        """How long an answer to the telegram is waited for. A box that never answers the first may have become slow: then that one waits."""
        if self.request.tries == 1 or self._failed == 0 and self._trust == 0:
            return RESPONSE_MS
        return self._wait_ms

    def _end(self):
        self.done = self.request
        self.request = None
        self.sent = False

    def _on_time(self, now_ms):
        """The request's deadline: for the answer, or for the next look at the line."""
        if self.sent:
            self.sent = False
            self._counts['timeouts'] += 1
            self._credit_ms -= self._patience_ms()
            self._failed += 1
            if self._credit_ms < self._patience_ms():
                self._wait_ms = RESPONSE_MS
                self._trust = 0
                self._end()
                return UNANSWERED
            self._counts['retries'] += 1
            self._wanted_ms = now_ms
        return self._attempt(now_ms)

    def _attempt(self, now_ms):
        """Send if the line is free, else note when to look again."""
        until_ms = self._until_ms
        if until_ms is not None and now_ms > until_ms:
            self._end()
            return EXPIRED
        at_ms = self._free_at_ms(now_ms)
        if at_ms > now_ms:
            self.due_ms = at_ms if until_ms is None or at_ms <= until_ms else until_ms + 1
            return NOTHING
        request = self.request
        self.sent = True
        self._echo = True
        self._counts['sent'] += 1
        self._sent_ms = now_ms + request.sending_ms
        self.due_ms = self._sent_ms + self._patience_ms()
        try:
            self._transmit(request.frame)
        except HalError:
            # Part of it may have left: the same as a telegram that nobody answers.
            self._counts['bus_errors'] += 1
        return NOTHING

    def _free_at_ms(self, now_ms):
        """When the line is free: now_ms, or a later time to look again."""
        if self._open_ms is None:
            self._open_ms = now_ms + LISTEN_MS
        # What nobody has looked at yet is partial too, and may be a question.
        free_ms = self._byte_ms + (PARTIAL_MS if self.reader.partial else QUIET_MS)
        if free_ms < self._answer_ms:
            free_ms = self._answer_ms
        if free_ms < self._open_ms:
            free_ms = self._open_ms
        if free_ms > now_ms:
            return free_ms
        if now_ms <= self._burst_ms + self._shortest_ms * 7 // 8 - EXCHANGE_MS - (self._patience_ms() if self._failed else RESPONSE_MS):
            return now_ms
        if self.urgent or now_ms - self._wanted_ms >= STARVED_MS:
            return now_ms   # who is asked this while waiting is asked right behind a frame
        return self._foreign_ms + TALKER_MS   # past, and so now, when nobody else talks
