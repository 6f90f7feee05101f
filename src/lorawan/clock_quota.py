"""How often the network may be asked for the time: each answer is one of the ten downlinks a day that fair use allows."""

from hal.contract import HalError
from micropython import const

DAY_MS = const(86400000)
# A sliding day (decisions): two requests, but six while the time is unknown.
KNOWN_MAX = const(2)
UNKNOWN_MAX = const(6)
# A day by a crystal that is 200 ppm fast is 17 s short.
_WINDOW_MS = const(DAY_MS + 20000)
# The last of the six is kept for later, so that an outage after a boot costs four hours and not a day.
_KEPT_BACK_MS = const(14400000)
# Record: the age of each request, oldest first, in units of six minutes.
_RECORD = 'clock'
_UNIT_MS = const(360000)


class ClockQuota:
    """Requests of a sliding day, kept over reboots, where the time off counts as none; each boot has one beyond them."""

    def __init__(self, store, now_ms):
        self.store_failures = 0
        self._store = store
        self._fresh = True        # nothing asked since the boot
        self._asked_ms = []
        try:
            record = store.get(_RECORD) or b''
        except HalError:
            self.store_failures += 1
            record = b''
        if len(record) <= UNKNOWN_MAX:
            for age in record:
                self._asked_ms.append(now_ms - age * _UNIT_MS)
            self._asked_ms.sort()

    def wait_ms(self, now_ms, known):
        """0 if a request may be sent now, else when."""
        asked_ms = self._asked_ms
        while asked_ms and now_ms - asked_ms[0] >= _WINDOW_MS:
            asked_ms.pop(0)
        if self._fresh:
            return 0
        most = KNOWN_MAX if known else UNKNOWN_MAX
        if len(asked_ms) >= most:
            return asked_ms[len(asked_ms) - most] + _WINDOW_MS - now_ms
        if not known and len(asked_ms) == UNKNOWN_MAX - 1:
            return max(0, asked_ms[-1] + _KEPT_BACK_MS - now_ms)
        return 0

    def add(self, now_ms):
        """A request was sent."""
        self._fresh = False
        asked_ms = self._asked_ms
        asked_ms.append(now_ms)
        if len(asked_ms) > UNKNOWN_MAX:
            asked_ms.pop(0)
        try:
            self._store.put(_RECORD, bytes([min((now_ms - at_ms) // _UNIT_MS, 255) for at_ms in asked_ms]))
        except HalError:
            self.store_failures += 1
