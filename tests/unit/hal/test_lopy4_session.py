"""The LoRaWAN session on the fake LoPy4: if its modem reports nothing, nothing waits longer than the session's own deadlines."""
import pytest
from app.runtime.journal import Journal
from lorawan.outbox import ANSWER, CHANGE
from lorawan.regions import REGIONS
from lorawan.sender import DEADLINE_MS
from lorawan.session import JOIN_DEADLINE_MS, JOINING, Session

from tests.unit.hal.test_lopy4 import FirmwareOnFakeLopy4


class SessionOnLopy4:
    """The session on this board, run as the main loop does; its application has one status to send."""

    def __init__(self, **overrides):
        self.bench = FirmwareOnFakeLopy4(**overrides)
        settings = self.bench.settings
        self.clock = self.bench.board.clock
        self.session = Session(self.bench.board.radio, Journal(self.bench.board.store), REGIONS[settings.REGION], settings.DATA_RATE,
                               lambda below: below // 2, self.clock.now_ms(), settings.ADR)
        self.received = []

    def run(self, ms, until=lambda: False):
        """Let time pass; returns how much did."""
        start_ms = self.clock.now_ms()
        while self.clock.now_ms() - start_ms < ms and not until():
            downlink = self.session.poll(self.clock.now_ms())
            if downlink is not None:
                self.received.append(downlink)
            self.clock.sleep_ms(max(1, min(200, self.session.due_ms - self.clock.now_ms())))
        return self.clock.now_ms() - start_ms

    def joined(self):
        self.run(30000, lambda: self.session.joined)
        assert self.session.joined
        return self

    def send(self, confirmed=False):
        if confirmed:
            self.session.proven_ms -= 30 * 3600000
        self.session.outbox.put(CHANGE, "status", lambda limit: (10, b"status"))
        self.run(1000, lambda: self.session.sender.in_flight)
        assert self.session.sender.in_flight and self.session.sender.confirmed == confirmed

    def deaf_to(self, bits):
        """The modem's firmware forgets to report these events."""
        lora = self.bench.fake.lora
        events_of = lora.events
        lora.events = lambda: events_of() & ~bits


def lose_nothing(life):
    pass


def swallow_the_frame(life):
    life.bench.air.mac_answers = 50


def answer_without_ack(life):
    life.bench.air.acks = False
    life.bench.air.mac_commands = True


def answer_nothing(life):
    life.bench.air.deaf = True


def hang(life):
    life.bench.fake.lora_task.stuck = True


def answer_late(life):
    life.bench.air.rx1_delay_s = 20


DROPS = {
    "nothing": lose_nothing, "the frame (refused by the MAC)": swallow_the_frame, "the acknowledgement, not the downlink": answer_without_ack,
    "all answers": answer_nothing, "the end, the modem hangs": hang, "the end, it comes late": answer_late,
    "the event RX": lambda life: life.deaf_to(1), "the event TX": lambda life: life.deaf_to(2),
    "the event TX FAILED": lambda life: (answer_nothing(life), life.deaf_to(4)), "all events": lambda life: life.deaf_to(7),
}


def held_ms(drop, confirmed):
    """How long a frame is in flight."""
    life = SessionOnLopy4().joined()
    life.bench.fake.lora_task.push(20, b"\x03")
    DROPS[drop](life)
    life.send(confirmed)
    return life.run(60000, lambda: not life.session.sender.in_flight)


@pytest.mark.parametrize("confirmed", (False, True), ids=("unconfirmed", "confirmed"))
def test_whatever_the_modem_drops_the_session_goes_on_within_its_deadline(confirmed, evidence):
    held_s = {drop: held_ms(drop, confirmed) / 1000 for drop in sorted(DROPS)}
    evidence("LoPy4: the longest that a%s frame holds the session up, whatever the modem drops (%d ways), s" % (
        " confirmed" if confirmed else "n unconfirmed", len(DROPS)), round(max(held_s.values()), 1), DEADLINE_MS / 1000)
    assert max(held_s.values()) <= DEADLINE_MS / 1000 + 0.2, held_s
    assert held_s["nothing"] < 7 and held_s["the event TX"] > 14, held_s


@pytest.mark.parametrize("drop", ("the frame (refused by the MAC)", "the event TX", "all events"))
def test_after_a_dropped_event_the_frame_is_sent_again_and_an_answer_leaves(drop):
    life = SessionOnLopy4().joined()
    forget = life.bench.fake.lora.events
    DROPS[drop](life)
    life.send()
    life.run(60000, lambda: not life.session.sender.in_flight)
    life.bench.fake.lora.events = forget
    life.session.outbox.put(ANSWER, "answer", lambda limit: (11, b"answer"))
    life.run(60000, lambda: not len(life.session.outbox))
    assert [uplink[2] for uplink in life.bench.air.uplinks][-2:] == [b"answer", b"status"]


@pytest.mark.parametrize("drop", ("the accept", "the join's end"))
def test_a_join_whose_end_is_dropped_is_given_up_within_its_deadline(drop, evidence):
    life = SessionOnLopy4()
    if drop == "the accept":
        life.bench.air.accepts = False
    else:
        life.bench.fake.lora.has_joined = lambda: False
    life.run(1000, lambda: life.session.state == JOINING)
    held_ms = life.run(60000, lambda: life.session.state != JOINING)
    evidence("LoPy4: a join holds the session up when %s is dropped, s" % drop, round(held_ms / 1000, 1), JOIN_DEADLINE_MS / 1000)
    assert held_ms <= JOIN_DEADLINE_MS + 200


def test_with_adr_the_airtime_log_counts_what_was_really_sent():
    life = SessionOnLopy4(ADR=True).joined()
    life.bench.air.adr_rate = 5
    totals = []
    for _ in range(3):
        before_ms = life.session.airtime_budget.airtime_log.total_ms
        life.send()
        life.run(30000, lambda: not life.session.sender.in_flight)
        totals.append(life.session.airtime_budget.airtime_log.total_ms - before_ms)
    assert [uplink[4] for uplink in life.bench.air.uplinks] == [4, 5, 5]
    assert totals == [103, 52, 52]       # 19 bytes at SF8 and SF7, up to the next millisecond
