"""The simulated wallbox: an ABL EVCC2/3 with its contactor, key switch, meter and a car, on an RS485 line.

Written from the maker's document and published traces (docs/protocol.md says where they disagree), not from the firmware.
Where the sources leave open what the box does, an option chooses.
"""

from random import Random

from sim.box_limits import BoxLimits
from sim.box_port import NEVER_US, BoxPort
from sim.box_settings import BoxSettings
from sim.box_states import BOOT_US, CHARGING, DEGRADED, FAULTS, OFFERING, PILOT, RESET_DELAY_US, SERIAL, SERVICE, STEP_US, WITH_VEHICLE
from sim.contactor import Contactor
from sim.panel import PANELS
from sim.vehicle import PILOT_OFF, PILOT_PWM


class Wallbox:
    """A wallbox. Options are those of the scenario's `charger`, and

    model: type or whole serial number, of a type in box_limits.OF_TYPE. hardware: 0 to 2, bits 23..22 of 0x0001.
    en_mode: what EN1 is for, bits 1..0 of 0x0001: 0 nothing, 1 closed to start (the key switch), 2 closed to enable the outlet.
    panel: 'spontaneous' or 'master', with panel_frames. asleep: begins asleep. sleeps_after_s: None or 0 for never.
    pulse_keeps_key: a key turned before E0E0, A1A1 still counts afterwards. upstream_timeout: the flag in 0x0001.

    code: state as two characters; the last one while there is no power. contactor: closed. currents_da: (L1, L2, L3) as metered in
    0.1 A, or None. limits: BoxLimits. settings: BoxSettings in force; stored: what they will be after the next start. vehicle: or None.
    """

    def __init__(self, kernel, line, record, *, id=1, firmware='1.3', meter=True, panel_frames=True, sleeps_after_s=30, key='locked',
                 start_after_power_cycle=True, held_code='B2', model='2W22M1', seed=1, hardware=2, en_mode=1, panel='spontaneous',
                 asleep=False, pulse_keeps_key=False, upstream_timeout=False):
        self.kernel = kernel
        self.firmware = tuple(int(number) for number in firmware.split('.'))
        self.hardware = hardware
        self.meter = meter
        self.en_mode = en_mode
        self.serial = model + SERIAL[len(model):]
        self.limits = BoxLimits(model[:4])
        self.settings = BoxSettings(id, upstream_timeout, start_after_power_cycle)
        self.stored = self.settings.copy()
        self.en1 = key == 'unlocked'
        self.code = None
        self.vehicle = None
        self.powered = True
        self._starting = None
        self._held_code = held_code
        self._pulse_keeps_key = pulse_keeps_key
        self._record = record
        self._random = Random(seed)
        self._permitted = False
        self._fault = None
        self._degraded = None
        self._step = None
        self._port = BoxPort(kernel, line, self, record, (sleeps_after_s or 0) * 1_000_000, asleep, seed + 1)
        self._contactor = Contactor(kernel, record)
        self._enter('A1' if en_mode != 2 or self.en1 else 'E0')
        if panel_frames:
            PANELS[panel](kernel, line, self, self._port, seed + 2)

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
        """Callables (t0_us, t1_us, wh), told of every stretch of constant power when it ends; settle() ends one."""
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
    def ev_flag(self):
        """Bit 15 of 0x002E: a car is there; not valid in Ex and Fx, where the traces show 0."""
        return self.code in WITH_VEHICLE

    @property
    def offered_duty(self):
        """Duty cycle on the pilot now; 0 when nothing is offered."""
        return self.limits.shown if self.code in OFFERING and not self.limits.paused else 0

    @property
    def currents_da(self):
        """What the meter says, (L1, L2, L3) in 0.1 A; None without a meter and outside B and C."""
        if not self.meter or not self.ev_flag:
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
        self._permitted = False
        if self.live and self.code in WITH_VEHICLE:
            self._enter('A1')
        self.vehicle = None
        vehicle.detach()
        self._walk_on()
        self._record('energy', kwh=round(self.session_wh / 1000, 3))

    def key(self, closed):
        """Turn the key switch: EN1 closed or open."""
        self.en1 = closed
        self._port.forget()
        if self.en_mode != 2:
            self._walk_on()
        elif closed and self.live and self.code == 'E0':
            self._enter('A1')
        elif not closed and self.live and self.code[0] in 'ABC':
            self._enter('E0')

    def fault(self, code):
        """F1..FB: that fault, until clear_fault (F4: or a reset). C3, C4: reduced current. E1, E3: as the maker's tools would."""
        if code not in FAULTS + DEGRADED + SERVICE:
            raise ValueError('one of %s' % ' '.join(FAULTS + DEGRADED + SERVICE))
        if code in DEGRADED:
            self._degraded = code
            self.limits.set_reduced(True)
            self._enter_if_live(code if self.code in CHARGING else self.code)
        else:
            self._fault = code if code in FAULTS else None
            self._enter_if_live(code)

    def clear_fault(self):
        """What was wrong is mended: reduced current ends, an F state goes the way by A1."""
        self._degraded = None
        self.limits.set_reduced(False)
        faulty = self._fault is not None or self.code in SERVICE
        self._fault = None
        if self.live and faulty:
            self._permitted = False
            self._enter('A1')
        else:
            self._enter_if_live('C2' if self.code in CHARGING else self.code)

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
        self._enter_if_live(self._held_code if self.limits.paused and self.code == 'B2' else self.code)

    def release(self):
        """A1A1: leave E0 or E2. Returns False, and does nothing, anywhere else."""
        if self.code not in ('E0', 'E2'):
            return False
        self._permitted = self._permitted and self._pulse_keeps_key
        self._enter('A1')
        return True

    def jump(self, code):
        """E0E0, E2E2: out of use, set-up mode."""
        self._enter(code)

    def reset_soon(self):
        """5A5A: start anew, once the acknowledgement is out."""
        self.kernel.after(RESET_DELAY_US, self._start)

    # --- what the car does to it

    def vehicle_asks(self, closed):
        """S2 moved."""
        if not self.live:
            return
        if closed and self.code == 'B2' and not self.limits.paused:
            self._enter(self._degraded or 'C2')
        elif not closed and self.code in CHARGING:
            self._enter(self._held_code if self.limits.paused else 'B2')

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
        self._contactor.switch(False)
        self._measure()
        self._signal()

    def _started(self):
        self._starting = None
        self.settings = self.stored.copy()
        self.limits.restart()
        self._permitted = self.vehicle is not None and self.settings.start_after_power_cycle
        if self._fault == 'F4':
            self._fault = None
        self._enter(self._fault or ('A1' if self.en_mode != 2 or self.en1 else 'E0'))

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
            self._permitted = True
        self._contactor.switch(code in CHARGING)
        self._measure()
        self._signal()
        self._walk_on()

    def _walk_on(self):
        """Prepare the step to the next state that the box takes by itself."""
        self.kernel.cancel(self._step)
        self._step = None
        onward = self._onward() if self.live and self.vehicle is not None else None
        if onward is not None:
            self._step = self.kernel.after(self._random.randrange(*STEP_US[self.code]), self._enter, onward)

    def _onward(self):
        if self.code == 'A1':
            return 'B1'
        if self.code == 'B1':
            allowed = self._permitted or self.en_mode != 1 or self.en1
            return 'B2' if allowed and not (self.limits.paused and self._held_code == 'B1') else None
        return None

    def _measure(self):
        """The contactor moved or the offer changed."""
        self._port.forget()
        if self.vehicle is not None:
            # A car that is being paused draws what it drew until it has let go.
            self._contactor.follow(self.vehicle, self.limits.shown_ma)

    def _signal(self):
        if self.vehicle is None:
            return
        if not self.live:
            self.vehicle.pilot(PILOT_OFF)
        else:
            self.vehicle.pilot(PILOT_PWM if self.offered_duty else PILOT[self.code])
