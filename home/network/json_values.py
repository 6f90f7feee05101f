"""What every network's JSON has in common: objects from bytes, and values that are what they should be or nothing."""
import base64
import binascii
import datetime
import json
import re

from home.network.uplink import NotUnderstood

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_LONGEST = 200_000      # of a message, in characters


def message(body):
    """The object in a message's bytes; NotUnderstood if there is none."""
    if len(body) > _LONGEST:
        raise NotUnderstood(f"a message of {len(body)} bytes")
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        raise NotUnderstood(f"no JSON: {body[:40]!r}") from None
    if not isinstance(given, dict):
        raise NotUnderstood(f"no JSON object: {body[:40]!r}")
    return given


def within(given, *names):
    """What lies there in nested objects; None where nothing does."""
    for name in names:
        given = given.get(name) if isinstance(given, dict) else None
    return given


def objects(value):
    """The objects of a list; none where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def payload(text):
    """Bytes of base64; NotUnderstood if it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise NotUnderstood("its payload is no base64") from None


def count(value):
    """A whole number of 32 bits; NotUnderstood if it is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 32:
        raise NotUnderstood("a count that is none")
    return value


def number(value):
    """Of a measurement, or None."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e6 else None


def spreading_factor(value):
    return value if isinstance(value, int) and not isinstance(value, bool) and 5 <= value <= 12 else None


def name(value):
    """Of a gateway, as a page can show it; None if there is none."""
    return value[:64].encode("utf-8", "replace").decode() if isinstance(value, str) and value else None


def strongest(receptions):
    """Of (name or None, rssi or None, snr or None) that which was heard best; None where there is none."""
    return max(receptions, key=lambda one: tuple(-999 if value is None else value for value in (one[2], one[1])), default=None)


def instant_ms(text):
    """UTC milliseconds of an RFC 3339 time, or None."""
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if not found:
        return None
    try:
        moment = datetime.datetime.fromisoformat(found[1] + found[3].replace("Z", "+00:00"))
    except ValueError:
        return None
    return round(moment.timestamp()) * 1000 + int((found[2] or "0").ljust(3, "0")[:3])
