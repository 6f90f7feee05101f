"""The reconciler and its start sequence with the simulated wallbox and car: the decision is carried out, and nothing else."""

import random

import pytest
from app.codec import vocabulary
from sim.evse.box_limits import PAUSE

from tests.choice import first
from tests.support.reconciler_bench import CHARGE, HOLD, LEAVE, LOCK, ReconcilerBench

KEY_CLOSED = {'key': 'unlocked'}
SILENT_LIMITS = {'mute': (0x000F,)}
FULL, PAUSED = 0x0215, 0x03E8
LIMIT = 0x000F


def detail(house):
    return vocabulary.DETAILS[house.recon.blocked]


def reason(house):
    return None if house.recon.phase is None else vocabulary.REASONS[house.recon.phase]


def charging(house):
    return house.box.contactor


def held_overnight(want=HOLD, **options):
    """A car that was plugged in in the evening and held until it sleeps."""
    model = options.pop('model', 'eager')
    house = ReconcilerBench(**options)
    house.want = want
    house.with_car = True
    house.run(20)
    house.plug(model=model)
    house.run(660)
    return house


# --- nothing unasked


@pytest.mark.parametrize('options', [{}, SILENT_LIMITS, {'upstream_timeout': True, 'upstream_timeout_s': 1, 'upstream_fed_by': 'writes'}])
def test_where_nothing_is_wanted_nothing_is_written(options):
    house = ReconcilerBench(**KEY_CLOSED, **options)
    house.run(60)
    house.plug()
    house.run(1800)
    house.box.unplug()
    house.run(600)
    house.box.power(False)
    house.run(30)
    house.box.power(True)
    house.run(300)
    assert house.writes() == [] and house.saves == 0


# --- hold


@pytest.mark.parametrize(
    'options', first([SILENT_LIMITS, {'panel': 'master'}, {}, {'panel_frames': False}, {'held_code': 'B1'}, {'key': 'locked'}], 2), ids=str)
def test_a_car_is_held_three_seconds_after_it_came_and_the_limit_is_given_back_when_it_leaves(options, evidence):
    slowest_s = 0
    for seed in range(8):
        house = ReconcilerBench(seed=seed, **dict(KEY_CLOSED, **options))
        house.want, house.with_car = HOLD, True
        house.run(30 + seed * 0.29)
        assert house.writes() == []
        came_s = house.now_s
        house.plug()
        house.run(60)
        held = house.times('bus_write', '03E8')
        slowest_s = max(slowest_s, held[0] - came_s)
        assert len(held) == 1 and house.box.code in ('B1', 'B2') and not charging(house)
        house.run(600)
        house.box.unplug()
        house.run(30)
        assert house.box.limits.icmax == FULL and house.recon.icmax.back == 0
        assert house.writes() == ['03E8', '0215']
    evidence('from plugging in to "no current" written, slowest of 8, box %s' % (options or 'as usual'), '%.1f s' % slowest_s, '3 s')
    assert slowest_s <= 3


@pytest.mark.parametrize('options', [{}, {'icmax_kept': True}, {'start_after_power_cycle': False}, SILENT_LIMITS], ids=str)
@pytest.mark.parametrize('how', ['reset', 'power'])
def test_a_hold_is_applied_again_when_the_box_forgot_it(how, options, evidence):
    house = held_overnight(**dict(KEY_CLOSED, **options))
    if how == 'power':
        house.box.power(False)
        house.run(40)
        house.box.power(True)
    else:
        house.box.reset_soon()
    back_s = house.now_s + 3
    house.run(13)
    assert house.box.limits.paused and not charging(house)
    written = house.times('bus_write', '03E8', back_s)
    if not options.get('icmax_kept') and options is not SILENT_LIMITS:
        took = '%.1f s' % (written[0] - back_s)
        evidence('a hold after %s of the box, from its start to the write, %s' % (how, options or 'as usual'), took, '10 s')
        assert written[0] - back_s < 10
    house.run(600)
    assert not charging(house) and len(written) <= (2 if options is SILENT_LIMITS else 1)


def test_a_pause_that_others_left_is_ours_to_give_back_once_we_held():
    house = ReconcilerBench(**KEY_CLOSED)
    house.box.set_icmax(PAUSE)
    house.plug()
    house.run(60)
    assert house.writes() == []
    house.want = HOLD
    house.run(60)
    assert house.writes() == []
    house.want = LEAVE
    assert house.run(60, until=lambda: charging(house))


def test_a_charge_is_stopped_by_a_hold_and_not_resumed_for_five_minutes():
    house = ReconcilerBench(**KEY_CLOSED)
    house.plug()
    house.run(600)
    assert charging(house)
    house.want = HOLD
    asked_s = house.now_s
    assert house.run(10, until=lambda: not charging(house))
    stopped_s = house.now_s
    assert stopped_s - asked_s < 5
    house.want = CHARGE
    house.run(60)
    assert detail(house) == 'min_pause' and reason(house) is None
    assert house.run(300, until=lambda: charging(house))
    assert 300 <= house.now_s - stopped_s < 310


# --- lock


@pytest.mark.parametrize('options', [{}, SILENT_LIMITS, {'held_code': 'B1'}], ids=str)
def test_a_charging_car_is_paused_then_locked_and_the_limit_is_given_back(options):
    house = ReconcilerBench(**KEY_CLOSED, **options)
    house.plug()
    house.run(600)
    house.want = LOCK
    assert house.run(15, until=lambda: house.box.code == 'E0')
    assert house.run(40, until=lambda: house.recon.icmax.back == 0)
    assert house.writes() == ['03E8', 'E0E0', '0215']
    house.run(60)
    assert house.writes() == ['03E8', 'E0E0', '0215']


def test_a_lock_is_set_again_after_a_reset_and_waits_for_the_end_of_a_fault():
    house = ReconcilerBench(**KEY_CLOSED)
    house.plug(model='full')
    house.want = LOCK
    house.run(60)
    assert house.writes() == ['E0E0']
    house.box.reset_soon()
    house.run(60)
    assert house.writes() == ['E0E0', 'E0E0'] and house.box.code == 'E0' and not house.box.contactor_closings
    house.box.fault('F9')
    house.run(300)
    assert house.writes() == ['E0E0', 'E0E0']
    house.box.clear_fault()
    house.run(60)
    assert house.box.code == 'E0' and house.writes() == ['E0E0'] * 3


def test_a_lock_somebody_keeps_undoing_is_set_again_every_half_minute():
    house = ReconcilerBench()
    house.want = LOCK
    house.run(30)
    for _ in range(100):
        house.box.release()
        house.run(3)
    locked = house.times('bus_write', 'E0E0')
    assert 8 <= len(locked) <= 11 and min(later - first for first, later in zip(locked, locked[1:], strict=False)) >= 29


@pytest.mark.parametrize('want, code', [(LEAVE, 'C2'), (HOLD, 'B2'), (CHARGE, 'C2')])
def test_the_end_of_a_lock_enables_the_outlet_even_after_a_reboot(want, code):
    house = ReconcilerBench(**KEY_CLOSED)
    house.plug()
    house.run(20)
    house.want = LOCK
    house.run(60)
    assert house.box.code == 'E0'
    house.boot()
    house.run(400)   # longer than the contactor rests
    house.want = want
    house.run(20)
    assert house.box.code == code
    # Held before it is enabled: the contactor has not moved.
    assert want != HOLD or house.box.contactor_closings == 1


def test_an_unlock_soon_after_the_lock_enables_at_once_but_charges_only_when_the_contactor_has_rested():
    house = ReconcilerBench(**KEY_CLOSED)
    house.plug()
    house.run(600)
    house.want = LOCK
    house.run(20)
    house.want = LEAVE
    assert house.run(10, until=lambda: house.box.code in ('B1', 'B2'))
    house.run(200)
    assert not charging(house)
    assert house.run(120, until=lambda: charging(house))
    house.run(20)
    assert house.recon.icmax.back == 0 and not house.recon.busy


def test_somebody_elses_lock_is_left_alone_until_the_owner_unlocks():
    house = ReconcilerBench(**KEY_CLOSED)
    house.plug()
    house.box.jump('E0')
    house.run(30)
    house.want = CHARGE
    house.run(600)
    assert house.writes() == [] and detail(house) == 'locked'
    house.recon.unlock()
    assert house.run(20, until=lambda: charging(house))
    assert house.writes() == ['A1A1']


def test_an_outlet_that_a_key_disables_is_not_enabled_against_the_key():
    house = ReconcilerBench(key='unlocked', en_mode=2)
    house.plug()
    house.run(60)
    house.facts.en_mode = 2
    house.want = LOCK
    house.run(30)
    house.box.key(False)
    house.want = LEAVE
    house.run(600)
    assert 'A1A1' not in house.writes() and house.box.code == 'E0'
    house.box.key(True)
    house.run(20)
    assert house.box.code == 'C2'


@pytest.mark.parametrize('seed', first([1, 11]))
def test_a_lock_that_meets_a_box_somebody_reset_spares_the_contactor_though_no_look_saw_it_close(seed):
    """The car closes between two looks, E0 opens at once: the monitor's next closing is still five minutes away."""
    unseen = 0
    for tenth in range(30, 66, 2):
        house = ReconcilerBench(seed=seed, **KEY_CLOSED)
        house.want, house.with_car = CHARGE, True
        house.run(20 + seed * 0.37)
        house.plug()
        house.run(400)
        house.box.reset_soon()
        house.run(tenth / 10)
        seen = house.charger.reading.code
        house.charger.read_soon(house.kernel.now_us // 1000)
        house.want, locked_s = LOCK, house.now_s
        house.run(30)
        house.want = CHARGE
        house.run(400)
        moves = [(t, closed) for t, what, closed in house.log if what == 'contactor' and t >= locked_s]
        opened = [t for t, closed in moves if not closed and house.times('bus_write', 'E0E0', t - 1)]
        if opened and seen not in (0xC2, 0xC3, 0xC4):
            unseen += 1
            assert min(t for t, closed in moves if closed and t > opened[0]) - opened[0] >= 300
    assert unseen >= 2


# --- the start sequence


BOXES = {
    'key closed': KEY_CLOSED,
    'key open, starts after a power cycle': {'key': 'locked'},
    'key closed, held shown as B1': {'key': 'unlocked', 'held_code': 'B1'},
    'key open, held shown as B1': {'key': 'locked', 'held_code': 'B1'},
    'key closed, 0x000F silent': dict(KEY_CLOSED, **SILENT_LIMITS),
    'key closed, no meter': {'key': 'unlocked', 'meter': False},
    'key open, pulse keeps its permission': {'key': 'locked', 'pulse_keeps_key': True},
    'key open, reset not acknowledged': {'key': 'locked', 'reset_acknowledged': False},
    'key closed, panel is a master': {'key': 'unlocked', 'panel': 'master', 'sleeps_after_s': 30},
}


@pytest.mark.parametrize('model', ['eager', 'sleepy', 'long_pulse', 'shy'])
@pytest.mark.parametrize('kind', BOXES)
def test_a_held_car_charges_when_it_may(kind, model, evidence):
    house = held_overnight(model=model, **BOXES[kind])
    assert not charging(house) and house.box.energy_wh < 15
    wanted_s = house.now_s
    house.want = CHARGE
    assert house.run(900, until=lambda: house.recon.flowing), house.log
    took_s = house.now_s - wanted_s
    house.run(120)
    assert charging(house) and detail(house) == 'none' and reason(house) is None
    writes = house.writes(wanted_s)
    assert writes.count('E0E0') == writes.count('A1A1') <= 3 and writes.count('5A5A') <= 2
    evidence('from "charge" to current flowing, car %s, box %s' % (model, kind), '%.0f s' % took_s)
    assert took_s < (30 if model == 'eager' else 120 if model == 'sleepy' else 480)


@pytest.mark.parametrize('model', ['eager', 'sleepy'])
def test_where_a_key_has_to_be_turned_first_nothing_is_tried(model, evidence):
    house = held_overnight(model=model, key='locked', start_after_power_cycle=False)
    wanted_s = house.now_s
    house.want = CHARGE
    house.run(3600)
    evidence('writes in an hour for a car whose key nobody turns, car %s' % model, len(house.writes(wanted_s)), 1)
    assert house.writes(wanted_s) == ['0215'] and detail(house) == 'waits_for_key'
    house.box.key(True)
    assert house.run(120, until=lambda: house.recon.flowing)
    house.box.key(False)
    house.run(60)
    assert charging(house)


def test_a_car_that_needs_the_key_again_after_a_pulse_is_not_woken():
    house = ReconcilerBench(key='unlocked', start_after_power_cycle=False)
    house.want, house.with_car = HOLD, True
    house.plug(model='sleepy')
    house.run(5)
    house.box.key(False)
    house.run(1200)
    house.want = CHARGE
    wanted_s = house.now_s
    house.run(3600)
    assert house.box.code == 'B2' and house.writes(wanted_s) == ['0215', '03E8', '0215'] and detail(house) == 'vehicle_paused'


def test_the_steps_for_a_car_that_wants_nothing_and_then_never_again_that_night(evidence):
    house = held_overnight(model='full', **KEY_CLOSED)
    wanted_s = house.now_s
    house.want = CHARGE
    house.run(2)
    assert reason(house) == 'starting'
    house.run(62)
    assert reason(house) == 'waking_vehicle'
    house.run(2 * 3600)
    house.boot()                      # what was done is remembered
    house.run(2 * 3600)
    writes = house.writes(wanted_s)
    assert [write for write in writes if write in ('E0E0', 'A1A1', '5A5A')] == ['E0E0', 'A1A1'] * 3
    starts = house.times('said', 'E0E0', wanted_s)
    ends = house.times('said', 'A1A1', wanted_s)
    lengths = [end - start for start, end in zip(starts, ends, strict=True)]
    assert 3 <= lengths[0] < 5 and all(10 <= length < 12 for length in lengths[1:])
    gaps = [later - first for first, later in zip(ends, starts[1:], strict=False)]
    assert gaps[0] >= 120 and gaps[1] >= 1800
    assert detail(house) == 'vehicle_paused'
    evidence('pulses in four hours for a car that wants nothing, a reboot in between', len(starts), 3)


def test_a_car_that_finished_is_left_in_peace(evidence):
    house = held_overnight(**KEY_CLOSED)
    house.box.vehicle.remaining_nj = 3600 * 10**12 // 4
    house.want = CHARGE
    assert house.run(60, until=lambda: house.recon.flowing)
    assert house.run(600, until=lambda: not charging(house))
    finished_s = house.now_s
    house.run(4 * 3600)
    evidence('writes in four hours to a car that finished', len(house.writes(finished_s)), 0)
    assert house.writes(finished_s) == [] and detail(house) == 'vehicle_full'


def test_the_start_sequence_does_nothing_without_a_car_or_in_a_fault():
    house = ReconcilerBench(**KEY_CLOSED)
    house.want = CHARGE
    house.run(300)
    assert house.writes() == [] and detail(house) == 'no_vehicle'
    for code in ('F1', 'F2', 'F3', 'F9', 'FA', 'FB', 'F5', 'F8'):
        house.box.fault(code)
        house.run(300)
        assert house.writes() == [] and detail(house) == 'fault'


@pytest.mark.parametrize('duty, current_da', [('00A6', 100), ('0215', 320), ('0215', 0)])
def test_the_current_of_the_decision_is_offered_and_the_boxs_own_given_back(duty, current_da):
    house = held_overnight(**KEY_CLOSED)
    house.want, house.current_da = CHARGE, current_da
    assert house.run(60, until=lambda: house.recon.flowing)
    house.run(30)
    assert '%04X' % house.box.limits.icmax == duty
    house.box.reset_soon()
    house.run(30)
    assert '%04X' % house.box.limits.icmax == duty and charging(house)
    house.want = LEAVE
    house.run(30)
    assert '%04X' % house.box.limits.icmax == duty     # the owner's own limit stands without an order too
    house.current_da = 0
    house.run(30)
    assert house.box.limits.icmax == FULL and house.recon.icmax.back == 0 and charging(house)


# --- pulses and power cuts


@pytest.mark.parametrize('after_s', [0.0, 0.01, 0.02, 0.1, 1.0, 2.5])
@pytest.mark.parametrize('then', [CHARGE, HOLD, LEAVE, LOCK])
def test_a_pulse_that_a_power_cut_interrupts_is_finished_first(after_s, then):
    house = held_overnight(model='sleepy', **KEY_CLOSED)
    house.want = CHARGE
    assert house.run(200, until=lambda: 'E0E0' in house.writes())
    house.run(after_s)
    house.boot()
    house.want = then
    booted_s = house.now_s + 0.001
    house.run(15)
    jumped = house.times('bus_write', 'E0E0')
    if then == LOCK:
        assert house.box.code == 'E0'
    else:
        assert house.box.code != 'E0' and not house.recon.record.pulse
        assert house.writes(booted_s) == (['03E8'] if then == HOLD else []) + (['A1A1'] if jumped else [])
    if then == HOLD:
        assert house.box.limits.paused and not charging(house)


def test_a_lock_that_comes_in_the_middle_of_a_pulse_stays():
    house = held_overnight(model='sleepy', **KEY_CLOSED)
    house.want = CHARGE
    assert house.run(200, until=lambda: house.box.code == 'E0')
    house.want = LOCK
    house.run(60)
    assert house.box.code == 'E0' and 'A1A1' not in house.writes()


def test_a_debt_is_remembered_over_a_power_cut():
    house = held_overnight(**KEY_CLOSED)
    house.boot()
    house.want = LEAVE
    # Without time the contactor may have moved just before the boot.
    assert house.run(320, until=lambda: charging(house))
    house.run(15)
    assert house.recon.icmax.back == 0


# --- resets


@pytest.mark.parametrize('options, code', [({}, 'C2'), ({'reset_acknowledged': False}, 'C2'), ({'start_after_power_cycle': False}, 'B1')], ids=str)
def test_the_owners_reset_is_done_when_current_is_offered(options, code):
    house = ReconcilerBench(**options)
    house.plug()
    house.run(60)
    house.recon.reset(house._now_ms())
    assert house.recon.reset_outcome is None
    house.run(20)
    result, why = house.recon.reset_outcome
    assert house.writes() == ['5A5A'] and house.box.code == code
    assert (vocabulary.RESULTS[result], vocabulary.DETAILS[why]) == (('done', 'none') if code == 'C2' else ('failed', 'waits_for_key'))


@pytest.mark.parametrize('spoil, why', [
    (lambda house: setattr(house, 'want', LOCK), 'locked'),
    (lambda house: house.box.jump('E0'), 'locked'),
    (lambda house: house.box.fault('F3'), 'fault'),
])
def test_a_reset_is_refused_where_it_must_not_be(spoil, why):
    house = ReconcilerBench()
    house.plug()
    spoil(house)
    house.run(60)
    house.recon.reset(house._now_ms())
    house.run(20)
    assert [vocabulary.DETAILS[house.recon.reset_outcome[1]], '5A5A' in house.writes()] == [why, False]


def test_a_reset_of_a_box_that_is_away_is_given_up():
    house = ReconcilerBench()
    house.run(10)
    house.box.power(False)
    house.run(10)
    house.recon.reset(house._now_ms())
    house.run(20)
    assert vocabulary.DETAILS[house.recon.reset_outcome[1]] == 'unreachable' and house.writes() == []


def test_resets_of_a_charging_car_wear_the_contactor_no_more_than_anything_else():
    house = ReconcilerBench(**KEY_CLOSED)
    house.plug()
    house.run(600)
    for _ in range(20):
        house.recon.reset(house._now_ms())
        house.run(60)
    assert 2 <= house.writes().count('5A5A') <= 4


@pytest.mark.parametrize(
    'want, car, resets', [(CHARGE, True, 1), (CHARGE, False, 1), (HOLD, True, 0), (HOLD, False, 0), (LOCK, False, 0), (LEAVE, False, 0)])
def test_an_upstream_timeout_is_reset_once_after_a_minute_of_polling(want, car, resets):
    house = ReconcilerBench(**KEY_CLOSED)
    house.want = want
    if car:
        house.plug(model='full')
    house.run(30)
    house.box.fault('F4')
    since_s = house.now_s
    house.run(59)
    assert '5A5A' not in house.writes(since_s)
    house.run(20)
    assert house.writes(since_s).count('5A5A') == resets


def test_an_upstream_timeout_that_comes_back_is_reset_three_times_a_day():
    house = ReconcilerBench()
    house.want = CHARGE
    for _ in range(8):
        house.box.fault('F4')
        house.run(600)
    assert house.writes().count('5A5A') == 3


# --- a storm


@pytest.mark.parametrize('seed, options', first([(3, SILENT_LIMITS), (1, {}), (2, {'key': 'locked'}), (4, {'held_code': 'B1', 'panel': 'master'})]))
def test_a_storm_of_changing_wishes_closes_the_contactor_rarely_and_opens_it_at_once(seed, options, evidence):
    dice = random.Random(seed)
    house = ReconcilerBench(seed=seed, **dict(KEY_CLOSED, **options))
    house.plug(needs_kwh=1000)
    house.run(60)
    since_s = house.now_s
    slowest_s = 0
    while house.now_s < since_s + 3 * 3600:
        house.want = dice.choice((LEAVE, HOLD, CHARGE, LOCK))
        if dice.random() < 0.1:
            house.recon.reset(house._now_ms())
        asked_s, length_s = house.now_s, dice.choice((1, 4, 4, 30, 400))
        if house.want in (HOLD, LOCK) and length_s > 14:
            assert house.run(15, until=lambda: not charging(house)) or not charging(house)
            slowest_s = max(slowest_s, house.now_s - asked_s)
        house.run(length_s)
    closings = [t for t, what, closed in house.log if what == 'contactor' and closed and t > since_s]
    own = [t for t in closings if not any(0 < t - at_s < 10 for at_s in house.times('said', '5A5A'))]
    evidence('contactor closings in three hours of storm, seed %d' % seed, len(closings), 12)
    assert 2 <= len(closings) <= 12
    assert all(later - first >= 300 for first, later in zip(own, own[1:], strict=False))
    assert slowest_s < 13
