"""The files of make bridge in a real mosquitto, against another one with The Things Stack's access rules."""
import json
import time

import pytest

from tests.home.brokers import APP, DEVICE, HOST, THERE, HomeBroker, Stack, running
from tests.home.client import SILENCE_S, client, until

HM_UP, HM_PUSH = f"ttn/{APP}/up", f"ttn/{APP}/down/push"
UP = json.dumps({"uplink_message": {"decoded_payload": {"state": "Charging"}}}).encode()
PUSH = b'{"downlinks":[{"f_port":1,"confirmed":true,"decoded_payload":{"mode":"Lock Outlet"}}]}'
UPLINKS = 50
CONSUMERS = {"home-manager": ["home-manager"], "home-assistant": ["home-assistant"], "both": ["home-manager", "home-assistant"]}


@pytest.fixture(params=CONSUMERS)
def house(request, tmp_path):
    """(consumer, stack, home) with the bridge up."""
    stack = Stack(tmp_path / "stack")
    home = HomeBroker(tmp_path / "home", f"{HOST}:{stack.port}", "--for", request.param)
    with running(stack, home), client(home.port, "ttn-bridge/#") as watch:
        home.wait_for_bridge(stack)
        for name in CONSUMERS[request.param]:
            watch.wait_for(f"ttn-bridge/{DEVICE}/{name}", b"1")
        yield request.param, stack, home


def test_one_that_does_not_come_up_is_stopped_with_those_before_it():
    stopped = []

    class Broker:
        def __init__(self, name, comes_up):
            self.name, self.comes_up = name, comes_up

        def start(self):
            assert self.comes_up

        def stop(self):
            stopped.append(self.name)

    with pytest.raises(AssertionError), running(Broker("first", True), Broker("second", False), Broker("third", True)):
        pass
    assert stopped == ["second", "first"]


def test_each_uplink_reaches_each_consumer_once(house, evidence):
    consumer, stack, home = house
    topics = [topic for name, topic in (("home-manager", HM_UP), ("home-assistant", THERE + "up")) if name in CONSUMERS[consumer]]
    sent = [UP + b" " * number for number in range(UPLINKS)]
    with client(stack.network_port) as network, client(home.port, "ttn/#", "v3/#") as listening:
        for uplink in sent:
            network.publish(THERE + "up", uplink)
        for topic in topics:
            listening.wait_for(topic, sent[-1])
        time.sleep(SILENCE_S)
        wrong = sum(listening.payloads(topic) != sent for topic in topics)
        evidence(f"consumers of {len(topics)} ({consumer}) that got not each of {UPLINKS} uplinks once and in order, by two mosquittos", wrong, 0)
        assert wrong == 0 and len(listening.heard) == len(topics) * UPLINKS
        assert not any(retained for _, _, retained in listening.heard)


def test_a_command_of_each_consumer_reaches_the_stack_once_and_comes_not_back(house):
    consumer, stack, home = house
    with client(stack.network_port, "#") as network, client(home.port, "v3/#", "ttn/#") as listening:
        topics = [topic for name, topic in (("home-manager", HM_PUSH), ("home-assistant", THERE + "down/push")) if name in CONSUMERS[consumer]]
        for topic in topics:
            listening.publish(topic, PUSH)
        until(lambda: min(len(network.heard), len(listening.heard)) >= len(topics))
        time.sleep(SILENCE_S)
        assert [(topic, payload) for topic, payload, _ in network.heard] == [(THERE + "down/push", PUSH)] * len(topics)
        assert [(topic, payload) for topic, payload, _ in listening.heard] == [(topic, PUSH) for topic in topics]
