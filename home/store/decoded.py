"""What an uplink says, as rows of tables. The words come from the air and from other people's programs: what is not of its kind is left out."""
import json

from home import sessions

_TEXT_MAX = 2000
# States in which nothing flows. Every uplink has the state of the moment.
_AT_REST = ("Not Connected", "Connected and Locked", "Charged", "Disabled")
# An event that is told later says nothing of the present session.
_SOON_MS = 10 * 60_000
_WH_MAX = 1 << 50
# Of what is shown: no field, list or number of the payload goes that far.
_DEEP, _WIDE, _NUMBER_MAX = 6, 64, 1e15


def kind(uplink):
    """Under which name the newest of its kind is kept: "status", "device.boot", "readback.plan.2", ...; None without data."""
    data = uplink.decoded
    if data is None or not text(data.get("type"), 16):
        return None
    names = [text(data["type"], 16), text(data.get("part"), 16)]
    page = data.get("page")
    if page not in (None, 1) and _whole(page, 15):
        names.append(str(int(page)))
    return ".".join(name for name in names if name)


def reading(uplink):
    """A row of `reading`, or None."""
    data = uplink.decoded or {}
    if data.get("type") not in ("status", "legacy") or not text(data.get("state"), 24):
        return None
    power = number(data.get("power_kw"), 1000)
    return {
        "at_ms": uplink.received_ms, "state": text(data["state"], 24), "code": text(data.get("code"), 2), "reason": text(data.get("reason"), 24),
        "connected": flag(data.get("ev_connected")), "limit_a": number(data.get("current_limit_a"), 1000),
        "power_w": None if power is None else round(1000 * power), "session_wh": wh(data.get("session_kwh")),
        "estimated": flag(data.get("energy_estimated")),
    }


def event(uplink):
    """A row of `event`, or None."""
    data = uplink.decoded or {}
    if data.get("type") != "event" or not text(data.get("event"), 32):
        return None
    return {
        "received_ms": uplink.received_ms, "at_ms": instant_ms(data.get("event_at")), "event": text(data["event"], 32),
        "number": _whole(data.get("event_number"), 255), "code": text(data.get("code"), 2), "reason": text(data.get("reason"), 24),
        "wh": wh(data.get("kwh")), "minutes": _whole(data.get("minutes"), 65535),
    }


def record(uplink):
    """A sessions.Record, or None."""
    data = uplink.decoded or {}
    wire_number = _whole(data.get("session_number"), sessions.WRAP - 1)
    if data.get("type") != "session" or wire_number is None:
        return None
    return sessions.Record(wire_number, instant_ms(data.get("started_at")), _whole(data.get("duration_min"), 65535), wh(data.get("session_kwh")),
                           flag(data.get("energy_estimated")) or False, text(data.get("reason"), 24), uplink.received_ms)


def total(uplink):
    """(total Wh, wire number of the latest session or None, whether it goes on or None) of the device's counter, or None."""
    data = uplink.decoded or {}
    told = wh(data.get("energy_total_kwh"))
    if told is None:
        return None
    latest = _whole(data.get("session_number"), 65535)
    return told, None if latest is None else latest % sessions.WRAP, flag(data.get("session_open"))


def rest(uplink):
    """(Wh of the session or None,) if an uplink that is no status says that nothing flows, else None."""
    data = uplink.decoded or {}
    if data.get("type") in ("status", "legacy") or data.get("state") not in _AT_REST:
        return None
    found = event(uplink)
    is_its = found and found["event"] == "finished" and found["at_ms"] and 0 <= uplink.received_ms - found["at_ms"] <= _SOON_MS
    return (found["wh"] if is_its else None,)


def as_text(data):
    """Decoded data for a column of text."""
    made = json.dumps(data, separators=(",", ":"))
    return made if len(made) <= _TEXT_MAX else "{}"


def believed(data):
    """Decoded data as it may be shown: what docs/payload.md knows is of its kind or left out, no number is beyond all reason, and each text
    is one that every page and database takes. Words of a newer device stay."""
    if not isinstance(data, dict):
        return {}
    shown = {name: _shown(value) for name, value in list(data.items())[:_WIDE] if isinstance(name, str)}
    return {_plain(name): value for name, value in shown.items() if value is None or name not in _OF_KIND or _OF_KIND[name](value)}


def _shown(value, depth=0):
    if isinstance(value, str):
        return _plain(value)[:_TEXT_MAX]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value if abs(value) <= _NUMBER_MAX else None
    if isinstance(value, list):
        return [_shown(one, depth + 1) for one in value[:_WIDE]] if depth < _DEEP else None
    if isinstance(value, dict):
        return {_plain(str(name)): _shown(one, depth + 1) for name, one in list(value.items())[:_WIDE]} if depth < _DEEP else None
    return value


def _plain(value):
    return value.encode("utf-8", "replace").decode().replace("\0", "")


def _is_text(value):
    return isinstance(value, str)


def _is_number(most):
    return lambda value: number(value, most) is not None


def _is_whole(most):
    return lambda value: isinstance(value, int) and _whole(value, most) is not None


_OF_KIND = {
    **dict.fromkeys("type part state code status reason fault fault_text override command result detail boot_cause firmware commit model serial"
                    " charger_firmware key holder event error timezone_part".split(), _is_text),
    **dict.fromkeys("power_kw session_kwh kwh kwh_left energy_total_kwh current_limit_a airtime_s".split(), _is_number(1e9)),
    **dict.fromkeys("page pages plan_hash".split(), _is_whole(255)),
    **dict.fromkeys("downlinks joins uplinks".split(), _is_whole((1 << 32) - 1)),
    **dict.fromkeys("until started_at event_at device_time issued_at".split(), lambda value: isinstance(value, (int, str))),
    "uptime_min": _is_whole(10_000_000),
}


def text(value, longest):
    """A short text that every database takes, or None."""
    if not isinstance(value, str) or not value:
        return None
    return value.encode("utf-8", "replace").decode().replace("\0", "")[:longest] or None


def number(value, most):
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= most else None


def flag(value):
    return value if isinstance(value, bool) else None


def wh(kwh):
    found = number(kwh, _WH_MAX / 1000)
    return None if found is None or found < 0 else round(1000 * found)


def instant_ms(seconds):
    found = _whole(seconds, (1 << 32) - 1)
    return found * 1000 if found else None


def _whole(value, most):
    found = number(value, most)
    return None if found is None or found < 0 or found != int(found) else int(found)
