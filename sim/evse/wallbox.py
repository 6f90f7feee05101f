"""The simulated wallbox: an ABL EVCC2/3 with its contactor, key switch, meter and a car, on an RS485 line.

Written from the maker's document and published traces (docs/protocol.md says where they disagree), not from the firmware.
Where the sources leave open what the box does, an option chooses.
"""

from random import Random

from sim.evse.box_guard import CAUSE_OF, REACTIONS, Guard
from sim.evse.box_limits import DIGITAL, LEAST, BoxLimits
from sim.evse.box_options import BoxOptions
from sim.evse.box_port import NEVER_US, BoxPort
from sim.evse.box_settings import BoxSettings
from sim.evse.box_states import BOOT_US, CHARGING, FAULTS, OFFERING, PILOT, RESET_DELAY_US, SERVICE, STEP_US
from sim.evse.box_ways import Ways
from sim.evse.box_contactor import Contactor
from sim.evse.panel import PANELS
from sim.vehicle import PILOT_DIGITAL, PILOT_OFF, PILOT_PWM


class Wallbox:
    """A wallbox; the keyword options are those of box_options.BoxOptions.

    code: state as two characters; the last one while there is no power. contactor: closed. currents_da: (L1, L2, L3) as metered in
    0.1 A, or None. limits: BoxLimits. settings: BoxSettings in force; stored: what they will be after the next start. vehicle: or None.
    guard: Guard, its faults and reactions. ways: Ways. options: BoxOptions.
    """

    def __init__(self, kernel, line, record, **options):
        self.kernel = kernel
        self.options = options = BoxOptions(**options)
        self.limits = BoxLimits(options.model[:4], least=DIGITAL if options.icmax_below_8 == 'digital' else LEAST)
        self.settings = BoxSettings(options.id, options.upstream_timeout, options.start_after_power_cycle)
        self.stored = self.settings.copy()
        self.en1 = options.key == 'unlocked'
        self.code = None
        self.vehicle = None
        self.powered = True
        self._blind_until_us = 0    # it has started and does not see the car yet
        self._starting = None
        self._record = record
        self._random = Random(options.seed)
        self.ways = Ways(self, options)
        self._step = None
        self._port = BoxPort(kernel, line, self, record, options)
        self._contactor = Contactor(kernel, record)
        self.guard = Guard(kernel, self, self._port, options)
        self._enter(self.ways.first())
        self.guard.listen()
        if options.panel_frames:
            PANELS[options.panel](kernel, line, self, self._port, options.seed + 2)

    # --- what can be seen

    @property
    def reads(self):
        """Register reads answered to masters other than the panel."""
        return self._port.reads

    @property
    def energy_wh(self):
        """Drawn so far, watt-hours."""
        return self._contactor.wh()

    @property
    def session_wh(self):
        """Drawn since the car was plugged in, watt-hours."""
        return self._contactor.session_wh()

    @property
    def on_energy(self):
        """Callables (t0_us, t1_us, wh), called after every stretch of constant power; settle() ends one."""
        return self._contactor.listeners

    @property
    def contactor(self):
        """Closed."""
        return self._contactor.closed

    @property
    def contactor_closings(self):
        """How often it closed."""
        return self._contactor.closings

    @property
    def live(self):
        """Powered and past its start: the state machine runs."""
        return self.powered and self._starting is None

    @property
    def _blind(self):
        return self.kernel.now_us < self._blind_until_us

    @property
    def ev_flag(self):
        """Bit 15 of 0x002E: a car is there; not valid in Ex and Fx, where the traces show 0 (in E0 by the option ev_bit_in_e0)."""
        return self.vehicle is not None and not self._blind and (self.code[0] in 'ABC' or self.code == 'E0' and self.options.ev_bit_in_e0)

    @property
    def offered_duty(self):
        """Duty cycle on the pilot now; 0 when nothing is offered."""
        return self.limits.shown if self.code in OFFERING and not self.limits.paused else 0

    @property
    def currents_da(self):
        """What the meter says, (L1, L2, L3) in 0.1 A; None without a working meter and outside B and C."""
        if not self.options.meter or 'BC4' in self.guard.reactions or self.code[0] not in 'BC':
            return None
        return self._contactor.metered_da(self.vehicle.phases)

    # --- what people and the world do to it

    def plug(self, vehicle):
        """A car is plugged in; nothing happens if there is one."""
        if self.vehicle is None:
            self.vehicle = vehicle
            self._contactor.begin_session()
            vehicle.attach(self)
            if self.live:
                self._enter(self.code)
            else:
                self._signal()

    def unplug(self):
        """The car leaves; nothing happens without one."""
        vehicle = self.vehicle
        if vehicle is None:
            return
        self.ways.permitted = False
        if self.live and self.code[0] in 'BC':
            self._enter('A1')
        self.vehicle = None
        vehicle.detach()
        self._port.forget()
        self._walk_on()
        self._record('energy', kwh=round(self.session_wh / 1000, 3))

    def key(self, closed):
        """Turn the key switch: EN1 closed or open."""
        self.en1 = closed
        self._port.forget()
        if self.options.en_mode != 2:
            self._walk_on()
        elif self.live and self.code == 'E0' and self.ways.open('E0A1'):
            self._enter('A1')
        elif not closed and self.live and self.code[0] in 'ABC':
            self._enter('E0')

    def fault(self, code):
        """F1..FB: that fault, until clear_fault (F4: or a reset). C3, C4, BC3 to BC6: reduced current. E1, E3: as the maker's tools
        would. ValueError for anything else."""
        if code in SERVICE:
            self.guard.code = None
            self._enter_if_live(code)
        elif code in FAULTS or code in CAUSE_OF or code in REACTIONS:
            self.guard.strike(CAUSE_OF.get(code, code))
        else:
            raise ValueError('one of %s' % ' '.join(FAULTS + tuple(CAUSE_OF) + tuple(REACTIONS) + SERVICE))

    def clear_fault(self):
        """What was wrong is mended: reduced current ends, an F state goes the way by A1 (when: the option fault_ends)."""
        if self.live and self.code in SERVICE:
            self.ways.permitted = False
            self._enter(self.ways.first())
        self.guard.mend()

    def block(self, way, closed):
        """Close or open one of box_ways.WAYS, whatever it may be on a real box that does so."""
        self.ways.block(way, closed)
        self._port.forget()
        self._walk_on()

    def deafen(self, seconds):
        """Its bus interface neither receives nor sends for that long; everything else continues."""
        self._port.deafen(self.kernel.now_us + int(seconds * 1_000_000))

    def power(self, on):
        """The box's supply."""
        if on == self.powered:
            return
        self.powered = on
        if on:
            self._start()
        else:
            self.kernel.cancel(self._starting)
            self._starting = None
            self._port.deafen(NEVER_US)
            self._go_dark()

    def settle(self):
        """Account for the energy up to now; the car may draw differently from here on."""
        self._measure()

    # --- what telegrams do to it

    def set_icmax(self, duty):
        """0x0014: the limit, or PAUSE."""
        self.limits.set_icmax(duty)
        self._enter_if_live(self.options.held_code if self.limits.paused and self.code == 'B2' else self.code)

    def release(self):
        """A1A1: leave E0 or E2. Returns False, and does nothing, anywhere else."""
        if self.code not in ('E0', 'E2'):
            return False
        self.ways.permitted = self.ways.permitted and self.options.pulse_keeps_key
        self._enter('A1')
        return True

    def jump(self, code):
        """E0E0, E2E2: out of use, set-up mode."""
        self._enter(code)

    def reset_soon(self):
        """5A5A: restart, once the acknowledgement is sent."""
        self.kernel.after(RESET_DELAY_US, self._start)

    # --- what the car does to it

    def vehicle_asks(self, closed):
        """S2 moved."""
        if not self.live:
            return
        if closed and self.code == 'B2' and not self.limits.paused and not self.limits.digital:
            self._enter(self.guard.charging_code)
        elif not closed and self.code in CHARGING:
            self._enter(self.options.held_code if self.limits.paused else 'B2')

    # --- what it watches over

    def guard_changed(self):
        """Its guard found something, or lets go of it."""
        guard = self.guard
        self.limits.set_reduced(bool(guard.reactions))
        if not self.live:
            return
        if guard.code is not None:
            self._enter(guard.code)
        elif self.code in FAULTS:
            self.ways.permitted = False
            self._enter(self.ways.first())
        else:
            self._enter(guard.charging_code if self.code in CHARGING else self.code)

    # --- the state machine

    def _start(self):
        if not self.powered:
            return
        self.kernel.cancel(self._starting)
        self._starting = self.kernel.after(BOOT_US, self._started)
        self._port.deafen(self.kernel.now_us + BOOT_US)
        self._go_dark()

    def _go_dark(self):
        self.kernel.cancel(self._step)
        self.guard.stop()
        self._contactor.switch(False)
        self._measure()
        self._signal()

    def _started(self):
        self._starting = None
        self.settings = self.stored.copy()
        if not self.options.icmax_kept:
            self.limits.restart()
        self.ways.permitted = self.vehicle is not None and self.settings.start_after_power_cycle
        self.guard.restart()
        self._blind_until_us = self.kernel.now_us + int((self.options.start_a1_s or 0) * 1_000_000)
        self._enter(self.guard.code or self.ways.first())

    def _enter_if_live(self, code):
        if self.live:
            self._enter(code)

    def _enter(self, code):
        """Be in that state from now on; entering the state it is in only follows what else has changed."""
        if code != self.code:
            self.code = code
            self._record('charger_state', code=code)
        if code == 'B2':
            # The key is needed only to start: turning it back does not interrupt (Mercedes-Benz Wallbox Home manual, p. 12).
            self.ways.permitted = True
        self._contactor.switch(code in CHARGING)
        self._measure()
        self._signal()
        self._walk_on()

    def _walk_on(self):
        """Prepare the step to the next state that the box takes by itself."""
        self.kernel.cancel(self._step)
        self._step = None
        onward = self.ways.onward() if self.live and self.vehicle is not None else None
        if onward is not None:
            step_us = self._random.randrange(*STEP_US[self.code])
            if self.code == 'A1' and self._blind:
                step_us = self._blind_until_us - self.kernel.now_us
            self._step = self.kernel.after(step_us, self._enter, onward)

    def _measure(self):
        """The contactor moved or the offer changed."""
        self._port.forget()
        if self.vehicle is not None:
            # A car that is being paused draws what it drew until it has let go.
            self._contactor.follow(self.vehicle, self.limits.shown_ma)
            metered = self.options.meter and 'BC4' not in self.guard.reactions
            self.guard.measure(self._contactor.draw_ma, self.limits.shown_ma if metered else None)

    def _signal(self):
        if self.vehicle is None:
            return
        if not self.live:
            self.vehicle.pilot(PILOT_OFF)
        else:
            pulses = PILOT_DIGITAL if self.limits.digital else PILOT_PWM
            self.vehicle.pilot(pulses if self.offered_duty else PILOT[self.code])
