"""A random night from a seed: a car comes home, power and network may fail; and the result in the morning."""

from random import Random

from sim import scenario
from sim.oracle.ideal_controller import Night as IdealNight
from sim.oracle.tariff import Tariff
from sim.world import World

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86400
MODELS = ('eager', 'sleepy', 'long_pulse', 'shy', 'full')
# Of both hemispheres; nights of all the year, those of a switch among them.
ZONES = ('AEST-10AEDT,M10.1.0,M4.1.0/3', 'CET-1CEST,M3.5.0,M10.5.0/3', 'EST5EDT,M3.2.0,M11.1.0', 'UTC0',
         '<+1030>-10:30<+11>-11,M10.1.0,M4.1.0')
FIRST_DAY = 20454   # 2026-01-01, days since 1970
# The network is up for at least this time before it dies: the clock is set by then.
KNOWN_S = 15 * MINUTE_S
# Shares of the nights with a power cut, and with a dead network.
CUTS, DEATHS = 0.1, 0.2


class Night:
    """From an afternoon to the end of the window. given: the scenario. cuts, deaths: chances of a power cut and of a dead network.

    It has cuts: [(from s, until s, box, monitor)]; dead: (from s, until s) or None. plug_s: when the car comes.
    """

    def __init__(self, seed, cuts=CUTS, deaths=DEATHS):
        rng = Random('night %d' % seed)
        self.seed = seed
        self.model = MODELS[seed % len(MODELS)]
        window = {'days': 'daily', 'from': '%02d:%02d' % (rng.choice((20, 21, 22, 23, 0, 1)), rng.choice((0, 0, 15, 30))),
                  'to': '%02d:%02d' % (rng.choice((5, 6, 7)), rng.choice((0, 0, 30)))}
        zone = rng.choice(ZONES)
        tariff = Tariff([window], zone)
        day_s = (FIRST_DAY + rng.randrange(3650)) * DAY_S
        # Two days: where clocks are put back there may be 25 hours between two openings.
        self.opens_s, self.closes_s = [edge for edge in tariff.openings(day_s, day_s + 2 * DAY_S) if edge[0] >= day_s][0]
        self.start_s = self.opens_s - rng.randrange(90, 5 * 60) * MINUTE_S
        self.until_s = self.closes_s - self.start_s + 5 * MINUTE_S
        self.opens_s -= self.start_s
        self.closes_s -= self.start_s
        self.plug_s = self._plug(rng)
        self.cuts = [self._cut(rng)] if rng.random() < cuts else []
        self.dead = self._death(rng) if rng.random() < deaths else None
        charger = {'key': rng.choice(('locked', 'unlocked')), 'meter': rng.random() < 0.7, 'held_code': rng.choice(('B2', 'B2', 'B1')),
                   'panel_frames': False}
        vehicle = {'model': self.model, 'max_a': rng.choice((10, 16, 16, 32)), 'phases': rng.choice((1, 3, 3)),
                   'needs_kwh': round(rng.uniform(2, 50), 1)}
        self.hold = rng.choice(('with_car', 'always'))
        self.given = {
            'seed': seed, 'start': '%sZ' % (scenario.datetime.fromtimestamp(self.start_s, scenario.timezone.utc).strftime('%Y-%m-%dT%H:%M:%S')),
            'duration_s': self.until_s, 'config': {'PLAN': [window], 'TIMEZONE': zone, 'HOLD': self.hold}, 'charger': charger, 'vehicle': vehicle,
            'clock': {'drift_ppm': rng.choice((-20, 20))}, 'events': self._events()}

    def _plug(self, rng):
        """Mostly before the window, some in it, all with an hour left."""
        if rng.random() < 0.75:
            return rng.uniform(5 * MINUTE_S, self.opens_s)
        return rng.uniform(self.opens_s, self.closes_s - HOUR_S)

    def _cut(self, rng):
        """At any moment after the time is known, for a second to two hours; box, monitor or both."""
        from_s = rng.uniform(KNOWN_S, self.closes_s - HOUR_S)
        box, monitor = rng.choice(((True, False), (False, True), (True, True)))
        return from_s, min(from_s + 2 ** rng.uniform(0, 12.8), self.closes_s - 30 * MINUTE_S), box, monitor

    def _death(self, rng):
        """Until the end; but a monitor that boots learns the time from somebody."""
        from_s = rng.uniform(KNOWN_S, self.closes_s)
        for _, back_s, _, monitor in self.cuts:
            if monitor:
                return (from_s, back_s) if from_s < back_s else None
        return from_s, self.until_s

    def _events(self):
        events = [{'t': self.plug_s, 'do': 'plug'}]
        for from_s, until_s, box, monitor in self.cuts:
            for what, is_cut in (('charger_power', box), ('monitor_power', monitor)):
                if is_cut:
                    events += [{'t': from_s, 'do': what, 'on': False}, {'t': until_s, 'do': what, 'on': True}]
        if self.dead:
            events.append({'t': self.dead[0], 'do': 'gateway_down', 'for_s': self.dead[1] - self.dead[0]})
        return events

    def ideal(self):
        """The same night as it could be at best, played."""
        return IdealNight(scenario.complete(self.given)).run(self.closes_s)

    def play(self):
        """The same night with the firmware: its Morning."""
        return Morning(self)

    def __repr__(self):
        return 'night %d: %s %s, plugged in at %d, window %d to %d, cuts %s, dead %s, key %s, %s' % (
            self.seed, self.model, self.given['vehicle'], self.plug_s, self.opens_s, self.closes_s, self.cuts, self.dead,
            self.given['charger']['key'], self.hold)


class Morning:
    """What was seen of a night. pulses: E0E0 that the box executed; to_finished: those to a car that had drawn all it wanted, and
    had done so before the eyes of a monitor with power: else it may have been the box that stopped it."""

    def __init__(self, night):
        self.night = night
        self.pulses = self.to_finished = 0
        self._is_seen_full = None    # None until the car has all it wants
        self.world = world = World(scenario.complete(night.given), on_record=self._see)
        world.kernel.at(night.closes_s * 1_000_000, self._close)
        world.run(night.until_s)
        self.peak_wh = world.peak.wh
        self.closings = world.box.contactor_closings
        self.crashes = [entry for entry in world.timeline if entry['kind'] == 'reset' and entry['cause'] not in ('power',)]

    def _close(self):
        self.world.box.settle()
        self.full = self.world.box.vehicle.remaining_nj <= 0

    def _see(self, entry):
        is_pulse = entry['kind'] == 'bus_write' and entry['value'] == 'E0E0' and entry['accepted']
        if self._is_seen_full is None and (is_pulse or entry['kind'] == 'charger_state' and entry['code'] == 'B2'):
            vehicle = self.world.box.vehicle
            if vehicle is not None and vehicle.remaining_nj <= 0:
                self._is_seen_full = not any(monitor and from_s <= entry['t'] <= until_s for from_s, until_s, _, monitor in self.night.cuts)
        self.pulses += is_pulse
        self.to_finished += is_pulse and bool(self._is_seen_full)

    def story(self):
        """What happened, for error messages."""
        kinds = ('charger_state', 'contactor', 'bus_write', 'reset')
        return '\n'.join(str(entry) for entry in self.world.timeline if entry['kind'] in kinds)
