"""One file for a bug report: what the device said and was asked, and how the service is set, without keys, places, names or addresses.

Nothing is taken out: what may be in it is listed here, and all else stays behind. A text is kept only if it is a word of the payload, or looks like
a version, a code, a time of day or a time zone's rule; every other one is replaced by REMOVED. Names of devices, networks and people become numbers.
"""
import json
import platform
import re

import sqlalchemy

from home import firmware  # noqa: F401  app is importable from here on
from app.codec import vocabulary
from app.version import VERSION
from home import time_zones
from home.commands import fate
from home.network import kinds
from home.store import commands, database, queries, span_queries

UPLINKS = COMMANDS = 200
REMOVED = "(removed)"
_DEEP, _WIDE = 6, 64
_LONGEST_NAME = 40

_STATES = ("Lock Outlet ACK", "Unlock Outlet ACK", "Reset Charger ACK", "Lock Outlet", "Unlock Outlet", "Reset Charger")
_STATUSES = ("not_connected", "waiting", "ready", "charging", "locked", "setup", "fault", "unreachable", "unknown")
_TYPES = ("status", "result", "device", "session", "readback", "event", "clock", "legacy")
# What becomes of a command on its way.
_FATES = (*fate.PENDING, *fate.OVER, "not_sent", "not_taken", "no_line", "sent_already")
# Every word of the payload. docs/payload.md.
WORDS = frozenset(word for table in (
    vocabulary.STATES, vocabulary.REASONS, vocabulary.OVERRIDES, vocabulary.COMMANDS, vocabulary.RESULTS, vocabulary.DETAILS, vocabulary.HOLDERS,
    vocabulary.EVENTS, vocabulary.SKIPS, vocabulary.REPORTS, vocabulary.DEVICE_PARTS, vocabulary.READBACK_PARTS, vocabulary.CAUSES, vocabulary.ERRORS,
    vocabulary.KEYS, vocabulary.DAYS, [row[0] for row in vocabulary.SETTINGS], *[row[1] for row in vocabulary.SETTINGS],
    _STATES, _STATUSES, _TYPES, _FATES) for word in table if isinstance(word, str))
# Names of what the formatter tells, and of a request.
FIELDS = frozenset("""
type state code status reason fault ev_connected enable_input time_known override current_limit_a current_a power_kw session_kwh energy_estimated
plan_hash command command_id result detail setting refused counted part page pages boot_cause firmware commit uptime_min charger_id model
charger_firmware max_current_a key meter starts_after_power_cycle upstream_timeout bus_errors commands_refused bad_downlinks resets store_failures
closings_today crashes joins airtime_s uplinks downlinks clock_drift_ppm data_rate error line module energy_total_kwh session_number session_open
started_at duration_min windows timezone_part settings holder until kwh_left event event_number kwh minutes event_at device_time answer_required
token days from to plan timezone time mode what window id issued_at expires_in_s
""".split()) | {row[0] for row in vocabulary.SETTINGS}
# Versions, bytes in hex, clocks, days of a plan, and rules of a time zone, which name no place.
_PATTERNS = (r"\d{1,3}\.\d{1,3}(\.\d{1,3})?", r"[0-9A-Fa-f]{2}", r"\d\d?:\d\d", r"(mon|tue|wed|thu|fri|sat|sun|[-, ]){3,40}|daily|all",
             r"<[+-]\d{2,6}>[+-]?\d{1,2}(:\d\d){0,2}(<[+-]\d{2,6}>([+-]?\d{1,2}(:\d\d){0,2})?)?",
             r"(M\d{1,2}\.\d\.\d|J?\d{1,3})(/-?\d{1,3}(:\d\d){0,2})?")
_ALLOWED = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.ASCII)
# These have texts of their own: a model of the box, four hex digits, and the name of a file of the firmware.
_OWN = {"model": re.compile(r"\d[A-Z]\d{4}", re.ASCII),
        "commit": re.compile(r"[0-9a-f]{4}", re.ASCII), "module": re.compile(r"[a-z_0-9]{1,20}", re.ASCII)}


def report(connection, service, now_ms):
    """The file's contents, as plain data."""
    settings = service.settings
    people = {}
    return {
        "about": "EV charger monitor: what happened, for a bug report. Keys, places, names and addresses are not in it.",
        "made_at": time_zones.utc(now_ms // 1000).isoformat(), "versions": versions(connection), "settings": of_settings(settings),
        "devices": [of_device(connection, service, device, number, people) for number, device in enumerate(settings.devices, 1)],
    }


def text(connection, service, now_ms):
    return json.dumps(report(connection, service, now_ms), indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def versions(connection):
    return {"monitor": VERSION, "python": platform.python_version(), "sqlalchemy": sqlalchemy.__version__, "store": database.version(connection),
            "database": connection.dialect.name}


def of_settings(settings):
    """How the service is set, without what names somebody or something of the house."""
    return {
        "networks": [{"network": number, "kind": one.kind, "tls": one.tls, "has_key": bool(one.key), "has_storage": bool(one.storage_url)}
                     for number, one in enumerate(settings.networks, 1)],
        "store": {"kind": settings.store.url.partition(":")[0].partition("+")[0], "raw_days": settings.store.raw_days},
        "house_mqtt": settings.house_mqtt is not None,
        "tariff": [{"part": one.part, "has_source": bool(one.source), "windows": len(one.windows)} for one in settings.tariff],
        "notify": {"messages": len(settings.notify.urls)},
    }


def of_device(connection, service, device, number, people):
    """What one device said and was asked."""
    key = service.key(device)
    network = kinds.of(service.settings.network(device.network))
    networks = [network.name for network in service.settings.networks]
    return {
        "device": number, "network": networks.index(device.network) + 1, "network_connected": service.is_up[device.network],
        "newest": [{"what": kind(name), "received_ms": received_ms, "decoded": kept(data)}
                   for name, (received_ms, data) in sorted(queries.newest(connection, key).items())],
        "uplinks": [of_uplink(row, message, network) for row, message in span_queries.newest_uplinks(connection, key, UPLINKS)],
        "commands": [of_command(row, people) for row in commands.recent(connection, key, COMMANDS)],
    }


def of_uplink(row, message, network):
    """network: the module of its kind."""
    return {"received_ms": row.received_ms, "f_port": row.f_port, "f_cnt": row.f_cnt, "rssi": row.rssi, "snr": row.snr,
            "spreading_factor": row.spreading_factor, "airtime_ms": row.airtime_ms, "gateways": row.gateways,
            "decoded": kept(network.decoded(message))}


def of_command(row, people):
    """Who asked becomes a number."""
    return {
        "at_ms": row.at_ms, "who": people.setdefault(row.who, len(people) + 1), "name": kept(row.name), "command_id": kept(row.command_id),
        "issued_at": kept(row.issued_at), "expires_at": kept(row.expires_at), "fate": kept(row.fate), "detail": kept(row.detail),
        "changed_ms": row.changed_ms, "sends": row.sends, "request": kept(row.request)}


def kind(name):
    """"device.radio.6", as far as its words are ours."""
    return ".".join(one if one in WORDS or re.fullmatch(r"\d{1,2}", one, re.ASCII) else REMOVED for one in name.split("."))


def kept(value, name="", depth=0):
    """The value without any text that may name somebody, something or a place."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) < 1e300 else REMOVED
    if isinstance(value, str):
        own = _OWN.get(name)
        return value if value in WORDS or (len(value) <= _LONGEST_NAME and (own or _ALLOWED).fullmatch(value)) else REMOVED
    if depth >= _DEEP:
        return REMOVED
    if isinstance(value, dict):
        return {field: kept(one, field, depth + 1) for field, one in list(value.items())[:_WIDE] if field in FIELDS}
    if isinstance(value, (list, tuple)):
        return [kept(one, name, depth + 1) for one in value[:_WIDE]]
    return REMOVED
