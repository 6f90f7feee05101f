"""Lines received from a modem: assembled from bytes, and the numbers and dates in them."""


class Lines:
    """Assembles lines from bytes. Lines that are too long or not printable ASCII are dropped and counted."""

    __slots__ = ('dropped', '_longest', '_rest', '_skips')

    def __init__(self, longest):
        self.dropped = 0
        self._longest = longest
        self._rest = b''
        self._skips = False     # the rest of an overlong line follows

    def feed(self, data):
        """The lines that data completes, without blanks, in lower case. A modem that starts up may send a NUL: ignored."""
        parts = (self._rest + data).split(b'\n')
        self._rest = parts.pop()
        found = []
        for part in parts:
            line = self._clean(part)
            if line:
                found.append(line)
        if len(self._rest) > self._longest:
            self._rest = b''
            self._skips = True
        return found

    def _clean(self, part):
        part = part.replace(b'\x00', b'').strip()
        skips, self._skips = self._skips, False
        if skips or len(part) > self._longest or not all([32 <= byte < 127 for byte in part]):
            self.dropped += 1
            return None
        return part.replace(b' ', b'').decode().lower()


def number(text):
    """The digits that text begins with, or None."""
    end = 0
    while end < len(text) and text[end] in '0123456789':
        end += 1
    return int(text[:end]) if 0 < end < 6 else None


_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


def utc_s(year, month, day, hour, minute, second):
    """Seconds since 1970 of a date from 2026 to 2099, or None: a modem that does not know the time begins at 1980, 2000 or 2020."""
    if not (2026 <= year < 2100 and 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61):
        return None
    days = (year - 1970) * 365 + (year - 1969) // 4 + _DAYS_BEFORE[month - 1] + day - 1
    if month > 2 and year % 4 == 0:
        days += 1
    return ((days * 24 + hour) * 60 + minute) * 60 + second
