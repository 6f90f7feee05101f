"""The world's time zones from the package tzdata, by Python's zoneinfo: the reference for src/app/policy/local_time.py."""
import datetime
import functools
import importlib.resources
import io
import struct
import zoneinfo

UTC = datetime.UTC
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
DAY_S = 86400
FIRST_YEAR, LAST_YEAR = 2020, 2040

# Each with something of its own: either hemisphere, half an hour, quarters of an hour, switches at midnight and before it.
EIGHT = ("Australia/Sydney", "Australia/Lord_Howe", "Pacific/Chatham", "Europe/London", "America/New_York", "America/St_Johns",
         "America/Santiago", "America/Nuuk")
NAMED = EIGHT + ("Australia/Adelaide", "Australia/Hobart", "Pacific/Auckland", "Europe/Berlin")


def seconds(*date):
    """UTC seconds of a UTC date and time."""
    return int((datetime.datetime(*date, tzinfo=UTC) - EPOCH).total_seconds())


FROM_S, UNTIL_S = seconds(FIRST_YEAR, 1, 1), seconds(LAST_YEAR + 1, 1, 1)


@functools.cache
def file_of(key):
    """The TZif file of a zone (RFC 9636), bytes."""
    return importlib.resources.files("tzdata.zoneinfo").joinpath(*key.split("/")).read_bytes()


@functools.cache
def posix_of(key):
    """The POSIX TZ string at the end of a zone's file."""
    return file_of(key).rsplit(b"\n", 2)[1].decode()


@functools.cache
def zone_of(key):
    """The zone with its history."""
    return zoneinfo.ZoneInfo.from_file(io.BytesIO(file_of(key)), key)


def rule_only(posix):
    """A zone that has followed this POSIX string for ever: a TZif file without any switch."""
    def header(counts):
        return struct.pack(">4sc15x6l", b"TZif", b"2", *counts)
    block = struct.pack(">lBB", 0, 0, 0) + b"-00\0"
    counts = 0, 0, 0, 0, 1, 4
    return zoneinfo.ZoneInfo.from_file(io.BytesIO(header(counts) + block + header(counts) + block + b"\n" + posix.encode() + b"\n"))


def at(zone, utc_s):
    """Local date and time at an instant."""
    return datetime.datetime.fromtimestamp(utc_s, zone)


def offset_s(zone, utc_s):
    """Seconds east of UTC at an instant."""
    return int(at(zone, utc_s).utcoffset().total_seconds())


def switches(zone, from_s, until_s):
    """Instants at which the offset changes, those of two switches within 6 h excepted."""
    found = []
    for begin in range(from_s, until_s, DAY_S // 4):
        low, high = begin, begin + DAY_S // 4
        if offset_s(zone, low) == offset_s(zone, high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if offset_s(zone, middle) == offset_s(zone, begin):
                low = middle
            else:
                high = middle
        found.append(high)
    return found


@functools.cache
def follows_since(key):
    """From when on, within 2020 to 2040, the zone follows its POSIX string; UNTIL_S if never."""
    zone, rule = zone_of(key), rule_only(posix_of(key))
    since = UNTIL_S
    for step in range(UNTIL_S - DAY_S, FROM_S - 1, -DAY_S):
        if offset_s(zone, step) != offset_s(rule, step):
            break
        since = step
    return since


@functools.cache
def different():
    """The zones that are named, and one for each POSIX string that tzdata knows besides: what follows the same string is the same."""
    names = importlib.resources.files("tzdata").joinpath("zones").read_text().split()
    found = dict.fromkeys(NAMED)
    strings = {posix_of(name) for name in NAMED}
    for name in sorted(names):
        if posix_of(name) not in strings:
            strings.add(posix_of(name))
            found[name] = None
    return tuple(found)
