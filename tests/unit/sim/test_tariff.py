"""The simulator's cheap hours against zoneinfo, on the days of clock changes, and in the summary of a run."""

from datetime import datetime, timedelta

import pytest
from sim import scenario
from sim.oracle.tariff import LocalTime, PeakMeter, Tariff
from tests.support import time_zones

HOUR_S = 3600
DAY_S = 86400
NIGHT = {'days': 'daily', 'from': '22:00', 'to': '07:00'}
SYDNEY = 'AEST-10AEDT,M10.1.0,M4.1.0/3'
ZONES = time_zones.NAMED


def utc(*moment):
    return time_zones.seconds(*moment)


def wall(*moment):
    return datetime(*moment)


# --- local time

@pytest.mark.parametrize('key', ZONES)
def test_local_time_is_that_of_zoneinfo_around_every_switch(key):
    ours, theirs = LocalTime(time_zones.posix_of(key)), time_zones.rule_only(time_zones.posix_of(key))
    moments = [moment + minutes * 60 for moment in time_zones.switches(theirs, utc(2026, 1, 1), utc(2029, 1, 1))
               for minutes in (-1441, -61, -31, -1, 0, 1, 29, 30, 59, 60, 61, 180, 1441)]
    assert len(moments) >= 6 * 13
    for utc_s in moments + list(range(utc(2030, 1, 1), utc(2031, 1, 1), 7 * DAY_S + 1234)):
        local = time_zones.at(theirs, utc_s).replace(tzinfo=None)
        assert ours.local_of(utc_s) == local.replace(fold=0)
        # fold 0 throughout, also for times that do not exist.
        for aside in (0, -45, 45):
            near = local.replace(fold=0) + timedelta(minutes=aside)
            assert ours.utc_of(near) == int(near.replace(tzinfo=theirs).timestamp()), (key, near)


@pytest.mark.parametrize('string, moment, local', [
    ('UTC0', (2026, 1, 1), (2026, 1, 1)),
    ('<+0530>-5:30', (2026, 1, 1), (2026, 1, 1, 5, 30)),
    ('AAA+3', (2026, 1, 1), (2025, 12, 31, 21)),
    ('AAA0BBB,J60/0,J61/0', (2028, 2, 29, 23, 59), (2028, 2, 29, 23, 59)),    # J never counts the leap day: J60 is 1 March
    ('AAA0BBB,J60/0,J61/0', (2028, 3, 1), (2028, 3, 1, 1)),
    ('AAA0BBB,59/0,60/0', (2028, 2, 29), (2028, 2, 29, 1)),                   # n does
    ('EST5EDT', (2026, 7, 1), (2026, 6, 30, 20)),
    ('AAA0BBB-1:30,M3.5.0/-26,M10.5.0/50', (2026, 3, 27, 21, 59), (2026, 3, 27, 21, 59)),   # Saturday 22:00 less a day
    ('AAA0BBB-1:30,M3.5.0/-26,M10.5.0/50', (2026, 3, 27, 22), (2026, 3, 27, 23, 30)),
    ('AAA0BBB-1:30,M3.5.0/-26,M10.5.0/50', (2026, 10, 27, 0, 29), (2026, 10, 27, 1, 59)),
    ('AAA0BBB-1:30,M3.5.0/-26,M10.5.0/50', (2026, 10, 27, 0, 30), (2026, 10, 27, 0, 30)),
])
def test_posix_strings(string, moment, local):
    assert LocalTime(string).local_of(utc(*moment)) == wall(*local)


@pytest.mark.parametrize('string', ['', 'AA1', 'AAA', 'AAA1,M1.1.1', 'AAA1BBB,M1.1.1', '<A>1', 'Europe/Berlin'])
def test_what_is_no_posix_string(string):
    with pytest.raises(ValueError):
        LocalTime(string)


# --- windows

@pytest.mark.parametrize('zone, evening, lasts_h', [
    (SYDNEY, utc(2026, 4, 4, 11), 10),                                  # clocks go back in this night
    (SYDNEY, utc(2026, 10, 3, 12), 8),                                  # and forward
    (SYDNEY, utc(2026, 6, 1, 12), 9),
    ('CET-1CEST,M3.5.0,M10.5.0/3', utc(2026, 10, 24, 20), 10),
    ('<+1030>-10:30<+11>-11,M10.1.0,M4.1.0', utc(2026, 4, 4, 11), 9.5),   # Lord Howe: half an hour
    ('<+1030>-10:30<+11>-11,M10.1.0,M4.1.0', utc(2026, 10, 3, 11, 30), 8.5),
    ('NST3:30NDT,M3.2.0,M11.1.0', utc(2026, 3, 8, 1, 30), 8),
])
def test_a_night_is_as_long_as_the_clock_makes_it(zone, evening, lasts_h):
    start_s, end_s = Tariff([NIGHT], zone).now_or_next(evening)
    assert (start_s, end_s - start_s) == (evening, lasts_h * HOUR_S)


def test_days_name_the_day_of_the_start():
    tariff = Tariff([{'days': 'fri-sat', 'from': '23:00', 'to': '01:00'}], 'UTC0')
    # 2026-05-01 was a Friday.
    nights = [(utc(2026, 5, 1, 23), utc(2026, 5, 2, 1)), (utc(2026, 5, 2, 23), utc(2026, 5, 3, 1))]
    assert tariff.openings(utc(2026, 4, 27), utc(2026, 5, 4)) == nights
    assert tariff.is_cheap(utc(2026, 5, 3, 0, 59)) and not tariff.is_cheap(utc(2026, 5, 3, 1)) and not tariff.is_cheap(utc(2026, 5, 4, 0, 30))


def test_windows_that_touch_are_one_and_one_around_the_clock_has_no_peak():
    tariff = Tariff([{'days': 'daily', 'from': '01:00', 'to': '03:00'}, {'days': 'daily', 'from': '03:00', 'to': '04:00'},
                     {'days': 'daily', 'from': '02:00', 'to': '02:30'}], 'UTC0')
    assert tariff.now_or_next(utc(2026, 5, 1, 2)) == (utc(2026, 5, 1, 1), utc(2026, 5, 1, 4))
    around = Tariff([{'days': 'daily', 'from': '00:00', 'to': '00:00'}], 'UTC0')
    assert around.peak_share(utc(2026, 5, 1), utc(2026, 5, 9)) == 0


def test_a_window_in_a_gap_of_the_clock_does_not_open():
    tariff = Tariff([{'days': 'sun', 'from': '02:00', 'to': '02:45'}], 'CET-1CEST,M3.5.0,M10.5.0/3')
    assert tariff.openings(utc(2026, 3, 28), utc(2026, 3, 30)) == [(utc(2026, 3, 29, 1), utc(2026, 3, 29, 1, 45))]
    assert Tariff([{'days': 'sun', 'from': '02:30', 'to': '03:15'}], 'CET-1CEST,M3.5.0,M10.5.0/3').openings(utc(2026, 3, 28), utc(2026, 3, 30)) == []


@pytest.mark.parametrize('text, days', [('daily', 7), ('mon', 1), ('fri-mon', 4), ('sat, Sun', 2), ('mon-wed,fri', 4)])
def test_days_in_words(text, days):
    assert len(Tariff([dict(NIGHT, days=text)], 'UTC0').openings(utc(2026, 5, 4, 8), utc(2026, 5, 11, 8))) == days


# --- energy

def test_energy_is_split_at_the_edges():
    meter = PeakMeter([NIGHT], 'UTC0', utc(2026, 5, 1, 20))
    meter(0, 4 * HOUR_S * 1_000_000, 400.0)
    assert meter.wh == pytest.approx(200)
    meter.change(windows=[dict(NIGHT, to='06:00')])
    meter(9 * HOUR_S * 1_000_000, 11 * HOUR_S * 1_000_000, 200.0)
    assert meter.wh == pytest.approx(300)
    meter.change(zone='AAA1')
    meter(9 * HOUR_S * 1_000_000, 11 * HOUR_S * 1_000_000, 200.0)
    assert meter.wh == pytest.approx(300)


def peak_and_total(*events, config=None):
    summary = scenario.run({
        'start': '2026-05-01T20:00:00Z', 'duration_s': 3 * HOUR_S, 'config': config or {}, 'charger': {'key': 'unlocked', 'panel_frames': False},
        'network': {'data_rate': 5}, 'events': [{'t': 60, 'do': 'plug'}, *events]})['summary']
    return summary['energy_kwh_at_peak'], summary['energy_kwh']


def test_without_a_plan_there_is_no_peak():
    peak, total = peak_and_total()
    assert peak == 0 and total > 30 - 1


@pytest.mark.long
def test_the_plan_in_force_is_that_of_the_last_downlink_that_came():
    at_peak = {'plan': {'windows': [{'days': 'daily', 'from': '12:00', 'to': '13:00'}]}}
    send = {'t': 300, 'do': 'downlink', 'data': at_peak}
    boost = {'t': 2000, 'do': 'downlink', 'data': {'command': 'start', 'id': 1}}
    lost = [{'t': 200, 'do': 'gateway_down', 'for_s': 4 * HOUR_S}]
    peak, total = peak_and_total(send, boost)
    # The minutes before the plan came were not at peak.
    assert 20 < peak < total - 0.5
    assert peak_and_total(*lost, send, boost)[0] == 0
    # The windows of config.py, moved by two hours: cheap from 20:00 UTC.
    west = {'t': 300, 'do': 'downlink', 'data': {'timezone': 'AAA-2'}}
    assert peak_and_total(west, config={'PLAN': [NIGHT], 'HOLD': 'always'})[0] == 0
