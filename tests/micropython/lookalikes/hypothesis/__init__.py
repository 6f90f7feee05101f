"""The subset of hypothesis that the unit tests of the pure modules use, for MicroPython: examples from a seed, without shrinking."""
from pytest import case_of


class settings:
    """Of a test, or as a machine's attribute."""

    def __init__(self, max_examples=100, stateful_step_count=50, **others):
        self.max_examples = max_examples
        self.stateful_step_count = stateful_step_count

    def __call__(self, thing):
        case = case_of(thing)
        case.examples = self.max_examples
        return case


def given(*strategies, **named):
    def marked(thing):
        case = case_of(thing)
        case.strategies = (strategies, named)
        return case
    return marked


class Unwanted(Exception):
    """The example is none."""


def assume(condition):
    if not condition:
        raise Unwanted
    return True
