"""A million random and hostile inputs to the formatter: no exception, no missing field, no slow one."""
import pytest
from tests.support.formatter_node import storm

LIMIT_MS = 5


def check(report):
    assert (report["thrown"], report["holes"], report["first_problem"]) == (0, 0, None)
    assert report["decoded"] + report["encoded"] + report["refused"] == report["calls"]
    assert report["decoded"] > report["calls"] / 10 and report["encoded"] > report["calls"] / 50
    assert report["slowest_ms"] < LIMIT_MS


def test_random_inputs_never_throw_and_are_quick():
    check(storm(200_000, 8))


@pytest.mark.long
def test_a_million_random_inputs_never_throw_and_are_quick(evidence):
    report = storm(1_000_000, 8)
    faults = report["thrown"] + report["holes"]
    evidence("inputs of 1,000,000 at random, many hostile, at which the formatter throws or answers with a hole (Node)", faults, 0)
    kinds = ", ".join(f"{report[kind]:,} {kind}" for kind in ("decoded", "encoded", "refused"))
    evidence(f"its slowest answer to one of them, in ms, timed again where over 1 ({kinds})", round(report["slowest_ms"], 3), LIMIT_MS)
    check(report)


@pytest.mark.soak
def test_other_millions_do_neither(soak_seed):
    check(storm(3_000_000, soak_seed))
