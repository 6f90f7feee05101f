"""The start sequence for a car that may charge and does not: reset, pause, and pulses that look like unplugging. Pure.

It gives the next step, or the reason for none. The reconciler writes it, and begins again at the first step for each decision to charge and each car.
"""

from modbus.reading import EN_ENABLES, EN_NOTHING, NO_A1B1, NO_B1B2, NO_E0A1, NO_START

from app.codec.vocabulary import DETAIL_NONE, DETAIL_VEHICLE_FULL, DETAIL_VEHICLE_PAUSED, DETAIL_WAITS_FOR_KEY, REASON_STARTING, REASON_WAKING_VEHICLE
from app.evse.energy_meter import FLOWS_DA
from app.evse.states import CODE_B1, CODE_B2, is_charging

NOTHING, RESET, PAUSE, PULSE = range(4)

# A box goes from B1 to B2 within a second or two if it may (docs/protocol.md); after this time it will not.
B1_WAIT_MS = 10000
# Steps for a car that takes no current in B2: (wait before, action, duration). Cars close S2 within seconds, slow ones
# within half a minute; evcc's driver uses 3 s, some cars need 10 s, and some refuse after too many pulses in a row;
# a car has decided within a minute after a plug, or a pulse.
SLOW_CAR_MS = 45000
LONG_PULSE_MS = 10000
STEPS = (
    (SLOW_CAR_MS, PAUSE, 10000),
    (SLOW_CAR_MS, PULSE, 3000),
    (2 * 60000, PULSE, LONG_PULSE_MS),
    (30 * 60000, PULSE, LONG_PULSE_MS),
)


def flows(reading):
    """True if the car draws current; without a meter, in C."""
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
    """True if a person has to turn the key before a car may start."""
    return not box.reading.enable_input and box.en_mode not in (EN_NOTHING, EN_ENABLES)


def reset_starts(box):
    """True if a reset would let the car start from B1, by the flags of 0x0006."""
    flags = box.flags
    if flags is None or flags & (NO_START | NO_A1B1):
        return False
    # An open key blocks the way from B1 too, but a start after a power cycle needs no key.
    return not flags & NO_B1B2 or key_needed(box)


def pulse_returns(box, resets_left):
    """True if the box would return from E0, A1 to an offer without a person."""
    flags = box.flags or 0
    if flags & (NO_E0A1 | NO_A1B1):
        return False
    if key_needed(box):
        # The pulse may cost the permission that the key gave.
        return resets_left > 0 and reset_starts(box)
    return not flags & NO_B1B2 and (box.en_mode != EN_ENABLES or box.reading.enable_input)


class StartSequence:
    """phase: REASON_STARTING or REASON_WAKING_VEHICLE while a step is under way or due soon, else None. blocked: index in vocabulary.DETAILS of
    the obstacle. wants_flags: 0x0001 and 0x0006 are needed."""

    def __init__(self, settings):
        """settings.START_BEHAVIOUR: 'wake', 'reset' or 'current'; it may change."""
        self._settings = settings
        self.begin()

    def begin(self):
        """A decision to charge, or a new car: begin with the first step."""
        self.phase = REASON_STARTING
        self.blocked = DETAIL_NONE
        self.wants_flags = False
        self._next = 0
        self._code = 0
        self._since_ms = None     # begin of the offer of current in this state
        self._was_reset = False   # in this attempt
        self._pause_for_ms = 0    # length of the pause that is one of the steps
        self._pause_ms = None     # begin of its effect; None: not yet, or no pause

    @property
    def pausing(self):
        """True during the pause of the sequence."""
        return self._pause_for_ms > 0

    def pause(self, for_ms):
        """Begin a pause."""
        self._pause_for_ms = for_ms
        self._pause_ms = None

    def pauses(self, charging, paused, now_ms):
        """True while the pause lasts. paused: no current is allowed now."""
        if charging:
            self._pause_for_ms = 0   # the car started by itself
        elif self._pause_ms is None:
            if paused:
                self._pause_ms = now_ms
        elif now_ms - self._pause_ms >= self._pause_for_ms:
            self._pause_for_ms = 0
        return self.pausing

    def interrupted(self):
        """No current is offered now, or the state has changed: waits restart."""
        self._since_ms = None

    def step(self, now_ms, box, resets_left, pulses_left):
        """(action, duration in ms) of the next step for a car to which current is offered."""
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
            self._next += 1
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
        self.wants_flags = self._next > 0
        if box.finished:
            self.phase = None
            self.blocked = DETAIL_VEHICLE_FULL
            return NOTHING, 0
        if self._next >= len(STEPS) or self._next > 0 and (
                pulses_left <= 0 or self._settings.START_BEHAVIOUR != 'wake' or not pulse_returns(box, resets_left)):
            self.phase = None
            self.blocked = DETAIL_VEHICLE_PAUSED
            return NOTHING, 0
        wait_ms, what, length_ms = STEPS[self._next]
        self.phase = REASON_STARTING if self._next == 0 else REASON_WAKING_VEHICLE
        if waited_ms < wait_ms or box.stable_code != CODE_B2:
            if waited_ms >= SLOW_CAR_MS:
                # Until the next step.
                self.phase = None
                self.blocked = DETAIL_VEHICLE_PAUSED
            return NOTHING, 0
        if what == PULSE and (pulses_left == 1 or key_needed(box)):
            # A car that needs a long pulse does not lose the last of the night to a short one: hours to avoid begin the steps again. Without the
            # key each pulse costs one of the night's resets, and a reset is a short pulse itself: only long ones are useful.
            length_ms = LONG_PULSE_MS
        return what, length_ms
