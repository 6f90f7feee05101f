"""Runs unit tests on this interpreter, from the same files as pytest, with the lookalikes of pytest and hypothesis beside this file.

Argument: a JSON file, [{module, tests: [{name, needs, machine}], fixtures: {name: needs}}]; needs are names of arguments, which MicroPython
does not know of a function. Prints a line a test: its name, how often it ran, and the state of the generator that examples came from, which is
another one if anything was decided otherwise. Exit code 1 if one fails.
"""
import json
import sys

import library
from tests.micropython import stand_ins

stand_ins.install()
library.install()

import config  # noqa: E402

# A site that has chosen its region, as in tests/conftest.py.
config.REGION = 'AU915'

from hypothesis import Unwanted  # noqa: E402
from hypothesis.stateful import ALWAYS, FIRST, RULE, Step  # noqa: E402
from hypothesis.strategies import drawn  # noqa: E402
from pytest import case_of  # noqa: E402

# Of each property and each machine: enough for a second interpreter, since CPython has hypothesis look for the hard ones.
EXAMPLES = 12
LIVES = 4
STEPS = 30
failed = []


def rows(tables):
    """Every combination of the rows of parametrize, as dicts."""
    found = [{}]
    for names, table in tables:
        found = [dict(left, **dict(zip(names, row))) for left in found for row in table]
    return found


def resolved(module, fixtures, name):
    """The value of a fixture."""
    if name == 'evidence':
        return lambda *ignored: None
    return getattr(module, name)(*[resolved(module, fixtures, need) for need in fixtures[name]])


def run_case(module, fixtures, test, rng):
    case = case_of(getattr(module, test['name']))
    needs = test['needs']
    by_position, by_name = case.strategies or ((), {})
    named = dict(by_name)
    # Strategies without a name belong to the last arguments.
    for name, strategy in zip([name for name in needs if name not in by_name][-len(by_position):] if by_position else (), by_position):
        named[name] = strategy
    times = 1 if case.strategies is None else min(case.examples or EXAMPLES, EXAMPLES)
    count = 0
    for row in rows(case.tables):
        for _ in range(times):
            values = dict(row)
            for name in needs:
                if name not in values and name not in named:
                    values[name] = resolved(module, fixtures, name)
            try:
                values.update(drawn(named, rng))
                case.call(*[values[name] for name in needs])
            except Unwanted:
                continue
            count += 1
    return count


def run_machine(kind, rng):
    steps = [getattr(kind, name) for name in sorted(dir(kind))]
    steps = [step for step in steps if isinstance(step, Step)]
    for _ in range(LIVES):
        machine = kind()
        for step in steps:
            if step.kind == FIRST:
                step.call(machine, **drawn(step.strategies, rng))
        for _ in range(STEPS):
            for step in steps:
                if step.kind == ALWAYS:
                    step.call(machine)
            may = [step for step in steps if step.kind == RULE and step.may(machine)]
            if not may:
                break
            step = may[rng.randrange(0, len(may))]
            step.call(machine, **drawn(step.strategies, rng))
        machine.teardown()
    return LIVES


def run(plan, test):
    name = plan['module'] + '.' + test['name']
    rng = library.Dice(name)
    try:
        __import__(plan['module'])
        module = sys.modules[plan['module']]
        if test['machine']:
            count = run_machine(getattr(module, test['machine']), rng)
        else:
            count = run_case(module, plan['fixtures'], test, rng)
    except Exception as error:
        failed.append(name)
        print(name, 'FAILED')
        if sys.implementation.name == 'micropython':
            sys.print_exception(error, sys.stdout)
        else:
            import traceback
            traceback.print_exception(error, file=sys.stdout)
        return
    print(name, count, rng.getrandbits(32))


def end():
    if failed:
        sys.exit('%d failed' % len(failed))


with open(sys.argv[1]) as file:
    PLANS = json.load(file)
LATER = [lambda plan=plan, test=test: run(plan, test) for plan in PLANS for test in plan['tests']] + [end]
if sys.implementation.name != 'micropython':
    for part in LATER:
        part()
