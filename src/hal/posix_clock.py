"""The operating system's clock, believed only while synchronised: without network it starts at the time of the last shutdown."""

import ctypes
import os

from hal.ticks import PLAUSIBLE_S

# systemd-timesyncd makes it at its first success since the machine started; a service that may not ask the kernel can still see it.
_TIMESYNCD = '/run/systemd/timesync/synchronized'
# adjtimex(2): a struct timex of zeros changes nothing; it has 208 bytes at most. The answer is below 5 where the clock is synchronised.
_TIMEX_BYTES = 512
_TIME_ERROR = 5


def is_synchronised():
    """True if timesyncd or the kernel reports it."""
    if os.path.exists(_TIMESYNCD):
        return True
    try:
        return 0 <= ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)) < _TIME_ERROR
    except (AttributeError, OSError):
        return False    # no such call here


def believed(os_s, is_kept):
    """UTC seconds of a clock that shows os_s, or None. is_kept(): it is synchronised."""
    return os_s if os_s >= PLAUSIBLE_S and is_kept() else None
