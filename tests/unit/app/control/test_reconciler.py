"""The reconciler against a paper box of random behaviour: what must never happen, and what must have happened in the end."""

import config
import random

from app.codec import vocabulary
from app.policy.claims import CHARGE, HOLD, LEAVE, LOCK, Decision
from app.control.control_record import NIGHT_MS
from app.control.reconciler import Reconciler
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.support import paper_box
from tests.support.paper_box import A1, E0, FAULTS, ICMAX, OWN_DUTY, PAUSE, RESET, STATE, TICK_MS, WORKS, PaperBox

NEVER = (0xF1, 0xF2, 0xF3, 0xF9, 0xFA, 0xFB)
REST_MS = 5 * 60000
DAY_MS = 24 * 3600000
UNSEEN_MS = 3000
PULSE_MS = 20000      # E0E0 within that long of another is the same pulse, sent again


class Play:
    """Reconciler and box; live() is a shell that saves, writes and reads. writes: (ms, register, value, code of the reading, want)."""

    def __init__(self, blind=False, starts=True):
        self.box = PaperBox()
        self.box.blind = blind
        self.box.starts = starts
        self.want = LEAVE
        self.decision = Decision()
        self.writes = []
        self.flash = None
        self.boot()

    def boot(self):
        self.recon = Reconciler(config.Settings())
        self._boot_ms = self.box.now_ms
        self._pending = None
        if self.flash is not None:
            assert self.recon.record.load(self.flash, self.box.now_ms)
        facts = self.box.facts
        facts.reading = facts.icmax = facts.icmax_ms = facts.box_limit_duty = None
        facts.stable_code = 0
        facts.car = self.recon.record.car

    def live(self, seconds):
        for _ in range(int(seconds * 1000) // TICK_MS):
            if self._pending is not None:
                self.recon.written(self._pending, self.box.now_ms)
                self._pending = None
            self.box.live()
            self._step()

    def _step(self):
        recon, box = self.recon, self.box
        now_ms = box.now_ms
        if recon.wants_limits or recon.limits_stale:
            box.tell_limits(recon.limits_stale)
        self.decision.set(self.want, 0, 0, 0, None)
        write = recon.step(now_ms, box.facts, self.decision)
        if recon.record.unsaved:
            self.flash = recon.record.dump(now_ms, box.facts.utc_s)
            recon.record.saved()
        if write is not None:
            self._check(now_ms, write)
            self._pending = box.write(*write)

    def _check(self, now_ms, write):
        register, value = write
        reading = self.box.facts.reading
        assert reading is not None and now_ms - reading.at_ms <= 5000
        assert not self.writes or reading.at_ms > self.writes[-1][0] or self._boot_ms > self.writes[-1][0]
        assert register == STATE and value in (RESET, A1, E0) or register == ICMAX and (100 <= value <= OWN_DUTY or value == PAUSE)
        if reading.code >= 0xF0:
            assert reading.code not in NEVER and (reading.code == 0xF4 or self.recon.reset_sequence.running) and value == RESET
        if value == A1:
            assert reading.code in (0xE0, 0xE2)
        if value == E0 and self.want != LOCK:
            assert self.want == CHARGE and reading.code in (0xB1, 0xB2) and not self.box.facts.finished
            # The record knows of it before the box does.
            after = Reconciler(config.Settings())
            assert after.record.load(self.flash, 0) and after.record.pulse
        if value == PAUSE and self.recon.icmax.back == 0:
            raise AssertionError('a pause that nobody would take back')
        self.writes.append((now_ms, register, value, reading.code, self.want))

    def check_history(self):
        """What must never have happened."""
        pulses = [now_ms for now_ms, _, value, _, want in self.writes if value == E0 and want != LOCK]
        pulses = [at for index, at in enumerate(pulses) if index == 0 or at - pulses[index - 1] > PULSE_MS]
        for index in range(3, len(pulses)):
            assert pulses[index] - pulses[index - 3] >= NIGHT_MS
        last_ms, closings, closed_ms, closed_ours = None, [], 0, False
        for now_ms, closed, ours, by_reset in self.box.moves:
            if closed:
                closed_ms, closed_ours = now_ms, ours
            # What others closed and we opened between two looks, nobody saw.
            if not ours or not closed and not closed_ours and now_ms - closed_ms < UNSEEN_MS:
                continue
            if closed:
                # A reset by the monitor opens and closes in one.
                assert last_ms is None or now_ms - last_ms >= REST_MS or by_reset, (now_ms, last_ms, self.box.moves, self.writes)
                closings.append(now_ms)
            last_ms = now_ms
        for index in range(12, len(closings)):
            assert closings[index] - closings[index - 12] >= DAY_MS


class AnyBox(RuleBasedStateMachine):
    """Somebody changes his mind, the box fails, the car comes and goes, the monitor loses power."""

    @initialize(blind=st.booleans(), starts=st.booleans())
    def begin(self, blind, starts):
        self.play = Play(blind, starts)
        self.play.box.facts.utc_s = None

    @rule(seconds=st.sampled_from((1, 2, 3, 5, 12, 30, 70, 310)))
    def wait(self, seconds):
        self.play.live(seconds)

    @rule(want=st.sampled_from((LEAVE, HOLD, CHARGE, LOCK)), seconds=st.sampled_from((1, 2, 4, 20, 100)))
    def wish(self, want, seconds):
        self.play.want = want
        self.play.live(seconds)

    @rule(there=st.booleans(), willing=st.booleans())
    def car(self, there, willing):
        box = self.play.box
        if there is not box.car:
            box.plug(there)
        if willing is not box.willing:
            box.others()
            box.willing = willing
        self.play.live(3)

    @rule(closed=st.booleans())
    def key(self, closed):
        if closed is not self.play.box.key:
            self.play.box.others()
        self.play.box.key = closed

    @rule(code=st.sampled_from(FAULTS), seconds=st.sampled_from((5, 65)), mended=st.booleans())
    def fault(self, code, seconds, mended):
        self.play.box.strike(code)
        self.play.live(seconds)
        if mended:
            self.play.box.mend()

    @rule()
    def mend(self):
        self.play.box.mend()

    @rule(what=st.sampled_from((0xE0, 0xE1, 0xE2, 0xA1, 'reset')))
    def stranger(self, what):
        box = self.play.box
        box.others()
        if what == 'reset':
            box.restart()
        else:
            box.jump(what)
        self.play.live(1)

    @rule(fate=st.sampled_from(range(6)), deaf=st.booleans(), seconds=st.sampled_from((1, 4, 8, 40)))
    def bad_line(self, fate, deaf, seconds):
        box = self.play.box
        box.fate, box.deaf = fate, deaf
        self.play.live(seconds)
        box.fate, box.deaf = WORKS, False

    @rule()
    def owner_resets(self):
        self.play.recon.reset(self.play.box.now_ms)
        self.play.live(20)
        assert self.play.recon.reset_outcome is not None

    @rule()
    def owner_unlocks(self):
        self.play.recon.unlock()
        self.play.live(2)

    @rule()
    def power_cut(self):
        self.play.boot()

    @rule(finished=st.booleans())
    def history(self, finished):
        facts = self.play.box.facts
        facts.finished = finished
        asked = len(self.play.writes)
        self.play.live(200 if finished else 1)
        if finished and self.play.want == CHARGE:
            assert [value for _, _, value, _, _ in self.play.writes[asked + 2:] if value == E0] == []
        facts.finished = False

    @rule()
    def settles(self):
        """Undisturbed, everything becomes as decided."""
        play, box = self.play, self.play.box
        if box.fault is not None:
            box.mend()
        if box.code in (0xE1, 0xE2):
            box.jump(0xA1)
        play.live(60)
        want, recon = play.want, play.recon
        if want == LOCK:
            assert box.code == 0xE0
        else:
            assert not recon.record.pulse and not recon.record.ours or want == CHARGE and recon.busy
        if want == HOLD:
            assert not box.closed and (box.icmax == PAUSE or box.blind)
        if want == LEAVE:
            play.live(330)
            assert recon.icmax.back == 0 or recon.blocked == vocabulary.DETAILS.index('daily_limit')

    def teardown(self):
        if hasattr(self, 'play'):
            self.play.check_history()


TestAnyBox = AnyBox.TestCase
TestAnyBox.settings = settings(max_examples=60, stateful_step_count=40)

# What happens in a wild hour: (how often, what, dice of its arguments).
HOUR = (
    (10, AnyBox.wait, lambda dice: (dice.choice((1, 2, 3, 5, 12, 30, 70, 310)),)),
    (30, AnyBox.wish, lambda dice: (dice.choice((LEAVE, HOLD, CHARGE, CHARGE, LOCK)), dice.choice((1, 2, 4, 20, 100, 400)))),
    (4, AnyBox.car, lambda dice: (dice.random() < 0.8, dice.random() < 0.8)),
    (2, AnyBox.key, lambda dice: (dice.random() < 0.7,)),
    (1, AnyBox.fault, lambda dice: (dice.choice(FAULTS), dice.choice((5, 65)), dice.random() < 0.9)),
    (2, AnyBox.stranger, lambda dice: (dice.choice((0xE0, 0xE1, 0xE2, 0xA1, 'reset', 'reset')),)),
    (6, AnyBox.bad_line, lambda dice: (dice.randrange(6), dice.random() < 0.3, dice.choice((1, 4, 8, 40)))),
    (3, AnyBox.owner_resets, lambda dice: ()),
    (2, AnyBox.owner_unlocks, lambda dice: ()),
    (3, AnyBox.power_cut, lambda dice: ()),
    (1, AnyBox.history, lambda dice: (dice.random() < 0.5,)),
    (3, AnyBox.settles, lambda dice: ()),
)


def wild_hours(seed, acts):
    """Chance plays on; the Play afterwards."""
    dice = random.Random(seed)
    box = AnyBox()
    box.begin(dice.random() < 0.3, dice.random() < 0.6)
    box.play.box.plug(True)
    for _ in range(acts):
        _, act, arguments = dice.choices(HOUR, [row[0] for row in HOUR])[0]
        act(box, *arguments(dice))
    box.play.check_history()
    return box.play


def test_a_few_wild_hours_never_wear_the_contactor_nor_wake_too_often():
    plays = [wild_hours(seed, 250) for seed in range(6)]
    assert sum(bool(move[1] and move[2]) for play in plays for move in play.box.moves) > 24


@pytest.mark.long
def test_wild_hours_never_wear_the_contactor_nor_wake_too_often(evidence):
    hours = writes = closings = pulses = 0
    for seed in range(25):
        play = wild_hours(seed, 250)
        hours += play.box.now_ms / 3600000
        writes += len(play.writes)
        closings += len([move for move in play.box.moves if move[1] and move[2]])
        pulses += len([write for write in play.writes if write[2] == E0 and write[4] != LOCK])
    assert closings > 100 and pulses > 10
    evidence('hours of changing wishes, bad lines, strangers, faults and power cuts without a forbidden write', '%.0f' % hours)
    evidence('writes in them', writes)
    evidence('closings of ours in them, none within 5 min of another opening or closing of ours, none the 13th of a day', closings)


def test_the_second_of_two_telegrams_waits_for_a_reading_in_between():
    play = Play()
    play.box.plug(True)
    play.live(30)
    play.want = HOLD
    while not play.writes:
        play.live(0.5)
    play.box.deaf = True
    play.want = LOCK
    play.live(20)
    assert [write[2] for write in play.writes] == [PAUSE]
    play.box.deaf = False
    play.live(20)
    assert [write[2] for write in play.writes] == [PAUSE, E0, OWN_DUTY]


def test_a_lost_write_is_sent_again_at_once_three_times_and_then_at_a_slower_pace():
    play = Play()
    play.box.plug(True)
    play.live(30)
    play.box.fate = paper_box.LOST
    play.want = HOLD
    play.live(60)
    moments = [write[0] - play.writes[0][0] for write in play.writes]
    assert len(moments) >= 5 and moments[2] <= 5000
    assert len([at for at in moments if at < 10000]) == 3


def test_a_box_that_was_away_is_held_at_the_first_look_in_a1_too_and_in_a_hurry_until_it_is():
    play = Play()
    play.want = LOCK
    play.live(60)
    assert play.box.code == 0xE0 and not play.recon.urgent
    play.writes.clear()
    play.box.restart()
    while not play.writes:
        play.live(0.5)
    assert play.writes[0][2:4] == (PAUSE, 0xA1) and play.recon.urgent
    play.live(4)
    assert [write[2] for write in play.writes] == [PAUSE, E0, OWN_DUTY] and not play.recon.urgent


def test_a_hold_that_was_just_written_is_written_again_for_a_box_that_was_away_meanwhile():
    play = Play()
    play.box.plug(True)
    play.live(30)
    play.want = HOLD
    while not play.writes:
        play.live(0.5)
    play.live(1)
    play.box.restart()
    play.live(6)
    assert [write[2] for write in play.writes] == [PAUSE, PAUSE] and play.writes[1][0] - play.writes[0][0] < 8000


def test_a_box_that_cannot_be_held_is_hurried_for_so_long_only():
    play = Play()
    play.box.plug(True)
    play.box.fate = paper_box.LOST
    play.want = HOLD
    play.live(14)
    assert play.recon.urgent
    play.live(4)
    assert not play.recon.urgent


def test_a_record_of_another_version_or_a_broken_one_is_not_taken():
    play = Play()
    play.box.plug(True)
    play.want = HOLD
    play.live(30)
    assert len(play.flash) < 100
    for record in (b'', play.flash[:3], b'\xff' + play.flash[1:], play.flash + b'\x00', play.flash[:-1], play.flash[:4] + b'\xff' * 8):
        other = Reconciler(config.Settings())
        assert not other.record.load(record, 0)
        assert not other.record.pulse and other.icmax.back == 0 and len(other.record.dump(0, None)) == 9
    assert Reconciler(config.Settings()).record.load(play.flash, 0)
