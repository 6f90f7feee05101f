"""Local time of a device: a name of the time zone database ("Europe/Berlin"), or a POSIX TZ string as the device has it."""
import contextlib
import datetime
import importlib.resources
import io
import os
import pathlib
import re
import struct
import zoneinfo

from home import time_zone_mistakes


def zone(text):
    """A tzinfo. ValueError if there is no such time zone."""
    if not isinstance(text, str) or not text:
        raise ValueError('must be a time zone, as "Europe/Berlin" or "AEST-10AEDT,M10.1.0,M4.1.0/3"')
    try:
        return zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        pass
    try:
        made = _of_rules(text)
        datetime.datetime(2026, 1, 1, tzinfo=made).utcoffset()
        return made
    except ValueError:
        why = time_zone_mistakes.doubt(text)
        raise ValueError(f"{text!r} is no time zone: " + (why or "a name as Europe/Berlin, or a POSIX TZ string")) from None


def of_this_computer():
    """Its own time zone, or UTC where it does not say."""
    path = os.path.realpath("/etc/localtime")
    try:
        return zoneinfo.ZoneInfo(path.partition("/zoneinfo/")[2] or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return zoneinfo.ZoneInfo("UTC")


def _of_rules(text):
    """A ZoneInfo of a POSIX TZ string: a time zone file (RFC 9636) without transitions, whose last line is that string."""
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        raise ValueError("no POSIX TZ string")
    header = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    block = header + struct.pack(">lbB", 0, 0, 0) + b"UTC\0"
    return zoneinfo.ZoneInfo.from_file(io.BytesIO(block + block + b"\n" + text.encode() + b"\n"), key=text)


def rule(tz):
    """The POSIX TZ string that holds in that zone from now on, as a device has it; None where the zone does not say."""
    key = getattr(tz, "key", None)
    if key is None:
        return None
    folders = [pathlib.Path(folder) for folder in zoneinfo.TZPATH]
    with contextlib.suppress(ModuleNotFoundError):
        folders.append(importlib.resources.files("tzdata") / "zoneinfo")
    for folder in folders:
        with contextlib.suppress(OSError):
            # The last line of a time zone file (RFC 9636).
            return (folder / key).read_bytes().rstrip(b"\n").rpartition(b"\n")[2].decode() or None
    return key      # itself such a string


def utc(seconds):
    """The moment that many seconds after 1970."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def iso(seconds, tz):
    """Local time with its offset, to the second; None for None."""
    return None if seconds is None else utc(seconds).astimezone(tz).isoformat(timespec="seconds")


def begin_of(day, tz):
    """UTC seconds of that local day's begin."""
    return int(datetime.datetime.combine(day, datetime.time(), tz).timestamp())
