"""The reconciler: compares the decision with the latest reading and gives the next write to the box. Pure: no bus, no radio, no clock.

docs/charging.md has the rules. A write is on record before it is sent: step() only returns it.
"""

from modbus import write_map
from modbus.charger import FRESH_MS
from modbus.reading import EN_ENABLES

from app.control import start_sequence
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

# Longest wait for a car to stop before its contactor opens, and for a hold to be in force before an outlet is enabled.
PAUSE_MS = 10000
# Time for which a box that is back is held urgently; later it is held at the normal pace of the bus.
URGENT_MS = 15000
# Time without an effect after which an E0E0 has failed.
JUMP_MS = 10000


class Reconciler:
    """step() observes, decides and commits: it returns the next write; written() takes its outcome. If `record.unsaved`, the caller saves in between.

    own_pulse: that write is a jump or reset, to be reported to the EVSE monitor. flowing: current flows. urgent: after a silence or a boot the
    box should be held, but is not known to be. paused: no current is allowed; limit_in_force: the wanted limit is. record: the ControlRecord.
    """

    def __init__(self, settings):
        """settings: START_BEHAVIOUR of them."""
        self.icmax = Icmax()
        self.record = ControlRecord(self.icmax)
        self.reset_sequence = ResetSequence()
        self.own_pulse = False
        self.flowing = False
        self.urgent = False
        self.paused = False
        self.limit_in_force = False
        self._retry = WriteRetry()
        self.setpoint = Setpoint(self.icmax, self.record.closings, self._in_force, settings)
        self._want = None
        self._looked_ms = None       # the latest observed reading
        self._code = None            # of that reading
        self._same_ms = 0            # the first reading of that code
        self._was_away = False       # before that reading there was a silence as long as that of a box that starts
        self._back_ms = None         # the first reading after such a silence
        self._lock_held = False      # this lock has been in force
        self._lost_ms = None         # the first reading neither locked nor in a fault
        self._lock_ms = None         # begin of the wait for a charging car before a lock
        self._free_ms = None         # begin of the end of an E0 by the monitor
        self._pulse_ms = None        # the first reading of E0; None: not yet, or it began before the boot

    # --- for the controller

    @property
    def blocked(self):
        """Index in vocabulary.DETAILS of the obstacle to a CHARGE, DETAIL_NONE without one."""
        return self.setpoint.blocked

    @property
    def phase(self):
        """Index in vocabulary.REASONS while a car is being started or woken, else None."""
        return self.setpoint.start_sequence.phase if self._want == CHARGE and self.blocked == DETAIL_NONE and not self.flowing else None

    @property
    def reset_outcome(self):
        """(index in vocabulary.RESULTS, index in vocabulary.DETAILS) of the requested reset, None while it is under way."""
        return self.reset_sequence.outcome

    @property
    def busy(self):
        """True while deadlines run that do not depend on a reading: step() is needed twice a second."""
        return self.reset_sequence.running or self.record.ours or self.setpoint.start_sequence.pausing

    @property
    def wants_limits(self):
        """0x000F should be read every 10 s."""
        return self.icmax.back != 0 or self._want in (HOLD, CHARGE) or self._want == LOCK and not self._lock_held

    @property
    def limits_stale(self):
        """0x000F should be read immediately."""
        return self.icmax.stale

    @property
    def wants_flags(self):
        """0x0001 and 0x0006 are needed, at most half a minute old."""
        return self._want == CHARGE and self.setpoint.start_sequence.wants_flags

    def reset(self, now_ms):
        """Begin a reset for the owner."""
        self.reset_sequence.ask(now_ms)

    def unlock(self):
        """Enable the outlet for the owner, whatever disabled it."""
        self.record.own(True, self.record.pulse)

    def expect_change(self):
        """The decision may change: the wanted limit is not known to be in force."""
        self.limit_in_force = False

    # --- one step

    def step(self, now_ms, box, decision):
        """(register, value) to write now, or None."""
        self.own_pulse = False
        if self._retry.busy:
            return None
        if decision.want != self._want:
            self._want = decision.want
            self._begin()
        write = self._decide(now_ms, box, decision) if self._observe(now_ms, box) else None
        if write is not None:
            self._commit(write, now_ms, box)
        elif box.reading is not None:
            icmax = self.icmax
            self.paused = icmax.paused
            self.limit_in_force = not icmax.stale and not icmax.differs(icmax.duty_for(decision.current_da, box), False, now_ms)
        return write

    def written(self, outcome, now_ms):
        """The outcome (modbus.charger) of the write that step() asked for."""
        retry = self._retry
        retry.done(outcome, now_ms)
        if retry.register == write_map.ICMAX:
            self.icmax.written(retry.value, outcome, now_ms)
        elif retry.value == write_map.RESET:
            self.icmax.restarted(now_ms)
            if self.reset_sequence.running:
                self.reset_sequence.written(outcome, now_ms)

    def _in_force(self):
        """The wanted limit is in force: the same limit later is a new write."""
        self._retry.forget(write_map.ICMAX)

    def _begin(self):
        """A new decision: all sequences begin again."""
        self.setpoint.start_sequence.begin()
        self._lock_held = False
        self._lock_ms = self._free_ms = None

    # --- observe

    def _observe(self, now_ms, box):
        """Take the latest reading; False if it is too old for a decision."""
        reading = box.reading
        fresh = reading is not None and reading.code is not None and now_ms - reading.at_ms <= FRESH_MS
        if fresh and reading.at_ms != self._looked_ms:
            self._look(now_ms, box)
        if reading is not None:
            self.icmax.look(box, now_ms)
        if fresh:
            self.urgent = (now_ms - self._back_ms < URGENT_MS and self._want in (HOLD, LOCK) and reading.code != CODE_E0
                           and not self.icmax.paused)
            self.setpoint.block(DETAIL_NONE)
            return True
        self.urgent = self._want in (HOLD, LOCK)
        self.setpoint.block(DETAIL_UNREACHABLE)
        self.flowing = False
        if self.reset_sequence.running:
            self.reset_sequence.look(None, False, now_ms)
        return False

    def _look(self, now_ms, box):
        """Take a new reading."""
        reading = box.reading
        code = reading.code
        at_ms = reading.at_ms
        self._was_away = self._looked_ms is None or at_ms - self._looked_ms >= AWAY_MS
        if self._was_away:
            self._back_ms = at_ms
            self._in_force()   # a box that lost its power has lost its limit: the next write is a new one
        self._looked_ms = at_ms
        if code != self._code or self._was_away:
            self._code = code
            self._same_ms = at_ms
        if code == CODE_E0 or is_fault(code):
            self._lost_ms = None
        elif self._lost_ms is None:
            self._lost_ms = at_ms
        charging = is_charging(code)
        self.record.note_time(now_ms, box.utc_s)
        self.record.closings.see(charging, at_ms, box.utc_s)
        self.icmax.see(reading)
        self.record.finish(box.finished, box.drew)
        self.flowing = start_sequence.flows(reading)
        car = box.car or charging or code in (CODE_B1, CODE_B2)
        self.setpoint.see_car(car, car or code >= CODE_E0)
        self.reset_sequence.watch_f4(reading)
        if self.record.ours and self._want != LOCK and is_enabled(code) and (charging or not self._jumps(at_ms)):
            self.record.own(False)
            self._free_ms = None
        elif code == CODE_E0 and self._pulse_ms is None:
            self._pulse_ms = at_ms

    def _jumps(self, at_ms):
        """True while the box may not have taken an E0E0 yet."""
        retry = self._retry
        if not self.record.pulse or self._pulse_ms is not None or retry.value != write_map.JUMP_E0:
            return False
        written_ms = retry.written_ms(write_map.STATE)
        return at_ms <= written_ms or at_ms - written_ms < JUMP_MS

    # --- decide: a value to write, 0 for none

    def _decide(self, now_ms, box, decision):
        """(register, value), or None."""
        value = self._next(now_ms, box, decision)
        if not value:
            return None
        register = write_map.STATE if value in (write_map.RESET, write_map.JUMP_A1, write_map.JUMP_E0) else write_map.ICMAX
        return (register, value) if self._retry.may(register, value, box.reading, now_ms) else None

    def _next(self, now_ms, box, decision):
        code = box.reading.code
        want = decision.want
        if want == LOCK and self.record.pulse:
            self.record.own(True)   # the pulse becomes the owner's lock
        if self.reset_sequence.running and self.reset_sequence.due(want, box, self.record, self.setpoint, now_ms):
            return write_map.RESET
        if is_fault(code):
            return self._in_fault(now_ms)
        if code in (CODE_E1, CODE_E3) or code == CODE_E2 and not self.record.ours and (want != LOCK or self._lock_held):
            return self.setpoint.refuse(DETAIL_SETUP)
        if want == LOCK:
            return self._lock(now_ms, box)
        if code in (CODE_E0, CODE_E2):
            return self._disabled(now_ms, box, decision)
        if self.record.pulse and want == CHARGE:
            return write_map.JUMP_E0
        if want == CHARGE and is_enabled(code):
            return self.setpoint.charge(decision.current_da, self.reset_sequence.running, self.record, box, now_ms)
        return self.setpoint.hold_or_leave(self._want, decision.current_da, box, now_ms)

    def _in_fault(self, now_ms):
        """Nothing is written in a fault; only F4, for missing polls, is ended by a reset."""
        self.setpoint.refuse(DETAIL_FAULT)
        return write_map.RESET if self.reset_sequence.ends_f4(self._want, self.record, self.setpoint, now_ms) else 0

    def _lock(self, now_ms, box):
        reading = box.reading
        code = reading.code
        if code == CODE_E0:
            self._lock_held = True
            self._lock_ms = None
            self.record.own(True)
            return self.setpoint.set(self.icmax.back, box, now_ms) if self.icmax.back else 0
        if self._lock_held and reading.at_ms - self._lost_ms < APART_MIN_MS:
            # A single reading is not enough to act. But after a silence the box has lost its lock, and would give a car current until the next one.
            return self.setpoint.set(write_map.DUTY_PAUSE, box, now_ms) if self._was_away and is_enabled(code) else 0
        if is_charging(code):
            # The contactor is to open without load: the car has to stop first.
            if self._lock_ms is None:
                self._lock_ms = now_ms
            if now_ms - self._lock_ms < PAUSE_MS:
                return self.setpoint.set(write_map.DUTY_PAUSE, box, now_ms)
        return write_map.JUMP_E0

    def _disabled(self, now_ms, box, decision):
        """E0 or E2 without a lock."""
        want = self._want
        if not self.record.ours:
            self.setpoint.start_sequence.begin()
            if want == CHARGE:
                return self.setpoint.block(DETAIL_LOCKED)
            return self.setpoint.hold_or_leave(self._want, decision.current_da, box, now_ms)
        if self.record.pulse and want == CHARGE and box.reading.code == CODE_E0 and now_ms - self._pulse_ms < self.setpoint.pulse_for_ms:
            return 0
        if box.en_mode == EN_ENABLES and not box.reading.enable_input:
            return self.setpoint.block(DETAIL_WAITS_FOR_KEY)   # a person has disabled the outlet by the key
        if self._free_ms is None:
            self._free_ms = now_ms
        hold = want == HOLD or self.setpoint.verdict(now_ms) != DETAIL_NONE
        if hold and now_ms - self._free_ms < PAUSE_MS:
            # The hold is in force before the outlet is enabled.
            value = self.setpoint.set(write_map.DUTY_PAUSE, box, now_ms)
            if value or self.icmax.stale or not self.icmax.paused:
                return value
        return write_map.JUMP_A1

    # --- commit: the write is being sent

    def _commit(self, write, now_ms, box):
        """Note the write in all parts and in the record."""
        value = write[1]
        self._retry.take(write[0], value, now_ms)
        if value == write_map.RESET:
            self.own_pulse = True
            self.reset_sequence.write(box, self.record, self.setpoint, now_ms)
        elif value == write_map.JUMP_E0:
            self._before_jump(now_ms, box)
        elif value == write_map.JUMP_A1:
            self.own_pulse = True
            if not self.icmax.paused:
                self.record.closings.order(now_ms, box.utc_s)
        else:
            if value == write_map.DUTY_PAUSE:
                self.record.closings.opener(now_ms, box.utc_s)
            elif self.setpoint.closes(box):
                self.record.closings.order(now_ms, box.utc_s)
            self.icmax.before_write(value, box)

    def _before_jump(self, now_ms, box):
        closings = self.record.closings
        if self._want == LOCK:
            # E0 opens immediately. A box that came to its state just now, after a reset by others or with a car, may close before that.
            closings.opener(now_ms, box.utc_s, now_ms - self._same_ms < UNSEEN_MS)
            self.record.own(True, False, self.setpoint.car)
            return
        closings.opener(now_ms, box.utc_s)
        self.own_pulse = True
        if not self.record.pulse:
            self.record.begin_pulse(now_ms, box.utc_s)
            self._pulse_ms = None
            self.setpoint.start_sequence.did(start_sequence.PULSE)
