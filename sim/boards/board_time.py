"""Estimates the run time of the firmware's functions on a board: MicroPython's bytecodes executed, times the cost of each.

What the simulator itself executes is not the firmware's. Virtual time does not know of it: it is a figure, so that a simulated night is
the same with and without.
"""

import builtins
import gc
import inspect
import os
import statistics
import sys
import types

from sim.boards import board_cost, flash
from sim.boards.simulated_board import SimStore

# A collection of the heap, by board: of an RP2040's 187 KB as measured on an emulated one; of an ESP32's some 200 KB likewise; a LoPy4's heap is
# 2.5 MB of slower memory, with as much in use and the rest swept: assumed.
COLLECTION_US = {'lopy4': 100000, 'esp32': 28000, 'rp2': 28000}
# A turn of the loop.
TURN = 'application.Application.poll'

# Parts of the function that they stand in: some CPythons make functions of them, some do not.
_PARTS = ('<listcomp>', '<setcomp>', '<dictcomp>')


class BoardTime:
    """`with BoardTime(folder) as account:` keeps account of every function whose source lies in folder.

    within: only of what that function calls, as 'main.loop'. worst: {'module.function': the most microseconds that one call of it took,
    all that it called included}, a record of a LoPy4 as usual among it. turns: {board: the most microseconds that a turn of the loop takes
    there, with its records as they come and one collection}. records: the most that a turn wrote.
    """

    def __init__(self, folder, within=None):
        self.worst = {}
        self.turns = dict.fromkeys(flash.TIMES, 0)
        self.records = 0
        self._stores = {board: times() for board, times in flash.TIMES.items()}
        self._usual_us = flash.NvsTimes().usual_us
        self._turn = []         # what each board needed for the records of the turn under way, and a LoPy4 as usual
        self._all = {}          # {name: what each call took}
        self._folder = os.path.join(os.path.abspath(folder), '')
        self._begun = []        # what was spent when each running function began, the innermost last
        self._names = {}        # code: the function's name, or None for code of others
        self._plain = {}        # code that adds what it costs: the code that it stands for
        self._missed = set()    # functions of the firmware without an account: their module was imported later
        self._before = None
        self._within = within
        self._inside = within is None

    def __enter__(self):
        vars(builtins).update(board_cost.BUILTINS)
        functions = self._functions()
        costed = {}
        for path in {function.__code__.co_filename for function in functions}:
            costed[path] = board_cost.codes(path)
            self._plain.update({written: plain for plain, written in costed[path].items()})
        for function in functions:
            plain = function.__code__
            function.__code__ = costed[plain.co_filename][plain]
            self._plain[function.__code__] = plain
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *error):
        sys.settrace(self._before)
        for function in self._functions():
            function.__code__ = self._plain.get(function.__code__, function.__code__)
        for name in board_cost.BUILTINS:
            delattr(builtins, name)
        if self._missed and error[0] is None:
            raise RuntimeError('imported too late for the account: %s' % ', '.join(sorted(self._missed)))

    def _functions(self):
        return [thing for thing in gc.get_objects() if type(thing) is types.FunctionType and self._ours(thing.__code__)]

    def _ours(self, code):
        return os.path.abspath(code.co_filename).startswith(self._folder)

    def usual_us(self, name):
        """The median of a function's calls."""
        return statistics.median_low(self._all[name])

    def _name(self, code):
        if not self._ours(code) or code.co_name in _PARTS:
            return None
        name = '%s.%s' % (os.path.basename(code.co_filename).removesuffix('.py'), code.co_qualname)
        if code not in self._plain and code.co_flags & inspect.CO_OPTIMIZED:
            self._missed.add(name)
        return name

    def _call(self, frame, event, argument):
        code = frame.f_code
        if code not in self._names:
            self._names[code] = self._name(code)
        name = self._names[code]
        if name is None:
            if code is SimStore.put.__code__:
                self._put(frame.f_locals['name'], len(frame.f_locals['value']))
            return None
        if name == TURN:
            self._turn = []
        frame.f_trace_lines = False
        self._begun.append(board_cost.SPENT_NS[0])
        self._inside = self._inside or name == self._within
        return self._step

    def _put(self, name, length):
        usual_us = self._usual_us(length)
        board_cost.SPENT_NS[0] += usual_us * 1000
        self._turn.append((usual_us, {board: store.put_us(name, length)[0] for board, store in self._stores.items()}))

    def _end_turn(self, took_us):
        code_us = took_us - sum(usual_us for usual_us, _ in self._turn)
        self.records = max(self.records, len(self._turn))
        for board in self.turns:
            all_us = code_us + sum(boards[board] for _, boards in self._turn) + COLLECTION_US[board]
            self.turns[board] = max(self.turns[board], all_us)

    def _step(self, frame, event, argument):
        if event == 'return':
            took_us = (board_cost.SPENT_NS[0] - self._begun.pop()) // 1000
            name = self._names[frame.f_code]
            if name == self._within:
                self._inside = False
            if not self._inside:
                return self._step
            if name == TURN:
                self._end_turn(took_us)
            if took_us > self.worst.get(name, -1):
                self.worst[name] = took_us
            self._all.setdefault(name, []).append(took_us)
        return self._step
