"""Random days with every kind of event, from a seed: invariants at every moment, and the truth at the end."""

from random import Random

import pytest
from tests.choice import first
from tests.support.watched_world import HOUR_S, WatchedWorld, word_of

# Undisturbed time before the end: class A learns of it by heartbeats, an outage of an hour by the next join.
QUIET_S = 4 * HOUR_S
# Longest interval between uplinks while network and monitor are up (docs/radio.md), and the radio's own time.
GAP_S = 90 * 60 + 60
AIRTIME_S = 24
# lorawan.airtime_budget: joins of a sliding day, and the airtime beyond which news and heartbeats wait for the next reserved uplink.
JOINS_MAX = 20
NEWS_MS = 19500
FAULTS = ('F1', 'F2', 'F3', 'F4', 'F5', 'F6', 'F7', 'F8', 'F9', 'FA', 'FB', 'C3', 'C4')


class SoakEvents:
    """The random events of an installation, all from one seed."""

    def __init__(self, seed, days):
        self.rng = Random('fate %d' % seed)
        self.end_s = days * 24 * HOUR_S
        rng = self.rng
        self.house = WatchedWorld(
            seed=seed, config={'LORAWAN_CLASS': rng.choice('CCA')},
            charger={'panel_frames': rng.random() < 0.7, 'meter': rng.random() < 0.8, 'sleeps_after_s': rng.choice((30, 10, 300)),
                     'key': rng.choice(('locked', 'unlocked')), 'start_after_power_cycle': rng.random() < 0.7,
                     'held_code': rng.choice(('B1', 'B2'))},
            vehicle={'model': rng.choice(('eager', 'eager', 'sleepy', 'shy', 'full')), 'needs_kwh': rng.choice((1, 10, 30))},
            network={'uplink_loss': rng.choice((0.0, 0.0, 0.05, 0.3)), 'downlink_loss': rng.choice((0.0, 0.05, 0.3)), 'data_rate': 2},
            clock={'drift_ppm': rng.choice((-100, 0, 20, 100))})
        # Times in which uplinks need not come, or need not be received.
        self.away = []
        self.monitor_off_until_s = 0
        at_s = rng.expovariate(1 / 300)
        while at_s < self.end_s - QUIET_S - HOUR_S:
            getattr(self, '_' + rng.choice(self.HAPPENINGS))(at_s)
            at_s += rng.expovariate(1 / rng.choice((20, 600, 3600)))
        self._peace()

    HAPPENINGS = ('plug', 'plug', 'unplug', 'key', 'fault', 'clear', 'cut', 'noise', 'rubbish', 'command', 'command', 'nonsense', 'gateway',
                  'box_power', 'monitor_power', 'hang')

    def _plug(self, at_s):
        self.house.do(at_s, 'plug')

    def _unplug(self, at_s):
        self.house.do(at_s, 'unplug')

    def _key(self, at_s):
        self.house.do(at_s, 'key', position=self.rng.choice(('locked', 'unlocked')))

    def _fault(self, at_s):
        self.house.do(at_s, 'fault', code=self.rng.choice(FAULTS[:11]))
        self.house.do(at_s + self.rng.expovariate(1 / 600), 'clear_fault')

    def _clear(self, at_s):
        self.house.do(at_s, 'clear_fault')

    def _cut(self, at_s):
        self.house.do(at_s, 'bus_cut', for_s=self.rng.expovariate(1 / 100))

    def _noise(self, at_s):
        self.house.do(at_s, 'bus_noise', rate=self.rng.choice((0.001, 0.01, 0.1, 0.5)), for_s=self.rng.expovariate(1 / 300))

    def _rubbish(self, at_s):
        for _ in range(20):
            at_s += self.rng.expovariate(1)
            self.house.at(at_s, self.house.world.line.inject, self.rng.randbytes(self.rng.randrange(1, 100)))

    def _command(self, at_s):
        self.house.do(at_s, 'downlink', f_port=self.rng.choice((1, 2)), payload_hex=self.rng.choice(('01', '02', '03')),
                      confirmed=self.rng.random() < 0.3)

    def _nonsense(self, at_s):
        self.house.do(at_s, 'downlink', f_port=self.rng.randrange(1, 224), payload_hex=self.rng.randbytes(self.rng.randrange(2, 52)).hex())

    def _gateway(self, at_s):
        for_s = self.rng.expovariate(1 / 1800)
        self.house.do(at_s, 'gateway_down', for_s=for_s)
        self.away.append((at_s, at_s + for_s + 2 * HOUR_S))

    def _box_power(self, at_s):
        self.house.do(at_s, 'charger_power', on=False)
        self.house.do(at_s + self.rng.expovariate(1 / 60), 'charger_power', on=True)

    def _monitor_power(self, at_s):
        if at_s < self.monitor_off_until_s:
            return
        self.monitor_off_until_s = at_s + self.rng.expovariate(1 / 60)
        self.house.do(at_s, 'monitor_power', on=False)
        self.house.do(self.monitor_off_until_s, 'monitor_power', on=True)
        self.away.append((at_s, self.monitor_off_until_s + 2 * HOUR_S))

    def _hang(self, at_s):
        self.house.do(at_s, 'hang_monitor')
        self.away.append((at_s, at_s + 2 * HOUR_S))

    def _peace(self):
        """Everything is mended, and stays so."""
        at_s = self.end_s - QUIET_S
        house = self.house
        house.do(at_s, 'monitor_power', on=True)
        house.do(at_s, 'charger_power', on=True)
        house.do(at_s, 'bus_cut', for_s=0)
        house.do(at_s, 'bus_noise', rate=0.0, for_s=0)
        house.do(at_s, 'gateway_down', for_s=0)
        house.do(at_s + 60, 'clear_fault')
        house.at(at_s, setattr, house.world.network, 'uplink_loss', 0.0)
        house.at(at_s, setattr, house.world.network, 'downlink_loss', 0.0)

    def is_away(self, from_s, until_s):
        """Something in that time excuses a missing uplink."""
        return any(begin_s <= until_s and end_s >= from_s for begin_s, end_s in self.away)


def is_spent(airtime_log):
    """True if the day's 20 joins, or the airtime that news may use, are used up: then nothing more is sent, by design."""
    return airtime_log.joins >= JOINS_MAX or airtime_log.total_ms >= NEWS_MS


def live(seed, days):
    """Play that fate out; returns it and its figures after holding it to the invariants."""
    fate = SoakEvents(seed, days)
    house = fate.house
    house.expected_resets = None
    spent = []
    house.at(fate.end_s - 1, lambda: spent.append(is_spent(house.world.app.session.airtime_budget.airtime_log)))
    house.run(fate.end_s)
    causes = [entry['cause'] for entry in house.of('reset')]
    assert 'crash' not in causes, house.log[-10:]
    assert set(causes) <= {'watchdog', 'power', 'radio'}, causes
    assert len([cause for cause in causes if cause == 'watchdog']) <= len([entry for entry in fate.away])
    airtime_s = house.world.network.uplink_airtime_s_max_day()
    assert airtime_s <= AIRTIME_S
    # A request for the time carries the state too.
    times = sorted(entry['t'] for entry in house.of('uplink') + house.clock('uplink'))
    longest_s = max((after - before for before, after in zip(times, times[1:] + [fate.end_s]) if not fate.is_away(before, after)), default=0)
    assert longest_s <= GAP_S
    box = house.world.box
    said = [entry['decoded'] for entry in house.of('uplink', fate.end_s - QUIET_S + 600) if entry['decoded'].get('code') == box.code]
    # On a day without airtime left, answers that waited go out in place of heartbeats, and tell the state as answers do.
    told = any(words['type'] == 'result' or words['state'] == word_of(box.code) for words in said)
    last = house.of('uplink')[-1]
    told = told and last['received'] and last['decoded'].get('code') == box.code
    assert told or spent[0], (last, box.code)
    return house, {'airtime': airtime_s, 'gap': longest_s, 'uplinks': len(times), 'resets': len(causes), 'untold': not told}


@pytest.mark.parametrize('seed', first([1, 2, 3]))
def test_a_day_of_everything_at_once(seed):
    live(seed, 1)


@pytest.mark.soak
def test_days_of_everything_at_once(soak_seed, evidence):
    days = 1 + soak_seed % 3
    worst = {'airtime': 0, 'gap': 0, 'uplinks': 0, 'resets': 0}
    untold = 0
    for number in range(10):
        _, figures = live(1000 * (soak_seed + 1) + number, days)
        untold += figures['untold']
        worst = {name: max(worst[name], figures[name]) for name in worst}
    evidence('soak: airtime in any 24 h, seconds at worst', round(worst['airtime'], 2), '24')
    evidence('soak: longest gap between uplinks while network and monitor were up, minutes', round(worst['gap'] / 60, 1), '91')
    evidence('soak: simulated days', 10 * days)
    evidence('soak: runs of 10 that ended with the day\'s joins or airtime used up, so that their last state was not told', untold)
    assert untold <= 2
