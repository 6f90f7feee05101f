"""The end of a target and its 64 quarter hours, in the nights of every switch of twenty years, against Python's zoneinfo."""

import datetime

import pytest
from tests.support import time_zones
from tests.support.time_zones import DAY_S, EIGHT, EPOCH, UNTIL_S

from app.codec import posix_tz
from app.policy.local_time import LocalTime
from app.policy.target import QUARTER_S, Target


def instant(zone, date, minute):
    """The first instant at which that local minute is shown; a skipped one counts by the offset before."""
    return int((datetime.datetime(date.year, date.month, date.day, minute // 60, minute % 60, tzinfo=zone) - EPOCH).total_seconds())


@pytest.mark.parametrize("key", EIGHT)
def test_in_nights_of_a_switch_the_end_is_the_wall_clocks_and_the_quarters_are_real_time(key, evidence):
    zone = time_zones.zone_of(key)
    local = LocalTime(posix_tz.parse(time_zones.posix_of(key))[0])
    nights = 0
    for switch_s in time_zones.switches(zone, time_zones.follows_since(key), UNTIL_S - 2 * DAY_S):
        for before_days in (0, 1, 2):
            evening = time_zones.at(zone, switch_s - before_days * DAY_S).date() - datetime.timedelta(1)
            issued_at = instant(zone, evening, 20 * 60)
            for minute in (450, 390, 5 * 60):
                until = local.next_time(issued_at, minute)
                assert until == instant(zone, evening + datetime.timedelta(1), minute)
                target = Target()
                target.set(until, 0, 0, b"\x80" + bytes(6) + b"\x05", issued_at, 0)
                for quarter in (1, 2, 3, 63, 64, 65):
                    first_s = until - quarter * QUARTER_S
                    cheap = quarter in (1, 3, 64)
                    assert target.is_cheap(until - first_s) == target.is_cheap(until - first_s - QUARTER_S + 1) == cheap
                nights += 1
    evidence(f"Ends of targets in nights around switches, {key}, exact", nights)
    assert nights > 200
