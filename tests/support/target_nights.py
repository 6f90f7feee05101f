"""Random nights with a target at generated prices: what the house sends, what the device makes of it, and what others would have."""

from random import Random

from home.network.uplink import F_PORT
from sim import scenario
from sim.boards.simulated_board import Flash
from sim.oracle import day_ahead_prices
from sim.oracle.ideal_controller import Night as IdealNight
from sim.world import World
from tests.support.planning_house import NightHouse
from tests.support.stores import store

QUARTER_S = 900
HOUR_S = 3600
DAY_S = 86400
# Local time is UTC here: days of 23 and 25 hours have tests of their own.
BEGIN_H = 15
LIMIT_A = 16
# What the owner pays beside the exchange's price, EUR/MWh, and the tax on both: a supplier's fees, the grid's, levies.
FEES, VAT = 165.0, 1.19
# (model, phases, amperes): five cars, each the household's for a part of the year; one night in five another one is there.
CARS = (('sleepy', 1, 16), ('eager', 3, 16), ('long_pulse', 2, 16), ('shy', 3, 10), ('eager', 1, 32))
CUTS, DEATHS, LOSS = 0.1, 0.2, 0.2
# The house begins to plan when the device, which in a real house is never new, has the network and the time.
HOUSE_S = 1800
# It looks each minute in a real house: here less often, for a year of nights, and whenever the device says something.
LOOK_S = 300


class TargetNight:
    """One night of a year of prices. Times are seconds since BEGIN_H of its day; price(place): EUR/kWh of a quarter hour since then."""

    def __init__(self, year, day, prices, seed=1):
        rng = Random('target night %d %d %d' % (seed, year, day))
        self.day = day
        self.house_car = CARS[day * len(CARS) // 365]
        self.car = self.house_car if rng.random() < 0.8 else rng.choice(CARS)
        model, phases, amps = self.car
        self.power_w = 230 * phases * min(amps, LIMIT_A)
        self.end_s = (24 - BEGIN_H) * HOUR_S + rng.choice((6 * HOUR_S, 6 * HOUR_S + 1800, 7 * HOUR_S, 7 * HOUR_S + 1800))
        self.plug_s = rng.uniform(2 * HOUR_S, 11 * HOUR_S)
        self.kwh = round(rng.uniform(4, min(30, self.power_w / 1000 * 7)), 1)
        first = (day * 24 + BEGIN_H) * 4
        self.prices = [(price / 1000 + FEES / 1000) * VAT for price in prices[first:first + 4 * 24]]
        self.cut = self._cut(rng) if rng.random() < CUTS else None
        self.dead_s = rng.uniform(45 * 60, self.end_s) if rng.random() < DEATHS else None
        if self.cut is not None and self.cut[3] and self.dead_s is not None:
            self.dead_s = None   # nobody would tell it the time: nights without it are apart
        start = scenario.datetime.fromtimestamp(1767225600 + day * DAY_S + BEGIN_H * HOUR_S, scenario.timezone.utc)
        self.given = {
            'seed': seed * 1000 + day, 'start': start.strftime('%Y-%m-%dT%H:%M:%SZ'), 'duration_s': self.end_s + 300,
            'config': {'CURRENT_LIMIT_A': LIMIT_A, 'PLAN': []}, 'charger': {'panel_frames': False, 'key': 'unlocked'},
            'vehicle': {'model': model, 'phases': phases, 'max_a': amps, 'needs_kwh': self.kwh + rng.choice((0, 5))},
            'network': {'downlink_loss': LOSS}, 'events': self._events()}

    def _cut(self, rng):
        from_s = rng.uniform(HOUR_S, self.end_s - HOUR_S)
        box, monitor = rng.choice(((True, False), (False, True), (True, True)))
        return from_s, min(from_s + 2 ** rng.uniform(0, 12.3), self.end_s - 1800), box, monitor

    def _events(self):
        events = [{'t': self.plug_s, 'do': 'plug'}]
        if self.cut is not None:
            for what, is_cut in (('charger_power', self.cut[2]), ('monitor_power', self.cut[3])):
                if is_cut:
                    events += [{'t': self.cut[0], 'do': what, 'on': False}, {'t': self.cut[1], 'do': what, 'on': True}]
        if self.dead_s is not None:
            events.append({'t': self.dead_s, 'do': 'gateway_down', 'for_s': DAY_S})
        return events

    # --- what the house knows

    @property
    def order(self):
        """The standing order, for the household's car."""
        minute = (BEGIN_H * 60 + self.end_s // 60) % 1440
        _, phases, amps = self.house_car
        return {'by': '%02d:%02d' % (minute // 60, minute % 60), 'kwh': self.kwh, 'power_kw': 0.23 * phases * min(amps, LIMIT_A)}

    def priced(self):
        """[(from, until, price)], UTC s."""
        begins = [1767225600 + self.day * DAY_S + BEGIN_H * HOUR_S + QUARTER_S * place for place in range(len(self.prices))]
        return [(begin_s, begin_s + QUARTER_S, price) for begin_s, price in zip(begins, self.prices)]

    # --- what it costs

    def cost(self, spans):
        """EUR of [(from s, until s, Wh)]."""
        total = 0.0
        for from_s, until_s, wh in spans:
            at = from_s
            while at < until_s:
                edge = min((int(at) // QUARTER_S + 1) * QUARTER_S, until_s)
                total += wh * (edge - at) / (until_s - from_s) / 1000 * self.prices[int(at) // QUARTER_S]
                at = edge
        return total

    def _usable_s(self, place):
        """Seconds of a quarter hour in which the car is there and the box has power."""
        begin, end = place * QUARTER_S, (place + 1) * QUARTER_S
        usable_s = min(end, self.end_s) - max(begin, self.plug_s)
        if self.cut is not None:
            usable_s -= max(min(end, self.cut[1]) - max(begin, self.cut[0], self.plug_s), 0)
        return max(usable_s, 0)

    def by_price(self, order=None):
        """EUR and kWh of taking quarters in an order, without a device: the cheapest first, which is perfect knowledge."""
        places = range(self.end_s // QUARTER_S) if order is None else order
        if order is None:
            places = sorted(places, key=lambda place: self.prices[place])
        left_kwh, cost = self.kwh, 0.0
        for place in places:
            kwh = min(left_kwh, self.power_w * self._usable_s(place) / 3.6e6)
            cost += kwh * self.prices[place]
            left_kwh -= kwh
        return cost, self.kwh - left_kwh

    def others(self):
        """{rule: (EUR, kWh)}: at once; a night window from 22 to 6; evcc's (cheapest slots from the plug-in on, late start: the last ones)."""
        last = self.end_s // QUARTER_S
        needed = -(-int(self.kwh * 1000) * 4 // self.power_w) + 1
        window = [place for place in range(last) if BEGIN_H * 4 + place >= 22 * 4 and BEGIN_H * 4 + place < 30 * 4]
        begin = -(-int(self.plug_s) // QUARTER_S)
        slots = sorted(sorted(range(begin, last), key=lambda place: (self.prices[place], -place))[:needed])
        rest = [place for place in range(begin, last) if place not in slots]
        return {'at once': self.by_price(range(last)), 'night window': self.by_price(window), 'slots by price': self.by_price(slots + rest[::-1])}

    def ideal(self):
        """kWh that a controller brings that charges from the plug-in on, with the same box, ladder and pauses."""
        always = dict(self.given, config={'PLAN': [{'days': 'daily', 'from': '00:00', 'to': '00:00'}], 'CURRENT_LIMIT_A': LIMIT_A},
                      charger=dict(self.given['charger']), vehicle=dict(self.given['vehicle'], max_a=min(self.car[2], LIMIT_A)))
        whole = scenario.complete(always)
        night = IdealNight(whole).run(self.end_s)
        return whole['vehicle']['needs_kwh'] - max(night._vehicle.remaining_nj, 0) / 3.6e15


class TargetMorning:
    """A night with planner and firmware. kwh: that flowed; cost: EUR; accepted, told, downlinks, closings. rests_s: from each opening of the
    contactor to its next closing, but for those in which box or monitor had no power."""

    def __init__(self, night, flash=None):
        self.night = night
        self.spans = []
        with store() as engine:
            house = NightHouse(engine, night.order, night.priced())
            self.world = world = World(scenario.complete(night.given), publish=house.publish, flash=flash)
            world.box.on_energy.append(lambda from_us, until_us, wh: self.spans.append((from_us / 1e6, until_us / 1e6, wh)))
            house.live(world, HOUSE_S, LOOK_S)
            world.run(night.end_s + 300)
        self.spans = [(from_s, min(until_s, night.end_s), wh * (min(until_s, night.end_s) - from_s) / (until_s - from_s))
                      for from_s, until_s, wh in self.spans if from_s < night.end_s and wh > 0]
        self.kwh = sum(wh for _, _, wh in self.spans) / 1000
        self.cost = night.cost(self.spans)
        told = [entry['decoded'] for entry in world.timeline if entry['kind'] == 'uplink' and entry['decoded']]
        self.accepted = any(one.get('command') == 'target' and one.get('result') == 'done' for one in told)
        self.told = any(one.get('event') == 'target_missed' for one in told)
        self.downlinks = sum(entry['kind'] == 'downlink' and entry['f_port'] == F_PORT for entry in world.timeline)
        self.closings = world.box.contactor_closings
        self.rests_s = self._rests_s([entry for entry in world.timeline if entry['kind'] == 'contactor'], night.cut)
        # The next night's board has learned of this one, and has had its power all day: no airtime of a boot is owed.
        self.flash = Flash()
        self.flash.records = {name: record for name, record in world.flash.records.items() if name.startswith('power')}

    def _rests_s(self, entries, cut):
        pairs = [(one['t'], two['t']) for one, two in zip(entries, entries[1:]) if two['closed']]
        return [end_s - begin_s for begin_s, end_s in pairs if cut is None or end_s < cut[0] or begin_s > cut[1] + 60]


def year_of(number, days):
    """Nights of these days of a generated year."""
    prices = day_ahead_prices.year(number, 366)   # the last night ends in the next year
    return [TargetNight(number, day, prices) for day in days]
