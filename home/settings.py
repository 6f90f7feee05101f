"""home.toml: the settings of the service, as plain data. load() says everything that is wrong at once; home.setting_fields has each field.

Files and stores with a relative path lie beside home.toml.
"""
import os
import pathlib
import ssl
import tomllib

from home import setting_checks as checks
from home.network import kinds
from home.planning import standing_orders
from home.prices import source
from home.setting_fields import (
    ENDED_FILE, KEY_FILE, LISTS, LOOPBACK, PRICES, REFERENCE, REQUIRED, Device, HouseMqtt, Network, Notify, Settings, Store, TariffPart, Web)


class Wrong(Exception):
    """The settings cannot be used; args[0] is a list of sentences, each naming its setting."""

    def __str__(self):
        return "\n".join(self.args[0])


def load(path, is_to_be_protected=False):
    """The Settings of that file; Wrong with every error. is_to_be_protected: a password is about to be set, and none is missed."""
    path = pathlib.Path(path)
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as problem:
        raise Wrong([f"{path}: {problem.strerror}. docs/home-service.md shows what to write into it"]) from None
    except OSError as problem:
        raise Wrong([f"{path}: {problem.strerror}"]) from None
    except UnicodeDecodeError:
        raise Wrong([f"{path} is no text in UTF-8: save it as UTF-8"]) from None
    except tomllib.TOMLDecodeError as problem:
        raise Wrong([f"{path} is no TOML: {problem}"]) from None
    return checked(given, path.parent, path.name, is_to_be_protected)


def checked(given, folder, name="home.toml", is_to_be_protected=False):
    """The Settings of a parsed file of that name in that folder; Wrong with every error."""
    reading = _Reading(pathlib.Path(folder), name, is_to_be_protected)
    tables = {name: reading.tables(name, given.pop(name, None)) for name in REFERENCE}
    reading.unknown("", given, REFERENCE)
    made = _made(reading, tables)
    if reading.errors:
        raise Wrong(reading.errors)
    return made


class _Reading:
    """Converts tables, and keeps the errors in them."""

    def __init__(self, folder, name, is_to_be_protected):
        self.folder = folder
        self.path = folder / name
        self.is_to_be_protected = is_to_be_protected
        self.errors = []

    def wrong(self, where, what):
        self.errors.append(f"{where}: {what}")

    def is_wrong(self, where):
        return any(error.startswith(f"{where}: ") for error in self.errors)

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
                self.wrong(before + name, f"there is no such setting{checks.meant(name, known)}")

    def is_guarded(self, where, path):
        """Whether there is something in that file, which only its owner may read."""
        try:
            found = path.stat()
        except OSError:
            return False
        if found.st_mode & 0o077:
            self.wrong(where, f"others may read {path}. Type:  chmod 600 {path}")
        return found.st_size > 0

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
    for number, network in enumerate(networks, 1):
        ids = [device.id for device in devices if device.network == network.name and device.id]
        for setting, problem in kinds.of(network).problems(network.application, ids):
            reading.wrong(setting if setting == "device" else f"network[{number}].{setting}", problem)
        if network.storage_url and not kinds.of(network).KEEPS_UPLINKS:
            reading.wrong(f"network[{number}].storage_url", "this network keeps no uplinks for later: leave it out. Missed sessions come from the"
                          " device's own book")
    tariff = tuple(_part(reading, where, values) for where, values in tables["tariff"])
    sources = tuple(source.made(reading, where, values) for where, values in tables["price_source"])
    _check_sources(reading, sources, tariff, bool(tables["house_mqtt"]))
    orders = tuple(standing_orders.made(reading, where, values, devices, tariff) for where, values in tables["standing_order"])
    house, store, web, notify = (
        next((make(reading, where, values) for where, values in tables[name]), None)
        for name, make in (("house_mqtt", _house), ("store", _store), ("web", _web), ("notify", _notify)))
    return Settings(reading.folder, networks, devices, house, store, web, tariff, notify, sources, orders)


def _check_sources(reading, sources, tariff, has_broker):
    """A name is one source's, a part's source is there and of its currency, and what comes over the broker has one."""
    by_name = {}
    for place, one in enumerate(sources, 1):
        if by_name.setdefault(one.name, one) is not one:
            reading.wrong(f"price_source[{place}].name", f"two are named {one.name!r}: give each a name of its own")
        if one.topics and not has_broker:
            reading.wrong(f"price_source[{place}].topics", "needs [house_mqtt], the broker that they are on")
    for place, part in enumerate(tariff, 1):
        if not part.source or not sources:
            continue        # without any [[price_source]] another program may write into the store
        its = by_name.get(part.source)
        if its is None:
            meant = checks.meant(part.source, by_name)
            reading.wrong(f"tariff[{place}].source", f"there is no [[price_source]] with the name {part.source!r}{meant}")
        elif its.currency != part.currency:
            reading.wrong(f"tariff[{place}].currency", f"is {part.currency}, but the prices of {part.source!r} are in {its.currency}")


def _find_authorities(reading, where, values):
    if values["ca_file"]:
        values["ca_file"] = str(reading.folder / values["ca_file"])
        if not os.path.isfile(values["ca_file"]):
            reading.wrong(f"{where}.ca_file", f"{values['ca_file']} is not there")
            return
        try:
            ssl.create_default_context(cafile=values["ca_file"])
        except (ssl.SSLError, OSError):
            reading.wrong(f"{where}.ca_file", f"{values['ca_file']} holds no certificate in PEM that can be read")


def _network(reading, where, values):
    key = reading.secret(f"{where}.key_file", values.pop("key_file"))
    values["port"] = values["port"] or (8883 if values["tls"] else 1883)
    _find_authorities(reading, where, values)
    if values["storage_url"] and not key:
        reading.wrong(f"{where}.storage_url", "needs a key_file, too")
    return Network(**values, key=key)


def _device(reading, where, values, networks):
    values["name"] = values["name"] or values["id"]
    names = [network.name for network in networks]
    if not values["network"] and len(names) == 1:
        values["network"] = names[0]
    elif values["network"] not in names:
        meant = checks.meant(values["network"], [name for name in names if name])
        reading.wrong(f"{where}.network", f"there is no [[network]] with the name {values['network']!r}{meant}")
    return Device(**values)


def _house(reading, where, values):
    _find_authorities(reading, where, values)
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
    web = Web(host, port, reading.folder / values["password_file"], reading.folder / values["token_file"], reading.folder / KEY_FILE,
              reading.folder / ENDED_FILE, values["host"], values["behind_proxy"])
    has_secret = [reading.is_guarded(f"{where}.{name}", path) for name, path in
                  (("password_file", web.password_file), ("token_file", web.token_file))]
    if not reading.is_to_be_protected and not web.is_private and not any(has_secret):
        setting, what = ("listen", host) if host not in LOOPBACK else ("behind_proxy" if web.behind_proxy else "host", "the page")
        command = f".venv/bin/python -m home password --config {reading.path}"
        reading.wrong(f"{where}.{setting}", f"{what} is seen by others, which needs a password or a token_file. Type:  {command}")
    return web


def _part(reading, where, values):
    prices = [name for name in PRICES if values[name] not in (None, "", 0.0)]
    is_wrong = any(reading.is_wrong(f"{where}.{name}") for name in PRICES)
    if values["price_kwh"] is None and not prices and not is_wrong:
        reading.wrong(where, "has no price: price_kwh or source, for base price_month, for a demand charge price_kw")
    if len(prices) > 1:
        reading.wrong(where, f"has {' and '.join(prices)}: one of them; parts of their own for the others add up")
    if values["from"] > values["to"]:
        reading.wrong(f"{where}.to", "is before from")
    first, last = values.pop("from"), values.pop("to")
    return TariffPart(**values, first=first, last=last)
