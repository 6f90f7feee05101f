"""Time of day: UTC calculated from the board's monotonic clock, set by the network or the owner, with the clock's drift learned.

The board's wall clock is set together with it and read only at boot: a change of it in between has no effect.
"""

from hal.contract import HalError

from app.runtime.journal import DRIFT_RECORD, LEFT_RECORD

# The beginning of the year of this version: a clock that shows less, or 34 years more, is wrong.
BUILD_UTC_S = 1767225600
_LATEST_UTC_S = BUILD_UTC_S + (1 << 30)

# Sources of the time, in order of trust.
NOBODY, BOARD, OWNER, NETWORK = range(4)

_DAY_MS = 86400000
# A change by the network that is larger than this needs two answers that agree.
_JUMP_MAX_S = 86400
_AGREED_MS = 10000

# The owner's time against a clock that is set already: a difference within this is no news (delivery takes time). While the network's time
# is younger than _FRESH_MS, it has precedence; it is requested once a day. The network is asked to confirm the owner's time for a day.
_SAME_S = 120
_FRESH_MS = 2 * _DAY_MS
_ASK_MS = _DAY_MS

# Drift. The network sends whole seconds: over two days an error of one makes 6 ppm, over ten days 1 ppm.
_BASELINE_MS = 2 * _DAY_MS
_RENEW_MS = 5 * _DAY_MS      # a crystal changes with the seasons: it is compared with a time five to ten days ago
_OLDEST_MS = 10 * _DAY_MS
# No crystal is that bad (ordinary ones are within 50 ppm): a clock was set.
_DRIFT_MAX_PPB = 200000
_BILLION = 1000000000
# Record: drift plus 2^31, four bytes big endian; written for a change over 2 ppm (0.2 s a day), at most once a day.
_KEEP_FROM_PPB = 2000

# The time is kept over a reset by the monitor, so that a dead network costs no window: recorded just before it, in ms, six bytes. _RESET_MS
# passes until the next boot reads it (MicroPython on an ESP32: about 1.5 s).
_LEFT_BYTES = 6
_RESET_MS = 1500


class Timekeeper:
    """utc_s(now_ms) gives the time, network() and owner() set it. source: of the time; changes: number of accepted times; doubts: number of the
    owner's times that the network is asked to confirm; drift_ppb: of the true time against the board."""

    def __init__(self, clock, store, settings, planned=False):
        """settings: CLOCK_SYNC is used, which may change. planned: the monitor ordered the reset before this boot, with leave()."""
        self.now_ms = clock.now_ms
        self.source = NOBODY
        self.changes = 0
        self.doubts = 0
        self.refused = 0          # times that were impossible, or wait for confirmation
        self.store_failures = 0
        self._clock = clock
        self._store = store
        self._settings = settings
        self._base_ms = 0         # the time was _base_utc_ms then
        self._base_utc_ms = 0
        self._doubt_ms = None     # a jump that waits for confirmation: UTC less now_ms
        self._heard_ms = 0        # latest time from the network, if it is the source
        self._unconfirmed_ms = None  # reception of a time from the owner that the network has not confirmed yet
        self._anchor = None       # (now_ms, utc_ms), the begin of the drift's measurement
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
        """True if the time is requested from the network."""
        return self._settings.CLOCK_SYNC

    @property
    def known(self):
        """True once the time was set."""
        return self.source != NOBODY

    @property
    def confirmed(self):
        """True once the network set the time, or confirmed the owner's."""
        return self.source == NETWORK

    def in_doubt(self, now_ms):
        """True while the owner's time waits for the network's answer, for a day at most."""
        return self._unconfirmed_ms is not None and now_ms - self._unconfirmed_ms < _ASK_MS

    def utc_s(self, now_ms):
        """UTC seconds at now_ms, or None."""
        return self._utc_ms(now_ms) // 1000 if self.source else None

    def expiry_utc_s(self, now_ms):
        """The same for the age of commands: None also for the owner's unconfirmed time. So one wrong time never blocks later commands."""
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
        # Valid once: without this it would be used again if the next one is not written.
        self._note_left(b'')
        utc_ms = int.from_bytes(left, 'big') + _RESET_MS
        # Through set(), so that it has the trust of a board's clock; set() takes whole seconds.
        if self.set(utc_ms // 1000, now_ms, BOARD):
            self._base_utc_ms = utc_ms

    def network(self, utc_s, at_ms):
        """Time from the network; False if it is not accepted yet."""
        return self.set(utc_s, at_ms, NETWORK)

    def owner(self, utc_s, at_ms):
        """Time from the owner; False if it is not accepted. If it is news, the network is asked to confirm it."""
        shift_s = abs(utc_s - self.utc_s(at_ms)) if self.source >= OWNER else None
        if shift_s is not None and shift_s <= _SAME_S:
            return self.confirmed or self.set(utc_s, at_ms, OWNER)
        self.doubts += 1
        self._unconfirmed_ms = at_ms
        if self.confirmed and (self.asks and at_ms - self._heard_ms < _FRESH_MS or shift_s > _JUMP_MAX_S):
            self.refused += 1
            return False
        return self.set(utc_s, at_ms, OWNER)

    def set(self, utc_s, at_ms, source):
        """The time at at_ms, now or a moment ago, was utc_s. False if that is not accepted."""
        if not BUILD_UTC_S <= utc_s < _LATEST_UTC_S or not self._is_credible(utc_s, at_ms, source):
            self.refused += 1
            return False
        if self.source:
            # The shift is in whole seconds: the fraction of the second is kept.
            shift_s = utc_s - self.utc_s(at_ms)
            self._rebase(at_ms)
            self._base_utc_ms += shift_s * 1000
        else:
            self._base_ms = at_ms
            self._base_utc_ms = utc_s * 1000
        self.source = source
        self.changes += 1
        if source == NETWORK:
            self._unconfirmed_ms = None
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
        """A single answer of the network does not override its earlier ones."""
        if source != NETWORK or self.source != NETWORK:
            return True
        if -_JUMP_MAX_S <= utc_s - self.utc_s(at_ms) <= _JUMP_MAX_S:
            self._doubt_ms = None
            return True
        offset_ms = utc_s * 1000 - at_ms
        before_ms = self._doubt_ms
        self._doubt_ms = offset_ms
        return before_ms is not None and abs(offset_ms - before_ms) <= _AGREED_MS

    # --- drift

    def _learn(self, at_ms):
        """Compare with the network's time of some days ago."""
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
