"""How often the network may be asked for the time: each answer is one of the ten downlinks a day that fair use allows."""

from hal.contract import HalError
from micropython import const

from lorawan.airtime_log import DAY_MS

# A sliding day (decisions): two requests, but six while the time is unknown.
KNOWN_MAX = const(2)
UNKNOWN_MAX = const(6)
# A day by a crystal that is 200 ppm fast is 17 s short.
_WINDOW_MS = DAY_MS + 20000
# The last of the six is kept for later, so that an outage after a boot costs four hours and not a day.
_KEPT_BACK_MS = const(14400000)
# Record: the age of each request, oldest first, in units of six minutes; the latest has none, and its byte holds its token.
_RECORD = 'clock'
_UNIT_MS = const(360000)
_TOKEN = const(0xF0)      # no age that counts


class ClockQuota:
    """Requests of a sliding day, kept over reboots, where the time off counts as none; each boot has one beyond them. token: of the latest,
    None where there was none, or where is_lost says that nobody knows it any more."""

    def __init__(self, store, now_ms):
        self.store_failures = 0
        self._store = store
        self._fresh = True        # nothing asked since the boot
        self._asked_ms = []
        self._is_noted = False    # the latest is on record before it was sent
        self.token = None
        try:
            record = store.get(_RECORD)
        except HalError:
            self.store_failures += 1
            record = b''
        self.is_lost = record is not None
        if record and len(record) <= UNKNOWN_MAX:
            if record[-1] >= _TOKEN:
                self.is_lost = False
                self.token = record[-1] - _TOKEN
                record = record[:-1] + b'\0'
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

    def note(self, now_ms, token):
        """A request with that token is about to leave: on record before, so that no boot uses it again."""
        if token != self.token:
            self.token = token
            self._is_noted = True
            self._keep(self._asked_ms, now_ms)

    def add(self, now_ms):
        """A request was sent."""
        self._fresh = False
        asked_ms = self._asked_ms
        if not self._is_noted:
            self._keep(asked_ms, now_ms)
        self._is_noted = False
        asked_ms.append(now_ms)
        if len(asked_ms) > UNKNOWN_MAX:
            asked_ms.pop(0)

    def _keep(self, before_ms, now_ms):
        """One at now_ms, and those before it."""
        ages = [min((now_ms - at_ms) // _UNIT_MS, _TOKEN - 1) for at_ms in before_ms[-UNKNOWN_MAX + 1:]]
        ages.append(0 if self.token is None else _TOKEN + self.token)
        try:
            self._store.put(_RECORD, bytes(ages))
        except HalError:
            self.store_failures += 1
