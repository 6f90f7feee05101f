"""The setpoint: the current that the box should offer now, with the start sequence for a car that takes none. Pure."""

from modbus import write_map

from app.control import start_sequence
from app.codec.vocabulary import DETAIL_DAILY_LIMIT, DETAIL_MIN_PAUSE, DETAIL_NONE, DETAIL_NO_VEHICLE
from app.policy.claims import CHARGE, HOLD
from app.control.contactor import ALLOWED, RESTS
from app.control.reset_sequence import is_enabled
from app.control.start_sequence import StartSequence
from app.evse.states import is_charging


class Setpoint:
    """Its methods return the value to write, 0 for none. blocked: index in vocabulary.DETAILS. car: one is there; perhaps_car: one may be there,
    in states that do not report it. pulse_for_ms: length of the latest pulse."""

    def __init__(self, icmax, closings, in_force, settings):
        """in_force(): called when a limit is found in force."""
        self.icmax = icmax
        self.start_sequence = StartSequence(settings)
        self.blocked = DETAIL_NONE
        self.car = False
        self.perhaps_car = False
        self.pulse_for_ms = 0
        self._closings = closings
        self._in_force = in_force

    def see_car(self, car, perhaps):
        """Take the car of a reading."""
        self.perhaps_car = perhaps
        if car != self.car:
            self.car = car
            self.start_sequence.begin()

    def block(self, detail):
        """Write nothing, for that reason."""
        self.blocked = detail
        return 0

    def refuse(self, detail):
        """The same, and the start sequence begins again."""
        self.start_sequence.begin()
        return self.block(detail)

    def verdict(self, now_ms, opens=False):
        """Reason against a closing of the contactor by the monitor now, 'none' if it is allowed. opens: the action opens it first."""
        verdict = self._closings.verdict(now_ms, opens)
        return DETAIL_NONE if verdict == ALLOWED else DETAIL_MIN_PAUSE if verdict == RESTS else DETAIL_DAILY_LIMIT

    def closes(self, box):
        """True if a current given now may close the contactor, which is open for a paused car, or will be in a moment."""
        return self.car and is_enabled(box.reading.code) and self.icmax.may_be_paused

    def set(self, duty, box, now_ms):
        """The duty of this limit, if it has to be written."""
        icmax = self.icmax
        if icmax.differs(duty, is_charging(box.reading.code), now_ms):
            return duty
        if not icmax.stale:
            self._in_force()
            icmax.settle(duty)
        return 0

    def give(self, duty, box, now_ms):
        """The same, within the limits for closings of the contactor."""
        if self.closes(box):
            verdict = self.verdict(now_ms)
            if verdict != DETAIL_NONE:
                return self.refuse(verdict)
        return self.set(duty, box, now_ms)

    def hold_or_leave(self, want, current_da, box, now_ms):
        """For HOLD no current, else only the owner's limit and the limit owed."""
        if want != HOLD:
            duty = self.icmax.duty_for(current_da, box) if current_da else self.icmax.back
            return self.give(duty, box, now_ms) if duty and want != CHARGE else 0
        value = self.set(write_map.DUTY_PAUSE, box, now_ms)
        icmax = self.icmax
        if not value and not icmax.stale and not icmax.back:
            # A pause by another device, or a lost record of a limit owed: from now on the monitor owes it.
            icmax.owe(icmax.of_box(box))
        return value

    def charge(self, current_da, busy, record, box, now_ms):
        """The next write for a car that should charge: a duty, E0E0 for a pulse, 5A5A, or 0. busy: a reset is being verified; record: the
        ControlRecord."""
        sequence = self.start_sequence
        code = box.reading.code
        if sequence.pausing and sequence.pauses(is_charging(code), self.icmax.paused, now_ms):
            return self.set(write_map.DUTY_PAUSE, box, now_ms)
        value = self.give(self.icmax.duty_for(current_da, box), box, now_ms)
        if value or self.blocked != DETAIL_NONE or busy:
            sequence.interrupted()
            return value
        if self.icmax.stale:
            return 0
        if not self.car:
            return self.block(DETAIL_NO_VEHICLE)
        what, for_ms = sequence.step(now_ms, box, record.resets.left(now_ms), record.pulses.left(now_ms))
        if what == start_sequence.NOTHING:
            return self.block(sequence.blocked)
        self.blocked = self.verdict(now_ms)
        return 0 if self.blocked != DETAIL_NONE else self._begin_step(what, for_ms)

    def _begin_step(self, what, for_ms):
        """The first write of a step of the start sequence."""
        if what == start_sequence.PAUSE:
            self.start_sequence.pause(for_ms)
            self.start_sequence.did(what)
            return write_map.DUTY_PAUSE
        if what == start_sequence.PULSE:
            self.pulse_for_ms = for_ms
            return write_map.JUMP_E0
        return write_map.RESET
