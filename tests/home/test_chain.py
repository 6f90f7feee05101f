"""The whole chain with real programs: simulated wallbox and firmware, a broker with The Things Stack's rules, the bridge, Home Assistant."""
import json
import time

import pytest
from home import entities, package

from tests.home.assistant import Assistant, release
from tests.home.browser import DASHBOARD, look
from tests.home.brokers import APP, HOST, ROOT, THERE, HomeBroker, Stack, running
from tests.home.client import client, until
from tests.home.world import RunningWorld

HM_UP, HM_PUSH = f"ttn/{APP}/up", f"ttn/{APP}/down/push"
PICTURE = ROOT / "build" / "home-assistant.png"
ANSWER_S = 60


class WholeChain:
    """All of it; world is the wallbox's side, new for each test that needs a fresh one."""

    def __init__(self, folder):
        self.stack = Stack(folder / "stack")
        self.home = HomeBroker(folder / "home", f"{HOST}:{self.stack.port}")
        self.assistant = Assistant(folder / "assistant", {"ev_charger": package.text(entities.Place(APP, release=release()))}, dashboard=DASHBOARD)
        self.world = None

    def enter_world(self):
        """Another wallbox in the place of the one before, with a day's airtime of its own."""
        if self.world is not None:
            self.world.close()
        self.world = RunningWorld(self.stack.network_port)
        self.world.boot()

    def give(self, service, entity, **data):
        """Call a service that gives a command; return once that command, and not the one before it, is the last one shown."""
        before = self.command().get("command_id")
        self.assistant.act(service, entity, **data)
        until(lambda: self.command().get("command_id") not in (None, before), self.command)

    def press(self, name):
        self.give("button.press", "button.wallbox_" + name)

    def set_plan(self, plan):
        self.give("text.set_value", "text.wallbox_plan", value=plan)

    def answered(self, **wanted):
        """Return once the last command is done, and the rest is as wanted."""
        return self.assistant.wait_for(ANSWER_S, sensor_last_command="done", **wanted)

    def refresh(self):
        """Ask the device for its status, and see the answer arrive: every line works, both ways."""
        self.press("refresh")
        self.answered()

    def command(self):
        return self.assistant.states()["sensor.wallbox_last_command"]["attributes"]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = WholeChain(tmp_path_factory.mktemp("house"))
    with running(house.stack, house.home, house.assistant):
        house.assistant.welcome(house.home.port)
        house.assistant.stop()
        house.assistant.finish_onboarding()
        house.assistant.start()
        house.assistant.wait_for(binary_sensor_network_line="on")
        house.enter_world()
        try:
            yield house
        finally:
            house.world.close()


def plug(house):
    house.world.say("plug")
    house.assistant.wait_for(sensor_state="Connected and Locked", binary_sensor_car_connected="on")


def test_start_pressed_in_home_assistant_makes_the_car_charge(house, evidence):
    plug(house)
    mark, began = house.world.mark(), time.monotonic()
    house.press("start")
    house.assistant.wait_for(sensor_last_command="pending")
    closed = house.world.wait_for("contactor closed", ANSWER_S, mark) - began
    house.answered(sensor_state="Charging", sensor_power="11.04", sensor_current_l1="16", sensor_reason="charging", binary_sensor_problem="off")
    evidence("Start pressed in Home Assistant to the contactor's closing, a car in B1, seconds", round(closed, 1), ANSWER_S)
    assert house.command()["command"] == "start"


def crc(data):
    """CRC-8 as docs/payload.md has it."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ (0x07 if value & 0x80 else 0)) & 0xFF
    return value or 255


def test_the_plan_set_in_home_assistant_is_the_plan_in_the_device(house, evidence):
    plan = "mon-fri 22:00-07:00 16A; sat-sun 00:00-00:00 10.5kWh 120min"
    house.set_plan(plan)
    house.answered()
    assert house.command()["command"] == "plan"
    # The bytes of the example in docs/payload.md, and of UTC0.
    wanted = crc(bytes.fromhex("3F4A0D2120C0000006150C" "000000"))
    house.press("refresh")
    house.assistant.wait_for(ANSWER_S, sensor_plan_hash=str(wanted))
    evidence("hash of the plan set in Home Assistant, as the device reports it", int(house.assistant.state("sensor.wallbox_plan_hash")), wanted)
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
    evidence("a fault of the box to its text in Home Assistant, seconds", round(seconds, 1), 30)
    house.world.say("clear")
    house.assistant.wait_for(sensor_fault="none", binary_sensor_problem="off")


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


@pytest.mark.parametrize("what", ["home_assistant", "broker_of_the_house", "broker_of_the_stack", "radio"])
def test_after_a_restart_or_an_outage_all_goes_on_without_hands(house, what, evidence):
    # Presses that wait for a broker take much of a day's airtime, and a monitor without any answers `busy`.
    house.enter_world()
    house.refresh()
    before = house.assistant.state("sensor.wallbox_state")
    if what == "radio":
        house.world.say("gateway 10")
        time.sleep(12)
    else:
        {"home_assistant": house.assistant, "broker_of_the_house": house.home, "broker_of_the_stack": house.stack}[what].restart()
    began = time.monotonic()
    # The last state is there again as soon as the program is; the line as soon as the bridge is.
    house.assistant.wait_for(60, sensor_state=before, binary_sensor_network_line="on")
    until(lambda: answers(house), lambda: house.world.lines[-20:], 60)
    evidence(f"from the return of {what.replace('_', ' ')} to a command that is answered, seconds", round(time.monotonic() - began), 90)


def answers(house):
    """Whether a command pressed now is done within a few seconds; the simulated network connects again when it thinks fit."""
    mark = house.world.mark()
    try:
        house.press("refresh")
        house.world.wait_for(r"uplink +port 11 .*answer to report.*: done", 8, mark)
    except AssertionError:
        return False
    house.answered()
    return True


def test_start_pressed_on_the_page_makes_the_car_charge(house):
    """By a browser, in a fresh world; what it sees then is the picture of the docs."""
    house.world.close()
    with RunningWorld(house.stack.network_port, "--seed", "2") as house.world:
        house.world.boot()
        begin = (time.gmtime().tm_hour + 8) % 24
        house.set_plan(f"daily {begin:02}:00-{(begin + 6) % 24:02}:00 16A")
        house.answered()
        plug(house)
        mark = house.world.mark()
        look(house.assistant, PICTURE, press="Start", until="Charging", after=lambda: house.world.wait_for("contactor closed", ANSWER_S, mark))
        house.assistant.wait_for(sensor_state="Charging")
    assert PICTURE.stat().st_size < 200_000, "type: make test-home, and look at the picture"


def test_home_assistant_had_nothing_to_complain_about(house):
    """But for brokers that we took away."""
    assert [record for record in house.assistant.complaints() if "MQTT" not in record and "mqtt" not in record] == []
    assert house.assistant.repairs() == []
