"""The wallbox's end of the bus: finds requests, answers after a few milliseconds, sleeps, and misses bytes while asleep.

A pure slave: what it sends by itself is the panel's (sim/evse/panel.py).
"""

from random import Random

from sim.evse import box_frames
from sim.evse.box_frames import READ, REFUSED, WRITE
from sim.evse.box_registers import BROADCAST_READS, DONE, IGNORED, LEDS, READS, UNSAID, WRITES
from sim.evse.box_registers import REFUSED as NOT_ALLOWED

# No source gives the latency; traces only show it within the same second (docs/protocol.md). A few milliseconds: at least, and by
# chance up to so much more.
LATENCY_US = (2_000, 6_000)
# After the telegram that woke it the interface needs a little longer; what comes meanwhile is lost too.
WAKING_US = 20_000
NEVER_US = 1 << 62
BROADCAST = 0


class BoxPort:
    """Line node of a wallbox.

    on_asked: None, or called with every telegram for this box and whether it writes. reads: answered register reads of masters
    other than the panel. panel: the node that is the panel, or None. answering: an answer is due. deaf_until_us: hears and
    says nothing before. state_frame: the answer to a read of 0x0004 for the panel, which gets it unasked; None until made.
    """

    def __init__(self, kernel, line, box, record, options):
        self.on_asked = None
        self.reads = 0
        self.panel = None
        self.answering = False
        self._kernel = kernel
        self._line = line
        self._box = box
        self._record = record
        self._options = options
        self._sleeps_us = int((options.sleeps_after_s or 0) * 1_000_000) or NEVER_US
        self._heard_us = -NEVER_US - 1 if options.asleep else kernel.now_us
        self.deaf_until_us = 0
        self._jitter = Random(options.seed + 1).random
        self._reader = box_frames.RequestReader(options.lower_case)
        # Reads by their bytes on the wire, with their answers, until the state of the box changes.
        self._answers = {}
        self.state_frame = None
        line.attach(self, far=True)

    def forget(self):
        """The registers changed."""
        self._answers.clear()
        self.state_frame = None

    def deafen(self, until_us):
        """Hear and say nothing until then (NEVER_US: until deafen() is called again); awake after it."""
        self.deaf_until_us = self._heard_us = until_us
        self._reader.forget()

    def make_state_frame(self):
        """Fill state_frame; returns it."""
        self.state_frame = self._read_answer(0x0004, self._box.settings.id)
        return self.state_frame

    def on_line(self, data, end_us):
        """Line: a burst of somebody else has ended."""
        if end_us < self.deaf_until_us:
            return
        if end_us - self._heard_us > self._sleeps_us:
            self._heard_us = end_us
            self.deaf_until_us = end_us + WAKING_US
            return
        self._heard_us = end_us
        answer = self._answers.get(data)
        if answer is None or self._reader.pending:
            self._listen(data, end_us)
        elif not self.answering:
            self._read_done(answer)

    def _listen(self, data, end_us):
        reader = self._reader
        for body in reader.feed(data, end_us):
            if self.answering:
                # It has one buffer: what comes before its answer is out is lost.
                return
            function = body[1] if len(body) > 1 else 0
            if body[0] not in (self._box.settings.id, BROADCAST):
                continue
            if function == READ and len(body) == 6:
                self._read(body, data)
            elif function == WRITE and len(body) == 9:
                self._write(body)

    def _read(self, body, data):
        address = body[2] << 8 | body[3]
        count, _ = READS.get(address, (None, None))
        broadcast = body[0] == BROADCAST
        if count != body[4] << 8 | body[5] or (broadcast and address not in BROADCAST_READS):
            return
        if address in LEDS and not self._options.leds_readable:
            return
        answer = self._read_answer(address, BROADCAST if broadcast and self._options.broadcast_reply_id == 'zero' else self._box.settings.id)
        if data == box_frames.frame(b':', body):
            self._answers[data] = answer
        self._read_done(answer)

    def _read_answer(self, address, device_id):
        contents = READS[address][1](self._box)
        return box_frames.frame(b'>', bytes((device_id, READ, len(contents))) + contents)

    def _read_done(self, answer):
        if self.panel is None or self._line.sender is not self.panel:
            self.reads += 1
        if self.on_asked is not None:
            self.on_asked(False)
        self._answer(answer)

    def _write(self, body):
        address = body[2] << 8 | body[3]
        value = body[7] << 8 | body[8]
        if body[4:7] != b'\x00\x01\x02':
            return
        write = WRITES.get(address)
        own_id = self._box.settings.id
        if self.on_asked is not None:
            self.on_asked(True)
        outcome = IGNORED if write is None else write(self._box, value)
        self._record('bus_write', register=address, value='%04X' % value, accepted=outcome in (DONE, UNSAID))
        if body[0] == BROADCAST:
            return
        if outcome is DONE:
            self._answer(box_frames.frame(b'>', bytes((own_id, WRITE)) + body[2:6]))
        elif outcome is NOT_ALLOWED:
            self._answer(box_frames.frame(b'>', bytes((own_id, WRITE | REFUSED, 0x04))))

    def _answer(self, answer):
        low, more = LATENCY_US
        kernel = self._kernel
        self.answering = True
        kernel.at(kernel.now_us + low + int(self._jitter() * more), self._send, answer)

    def _send(self, answer):
        self.answering = False
        if self._kernel.now_us >= self.deaf_until_us:
            self._line.transmit(self, answer)
