"""The owner's commands against the plan, on the whole chain: done, reported in status and read-back, kept over a reboot, ended on time."""

import pytest
from tests.choice import first
from tests.support.watched_world import HOUR_S, MINUTE_S
from tests.support.plan_world import closed, home, read_back, results, written

# The run begins at 21:30; the car is there a minute later, and is held.
PLAN = [{'days': 'daily', 'from': '22:00', 'to': '23:00', 'current_a': 16}]
OPENS_S, CLOSES_S = 30 * MINUTE_S, 90 * MINUTE_S
# When the contactor has rested for five minutes since the start.
SAID_S = 400
ASKED_S = SAID_S + 150
REPORT = (ASKED_S, {'command': 'report', 'id': 99, 'what': 'plan'})
REBOOTS = pytest.mark.parametrize('reboots_s', [(SAID_S + 90,), pytest.param((), marks=pytest.mark.long)], ids=['rebooted', ''])
# The edge of a window is kept within 10 s, a command begins within 10 s, and a car takes 5 s.
EDGE_S = 15


def at(minutes, seconds=0):
    return minutes * MINUTE_S + seconds


def said(**data):
    return SAID_S, dict(data, id=1)


def claim(house, from_s=ASKED_S):
    """The claim that decides, as read back."""
    page = read_back(house, from_s, 'claims')[0]
    return page['holder'], page['until'], page['kwh_left']


def statuses(house, from_s, until_s, *names):
    """The values of these fields in all uplinks of that time."""
    told = [entry['decoded'] for entry in house.of('uplink', from_s, until_s)]
    return {tuple(status[name] for name in names) for status in told if set(names) <= set(status)}


def charged(house, from_s, until_s):
    """True if the car charged all that time, False if not at all, else when."""
    found = closed(house, from_s, until_s)
    if not found:
        return False
    return found == [(from_s, until_s)] or found


# --- boost


@REBOOTS
def test_a_boost_until_a_time_ends_then_and_the_plan_goes_on(reboots_s):
    house = home(said(command='boost', until='21:50'), REPORT, PLAN=PLAN, reboots_s=reboots_s).run(at(35))
    assert claim(house) == ('boost', house.world.start_utc_s + at(20), None)
    # A reboot without time holds the car (UNKNOWN_TIME), and then the contactor rests.
    assert charged(house, at(14) if reboots_s else SAID_S + EDGE_S, at(20)) is True
    assert charged(house, at(20) + EDGE_S, OPENS_S) is False
    assert charged(house, OPENS_S + EDGE_S, at(35)) is True
    assert ('boost', 'charging') in statuses(house, SAID_S, at(20), 'override', 'reason')
    assert ('none', 'outside_plan') in statuses(house, at(20), OPENS_S, 'override', 'reason')
    assert ('boost', 'done', 'none') in results(house)


@REBOOTS
def test_a_boost_for_energy_ends_with_it(reboots_s):
    house = home(said(command='boost', kwh=1.5), REPORT, PLAN=PLAN, reboots_s=reboots_s).run(at(25))
    holder, until, kwh_left = claim(house)
    assert (holder, until) == ('boost', None) and 0.8 < kwh_left < 1.5
    # What was not written when the power went is charged again (docs/charging.md, "Energy"): half a kilowatt-hour at most.
    assert 1.49 < house.world.box.energy_wh / 1000 < (2.05 if reboots_s else 1.53)
    assert not house.world.box.contactor and ('none', 'outside_plan') in statuses(house, SAID_S + MINUTE_S, at(25), 'override', 'reason')


@REBOOTS
@pytest.mark.parametrize('word', ['boost', 'start', 'the original 03'])
def test_a_boost_without_end_ends_with_the_car(word, reboots_s):
    house = home(REPORT, PLAN=PLAN, reboots_s=reboots_s)
    if word in ('boost', 'start'):
        house.do(SAID_S, 'downlink', data={'command': word, 'id': 1})
    else:
        house.do(SAID_S, 'downlink', f_port=1, payload_hex='03')
    house.do(at(18), 'unplug')
    house.do(at(20), 'plug')
    house.run(at(25))
    assert claim(house) == ('boost', None, None)
    assert charged(house, SAID_S + EDGE_S, at(18)) is True and charged(house, at(18) + 1, at(25)) is False
    assert statuses(house, at(20) + 10, at(25), 'override', 'reason') == {('none', 'outside_plan')}


def test_a_boost_that_was_over_while_the_monitor_had_no_power_is_over():
    house = home(said(command='boost', until='21:45'), PLAN=PLAN)
    house.do(at(13), 'monitor_power', on=False)
    house.do(at(17), 'monitor_power', on=True)
    house.expected_resets = ['power']
    house.run(at(20))
    # Until the time is known again nobody knows that, and what is not known to be wanted is not given.
    assert charged(house, at(17) + EDGE_S, at(20)) is False
    assert statuses(house, at(18), at(20), 'override', 'reason') <= {('none', 'outside_plan'), ('none', 'time_unknown')}


def test_the_end_of_an_override_is_told_even_where_the_car_goes_on_charging():
    house = home(said(command='boost', until='22:05'), PLAN=PLAN).run(at(40))
    assert charged(house, SAID_S + EDGE_S, at(40)) is True
    assert statuses(house, at(35) + 30, at(40), 'override', 'reason') == set() != statuses(house, at(35), at(35) + 30, 'override', 'reason')
    assert house.told(at(35), override='none', reason='charging', type='status') < at(35) + 30


# --- skip


@REBOOTS
@pytest.mark.parametrize('t_s, window', first([(SAID_S, 'this'), (at(35), 'this'), (SAID_S, 'next')], 2))
def test_a_skipped_window_stays_closed_to_its_end_whatever_car_is_there(t_s, window, reboots_s):
    plan = PLAN + [{'days': 'daily', 'from': '23:30', 'to': '23:40'}]
    house = home((t_s, {'command': 'skip', 'id': 1, 'window': window}), (t_s + 150, REPORT[1]), PLAN=plan,
                 reboots_s=[t_s + 90 for _ in reboots_s])
    house.do(at(50), 'unplug')
    house.do(at(51), 'plug')
    house.run(at(125))
    assert claim(house, t_s + 150) == (('skip', house.world.start_utc_s + CLOSES_S, None) if t_s > OPENS_S else
                                       ('plan', house.world.start_utc_s + OPENS_S, None))
    assert charged(house, max(t_s, OPENS_S) + EDGE_S, CLOSES_S) is False
    assert ('skip', 'skipped') in statuses(house, at(36), CLOSES_S, 'override', 'reason')
    assert charged(house, at(120) + EDGE_S, at(125)) is True


def test_the_window_after_this_one_is_skipped_and_this_one_goes_on():
    plan = PLAN + [{'days': 'daily', 'from': '23:30', 'to': '23:40'}]
    house = home((at(35), {'command': 'skip', 'id': 1, 'window': 'next'}), PLAN=plan).run(at(135))
    assert charged(house, OPENS_S + EDGE_S, CLOSES_S - EDGE_S) is True and charged(house, CLOSES_S, at(135)) is False


def test_back_to_the_plan_ends_a_skip():
    house = home((at(32), {'command': 'skip', 'id': 1}), (at(40), {'command': 'resume_plan', 'id': 2}), PLAN=PLAN).run(at(50))
    assert charged(house, at(32) + EDGE_S, at(40)) is False and charged(house, at(40) + EDGE_S, at(50)) is True


def standing(house, from_s):
    """[(holder, until)] of every claim that was read back, the one that decides first."""
    return [(page['holder'], page['until']) for page in read_back(house, from_s, 'claims')]


def test_a_skip_is_told_from_the_moment_it_is_accepted_and_the_reason_stays_the_plan_s_until_the_window():
    house = home(said(command='skip'), REPORT, PLAN=PLAN).run(at(35))
    assert house.told(SAID_S, override='skip', type='status') < SAID_S + 30
    assert statuses(house, SAID_S + 30, OPENS_S, 'override', 'reason') <= {('skip', 'outside_plan')}
    assert statuses(house, OPENS_S + 30, at(35), 'override', 'reason') <= {('skip', 'skipped')}
    assert standing(house, ASKED_S) == [('plan', house.world.start_utc_s + OPENS_S), ('skip', house.world.start_utc_s + CLOSES_S)]


def test_a_skip_leaves_a_boost_standing_and_counts_when_it_has_ended():
    house = home(said(command='boost', until='22:10'), (SAID_S + 60, {'command': 'skip', 'id': 2}), REPORT, PLAN=PLAN).run(at(95))
    assert charged(house, SAID_S + EDGE_S, at(40)) is True and charged(house, at(40) + EDGE_S, at(95)) is False
    assert standing(house, ASKED_S) == [('boost', house.world.start_utc_s + at(40)), ('skip', house.world.start_utc_s + CLOSES_S)]
    assert statuses(house, at(41), CLOSES_S, 'override', 'reason') <= {('skip', 'skipped')}


@pytest.mark.parametrize('word', ['stop', 'start', 'boost'])
def test_a_word_about_the_car_leaves_a_skip_standing_for_the_next_car(word):
    house = home(said(command='skip'), (SAID_S + 60, {'command': word, 'id': 2}), PLAN=PLAN)
    house.do(at(33), 'unplug')
    house.do(at(34), 'plug')
    house.run(at(95))
    assert charged(house, at(33) + 1, at(95)) is False


def test_this_window_and_then_the_next_are_both_skipped():
    plan = PLAN + [{'days': 'daily', 'from': '23:30', 'to': '23:40'}, {'days': 'daily', 'from': '23:50', 'to': '23:55'}]
    house = home((at(35), {'command': 'skip', 'id': 1}), (at(40), {'command': 'skip', 'id': 2, 'window': 'next'}), PLAN=plan).run(at(142))
    assert charged(house, at(35) + EDGE_S, at(140)) is False and charged(house, at(140) + EDGE_S, at(142)) is True
    assert statuses(house, CLOSES_S + 30, at(120), 'override', 'reason') <= {('skip', 'outside_plan')}


# --- stop


@REBOOTS
def test_a_skip_leaves_a_stop_standing_until_the_car_is_unplugged(reboots_s):
    plan = PLAN + [{'days': 'daily', 'from': '23:30', 'to': '23:40'}]
    house = home(said(command='stop'), (SAID_S + 60, {'command': 'skip', 'id': 2}), REPORT, PLAN=plan, reboots_s=reboots_s)
    house.do(at(125), 'unplug')
    house.do(at(126), 'plug')
    house.run(at(129))
    assert results(house) == [('stop', 'done', 'none'), ('skip', 'done', 'none'), ('report', 'done', 'none')]
    assert standing(house, ASKED_S) == [('stop', None), ('skip', house.world.start_utc_s + CLOSES_S)]
    assert statuses(house, SAID_S + 30, at(125), 'override', 'reason') <= {('stop', 'stopped')}
    assert charged(house, SAID_S, at(126)) is False and charged(house, at(126) + EDGE_S, at(129)) is True


@REBOOTS
def test_a_stop_holds_the_car_in_the_window_until_it_is_unplugged(reboots_s):
    house = home((at(35), {'command': 'stop', 'id': 1}), (at(38), REPORT[1]), PLAN=PLAN, reboots_s=[at(37) for _ in reboots_s])
    house.do(at(60), 'unplug')
    house.do(at(61), 'plug')
    house.run(at(70))
    assert claim(house, at(38)) == ('stop', None, None)
    assert charged(house, at(35) + EDGE_S, at(60)) is False and charged(house, at(61) + EDGE_S, at(70)) is True
    assert statuses(house, at(36) + EDGE_S, at(60), 'override', 'reason') <= {('stop', 'stopped')}
    assert ('stop', 'stopped') in statuses(house, at(35), at(60), 'override', 'reason')


@pytest.mark.parametrize('word', ['start', 'resume_plan', 'boost'])
def test_what_takes_a_stop_back_waits_until_the_contactor_has_rested(word, evidence):
    house = home((at(35), {'command': 'stop', 'id': 1}), (at(36), {'command': word, 'id': 2}), PLAN=PLAN).run(at(45))
    (_, opened_s), (closed_s, _) = closed(house, OPENS_S)
    evidence('stop, then %s a minute later: the contactor rests' % word, '%.0f s' % (closed_s - opened_s), '300 s or more')
    assert 300 <= closed_s - opened_s < 330
    assert 'min_pause' in {reason for reason, in statuses(house, at(36), closed_s, 'reason')}
    assert results(house) == [('stop', 'done', 'none'), (word, 'done', 'none')]


# --- lock


@REBOOTS
def test_what_was_said_before_a_lock_counts_again_after_it(reboots_s):
    house = home(said(command='boost', until='21:55'), (at(12), {'command': 'lock', 'id': 2}), (at(14), REPORT[1]),
                 (at(20), {'command': 'unlock', 'id': 3}), PLAN=PLAN, reboots_s=[at(13) for _ in reboots_s]).run(at(28))
    assert claim(house, at(14)) == ('lock', None, None)
    assert charged(house, at(12) + EDGE_S, at(20)) is False
    assert charged(house, at(20) + EDGE_S, at(25)) is True and charged(house, at(25) + EDGE_S, at(28)) is False
    assert ('lock', 'locked', 'E0') in statuses(house, at(12), at(20), 'override', 'reason', 'code')


def test_a_lock_outlasts_the_window_and_the_car_and_unlocked_it_follows_the_plan():
    house = home((at(35), {'command': 'lock', 'id': 1}), (at(70), {'command': 'unlock', 'id': 2}), PLAN=PLAN)
    house.do(at(40), 'unplug')
    house.do(at(50), 'plug')
    house.run(at(95))
    assert charged(house, at(35) + EDGE_S, at(70)) is False and charged(house, at(70) + EDGE_S, CLOSES_S - EDGE_S) is True
    assert charged(house, CLOSES_S, at(95)) is False


# --- key


@pytest.mark.parametrize('starts, holder', [(True, 'key'), (False, 'plan')], ids=['a boost', 'permission'])
@REBOOTS
def test_a_turn_of_the_key_is_a_boost_where_the_box_does_not_need_it_to_start(starts, holder, reboots_s):
    # Held in B1 or B2 as the box likes; a box that may start after a power cycle needs no key to charge.
    house = home(REPORT, PLAN=PLAN, key='locked', charger={'start_after_power_cycle': starts}, reboots_s=reboots_s)
    house.do(SAID_S, 'key', position='unlocked')
    house.do(at(20), 'unplug')
    house.do(at(21), 'plug')
    house.run(at(25))
    assert claim(house)[0] == holder
    assert charged(house, SAID_S + EDGE_S, at(20)) is starts
    assert charged(house, at(20) + 1, at(25)) is False
    assert ('boost' if starts else 'none',) in statuses(house, SAID_S, at(20), 'override')


@pytest.mark.parametrize('turn, charges', [('boost', True), ('permission', False), ('ignore', False)])
@pytest.mark.parametrize('starts', [True, False])
def test_the_setting_decides_what_a_turn_is(turn, charges, starts):
    house = home(PLAN=PLAN, key='locked', charger={'start_after_power_cycle': starts}, KEY_TURN=turn)
    house.do(SAID_S, 'key', position='unlocked')
    house.run(at(32))
    assert charged(house, SAID_S + EDGE_S, OPENS_S) is charges
    assert charged(house, OPENS_S + EDGE_S, at(32)) is True


def turns(house, *positions):
    """The input EN1 is opened and closed: (minute, position)."""
    for minute, position in positions:
        house.do(at(minute), 'key', position=position)
    return house


@pytest.mark.parametrize('setting', ['auto', 'boost'])
@pytest.mark.parametrize('en1', first(['relay', 'nothing', None]))
def test_a_relay_on_en1_never_boosts_nor_ends_a_stop(en1, setting):
    house = turns(home(said(command='stop'), PLAN=PLAN, EN1=en1, KEY_TURN=setting), (10, 'locked'), (15, 'unlocked'))
    house.do(at(36), 'unplug')
    house.do(at(37), 'plug')
    turns(house, (93, 'locked'), (98, 'unlocked')).run(at(105))
    assert charged(house, SAID_S, at(37)) is False and charged(house, at(37) + EDGE_S, CLOSES_S - EDGE_S) is True
    assert charged(house, CLOSES_S, at(105)) is False
    assert statuses(house, at(9), at(36), 'override') <= {('stop',)} and statuses(house, at(38), at(105), 'override') == {('none',)}


@REBOOTS
def test_opening_the_key_ends_the_boost_that_the_key_gave(reboots_s):
    house = turns(home(PLAN=PLAN, key='locked', reboots_s=reboots_s), (3, 'unlocked'), (13, 'locked')).run(at(20))
    assert charged(house, at(10), at(13)) is True and charged(house, at(13) + EDGE_S, at(20)) is False
    assert house.told(at(13), type='status', override='none', reason='outside_plan') < at(13) + 30
    assert statuses(house, at(13) + 30, at(20), 'override', 'reason') <= {('none', 'outside_plan')}


def test_a_key_that_was_opened_while_the_monitor_had_no_power_ends_its_boost():
    house = turns(home(PLAN=PLAN, key='locked', reboots_s=[at(8)]), (3, 'unlocked'))
    house.do(at(8, 5), 'key', position='locked')
    house.run(at(30))
    # An input may read as anything for a minute after a start (app.evse.key_switch): until then the boost stands.
    assert charged(house, at(9, 30), OPENS_S) is False
    assert house.told(at(8), type='status', override='none') < at(9, 45)


def test_opening_the_key_leaves_a_boost_by_command():
    house = turns(home((at(5), {'command': 'boost', 'id': 1, 'until': '21:48'}), PLAN=PLAN, key='locked'), (3, 'unlocked'), (13, 'locked'))
    assert charged(house.run(at(20)), at(4), at(18)) is True and charged(house, at(18) + EDGE_S, at(20)) is False


def test_what_en1_is_may_be_told_over_the_air_and_a_boost_of_a_relay_ends_then():
    house = turns(home((at(10), {'settings': {'en1': 'relay'}, 'id': 1}), (at(12), REPORT[1]), PLAN=PLAN, key='locked'), (3, 'unlocked'))
    house.run(at(20))
    assert charged(house, at(4), at(10)) is True and charged(house, at(10) + EDGE_S, at(20)) is False
    told = {}
    for page in read_back(house, at(12), 'settings'):
        told.update(page['settings'])
    assert told['en1'] == 'relay'


# --- currents and limits


def test_a_current_that_was_set_holds_in_every_window_and_over_a_reboot():
    house = home((at(35), {'command': 'set_current', 'id': 1, 'current_a': 10}), PLAN=PLAN, reboots_s=[at(40)]).run(at(80))
    assert results(house) == [('set_current', 'done', 'none')]
    # Held, 16 A as the window says, 10 A, held until the time is known again, and the same once more.
    assert written(house) == ['03E8', '010A', '00A6', '03E8', '00A6'] and charged(house, at(46), at(80)) is True
    for from_s, until_s in ((at(35), at(40)), (at(45), at(80))):
        assert statuses(house, from_s, until_s, 'reason', 'current_limit_a') == {('charging', 10)}


@pytest.mark.parametrize('limit, reboots_s', first([
    ({'kwh': 2}, (at(36),)), ({'duration_min': 20}, (at(42),)), ({'kwh': 2}, ()), ({'duration_min': 20}, ())], 2), ids=str)
def test_a_window_ends_with_its_limit(limit, reboots_s):
    plan = [dict(PLAN[0], **limit), {'days': 'daily', 'from': '23:30', 'to': '23:59'}]
    house = home(PLAN=plan, reboots_s=reboots_s).run(at(125))
    charged_s = sum(end_s - begin_s for begin_s, end_s in closed(house, OPENS_S, CLOSES_S))
    if 'kwh' in limit:
        drawn_kwh = charged_s * 3 * 16 * 230 / 3600 / 1000
        # A power cut costs half a kilowatt-hour of the count.
        assert 1.97 < drawn_kwh < (2.55 if reboots_s else 2.04)
    else:
        assert 19.9 <= charged_s / MINUTE_S < (31 if reboots_s else 20.3)
    assert statuses(house, at(70), CLOSES_S - 10, 'reason') <= {('limit_reached',)}
    assert ('limit_reached',) in statuses(house, OPENS_S, CLOSES_S, 'reason')
    assert charged(house, at(120) + EDGE_S, at(125)) is True


@pytest.mark.parametrize('reboots_s', [(), (at(45),)], ids=['', 'rebooted'])
def test_a_window_that_another_one_interrupts_counts_on(reboots_s):
    # The shorter one offers more, so it governs while it is open.
    plan = [{'days': 'daily', 'from': '22:00', 'to': '23:00', 'current_a': 10, 'duration_min': 20},
            {'days': 'daily', 'from': '22:11', 'to': '22:20', 'current_a': 16, 'duration_min': 30}]
    house = home(PLAN=plan, reboots_s=reboots_s).run(at(95))
    ends_s = closed(house, OPENS_S, CLOSES_S)[-1][1]
    # 11 minutes, then the other, then the 9 that are left; a reboot loses less than a minute of the count here.
    assert at(59) - EDGE_S < ends_s < at(61)


# --- and in the end


@pytest.mark.parametrize('later', first([{'days': 'daily', 'from': '23:50', 'to': '23:59'}, None]), ids=['window', 'night'])
def test_nothing_said_is_left_for_the_next_night(later):
    opens_s = 24 * HOUR_S + OPENS_S if later is None else at(140)
    house = home(said(command='boost', until='21:50'), (at(32), {'command': 'skip', 'id': 2}), (at(100), {'command': 'stop', 'id': 3}),
                 PLAN=PLAN + [later] * bool(later), vehicle={'needs_kwh': 60})
    house.do(at(110), 'unplug')
    house.do(at(120), 'plug')
    house.run(opens_s + 5 * MINUTE_S)
    assert charged(house, opens_s + EDGE_S, opens_s + 5 * MINUTE_S) is True
