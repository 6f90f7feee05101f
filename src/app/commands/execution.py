"""One accepted command at work: its turn, its begin, what must be read before it is done. Pure; the actor is its scene."""

from modbus.charger import FRESH_MS

from app.codec.vocabulary import (
    BUSY, COMMAND_RESET, COMMAND_UNLOCK, DETAIL_NONE, DETAIL_NO_ANSWER, DETAIL_UNREACHABLE, DONE, EXPIRED, FAILED, OPENING, REFUSED,
)
from app.commands.command_log import Entry
from app.commands.specs import COMMAND_SPECS, OVERTAKES, missed, waits_ms
from app.control.reset_sequence import READING_WAIT_MS


class Execution:
    """op, command_id, result, detail and acted (something was written for it) are what its answer tells."""

    __slots__ = ('op', 'command_id', 'result', 'detail', 'acted', 'count', 'entry', 'book', 'args', 'deed', 'turn_ms', 'begun', '_since_ms',
                 '_limit_ms', 'before')

    def __init__(self, entry, book, args):
        """entry: its command_log.Entry; book: the CommandLog or LegacyCommands it stands in; args: as codec.downlink read them."""
        self.entry = entry
        self.book = book
        self.args = args
        self.op = entry.op
        self.command_id = entry.command_id
        self.result = entry.result
        self.detail = entry.detail
        self.acted = False
        self.count = 0               # in `busy`: so many commands were refused; else so many older ones that opened have no answer of their own
        self.deed = COMMAND_SPECS.get(entry.op)
        self.turn_ms = None          # its turn came
        self.begun = False
        self._since_ms = 0           # then
        self._limit_ms = 0
        self.before = None           # the claims as they were before its word, and after it; None: it does not count yet

    @property
    def opens(self):
        """True for what is obeyed at once, whatever waits before it and whatever the airtime."""
        return self.op in OPENING and self.args is not None

    def gives_way(self, work):
        """True for a start that is still waking the car when the next command comes, and for what one that opens overrules."""
        return self.begun and self.deed.long or work.opens and self.op in OVERTAKES[work.op]

    def told(self):
        """Its answer is out."""
        self.book.told(self.entry)

    def resume(self, now_ms):
        """It was begun before a power cut: its claim is still there, and only verified now."""
        self.begun = True
        self.turn_ms = self._since_ms = now_ms
        self._limit_ms = self.deed.limit_ms + READING_WAIT_MS

    def step(self, actor, utc_s):
        """(result, detail) when it is over, else None."""
        if self.turn_ms is None:
            self.turn_ms = actor.now_ms
        if not self.begun:
            verdict = self._begin(actor, utc_s)
            if verdict is not None or not self.begun:
                return verdict
        if self.op == COMMAND_RESET:
            return self._reset_outcome(actor)
        if not self._is_fresh(actor):
            return (FAILED, DETAIL_NO_ANSWER) if actor.now_ms - self._since_ms >= self._limit_ms else None
        if self.deed.done(actor):
            return DONE, DETAIL_NONE
        return missed(actor, self.deed, actor.now_ms - self._since_ms, self._limit_ms)

    def _reset_outcome(self, actor):
        outcome = actor.reconciler.reset_outcome
        if outcome is not None and outcome[0] == REFUSED:
            actor.take_back(self.before)
        return outcome

    def _is_fresh(self, actor):
        reading = actor.box.reading
        return reading is not None and actor.now_ms - reading.at_ms <= FRESH_MS

    def _begin(self, actor, utc_s):
        """begun is True once it is to be verified; else (result, detail), or None to be asked again."""
        deed = self.deed
        if deed is None:
            return self._due(actor, utc_s) or actor.others[self.op](self, actor.now_ms)
        if not self._is_fresh(actor):
            return (FAILED, DETAIL_UNREACHABLE) if actor.now_ms - self.turn_ms >= READING_WAIT_MS else None
        verdict = deed.guard(actor)
        if verdict is not None:
            if self.before is not None and verdict[0] == REFUSED:
                actor.take_back(self.before)   # refused: nothing has changed
            return verdict
        if self.before is None:
            verdict = self.change(actor, utc_s)
            if self.before is None:
                return verdict
        self.begun = True
        self._since_ms = actor.now_ms
        self._limit_ms = deed.limit_ms + waits_ms(actor, self.op)
        if self.op == COMMAND_RESET:
            actor.reconciler.reset(actor.now_ms)
        elif self.op == COMMAND_UNLOCK:
            actor.reconciler.unlock()
        return None

    def _due(self, actor, utc_s):
        """None if it may be acted upon now, (EXPIRED, none) if it came too late by now."""
        if actor.may_begin(self, utc_s):
            return None
        return EXPIRED, DETAIL_NONE

    def change(self, actor, utc_s):
        """Its word counts from now on: before is set. Else (result, detail) that it comes to, or None to be asked again."""
        if actor.is_unsure(self, utc_s):
            return None
        verdict = self._due(actor, utc_s)
        if verdict is not None:
            return verdict
        resolve = actor.resolvers.get(self.op)
        if resolve is not None:
            self.args, detail = resolve(self.args, utc_s)
            if detail:
                return REFUSED, detail
        before = actor.claims.dump()
        actor.claim(self)
        self.before = before, actor.claims.dump()
        return None


def turned_away(op, command_id):
    """A command that is answered `busy`."""
    work = Execution(Entry(op, command_id, None, None, 0), None, None)
    work.result = BUSY
    return work
