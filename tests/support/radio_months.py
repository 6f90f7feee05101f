"""Months of network outages: what happens to a monitor's network, and how soon the network server hears the monitor again.

The outages are the same for a light model (the real session, clock synchronisation and timekeeper, heartbeats as the reporter puts them, no bus and
no box) and for the whole firmware in its world. Whatever is measured is seen from the network's side.
"""

import statistics
from collections import namedtuple
from random import Random

import config
from app.runtime.journal import Journal
from app.runtime.timekeeper import Timekeeper
from lorawan import clock_sync
from lorawan.outbox import CHANGE, HEARTBEAT
from lorawan.regions import REGIONS
from lorawan.session import UP, Session
from sim import scenario
from sim.boards.simulated_board import Flash, MonitorStopped, SimClock, SimStore
from sim.kernel import Kernel
from sim.lorawan.network import Network
from sim.world import World

SECOND_US = 1_000_000
MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86400
START_UTC_S = 1_775_286_000     # 2026-04-04T07:00:00Z
STATUS = 10, bytes(11)
# What the monitor does about a modem that cannot be helped otherwise (app.application).
STUCK_S = 30 * MINUTE_S
WANTED_PERIOD_MS = 30 * MINUTE_S * 1000     # class C, docs/radio.md

# One mishap. what: 'outage' (of the gateway), 'blackout' (of the gateway, and the monitor boots within it), 'server' (forgets the session).
# up: at its end the monitor was joined and not suspicious, and the server knew its session. first_s, back_s: from its end to the first emission
# and to the first uplink that the server took. noticed_s: from the server's loss of the session until the monitor doubted it; else None.
Mishap = namedtuple('Mishap', 'what lasted_s up first_s back_s noticed_s')
LOOK_US = 60 * SECOND_US


class Outages:
    """Outages of one installation until end_s, each some days after it recovered from the last; found: Mishaps."""

    WHATS = ('outage', 'outage', 'blackout', 'blackout', 'server')

    def __init__(self, house, seed, until_s, longest_s=4 * DAY_S, rest_s=2 * DAY_S):
        self.found = []
        self.open = None            # what is not over yet: [what, its begin, its end, up, first emission, noticed] in us
        self._house = house
        self._kernel = house.kernel
        self._rng = Random('fate %s' % seed)
        self._until_us = until_s * SECOND_US
        self._longest_s = longest_s
        self._rest_s = rest_s
        self._later()

    def _later(self):
        at_us = self._kernel.now_us + int((HOUR_S + self._rng.expovariate(1 / self._rest_s)) * SECOND_US)
        if at_us < self._until_us:
            self._kernel.at(at_us, self._strike)

    def _strike(self):
        rng, now_us, house = self._rng, self._kernel.now_us, self._house
        what = rng.choice(self.WHATS)
        if what == 'server':
            house.network.lose_session()
            self.open = [what, now_us, now_us, False, None, None]
            self._look()
            return
        end_us = now_us + int(2 * MINUTE_S * (self._longest_s / (2 * MINUTE_S)) ** rng.random() * SECOND_US)
        self.open = [what, now_us, end_us, None, None, None]
        house.network.gateway_down(end_us)
        if what == 'blackout':
            house.blackout()
        self._kernel.at(end_us, self._over)

    def _over(self):
        network, session = self._house.network, self._house.session
        known = session is not None and network.session is not None and network.device.session is network.session
        self.open[3] = known and session.state == UP

    def _look(self):
        """Since when does the monitor doubt a session that only it has?"""
        mishap = self.open
        if mishap is not None and mishap[5] is None:
            if self._house.session.state != UP:
                mishap[5] = self._kernel.now_us
            self._kernel.after(LOOK_US, self._look)

    def emitted(self):
        """A join request or uplink of the device ends."""
        mishap = self.open
        if mishap is not None and mishap[3] is not None and mishap[4] is None:
            mishap[4] = self._kernel.now_us

    def heard(self):
        """The server took an uplink."""
        mishap = self.open
        if mishap is None or mishap[3] is None:
            return
        self.open = None
        what, begin_us, end_us, up, first_us, noticed_us = mishap
        self.found.append(Mishap(what, (end_us - begin_us) / SECOND_US, up, (first_us - end_us) / SECOND_US,
                                 (self._kernel.now_us - end_us) / SECOND_US, noticed_us and (noticed_us - end_us) / SECOND_US))
        self._later()


class Ears:
    """Both houses' ends of the network: joins and uplinks for the fate, and the figures of the air."""

    fate = None

    def __init__(self):
        self.joins_s = []
        self.uplinks = []           # (s, SF)

    def record(self, kind, t_us=None, **fields):
        if kind not in ('join', 'uplink'):
            return
        now_s = self.kernel.now_us / SECOND_US
        if kind == 'join':
            self.joins_s.append(now_s)
        else:
            self.uplinks.append((now_s, fields['sf']))
        if self.fate is not None:
            self.fate.emitted()

    def publish(self, suffix, message):
        if suffix == 'up' and self.fate is not None:
            self.fate.heard()

    def joins_max_day(self):
        """Join requests in the worst 24 h."""
        return max((sum(1 for later_s in self.joins_s[index:] if later_s - at_s < DAY_S) for index, at_s in enumerate(self.joins_s)), default=0)

    def longest_gap_s(self):
        """Longest time between uplinks with no join in between, less what SF11 and SF12 may have more."""
        longest_s = 0
        for (at_s, sf), (next_s, next_sf) in zip(self.uplinks, self.uplinks[1:]):
            if not any(at_s < join_s < next_s for join_s in self.joins_s):
                longest_s = max(longest_s, next_s - at_s - (30 * MINUTE_S if max(sf, next_sf) > 10 else 0))
        return longest_s


class LightMonths(Ears):
    """Session, clock and heartbeats on the simulated network; a month takes a fraction of a second."""

    def __init__(self, seed, region='AU915', data_rate=None, **network):
        super().__init__()
        self.kernel = Kernel()
        self.network = Network(self.kernel, self.record, region=region, seed=seed, publish=self.publish, start_utc_s=START_UTC_S, **network)
        self.session = None
        self.halted = None
        self.resets = 0
        self._region, self._data_rate = REGIONS[region], data_rate
        self._flash = Flash()
        self._draw = Random('jitter %s' % seed)

    def run(self, until_s):
        """Live until then."""
        self.kernel.at(until_s * SECOND_US, self._halt_with, 'end')
        while self.halted != 'end':
            self.halted = None
            try:
                self._boot()
            except MonitorStopped as stopped:
                self.resets += stopped.cause == 'radio'
            finally:
                self.network.device.kill()
        return self

    def halt(self):
        """Called in sleep_ms()."""
        raise MonitorStopped(self.halted)

    def blackout(self):
        """The monitor's supply fails for a moment."""
        self._halt_with('power')

    def _halt_with(self, cause):
        self.halted = cause
        self.kernel.wake = True

    def _boot(self):
        clock = SimClock(self.kernel, self, 20)
        radio = self.network.radio('C')
        journal = Journal(SimStore(self._flash))
        session = self.session = Session(radio, journal, self._region, self._data_rate, self._draw.randrange, clock.now_ms())
        sync = clock_sync.ClockSync(session, radio, journal, Timekeeper(clock, journal, config.Settings()), clock.now_ms(), lambda: None)
        session.outbox.keep_ready(_status)
        session.outbox.put(CHANGE, 'status', _status)
        while True:
            now_ms = clock.now_ms()
            downlink = session.poll(now_ms)
            if downlink is not None:
                if downlink[0] == clock_sync.PORT:
                    sync.downlink(downlink[1], now_ms)
                continue
            due_ms = min(session.due_ms, self._tick(session, sync, now_ms))
            if session.stuck and now_ms >= STUCK_S * 1000:
                session.airtime_budget.save(now_ms)
                raise MonitorStopped('radio')
            clock.sleep_ms(max(1, min(due_ms - now_ms, HOUR_S * 1000)))

    def _tick(self, session, sync, now_ms):
        """As app.telemetry.reporter does it: the time is asked for, and heartbeats follow the last uplink."""
        if not session.joined:
            return now_ms + HOUR_S * 1000
        if sync.tick(now_ms) == clock_sync.REQUEST and not session.outbox.holds('clock'):
            session.outbox.put(HEARTBEAT, 'clock', sync.make, sync.sent)
            session.poll(now_ms)
        last_ms = session.joined_ms if session.last_uplink_ms is None else session.last_uplink_ms
        due_ms = last_ms + session.stretched_ms(WANTED_PERIOD_MS, len(STATUS[1]))
        if now_ms >= due_ms:
            if not session.outbox.holds('status'):
                session.outbox.put(HEARTBEAT, 'status', _status)
                session.poll(now_ms)
            due_ms = now_ms + 10000
        return min(due_ms, sync.due_ms)


def _status(limit):
    return STATUS[0], STATUS[1][:limit]


class WholeMonths(Ears):
    """The whole firmware in its world, under the same fate."""

    def __init__(self, seed, network, **given):
        super().__init__()
        options = {name: network[name] for name in ('uplink_loss', 'downlink_loss')}
        more = {name: value for name, value in network.items() if name not in options}
        self.world = World(scenario.complete(dict(given, seed=seed, duration_s=1, network=options)), publish=self.publish, network=more,
                           on_record=self._entry)
        self.kernel = self.world.kernel
        self.network = self.world.network

    @property
    def session(self):
        return self.world.app.session if self.world.app is not None else None

    @property
    def resets(self):
        return sum(entry['cause'] != 'power' for entry in self.world.timeline if entry['kind'] == 'reset')

    def _entry(self, entry):
        self.record(**{name: value for name, value in entry.items() if name in ('kind', 'sf')})

    def blackout(self):
        self.world.do({'do': 'monitor_power', 'on': False})
        self.kernel.after(10 * SECOND_US, self.world.do, {'do': 'monitor_power', 'on': True})

    def run(self, until_s):
        """Live until then."""
        self.world.run(until_s)
        return self


def quantiles(values):
    """'p50 / p95 / worst of n' in minutes, for a row of evidence."""
    if not values:
        return 'none'
    ordered = sorted(values)
    return '%.1f / %.1f / %.1f of %d' % (statistics.median(ordered) / 60, at_share(ordered, 0.95) / 60, ordered[-1] / 60, len(ordered))


def at_share(values, share):
    """The value that so large a share does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
