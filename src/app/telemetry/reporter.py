"""What the network is told, and when: news at once, answers once, heartbeats as the budget allows; and what it is asked."""

from hal.contract import FOREVER_MS
from lorawan.clock_sync import CARRIER, CLOCK_KEY, REQUEST
from lorawan.outbox import CHANGE, FAULT, HEARTBEAT, RECORD

from app.codec import status_frames, vocabulary
from app.codec.status_frames import STATUS_KEY, STATUS_PORT
from app.evse.charging_sessions import SESSION_KEY
from app.evse.states import NONE, is_fault
from app.telemetry.event_queue import EVENT_KEY

# A new reason for the same state is news only if it lasts: a key just turned is followed by C2, and the radio must be free for that.
REASON_SETTLES_MS = 20000
# A heartbeat that the airtime budget holds back is looked at again this often.
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


def _why(view):
    """Reason and override in one number: either alone is worth telling."""
    return view.override << 8 | view.reason


class Reporter:
    """Puts into the outbox what is to be said; the bytes are packed when they leave, so that they tell the state as it is then."""

    def __init__(self, clock, session, view, answers, sessions, events, evse_monitor, timekeeper, clock_sync, settings):
        """view: the StatusView; answers: the AnswerQueue; sessions: the ChargingSessions; events: the EventQueue."""
        self._clock = clock
        self._session = session
        self._view = view
        self._answers = answers
        self._sessions = sessions
        self._events = events
        self._evse_monitor = evse_monitor
        self._timekeeper = timekeeper
        self._clock_sync = clock_sync
        self._settings = settings
        self._pages = []             # callables state -> (port, payload), still to be told
        self._pages_sent = None      # called when the last of them is out
        self._said = None            # (code, state, reachable) last put into the outbox, None before the first
        self._said_reason = None     # reason and override that went with it, see _why()
        self._reason_ms = None       # since when another reason holds, None while none does
        session.outbox.keep_ready(self._make_status)    # what a network that fell silent is asked with

    def report(self):
        """A status that was asked for."""
        self._session.outbox.put(CHANGE, STATUS_KEY, self._make_status)

    def tell(self, pages, sent=None):
        """Pages, callables state -> (port, payload), one after the other; sent() when the last is out. Later ones replace those still waiting."""
        self._pages = list(pages)
        self._pages_sent = sent
        self._next_page()

    def _next_page(self):
        if self._pages and not self._session.outbox.holds(PAGE_KEY):
            self._session.outbox.put(CHANGE, PAGE_KEY, self._make_page, self._page_sent)
        elif not self._pages and self._pages_sent is not None:
            sent, self._pages_sent = self._pages_sent, None
            sent()

    def _make_page(self, limit):
        frame = self._pages[0](self._view.look_state())
        return frame if len(frame[1]) <= limit else None

    def _page_sent(self, now_ms):
        if self._pages:
            self._pages.pop(0)
            self._next_page()

    def step(self, now_ms, hold):
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
        self._answers.send_next()
        self._answers.send_busy()
        self._tell_event()
        self._tell_session()
        return min(due_ms, self._clock_sync.due_ms, self._heartbeat(now_ms))

    def _announce(self, now_ms, hold):
        """Put a status into the outbox if there is news."""
        monitor = self._evse_monitor
        if monitor.code == NONE and not monitor.settled:
            self._reason_ms = None
            return   # the state is as good as there
        view = self._view.look()
        urgent = is_fault(view.code) or not monitor.reachable
        if hold and not urgent:
            return   # the radio must be free for the answer, which tells the state too
        news = (view.code, view.state, monitor.reachable)
        if news != self._said:
            self._said = news
        elif not self._reason_settled(_why(view), now_ms):
            return
        self._said_reason = _why(view)
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
        period_ms = session.stretched_ms(heartbeat_period_ms(self._view.state, self._settings), status_frames.STATUS_LENGTH)
        last_ms = session.joined_ms if session.last_uplink_ms is None else session.last_uplink_ms
        if now_ms - last_ms < period_ms:
            return last_ms + period_ms
        if not session.outbox.holds(STATUS_KEY):
            session.outbox.put(HEARTBEAT, STATUS_KEY, self._make_status)
        return now_ms + HEARTBEAT_RETRY_MS

    def _tell_event(self):
        """Put the oldest event that was not sent yet."""
        events = self._events
        if events.waits and not self._session.outbox.holds(EVENT_KEY):
            self._session.outbox.put(FAULT if events.urgent else CHANGE, EVENT_KEY, events.make, events.sent)

    def _tell_session(self):
        """Put the record of a charging session that was not sent yet."""
        sessions = self._sessions
        if sessions.waits and not self._session.outbox.holds(SESSION_KEY):
            self._session.outbox.put(RECORD, SESSION_KEY, self._make_session, sessions.sent)

    def _make_session(self, limit):
        return self._sessions.make(self._view.look_state(), limit)

    def _ask_time(self, now_ms):
        """Put a request for the time if one is wanted, or an uplink for the modem's own request to go with."""
        clock_sync = self._clock_sync
        wanted = clock_sync.tick(now_ms)
        outbox = self._session.outbox
        if wanted == REQUEST and not outbox.holds(CLOCK_KEY):
            # Without the time neither the plan nor the record of airtime is right: before other news.
            urgent = CHANGE if clock_sync.is_urgent(now_ms) else HEARTBEAT
            outbox.put(urgent if self._timekeeper.known else FAULT, CLOCK_KEY, clock_sync.make, clock_sync.sent)
        elif wanted == CARRIER and not len(outbox):
            outbox.put(HEARTBEAT, STATUS_KEY, self._make_status)

    def _make_status(self, limit):
        view = self._view.look()
        view.add_energy(self._sessions.report_wh(self._clock.now_ms()), self._sessions.estimated)
        return STATUS_PORT, status_frames.encode_status(view, limit)
