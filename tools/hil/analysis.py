"""Analysis of a capture: exchanges with their answer times, lost telegrams, line errors, and other senders."""
import collections
import statistics

from modbus import ascii, registers

from tools.hil.capture import NOTE, TX

ANSWERED, REFUSED, LOST = "answered", "refused", "lost"
# Widths of a histogram's bars, in ms; the smallest is taken that needs no more than BARS of them.
WIDTHS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
BARS = 16
BAR_CHARS = 50

# One telegram of the client. body: of the request. wait_ms: from its last bit to the first byte of the answer; whole_ms: to the answer's end.
# quiet_ms: how long the line was silent before it, None at the start of the capture. outcome: see above.
Exchange = collections.namedtuple("Exchange", "t_ms body outcome wait_ms whole_ms quiet_ms answer")
# A frame outside the client's exchanges.
Foreign = collections.namedtuple("Foreign", "t_ms start body")


class Traffic:
    """What happened on the bus in a list of capture events.

    exchanges: list of Exchange. foreign: list of Foreign. echoes: own telegrams that came back. errors: the Reader's counts, by name.
    seconds: from the first event to the last.
    """

    def __init__(self, events):
        self.seconds = (events[-1].t_ms - events[0].t_ms) / 1000 if events else 0
        self.exchanges = []
        self.foreign = []
        self.echoes = 0
        self.errors = dict.fromkeys(ascii.COUNTS, 0)
        self._reader = ascii.Reader(self.errors)
        self._open = None          # (t_ms, body, quiet_ms) of a request without answer so far
        self._asked = None         # body of the latest request, until its echo
        self._last_ms = None       # end of the latest traffic
        self._began_ms = 0
        for event in events:
            if event.kind != NOTE:
                (self._on_sent if event.kind == TX else self._on_heard)(event)
        self._lose()

    def _on_sent(self, event):
        self._lose()
        began_ms = event.t_ms - event.took_ms
        quiet_ms = None if self._last_ms is None else began_ms - self._last_ms
        body = body_of(event.data)
        if body is not None:
            self._open = (event.t_ms, body, quiet_ms)
            self._asked = body
        self._last_ms = event.t_ms

    def _lose(self):
        if self._open is not None:
            t_ms, body, quiet_ms = self._open
            self.exchanges.append(Exchange(t_ms, body, LOST, None, None, quiet_ms, None))
            self._open = None

    def _on_heard(self, event):
        if not self._reader.partial:
            self._began_ms = event.t_ms
        self._last_ms = event.t_ms
        raw = self._reader.take(event.data)
        while raw is not None:
            self._judge(event.t_ms, self._reader.start_char, raw[:-1])
            raw = self._reader.next()

    def _judge(self, end_ms, start, body):
        if start == ascii.REQUEST and body == self._asked:
            self._asked = None
            self.echoes += 1
            return
        outcome = _outcome(self._open[1], body) if self._open is not None and start == ascii.ANSWER else None
        if outcome is None:
            self.foreign.append(Foreign(self._began_ms, start, body))
            return
        t_ms, asked, quiet_ms = self._open
        self._open = None
        self.exchanges.append(Exchange(t_ms, asked, outcome, max(self._began_ms - t_ms, 0), end_ms - t_ms, quiet_ms, body))

    def waits_ms(self):
        """Answer times, sorted."""
        return sorted(exchange.wait_ms for exchange in self.exchanges if exchange.outcome != LOST)

    def lost(self):
        """(lost telegrams, those among them whose repetition was answered)."""
        lost = [number for number, exchange in enumerate(self.exchanges) if exchange.outcome == LOST]
        following = self.exchanges[1:] + [None]
        repeated = [number for number in lost if following[number] is not None and following[number].outcome != LOST
                    and following[number].body == self.exchanges[number].body]
        return len(lost), len(repeated)

    def talkers(self):
        """[(what, count, median interval in ms or None)] of everybody else, most talkative first."""
        times = collections.defaultdict(list)
        for frame in self.foreign:
            times[describe(frame.start, frame.body)].append(frame.t_ms)
        return [(what, len(at_ms), _interval_ms(at_ms)) for what, at_ms in sorted(times.items(), key=lambda item: (-len(item[1]), item[0]))]

    def panel(self):
        """(questions for 0x0004 that are not ours, answers to them or sent unasked)."""
        asked = said = 0
        for frame in self.foreign:
            address = frame.body[2] << 8 | frame.body[3] if len(frame.body) == 6 else None
            asked += frame.start == ascii.REQUEST and frame.body[1] == 3 and address == registers.PANEL
            said += frame.start == ascii.ANSWER and len(frame.body) == 5 and frame.body[1:4] == b"\x03\x02\x04"
        return asked, said


def body_of(frame):
    """The body of one frame as sent, or None if it is none."""
    raw = ascii.Reader(dict.fromkeys(ascii.COUNTS, 0)).take(frame) if frame else None
    return raw and raw[:-1]


def _outcome(asked, body):
    """ANSWERED or REFUSED if body answers the request, else None. Id 0 is answered by anybody."""
    if asked[0] not in (0, body[0]) or len(asked) < 6:
        return None
    if body[1] == asked[1] | 0x80 and len(body) == 3:
        return REFUSED
    if asked[1] == 3:
        head = bytes((3, 2 * asked[5], asked[3]))
    else:
        head = asked[1:6]
    return ANSWERED if body.startswith(head, 1) else None


def _interval_ms(at_ms):
    steps = [after - before for before, after in zip(at_ms, at_ms[1:])]
    return statistics.median(steps) if steps else None


def describe(start, body):
    """A frame in words, the same for all frames of a kind."""
    if start == ascii.REQUEST and len(body) >= 6:
        verb = {3: "asks for", 16: "writes to"}.get(body[1], f"function {body[1]} on")
        return f"somebody {verb} 0x{body[2] << 8 | body[3]:04X} of box {body[0]}"
    if start == ascii.ANSWER and len(body) >= 4 and body[1] == 3:
        return f"box {body[0]} tells 0x..{body[3]:02X}, {body[2] // 2} word(s)"
    return f"{chr(start)}{body[:2].hex().upper()}..., {len(body)} bytes"


def percentile(values, percent):
    """The smallest of the sorted values that this percentage does not exceed."""
    return values[max(-(-len(values) * percent // 100) - 1, 0)]


def histogram(values):
    """[(from_ms, to_ms, count)] of equally wide bars, without the empty ones at both ends; [] of nothing."""
    if not values:
        return []
    for width in WIDTHS:
        first, last = int(values[0] // width), int(values[-1] // width)
        if last - first < BARS:
            break
    counts = collections.Counter(int(value // width) for value in values)
    return [(number * width, (number + 1) * width, counts[number]) for number in range(first, last + 1)]


def plot(bars):
    """A histogram as lines of text."""
    most = max(count for _, _, count in bars)
    lines = []
    for low, high, count in bars:
        bar = "█" * max(round(count * BAR_CHARS / most), count > 0)
        lines.append(f"{low:4d} to {high:4d} ms |{bar} {count}".replace("| 0", "|"))
    return lines
