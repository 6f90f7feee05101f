"""Stop and lock among many simultaneous events: whether the box received each within seconds, and whether each was answered.

Judged from outside: downlinks as the network delivered them, telegrams as the box heard them, answers as they were on the air. Where the box
does not answer (dark, cut off, in a fault, starting) nobody can be fast; those times are known here, because they were made here.
"""

import struct
from random import Random

from lorawan.regions import REGIONS
from tests.support.watched_world import HOUR_S, WatchedWorld

DAY_S = 24 * HOUR_S
# From reception to the first telegram that opens.
FIRST_S = 5.0
# Time for which the monitor hears the bus before it trusts it; time within which a box that answers again is read.
SETTLES_S = 15
# What was heard so shortly before a power cut may not be on record.
RECORDED_S = 5
# After the last command and mishap: the answers that wait at SF12 leave every two hours.
QUIET_S = {11: 36 * HOUR_S, 12: 36 * HOUR_S}
QUIET_ELSE_S = 26 * HOUR_S
OPS = {'lock': 1, 'unlock': 2, 'reset': 3, 'start': 4, 'stop': 5, 'set_current': 6, 'boost': 7, 'skip': 8, 'resume_plan': 9, 'report': 10}
WORDS = {op: word for word, op in OPS.items()}
ARGUMENTS = {'set_current': b'\x10', 'boost': b'\x03\x00\x00', 'skip': b'\x01', 'report': b'\x00'}
OTHERS = sorted(set(OPS) - {'stop', 'lock'})
OPENING = ('stop', 'lock')
# They cost airtime and leave a car charging.
SPENDERS = ('report', 'set_current', 'boost')
STATE, ICMAX, PAUSE, E0 = 0x0005, 0x0014, '03E8', 'E0E0'
PLAN = [{'days': 'mon-sun', 'from': '22:00', 'to': '06:00'}]
EXPIRES_S = 600
# Seconds between commands of a mood: silence, an ordinary day, somebody who tries, a program gone mad, a burst.
PACES_S = (4 * HOUR_S, 2 * HOUR_S, 600, 60, 5)


def draw_house(dice):
    """(region, data rate, class): any, at any of its data rates of 125 kHz."""
    region = dice.choice(sorted(REGIONS))
    rates = [number for number in range(REGIONS[region].slowest, len(REGIONS[region].rates)) if REGIONS[region].radio(number)[1] == 125]
    return region, dice.choice(rates), dice.choice('CCA')


class Opening:
    """One stop or lock that reached the monitor for the first time. due: the box answered and was not yet as it should be."""

    def __init__(self, t_s, word, key, due):
        self.t_s = t_s
        self.word = word
        self.key = key
        self.due = due
        self.told_s = None      # the first telegram that opens


class StopStorm:
    """That many days, from one seed; cuts: power cuts of the monitor a day, on average and at most;
    damage: share of them that leave records damaged; hears: the network loses nothing, and the flash takes all."""

    def __init__(self, seed, days, cuts=0.0, damage=0.0, place=None, hears=False):
        self.dice = dice = Random('stop storm %d' % seed)
        self.region, self.data_rate, self.klass = place or draw_house(dice)
        self.end_s = days * DAY_S
        self.house = WatchedWorld(
            seed=seed, config={'LORAWAN_CLASS': self.klass, 'REGION': self.region, 'PLAN': dice.choice(([], [], [], PLAN))},
            charger={'panel_frames': dice.random() < 0.3, 'key': 'unlocked', 'held_code': dice.choice(('B1', 'B2'))},
            vehicle={'model': dice.choice(('eager', 'eager', 'sleepy')), 'needs_kwh': 1000},
            network={'uplink_loss': 0.0 if hears else dice.choice((0.0, 0.1, 0.3)), 'downlink_loss': 0.0 if hears else dice.choice((0.0, 0.1)),
                     'data_rate': self.data_rate})
        self.house.expected_resets = None
        self.world = self.house.world
        self.world._on_record = self._recorded
        self.openings = []
        self.keys = {}              # of each command that was heard: when first
        self.away = []              # (from, until) in which the box cannot be reached
        self.cuts_s = []
        self._waiting = []
        self.house.do(5, 'plug')
        self._commands()
        self._mishaps(cuts, damage, not hears)

    # --- what happens

    def _commands(self):
        dice = self.dice
        at_s, known = 120.0, []
        pace_s, mood_s, words = PACES_S[2], 0.0, OTHERS
        while at_s < self.end_s:
            if at_s >= mood_s:
                pace_s = dice.choice(PACES_S)
                mood_s = at_s + dice.expovariate(1 / (60 if pace_s < 60 else 3 * HOUR_S))
                words = dice.choice((OTHERS, SPENDERS))
            luck = dice.random()
            if luck < 0.1 and known:
                self._push(at_s, 20, dice.choice(known[-20:]))      # delivered again
            elif luck < 0.2:
                self._push(at_s, dice.choice((1, 2)), bytes((dice.choice((1, 1, 2, 3)),)))
            elif luck < 0.22:
                self._push(at_s, 20, struct.pack('>BI', 15, self.world.start_utc_s + int(at_s) + dice.choice((-7200, 7200))))
            else:
                word = dice.choice(('stop', 'stop', 'lock')) if dice.random() < 0.4 else dice.choice(words)
                if word == 'stop' and pace_s > 5 and dice.random() < 0.8:
                    self._replug(at_s + 30 + dice.expovariate(1 / 120))      # a car that leaves takes the stop along
                stamp_s = self.world.start_utc_s + int(at_s) + dice.choice((0, 0, 0, 0, -500, 60, 5000))
                head = struct.pack('>BBIH', OPS[word], len(known) % 256, stamp_s, EXPIRES_S)
                known.append(head + ARGUMENTS.get(word, b''))
                self._push(at_s, 20, known[-1])
            at_s += dice.expovariate(1 / pace_s)

    def _push(self, at_s, port, payload):
        self.house.at(at_s, self.world.network.push, [{'f_port': port, 'payload': payload, 'confirmed': False}])

    def _mishaps(self, cuts, damage, troubles):
        dice = self.dice
        whats = ('replug', 'fault', 'box_power', 'bus_cut', 'noise') + troubles * ('full', 'outage')
        at_s = HOUR_S
        while at_s < self.end_s:
            getattr(self, '_' + dice.choice(whats))(at_s)
            at_s += HOUR_S / 2 + dice.expovariate(1 / (4 * HOUR_S))
        at_s = HOUR_S
        while cuts:
            at_s += 600 + dice.expovariate(cuts / DAY_S)
            if len(self.cuts_s) >= cuts:
                at_s = max(at_s, self.cuts_s[-int(cuts)] + DAY_S + 1800)
            if at_s >= self.end_s:
                break
            self._cut(at_s, damage)
        self.house.at(self.end_s + 600, self.world.box.clear_fault)
        # What a class A device has not fetched by then is withdrawn: the last ones would have no time for their answers.
        self.house.at(self.end_s, self.world.network.push, [], True)

    def _disturbed(self, from_s, until_s):
        self.away.append((from_s, until_s + SETTLES_S))

    def _replug(self, at_s):
        for_s = self.dice.expovariate(1 / 300)
        self.house.do(at_s, 'unplug')
        self.house.do(at_s + for_s, 'plug')

    def _fault(self, at_s):
        for_s = self.dice.expovariate(1 / 120)
        self.house.do(at_s, 'fault', code=self.dice.choice(('F1', 'F6', 'F9')))
        self.house.at(at_s + for_s, self.world.box.clear_fault)
        self._disturbed(at_s, at_s + for_s)

    def _box_power(self, at_s):
        for_s = self.dice.expovariate(1 / 30)
        self.house.do(at_s, 'charger_power', on=False)
        self.house.do(at_s + for_s, 'charger_power', on=True)
        self._disturbed(at_s, at_s + for_s)

    def _bus_cut(self, at_s):
        for_s = self.dice.expovariate(1 / 30)
        self.house.do(at_s, 'bus_cut', for_s=for_s)
        self._disturbed(at_s, at_s + for_s)

    def _noise(self, at_s):
        for_s = self.dice.expovariate(1 / 60)
        self.house.do(at_s, 'bus_noise', rate=0.01, for_s=for_s)
        self._disturbed(at_s, at_s + for_s)

    def _outage(self, at_s):
        self.house.do(at_s, 'gateway_down', for_s=self.dice.expovariate(1 / 1800))

    def _full(self, at_s):
        """The flash takes nothing for a while."""
        self.house.at(at_s, setattr, self.world.flash, 'full', True)
        self.house.at(at_s + self.dice.expovariate(1 / 600), setattr, self.world.flash, 'full', False)

    def _cut(self, at_s, damage):
        for_s = self.dice.expovariate(1 / 20)
        self.house.do(at_s, 'monitor_power', on=False)
        self.house.do(at_s + for_s, 'monitor_power', on=True)
        self._disturbed(at_s, at_s + for_s)
        self.cuts_s.append(at_s)
        if self.dice.random() < damage:
            self.house.at(at_s + for_s / 2, self._damage)

    def _damage(self):
        """A copy of a record, or both, is not what was written."""
        records = self.world.flash.records
        names = sorted(records)
        if names:
            name = self.dice.choice(names)
            for copy in (name, name[:-1] + ('b' if name[-1] == 'a' else 'a'))[:self.dice.choice((1, 2))]:
                if copy in records:
                    value = bytearray(records[copy])
                    value[self.dice.randrange(len(value))] ^= 1 << self.dice.randrange(8)
                    records[copy] = bytes(value)

    # --- what is seen

    def _recorded(self, entry):
        if entry['kind'] == 'bus_write' and self._waiting:
            opens = (entry['register'], entry['value'])
            for opening in tuple(self._waiting):
                if opens in ((ICMAX, PAUSE), (STATE, E0)):
                    opening.told_s = entry['t'] - opening.t_s
                    self._waiting.remove(opening)
        elif entry['kind'] == 'downlink' and entry['received']:
            self._heard(entry['t'], entry['f_port'], bytes.fromhex(entry['hex']))

    def _heard(self, t_s, port, payload):
        if self.world.app is None:
            return
        if port == 20 and len(payload) >= 8 and payload[0] in WORDS:
            word, key = WORDS[payload[0]], payload[:6]
            stamp_s = struct.unpack('>I', payload[2:6])[0] - self.world.start_utc_s
            if key in self.keys or t_s >= stamp_s + EXPIRES_S:
                self.keys.setdefault(key, t_s)
                return
            self.keys[key] = t_s
        elif port in (1, 2) and payload in (b'\x01', b'\x02', b'\x03'):
            word, key = WORDS[payload[0]], None
        else:
            return
        if word in OPENING:
            opening = Opening(t_s, word, key, self._is_due(t_s, word))
            self.openings.append(opening)
            if opening.due:
                self._waiting.append(opening)

    def _is_due(self, t_s, word):
        """The box answers, and is not as this wants it."""
        box = self.world.box
        if any(from_s <= t_s + FIRST_S and t_s <= until_s for from_s, until_s in self.away):
            return False
        if box.code is None or box.code[0] == 'F' or box.code == 'E0':
            return False
        return word == 'lock' or box.limits.icmax != 1000

    # --- what became of it

    def live(self, quiet_s=None):
        """Play it out, and a time of peace after it, None for one in which all is answered."""
        if quiet_s is None:
            quiet_s = QUIET_S.get(REGIONS[self.region].radio(self.data_rate)[0], QUIET_ELSE_S)
        self.house.run(self.end_s + quiet_s)
        return self

    def late(self):
        """Those that the box was to hear of within FIRST_S and did not."""
        return [(round(one.t_s, 1), one.word, one.told_s) for one in self.openings if one.due and (one.told_s is None or one.told_s > FIRST_S)]

    def slowest_s(self):
        return max([one.told_s for one in self.openings if one.told_s is not None], default=0.0)

    def results(self):
        """(t, decoded) of the answers as they were on the air, heard or not."""
        return [(entry['t'], entry['decoded']) for entry in self.house.of('uplink') if entry['f_port'] == 11]

    def account(self):
        """Of the commands on fPort 20 that were heard: (how many, answered, refused, counted, neither, of those that open and were not lost
        with the power neither). A number in a frame is 255 for all that are more: then it stands for any."""
        answered = {(told['command'], told.get('command_id')) for _, told in self.results() if told['result'] != 'busy' and 'command' in told}
        refused, counted = self._number('refused'), self._number('counted')
        open_keys = [key for key, t_s in self.keys.items() if (WORDS[key[0]], key[1]) not in answered
                     and not any(0 <= cut_s - t_s < RECORDED_S for cut_s in self.cuts_s)]
        opened = len([key for key in open_keys if WORDS[key[0]] in OPENING])
        return len(self.keys), len(self.keys) - len(open_keys), refused, counted, len(open_keys), opened

    def _number(self, field):
        numbers = [told.get(field, 0) for _, told in self.results()]
        return float('inf') if 255 in numbers else sum(numbers)

    def longest_gap_s(self):
        """Between uplinks, over joins and power cuts too; less the half hour that a site at SF11 and SF12 may have more."""
        slow = REGIONS[self.region].radio(self.data_rate)[0] > 10
        times = sorted((entry['t'], entry['sf']) for entry in self.house.of('uplink') + self.house.clock('uplink'))
        gaps = [after_s - before_s - (30 * 60 if slow or max(sf, next_sf) > 10 else 0)
                for (before_s, sf), (after_s, next_sf) in zip(times, times[1:])]
        return max(gaps, default=0)

    def airtime_s(self):
        return self.world.network.uplink_airtime_s_max_day()
