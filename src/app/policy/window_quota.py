"""Limits of a window of the plan in energy and time: use is counted while it is open, and kept over a reboot. Pure but for the journal."""

from hal.contract import HalError

from app.codec.packing import pack, unpack
from app.policy.local_time import DAY_S
from app.runtime.journal import QUOTA_RECORD

# Record: version; for each opening: begin (UTC s), total energy then (Wh), charging minutes so far.
_VERSION = 1
_WIDTHS = (4, 4, 2)
_BYTES = 10
_MINUTE_MS = 60000
# The minutes are written at this interval while they count: a reboot loses less than that.
_KEEP_MIN = 10
_TOTAL, _CHARGED, _KEPT = range(3)


class WindowQuota:
    """step() returns whether the limit of the governing opening is reached."""

    def __init__(self, journal):
        self._journal = journal
        # Begin of an opening: [total Wh of the meter at that time, ms charged, minutes of these on record]. Windows that overlap take turns, and
        # each continues its count.
        self._counts = {}
        self._at_ms = None
        self._load(journal.get(QUOTA_RECORD))

    def step(self, now_ms, opening, total_wh, flows):
        """True if its limit is reached. opening: (start s, end s, place, Wh, minutes) of app.policy.plan, None outside; flows: current flows."""
        elapsed_ms = 0 if self._at_ms is None else now_ms - self._at_ms
        self._at_ms = now_ms
        if opening is None or not (opening[3] or opening[4]):
            return False
        count = self._counts.get(opening[0])
        if count is None:
            count = self._begin(opening[0], total_wh)
        elif flows:
            count[_CHARGED] += elapsed_ms
            if opening[4] and count[_CHARGED] // _MINUTE_MS >= count[_KEPT] + _KEEP_MIN:
                self.keep()
        if opening[3] and total_wh - count[_TOTAL] >= opening[3]:
            return True
        return opening[4] > 0 and count[_CHARGED] >= opening[4] * _MINUTE_MS

    def _begin(self, start, total_wh):
        for other in tuple(self._counts):
            # No window is longer: what began earlier is over.
            if abs(other - start) >= DAY_S:
                del self._counts[other]
        count = self._counts[start] = [total_wh, 0, 0]
        self.keep()
        return count

    def keep(self):
        """Write the counts."""
        record = bytearray((_VERSION,))
        for start in sorted(self._counts):
            count = self._counts[start]
            count[_KEPT] = count[_CHARGED] // _MINUTE_MS
            record.extend(pack((start, count[_TOTAL], count[_KEPT]), _WIDTHS))
        try:
            self._journal.put(QUOTA_RECORD, bytes(record))
        except HalError:
            pass   # only the count over a reboot is lost

    def _load(self, record):
        if record is None:
            return
        if len(record) % _BYTES != 1 or record[0] != _VERSION:
            self._journal.reject(QUOTA_RECORD)
            return
        for at in range(1, len(record), _BYTES):
            start, total_wh, kept_min = unpack(record, at, _WIDTHS)
            self._counts[start] = [total_wh, kept_min * _MINUTE_MS, kept_min]
