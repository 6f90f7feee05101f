"""The life of a command: guarded, acted in stages, verified by reading the box, answered once. Pure: no bus, no radio, no clock.

Rules: design decisions in docs/operation.md. One Command object is one command; step() says what to do next.
"""

from modbus import control

from app import words
from app.states import NEVER_CLEARED, is_charging, is_fault

LOCK = words.COMMANDS.index('lock')
UNLOCK = words.COMMANDS.index('unlock')
RESET = words.COMMANDS.index('reset')

DONE, REFUSED, FAILED, EXPIRED, BUSY = range(5)

D_NONE = words.DETAILS.index('none')
D_NO_ANSWER = words.DETAILS.index('no_answer')
D_NOT_CONFIRMED = words.DETAILS.index('not_confirmed')
D_FAULT = words.DETAILS.index('fault')
D_STALE = words.DETAILS.index('stale')
D_LOCKED = words.DETAILS.index('locked')
D_UNREACHABLE = words.DETAILS.index('unreachable')
D_REPEATED = words.DETAILS.index('repeated')
D_SETUP = words.DETAILS.index('setup')
D_WAITS_FOR_KEY = words.DETAILS.index('waits_for_key')

# What step() asks for.
WAIT, WRITE, ANSWER = range(3)

# A decision rests on an answered reading at most this old (design decision); none in READING_WAIT_MS: the box is unreachable.
READING_FRESH_MS = 5000
READING_WAIT_MS = 8000
# An unacknowledged write is tried again only after a reading showed, this soon, that it had no effect.
WRITES_MAX = 3
PROMPT_MS = 2000
# A box that reset is silent for 3 s, then walks to the car's state in 1 s (docs/protocol.md); A1 after that means that the car has left.
WALK_MS = 6000

# Stages: (register, value, is it needed?, is it reached?, time for it, must it be reached?). Predicates take a reading.
_PAUSE = (control.ICMAX, control.DUTY_PAUSE, lambda r: is_charging(r.code), lambda r: not is_charging(r.code), 10000, False)
_STAGES = {
    # The contactor opens without load: the car is asked to stop first, for at most 10 s.
    LOCK: (_PAUSE, (control.STATE, control.JUMP_E0, lambda r: r.code != 0xE0, lambda r: r.code == 0xE0, 10000, True)),
    UNLOCK: ((control.STATE, control.JUMP_A1, lambda r: not is_enabled(r.code), lambda r: is_enabled(r.code), 10000, True),),
    RESET: ((control.STATE, control.RESET, lambda r: True, lambda r: reset_took(r), 15000, True),),
}


def is_enabled(code):
    """True where the outlet serves a car; an unknown code is none of these."""
    return code in (0xA1, 0xB1, 0xB2) or is_charging(code)


def reset_took(reading):
    """True in the states a reset is for: charging, current offered, or ready for a car."""
    if is_charging(reading.code) or reading.code == 0xB2:
        return is_charging(reading.code) or 0 < reading.limit_duty < control.DUTY_PAUSE
    return reading.code == 0xA1 and not reading.ev_connected


def _guard_lock(reading, locked):
    if is_fault(reading.code):
        return FAILED, D_FAULT   # the claim stays and is applied when the fault is gone
    if reading.code in (0xE1, 0xE3):
        return REFUSED, D_SETUP
    return None


def _guard_unlock(reading, locked):
    if is_fault(reading.code):
        return REFUSED, D_FAULT
    if reading.code in (0xE1, 0xE3):
        return REFUSED, D_SETUP
    return None


def _guard_reset(reading, locked):
    if locked or reading.code == 0xE0:
        return REFUSED, D_LOCKED
    if reading.code in NEVER_CLEARED:
        return REFUSED, D_FAULT
    return None


_GUARDS = {LOCK: _guard_lock, UNLOCK: _guard_unlock, RESET: _guard_reset}


class Command:
    """One command on its way. op: index in words.COMMANDS; command_id: 0..255 or None for the original's bytes."""

    def __init__(self, op, command_id, silent=False, repeated=False):
        self.op = op
        self.command_id = command_id
        self.silent = silent         # ours, nobody waits for an answer
        self.repeated = repeated     # an equal one was done and its effect stood when this one came
        self.accepted = False        # its turn has come
        self.car = False             # a car was there then
        self.was_locked = False      # the owner had locked before
        self.acted = False           # something was written for it
        self.result = None           # None while running, then DONE .. BUSY
        self.detail = D_NONE
        self.register = 0            # of the write that step() asks for
        self.value = 0
        self._turn_ms = None         # of the first step()
        self._stage = -1             # -1: not accepted yet
        self._stage_ms = 0           # the stage began
        self._written_ms = 0         # the stage's latest write left
        self._acknowledged = False   # the box confirmed it
        self._writes = 0             # in this stage
        self._waiting = False        # a write is under way, its outcome is not known yet

    def step(self, reading, locked, now_ms):
        """What to do now: WAIT, WRITE (register, value) or ANSWER (result, detail). reading: latest answered one or None."""
        if self._waiting:
            return WAIT
        if self._turn_ms is None:
            self._turn_ms = now_ms
        if reading is None or now_ms - reading.at_ms > READING_FRESH_MS:
            return self._without_reading(now_ms)
        if self._stage < 0:
            verdict = _GUARDS[self.op](reading, locked)
            if verdict is not None:
                return self.answer(verdict[0], verdict[1])
            return self._next_stage(reading, locked, now_ms)
        stage = _STAGES[self.op][self._stage]
        register, value, needed, reached, limit_ms, required = stage
        if reading.at_ms > self._written_ms:
            if not reached(reading):
                if self._may_repeat(reading):
                    return self._write(stage, reading, locked)
            elif not self._walks(reading):
                return self._next_stage(reading, locked, now_ms)
        if now_ms - self._stage_ms < limit_ms:
            return WAIT
        return self._missed(reading) if required else self._next_stage(reading, locked, now_ms)

    def written(self, sent, acknowledged, refused, now_ms):
        """The outcome of the write that step() asked for."""
        self._waiting = False
        if not sent:
            self.answer(FAILED, D_UNREACHABLE)
        elif refused and _STAGES[self.op][self._stage][5]:
            self.answer(FAILED, D_NOT_CONFIRMED)
        else:
            self._written_ms = now_ms
            self._acknowledged = acknowledged or refused
            if refused:
                self._stage_ms = now_ms - _STAGES[self.op][self._stage][4]   # a stage that may fail has: on to the next

    def answer(self, result, detail):
        """End here."""
        self.result = result
        self.detail = detail
        return ANSWER

    def _without_reading(self, now_ms):
        since_ms = self._turn_ms if self._stage < 0 else self._stage_ms
        limit_ms = READING_WAIT_MS if self._stage < 0 else _STAGES[self.op][self._stage][4]
        if now_ms - since_ms >= limit_ms:
            return self.answer(FAILED, D_UNREACHABLE if self._stage < 0 else D_NO_ANSWER)
        return WAIT

    def _next_stage(self, reading, locked, now_ms):
        stages = _STAGES[self.op]
        if self._stage < 0 and self.repeated and stages[-1][3](reading):
            return self.answer(DONE, D_REPEATED)
        self._stage += 1
        while self._stage < len(stages) and not stages[self._stage][2](reading):
            self._stage += 1
        if self._stage == len(stages):
            return self.answer(DONE, D_NONE)
        self._stage_ms = now_ms
        self._writes = 0
        return self._write(stages[self._stage], reading, locked)

    def _write(self, stage, reading, locked):
        # The box may have changed since the command was accepted: what forbids the first write forbids every other.
        verdict = _GUARDS[self.op](reading, locked)
        if verdict is not None:
            return self.answer(FAILED, verdict[1])
        self.register = stage[0]
        self.value = stage[1]
        self._writes += 1
        self._waiting = self.acted = True
        return WRITE

    def _walks(self, reading):
        # On its way from a jump or reset to a connected car the box shows A1 for a moment, without the car.
        return reading.code == 0xA1 and self.car and reading.at_ms - self._written_ms < WALK_MS

    def _may_repeat(self, reading):
        # A box that reset is silent for seconds; one that answers at once, unchanged, did not get the telegram.
        return not self._acknowledged and self._writes < WRITES_MAX and reading.at_ms - self._written_ms < PROMPT_MS

    def _missed(self, reading):
        if is_fault(reading.code):
            return self.answer(FAILED, D_FAULT)
        if reading.code == 0xB1 and self.op == RESET:
            return self.answer(FAILED, D_WAITS_FOR_KEY)
        return self.answer(FAILED, D_NOT_CONFIRMED)
