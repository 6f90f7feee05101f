"""How much current the box is to offer now, and the ladder for a car that takes none. Pure."""

from modbus import write_map

from app.control import start_sequence as ladder
from app.codec.vocabulary import DETAIL_DAILY_LIMIT, DETAIL_MIN_PAUSE, DETAIL_NONE, DETAIL_NO_VEHICLE
from app.policy.claims import CHARGE, HOLD
from app.control.contactor import ALLOWED, RESTS
from app.control.reset_sequence import is_enabled
from app.control.start_sequence import StartSequence
from app.evse.states import is_charging


class Setpoint:
    """Its methods return what is to be written, 0 for nothing. blocked: index in words.DETAILS. car: one is there; perhaps_car: it may
    be, where the box does not tell; the caller sets both.

    in_force(): called when a limit was found to be in force. pulse_for_ms: length of the pulse that was last asked for.
    """

    def __init__(self, limit, closings, in_force):
        self.limit = limit
        self.starter = StartSequence()
        self.blocked = DETAIL_NONE
        self.car = False
        self.perhaps_car = False
        self.pulse_for_ms = 0
        self._closings = closings
        self._in_force = in_force

    def verdict(self, now_ms, opens=False):
        """Why the contactor may not be closed by us now, 'none' if it may. opens: by what opens it first."""
        verdict = self._closings.verdict(now_ms, opens)
        return DETAIL_NONE if verdict == ALLOWED else DETAIL_MIN_PAUSE if verdict == RESTS else DETAIL_DAILY_LIMIT

    def closes(self, box, now_ms):
        """True if a current given now may close the contactor: a paused car opens it in a moment, if it has not yet."""
        return self.car and is_enabled(box.reading.code) and self.limit.may_be_paused(box, now_ms)

    def set(self, duty, box, now_ms):
        """This limit is wanted: the duty, if it is to be written."""
        if self.limit.differs(duty, box, is_charging(box.reading.code), now_ms):
            return duty
        if not self.limit.stale:
            self._in_force()
            self.limit.settle(duty, box, now_ms)
        return 0

    def give(self, duty, box, now_ms):
        """This current is wanted; where it may close the contactor, only as often as that is good for it."""
        if self.closes(box, now_ms):
            self.blocked = self.verdict(now_ms)
            if self.blocked != DETAIL_NONE:
                self.starter.begin()
                return 0
        return self.set(duty, box, now_ms)

    def hold_or_leave(self, want, current_da, box, now_ms):
        """No current is wanted, or nothing but the owner's limit and what is owed."""
        if want != HOLD:
            duty = self.limit.duty_for(current_da, box) if current_da else self.limit.back
            return self.give(duty, box, now_ms) if duty and want != CHARGE else 0
        value = self.set(write_map.DUTY_PAUSE, box, now_ms)
        if not value and not self.limit.stale and not self.limit.back:
            # Somebody else's pause, or a debt that was lost: from here on it is ours to give back.
            self.limit.owe(self.limit.of_box(box))
        return value

    def charge(self, current_da, busy, past, box, now_ms):
        """The next write for a car that is to charge: a duty, E0E0 for a pulse, 5A5A, or 0. busy: a reset is being verified."""
        starter = self.starter
        code = box.reading.code
        if starter.pausing and starter.pauses(is_charging(code), self.limit.paused(box, now_ms), now_ms):
            return self.set(write_map.DUTY_PAUSE, box, now_ms)
        value = self.give(self.limit.duty_for(current_da, box), box, now_ms)
        if value or self.blocked != DETAIL_NONE or busy:
            starter.interrupted()
            return value
        if self.limit.stale:
            return 0
        if not self.car:
            self.blocked = DETAIL_NO_VEHICLE
            return 0
        what, for_ms = starter.step(now_ms, box, past.resets.left(now_ms), past.pulses.left(now_ms))
        self.blocked = starter.blocked
        if what == ladder.NOTHING:
            return 0
        self.blocked = self.verdict(now_ms)
        return 0 if self.blocked != DETAIL_NONE else self._climb(what, for_ms)

    def _climb(self, what, for_ms):
        """The first write of a rung."""
        if what == ladder.PAUSE:
            self.starter.pause(for_ms)
            self.starter.did(what)
            return write_map.DUTY_PAUSE
        if what == ladder.PULSE:
            self.pulse_for_ms = for_ms
            return write_map.JUMP_E0
        return write_map.RESET
