"""Power cuts in the middle of ordinary days: the answers given to the owner stay true, whatever is left in flash."""

import threading
import time
from collections import namedtuple

import main
import pytest
from app.control.owner_record import OwnerRecord
from sim.boards.flash import KINDS, cuts
from tests.choice import first
from tests.support import power_cuts
from tests.support.days import key_day, random_day, waking_day
from tests.support.power_cuts import alone
from tests.support.expected_box import Verdict

# wrong: what is; pending: commands without an answer at the cut; code: the box then; pulse: its outlet was out of use to wake the car.
Seen = namedtuple('Seen', 'wrong pending code pulse')
# Of the cuts in a day, this many in writes for each that comes after a telegram.
WRITES_EACH = 4


def play(make_day, arguments, count, first=0):
    """Runs after that many cuts in the day make_day(*arguments): in writes of each kind of store, and after telegrams."""
    day = make_day(*arguments)
    recording = power_cuts.record(day.given, day.until_s)
    telegrams = count // (WRITES_EACH + 1)
    take = power_cuts.chosen_telegrams(recording, telegrams, first)
    for kind in KINDS:
        take |= power_cuts.chosen(recording, (count - telegrams) // len(KINDS), (kind,), first)
    return power_cuts.lives(day.given, day.until_s, take, lambda world, life: look(day, world, life), reborn=day.reborn)


def look(day, world, life):
    """Seen at the end of a life."""
    verdict = Verdict(day, world, life)
    code = verdict.code_at_cut()
    locked = any(claim.locked for claim in verdict.before.may_be())
    return Seen(verdict.wrong, len(verdict.before.pending), code, code == 'E0' and not locked)


def wrong(lives):
    """Those in which something was lost, invented, done twice or not done."""
    return [life for life in lives if life.seen.wrong]


def cut_often(days):
    """The lives after that many cuts in each of these days."""
    lives = [life for day in days for life in alone(play, *day)]
    # It must have been a trial: stores of every kind, the box dark too, commands under way, a car charging, locked.
    assert {life.cut[1] for life in lives} == set(KINDS) | {power_cuts.TELEGRAM} and {life.box_too for life in lives} == {True, False}
    assert sum(life.seen.pending > 0 for life in lives) > len(lives) // 4
    assert {life.seen.code for life in lives} >= {'A1', 'B2', 'C2', 'E0'}
    return lives


def test_nothing_is_lost_or_invented_by_a_cut_in_an_hours_work():
    lives = cut_often(((waking_day, (), 25), (key_day, (), 25)))
    assert wrong(lives) == [] and len(lives) >= 45


@pytest.mark.long
def test_nothing_is_lost_or_invented_by_a_cut_in_a_days_work(evidence):
    began = time.perf_counter()
    lives = cut_often(((waking_day, (), 85), (key_day, (), 60), (random_day, (3, 7200), 60)))
    took_s = time.perf_counter() - began
    assert sum(life.seen.pulse for life in lives) >= 1    # a car being woken
    assert len(lives) >= 200
    print('%.0f cuts a second' % (len(lives) / took_s))
    evidence('power cuts after which anything acknowledged was lost, invented, done twice or not done, of %d' % len(lives), len(wrong(lives)), 0)
    assert wrong(lives) == []


class NoJournal:
    """One copy of each record, and what is broken is as if it had never been."""

    lost = again = ()
    writes = writes_total = torn = store_failures = 0

    def __init__(self, store):
        self.get = store.get
        self._put = store.put

    def put(self, name, value, both=False):
        self._put(name, value)

    def reject(self, name):
        """Nobody asks."""


def play_without_the_journal():
    main.Journal = NoJournal
    day = waking_day()
    recording = power_cuts.record(day.given, day.until_s)
    take = {(cut.number, cut.kind, cut.how) for cut in cuts(recording, ('fat',)) if cut.name == 'owner' and cut.how in ('removed', 'empty')}
    return power_cuts.lives(day.given, day.until_s, take, lambda world, life: look(day, world, life), reborn=day.reborn)


@pytest.mark.long
def test_without_the_journal_the_same_cuts_lose_something():
    lives = alone(play_without_the_journal)
    assert len(wrong(lives)) > len(lives) // 4


def play_without(record, model):
    put = OwnerRecord._put
    OwnerRecord._put = lambda memory, name, value, both=False: name == record or put(memory, name, value, both)
    return play(waking_day, (model,), 48)


@pytest.mark.long
@pytest.mark.parametrize('record, model', first([('owner', 'eager'), ('past', 'long_pulse')]))
def test_without_that_record_the_same_cuts_lose_something(record, model):
    assert wrong(alone(play_without, record, model))


def play_one_cut_thrice():
    """(t_s, name) of a write; the life after a cut in it, which saw the records; and what two more saw in a run without others: the timeline."""
    day = key_day()
    recording = power_cuts.record(day.given, 1000)
    life = power_cuts.lives(day.given, 1000, power_cuts.chosen(recording, 1, ('nvs',), first=11), lambda world, life: world.flash.records)[0]
    again = [power_cuts.lives(day.given, 1000, {life.cut}, lambda world, life: world.timeline)[0].seen for _ in range(2)]
    return recording.writes[life.cut[0]][:2], life, again


def test_the_run_with_cuts_in_it_is_the_run_without():
    write, life, (once, again) = alone(play_one_cut_thrice)
    assert (life.t_s, life.name) == tuple(write)
    assert once == again


def play_a_life_that_fails():
    day = key_day()
    recording = power_cuts.record(day.given, 150)
    power_cuts.lives(day.given, 150, power_cuts.chosen(recording, 1), lambda world, life: 1 / 0)


def test_what_goes_wrong_in_a_life_is_told():
    with pytest.raises(AssertionError, match='ZeroDivisionError'):
        alone(play_a_life_that_fails)


def test_a_process_with_threads_forks_no_life():
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        with pytest.raises(RuntimeError, match='threads'):
            play(key_day, (), 2)
    finally:
        over.set()
        thread.join()


@pytest.mark.soak
def test_nothing_is_lost_or_invented_by_any_of_many_cuts(soak_seed, evidence):
    began = time.perf_counter()
    lives = []
    for number in range(8):
        lives += alone(play, random_day, (1000 * (soak_seed + 1) + number,), 500)
    evidence('soak: power cuts after which anything acknowledged was lost, invented, done twice or not done', len(wrong(lives)), 0)
    assert wrong(lives) == []
    evidence('soak: power cuts, each in its own place of a day', len(lives), adds_up=True)
    evidence('soak: power cuts a second', round(len(lives) / (time.perf_counter() - began)))
