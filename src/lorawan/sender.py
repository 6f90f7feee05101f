"""One frame in flight: taken from the outbox when airtime allows, entered in the airtime log when it has ended or timed out."""

from hal.contract import FOREVER_MS
from micropython import const

from lorawan.airtime import LONGEST_MAC_ANSWERS
from lorawan.airtime_budget import RESERVED
from lorawan.airtime_log import REFRESH_MS
from lorawan.outbox import BUSY, CAPACITY, CHANGE, RECORD
from lorawan.frame_cost import LEAST_PAYLOAD, SHORT_PAYLOAD

# A modem's event may never come. SF12 frame 1.5 s, RX2 6 s after it with The Things Stack's RX1 delay of 5 s, 2 s for its
# answer, up to 3 s until the modem believes that no acknowledgement comes, and margin; for each further emission of a frame
# 12 s. Modems as set up by us make one; one that reports more (the network can ask for repeats) is given the time for them.
DEADLINE_MS = const(15000)
EMISSION_DEADLINE_MS = const(12000)
EMISSIONS_MAX = const(3)

# A frame refused or failed is tried again once the receive windows in its way are over, longer each time; from this try
# on in short form, because MAC answers may take the room.
RETRY_MS = const(7000)
RETRY_MAX_MS = const(60000)
SHORT_FROM_TRY = const(2)

# The network asks something of the MAC after a join, and for the device's status once in 24 h or 200 uplinks (The Things Stack); with ADR
# at any time. This many uplinks in a row may carry answers, then one per interval: the others are the application's alone.
MAC_UPLINKS = const(2)
MAC_EVERY_MS = const(43200000)

class Sender:
    """step() sends what may go; landed(), then delivered() or retry(), or expired(), end what is in flight."""

    __slots__ = ('in_flight', 'confirmed', 'due_ms', 'last_ms', 'tries', 'sent', 'refused', 'failed', '_ask', '_radio', '_airtime_budget',
                 '_rate_fallback', '_frame_cost', '_outbox', '_trials', '_bytes', '_begun_ms', '_deadline_ms', '_hold_ms', '_reserve_ms',
                 '_reserve_again_ms', '_first_until_ms', '_mac_bytes', '_riding_bytes', '_mac_ms')

    def __init__(self, ask, radio, airtime_budget, rate_fallback, frame_cost, outbox):
        """ask(now_ms, call, *arguments): the modem's yes or no."""
        self.in_flight = False
        self.confirmed = False      # the frame in flight, or the last one, is
        self.due_ms = 0             # of the next step()
        self.last_ms = None         # begin of the last uplink that was sent
        self.tries = 0              # refused or failed, in a row
        self.sent = self.refused = self.failed = 0
        self._ask = ask
        self._radio = radio
        self._airtime_budget = airtime_budget
        self._rate_fallback = rate_fallback
        self._frame_cost = frame_cost
        self._outbox = outbox
        self._trials = 1            # emissions of the last confirmed frame
        self._bytes = 0             # of the frame in flight or the last one, MAC answers included
        self._begun_ms = None       # begin of that frame
        self._deadline_ms = 0
        self._hold_ms = 0           # no frame before
        self._reserve_ms = 0        # from then on the next uplink is the one for which airtime is kept
        self._reserve_again_ms = 0  # the same, if the frame in flight turns out not to have been emitted
        self._first_until_ms = 0    # until then the next uplink is the first of a session, not due yet: it goes only if later ones keep their room
        self._mac_bytes = 0         # that the MAC may add to the next frame
        self._riding_bytes = 0      # that it may have added to the last one
        self._mac_ms = 0            # later than now by MAC_EVERY_MS for each of the latest uplinks with answers
        # On a full day a due frame may go at data rates up to the fallback's rescue.
        data_rate = frame_cost.data_rate
        frame_cost.hasten(max(data_rate, rate_fallback.rescue))
        airtime_budget.reserve_least(frame_cost.frame_ms(LEAST_PAYLOAD), frame_cost.spacing_ms, frame_cost.boot_ms(), frame_cost.rides_ms())
        frame_cost.use(data_rate)
        self._reserve()

    def new_session(self, now_ms):
        """The first uplink of a session has the reserve: a class C network speaks only after it."""
        self._hold_ms = self._reserve_ms = now_ms
        self._first_until_ms = self._airtime_budget.airtime_log.uplink_ms + self._frame_cost.spacing_ms
        self.tries = self._mac_bytes = self._riding_bytes = self._mac_ms = 0

    def carry(self, mac_bytes):
        """The MAC adds that many bytes to the next frame; the one in flight is unchanged."""
        self._mac_bytes = min(self._mac_bytes + mac_bytes, LONGEST_MAC_ANSWERS)

    def asked(self, now_ms, alone):
        """A downlink was heard, which may ask something of the MAC. alone: it brought nothing else, so it did."""
        if alone or self._frame_cost.adr or self._mac_ms - now_ms <= (MAC_UPLINKS - 1) * MAC_EVERY_MS:
            self.carry(LONGEST_MAC_ANSWERS)

    # --- the end of a frame

    def landed(self, now_ms, emissions):
        """The modem says how often it was emitted. False: it had been given up, and cost this much as well."""
        if self._frame_cost.adr:
            # Only now it is known what it was sent at.
            self._choose_rate(now_ms)
        cost_ms = self._frame_cost.emissions_ms(self._bytes, emissions)
        self._learn(min(emissions, EMISSIONS_MAX))
        if not self.in_flight:
            self._airtime_budget.add_late(now_ms, cost_ms)
            return False
        self.in_flight = False
        self._airtime_budget.settle(now_ms, cost_ms)
        if not emissions:
            self._reserve_ms = self._reserve_again_ms
        return True

    def emitted(self, now_ms, emissions):
        """The modem sent an empty frame of its own, with its MAC answers, and is free now for one that met it."""
        self._airtime_budget.add_late(now_ms, self._frame_cost.emissions_ms(self._mac_bytes, emissions))
        self._mac_bytes = 0
        if self.tries == 1 and not self.in_flight:
            self._hold_ms = now_ms

    def delivered(self, now_ms):
        """It was sent, as far as the modem knows; returns who is to know, or None."""
        self.last_ms = self._begun_ms
        self._first_until_ms = 0
        self.sent += 1
        self.tries = 0
        self._hold_ms = now_ms
        return self._outbox.sent()

    def wait_until(self, due_ms):
        """Nothing is sent before."""
        self.due_ms = due_ms

    def fail(self, now_ms):
        """It was refused or not sent: once more, later."""
        self.failed += 1
        self.retry(now_ms)

    def retry(self, now_ms):
        """It was not sent: try again later."""
        self._outbox.back()
        self.carry(self._riding_bytes)
        self.tries += 1
        self._hold_ms = now_ms + min(RETRY_MS * self.tries, RETRY_MAX_MS)
        self.due_ms = self._hold_ms

    def expired(self, now_ms):
        """True if the deadline of the frame in flight is over: it went out as often as it can have, or not at all."""
        if now_ms < self._deadline_ms:
            self.due_ms = self._deadline_ms
            return False
        self.in_flight = False
        self._airtime_budget.settle(now_ms, self._frame_cost.most_ms(self._bytes, self._emissions()))
        self.retry(now_ms)
        return True

    def _emissions(self):
        """How often the frame in flight goes out, by what the modem said of the last one like it."""
        return self._trials if self.confirmed else self._frame_cost.repeats

    def _learn(self, emissions):
        """The next frame of the kind will go out as often as this one."""
        if not emissions:
            return
        if self.confirmed:
            self._trials = emissions
        elif self._frame_cost.repeats != emissions:
            self._frame_cost.use_repeats(emissions)
            self._reserve()

    # --- its begin

    def step(self, now_ms, prove):
        """Send the first entry of the outbox if it may go, confirmed if prove is set and airtime allows."""
        # An entry that has nothing to say is dropped; then it is the next one's turn.
        for _ in range(CAPACITY + 1):
            priority = self._outbox.first()
            if priority is None:
                self.due_ms = FOREVER_MS
                return
            if now_ms < self._hold_ms:
                self.due_ms = self._hold_ms
                return
            self._choose_rate(now_ms)
            limit, wait_ms = self._limit_and_wait_ms(now_ms, priority)
            if now_ms >= self._reserve_ms and not self._frame_cost.adr:
                # The day was full when the data rate fell, or when the board restarted: rather a heartbeat that may not be
                # heard than none for hours.
                while self._frame_cost.data_rate < self._rate_fallback.rescue and (wait_ms or not self._leaves_later_ones(now_ms, limit)):
                    self._frame_cost.hasten(self._frame_cost.data_rate + 1)
                    limit, wait_ms = self._limit_and_wait_ms(now_ms, priority)
                if now_ms < self._first_until_ms and not self._airtime_budget.leaves_least(now_ms, self._cost_ms(limit)):
                    limit = min(limit, LEAST_PAYLOAD)
                if now_ms < self._first_until_ms and not self._airtime_budget.leaves_least(now_ms, self._cost_ms(limit)):
                    wait_ms = min(max(wait_ms, self._airtime_budget.airtime_log.next_expiry_ms(now_ms)), self._first_until_ms - now_ms, REFRESH_MS)
            if wait_ms:
                self.due_ms = now_ms + wait_ms
                return
            if self._send(now_ms, priority, limit, prove):
                return

    def _choose_rate(self, now_ms):
        """The data rate of the next frame: the fallback's, with ADR the network's."""
        frame_cost = self._frame_cost
        data_rate = self._radio.data_rate() if frame_cost.adr else self._rate_fallback.step(now_ms)
        if data_rate is not None and data_rate != frame_cost.data_rate:
            frame_cost.use(data_rate)
            self._reserve()

    def _reserve(self):
        """Keep airtime for the uplink of the longest silence, at this data rate."""
        frame_cost = self._frame_cost
        frame_ms = frame_cost.frame_ms(frame_cost.usual)
        self._airtime_budget.reserve(frame_ms, frame_cost.spacing_ms, frame_cost.most_ms(frame_cost.usual, frame_cost.repeats) - frame_ms)

    def answers_ms(self, count):
        """The airtime of that many answers from now on."""
        frame_cost = self._frame_cost
        return (count - 1) * frame_cost.frame_ms(frame_cost.usual) + frame_cost.frame_ms(self._on_air(frame_cost.usual))

    def _leaves_later_ones(self, now_ms, limit):
        """True unless at this data rate the uplink that is due would take the place of later ones."""
        cost_ms = self._cost_ms(limit)
        if now_ms < self._first_until_ms:
            return self._airtime_budget.leaves_all(now_ms, cost_ms)
        return self._airtime_budget.leaves_least(now_ms, cost_ms, True)

    def _limit_and_wait_ms(self, now_ms, priority):
        """What the next frame may hold at this data rate, and how long airtime forbids it; what the longest silence demands may use the reserve."""
        frame_cost, airtime_budget = self._frame_cost, self._airtime_budget
        limit = frame_cost.limit(self._radio.max_payload(frame_cost.data_rate))
        cost_ms = self._cost_ms(limit)
        to_reserve_ms = self._reserve_ms - now_ms
        asks = priority
        if to_reserve_ms <= 0 and (priority != BUSY or airtime_budget.may_report_busy(now_ms, cost_ms)):
            asks = RESERVED
        usual = frame_cost.usual if frame_cost.adr or frame_cost.data_rate <= self._rate_fallback.data_rate else LEAST_PAYLOAD
        # Pages and records of sessions have no short form; a number of commands fits only the long one.
        if usual < limit and priority not in (CHANGE, RECORD) and not (
                self._outbox.first_is_long() and airtime_budget.wait_ms(now_ms, asks, cost_ms) == 0
                and (asks != RESERVED or self._leaves_later_ones(now_ms, limit))):
            limit = usual
            cost_ms = self._cost_ms(limit)
        wait_ms = airtime_budget.wait_ms(now_ms, asks, cost_ms)
        return limit, min(wait_ms, to_reserve_ms) if to_reserve_ms > 0 else wait_ms

    def _on_air(self, payload_bytes):
        """Bytes of payload and MAC answers together, at most."""
        return min(payload_bytes + self._mac_bytes, max(payload_bytes, self._radio.max_payload(self._frame_cost.data_rate)))

    def _cost_ms(self, payload_bytes):
        return self._frame_cost.most_ms(self._on_air(payload_bytes), self._frame_cost.repeats)

    def _send(self, now_ms, priority, limit, prove):
        """False if the entry had nothing to say."""
        outbox = self._outbox
        if limit < SHORT_PAYLOAD or self.tries >= SHORT_FROM_TRY:
            limit = SHORT_PAYLOAD
        frame = outbox.take()[1](limit)
        if frame is None or len(frame[1]) > limit:
            outbox.sent()
            return False
        port, payload = frame
        self._bytes = self._on_air(len(payload))
        self._riding_bytes = self._mac_bytes
        if self._mac_bytes:
            self._mac_ms = max(self._mac_ms, now_ms) + MAC_EVERY_MS
        self._mac_bytes = 0
        # A confirmed frame costs no more than any other, unless the modem repeats it.
        self.confirmed = prove and (self._trials <= self._frame_cost.repeats or self._airtime_budget.wait_ms(
            now_ms, CHANGE, self._frame_cost.most_ms(self._bytes, self._trials)) == 0)
        self._airtime_budget.begin(now_ms, self._frame_cost.most_ms(self._bytes, self._emissions()))
        if not self._ask(now_ms, self._radio.send, port, payload, self.confirmed, self._frame_cost.data_rate):
            self._airtime_budget.settle(now_ms, 0)
            self.refused += 1
            self.retry(now_ms)
            return True
        if priority == BUSY:
            self._airtime_budget.note_busy_report(now_ms)
        self.in_flight = True
        self._begun_ms = now_ms
        self._reserve_again_ms = self._reserve_ms
        self._reserve_ms = now_ms + self._frame_cost.spacing_ms
        self._deadline_ms = now_ms + DEADLINE_MS + (self._frame_cost.most(self._emissions()) - 1) * EMISSION_DEADLINE_MS
        self.due_ms = self._deadline_ms
        return True
