"""A request published with the retain flag: mosquitto sends it again whenever the line comes up, until the guard or the service took it away."""
import contextlib
import time

import pytest
from home.home_assistant import HouseBroker
from home.notices import Notices

from tests.home.brokers import HOST, THERE, HomeBroker, Stack, running
from tests.home.client import SILENCE_S, client, until
from tests.home.test_bridge import HM_PUSH, PUSH
from tests.home.test_guard import guard
from tests.support.house import StoredHouse, given
from tests.support.stores import store

PUSH_TOPIC = THERE + "down/push"


@pytest.fixture
def house(tmp_path):
    """(stack, home) with the bridge up."""
    stack = Stack(tmp_path / "stack")
    home = HomeBroker(tmp_path / "home", f"{HOST}:{stack.port}", "--for", "both", "--guard")
    with running(stack, home):
        home.wait_for_bridge(stack)
        yield stack, home


def again(stack, home):
    """What the stack hears of requests after the line was down and came up again."""
    stack.restart()
    with client(stack.network_port, PUSH_TOPIC) as network:
        home.wait_for_bridge(stack)
        time.sleep(SILENCE_S)
        return network.payloads(PUSH_TOPIC)


def press(home, topic):
    with client(home.port) as hand:
        hand.publish(topic, PUSH, retain=True)


def kept(home, topic):
    with client(home.port, topic) as look:
        time.sleep(SILENCE_S)
        return [payload for _, payload, retained in look.heard if retained]


@contextlib.contextmanager
def served(home):
    """The line of the service at home; what its notices say."""
    said = []
    with store() as engine:
        its = StoredHouse(engine, given(house_mqtt={"host": HOST, "port": home.port}))
        its.notices = Notices()
        its.notices.say = lambda key, text: said.append(text)
        up = []
        line = HouseBroker(its, lambda is_up, sentence: up.append(is_up))
        line.start()
        try:
            until(lambda: up and up[-1])
            yield said
        finally:
            line.stop()


@pytest.mark.parametrize("topic", [HM_PUSH, PUSH_TOPIC])
def test_left_alone_it_is_repeated_with_each_start_of_the_line(house, topic):
    stack, home = house
    press(home, topic)
    assert again(stack, home) == [PUSH] and again(stack, home) == [PUSH]


def test_the_guard_takes_home_managers_away(house, tmp_path, evidence):
    stack, home = house
    log = tmp_path / "guard.log"
    with guard(home.port, log):
        until(lambda: "connected" in log.read_text())
        press(home, HM_PUSH)
        until(lambda: f"taken away: a request that the broker kept on {HM_PUSH}" in log.read_text(), log.read_text)
        until(lambda: kept(home, HM_PUSH) == [])
        repeated = again(stack, home)
        evidence("repetitions of a request kept by the broker after a start of the line, with the guard", len(repeated), 0)
        assert repeated == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_service_at_home_takes_home_assistants_away(house, when, evidence):
    stack, home = house
    if when == "before":
        press(home, PUSH_TOPIC)
    with served(home) as said:
        if when == "after":
            press(home, PUSH_TOPIC)
        until(lambda: said)
        assert PUSH_TOPIC in said[0]
        until(lambda: kept(home, PUSH_TOPIC) == [])
        repeated = again(stack, home)
        evidence(f"repetitions of a request kept by the broker after a start of the line, with the service at home come {when} it", len(repeated), 0)
        assert repeated == []
