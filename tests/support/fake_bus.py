"""An RS485 pair in virtual time for the tests of src/modbus: bit times, collisions, a box, other masters. Shares no code with src/.

Time is whole microseconds; the client sees milliseconds. A telegram reaches the others when its last stop bit is over.
"""

from heapq import heappop, heappush

from hal.contract import BUS, HalError

CHAR_US = 11_000_000 // 38400


def telegram(start, hex_body):
    """The bytes of a telegram from its start character and its body in hex, LRC added."""
    body = bytes.fromhex(hex_body)
    return ('%s%s%02X\r\n' % (start, body.hex().upper(), -sum(body) % 256)).encode()


class Wire:
    """The pair, its clock, and the Bus of the client under test."""

    def __init__(self):
        self.now_us = 0
        self.sent = []          # (start_us, end_us, frame) of the client
        self.collisions = []    # (us, who, whom)
        self.peers = []         # objects with hear(frame, end_us)
        self.broken = False     # transmit fails with HalError
        self.deaf = False       # nothing of the client's gets through
        self._unread = b''
        self._busy_until_us = 0
        self._talker = None
        self._events = []
        self._seq = 0

    # --- the Bus

    def read(self):
        data, self._unread = self._unread, b''
        return data

    def transmit(self, frame):
        if self.broken:
            raise HalError(BUS, 'unplugged')
        start_us = self.now_us
        whole = self._occupy('client', len(frame))
        self.sent.append((start_us, self._busy_until_us, frame))
        self.advance(start_us + len(frame) * CHAR_US)
        if whole and self._talker == 'client' and not self.deaf:
            for peer in self.peers:
                peer.hear(frame, self.now_us)

    # --- the world

    def at(self, us, action):
        """Do action() at us."""
        self._seq += 1
        heappush(self._events, (us, self._seq, action))

    def say(self, who, frame, after_us=0):
        """A peer's telegram, after_us from now."""
        self.at(self.now_us + after_us, lambda: self._say(who, frame))

    def _say(self, who, frame):
        whole = self._occupy(who, len(frame))
        self.at(self.now_us + len(frame) * CHAR_US, lambda: self._arrive(who, frame, whole))

    def _arrive(self, who, frame, whole):
        if not whole or self._talker != who:
            self._unread += b'\xff' * len(frame)   # garbled
            return
        self._unread += frame
        for peer in self.peers:
            if peer.name != who:
                peer.hear(frame, self.now_us)

    def _occupy(self, who, chars):
        whole = self.now_us >= self._busy_until_us
        if not whole and self._talker != who:
            self.collisions.append((self.now_us, who, self._talker))
        self._talker = who if whole else None
        self._busy_until_us = max(self._busy_until_us, self.now_us + chars * CHAR_US)
        return whole

    def inject(self, data):
        """Bytes appear in the client's buffer now, from nobody."""
        self._unread += data

    def advance(self, us, wake=False):
        """Let the world live until us, or until something arrives."""
        while self._events and self._events[0][0] <= us and not (wake and self._unread):
            due_us, _, action = heappop(self._events)
            self.now_us = max(self.now_us, due_us)
            action()
        if not (wake and self._unread):
            self.now_us = max(self.now_us, us)

    def run(self, part, until_ms, each=None):
        """The firmware's loop around part.poll(); returns its events as (ms, event). each(ms, event) sees every event."""
        events = []
        while self.now_us < until_ms * 1000:
            now_ms = self.now_us // 1000
            event = part.poll(now_ms)
            if event:
                events.append((now_ms, event))
                if each:
                    each(now_ms, event)
            wait_us = min(part.due_ms, until_ms, now_ms + 5000) * 1000
            # The loop takes a little while itself, and sleeps only when nothing waits.
            self.advance(max(wait_us, self.now_us + 50), wake=True)
        return events


class Box:
    """A wallbox that answers what the tests need; code and current are what it says."""

    name = 'box'

    def __init__(self, wire, device_id=1, latency_ms=20, sleeps_after_ms=None):
        self.wire = wire
        self.device_id = device_id
        self.latency_ms = latency_ms
        self.sleeps_after_ms = sleeps_after_ms
        self.code = 0xB2
        self.car = True           # bit 15 of 0x002E, whatever the code
        self.icmax = 267
        self.refuses = False
        self.silent_writes = False
        self.off = False
        self.mute = ()            # register addresses it does not answer
        self.heard = []           # bodies of good requests to this box, in hex, awake or not
        self.writes = []          # (ms, register, value) executed
        self._traffic_us = -10**9
        wire.peers.append(self)

    def hear(self, frame, end_us):
        if self.off or frame[:1] != b':':
            return
        body = bytes.fromhex(frame[1:-2].decode())
        asleep = self.sleeps_after_ms is not None and end_us - self._traffic_us > self.sleeps_after_ms * 1000
        self._traffic_us = end_us
        if sum(body) % 256 or body[0] not in (0, self.device_id):
            return
        self.heard.append(body[:-1].hex())
        if not asleep:
            answer = self.answer(body[1], body[2] * 256 + body[3], body[4:-1])
            if answer and body[0]:
                self.wire.say(self.name, telegram('>', '%02x' % self.device_id + answer), self.latency_ms * 1000)

    def answer(self, function, address, rest):
        """The answer's body in hex without the id, or None for silence."""
        if function == 0x10:
            if self.refuses:
                return '9004'
            self.writes.append((self.wire.now_us // 1000, address, int.from_bytes(rest[3:5], 'big')))
            return None if self.silent_writes else '10%04x0001' % address
        if address in self.mute:
            return None
        blocks = {
            (0x0004, 1): '04%02x' % self.code,
            (0x002E, 5): '2e%02x%s10b03e803e803e8' % (self.code, '9' if self.car else '1'),
            (0x000F, 5): '0f3f010b010b%04x010b' % self.icmax,
        }
        block = blocks.get((address, int.from_bytes(rest, 'big')))
        return block and '03%02x%s' % (len(block) // 2, block)


class Panel:
    """Another master that reads 0x0004 every period_ms; spontaneous: the box says it unasked instead."""

    name = 'panel'

    def __init__(self, wire, box, period_ms, first_ms=300, spontaneous=False, jitter_ms=0, omits=0):
        self.wire = wire
        self.box = box
        self.period_ms = period_ms
        self.spontaneous = spontaneous
        self.jitter_ms = jitter_ms
        self.omits = omits        # every so manieth telegram is not sent
        self.silent = False
        self.spoken_us = []
        self._count = 0
        wire.peers.append(self)
        wire.at(first_ms * 1000, self.speak)

    def hear(self, frame, end_us):
        pass

    def speak(self):
        self._count += 1
        jitter_us = self._count * 7919 % (2 * self.jitter_ms * 1000 + 1) - self.jitter_ms * 1000
        self.wire.at(self.wire.now_us + self.period_ms * 1000 + jitter_us, self.speak)
        if self.silent or self.omits and self._count % self.omits == 0:
            return
        self.spoken_us.append(self.wire.now_us)
        if self.spontaneous:
            self.wire.say('box', telegram('>', '%02x030204%02x' % (self.box.device_id, self.box.code)))
        else:
            self.wire.say('panel', telegram(':', '%02x0300040001' % self.box.device_id))
