"""The reporter: decides which uplink is sent and when: news, answers, events, records, heartbeats, and requests for the time."""

from hal.contract import FOREVER_MS
from lorawan.clock_sync import CARRIER, CLOCK_KEY, REQUEST
from lorawan.outbox import CHANGE, FAULT, HEARTBEAT, RECORD

from app.codec import report_frames, status_frames, vocabulary
from app.codec.status_frames import STATUS_KEY, STATUS_PORT
from app.evse.session_book import SESSION_KEY
from app.evse.states import NONE, is_fault
from app.telemetry.event_queue import EVENT_KEY

# A new reason for the same state is news only if it lasts: C2 follows a turn of the key, and the radio must be free for that.
REASON_SETTLES_MS = 20000
# Interval of tries for a heartbeat that the airtime budget holds back.
HEARTBEAT_RETRY_MS = 10000

# One page at a time is in the outbox, so that news and answers are sent between pages.
PAGE_KEY = 'page'
# The energy counter, and a session record that was requested again.
ENERGY_KEY = 'energy'
AGAIN_KEY = 'again'

_MINUTE_MS = 60000
# After this time the energy counter takes the place of a heartbeat. With the longest gap between heartbeats, two hours, it is sent once a day.
ENERGY_EVERY_MS = 22 * 60 * _MINUTE_MS
# Heartbeats (design decision): by state in class A, whose commands wait for them; in class C they do not.
_CLASS_A_MS = {vocabulary.NOT_CONNECTED: 60 * _MINUTE_MS, vocabulary.CONNECTED_AND_LOCKED: 15 * _MINUTE_MS}
_CLASS_A_OTHERWISE_MS = 5 * _MINUTE_MS
_CLASS_C_MS = 30 * _MINUTE_MS


def heartbeat_period_ms(state, settings):
    """Time from an uplink to the next one, before the data rate stretches it (lorawan.frame_cost)."""
    own_min = settings.HEARTBEAT_MIN
    if state == vocabulary.NOT_CONNECTED:
        own_min = settings.HEARTBEAT_NOT_CONNECTED_MIN or own_min
    elif state == vocabulary.CONNECTED_AND_LOCKED:
        own_min = settings.HEARTBEAT_CONNECTED_MIN or own_min
    if own_min:
        return own_min * _MINUTE_MS
    return _CLASS_C_MS if settings.LORAWAN_CLASS == 'C' else _CLASS_A_MS.get(state, _CLASS_A_OTHERWISE_MS)


def _why(view):
    """Reason and override in one number: a change of either is news."""
    return view.override << 8 | view.reason


class Reporter:
    """Puts uplinks into the outbox; their bytes are packed when they are sent, so that they have the state of that time."""

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
        self._pages = []             # callables state -> (port, payload), still to be sent
        self._pages_sent = None      # called when the last of them was sent
        self._reported = None        # (code, state, reachable) last put into the outbox, None before the first
        self._reported_reason = None  # reason and override with it, see _why()
        self._reason_ms = None       # begin of another reason, None without one
        self._energy_ms = None       # time of the last energy counter, None before the first
        self._owes_energy = False    # a session record was sent since
        self._instead = None         # (make, sent) of the frame in the place of the heartbeat, None for a status
        session.outbox.keep_ready(self._make_status)    # the probe for a silent network

    def report(self):
        """Send a requested status."""
        self._session.outbox.put(CHANGE, STATUS_KEY, self._make_status)

    def send_pages(self, pages, sent=None):
        """Send pages, callables state -> (port, payload), in order; sent() after the last. They replace those still waiting."""
        self._pages = list(pages)
        self._pages_sent = sent
        self._next_page()

    def resend_sessions(self, number):
        """Send the session records from that number on again. They replace those still waiting."""
        self._sessions.book.ask(number)
        self._send_again(self._clock.now_ms())

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
        """Send news and due uplinks; returns the time of the next call. hold: the radio is kept free for an answer."""
        self._announce(now_ms, hold)
        due_ms = FOREVER_MS
        if hold:
            return due_ms   # until the answer is there
        if self._reason_ms is not None:
            due_ms = self._reason_ms + REASON_SETTLES_MS
        if self._reported is None or not self._session.joined:
            return due_ms
        self._ask_time(now_ms)
        self._answers.send_next()
        self._answers.send_busy()
        self._send_event()
        self._next_page()    # one that did not fit, for a question for the time went along, waits for the next
        self._send_session()
        self._send_again(now_ms)
        return min(due_ms, self._clock_sync.due_ms, self._heartbeat(now_ms))

    def _announce(self, now_ms, hold):
        """Put a status into the outbox if there is news."""
        monitor = self._evse_monitor
        if monitor.code == NONE and not monitor.settled:
            self._reason_ms = None
            return   # the state is known soon
        view = self._view.look()
        urgent = is_fault(view.code) or not monitor.reachable
        if hold and not urgent:
            return   # the radio must be free for the answer, which has the state too
        news = (view.code, view.state, monitor.reachable)
        if news != self._reported:
            self._reported = news
        elif not self._reason_settled(_why(view), now_ms):
            return
        self._reported_reason = _why(view)
        self._reason_ms = None
        self._session.outbox.put(FAULT if urgent else CHANGE, STATUS_KEY, self._make_status)

    def _reason_settled(self, reason, now_ms):
        """True if another reason than the reported one has lasted long enough."""
        if reason == self._reported_reason:
            self._reason_ms = None
            return False
        if self._reason_ms is None:
            self._reason_ms = now_ms
        return now_ms - self._reason_ms >= REASON_SETTLES_MS

    def _heartbeat(self, now_ms):
        """Put a heartbeat if one is due; returns the time of the next check."""
        session = self._session
        period_ms = session.stretched_ms(heartbeat_period_ms(self._view.state, self._settings), status_frames.STATUS_LENGTH)
        last_ms = session.joined_ms if session.last_uplink_ms is None else session.last_uplink_ms
        if now_ms - last_ms < period_ms:
            return last_ms + period_ms
        if not session.outbox.holds(STATUS_KEY):
            self._instead = None
            if self._energy_ms is None or now_ms - self._energy_ms >= ENERGY_EVERY_MS:
                self._instead = self._make_energy, self._energy_sent
            elif session.frame_cost.is_slow and self._sessions.book.asks:
                self._instead = self._make_again, self._sessions.book.sent_again
            session.outbox.put(HEARTBEAT, STATUS_KEY, self._make_heartbeat, self._heartbeat_sent, self._instead is not None)
        return now_ms + HEARTBEAT_RETRY_MS

    def _make_heartbeat(self, limit):
        """The frame in its place, if there is room and airtime for it; else a status."""
        frame = None if self._instead is None else self._instead[0](limit)
        if frame is None:
            self._instead = None
            frame = self._make_status(limit)
        return frame

    def _heartbeat_sent(self, now_ms):
        if self._instead is not None:
            self._instead[1](now_ms)

    def _send_event(self):
        """Put the oldest waiting event."""
        events = self._events
        if events.waits and not self._session.outbox.holds(EVENT_KEY):
            self._session.outbox.put(FAULT if events.urgent else CHANGE, EVENT_KEY, events.make, events.sent)

    def _send_session(self):
        """Put the oldest waiting record of a charging session; after the last one the energy counter."""
        outbox = self._session.outbox
        if self._sessions.book.waits:
            if not outbox.holds(SESSION_KEY):
                outbox.put(RECORD, SESSION_KEY, self._make_session, self._session_sent)
        elif self._owes_energy and not outbox.holds(ENERGY_KEY):
            outbox.put(RECORD, ENERGY_KEY, self._make_energy, self._energy_sent)

    def _make_session(self, limit):
        return self._sessions.book.make(self._view.look_state(), limit)

    def _session_sent(self, now_ms):
        self._sessions.book.sent(now_ms)
        self._owes_energy = True
        self._send_session()

    def _make_energy(self, limit):
        if limit < report_frames.ENERGY_LENGTH:
            return None
        sessions = self._sessions
        total_wh = sessions.report_total_wh(self._clock.now_ms())
        return report_frames.DEVICE, report_frames.energy(self._view.look_state(), 1, 1, total_wh, sessions.number, sessions.is_open)

    def _energy_sent(self, now_ms):
        self._energy_ms = now_ms
        self._owes_energy = False

    def _send_again(self, now_ms):
        """Put the next session record that was requested again, if the day has airtime to spare. Slow ones take the places of heartbeats."""
        session = self._session
        if self._sessions.book.asks and not session.frame_cost.is_slow and not session.outbox.holds(AGAIN_KEY) and session.spares(now_ms):
            session.outbox.put(HEARTBEAT, AGAIN_KEY, self._make_again, self._again_sent)

    def _make_again(self, limit):
        # The uplink that is due may use airtime that this one may not.
        return self._sessions.book.make_again(self._view.look_state(), limit) if self._session.spares(self._clock.now_ms()) else None

    def _again_sent(self, now_ms):
        self._sessions.book.sent_again(now_ms)
        self._send_again(now_ms)

    def _ask_time(self, now_ms):
        """Put a request for the time if one is due, or an uplink that carries the modem's own request."""
        clock_sync = self._clock_sync
        wanted = clock_sync.tick(now_ms)
        outbox = self._session.outbox
        if wanted == REQUEST and not outbox.holds(CLOCK_KEY):
            # Without the time neither the plan nor the record of airtime works: before other news.
            urgent = CHANGE if clock_sync.is_urgent(now_ms) else HEARTBEAT
            outbox.put(urgent if self._timekeeper.known else FAULT, CLOCK_KEY, clock_sync.make, clock_sync.sent)
        elif wanted == CARRIER and not len(outbox):
            outbox.put(HEARTBEAT, STATUS_KEY, self._make_status)

    def _make_status(self, limit):
        view = self._view.look()
        view.add_energy(self._sessions.report_wh(self._clock.now_ms()), self._sessions.estimated)
        return STATUS_PORT, status_frames.encode_status(view, limit)
