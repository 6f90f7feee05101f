"""The LoRaWAN session: joins without blocking, keeps one frame in flight, notices when the network no longer answers."""

from micropython import const

from hal.contract import RECEIVED, HalError

from lorawan.airtime_budget import AirtimeBudget
from lorawan.modem_health import ModemHealth
from lorawan.join_schedule import DENSE_FOR_MS, JoinSchedule
from lorawan.rate_fallback import RateFallback
from lorawan.outbox import ANSWER, CHANGE, FAULT, HEARTBEAT, Outbox
from lorawan.frame_cost import LONGEST_PAYLOAD, FrameCost
from lorawan.sender import Sender
from lorawan.link_supervision import LinkSupervision

# States.
DOWN = const(0)       # not joined; the join schedule says when to try
JOINING = const(1)    # an attempt is under way, until its deadline at the latest
UP = const(2)         # joined
SUSPECT = const(3)    # joined as far as we know, but a confirmed frame was not answered

# A modem's event may never come: request 1.5 s, RX2 6 s after it, accept 2 s at SF12, and margin.
JOIN_DEADLINE_MS = const(20000)

# The session is lost after this many failed tries in a row, or this many missed deadlines.
TRIES_MAX = const(10)
MISSES_MAX = const(3)
# After a failed poll nothing is begun for this time: without its result, joins and airtime would be wasted.
HOLD_MS = const(30000)
PROBE = 'probe'


class Session:
    """poll() does everything; outbox.put() asks for an uplink; attributes without _ are for reading."""

    def __init__(self, radio, store, region, data_rate, random, now_ms, adr=False):
        """region: a regions.Region; data_rate: None for its own; random(n): an int below n; adr: the network sets the data rate."""
        self.state = DOWN
        self.joined = False
        self.joined_ms = None        # end of the last join
        self.fresh_ms = now_ms       # since then the network has us (again): what it kept meanwhile may be stale
        self.heard_ms = None         # last proof that the network knows this session
        self.proven_ms = None        # last proof that it hears us
        self.last_uplink_ms = None   # begin of the last uplink that was sent
        self.due_ms = now_ms         # when poll() wants to be called; the radio's events ask for it as well
        self.deadline_missed = 0
        self.radio_errors = 0
        self.received = 0            # downlinks with payload
        self.dips = 0                # restarts of the modem while it sent: its supply did not hold
        if data_rate is None:
            data_rate = region.default_rate
        self.rate_fallback = RateFallback(region, data_rate, now_ms)
        self.frame_cost = FrameCost(region, data_rate, adr)
        self.outbox = Outbox(self._wake)
        self.airtime_budget = AirtimeBudget(store, now_ms)
        self.join_schedule = JoinSchedule(self._join, self.airtime_budget, region, random, now_ms)
        self.sender = Sender(self._ask, radio, self.airtime_budget, self.rate_fallback, self.frame_cost, self.outbox)
        self.modem_health = ModemHealth(now_ms)
        self.link_supervision = LinkSupervision()
        self._radio = radio
        self._poll_radio = radio.poll
        self._heard = None           # an event for the next poll()
        self._deadline_ms = 0        # of the join under way
        self._hold_ms = 0            # no join and no frame before

    # --- for the application

    def poll(self, now_ms):
        """Serve radio and deadlines, one event or one action a turn; a received (port, payload), or None."""
        event = self._heard
        self._heard = None
        try:
            event = event or self._poll_radio()
        except HalError:
            event = self._poll_failed(now_ms)
        if event is None and now_ms < self.due_ms:
            return None
        if event is None:
            self._STEPS[self.state][0](self, now_ms, 0)
            self.due_ms = min(self.due_ms, self.airtime_budget.refresh(now_ms))
            return None
        kind, number, detail = event
        self._STEPS[self.state][kind](self, now_ms, number)
        self.due_ms = now_ms
        if kind != RECEIVED:
            return None
        self.received += 1
        return number, detail

    def listen(self):
        """Take an event of the modem, which would keep the board from its sleep, while nothing may be done about it yet."""
        if self._heard is None:
            try:
                self._heard = self._poll_radio()
            except HalError:
                return   # poll() will find it so too
            if self._heard is not None:
                self._wake()

    @property
    def stuck(self):
        """True if only a reset of the board is left to try."""
        return self.modem_health.stuck

    def answered(self, now_ms):
        """An unconfirmed frame of the application's that demands an answer got it."""
        self.proven_ms = now_ms
        self.rate_fallback.answered()

    def unanswered(self, now_ms):
        """An unconfirmed frame that demands an answer got none."""
        self.rate_fallback.unanswered(now_ms)

    def ask_time(self, now_ms):
        """Let the modem ask for the time with the next frame; False if it cannot."""
        asks = self._ask(now_ms, self._radio.ask_time)
        if asks:
            self.sender.carry(1)
        return asks

    def stretched_ms(self, period_ms, payload_bytes):
        """The heartbeat period nearest to the wanted one that budget and longest silence allow."""
        return self.frame_cost.stretched_ms(period_ms, payload_bytes)

    def accepts(self, now_ms, owed):
        """True while one more answer fits the airtime, beside those that are owed (works under way, kept, in the outbox)."""
        return self.airtime_budget.wait_ms(now_ms, ANSWER, self.sender.answers_ms(owed + 1)) == 0

    def has_room(self, now_ms):
        """True if a status may go now and a request for the time after it."""
        return self.airtime_budget.wait_ms(now_ms, FAULT, self.sender.answers_ms(2)) == 0

    def spares(self, now_ms):
        """True if a frame that nobody waits for may go now, whatever its length."""
        return self.airtime_budget.wait_ms(now_ms, HEARTBEAT, self.frame_cost.frame_ms(LONGEST_PAYLOAD)) == 0

    # --- the machine

    def _wake(self):
        self.due_ms = 0

    def _ignore(self, now_ms, number):
        pass

    # --- joining

    def _when_down(self, now_ms, number):
        if now_ms < self._hold_ms:
            self.due_ms = self._hold_ms
        elif now_ms >= self.join_schedule.due_ms and self.join_schedule.begin(now_ms):
            self.state = JOINING
            self.due_ms = self._deadline_ms = now_ms + JOIN_DEADLINE_MS
        else:
            self.due_ms = self.join_schedule.due_ms
            # Between two tries, so that the reset takes none of them away.
            if self.modem_health.searching(now_ms):
                self.airtime_budget.keep_search()

    def _when_joining(self, now_ms, number):
        if now_ms < self._deadline_ms:
            self.due_ms = self._deadline_ms
            return
        self.deadline_missed += 1
        self.modem_health.missed(now_ms)
        self._on_join_failed(now_ms, 0)
        self.due_ms = self.join_schedule.due_ms

    def _on_join_failed(self, now_ms, number):
        self.join_schedule.end(now_ms)
        self.join_schedule.back_off(now_ms)
        self.state = DOWN

    def _on_joined(self, now_ms, number):
        # Also when it comes after its deadline, or from a modem that joins by itself. It does not clear the misses: a modem
        # can join and yet hang at every frame.
        if self.state == JOINING:
            self.join_schedule.end(now_ms)
        self.sender.new_session(now_ms)
        self.state = UP
        self.joined = True
        self.joined_ms = self.fresh_ms = self.heard_ms = self.proven_ms = now_ms
        self.link_supervision.clear(now_ms)
        if self.last_uplink_ms is not None:
            # A class C network speaks only after the first uplink, and the application has nothing more to send.
            self.outbox.put_ready(CHANGE, PROBE)

    def _lose(self, now_ms):
        """The session is lost: join again, often in the first two hours without the network."""
        since_ms = self.link_supervision.since_ms
        self.state = DOWN
        self.joined = False
        self.outbox.remove(PROBE)
        self.join_schedule.start_over(now_ms, (now_ms if since_ms is None else since_ms) + DENSE_FOR_MS)
        self.due_ms = self.join_schedule.due_ms

    # --- joined

    def _when_joined(self, now_ms, number):
        """UP and SUSPECT: the deadline of the frame in flight, else the next frame."""
        sender = self.sender
        if sender.in_flight and sender.expired(now_ms):
            self.deadline_missed += 1
            self.modem_health.missed(now_ms)
        if not sender.in_flight:
            self._send(now_ms)
        if not sender.in_flight and (sender.tries >= TRIES_MAX or sender.tries and self.modem_health.misses >= MISSES_MAX
                                     or self.state == SUSPECT and self._asks_in_vain(now_ms)):
            self._lose(now_ms)
        else:
            self.due_ms = sender.due_ms

    def _send(self, now_ms):
        """The next frame, confirmed where the network has to prove itself; without one, the probe."""
        sender = self.sender
        if now_ms < self._hold_ms:
            sender.wait_until(self._hold_ms)
            return
        link_supervision = self.link_supervision
        suspect = self.state == SUSPECT
        prove = link_supervision.wants_proof(now_ms, self.proven_ms)
        if prove and suspect:
            self.outbox.put_ready(CHANGE, PROBE)
        sender.step(now_ms, prove)
        if sender.in_flight:
            if prove:
                link_supervision.asked(now_ms)
        elif suspect and self.outbox.is_ready:
            if prove:
                link_supervision.nothing_to_ask(now_ms)
            sender.wait_until(link_supervision.probe_ms)

    def _asks_in_vain(self, now_ms):
        """True if a question has to wait for airtime and a join has not."""
        waits = len(self.outbox) > 0 and self.link_supervision.wants_proof(now_ms, self.proven_ms)
        return waits and self.link_supervision.gives_up(self.sender.due_ms - now_ms) and self.join_schedule.is_allowed(now_ms)

    def _on_heard(self, now_ms, number):
        """Any frame proves the session; whether the network hears us it does not tell, in class C."""
        self.heard_ms = now_ms
        # What the frame asked of the MAC is answered with the next uplink.
        self.sender.asked(now_ms, number == 0)
        if self.state == SUSPECT:
            self.link_supervision.clear(now_ms)
            self.state = UP
            self.fresh_ms = now_ms
            self.outbox.remove(PROBE)

    def _on_sent(self, now_ms, emissions):
        if self.sender.landed(now_ms, emissions):
            self._delivered(now_ms)

    def _on_acked(self, now_ms, emissions):
        self._on_sent(now_ms, emissions)
        self.answered(now_ms)
        self._on_heard(now_ms, 0)

    def _on_failed(self, now_ms, emissions):
        sender = self.sender
        if not sender.landed(now_ms, emissions):
            return
        if not (sender.confirmed and emissions):
            sender.fail(now_ms)
            return
        # It went out like any unconfirmed frame; that nobody answered says something about the network, not about it.
        self._delivered(now_ms)
        self.rate_fallback.unanswered(now_ms)
        self.state = SUSPECT
        if self.link_supervision.unanswered(now_ms) and self.join_schedule.is_allowed(now_ms):
            self._lose(now_ms)

    def _on_emitted(self, now_ms, emissions):
        """A frame of the modem's own: it cost airtime, and what met it may go."""
        self.sender.emitted(now_ms, emissions)

    def _on_lost(self, now_ms, sends):
        """The modem has restarted: all that is in flight is lost with the session."""
        self.dips += sends
        if self.joined:
            self._lose(now_ms)

    def _delivered(self, now_ms):
        self.modem_health.worked()
        self.join_schedule.note_work()
        sent = self.sender.delivered(now_ms)
        self.last_uplink_ms = self.sender.last_ms
        if sent is not None:
            sent(now_ms)

    # --- the modem

    def _join(self, now_ms, data_rate):
        return self._ask(now_ms, self._radio.join, data_rate)

    def _ask(self, now_ms, call, *arguments):
        """The modem's yes or no."""
        try:
            return call(*arguments)
        except HalError:
            self._modem_failed(now_ms)
            return False

    def _poll_failed(self, now_ms):
        """The modem cannot report any result, so nothing is begun. Returns no event."""
        self._hold_ms = now_ms + HOLD_MS
        self._modem_failed(now_ms)

    def _modem_failed(self, now_ms):
        self.radio_errors += 1
        self.modem_health.failed(now_ms)

    # What time alone, and each event of hal.contract (JOINED 1 to LOST 9), does in each state.
    _STEPS = (
        (_when_down, _on_joined, _ignore, _on_sent, _on_acked, _on_failed, _on_heard, _on_heard, _on_emitted, _on_lost),
        (_when_joining, _on_joined, _on_join_failed, _on_sent, _on_acked, _on_failed, _on_heard, _on_heard, _on_emitted, _on_lost),
        (_when_joined, _on_joined, _ignore, _on_sent, _on_acked, _on_failed, _on_heard, _on_heard, _on_emitted, _on_lost),
        (_when_joined, _on_joined, _ignore, _on_sent, _on_acked, _on_failed, _on_heard, _on_heard, _on_emitted, _on_lost),
    )
