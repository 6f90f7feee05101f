"""Ten power cuts in a day: neither the longest silence nor the day's airtime is exceeded."""

from random import Random

import pytest
from sim import scenario
from sim.lorawan.time_on_air import REGIONS
from tests.choice import first

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86400
AIRTIME_S = 24
CUTS_A_DAY = 10
# Between two of them the monitor boots, joins and is heard.
APART_S = 15 * MINUTE_S
# All data rates that a site can fix, slowest first; SF12 and SF11 only where the dwell limit lets them be.
RATES = [(region, data_rate) for region in ('EU868', 'AU915', 'US915', 'AS923') for data_rate in sorted(REGIONS[region].uplink)
         if REGIONS[region].uplink[data_rate].bw_khz == 125 and (region != 'AS923' or data_rate > 1)]
IN_TEST = (('EU868', 0), ('EU868', 2), ('EU868', 1), ('AU915', 0), ('AU915', 2))


def cuts(seed, days, off_s):
    """Ten a day at random, each of limited length, none soon after another."""
    draw = Random('cuts %d' % seed)
    events = []
    for day in range(days):
        room_s = (DAY_S - HOUR_S) / CUTS_A_DAY
        for number in range(CUTS_A_DAY):
            at_s = day * DAY_S + HOUR_S + number * room_s + draw.uniform(0, room_s - APART_S)
            events.append({'t': at_s, 'do': 'monitor_power', 'on': False})
            events.append({'t': at_s + draw.uniform(1, min(off_s, room_s - APART_S)), 'do': 'monitor_power', 'on': True})
    events.sort(key=lambda event: event['t'])
    return [event for number, event in enumerate(events) if number == 0 or event['on'] != events[number - 1]['on']]


def commands(seed, days):
    """One every four minutes, whatever it is."""
    draw = Random('commands %d' % seed)
    return [{'t': 600 + draw.uniform(0, 240) + 240 * number, 'do': 'downlink',
             'data': {'command': draw.choice(('stop', 'lock', 'unlock', 'start', 'report', 'boost')), 'id': number % 256}}
            for number in range((days * DAY_S - 900) // 240)]


def longest_gap_s(timeline, events, until_s):
    """From uplink to uplink, joins and boots or not, less the time without power; and its end."""
    marks = sorted([(entry['t'], 0) for entry in timeline if entry['kind'] == 'uplink'] + [(event['t'], 1 if event['on'] else -1) for event in events]
                   + [(until_s, 0)])
    gap_s, last_s, is_on, longest = 0, 0, True, (0, 0)
    for at_s, what in marks:
        gap_s += (at_s - last_s) * is_on
        last_s = at_s
        if what:
            is_on = what > 0
        else:
            longest = max(longest, (gap_s, at_s))
            gap_s = 0
    return longest


def lived(region, data_rate, seed, days, off_s, said=()):
    """(longest gap in min, its limit, airtime in s, the end of the gap in min)."""
    events = cuts(seed, days, off_s)
    output = scenario.run({'duration_s': days * DAY_S, 'seed': seed, 'config': {'REGION': region}, 'network': {'data_rate': data_rate},
                           'charger': {'panel_frames': False}, 'events': [*events, *said]})
    gap_s, at_s = longest_gap_s(output['timeline'], events, days * DAY_S)
    assert output['summary']['resets'] >= days * CUTS_A_DAY - 1
    limit_min = 120 if REGIONS[region].uplink[data_rate].sf > 10 else 90
    return gap_s / MINUTE_S, limit_min, output['summary']['uplink_airtime_s_max_day'], at_s / MINUTE_S


def held(region, data_rate, seed, days, off_s, said, evidence, words):
    gap_min, limit_min, airtime_s, at_min = lived(region, data_rate, seed, days, off_s, said)
    where = '%s SF%d' % (region, REGIONS[region].uplink[data_rate].sf)
    evidence('%s, %s: longest gap between uplinks, min' % (words, where), round(gap_min, 1), limit_min)
    evidence('%s, %s: airtime in any 24 h, s' % (words, where), round(airtime_s, 2), AIRTIME_S)
    assert airtime_s <= AIRTIME_S
    assert gap_min <= limit_min, at_min


@pytest.mark.parametrize('region, data_rate', first(IN_TEST, 1))
@pytest.mark.parametrize('off_s', first((60, 2 * HOUR_S)))
@pytest.mark.parametrize('days', first((1, 2)))
def test_ten_power_cuts_a_day_make_no_gap_longer(region, data_rate, off_s, days, evidence):
    held(region, data_rate, 1, days, off_s, (), evidence, 'day %d, ten power cuts a day of %d s at most' % (days, off_s))


@pytest.mark.long
def test_four_power_cuts_at_sf12_in_eu868_make_no_gap_longer():
    events = [{'t': at_s + 10 * on, 'do': 'monitor_power', 'on': bool(on)} for at_s in (10000, 20000, 40000, 60000) for on in (0, 1)]
    output = scenario.run({'duration_s': 2 * DAY_S, 'config': {'REGION': 'EU868'}, 'network': {'data_rate': 0}, 'charger': {'panel_frames': False},
                           'events': events})
    assert longest_gap_s(output['timeline'], events, 2 * DAY_S)[0] <= 120 * MINUTE_S
    assert output['summary']['uplink_airtime_s_max_day'] <= AIRTIME_S


@pytest.mark.long
def test_five_commands_of_an_ordinary_day_are_done_at_sf12_while_the_car_charges():
    events = [{'t': 60, 'do': 'plug'}]
    for number in range(5):
        said = {'command': 'set_current', 'id': number, 'current_a': 8 + number}
        events.append({'t': DAY_S + 7000 + 16000 * number, 'do': 'downlink', 'data': said})
    output = scenario.run({'duration_s': 2 * DAY_S, 'config': {'REGION': 'EU868'}, 'network': {'data_rate': 0}, 'charger': {'key': 'unlocked'},
                           'vehicle': {'needs_kwh': 1000}, 'events': events})
    answers = [entry['decoded']['result'] for entry in output['timeline'] if entry['kind'] == 'uplink' and entry['f_port'] == 11]
    assert answers == ['done'] * 5
    assert output['summary']['uplink_airtime_s_max_day'] <= AIRTIME_S
    assert longest_gap_s(output['timeline'], (), 2 * DAY_S)[0] <= 120 * MINUTE_S


@pytest.mark.long
def test_a_day_of_commands_whose_record_of_airtime_is_damaged_keeps_the_days_airtime(evidence):
    events = [{'t': 60, 'do': 'plug'}]
    for number in range(170):
        said = {'command': 'set_current', 'id': number, 'current_a': 8 + number % 5}
        events.append({'t': 600 + 600 * number, 'do': 'downlink', 'data': said})
    power = [{'t': 36001, 'do': 'monitor_power', 'on': False}, {'t': 36010, 'do': 'monitor_power', 'on': True}]
    events += [{'t': 36000, 'do': 'flash_damage', 'record': 'airtime'}, *power,
               {'t': 50000, 'do': 'downlink', 'data': {'command': 'stop', 'id': 200}}]
    output = scenario.run({'duration_s': 130000, 'config': {'REGION': 'EU868'}, 'charger': {'key': 'unlocked', 'panel_frames': False},
                           'vehicle': {'needs_kwh': 1000}, 'events': events})
    airtime_s, gap_s = output['summary']['uplink_airtime_s_max_day'], longest_gap_s(output['timeline'], power, 130000)[0]
    evidence('EU868, SF10, commands all day, the record of airtime lost after 10 h: airtime in any 24 h, s', round(airtime_s, 2), AIRTIME_S)
    assert airtime_s <= AIRTIME_S and gap_s <= 90 * MINUTE_S
    told = [entry['t'] for entry in output['timeline'] if entry['kind'] == 'bus_write' and entry['value'] == '03E8']
    assert min(t_s for t_s in told if t_s >= 50000) <= 50005


@pytest.mark.soak
def test_ten_power_cuts_a_day_in_a_storm_at_every_data_rate(soak_seed, evidence):
    for region, data_rate in RATES:
        held(region, data_rate, soak_seed + 2, 2, 60, commands(soak_seed, 2), evidence, 'soak: ten power cuts a day in a storm')
