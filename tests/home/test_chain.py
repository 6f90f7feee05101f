"""The whole chain with real programs: simulated wallbox and firmware, a broker with The Things Stack's rules, the bridge, Home Assistant."""
import json
import time

import pytest
from home import entities, package

from tests.home.assistant import Assistant, release
from tests.home.brokers import APP, HOST, ROOT, THERE, HomeBroker, Stack
from tests.home.browser import DASHBOARD, look
from tests.home.client import client, until
from tests.home.whole_chain import ANSWER_S, OUTAGES, WholeChain

HM_UP, HM_PUSH = f"ttn/{APP}/up", f"ttn/{APP}/down/push"
PICTURE = ROOT / "build" / "home-assistant.png"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    stack = Stack(folder / "stack")
    assistant = Assistant(folder / "assistant", {"ev_charger": package.text(entities.Place(APP, release=release()))}, dashboard=DASHBOARD)
    house = WholeChain(stack, HomeBroker(folder / "home", f"{HOST}:{stack.port}"), assistant)
    with house.standing():
        house.enter_world()
        yield house


def test_start_pressed_in_home_assistant_makes_the_car_charge(house, evidence):
    house.start_and_charge(evidence)


def test_the_plan_set_in_home_assistant_is_the_plan_in_the_device(house, evidence):
    house.set_and_read_a_plan(evidence)


def test_a_fault_is_shown_with_its_text(house, evidence):
    house.break_and_mend(evidence)


def test_home_manager_and_home_assistant_have_the_same_device_at_once(house):
    with client(house.home.port, HM_UP) as manager:
        def states():
            return [json.loads(payload)["uplink_message"]["decoded_payload"]["state"] for payload in manager.payloads(HM_UP)]

        manager.publish(HM_PUSH, b'{"downlinks":[{"f_port":1,"confirmed":true,"decoded_payload":{"mode":"Lock Outlet"}}]}')
        until(lambda: "Lock Outlet ACK" in states(), states, ANSWER_S)
        house.assistant.wait_for(sensor_state="Disabled", sensor_reason="locked", sensor_last_command="done")
        assert house.command()["command"] == "lock" and house.command()["command_id"] is None
        house.press("unlock")
        until(lambda: "Unlock Outlet ACK" in states(), states, ANSWER_S)
        house.answered()
        assert house.command()["command"] == "unlock"


def test_an_unanswered_command_is_repeated_as_it_was_and_then_called_unanswered(house, evidence):
    house.world.say("monitor off")
    request = {"command": "report", "id": 7, "issued_at": int(time.time()), "expires_in_s": 2}
    with client(house.stack.network_port, THERE + "down/push") as network, client(house.home.port) as phone:
        began = time.monotonic()
        phone.publish(THERE + "down/push", json.dumps({"downlinks": [{"f_port": 20, "decoded_payload": request}]}))
        times = []
        for number in (1, 2, 3):
            until(lambda: len(network.heard) >= number, lambda: network.heard, 20)   # noqa: B023
            times.append(round(time.monotonic() - began))
        house.assistant.wait_for(sensor_last_command="unanswered")
        requests = [json.loads(payload)["downlinks"][0]["decoded_payload"] for payload in network.payloads(THERE + "down/push")]
    evidence("seconds from a command to its repeats, unanswered", " and ".join(map(str, times[1:])), "14 and 28")
    assert requests == [request] * 3 and 14 <= times[1] <= 20 and 28 <= times[2] <= 40
    house.world.say("monitor on")
    house.world.boot()


@pytest.mark.parametrize("what", OUTAGES)
def test_after_a_restart_or_an_outage_all_goes_on_without_hands(house, what, evidence):
    house.lose_and_find(what, evidence)


def test_start_pressed_on_the_page_makes_the_car_charge(house):
    """By a browser, in a fresh world; what it sees then is the picture of the docs."""
    house.enter_world("--seed", "2")
    begin = (time.gmtime().tm_hour + 8) % 24
    house.set_plan(f"daily {begin:02}:00-{(begin + 6) % 24:02}:00 16A")
    house.answered()
    house.plug()
    mark = house.world.mark()
    look(house.assistant, PICTURE, press="Start", until="Charging", after=lambda: house.world.wait_for("contactor closed", ANSWER_S, mark))
    house.assistant.wait_for(sensor_state="Charging")
    assert PICTURE.stat().st_size < 200_000, "type: make test-home, and look at the picture"


def test_home_assistant_had_nothing_to_complain_about(house):
    """But for brokers that we took away."""
    assert [record for record in house.assistant.complaints() if "MQTT" not in record and "mqtt" not in record] == []
    assert house.assistant.repairs() == []
