"""The shell around claims, book and reconciler: downlinks in, writes and answers out. The only one that writes to the box.

A downlink is a command in the book; its turn changes the claims; the reconciler makes the box follow; a reading decides the answer.
"""

from modbus import write_map
from modbus.reading import STATUS

from app.codec import downlink
from app.codec.vocabulary import (
    COMMAND_RESET, COMMAND_START, COMMAND_TIME, DETAIL_POWER_CUT, DETAIL_REPEATED, DETAIL_SUPERSEDED, EXPIRED, FAILED, OPENING, REFUSED,
)
from app.telemetry.answer_queue import ANSWERS_MAX, OWN_ANSWERS, AnswerQueue
from app.commands.command_log import FULL, REPEATED, RUNNING, TOO_LATE, CommandLog
from app.policy.claims import HOLD, LOCK
from app.commands.legacy import LegacyCommands
from app.control.owner_record import OwnerRecord
from app.control.reconciler import Reconciler
from app.evse.poller import Poller
from app.commands.execution import Execution, turned_away

# So long the radio is kept free for the answer to a command that takes longer.
HOLD_MAX_MS = 20000


class Controller:
    """downlink() takes commands, step() brings them and the box on; answer(work) is called once for each delivery that gets one.
    answers: works whose answers wait for the radio, oldest first; turned_away: the latest command that was, to be told with book.refused.

    settings: as config.Settings. plan: None without one, else state(utc_s) -> (inside, until_s, current_da). others: op -> callable(work, now_ms)
    that gives (result, detail) of commands that are not for the box. resolvers: op -> callable(args, utc_s) that gives (args, 0) as the
    claims take them, or (None, detail).
    """

    def __init__(self, charger, session, watch, timekeeper, journal, intent, answer, now_ms):
        self.bad_downlinks = 0
        self.others = {}
        self.resolvers = {}
        self.levels = LegacyCommands()
        self.book = CommandLog()
        self.intent = intent
        self.claims = intent.claims
        self.reconciler = Reconciler()
        self.survey = Poller(charger, watch)
        self.box = self.survey.box
        self.decision = intent.decision
        self.paused = False          # no current is allowed, as far as we know
        self.limit_in_force = False
        self.again = False           # step() has more to do: in the next turn, so that none takes long
        self.last_write_ms = now_ms  # the latest one was over
        self.written_ms = None       # our last jump or reset
        self.car = False             # one was there when the command at work began
        self.now_ms = now_ms
        self.turned_away = turned_away(0, None)
        self._charger = charger
        self._session = session
        self._watch = watch
        self._timekeeper = timekeeper
        self._works = []             # in order of acceptance; the first is at work
        self._writing = False
        self._queue = AnswerQueue(session, self.book, self._works, answer)
        self._over = self._queue.over
        self.answers = self._queue.waiting
        self.say = self._queue.say
        self._memory = OwnerRecord(journal, intent, self.book, self.reconciler, self.box)
        self._load(now_ms)

    # --- for the others

    @property
    def busy(self):
        """True while something is to be done that no reading brings."""
        return self.again or len(self._works) > 0 or len(self._over) > 0 or self.reconciler.busy

    @property
    def has_plan(self):
        """True if there is a plan that would hold a car."""
        return self.intent.has_plan

    def holds_radio(self, now_ms):
        """True while an answer is about to come that tells the state too."""
        if not self._works:
            return len(self._over) > 0
        turn_ms = self._works[0].turn_ms
        return turn_ms is None or now_ms - turn_ms < HOLD_MAX_MS

    # --- what outlives a power cut

    def _load(self, now_ms):
        self._memory.load(now_ms)
        # Neither in E0 nor when it has just started does the box tell of a car; what is said of one was said of one that was there.
        self._watch.car = self.reconciler.past.car or self.claims.of_car and self.claims.had_car
        if self.reconciler.past.pulse:
            self._watch.pulse(now_ms)   # that E0 hides no other car
        self.intent.decide(now_ms, None)
        for entry in self.book.owed():
            self._over.append(Execution(entry, self.book, ()))
        for entry in tuple(self.book.running()):
            self._resume(Execution(entry, self.book, ()), now_ms)

    def recollect(self, mend):
        """See app.control.owner_record. True if the owner is to be told that something was lost."""
        forgot, to_be_told = self._memory.recollect(mend)
        if forgot:
            self._memory.dirty = self._memory.both = True
            self.intent.decide(self.now_ms, None)
        return to_be_told

    def _resume(self, work, now_ms):
        """A command that a power cut interrupted: its claim is still there, a reset is not done twice, what had not begun is gone."""
        self._works.append(work)
        if work.entry.begun and work.deed is not None and work.op != COMMAND_RESET:
            work.resume(now_ms)
        elif work.op in OPENING and not work.entry.begun:
            return   # it has no arguments, and its age is in doubt: obeyed
        else:
            self._finish(work, FAILED, DETAIL_POWER_CUT)

    def _settle(self):
        """Record before deed, and before answer, one of them a turn; False when all is settled."""
        return self._memory.settle(self.now_ms, self._timekeeper.utc_s(self.now_ms), not self._over) or self._queue.say_next()

    # --- commands come in

    def downlink(self, port, payload, now_ms):
        """A downlink from the network, whatever it is."""
        self.book.confirmed = self._timekeeper.confirmed
        told = downlink.read(port, payload)
        if told is None:
            self.bad_downlinks += 1
        elif told.op == COMMAND_TIME:
            self.others[COMMAND_TIME](told, now_ms)
        elif told.issued_at is None:
            verdict, entry = self.levels.deliver(told.op, now_ms, self._session.fresh_ms)
            self._deliver(told, verdict, entry, self.levels, now_ms)
        else:
            verdict, entry = self.book.deliver(told.op, told.command_id, told.issued_at, told.expires_in_s, now_ms,
                                               self._timekeeper.expiry_utc_s(now_ms))
            self._deliver(told, verdict, entry, self.book, now_ms)

    def _deliver(self, told, verdict, entry, book, now_ms):
        if verdict == RUNNING or verdict == REPEATED and entry.owed:
            return   # its answer is on the way
        opens = told.op in OPENING and not told.fault
        fits = opens or self._queue.fits(now_ms)
        if verdict == FULL or not fits and verdict != REPEATED:
            return self._refuse(told)
        if verdict == TOO_LATE and book is self.book:
            book.accept(entry)
            book.finish(entry, EXPIRED, 0)
            self._memory.dirty = True
        work = Execution(entry, book, told.args)
        if verdict == TOO_LATE:
            self._over.append(work)
            return
        if verdict == REPEATED:
            if book is self.levels:
                work.detail = DETAIL_REPEATED
            # Who asks again has missed an answer on a bad way: it is said twice.
            if fits and len(self.answers) < ANSWERS_MAX:
                self._over.extend([work] * (1 + (book is self.book and self._queue.fits(now_ms, 1))))
            return
        if book is self.book:
            self.levels.between()
        book.accept(entry)
        self._works.append(work)
        self._memory.dirty |= book is self.book
        if opens:
            self._put_first(work)
        for other in tuple(self._works):
            if other is not work and other.gives_way(work):
                self._finish(other, FAILED, DETAIL_SUPERSEDED)
        if told.fault:
            self._finish(work, REFUSED, told.fault)
        self._charger.read_soon(now_ms)

    def _put_first(self, work):
        """It overtakes all that does not open; of too many that wait, the oldest is obeyed and has no answer of its own."""
        works = self._works
        works.remove(work)
        opened = [other for other in works if other.opens]
        works.insert(len(opened), work)
        if len(opened) >= OWN_ANSWERS:
            self._open(opened[0], self.now_ms)
            if opened[0] in works:
                self._finish(opened[0], FAILED, DETAIL_SUPERSEDED)

    def _refuse(self, told):
        """No room for it, or none for its answer."""
        self.book.refuse()
        self._memory.dirty |= self.book.record_due()
        self.turned_away = turned_away(told.op, told.command_id)

    def silent(self):
        """A read was not answered: the box may have lost its power, and comes back giving current."""
        if self._charger.failed_address == STATUS:
            self._charger.hurry(self.decision.want in (HOLD, LOCK))

    # --- one step

    def changed(self, code):
        """The stable state is another one."""
        self.levels.changed(code)

    def step(self, now_ms):
        """Bring the command at work on, and the box to what is wanted."""
        self.now_ms = self._queue.now_ms = now_ms
        if self._writing:
            self.again = False
            return
        for work in tuple(self._works):
            self._open(work, now_ms)
        # What begins at once is on record together with its acceptance.
        new = self._memory.record is None and self._works and self._works[0].turn_ms is None
        self.again = not new and self._settle() or self._step(now_ms)

    def _open(self, work, now_ms):
        """What opens counts before anything else."""
        if work.opens and work.before is None and not work.begun:
            over = work.change(self, self._timekeeper.utc_s(now_ms))
            if over is not None:
                self._finish(work, over[0], over[1])

    def _step(self, now_ms):
        """True if there is more to do."""
        reconciler = self.reconciler
        utc_s = self._timekeeper.utc_s(now_ms)
        box = self.survey.look(utc_s, self.decision.want in (HOLD, LOCK), reconciler.flowing)
        if self._memory.is_unsure and self._memory.lock_found(box.reading):
            self._memory.dirty = self._memory.both = True
        if not self.intent.step(now_ms, utc_s, box):
            return True
        if self._works:
            work = self._works[0]
            if work.turn_ms is None:
                self.car = self._watch.car
            over = work.step(self, utc_s)
            if over is not None:
                self._finish(work, over[0], over[1])
        if self._memory.dirty or self.intent.changed:
            return True
        write = reconciler.step(now_ms, box, self.decision)
        if self._charger.urgent is not reconciler.urgent:
            self._charger.hurry(reconciler.urgent)
        if reconciler.past.unsaved:
            self._memory.save_past(now_ms, utc_s)
        if write is not None:
            self._write(write[0], write[1], now_ms)
        elif box.reading is not None:
            limit = reconciler.limit
            self.paused = limit.paused(box, now_ms)
            self.limit_in_force = not limit.differs(limit.duty_for(self.decision.current_da, box), box, False, now_ms) and not limit.stale
        self.survey.ask(reconciler, now_ms)
        return False

    def _write(self, register, value, now_ms):
        if self.reconciler.own_pulse:
            self._watch.pulse(now_ms)
            self.intent.key.restarted(now_ms)
            self.written_ms = now_ms
        elif value == write_map.JUMP_E0 and self.decision.want == LOCK:
            self._watch.no_pulse()
        if self._works:
            self._works[0].acted = True
        self._writing = True
        self._charger.write(register, value, now_ms)

    def written(self, now_ms):
        """A write is over."""
        self._writing = False
        self.last_write_ms = now_ms
        if self.reconciler.own_pulse:
            self.written_ms = now_ms
        self.reconciler.written(self._charger.outcome, now_ms)

    # --- for the command at work

    def is_unsure(self, work, utc_s):
        """True while nobody knows how old it is."""
        return work.book is self.book and self.book.unsure(work.entry, self.now_ms, self._timekeeper.expiry_utc_s(self.now_ms))

    def may_begin(self, work, utc_s):
        """True, once, if it is not too late for it; what is acted upon is on record first."""
        self._memory.dirty = True
        self.book.confirmed = self._timekeeper.confirmed
        return work.book is not self.book or self.book.begin(work.entry, self.now_ms, self._timekeeper.expiry_utc_s(self.now_ms))

    def claim(self, work):
        """Its word changes what is wanted."""
        work.deed.change(self.claims, work.args, self.has_plan)
        self._memory.both |= work.book is not self.book
        self._changed_claims()

    def take_back(self, records):
        """It was refused: its word counts no more. records: of the claims before and after it."""
        self.claims.take_back(records[0], records[1])
        self._changed_claims()

    def _changed_claims(self):
        self._memory.dirty = True
        self.limit_in_force = False   # another one may be wanted now
        self.intent.decide(self.now_ms, self._timekeeper.utc_s(self.now_ms))

    def _finish(self, work, result, detail):
        """Its one answer."""
        self._works.remove(work)
        if work.op == COMMAND_RESET:
            self.reconciler.no_reset()
        work.result = result
        work.detail = detail
        if work.op == COMMAND_START and self.claims.attempt:
            self.claims.attempt_over()
            self._changed_claims()
        if work.book is self.book:
            self.book.finish(work.entry, result, detail)
            self._memory.dirty = True
        else:
            self.levels.finish(work.entry, result, detail, self.now_ms)
        self._over.append(work)
