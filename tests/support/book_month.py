"""A month of the simulated world with the service of the house beside it, in virtual time: cars, and outages of everything, drawn from a seed.

The service's own parts run here without their threads: what comes on the line is stored at once, the Storage Integration is asked when that is
due, and a kill leaves nothing of them but the store. The month ends without outages, though frames are lost as before, until the session book is
complete.
"""

from random import Random

import sqlalchemy as sa
from sim import scenario
from sim.mqtt import downlink_requests
from sim.mqtt.storage_integration import StorageIntegration
from sim.world import SECOND_US, World
from tests.support.house import StoredHouse
from home import home_assistant, housekeeping
from home.home_assistant import HouseBroker
from home.inbox import Inbox
from home.network.backfiller import Backfiller
from home.notices import Notices
from home.store import memory, queries, schema
from home.store.database import reading, writing

DAY_S, HOUR_S, QUARTER_S, MINUTE_S = 86400, 3600, 900, 60
APP, DEVICE, KEY = "ev-charger", "wallbox", "NNSXS.KEY"
CARS = ({"model": "eager", "phases": 3, "max_a": 16, "needs_kwh": 12}, {"model": "sleepy", "phases": 1, "max_a": 16, "needs_kwh": 8})
LOOK_S = 600
# For each kind of outage: how many in 30 days, and how long at least and at most. Line: of the house to the internet; broker: the network's.
OUTAGES = {"gateway": (8, 5 * MINUTE_S, 20 * HOUR_S), "line": (8, 2 * MINUTE_S, 20 * HOUR_S), "broker": (4, 2 * MINUTE_S, 20 * HOUR_S),
           "service": (6, 2 * MINUTE_S, 20 * HOUR_S), "monitor": (6, 10, 2 * HOUR_S)}
KILLS = 300
# systemd starts a killed service again after that time.
RESTART_S = 5
# Days after the last car until which the session book must be complete; of a few days twice as many.
LATE_DAYS = 14
# That long in sight, a car makes a session.
SEEN_S = 60
HOUSE_MQTT = {"host": "127.0.0.1"}


class LineToHomeAssistant:
    """In place of the line to the house's broker. messages: [(UTC s, topic, payload)], all retained."""

    def __init__(self, month):
        self.client = self
        self.messages = []
        self._month = month

    def is_connected(self):
        return True

    def subscribe(self, topics):
        """Nobody wishes for anything there."""

    def publish(self, topic, payload, retain):
        self.messages.append((self._month.now_s, topic, payload))
        return True


class LineToTheWorld:
    """What the service publishes reaches the simulated network."""

    def __init__(self, month):
        self._month = month

    def publish(self, topic, body):
        month = self._month
        if not month.is_connected:
            return False
        try:
            items = downlink_requests.items_of_body(body.encode(), month.world.formatter, month.world.utc_s())
        except downlink_requests.Refused as refused:
            month.refused.append(refused.args[0])
            return True
        month.world.network.push(items)
        return True


class BookMonth:
    """run() lives through it. said: what the service logged; stays: [(plugged s, unplugged s)]; outages: [(what, begin s, end s)], since the start.

    losses: part of the frames that is lost, each way. kinds: of outages. tells: Home Assistant is told, too, in `assistant`.
    """

    def __init__(self, engine, seed, days, losses=0.2, kinds=tuple(OUTAGES), tells=False):
        self.chance = Random(seed)
        self.days = days
        self._end_s = (days + min(LATE_DAYS, 2 * days)) * DAY_S
        self.asked = 0                # requests for missing records
        self.said, self.refused, self.stays, self.outages = [], [], [], []
        self.complete_day = None      # days after the month, until the session book was complete
        self._kinds = kinds
        self.assistant = self._house_broker = None
        self._down = dict.fromkeys(OUTAGES, 0)
        events = self._comings() + self._outages()
        given = scenario.complete({
            "seed": seed, "duration_s": self._end_s, "events": [], "network": {"uplink_loss": losses, "downlink_loss": losses},
            "config": {"PLAN": [{"days": "daily", "from": "22:00", "to": "07:00"}], "TIMEZONE": "CET-1CEST,M3.5.0,M10.5.0/3", "EN1": "relay"},
            "charger": {"key": "unlocked", "panel_frames": False}})
        self.world = World(given, self._publish)
        self.storage = StorageIntegration(APP, self.world.utc_s, KEY, batch_s=MINUTE_S)
        self.house = StoredHouse(engine, {
            "network": [{"name": "ttn", "host": "127.0.0.1", "tls": False, "application": APP}],
            "device": [{"id": DEVICE, "timezone": "Europe/Berlin"}], "tariff": [{"part": "energy", "source": "exchange"}],
            "house_mqtt": HOUSE_MQTT})
        self.prices = self._prices(engine, seed)
        self.flowed = []            # (UTC s, Wh) of the box, cut at the quarter hours
        self.shown = []             # (UTC s, Wh) of the total as it is shown, which never falls
        self.world.box.on_energy.append(self._on_energy)
        self._network = self.house.settings.networks[0].__class__(**{
            **self.house.settings.networks[0].__dict__, "key": KEY, "storage_url": self.storage.url})
        self._begin_service()
        for t_s, do, *given in events:
            self.world.kernel.at(int(t_s * SECOND_US), do, *given)
        for _ in range(KILLS * days // 30):
            self.world.kernel.at(int(self.chance.uniform(0, days * DAY_S) * SECOND_US), self._kill)
        self.world.kernel.after(LOOK_S * SECOND_US, self._look)
        if tells:
            self.assistant = LineToHomeAssistant(self)
            self._connect_assistant()
            self.world.kernel.after(MINUTE_S * SECOND_US, self._tell)

    @property
    def now_s(self):
        """UTC, with fractions."""
        return self.world.start_utc_s + self.world.kernel.now_us / SECOND_US

    @property
    def is_connected(self):
        return not self._down["line"] and not self._down["broker"] and not self._down["service"]

    def run(self):
        self.storage.start()
        try:
            self.world.run(self._end_s)
        finally:
            self.storage.stop()
        return self

    # --- what happens

    def _comings(self):
        """A car for most nights, and now and then a short stay in the morning. The world begins at nine o'clock, local time."""
        events = []
        for day in range(self.days):
            if self.chance.random() < 0.3:
                came_s = day * DAY_S + self.chance.uniform(0, 3) * HOUR_S
                self._stay(events, came_s, came_s + self.chance.uniform(0.2, 2) * HOUR_S)
            if self.chance.random() < 0.9:
                came_s = day * DAY_S + self.chance.uniform(7, 11) * HOUR_S
                self._stay(events, came_s, came_s + self.chance.uniform(9, 12) * HOUR_S)
        return events

    def _stay(self, events, came_s, went_s):
        if went_s < (self.days - 1) * DAY_S and (not self.stays or came_s > self.stays[-1][1] + HOUR_S):
            self.stays.append((came_s, went_s))
            events += [(came_s, self._plug, self.chance.choice(CARS)), (went_s, self._unplug)]

    def _outages(self):
        """The last day has none."""
        events = []
        for what in self._kinds:
            count, least_s, most_s = OUTAGES[what]
            for _ in range(round(count * self.days / 30)):
                began_s = self.chance.uniform(HOUR_S, (self.days - 1) * DAY_S)
                lasts_s = min(least_s * (most_s / least_s) ** self.chance.random(), (self.days - 1) * DAY_S - began_s)
                events += [(began_s, self._outage, what, lasts_s), (began_s + lasts_s, self._over, what)]
                self.outages.append((what, began_s, began_s + lasts_s))
        return events

    def _plug(self, car):
        self.world._vehicle.update(car)
        self.world.do({"do": "plug"})

    def _unplug(self):
        self.world.do({"do": "unplug"})

    def _outage(self, what, lasts_s):
        self._down[what] += 1
        if what == "gateway":
            self.world.do({"do": "gateway_down", "for_s": lasts_s})
        elif what == "monitor":
            self.world.do({"do": "monitor_power", "on": False})
        else:
            self.backfiller.line(False)
            self.storage.fault = (503, "the line is down") if self._down["line"] else None
            if what == "service":
                self._disconnect_assistant()

    def _over(self, what):
        self._down[what] -= 1
        if self._down[what]:
            return
        if what == "monitor":
            self.world.do({"do": "monitor_power", "on": True})
        elif what == "service":
            self._begin_service()
            self._connect_assistant()
        elif what != "gateway":
            self.storage.fault = None if what == "line" else self.storage.fault
            if self.is_connected:
                self.backfiller.line(True)

    # --- the service

    def _begin_service(self):
        notices = Notices(self.world.utc_s, lambda form, *words: self.said.append(form % words))
        self.inbox = Inbox(self.house.writer, [self._network], notices, self.world.utc_s, lambda network, uplinks: None)
        self.backfiller = Backfiller(self._network, [DEVICE], self.house.writer, self.inbox.store, notices, self.world.utc_s)
        self.backfiller.line(self.is_connected)

    def _kill(self):
        """kill -9, and systemd starts it again."""
        if not self._down["service"]:
            self._begin_service()
            self._disconnect_assistant()
            self.world.kernel.after(RESTART_S * SECOND_US, self._connect_assistant)

    def _publish(self, suffix, message):
        if suffix == "up":
            self.storage.keep(message)
            if self.is_connected:
                self._see_total()
                self.inbox.store("ttn", [message])
                self._tell_now()

    def _look(self):
        """What the service's threads do now and then."""
        self.house.now_ms = 1000 * self.world.utc_s()
        if not self._down["service"] and self.backfiller.is_due():
            self._see_total()
            self.backfiller.look()
        if self.is_connected:
            number = housekeeping.ask_for_missing(self.house.writer, 1, self._network, DEVICE, LineToTheWorld(self).publish, self.house.now_ms)
            self.asked += number is not None
        late_s = self.world.kernel.now_us / SECOND_US - self.days * DAY_S
        if late_s > 0 and self.is_complete():
            self._see_total()
            self.complete_day = late_s / DAY_S
            self.world.end()
        else:
            self.world.kernel.after(LOOK_S * SECOND_US, self._look)

    def _see_total(self):
        """Somebody looks at the total, before uplinks change it: no more was shown since the last ones."""
        with reading(self.house.engine) as connection:
            told = queries.total_wh(connection, 1, int(1000 * self.now_s))
        if told is not None:
            self.shown.append((self.now_s, max(told, self.shown[-1][1] if self.shown else 0)))

    def _tell(self):
        """What Home Assistant is told each minute; while nothing flows that is nothing new."""
        with reading(self.house.engine) as connection:
            total = memory.get(connection, "energy_total/1", {})
        if total.get("power_w"):
            self._tell_now()
        self.world.kernel.after(MINUTE_S * SECOND_US, self._tell)

    def _tell_now(self):
        if self._house_broker:
            self.house.now_ms = int(1000 * self.now_s)
            self._house_broker.tell()

    def _connect_assistant(self):
        """The service is up: it tells what there is, and what it knows."""
        if self.assistant and not self._down["service"]:
            self._house_broker = HouseBroker(self.house, lambda is_up, sentence: None)
            self._house_broker.line = self.assistant
            self._house_broker._on_line(True, "")
            self._tell_now()

    def _disconnect_assistant(self):
        """The service is down: the broker gives its last word."""
        if self._house_broker:
            self.assistant.publish(home_assistant.STATUS, home_assistant.OFFLINE, True)
            self._house_broker = None

    # --- the truth

    def _prices(self, engine, seed):
        """{quarter hour: price}, which the store has, too; other prices each quarter, as on an exchange."""
        chance = Random(seed)
        first = self.world.start_utc_s // QUARTER_S
        found = {quarter: chance.uniform(0.05, 0.45) for quarter in range(first - 1, first + (self.days + 1) * DAY_S // QUARTER_S)}
        with writing(engine) as connection:
            connection.execute(sa.insert(schema.price), [
                {"source": "exchange", "start_s": quarter * QUARTER_S, "end_s": (quarter + 1) * QUARTER_S, "price_kwh": price}
                for quarter, price in found.items()])
        return found

    def _on_energy(self, from_us, until_us, wh):
        begin_s, end_s = (self.world.start_utc_s + us / SECOND_US for us in (from_us, until_us))
        while wh and begin_s < end_s:
            until_s = min(end_s, (begin_s // QUARTER_S + 1) * QUARTER_S)
            self.flowed.append((begin_s, wh * (until_s - begin_s) / (end_s - begin_s)))
            wh -= self.flowed[-1][1]
            begin_s = until_s

    def cost(self, begin_s, minutes):
        """(kWh, cost) of what flowed through the box in a session."""
        its = [(at_s, wh / 1000) for at_s, wh in self.flowed if begin_s - MINUTE_S <= at_s <= begin_s + (minutes + 1) * MINUTE_S]
        return sum(kwh for at_s, kwh in its), sum(kwh * self.prices[at_s // QUARTER_S] for at_s, kwh in its)

    def shown_too_much_wh(self):
        """The most that was shown above what had flowed: carried on with the last power, for nobody heard the end."""
        flowed, most_wh, flowed_wh = iter(sorted(self.flowed)), 0, 0
        at_s, wh = next(flowed, (float("inf"), 0))
        for now_s, shown_wh in self.shown:
            while at_s <= now_s:
                flowed_wh += wh
                at_s, wh = next(flowed, (float("inf"), 0))
            most_wh = max(most_wh, shown_wh - flowed_wh)
        return most_wh

    def seen(self):
        """[(first s in sight, last)] of the cars, UTC, that a powered monitor had in sight for a minute.

        A car that left and one that came within one and the same power cut are one to the monitor.
        """
        found, start_s = [], self.world.start_utc_s
        off = _merged((begin_s, end_s) for what, begin_s, end_s in self.outages if what == "monitor")
        for came_s, went_s in self.stays:
            spans = _without(came_s, went_s, off)
            if max((end_s - begin_s for begin_s, end_s in spans), default=0) < SEEN_S:
                continue
            first_s, last_s = start_s + spans[0][0], start_s + spans[-1][1]
            if found and any(begin_s <= found[-1][1] - start_s and came_s <= end_s for begin_s, end_s in off):
                found[-1] = found[-1][0], last_s
            else:
                found.append((first_s, last_s))
        return found

    def is_complete(self):
        """The session book has as many records as there were cars."""
        with reading(self.house.engine) as connection:
            count = connection.execute(sa.select(sa.func.count()).select_from(schema.session)).scalar()
            told = queries.total_wh(connection, 1, self.house.now_ms)
        return count >= len(self.seen()) and told is not None

    def told(self):
        """{unwrapped number: (begin s, minutes, kWh, was received)} of the records that the device sent."""
        found, last = {}, 0
        for entry in self.world.timeline:
            if entry["kind"] == "uplink" and entry["f_port"] == 13:
                data = entry["decoded"]
                last += (data["session_number"] - last + 64) % 128 - 64
                begin, minutes, kwh, received = found.get(last, (data["started_at"], data["duration_min"], data["session_kwh"], False))
                found[last] = begin, minutes, kwh, received or entry["received"]
        return found


def _merged(spans):
    """Spans of time that overlap as one."""
    found = []
    for begin_s, end_s in sorted(spans):
        if found and begin_s <= found[-1][1]:
            found[-1] = found[-1][0], max(end_s, found[-1][1])
        else:
            found.append((begin_s, end_s))
    return found


def _without(begin_s, end_s, spans):
    """What is left of a span without those."""
    found = []
    for off_s, on_s in spans:
        if off_s < end_s and on_s > begin_s:
            if off_s > begin_s:
                found.append((begin_s, off_s))
            begin_s = on_s
    return found + [(begin_s, end_s)] if begin_s < end_s else found
