"""Power cuts at the writes of a night with a target: the promise is kept, or the event is told."""

import pytest
from sim.boards.flash import KINDS, cuts
from tests.support import power_cuts
from tests.support.power_cuts import alone

START = '2026-05-01T21:30:00Z'
END_S = 7200
WH = 8000
GIVEN = {
    'start': START, 'config': {'CURRENT_LIMIT_A': 16}, 'network': {'data_rate': 5}, 'charger': {'panel_frames': False, 'key': 'unlocked'},
    'events': [
        {'t': 60, 'do': 'plug'},
        {'t': 400, 'do': 'downlink', 'data': {'target': {'until': '23:30', 'kwh': WH / 1000, 'quarters': [7]}, 'id': 1}},
        {'t': 3000, 'do': 'downlink', 'data': {'target': {'until': '23:30', 'kwh': WH / 1000, 'quarters': [7, 4]}, 'id': 2}},
    ],
}


class Outcome:
    """promised: a target was answered as done; wh: that flowed after the first one, until its end; told: target_missed."""

    def __init__(self, world):
        answers = [entry['decoded'] for entry in world.timeline if entry['kind'] == 'uplink' and entry['received']]
        self.promised = any(told.get('command') == 'target' and told.get('result') == 'done' for told in answers)
        self.told = any(told.get('event') == 'target_missed' for told in answers)
        self.wh = 0.0
        begin_s = None
        for entry in [entry for entry in world.timeline if entry['kind'] == 'contactor'] + [{'t': END_S, 'closed': False}]:
            if begin_s is not None:
                self.wh += max(min(entry['t'], END_S) - max(begin_s, 400), 0) * 11040 / 3600
            begin_s = entry['t'] if entry['closed'] else None

    def __repr__(self):
        return 'promised %s, told %s, %d Wh' % (self.promised, self.told, self.wh)

    @property
    def kept(self):
        return not self.promised or self.wh >= WH - 100 or self.told


def play(count):
    """What was written in the night since the target: names, numbers of the writes; and lives after that many cuts, spread over them."""
    recording = power_cuts.record(GIVEN, END_S)
    every = [(cut.number, cut.kind, cut.how) for cut in cuts(recording, tuple(KINDS)) if recording.writes[cut.number][0] >= 400]
    names = {recording.writes[number][1][:-2] for number, _, _ in every}
    take = {every[index * len(every) // count] for index in range(min(count, len(every)))} if count else set(every)
    return names, {number for number, _, _ in every}, power_cuts.lives(GIVEN, END_S, take, lambda world, life: Outcome(world), life_s=END_S)


def held(count):
    names, writes, lives = alone(play, count)
    assert {'target', 'owner', 'past', 'energy'} <= names
    assert [life for life in lives if not life.seen.kept] == []
    assert any(life.seen.promised for life in lives)
    return writes, lives


def test_after_a_power_cut_at_a_write_the_promise_is_kept_or_the_event_told():
    assert len(held(8)[1]) == 8


@pytest.mark.long
def test_after_a_power_cut_at_every_write_the_promise_is_kept_or_the_event_told(evidence):
    writes, lives = held(100)
    assert len(lives) > 60 and {life.cut[0] for life in lives} == writes
    evidence('power cuts at every one of the %d writes of a night with a target, promise neither kept nor told as missed, of %d' % (
        len(writes), len(lives)), 0, 0)
    evidence('of these, told as missed', sum(life.seen.told for life in lives))
