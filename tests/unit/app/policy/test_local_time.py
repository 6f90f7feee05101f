"""src/app/policy/local_time.py against Python's zoneinfo, and against the rule itself where zoneinfo has no such zone."""
import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import time_zones
from tests.support.time_zones import DAY_S, FROM_S, UNTIL_S, UTC, seconds

from app.codec import posix_tz
from app.policy.local_time import LocalTime

H = 3600
SYDNEY, BERLIN, LORD_HOWE = "AEST-10AEDT,M10.1.0,M4.1.0/3", "CET-1CEST,M3.5.0,M10.5.0/3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"


def local(posix):
    return LocalTime(posix_tz.parse(posix)[0])


def day_of(*date):
    return seconds(*date) // DAY_S


def switches(clock, from_s, until_s, step_s=DAY_S):
    """[(instant, offset before, offset from then on)], by nothing but offset_s."""
    found = []
    for begin in range(from_s, until_s, step_s):
        before_s, after_s = clock.offset_s(begin), clock.offset_s(begin + step_s)
        if before_s != after_s:
            low, high = begin, begin + step_s
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if clock.offset_s(middle) == before_s else (low, middle)
            found.append((high, before_s, after_s))
    return found


@pytest.mark.parametrize("key", time_zones.different())
def test_a_zone_has_the_offsets_of_zoneinfo_around_each_switch(key):
    clock, theirs = local(time_zones.posix_of(key)), time_zones.zone_of(key)
    since = time_zones.follows_since(key)
    step_s = 30 * DAY_S if since == FROM_S else 5 * DAY_S
    ours = switches(clock, since, UNTIL_S - step_s, step_s)
    instants = [at + aside for at, _, _ in ours for aside in (-H, -1, 0, 1, H)] + list(range(since, UNTIL_S, step_s))
    assert [clock.offset_s(at) for at in instants] == [time_zones.offset_s(theirs, at) for at in instants]


@pytest.mark.parametrize("posix, year, expected", [
    (SYDNEY, 2026, [(seconds(2026, 4, 4, 16), 11 * H, 10 * H), (seconds(2026, 10, 3, 16), 10 * H, 11 * H)]),
    (LORD_HOWE, 2026, [(seconds(2026, 4, 4, 15), 11 * H, 37800), (seconds(2026, 10, 3, 15, 30), 37800, 11 * H)]),
    (BERLIN, 2026, [(seconds(2026, 3, 29, 1), H, 2 * H), (seconds(2026, 10, 25, 1), 2 * H, H)]),
    ("IST-1GMT0,M10.5.0,M3.5.0/1", 2026, [(seconds(2026, 3, 29, 1), 0, H), (seconds(2026, 10, 25, 1), H, 0)]),
    ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 2026, [(seconds(2026, 3, 29, 1), -2 * H, -H), (seconds(2026, 10, 25, 1), -H, -2 * H)]),
    # Over 24 h: Thursday after the fourth, 50 h later; the month of the rule is not that of the switch.
    ("EET-2EEST,M3.5.4/72,M10.4.4/50", 2026, [(seconds(2026, 3, 28, 22), 2 * H, 3 * H), (seconds(2026, 10, 23, 23), 3 * H, 2 * H)]),
    ("XXX0YYY,J59,J60", 2028, [(seconds(2028, 2, 28, 2), 0, H), (seconds(2028, 3, 1, 1), H, 0)]),
    ("XXX0YYY,58,59", 2028, [(seconds(2028, 2, 28, 2), 0, H), (seconds(2028, 2, 29, 1), H, 0)]),
    ("XXX0YYY,J60,60", 2000, [(seconds(2000, 3, 1, 2), 0, H)]),
    ("XXX0YYY,M2.5.0,60", 2100, [(seconds(2100, 2, 28, 2), 0, H), (seconds(2100, 3, 2, 1), H, 0)]),
    ("XXX0YYY,J365/167,J200", 2027, [(seconds(2027, 1, 6, 23), 0, H), (seconds(2027, 7, 19, 1), H, 0)]),
    ("XXX0YYY,0/-167:30:15,J200", 2027, [(seconds(2027, 7, 19, 1), H, 0), (seconds(2027, 12, 25, 0, 29, 45), 0, H)]),
    ("XXX0:00:15YYY-0:20:05,J10/0:00:07,J20/0:00:00", 2027,
     [(seconds(2027, 1, 10, 0, 0, 22), -15, 1205), (seconds(2027, 1, 19, 23, 39, 55), 1205, -15)]),
])
def test_a_rule_switches_when_it_says(posix, year, expected):
    assert switches(local(posix), seconds(year, 1, 1), seconds(year + 1, 1, 1)) == expected


@pytest.mark.parametrize("posix, offset_h", [
    ("XXX3EDT4,0/0,J365/23", -4), ("XXX3EDT4,0/0,J365/26", -4), ("EST5EDT,J100,J100/3", -4), ("EST5EDT,J365/25,0/0", -5), ("UTC0", 0),
])
def test_a_clock_may_be_never_changed(posix, offset_h):
    """Summer time that leaves no room for standard time, as RFC 9636 says it, and the other way round."""
    assert switches(local(posix), seconds(2024, 1, 1), seconds(2030, 1, 1), 900) == []
    assert local(posix).offset_s(seconds(2026, 1, 1)) == offset_h * H


def test_a_local_time_counts_by_the_offset_before_a_switch():
    clock = local(SYDNEY)
    gap, fold = day_of(2026, 10, 4), day_of(2026, 4, 5)
    assert [clock.utc_of(gap, s) - gap * DAY_S for s in (2 * H - 1, 2 * H, 3 * H - 1, 3 * H)] == [-8 * H - 1, -8 * H, -7 * H - 1, -8 * H]
    assert [clock.utc_of(fold, s) - fold * DAY_S for s in (2 * H - 1, 2 * H, 3 * H - 1, 3 * H)] == [-9 * H - 1, -9 * H, -8 * H - 1, -7 * H]


ZONES = st.sampled_from(time_zones.different())


@given(ZONES, st.integers(FROM_S // 60 + 2880, UNTIL_S // 60 - 2880), st.booleans())
@settings(max_examples=400)
def test_a_local_time_is_the_instant_that_zoneinfo_takes_with_fold_0(key, minute, near):
    theirs, clock = time_zones.zone_of(key), local(time_zones.posix_of(key))
    if near:
        around = switches(clock, minute * 60, minute * 60 + 300 * DAY_S, 30 * DAY_S)
        minute = around[0][0] // 60 - 200 + minute % 400 if around else minute
    minute = min(max(minute, time_zones.follows_since(key) // 60 + 2880), UNTIL_S // 60 - 2880)
    naive = datetime.datetime.fromtimestamp(minute * 60, UTC).replace(tzinfo=None)
    expected = int(naive.replace(tzinfo=theirs, fold=0).timestamp())
    assert clock.utc_of(minute // 1440, minute % 1440 * 60) == expected
    assert clock.day(expected) == (expected + time_zones.offset_s(theirs, expected)) // DAY_S


def spelt(parts):
    return "%s%d:%02d:%02d" % ("-" if parts[0] else "", parts[1], parts[2], parts[3])


SIXTIETHS = st.integers(0, 59)
OFFSETS = st.tuples(st.booleans(), st.integers(0, 24), SIXTIETHS, SIXTIETHS).map(spelt)
TIMES = st.tuples(st.booleans(), st.integers(0, 167), SIXTIETHS, SIXTIETHS).map(spelt)
DAYS = st.one_of(
    st.builds("M{}.{}.{}".format, st.integers(1, 12), st.integers(1, 5), st.integers(0, 6)),
    st.builds("J{}".format, st.integers(1, 365)), st.builds("{}".format, st.integers(0, 365)))
RULES = st.builds("{}/{}".format, DAYS, TIMES)
POSIX = st.one_of(st.builds("AAA{}".format, OFFSETS), st.builds("AAA{}BBB{},{},{}".format, OFFSETS, OFFSETS, RULES, RULES))


def spelt_out_days(rule, year):
    """The UTC midnight of the day that a rule names, s."""
    text = rule.partition("/")[0]
    if text[0] == "M":
        month, week, weekday = map(int, text[1:].split("."))
        days = [seconds(year, month, 1) + n * DAY_S for n in range(31)]
        days = [day for day in days if datetime.datetime.fromtimestamp(day, UTC).month == month
                and datetime.datetime.fromtimestamp(day, UTC).isoweekday() % 7 == weekday]
        return days[min(week, len(days)) - 1]
    if text[0] == "J":
        day = datetime.date(2023, 1, 1) + datetime.timedelta(int(text[1:]) - 1)
        return seconds(year, day.month, day.day)
    return seconds(year, 1, 1) + int(text) * DAY_S


def spelt_out_seconds(text):
    hours, minutes, rest = map(int, text.lstrip("-").split(":"))
    return (-1 if text[0] == "-" else 1) * (hours * 3600 + minutes * 60 + rest)


def spelt_out(posix, utc_s):
    """The offset by the words of POSIX: the last switch before, over all years around; the later year's word counts."""
    head, start, end = posix.split(",")
    standard, summer = [-spelt_out_seconds(text) for text in head[3:].split("BBB")]
    around = datetime.datetime.fromtimestamp(utc_s, UTC).year
    order = []
    for year in range(around - 3, around + 4):
        pair = [(spelt_out_days(start, year) + spelt_out_seconds(start.partition("/")[2]) - standard, 1, summer),
                (spelt_out_days(end, year) + spelt_out_seconds(end.partition("/")[2]) - summer, 0, standard)]
        order += sorted(pair)
    past = [place for place, switch in enumerate(order) if switch[0] <= utc_s]
    return order[max(past)][2]


@given(POSIX, st.integers(seconds(1990, 1, 1), seconds(2060, 1, 1)))
@settings(max_examples=500)
def test_any_rule_is_what_its_words_say(posix, utc_s):
    clock = local(posix)
    if "BBB" not in posix:
        assert clock.offset_s(utc_s) == -spelt_out_seconds(posix[3:])
        return
    near_s = datetime.datetime.fromtimestamp(utc_s, UTC).replace(month=1, day=1).timestamp()
    for at in (utc_s, int(near_s), int(near_s) + utc_s % (20 * DAY_S) - 10 * DAY_S, utc_s):
        assert clock.offset_s(at) == spelt_out(posix, at), at


@given(POSIX, st.integers(seconds(1990, 1, 1), seconds(2060, 1, 1)), st.integers(0, 400), st.integers(0, 1439))
def test_what_was_asked_before_changes_no_answer(posix, utc_s, days, minute):
    asked, fresh = local(posix), local(posix)
    for at in (utc_s, utc_s + days * DAY_S, utc_s - days * DAY_S):
        asked.offset_s(at)
        asked.utc_of(at // DAY_S, minute * 60)
    assert (asked.offset_s(utc_s), asked.utc_of(utc_s // DAY_S, minute * 60)) == (fresh.offset_s(utc_s), fresh.utc_of(utc_s // DAY_S, minute * 60))


@pytest.mark.parametrize("posix", ["AAA0BBB,J320,J300", "AAA0BBB,J20,J40", "AAA0BBB,365/167,364/167", "AAA0BBB,0/-167,1/-167", SYDNEY])
def test_the_switches_that_are_kept_are_right_as_long_as_they_are_kept(posix):
    """Also where both switches of a year are at its end, or reach into another one."""
    for direction in (1, -1):
        kept = local(posix)
        for at in range(seconds(2026, 7, 1), seconds(2026, 7, 1) + direction * 720 * DAY_S, direction * 16 * H):
            fresh = local(posix)
            assert (kept.offset_s(at), kept.utc_of(at // DAY_S, at % DAY_S)) == (fresh.offset_s(at), fresh.utc_of(at // DAY_S, at % DAY_S)), at


@given(ZONES, st.integers(seconds(2024, 9, 1), UNTIL_S - 400 * DAY_S), st.booleans(), st.integers(0, 1439))
@settings(max_examples=200)
def test_the_next_time_is_the_first_minute_at_which_the_wall_shows_it(key, utc_s, near, minute):
    clock = local(time_zones.posix_of(key))
    around = switches(clock, utc_s, utc_s + 300 * DAY_S, 30 * DAY_S) if near else []
    if around:
        utc_s = around[0][0] - 2 * DAY_S + utc_s % (3 * DAY_S)
    found = clock.next_time(utc_s, minute)
    assert utc_s < found <= utc_s + 2 * DAY_S
    shown = [at for at in range(utc_s // 60 * 60 + 60, found + 1, 60) if (at + clock.offset_s(at)) // 60 % 1440 == minute]
    # A minute that a gap swallows comes by the offset before, as the start of a window would.
    swallowed = clock.offset_s(found) != clock.offset_s(found - 2 * H) and (found + clock.offset_s(found)) // 60 % 1440 != minute
    assert shown == ([] if swallowed else [found])


def test_half_past_two_comes_twice_once_or_by_the_old_clock():
    clock = local(SYDNEY)
    first = seconds(2026, 4, 4, 15, 30)
    assert [clock.next_time(first + s, 150) - first for s in (-1, 0, H - 1, H)] == [0, H, H, 25 * H]
    evening = seconds(2026, 10, 3, 12)
    assert clock.next_time(evening, 150) == seconds(2026, 10, 3, 16, 30)   # the wall shows 03:30


@pytest.mark.parametrize("posix, asked, minute, expected", [
    # Put back from 00:30 to 23:30: at 00:10 yesterday's quarter to midnight is still to come, a second time.
    ("AAA0BBB,M3.2.0,M11.1.0/0:30", seconds(2026, 10, 31, 23, 10), 1425, seconds(2026, 10, 31, 23, 45)),
    ("AAA24BBB-24,J100,J200", seconds(2026, 7, 18, 1), 60, seconds(2026, 7, 19, 1)),
    ("AAA24BBB-24,J100,J200/12", seconds(2026, 7, 18, 11, 50), 730, seconds(2026, 7, 18, 12, 10)),
    # Put on by two days: nothing shows half past one on the days that are missing, and the first of them counts by the old clock.
    ("AAA24BBB-24,J100,J200", seconds(2026, 4, 11, 1), 90, seconds(2026, 4, 11, 1, 30)),
])
def test_the_next_time_may_bear_another_date(posix, asked, minute, expected):
    assert local(posix).next_time(asked, minute) == expected
