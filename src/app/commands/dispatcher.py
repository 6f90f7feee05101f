"""The dispatcher: takes commands from the downlink to the answer; each is recorded, executed in turn, verified by a reading and answered once.

A request becomes an entry of the log; its turn changes the claims; the controller makes the box follow; a reading decides the answer.
"""

from app.codec import downlink
from app.codec.vocabulary import (
    COMMAND_RESET, COMMAND_START, COMMAND_TIME, DETAIL_POWER_CUT, DETAIL_REPEATED, DETAIL_SUPERSEDED, EXPIRED, FAILED, OPENING, REFUSED,
)
from app.commands.command_log import FULL, OWN_ANSWERS, REPEATED, RUNNING, TOO_LATE
from app.commands.execution import Execution
from app.commands.legacy import LegacyCommands
from app.control.controller import TICK_MS

# The radio is kept free this long for the answer to a command that takes longer.
HOLD_MAX_MS = 20000


class Dispatcher:
    """downlink() takes requests, step() executes them. bad_downlinks: number of invalid ones."""

    def __init__(self, charger, session, timekeeper, controller, owner_record, command_log, answers, device_commands, log_lines, now_ms):
        """answers: app.telemetry.answer_queue.AnswerQueue; log_lines: app.telemetry.log_lines.LogLines."""
        self.bad_downlinks = 0
        self.command_log = command_log
        self.legacy = LegacyCommands()
        self.device_commands = device_commands
        self._charger = charger
        self._session = session
        self._timekeeper = timekeeper
        self._controller = controller
        self._claims = controller.claims
        self._owner_record = owner_record
        self._answers = answers
        self._log_lines = log_lines
        self._works = []             # Executions in order of acceptance; the first is active
        self._over = []              # Answers that are not on record yet
        for entry in command_log.owed():
            self._over.append(Execution(entry, command_log, ()).answer(entry.result, entry.detail))
        for entry in tuple(command_log.running()):
            self._resume(Execution(entry, command_log, ()), now_ms)

    def _resume(self, work, now_ms):
        """Resume a command after a power cut: its claim is still there, a reset is not done twice, one that had not begun fails."""
        self._works.append(work)
        if work.entry.begun and work.spec is not None and work.op != COMMAND_RESET:
            work.resume(now_ms, self._controller.writes)
        elif work.op in OPENING and not work.entry.begun:
            return   # it has no arguments, and its age is unknown: obeyed
        else:
            self._finish(work, FAILED, DETAIL_POWER_CUT, now_ms)

    @property
    def busy(self):
        """True while a command or an answer is pending."""
        return len(self._works) > 0 or len(self._over) > 0

    def holds_radio(self, now_ms):
        """True while the radio is kept free for an answer, which has the state too."""
        if not self._works:
            return len(self._over) > 0
        turn_ms = self._works[0].turn_ms
        return turn_ms is None or now_ms - turn_ms < HOLD_MAX_MS

    # --- requests

    def downlink(self, port, payload, now_ms):
        """A downlink from the network, valid or not."""
        log = self.command_log
        log.trust_time(self._timekeeper.confirmed)
        request = downlink.read(port, payload)
        self._log_lines.request(*(None, None) if request is None else (request.op, request.command_id))
        if request is None:
            self.bad_downlinks += 1
        elif request.op == COMMAND_TIME:
            self.device_commands.run(request, now_ms)
        elif request.issued_at is None:
            verdict, entry = self.legacy.deliver(request.op, now_ms, self._session.fresh_ms)
            self._deliver(request, verdict, entry, self.legacy, now_ms)
        else:
            verdict, entry = log.deliver(request.op, request.command_id, request.issued_at, request.expires_in_s, now_ms,
                                         self._timekeeper.expiry_utc_s(now_ms))
            self._deliver(request, verdict, entry, log, now_ms)

    def _fits(self, now_ms, more=0):
        """True while the airtime has room for one more answer, and `more` others, beside all pending ones."""
        return self._session.accepts(now_ms, len(self._works) + len(self._over) + len(self._answers.waiting) + more)

    def _deliver(self, request, verdict, entry, log, now_ms):
        if verdict == RUNNING or verdict == REPEATED and entry.owed:
            return   # its answer is on the way
        opens = request.op in OPENING and not request.fault
        fits = opens or self._fits(now_ms)
        if verdict == FULL or not fits and verdict != REPEATED:
            return self._refuse(request)
        work = Execution(entry, log, request.args)
        if verdict == TOO_LATE:
            self._answer_late(work)
        elif verdict == REPEATED:
            # A repeated command means that its answer was lost on a bad link: it is sent twice.
            if fits and self._answers.has_place:
                answer = work.answer(entry.result, DETAIL_REPEATED if log is self.legacy else entry.detail)
                self._over.extend([answer] * (1 + (log is not self.legacy and self._fits(now_ms, 1))))
        else:
            self._accept(work, request.fault, now_ms)

    def _answer_late(self, work):
        """Answer an expired command."""
        entry = work.entry
        if work.log is self.command_log:
            self.command_log.accept(entry)
            self.command_log.finish(entry, EXPIRED, 0)
            self._owner_record.change()
        self._over.append(work.answer(entry.result, entry.detail))

    def _accept(self, work, fault, now_ms):
        """Accept a command, for its one answer."""
        if work.log is self.command_log:
            self.legacy.between()
            self._owner_record.change()
        work.log.accept(work.entry)
        self._works.append(work)
        if work.opens and not fault:
            self._put_first(work, now_ms)
        for other in tuple(self._works):
            if other is not work and other.gives_way(work):
                self._finish(other, FAILED, DETAIL_SUPERSEDED, now_ms)
        if fault:
            self._finish(work, REFUSED, fault, now_ms)
        self._charger.read_soon(now_ms)

    def _put_first(self, work, now_ms):
        """Move an opening command before all others; of too many, the oldest is obeyed and has no answer of its own."""
        works = self._works
        works.remove(work)
        opened = [other for other in works if other.opens]
        works.insert(len(opened), work)
        if len(opened) >= OWN_ANSWERS:
            self._open(opened[0], now_ms)
            if opened[0] in works:
                self._finish(opened[0], FAILED, DETAIL_SUPERSEDED, now_ms)

    def _refuse(self, request):
        """Refuse a command without room for it, or for its answer."""
        self.command_log.refuse()
        if self.command_log.record_due():
            self._owner_record.change()
        self._answers.turn_away(request.op, request.command_id)

    def changed(self, code):
        """The stable state of the box has changed."""
        self.legacy.changed(code)

    # --- one step

    def step(self, now_ms):
        """One action: a record, an answer, or the active command; returns the time of the next call, None for none."""
        if self._controller.is_writing:
            return None   # until the write is answered
        for work in tuple(self._works):
            self._open(work, now_ms)
        # A command that begins immediately is recorded together with its acceptance.
        begins = self._works and self._works[0].is_new and not self._owner_record.is_begun
        if begins:
            self._bring_on(self._works[0], now_ms)
        elif not self._owner_record.settle(now_ms, self._timekeeper.utc_s(now_ms)):
            answer = self._next_answer()
            if answer is not None:
                self._send_answer(answer, now_ms)
            elif self._works:
                self._bring_on(self._works[0], now_ms)
        if self._owner_record.is_due or self._next_answer() is not None:
            return now_ms
        return now_ms + TICK_MS if self.busy else None

    def _next_answer(self):
        """The next answer to send, or None: those to opening commands first, and no other while an opening command is active."""
        for answer in self._over:
            if answer.opens:
                return answer
        return self._over[0] if self._over and not (self._works and self._works[0].opens) else None

    def _send_answer(self, answer, now_ms):
        """Queue an answer that is on record."""
        self._over.remove(answer)
        self._log_lines.answer(answer)
        self._answers.put(answer, self._fits(now_ms))
        self.device_commands.answered(answer)

    def _open(self, work, now_ms):
        """The claim of an opening command has effect before its turn."""
        if work.opens and not work.counts:
            over = work.change(self, self._controller, now_ms, self._timekeeper.utc_s(now_ms))
            if over is not None:
                self._finish(work, over[0], over[1], now_ms)

    def _bring_on(self, work, now_ms):
        if work.is_new:
            work.begin_turn(self._controller, now_ms)
        over = work.step(self, self._controller, now_ms, self._timekeeper.utc_s(now_ms))
        if over is not None:
            self._finish(work, over[0], over[1], now_ms)

    # --- for the active command

    def is_unsure(self, work, now_ms):
        """True while its age is unknown."""
        return work.log is self.command_log and self.command_log.unsure(work.entry, now_ms, self._timekeeper.expiry_utc_s(now_ms))

    def may_begin(self, work, now_ms):
        """True, once, if it has not expired; it is recorded before its action."""
        log = self.command_log
        self._owner_record.change()
        log.trust_time(self._timekeeper.confirmed)
        return work.log is not log or log.begin(work.entry, now_ms, self._timekeeper.expiry_utc_s(now_ms))

    def claim(self, work, now_ms):
        """Change the claims by the command, and decide again."""
        work.spec.change(self._claims, work.args, self._controller.has_plan)
        self._owner_record.change(work.log is not self.command_log)
        self._controller.decide(now_ms)

    def take_back(self, records, now_ms):
        """Undo the claim of a refused command. records: of the claims before and after it."""
        self._claims.take_back(records[0], records[1])
        self._controller.decide(now_ms)

    def _finish(self, work, result, detail, now_ms):
        """End a command with its one answer."""
        self._works.remove(work)
        if work.op == COMMAND_RESET:
            self._controller.reconciler.reset_sequence.cancel()
        if work.op == COMMAND_START and self._claims.attempt:
            self._claims.attempt_over()
            self._controller.decide(now_ms)
        if work.log is self.command_log:
            self._owner_record.change()
        work.log.finish(work.entry, result, detail, now_ms)
        self._over.append(work.answer(result, detail, self._controller.writes))
