"""Records that cannot be read at boot: the owner's wishes are unknown, so no current is given, and the owner is informed."""

from random import Random

import pytest
from app.runtime.journal import Journal
from sim import scenario
from sim.boards.simulated_board import SimStore
from sim.world import World

HOUR_S = 3600
DAY_PLAN = [{'days': 'daily', 'from': '22:00', 'to': '06:00'}]
NOON, NIGHT = '2026-05-01T10:00:00Z', '2026-05-01T22:30:00Z'
PLUG_S, SAID_S, CUT_S, BACK_S = 60, 100, 420, 440
# A contactor rests for 5 min before we close it; that a wish was lost shows after that.
END_S = 800


class Wish:
    """What the owner said, beside his plan, and what he lets flow after it, in amperes and kWh."""

    def __init__(self, *said, start=NOON, amps=0, kwh=None, **config):
        self.said = said
        self.start = start
        self.amps = amps
        self.kwh = kwh
        self.config = dict({'PLAN': DAY_PLAN}, **config)


LIMITED = [{'days': 'daily', 'from': '22:00', 'to': '06:00', 'current_a': 9}]
SCARCE = [{'days': 'daily', 'from': '22:00', 'to': '06:00', 'kwh': 0.5}]
AIR_PLAN = {'plan': {'windows': DAY_PLAN}, 'id': 7}
WISHES = {
    'held by the plan': Wish(),
    'held by a plan that came over the air': Wish(AIR_PLAN, PLAN=[]),
    'limited by the plan': Wish(start=NIGHT, amps=9, PLAN=LIMITED),
    'limited by a plan that came over the air': Wish({'plan': {'windows': LIMITED}, 'id': 7}, start=NIGHT, amps=9, PLAN=[]),
    'limited by a setting that came over the air': Wish({'settings': {'current_limit_a': 8}, 'id': 7}, start=NIGHT, amps=8),
    'so much in a window': Wish(start=NIGHT, amps=16, kwh=0.5, PLAN=SCARCE),
    'stopped': Wish({'command': 'stop', 'id': 1}, start=NIGHT),
    'stopped without a plan': Wish({'command': 'stop', 'id': 1}, PLAN=[]),
    'locked': Wish({'command': 'lock', 'id': 1}, start=NIGHT),
    'locked by the original': Wish({'mode': 'Lock Outlet'}, start=NIGHT),
    'skipped': Wish({'command': 'skip', 'window': 'this', 'id': 1}, start=NIGHT),
    'boosted': Wish({'command': 'boost', 'id': 1, 'current_a': 7}, amps=7),
    'boosted for some energy': Wish({'command': 'boost', 'id': 1, 'kwh': 0.5}, amps=16, kwh=0.5),
    'boosted, then stopped': Wish({'command': 'boost', 'id': 1}, {'command': 'stop', 'id': 2}),
}
STEP_KWH = 0.51    # part of the energy that may not be on record yet


def names_in(records):
    """Those of the records in a flash, of which each has two copies."""
    return sorted({name[:-2] for name in records})


def _flip(dice, value):
    at = dice.randrange(len(value))
    return value[:at] + bytes((value[at] ^ 1 << dice.randrange(8),)) + value[at + 1:]


def _cut(dice, value):
    return value[:dice.randrange(len(value))]


def _erase(dice, value):
    at = dice.randrange(len(value))
    return value[:at] + b'\xff' * (len(value) - at)


def _garbage(dice, value):
    return bytes(dice.randrange(256) for _ in range(dice.randrange(1, 80)))


# Of the radio's layer, which counts and does not tell what it does not understand; it was told what could not be read.
RADIO_RECORDS = ('airtime', 'clock', 'drift', 'search', 'left')

DAMAGES = (_flip, _cut, _erase, _garbage)


def damage(flash, dice):
    """Damage one record or two, or some of their copies; returns the names of those that nobody can read now."""
    gone = set()
    names = names_in(flash.records)
    for name in dice.sample(names, dice.choice((1, 1, 2))):
        how = dice.randrange(8)
        copies = [copy for copy in (name + '_a', name + '_b') if copy in flash.records]
        if how == 0:
            flash.unreadable += tuple(copies)
        elif how == 1 and name not in RADIO_RECORDS:
            value = Journal(SimStore(flash)).get(name)
            Journal(SimStore(flash)).put(name, b'\xee' + value[1:])   # whole, but of another version
        else:
            hit = copies if how < 6 else [dice.choice(copies)]
            for copy in hit:
                flash.records[copy] = dice.choice(DAMAGES)(dice, flash.records[copy])
            if len(hit) < 2:
                continue
        gone.add(name)
    return gone


class WishAndMemory:
    """Result of a wish whose memory was damaged. lost: names; amps: the most that flowed afterwards; kwh: since the wish; told: the event
    came; claims: those of the firmware at the end."""

    def __init__(self, wish, seed, damaged=damage):
        dice = Random('memory %s' % seed)
        self._damaged = damaged
        self.lost = set()
        box_too = dice.random() < 0.5
        events = [{'t': PLUG_S, 'do': 'plug'}, {'t': CUT_S, 'do': 'monitor_power', 'on': False}, {'t': BACK_S, 'do': 'monitor_power', 'on': True}]
        events += [{'t': SAID_S + 40 * number, 'do': 'downlink', 'data': dict(said)} for number, said in enumerate(wish.said)]
        if box_too:
            events += [{'t': CUT_S, 'do': 'charger_power', 'on': False}, {'t': BACK_S, 'do': 'charger_power', 'on': True}]
        self.world = world = World(scenario.complete({
            'seed': 1 + seed, 'duration_s': 1, 'start': wish.start, 'config': wish.config, 'network': {'data_rate': 5}, 'events': events,
            'charger': {'key': 'unlocked', 'panel_frames': dice.random() < 0.5, 'start_a1_s': dice.choice((None, 1.5))},
            'vehicle': {'needs_kwh': 60}}))
        self.amps = 0
        world.kernel.at(int(BACK_S - 1) * 1_000_000, self._damage, dice)
        world.kernel.at(int(END_S * 1_000_000) - 1, self._look)
        for at_s in range(BACK_S + 15, END_S, 2):   # what a box gives that comes back charging is ended within this time
            world.kernel.at(at_s * 1_000_000, self._measure)
        world.run(END_S)
        self.kwh = world.box.energy_wh / 1000
        uplinks = [entry['decoded'] for entry in world.timeline if entry['kind'] == 'uplink' and entry['t'] > BACK_S and entry['decoded']]
        self.told = any(told.get('event') == 'memory_lost' for told in uplinks)

    def _damage(self, dice):
        self.lost = self._damaged(self.world.flash, dice)

    def _measure(self):
        currents = self.world.box.currents_da
        if self.world.box.contactor and currents:
            self.amps = max(self.amps, max(currents) / 10)

    def _look(self):
        claims = self.world.app.arbiter.claims
        self.claims = claims.locked, claims.stopped, claims.boost

    def wrong(self, wish):
        """What is, in words."""
        found = []
        if self.amps > wish.amps:
            found.append('%s A' % self.amps)
        if wish.kwh is not None and self.kwh > wish.kwh + STEP_KWH:
            found.append('%s kWh' % self.kwh)
        if self.lost and not self.told:
            found.append('not told of %s' % sorted(self.lost))
        return found


def both_copies(*names):
    """A damage that nobody can read round."""
    def damaged(flash, dice):
        gone = {name for name in names if name + '_a' in flash.records}
        for name in gone:
            flash.damage(name)
        return gone
    return damaged


@pytest.mark.parametrize('name', WISHES)
def test_without_the_owners_record_nothing_is_given_until_he_speaks(name):
    life = WishAndMemory(WISHES[name], 0, both_copies('owner'))
    if any('command' in said or 'mode' in said for said in WISHES[name].said):
        assert life.claims[1] and life.told and life.amps == 0
    assert life.wrong(WISHES[name]) == []


@pytest.mark.parametrize('name, record', [
    ('held by a plan that came over the air', 'plan'), ('limited by a setting that came over the air', 'site'),
    ('so much in a window', 'quota'), ('boosted for some energy', 'energy')])
def test_without_a_record_of_what_he_wished_or_had_nothing_is_given_either(name, record):
    life = WishAndMemory(WISHES[name], 0, both_copies(record))
    assert life.claims[1] and life.told and life.amps == 0


def test_any_record_or_two_may_be_damaged_and_the_owner_gets_no_more_than_he_wished():
    wrong = [(name, seed, life.lost, found) for seed, name in enumerate(WISHES)
             for life in [WishAndMemory(WISHES[name], 31 * seed)] for found in life.wrong(WISHES[name])]
    assert wrong == []


A_ROUND = 2500


@pytest.mark.soak
def test_damages_of_any_record_or_two_give_no_more_than_the_owner_wished(soak_seed, evidence):
    wrong, lost = [], 0
    for number in range(A_ROUND * soak_seed, A_ROUND * (soak_seed + 1)):
        name = list(WISHES)[number % len(WISHES)]
        life = WishAndMemory(WISHES[name], number)
        lost += len(life.lost) > 0
        wrong += [(name, number, life.lost, found) for found in life.wrong(WISHES[name])]
    evidence('soak: boots with a record or two damaged', A_ROUND, adds_up=True)
    evidence('soak: of them with a record that nobody could read any more', lost, adds_up=True)
    evidence('soak: boots after which more flowed than the owner wished, or he was not told', len(wrong), 0, adds_up=True)
    assert wrong == [] and lost > A_ROUND * 2 // 5


def after(said, lost_s=600, said_s=900, end_s=1400, damaged='owner', every_s=10):
    """A world whose monitor lost its memory in the night, and what is said then."""
    given = [{'t': PLUG_S, 'do': 'plug'}, {'t': SAID_S, 'do': 'downlink', 'data': {'command': 'stop', 'id': 1}},
             {'t': lost_s - 1, 'do': 'flash_damage', 'record': damaged}, {'t': lost_s, 'do': 'monitor_power', 'on': False},
             {'t': lost_s + 5, 'do': 'monitor_power', 'on': True}]
    given += [dict(event, t=said_s + every_s * number) for number, event in enumerate(said)]
    world = World(scenario.complete({'seed': 1, 'duration_s': 1, 'start': NIGHT, 'config': {'PLAN': DAY_PLAN}, 'network': {'data_rate': 5},
                                     'charger': {'key': 'unlocked', 'panel_frames': False}, 'events': given,
                                     'vehicle': {'needs_kwh': 60}}))
    seen = {}
    world.kernel.at(end_s * 1_000_000 - 1, lambda: seen.update(stopped=world.app.arbiter.claims.stopped, locked=world.app.arbiter.claims.locked))
    world.run(end_s)
    return world, seen


def word(command, **args):
    return {'do': 'downlink', 'data': dict({'command': command, 'id': 9}, **args)}


@pytest.mark.parametrize('command', ['start', 'unlock', 'resume_plan', 'boost'])
def test_the_owner_speaks_and_the_car_charges(command):
    world, seen = after([word(command)])
    assert seen == {'stopped': 0, 'locked': False} and world.box.contactor


def test_the_key_is_the_owner_too():
    world, seen = after([{'do': 'key', 'position': 'locked'}, {'do': 'key', 'position': 'unlocked'}])
    assert seen['stopped'] == 0 and world.box.contactor


@pytest.mark.parametrize('said', [[], [{'do': 'unplug'}, {'do': 'plug'}], [word('report', what='status')],
                                  [{'do': 'monitor_power', 'on': False}, {'do': 'monitor_power', 'on': True}]], ids=str)
def test_until_he_speaks_no_car_gets_current_and_it_is_told(said):
    world, seen = after(said)
    assert seen['stopped'] and not world.box.contactor
    told = [entry['decoded'] for entry in world.timeline if entry['kind'] == 'uplink' and entry['decoded'].get('event') == 'memory_lost']
    assert len(told) == 1 + ('monitor_power' in str(said)) and told[0]['reason'] == 'stopped'


def test_what_was_lost_is_written_anew_and_not_lost_again():
    reboot = [{'do': 'monitor_power', 'on': False}, {'do': 'monitor_power', 'on': True}]
    world, seen = after([{'do': 'downlink', 'data': {'plan': {'windows': DAY_PLAN}, 'id': 8}}, {'do': 'flash_damage', 'record': 'plan'}] + reboot
                        + [word('resume_plan')] + reboot, damaged='nothing', every_s=60, end_s=1900)
    assert not seen['stopped'] and world.box.contactor
    assert sum(entry['decoded'].get('event') == 'memory_lost' for entry in world.timeline if entry['kind'] == 'uplink') == 1


@pytest.mark.parametrize('ours', [False, True])
def test_an_outlet_that_is_out_of_use_is_locked_where_no_pulse_of_ours_is_on_record(ours):
    said = [{'do': 'downlink', 'data': {'command': 'lock', 'id': 3}}] if not ours else []
    world, seen = after(said + [{'do': 'flash_damage', 'record': 'owner'}, {'do': 'monitor_power', 'on': False},
                                {'do': 'monitor_power', 'on': True}], damaged='nothing')
    assert seen['locked'] is not ours and (world.box.code == 'E0') is not ours and not world.box.contactor


def test_a_first_boot_with_an_empty_flash_holds_nothing():
    world = World(scenario.complete({'duration_s': 1, 'charger': {'key': 'unlocked', 'panel_frames': False},
                                     'events': [{'t': PLUG_S, 'do': 'plug'}]}))
    world.run(120)
    assert world.box.contactor and not [entry for entry in world.timeline if entry['kind'] == 'uplink' and 'event' in entry['decoded']]
