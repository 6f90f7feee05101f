"""The Things Stack v3: its MQTT topics, and its JSON turned into an Uplink. Facts: its documentation, integrations/data-formats and mqtt.

Zeros are left out of its messages (f_cnt 0, f_port 0); times are RFC 3339 with nanoseconds; bytes are base64.
"""
import base64
import json
import re

from home.network.json_values import count, instant_ms, name, number, objects, payload as bytes_of, spreading_factor, strongest, within
from home.network.limits import Limits
from home.network.uplink import Downlink, NotUnderstood, Uplink, digest, f_port_of

# Fair use of the free plan: 30 s on the air, ten downlinks, of which the house keeps two for what is urgent.
LIMITS = Limits(airtime_s=30, downlinks=10, ordinary=8)

RIGHT_TO_READ = "RIGHT_APPLICATION_TRAFFIC_READ (Read application traffic)"
RIGHT_TO_WRITE = "RIGHT_APPLICATION_TRAFFIC_DOWN_WRITE (Write downlink application traffic)"
# down/push and down/replace are not among them: the stack lets nobody read these, and says on down/queued what it took.
UP = "up"
HEARD = (UP, "down/queued", "down/sent", "down/failed")
SAYS_QUEUED = True
KEEPS_UPLINKS = True
AT_LOGIN = "Is it this application's key that key_file holds?"
AT_SUBSCRIBING = f"the key lacks the right {RIGHT_TO_READ}"
AT_SENDING = f"Does the key have the right {RIGHT_TO_WRITE}, and the device the newest ttn/formatter.js?"
AT_DECODING = "has no decoded_payload: is ttn/formatter.js set for the device? It is kept as it came"
PRIORITIES = ("LOWEST", "LOW", "BELOW_NORMAL", "NORMAL", "ABOVE_NORMAL", "HIGH", "HIGHEST")
# Correlation ids that the stack adds by itself begin so.
_ITS_OWN = ("as:", "gs:", "ns:", "js:", "rpc:")
_SECONDS = re.compile(r"(\d{1,6}(?:\.\d{1,12})?)s", re.ASCII)
_KEY = re.compile(r"[A-Za-z0-9+/=_-]{1,64}")


def problems(application, device_ids):
    """Nothing that home/setting_checks.py has not said."""
    return []


def user(network):
    """The name to log in with, which is also the application's place in topics."""
    return f"{network.application}@{network.tenant}" if network.tenant else network.application


def login(network):
    """(user, password), or None for a broker in the house that asks for none."""
    return (network.user or user(network), network.key) if network.key else None


def topic(network, device_id, suffix):
    return f"v3/{user(network)}/devices/{device_id}/{suffix}"


def requests(network, device_id):
    """Topics that bring requests to the device."""
    return [topic(network, device_id, suffix) for suffix in ("down/push", "down/replace")]


def subscriptions(network, device_ids):
    return [topic(network, device_id, suffix) for device_id in device_ids for suffix in HEARD]


def place(network, text):
    """(device id, suffix) of a topic, or None if it is not of this application."""
    before = f"v3/{user(network)}/devices/"
    device_id, slash, suffix = text.removeprefix(before).partition("/")
    return (device_id, suffix) if text.startswith(before) and slash else None


def push(network, device_id, request, correlation_id, expires_at=None):
    """(topic, body) of a downlink in the formatter's words. expires_at: has no place here; the device knows it by the request."""
    downlink = {"f_port": f_port_of(request), "decoded_payload": request, "priority": "NORMAL", "correlation_ids": [correlation_id]}
    return topic(network, device_id, "down/push"), json.dumps({"downlinks": [downlink]})


def replace(network, device_id, items):
    """(topic, body) of what is to wait in the queue instead of all that waits. items: as in Downlink.item."""
    return topic(network, device_id, "down/replace"), json.dumps({"downlinks": items})


def correlation_ids(given):
    """Of the downlink that a message on down/... is about."""
    ids = within(_downlink(given), "correlation_ids")
    return [one for one in ids if isinstance(one, str)] if isinstance(ids, list) else []


def downlink(given):
    """The Downlink that a message on down/... is about; NotUnderstood if there is none in it."""
    found = _downlink(given)
    if not isinstance(found, dict):
        raise NotUnderstood("no downlink in it")
    payload = bytes_of(found.get("frm_payload", ""))[:255]
    f_port, ids = count(found.get("f_port", 0)) & 0xFF, correlation_ids(given)
    error = within(given, "downlink_failed", "error", "name")
    item = {"f_port": f_port, "frm_payload": base64.b64encode(payload).decode(), "confirmed": found.get("confirmed") is True,
            "priority": found["priority"] if found.get("priority") in PRIORITIES else PRIORITIES[0],
            "correlation_ids": [one[:100] for one in ids if not one.startswith(_ITS_OWN)][:10]}
    return Downlink(f_port, payload, ids, error if isinstance(error, str) else None, item)


def _downlink(given):
    return next((found for name in ("downlink_queued", "downlink_sent") if (found := within(given, name))), None) or within(
        given, "downlink_failed", "downlink")


def told(suffix, given):
    """("queued", "sent" or "failed", Downlink) of a message about a downlink, or None."""
    what = suffix.removeprefix("down/")
    return (what, downlink(given)) if what != suffix and suffix in HEARD else None


def uplink(given, text=None):
    """The Uplink of a message on up, or of a stored one; NotUnderstood if it is none. text: the message as it came."""
    device_id = within(given, "end_device_ids", "device_id")
    body = given.get("uplink_message")
    if not isinstance(device_id, str) or not isinstance(body, dict):
        raise NotUnderstood("no uplink of a device in it")
    payload = bytes_of(body.get("frm_payload", ""))
    f_port, f_cnt = count(body.get("f_port", 0)), count(body.get("f_cnt", 0))
    received_ms = instant_ms(body.get("received_at")) or instant_ms(given.get("received_at"))
    if received_ms is None:
        raise NotUnderstood("it does not say when it was received")
    session = body.get("session_key_id") or within(given, "end_device_ids", "dev_addr")
    is_known = isinstance(session, str) and _KEY.fullmatch(session)
    identity = f"{session}/{f_cnt}" if is_known else digest(f_cnt, f_port, payload, received_ms)
    decoded = body.get("decoded_payload")
    receptions = [(None, number(one.get("rssi")), number(one.get("snr"))) for one in objects(body.get("rx_metadata"))]
    best = strongest(receptions) or (None, None, None)
    seconds = _SECONDS.fullmatch(str(body.get("consumed_airtime", "")))
    return Uplink(
        device_id, identity, received_ms, f_port, f_cnt, payload, decoded if isinstance(decoded, dict) else None,
        json.dumps(given, separators=(",", ":")) if text is None else text,
        best[1], best[2], _sf(body), round(1000 * float(seconds[1])) if seconds else None, len(receptions))


def gateways(given):
    """[(id, rssi or None, snr or None)] of those that received an uplink; given: a message as parsed."""
    return [(its, number(one.get("rssi")), number(one.get("snr"))) for one in objects(within(given, "uplink_message", "rx_metadata"))
            if (its := name(within(one, "gateway_ids", "gateway_id"))) is not None]


def decoded(given):
    """What the formatter made of an uplink; {} where it made nothing. given: a message as parsed."""
    data = within(given, "uplink_message", "decoded_payload")
    return data if isinstance(data, dict) else {}


def _sf(body):
    return spreading_factor(within(body, "settings", "data_rate", "lora", "spreading_factor"))
