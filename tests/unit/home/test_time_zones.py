"""home/time_zones.py: names and POSIX strings give the same local time, and what is neither is named."""
import datetime

import pytest
from home import time_zones

UTC = datetime.timezone.utc


@pytest.mark.parametrize("name, rules", [
    ("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"), ("Australia/Sydney", "AEST-10AEDT,M10.1.0,M4.1.0/3"),
    ("America/New_York", "EST5EDT,M3.2.0,M11.1.0"), ("Asia/Kolkata", "IST-5:30"), ("Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"),
])
def test_a_string_of_rules_is_the_zone_of_that_name_today(name, rules):
    named, ruled = time_zones.zone(name), time_zones.zone(rules)
    for hour in range(0, 2 * 8766, 5):
        moment = datetime.datetime(2026, 1, 1, tzinfo=UTC) + datetime.timedelta(hours=hour)
        assert moment.astimezone(named).replace(tzinfo=None) == moment.astimezone(ruled).replace(tzinfo=None)


@pytest.mark.parametrize("text", ["", "Europe/Berln", "../../etc/passwd", "X", "UTC0,", "AEST-10AEDT,M13.1.0,M4.1.0", 5, None, "a\nb", "CET-1\0"])
def test_what_is_no_time_zone_is_named(text):
    with pytest.raises(ValueError, match="time zone"):
        time_zones.zone(text)


def test_this_computer_has_one():
    assert datetime.datetime(2026, 1, 1, tzinfo=time_zones.of_this_computer()).utcoffset() is not None


def test_a_moment_has_its_offset_and_a_day_its_begin():
    berlin = time_zones.zone("Europe/Berlin")
    assert time_zones.iso(1_790_805_600, berlin) == "2026-10-01T00:00:00+02:00" and time_zones.iso(None, berlin) is None
    assert time_zones.begin_of(datetime.date(2026, 10, 1), berlin) == 1_790_805_600
