"""home/web/views/strip.py: places in the strip are those of the hours, and what cannot be known is not drawn."""
import datetime
import zoneinfo

import pytest

from home.language.words import words
from home.web.views import strip as strips
from tests.support.uplinks import HOUR_MS

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOW_MS = 1000 * int(datetime.datetime(2026, 11, 26, 22, tzinfo=BERLIN).timestamp())
NOW_S = NOW_MS // 1000
WIDTH_H = (strips.PAST_S + strips.AHEAD_S) // 3600


def drawn(readings=(), openings=(), foreseen=(), switches=(), now_ms=NOW_MS):
    return strips.strip(now_ms, BERLIN, list(readings), openings, foreseen, switches, 11_000, words("en"))


def bands(its, what):
    return [(pytest.approx(one.x, abs=0.002), pytest.approx(one.width, abs=0.002), one.height) for one in its.bands if one.what == what]


def test_now_windows_and_what_is_foreseen_stand_at_their_hours():
    its = drawn(openings=[(NOW_S, NOW_S + 9 * 3600)], foreseen=[(NOW_S + 3600, NOW_S + 7200)])
    assert its.now_x == 25.0 and bands(its, "window") == [(25.0, 18.75, 1.0)] and bands(its, "foreseen") == [(27.083, 2.083, 1.0)]


def test_what_was_ends_with_the_next_reading_with_now_or_when_a_device_falls_silent():
    hour = 100 / WIDTH_H
    readings = [(NOW_MS - 5 * HOUR_MS, 5500, True), (NOW_MS - 4 * HOUR_MS, 0, False), (NOW_MS - HOUR_MS, None, True)]
    found = bands(drawn(readings), "flow")
    assert found == [(round(7 * hour, 3), round(hour, 3), 0.5), (round(11 * hour, 3), round(hour, 3), 1.0)]
    (silent,) = bands(drawn([(NOW_MS - 10 * HOUR_MS, 11_000, True)]), "flow")
    assert silent[1] == 100 * strips.HOLDS_MS / 3_600_000 / WIDTH_H


def test_what_lies_outside_is_cut_off_and_hours_are_those_of_the_wall():
    its = drawn(openings=[(NOW_S - 90 * 3600, NOW_S + 90 * 3600)])
    assert bands(its, "window") == [(0.0, 100.0, 1.0)] and len(its.ticks) == WIDTH_H
    assert [one.label for one in its.ticks if one.label] == ["12:00", "18:00", "00:00", "06:00", "12:00", "18:00", "00:00", "06:00"]
    assert [one.day for one in its.ticks if one.day] == ["Fri 27", "Sat 28"]


def test_a_night_in_which_the_clock_is_changed_says_so_and_has_its_25_hours():
    now_ms = 1000 * int(datetime.datetime(2026, 10, 24, 22, tzinfo=BERLIN).timestamp())
    switches = strips.switches("CET-1CEST,M3.5.0,M10.5.0/3", now_ms // 1000)
    its = drawn(switches=switches, now_ms=now_ms)
    assert its.switch == (35.417, "The clock is put back: after it, it is 02:00.") and len(its.ticks) == WIDTH_H
    assert strips.switches("nonsense", NOW_S) == strips.switches(None, NOW_S) == []


def test_spans_are_joined_and_cut():
    class At:
        def __init__(self, begin_s, end_s):
            self.begin_s, self.end_s = begin_s, end_s

    assert strips.of_runs([At(1, 2), At(2, 4), At(5, 6)]) == [(1, 4), (5, 6)]
    assert strips.without([(0, 10), (20, 30)], 5, 25) == [(0, 5), (25, 30)] and strips.without([(0, 3)], 5, 6) == [(0, 3)]
