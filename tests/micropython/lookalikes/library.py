"""Parts of Python's library that the unit tests use and MicroPython lacks or differs in; install() before the tests are imported."""
import builtins
import sys

from tests.micropython.stand_ins import StandInModule, Random

_zip = zip


def strict_zip(*rows, strict=False):
    rows = [list(row) for row in rows]
    if strict:
        assert len(set([len(row) for row in rows])) <= 1, 'zip of unequal lengths'
    return _zip(*rows)


class Path:
    """A file's path; the reading part of pathlib.Path."""

    def __init__(self, text):
        self._text = str(text)

    def __truediv__(self, name):
        return Path(self._text + '/' + name)

    def __str__(self):
        return self._text

    def resolve(self):
        return self

    @property
    def parent(self):
        return Path(self._text.rsplit('/', 1)[0])

    @property
    def parents(self):
        return [Path(self._text.rsplit('/', count + 1)[0]) for count in range(self._text.count('/'))]

    def read_bytes(self):
        with open(self._text, 'rb') as file:
            return file.read()

    def read_text(self):
        return self.read_bytes().decode()


class SimpleNamespace:
    def __init__(self, **parts):
        for name in parts:
            setattr(self, name, parts[name])


class Dice(Random):
    """The rest of random.Random that the unit tests call."""

    def randrange(self, low, high=None):
        return super().randrange(low, high) if high is not None else super().randrange(0, low)

    def uniform(self, low, high):
        return low + (high - low) * self.random()

    def expovariate(self, rate):
        # Halvings, and evenly in between: near enough, and without a logarithm, whose last digit differs.
        halvings = 0
        while self.getrandbits(1):
            halvings += 1
        return (halvings + self.random()) * 0.6931 / rate

    def choices(self, items, weights):
        at = self.random() * sum(weights)
        for item, weight in zip(items, weights):
            at -= weight
            if at < 0:
                return [item]
        return [items[-1]]

    def sample(self, items, count):
        left = list(items)
        return [left.pop(self.randrange(len(left))) for _ in range(count)]


class Nobody:
    """Stands for what only other tests of a module ask for: the formatter's engine, a whole simulated world, the host's programs."""

    def __init__(self, *ignored):
        pass


def install():
    sys.modules['random'] = StandInModule(Random=Dice)
    sys.modules['tests.support.formatter_engine'] = StandInModule(Engine=Nobody)
    sys.modules['sim.scenario'] = StandInModule()
    sys.modules['sim.world'] = StandInModule(World=Nobody)
    if sys.implementation.name == 'micropython':
        builtins.zip = strict_zip
        sys.modules['pathlib'] = StandInModule(Path=Path)
        sys.modules['types'] = StandInModule(SimpleNamespace=SimpleNamespace)
        sys.modules['subprocess'] = StandInModule()
