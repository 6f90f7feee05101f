"""A bus that replays a capture: each telegram gets the recorded answer, after the recorded delay."""
from tools.hil.capture import NOTE, RX, TX

CHARS_PER_MS = 3.49


def part(events, first, last):
    """The events between two notes."""
    texts = [event.data if event.kind == NOTE else None for event in events]
    return events[texts.index(first) + 1 : texts.index(last)]


class ReplayBus:
    """hal.contract.Bus. now_ms: set by the test. Telegrams that are not in the capture (any more) get silence."""

    def __init__(self, events):
        self.now_ms = 0
        self.unanswered = 0
        self._events = [event for event in events if event.kind != NOTE]
        self._due = []
        start_ms = events[0].t_ms
        self._at = self._say(0, start_ms, 0)

    def read(self):
        ready = [data for at_ms, data in self._due if at_ms <= self.now_ms]
        self._due = self._due[len(ready):]
        return b"".join(ready)

    def transmit(self, frame):
        self.now_ms += int(len(frame) / CHARS_PER_MS) + 1
        for at in range(self._at, len(self._events)):
            event = self._events[at]
            if event.kind == TX and event.data == frame:
                self._at = self._say(at + 1, event.t_ms, self.now_ms)
                return
        self.unanswered += 1

    def _say(self, at, from_ms, now_ms):
        """Have said what was said from event `at` to the next telegram; returns the number of that."""
        while at < len(self._events) and self._events[at].kind == RX:
            self._due.append((now_ms + self._events[at].t_ms - from_ms, self._events[at].data))
            at += 1
        return at

    def next_ms(self):
        """When the next bytes come, or None."""
        return min((at_ms for at_ms, _ in self._due), default=None)
