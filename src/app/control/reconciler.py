"""Wanted against actual: compares the decision with the latest reading and says the next write. Pure: no bus, no radio, no clock.

The rules are the design's (docs/operation.md). What is written is told before it leaves, so that the record comes before the deed.
"""

from modbus import write_map
from modbus.charger import FRESH_MS
from modbus.reading import EN_ENABLES

from app.control import start_sequence as ladder
from app.codec.vocabulary import DETAIL_FAULT, DETAIL_LOCKED, DETAIL_NONE, DETAIL_SETUP, DETAIL_UNREACHABLE, DETAIL_WAITS_FOR_KEY
from app.policy.claims import CHARGE, HOLD, LOCK
from app.control.contactor import UNSEEN_MS
from app.control.write_retry import WriteRetry
from app.control.icmax import Icmax
from app.control.setpoint import Setpoint
from app.control.control_record import ControlRecord
from app.control.reset_sequence import ResetSequence, is_enabled
from app.evse.debounce import APART_MIN_MS
from app.evse.evse_monitor import AWAY_MS
from app.evse.states import CODE_B1, CODE_B2, CODE_E0, CODE_E1, CODE_E2, CODE_E3, is_charging, is_fault

# A car is asked to stop before its contactor opens, for at most this long; so long a hold is waited for before an outlet is opened.
PAUSE_MS = 10000
# So long a box that came back is held in a hurry; one that cannot be held in this time is held at the pace of the others on its bus.
URGENT_MS = 15000
# An E0E0 that shows no effect in this time is given up.
JUMP_MS = 10000


class Reconciler:
    """step() says the next write, written() what became of it. Between the two, before the telegram, what is `unsaved` is saved.

    own_pulse: the write that step() just returned is a jump or reset of which the watch must know. flowing: current flows. urgent: the box
    is back from a silence, or new to us, and is to be held, but not known to be.
    past: the ControlRecord, for dump() and load().
    """

    def __init__(self):
        self.limit = Icmax()
        self.past = ControlRecord(self.limit)
        self.restart = ResetSequence()
        self.own_pulse = False
        self.flowing = False
        self.urgent = False
        self._hand = WriteRetry()
        self.offer = Setpoint(self.limit, self.past.closings, self._in_force)
        self._want = None
        self._looked_ms = None       # the reading that was last looked at
        self._code = None            # of that reading
        self._same_ms = 0            # that code is read since then
        self._was_away = False       # no reading before that one for as long as a box is silent that starts
        self._back_ms = None         # the first one after such a silence
        self._lock_held = False      # this lock has been seen in force
        self._lost_ms = None         # the box is seen neither out of use nor in a fault since then
        self._lock_ms = None         # a box that is to be locked charges since then
        self._free_ms = None         # an E0 of ours is to be ended since then
        self._pulse_ms = None        # E0 seen since then; None: not yet, or it began before the boot

    # --- for the shell

    @property
    def blocked(self):
        """Index in words.DETAILS: why a CHARGE does not go on now, 'none' while it does."""
        return self.offer.blocked

    @property
    def limit_back(self):
        """The Icmax duty we owe, 0 for none."""
        return self.limit.back

    @property
    def phase(self):
        """Index in words.REASONS while a car is being started or woken, else None."""
        return self.offer.starter.phase if self._want == CHARGE and self.blocked == DETAIL_NONE and not self.flowing else None

    @property
    def reset_outcome(self):
        """(index in words.RESULTS, index in words.DETAILS) of the reset asked for, None while it is under way."""
        return self.restart.outcome

    @property
    def busy(self):
        """True while deadlines run that no reading brings: step() is wanted twice a second."""
        return self.restart.running or self.past.ours or self.offer.starter.pausing

    @property
    def wants_limits(self):
        """0x000F should be read every 10 s."""
        return self.limit.back != 0 or self._want in (HOLD, CHARGE) or self._want == LOCK and not self._lock_held

    @property
    def limits_stale(self):
        """0x000F should be read at once."""
        return self.limit.stale

    @property
    def wants_flags(self):
        """0x0001 and 0x0006 should be known, not older than half a minute."""
        return self._want == CHARGE and self.offer.starter.wants_flags

    def reset(self, now_ms):
        """The owner wants a reset."""
        self.restart.ask(now_ms)

    def no_reset(self):
        """What came after it overrules it; one that was written is seen to its end."""
        if not self.restart.acted:
            self.restart.running = False

    def unlock(self):
        """The owner wants the outlet enabled, whoever disabled it."""
        self.past.own(True, self.past.pulse)

    # --- one step

    def step(self, now_ms, box, decision):
        """(register, value) to write now, or None."""
        self.own_pulse = False
        self.limit.stale = False
        if self._hand.busy:
            return None
        if decision.want != self._want:
            self._want = decision.want
            self._begin()
        reading = box.reading
        if reading is None or reading.code is None or now_ms - reading.at_ms > FRESH_MS:
            self.urgent = decision.want in (HOLD, LOCK)
            self.offer.blocked = DETAIL_UNREACHABLE
            self.flowing = False
            if self.restart.running:
                self.restart.look(None, False, now_ms)
            return None
        if reading.at_ms != self._looked_ms:
            self._look(now_ms, box)
        self.offer.blocked = DETAIL_NONE
        self.urgent = (now_ms - self._back_ms < URGENT_MS and decision.want in (HOLD, LOCK) and reading.code != CODE_E0
                       and not self.limit.paused(box, now_ms))
        value = self._next(now_ms, box, decision)
        if not value:
            return None
        register = write_map.STATE if value in (write_map.RESET, write_map.JUMP_A1, write_map.JUMP_E0) else write_map.ICMAX
        if not self._hand.may(register, value, reading, now_ms):
            return None
        self._before(value, now_ms, box)
        self._hand.take(register, value, now_ms)
        return register, value

    def written(self, outcome, now_ms):
        """The outcome (modbus.charger) of the write that step() asked for."""
        hand = self._hand
        hand.done(outcome, now_ms)
        if hand.register == write_map.ICMAX:
            self.limit.written(hand.value, outcome, now_ms)
        elif hand.value == write_map.RESET:
            self.limit.restarted(now_ms)
            if self.restart.running:
                self.restart.written(outcome, now_ms)

    def _in_force(self):
        """The limit that was wanted is: wanted again later, it is another write."""
        self._hand.forget(write_map.ICMAX)

    def _begin(self):
        """Another order: everything begins anew."""
        self.offer.starter.begin()
        self._lock_held = False
        self._lock_ms = self._free_ms = None

    def _look(self, now_ms, box):
        """A reading that is new."""
        reading = box.reading
        code = reading.code
        at_ms = reading.at_ms
        self._was_away = self._looked_ms is None or at_ms - self._looked_ms >= AWAY_MS
        if self._was_away:
            self._back_ms = at_ms
            self._in_force()   # no longer: a box that lost its power has forgotten it
        self._looked_ms = at_ms
        if code != self._code or self._was_away:
            self._code = code
            self._same_ms = at_ms
        if code == CODE_E0 or is_fault(code):
            self._lost_ms = None
        elif self._lost_ms is None:
            self._lost_ms = at_ms
        charging = is_charging(code)
        self.past.tell_time(now_ms, box.utc_s)
        self.past.closings.see(charging, at_ms, box.utc_s)
        self.limit.see(reading)
        self.past.finish(box.finished, box.drew)
        self.flowing = ladder.flows(reading)
        car = box.car or charging or code in (CODE_B1, CODE_B2)
        self.offer.perhaps_car = car or code >= CODE_E0
        if car != self.offer.car:
            self.offer.car = car
            self.offer.starter.begin()
        self.restart.watch_f4(reading)
        if self.past.ours and self._want != LOCK and is_enabled(code) and (charging or not self._jumps(at_ms)):
            self.past.own(False)
            self._free_ms = None
        elif code == CODE_E0 and self._pulse_ms is None:
            self._pulse_ms = at_ms

    def _jumps(self, at_ms):
        """True while the box may not have heard yet that it is to go to E0."""
        hand = self._hand
        if not self.past.pulse or self._pulse_ms is not None or hand.value != write_map.JUMP_E0:
            return False
        written_ms = hand.written_ms(write_map.STATE)
        return at_ms <= written_ms or at_ms - written_ms < JUMP_MS

    # --- what is to be written; 0 for nothing

    def _next(self, now_ms, box, decision):
        code = box.reading.code
        want = decision.want
        if want == LOCK and self.past.pulse:
            self.past.own(True)   # what was a pulse is the owner's lock now
        if self.restart.running and self.restart.due(want, box, self.past, self.offer, now_ms):
            return write_map.RESET
        if is_fault(code):
            return self._in_fault(now_ms)
        if code in (CODE_E1, CODE_E3) or code == CODE_E2 and not self.past.ours and (want != LOCK or self._lock_held):
            self.offer.starter.begin()
            self.offer.blocked = DETAIL_SETUP
            return 0
        if want == LOCK:
            return self._lock(now_ms, box)
        if code in (CODE_E0, CODE_E2):
            return self._disabled(now_ms, box, decision)
        if self.past.pulse and want == CHARGE:
            return write_map.JUMP_E0
        if want == CHARGE and is_enabled(code):
            return self.offer.charge(decision.current_da, self.restart.running, self.past, box, now_ms)
        return self.offer.hold_or_leave(self._want, decision.current_da, box, now_ms)

    def _in_fault(self, now_ms):
        """Into a fault nothing is written; the one that says that nobody polled is reset."""
        self.offer.starter.begin()
        self.offer.blocked = DETAIL_FAULT
        return write_map.RESET if self.restart.ends_f4(self._want, self.past, self.offer, now_ms) else 0

    def _lock(self, now_ms, box):
        reading = box.reading
        code = reading.code
        if code == CODE_E0:
            self._lock_held = True
            self._lock_ms = None
            self.past.own(True)
            return self.offer.set(self.limit.back, box, now_ms) if self.limit.back else 0
        if self._lock_held and reading.at_ms - self._lost_ms < APART_MIN_MS:
            # One look is no reason to act. But a box that was away has lost its lock, and would give a car current until the next one.
            return self.offer.set(write_map.DUTY_PAUSE, box, now_ms) if self._was_away and is_enabled(code) else 0
        if is_charging(code):
            # The contactor opens without load: the car is asked to stop first.
            if self._lock_ms is None:
                self._lock_ms = now_ms
            if now_ms - self._lock_ms < PAUSE_MS:
                return self.offer.set(write_map.DUTY_PAUSE, box, now_ms)
        return write_map.JUMP_E0

    def _disabled(self, now_ms, box, decision):
        """E0 or E2, and no lock is wanted."""
        want = self._want
        if not self.past.ours:
            self.offer.starter.begin()
            if want == CHARGE:
                self.offer.blocked = DETAIL_LOCKED
                return 0
            return self.offer.hold_or_leave(self._want, decision.current_da, box, now_ms)
        if self.past.pulse and want == CHARGE and box.reading.code == CODE_E0 and now_ms - self._pulse_ms < self.offer.pulse_for_ms:
            return 0
        if box.en_mode == EN_ENABLES and not box.reading.enable_input:
            self.offer.blocked = DETAIL_WAITS_FOR_KEY   # a person has disabled the outlet by the key
            return 0
        if self._free_ms is None:
            self._free_ms = now_ms
        hold = want == HOLD or self.offer.verdict(now_ms) != DETAIL_NONE
        if hold and now_ms - self._free_ms < PAUSE_MS:
            # The hold is in force before the outlet is.
            value = self.offer.set(write_map.DUTY_PAUSE, box, now_ms)
            if value or self.limit.stale or not self.limit.paused(box, now_ms):
                return value
        return write_map.JUMP_A1

    # --- before the deed

    def _before(self, value, now_ms, box):
        """The write goes out: what must be remembered of it."""
        if value == write_map.RESET:
            self.own_pulse = True
            self.restart.write(box, self.past, self.offer, now_ms)
        elif value == write_map.JUMP_E0:
            self._before_jump(now_ms, box)
        elif value == write_map.JUMP_A1:
            self.own_pulse = True
            if not self.limit.paused(box, now_ms):
                self.past.closings.order(now_ms, box.utc_s)
        else:
            if value == write_map.DUTY_PAUSE:
                self.past.closings.opener(now_ms, box.utc_s)
            elif self.offer.closes(box, now_ms):
                self.past.closings.order(now_ms, box.utc_s)
            self.limit.before_write(value, box)

    def _before_jump(self, now_ms, box):
        closings = self.past.closings
        if self._want == LOCK:
            # E0 opens at once. A box that came to its state just now, after a reset by others or with a car, may close before that.
            closings.opener(now_ms, box.utc_s, now_ms - self._same_ms < UNSEEN_MS)
            self.past.own(True, False, self.offer.car)
            return
        closings.opener(now_ms, box.utc_s)
        self.own_pulse = True
        if not self.past.pulse:
            self.past.begin_pulse(now_ms, box.utc_s)
            self._pulse_ms = None
            self.offer.starter.did(ladder.PULSE)
