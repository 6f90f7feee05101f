"""The fields of home.toml as data: for each table of it what it becomes, and for each field what checks and converts it, and its default.

docs/home-service.md explains each.
"""
import dataclasses
import datetime
import pathlib
import socket

from home import setting_checks as checks
from home import time_zones
from home.network import kinds
from home.notify import sentences
from home.planning import standing_orders
from home.prices import source
from home.tariff import windows

REQUIRED = object()
PRICES = ("price_kwh", "source", "price_month", "price_kw")
PARTS = ("energy", "network", "levy", "base")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::")
KEY_FILE = "web.key"        # what cookies are signed with; the service makes it
ENDED_FILE = "web.ended"    # visits that a logout ended


@dataclasses.dataclass(frozen=True)
class Network:
    name: str
    kind: str
    host: str
    port: int
    tls: bool
    application: str
    tenant: str
    user: str
    key: str
    storage_url: str
    ca_file: str


@dataclasses.dataclass(frozen=True)
class Device:
    id: str
    name: str
    network: str
    timezone: datetime.tzinfo
    place: str
    vehicle: str


@dataclasses.dataclass(frozen=True)
class HouseMqtt:
    host: str
    port: int
    user: str
    password: str
    ca_file: str
    prefix: str


@dataclasses.dataclass(frozen=True)
class Store:
    url: str
    raw_days: int


@dataclasses.dataclass(frozen=True)
class Web:
    """host_names: what else the page is called, as a reverse proxy passes it on; behind_proxy: networks that such a proxy is in."""
    host: str
    port: int
    password_file: pathlib.Path
    token_file: pathlib.Path
    key_file: pathlib.Path
    ended_file: pathlib.Path
    host_names: tuple
    behind_proxy: tuple

    @property
    def is_private(self):
        """Only this computer sees it. A proxy or a name of its own shows it to others, whatever address it listens on."""
        return self.host in LOOPBACK and not self.behind_proxy and not self.host_names

    @property
    def page(self):
        """The address of the page, to be opened in a browser."""
        if self.behind_proxy and self.host_names:
            return f"https://{self.host_names[0]}/"
        host = socket.gethostname() if self.host in EVERYWHERE else f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/"


@dataclasses.dataclass(frozen=True)
class TariffPart:
    part: str
    place: str
    price_kwh: float | None
    source: str
    price_month: float
    price_kw: float
    vat: float
    currency: str
    first: datetime.date
    last: datetime.date
    months: frozenset
    windows: tuple


@dataclasses.dataclass(frozen=True)
class Notify:
    urls: tuple
    events: tuple
    language: str


@dataclasses.dataclass(frozen=True)
class Settings:
    folder: pathlib.Path
    networks: tuple
    devices: tuple
    house_mqtt: HouseMqtt | None
    store: Store
    web: Web
    tariff: tuple
    notify: Notify
    price_sources: tuple
    standing_orders: tuple

    def device(self, text):
        """The device of that name, or of that id where only one has it; None if there is none."""
        found = [device for device in self.devices if device.name == text] or [device for device in self.devices if device.id == text]
        return found[0] if len(found) == 1 else None

    def network(self, name):
        return next(network for network in self.networks if network.name == name)


ANY_MONTH = frozenset(range(1, 13))
REFERENCE = {
    "network": (Network, {
        "name": (checks.text, REQUIRED),
        "kind": (checks.one_of(*kinds.KINDS), kinds.USUAL),
        "host": (checks.host, REQUIRED),
        "port": (checks.whole(1, 65535), None),
        "tls": (checks.yes_or_no, True),
        "application": (checks.an_id, REQUIRED),
        "tenant": (checks.maybe_id, "ttn"),
        "user": (checks.maybe_text, ""),
        "key_file": (checks.text, ""),
        "storage_url": (checks.web_address, ""),
        "ca_file": (checks.text, ""),
    }),
    "device": (Device, {
        "id": (checks.an_id, REQUIRED),
        "name": (checks.text, ""),
        "network": (checks.text, ""),
        "timezone": (time_zones.zone, time_zones.of_this_computer()),
        "place": (checks.maybe_text, ""),
        "vehicle": (checks.maybe_text, ""),
    }),
    "house_mqtt": (HouseMqtt, {
        "host": (checks.host, REQUIRED),
        "port": (checks.whole(1, 65535), 1883),
        "user": (checks.maybe_text, ""),
        "password_file": (checks.text, ""),
        "ca_file": (checks.text, ""),
        "prefix": (checks.topic, "homeassistant"),
    }),
    "store": (Store, {"url": (checks.store_url, "sqlite:///home.db"), "raw_days": (checks.whole(1, 36500), 90)}),
    "web": (Web, {
        "listen": (checks.listen, ("127.0.0.1", 8080)),
        "password_file": (checks.text, "web.passwords"),
        "token_file": (checks.text, "web.tokens"),
        "host": (checks.host_names, ()),
        "behind_proxy": (checks.networks, ()),
    }),
    "tariff": (TariffPart, {
        "part": (checks.one_of(*PARTS), REQUIRED),
        "place": (checks.maybe_text, ""),
        "price_kwh": (checks.number(-1000, 1000), None),
        "source": (checks.text, ""),
        "price_month": (checks.number(0, 100_000), 0.0),
        "price_kw": (checks.number(0, 100_000), 0.0),
        "vat": (checks.vat, 0.0),
        "currency": (checks.currency, "EUR"),
        "from": (checks.day, datetime.date.min),
        "to": (checks.day, datetime.date.max),
        "months": (checks.months, ANY_MONTH),
        "windows": (windows.windows, ()),
    }),
    "price_source": (source.PriceSource, source.fields(REQUIRED)),
    "standing_order": (standing_orders.StandingOrder, standing_orders.fields(REQUIRED)),
    "notify": (Notify, {
        "urls": (checks.texts, ()),
        "events": (checks.some_of(*sentences.KINDS), tuple(kind for kind in sentences.KINDS if kind != sentences.COMMAND_FAILED)),
        "language": (checks.one_of(*sentences.LANGUAGES), "en"),
    }),
}
LISTS = ("network", "device", "tariff", "price_source", "standing_order")
