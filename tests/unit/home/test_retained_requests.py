"""A request that the broker keeps is taken away, whenever it was published; all others are left alone. With a real broker of Python's."""
import contextlib
import threading

import paho.mqtt.client as paho
import pytest
from home.retained_requests import RetainedRequests
from sim.mqtt.broker import Broker

TOPIC, OTHER = "v3/a@ttn/devices/b/down/push", "homeassistant/sensor/x/config"
PATIENCE_S = 10


class WatchedRequests:
    """A client with RetainedRequests on a broker; said: topics of what was taken away; requests: what was heard."""

    def __init__(self, port):
        self.said, self.requests = [], []
        self._change = threading.Condition()
        self.client = client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.retained = RetainedRequests(client, [TOPIC], self._say)
        client.on_connect = lambda client, *rest: self.retained.subscribe()
        self.confirmed = 0      # of our subscriptions, by the broker
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.connect("127.0.0.1", port)
        client.loop_start()

    def _on_subscribe(self, *rest):
        self.confirmed += 1
        self._wake()

    def _say(self, topic):
        self.said.append(topic)
        self._wake()

    def _on_message(self, client, userdata, message):
        assert self.retained.hear(message)
        self.requests.append((message.payload, bool(message.retain)))
        self._wake()

    def _wake(self):
        with self._change:
            self._change.notify_all()

    def until(self, is_so):
        with self._change:
            assert self._change.wait_for(is_so, PATIENCE_S), (self.said, self.requests)

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def port():
    broker = Broker(0)
    broker.start()
    yield broker.port
    broker.stop()


def publish(port, payload, retain, topic=TOPIC):
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.publish(topic, payload, 1, retain).wait_for_publish(PATIENCE_S)
    client.disconnect()
    client.loop_stop()


def kept(port, topic=TOPIC):
    """What the broker keeps there, by a client that comes new."""
    found, done = [], threading.Event()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_connect = lambda client, *rest: client.subscribe([(topic, 0), ("end", 0)])
    client.on_message = lambda client, userdata, message: done.set() if message.topic == "end" else found.append(message.payload)
    client.on_subscribe = lambda client, *rest: client.publish("end", b"now")
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert done.wait(PATIENCE_S)
    client.disconnect()
    client.loop_stop()
    return found


@pytest.mark.parametrize("when", ["before it comes", "while it is there"])
def test_a_kept_request_is_taken_away(port, when):
    if when == "before it comes":
        publish(port, b"stop", True)
    with contextlib.closing(WatchedRequests(port)) as watched:
        if when == "while it is there":
            watched.until(lambda: watched.confirmed)
            publish(port, b"first", False)
            watched.until(lambda: (b"first", False) in watched.requests)
            # The look that it was worth is over, or it would bring the next one, too.
            watched.until(lambda: watched.confirmed == 2)
            publish(port, b"stop", True)
        watched.until(lambda: watched.said)
        watched.until(lambda: (b"", False) in watched.requests)
        assert watched.said == [TOPIC] and kept(port) == []


def test_a_request_that_is_not_kept_and_what_else_is_kept_are_left_alone(port):
    publish(port, b"entity", True, OTHER)
    with contextlib.closing(WatchedRequests(port)) as watched:
        watched.until(lambda: watched.confirmed)
        publish(port, b"start", False)
        watched.until(lambda: (b"start", False) in watched.requests)
        assert watched.said == [] and kept(port, OTHER) == [b"entity"]


def test_what_is_no_request_is_somebody_elses_matter():
    message = paho.MQTTMessage(topic=OTHER.encode())
    assert not RetainedRequests(None, [TOPIC], None).hear(message)
