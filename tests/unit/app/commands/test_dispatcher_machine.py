"""Dispatcher and controller on a box of paper, in any order of words, cars, faults and reboots: one final answer each, no write without a reason."""

import struct

import config
import pytest
from app.codec import vocabulary
from app.codec.vocabulary import EXPIRED
from app.commands.command_log import CAPACITY, RESERVED, CommandLog
from app.commands.device_commands import DeviceCommands
from app.commands.dispatcher import Dispatcher
from app.control.controller import Controller
from app.control.owner_record import OwnerRecord
from app.control.reconciler import Reconciler
from app.policy.claims import LEAVE, LOCK, RECORD_BYTES as CLAIMS_BYTES
from app.policy.arbiter import Arbiter
from app.runtime.journal import OWNER_RECORD, Journal
from app.evse.evse_monitor import EvseMonitor
from app.evse.poller import Poller
from hal.contract import PLANNED
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.support.fake_board import Part
from tests.support.paper_box import A1, DEAF, E0, FAULTS, LOST, MUTE, NOT_SENT, OWN_DUTY, PAUSE, REFUSED, RESET, STATE, TICK_MS, WORKS, PaperBox

UTC_S = 1_790_000_000
PORT = 20
WORDS = ('lock', 'unlock', 'reset', 'start', 'stop', 'resume_plan', 'boost')
# A start is given up after ten minutes; the others that wait before it take less.
ALL_S = 1500
# More than any step takes: two records, and two answers for each command of a run with all of them together.
TURNS_MAX = 120


class PaperBoxClient:
    """The bus client of a box on paper."""

    def __init__(self, box):
        self.box = box
        self.outcome = None
        self.limits = self.block = None
        self.watch_limits = self.urgent = False
        self.failed_address = 0
        self.wrote = None
        self.asked = None

    @property
    def reading(self):
        return self.box.facts.reading or Part(code=None, at_ms=0)

    def hurry(self, urgent):
        self.urgent = urgent

    def want_limits(self, wanted):
        self.watch_limits = wanted

    def read_soon(self, now_ms, in_ms=0):
        """It reads often enough."""

    def read(self, address, count, now_ms):
        self.asked = address
        return True

    def write(self, register, value, now_ms):
        self.wrote = (register, value)
        return True


class ControllerAndPaperBox:
    """Controller and box, over reboots. answers: {identity: {(result, detail)}} given; said: how often."""

    def __init__(self):
        self.box = PaperBox()
        self.records = {}
        self.answers = {}
        self.writes = []
        self.boot()

    def boot(self):
        self.box.facts.reading = None
        self.charger = PaperBoxClient(self.box)
        self.boot_ms = self.box.now_ms
        self.evse_monitor = EvseMonitor(self.charger, self.box.now_ms)
        store = Part(get=self.records.get, put=self.records.__setitem__)
        self.journal = Journal(store)
        session = Part(accepts=lambda now_ms, owed: True, fresh_ms=-1 << 40)

        def utc_s(now_ms):
            return UTC_S + now_ms // 1000
        timekeeper = Part(confirmed=True, utc_s=utc_s, expiry_utc_s=utc_s)
        meter = Part(session_wh=None, total_wh=0, flow_da=0)
        now_ms = self.box.now_ms
        self.poller = Poller(self.charger, self.evse_monitor)
        self.reconciler = Reconciler(config.Settings())
        self.arbiter = Arbiter(self.evse_monitor, meter, Part(in_force=None, avoid=None), self.journal, config.Settings(), PLANNED,
                               self.reconciler.record)
        self.log = CommandLog()
        record = OwnerRecord(self.journal, self.arbiter, self.log, self.reconciler, self.poller.box)
        record.load(now_ms)
        claims = self.arbiter.claims
        self.evse_monitor.assume_car(self.reconciler.record.car or claims.of_car and claims.had_car)
        self.controller = Controller(self.charger, self.evse_monitor, self.poller, timekeeper, self.arbiter, self.reconciler, record, now_ms)
        others = DeviceCommands(None, None, timekeeper, meter, self.arbiter, self.poller.box, None, None)
        self.dispatcher = Dispatcher(self.charger, session, timekeeper, self.controller, record, self.log,
                                     Part(waiting=[], has_place=True, put=self._answer), others,
                                     Part(request=lambda *ignored: None, answer=lambda answer: None), now_ms)
        self.record = record

    def _answer(self, answer, fits):
        entry = answer.entry
        assert answer.result != EXPIRED or not entry.begun, 'acted upon, and called too late'
        self.answers.setdefault((entry.op, entry.command_id, entry.issued_at), set()).add((answer.result, answer.detail))
        answer.sent()

    def say(self, word, number, stamp_s, expires_in_s):
        args = b'\x03\x00\x00' if word == 'boost' else b''
        self.dispatcher.downlink(PORT, struct.pack('>BBIH', vocabulary.COMMANDS.index(word), number, stamp_s, expires_in_s) + args, self.box.now_ms)

    def live(self, seconds):
        for _ in range(int(seconds * 1000) // TICK_MS):
            self._step()

    def _step(self):
        box, charger = self.box, self.charger
        if charger.wrote is not None:
            charger.wrote = None
            self.controller.written(box.now_ms)
        before = box.facts.reading
        box.live()
        reading = box.facts.reading
        if reading is not None and reading is not before:
            self.evse_monitor.read(reading)
            if self.evse_monitor.see(reading.code, box.now_ms):
                self.dispatcher.changed(reading.code)
        self.evse_monitor.tick(box.now_ms)
        self._tell_limits()
        self.act()
        if charger.wrote is not None:
            self._check(*charger.wrote)
            charger.outcome = box.write(*charger.wrote)

    def act(self):
        """The turns of a step."""
        now_ms = self.box.now_ms
        self.controller.observe(now_ms)
        for _ in range(TURNS_MAX):
            rests = self.dispatcher.step(now_ms) != now_ms and self.controller.step(now_ms) != now_ms
            if rests and not self.record.is_due and not self.record.copy():
                return
        raise AssertionError('a step without an end')

    def _tell_limits(self):
        """0x000F, every 10 s or as asked for; other blocks stay unread."""
        box, charger, poller = self.box, self.charger, self.poller
        at_once = charger.asked is not None
        was_ms = box.facts.icmax_ms
        box.tell_limits(at_once)
        told = box.facts.icmax_ms != was_ms
        charger.limits = charger.block = None
        if told:
            charger.limits = (0, OWN_DUTY, box.icmax)
            poller.limits(box.now_ms)
        if charger.asked is not None:
            charger.asked = None
            poller.block(box.now_ms)

    def _check(self, register, value):
        """Somebody wants it, or it is owed, and the record knows of it."""
        decision, past = self.arbiter.decision, self.reconciler.record
        wanted = decision.want != LEAVE or self.reconciler.reset_sequence.running or past.ours or past.pulse
        # Where nothing is wanted only the limit is given back.
        assert wanted or value not in (A1, E0, RESET, PAUSE), (register, value)
        assert value in (A1, E0, RESET, PAUSE) or 100 <= value <= OWN_DUTY
        if value == E0:
            assert decision.want == LOCK or past.pulse
        if register == STATE:
            assert Journal(Part(get=self.records.get, put=None)).get('past') is not None
        self.writes.append((self.box.now_ms, register, value))


# The log remembers this many for certain; of more it forgets what opened, which then is obeyed again.
SAID_MOST = CAPACITY - RESERVED


class AnyOrder(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.rig = ControllerAndPaperBox()
        self.said = []
        self.accepted = set()
        self.rig.live(20)

    def _note(self):
        """Accepted is what is on record."""
        record = Journal(Part(get=self.rig.records.get, put=None)).get(OWNER_RECORD)
        if record is not None:
            head, rows = struct.unpack_from('>BB', record, CLAIMS_BYTES), record[CLAIMS_BYTES + 7:]
            assert len(rows) == 12 * head[1]
            self.accepted |= {row[:3] for row in [struct.unpack('>BBIHHBB', rows[at:at + 12]) for at in range(0, len(rows), 12)]}

    def _now_s(self):
        return UTC_S + self.rig.box.now_ms // 1000

    @precondition(lambda self: len(self.said) < SAID_MOST)
    @rule(word=st.sampled_from(WORDS), number=st.integers(0, 2), ago_s=st.sampled_from([0, 0, 0, 30, 700]), expires_in_s=st.sampled_from([20, 600]))
    def say(self, word, number, ago_s, expires_in_s):
        self.said.append((word, number, self._now_s() - ago_s, expires_in_s))
        self.rig.say(*self.said[-1])

    @rule(which=st.integers(0, 100))
    def repeat(self, which):
        if self.said:
            self.rig.say(*self.said[which % len(self.said)])

    @rule(seconds=st.sampled_from([0.5, 1, 3, 12, 60, 400]))
    def live(self, seconds):
        self.rig.live(seconds)

    @rule(off_s=st.sampled_from([0, 5, 1000]))
    def reboot(self, off_s):
        self._note()
        self.rig.box.now_ms += 1000 * off_s
        self.rig.boot()

    @rule(there=st.booleans(), willing=st.booleans())
    def plug(self, there, willing):
        self.rig.box.willing = willing
        self.rig.box.plug(there)

    @rule(code=st.sampled_from(FAULTS))
    def strike(self, code):
        self.rig.box.strike(code)

    @rule()
    def mend(self):
        self.rig.box.mend()

    @rule(deaf=st.booleans())
    def deafen(self, deaf):
        self.rig.box.deaf = deaf

    @rule(fate=st.sampled_from([WORKS, LOST, MUTE, REFUSED, DEAF, NOT_SENT]))
    def fate(self, fate):
        self.rig.box.fate = fate

    @precondition(lambda self: len(self.said) < SAID_MOST)
    @rule(word=st.sampled_from(WORDS), number=st.integers(0, 2), after_s=st.sampled_from([0.5, 1, 3]))
    def say_and_reboot(self, word, number, after_s):
        """In the midst of it."""
        self.rig.box.fate = LOST
        self.say(word, number, 0, 600)
        self.rig.live(after_s)
        self.reboot(0)

    @rule()
    def restart(self):
        self.rig.box.others()
        self.rig.box.restart()

    def teardown(self):
        rig = self.rig
        self._note()
        rig.live(ALL_S)
        self._note()
        assert set(rig.answers) >= self.accepted
        assert [identity for identity, told in rig.answers.items() if len(told) != 1] == []
        assert list(rig.log.running()) == []
        # What was answered is answered again, and nothing is done for it.
        writes = len(rig.writes)
        for words_said in self.said:
            rig.say(*words_said)
            rig.act()
        assert [identity for identity, told in rig.answers.items() if len(told) != 1] == []
        assert len(rig.writes) == writes


AnyOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestAnyOrder = AnyOrder.TestCase


@pytest.mark.soak
class TestLongAnyOrder(AnyOrder.TestCase):
    """The same at random, 1,000 lives long (tests/conftest.py)."""

    settings = settings(stateful_step_count=50)
