"""Resets of the box, for the owner, the start sequence or an F4: permission, write, verification, outcome. Pure."""

from modbus import charger as bus
from modbus import write_map

from app.codec.vocabulary import (
    DETAIL_FAULT, DETAIL_LOCKED, DETAIL_NONE, DETAIL_NOT_CONFIRMED, DETAIL_NO_ANSWER, DETAIL_UNREACHABLE, DETAIL_WAITS_FOR_KEY, DONE, FAILED, REFUSED,
)
from app.policy.claims import CHARGE, HOLD, LEAVE, LOCK
from app.control.start_sequence import RESET
from app.evse.states import CODE_A1, CODE_B1, CODE_B2, CODE_E0, CODE_F4, NEVER_CLEARED, is_charging, is_fault

# Design decision: longest time until a reset has its effect, and the shorter wait, of every command, for a box that cannot be read.
LIMIT_MS = 15000
READING_WAIT_MS = 8000
# A box that reset is silent for 3 s, then comes to the car's state in 1 s (docs/protocol.md); A1 after that means that the car has left.
WALK_MS = 6000

# F4 (polls were missing) is ended by a reset, if polling alone has no effect in this time (design decision).
F4_WAIT_MS = 60000


def is_enabled(code):
    """True if the outlet is available to a car; False for an unknown code."""
    return code in (CODE_A1, CODE_B1, CODE_B2) or is_charging(code)


def reset_took(reading):
    """True in the states after a successful reset: charging, current offered, or ready for a car."""
    if is_charging(reading.code) or reading.code == CODE_B2:
        return is_charging(reading.code) or 0 < reading.limit_duty < write_map.DUTY_PAUSE
    return reading.code == CODE_A1 and not reading.ev_connected


class ResetSequence:
    """running: requested and not over. acted: it was written. outcome: (result, detail), indices in vocabulary, when it is over, else None."""

    def __init__(self):
        self.running = False
        self.acted = False
        self.outcome = None
        self._since_ms = 0      # time of the request, then of the write
        self._car = False
        self._sent = bus.SILENT
        self._before = 0        # the state in which it was written
        self._f4_ms = None      # begin of the polls in F4
        self._f4_seen_ms = 0    # the latest reading
        self._f4_done = False   # this F4 has had its reset

    def ask(self, now_ms):
        """Request a reset."""
        self.running = True
        self.acted = False
        self.outcome = None
        self._since_ms = now_ms

    def cancel(self):
        """Cancel the request for a later command; a reset that was written goes on to its end."""
        if not self.acted:
            self.running = False

    def _end(self, result, detail):
        self.running = False
        self.outcome = (result, detail)

    def forbidden(self, want, box, record, setpoint, now_ms):
        """Reason against a reset now: index in vocabulary.DETAILS, 'none' if it is allowed."""
        code = box.reading.code
        if code in NEVER_CLEARED:
            return DETAIL_FAULT
        if want == LOCK or code == CODE_E0 and not record.pulse:
            return DETAIL_LOCKED
        return DETAIL_NONE if self.acted or not setpoint.perhaps_car else setpoint.verdict(now_ms, True)

    def due(self, want, box, record, setpoint, now_ms):
        """True to write the requested reset. Its outcome, or a reason against it, ends it."""
        reading = box.reading
        if self.acted:
            held = want == HOLD or want == LOCK or want == LEAVE and setpoint.verdict(now_ms) != DETAIL_NONE
            self.look(reading, held, now_ms)
            if not self.running or self._sent != bus.SILENT or reading.code != self._before:
                return False
        why = self.forbidden(want, box, record, setpoint, now_ms)
        if why != DETAIL_NONE:
            self._end(FAILED if self.acted else REFUSED, why)
            return False
        if record.pulse:
            self.look(reading, False, now_ms)   # a pulse is ended first
            return False
        return True

    def watch_f4(self, reading):
        """Each new reading."""
        if reading.code != CODE_F4:
            self._f4_ms = None
            self._f4_done = False
        elif self._f4_ms is None or reading.at_ms - self._f4_seen_ms > READING_WAIT_MS:
            self._f4_ms = reading.at_ms
        self._f4_seen_ms = reading.at_ms

    def ends_f4(self, want, record, setpoint, now_ms):
        """True to reset an F4 now: once each, and only for a car that is to charge, since a reset offers current."""
        if want != CHARGE or self.running or self._f4_done or self._f4_ms is None or now_ms - self._f4_ms < F4_WAIT_MS:
            return False
        return setpoint.verdict(now_ms, True) == DETAIL_NONE and record.f4_resets.left(now_ms) > 0

    def write(self, box, record, setpoint, now_ms):
        """The reset is being written."""
        code = box.reading.code
        if not self.running:
            self.ask(now_ms)
        if not self.acted:
            self._before = code
            self._f4_done = code == CODE_F4
            record.reset(now_ms, box.utc_s, self._f4_done)
            setpoint.start_sequence.did(RESET)
        self.acted = True
        self._car = setpoint.car
        self._since_ms = now_ms
        record.closings.opener(now_ms, box.utc_s)
        if setpoint.perhaps_car:
            record.closings.order(now_ms, box.utc_s)

    def written(self, outcome, now_ms):
        """The outcome of the write."""
        self._sent = outcome
        if outcome == bus.NOT_SENT:
            self._end(FAILED, DETAIL_UNREACHABLE)
        elif outcome == bus.REFUSED:
            self._end(FAILED, DETAIL_NOT_CONFIRMED)
        self._since_ms = now_ms

    def look(self, reading, held, now_ms):
        """Verify the write. reading: the latest, or None if it is too old; held: no current is wanted, so none will be offered."""
        late = now_ms - self._since_ms >= LIMIT_MS
        if not self.acted:
            if reading is None and now_ms - self._since_ms >= READING_WAIT_MS:
                self._end(FAILED, DETAIL_UNREACHABLE)
            elif late:
                self._end(FAILED, DETAIL_NOT_CONFIRMED)
        elif reading is None or reading.at_ms <= self._since_ms:
            if late:
                self._end(FAILED, DETAIL_NO_ANSWER)
        elif (reset_took(reading) or held and is_enabled(reading.code)) and not self._walks(reading):
            # An early reading may show the state before: the box goes silent a moment after it has acknowledged.
            if reading.at_ms - self._since_ms >= WALK_MS // 2:
                self._end(DONE, DETAIL_NONE)
        elif late:
            self._end(FAILED, DETAIL_FAULT if is_fault(reading.code) else DETAIL_WAITS_FOR_KEY if reading.code == CODE_B1 else DETAIL_NOT_CONFIRMED)

    def _walks(self, reading):
        # Between the reset and a connected car the box shows A1 for a moment, without the car.
        return reading.code == CODE_A1 and self._car and reading.at_ms - self._since_ms < WALK_MS
