"""Power cuts in the middle of writes: what the owner was told stays true, whatever the flash was left with."""

import time

import main
import pytest
from sim.flash import KINDS, cuts
from sim.world import SECOND_US
from tests.sim import power_cuts

LOCK, UNLOCK = '01', '02'


def downlink(t, payload_hex):
    return {'t': t, 'do': 'downlink', 'f_port': 1, 'payload_hex': payload_hex}


GIVEN = {'charger': {'key': 'unlocked'},
         'events': [{'t': 60, 'do': 'plug'}, downlink(300, LOCK), downlink(900, UNLOCK), downlink(1500, LOCK)]}
UNTIL_S = 2400
WINDOWS_S = 8


def look(world, life):
    """What the box does and what it may do, 'lock' or 'unlock', by what was sent and answered; the airtime on record and on the air, ms.

    A command that was not answered may have been lost with the power, or not.
    """
    told, sent = 'unlock', set()
    for entry in sorted(world.timeline, key=lambda entry: entry['t']):
        if entry['kind'] == 'uplink' and entry['decoded'].get('type') == 'result' and entry['decoded']['result'] == 'done':
            told, sent = entry['decoded']['command'], set()
        elif entry['kind'] == 'downlink_queued':
            sent |= {'lock' if entry['hex'] == LOCK else 'unlock'}
    # A frame is booked when its receive windows are over.
    booked_s = world.kernel.now_us / SECOND_US - WINDOWS_S
    heard_ms = sum(entry['airtime_ms'] for entry in world.timeline if entry['kind'] == 'uplink' and entry['t'] < booked_s)
    return 'lock' if world.box.code == 'E0' else 'unlock', {told} | sent, world.app.session.governor.ledger.total_ms, heard_ms


def play(count, **given):
    given = dict(GIVEN, **given)
    recording = power_cuts.record(given, UNTIL_S)
    assert {name for _, name, _, _ in recording.writes} >= {'owner_a', 'owner_b', 'airtime_a', 'airtime_b'}
    take = power_cuts.chosen(recording, count)
    lives = power_cuts.lives(given, UNTIL_S, take, look)
    assert len(lives) == len(take)
    return lives


def wrong(lives):
    """Those after which a lock was lost or invented, or airtime forgotten."""
    return [life for life in lives if life.seen[0] not in life.seen[1] or life.seen[2] < life.seen[3]]


def test_a_lock_is_kept_over_a_cut_in_any_write(evidence):
    began = time.perf_counter()
    lives = play(20)
    took_s = time.perf_counter() - began
    assert wrong(lives) == []
    # It must have been a trial: cuts of every kind, before and after the lock, with the box dark too.
    assert {life.cut[1] for life in lives} == set(KINDS) and {life.box_too for life in lives} == {True, False}
    assert {life.seen[0] for life in lives} == {'lock', 'unlock'}
    print('%.0f cuts a second' % (len(lives) / took_s))
    evidence('power cuts in the middle of writes after which a lock was lost or invented or airtime forgotten, of %d' % len(lives), 0, 0)


def test_without_the_journal_the_same_cuts_lose_something(monkeypatch):
    monkeypatch.setattr(main, 'Journal', lambda store: store)
    recording = power_cuts.record(GIVEN, UNTIL_S)
    take = {(cut.number, cut.kind, cut.how) for cut in cuts(recording, ('fat',)) if cut.name == 'airtime' and cut.t_s > 600}
    assert wrong(power_cuts.lives(GIVEN, UNTIL_S, take, look))


def test_the_run_with_cuts_in_it_is_the_run_without():
    recording = power_cuts.record(GIVEN, UNTIL_S)
    life = power_cuts.lives(GIVEN, UNTIL_S, power_cuts.chosen(recording, 1, ('nvs',), first=11), lambda world, life: world.flash.records)[0]
    number = life.cut[0]
    t_s, name, _, new = recording.writes[number]
    assert (life.t_s, life.name) == (t_s, name)
    again = power_cuts.lives(GIVEN, UNTIL_S, {life.cut}, lambda world, life: world.timeline)
    assert again[0].seen == power_cuts.lives(GIVEN, UNTIL_S, {life.cut}, lambda world, life: world.timeline)[0].seen


def test_what_goes_wrong_in_a_life_is_told():
    recording = power_cuts.record(GIVEN, 120)
    with pytest.raises(AssertionError, match='ZeroDivisionError'):
        power_cuts.lives(GIVEN, 120, power_cuts.chosen(recording, 1), lambda world, life: 1 / 0)


@pytest.mark.soak
def test_a_lock_is_kept_over_many_cuts(soak_seed, evidence):
    lives = play(1000, seed=soak_seed + 1, vehicle={'model': ('eager', 'sleepy', 'full')[soak_seed % 3]})
    assert wrong(lives) == []
    evidence('soak: power cuts after which a lock was lost or invented or airtime forgotten, of %d' % len(lives), 0, 0)
