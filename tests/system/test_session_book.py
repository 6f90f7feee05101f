"""The session book of the whole firmware: lost records are requested and come again, as airtime allows and over power cuts; the total never falls."""

import pytest
from sim import scenario
from sim.boards.flash import cuts
from sim.world import SECOND_US, World
from tests.support import power_cuts
from tests.support.power_cuts import alone

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86400
# The day's total up to which records are sent again.
AGAIN_S = 12
# Two values in 10 Wh that are cut off.
CUT_OFF_KWH = 0.011


def event(t, do, **fields):
    return dict(fields, t=t, do=do)


def asked(t, number, command_id=1):
    return event(t, 'downlink', data={'command': 'report', 'what': 'sessions', 'from': number, 'id': command_id})


def charges(count, first_s=600, every_s=1800, for_s=900):
    """That many sessions, one after the other."""
    return [event(first_s + number * every_s + late_s, do) for number in range(count) for late_s, do in ((0, 'plug'), (for_s, 'unplug'))]


def given(events, seed=3, **rest):
    rest.setdefault('vehicle', {'needs_kwh': 500})
    return dict({'seed': seed, 'charger': {'key': 'unlocked', 'panel_frames': False}, 'events': events}, **rest)


def world_of(events, until_s, **rest):
    world = World(scenario.complete(dict(given(events, **rest), duration_s=until_s)))
    world.run(until_s)
    return world


def uplinks(world, kind, received=None):
    """Uplinks that decode to that type, all or only those that were received."""
    return [entry for entry in world.timeline
            if entry['kind'] == 'uplink' and entry['decoded']['type'] == kind and (received is None or entry['received'] == received)]


def energies(world):
    return [entry['decoded'] for entry in uplinks(world, 'device') if entry['decoded'].get('part') == 'energy']


def numbers(entries):
    return [entry['decoded']['session_number'] for entry in entries]


def truths(world):
    return [entry['kwh'] for entry in world.timeline if entry['kind'] == 'energy']


def test_sessions_that_were_sent_come_again_from_the_number_that_was_asked_for():
    until_s = 600 + 4 * 1800
    world = world_of(charges(4) + [asked(until_s, 3)], until_s + 300)
    records = uplinks(world, 'session')
    assert numbers(records) == [1, 2, 3, 4, 3, 4]
    # The first byte is the kind, the second has the state of the moment.
    assert [entry['hex'][4:] for entry in records[4:]] == [entry['hex'][4:] for entry in records[2:4]]


def test_each_record_is_followed_by_the_total_which_is_their_sum():
    world = world_of(charges(3), 600 + 3 * 1800)
    told = energies(world)[-3:]
    assert [words['session_number'] for words in told] == [1, 2, 3] and {words['session_open'] for words in told} == {False}
    sums = [sum(entry['decoded']['session_kwh'] for entry in uplinks(world, 'session')[:count]) for count in (1, 2, 3)]
    for count, (words, kwh) in enumerate(zip(told, sums, strict=True), 1):
        assert abs(words['energy_total_kwh'] - kwh) <= CUT_OFF_KWH * count
    assert told[-1]['energy_total_kwh'] == pytest.approx(sum(truths(world)), rel=0.02)


@pytest.mark.long
def test_a_day_without_a_car_tells_the_total_once_in_place_of_a_heartbeat():
    world = world_of([], 2 * DAY_S + HOUR_S)
    entries = [entry for entry in uplinks(world, 'device') if entry['decoded'].get('part') == 'energy']
    assert len(entries) == 3    # the first with the first heartbeat of the boot
    assert all(22 * HOUR_S <= later['t'] - earlier['t'] <= DAY_S for earlier, later in zip(entries, entries[1:]))
    # None comes beside a heartbeat.
    for entry in entries:
        assert all(abs(other['t'] - entry['t']) > 15 * MINUTE_S for other in uplinks(world, 'status')[3:])


def complete(seed, count, every_s, ask_s, loss=0.5):
    """A world in which that many sessions end, and the house asks for the first one that it lacks; at last it has them all."""
    world = World(scenario.complete(dict(given(charges(count, every_s=every_s, for_s=1500), seed, network={'uplink_loss': loss, 'data_rate': 5}),
                                         duration_s=count * every_s + 6 * ask_s)))

    def ask():
        has = set(numbers(uplinks(world, 'session', True)))
        lacks = min(set(range(1, 128)) - has)
        if lacks <= len(truths(world)):
            world.do(asked(0, lacks, int(world.kernel.now_us // SECOND_US // ask_s) % 256))
        world.kernel.after(ask_s * SECOND_US, ask)

    world.kernel.at(ask_s * SECOND_US, ask)
    world.run(count * every_s + 6 * ask_s)
    came = {entry['decoded']['session_number']: entry['decoded'] for entry in uplinks(world, 'session', True)}
    assert set(came) <= set(range(1, count + 1)) and len(truths(world)) == count
    for number, words in came.items():
        assert words['session_kwh'] == pytest.approx(truths(world)[number - 1], abs=0.05)
    totals = [words['energy_total_kwh'] for words in energies(world)]
    assert totals == sorted(totals)
    return len(uplinks(world, 'session', False)), count - len(came)


def test_with_half_of_the_frames_lost_the_book_at_home_is_complete():
    lost, missing = complete(4, 6, 2400, 3600)
    assert lost > 2 and missing == 0


@pytest.mark.long
def test_days_with_half_of_the_frames_lost_has_every_session(evidence):
    lost, missing = complete(5, 12, 8 * HOUR_S, 8 * HOUR_S)
    evidence('Session records missing at home of 12 in four days, half of the uplinks lost, asked for three times a day', missing, 0)
    assert lost > 3 and missing == 0


@pytest.mark.long
def test_at_sf12_each_takes_the_place_of_a_heartbeat():
    until_s = 600 + 3 * 1800
    world = world_of(charges(3) + [asked(until_s, 1)], until_s + 12 * HOUR_S, network={'data_rate': 0})
    later = [entry for entry in world.timeline if entry['kind'] == 'uplink' and entry['t'] > until_s + MINUTE_S]
    again = [entry for entry in later if entry['f_port'] == 13]
    assert numbers(again) == [1, 2, 3]
    beats = [entry['t'] for entry in later if entry['f_port'] in (10, 12, 13)]
    assert all(abs(other - entry['t']) >= HOUR_S for entry in again for other in beats if other != entry['t'])
    assert world.network.uplink_airtime_s_max_day() <= 24


@pytest.mark.long
def test_on_a_crowded_day_they_wait_until_its_total_is_below_12_s():
    until_s = 600 + 4 * 1800
    # Status after status, until the day has had its 12 s.
    crowd = [event(until_s + 30 * number, 'downlink', data={'command': 'report', 'id': number}) for number in range(13)]
    world = world_of(charges(4) + crowd + [asked(until_s + 1200, 1, 99)], until_s + 26 * HOUR_S)
    assert world.network.uplink_airtime_s_max_day() > AGAIN_S
    again = uplinks(world, 'session')[4:]
    assert numbers(again) == [1, 2, 3, 4] and again[0]['t'] - until_s > 2 * HOUR_S
    emitted = [(entry['t'], entry['airtime_ms'] / 1000) for entry in world.timeline if entry['kind'] in ('uplink', 'join')]
    for entry in again:
        assert sum(cost_s for t, cost_s in emitted if entry['t'] - DAY_S < t <= entry['t']) <= AGAIN_S


def look(world, life):
    """(errors, records after the cut) at the end of a life."""
    records = uplinks(world, 'session')
    known = {}
    wrong = []
    for entry in records:
        words = entry['decoded']
        before = known.setdefault(words['session_number'], words)
        if any(before[name] != words[name] for name in ('started_at', 'duration_min', 'session_kwh')):
            wrong.append('number %d says %s and %s' % (words['session_number'], before, words))
    truth = truths(world)
    if sorted(known) != list(range(1, len(truth) + 1)):
        wrong.append('records %s of %d sessions' % (sorted(known), len(truth)))
    if any(known[number]['session_kwh'] > kwh + 0.01 for number, kwh in enumerate(truth, 1) if number in known):
        wrong.append('more than the truth')
    told = energies(world)
    totals = [words['energy_total_kwh'] for words in told]
    if totals != sorted(totals):
        wrong.append('totals %s' % totals)
    if not told[-1]['session_open'] and abs(totals[-1] - sum(words['session_kwh'] for words in known.values())) > CUT_OFF_KWH * len(known):
        wrong.append('total %s of %s' % (totals[-1], known))
    return wrong, [number for number in numbers(entry for entry in records if entry['t'] > life.t_s)]


def ask_again(world, life):
    """Five minutes after the cut the car leaves, and later the house asks for all."""
    world.kernel.after(5 * MINUTE_S * SECOND_US, world.do, event(0, 'unplug'))
    world.kernel.after(15 * MINUTE_S * SECOND_US, world.do, asked(0, 1))


def play(count):
    day = given(charges(3, every_s=900, for_s=600), network={'data_rate': 5})
    recording = power_cuts.record(day, 2600)
    every = [(cut.number, cut.kind, cut.how) for cut in cuts(recording) if cut.name[:-2] in ('sessions', 'energy')]
    take = {every[index * len(every) // count] for index in range(min(count, len(every)))}
    return power_cuts.lives(day, 2600, take, look, life_s=75 * MINUTE_S, reborn=ask_again)


def cut_often(count):
    """Lives after that many cuts at most, and those in which something is wrong."""
    lives = alone(play, count)
    assert {life.name[:-2] for life in lives} == {'sessions', 'energy'} and len(lives) > count // 2
    # What was asked for came again.
    assert all(life.seen[1] for life in lives)
    return lives, [life for life in lives if life.seen[0]]


def test_a_cut_in_a_write_of_energy_or_sessions_loses_no_record():
    assert cut_often(12)[1] == []


@pytest.mark.long
def test_a_cut_in_any_write_of_energy_or_sessions_loses_no_record(evidence):
    lives, wrong = cut_often(80)
    evidence('power cuts in the writes of energy and sessions that lost, doubled or changed a session record, of %d' % len(lives), len(wrong), 0)
    assert wrong == []
