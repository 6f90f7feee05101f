"""The Things Stack v3: its MQTT topics, and its JSON turned into an Uplink. Facts: its documentation, integrations/data-formats and mqtt.

Zeros are left out of its messages (f_cnt 0, f_port 0); times are RFC 3339 with nanoseconds; bytes are base64.
"""
import base64
import binascii
import datetime
import json
import re

from home.network.uplink import Downlink, NotUnderstood, Uplink, digest

RIGHT_TO_READ = "RIGHT_APPLICATION_TRAFFIC_READ (Read application traffic)"
RIGHT_TO_WRITE = "RIGHT_APPLICATION_TRAFFIC_DOWN_WRITE (Write downlink application traffic)"
# down/push and down/replace are not among them: the stack lets nobody read these, and says on down/queued what it took.
HEARD = ("up", "down/queued", "down/sent", "down/failed")
F_PORT = 20
MODE_PORT = 1
PRIORITIES = ("LOWEST", "LOW", "BELOW_NORMAL", "NORMAL", "ABOVE_NORMAL", "HIGH", "HIGHEST")
# Correlation ids that the stack adds by itself begin so.
_ITS_OWN = ("as:", "gs:", "ns:", "js:", "rpc:")
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_SECONDS = re.compile(r"(\d{1,6}(?:\.\d{1,12})?)s", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9+/=_-]{1,64}")
_LONGEST = 200_000      # of a message, in characters


def user(network):
    """The name to log in with, which is also the application's place in topics."""
    return f"{network.application}@{network.tenant}" if network.tenant else network.application


def login(network):
    """(user, password), or None for a broker in the house that asks for none."""
    return (network.user or user(network), network.key) if network.key else None


def topic(network, device_id, suffix):
    return f"v3/{user(network)}/devices/{device_id}/{suffix}"


def subscriptions(network, device_ids):
    return [topic(network, device_id, suffix) for device_id in device_ids for suffix in HEARD]


def place(network, text):
    """(device id, suffix) of a topic, or None if it is not of this application."""
    before = f"v3/{user(network)}/devices/"
    device_id, slash, suffix = text.removeprefix(before).partition("/")
    return (device_id, suffix) if text.startswith(before) and slash else None


def push(network, device_id, request, correlation_id):
    """(topic, body) of a downlink in the formatter's words."""
    f_port = MODE_PORT if "mode" in request else F_PORT
    downlink = {"f_port": f_port, "decoded_payload": request, "priority": "NORMAL", "correlation_ids": [correlation_id]}
    return topic(network, device_id, "down/push"), json.dumps({"downlinks": [downlink]})


def payload(item):
    """The bytes of a Downlink.item."""
    return base64.b64decode(item["frm_payload"])


def replace(network, device_id, items):
    """(topic, body) of what is to wait in the queue instead of all that waits. items: as in Downlink.item."""
    return topic(network, device_id, "down/replace"), json.dumps({"downlinks": items})


def correlation_ids(given):
    """Of the downlink that a message on down/... is about."""
    ids = _within(_downlink(given), "correlation_ids")
    return [one for one in ids if isinstance(one, str)] if isinstance(ids, list) else []


def downlink(given):
    """The Downlink that a message on down/... is about; NotUnderstood if there is none in it."""
    found = _downlink(given)
    if not isinstance(found, dict):
        raise NotUnderstood("no downlink in it")
    payload = _bytes(found.get("frm_payload", ""))[:255]
    f_port, ids = _count(found.get("f_port", 0)) & 0xFF, correlation_ids(given)
    error = _within(given, "downlink_failed", "error", "name")
    item = {"f_port": f_port, "frm_payload": base64.b64encode(payload).decode(), "confirmed": found.get("confirmed") is True,
            "priority": found["priority"] if found.get("priority") in PRIORITIES else PRIORITIES[0],
            "correlation_ids": [one[:100] for one in ids if not one.startswith(_ITS_OWN)][:10]}
    return Downlink(f_port, payload, ids, error if isinstance(error, str) else None, item)


def _downlink(given):
    return next((found for name in ("downlink_queued", "downlink_sent") if (found := _within(given, name))), None) or _within(
        given, "downlink_failed", "downlink")


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


def uplink(given, text=None):
    """The Uplink of a message on up, or of a stored one; NotUnderstood if it is none. text: the message as it came."""
    device_id = _within(given, "end_device_ids", "device_id")
    body = given.get("uplink_message")
    if not isinstance(device_id, str) or not isinstance(body, dict):
        raise NotUnderstood("no uplink of a device in it")
    payload = _bytes(body.get("frm_payload", ""))
    f_port, f_cnt = _count(body.get("f_port", 0)), _count(body.get("f_cnt", 0))
    received_ms = instant_ms(body.get("received_at")) or instant_ms(given.get("received_at"))
    if received_ms is None:
        raise NotUnderstood("it does not say when it was received")
    session = body.get("session_key_id") or _within(given, "end_device_ids", "dev_addr")
    is_known = isinstance(session, str) and _KEY.fullmatch(session)
    identity = f"{session}/{f_cnt}" if is_known else digest(f_cnt, f_port, payload, received_ms)
    decoded = body.get("decoded_payload")
    receptions = [one for one in body.get("rx_metadata") or () if isinstance(one, dict)] if isinstance(body.get("rx_metadata"), list) else []
    best = max(receptions, key=lambda one: (_number(one.get("snr")) or -999, _number(one.get("rssi")) or -999), default={})
    seconds = _SECONDS.fullmatch(str(body.get("consumed_airtime", "")))
    return Uplink(
        device_id, identity, received_ms, f_port, f_cnt, payload, decoded if isinstance(decoded, dict) else None,
        json.dumps(given, separators=(",", ":")) if text is None else text,
        _number(best.get("rssi")), _number(best.get("snr")), _sf(body), round(1000 * float(seconds[1])) if seconds else None, len(receptions))


def gateways(given):
    """[(id, rssi or None, snr or None)] of those that received an uplink; given: a message as parsed."""
    receptions = _within(given, "uplink_message", "rx_metadata")
    found = []
    for one in receptions if isinstance(receptions, list) else ():
        name = _within(one, "gateway_ids", "gateway_id")
        if isinstance(name, str) and name:
            found.append((name[:64].encode("utf-8", "replace").decode(), _number(one.get("rssi")), _number(one.get("snr"))))
    return found


def decoded(given):
    """What the formatter made of an uplink; {} where it made nothing. given: a message as parsed."""
    data = _within(given, "uplink_message", "decoded_payload")
    return data if isinstance(data, dict) else {}


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


def _within(given, *names):
    for name in names:
        given = given.get(name) if isinstance(given, dict) else None
    return given


def _bytes(text):
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise NotUnderstood("frm_payload is no base64") from None


def _count(value):
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 32:
        raise NotUnderstood("a count that is none")
    return value


def _number(value):
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e6 else None


def _sf(body):
    found = _within(body, "settings", "data_rate", "lora", "spreading_factor")
    return found if isinstance(found, int) and not isinstance(found, bool) and 5 <= found <= 12 else None
