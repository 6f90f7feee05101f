"""home.toml: the settings of the service, as plain data. load() says everything that is wrong at once; docs/home-service.md explains each.

A field is a row: its name, what checks and converts its value, and its default. Files and stores with a relative path lie beside home.toml.
"""
import dataclasses
import datetime
import difflib
import pathlib
import re
import tomllib

from home import time_zones
from home.tariff import windows

REQUIRED = object()
KINDS = ("the-things-stack",)
PARTS = ("energy", "network", "levy", "base")
FRACTION = 1            # VAT below this is a fraction, from here on percent: no country has one of less than 1 %
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Wrong(Exception):
    """The settings cannot be used; args[0] is a list of sentences, each naming its setting."""

    def __str__(self):
        return "\n".join(self.args[0])


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
    prefix: str


@dataclasses.dataclass(frozen=True)
class Store:
    url: str
    raw_days: int


@dataclasses.dataclass(frozen=True)
class Web:
    host: str
    port: int
    password: str
    token: str


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

    def device(self, text):
        """The device of that name, or of that id where only one has it; None if there is none."""
        found = [device for device in self.devices if device.name == text] or [device for device in self.devices if device.id == text]
        return found[0] if len(found) == 1 else None

    def network(self, name):
        return next(network for network in self.networks if network.name == name)


# --- what a value may be: each gives the value to use, or raises ValueError with what follows "network[1].port: "


def text(value):
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("must be text that is not empty")
    return value


def maybe_text(value):
    return value if value == "" else text(value)


def an_id(value):
    if not re.fullmatch(r"[a-z0-9](?:-?[a-z0-9]){0,35}", text(value)):
        raise ValueError(f"{value!r} is no id of the network: a-z, 0-9 and single dashes, at most 36, as its console shows it")
    return value


def yes_or_no(value):
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def whole(low, high):
    def check(value):
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value
    return check


def number(low, high):
    def check(value):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError(f"must be a number from {low} to {high}")
        return float(value)
    return check


def one_of(*words):
    def check(value):
        if value not in words:
            raise ValueError(f"must be {' or '.join(map(repr, words))}{_meant(value, words)}")
        return value
    return check


def texts(value):
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ValueError('must be a list of text, as ["a", "b"]')
    return tuple(value)


def web_address(value):
    if not re.fullmatch(r"https?://[^\s/]+(/[^\s]*)?", text(value)):
        raise ValueError("must be a web address, as https://eu1.cloud.thethings.network")
    return value.rstrip("/")


def listen(value):
    """(host, port) of HOST:PORT."""
    host, colon, port = text(value).rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit() or not 0 <= int(port) < 65536:
        raise ValueError("must be ADDRESS:PORT, as 127.0.0.1:8080")
    return host, int(port)


def store_url(value):
    if not re.match(r"sqlite:///.|postgresql\+psycopg://.", text(value)):
        raise ValueError('must be "sqlite:///FILE" or "postgresql+psycopg://USER@HOST/NAME"')
    return value


def currency(value):
    if not re.fullmatch(r"[A-Z]{3}", text(value)):
        raise ValueError("must be three capitals, as EUR or AUD")
    return value


def vat(value):
    value = number(0, 100)(value)
    return value if value < FRACTION else value / 100


def day(value):
    if isinstance(value, str):
        try:
            value = datetime.date.fromisoformat(value)
        except ValueError:
            pass
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
        raise ValueError("must be a day, as 2026-01-31")
    return value


def months(value):
    """Numbers of months, from [1, 2, 12] or "dec-feb,jul"."""
    if isinstance(value, list):
        return frozenset(whole(1, 12)(one) for one in value) or frozenset(range(1, 13))
    return frozenset(place + 1 for place in windows.ranges(text(value), MONTHS))


REFERENCE = {
    "network": (Network, {
        "name": (text, REQUIRED), "kind": (one_of(*KINDS), "the-things-stack"), "host": (text, REQUIRED), "port": (whole(1, 65535), None),
        "tls": (yes_or_no, True), "application": (an_id, REQUIRED), "tenant": (maybe_text, "ttn"), "user": (maybe_text, ""), "key_file": (text, ""),
        "storage_url": (web_address, ""), "ca_file": (text, ""),
    }),
    "device": (Device, {
        "id": (an_id, REQUIRED), "name": (text, ""), "network": (text, ""), "timezone": (time_zones.zone, REQUIRED), "place": (maybe_text, ""),
        "vehicle": (maybe_text, ""),
    }),
    "house_mqtt": (HouseMqtt, {
        "host": (text, REQUIRED), "port": (whole(1, 65535), 1883), "user": (maybe_text, ""), "password_file": (text, ""),
        "prefix": (text, "homeassistant"),
    }),
    "store": (Store, {"url": (store_url, "sqlite:///home.db"), "raw_days": (whole(1, 36500), 90)}),
    "web": (Web, {"listen": (listen, ("127.0.0.1", 8080)), "password_file": (text, ""), "token_file": (text, "")}),
    "tariff": (TariffPart, {
        "part": (one_of(*PARTS), REQUIRED), "place": (maybe_text, ""), "price_kwh": (number(-1000, 1000), None), "source": (text, ""),
        "price_month": (number(0, 100000), 0.0), "price_kw": (number(0, 100000), 0.0), "vat": (vat, 0.0), "currency": (currency, "EUR"),
        "from": (day, datetime.date.min), "to": (day, datetime.date.max), "months": (months, frozenset(range(1, 13))),
        "windows": (windows.windows, ()),
    }),
    "notify": (Notify, {"urls": (texts, ()), "events": (texts, ())}),
}
LISTS = ("network", "device", "tariff")


def load(path):
    """The Settings of that file; Wrong with every error."""
    path = pathlib.Path(path)
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as problem:
        raise Wrong([f"{path}: {problem.strerror}"]) from None
    except UnicodeDecodeError:
        raise Wrong([f"{path} is no text in UTF-8: save it as UTF-8"]) from None
    except tomllib.TOMLDecodeError as problem:
        raise Wrong([f"{path} is no TOML: {problem}"]) from None
    return checked(given, path.parent)


def checked(given, folder):
    """The Settings of a parsed file that lies in that folder; Wrong with every error."""
    reading = _Reading(pathlib.Path(folder))
    tables = {name: reading.tables(name, given.pop(name, None)) for name in REFERENCE}
    reading.unknown("", given, REFERENCE)
    made = _made(reading, tables)
    if reading.errors:
        raise Wrong(reading.errors)
    return made


class _Reading:
    """Converts tables, and keeps the errors in them."""

    def __init__(self, folder):
        self.folder = folder
        self.errors = []

    def wrong(self, where, what):
        self.errors.append(f"{where}: {what}")

    def tables(self, name, given):
        """[(where, values)] of a table or a list of tables; a table that was not given has its defaults."""
        if name not in LISTS:
            if given is None:
                return [] if name == "house_mqtt" else [(name, self.values(name, name, {}))]
            if not isinstance(given, dict):
                self.wrong(name, f"must be one table, [{name}]")
                return []
            return [(name, self.values(name, name, given))]
        if not isinstance(given or [], list) or not all(isinstance(one, dict) for one in given or []):
            self.wrong(name, f"must be a list of tables: each begins with [[{name}]]")
            return []
        return [(f"{name}[{place}]", self.values(name, f"{name}[{place}]", one)) for place, one in enumerate(given or [], 1)]

    def values(self, name, where, given):
        """Each field's value, checked; the default where it is missing or wrong."""
        fields = REFERENCE[name][1]
        self.unknown(where + ".", given, fields)
        values = {}
        for field, (check, default) in fields.items():
            values[field] = None if default is REQUIRED else default
            if field not in given:
                if default is REQUIRED:
                    self.wrong(f"{where}.{field}", "is missing")
                continue
            try:
                values[field] = check(given[field])
            except ValueError as problem:
                self.wrong(f"{where}.{field}", problem)
        return values

    def unknown(self, before, given, known):
        for name in given:
            if name not in known:
                self.wrong(before + name, f"there is no such setting{_meant(name, known)}")

    def secret(self, where, name):
        """The one line of a file that only its owner may read; "" where none is named."""
        if not name:
            return ""
        path = self.folder / name
        try:
            if path.stat().st_mode & 0o077:
                self.wrong(where, f"others may read {path}. Type:  chmod 600 {path}")
            secret = path.read_text(encoding="utf-8-sig").strip()
        except OSError as problem:
            self.wrong(where, f"{path}: {problem.strerror}")
            return ""
        except UnicodeDecodeError:
            secret = ""
        if not secret or not secret.isprintable():
            self.wrong(where, f"{path} must hold one line of text")
        return secret


def _made(reading, tables):
    networks = tuple(_network(reading, where, values) for where, values in tables["network"])
    devices = tuple(_device(reading, where, values, networks) for where, values in tables["device"])
    for kind, what in (("network", networks), ("device", devices)):
        if not what:
            reading.wrong(kind, f"at least one [[{kind}]] is needed")
        names = [one.name for one in what if one.name]
        for name in sorted({name for name in names if names.count(name) > 1}):
            reading.wrong(kind, f"two are named {name!r}: give each a name of its own")
    places = [(device.network, device.id) for device in devices]
    for network, device in sorted({place for place in places if places.count(place) > 1}):
        reading.wrong("device", f"{device!r} of {network!r} is there twice")
    tariff = tuple(_part(reading, where, values) for where, values in tables["tariff"])
    house, store, web, notify = (
        next((make(reading, where, values) for where, values in tables[name]), None)
        for name, make in (("house_mqtt", _house), ("store", _store), ("web", _web), ("notify", _notify)))
    return Settings(reading.folder, networks, devices, house, store, web, tariff, notify)


def _network(reading, where, values):
    key = reading.secret(f"{where}.key_file", values.pop("key_file"))
    values["port"] = values["port"] or (8883 if values["tls"] else 1883)
    if values["ca_file"]:
        values["ca_file"] = str(reading.folder / values["ca_file"])
        if not pathlib.Path(values["ca_file"]).is_file():
            reading.wrong(f"{where}.ca_file", f"{values['ca_file']} is not there")
    if values["storage_url"] and not key:
        reading.wrong(f"{where}.storage_url", "needs a key_file, too")
    return Network(**values, key=key)


def _device(reading, where, values, networks):
    values["name"] = values["name"] or values["id"]
    names = [network.name for network in networks]
    if not values["network"] and len(names) == 1:
        values["network"] = names[0]
    elif values["network"] not in names:
        meant = _meant(values["network"], [name for name in names if name])
        reading.wrong(f"{where}.network", f"there is no [[network]] with the name {values['network']!r}{meant}")
    return Device(**values)


def _house(reading, where, values):
    return HouseMqtt(**{name: value for name, value in values.items() if name != "password_file"},
                     password=reading.secret(f"{where}.password_file", values["password_file"]))


def _notify(reading, where, values):
    return Notify(**values)


def _store(reading, where, values):
    url = values["url"]
    if url.startswith("sqlite:///"):
        url = f"sqlite:///{(reading.folder / url.removeprefix('sqlite:///')).absolute()}"
    return Store(url, values["raw_days"])


def _web(reading, where, values):
    host, port = values["listen"]
    token = reading.secret(f"{where}.token_file", values["token_file"])
    if host not in LOOPBACK and not values["token_file"]:
        reading.wrong(f"{where}.listen", f"{host} is seen by others, which needs a token_file; 127.0.0.1 needs none")
    return Web(host, port, reading.secret(f"{where}.password_file", values["password_file"]), token)


def _part(reading, where, values):
    prices = [name for name in ("price_kwh", "source", "price_month", "price_kw") if values[name] not in (None, "", 0.0)]
    if values["price_kwh"] is None and not prices:
        reading.wrong(where, "has no price: price_kwh or source, for base price_month, for a demand charge price_kw")
    if len(prices) > 1:
        reading.wrong(where, f"has {' and '.join(prices)}: one of them; parts of their own for the others add up")
    if values["from"] > values["to"]:
        reading.wrong(f"{where}.to", "is before from")
    first, last = values.pop("from"), values.pop("to")
    return TariffPart(**values, first=first, last=last)


def _meant(word, words):
    """", did you mean X?" where there is a word like it."""
    near = difflib.get_close_matches(str(word), [str(one) for one in words], 1)
    return f": did you mean {near[0]!r}?" if near else ""
