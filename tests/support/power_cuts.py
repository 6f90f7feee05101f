"""Power cuts in the middle of a run: the process forks at a write, and the child continues in the world without power.

A world cannot be copied, but a process can, exactly and in milliseconds: its child finds the flash as the cut leaves it, boots after
the time without power, lives for a while and tells through a pipe what became of it. The parent's run goes on undisturbed, so one
run serves any number of cuts in it. What the scenario had in store for later does not happen to the child: it is left in peace.

A process with threads must not fork: the child has none of them, but every lock that one of them held. The test runner has threads,
so who plays cuts does it in a process that has none: alone().
"""

import gc
import multiprocessing
import os
import pickle
import sys
import traceback
import warnings
import zlib
from concurrent.futures import ProcessPoolExecutor

from sim import scenario
from sim.boards.flash import KINDS, Recording, cuts, remains, with_value
from sim.boards.simulated_board import MonitorStopped
from sim.world import SECOND_US, World

LIFE_S = 600
# A cut may come after a telegram to the box, too: seconds after it.
TELEGRAM = 'telegram'
DELAYS_S = (0.02, 0.5, 2, 4)


def alone(work, *arguments):
    """What work(*arguments) returns or raises, in a new process without threads. work: a function of a module."""
    spawn = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(1, spawn, warnings.simplefilter, ('error',)) as pool:
        return pool.submit(work, *arguments).result()


class Record(Recording):
    """The writes of a run, and the number of telegrams that changed the box."""

    def __init__(self, world):
        super().__init__(world.flash, world.kernel)
        self._timeline = world.timeline

    @property
    def telegrams(self):
        return sum(entry['kind'] == 'bus_write' for entry in self._timeline)


def record(given, until_s):
    """The writes of that scenario, as a Record."""
    world = World(scenario.complete(dict(given, duration_s=until_s)))
    recording = Record(world)
    world.run(until_s)
    return recording


def chosen(recording, count, kinds=tuple(KINDS), first=0):
    """Count of all cuts of the recording, evenly spread, as {(number of the write, kind, how)}: all of them if they are fewer.

    first shifts the choice.
    """
    everything = [(cut.number, cut.kind, cut.how) for cut in cuts(recording, kinds)]
    return _spread(everything, count, first)


def chosen_telegrams(recording, count, first=0):
    """The same for cuts after telegrams: {(number of the telegram, TELEGRAM, seconds later)}."""
    return _spread([(number, TELEGRAM, delay_s) for number in range(recording.telegrams) for delay_s in DELAYS_S], count, first)


def _spread(everything, count, first):
    return {everything[(first + index * len(everything) // count) % len(everything)] for index in range(count)}


class LifeAfterCut:
    """A cut and what came after it. cut: (number, kind, how); t_s: when; off_s: how long without power; box_too: the wallbox had none either.

    name: the record that was being written, None for a cut after a telegram. seen: what look(world, life) said at the end.
    """

    def __init__(self, cut, name, t_s):
        draw = zlib.crc32(repr(cut).encode())
        self.cut = cut
        self.name = name
        self.t_s = t_s
        self.off_s = (1, 5, 20, 90, 1500)[draw % 5]
        self.box_too = draw // 5 % 2 == 1
        self.seen = None

    def __repr__(self):
        off = '%d s off%s' % (self.off_s, ', box too' if self.box_too else '')
        return '<cut %s of %s at %.3f s, %s: %r>' % (self.cut, self.name, self.t_s, off, self.seen)


class Reaper:
    """Plays cuts in one run of a scenario. look(world, life) is called in the child at the end of its life; its answer is pickled.

    reborn: None, or called with (world, life) in the child as the power returns, to say what happens to it then.
    """

    def __init__(self, given, until_s, take, look, life_s=LIFE_S, reborn=None):
        self.lives = []
        self._take = take
        self._look = look
        self._reborn = reborn
        self._life_s = life_s
        self._writes = 0
        self._telegrams = 0
        self._life = None     # in the child: the one it lives
        self._pipe = None
        self._trouble = None
        self._until_s = until_s
        # The process that runs longest ends the run: even a child of the last second.
        whole = scenario.complete(dict(given, duration_s=until_s))
        self.world = World(dict(whole, events=[]), on_record=self._on_record)
        self.world.flash.on_put = self._on_put
        for event in whole['events']:
            self.world.kernel.at(int(event['t'] * SECOND_US), self._happen, event)

    def run(self):
        """Every life, in the order of its cut."""
        if len(sys._current_frames()) > 1:
            raise RuntimeError('this process has threads, and must not fork: play cuts alone()')
        self.world.kernel.at(int(self._until_s * SECOND_US), self._end)
        try:
            self.world.run()
        except BaseException:
            if self._life is not None:
                self._tell(None, traceback.format_exc())
            raise
        if self._trouble:
            raise AssertionError(self._trouble)
        return self.lives

    def _end(self):
        if self._life is None:
            self.world.end()

    def _on_put(self, name, old, new):
        number = self._writes
        self._writes += 1
        for kind in KINDS:
            for how, value in remains(kind, old, new):
                if (number, kind, how) in self._take:
                    self._cut(LifeAfterCut((number, kind, how), name, self.world.kernel.now_us / SECOND_US), value)

    def _on_record(self, entry):
        if entry['kind'] != 'bus_write' or self._life is not None:
            return
        number = self._telegrams
        self._telegrams += 1
        for delay_s in DELAYS_S:
            if (number, TELEGRAM, delay_s) in self._take:
                self.world.kernel.after(int(delay_s * SECOND_US), self._cut_later, (number, TELEGRAM, delay_s))

    def _cut_later(self, cut):
        if self._life is None:
            self._cut(LifeAfterCut(cut, None, self.world.kernel.now_us / SECOND_US))

    def _happen(self, event):
        if self._life is None:
            self.world.do(event)

    def _cut(self, life, value=None):
        gc.freeze()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            self._live(life, writer, value)
            return
        os.close(writer)
        with os.fdopen(reader, 'rb') as pipe:
            told = pipe.read()
        os.waitpid(child, 0)
        seen, trouble = pickle.loads(told) if told else (None, 'it died without a word')
        if trouble:
            # The firmware is on the way out, and would take an ordinary exception for its own.
            self._trouble = '%r: %s' % (life, trouble)
            self.world.end()
            raise MonitorStopped('stop')
        life.seen = seen
        self.lives.append(life)

    def _live(self, life, pipe, value):
        """The child: power off now, on later, the end after that."""
        world = self.world
        self._life = life
        self._pipe = pipe
        world.flash.on_put = None
        at_us = world.kernel.now_us
        if life.box_too:
            world.do({'do': 'charger_power', 'on': False})
        world.kernel.at(at_us + life.off_s * SECOND_US, self._power)
        world.kernel.at(at_us + (life.off_s + self._life_s) * SECOND_US, self._finish)
        if life.name is None:
            world.do({'do': 'monitor_power', 'on': False})
            return
        world.flash.records = with_value(world.flash.records, life.name, value)
        world.powered = False
        raise MonitorStopped('power')

    def _power(self):
        self.world.do({'do': 'charger_power', 'on': True})
        self.world.do({'do': 'monitor_power', 'on': True})
        if self._reborn is not None:
            self._reborn(self.world, self._life)

    def _finish(self):
        """The end of a life, while the firmware still runs."""
        self.world.box.settle()
        try:
            seen, trouble = self._look(self.world, self._life), None
        except BaseException:
            seen, trouble = None, traceback.format_exc()
        self._tell(seen, trouble)

    def _tell(self, seen, trouble):
        with os.fdopen(self._pipe, 'wb') as pipe:
            pickle.dump((seen, trouble), pipe)
        # Not the way out of Python: the test runner's clean-up belongs to the parent.
        os._exit(0)


def lives(given, until_s, take, look, life_s=LIFE_S, reborn=None):
    """Play the cuts in take (see chosen()) in that scenario; returns a Life for each."""
    return Reaper(given, until_s, take, look, life_s, reborn).run()
