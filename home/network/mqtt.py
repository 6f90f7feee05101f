"""The line to a network's broker: paho, which connects again by itself and waits longer each time, and what refusals mean in words."""
import secrets
import ssl

import paho.mqtt.client as paho

from home.network import the_things_stack

KEEP_ALIVE_S = 60
RETRY_S = (2, 300)


class Line:
    """One network. hear(topic, body) gets what comes, in paho's thread; state(is_up, sentence) is told what becomes of the line, once a change."""

    def __init__(self, network, device_ids, hear, state):
        self._network = network
        self._topics = the_things_stack.subscriptions(network, device_ids)
        self._hear, self._state = hear, state
        self._said = None
        self._where = f"{network.name}: {network.host}:{network.port}"
        self._client = client = paho.Client(paho.CallbackAPIVersion.VERSION2, f"home-{secrets.token_hex(6)}")
        login = the_things_stack.login(network)
        if login:
            client.username_pw_set(*login)
        if network.tls:
            client.tls_set_context(ssl.create_default_context(cafile=network.ca_file or None))
        client.reconnect_delay_set(*RETRY_S)
        client.on_connect = self._on_connect
        client.on_connect_fail = lambda client, userdata: self._tell(False, "does not answer")
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = lambda client, userdata, message: self._hear(message.topic, message.payload)

    def start(self):
        """Connect, now or as soon as it answers, and stay connected."""
        self._client.connect_async(self._network.host, self._network.port, KEEP_ALIVE_S)
        self._client.loop_start()

    def stop(self):
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic, body):
        """False if the line is down, and so it is not sent."""
        return self._client.publish(topic, body).rc == paho.MQTT_ERR_SUCCESS if self._client.is_connected() else False

    def _on_connect(self, client, userdata, flags, reason, properties):
        if reason.is_failure:
            self._tell(False, f"refuses the login: {reason}. Is it this application's key that key_file holds?")
            return
        client.subscribe([(topic, 0) for topic in self._topics])

    def _on_subscribe(self, client, userdata, mid, reasons, properties):
        if any(reason.is_failure for reason in reasons):
            self._tell(False, f"lets us in, but not read: the key lacks the right {the_things_stack.RIGHT_TO_READ}")
            return
        self._tell(True, "connected")

    def _on_disconnect(self, client, userdata, flags, reason, properties):
        self._tell(False, f"the line is gone ({reason})" if reason.is_failure else "the line is closed")

    def _tell(self, is_up, what):
        # The same again, as at each try, is not worth a word.
        if (is_up, what) == self._said or not is_up and self._said and not self._said[0] and what.startswith("the line is gone"):
            return
        self._said = is_up, what
        self._state(is_up, f"{self._where} {what}")
