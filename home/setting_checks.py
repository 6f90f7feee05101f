"""What a value of home.toml may be: each check gives the value to use, or raises ValueError with what follows "network[1].port: "."""
import datetime
import difflib
import ipaddress
import re
import urllib.parse

from home.tariff import windows

_TOPIC_MAX = 200
FRACTION = 1            # VAT below this is a fraction, from here on percent: no country has one of less than 1 %
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


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


def host(value):
    """The name or address of a computer."""
    name = text(value)
    try:
        ipaddress.ip_address(name)
    except ValueError:
        if len(name) > 253 or not re.fullmatch(r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?", name, re.ASCII):
            raise ValueError(f"{name[:80]!r} is no name or address of a computer, as eu1.cloud.thethings.network, without https://") from None
    return name


def maybe_id(value):
    return value if value == "" else an_id(value)


def topic(value):
    """Of MQTT, to publish on."""
    if len(text(value)) > _TOPIC_MAX or set(value) & set("+#"):
        raise ValueError("must be a topic of MQTT without + and #, as homeassistant")
    return value


def topic_filters(value):
    """Topics of MQTT, of one or a list; + stands for one level, # at the end for all that follow."""
    found = texts([value] if isinstance(value, str) and value else value)
    for one in found:
        levels = text(one).split("/")
        if len(one) > _TOPIC_MAX or any(level != "+" and "+" in level or level != "#" and "#" in level for level in levels) or "#" in levels[:-1]:
            raise ValueError(f"{one[:80]!r} is no topic of MQTT: + and # stand alone between the slashes, # at the end")
    return found


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
            raise ValueError(f"must be {' or '.join(map(repr, words))}{meant(value, words)}")
        return value
    return check


def texts(value):
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ValueError('must be a list of text, as ["a", "b"]')
    return tuple(value)


def some_of(*words):
    def check(value):
        for word in texts(value):
            if word not in words:
                raise ValueError(f"{word!r} is none of {', '.join(words)}{meant(word, words)}")
        return tuple(value)
    return check


def web_address(value):
    if not re.fullmatch(r"https?://[^\s/]+(/[^\s]*)?", text(value)) or not _has_host(value):
        raise ValueError("must be a web address, as https://eu1.cloud.thethings.network")
    return value.rstrip("/")


def _has_host(url):
    try:
        parts = urllib.parse.urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def listen(value):
    """(host, port) of HOST:PORT."""
    host, colon, port = text(value).rpartition(":")
    host = host.strip("[]")
    if not host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError("must be ADDRESS:PORT, as 127.0.0.1:8080")
    return host, int(port)


def host_names(value):
    """Names as a Host header has them, of one or of a list."""
    names = texts([value] if isinstance(value, str) else value)
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", name):
            raise ValueError(f"{name!r} is no name of a computer, as garage.example.org, without https:// and port")
    return tuple(name.lower() for name in names)


def networks(value):
    """Networks of ipaddress, of addresses or networks; one or a list."""
    try:
        return tuple(ipaddress.ip_network(one) for one in texts([value] if isinstance(value, str) else value))
    except ValueError:
        raise ValueError('must be an address or a list of them, as ["127.0.0.1"] or ["192.168.1.0/24"]') from None


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


def meant(word, words):
    """", did you mean X?" where there is a word like it."""
    near = difflib.get_close_matches(str(word), [str(one) for one in words], 1)
    return f": did you mean {near[0]!r}?" if near else ""
