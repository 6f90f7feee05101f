"""A box that restarts shows A1 for a moment although a car is plugged in: the owner's requests stand, and no current flows."""

import itertools

import pytest
from sim import scenario
from sim.world import World

PLAN = [{'days': 'daily', 'from': '22:00', 'to': '06:00'}]
# The owner's commands, and the override that a status reports for each. The plan holds the car (it is peak), or the owner's word does.
WORDS = {'locked': 'lock', 'stopped': 'stop', 'boosted': 'boost', 'held': None}
CUTS = {'box': ('charger_power',), 'monitor': ('monitor_power',), 'both': ('charger_power', 'monitor_power')}
PLUG_S, SAID_S, CUT_S, AFTER_S = 60, 100, 400, 75
OFF_S = (20, 3.3, 61, 8.7)


class Start:
    """One blackout. conducts: the contactor closed after the cut; claims: locked, stopped, boosted; false: uplinks that tell of
    no car; code: the box at the end."""

    def __init__(self, wish, cut, phase, a1_s, panel, leaves=False):
        # Neither with the readings (2 s) nor with the panel's frames (1 s) in step.
        cut_s = CUT_S + phase * 0.7310 % 4
        back_s = cut_s + OFF_S[phase % len(OFF_S)] + phase * 0.3137 % 2
        events = [{'t': PLUG_S, 'do': 'plug'}]
        if WORDS[wish]:
            events.append({'t': SAID_S, 'do': 'downlink', 'data': {'command': WORDS[wish], 'id': 1}})
        for what in CUTS[cut]:
            events += [{'t': cut_s, 'do': what, 'on': False}, {'t': back_s, 'do': what, 'on': True}]
        if leaves:
            events.append({'t': cut_s + 1, 'do': 'unplug'})
        self.world = world = World(scenario.complete({
            'seed': 1 + phase, 'duration_s': 1, 'start': '2026-05-01T10:00:00Z', 'config': {'PLAN': PLAN}, 'network': {'data_rate': 5},
            'charger': {'key': 'unlocked', 'panel_frames': panel, 'start_a1_s': a1_s}, 'vehicle': {'needs_kwh': 60}, 'events': events}))
        world.kernel.at(int((back_s + AFTER_S) * 1_000_000) - 1, self._look)
        world.run(back_s + AFTER_S)
        self.cut_s, self.back_s = cut_s, back_s
        self.conducts = any(entry['kind'] == 'contactor' and entry['closed'] and entry['t'] > cut_s for entry in world.timeline)
        told = [entry['decoded'] for entry in world.timeline if entry['kind'] == 'uplink' and entry['t'] > cut_s and entry['decoded']]
        self.false = sum(entry.get('state') == 'Not Connected' for entry in told)
        self.code = world.box.code

    def _look(self):
        claims = self.world.app.arbiter.claims
        self.claims = claims.locked, bool(claims.stopped), bool(claims.boost)

    def wrong(self, wish):
        """What is, in words."""
        found = []
        if wish != 'boosted' and self.conducts:
            found.append('conducts')
        if self.claims != tuple(wish == kind for kind in ('locked', 'stopped', 'boosted')):
            found.append('forgotten')
        if self.false:
            found.append('not connected')
        return found


def played(phases):
    """{(error, wish, cut, panel): phases} of that many phases of each, with starts of 0 to 2 s."""
    wrong = {}
    for wish, cut, panel in itertools.product(WORDS, CUTS, (False, True)):
        for phase in phases:
            for what in Start(wish, cut, phase, phase * 0.29 % 2.01, panel).wrong(wish):
                wrong.setdefault((what, wish, cut, panel), []).append(phase)
    return wrong


# Of 30 phases of each on the firmware of before: a hold by the plan conducted in 42 of 120, a lock in 8, a stop in 4; a boost was forgotten
# in 71 of 120, a stop in 7; an uplink reported no car in 198 of 720.
def test_a_blackout_makes_nothing_conduct_that_is_held_and_leaves_every_wish_as_it_was():
    assert played((5,)) == {}


@pytest.mark.long
def test_a_blackout_at_2000_phases_makes_nothing_conduct_that_is_held_and_leaves_every_wish_as_it_was(evidence):
    phases = range(84)
    wrong = played(phases)
    evidence('blackouts of box, monitor or both, a box that starts in 0 to 2 s, with and without panel, after which anything conducts that is '
             'held, stopped or locked, or a wish is forgotten, or an uplink tells of no car, of %d' % (len(WORDS) * len(CUTS) * 2 * len(phases)),
             sum(len(found) for found in wrong.values()), 0)
    assert wrong == {}


def test_a_car_that_left_in_the_dark_is_missed_half_a_minute_later():
    start = Start('stopped', 'box', 1, 1.0, False, leaves=True)
    assert start.claims == (False, False, False)
    told_s = [entry['t'] for entry in start.world.timeline if entry['kind'] == 'uplink' and entry['t'] > start.cut_s
              and entry['decoded'].get('state') == 'Not Connected'][0]
    assert 33 <= told_s - start.back_s <= 40
