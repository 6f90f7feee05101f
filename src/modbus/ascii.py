"""Modbus ASCII framing: start character, upper-case hex, LRC, CR LF. Requests start with ':', the box's answers with '>'.

Wire input never raises: bytes that are no frame are dropped and counted by kind.
"""

from binascii import hexlify, unhexlify

REQUEST = 0x3A  # ':', a master speaks
ANSWER = 0x3E   # '>', the box speaks (ABL "EVCC2/3 API subset" 05 0015 20 Rev. B, 1.4)

# "The maximum size of a MODBUS ASCII frame is 513 characters" (Modbus over Serial Line V1.02, 2.5.2.1).
MAX_CHARS = 513
MAX_BYTES = 255  # of such a frame: id, function, 252 of data, LRC
MIN_BYTES = 3    # id, function, LRC
MAX_UNREAD = 8192  # bytes that may wait for next(); twice the receive ring of a LoPy4

_CR = 0x0D
_LF = 0x0A
_SPACE = 0x20

# What the reader counts in the dictionary it is given.
COUNTS = ('lrc_errors', 'not_hex', 'odd', 'short', 'overlong', 'cut', 'unread', 'older_protocol')


def encode(body):
    """The frame (bytes) of a body: id, function and data, without LRC."""
    return b':' + hexlify(body + bytes((-sum(body) & 0xFF,))).upper() + b'\r\n'


class Reader:
    """Finds frames in a byte stream: take() what has arrived, then next() until None. Both give the raw bytes of a frame: body and LRC.

    start_char: of the latest frame. more: next() may have another. partial: how a frame that is still arriving begins, else empty.
    """

    __slots__ = ('start_char', 'more', 'partial', '_at', '_rest', '_rest_length', '_counts')

    def __init__(self, counts):
        self.start_char = 0
        self.more = False
        self.partial = b''
        self._at = 0  # next unread byte of partial
        self._rest = bytearray(MAX_CHARS)  # what follows partial; made once, so that pieces of a frame allocate nothing
        self._rest_length = 0
        self._counts = counts

    def take(self, data):
        """The first frame, or None, now that these bytes (not none) have arrived."""
        if self.partial or data[-1] != _LF:
            if self.partial and not self.more and self._goes_on(data):
                return None
            data = self._join(data)
            if not data.endswith(b'\n'):
                return self._begin(data)
            # What was kept is in data now, and comes back with _begin() if need be.
            self.partial = b''
            self.more = False
        start = data[0]
        if (start == ANSWER or start == REQUEST) and data[-2] == _CR:
            # The usual case: exactly one good frame. Two glued ones contain a character that is not hex.
            try:
                raw = unhexlify(data[1:-2])
            except ValueError:
                return self._begin(data)
            if not sum(raw) & 0xFF and MIN_BYTES <= len(raw) <= MAX_BYTES:
                self.start_char = start
                return raw
        return self._begin(data)

    def next(self):
        """The next frame of those that arrived together, or None."""
        return self._scan() if self.more else None

    def _goes_on(self, data):
        """Keep bytes from the middle of the frame that is arriving; False if an end or a start is among them."""
        length = self._rest_length
        if len(self.partial) + length + len(data) > MAX_CHARS:
            return False
        rest = self._rest
        for byte in data:
            if byte == _CR or byte == _LF or byte == REQUEST or byte == ANSWER:
                return False
            rest[length] = byte
            length += 1
        self._rest_length = length
        return True

    def _join(self, data):
        """The kept bytes followed by the new ones."""
        if data.endswith(b'\0'):  # the artefact that follows each frame of some boxes
            data = data.rstrip(b'\0')
        if self._rest_length:
            data = bytes(self._rest[:self._rest_length]) + data
            self._rest_length = 0
        if self.partial:
            if self.more and len(self.partial) - self._at > MAX_UNREAD:
                self._counts['unread'] += 1
            else:
                data = self.partial[self._at:] + data
        return data

    def _begin(self, data):
        """next() for data other than exactly one good frame."""
        self.partial = data
        self._at = 0
        self.more = True
        return self._scan()

    def _scan(self):
        """next(), line by line; either half of a CR LF ends a line, so one may be lost."""
        data = self.partial
        at = self._at
        if at == 0:
            data = self.partial = data.replace(b'\r\n', b'\n').replace(b'\r', b'\n')
        raw = None
        end = data.find(b'\n', at)
        while end >= 0 and raw is None:
            if end > at:
                raw = self._decode(self._from_start(data[at:end]))
            at = end + 1
            end = data.find(b'\n', at)
        if end >= 0:
            self._at = at
        else:
            self._keep(data[at:] if at else data)
        return raw

    def _keep(self, tail):
        """Keep the frame that is still arriving; junk and overlong frames are dropped."""
        tail = self._from_start(tail)
        if len(tail) > MAX_CHARS:
            self._counts['overlong'] += 1
            tail = b''
        self.partial = tail
        self._at = 0
        self.more = False

    def _from_start(self, text):
        """Text from its last start character on: a frame that begins makes an end of the one before."""
        start = max(text.rfind(b':'), text.rfind(b'>'))
        if start < 0:
            return b''
        if start > 0:
            if text.find(b':', 0, start) >= 0 or text.find(b'>', 0, start) >= 0:
                self._counts['cut'] += 1
            return text[start:]
        return text

    def _decode(self, text):
        """The raw bytes in one line without its end, or None."""
        if not text:
            return None
        counts = self._counts
        if text[0] == ANSWER and len(text) > 2 and text[2] == _SPACE:
            # ">1 02 0161": EVCC1 up to V2.7 speaks decimal, without LRC (ABL "EVCC ab V2.7", 03 0009 01 F).
            counts['older_protocol'] += 1
            return None
        digits = text[1:].replace(b'\0', b'')  # line artefact of wake-up and direction switch
        if len(digits) > 2 * MAX_BYTES:
            counts['overlong'] += 1
            return None
        if len(digits) & 1:
            counts['odd'] += 1
            return None
        try:
            raw = unhexlify(digits)
        except ValueError:
            counts['not_hex'] += 1
            return None
        if len(raw) < MIN_BYTES:
            counts['short'] += 1
            return None
        if sum(raw) & 0xFF:
            counts['lrc_errors'] += 1
            return None
        self.start_char = text[0]
        return raw
