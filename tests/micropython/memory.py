"""RAM that the firmware retains on MicroPython: prints a JSON object, bytes by step.

Arguments: the modules in the order in which they are imported. Each is imported and then everything that is not needed any more is
collected (LATER, tools/checks/micropython_node/runner.mjs); then the application starts on a board of a few objects and runs for ten minutes.
"""
import gc
import json
import sys
from array import array

# A status cycle: from one look at the box to the next (modbus.charger.READ_EVERY_MS).
CYCLE_MS = 2000
CYCLES = 1770
cycle_bytes = array('I', [0] * CYCLES)   # allocated in each
cycle_did = bytearray(CYCLES)            # SENT: an uplink left in it; WROTE: a record went to flash
SENT, WROTE = 1, 2


class PartOfCalls:
    """A part of a board, made of its calls."""

    def __init__(self, **calls):
        for name in calls:
            setattr(self, name, calls[name])


class Vendor:
    """machine, network, pycom or usocket, for import only: every name is there."""

    def __getattr__(self, name):
        return 0


class MeasurementOver(BaseException):
    """The run is over."""


class StatelessBoard:
    """A board that retains nothing itself: a box in B2 that answers immediately, a radio that is always heard."""

    ANSWER = b'>01030A2EB2900003E803E803E8%02X\r\n' % (-(0x01 + 0x03 + 0x0A + 0x2E + 0xB2 + 0x90 + 3 * (0x03 + 0xE8)) % 256)

    def __init__(self):
        self.now = 0
        self.end = 0
        self.heard = b''
        self.event = None
        self.cycle = -1                          # the present one; below 0 nothing is counted
        self.begun = 0                           # what was allocated when it began
        self.clock = PartOfCalls(now_ms=lambda: self.now, sleep_ms=self.sleep, utc_s=lambda: None, set_utc=self.nothing)
        self.bus = PartOfCalls(read=self.read, transmit=self.transmit)
        self.radio = PartOfCalls(join=self.join, send=self.send, poll=self.poll, max_payload=lambda data_rate: 51, data_rate=lambda: None,
                          ask_time=lambda: False, utc_s=lambda: None)
        self.store = PartOfCalls(get=self.nothing, put=self.put)
        self.watchdog = PartOfCalls(feed=self.nothing)
        self.indicator = PartOfCalls(show=self.nothing, activity=self.nothing)
        self.system = PartOfCalls(log=self.say, reset=self.nothing, unique_id=lambda: b'\x02\0\0\0\0\1', reset_cause=lambda: 0,
                                  browned_out=lambda: False)
        self.open_radio = self.nothing

    def nothing(self, *ignored):
        return None

    def put(self, name, value):
        self.did(WROTE)

    def did(self, what):
        if 0 <= self.cycle < CYCLES:
            cycle_did[self.cycle] |= what

    def say(self, text):
        print(text, file=sys.stderr)

    def sleep(self, ms):
        self.now += max(ms, 1)
        if 0 <= self.cycle < CYCLES and self.now >= 60000 + CYCLE_MS * (self.cycle + 1):
            cycle_bytes[self.cycle] = gc.mem_alloc() - self.begun
            self.cycle += 1
            self.begun = gc.mem_alloc()
        if self.now >= self.end:
            raise MeasurementOver

    def read(self):
        heard, self.heard = self.heard, b''
        return heard

    def transmit(self, frame):
        self.now += 7
        if frame.startswith(b':0103002E'):
            self.heard = self.ANSWER

    def join(self, data_rate):
        self.event = (1, 0, None)
        return True

    def send(self, port, payload, confirmed, data_rate):
        self.event = (3, 1, None)
        self.did(SENT)
        return True

    def poll(self):
        event, self.event = self.event, None
        return event


figures = {}
kept = []


def note(what):
    figures[what] = gc.mem_alloc()


def imported(name):
    note('before ' + name)
    __import__(name)


def start():
    note('imported')
    import config
    import main
    loop = main.loop
    main.loop = lambda *arguments: kept.append((loop, arguments))
    bench = StatelessBoard()
    kept.append(bench)
    main.start(bench, config.Settings({'REGION': 'AU915'}))


def run_until(ms):
    kept[0].end = ms
    loop, arguments = kept[1]
    try:
        loop(*arguments)
    except MeasurementOver:
        pass


def started():
    note('built')
    run_until(60000)


def minute():
    note('a minute')
    bench = kept[0]
    bench.cycle = 0
    bench.begun = gc.mem_alloc()
    run_until(3602000)


def most(did):
    return max([cycle_bytes[number] for number in range(CYCLES) if cycle_did[number] == did])


def hour():
    note('an hour')
    run_until(7202000)


def end():
    note('two hours')
    cycles = sorted(cycle_bytes)
    figures['cycle'] = cycles[CYCLES // 2]
    figures['cycle with an uplink'] = most(SENT)
    figures['cycle with an uplink and its record'] = most(SENT | WROTE)
    figures['worst cycle'] = cycles[-1]
    print(json.dumps(figures))


for name in ('machine', 'network', 'pycom', 'usocket', 'utime', 'uio'):
    if name not in sys.modules:
        sys.modules[name] = Vendor()
LATER = [lambda name=name: imported(name) for name in sys.argv[1:]] + [start, started, minute, hour, end]
