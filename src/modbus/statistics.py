"""The box's answer times, and how many tries it needed. Integers in preallocated lists, so that counting allocates nothing."""

# Histogram: intervals of 8 ms; the last one also holds everything slower. The answer time ends at 400 ms (modbus.transaction).
_SHIFT = 3
BUCKET_MS = 1 << _SHIFT
BUCKETS = 52


class Statistics:
    """Answers timed from the end of the request to the end of the box's, as the loop saw it.

    buckets: number of answers in each interval of BUCKET_MS. tries: number of answers to the first telegram, to the second, ...
    fastest_ms, slowest_ms: None before the first answer.
    """

    __slots__ = ('buckets', 'tries', 'fastest_ms', 'slowest_ms')

    def __init__(self, most_tries):
        self.buckets = [0] * BUCKETS
        self.tries = [0] * most_tries
        self.fastest_ms = None
        self.slowest_ms = None

    def note(self, answer_ms, failed_tries):
        """Count one answer after that many unanswered telegrams; answer_ms None: it arrived while the loop was busy."""
        self.tries[failed_tries] += 1
        if answer_ms is None:
            return
        if answer_ms < 0:   # a port that returns before the last stop bit
            answer_ms = 0
        bucket = answer_ms >> _SHIFT
        self.buckets[bucket if bucket < BUCKETS else -1] += 1
        if self.slowest_ms is None:
            self.fastest_ms = self.slowest_ms = answer_ms
        elif answer_ms > self.slowest_ms:
            self.slowest_ms = answer_ms
        elif answer_ms < self.fastest_ms:
            self.fastest_ms = answer_ms

    def within_ms(self, percent):
        """The time within which that percentage of the answers came (50: the median), rounded up to BUCKET_MS; None without any."""
        wanted = (sum(self.buckets) * percent + 99) // 100
        if not wanted:
            return None
        seen = 0
        for index, count in enumerate(self.buckets):
            seen += count
            if seen >= wanted:
                return min((index + 1) * BUCKET_MS, self.slowest_ms)
