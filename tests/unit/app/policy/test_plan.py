"""src/app/policy/plan.py against windows computed with Python's zoneinfo, minute by minute, and against brute force."""
import datetime
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import time_zones
from tests.unit.app.policy.test_local_time import POSIX, ZONES
from tests.support.time_zones import DAY_S, FROM_S, UNTIL_S, UTC, seconds

from app.codec import windows, posix_tz
from app.policy.local_time import LocalTime
from app.policy.plan import Plan

H = 3600
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SYDNEY = "AEST-10AEDT,M10.1.0,M4.1.0/3"
NIGHT = [{"days": "daily", "from": "22:00", "to": "07:00"}]
# Begins and ends where clocks are changed: at midnight, in the small hours, on the day before and after.
AT_SWITCHES = [
    {"days": "daily", "from": "22:45", "to": "00:30"}, {"days": "sat,sun", "from": "01:30", "to": "02:30"},
    {"days": "sun", "from": "02:45", "to": "03:15"}, {"days": "mon-thu", "from": "02:10", "to": "02:00"},
]


def plan_of(worded, posix):
    return Plan(windows.parse(worded)[0], posix_tz.parse(posix)[0])


# --- the reference: dates, times and fold 0 of the standard library


def weekdays(text):
    """Monday 0 to Sunday 6, of "daily", "mon,wed" or "mon-thu"."""
    if text == "daily":
        return set(range(7))
    if "-" in text:
        first, last = map(WEEK.index, text.split("-"))
        return set(range(first, last + 1))
    return set(map(WEEK.index, text.split(",")))


def clock_time(text):
    return datetime.time(*map(int, text.split(":")))


def openings(worded, theirs, first, last):
    """Every (start, end) of the windows from local date to local date, by zoneinfo, as UTC seconds; in order."""
    found = []
    rows = []
    for window in worded:
        rows.append((weekdays(window["days"]), clock_time(window["from"]), clock_time(window["to"])))
    for number in range((last - first).days + 1):
        date = first + datetime.timedelta(number)
        for days, begin, stop in rows:
            if date.weekday() in days:
                end_date = date + datetime.timedelta(stop <= begin)
                start = datetime.datetime.combine(date, begin, theirs).timestamp()
                end = datetime.datetime.combine(end_date, stop, theirs).timestamp()
                if end > start:
                    found.append((int(start), int(end)))
    return sorted(found)


def runs(found):
    """Openings that overlap or touch, as one."""
    merged = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(end, merged[-1][1])
        else:
            merged.append([start, end])
    return [tuple(run) for run in merged]


def expected_runs(worded, key):
    first, last = datetime.date(2020, 1, 1), datetime.date(2041, 1, 1)
    aside = datetime.timedelta(9)
    return runs(openings(worded, time_zones.zone_of(key), first - aside, last + aside))


def minutes_of(key):
    """Each minute within two days of a switch, each quarter of an hour elsewhere, while the zone follows its POSIX string."""
    since = -(-time_zones.follows_since(key) // 900) * 900 + 2 * DAY_S * (time_zones.follows_since(key) > FROM_S)
    at = since
    for switch in [*time_zones.switches(time_zones.zone_of(key), since, UNTIL_S), None]:
        if switch is None:
            yield from range(at, UNTIL_S, 900)
            return
        near = max(at, (switch - 2 * DAY_S) // 900 * 900)
        yield from range(at, near, 900)
        at = min(UNTIL_S, (switch + 2 * DAY_S) // 900 * 900 + 900)
        yield from range(near, at, 60)


def wrong_minutes(worded, key):
    """(minutes compared, wrong ones, edges compared, wrong ones)."""
    state = plan_of(worded, time_zones.posix_of(key)).state
    told = expected_runs(worded, key)
    origin = FROM_S - 20 * DAY_S
    inside = bytearray((UNTIL_S - FROM_S) // 60 + 40 * 1440)
    for start, end in told:
        # A minute belongs to what is true at its beginning.
        low, high = -(-(start - origin) // 60), -(-(end - origin) // 60)
        inside[low:high] = b"\1" * (high - low)
    minutes = list(minutes_of(key))
    wrong = sum([state(at)[0] != inside[(at - origin) // 60] for at in minutes])
    edges = sorted([edge for run in told for edge in run])
    edges = [edge for edge in edges if minutes[0] <= edge < UNTIL_S]
    misses = sum([state(edge - 1)[1] != edge or state(edge - 1)[0] == state(edge)[0] for edge in edges])
    return len(minutes), wrong, len(edges), misses


def wrong_minutes_in(zones):
    total = [0] * 4
    for number, key in enumerate(zones):
        total = [sum(pair) for pair in zip(total, wrong_minutes(AT_SWITCHES if number % 2 else NIGHT, key), strict=True)]
    return total


def test_no_minute_of_21_years_is_wrong_in_two_zones():
    total = wrong_minutes_in(time_zones.EIGHT[:2])
    assert total[0] > 1_500_000 and total[2] > 22_500
    assert total[1] == 0 and total[3] == 0


@pytest.mark.long
def test_no_minute_of_21_years_is_wrong_in_eight_zones(evidence):
    total = wrong_minutes_in(time_zones.EIGHT)
    assert total[0] > 6_000_000 and total[2] > 90_000
    assert total[1] == 0 and total[3] == 0
    evidence("Minutes inside and outside the plan compared with zoneinfo, 2020 to 2040, 8 zones / wrong", "%d / %d" % tuple(total[:2]), 0)
    evidence("Beginnings and ends among them compared to the second / wrong", "%d / %d" % tuple(total[2:]), 0)


def drawn_plan(rng):
    """A random plan in words; a third of its times where clocks are changed."""
    def moment():
        return "%02d:%02d" % (rng.choice((0, 1, 2, 3, 22, 23, *range(24))), rng.choice((0, 15, 30, 45, rng.randrange(60))))
    return [{"days": ",".join(rng.sample(WEEK, rng.randint(1, 7))), "from": moment(), "to": moment()} for _ in range(rng.randint(1, 5))]


@pytest.mark.soak
def test_no_minute_of_21_years_is_wrong_in_any_zone(soak_seed, evidence):
    rng = random.Random(soak_seed)
    zones = time_zones.different()
    changing = [key for key in zones if "," in time_zones.posix_of(key)]
    minutes = 0
    mistakes = []
    for key in zones:
        for worded in (NIGHT, AT_SWITCHES, drawn_plan(rng))[0 if key in changing else 2:]:
            compared, wrong, _, misses = wrong_minutes(worded, key)
            minutes += compared
            if wrong or misses:
                mistakes.append((key, worded, wrong, misses))
    whole = [key for key in changing if time_zones.follows_since(key) == FROM_S]
    assert len(zones) >= 40 and len(whole) > 20
    evidence("Zones compared with zoneinfo minute by minute, one at least for each POSIX string of tzdata", len(zones), "40 or more")
    evidence("Of them with summer time / these by one rule for all of 2020 to 2040", "%d / %d" % (len(changing), len(whole)))
    wrong = sum(wrong for _, _, wrong, _ in mistakes)
    evidence("Minutes compared in these zones, three plans each where there is summer time / wrong", "%d / %d" % (minutes, wrong), 0)
    assert mistakes == []


# --- brute force: every opening of a month, one after the other


MINUTE = st.one_of(st.integers(0, 1439), st.integers(0, 240), st.integers(1320, 1439))
WINDOW = st.tuples(st.integers(1, 127), MINUTE, MINUTE, st.sampled_from((0, 60, 100, 160, 320)), st.sampled_from((0, 5000)), st.sampled_from((0, 90)))
WINDOWS = st.lists(WINDOW, min_size=1, max_size=5).map(tuple)
INSTANT = st.integers(seconds(2025, 1, 1), seconds(2039, 1, 1))


class Brute:
    """All openings of the three weeks around an instant: (start, end, place)."""

    def __init__(self, rows, posix, utc_s):
        self.rows = rows
        self.local = LocalTime(posix_tz.parse(posix)[0])
        self.today = self.local.day(utc_s)
        self.openings = []
        for day in range(self.today - 11, self.today + 12):
            for place, (days, begin, stop, *_) in enumerate(rows):
                if days >> datetime.datetime.fromtimestamp(day * DAY_S, UTC).weekday() & 1:
                    start, end = self.local.utc_of(day, begin * 60), self.local.utc_of(day + (stop <= begin), stop * 60)
                    if end > start:
                        self.openings.append((start, end, place))
        self.openings.sort()

    def at(self, utc_s):
        return [opening for opening in self.openings if opening[0] <= utc_s < opening[1]]

    def state(self, utc_s):
        now = self.at(utc_s)
        if not now:
            return False, min([opening[0] for opening in self.openings if opening[0] > utc_s], default=0), 0
        end = [run[1] for run in runs([opening[:2] for opening in self.openings]) if run[0] <= utc_s < run[1]][0]
        currents = [self.rows[place][windows.CURRENT_DA] for _, _, place in now]
        return True, end, 0 if 0 in currents else max(currents)

    def agrees(self, found, utc_s):
        inside, until, current = self.state(utc_s)
        far = not until or self.local.day(until) > self.today + 7
        assert found in ((inside, until, current), (inside, 0, current)) if far else found == (inside, until, current), (inside, until, current)


def near_switch(posix, utc_s):
    """An instant within a day of the next switch, if there is one in the year; else the same."""
    clock = LocalTime(posix_tz.parse(posix)[0])
    for at in range(utc_s, utc_s + 360 * DAY_S, DAY_S):
        if clock.offset_s(at) != clock.offset_s(at + DAY_S):
            return at + utc_s % DAY_S
    return utc_s


@given(WINDOWS, st.one_of(ZONES.map(time_zones.posix_of), POSIX), INSTANT, st.booleans())
@settings(max_examples=400)
def test_any_plan_in_any_zone_is_as_brute_force_says(rows, posix, utc_s, near):
    if near:
        utc_s = near_switch(posix, utc_s)
    brute, plan = Brute(rows, posix, utc_s), Plan(rows, posix_tz.parse(posix)[0])
    brute.agrees(plan.state(utc_s), utc_s)
    opening = plan.window_at(utc_s)
    if opening is None:
        assert not brute.at(utc_s) and plan.run_at(utc_s) is None
        return
    start, end, place, limit_wh, limit_min = opening
    assert (start, end, place) in brute.at(utc_s) and (limit_wh, limit_min) == rows[place][4:]
    assert plan.state(utc_s)[2] == rows[place][windows.CURRENT_DA]
    run = plan.run_at(utc_s)
    assert run[0] <= utc_s < run[1] and run[1] in (plan.state(utc_s)[1], end)


@given(WINDOWS, ZONES.map(time_zones.posix_of), INSTANT, st.lists(st.integers(-3 * DAY_S, 3 * DAY_S), min_size=1, max_size=12))
def test_what_is_kept_is_what_would_be_found_anew(rows, posix, utc_s, steps):
    plan = Plan(rows, posix_tz.parse(posix)[0])
    for step in steps:
        anew = Plan(rows, posix_tz.parse(posix)[0])
        kept, found = plan.state(utc_s + step), anew.state(utc_s + step)
        # A window just within the week may be reported up to a day late.
        assert kept == found or kept == (found[0], 0, found[2]) and found[1] > utc_s + step + 6 * DAY_S - 2 * H
        assert plan.window_at(utc_s + step) == anew.window_at(utc_s + step)


@given(WINDOWS, ZONES.map(time_zones.posix_of), INSTANT)
def test_until_is_exactly_the_next_change(rows, posix, utc_s):
    plan = Plan(rows, posix_tz.parse(posix)[0])
    inside, until, _ = plan.state(utc_s)
    if until:
        checks = [utc_s, until - 1] + list(range(utc_s, until, 601))
        assert {plan.state(at)[:2] for at in checks} == {(inside, until)}
        assert plan.state(until)[0] is not inside


@given(WINDOWS, ZONES.map(time_zones.posix_of), INSTANT)
def test_the_next_run_is_the_one_after_this(rows, posix, utc_s):
    plan = Plan(rows, posix_tz.parse(posix)[0])
    inside, until, _ = plan.state(utc_s)
    found = plan.next_run(utc_s)
    if not until:
        assert found is None
    elif found:
        start, end = found
        assert start >= until and (start == until) is not inside
        assert not any(plan.state(at)[0] for at in range(until if inside else utc_s, start, 601))
        assert not plan.state(start - 1)[0] and all(plan.state(at)[0] for at in (*range(start, end, 601), end - 1))


# --- examples


def test_without_windows_there_is_no_plan():
    plan = Plan()
    assert not plan and plan.hash == 0 and plan.state(seconds(2026, 5, 1)) == (False, 0, 0)
    assert plan.window_at(seconds(2026, 5, 1)) is plan.run_at(seconds(2026, 5, 1)) is plan.next_run(seconds(2026, 5, 1)) is None
    assert plan_of(NIGHT, SYDNEY) and plan_of(NIGHT, SYDNEY).hash == windows.plan_hash(
        windows.parse(NIGHT)[0], posix_tz.pack(posix_tz.parse(SYDNEY)[0]))


def test_a_night_over_the_switch_is_an_hour_longer_or_shorter():
    """22:00 to 07:00 in Sydney: nine hours, ten where an hour comes twice, eight where one is missing."""
    plan = plan_of(NIGHT, SYDNEY)
    nights = [plan.run_at(seconds(*date, 14)) for date in ((2026, 4, 3), (2026, 4, 4), (2026, 10, 2), (2026, 10, 3))]
    assert [(end - start) // H for start, end in nights] == [9, 10, 9, 8]
    assert plan.state(seconds(2026, 10, 3, 14)) == (True, seconds(2026, 10, 3, 20), 0)


def test_windows_that_touch_are_one_run_and_the_most_generous_governs():
    plan = plan_of([
        {"days": "daily", "from": "22:00", "to": "02:00", "current_a": 10},
        {"days": "daily", "from": "02:00", "to": "06:00", "current_a": 16, "kwh": 20},
        {"days": "daily", "from": "01:00", "to": "05:00", "current_a": 16, "duration_min": 60},
        {"days": "daily", "from": "03:00", "to": "04:00"},
    ], "UTC0")
    end = seconds(2026, 5, 2, 6)
    told = [plan.state(seconds(2026, 5, 1, 22 + hour) if hour < 2 else seconds(2026, 5, 2, hour - 2)) for hour in range(8)]
    assert told == [(True, end, current) for current in (100, 100, 100, 160, 160, 0, 160, 160)]
    assert plan.window_at(seconds(2026, 5, 2, 2)) == (seconds(2026, 5, 2, 1), seconds(2026, 5, 2, 5), 2, 0, 60)
    assert plan.window_at(seconds(2026, 5, 2, 5)) == (seconds(2026, 5, 2, 2), end, 1, 20000, 0)
    assert plan.run_at(seconds(2026, 5, 2, 5)) == (seconds(2026, 5, 2, 2), end)
    assert plan.next_run(seconds(2026, 5, 2, 5)) == (seconds(2026, 5, 2, 22), seconds(2026, 5, 3, 6))


def test_a_window_whose_limit_is_reached_counts_as_closed_until_its_end():
    plan = plan_of([
        {"days": "daily", "from": "22:00", "to": "02:00", "kwh": 5}, {"days": "daily", "from": "01:00", "to": "03:00", "current_a": 6},
    ], "UTC0")
    evening = seconds(2026, 5, 1, 23)
    assert plan.state(evening) == (True, seconds(2026, 5, 2, 3), 0)
    assert not plan.limit_reached(evening)
    plan.used_up(evening)
    assert plan.state(evening) == (False, seconds(2026, 5, 2, 1), 0) and plan.window_at(evening) is None
    told = [plan.limit_reached(seconds(2026, 5, 1, 21) + hour * H) for hour in range(8)]
    assert told == [False, True, True, True, False, False, False, False]
    assert plan.next_run(evening) == (seconds(2026, 5, 2, 1), seconds(2026, 5, 2, 3))
    assert plan.state(seconds(2026, 5, 2, 1)) == (True, seconds(2026, 5, 2, 3), 60)
    assert plan.state(seconds(2026, 5, 2, 22)) == (True, seconds(2026, 5, 3, 3), 0)
    plan.used_up(seconds(2026, 5, 2, 12))
    assert not plan.limit_reached(seconds(2026, 5, 2, 12))
    assert plan.state(seconds(2026, 5, 2, 22)) == (True, seconds(2026, 5, 3, 3), 0)


def test_a_plan_without_a_gap_is_always_open_and_its_windows_can_be_skipped_one_by_one():
    plan = plan_of([{"days": "daily", "from": "06:00", "to": "06:00"}], SYDNEY)
    noon = seconds(2026, 4, 4, 2)
    assert plan.state(noon) == (True, 0, 0) and plan.next_run(noon) is None
    # 25 hours: the clock is put back that night.
    assert plan.run_at(noon) == (seconds(2026, 4, 3, 19), seconds(2026, 4, 4, 20))


@pytest.mark.parametrize("start, end, open_hours", [("02:15", "02:45", 0.5), ("01:30", "02:30", 1), ("02:30", "03:15", 0), ("02:30", "03:45", 0.25)])
def test_a_window_in_the_missing_hour_is_what_its_ends_say(start, end, open_hours):
    plan = plan_of([{"days": "sun", "from": start, "to": end}], SYDNEY)
    begin = seconds(2026, 10, 3, 12)
    until = plan.state(begin)[1]
    assert plan.state(until)[0] if open_hours else until == 0
    assert sum(plan.state(at)[0] for at in range(begin, begin + DAY_S, 60)) == open_hours * 60
    # Where nothing opened, the next one is a week later, and reported when it is within a week.
    assert plan.state(begin + DAY_S)[1] == plan.local.utc_of(plan.local.day(begin) + 8, windows.parse_time(start) * 60)


def test_a_clock_that_is_set_back_finds_the_window_of_then():
    plan = plan_of(NIGHT, "UTC0")
    for hour in (23, 12, 23, 6, 8):
        assert plan.state(seconds(2026, 5, 1, hour))[0] is (hour in (23, 6))


@pytest.mark.bench
def test_an_evaluation_is_fast(evidence):
    """Asked again while nothing changes, and computed again after each change or setting of the clock."""
    hourly = [{"days": "mon-fri", "from": "%02d:00" % hour, "to": "%02d:30" % hour} for hour in range(1, 8)]
    always = [{"days": "daily", "from": "22:00", "to": "07:00"}, {"days": "daily", "from": "07:00", "to": "22:00", "current_a": 10}]
    friday = seconds(2026, 5, 1, 12)
    for name, worded in (("a night", NIGHT), ("seven windows", hourly), ("two round the clock", always)):
        plan = plan_of(worded, SYDNEY)

        def mean_us(instants, state=plan.state):
            # The least of several: what else the machine does can only add to it.
            times = []
            for _ in range(9):
                begun = time.process_time_ns()
                for at in instants:
                    state(at)
                times.append((time.process_time_ns() - begun) / 1000 / len(instants))
            return min(times)

        again, anew = mean_us([friday] * 10000), mean_us(range(friday + 300 * DAY_S, friday, -6 * H))
        evidence("An evaluation of the plan on CPython while nothing changes, %s, us" % name, round(again, 2), 50)
        evidence("The same found anew, mean over 300 days, %s, us" % name, round(anew, 1), 50)
        assert again < 5 and anew < 50
