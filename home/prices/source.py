"""[[price_source]] of home.toml: what the owner writes, completed by the preset of its kind."""
import dataclasses
import datetime
import pathlib
import re
import urllib.parse

from home import setting_checks as checks
from home import time_zones
from home.prices.presets import NEEDS_AREA, NEEDS_KEY, PRESETS
from home.prices.answer_parser import UNITS

# What holds where neither the owner nor the preset says anything.
OTHERWISE = {"url": "", "file": "", "topics": (), "body": "", "key_header": "Authorization: Bearer {key}", "area": "", "product": "", "rows": ("",),
             "start": "start", "end": "", "price": "price", "only": (), "unit": "kWh", "unit_at": "", "currency": "EUR", "currency_at": "",
             "timezone": None, "interval_min": 0, "every_min": 60}
PLACEHOLDERS = ("area", "product", "key", "from", "to", "from_s", "to_s", "from_ms", "to_ms", "from_iso", "to_iso")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclasses.dataclass(frozen=True)
class PriceSource:
    """Where prices come from (url, file or topics), and where in the answer they stand: home/prices/presets.py. key: not shown."""
    name: str
    kind: str
    key: str = dataclasses.field(repr=False)
    url: str
    file: pathlib.Path | None
    topics: tuple
    body: str
    key_header: str
    area: str
    product: str
    rows: tuple
    start: str
    end: str
    price: str
    only: tuple
    unit: str
    unit_at: str
    currency: str
    currency_at: str
    timezone: datetime.tzinfo
    interval_min: int
    every_min: int


def _url(value):
    # What the braces stand for is no part of the computer's name.
    checks.web_address(checks.text(value).replace("{", "").replace("}", ""))
    return _template(value)


def _template(value):
    for name in re.findall(r"\{(\w+)\}", checks.text(value)):
        if name not in PLACEHOLDERS:
            raise ValueError(f"{{{name}}} is none of {', '.join(PLACEHOLDERS)}{checks.meant(name, PLACEHOLDERS)}")
    return value


def _header(value):
    if not re.fullmatch(r"[A-Za-z0-9-]+: [^\r\n]*\{key\}[^\r\n]*", checks.text(value)):
        raise ValueError('must be a header with {key} in it, as "Authorization: Bearer {key}"')
    return value


def _word(value):
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", checks.text(value)):
        raise ValueError("must be letters, digits, dots and dashes")
    return value


def _one_or_more(value):
    found = checks.texts([value]) if isinstance(value, str) and value else value
    return tuple(found) if isinstance(found, tuple) else checks.texts(found)


def _paths(value):
    return ("",) if value == "" else tuple("" if one == "" else checks.text(one) for one in (value if isinstance(value, list) else [value]))


def _conditions(value):
    for one in (found := _one_or_more(value)):
        if "=" not in one:
            raise ValueError('must be conditions as "channelType=general"')
    return found


def _interval(value):
    if value not in (5, 15, 30, 60) or isinstance(value, bool):
        raise ValueError("must be 5, 15, 30 or 60")
    return value


def fields(required):
    """The row of setting_fields.REFERENCE: {field: (check, default)}; None: the preset's. required: what stands for a field that must be given."""
    return {
        "name": (checks.text, required), "kind": (checks.one_of(*PRESETS), "json"), "key_file": (checks.text, ""), "url": (_url, None),
        "file": (checks.text, None), "topics": (checks.topic_filters, None), "body": (checks.text, None), "key_header": (_header, None),
        "area": (_word, None), "product": (_word, None), "rows": (_paths, None), "start": (checks.text, None), "end": (checks.maybe_text, None),
        "price": (checks.text, None), "only": (_conditions, None), "unit": (checks.one_of(*UNITS), None), "unit_at": (checks.maybe_text, None),
        "currency": (checks.currency, None), "currency_at": (checks.maybe_text, None), "timezone": (time_zones.zone, None),
        "interval_min": (_interval, None), "every_min": (checks.whole(5, 1440), None),
    }


def made(reading, where, values):
    """A PriceSource; what is wrong is said to reading. reading: the one of home.settings."""
    kind = values.pop("kind") or "json"
    key = reading.secret(f"{where}.key_file", values.pop("key_file"))
    name = values.pop("name")
    preset = PRESETS.get(kind, {})
    its = {field: value if value is not None else preset.get(field, OTHERWISE[field]) for field, value in values.items()}
    its["timezone"] = its["timezone"] or time_zones.of_this_computer()
    if isinstance(its["timezone"], str):
        its["timezone"] = time_zones.zone(its["timezone"])
    its["file"] = reading.folder / its["file"] if its["file"] else None
    ways = [way for way in ("url", "file", "topics") if its[way]]
    if len(ways) != 1:
        needed = {"file": "file", "home-assistant": "topics"}.get(kind, "url")
        reading.wrong(where, f"has {' and '.join(ways)}: one of them" if ways else f"needs {needed}")
    if kind in NEEDS_KEY and not key:
        reading.wrong(f"{where}.key_file", "is missing")
    if kind in NEEDS_AREA and not its["area"]:
        reading.wrong(f"{where}.area", "is missing")
    if key and _is_readable_on_the_way(its["url"]):
        reading.wrong(f"{where}.url", "must begin with https://, for the key is sent there")
    return PriceSource(name=name, kind=kind, key=key, **its)


def _is_readable_on_the_way(url):
    try:
        parts = urllib.parse.urlsplit(url)
        return parts.scheme == "http" and parts.hostname not in _LOOPBACK
    except ValueError:
        return True
