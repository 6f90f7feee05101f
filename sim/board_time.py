"""How long the firmware's functions would take on a board: bytecodes executed, times what one costs there.

An account of CPython's bytecodes, which are much the same as MicroPython's for this language; what the simulator itself executes is not
the firmware's. Virtual time does not know of it: it is a figure, so that a simulated night is the same with and without.
"""

import dis
import os
import statistics
import sys

from sim import flash
from sim.hal import SimStore

# What is assumed of a board: 2 us a bytecode on average, calls and what they allocate included, as of an ESP32 at 160 MHz (one of 240 MHz
# is said to run some 1400 pystones of about 500 bytecodes each in a second). A call, which makes a frame or does the work of a built-in, takes
# most of that: one bytecode in ten is a call.
BYTECODE_NS = 1200
CALL_NS = 9000
# A collection of the heap, by board: of an RP2040's 187 KB as measured on an emulated one; of an ESP32's some 200 KB likewise; a LoPy4's heap is
# 2.5 MB of slower memory, in which what is in use is as much and the rest is swept: assumed.
COLLECTION_US = {'lopy4': 100000, 'esp32': 28000, 'rp2': 28000}
# A turn of the loop.
TURN = 'monitor.Monitor.poll'

# What CPython has beside MicroPython's.
_FREE = ('CACHE', 'RESUME', 'PRECALL', 'PUSH_NULL', 'NOP', 'KW_NAMES', 'EXTENDED_ARG', 'COPY_FREE_VARS', 'MAKE_CELL')
_CALLS = ('CALL', 'CALL_FUNCTION_EX')
_COST_NS = [0 if dis.opname[code] in _FREE else CALL_NS if dis.opname[code] in _CALLS else BYTECODE_NS for code in range(256)]


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
        self._spent_ns = 0
        self._begun = []        # what was spent when each running function began, the innermost last
        self._codes = {}        # code: (bytes, name), or None for code of others
        self._before = None
        self._within = within
        self._inside = within is None

    def __enter__(self):
        self._before = sys.gettrace()
        sys.settrace(self._call)
        return self

    def __exit__(self, *error):
        sys.settrace(self._before)

    def usual_us(self, name):
        """The median of a function's calls."""
        return statistics.median_low(self._all[name])

    def _known(self, code):
        if not os.path.abspath(code.co_filename).startswith(self._folder):
            return None
        module = os.path.basename(code.co_filename).removesuffix('.py')
        return code.co_code, '%s.%s' % (module, code.co_qualname)

    def _call(self, frame, event, argument):
        code = frame.f_code
        if code not in self._codes:
            self._codes[code] = self._known(code)
        known = self._codes[code]
        if known is None:
            if code is SimStore.put.__code__:
                self._put(frame.f_locals['name'], len(frame.f_locals['value']))
            return None
        if known[1] == TURN:
            self._turn = []
        frame.f_trace_lines = False
        frame.f_trace_opcodes = True
        self._begun.append(self._spent_ns)
        self._inside = self._inside or known[1] == self._within
        return self._step

    def _put(self, name, length):
        usual_us = self._usual_us(length)
        self._spent_ns += usual_us * 1000
        self._turn.append((usual_us, {board: store.put_us(name, length)[0] for board, store in self._stores.items()}))

    def _end_turn(self, took_us):
        code_us = took_us - sum(usual_us for usual_us, _ in self._turn)
        self.records = max(self.records, len(self._turn))
        for board in self.turns:
            all_us = code_us + sum(boards[board] for _, boards in self._turn) + COLLECTION_US[board]
            self.turns[board] = max(self.turns[board], all_us)

    def _step(self, frame, event, argument):
        if event == 'opcode':
            self._spent_ns += _COST_NS[self._codes[frame.f_code][0][frame.f_lasti]]
        elif event == 'return':
            took_us = (self._spent_ns - self._begun.pop()) // 1000
            name = self._codes[frame.f_code][1]
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
