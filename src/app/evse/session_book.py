"""The session book: the last finished charging sessions in flash, sent or not, and those requested again.

One record in the journal: version, sessions with the oldest first, and the number of the newest that were not sent. A record of older firmware
has no such number, and only unsent sessions; older firmware ignores the number, and sends all of them again.
"""

from app.codec import report_frames
from app.codec.packing import pack, unpack
from app.runtime.journal import SESSIONS_RECORD

# Key of the oldest waiting record in the outbox.
SESSION_KEY = 'session'
KEPT = 16

# A request has the low seven bits of a number. Up to this many sessions back it is a past one, else a future one.
_PAST = 64
_VERSION = 1
_WIDTHS = (2, 4, 2, 4, 1, 1)     # number, begin (UTC s), minutes, Wh, estimated, reason
_BYTES = 14
NO_MINUTES = 0xFFFF


class SessionBook:
    """add() each finished session; make() and sent() for the oldest unsent one; ask(), make_again() and sent_again() for requested ones."""

    def __init__(self, journal, put):
        """put(name of a record, value, now_ms)."""
        self._put = put
        self._sessions = b''     # packed
        self._waiting = 0        # number of the newest that were not sent
        self._asked = []         # packed sessions, oldest first
        self._made = None        # the one that was packed last
        self._made_again = None
        record = journal.get(SESSIONS_RECORD)
        if record and record[0] != _VERSION:
            journal.reject(SESSIONS_RECORD)
        elif record:
            count = (len(record) - 1) // _BYTES
            end = 1 + count * _BYTES
            self._sessions = record[1:end][-KEPT * _BYTES:]
            self._waiting = min(count, KEPT, record[end] if len(record) == end + 1 else KEPT)

    @property
    def number(self):
        """Number of the newest session, or None."""
        return _number(self._nth(1)) if self._sessions else None

    @property
    def energy_wh(self):
        """Energy of the newest session; there must be one."""
        return unpack(self._nth(1), 0, _WIDTHS)[3]

    @property
    def waits(self):
        """True while a session was not sent."""
        return self._waiting > 0

    @property
    def asks(self):
        """True while a requested session was not sent again."""
        return len(self._asked) > 0

    def add(self, values, now_ms):
        """values: as in _WIDTHS."""
        self._sessions = (self._sessions + pack(values, _WIDTHS))[-KEPT * _BYTES:]
        self._waiting = min(self._waiting + 1, KEPT)
        self._save(now_ms)

    def ask(self, number):
        """Send the sent sessions from that number (its low seven bits) on again, in place of an earlier request."""
        self._asked = []
        newest = self.number or 0
        past = newest - number & 127
        for back in range(len(self._sessions) // _BYTES, self._waiting, -1):
            session = self._nth(back)
            if newest - _number(session) & 0xFFFF <= past < _PAST:
                self._asked.append(session)

    def make(self, state, limit):
        """(port, payload) of the oldest unsent session, or None. state: index of the state word."""
        self._made = self._nth(self._waiting)
        return _frame(self._made, state, limit)

    def sent(self, now_ms):
        """The session of make() was sent."""
        if self._waiting and self._nth(self._waiting) == self._made:
            self._waiting -= 1
            self._save(now_ms)

    def make_again(self, state, limit):
        """The same for the oldest requested session."""
        self._made_again = self._asked[0] if self._asked else b''
        return _frame(self._made_again, state, limit)

    def sent_again(self, now_ms):
        """The session of make_again() was sent."""
        if self._asked and self._asked[0] is self._made_again:
            del self._asked[0]

    def _nth(self, back):
        """The packed session; 1 is the newest. Empty for 0."""
        at = len(self._sessions) - back * _BYTES
        return self._sessions[at:at + _BYTES]

    def _save(self, now_ms):
        self._put(SESSIONS_RECORD, bytes((_VERSION,)) + self._sessions + bytes((self._waiting,)), now_ms)


def _number(session):
    return session[0] << 8 | session[1]


def _frame(session, state, limit):
    """(port, payload); None for no session, and where it does not fit."""
    if not session or limit < report_frames.SESSION_LENGTH:
        return None
    number, started_at, minutes, energy_wh, estimated, reason = unpack(session, 0, _WIDTHS)
    return report_frames.SESSION, report_frames.session(
        state, reason, started_at, None if minutes == NO_MINUTES else 60 * minutes, energy_wh, estimated, number)
