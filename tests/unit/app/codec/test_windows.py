"""src/app/codec/windows.py: the plan in words, as tuples and as bytes."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.app.codec.test_downlink import WINDOW, random_plan

from app.codec import windows

window_tuples = st.tuples(
    st.integers(1, 127), st.integers(0, 1439), st.integers(0, 1439), st.sampled_from([0] + list(range(60, 805, 5))),
    st.sampled_from([0] + list(range(500, 128000, 500))), st.sampled_from([0] + list(range(10, 1450, 10))))
plans = st.lists(window_tuples, max_size=4).map(tuple)


@given(plans)
def test_a_plan_survives_bytes_and_words(plan):
    assert windows.unpack(windows.pack(plan)) == plan
    assert windows.parse(windows.to_words(plan)) == (plan, None)


@given(st.binary(max_size=28))
def test_bytes_are_a_plan_or_none(packed):
    plan = windows.unpack(packed)
    assert plan is None or windows.pack(plan) == packed


@pytest.mark.parametrize('text, days, canonical', [
    ('mon-fri', 31, 'mon-fri'), ('Sat, Sun', 96, 'sat-sun'), ('daily', 127, 'daily'), ('all', 127, 'daily'), ('mon-sun', 127, 'daily'),
    ('fri-mon', 1 | 16 | 32 | 64, 'mon,fri-sun'), ('mon,wed,sat-sun', 1 | 4 | 96, 'mon,wed,sat-sun'), ('tue', 2, 'tue'), ('tue-tue', 2, 'tue'),
    ('wed-tue', 127, 'daily'), ('sun,mon', 65, 'mon,sun'),
])
def test_days_have_many_words_and_one_of_them_is_given_back(text, days, canonical):
    assert windows.parse_days(text) == days and windows.days_text(days) == canonical


@pytest.mark.parametrize('text', ['', ',', 'mon,', 'mon-', '-mon', 'monday', 'mon-tue-wed', 'mo', 'all-mon', '1-5', 'mon;tue'])
def test_what_is_no_day_is_none(text):
    assert windows.parse_days(text) == 0


@given(st.integers(1, 127))
def test_the_words_of_days_mean_these_days(days):
    assert windows.parse_days(windows.days_text(days)) == days


@pytest.mark.parametrize('text, minutes', [
    ('00:00', 0), ('7:05', 425), ('23:59', 1439), ('24:00', None), ('7', None), ('07:5', None), ('07:60', None), ('-1:00', None), ('', None),
    (730, None),
    ('007:00', None), ('07:00:00', None), (' 7:00', None), (None, None),
])
def test_a_time_is_hours_and_minutes(text, minutes):
    assert windows.parse_time(text) == minutes


@pytest.mark.parametrize('plan, said', [
    (None, 'windows: '), ('mon-fri', 'windows: '), ([3], 'windows[0]: '), ([WINDOW, {}], 'windows[1].days: is missing'),
    ([dict(WINDOW, current_a=True)], 'windows[0].current_a: '), ([dict(WINDOW, current_a=float('nan'))], 'windows[0].current_a: '),
    ([dict(WINDOW, kwh=float('inf'))], 'windows[0].kwh: '), ([dict(WINDOW, kwh='10')], 'windows[0].kwh: '),
    ([dict(WINDOW, kwh=0.3)], 'windows[0].kwh: '),
    ([dict(WINDOW, duration_min=15)], 'windows[0].duration_min: '), ([dict(WINDOW, amps=3)], 'windows[0].amps: is not known here'),
    ([WINDOW] * 8, 'windows: only 7 of them fit'),
])
def test_what_is_no_plan_is_named(plan, said):
    parsed, problem = windows.parse(plan)
    assert parsed is None and problem.startswith(said)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(['days', 'from', 'to', 'kwh', 'current_a', 'x']), inner, max_size=6),
    max_leaves=15)


@given(json_like)
def test_no_setting_is_too_wild_to_be_refused(plan):
    parsed, problem = windows.parse(plan)
    assert (parsed is None) == (problem is not None)


def test_the_hash_is_that_of_the_books():
    original = windows.pack
    windows.pack = bytes
    try:
        assert windows.plan_hash(b'123456789', b'') == 0xF4   # the check value of CRC-8/SMBUS
        assert windows.plan_hash(b'1234', b'56789') == 0xF4
    finally:
        windows.pack = original


def test_the_hash_tells_plans_and_zones_apart_and_0_is_no_plan():
    rng = random.Random(1)
    plans_seen = [windows.parse(plan)[0] for plan in (random_plan(rng) for _ in range(400)) if plan]
    hashes = [windows.plan_hash(plan, b'\0\0\0') for plan in plans_seen]
    assert 0 not in hashes and len(set(hashes)) > 150
    assert windows.plan_hash((), b'\0\0\0') == 0
    changed = sum(windows.plan_hash(plan, b'\0\0\1') != known for plan, known in zip(plans_seen, hashes, strict=True))
    assert changed >= len(hashes) - 5
    zeros = [zone for zone in range(256) if windows.plan_hash(plans_seen[0], bytes([zone])) == 255]
    assert len(zeros) == 2   # the one that sums to 255, and the one that sums to 0
