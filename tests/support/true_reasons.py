"""The true reason why a car does not charge, from the simulator's box, car, key, clock and requests; independent of the firmware.

The minutes of a world are judged by the last uplink. A car that has been full from the start cannot be distinguished from one that
sleeps: both do not take what is offered, and that is the truth about them (vehicle_paused).
"""

from app.codec import vocabulary
from sim import scenario
from sim.oracle.tariff import Tariff
from sim.world import SECOND_US, World

DAY_S = 86400
SAMPLE_S = 5
# What lasts for less is passing: the reason before it or after it is as true.
PASSING_S = 60
# Rest of the contactor after a movement by the monitor (docs/internals.md); time until a silent box is reported as silent.
REST_S = 300
SILENT_S = 60
# From an offer of current, or a step that wakes the car, until it is called asleep: 45 s, a reading or two, and B2 that is believed 20 s late.
PATIENCE_S = 70
# A key that is missing is seen when a start has failed: 10 s in B1, a reset of 15 s, 10 s more.
START_S = 40
ICMAX = 0x0014
CHARGING = ('C2', 'C3', 'C4')


class Owner:
    """What was said, in docs/commands.md's words. reason(): what holds a car, None for nothing."""

    def __init__(self, world, for_s):
        self._world = world
        settings = world.settings
        # Every window of these days: (from, to).
        self.windows = None
        if settings.PLAN:
            self.windows = Tariff(settings.PLAN, settings.TIMEZONE).openings(world.start_utc_s - DAY_S, world.start_utc_s + for_s + 2 * DAY_S)
        self.locked = False
        self._unplugged()
        self._skipped = []
        self._wh = {}

    def _unplugged(self):
        self.stopped = None
        self.boost = None

    unplugged = _unplugged

    def power_was_cut(self):
        """The monitor restarts, and the owner wants to be asked."""
        if self._world.settings.AFTER_POWER_CUT == 'hold' and self._world.box.vehicle is not None:
            if not (self.stopped or self.boost is not None or self.locked):
                self.stopped = 'held_after_power_cut'

    def hear(self, data):
        """A command arrived."""
        word = data.get('command') or {'Lock Outlet': 'lock', 'Unlock Outlet': 'unlock'}.get(data.get('mode'))
        if word in ('lock', 'unlock'):
            self.locked = word == 'lock'
        elif word == 'skip':
            self._skip(data)
        elif word in ('stop', 'start', 'boost', 'resume_plan'):
            self._unplugged()
            if word == 'resume_plan':
                self._skipped = []
            getattr(self, '_' + word, lambda data: None)(data)

    def _stop(self, data):
        self.stopped = 'stopped'

    def _start(self, data):
        self.boost = {}

    def _boost(self, data):
        self.boost = dict(data)

    def _skip(self, data):
        utc_s = self._world.utc_s()
        runs = [edge for edge in self.windows if edge[1] > utc_s]
        self._skipped.append(runs[0] if data['window'] == 'this' or runs[0][0] > utc_s else runs[1])

    def window(self, utc_s):
        """(from, to) of the one that is open, or None."""
        for from_s, to_s in self.windows:
            if from_s <= utc_s < to_s:
                return from_s, to_s
        return None

    def reason(self, utc_s):
        """What holds the car now. utc_s: None while the monitor cannot know."""
        kwh = self.boost.get('kwh') if self.boost else None
        if kwh and self._world.box.session_wh >= kwh * 1000:
            self.boost = None
            if self.windows is None:
                self.stopped = 'limit_reached'
        if self.stopped == 'held_after_power_cut' and self.windows is not None and utc_s is not None and self.window(utc_s):
            self.stopped = None
        if self.stopped:
            return self.stopped
        if self.boost is not None or self.windows is None:
            return None
        if utc_s is None:
            return 'time_unknown' if self._world.settings.UNKNOWN_TIME == 'hold' else None
        if any(from_s <= utc_s < to_s for from_s, to_s in self._skipped):
            return 'skipped'
        window = self.window(utc_s)
        if window is None:
            return 'outside_plan'
        most_kwh = min([row.get('kwh') or 1000 for row in self._world.settings.PLAN])
        before = self._wh.setdefault(window, self._world.box.energy_wh)
        # The meter tells 0.1 A, cut off.
        return 'limit_reached' if self._world.box.energy_wh - before >= most_kwh * 1000 else None


class Minutes:
    """A scenario played. minutes: [(t_s, reason reported, true reasons of that minute)] of the minutes without charging of a monitor that lives.

    acts: [(t_s, act(world))] beside its events.
    seconds, right_seconds: the same for what the monitor itself would say at that moment. events: decoded, with the time.
    """

    def __init__(self, given, acts=()):
        self.told = None
        self.owner = None
        self.minutes = []
        self.seconds = self.right_seconds = 0
        self.wrong = []
        self._true = set()
        self._since = {}
        self._last = frozenset(('unreachable',))
        self._heard_s = 0.0
        self._drew = False
        self._finished = False
        self._charged = False
        self._boot_s = 0.0
        self._app = None
        self._was_cut = False
        self._outages = [(event['t'], event['t'] + event['for_s']) for event in given['events'] if event['do'] == 'gateway_down']
        self._cuts = [(event['t'], event['t'] + event['for_s']) for event in given['events'] if event['do'] == 'bus_cut']
        self.world = World(scenario.complete(given), on_record=self._see)
        self.owner = Owner(self.world, given['duration_s'])
        for t_s, act in acts:
            self.world.kernel.at(int(t_s * SECOND_US), act, self.world)
        self.world.kernel.after(SECOND_US, self._sample)
        self.world.run(given['duration_s'])

    @property
    def now_s(self):
        """Since the start."""
        return self.world.kernel.now_us / SECOND_US

    @property
    def events(self):
        """[(t_s, decoded)]"""
        return [(entry['t'], entry['decoded']) for entry in self.world.timeline
                if entry['kind'] == 'uplink' and (entry['decoded'] or {}).get('type') == 'event']

    # --- what is seen

    def _see(self, entry):
        kind = entry['kind']
        if kind == 'uplink' and entry['received'] and (entry['decoded'] or {}).get('type') == 'status':
            self.told = entry['decoded']['reason']
        elif kind == 'downlink' and entry['received'] and entry['f_port'] in (1, 20):
            self.owner.hear(self.world.formatter.decode_downlink(entry['f_port'], bytes.fromhex(entry['hex']))['data'])
        elif kind == 'bus_write' and entry['accepted']:
            self._since[entry['value']] = self._since[entry['register']] = entry['t']
            if entry['value'] in ('E0E0', '03E8'):
                self._since['opened'] = entry['t']
        elif kind == 'charger_state' and entry['code'] in ('B1', 'B2', 'A1', 'E0'):
            self._since['state'] = entry['t']
        elif kind == 'energy':
            self.owner.unplugged()
            self._drew = self._finished = False
        elif kind == 'contactor' and not entry['closed'] and self._since.get('opened', -60) > entry['t'] - 15:
            self._since['moved'] = entry['t']

    def _ago(self, what):
        return self.now_s - self._since.get(what, -1e9)

    def _sample(self):
        world, now_s = self.world, self.now_s
        world.kernel.after(SAMPLE_S * SECOND_US, self._sample)
        box = world.box
        if box.vehicle is not None and box.contactor:
            self._charged = self._drew = True
        vehicle = box.vehicle
        self._finished = vehicle is not None and vehicle.remaining_nj <= 0 and self._drew
        cut = any(from_s <= now_s < until_s for from_s, until_s in self._cuts)
        if box.live and not cut:
            self._heard_s = now_s
        if now_s - self._heard_s > SILENT_S:
            true = frozenset(('unreachable',))
        elif self._heard_s == now_s:
            true = self._truth()
        else:
            true = self._last
        self._last = true
        self._true |= true
        app = world.app
        if app is not self._app or world.halted is not None:
            if self._app is not None and app is None or world.halted == 'power':
                self._was_cut = not world.powered
            elif app is not None and self._was_cut:
                self._was_cut = False
                self.owner.power_was_cut()
            self._app = app
            self._boot_s = now_s
        elif app is None:
            pass
        elif not box.contactor and now_s - self._boot_s > PASSING_S:
            self.seconds += SAMPLE_S
            said = vocabulary.REASONS[app.view.look().reason]
            if said in true:
                self.right_seconds += SAMPLE_S
            else:
                self.wrong.append((now_s, said, sorted(true), box.code))
        if int(now_s) % 60 < SAMPLE_S:
            self._minute(now_s)

    def _minute(self, now_s):
        dead = any(from_s <= now_s < until_s + PASSING_S for from_s, until_s in self._outages)
        if not self._charged and not dead and now_s - self._boot_s > 2 * PASSING_S:
            self.minutes.append((now_s, self.told, frozenset(self._true)))
        self._true = set(self._last)
        self._charged = self.world.box.contactor

    # --- the truth of a moment

    def _truth(self):
        box = self.world.box
        code = box.code
        if code[0] == 'F':
            return frozenset(('fault',))
        if code in ('E1', 'E2', 'E3'):
            return frozenset(('setup',))
        if code in CHARGING:
            return frozenset(('charging',))
        if code == 'E0':
            return frozenset(('locked',)) if self.owner.locked or self._ago('E0E0') > 15 else frozenset(('waking_vehicle',))
        if box.vehicle is None:
            return frozenset(('no_vehicle',))
        board = self.world.board
        utc_s = self.world.utc_s() if board is not None and board.clock.utc_s() is not None else None
        held = self.owner.reason(utc_s)
        if held:
            return frozenset((held,))
        return frozenset(self._uncharged(box, code))

    def _uncharged(self, box, code):
        """Nobody holds it."""
        asked = self.owner.boost is not None or self.owner.windows is not None
        if box.limits.paused:
            if self._ago('03E8') < 15 and asked:
                return 'starting', 'waking_vehicle'
            return ('min_pause',) if self._ago('moved') < REST_S + 10 or self.now_s - self._boot_s < REST_S + 10 else ('starting',)
        if code == 'A1':
            return ('starting',)
        if code == 'B1':
            if box.ways.waits_for_key and not box.ways.permitted:
                return ('waits_for_key', 'starting') if asked and self._ago('state') < START_S else ('waits_for_key',)
            return ('starting',)
        if self._finished:
            return ('vehicle_full',)
        since_s = min(self._ago('state'), self._ago(ICMAX))
        if min(self._ago('E0E0'), self._ago('03E8')) < PATIENCE_S and asked:
            return 'waking_vehicle', 'starting', 'vehicle_paused'
        return ('starting', 'vehicle_paused') if since_s < PATIENCE_S else ('vehicle_paused',)
