"""The chain of test_chain.py through ChirpStack: simulated wallbox and ChirpStack, its broker, the bridge of make bridge, Home Assistant."""
import json
import subprocess
import sys
import time

import pytest
from home import entities, package
from sim.lorawan import network_kinds
from sim.mqtt.network_dialects import IDS

from tests.home.assistant import Assistant, release
from tests.home.brokers import HOST, ROOT, Mosquitto, free_port, running
from tests.home.client import client, until
from tests.home.test_chain import ANSWER_S, WholeChain, answers, crc, plug
from tests.home.world import RunningWorld
from tests.support import chirpstack_judge

APPLICATION, DEV_EUI = IDS[network_kinds.CHIRPSTACK]
PLACE = entities.Place(APPLICATION, device=DEV_EUI, network=network_kinds.CHIRPSTACK, release=release())
THERE = entities.device_topic(PLACE) + "/"
WORLD = ("--network", network_kinds.CHIRPSTACK, "--app", APPLICATION, "--device", DEV_EUI)


class BridgedBroker(Mosquitto):
    """The broker of the house, joined to ChirpStack's by the file of make bridge; a connection that was lost is tried again after a second."""

    def __init__(self, folder, address):
        self.port = free_port()
        files = folder / "conf.d"
        command = [sys.executable, "-m", "home.chirpstack_bridge", "--app", APPLICATION, "--device", DEV_EUI, "--cluster", address, "--out", files]
        made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        (bridge,) = files.glob("*.conf")
        bridge.write_text(bridge.read_text().replace("restart_timeout 5 30", "restart_timeout 1"))
        super().__init__(folder, f"listener {self.port} {HOST}\nallow_anonymous true\ninclude_dir {files}\n", [self.port])


class ChainAtChirpStack(WholeChain):
    """stack: ChirpStack's own broker."""

    def __init__(self, folder):
        port = free_port()
        self.stack = Mosquitto(folder / "chirpstack", f"listener {port} {HOST}\nallow_anonymous true\n", [port])
        self.stack.network_port = port
        self.home = BridgedBroker(folder / "home", f"{HOST}:{port}")
        self.assistant = Assistant(folder / "assistant", {"ev_charger": package.text(PLACE)})
        self.world = None

    def enter_world(self):
        if self.world is not None:
            self.world.close()
        self.world = RunningWorld(self.stack.network_port, *WORLD)
        self.world.boot()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = ChainAtChirpStack(tmp_path_factory.mktemp("house"))
    with running(house.stack, house.home, house.assistant):
        house.assistant.welcome(house.home.port)
        house.assistant.stop()
        house.assistant.finish_onboarding()
        house.assistant.start()
        house.assistant.wait_for(binary_sensor_network_line="on")
        with client(house.stack.network_port, "application/#") as ear:
            house.heard = ear.heard     # (topic, body, retained) of what passed ChirpStack's broker
            house.enter_world()
            try:
                yield house
            finally:
                house.world.close()


def test_start_pressed_in_home_assistant_makes_the_car_charge_through_chirpstack(house, evidence):
    plug(house)
    mark, began = house.world.mark(), time.monotonic()
    house.press("start")
    closed = house.world.wait_for("contactor closed", ANSWER_S, mark) - began
    house.answered(sensor_state="Charging", sensor_power="11.04", sensor_current_l1="16", sensor_reason="charging", binary_sensor_problem="off")
    evidence("through ChirpStack: Start pressed in Home Assistant to the contactor's closing, a car in B1, seconds", round(closed, 1), ANSWER_S)
    assert house.command()["command"] == "start"


@pytest.mark.long
def test_the_plan_set_in_home_assistant_is_the_plan_in_the_device(house, evidence):
    plan = "mon-fri 22:00-07:00 16A; sat-sun 00:00-00:00 10.5kWh 120min"
    house.set_plan(plan)
    house.answered()
    # The bytes of the example in docs/payload.md, and of UTC0.
    wanted = crc(bytes.fromhex("3F4A0D2120C0000006150C" "000000"))
    house.press("refresh")
    house.assistant.wait_for(ANSWER_S, sensor_plan_hash=str(wanted))
    evidence("through ChirpStack: hash of the plan set in Home Assistant, as the device reports it",
             int(house.assistant.state("sensor.wallbox_plan_hash")), wanted)
    house.press("read_plan")
    house.world.say("speed 5")
    house.assistant.wait_for(ANSWER_S, text_plan=plan, text_time_zone="<+00>0", sensor_who_decides="plan")
    house.world.say("speed 1")
    house.set_plan("none")
    house.answered(text_plan="none")


def test_a_fault_is_shown_with_its_text(house, evidence):
    house.world.say("fault F9")
    seconds = house.assistant.wait_for(sensor_fault="F9: vehicle draws more current than it was offered", binary_sensor_problem="on",
                                       sensor_state="Disabled")
    evidence("through ChirpStack: a fault of the box to its text in Home Assistant, seconds", round(seconds, 1), 30)
    house.world.say("clear")
    house.assistant.wait_for(sensor_fault="none", binary_sensor_problem="off")


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


@pytest.mark.parametrize("what", ["broker_of_chirpstack", *[pytest.param(what, marks=pytest.mark.long) for what in (
    "home_assistant", "broker_of_the_house", "radio")]])
def test_after_a_restart_or_an_outage_all_goes_on_without_hands(house, what, evidence):
    house.enter_world()
    house.refresh()
    before = house.assistant.state("sensor.wallbox_state")
    if what == "radio":
        house.world.say("gateway 10")
        time.sleep(12)
    else:
        {"home_assistant": house.assistant, "broker_of_the_house": house.home, "broker_of_chirpstack": house.stack}[what].restart()
    began = time.monotonic()
    house.assistant.wait_for(60, sensor_state=before, binary_sensor_network_line="on")
    until(lambda: answers(house), lambda: house.world.lines[-20:], 60)
    evidence(f"through ChirpStack: from the return of {what.replace('_', ' ')} to a command that is answered, seconds",
             round(time.monotonic() - began), 90)


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
