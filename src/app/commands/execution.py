"""Execution of one accepted command: its turn, its begin, and the verification by a reading. Pure.

scene: the app.control.controller.Controller, with the state of the box; dispatcher: the Dispatcher, for permissions and claims.
"""

from modbus.charger import FRESH_MS

from app.codec.vocabulary import (
    COMMAND_RESET, COMMAND_UNLOCK, DETAIL_NONE, DETAIL_NO_ANSWER, DETAIL_UNREACHABLE, DONE, EXPIRED, FAILED, OPENING, REFUSED,
)
from app.commands.answer import Answer
from app.commands.specs import COMMAND_SPECS, OVERTAKES, missed, waits_ms
from app.control.reset_sequence import READING_WAIT_MS


class Execution:
    """begun: it is being verified; turn_ms: begin of its turn, None before; car: one was there at that time."""

    __slots__ = ('op', 'entry', 'log', 'args', 'spec', 'turn_ms', 'begun', 'car', '_writes', '_since_ms', '_limit_ms', '_claims')

    def __init__(self, entry, log, args):
        """entry: its command_log.Entry; log: its CommandLog or LegacyCommands; args: of codec.downlink."""
        self.entry = entry
        self.log = log
        self.args = args
        self.op = entry.op
        self.spec = COMMAND_SPECS.get(entry.op)
        self.turn_ms = None
        self.begun = False
        self.car = False
        self._writes = 0             # of the controller at the begin of its turn
        self._since_ms = 0           # begin of the verification
        self._limit_ms = 0
        self._claims = None          # the claims before and after its change; None before it

    @property
    def opens(self):
        """True for an opening command: obeyed at once, whatever waits before it and whatever the airtime."""
        return self.op in OPENING and self.args is not None

    @property
    def is_new(self):
        """True before its turn."""
        return self.turn_ms is None

    @property
    def counts(self):
        """True after it changed the claims."""
        return self.begun or self._claims is not None

    def gives_way(self, other):
        """True if `other` ends it: a start that is still waking the car, or a command that the opening command `other` overrules."""
        return self.begun and self.spec.long or other.opens and self.op in OVERTAKES[other.op]

    def answer(self, result, detail, writes=0):
        """Its Answer. writes: of the controller by now."""
        entry, log = self.entry, self.log
        return Answer(self.op, entry.command_id, result, detail, self.opens, result == DONE and writes > self._writes, entry,
                      lambda: log.answer_sent(entry))

    def resume(self, now_ms, writes):
        """Continue after a power cut: its claim is still there, and is only verified now."""
        self.begun = True
        self._writes = writes
        self.turn_ms = self._since_ms = now_ms
        self._limit_ms = self.spec.limit_ms + READING_WAIT_MS

    def begin_turn(self, scene, now_ms):
        """Begin its turn."""
        self.turn_ms = now_ms
        self.car = scene.has_car
        self._writes = scene.writes

    def step(self, dispatcher, scene, now_ms, utc_s):
        """(result, detail) when it is over, else None."""
        if not self.begun:
            verdict = self._begin(dispatcher, scene, now_ms, utc_s)
            if verdict is not None or not self.begun:
                return verdict
        if self.op == COMMAND_RESET:
            return self._reset_outcome(dispatcher, scene, now_ms)
        if not _is_fresh(scene, now_ms):
            return (FAILED, DETAIL_NO_ANSWER) if now_ms - self._since_ms >= self._limit_ms else None
        if self.spec.done(scene, self):
            return DONE, DETAIL_NONE
        return missed(scene, self.spec, now_ms - self._since_ms, self._limit_ms)

    def _reset_outcome(self, dispatcher, scene, now_ms):
        outcome = scene.reconciler.reset_outcome
        if outcome is not None and outcome[0] == REFUSED:
            dispatcher.take_back(self._claims, now_ms)
        return outcome

    def _begin(self, dispatcher, scene, now_ms, utc_s):
        """Begin, and set begun; else (result, detail), or None to try again."""
        spec = self.spec
        if spec is None:
            return _due(dispatcher, self, now_ms) or dispatcher.device_commands.run(self, now_ms)
        if not _is_fresh(scene, now_ms):
            return (FAILED, DETAIL_UNREACHABLE) if now_ms - self.turn_ms >= READING_WAIT_MS else None
        verdict = spec.guard(scene, self)
        if verdict is not None:
            if self._claims is not None and verdict[0] == REFUSED:
                dispatcher.take_back(self._claims, now_ms)   # refused: nothing has changed
            return verdict
        if self._claims is None:
            verdict = self.change(dispatcher, scene, now_ms, utc_s)
            if self._claims is None:
                return verdict
        self.begun = True
        self._since_ms = now_ms
        self._limit_ms = spec.limit_ms + waits_ms(scene, self.op)
        if self.op == COMMAND_RESET:
            scene.reconciler.reset(now_ms)
        elif self.op == COMMAND_UNLOCK:
            scene.reconciler.unlock()
        return None

    def change(self, dispatcher, scene, now_ms, utc_s):
        """Change the claims. If that is not possible, (result, detail), or None to try again."""
        if dispatcher.is_unsure(self, now_ms):
            return None
        verdict = _due(dispatcher, self, now_ms)
        if verdict is not None:
            return verdict
        self.args, detail = dispatcher.device_commands.resolve(self.op, self.args, utc_s, now_ms)
        if detail:
            return REFUSED, detail
        before = scene.claims.dump()
        dispatcher.claim(self, now_ms)
        self._claims = before, scene.claims.dump()
        return None


def _is_fresh(scene, now_ms):
    reading = scene.box.reading
    return reading is not None and now_ms - reading.at_ms <= FRESH_MS


def _due(dispatcher, work, now_ms):
    """None if it may be executed now, (EXPIRED, none) if it has expired."""
    return None if dispatcher.may_begin(work, now_ms) else (EXPIRED, DETAIL_NONE)
