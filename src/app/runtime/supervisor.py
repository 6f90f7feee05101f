"""Supervision: detects stalled tasks, records how the last boot ended, and counts the boots in a row that ended badly."""

from micropython import const

from hal.contract import CRASH, HalError, POWER_ON, WATCHDOG

from app.codec import vocabulary
from app.codec.packing import pack, unpack
from app.runtime.journal import BOOT_RECORD
from app.runtime.scheduler import first_stalled

# Layout: version, bad ends in a row, resets, crashes, sent, error, line (2 bytes), uptime in s (4), module as ASCII.
_VERSION = const(1)
_HEAD = const(12)
_WIDTHS = (1, 1, 1, 1, 1, 1, 2, 4)
_MODULE_MOST = const(24)    # the firmware before kept 8 letters, and reads no more
_MOST = const(255)     # counts stop there: a monitor that starts again for ever must not wear its flash

# A boot of at least this length was a good one.
GOOD_MS = const(600000)
# Minutes in safe mode, by the number of bad ends in a row. Two resets by the watchdog are no loop.
BACK_OFF_MIN = (0, 0, 0, 1, 5, 15)
STALLED = 'Stalled'
BROWN_OUT = 'BrownOut'
# An answer leaves within 5 s; a requested reboot waits for it.
REBOOT_MS = 15000


class Crash:
    """End of an earlier boot: name of the exception, module, line, seconds since its start."""

    __slots__ = ('error', 'module', 'line', 'uptime_s')

    def __init__(self, error, module, line, uptime_s):
        self.error = error
        self.module = module
        self.line = line
        self.uptime_s = uptime_s


class Supervisor:
    """bad_ends: boots in a row that ended by crash or watchdog within ten minutes. resets, crashes: in all, up to 255; crashes are the
    unplanned ones. crash: a Crash that was not sent yet, or None; call crash_sent() afterwards."""

    def __init__(self, journal, cause):
        """cause: of this boot, System.reset_cause()."""
        self.bad_ends = self.resets = self.crashes = 0
        self.crash = None
        self._journal = journal
        self._last = None        # the latest crash, sent or not
        self._since_ms = None    # start of the application
        self._stalled = None
        self._load(journal.get(BOOT_RECORD))
        # A power cut is no fault, and after switching the power off and on the owner gets a working monitor immediately.
        if cause != POWER_ON:
            self.resets += 1
        if cause in (CRASH, WATCHDOG):
            self.bad_ends += 1
            self.crashes += 1
        self._save()

    @property
    def back_off_ms(self):
        """Duration of safe mode in this boot."""
        return 60000 * BACK_OFF_MIN[min(self.bad_ends, len(BACK_OFF_MIN) - 1)]

    def begin(self, now_ms):
        """The application works from now on."""
        self._since_ms = now_ms

    def tick(self, tasks, now_ms):
        """Called about once a second: the name of a stalled task (app.runtime.scheduler), or None."""
        if self.bad_ends and self._since_ms is not None and now_ms - self._since_ms >= GOOD_MS:
            self.bad_ends = 0
            self._save()
        name = first_stalled(tasks, now_ms)
        if name != self._stalled:
            self._stalled = name
            if name is not None:
                self.crashed(STALLED, name, 0, now_ms)
        return name

    def crashed(self, error, module, line, now_ms):
        """Record the end of this boot. The same one, if not sent yet, is not written again: a boot loop must not wear the flash."""
        last = self._last
        module = module[:_MODULE_MOST]
        if self.crash is not None and (last.error, last.module, last.line) == (error, module, line):
            return
        self.crash = self._last = Crash(error, module, line, now_ms // 1000)
        self._save()

    def crash_sent(self):
        """The crash is on the air."""
        if self.crash is not None:
            self.crash = None
            self._save()

    # --- record

    def _load(self, record):
        if record is None:
            return
        if len(record) < _HEAD or record[0] != _VERSION:
            self._journal.reject(BOOT_RECORD)
            return
        _, self.bad_ends, self.resets, self.crashes, sent, error, line, uptime_s = unpack(record, 0, _WIDTHS)
        if error == _MOST:
            return
        error = vocabulary.ERRORS[error if error < len(vocabulary.ERRORS) else 0]
        module = ''.join([chr(byte) for byte in record[_HEAD:_HEAD + _MODULE_MOST] if 32 <= byte < 127])
        self._last = Crash(error, module, line, uptime_s)
        if not sent:
            self.crash = self._last

    def _save(self):
        """Write the record; if flash fails, only the memory is lost."""
        last = self._last
        self.resets = min(self.resets, _MOST)
        self.crashes = min(self.crashes, _MOST)
        self.bad_ends = min(self.bad_ends, len(BACK_OFF_MIN) - 1)
        error, line, uptime_s, module = _MOST, 0, 0, b''
        if last is not None:
            error = vocabulary.ERRORS.index(last.error) if last.error in vocabulary.ERRORS else 0
            line, uptime_s = last.line, last.uptime_s
            module = bytes([ord(char) & 127 for char in last.module])
        sent = 0 if self.crash is not None else 1
        record = pack((_VERSION, self.bad_ends, self.resets, self.crashes, sent, error, line, uptime_s), _WIDTHS) + module
        try:
            self._journal.put(BOOT_RECORD, record)
        except HalError:
            pass
