"""The service's log: what happens is said once, and a hundred times the same is not said a hundred times."""
import logging
import threading
import time

AGAIN_S = 3600
_KINDS_MAX = 1000

logger = logging.getLogger("home")


class Notices:
    """say(kind, text): the first of a kind at once, later ones at most once an hour, with how many there were."""

    def __init__(self, clock=time.monotonic, write=logger.warning):
        self._clock, self._write = clock, write
        self._said = {}      # kind -> [when, how many since]
        self._lock = threading.Lock()

    def say(self, kind, text):
        now_s = self._clock()
        with self._lock:
            said = self._said.get(kind)
            if said and now_s - said[0] < AGAIN_S:
                said[1] += 1
                return
            more = f" ({said[1]} more like it before)" if said and said[1] else ""
            if len(self._said) >= _KINDS_MAX:
                self._said.clear()
            self._said[kind] = [now_s, 0]
        self._write("%s%s", text, more)

    def over(self, kind):
        """It is well again: the next of that kind is said at once."""
        with self._lock:
            self._said.pop(kind, None)
