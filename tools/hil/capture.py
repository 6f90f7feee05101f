"""A capture: every byte of a run on a real bus, as JSON lines that tests can replay. docs/hil.md describes the format."""
import collections
import json
import os
import pathlib
import time

from tools.charger.client import Tap

FORMAT = "charger-capture"
VERSION = 1
TX, RX, NOTE = "tx", "rx", "note"

# t_ms: since the start of the capture; of what was sent, when its last bit had left. data: bytes, of a note its text.
# took_ms: of what was sent, how long the sending took, driver on and off included.
Event = collections.namedtuple("Event", "t_ms kind data took_ms")


class Capture:
    """The capture of a run under way: in memory (`events`) and, line by line, in the file at `path`."""

    def __init__(self, path, header):
        self.path = pathlib.Path(path)
        self.header = dict(header, format=FORMAT, version=VERSION)
        self.events = []
        self._start_ns = time.monotonic_ns()
        self._file = open(path, "w", encoding="ascii")
        self._file.write(json.dumps(self.header) + "\n")

    def now_ms(self):
        """Milliseconds since the start."""
        return (time.monotonic_ns() - self._start_ns) / 1e6

    def note(self, text):
        """What happens next, in words."""
        self.add(NOTE, text)

    def add(self, kind, data, took_ms=0.0):
        """Something happened just now."""
        event = Event(round(self.now_ms(), 2), kind, data, round(took_ms, 2))
        self.events.append(event)
        self._file.write(_line(event) + "\n")
        self._file.flush()

    def close(self, **known):
        """Finish the file; what has become known meanwhile (the box) goes into its header."""
        self._file.close()
        self.header.update(known)
        beside = self.path.with_suffix(".tmp")
        lines = [json.dumps(self.header), *map(_line, self.events)]
        beside.write_text("\n".join(lines) + "\n", encoding="ascii")
        os.replace(beside, self.path)


def _line(event):
    if event.kind == NOTE:
        return json.dumps({"t": event.t_ms, "note": event.data})
    record = {"t": event.t_ms, "dir": event.kind, "hex": event.data.hex()}
    if event.kind == TX:
        record["took"] = event.took_ms
    return json.dumps(record)


def load(path):
    """(header, list of Event) of a capture; ValueError names the line that is none."""
    header, *lines = pathlib.Path(path).read_text(encoding="ascii").splitlines() or [""]
    try:
        header = json.loads(header)
        known = header["format"] == FORMAT and header["version"] == VERSION
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise ValueError(f"{path}: line 1 is not the header of a {FORMAT}, version {VERSION}")
    events = []
    for number, line in enumerate(lines, 2):
        try:
            events.append(_event(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{path}: line {number} is no record: {line[:60]}") from None
    return header, events


def _event(record):
    if "note" in record:
        return Event(record["t"], NOTE, record["note"], 0.0)
    if record["dir"] not in (TX, RX):
        raise ValueError(record["dir"])
    return Event(record["t"], record["dir"], bytes.fromhex(record["hex"]), record.get("took", 0.0))


class Recorder(Tap):
    """A bus that keeps a capture, and sends only what may_send(frame) agrees to; anything else raises PermissionError."""

    def __init__(self, bus, capture, may_send):
        Tap.__init__(self, bus)
        self._capture = capture
        self._may_send = may_send
        self._transmit = bus.transmit
        self.transmit = self._record_transmit

    def read(self):
        """As Bus.read()."""
        data = Tap.read(self)
        if data:
            self._capture.add(RX, data)
        return data

    def _record_transmit(self, frame):
        if not self._may_send(frame):
            raise PermissionError(f"not to be sent in this run: {frame!r}")
        began_ms = self._capture.now_ms()
        try:
            self._transmit(frame)
        finally:
            self._capture.add(TX, frame, self._capture.now_ms() - began_ms)
