"""The queue of answers to be sent, one frame at a time: answers to opening commands first, and of too many only the number."""

from lorawan.clock_sync import CLOCK_KEY
from lorawan.outbox import ANSWER, BUSY as BUSY_PRIORITY

from app.codec import status_frames
from app.codec.status_frames import RESULT_PORT
from app.codec.vocabulary import BUSY, COMMAND_TARGET, DONE, OPENING
from app.commands.answer import Answer
from app.commands.command_log import OWN_ANSWERS

ANSWER_KEY = 'answer'
BUSY_KEY = 'busy'

ANSWERS_MAX = 12


class AnswerQueue:
    """put() takes Answers that are on record. waiting: answers not sent yet, the next one first."""

    def __init__(self, session, command_log, view):
        """view: the StatusView, for the state in an answer."""
        self.waiting = []
        self._session = session
        self._command_log = command_log
        self._view = view
        self._turned_away = Answer(0, None, BUSY)
        self._count = 0              # of other commands, in the frame being sent

    @property
    def has_place(self):
        """True while there is room to repeat an answer."""
        return len(self.waiting) < ANSWERS_MAX

    def put(self, answer, fits):
        """Queue an answer. The first of the queue may be on the air already. fits: there is airtime for one more."""
        waiting = self.waiting
        if answer.opens:
            opened = [other for other in waiting[1:] if other.opens]
            if len(opened) >= (ANSWERS_MAX if fits else OWN_ANSWERS):
                oldest = opened.pop(0)
                waiting.remove(oldest)
                self._command_log.drop_answer(oldest.entry)
            waiting.insert(len(opened) + 1, answer)
        else:
            waiting.append(answer)
        self.send_next()

    def turn_away(self, op, command_id):
        """Note a refused command: `busy` has the latest, and their number."""
        self._turned_away = Answer(op, command_id, BUSY)

    def send_next(self):
        """Put the first into the outbox; only one at a time, so that the others can still be counted instead."""
        session = self._session
        outbox = session.outbox
        # The first uplink of a boot is the request for the time, for which there may be the only room of the day: with the time known, uplinks
        # before the power cut have their true age, which leaves room for answers too. Nothing is answered before it.
        if session.last_uplink_ms is None and (not session.joined or outbox.holds(CLOCK_KEY)):
            return
        if self.waiting and not outbox.holds(ANSWER_KEY):
            outbox.put(ANSWER, ANSWER_KEY, self._make, self._sent, self._others() > 0)

    def send_busy(self):
        """Put the number of refused commands into the outbox, if there are any."""
        outbox = self._session.outbox
        if self._command_log.refused and not outbox.holds(BUSY_KEY):
            outbox.put(BUSY_PRIORITY, BUSY_KEY, self._make_busy, self._busy_sent, True)

    def _others(self):
        """Number of commands that the next answer represents beside its own."""
        return self._command_log.counted if self.waiting[0].op in OPENING else 0

    def _make(self, limit):
        answer = self.waiting[0]
        # After an action on the box the state is that of the reading that showed it; else the stable state.
        return self._pack(answer, answer.by_reading, self._others(), limit)

    def _make_busy(self, limit):
        return self._pack(self._turned_away, False, self._command_log.refused, limit)

    def _pack(self, answer, by_reading, count, limit):
        self._count = count if limit > status_frames.RESULT_LENGTH else 0
        possible_wh = self._view.possible_wh() if answer.op == COMMAND_TARGET and answer.result == DONE else None
        return RESULT_PORT, status_frames.encode_result(answer, self._view.look(by_reading), limit, self._count, possible_wh)

    def _sent(self, now_ms):
        self.waiting.pop(0).sent()
        self._command_log.count_sent(self._count)
        self.send_next()

    def _busy_sent(self, now_ms):
        self._command_log.reported(self._count)
