"""What the network is told, and when: news at once, answers once, heartbeats as the budget allows; and what it is asked."""

from hal.contract import FOREVER_MS
from lorawan.clock_sync import CARRIER, REQUEST
from lorawan.outbox import ANSWER, BUSY as BUSY_PRIORITY, CHANGE, FAULT, HEARTBEAT, RECORD

from app.codec import status_frames, vocabulary
from app.codec.status_frames import RESULT_PORT, STATUS_KEY, STATUS_PORT
from app.codec.vocabulary import DONE, OPENING
from app.telemetry.event_queue import NOTICE_KEY
from app.evse.charging_sessions import SESSION_KEY
from app.telemetry.status_view import StatusView
from app.evse.states import NONE, is_fault
from app.evse.evse_monitor import SILENCE_MS

ANSWER_KEY = 'answer'
BUSY_KEY = 'busy'
CLOCK_KEY = 'clock'

# A new reason for the same state is news only if it lasts: a key just turned is followed by C2, and the radio must be free for that.
REASON_SETTLES_MS = 20000
# A heartbeat that the airtime budget holds back is looked at again so often.
HEARTBEAT_RETRY_MS = 10000

# Pages go one after the other, so that the newest state and answers go between them.
PAGE_KEY = 'page'

_MINUTE_MS = 60000
# Heartbeats (design decision): by state in class A, whose commands wait for them; in class C they do not.
_CLASS_A_MS = {vocabulary.NOT_CONNECTED: 60 * _MINUTE_MS, vocabulary.CONNECTED_AND_LOCKED: 15 * _MINUTE_MS}
_CLASS_A_OTHERWISE_MS = 5 * _MINUTE_MS
_CLASS_C_MS = 30 * _MINUTE_MS


def heartbeat_period_ms(state, settings):
    """How long after an uplink the next one is due, before the airtime budget stretches it."""
    own_min = settings.HEARTBEAT_MIN
    if state == vocabulary.NOT_CONNECTED:
        own_min = settings.HEARTBEAT_NOT_CONNECTED_MIN or own_min
    elif state == vocabulary.CONNECTED_AND_LOCKED:
        own_min = settings.HEARTBEAT_CONNECTED_MIN or own_min
    if own_min:
        return own_min * _MINUTE_MS
    return _CLASS_C_MS if settings.LORAWAN_CLASS == 'C' else _CLASS_A_MS.get(state, _CLASS_A_OTHERWISE_MS)


def _why(snapshot):
    """Reason and override in one number: either alone is worth telling."""
    return snapshot.override << 8 | snapshot.reason


class Reporter:
    """Puts into the outbox what is to be said; the bytes are packed when they leave, so that they tell the state as it is then."""

    def __init__(self, clock, session, charger, watch, timekeeper, clock_sync, settings):
        self._clock = clock
        self._timekeeper = timekeeper
        self._clock_sync = clock_sync
        self._session = session
        self._charger = charger
        self._watch = watch
        self.actor = None            # who decides and acts; set by the monitor
        self.sessions = None         # who counts the energy; likewise
        self.notices = None          # what is told beside states; likewise
        self._settings = settings
        self._pages = []             # callables state -> (port, payload), still to be told
        self._told = None            # called when the last of them is out
        self._snapshot = StatusView()
        self._said = None            # (code, state, reachable) last put into the outbox, None before the first
        self._said_reason = None     # reason and override that went with it, see _why()
        self._reason_ms = None       # since when another reason holds, None while none does
        self._count = 0              # of refused commands, or of older ones that opened, that the frame in flight tells
        session.probe = self._make_status   # what a network that fell silent is asked with
        session.on_sent = self._sent

    def answer(self, work=None):
        """One more waits in actor.answers. They leave one after the other, so that those behind can still be counted instead."""
        outbox = self._session.outbox
        # Where the day has room for one uplink alone it asks for the time: then what was sent before the power cut is as old as it is, and
        # there is room for answers too. Before it nothing is answered.
        if self._session.last_uplink_ms is None and (not self._session.joined or outbox.holds(CLOCK_KEY)):
            return
        if self.actor.answers and not outbox.holds(ANSWER_KEY):
            outbox.put(ANSWER, ANSWER_KEY, self._make_answer, self._counted() > 0)

    def _counted(self):
        """How many commands the next answer stands for beside its own."""
        actor = self.actor
        return actor.book.counted if actor.answers[0].op in OPENING else 0

    def _make_answer(self, limit):
        command = self.actor.answers[0]
        # What was done to the box rests on the reading that showed it; all else on the stable state.
        return self._make_result(command, command.acted and command.result == DONE, self._counted(), limit)

    def _make_busy(self, limit):
        return self._make_result(self.actor.turned_away, False, self.actor.book.refused, limit)

    def _make_result(self, command, live, count, limit):
        self._count = command.count = count if limit > status_frames.RESULT_LENGTH else 0
        return RESULT_PORT, status_frames.encode_result(command, self._judge(live), limit)

    def report(self):
        """A status that was asked for."""
        self._session.outbox.put(CHANGE, STATUS_KEY, self._make_status)

    def tell(self, pages, told=None):
        """Pages, callables state -> (port, payload), one after the other; told() when the last is out. Later ones replace those still waiting."""
        self._pages = list(pages)
        self._told = told
        self._next_page()

    def _next_page(self):
        if self._pages and not self._session.outbox.holds(PAGE_KEY):
            self._session.outbox.put(CHANGE, PAGE_KEY, self._make_page)
        elif not self._pages and self._told is not None:
            told, self._told = self._told, None
            told()

    def _make_page(self, limit):
        frame = self._pages[0](self.state())
        return frame if len(frame[1]) <= limit else None

    def tick(self, now_ms, hold):
        """Say what is new and what is due; returns when to look again. hold: an answer is being worked for."""
        self._announce(now_ms, hold)
        due_ms = FOREVER_MS
        if hold:
            return due_ms   # until the answer is there
        if self._reason_ms is not None:
            due_ms = self._reason_ms + REASON_SETTLES_MS
        if self._said is None or not self._session.joined:
            return due_ms
        self._ask_time(now_ms)
        self.answer()
        if self.actor.book.refused and not self._session.outbox.holds(BUSY_KEY):
            self._session.outbox.put(BUSY_PRIORITY, BUSY_KEY, self._make_busy, True)
        self._tell_notice()
        self._tell_session()
        return min(due_ms, self._clock_sync.due_ms, self._heartbeat(now_ms))

    def _announce(self, now_ms, hold):
        """Put a status into the outbox if there is news."""
        if self._watch.code == NONE and not self._watch.settled:
            self._reason_ms = None
            return   # the state is as good as there
        snapshot = self._judge(False)
        urgent = is_fault(snapshot.code) or not self._watch.reachable
        if hold and not urgent:
            return   # the radio must be free for the answer, which tells the state too
        news = (snapshot.code, snapshot.state, self._watch.reachable)
        if news != self._said:
            self._said = news
        elif not self._reason_settled(_why(snapshot), now_ms):
            return
        self._said_reason = _why(snapshot)
        self._reason_ms = None
        self._session.outbox.put(FAULT if urgent else CHANGE, STATUS_KEY, self._make_status)

    def _reason_settled(self, reason, now_ms):
        """True if another reason than the one said has held long enough."""
        if reason == self._said_reason:
            self._reason_ms = None
            return False
        if self._reason_ms is None:
            self._reason_ms = now_ms
        return now_ms - self._reason_ms >= REASON_SETTLES_MS

    def _heartbeat(self, now_ms):
        """Put a heartbeat if one is due; returns when to look again."""
        session = self._session
        period_ms = session.stretched_ms(heartbeat_period_ms(self._snapshot.state, self._settings), status_frames.STATUS_LENGTH)
        last_ms = session.joined_ms if session.last_uplink_ms is None else session.last_uplink_ms
        if now_ms - last_ms < period_ms:
            return last_ms + period_ms
        if not session.outbox.holds(STATUS_KEY):
            session.outbox.put(HEARTBEAT, STATUS_KEY, self._make_status)
        return now_ms + HEARTBEAT_RETRY_MS

    def _tell_notice(self):
        """Put the oldest event that was not sent yet."""
        make = self.notices.pending()
        if make is not None and not self._session.outbox.holds(NOTICE_KEY):
            self._session.outbox.put(FAULT if self.notices.urgent else CHANGE, NOTICE_KEY, make)

    def _tell_session(self):
        """Put the record of a charging session that was not sent yet."""
        make = self.sessions.pending()
        if make is not None and not self._session.outbox.holds(SESSION_KEY):
            self._session.outbox.put(RECORD, SESSION_KEY, make)

    def _ask_time(self, now_ms):
        """Put a request for the time if one is wanted, or an uplink for the modem's own request to go with."""
        wanted = self._clock_sync.tick(now_ms)
        outbox = self._session.outbox
        if wanted == REQUEST and not outbox.holds(CLOCK_KEY):
            # Without the time neither the plan nor the record of airtime is right: before other news.
            urgent = CHANGE if self._clock_sync.is_urgent(now_ms) else HEARTBEAT
            outbox.put(urgent if self._timekeeper.known else FAULT, CLOCK_KEY, self._clock_sync.make)
        elif wanted == CARRIER and not len(outbox):
            outbox.put(HEARTBEAT, STATUS_KEY, self._make_status)

    def _sent(self, key, now_ms):
        actor = self.actor
        if key == ANSWER_KEY:
            actor.answers.pop(0).told()
            actor.book.told_number(self._count)
            self.answer()
        elif key == CLOCK_KEY:
            self._clock_sync.sent(now_ms)
        elif key == BUSY_KEY:
            actor.book.reported(self._count)
        elif key == SESSION_KEY:
            self.sessions.told(now_ms)
        elif key == NOTICE_KEY:
            self.notices.told()
        elif key == PAGE_KEY and self._pages:
            self._pages.pop(0)
            self._next_page()

    @property
    def reason(self):
        """Index of the reason last judged."""
        return self._snapshot.reason

    def reason_now(self):
        """Index of the reason of this moment."""
        return self._judge(False).reason

    def state(self):
        """Index of the state word of this moment."""
        return self._judge(False).state

    def _make_status(self, limit):
        snapshot = self._judge(False)
        snapshot.energy_wh = self.sessions.report_wh(self._clock.now_ms())
        snapshot.energy_estimated = self.sessions.estimated
        return STATUS_PORT, status_frames.encode_status(snapshot, limit)

    def _judge(self, live):
        """The snapshot of this moment; live: by the latest reading itself, for an answer that rests on it."""
        snapshot = self._snapshot
        watch = self._watch
        reading = self._charger.reading
        fresh = reading.code is not None and self._clock.now_ms() - reading.at_ms < SILENCE_MS
        code = watch.code
        if fresh and live:
            code = reading.code
        elif code == NONE and watch.settled:
            code = watch.seen
        known = code != NONE and watch.reachable
        if fresh:
            snapshot.take(reading, self.actor.paused)
        else:
            snapshot.forget()
        snapshot.judge(code if known else watch.last_code, known, watch.starting, self.actor)
        snapshot.time_known = self._timekeeper.known
        plan = self.actor.intent.plan
        snapshot.plan_hash = 0 if plan is None else plan.hash
        return snapshot
