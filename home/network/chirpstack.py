"""ChirpStack v4: its MQTT topics, and its JSON turned into an Uplink. Facts: its documentation (integrations/events and mqtt), its
integration.proto and source; docs/chirpstack.md has what it cannot do.

Zeros, false and empty texts are left out of its messages; numbers in `object` are doubles (16.0); bytes are base64. It tells nothing of what it
takes into its queue, and what its codec refuses of a request stands in its own log alone. What a queued downlink is called, its UUID, we choose:
from the request's own identity, so that a request that is handed over twice waits but once, and each event about it says which one it is.
"""
import base64
import datetime
import json
import re
import zlib

from home import firmware  # noqa: F401  lorawan is importable from here on
from home.network.json_values import count, instant_ms, name, number, objects, payload, spreading_factor, strongest, within
from home.network.limits import Limits
from home.network.uplink import Downlink, NotUnderstood, Uplink, digest, f_port_of
from lorawan.airtime import FRAME_OVERHEAD, airtime_ms

# The owner's own gateway: the law's limits alone, and the 24 s of airtime that the device allows itself.
LIMITS = Limits()
UP = "event/up"
HEARD = (UP, "event/txack", "event/log", "command/down")
SAYS_QUEUED = False
KEEPS_UPLINKS = False
AT_LOGIN = "Are user and key_file those of ChirpStack's broker?"
AT_SUBSCRIBING = "the broker's rules (ACL) do not let this user read application/#"
AT_SENDING = ""
AT_DECODING = "has no object: is ttn/formatter.js the codec of its device profile? It is kept as it came"

_APPLICATION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DEVICE = re.compile(r"[0-9a-f]{16}")
# What a log event says of a downlink that is in the queue no more; of another code it is the word that is shown.
_OVERDUE = "EXPIRED"
# A UUID of ours: this, four digits for what is asked, version and variant, the request's id and its time of issue.
MARK = "e7c4a9e0"
_OURS = re.compile(MARK + r"-[0-9a-f]{4}-4000-8000-00([0-9a-f]{2})([0-9a-f]{8})")


def problems(application, device_ids):
    """What is wrong with these ids."""
    found = []
    if application and not _APPLICATION.fullmatch(application):
        found.append(("application", f"{application!r} is no application of ChirpStack: a UUID, as its page shows it, in lower case"))
    found += [("device", f"{one!r} is no DevEUI: 16 digits 0-9 and a-f, in lower case") for one in device_ids if not _DEVICE.fullmatch(one)]
    return found


def login(network):
    """(user, password), or None for a broker that asks for none."""
    return (network.user, network.key) if network.user else None


def topic(network, device_id, suffix):
    return f"application/{network.application}/device/{device_id}/{suffix}"


def requests(network, device_id):
    """Topics that bring requests to the device."""
    return [topic(network, device_id, "command/down")]


def subscriptions(network, device_ids):
    return [topic(network, device_id, suffix) for device_id in device_ids for suffix in HEARD]


def place(network, text):
    """(device id, suffix) of a topic, or None if it is not of this application."""
    before = f"application/{network.application}/device/"
    device_id, slash, suffix = text.removeprefix(before).partition("/")
    return (device_id, suffix) if text.startswith(before) and slash else None


def push(network, device_id, request, correlation_id, expires_at=None):
    """(topic, body) of a downlink in the formatter's words. correlation_id: has no place here. expires_at: UTC seconds."""
    body = {"devEui": device_id, "fPort": f_port_of(request), "object": request}
    if isinstance(request.get("issued_at"), int) and isinstance(request.get("id"), int):
        body["id"] = queue_id(request)
    if expires_at is not None:
        body["expiresAt"] = datetime.datetime.fromtimestamp(expires_at, datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    return topic(network, device_id, "command/down"), json.dumps(body)


# Only its API empties the queue.
replace = None


def queue_id(request):
    """The UUID of a request with an id and a time of issue."""
    words = json.dumps({name: value for name, value in request.items() if name not in ("id", "issued_at")}, sort_keys=True)
    return f"{MARK}-{zlib.crc32(words.encode()) & 0xFFFF:04x}-4000-8000-00{request['id'] & 0xFF:02x}{request['issued_at'] & 0xFFFFFFFF:08x}"


def identity(text):
    """(id, issued_at) of a UUID of ours, or None."""
    found = _OURS.fullmatch(text) if isinstance(text, str) else None
    return (int(found[1], 16), int(found[2], 16)) if found else None


def told(suffix, given):
    """("asked", "sent", "expired" or "failed", Downlink) of a message about a downlink, or None."""
    if suffix == "command/down":
        return "asked", _asked(given)
    if suffix == "event/txack":
        return "sent", _named(given.get("queueItemId"))
    item, code = within(given, "context", "queue_item_id"), given.get("code")
    if suffix == "event/log" and item and isinstance(code, str):
        return "expired" if code == _OVERDUE else "failed", _named(item, code[:60])
    return None


def _named(item_id, error=None):
    return Downlink(0, b"", [], error, {"frm_payload": ""}, identity(item_id))


def _asked(given):
    """The Downlink of a command of whatever program."""
    words = given.get("object")
    f_port = count(_plain(given.get("fPort", 0))) & 0xFF
    data = payload(given.get("data") or "")[:255]
    if isinstance(words, dict):
        return Downlink(f_port, b"", [], None, {"frm_payload": ""}, identity(given.get("id")), _plain(words))
    if not data:
        raise NotUnderstood("no downlink in it")
    return Downlink(f_port, data, [], None, {"frm_payload": base64.b64encode(data).decode()}, identity(given.get("id")))


def uplink(given, text=None):
    """The Uplink of a message on event/up; NotUnderstood if it is none. text: the message as it came."""
    device_id, received_ms = within(given, "deviceInfo", "devEui"), instant_ms(given.get("time"))
    if not isinstance(device_id, str) or "txInfo" not in given and "rxInfo" not in given:
        raise NotUnderstood("no uplink of a device in it")
    if received_ms is None:
        raise NotUnderstood("it does not say when it was received")
    data, f_port, f_cnt = payload(given.get("data") or ""), count(given.get("fPort", 0)), count(given.get("fCnt", 0))
    address = given.get("devAddr")
    is_known = isinstance(address, str) and re.fullmatch(r"[0-9a-f]{8}", address)
    lora = within(given, "txInfo", "modulation", "lora")
    factor, bandwidth = spreading_factor(within(lora, "spreadingFactor")), within(lora, "bandwidth")
    is_lora = factor and isinstance(bandwidth, int) and bandwidth in (125_000, 250_000, 500_000)
    received = gateways(given)
    best = strongest(received) or (None, None, None)
    return Uplink(
        device_id, f"{address}/{f_cnt}" if is_known else digest(f_cnt, f_port, data, received_ms), received_ms, f_port, f_cnt, data,
        decoded(given) or None, json.dumps(given, separators=(",", ":")) if text is None else text, best[1], best[2], factor,
        # It tells none; MAC answers, which travel with some, are not reckoned with.
        airtime_ms(factor, bandwidth // 1000, FRAME_OVERHEAD - (not data) + len(data)) if is_lora else None, len(objects(given.get("rxInfo"))))


def gateways(given):
    """[(id, rssi or None, snr or None)] of those that received an uplink; given: a message as parsed. An SNR of 0 is left out of it."""
    return [(its, number(one.get("rssi")), number(one.get("snr", 0)))
            for one in objects(given.get("rxInfo")) if (its := name(one.get("gatewayId"))) is not None]


def decoded(given):
    """What the codec made of an uplink, with whole numbers as such; {} where it made nothing. given: a message as parsed."""
    data = given.get("object") if isinstance(given, dict) else None
    return _plain(data) if isinstance(data, dict) else {}


def _plain(value, depth=0):
    """A value of google.protobuf.Struct as the formatter gave it: 16.0 is 16."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return int(value)
    if depth < 20 and isinstance(value, dict):
        return {name: _plain(one, depth + 1) for name, one in value.items()}
    if depth < 20 and isinstance(value, list):
        return [_plain(one, depth + 1) for one in value]
    return value
