"""The current that the box is to offer now, and the start sequence for a car that takes none. Pure."""

from modbus import write_map

from app.control import start_sequence
from app.codec.vocabulary import DETAIL_DAILY_LIMIT, DETAIL_MIN_PAUSE, DETAIL_NONE, DETAIL_NO_VEHICLE
from app.policy.claims import CHARGE, HOLD
from app.control.contactor import ALLOWED, RESTS
from app.control.reset_sequence import is_enabled
from app.control.start_sequence import StartSequence
from app.evse.states import is_charging


class Setpoint:
    """Its methods return what is to be written, 0 for nothing. blocked: index in vocabulary.DETAILS. car: one is there; perhaps_car: it may be,
    where the box does not tell. pulse_for_ms: length of the pulse that was asked for last."""

    def __init__(self, icmax, closings, in_force, settings):
        """in_force(): called when a limit was found to be in force."""
        self.icmax = icmax
        self.start_sequence = StartSequence(settings)
        self.blocked = DETAIL_NONE
        self.car = False
        self.perhaps_car = False
        self.pulse_for_ms = 0
        self._closings = closings
        self._in_force = in_force

    def see_car(self, car, perhaps):
        """A reading."""
        self.perhaps_car = perhaps
        if car != self.car:
            self.car = car
            self.start_sequence.begin()

    def block(self, detail):
        """Nothing is written, for that reason."""
        self.blocked = detail
        return 0

    def refuse(self, detail):
        """The same, and the car has to be started from the first rung again."""
        self.start_sequence.begin()
        return self.block(detail)

    def verdict(self, now_ms, opens=False):
        """Why the contactor may not be closed by us now, 'none' if it may. opens: by what opens it first."""
        verdict = self._closings.verdict(now_ms, opens)
        return DETAIL_NONE if verdict == ALLOWED else DETAIL_MIN_PAUSE if verdict == RESTS else DETAIL_DAILY_LIMIT

    def closes(self, box):
        """True if a current given now may close the contactor: a paused car opens it in a moment, if it has not yet."""
        return self.car and is_enabled(box.reading.code) and self.icmax.may_be_paused

    def set(self, duty, box, now_ms):
        """This limit is wanted: the duty, if it is to be written."""
        icmax = self.icmax
        if icmax.differs(duty, is_charging(box.reading.code), now_ms):
            return duty
        if not icmax.stale:
            self._in_force()
            icmax.settle(duty)
        return 0

    def give(self, duty, box, now_ms):
        """This current is wanted; where it may close the contactor, only as often as that is good for it."""
        if self.closes(box):
            verdict = self.verdict(now_ms)
            if verdict != DETAIL_NONE:
                return self.refuse(verdict)
        return self.set(duty, box, now_ms)

    def hold_or_leave(self, want, current_da, box, now_ms):
        """No current is wanted, or nothing but the owner's limit and what is owed."""
        if want != HOLD:
            duty = self.icmax.duty_for(current_da, box) if current_da else self.icmax.back
            return self.give(duty, box, now_ms) if duty and want != CHARGE else 0
        value = self.set(write_map.DUTY_PAUSE, box, now_ms)
        icmax = self.icmax
        if not value and not icmax.stale and not icmax.back:
            # Somebody else's pause, or a debt that was lost: from here on it is ours to give back.
            icmax.owe(icmax.of_box(box))
        return value

    def charge(self, current_da, busy, record, box, now_ms):
        """The next write for a car that is to charge: a duty, E0E0 for a pulse, 5A5A, or 0. busy: a reset is being verified; record: the
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
        return 0 if self.blocked != DETAIL_NONE else self._climb(what, for_ms)

    def _climb(self, what, for_ms):
        """The first write of a rung."""
        if what == start_sequence.PAUSE:
            self.start_sequence.pause(for_ms)
            self.start_sequence.did(what)
            return write_map.DUTY_PAUSE
        if what == start_sequence.PULSE:
            self.pulse_for_ms = for_ms
            return write_map.JUMP_E0
        return write_map.RESET
