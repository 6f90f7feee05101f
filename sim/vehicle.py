"""The car: its reaction to the wallbox's pilot signal (IEC 61851-1), and the habits that make owners get up at night.

It closes its switch S2 to ask for current and opens it when it wants none; the box closes the contactor in answer.
"""

from random import Random

# What the box puts on the control pilot.
PILOT_OFF = 0      # no positive voltage: states E and F, or a box without power
PILOT_STEADY = 1   # no pulses: connected, but no current offered
PILOT_PWM = 2      # current offered
PILOT_DIGITAL = 3  # 5 % pulses: only for cars that negotiate (ISO 15118), which these do not

NJ_PER_WH = 3_600_000_000_000
_SECOND_US = 1_000_000
# From a valid PWM to S2 closed.
CLOSES_AFTER_US = (1_000_000, 2_000_000)
# From the end of PWM to S2 open; IEC 61851-1 allows a car 3 s.
OPENS_AFTER_US = (200_000, 900_000)
# A loss of the pilot that cars take for unplugging (go-eCharger issue 144).
REPLUG_US = 10 * _SECOND_US


class Habits:
    """sleeps_after_s: without current for longer it ignores an offer until woken (None: never sleeps). pulse_s: shortest loss of
    the pilot that wakes it. wakes: after that many it refuses until it is plugged in again (None: patient). draws: wants current.
    greeting_s: complains if it was offered no current by then after it was plugged in (None: does not mind)."""

    def __init__(self, sleeps_after_s=None, pulse_s=0, wakes=None, draws=True, greeting_s=None):
        self.sleeps_after_us = None if sleeps_after_s is None else sleeps_after_s * _SECOND_US
        self.pulse_us = pulse_s * _SECOND_US
        self.wakes = wakes
        self.draws = draws
        self.greeting_us = None if greeting_s is None else greeting_s * _SECOND_US


MODELS = {
    'eager': Habits(),
    'sleepy': Habits(sleeps_after_s=600),
    'long_pulse': Habits(sleeps_after_s=600, pulse_s=10),
    'shy': Habits(sleeps_after_s=600, wakes=3, greeting_s=60),
    'full': Habits(draws=False),
}


class Vehicle:
    """A car. It needs needs_kwh again each time it is plugged in, and draws at most max_a on each of its phases (1 to 3).

    overdraw: draws that share of the offered current. box: the wallbox it is plugged into, or None. complains: shows a fault and refuses
    every offer until it is unplugged, or until the pilot has been gone for REPLUG_US, which it takes for that.

    It calls box.vehicle_asks(closed) when S2 moves.
    """

    def __init__(self, kernel, model='eager', max_a=16, phases=3, needs_kwh=30, seed=1, overdraw=1.0):
        self.box = None
        self.model = model
        self.max_ma = int(max_a * 1000)
        self.phases = phases
        self.needs_nj = int(needs_kwh * 1000 * NJ_PER_WH)
        self.remaining_nj = self.needs_nj
        self.closed = False
        self.complains = False
        self._overdraw = overdraw
        self._habits = MODELS[model]
        self._kernel = kernel
        self._random = Random(seed)
        self._signal = PILOT_STEADY
        self._off_since_us = 0
        self._rested = True
        self._idle_since_us = 0
        self._wakes = 0
        self._moving = None
        self._filling = None
        self._greeting = None

    def attach(self, box):
        """Plugged in: awake, and with the need it came with."""
        self.box = box
        self.remaining_nj = self.needs_nj
        self._idle_since_us = self._kernel.now_us
        self._wakes = 0
        self._signal = PILOT_STEADY
        self._arrive()

    def detach(self):
        """Unplugged."""
        self._stay()
        self._kernel.cancel(self._filling)
        self._kernel.cancel(self._greeting)
        self.box = None
        self.closed = False
        self.complains = False

    def become(self, model):
        """Change its habits on the spot, as if it had just come with them and needs_kwh."""
        self.model = model
        self._habits = MODELS[model]
        if self.box is not None:
            self.remaining_nj = self.needs_nj
            self._wakes = 0
            self._idle_since_us = self._kernel.now_us
            self._arrive()
            self._answer()
            self.box.settle()

    def draw_ma(self, limit_ma):
        """What it takes per phase when that much is offered."""
        return min(int(limit_ma * self._overdraw), self.max_ma)

    def pilot(self, signal):
        """The box changed what it puts on the control pilot."""
        before = self._signal
        if signal == before:
            return
        self._signal = signal
        now_us = self._kernel.now_us
        if signal == PILOT_OFF:
            self._off_since_us = now_us
            self._rested = not self.closed
            self._stay()
            self._move(False)
            return
        if before == PILOT_OFF:
            self._wake(now_us - self._off_since_us)
        self._answer()

    def charging(self, power_mw, drawn_nj):
        """The box's power changed to power_mw, after drawn_nj had flowed at the old one."""
        self.remaining_nj -= drawn_nj
        self._kernel.cancel(self._filling)
        self._filling = None
        if power_mw:
            full_in_us = -(-max(self.remaining_nj, 0) // power_mw)
            self._filling = self._kernel.after(full_in_us, self._full)

    def _full(self):
        self._filling = None
        # The box accounts for the last stretch when the contactor opens; S2 must stay open from here on.
        self._stay()
        self._move(False)

    def _wake(self, pulse_us):
        if pulse_us >= REPLUG_US:
            self._arrive()
        if pulse_us >= self._habits.pulse_us:
            # Only a car that was at rest minds being woken.
            self._wakes += self._rested
            self._idle_since_us = self._kernel.now_us

    def _willing(self):
        habits = self._habits
        if self.complains or not habits.draws or self.remaining_nj <= 0:
            return False
        if habits.wakes is not None and self._wakes > habits.wakes:
            return False
        slept_us = self._kernel.now_us - self._idle_since_us
        return habits.sleeps_after_us is None or slept_us <= habits.sleeps_after_us

    def _arrive(self):
        """Plugged in, as far as the car can tell: it waits for its first offer."""
        self.complains = False
        self._kernel.cancel(self._greeting)
        self._greeting = None
        if self._habits.greeting_us is not None and self._signal != PILOT_PWM:
            self._greeting = self._kernel.after(self._habits.greeting_us, self._complain)

    def _complain(self):
        self.complains = True

    def _answer(self):
        self._stay()
        if self._signal == PILOT_PWM:
            self._kernel.cancel(self._greeting)
        wanted = self._signal == PILOT_PWM and (self.closed and self._habits.draws or self._willing())
        if wanted != self.closed:
            low, high = CLOSES_AFTER_US if wanted else OPENS_AFTER_US
            self._moving = self._kernel.after(self._random.randrange(low, high), self._move, wanted)

    def _stay(self):
        self._kernel.cancel(self._moving)
        self._moving = None

    def _move(self, closed):
        if closed != self.closed:
            self.closed = closed
            if not closed:
                self._idle_since_us = self._kernel.now_us
            self.box.vehicle_asks(closed)


def make_vehicle(kernel, **options):
    """A car from the scenario's `vehicle` object (model, max_a, phases, needs_kwh), seed and overdraw. ValueError for an unknown model."""
    if options.get('model', 'eager') not in MODELS:
        raise ValueError('vehicle.model: one of %s' % ', '.join(sorted(MODELS)))
    return Vehicle(kernel, **options)
