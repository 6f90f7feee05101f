"""The subset of pytest that the unit tests of the pure modules use, for MicroPython; tests/micropython/units.py runs what is marked here."""
import re


class Case:
    """A test function and what was said of it: functions have no attributes on MicroPython."""

    def __init__(self, call):
        self.call = call
        self.tables = []        # of parametrize: (names, rows), the outermost first
        self.strategies = None  # of hypothesis.given: (by position, by name)
        self.examples = None    # of hypothesis.settings


def case_of(thing):
    """The case that a decorator is put on: a function's first one makes it."""
    return thing if isinstance(thing, Case) else Case(thing)


class Parameters:
    """What pytest.param holds."""

    def __init__(self, values):
        self.values = values


def param(*values, id=None, marks=()):
    return Parameters(values)


class Mark:
    def parametrize(self, names, rows, ids=None):
        if isinstance(names, str):
            names = [name.strip() for name in names.split(',')]
        table = []
        for row in rows:
            if isinstance(row, Parameters):
                row = row.values
            elif len(names) == 1:
                row = (row,)
            assert len(row) == len(names), names
            table.append(row)

        def marked(thing):
            case = case_of(thing)
            case.tables.insert(0, (names, table))
            return case
        return marked

    def __getattr__(self, name):
        # Bench or soak: the caller knows from the source which those are.
        return lambda thing: thing


mark = Mark()


def fixture(call=None, **how):
    """units.py finds it by its name."""
    return (lambda call: call) if call is None else call


class raises:
    """value: the exception."""

    def __init__(self, expected, match=None):
        self.expected = expected
        self.match = match
        self.value = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        assert kind is not None, 'nothing was raised'
        if not issubclass(kind, self.expected):
            return False
        self.value = error
        assert self.match is None or re.search(self.match, str(error)), '%r is not in %r' % (self.match, str(error))
        return True


class approx:
    """A number, or a list of them."""

    def __init__(self, expected, rel=1e-6, abs=1e-12):
        self.expected = expected
        self.rel = rel
        self.abs = abs

    def __eq__(self, found):
        if isinstance(self.expected, (list, tuple)):
            return len(found) == len(self.expected) and all([self._near(*pair) for pair in zip(found, self.expected)])
        return self._near(found, self.expected)

    def _near(self, found, expected):
        return -1 <= (found - expected) / max(self.rel * max(expected, -expected), self.abs) <= 1
