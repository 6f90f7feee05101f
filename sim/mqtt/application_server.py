"""MQTT client of the application server, on any broker, by paho; and The Things Stack's touch to what it publishes.

v3/{application}@{tenant}/devices/{device}/... : up, join and down/queued, sent, ack, nack, failed are published (QoS 0, not
retained), down/push and down/replace are subscribed; ChirpStack's topics are in sim/mqtt/network_dialects.py. The connection is kept up by paho's
thread; what comes in is handed to deliver() in that thread, unread.
"""

import json
import threading
from base64 import b64decode

import paho.mqtt.client as paho

PORT = 1883
KEEP_ALIVE_S = 30
RETRY_S = (1, 15)
_BODIES = ('downlink_queued', 'downlink_sent', 'downlink_ack', 'downlink_nack')


def address(text):
    """(host, port) of 'HOST', 'HOST:PORT' or '[V6]:PORT'; ValueError otherwise."""
    host, colon, port = text.rpartition(':')
    if not colon or text.endswith(']'):
        host, port = text, str(PORT)
    host = host.strip('[]')
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError('must be HOST:PORT, as 192.168.1.10:1883')
    return host, int(port)


def topic_of(application, tenant, device):
    """What stands before the suffix. A tenant of '' is a stack without tenants."""
    user = application + '@' + tenant if tenant else application
    return 'v3/%s/devices/%s/' % (user, device)


class ApplicationServer:
    """One device on one broker.

    deliver(replace, body) is called from another thread with the bytes of a push or replace. connected: the broker is there.
    commands: the ends of the topics that bring them. ignores_retained: one that the broker kept is none.
    """

    def __init__(self, host, port, topic, deliver, commands=('down/push', 'down/replace'), ignores_retained=True):
        self.host = host
        self.port = port
        self.topic = topic
        self.connected = False
        self.ready = False      # subscribed: a push published now arrives
        self._deliver = deliver
        self._commands = commands
        self._ignores_retained = ignores_retained
        self._settled = threading.Event()   # subscribed, or refused for the first time
        self._client = client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        client.on_connect = self._on_connect
        client.on_connect_fail = lambda client, userdata: self._settled.set()
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.reconnect_delay_set(*RETRY_S)

    def start(self, patience_s=0):
        """Connect, now or as soon as the broker is there, and stay connected. Waits at most that long for the first time."""
        self._client.connect_async(self.host, self.port, KEEP_ALIVE_S)
        self._client.loop_start()
        self._settled.wait(patience_s)

    def stop(self):
        """Disconnect and end the thread."""
        self._client.disconnect()
        self._client.loop_stop()
        self.connected = self.ready = False

    def publish(self, suffix, message):
        """Publish a JSON-able message; without a broker it is lost, as with any client of QoS 0."""
        if self.connected:
            self._client.publish(self.topic + suffix, json.dumps(message, separators=(',', ':')))

    def _on_connect(self, client, userdata, flags, reason, properties):
        if reason.is_failure:
            self._settled.set()
            return
        self.connected = True
        client.subscribe([(self.topic + command, 0) for command in self._commands])

    def _on_subscribe(self, client, userdata, mid, reasons, properties):
        self.ready = self.connected and not any(reason.is_failure for reason in reasons)
        self._settled.set()

    def _on_disconnect(self, client, userdata, flags, reason, properties):
        self.connected = self.ready = False

    def _on_message(self, client, userdata, message):
        # The Things Stack knows no retained messages; one left on a broker would be a command repeated at every start.
        if not (message.retain and self._ignores_retained):
            self._deliver(message.topic.endswith('/replace'), message.payload)


def with_decoded(message, formatter):
    """A downlink's message with decoded_payload beside frm_payload, where decodeDownlink can read it."""
    for name, body in message.items():
        if name == 'downlink_failed':
            return dict(message, downlink_failed=dict(body, downlink=_decoded(body['downlink'], formatter)))
        if name in _BODIES:
            return dict(message, **{name: _decoded(body, formatter)})
    return message


def with_ids(message, application, device):
    """The message with the ids of the topic it goes to."""
    ids = dict(message['end_device_ids'], device_id=device, application_ids={'application_id': application})
    return dict(message, end_device_ids=ids)


def payload_of(downlink):
    """The bytes of a downlink in a message of the stack."""
    return b64decode(downlink.get('frm_payload', ''))


def _decoded(downlink, formatter):
    payload = payload_of(downlink)
    output = formatter.decode_downlink(downlink['f_port'], payload) if payload and 'f_port' in downlink else {}
    return dict(downlink, decoded_payload=output['data']) if 'data' in output and not output.get('errors') else downlink
