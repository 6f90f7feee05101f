"""The chain of test_chain.py through ChirpStack: simulated wallbox and ChirpStack, its broker, the bridge of make bridge, Home Assistant."""
import json
import time

import pytest
from home import package

from tests.home.assistant import Assistant
from tests.home.at_chirpstack import DEV_EUI, PLACE, THERE, WORLD, BridgedBroker, chirpstack_broker
from tests.home.brokers import HOST
from tests.home.client import client, until
from tests.home.whole_chain import BROKER_OF_THE_NETWORK, OUTAGES, WholeChain
from tests.support import chirpstack_judge


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    network = chirpstack_broker(folder / "chirpstack")
    home = BridgedBroker(folder / "home", f"{HOST}:{network.network_port}")
    house = WholeChain(network, home, Assistant(folder / "assistant", {"ev_charger": package.text(PLACE)}), WORLD, through="through ChirpStack: ")
    with house.standing(), client(network.network_port, "application/#") as ear:
        house.heard = ear.heard     # (topic, body, retained) of what passed ChirpStack's broker
        house.enter_world()
        yield house


def test_start_pressed_in_home_assistant_makes_the_car_charge_through_chirpstack(house, evidence):
    house.start_and_charge(evidence)


@pytest.mark.long
def test_the_plan_set_in_home_assistant_is_the_plan_in_the_device(house, evidence):
    house.set_and_read_a_plan(evidence)


def test_a_fault_is_shown_with_its_text(house, evidence):
    house.break_and_mend(evidence)


@pytest.mark.long
def test_an_unanswered_command_is_handed_over_again_under_its_name_and_then_called_unanswered(house, evidence):
    house.world.say("monitor off")
    since = len(house.heard)
    # The simulated world, which hurried now and then, is ahead of this clock, and its ChirpStack lets nothing wait beyond its time.
    request = {"command": "report", "id": 7, "issued_at": int(time.time()) + 600, "expires_in_s": 2}
    with client(house.home.port) as phone:
        phone.publish(THERE + "command/down", json.dumps({"devEui": DEV_EUI, "fPort": 20, "object": request}))

        def handed_over():
            return [json.loads(body) for topic, body, _ in house.heard[since:] if topic.endswith("command/down")]

        until(lambda: len(handed_over()) == 3, handed_over, 60)
        house.assistant.wait_for(sensor_last_command="unanswered")
    first, second, third = handed_over()
    evidence("through ChirpStack: names of the repeats of an unanswered command in its queue", len({one["id"] for one in (second, third)}), 1)
    assert [one["object"] for one in (first, second, third)] == [request] * 3
    assert second == third and second["id"].endswith(f"07{request['issued_at']:08x}")
    house.world.say("monitor on")
    house.world.boot()


@pytest.mark.parametrize("what", [pytest.param(what, marks=[] if what == BROKER_OF_THE_NETWORK else pytest.mark.long) for what in OUTAGES])
def test_after_a_restart_or_an_outage_all_goes_on_without_hands(house, what, evidence):
    house.lose_and_find(what, evidence)


def test_every_message_that_passed_is_chirpstack_s_by_its_own_protobuf(house, evidence):
    found = []
    passed = [(chirpstack_judge.suffix_of(topic), body) for topic, body, _ in house.heard]
    for suffix, body in passed:
        if suffix == "command/down":
            # What is handed over may write a whole number without a point: it is taken as well.
            chirpstack_judge.parsed(suffix, body)
        elif suffix.startswith("event/"):
            found += chirpstack_judge.differences(suffix, body)
    evidence("through ChirpStack: unknown fields and wrong types on its broker, by chirpstack-api", len(found), 0)
    assert found == [] and {suffix for suffix, _ in passed} >= {"event/up", "event/join", "event/txack", "command/down"} and len(passed) > 12


def test_home_assistant_had_nothing_to_complain_about(house):
    """But for brokers that we took away."""
    assert [line for line in house.assistant.complaints() if "MQTT" not in line and "mqtt" not in line] == []
