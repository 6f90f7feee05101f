"""Does the network still know this LoRaWAN session? When a frame must ask for a proof, and when answers are overdue."""

from micropython import const

# The clock is answered once a day: 26 h without a proof that we are heard are no accident (decision).
SILENCE_MS = const(93600000)
# From the first question unanswered one every 10 min, after two hours every 30, so as to leave airtime for what comes when
# the network is back. After six without an answer the session is given up, as soon as a join may be tried in its place: until then
# the old one, which the network may well have, is worth more than none.
PROBE_EVERY_MS = const(600000)
PROBE_LATE_MS = const(1800000)
PROBES_DENSE_MS = const(7200000)
PROBES_MAX = const(6)
# Enough where airtime has the next one wait longer than PROBE_EVERY_MS: at SF12 a question costs as much as four joins at SF10.
PROBES_MIN = const(3)
# There was nothing to ask with.
PROBE_RETRY_MS = const(60000)


class LinkSupervision:
    """probe_ms: no question before. since_ms: of the first question that was not answered, or None."""

    __slots__ = ('probe_ms', 'since_ms', '_unanswered')

    def __init__(self):
        self.clear(0)

    def clear(self, now_ms):
        """There is none: something was heard."""
        self.probe_ms = now_ms
        self.since_ms = None
        self._unanswered = 0

    def wants_proof(self, now_ms, proven_ms):
        """True if the next frame has to be a question. proven_ms: when the network proved last that it hears us."""
        return now_ms >= self.probe_ms and (self.since_ms is not None or now_ms - proven_ms >= SILENCE_MS)

    def asked(self, now_ms):
        """A question is on its way, or a frame in its place for which airtime is short."""
        late = self.since_ms is not None and now_ms - self.since_ms >= PROBES_DENSE_MS
        self.probe_ms = now_ms + (PROBE_LATE_MS if late else PROBE_EVERY_MS)

    def nothing_to_ask(self, now_ms):
        """The application had no frame for it."""
        self.probe_ms = now_ms + PROBE_RETRY_MS

    def gives_up(self, wait_ms):
        """True if the next question, which has to wait that long, is not worth the wait."""
        return wait_ms > PROBE_EVERY_MS and self._unanswered >= PROBES_MIN

    def unanswered(self, now_ms):
        """True if it was one too many."""
        if self.since_ms is None:
            self.since_ms = now_ms
        self._unanswered += 1
        return self._unanswered >= PROBES_MAX
