"""A board in virtual time for the tests of application and main: the bus of fake_bus, a radio that is always heard, an exact clock."""

from hal.contract import JOINED, POWER_ON, RADIO, RECEIVED, SENT, HalError
from tests.support.fake_bus import Box, Wire

JOIN_MS = 5000
SEND_MS = 2000


class Part:
    """A part of the board, made of its calls. types.SimpleNamespace would do, but MicroPython has none."""

    def __init__(self, **calls):
        for name in calls:
            setattr(self, name, calls[name])


class Ended(BaseException):
    """The run is over; no handler of the firmware's may catch it."""


class Rebooted(BaseException):
    """System.reset() does not return."""


class Radio:
    """Answers every join and takes every frame; hangs: it takes them and never tells what became of them."""

    def __init__(self, clock):
        self.clock = clock
        self.joins = 0
        self.frames = []      # (ms, port, payload)
        self.hangs = False
        self.broken = False   # every call fails
        self.events = []      # (ms, event)

    def join(self, data_rate):
        if self.broken:
            raise HalError(RADIO, 'gone')
        self.joins += 1
        self._later(JOIN_MS, (JOINED, 0, None))
        return True

    def send(self, port, payload, confirmed, data_rate):
        self.frames.append((self.clock.now_ms(), port, bytes(payload)))
        if not self.hangs:
            self._later(SEND_MS, (SENT, 1, None))
        return True

    def _later(self, ms, event):
        self.events.append((self.clock.now_ms() + ms, event))
        self.events.sort(key=lambda pair: pair[0])

    def push(self, port, payload):
        """A class C downlink arrives now."""
        self._later(0, (RECEIVED, port, payload))

    def poll(self):
        if self.broken:
            raise HalError(RADIO, 'gone')
        if self.events and self.events[0][0] <= self.clock.now_ms():
            return self.events.pop(0)[1]
        return None

    def data_rate(self):
        return None

    def ask_time(self):
        return False

    def max_payload(self, data_rate):
        return 51

    def utc_s(self):
        return None


class Clock:
    """Virtual time; a sleep ends early for a byte or a radio event. Raises Ended at end_ms."""

    def __init__(self, wire):
        self.wire = wire
        self.radio = None
        self.end_ms = None
        self.naps = 0
        self.steps = []      # (ms, action), sorted
        self.utc = None

    def now_ms(self):
        return self.wire.now_us // 1000

    def sleep_ms(self, ms):
        self.naps += 1
        now_ms = self.now_ms()
        while self.steps and self.steps[0][0] <= now_ms:
            self.steps.pop(0)[1]()
        if self.end_ms is not None and now_ms >= self.end_ms:
            raise Ended
        until_ms = now_ms + max(ms, 0)
        if self.end_ms is not None:
            until_ms = min(until_ms, self.end_ms)
        if self.radio.events:
            until_ms = min(until_ms, self.radio.events[0][0])
        if self.steps:
            until_ms = min(until_ms, self.steps[0][0])
        # A loop that asks for no sleep at all takes 50 us itself.
        self.wire.advance(max(until_ms * 1000, self.wire.now_us + 50), wake=True)

    def utc_s(self):
        return self.utc

    def set_utc(self, utc_s):
        self.utc = utc_s


class Board:
    """All parts of hal.contract. fed: when the watchdog was; colours: (ms, colour) shown; lines: the log; resets: reasons."""

    def __init__(self):
        self.wire = Wire()
        self.box = Box(self.wire)
        self.bus = self.wire
        self.clock = Clock(self.wire)
        self.radio = self.clock.radio = Radio(self.clock)
        self.records = {}
        self.store = Part(get=self.records.get, put=self.records.__setitem__)
        self.fed = []
        self.watchdog = Part(feed=lambda: self.fed.append(self.clock.now_ms()))
        self.colours = []
        self.active = []
        self.indicator = Part(show=lambda colour: self.colours.append((self.clock.now_ms(), colour)), activity=self.active.append)
        self.lines = []
        self.resets = []
        self.system = Part(log=self.lines.append, reset=self._reset, unique_id=lambda: b'\x02\x00\x00\x00\x00\x01',
                           reset_cause=lambda: self.cause, browned_out=lambda: False)
        self.cause = POWER_ON
        self.opened = []     # the settings that the radio was opened with
        self.open_radio = self.opened.append

    def _reset(self, reason):
        self.resets.append(reason)
        raise Rebooted(reason)

    def at(self, ms, action):
        """Do action() when the loop next sleeps after that."""
        self.clock.steps.append((ms, action))
        self.clock.steps.sort(key=lambda pair: pair[0])

    def run(self, start, until_ms):
        """Call start() until that time; True if it lasted that long."""
        self.clock.end_ms = until_ms
        try:
            start()
        except Ended:
            return True
        except Rebooted:
            return False
        raise AssertionError('the loop ended')
