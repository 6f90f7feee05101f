"""An MQTT client for tests: records what it receives, with a limit on every wait."""
import contextlib
import threading
import time

import paho.mqtt.client as paho

# What is waited for takes a moment; the machine may have other work.
WAIT_S = 60
# Long enough on loopback to say that nothing came.
SILENCE_S = 0.5


class Client:
    """Connected and subscribed to those topics from the start on; heard holds (topic, payload, retained)."""

    def __init__(self, port, *topics, user=None, password=None):
        self.heard = []
        self._ready = threading.Event()
        self._topics = topics
        self._client = client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if user:
            client.username_pw_set(user, password)
        client.on_connect = self._on_connect
        client.on_subscribe = lambda *rest: self._ready.set()
        client.on_message = lambda client, userdata, message: self.heard.append((message.topic, message.payload, bool(message.retain)))
        client.connect("127.0.0.1", port)
        client.loop_start()
        assert self._ready.wait(WAIT_S), "no connection"

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic, payload, **options):
        """Return once it was handed to the broker."""
        self._client.publish(topic, payload, **options).wait_for_publish(WAIT_S)

    def payloads(self, topic):
        return [payload for heard, payload, _ in self.heard if heard == topic]

    def wait_for(self, topic, payload, within_s=WAIT_S):
        """Return once that payload came on that topic."""
        until(lambda: payload in self.payloads(topic), lambda: f"{payload} not on {topic}; heard {self.heard}", within_s)

    def _on_connect(self, client, userdata, flags, reason, properties):
        if self._topics:
            client.subscribe([(topic, 0) for topic in self._topics])
        else:
            self._ready.set()


@contextlib.contextmanager
def client(port, *topics, **options):
    listening = Client(port, *topics, **options)
    try:
        yield listening
    finally:
        listening.close()


def until(condition, why=lambda: "it did not happen", within_s=WAIT_S):
    """Wait for a condition, at most that long."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, why()
        time.sleep(0.02)
