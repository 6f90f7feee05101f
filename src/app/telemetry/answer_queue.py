"""Answers on their way to the radio, one frame after the other: those that open before the others, and of too many only the number."""

from lorawan.clock_sync import CLOCK_KEY
from lorawan.outbox import ANSWER, BUSY as BUSY_PRIORITY

from app.codec import status_frames
from app.codec.status_frames import RESULT_PORT
from app.codec.vocabulary import BUSY, OPENING
from app.commands.answer import Answer
from app.commands.command_log import OWN_ANSWERS

ANSWER_KEY = 'answer'
BUSY_KEY = 'busy'

ANSWERS_MAX = 12


class AnswerQueue:
    """put() takes Answers that are on record. waiting: those not sent yet, the next one first."""

    def __init__(self, session, command_log, view):
        """view: the StatusView, whose state an answer tells too."""
        self.waiting = []
        self._session = session
        self._command_log = command_log
        self._view = view
        self._turned_away = Answer(0, None, BUSY)
        self._count = 0              # of other commands, that the frame in flight tells

    @property
    def has_place(self):
        """True while one that was given before may be given again."""
        return len(self.waiting) < ANSWERS_MAX

    def put(self, answer, fits):
        """It waits for the radio. The first of all may be on the air already. fits: there is airtime for one more."""
        waiting = self.waiting
        if answer.opens:
            opened = [other for other in waiting[1:] if other.opens]
            if len(opened) >= (ANSWERS_MAX if fits else OWN_ANSWERS):
                oldest = opened.pop(0)
                waiting.remove(oldest)
                self._command_log.lump(oldest.entry)
            waiting.insert(len(opened) + 1, answer)
        else:
            waiting.append(answer)
        self.send_next()

    def turn_away(self, op, command_id):
        """A command was refused for want of room: `busy` tells the latest, and how many."""
        self._turned_away = Answer(op, command_id, BUSY)

    def send_next(self):
        """Hand the first to the radio. Not all at once, so that those behind can still be counted instead."""
        session = self._session
        outbox = session.outbox
        # Where the day has room for one uplink alone it asks for the time: then what was sent before the power cut is as old as it is, and
        # there is room for answers too. Before it nothing is answered.
        if session.last_uplink_ms is None and (not session.joined or outbox.holds(CLOCK_KEY)):
            return
        if self.waiting and not outbox.holds(ANSWER_KEY):
            outbox.put(ANSWER, ANSWER_KEY, self._make, self._sent, self._others() > 0)

    def send_busy(self):
        """The number of those turned away, where there are any."""
        outbox = self._session.outbox
        if self._command_log.refused and not outbox.holds(BUSY_KEY):
            outbox.put(BUSY_PRIORITY, BUSY_KEY, self._make_busy, self._busy_sent, True)

    def _others(self):
        """How many commands the next answer stands for beside its own."""
        return self._command_log.counted if self.waiting[0].op in OPENING else 0

    def _make(self, limit):
        answer = self.waiting[0]
        # What was done to the box rests on the reading that showed it; all else on the stable state.
        return self._pack(answer, answer.by_reading, self._others(), limit)

    def _make_busy(self, limit):
        return self._pack(self._turned_away, False, self._command_log.refused, limit)

    def _pack(self, answer, by_reading, count, limit):
        self._count = count if limit > status_frames.RESULT_LENGTH else 0
        return RESULT_PORT, status_frames.encode_result(answer, self._view.look(by_reading), limit, self._count)

    def _sent(self, now_ms):
        self.waiting.pop(0).sent()
        self._command_log.told_number(self._count)
        self.send_next()

    def _busy_sent(self, now_ms):
        self._command_log.reported(self._count)
