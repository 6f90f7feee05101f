"""Energy and time that a window of the plan allows: counted while it is open, kept over a reboot. Pure but for the journal."""

from hal.contract import HalError

RECORD = 'quota'
# Record: version; begin of the opening (UTC s), total energy then (Wh), charging minutes so far.
_VERSION = 1
_BYTES = 11
_MINUTE_MS = 60000
# The minutes are written anew so often while they count: a reboot loses less than that.
_KEEP_MIN = 10


class Quota:
    """step() says when the limit of the opening that governs is reached."""

    def __init__(self, journal):
        self._journal = journal
        self._start = 0        # of the opening that is counted
        self._total_wh = 0     # in the life of the meter, as it began
        self._charged_ms = 0   # within it
        self._kept_min = 0
        self._at_ms = None
        self._load(journal.get(RECORD))

    def step(self, now_ms, opening, total_wh, flows):
        """True if its limit is reached. opening: (start s, end s, place, Wh, minutes) of app.plan, None outside; flows: current does."""
        elapsed_ms = 0 if self._at_ms is None else now_ms - self._at_ms
        self._at_ms = now_ms
        if opening is None or not (opening[3] or opening[4]):
            return False
        if opening[0] != self._start:
            self._start = opening[0]
            self._total_wh = total_wh
            self._charged_ms = 0
            self._keep()
        elif flows:
            self._charged_ms += elapsed_ms
            if opening[4] and self._charged_ms // _MINUTE_MS >= self._kept_min + _KEEP_MIN:
                self._keep()
        if opening[3] and total_wh - self._total_wh >= opening[3]:
            return True
        return opening[4] > 0 and self._charged_ms >= opening[4] * _MINUTE_MS

    def _keep(self):
        self._kept_min = self._charged_ms // _MINUTE_MS
        record = bytearray((_VERSION,))
        for value, size in ((self._start, 4), (self._total_wh, 4), (self._kept_min, 2)):
            for shift in range(8 * size - 8, -8, -8):
                record.append(value >> shift & 255)
        try:
            self._journal.put(RECORD, bytes(record))
        except HalError:
            pass   # it costs the count over a reboot

    def _load(self, record):
        if record is None or len(record) != _BYTES or record[0] != _VERSION:
            return
        self._start = int.from_bytes(record[1:5], 'big')
        self._total_wh = int.from_bytes(record[5:9], 'big')
        self._kept_min = int.from_bytes(record[9:11], 'big')
        self._charged_ms = self._kept_min * _MINUTE_MS
