"""The network's time, requested as rarely as fair use demands: TS003 on fPort 202, or the modem's own DeviceTimeReq.

TS003-1.0.0 (LoRaWAN Application Layer Clock Synchronization): little endian, a command begins with its identifier, several may follow each
other. All arithmetic is modulo 2^32, so a correction needs no sign.
"""

from hal.contract import FOREVER_MS, HalError
from micropython import const

from lorawan.clock_quota import ClockQuota
from lorawan.airtime_log import DAY_MS

PORT = const(202)
# Of the request in the outbox.
CLOCK_KEY = 'clock'

_TIME = const(1)          # AppTimeReq and -Ans
_RESYNC = const(3)        # ForceDeviceResyncReq
# Bytes of each in a downlink. PackageVersionReq (0) and DeviceAppTimePeriodicityReq (2) are known only by them and not answered: an uplink
# on the port that is no AppTimeReq has no state of the box (docs/payload.md).
_LENGTHS = (1, 6, 2, 2)
_ANS_REQUIRED = const(0x10)
_TOKEN = const(0x0F)
_STATE_SHIFT = const(5)   # the state goes in bits that TS003 reserves, in the parameter of a request and the status of an answer
_REQUEST_BYTES = const(6)
_MOD = const(0xFFFFFFFF)

# GPS seconds 0 is 1980-01-06, and GPS is 18 leap seconds ahead since 2016-12-31.
GPS_UTC_S = const(315964782)

# What tick() wants: nothing, a frame made by make(), or any uplink at all, for the modem's request to go with.
NOTHING = const(0)
REQUEST = const(1)
CARRIER = const(2)

# Until the time is known a request follows the other at this distance; one not answered until then is lost.
EVERY_MS = const(600000)
# Answers that agree this well show the same time.
_AGREED_S = const(10)
# Interval for checking what has no event: the first uplink, a frame that was dropped, the modem's clock.
_LOOK_MS = const(10000)


def to_gps(utc_s):
    """UTC seconds as GPS seconds modulo 2^32."""
    return (utc_s - GPS_UTC_S) & _MOD


def _u32(value):
    value &= _MOD
    return bytes((value & 255, value >> 8 & 255, value >> 16 & 255, value >> 24))


def encode_request(time_s, state, answer, token):
    """AppTimeReq: time_s in GPS seconds, state 0 to 7, answer True if one is required."""
    return bytes((_TIME,)) + _u32(time_s) + bytes((state << _STATE_SHIFT | (_ANS_REQUIRED if answer else 0) | token,))


def commands(payload):
    """The commands of a downlink as (identifier, bytes after it); the rest after an unknown or cut one is dropped, and marked by (None, b'')."""
    found = []
    at = 0
    while at < len(payload):
        what = payload[at]
        length = _LENGTHS[what] if what < len(_LENGTHS) else 0
        if not length or at + length > len(payload):
            found.append((None, b''))
            break
        found.append((what, payload[at + 1:at + length]))
        at += length
    return found


class ClockSync:
    """tick() says when to ask, make() makes the frame, sent() and downlink() report its result."""

    def __init__(self, session, radio, store, time, now_ms, state):
        """time: asks (whether the network is asked at all), now_ms(), utc_s(now_ms) or None, network(utc_s, at_ms) -> believed?, known, changes
        (counts every change of the time), doubts (counts what the network is to be asked about at once), in_doubt(now_ms). state(): index of the
        state word that a frame carries, or None."""
        self.due_ms = now_ms
        self.answered = 0
        self.unanswered = 0
        self.ignored = 0             # answers nobody waits for
        self.bad = 0                 # commands that are none
        self._session = session
        self._radio = radio
        self._time = time
        self._state = state
        self._quota = ClockQuota(store, now_ms)
        # The network may still hold answers from before the boot: the tokens go on where they were. Where that is forgotten the first one is
        # left to the hazard of the boot, and an answer counts for certain only when another agrees.
        token = self._quota.token
        self._token = (now_ms if token is None else token + 1) & _TOKEN
        self._is_sure = not self._quota.is_lost
        self._changes = time.changes
        self._doubts = time.doubts
        self._stamp = None           # (now_ms, GPS seconds or uptime) of the latest request, None when it was answered
        self._asked_ms = None        # the request that awaits its answer was sent then
        self._by_modem = False       # it is the modem's
        self._next_ms = now_ms       # no request before
        self._joined_ms = None       # the session that was asked in

    # --- when

    def tick(self, now_ms):
        """NOTHING, REQUEST or CARRIER; due_ms says when to look again."""
        session = self._session
        if not (self._time.asks and session.joined):
            self.due_ms = FOREVER_MS
            return NOTHING
        if session.joined_ms != self._joined_ms:
            self._joined_ms = session.joined_ms
            self._asked_ms = None
            self._next_ms = now_ms
        if self._doubts != self._time.doubts:
            self._doubts = self._time.doubts
            self._next_ms = now_ms
        if self._asked_ms is not None:
            self._await(now_ms)
        return self._want(now_ms)

    def is_urgent(self, now_ms):
        """True while the time is not known, or not for sure."""
        return not (self._time.known and self._is_sure) or self._time.in_doubt(now_ms)

    def _want(self, now_ms):
        time = self._time
        self.due_ms = now_ms + _LOOK_MS
        if self._by_modem and self._asked_ms is not None:
            # One uplink carries the question; an answer that is lost is worth no second one.
            return NOTHING if time.known or self._is_out(self._asked_ms) else CARRIER
        wait_ms = max(self._next_ms - now_ms, self._quota.wait_ms(now_ms, not self.is_urgent(now_ms)))
        if wait_ms > 0:
            self.due_ms = now_ms + wait_ms
            return NOTHING
        if self._session.ask_time(now_ms):
            self._by_modem = True
            self._asked(now_ms)
            self.due_ms = now_ms + _LOOK_MS
            return NOTHING if time.known else CARRIER
        # The first uplink is the state of the box; where the day has room for one alone, it asks and tells it too.
        if self._session.last_uplink_ms is None and (time.known or self._state() is None or self._session.has_room(now_ms)):
            return NOTHING
        self._quota.note(now_ms, self._token)   # here already, or two records would be written when it leaves
        return REQUEST

    def _asked(self, at_ms):
        self._asked_ms = at_ms
        self._next_ms = at_ms + EVERY_MS
        self._quota.add(at_ms)

    def _await(self, now_ms):
        """The modem may know by now; or it was too long."""
        asked_ms = self._asked_ms
        if self._by_modem and self._is_out(asked_ms):
            utc_s = self._modem_utc_s()
            if utc_s is not None:
                self._answer(utc_s, now_ms, now_ms)
                return
        if now_ms - asked_ms >= EVERY_MS:
            self._asked_ms = None
            self.unanswered += 1
            # No conclusion about a network that never answered, or that has proved meanwhile that it hears us.
            if self.answered and self._session.proven_ms < asked_ms:
                self._session.unanswered(now_ms)

    def _is_out(self, asked_ms):
        """An uplink was begun since then."""
        last_ms = self._session.last_uplink_ms
        return last_ms is not None and last_ms >= asked_ms

    # --- frames

    def make(self, limit):
        """(port, payload) of a request, stamped now; None if it does not fit."""
        if limit < _REQUEST_BYTES or not self._time.asks:
            return None
        now_ms = self._time.now_ms()
        utc_s = self._time.utc_s(now_ms)
        time_s = now_ms // 1000 if utc_s is None else to_gps(utc_s)
        state = self._state() or 0
        if self._changes != self._time.changes:
            # An answer to what was asked by another time would be wrong now.
            self._changes = self._time.changes
            self._next_token()
        self._quota.note(now_ms, self._token)
        self._stamp = (now_ms, time_s)
        return PORT, encode_request(time_s, state, True, self._token)

    def sent(self, now_ms):
        """The frame made last is out."""
        if self._stamp is not None:
            self._by_modem = False
            self._asked(self._stamp[0])

    def downlink(self, payload, now_ms):
        """What came on the port."""
        for what, body in commands(payload):
            if what is None:
                self.bad += 1
            elif what == _TIME:
                self._on_time(body, now_ms)
            elif what == _RESYNC and body[0] & 7:
                self._next_ms = now_ms

    def _on_time(self, body, now_ms):
        """AppTimeAns: the difference to the time that was sent."""
        stamp = self._stamp
        if stamp is None or self._changes != self._time.changes or body[4] & _TOKEN != self._token:
            self.ignored += 1
            return
        if self._asked_ms is None:
            self._asked(stamp[0])   # the modem has yet to say that it was sent
        correction = body[0] | body[1] << 8 | body[2] << 16 | body[3] << 24
        self._stamp = None
        self._next_token()
        self._session.answered(now_ms)
        self._answer(((stamp[1] + correction) & _MOD) + GPS_UTC_S, stamp[0], now_ms)

    def _answer(self, utc_s, at_ms, now_ms):
        self.answered += 1
        self._asked_ms = None
        before_s = self._time.utc_s(at_ms)
        if self._time.network(utc_s, at_ms):
            self._is_sure |= before_s is not None and abs(utc_s - before_s) <= _AGREED_S
            if self._is_sure:
                self._next_ms = now_ms + DAY_MS
                self._session.airtime_budget.note_time(now_ms, self._time.utc_s(now_ms))
        self._changes = self._time.changes

    def _next_token(self):
        self._token = (self._token + 1) & _TOKEN

    # --- the modem

    def _modem_utc_s(self):
        try:
            return self._radio.utc_s()
        except HalError:
            return None
