"""One simulated installation: box, car, bus, network, and the unchanged firmware on a simulated board.

World.run() is the one thread of the simulation: the firmware runs as itself inside it and lends the time it sleeps to everything
else. Whatever ends a run of the firmware (power cut, watchdog, planned reset) comes back here, and the next boot starts here.
"""

import main
from hal import contract

from ttn.formatter import Formatter
from sim.boards.simulated_board import Flash, MonitorStopped, SimBoard
from sim.kernel import Kernel
from sim.bus.rs485_line import Rs485Line
from sim.lorawan.network import Network
from sim.oracle.tariff import PeakMeter
from sim.vehicle import make_vehicle
from sim.evse.wallbox import Wallbox

SECOND_US = 1000000
# A board needs this long from power to main.py (MicroPython on an ESP32: about 1.5 s).
BOOT_US = 1500000
# Plans come on this port (docs/payload.md).
PLAN_PORT = 20


class SystemClock:
    """The wall clock of a board with an operating system that nobody keeps: offset_s beside the true time, None on a board without one.

    What the board makes of it is for the firmware's own HAL to say.
    """

    def __init__(self, true_utc_s):
        self.offset_s = None
        self._true_utc_s = true_utc_s

    def utc_s(self):
        if self.offset_s is None:
            return None
        from hal import posix_clock   # a Linux board's alone
        return posix_clock.believed(self._true_utc_s() + self.offset_s, lambda: False)


class World:
    """One simulated installation, from a scenario as sim.scenario.complete() gives it.

    network: more options for sim.lorawan.network.Network, as path losses. publish(suffix, message): The Things Stack's messages as they appear.
    on_record(entry): each entry of the timeline.
    flash: what the board was left with; empty unless given.
    """

    def __init__(self, scenario, publish=None, on_record=None, on_log=None, network=None, flash=None):
        self.kernel = Kernel()
        self.timeline = []
        self.halted = None      # why the firmware is to stop, see halt()
        self.stop = False
        self.app = None         # the running firmware's monitor, None while it is down
        self.board = None
        self.powered = True     # the monitor's supply
        self.resets = 0
        self.scenario = scenario
        self.start_utc_s = scenario['start_utc_s']
        self.settings = scenario['settings']
        self.flash = flash or Flash()
        self.system = SystemClock(self.utc_s)
        self._on_record = on_record
        self._on_log = on_log
        self._end_us = None
        self._vehicle = dict(scenario['vehicle'])
        self.formatter = Formatter()
        seed = scenario['seed']
        self.line = Rs485Line(self.kernel, seed)
        self.box = Wallbox(self.kernel, self.line, self.record, seed=seed, **scenario['charger'])
        self.peak = PeakMeter(self.settings.PLAN, self.settings.TIMEZONE, self.start_utc_s)
        self.box.on_energy.append(self.peak)
        options = scenario['network']
        self.network = Network(
            self.kernel, self.record, region=self.settings.REGION, uplink_loss=options['uplink_loss'],
            downlink_loss=options['downlink_loss'], rx1_delay_s=options['rx1_delay_s'], seed=seed, decode=self._decode,
            publish=publish, start_utc_s=self.start_utc_s, **(network or {}))
        for event in scenario['events']:
            self.kernel.at(int(event['t'] * SECOND_US), self.do, event)

    # --- the record

    def record(self, kind, t_us=None, **fields):
        """Append to the timeline of docs/simulation.md; t in seconds since the start."""
        entry = {'t': round((self.kernel.now_us if t_us is None else t_us) / SECOND_US, 3), 'kind': kind}
        entry.update(fields)
        self.timeline.append(entry)
        if kind == 'downlink' and fields['received']:
            self._follow_plan(fields['f_port'], fields['hex'])
        if self._on_record is not None:
            self._on_record(entry)

    def log(self, text):
        """A line of the firmware's log."""
        if self._on_log is not None:
            self._on_log(self.kernel.now_us / SECOND_US, text)

    def utc_s(self):
        """The true time."""
        return self.start_utc_s + self.kernel.now_us // SECOND_US

    def _follow_plan(self, f_port, payload_hex):
        """From now on a plan or time zone that reached the device defines the cheap hours."""
        if f_port == PLAN_PORT:
            told = self.formatter.decode_downlink(f_port, bytes.fromhex(payload_hex)).get('data') or {}
            if 'plan' in told or 'timezone' in told:
                self.box.settle()
                self.peak.change(told.get('plan', {}).get('windows'), told.get('timezone'))

    def _decode(self, f_port, payload):
        return self.formatter.decode_uplink(f_port, payload).get('data')

    # --- running

    def run(self, until_s=None):
        """Live until that virtual time, or until stop is set."""
        self._end_us = None if until_s is None else int(until_s * SECOND_US)
        if self._end_us is not None:
            self.kernel.at(self._end_us, self._halt_with, 'end')
        while not self.stop and (self._end_us is None or self.kernel.now_us < self._end_us):
            if self.powered:
                self._boot_once()
            else:
                self.kernel.sleep_until(self._horizon_us())
        self.box.settle()

    def _horizon_us(self):
        return self.kernel.now_us + 3600 * SECOND_US if self._end_us is None else self._end_us

    def _boot_once(self):
        self.halted = None
        try:
            self._wait_us(BOOT_US if self.kernel.now_us else 0)
            self.board = SimBoard(self, self.settings, self.flash, self.scenario['clock']['drift_ppm'], self.system)
            main.start(self.board, self.settings, self._started)
        except MonitorStopped as stopped:
            self._stopped(stopped.cause)
        finally:
            self._go_dark()

    def _go_dark(self):
        """What the board had on wire and air ends with it."""
        self.app = None
        if self.board is not None:
            self.line.detach(self.board.bus)
            if self.board.radio is not None:
                self.network.device.kill()
            self.board = None

    def _started(self, app):
        self.app = app

    def _stopped(self, cause):
        if cause in ('end', 'stop'):
            return
        self.resets += 1
        self.record('reset', cause=cause)

    def _wait_us(self, us):
        until_us = self.kernel.now_us + us
        while self.kernel.now_us < until_us and self.halted is None:
            self.kernel.sleep_until(until_us)
        if self.halted is not None:
            self.halt()

    def _halt_with(self, cause):
        self.halted = cause
        self.kernel.wake = True

    def halt(self):
        """Called in the firmware's sleep: stop it for the reason in halted."""
        if self.halted == 'hang':
            bites_us = self.board.watchdog.bites_us
            while self.halted == 'hang' and self.kernel.now_us < bites_us:
                self.kernel.sleep_until(bites_us)
            if self.halted == 'hang':
                self.halted = 'watchdog'
                self.flash.cause = contract.WATCHDOG
        raise MonitorStopped(self.halted)

    def end(self):
        """Stop run() from an event or from pace()."""
        self.stop = True
        self._halt_with('stop')

    # --- events

    def do(self, event):
        """Execute one event of the scenario contract now; an impossible one changes nothing."""
        _EVENTS[event['do']](self, event)

    def send(self, data, confirmed=False):
        """Queue a downlink given as decoded data. Returns the formatter's errors, or None when it was queued.

        The formatter stamps what has no `issued_at` by its clock, which is simulated time.
        """
        answer = self.formatter.encode_downlink(data, utc_s=self.utc_s())
        if 'errors' in answer:
            return answer['errors']
        self.network.push([{'f_port': answer['fPort'], 'payload': bytes(answer['bytes']), 'confirmed': confirmed}])
        return None

    def _plug(self, event):
        if self.box.vehicle is None:
            self.box.plug(make_vehicle(self.kernel, seed=self.scenario['seed'], **self._vehicle))

    def _unplug(self, event):
        self.box.unplug()

    def _key(self, event):
        self.box.key(event['position'] == 'unlocked')

    def _downlink(self, event):
        if 'data' in event:
            errors = self.send(event['data'], event.get('confirmed', False))
            if errors:
                self.log('downlink refused: %s' % '; '.join(errors))
            return
        self.network.push([{'f_port': event['f_port'], 'payload': bytes.fromhex(event['payload_hex']),
                            'confirmed': event.get('confirmed', False)}])

    def _fault(self, event):
        self.box.fault(event['code'])

    def _clear_fault(self, event):
        self.box.clear_fault()

    def _charger_power(self, event):
        self.box.power(event['on'])

    def _monitor_power(self, event):
        if event['on'] != self.powered:
            self.powered = event['on']
            if self.powered:
                self.kernel.wake = True
            else:
                self._halt_with('power')

    def _bus_cut(self, event):
        self.line.cut(self._until_us(event))

    def _bus_noise(self, event):
        self.line.noise(event['rate'], self._until_us(event))

    def _gateway_down(self, event):
        self.network.gateway_down(self._until_us(event))

    def _set_monitor_clock(self, event):
        clock = self.board.clock if self.app is not None else None
        if clock is not None and clock.utc_s() is not None:
            clock.set_utc(clock.utc_s() + event['offset_s'])

    def _system_clock(self, event):
        self.system.offset_s = event['offset_s']

    def _hang_monitor(self, event):
        if self.app is not None:
            self._halt_with('hang')

    def _flash_damage(self, event):
        self.flash.damage(event['record'])

    def _until_us(self, event):
        return self.kernel.now_us + int(event['for_s'] * SECOND_US)

    # --- figures

    def summary(self):
        """The figures of the scenario contract."""
        kinds = {}
        for entry in self.timeline:
            kinds[entry['kind']] = kinds.get(entry['kind'], 0) + 1
        return {
            'uplinks': kinds.get('uplink', 0),
            'downlinks': kinds.get('downlink', 0),
            'uplink_airtime_s_max_day': round(self.network.uplink_airtime_s_max_day(), 3),
            'energy_kwh': round(self.box.energy_wh / 1000, 3),
            'energy_kwh_at_peak': round(self.peak.wh / 1000, 3),
            'contactor_closings': self.box.contactor_closings,
            'resets': self.resets,
            'bus_reads': self.box.reads,
            'simulated_s': round(self.kernel.now_us / SECOND_US, 3),
        }


_EVENTS = {
    'plug': World._plug,
    'unplug': World._unplug,
    'key': World._key,
    'downlink': World._downlink,
    'fault': World._fault,
    'clear_fault': World._clear_fault,
    'charger_power': World._charger_power,
    'monitor_power': World._monitor_power,
    'bus_cut': World._bus_cut,
    'bus_noise': World._bus_noise,
    'gateway_down': World._gateway_down,
    'set_monitor_clock': World._set_monitor_clock,
    'system_clock': World._system_clock,
    'hang_monitor': World._hang_monitor,
    'flash_damage': World._flash_damage,
}
