"""Nights with a target, on the whole chain: cheap quarter hours, the late start, its end; with other commands, without a meter, without the time."""

import pytest
from tests.choice import first
from tests.support.plan_world import closed, home, read_back, results, written
from tests.support.watched_world import HOUR_S, MINUTE_S

# The run begins at 21:30 and the target ends at 23:30; the car is there a minute later.
END_S = 2 * HOUR_S
SAID_S = 400
EDGE_S = 15
PLAN = [{'days': 'daily', 'from': '22:00', 'to': '02:00'}]


def at(minutes, seconds=0):
    return minutes * MINUTE_S + seconds


def aim(t_s=SAID_S, number=1, **target):
    """A target by downlink: 23:30 and no cheap quarter hour, unless said otherwise."""
    return t_s, {'target': dict({'until': '23:30', 'quarters': []}, **target), 'id': number}


def quarter(number):
    """(from, until) of a quarter hour, in seconds of the run."""
    return END_S - 15 * MINUTE_S * number, END_S - 15 * MINUTE_S * (number - 1)


def kwh(house, from_s=0.0, until_s=float('inf')):
    """Energy at 11.04 kW."""
    return sum(end_s - begin_s for begin_s, end_s in closed(house, from_s, until_s)) * 11.04 / 3600


def events(house):
    return [entry['decoded'] for entry in house.of('uplink') if entry['decoded'].get('event') == 'target_missed']


def statuses(house, from_s, until_s):
    """(override, reason) of all statuses of that time."""
    told = [entry['decoded'] for entry in house.of('uplink', from_s, until_s)]
    return {(status['override'], status['reason']) for status in told if status['type'] == 'status'}


def answer(house, number=1):
    found = [entry['decoded'] for entry in house.of('uplink') if entry['decoded'].get('command_id') == number]
    assert len(found) == 1
    return found[0]


def runs(house, *expected, slack_s=EDGE_S):
    """The contactor was closed in these spans, late by an edge at most, and in no other."""
    found = closed(house)
    assert len(found) == len(expected), found
    for (begin_s, end_s), (from_s, until_s) in zip(found, expected):
        assert from_s <= begin_s <= from_s + slack_s and until_s - slack_s <= end_s <= until_s, (found, expected)


# --- cheap quarters and the late start


def test_a_car_charges_in_the_cheap_quarters_and_is_held_before_between_and_after():
    house = home(aim(quarters=[3, 4, 6]), (SAID_S + 200, {'command': 'report', 'id': 99, 'what': 'plan'})).run(at(150))
    runs(house, (60, SAID_S + EDGE_S), quarter(6), (quarter(4)[0], quarter(3)[1]))
    assert ('target', 'waits_for_price') in statuses(house, SAID_S, quarter(6)[0])
    assert ('target', 'charging') in statuses(house, *quarter(6))
    assert {code for _, code in statuses(house, END_S + 60, at(150))} <= {'limit_reached'}
    start_s = house.world.start_utc_s
    assert read_back(house, SAID_S, 'target') == [
        dict(read_back(house, SAID_S, 'target')[0], until=start_s + END_S, kwh=None, current_limit_a=None),
        dict(read_back(house, SAID_S, 'target')[1], quarters=[3, 4, 6])]
    claim = read_back(house, SAID_S, 'claims')[0]
    assert (claim['holder'], claim['until'], claim['kwh_left']) == ('target', start_s + END_S, None)
    assert events(house) == [] and answer(house)['kwh_possible'] is None


def test_what_the_cheap_quarters_do_not_give_comes_as_late_as_it_can():
    house = home(aim(quarters=[7], kwh=8)).run(at(125))
    first, late = closed(house)[-2:]
    assert quarter(7)[0] <= first[0] <= quarter(7)[0] + EDGE_S
    left_s = (8 - 15 * 11.04 / 60) * 3600 / 11.04
    assert abs(END_S - 600 - left_s - late[0]) < 60 and late[1] < END_S - 300
    assert abs(kwh(house, SAID_S) - 8) < 0.1 and answer(house)['kwh_possible'] == 8 and events(house) == []


def test_a_late_start_with_a_guessed_power_is_given_back_once_and_the_target_is_met():
    # The car comes late for one phase (8 kWh are 130 minutes at 3.7 kW), early for its three.
    house = home(aim(kwh=8), plug_s=at(20), CURRENT_LIMIT_A=16).run(at(125))
    tried, late = closed(house)
    assert tried[0] < at(21) and 60 <= tried[1] - tried[0] < 75
    assert abs(kwh(house) - 8) < 0.1 and late[1] < END_S
    assert events(house) == []


@pytest.mark.parametrize('model', first(['sleepy', 'long_pulse', 'shy']))
def test_a_car_that_fell_asleep_is_woken_in_the_margin(model):
    house = home(aim(quarters=[], kwh=4), vehicle={'model': model}).run(at(125))
    assert kwh(house, SAID_S + EDGE_S) > 3.9 and events(house) == []


def test_a_car_that_comes_too_late_is_told_with_what_will_be_missing():
    house = home(aim(kwh=20), plug_s=at(100), CURRENT_LIMIT_A=16).run(at(125))
    told = events(house)
    assert len(told) == 1 and told[0]['reason'] == 'no_vehicle' and at(10) < told[0]['event_at'] - house.world.start_utc_s < at(30)
    assert answer(house)['kwh_possible'] < 8
    assert closed(house)[0][0] < at(101)


def test_what_an_end_without_power_has_missed_is_told_when_the_power_is_back():
    house = home(aim(kwh=8))
    house.expected_resets = ['power']
    for what in ('charger_power', 'monitor_power'):
        house.do(at(80), what, on=False)
        house.do(at(130), what, on=True)
    house.run(at(140))
    told = events(house)
    # What was not on record when the power went counts as missing.
    assert len(told) == 1 and -0.01 < told[0]['kwh'] - (8 - kwh(house, SAID_S + EDGE_S, END_S)) < 0.61


def test_a_car_with_less_power_than_before_is_told_while_it_charges():
    house = home(aim(kwh=12), vehicle={'phases': 1}).run(at(125))
    told = events(house)
    assert len(told) == 1 and told[0]['reason'] == 'charging' and abs(told[0]['kwh'] - 12 + 3.68 * (END_S - SAID_S - 60) / 3600) < 0.3


def test_a_car_that_stops_by_itself_is_finished_and_misses_nothing():
    house = home(aim(kwh=8, quarters=[6]), vehicle={'needs_kwh': 1.5}).run(at(125))
    assert events(house) == [] and house.told(0, event='finished')


def test_a_car_that_comes_after_a_full_one_may_miss_what_that_one_did_not_want():
    house = home(aim(kwh=8, quarters=[8]), vehicle={'needs_kwh': 1.5})
    house.do(at(40), 'unplug')
    house.do(at(50), 'plug')
    house.do(at(50, 5), 'fault', code='F9')
    house.run(at(125))
    assert house.told(0, event='finished') and [event['reason'] for event in events(house)] == ['fault']


def test_without_an_energy_a_car_that_still_draws_at_the_end_is_told():
    house = home(aim(quarters=[1])).run(at(125))
    told = events(house)
    assert len(told) == 1 and 'kwh' not in told[0] and told[0]['reason'] == 'charging'


# --- the end


def test_reached_without_a_plan_the_car_is_held_until_it_is_unplugged():
    house = home(aim(quarters=[7, 8], kwh=2))
    house.do(at(160), 'unplug')
    house.do(at(165), 'plug')
    house.run(at(170))
    assert [begin_s for begin_s, _ in closed(house) if begin_s > at(30)] == [closed(house)[-1][0]] and closed(house)[-1][0] > at(165)
    assert statuses(house, END_S, at(160)) <= {('target', 'limit_reached'), ('stop', 'limit_reached')}


@pytest.mark.long
def test_reached_in_a_window_of_the_plan_that_run_stays_closed_and_the_next_opens():
    house = home(aim(quarters=[5, 6], kwh=2), (at(60), {'command': 'report', 'id': 8, 'what': 'plan'}), PLAN=PLAN).run(26 * HOUR_S)
    assert kwh(house, 0, 24 * HOUR_S) < 2.5
    assert statuses(house, END_S + 60, 4 * HOUR_S) == {('target', 'limit_reached')}
    assert ('none', 'outside_plan') in statuses(house, 5 * HOUR_S, 24 * HOUR_S)
    assert any(begin_s > 24 * HOUR_S for begin_s, _ in closed(house))


def test_not_reached_the_window_that_is_open_goes_on():
    house = home(aim(quarters=[2], kwh=30), PLAN=PLAN).run(at(180))
    assert closed(house)[-1][1] - END_S > HOUR_S / 2 and len(events(house)) == 1


def test_a_weekly_window_is_silent_while_a_target_stands():
    house = home(aim(quarters=[1]), PLAN=PLAN).run(END_S - 20 * MINUTE_S)
    assert closed(house, SAID_S + EDGE_S) == []


# --- with others


@pytest.mark.parametrize('above, end', first([
    ({'command': 'lock'}, {'command': 'unlock'}), ({'command': 'stop'}, {'command': 'start'}), ({'command': 'boost', 'until': '22:30'}, None)], 2))
def test_what_suspends_a_target_leaves_it_standing(above, end):
    """quarters 7 to 5 are cheap, 21:45 to 22:30."""
    asked = [aim(quarters=[5, 6, 7], kwh=9), (at(25), dict(above, id=2)), (at(26), {'command': 'report', 'id': 9, 'what': 'plan'})]
    house = home(*asked, *([(at(50), dict(end, id=3))] if end else [])).run(at(125))
    assert ('target', 1) == (read_back(house, at(26), 'claims')[1]['holder'], answer(house)['command_id'])
    if above['command'] == 'boost':
        assert abs(kwh(house, SAID_S) - 9) < 0.4
    elif end['command'] == 'start':
        # Said without a plan, it charges until the car is unplugged: it goes before the target.
        assert closed(house)[-1][1] > END_S
    else:
        assert closed(house, at(26), at(50)) == [] and abs(kwh(house, SAID_S + EDGE_S) - 9) < 0.2


@pytest.mark.parametrize('ends, after', [('resume_plan', True), ('skip', False)])
def test_what_ends_a_target_without_a_plan_lets_the_car_go_or_holds_it(ends, after):
    house = home(aim(quarters=[1], kwh=5), (at(20), {'command': ends, 'id': 2})).run(at(100))
    assert (ends, 'done', 'none') in results(house)
    assert bool(closed(house, at(30))) is after
    assert ('target', 'waits_for_price') not in statuses(house, at(22), at(100))


def test_a_skip_with_a_plan_ends_the_target_and_skips_the_window():
    house = home(aim(quarters=[1], kwh=5), (at(40), {'command': 'skip', 'id': 2}), PLAN=PLAN).run(at(100))
    assert closed(house, at(41)) == [] and ('skip', 'skipped') in statuses(house, at(40), at(100))


def test_an_older_target_is_refused_a_newer_one_takes_its_place_and_one_that_is_over_has_expired():
    start_s = 1777671000
    old = {'target': {'until': '23:30', 'quarters': [6]}, 'id': 2, 'issued_at': start_s + SAID_S - 60}
    over = {'target': {'until': '21:31', 'quarters': [6]}, 'id': 3, 'issued_at': start_s - 600}
    house = home(aim(quarters=[1], kwh=5), (at(10), old), (at(15), over), aim(at(20), 4, quarters=[2], kwh=5)).run(at(60))
    assert house.world.start_utc_s == start_s
    assert [row[1:] for row in results(house)] == [('done', 'none'), ('refused', 'superseded'), ('expired', 'none'), ('done', 'none')]


def test_energy_counts_from_acceptance_and_a_newer_target_with_the_same_end_goes_on_counting():
    house = home(aim(quarters=[7], kwh=6), aim(at(40), 2, kwh=5)).run(at(125))
    assert abs(kwh(house, SAID_S + EDGE_S) - 5) < 0.1


def test_unplugging_leaves_it_standing():
    house = home(aim(quarters=[5, 6, 7], kwh=6))
    house.do(at(25), 'unplug')
    house.do(at(35), 'plug')
    house.run(at(125))
    assert abs(kwh(house, SAID_S + EDGE_S) - 6) < 0.1


@pytest.mark.parametrize('reboots_s', first([[at(20), at(95)], [at(20)], [at(95)]]), ids=['both', 'late start', 'quarters'])
def test_a_target_survives_a_power_cut_in_its_late_start_and_in_its_cheap_quarters(reboots_s):
    house = home(aim(quarters=[7], kwh=8), reboots_s=reboots_s).run(at(125))
    # What was not on record is charged again.
    assert 7.9 < kwh(house, SAID_S + EDGE_S) < 8.1 + 0.6 * len(reboots_s) and events(house) == []


@pytest.mark.parametrize('before', [aim(until='22:00', quarters=[1], kwh=1), (SAID_S, {'command': 'boost', 'kwh': 1, 'id': 1})])
def test_what_the_end_of_a_target_or_boost_holds_without_a_plan_charges_for_the_next_target(before):
    house = home(before, aim(at(40), 2, quarters=[3], kwh=2)).run(at(125))
    assert closed(house, at(35), quarter(3)[0]) == [] and abs(kwh(house, at(40)) - 2) < 0.1 and events(house) == []


def test_a_stop_of_the_owner_holds_against_a_new_target():
    house = home((SAID_S, {'command': 'stop', 'id': 1}), aim(at(20), 2, quarters=[3], kwh=2)).run(at(125))
    assert closed(house, at(10)) == [] and answer(house, 2)['result'] == 'done' and len(events(house)) == 1


def test_a_hold_after_a_power_cut_is_over_with_a_cheap_quarter_as_with_a_window():
    house = home(aim(quarters=[3], kwh=2), reboots_s=[at(30)], AFTER_POWER_CUT='hold').run(at(125))
    waits = [entry['decoded'] for entry in house.of('uplink', at(30), quarter(3)[0]) if entry['decoded']['type'] == 'status']
    assert (waits[-1]['override'], waits[-1]['reason']) == ('stop', 'held_after_power_cut')
    assert closed(house, at(30), quarter(3)[0]) == [] and abs(kwh(house, at(30)) - 2) < 0.1 and events(house) == []


@pytest.mark.parametrize('asked, config', [((), {'PLAN': PLAN}), ([aim(at(20), 2, quarters=[6], kwh=2)], {})], ids=['a window', 'a new target'])
def test_a_hold_after_a_power_cut_stands_until_then(asked, config):
    house = home(*asked, reboots_s=[at(10)], AFTER_POWER_CUT='hold', **config).run(at(50))
    assert ('stop', 'held_after_power_cut') in statuses(house, at(10), at(20))
    assert closed(house, at(11), at(30)) == [] and closed(house, at(30), at(45))
    if 'PLAN' not in config:
        assert ('target', 'waits_for_price') in statuses(house, at(20), at(30))


# --- without


def test_without_the_time_a_new_target_is_refused():
    house = home(aim(quarters=[3]), clock=False).run(at(12))
    assert results(house) == [('target', 'refused', 'no_time')]


def test_without_the_time_a_late_start_goes_on_and_a_waiting_target_holds():
    for target, charges in ((aim(kwh=20), True), (aim(quarters=[1], kwh=1), False)):
        house = home(target, reboots_s=(at(20),))
        house.at(at(19), setattr, house.world.network, 'clock_sync', False)
        house.run(at(55))
        assert bool(closed(house, at(22))) is charges
        assert ('target', 'charging' if charges else 'time_unknown') in statuses(house, at(20), at(55))


def test_without_a_meter_energy_is_promised_only_with_a_current_that_the_car_takes():
    bare = home(aim(quarters=[5], kwh=4), charger={'meter': False}).run(at(125))
    assert answer(bare)['kwh_possible'] is None
    assert closed(bare)[-1][1] >= END_S - EDGE_S and events(bare)[0].get('kwh') is None
    told = home(aim(quarters=[5], kwh=4, current_a=10), charger={'meter': False}).run(at(125))
    assert answer(told)['kwh_possible'] == 4 and abs(kwh(told, SAID_S + EDGE_S) * 10 / 16 - 4) < 0.1 and events(told) == []


@pytest.mark.parametrize('what, reason', [
    ({'do': 'downlink', 'data': {'command': 'lock', 'id': 2}}, 'locked'), ({'do': 'fault', 'code': 'F9'}, 'fault'), ({'do': 'unplug'}, 'no_vehicle')])
def test_with_a_meter_and_no_current_set_what_a_locked_a_faulty_or_no_car_misses_is_told(what, reason):
    """The box shows no currents then, as it would without a meter."""
    house = home(aim(quarters=[7], kwh=8))
    what = dict(what)
    house.do(at(65), what.pop('do'), **what)
    house.run(at(125))
    (told,) = events(house)
    assert answer(house)['kwh_possible'] == 8 and told['reason'] == reason and 0.5 < told['kwh'] < 8.1 - kwh(house, SAID_S + EDGE_S)


def test_with_a_meter_and_no_current_set_the_answer_before_a_car_comes_says_what_can_be_met():
    house = home(aim(quarters=[1], kwh=20), plug_s=at(100)).run(at(125))
    # An hour and 53 minutes of one phase at the box's 32 A; it is foretold when three of them fall short.
    assert 13.7 < answer(house)['kwh_possible'] < 14 and [event['reason'] for event in events(house)] == ['no_vehicle']


def test_the_current_of_a_target_is_offered():
    house = home(aim(quarters=[5, 6, 7], kwh=2, current_a=10)).run(at(125))
    assert '00A6' in written(house, SAID_S)


# --- hours to avoid


def test_neither_target_nor_plan_charges_in_hours_to_avoid_but_a_boost_does():
    avoid = [{'days': 'daily', 'from': '22:00', 'to': '23:00'}]
    house = home(aim(quarters=[3, 4, 5, 6, 7], kwh=20), AVOID=avoid).run(at(125))
    assert closed(house, at(30), at(90)) == [] and closed(house, at(91), at(119))
    # At its three phases 23 minutes before the hour and 30 after it.
    assert 9 < answer(house)['kwh_possible'] < 10
    plan = home((at(40), {'command': 'boost', 'until': '22:30', 'id': 1}), PLAN=PLAN, AVOID=avoid).run(at(125))
    assert closed(plan, at(30), at(40)) == [] and closed(plan, at(41), at(59)) and closed(plan, at(61), at(90)) == [] and closed(plan, at(91))


def test_the_late_start_reckons_with_hours_to_avoid():
    house = home(aim(kwh=6), AVOID=[{'days': 'daily', 'from': '22:40', 'to': '23:30'}]).run(at(125))
    assert abs(kwh(house, SAID_S + EDGE_S) - 6) < 0.1 and closed(house, at(70)) == [] and events(house) == []


def test_a_car_that_needs_a_long_pulse_has_one_left_after_hours_to_avoid():
    house = home(aim(kwh=4.5), vehicle={'model': 'long_pulse'}, AVOID=[{'days': 'daily', 'from': '23:00', 'to': '23:10'}]).run(at(125))
    assert abs(kwh(house, SAID_S + EDGE_S) - 4.5) < 0.1 and events(house) == []
