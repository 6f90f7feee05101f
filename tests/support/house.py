"""A house without a network: settings, a store with a month in it, and what the API needs of the service."""
import contextlib
import json

from tests.support.stores import MEMORY, deserialize, serialized, store
from tests.support.uplinks import DAY_MS, HOUR_MS, Device
from home import settings
from home.changes import Changes
from home.commands.desk import Desk
from home.store.writer import Writer

# 2026-09-30T22:00:00Z, midnight in Berlin.
BEGIN_MS = 1_790_805_600_000
# A folder that is not there: the key of the cookies is of the process alone.
NOWHERE = "/nowhere"
GIVEN = {
    "network": [{"name": "ttn", "host": "127.0.0.1", "tls": False, "application": "ev-charger"}],
    "device": [{"id": "wallbox", "name": "Garage", "timezone": "Europe/Berlin", "vehicle": "Zoe"}],
    "tariff": [{"part": "energy", "price_kwh": 0.20, "windows": [{"from": "22:00", "to": "06:00"}]},
               {"part": "energy", "price_kwh": 0.30, "windows": [{"from": "06:00", "to": "22:00"}]},
               {"part": "levy", "price_kwh": 0.05}, {"part": "base", "price_month": 9.0}],
}


def given(**changed):
    """The tables of a home.toml, to be changed by a test."""
    return {**{name: [dict(one) for one in tables] for name, tables in GIVEN.items()}, **changed}


class StoredHouse:
    """What home.api.app asks of a Service."""

    def __init__(self, engine, tables, folder=NOWHERE):
        self.settings = settings.checked(tables, folder)
        self.engine = engine
        self.now_ms = BEGIN_MS
        self.changes = Changes()
        self.pushed = []        # (topic, body) of what went to the network
        self.desk = Desk(engine, self.settings, self.key, self._publish, self.changes.tell, self.clock)
        self.is_up = {network.name: True for network in self.settings.networks}
        self.line_since_ms = {}
        self.started_ms = BEGIN_MS
        self.planner = None
        self.writer = Writer(engine, {(device.network, device.id): device.vehicle for device in self.settings.devices})

    def clock(self):
        return self.now_ms / 1000

    def key(self, device):
        return self.writer.devices[device.network, device.id]

    def _publish(self, device, topic, body):
        self.pushed.append((topic, json.loads(body)["downlinks"]))
        return self.is_up[device.network]

    def hear(self, *uplinks):
        self.now_ms = max(self.now_ms, *(uplink.received_ms for uplink in uplinks))
        self.writer.write("ttn", list(uplinks))


@contextlib.contextmanager
def house(**changed):
    with store() as engine:
        yield StoredHouse(engine, given(**changed))


def night(device, number, begin_ms=BEGIN_MS, lost=False):
    """Plugged at 18:00 of that local day, 7 kWh between 21:00 and 22:00, 7 kWh between 22:00 and 23:00, away in the morning."""
    begin_ms += number * DAY_MS + 18 * HOUR_MS
    told = [device.status(begin_ms, 0)]
    told += [device.status(begin_ms + 3 * HOUR_MS + place * HOUR_MS // 4, place * 1.75, 7.0) for place in range(8)]
    told += [device.status(begin_ms + 5 * HOUR_MS, 14.0), device.status(begin_ms + 13 * HOUR_MS, 14.0, connected=False)]
    return told if lost else [*told, device.session(number, begin_ms, 13 * 60, 14.0)]


# {(store before, devices, lost): store after such a month}, in bytes: to write it takes longer than most tests of it.
_MONTHS = {}


def month(house, lost=()):
    """30 such nights, of which some records were lost."""
    device = Device()
    uplinks = [uplink for number in range(30) for uplink in night(device, number, lost=number in lost)]
    if str(house.engine.url) != MEMORY:
        house.hear(*uplinks)
        return device
    key = serialized(house.engine), repr(house.settings.devices), lost
    if key in _MONTHS:
        house.now_ms = max(house.now_ms, *(uplink.received_ms for uplink in uplinks))
        deserialize(house.engine, _MONTHS[key])
    else:
        house.hear(*uplinks)
        _MONTHS[key] = serialized(house.engine)
    return device


def part(found, expected):
    """What of a dict a test has an expectation for."""
    return {name: found[name] for name in expected}
