"""The only one that knows what time it is: its own reckoning over the board's monotonic clock, told by network or owner, drift learned.

The board's wall clock is set whenever the time is told and read only at boot: whoever sets it meanwhile changes nothing.
"""

from hal.contract import HalError

from app.runtime.journal import DRIFT_RECORD, LEFT_RECORD

# The beginning of the year in which this was built: no clock is right that shows less, nor one that shows 34 years more.
BUILD_UTC_S = 1767225600
_LATEST_UTC_S = BUILD_UTC_S + (1 << 30)

# Who told the time, in order of trust.
NOBODY, BOARD, OWNER, NETWORK = range(4)

_DAY_MS = 86400000
# A network that wants so big a change has to say so twice, in agreement.
_JUMP_MAX_S = 86400
_AGREED_MS = 10000

# The owner's word against a clock that was told: within this it says nothing new (delivery takes its time). While the network's own word
# is younger than that, it stands against all else; it is asked once a day. The network is asked about the owner's word for a day.
_SAME_S = 120
_FRESH_MS = 2 * _DAY_MS
_ASK_MS = _DAY_MS

# Drift. The network tells whole seconds: over two days an error of one makes 6 ppm, over ten days 1 ppm.
_BASELINE_MS = 2 * _DAY_MS
_RENEW_MS = 5 * _DAY_MS      # a crystal changes with the seasons: what it is compared with is five to ten days old
_OLDEST_MS = 10 * _DAY_MS
# No crystal is that bad (ordinary ones are within 50 ppm): somebody's clock was set.
_DRIFT_MAX_PPB = 200000
_BILLION = 1000000000
# Record: drift plus 2^31, four bytes big endian; written for a change over 2 ppm (0.2 s a day), at most once a day.
_KEEP_FROM_PPB = 2000

# Over a reset that we order the time goes on, so that a dead network costs no window: told just before it, in ms, six bytes. From there
# to the next look at the clock it takes so long (MicroPython on an ESP32: about 1.5 s).
_LEFT_BYTES = 6
_RESET_MS = 1500


class Timekeeper:
    """utc_s(now_ms) asks, network() and owner() tell. source: who told; changes: counts every time that was believed; doubts: every word of
    the owner that the network is to be asked about; drift_ppb: of the true time against the board."""

    def __init__(self, clock, store, settings, planned=False):
        """settings: CLOCK_SYNC of them, which may change. planned: we ordered the reset that this boot follows, with leave()."""
        self.now_ms = clock.now_ms
        self.source = NOBODY
        self.changes = 0
        self.doubts = 0
        self.refused = 0          # times that could not be, or wait for a second voice
        self.store_failures = 0
        self._clock = clock
        self._store = store
        self._settings = settings
        self._base_ms = 0         # it was _base_utc_ms then
        self._base_utc_ms = 0
        self._doubt_ms = None     # the jump that waits for a second voice: UTC less now_ms
        self._heard_ms = 0        # the network told then, if it is the source
        self._told_ms = None      # the owner told then what the network has not answered yet
        self._anchor = None       # (now_ms, utc_ms) that the drift is measured from
        self._next_anchor = None
        self._kept_ms = None      # last write of the record
        self.drift_ppb = self._kept_ppb = self._load()
        board_s = clock.utc_s()
        if board_s is not None:
            self.set(board_s, clock.now_ms(), BOARD)
        elif planned:
            self._resume(clock.now_ms())

    @property
    def asks(self):
        """True if the network is asked for the time."""
        return self._settings.CLOCK_SYNC

    @property
    def known(self):
        """True once somebody told the time."""
        return self.source != NOBODY

    @property
    def confirmed(self):
        """True once the network told the time, or agreed with the one that the owner told."""
        return self.source == NETWORK

    def in_doubt(self, now_ms):
        """True for a day, or until the network says what it makes of the owner's word."""
        return self._told_ms is not None and now_ms - self._told_ms < _ASK_MS

    def utc_s(self, now_ms):
        """UTC seconds at now_ms, or None."""
        return self._utc_ms(now_ms) // 1000 if self.source else None

    def expiry_utc_s(self, now_ms):
        """The same for the age of commands: None, too, by the owner's word alone where the network is asked. One wrong word shuts nobody out."""
        return None if self.source == OWNER and self.asks else self.utc_s(now_ms)

    def leave(self):
        """The board is about to be reset."""
        self._note_left(self._utc_ms(self.now_ms()).to_bytes(_LEFT_BYTES, 'big') if self.source else b'')

    def _note_left(self, left):
        try:
            self._store.put(LEFT_RECORD, left)
        except HalError:
            self.store_failures += 1

    def _resume(self, now_ms):
        try:
            left = self._store.get(LEFT_RECORD)
        except HalError:
            self.store_failures += 1
            return
        if left is None or len(left) != _LEFT_BYTES:
            return
        # Good once: were the next one not written, it would be taken again.
        self._note_left(b'')
        utc_ms = int.from_bytes(left, 'big') + _RESET_MS
        # Through set(), so that it is believed no more than a board's clock; it takes whole seconds.
        if self.set(utc_ms // 1000, now_ms, BOARD):
            self._base_utc_ms = utc_ms

    def network(self, utc_s, at_ms):
        """What the network says; False if it is not believed yet."""
        return self.set(utc_s, at_ms, NETWORK)

    def owner(self, utc_s, at_ms):
        """What the owner says; False if it is not believed. Where it is news, the network is to be asked about it."""
        shift_s = abs(utc_s - self.utc_s(at_ms)) if self.source >= OWNER else None
        if shift_s is not None and shift_s <= _SAME_S:
            return self.confirmed or self.set(utc_s, at_ms, OWNER)
        self.doubts += 1
        self._told_ms = at_ms
        if self.confirmed and (self.asks and at_ms - self._heard_ms < _FRESH_MS or shift_s > _JUMP_MAX_S):
            self.refused += 1
            return False
        return self.set(utc_s, at_ms, OWNER)

    def set(self, utc_s, at_ms, source):
        """At at_ms, now or a little ago, it was utc_s. False if that is not believed."""
        if not BUILD_UTC_S <= utc_s < _LATEST_UTC_S or not self._is_credible(utc_s, at_ms, source):
            self.refused += 1
            return False
        if self.source:
            # Whole seconds are told: what is in between goes on.
            shift_s = utc_s - self.utc_s(at_ms)
            self._rebase(at_ms)
            self._base_utc_ms += shift_s * 1000
        else:
            self._base_ms = at_ms
            self._base_utc_ms = utc_s * 1000
        self.source = source
        self.changes += 1
        if source == NETWORK:
            self._told_ms = None
            self._heard_ms = at_ms
            self._learn(at_ms)
        if source != BOARD:
            self._clock.set_utc(self.utc_s(self.now_ms()))
        return True

    def _utc_ms(self, now_ms):
        elapsed_ms = now_ms - self._base_ms
        return self._base_utc_ms + elapsed_ms + elapsed_ms * self.drift_ppb // _BILLION

    def _rebase(self, at_ms):
        self._base_utc_ms = self._utc_ms(at_ms)
        self._base_ms = at_ms

    def _is_credible(self, utc_s, at_ms, source):
        """The network's word counts, but not alone against what it said itself."""
        if source != NETWORK or self.source != NETWORK:
            return True
        if -_JUMP_MAX_S <= utc_s - self.utc_s(at_ms) <= _JUMP_MAX_S:
            self._doubt_ms = None
            return True
        said_ms = utc_s * 1000 - at_ms
        before_ms = self._doubt_ms
        self._doubt_ms = said_ms
        return before_ms is not None and abs(said_ms - before_ms) <= _AGREED_MS

    # --- drift

    def _learn(self, at_ms):
        """Compare with what the network told some days ago."""
        here = (at_ms, self._base_utc_ms)
        if self._anchor is None:
            self._anchor = here
            return
        span_ms = at_ms - self._anchor[0]
        if span_ms < _BASELINE_MS:
            return
        drift_ppb = (here[1] - self._anchor[1] - span_ms) * _BILLION // span_ms
        if abs(drift_ppb) > _DRIFT_MAX_PPB:
            self._anchor = here
            self._next_anchor = None
            return
        self.drift_ppb = drift_ppb
        self._keep(at_ms)
        if self._next_anchor is None and span_ms >= _RENEW_MS:
            self._next_anchor = here
        elif span_ms >= _OLDEST_MS:
            self._anchor = self._next_anchor
            self._next_anchor = here

    def _load(self):
        try:
            record = self._store.get(DRIFT_RECORD)
        except HalError:
            self.store_failures += 1
            return 0
        if record is None or len(record) != 4:
            return 0
        drift_ppb = int.from_bytes(record, 'big') - (1 << 31)
        return drift_ppb if abs(drift_ppb) <= _DRIFT_MAX_PPB else 0

    def _keep(self, now_ms):
        if abs(self.drift_ppb - self._kept_ppb) <= _KEEP_FROM_PPB or (self._kept_ms is not None and now_ms - self._kept_ms < _DAY_MS):
            return
        self._kept_ms = now_ms
        try:
            self._store.put(DRIFT_RECORD, (self.drift_ppb + (1 << 31)).to_bytes(4, 'big'))
        except HalError:
            self.store_failures += 1
            return
        self._kept_ppb = self.drift_ppb
