"""The whole chain knows what time it is: firmware, air, the network's clock server, and back."""

import pytest
from tests.choice import first
from tests.support.watched_world import HOUR_S, MINUTE_S, WatchedWorld

DAY_S = 24 * HOUR_S


def house(**given):
    """Without a panel, for speed."""
    given.setdefault('charger', {'panel_frames': False})
    given.setdefault('network', {'data_rate': 5})
    return WatchedWorld(**given)


def error_s(house):
    """What the monitor takes for the time, less the true one."""
    board = house.world.board
    return house.world.app.timekeeper.utc_s(board.clock.now_ms()) - house.world.utc_s()


def watched(house, *at_s):
    """The error at these times, filled in during the run."""
    errors = []
    for t_s in at_s:
        house.at(t_s, lambda: errors.append(error_s(house)))
    return errors


def most_in_a_day(entries):
    times = [entry['t'] for entry in entries]
    return max([sum(1 for other in times if t <= other <= t + DAY_S) for t in times], default=0)


@pytest.mark.parametrize('klass', ['C', 'A'])
@pytest.mark.parametrize('data_rate', [5, 2, 0])
def test_the_time_is_known_within_a_minute_of_the_first_uplink(klass, data_rate, evidence):
    there = house(config={'LORAWAN_CLASS': klass, 'REGION': 'EU868'}, network={'data_rate': data_rate})
    errors = watched(there, 20 * MINUTE_S)
    there.run(20 * MINUTE_S + 1)
    first_s = there.of('uplink')[0]['t']
    answered_s = there.clock('downlink')[0]['t']
    assert answered_s - first_s < MINUTE_S and errors[0] in (-2, -1, 0, 1)
    assert len(there.clock('uplink')) == 1
    assert there.clock('uplink')[0]['decoded']['state'] == 'Not Connected'
    evidence('class %s, EU868 DR%d: seconds from the first uplink to the time, and its error' % (klass, data_rate),
             '%.1f s, %d s' % (answered_s - first_s, errors[0]), '60 s')


@pytest.mark.long
@pytest.mark.parametrize('klass, days', first([('C', 2), ('A', 2)]))
def test_once_known_it_is_asked_once_a_day_and_the_crystal_is_learned(klass, days, evidence):
    there = house(config={'LORAWAN_CLASS': klass}, clock={'drift_ppm': 50})
    errors = watched(there, *[day * DAY_S for day in range(1, days + 1)])
    drifts = []
    there.at(days * DAY_S + 1000, lambda: drifts.append(there.world.app.timekeeper.drift_ppb))
    there.run(days * DAY_S + HOUR_S)
    assert len(there.clock('uplink')) == len(there.clock('downlink')) == days + 1
    assert most_in_a_day(there.clock('downlink')) <= 2
    # The energy takes the place of the first heartbeat.
    assert there.told(0, time_known=True) < 2 * HOUR_S + MINUTE_S
    assert all(-6 <= error <= 6 for error in errors)
    assert abs(drifts[0] + 50000) < 12000
    evidence('class %s, crystal 50 ppm fast: drift learned in %d days' % (klass, days), '%.1f ppm' % (drifts[0] / 1000))


@pytest.mark.long
def test_a_network_that_never_answers_is_asked_six_times_a_day(evidence):
    there = house()
    there.world.network.clock_sync = False
    there.run(DAY_S + 2 * HOUR_S)
    times = [entry['t'] for entry in there.clock('uplink')]
    assert len([t for t in times if t < HOUR_S]) == 5 and len(times) == 10
    assert most_in_a_day(there.clock('uplink')) == 6
    assert there.told(0, time_known=True) is None
    evidence('clock requests in the worst day to a network that never answers', 6, 6)


@pytest.mark.long
def test_lost_answers_are_asked_for_again(evidence):
    """40 % of the frames are lost both ways."""
    found = []
    for seed in range(1, 4):
        there = house(seed=seed, network={'data_rate': 5, 'uplink_loss': 0.4, 'downlink_loss': 0.4})
        there.run(5 * HOUR_S)
        assert len(there.clock('uplink')) <= 6
        known_s = [entry['t'] for entry in there.clock('downlink') if entry['received']]
        found.append(known_s[0] / 60 if known_s else None)
    assert sum(1 for minutes in found if minutes is not None) >= 2
    evidence('40 % loss both ways: minutes from boot to the time, by seed', ', '.join('-' if m is None else '%.0f' % m for m in found))


def test_with_clock_sync_off_nothing_is_asked_and_the_owners_word_counts():
    there = house(config={'CLOCK_SYNC': False})
    there.do(2 * HOUR_S, 'downlink', data={'time': there.world.start_utc_s + 2 * HOUR_S})
    errors = watched(there, 3 * HOUR_S)
    there.run(4 * HOUR_S)
    assert there.clock('uplink') == []
    assert there.told(0, time_known=False) < HOUR_S and there.told(2 * HOUR_S, time_known=True) < 3 * HOUR_S
    assert abs(errors[0]) <= 2


def test_without_the_state_the_uplink_has_the_word_for_none():
    there = house(config={'CLOCK_STATE': False})
    there.run(10 * MINUTE_S)
    assert int(there.clock('uplink')[0]['hex'][10:12], 16) >> 5 == 0


def test_a_wrong_board_clock_moves_nothing_and_is_set_right_by_the_next_answer():
    there = house()
    there.do(HOUR_S, 'set_monitor_clock', offset_s=3600)
    boards = []
    for t_s in (HOUR_S + 60, 2 * HOUR_S):
        there.at(t_s, lambda: boards.append(there.world.board.clock.utc_s() - there.world.utc_s()))
    errors = watched(there, HOUR_S + 60, 2 * HOUR_S)
    there.at(5400, there.world.network.push, [{'f_port': 202, 'payload': b'\x03\x01'}])
    there.run(2 * HOUR_S + 60)
    assert 3598 <= boards[0] <= 3602 and abs(boards[1]) <= 2
    assert max(abs(error) for error in errors) <= 2


@pytest.mark.long
def test_a_reboot_asks_again_and_many_reboots_do_not_flood(evidence):
    there = house()
    there.world.network.clock_sync = False
    there.expected_resets = None
    for number in range(5):
        there.do(HOUR_S * (number + 1), 'monitor_power', on=False)
        there.do(HOUR_S * (number + 1) + 10, 'monitor_power', on=True)
    there.run(12 * HOUR_S)
    assert len(there.clock('uplink')) <= 6 + 5
    evidence('clock requests of 12 h with five reboots, none answered', len(there.clock('uplink')), 11)


# --- the owner's word

COMMANDS = ({'command': 'boost'}, {'command': 'start'}, {'command': 'unlock'}, {'command': 'set_current', 'current_a': 10}, {'command': 'stop'},
            {'command': 'resume_plan'})


def answers(house, from_s):
    """What the commands were answered from then on."""
    return [entry['decoded']['result'] for entry in house.of('uplink', from_s) if entry['decoded']['type'] == 'result']


@pytest.mark.parametrize('klass', first(['C', 'A']))
@pytest.mark.parametrize('wrong_s', first([-7200, 20 * DAY_S, 7200], 2))
@pytest.mark.parametrize('told_s', first([HOUR_S, 5]))
def test_a_wrong_time_from_the_owner_shuts_him_out_of_no_command_and_the_network_is_asked_at_once(klass, wrong_s, told_s, evidence):
    """Set by the owner before the network's answer, or after."""
    there = house(config={'LORAWAN_CLASS': klass, 'REGION': 'EU868', 'HEARTBEAT_MIN': 5}, charger={'panel_frames': False, 'key': 'unlocked'})
    there.do(30, 'plug')
    there.do(told_s, 'downlink', data={'time': there.world.start_utc_s + told_s + wrong_s})
    for number, command in enumerate(COMMANDS):
        there.do(told_s + 40 + 400 * number, 'downlink', data=dict(command, id=number, expires_in_s=3600))
    errors = watched(there, told_s + 2400)
    there.run(told_s + 6000)
    told = [entry for entry in there.of('downlink', told_s) if entry['hex'].startswith('0F')]
    asked_s = [entry['t'] for entry in there.clock('uplink', told[0]['t'])]
    given = answers(there, told_s)
    assert given == ['done'] * len(COMMANDS), given
    assert abs(errors[0]) <= 2 and len(asked_s) == 1
    evidence('class %s, the owner tells a time %d s wrong after %d s: seconds until the network is asked' % (klass, wrong_s, told_s),
             '%.1f' % (asked_s[0] - told[0]['t']), 60)
    assert asked_s[0] - told[0]['t'] < 60


@pytest.mark.long
def test_wrong_times_from_the_owner_again_and_again_cost_six_requests_a_day_and_no_command(evidence):
    there = house(charger={'panel_frames': False, 'key': 'unlocked'})
    there.do(30, 'plug')
    for number in range(20):
        t_s = HOUR_S * (number + 1) + 100
        there.do(t_s, 'downlink', data={'time': there.world.start_utc_s + t_s + 7200 * (number + 1)})
        there.do(t_s + 5, 'downlink', data={'command': ('stop', 'resume_plan')[number % 2], 'id': number})
    errors = watched(there, *[HOUR_S * (number + 1) + 160 for number in range(20)])
    there.run(21 * HOUR_S)
    # One that meets our own uplink is not heard.
    heard = [entry for entry in there.of('downlink') if entry['received'] and entry['hex'][:2] in ('05', '09')]
    assert answers(there, HOUR_S) == ['done'] * len(heard) and len(heard) > 15
    assert max(abs(error) for error in errors) <= 2
    assert most_in_a_day(there.clock('uplink')) <= 6
    evidence('clock requests in a day of twenty wrong times from the owner', most_in_a_day(there.clock('uplink')), 6)


def test_the_owners_word_serves_the_plan_where_the_network_never_answers():
    """It is 07:00 UTC, and he says so; what comes late is obeyed, as without time."""
    there = house(config={'PLAN': [{'days': 'daily', 'from': '08:00', 'to': '09:00'}]}, charger={'panel_frames': False, 'key': 'unlocked'})
    there.world.network.clock_sync = False
    there.do(30, 'plug')
    there.do(600, 'downlink', data={'time': there.world.start_utc_s + 600})
    there.do(2.5 * HOUR_S, 'downlink', data={'command': 'start', 'id': 1, 'issued_at': there.world.start_utc_s})
    there.run(2.6 * HOUR_S)
    assert there.codes(700, HOUR_S - 60) == {'B2'} and 'C2' in there.codes(HOUR_S + 60, 2 * HOUR_S - 60)
    assert there.told(600, time_known=True, reason='outside_plan') < 700
    assert answers(there, 2.5 * HOUR_S) == ['done']


# --- answers of another boot


def test_an_answer_that_the_network_kept_over_a_reboot_is_not_believed():
    """Class A: two other downlinks were before it in the queue, the gateway was down, and the power went before it came."""
    there = house(config={'LORAWAN_CLASS': 'A', 'REGION': 'EU868'})
    there.expected_resets = None
    for _ in range(2):
        there.do(11.7, 'downlink', f_port=7, payload_hex='00')
    there.do(16.5, 'gateway_down', for_s=60)
    there.do(40, 'monitor_power', on=False)
    there.do(4 * HOUR_S, 'monitor_power', on=True)
    heard = []
    there.during(4 * HOUR_S + 10, 6 * HOUR_S, 10,
                 lambda: heard.append(error_s(there)) if there.world.app and there.world.app.timekeeper.known else None)
    there.run(6 * HOUR_S)
    answers_given = there.clock('downlink', 4 * HOUR_S)
    assert len(answers_given) >= 2 and answers_given[0]['hex'][2:10] != answers_given[1]['hex'][2:10]   # the old one came, and the new one
    assert heard and max(abs(error) for error in heard) <= 2


# --- a board with an operating system


@pytest.mark.parametrize('unknown, at_peak', first([('hold', False), ('charge', True)]))
def test_after_a_blackout_without_network_the_clock_of_the_system_that_nobody_keeps_is_not_believed(unknown, at_peak):
    """It shows the time of the shutdown, 01:30 in the window; it is 07:30, and no LoRaWAN is there either."""
    there = house(start='2026-04-04T00:30:00Z', charger={'panel_frames': False, 'key': 'unlocked'}, vehicle={'needs_kwh': 1000},
                  config={'PLAN': [{'days': 'daily', 'from': '01:00', 'to': '02:00'}], 'UNKNOWN_TIME': unknown})
    there.expected_resets = None
    there.do(60, 'plug')
    there.do(HOUR_S, 'monitor_power', on=False)
    there.do(HOUR_S, 'charger_power', on=False)
    there.do(HOUR_S, 'system_clock', offset_s=-6 * HOUR_S)
    there.do(HOUR_S, 'gateway_down', for_s=24 * HOUR_S)
    for what in ('charger_power', 'monitor_power'):
        there.do(7 * HOUR_S, what, on=True)
    charged = []
    for t_s in (7 * HOUR_S - 1, 12 * HOUR_S):
        there.at(t_s, lambda: charged.append(there.world.summary()['energy_kwh']))
    known = []
    there.at(8 * HOUR_S, lambda: known.append(there.world.app.timekeeper.known))
    there.run(12 * HOUR_S + 1)
    assert charged[0] > 3 and known == [False]
    assert (charged[1] - charged[0] > 1) == at_peak, charged
    if not at_peak:
        assert charged[1] - charged[0] < 0.2
