"""What brings a modem back: its reset line, and word that its session is gone. A base of hal/at_modem.py."""

from micropython import const

from hal.at_words import FLUSH, JOIN
from hal.contract import LOST

_VAIN = const(3)        # joins or frames in a row without an end, after which it is reset
_PULL_MS = const(60000)     # from one reset by its line to the next
UP_MS = const(3000)        # after a restart it is asked what it is
CHECK_MS = const(300000)  # between two looks whether it has restarted unnoticed
UNKNOWN = const(0)      # how far the modem is known: not at all


class Recovery:
    """Of an AtModem, whose attributes it uses."""

    _now_ms = _log = _serial = _version = _command = _report = None    # set by AtModem
    _known = ()         # versions of its firmware, by their beginnings, that it is made for

    def _restarted(self):
        """The modem restarted: its settings, and perhaps its LoRaWAN session, are lost."""
        self._stage = UNKNOWN
        self._rate = self._room = None

    def _lost(self):
        """The modem has restarted, by itself or by us: its session is gone."""
        sends = self._command is not None and JOIN <= self._command[0] <= FLUSH or self._vain > 0
        self._fresh_ms = self._now_ms()
        self._vain = 0
        if self.joined:
            self.joined = False
            self._report((LOST, 1 if sends else 0, None))

    def _recover(self):
        """A modem that is silent, or that ends nothing: its reset line, once a minute."""
        now_ms = self._now_ms()
        if self._pulled_ms is not None and now_ms - self._pulled_ms < _PULL_MS or not self._serial.reset():
            return
        self._pulled_ms = now_ms
        self._vain = 0
        self._log('modem: reset by its line')
        self._restarted()
        self._lost()
        self._setup_ms = now_ms + UP_MS

    def _ready_words(self):
        version = self._version or 'not told'
        known = [one for one in self._known if version.startswith(one)]
        return 'ready, version ' + version + ('' if known else ', which is none of those known: ' + ', '.join(self._known))

    def _tell(self, what):
        if what != self._reported:
            self._reported = what
            self._log('modem: ' + what)

    def _note_end(self, has_end):
        """A join or a frame is over. One whose end was not told may have been too much for its supply, or its last."""
        self._calm_ms = now_ms = self._now_ms()
        self._vain = 0 if has_end else self._vain + 1
        if not has_end:
            self._check_ms = now_ms - CHECK_MS
        if self._vain >= _VAIN:
            self._recover()
