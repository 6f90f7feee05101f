"""The start sequence for a car that may charge and does not: reset, pause, pulses that look like unplugging. Pure.

It says which rung comes next, and why none does. The reconciler writes, and begins again at the first rung for each order to charge and each car.
"""

from modbus.reading import EN_ENABLES, EN_NOTHING, NO_A1B1, NO_B1B2, NO_E0A1, NO_START

from app.codec.vocabulary import DETAIL_NONE, DETAIL_VEHICLE_FULL, DETAIL_VEHICLE_PAUSED, DETAIL_WAITS_FOR_KEY, REASON_STARTING, REASON_WAKING_VEHICLE
from app.evse.energy_meter import FLOWS_DA
from app.evse.states import CODE_B1, CODE_B2, is_charging

NOTHING, RESET, PAUSE, PULSE = range(4)

# A box goes from B1 to B2 within a second or two if it may (docs/protocol.md): after this it does not.
B1_WAIT_MS = 10000
# Rungs for a car that takes no current in B2: (wait before, what, for how long). Cars close S2 within seconds, slow ones
# within half a minute; 3 s is what evcc's driver does, some cars need 10 s, and some refuse when woken too often in a row;
# a minute after a plug, or what looks like one, a car has made up its mind.
SLOW_CAR_MS = 45000
LONG_PULSE_MS = 10000
RUNGS = (
    (SLOW_CAR_MS, PAUSE, 10000),
    (SLOW_CAR_MS, PULSE, 3000),
    (2 * 60000, PULSE, LONG_PULSE_MS),
    (30 * 60000, PULSE, LONG_PULSE_MS),
)


def flows(reading):
    """True if the car draws current; without a meter that is C."""
    if not is_charging(reading.code):
        return False
    known = False
    for current_da in reading.currents_da:
        if current_da is not None:
            known = True
            if current_da >= FLOWS_DA:
                return True
    return not known


def key_needed(box):
    """True where somebody has to turn the key before a car may start."""
    return not box.reading.enable_input and box.en_mode not in (EN_NOTHING, EN_ENABLES)


def reset_starts(box):
    """True if a reset would let the car start from B1, as far as 0x0006 says."""
    flags = box.flags
    if flags is None or flags & (NO_START | NO_A1B1):
        return False
    # An open key closes the way from B1 too, and that is the one that a start after a power cycle needs no key for.
    return not flags & NO_B1B2 or key_needed(box)


def pulse_returns(box, resets_left):
    """True if the box would come back from E0, A1 to an offer without anybody's hand."""
    flags = box.flags or 0
    if flags & (NO_E0A1 | NO_A1B1):
        return False
    if key_needed(box):
        # The pulse may cost the permission that the key gave.
        return resets_left > 0 and reset_starts(box)
    return not flags & NO_B1B2 and (box.en_mode != EN_ENABLES or box.reading.enable_input)


class StartSequence:
    """phase: REASON_STARTING or REASON_WAKING_VEHICLE while something is under way or comes soon, else None. blocked: index in vocabulary.DETAILS of
    why not. wants_flags: 0x0001 and 0x0006 are needed."""

    def __init__(self, settings):
        """settings.START_BEHAVIOUR: 'wake', 'reset' or 'current'; it may change."""
        self._settings = settings
        self.begin()

    def begin(self):
        """An order to charge, or a new car: from the first rung."""
        self.phase = REASON_STARTING
        self.blocked = DETAIL_NONE
        self.wants_flags = False
        self._rung = 0
        self._code = 0
        self._since_ms = None     # current has been offered in this state since then
        self._was_reset = False   # in this attempt
        self._pause_for_ms = 0    # the pause that is one of the rungs
        self._pause_ms = None     # it is in force since then; None: not yet, or none

    @property
    def pausing(self):
        """True while no current is to be offered, for the sequence's sake."""
        return self._pause_for_ms > 0

    def pause(self, for_ms):
        """The rung is a pause."""
        self._pause_for_ms = for_ms
        self._pause_ms = None

    def pauses(self, charging, paused, now_ms):
        """True while the pause lasts. paused: no current is allowed now."""
        if charging:
            self._pause_for_ms = 0   # it woke up by itself
        elif self._pause_ms is None:
            if paused:
                self._pause_ms = now_ms
        elif now_ms - self._pause_ms >= self._pause_for_ms:
            self._pause_for_ms = 0
        return self.pausing

    def interrupted(self):
        """No current is offered now, or the state is another one: waits begin anew."""
        self._since_ms = None

    def step(self, now_ms, box, resets_left, pulses_left):
        """(what, for how long in ms) to do next with a car to which current is offered."""
        code = box.reading.code
        self.blocked = DETAIL_NONE
        if code != self._code or self._since_ms is None:
            self._code = code
            self._since_ms = now_ms
        waited_ms = now_ms - self._since_ms
        if code == CODE_B1:
            return self._in_b1(waited_ms, box, resets_left), 0
        if code == CODE_B2:
            return self._in_b2(waited_ms, box, resets_left, pulses_left)
        self.phase = None if is_charging(code) and flows(box.reading) else REASON_STARTING
        self.wants_flags = False
        return NOTHING, 0

    def did(self, what):
        """The step was taken."""
        self.interrupted()
        if what == RESET:
            self._was_reset = True
        else:
            self._rung += 1
            if what == PULSE:
                self._was_reset = False

    def _in_b1(self, waited_ms, box, resets_left):
        self.wants_flags = True
        self.phase = REASON_STARTING
        if waited_ms < B1_WAIT_MS or box.stable_code != CODE_B1:
            return NOTHING
        if self._was_reset or self._settings.START_BEHAVIOUR == 'current' or resets_left <= 0 or not reset_starts(box):
            self.phase = None
            self.blocked = DETAIL_WAITS_FOR_KEY
            return NOTHING
        return RESET

    def _in_b2(self, waited_ms, box, resets_left, pulses_left):
        self.wants_flags = self._rung > 0
        if box.finished:
            self.phase = None
            self.blocked = DETAIL_VEHICLE_FULL
            return NOTHING, 0
        if self._rung >= len(RUNGS) or self._rung > 0 and (
                pulses_left <= 0 or self._settings.START_BEHAVIOUR != 'wake' or not pulse_returns(box, resets_left)):
            self.phase = None
            self.blocked = DETAIL_VEHICLE_PAUSED
            return NOTHING, 0
        wait_ms, what, length_ms = RUNGS[self._rung]
        self.phase = REASON_STARTING if self._rung == 0 else REASON_WAKING_VEHICLE
        if waited_ms < wait_ms or box.stable_code != CODE_B2:
            if waited_ms >= SLOW_CAR_MS:
                # Until the next rung.
                self.phase = None
                self.blocked = DETAIL_VEHICLE_PAUSED
            return NOTHING, 0
        if what == PULSE and key_needed(box):
            # Without the key each pulse costs one of the night's resets, and a reset is a short pulse itself: only long ones are worth it.
            length_ms = LONG_PULSE_MS
        return what, length_ms
