"""Values drawn from a generator, with the edges of their range more often than the rest."""
from hypothesis import Unwanted

# Where nothing else is said: words of a small board, of a big one, and what is longer than both.
_EDGES = (0, 1, -1, 255, 256, 65535, 65536, 2 ** 30 - 1, 2 ** 30, -2 ** 30 - 1, 2 ** 31 - 1, 2 ** 32, 2 ** 63, -2 ** 63 - 1, 10 ** 30)
_MORE = 8


class Strategy:
    """draw(rng) gives a value."""

    def __init__(self, draw):
        self.draw = draw

    def map(self, change):
        return Strategy(lambda rng: change(self.draw(rng)))

    def filter(self, wanted):
        def draw(rng):
            for _ in range(100):
                value = self.draw(rng)
                if wanted(value):
                    return value
            raise Unwanted
        return Strategy(draw)

    def __or__(self, other):
        return one_of(self, other)


def just(value):
    return Strategy(lambda rng: value)


def none():
    return just(None)


def booleans():
    return Strategy(lambda rng: rng.getrandbits(1) == 1)


def sampled_from(values):
    values = list(values)
    return Strategy(lambda rng: values[rng.randrange(0, len(values))])


def one_of(*strategies):
    return Strategy(lambda rng: strategies[rng.randrange(0, len(strategies))].draw(rng))


def integers(min_value=None, max_value=None):
    if min_value is None and max_value is None:
        return Strategy(lambda rng: rng.choice(_EDGES) if rng.getrandbits(1) else rng.getrandbits(16) - 0x8000)
    if max_value is None:
        max_value = min_value + 2 ** 40
    elif min_value is None:
        min_value = max_value - 2 ** 40
    span = max_value - min_value + 1
    bits = 1
    while span >> bits:
        bits += 1

    def draw(rng):
        kind = rng.randrange(0, 8)
        if kind == 0:
            return min_value
        if kind == 1:
            return max_value
        if kind == 2:
            return min_value + rng.randrange(0, min(span, 16))
        return min_value + rng.getrandbits(bits + 16) % span
    return Strategy(draw)


def floats(**limits):
    return Strategy(lambda rng: (rng.getrandbits(16) - 0x8000) / 8)


def _length(rng, min_size, max_size):
    if max_size is None:
        max_size = min_size + _MORE
    return min_size + rng.getrandbits(16) % (max_size - min_size + 1)


def binary(min_size=0, max_size=None):
    return Strategy(lambda rng: rng.randbytes(_length(rng, min_size, max_size)))


def text(alphabet='aZ09 _-\n\x00', min_size=0, max_size=None):
    def draw(rng):
        return ''.join([alphabet[rng.randrange(0, len(alphabet))] for _ in range(_length(rng, min_size, max_size))])
    return Strategy(draw)


def lists(element, min_size=0, max_size=None, unique=False):
    def draw(rng):
        found = []
        for _ in range(_length(rng, min_size, max_size)):
            value = element.draw(rng)
            if not unique or value not in found:
                found.append(value)
        return found
    return Strategy(draw)


def tuples(*elements):
    return Strategy(lambda rng: tuple([element.draw(rng) for element in elements]))


def dictionaries(keys, values, min_size=0, max_size=None):
    def draw(rng):
        found = {}
        for _ in range(_length(rng, min_size, max_size)):
            # One after the other: which of the two comes first in one expression is not the same everywhere.
            key = keys.draw(rng)
            found[key] = values.draw(rng)
        return found
    return Strategy(draw)


def drawn(strategies, rng):
    """{name: value} of {name: strategy}, in the order of the names: dicts have none on MicroPython."""
    values = {}
    for name in sorted(strategies):
        values[name] = strategies[name].draw(rng)
    return values


def builds(make, *parts, **named):
    return Strategy(lambda rng: make(*[part.draw(rng) for part in parts], **drawn(named, rng)))


def recursive(leaf, extend, max_leaves=None):
    return one_of(leaf, extend(leaf), extend(one_of(leaf, extend(leaf))))


class Data:
    """Draws during a test."""

    def __init__(self, rng):
        self._rng = rng

    def draw(self, strategy, label=None):
        return strategy.draw(self._rng)


def data():
    return Strategy(Data)
