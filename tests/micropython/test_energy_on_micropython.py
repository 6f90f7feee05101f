"""Energy and charging sessions on a real MicroPython: the same figures as on CPython, and no allocation by a reading."""

from tests.micropython.test_on_micropython import allocated_bytes, run, run_here


def test_a_night_counts_the_same_and_a_reading_allocates_nothing(evidence):
    expected = run_here("energy.py")
    assert len(expected) > 50 and any(line.startswith("13 13") for line in expected)
    *lines, cost = run("energy.py").splitlines()
    assert lines == expected
    evidence("On MicroPython, bytes allocated by counting the energy of 1000 readings", allocated_bytes(cost), 0)
    assert allocated_bytes(cost) == 0
