"""Chooses the cases of a parametrized test for `make test`; the rest run in `make evidence` only (marker `long`)."""
import pytest


def first(cases, count=1):
    """The first cases unchanged, the others marked long. A case: a value, or a tuple of them."""
    cases = list(cases)
    return cases[:count] + [pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.long) for case in cases[count:]]
