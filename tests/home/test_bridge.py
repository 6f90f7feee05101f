"""The files of make bridge in a real mosquitto, against another one with The Things Stack's access rules."""
import json
import time

import pytest

from tests.home.brokers import APP, DEVICE, HOST, THERE, Home, Stack, running
from tests.home.client import SILENCE_S, client, until

HM_UP, HM_PUSH = f"ttn/{APP}/up", f"ttn/{APP}/down/push"
UP = json.dumps({"uplink_message": {"decoded_payload": {"state": "Charging"}}}).encode()
PUSH = b'{"downlinks":[{"f_port":1,"confirmed":true,"decoded_payload":{"mode":"Lock Outlet"}}]}'
CONSUMERS = {"home-manager": ["home-manager"], "home-assistant": ["home-assistant"], "both": ["home-manager", "home-assistant"]}


def wait_for_bridge(listening, consumer="both"):
    for name in CONSUMERS[consumer]:
        listening.wait_for(f"ttn-bridge/{DEVICE}/{name}", b"1")


@pytest.fixture(params=CONSUMERS)
def house(request, tmp_path):
    """(consumer, stack, home) with the bridge up."""
    stack = Stack(tmp_path / "stack")
    home = Home(tmp_path / "home", f"{HOST}:{stack.port}", "--for", request.param)
    with running(stack, home), client(home.port, "ttn-bridge/#") as watch:
        wait_for_bridge(watch, request.param)
        yield request.param, stack, home


def test_an_uplink_reaches_each_consumer_once(house):
    consumer, stack, home = house
    with client(stack.network_port) as network, client(home.port, "ttn/#", "v3/#") as listening:
        network.publish(THERE + "up", UP)
        topics = [topic for name, topic in (("home-manager", HM_UP), ("home-assistant", THERE + "up")) if name in CONSUMERS[consumer]]
        for topic in topics:
            listening.wait_for(topic, UP)
        time.sleep(SILENCE_S)
        assert sorted(heard for heard in listening.heard) == sorted((topic, UP, False) for topic in topics)


def test_a_command_of_each_consumer_reaches_the_stack_once_and_comes_not_back(house):
    consumer, stack, home = house
    with client(stack.network_port, "#") as network, client(home.port, "v3/#", "ttn/#") as listening:
        topics = [topic for name, topic in (("home-manager", HM_PUSH), ("home-assistant", THERE + "down/push")) if name in CONSUMERS[consumer]]
        for topic in topics:
            listening.publish(topic, PUSH)
        until(lambda: len(network.heard) >= len(topics))
        time.sleep(SILENCE_S)
        assert [(topic, payload) for topic, payload, _ in network.heard] == [(THERE + "down/push", PUSH)] * len(topics)
        assert [(topic, payload) for topic, payload, _ in listening.heard] == [(topic, PUSH) for topic in topics]
