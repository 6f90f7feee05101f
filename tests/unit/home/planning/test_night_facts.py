"""home/planning/night_facts.py: what is left of a target's energy, by what the device told since it took it."""
from types import SimpleNamespace

import pytest
from tests.support.house import BEGIN_MS, house
from tests.support.uplinks import MIN_MS, Device
from home.planning import night_facts
from home.store import span_queries
from home.store.database import reading

TAKEN = SimpleNamespace(fate="done", answered_ms=BEGIN_MS + MIN_MS)


def left(*kwh, asked=9, targets=(TAKEN,), gone=()):
    """Energy left, after readings with that energy of the session: the first before the device took the target, then one each quarter of an hour.
    gone: those without a car."""
    with house() as its:
        device = Device()
        its.hear(*(device.status(BEGIN_MS + 15 * place * MIN_MS, session_kwh=one, connected=place not in gone)
                       for place, one in enumerate(kwh)))
        now_ms = BEGIN_MS + 15 * len(kwh) * MIN_MS
        with reading(its.engine) as connection:
            newest = span_queries.reading_before(connection, 1, now_ms)
            return pytest.approx(night_facts.left_kwh(connection, 1, asked, targets, newest, now_ms), abs=0.011)


@pytest.mark.parametrize("kwh, expected", [
    ((0, 2, 3.5), 5.5),
    # A session of before stands until the next car comes; it is no part of the target, whatever this one reaches.
    ((6, 6, 0, 5.9), 3.1), ((6, 6, 0, 5.9, 6.1), 2.9), ((6, 0, 5.9, 9.5), 0),
    # A car in between, and another one.
    ((1, 4, 0, 2), 4),
    # After a power cut the device knows a little less.
    ((0, 5.9, 5.6, 6.1), 2.6),
    ((2,), 9)])
def test_what_flowed_since_the_device_took_it_is_added_up_over_cars(kwh, expected):
    assert left(*kwh) == expected


@pytest.mark.parametrize("kwh, gone, expected", [
    # What was heard first of the next car is more than half of what the one before took.
    ((6, 6, 4, 5), (0, 1), 4), ((6, 4, 5), (0,), 4),
    # The box only seemed to be without a car: the same session goes on.
    ((0, 5, 5, 5.5), (2,), 3.5)])
def test_a_car_that_has_left_begins_a_session_of_its_own(kwh, gone, expected):
    assert left(*kwh, gone=gone) == expected


def test_what_nobody_took_has_all_of_its_energy_left():
    assert left(0, 5, targets=()) == 9 and left(0, 5, targets=(SimpleNamespace(fate="sent", answered_ms=None),)) == 9
