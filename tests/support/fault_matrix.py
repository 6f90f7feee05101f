"""Faults times states: the declared safe state of each cell, and the time to reach it. tools/docgen/fault_table.py makes docs/faults.md.

Every cell is a separate installation: the state is reached as an owner would reach it, then the fault strikes. What is judged is what box and
bus show, never what the firmware believes.
"""

from random import Random

from sim.evse import box_frames
from tools.docgen.table import cell, table

from tests.support.watched_world import WatchedWorld

# Time from the fault (or, where nothing can be done meanwhile, from its end) to the declared safe state.
LIMIT_S = 60
# After the watchdog bit: read and applied.
BITE_S = 10
READY_S = 60          # joined, and the time is known
SETTLED_S = 120       # commands are done
STEP_S = 80           # a step of a command comes this long after that at the latest
AFTER_S = 150
NEVER_CLEARED = ('F1', 'F2', 'F3', 'F9', 'FA', 'FB')
FAULTY = tuple('F%X' % low for low in range(1, 12))
STATE, ICMAX = 0x0005, 0x0014
RESET = 0x5A5A
LOOK_US = 100_000
# A read is answered in that time, so that what is written after it is written in spite of what it said.
ANSWERED_S = 0.05
# A start goes on after the fault: its pauses and pulses last 10 s, and a reading more.
RUNG_S = 15


class FaultRow:
    """A fault. strike(trial): it begins; lasts_s: it is over then. at_once: the 60 s count from its begin, not from its end.

    holds: a lock or a stop in force stays so meanwhile. bites: the watchdog does, and the time counts from there. said: the box heard others
    too, so that nobody knows what it would have done alone.
    """

    def __init__(self, name, strike, lasts_s=0.0, at_once=True, holds=True, bites=False, said=False):
        self.name = name
        self.strike = strike
        self.lasts_s = lasts_s
        self.at_once = at_once
        self.holds = holds
        self.bites = bites
        self.said = said

    @property
    def limit_s(self):
        return BITE_S if self.bites else LIMIT_S


class Column:
    """A state. name; code: the box's when the fault strikes; safe: a key of SAFE; begin(trial); when: 'settled', or the value of our write
    after which the fault strikes; charger, vehicle: options of the installation."""

    def __init__(self, name, code, safe, begin, when='settled', charger=None, vehicle=None):
        self.name = name
        self.code = code
        self.safe = safe
        self.begin = begin
        self.when = when
        self.charger = charger or {}
        self.vehicle = vehicle or {}


class Trial:
    """One cell being simulated. writes: (s, register, value) of each telegram of the monitor; known_faults: those written into an F state although
    a reading had shown it; code: of the box when the fault struck. alone: there is no monitor at all."""

    def __init__(self, row, column, alone=False):
        self.row = row
        self.column = column
        self.alone = alone
        self.house = WatchedWorld(charger=dict({'panel_frames': False}, **column.charger), vehicle=column.vehicle)
        self.house.expected_resets = None
        self.world = self.house.world
        self.box = self.world.box
        self.writes = []
        self.reads = []           # s of each read request of the monitor
        self.known_faults = []
        self.code = None
        self.struck_s = None
        self.looks = []           # (s, safe) ten times a second since the fault struck
        self._transmit = self.world.line.transmit
        self.world.line.transmit = self._sent
        if alone:
            self.house.do(0, 'monitor_power', on=False)
        column.begin(self)

    def now_s(self):
        return self.world.kernel.now_us / 1e6

    def live(self):
        """Play it out."""
        settled = self.column.when == 'settled'
        if settled:
            self.house.at(SETTLED_S, self._strike)
        self.house.run(SETTLED_S + (0 if settled else STEP_S) + self.row.lasts_s + AFTER_S)
        return self

    def _sent(self, node, data):
        """What leaves our driver; the fault may wait for it."""
        if self.world.board is not None and node is self.world.board.bus:
            if data[3:5] == b'10':
                self._written(int(data[5:9], 16), int(data[-8:-4], 16))
            else:
                self.reads.append(self.now_s())
        return self._transmit(node, data)

    def _written(self, register, value):
        now_s = self.now_s()
        self.writes.append((now_s, register, value))
        if self.box.code in FAULTY:
            since_s = max(entry['t'] for entry in self.world.timeline if entry['kind'] == 'charger_state')
            if any(since_s < t_s < now_s - ANSWERED_S for t_s in self.reads[-3:]) and (self.box.code, value) != ('F4', RESET):
                self.known_faults.append((now_s, register, value, self.box.code))
        if value == self.column.when and self.struck_s is None:
            self.struck_s = now_s
            self.house.at(now_s + 0.5, self._strike)

    def _strike(self):
        self.struck_s = self.now_s()
        self.code = self.box.code
        self.row.strike(self)
        self._look()

    def _look(self):
        self.looks.append((self.now_s(), SAFE[self.column.safe][1](self)))
        self.world.kernel.after(LOOK_US, self._look)

    # --- what became of it

    def from_s(self):
        """Since when the time counts."""
        if self.row.bites:
            return [entry['t'] for entry in self.house.of('reset') if entry['cause'] == 'watchdog'][0]
        return self.struck_s + (0 if self.row.at_once else self.row.lasts_s)

    def written(self):
        """Our writes since the fault struck."""
        return [write for write in self.writes if write[0] > self.struck_s]

    def lapses(self):
        """(begin, end) in s of the times in which it was not safe."""
        found = []
        begin_s = None
        for t_s, safe in self.looks + [(self.looks[-1][0] + 1000, True)]:
            if safe and begin_s is not None:
                found.append((begin_s, t_s))
                begin_s = None
            elif not safe and begin_s is None:
                begin_s = t_s
        return found

    def took_s(self):
        """How long until it was safe for good, from from_s(); 0 where it was so by then, None where it always was. A start that goes
        on may pause and pulse again, each time for RUNG_S at most."""
        lapses = self.lapses()
        if not lapses:
            return None
        from_s = self.from_s()
        if self.column.safe == 'offered':
            lapses = [lapse for lapse in lapses if lapse[0] <= from_s or lapse[1] - lapse[0] > RUNG_S]
        return max([0.0] + [end_s - from_s for _, end_s in lapses])

    def first_read_s(self):
        """When we first read the box after from_s()."""
        return min([t_s for t_s in self.reads if t_s > self.from_s()], default=float('inf'))


# --- the faults


def _power(trial):
    _monitor_off(trial, 20)


def _monitor_off(trial, seconds):
    trial.world.do({'do': 'monitor_power', 'on': False})
    trial.house.do(trial.now_s() + seconds, 'monitor_power', on=True)


def _hang(trial):
    trial.world.do({'do': 'hang_monitor'})


def _hang_and_reset(trial):
    _hang(trial)
    trial.house.at(trial.now_s() + 20, trial.box.reset_soon)


def _cut(trial):
    trial.world.do({'do': 'bus_cut', 'for_s': trial.row.lasts_s})


def _noise(trial):
    trial.world.do({'do': 'bus_noise', 'rate': 0.01, 'for_s': trial.row.lasts_s})


def _mad_master(trial):
    """Reads, writes whatever there is, and rubbish, at all hours of the second."""
    dice = Random('mad')
    end_s = trial.now_s() + trial.row.lasts_s

    def say():
        register, values = dice.choice(((STATE, (0xA1A1, 0xE0E0, RESET)), (ICMAX, (1000, 0x0215, 0x00A6))))
        value = dice.choice(values)
        trial.world.line.inject(dice.choice((
            box_frames.frame(b':', bytes((1, 0x10, 0, register, 0, 1, 2, value >> 8, value & 0xFF))),
            dice.randbytes(40),
            box_frames.frame(b':', bytes((1, 0x03, 0, 0x2E, 0, 5))))))
        if trial.now_s() < end_s:
            trial.world.kernel.after(dice.randrange(20_000, 600_000), say)
    say()


def _radio_dead(trial):
    trial.world.network.device.kill()


def _network_silent(trial):
    trial.world.do({'do': 'gateway_down', 'for_s': trial.row.lasts_s})


def _box_power(trial):
    trial.world.do({'do': 'charger_power', 'on': False})
    trial.house.do(trial.now_s() + trial.row.lasts_s, 'charger_power', on=True)


def _box_reset(trial):
    trial.box.reset_soon()


def _wrong_clock(trial):
    """A time that is wrong by a year from the owner's side, and then a boot from the wall clock that is wrong by ten."""
    trial.world.send({'time': trial.world.utc_s() + 365 * 86400})
    trial.world.do({'do': 'set_monitor_clock', 'offset_s': -3650 * 86400})
    trial.house.at(trial.now_s() + 10, _monitor_off, trial, 5)


def _flash_full(trial):
    trial.world.flash.full = True


def _fault(code):
    def strike(trial):
        trial.box.fault(code)
        trial.house.do(trial.now_s() + trial.row.lasts_s, 'clear_fault')
    return strike


ROWS = [
    FaultRow('monitor without power for 20 s', _power, 20.0, at_once=False),
    FaultRow('loop hangs', _hang, bites=True),
    FaultRow('loop hangs, box is reset meanwhile', _hang_and_reset, bites=True, holds=False),
    FaultRow('RS485 cut for 90 s', _cut, 90.0, at_once=False),
    FaultRow('1 % of the bytes damaged for 120 s', _noise, 120.0),
    FaultRow('second master gone mad for 60 s', _mad_master, 60.0, at_once=False, holds=False, said=True),
    FaultRow('radio dead', _radio_dead),
    FaultRow('network silent for 120 s', _network_silent, 120.0),
    FaultRow('box without power for 20 s', _box_power, 20.0, at_once=False, holds=False),
    FaultRow('box reset by somebody', _box_reset, holds=False),
    FaultRow('clock wrong by a year, then by ten', _wrong_clock, 20.0),
    FaultRow('flash full', _flash_full),
] + [FaultRow('box in %s for 90 s' % code, _fault(code), 90.0, at_once=False, holds=False) for code in FAULTY]


# --- the states


def _without_car(trial):
    pass


def _with_car(trial):
    trial.house.do(20, 'plug')


def _commanded(word):
    def begin(trial):
        _with_car(trial)
        if not trial.alone:
            trial.house.do(READY_S, 'downlink', data={'command': word, 'id': 7})
    return begin


OPEN, CLOSED, FULL = {'key': 'locked'}, {'key': 'unlocked'}, {'model': 'full'}
COLUMNS = [
    Column('A1', 'A1', 'alone', _without_car),
    Column('B1, waits for the key', 'B1', 'alone', _with_car, charger=dict(OPEN, start_after_power_cycle=False)),
    Column('B2, the car wants nothing', 'B2', 'alone', _with_car, charger=CLOSED, vehicle=FULL),
    Column('C2', 'C2', 'alone', _with_car, charger=CLOSED),
    Column('E0, our lock', 'E0', 'locked', _commanded('lock'), charger=CLOSED),
    Column('held by stop', 'B2', 'held', _commanded('stop'), charger=CLOSED),
    Column('amid a lock', 'C2', 'locked', _commanded('lock'), when=1000, charger=CLOSED),
    Column('start, current offered', 'B2', 'offered', _commanded('start'), charger=CLOSED, vehicle=FULL),
    Column('start, amid a pulse', 'E0', 'offered', _commanded('start'), when=0xE0E0, charger=CLOSED, vehicle=FULL),
]


# --- what is safe: words for the page, and what box and bus must show


def _left_alone(trial):
    return not trial.written()


def _is_locked(trial):
    return not trial.box.contactor and (trial.box.code == 'E0' or trial.box.code in FAULTY)


def _is_held(trial):
    return not trial.box.contactor


def _is_offered(trial):
    return trial.box.code in FAULTY or trial.box.code in ('A1', 'B1', 'B2', 'C2') and not trial.box.limits.paused


SAFE = {
    'alone': ('nothing is asked: the monitor only reads, and the box does what it does alone', _left_alone),
    'locked': ('the contactor is open and the outlet out of use (E0), or the box in a fault, which E0 follows', _is_locked),
    'held': ('the contactor is open', _is_held),
    'offered': ('the outlet is in use and current is offered, or the box in a fault: no pulse and no pause of ours is left behind', _is_offered),
}


def live(column):
    """A Trial for each row, lived; with it its twin without a monitor, where the box is to do what it does alone, else None."""
    lived = []
    for row in ROWS:
        twin = Trial(row, column, alone=True).live() if column.safe == 'alone' and not row.said else None
        lived.append((Trial(row, column).live(), twin))
    return lived


# --- the page

STEPS_S = (10, 30, LIMIT_S)
PAGE = 'docs/faults.md'


def told(trial):
    """A cell of the page."""
    if trial.column.safe == 'alone':
        return 'nothing written' if trial.row.said else 'as alone: %s' % trial.box.code
    took_s = trial.took_s()
    if took_s is None:
        return 'throughout'
    if took_s == 0:
        return 'by then'
    within = [step_s for step_s in STEPS_S if took_s <= step_s]
    return '≤ %d s' % within[0] if within else 'NO: %.0f s' % took_s


def counted_from(row):
    return "the watchdog's bite" if row.bites else 'its begin' if row.at_once else 'its end'


def document(cells):
    """The page as text; cells: {(name of the row, name of the column): text}."""
    lines = ['# Faults, and what is safe in each state', '']
    lines += ['Written by `.venv/bin/python -m tools.docgen.fault_table` from `tests/support/fault_matrix.py`, which lives every cell in a simulated',
              'world; do not edit. `tests/system/test_fault_matrix.py` lives them again and compares.', '']
    lines += ['* **throughout**: it was safe all the time. **by then**: it was again before the time began to count, but for what a start goes on to',
              '  do. **≤ n s**: it was again so long after.']
    lines += ['* The limit is %d s, and %d s after a bite of the watchdog, the box read again included.' % (LIMIT_S, BITE_S)]
    lines += ['* Into a fault nothing is written, in any cell; only F4, with a car that is to charge, is reset after a minute of polling.']
    lines += ['* The driver of the bus is never on for longer than the longest request.', '']
    rows = [[cell(column.name), cell(SAFE[column.safe][0])] for column in COLUMNS]
    lines += table(['State', 'What is safe'], rows) + ['']
    rows = [[cell(row.name), cell(counted_from(row))] + [cells[row.name, column.name] for column in COLUMNS] for row in ROWS]
    lines += table(['Fault', 'Time counts from'] + [cell(column.name) for column in COLUMNS], rows)
    return '\n'.join(lines) + '\n'


def cells_of(text):
    """What document() was given."""
    cells = {}
    rows = [line.strip('| ').split(' | ') for line in text.splitlines() if line.startswith('| ')][-len(ROWS):]
    for row, found in zip(ROWS, rows, strict=True):
        for column, words in zip(COLUMNS, found[2:], strict=True):
            cells[row.name, column.name] = words
    return cells
