"""State machines of rules, like hypothesis.stateful; units.py runs them."""


class TestCase:
    """What a machine's test is derived from; the machine itself is what runs."""

    settings = None


class RuleBasedStateMachine:
    TestCase = TestCase

    def __init__(self):
        pass

    def teardown(self):
        pass


class Step:
    """A method of a machine and what was said of it. kind: RULE, FIRST or ALWAYS."""

    def __init__(self, call):
        self.call = call
        self.kind = None
        self.strategies = {}
        self.conditions = []

    def __get__(self, machine, kind):
        """A method of the machine, itself of the class."""
        return self if machine is None else lambda *values: self.call(machine, *values)

    def __call__(self, machine, *values):
        return self.call(machine, *values)

    def may(self, machine):
        return all([condition(machine) for condition in self.conditions])


RULE = 'rule'
FIRST = 'initialize'
ALWAYS = 'invariant'


def _step_of(thing):
    return thing if isinstance(thing, Step) else Step(thing)


def _said(kind, strategies):
    def marked(thing):
        step = _step_of(thing)
        step.kind = kind
        step.strategies = strategies
        return step
    return marked


def rule(**strategies):
    return _said(RULE, strategies)


def initialize(**strategies):
    return _said(FIRST, strategies)


def invariant():
    return _said(ALWAYS, {})


def precondition(condition):
    def marked(thing):
        step = _step_of(thing)
        step.conditions.append(condition)
        return step
    return marked
