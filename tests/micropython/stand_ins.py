"""Library functions that the simulated world needs and MicroPython lacks; imported before sim, on CPython too, for equal runs.

Chance is a generator of our own, since MicroPython's has no seeds of texts. Formatter, tariff and the stack's JSON only look on and are left out.
"""
import sys
from binascii import b2a_base64


class Random:
    """The calls of random.Random that the simulated world makes, the same on every interpreter."""

    def __init__(self, seed):
        self._state = 5381
        for char in str(seed):
            self._state = (self._state * 33 + ord(char)) & 0xFFFFFFFF
        self.getrandbits(64)

    def getrandbits(self, count):
        value = 0
        for _ in range(-(-count // 16)):
            # Numerical Recipes' constants; the upper half is the better one.
            self._state = (self._state * 1664525 + 1013904223) & 0xFFFFFFFF
            value = value << 16 | self._state >> 16
        return value & (1 << count) - 1

    def random(self):
        return self.getrandbits(32) / 4294967296

    def randrange(self, low, high):
        return low + self.getrandbits(32) % (high - low)

    def randint(self, low, high):
        return self.randrange(low, high + 1)

    def choice(self, items):
        return items[self.randrange(0, len(items))]

    def gauss(self, mean, deviation):
        return mean + deviation * (sum([self.random() for _ in range(12)]) - 6)

    def randbytes(self, count):
        return bytes([self.getrandbits(8) for _ in range(count)])


class deque(list):
    """The used part of collections.deque; MicroPython's has a fixed length."""

    def __init__(self, items=(), maxlen=None):
        super().__init__(items)
        self.maxlen = maxlen

    def append(self, item):
        super().append(item)
        if self.maxlen is not None and len(self) > self.maxlen:
            self.pop(0)

    def popleft(self):
        return self.pop(0)

    def appendleft(self, item):
        self.insert(0, item)


class Formatter:
    """Decodes nothing; downlinks come as bytes."""

    def decode_uplink(self, f_port, payload):
        return {}

    decode_downlink = decode_uplink


class PeakMeter:
    """Counts nothing."""

    wh = 0

    def __init__(self, plan, zone, start_utc_s):
        pass

    def __call__(self, *ignored):
        pass

    def change(self, plan, zone):
        pass


class Messages:
    """Says nothing."""

    def __init__(self, *ignored):
        pass

    def __getattr__(self, name):
        return lambda *ignored, **also_ignored: {}


class StandInModule:
    """What stands in sys.modules for a module."""

    def __init__(self, **parts):
        for name in parts:
            setattr(self, name, parts[name])


def install():
    """From here on, sim finds these."""
    if sys.implementation.name == 'micropython':
        import collections
        sys.modules['collections'] = StandInModule(deque=deque, namedtuple=collections.namedtuple)
        sys.modules['base64'] = StandInModule(b64encode=lambda data: b2a_base64(data)[:-1])
    sys.modules['random'] = StandInModule(Random=Random)
    sys.modules['ttn.formatter'] = StandInModule(Formatter=Formatter)
    sys.modules['sim.oracle.tariff'] = StandInModule(PeakMeter=PeakMeter)
    sys.modules['sim.lorawan.the_things_stack_messages'] = StandInModule(Messages=Messages)
    sys.modules['sim.lorawan.chirpstack_messages'] = StandInModule(Messages=Messages, EXPIRED='', PAYLOAD_SIZE='')
