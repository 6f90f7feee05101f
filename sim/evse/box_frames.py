"""Modbus ASCII as the wallbox speaks it, written from the maker's document; shares no code with the firmware under test.

A request is `:`, upper-case hex, LRC, CR LF; an answer the same after `>` (ABL 05 0015 20 Rev. B, 1.4; docs/protocol.md).
"""

from binascii import hexlify, unhexlify

READ = 0x03
WRITE = 0x10
# Set in the function code of the one negative answer there is.
REFUSED = 0x80
# The longest request has 23 characters; more than this without an end is noise.
MAX_PENDING = 64
# Modbus over serial line, 2.5.2.1: characters of a frame are at most 1 s apart.
MAX_GAP_US = 1_000_000


def lrc(body):
    """Two's complement of the 8-bit sum."""
    return -sum(body) & 0xFF


def frame(start, body):
    """A whole frame from its first character (b':' or b'>') and its bytes."""
    return start + hexlify(body + bytes((lrc(body),))).upper() + b'\r\n'


def body_of(text):
    """The bytes between the start character and CR LF, without the LRC; None unless hex, whole and with a right LRC."""
    try:
        raw = unhexlify(text)
    except ValueError:
        return None
    return raw[:-1] if len(raw) >= 3 and not sum(raw) & 0xFF else None


class RequestReader:
    """Finds requests in a byte stream: a `:` starts a new frame wherever it comes, everything outside a frame is ignored.

    lower_case: hex digits may be small letters too.
    """

    def __init__(self, lower_case=True):
        self.pending = b''
        self._last_us = 0
        self._lower_case = lower_case

    def forget(self):
        """What has begun is lost."""
        self.pending = b''

    def feed(self, data, now_us):
        """Returns the bodies of the requests that these bytes complete, in order."""
        pending = self.pending if now_us - self._last_us <= MAX_GAP_US else b''
        self._last_us = now_us
        *frames, rest = (pending + data).split(b'\n')
        start = rest.rfind(b':')
        self.pending = rest[start:] if start >= 0 and len(rest) - start <= MAX_PENDING else b''
        bodies = []
        for text in frames:
            start = text.rfind(b':')
            if start >= 0 and text.endswith(b'\r'):
                body = body_of(text[start + 1:-1])
                if body is not None and (self._lower_case or text.isupper() or text[start + 1:-1].isdigit()):
                    bodies.append(body)
        return bodies
