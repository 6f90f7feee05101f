"""A simulated installation with checks that must hold at every moment, whatever happens to it.

Nothing here asks the firmware how it is: driver, watchdog, light and uplinks are looked at from outside.
"""

from random import Random

from sim import scenario
from sim.world import World

SECOND_US = 1_000_000
MINUTE_S = 60
HOUR_S = 3600
# The longest request has 23 characters of 286 us; with the way in and out 10 ms.
DRIVE_MAX_US = 10_000
# The loop sleeps no longer than this (main.SLEEP_MS), so that the watchdog is fed in time whatever the parts say.
WAKE_MAX_US = 5_001_000
# Rounds of the loop in one millisecond of virtual time.
SPINS_MAX = 1000
# How long an uplink may take besides what makes it: the frame before it with its receive windows, then its own airtime.
RADIO_S = 9
CLOCK_PORT = 202
WORDS = {'A1': 'Not Connected', 'B1': 'Connected and Locked', 'B2': 'Charged', 'C2': 'Charging', 'C3': 'Charging', 'C4': 'Charging'}
STATES = ('Not Connected', 'Connected and Locked', 'Charging', 'Charged', 'Disabled', 'Lock Outlet ACK', 'Unlock Outlet ACK', 'Reset Charger ACK')


def word_of(code):
    """The state word for a code of the box."""
    return WORDS.get(code, 'Disabled')


class WatchedWorld:
    """A world with a watch on it. Keys are those of the scenario; times are seconds since the start.

    log: lines of the firmware. expected_resets: causes of the resets that are no fault, in order; None where the test looks itself.
    """

    def __init__(self, **given):
        self.log = []
        self.expected_resets = []
        self.world = World(scenario.complete(dict(given, duration_s=1)), on_log=lambda t_s, text: self.log.append(text))
        self.rng = Random(given.get('seed', 1))
        self.longest_drive_us = 0
        self.longest_sleep_us = 0
        self._drive = self.world.line.drive
        self._since_us = {}
        self.world.line.drive = self._driven
        self.world._started = self._guard
        self._look()

    # --- what happens

    def at(self, t_s, act, *args):
        """Call act(*args) then."""
        self.world.kernel.at(int(t_s * SECOND_US), act, *args)

    def do(self, t_s, what, **fields):
        """An event of the scenario then."""
        self.at(t_s, self.world.do, dict(fields, t=t_s, do=what))

    def reach(self, code, t_s=60):
        """Bring the box into that state by then plus 30 s: only for a box that is in A1, without car and with its key locked."""
        if code in ('B1', 'B2', 'C2', 'C3', 'C4'):
            if code != 'B1':
                self.do(t_s, 'key', position='unlocked')
            self.do(t_s, 'plug')
        if code in ('C3', 'C4') or code[0] == 'F' or code in ('E1', 'E3'):
            self.at(t_s + 10, self.world.box.fault, code)
        elif code in ('E0', 'E2'):
            self.at(t_s, self.world.box.jump, code)

    def during(self, from_s, until_s, every_s, act):
        """Call act() every every_s."""
        def again():
            act()
            if self.world.kernel.now_us < until_s * SECOND_US:
                self.world.kernel.after(int(every_s * SECOND_US), again)
        self.at(from_s, again)

    def run(self, until_s):
        """Live until then, and hold it against what must always be so."""
        world = self.world
        world.run(until_s)
        world.timeline.sort(key=lambda entry: entry['t'])
        causes = [entry['cause'] for entry in self.of('reset')]
        assert self.expected_resets is None or causes == self.expected_resets, self.log[-5:]
        assert self.longest_drive_us <= DRIVE_MAX_US
        assert not self._since_us, 'the driver is on at the end'
        assert self.longest_sleep_us <= WAKE_MAX_US
        for entry in self.of('uplink') + self.clock('uplink'):
            assert entry['decoded'] and entry['decoded'].get('state') in STATES, entry
        return self

    # --- the watch

    def _guard(self, app):
        """A loop that never sleeps would stop virtual time: end it as a crash."""
        self.world.app = app
        poll = app.poll
        spins = [0, 0]

        def guarded(now_ms):
            if now_ms != spins[0]:
                spins[:] = now_ms, 0
            spins[1] += 1
            if spins[1] > SPINS_MAX:
                raise AssertionError('the loop does not sleep')
            return poll(now_ms)
        app.poll = guarded

    def _driven(self, node, on):
        now_us = self.world.kernel.now_us
        if on:
            self._since_us.setdefault(node, now_us)
        else:
            self.longest_drive_us = max(self.longest_drive_us, now_us - self._since_us.pop(node, now_us))
        self._drive(node, on)

    def _look(self):
        """At random moments: since when the driver is on, and when the watchdog was last fed."""
        world = self.world
        now_us = world.kernel.now_us
        board = world.board
        if board is not None and world.app is not None and world.halted is None:
            since_us = world.line.driven_us(board.bus)
            if since_us is not None:
                self.longest_drive_us = max(self.longest_drive_us, now_us - since_us)
            fed_us = board.watchdog.bites_us - world.settings.WATCHDOG_S * SECOND_US
            self.longest_sleep_us = max(self.longest_sleep_us, now_us - fed_us)
        world.kernel.after(self.rng.randrange(100_000, 1_900_000), self._look)

    # --- what was seen

    def of(self, kind, from_s=0.0, until_s=float('inf')):
        """Entries of the timeline; without what is asked and answered about the time, which is not about the box: see clock()."""
        return [entry for entry in self.world.timeline
                if entry['kind'] == kind and from_s <= entry['t'] < until_s and entry.get('f_port') != CLOCK_PORT]

    def clock(self, kind, from_s=0.0, until_s=float('inf')):
        """Uplinks or downlinks about the time."""
        return [entry for entry in self.world.timeline
                if entry['kind'] == kind and from_s <= entry['t'] < until_s and entry['f_port'] == CLOCK_PORT]

    def told(self, from_s, **wanted):
        """When the first uplink from then on carried these decoded values; None: never."""
        for entry in self.of('uplink', from_s):
            if all(entry['decoded'].get(key) == value for key, value in wanted.items()):
                return entry['t']
        return None

    def codes(self, from_s, until_s):
        """Every state the box was in during that time."""
        changes = self.of('charger_state')
        return {entry['code'] for entry, after in zip(changes, changes[1:] + [{'t': float('inf')}])
                if entry['t'] <= until_s and after['t'] >= from_s}
