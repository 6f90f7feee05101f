"""The best possible result of a night, from a controller that knows the car, the tariff and the power cuts in advance.

It has no bus, no radio and no firmware: it looks at the car itself and acts on the box, once a second, while it has power. What it
may do is what any controller may: limit the current, reset the box, disable and enable the outlet; and it gives no current at peak.
"""

from sim.kernel import Kernel
from sim.bus.rs485_line import Rs485Line
from sim.oracle.tariff import Tariff
from sim.vehicle import REPLUG_US, make_vehicle
from sim.evse.wallbox import Wallbox

_SECOND_US = 1_000_000
# Icmax: no current allowed, and no limit but the box's own.
_PAUSE, _ALL = 1000, 999
# A car closes S2 within 2 s of an offer, a box goes from B1 to B2 within 2 s where it may.
_PATIENCE_S = 5
# The pilot gone for longer than any car here needs to take it for unplugging; no car forgives more than three of these.
_PULSE_S = REPLUG_US // _SECOND_US + 2
_MOST_PULSES = 3


class Night:
    """A scenario of sim.scenario.complete(): its car, its windows, and the events that matter (plug, unplug, key, power).

    run(until_s) plays it. full: the car has all it came for. closings: of the contactor. peak_wh: outside the windows.
    """

    def __init__(self, scenario):
        self.kernel = Kernel()
        self.powered = True
        self.peak_wh = 0.0
        seed = scenario['seed']
        self.box = Wallbox(self.kernel, Rs485Line(self.kernel, seed), lambda kind, **fields: None, seed=seed,
                           **dict(scenario['charger'], panel_frames=False))
        self._start_utc_s = scenario['start_utc_s']
        self._tariff = Tariff(scenario['settings'].PLAN, scenario['settings'].TIMEZONE)
        self._vehicle = make_vehicle(self.kernel, seed=seed, **scenario['vehicle'])
        self._since_s = self._code = None
        self._pulses = 0
        self.box.on_energy.append(self._account)
        for event in scenario['events']:
            act = _EVENTS.get(event['do'])
            if act is not None:
                self.kernel.at(int(event['t'] * _SECOND_US), act, self, event)
        self.kernel.at(0, self._look)

    @property
    def full(self):
        """Nothing is missing."""
        return self._vehicle.remaining_nj <= 0

    @property
    def closings(self):
        """Of the contactor."""
        return self.box.contactor_closings

    def run(self, until_s):
        """Live until then; returns this night."""
        self.kernel.run_until(int(until_s * _SECOND_US))
        self.box.settle()
        return self

    def _account(self, from_us, until_us, wh):
        self.peak_wh += wh * self._tariff.peak_share(self._start_utc_s + from_us / _SECOND_US, self._start_utc_s + until_us / _SECOND_US)

    # --- the controller

    def _look(self):
        now_s = self.kernel.now_us // _SECOND_US
        self.kernel.after(_SECOND_US, self._look)
        box = self.box
        if not (self.powered and box.live):
            self._code = None
            return
        if box.code != self._code:
            self._code, self._since_s = box.code, now_s
        # The look that would come too late is the one before the edge.
        cheap = all(self._tariff.is_cheap(self._start_utc_s + now_s + ahead_s) for ahead_s in (0, 3))
        if box.limits.paused == cheap:
            box.set_icmax(_ALL if cheap else _PAUSE)
            self._since_s = now_s
        elif box.code == 'E0':
            if now_s - self._since_s >= _PULSE_S:
                box.release()
        elif cheap and box.vehicle is not None and not self.full and now_s - self._since_s >= _PATIENCE_S:
            self._help(now_s)

    def _help(self, now_s):
        """Current is offered, and none is taken."""
        if self.box.code == 'B1':
            self.box.reset_soon()
        elif self.box.code == 'B2' and self._pulses < _MOST_PULSES:
            self._pulses += 1
            self.box.jump('E0')
        self._since_s = now_s

    # --- the world

    def _plug(self, event):
        self._pulses = 0
        self.box.plug(self._vehicle)

    def _unplug(self, event):
        self.box.unplug()

    def _key(self, event):
        self.box.key(event['position'] == 'unlocked')

    def _charger_power(self, event):
        self.box.power(event['on'])

    def _monitor_power(self, event):
        self.powered = event['on']


_EVENTS = {'plug': Night._plug, 'unplug': Night._unplug, 'key': Night._key, 'charger_power': Night._charger_power,
           'monitor_power': Night._monitor_power}
