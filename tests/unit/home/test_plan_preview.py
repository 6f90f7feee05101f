"""home/plan_preview.py: the coming openings of a plan are those of the firmware, to the second, also in nights in which the clock is changed."""
import datetime
import random

import pytest

from home import plan_preview, time_zones
from home.plan_preview import Wrong
from sim.oracle.tariff import Tariff

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
ZONES = (BERLIN, "AEST-10AEDT,M10.1.0,M4.1.0/3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "UTC0", "EST5EDT,M3.2.0,M11.1.0")
NIGHT = [{"days": "mon-fri", "from": "22:00", "to": "07:00", "current_a": 16}]


def at(*when):
    return int(datetime.datetime(*when, tzinfo=datetime.timezone.utc).timestamp())


@pytest.mark.parametrize("zone, begin, expected", [
    # The last Sunday of March and of October: nights of 7 h and 9 h between 22:00 and 06:00.
    (BERLIN, at(2026, 3, 28, 12), [(at(2026, 3, 28, 21), at(2026, 3, 29, 4))]),
    (BERLIN, at(2026, 10, 24, 12), [(at(2026, 10, 24, 20), at(2026, 10, 25, 5))]),
    ("UTC0", at(2026, 10, 24, 12), [(at(2026, 10, 24, 22), at(2026, 10, 25, 6))]),
])
def test_a_night_over_a_switch_is_an_hour_longer_or_shorter(zone, begin, expected):
    found = plan_preview.openings([{"days": "sat", "from": "22:00", "to": "06:00"}], zone, begin, begin + 36 * 3600)
    assert [one[:2] for one in found] == expected


def test_what_is_open_already_begins_with_the_span_and_limits_come_with_it():
    begin = at(2026, 11, 2, 23)     # Monday, midnight in Berlin
    found = plan_preview.openings([*NIGHT, {"days": "sat", "from": "01:00", "to": "05:00", "kwh": 10.5, "duration_min": 120}], BERLIN, begin,
                                  begin + 5 * 86400)
    assert found[0] == (begin, at(2026, 11, 3, 6), 0, 16, None, None)
    # In Friday's night the row without a current is the more generous.
    friday = [one for one in found if one.begin_s >= at(2026, 11, 6, 12)]
    assert [(one.place, one.kwh, one.duration_min) for one in friday] == [(0, None, None), (1, 10.5, 120), (0, None, None)]
    assert [one.begin_s for one in friday[1:]] == [one.end_s for one in friday[:-1]]


def test_random_plans_open_as_an_oracle_that_shares_no_code_has_them():
    draw = random.Random(17)
    for _ in range(60):
        plan = [{"days": draw.choice(("daily", "mon-fri", "sat,sun", "fri-mon")), "from": f"{draw.randrange(24):02}:{draw.randrange(60):02}",
                 "to": f"{draw.randrange(24):02}:{draw.randrange(60):02}"} for _ in range(draw.randrange(4))]
        zone, begin = draw.choice(ZONES), at(2026, draw.choice((3, 4, 10, 11)), draw.randrange(1, 29), draw.randrange(24)) + draw.randrange(3600)
        end = begin + 3 * 86400
        runs = []
        for one in plan_preview.openings(plan, zone, begin, end):
            if runs and runs[-1][1] == one.begin_s:
                runs[-1] = runs[-1][0], one.end_s
            else:
                runs.append((one.begin_s, one.end_s))
        assert runs == [(max(low, begin), min(high, end)) for low, high in Tariff(plan, zone).openings(begin, end)], (plan, zone, begin)


def test_the_hash_is_that_of_the_payload_s_example():
    plan = [{"days": "mon-fri", "from": "22:00", "to": "07:00", "current_a": 16},
            {"days": "sat-sun", "from": "00:00", "to": "00:00", "kwh": 10.5, "duration_min": 120}]
    assert plan_preview.hash_of(plan, "UTC0") == 156 and plan_preview.hash_of([], "UTC0") == 0


@pytest.mark.parametrize("windows, field, row", [
    ([{"days": "mon", "from": "22:00", "to": "x"}], "to", 0),
    ([*NIGHT, {"days": "", "from": "1:00", "to": "2:00"}], "days", 1), ("mon", "windows", None),
    (NIGHT * 6, "windows", None), ([*NIGHT, 7], "windows", None), ([{**NIGHT[0], "current_a": 5}], "current_a", 0)])
def test_what_is_no_plan_is_named_by_field_and_row(windows, field, row):
    with pytest.raises(Wrong) as problem:
        plan_preview.checked(windows)
    assert problem.value.args[0] == field
    assert row is None or problem.value.args[1] == row


def test_a_zone_that_is_none_is_named():
    with pytest.raises(Wrong, match="timezone"):
        plan_preview.hash_of(NIGHT, "Europe/Berlin")


def test_days_go_to_words_and_back():
    assert plan_preview.days("fri-mon") == {"fri", "sat", "sun", "mon"} and plan_preview.days_text({"sun", "mon"}) == "mon,sun"


def test_changes_of_the_clock_are_found_to_the_second():
    assert plan_preview.switches(BERLIN, at(2026, 10, 24), at(2026, 10, 26)) == [(at(2026, 10, 25, 1), -3600)]
    assert plan_preview.switches(BERLIN, at(2026, 3, 28, 0) + 17, at(2026, 3, 30)) == [(at(2026, 3, 29, 1), 3600)]
    assert plan_preview.switches("UTC0", at(2026, 1, 1), at(2027, 1, 1)) == []


@pytest.mark.parametrize("name, rule", [("Europe/Berlin", BERLIN), ("UTC", "UTC0"), (BERLIN, BERLIN)])
def test_a_zone_of_the_house_has_the_string_that_a_device_would_hold(name, rule):
    assert time_zones.rule(time_zones.zone(name)) == rule
