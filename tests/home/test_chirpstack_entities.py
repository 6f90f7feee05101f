"""The entities at ChirpStack in a real Home Assistant, fed with every uplink the formatter can give as ChirpStack tells it."""
import json
import time

import pytest
from home import package
from sim.lorawan.chirpstack_messages import as_struct

from tests.home.assistant import Assistant
from tests.home.at_chirpstack import DEV_EUI, PLACE, THERE
from tests.home.brokers import HOST, Mosquitto, free_port, running
from tests.home.client import client, until
from tests.home.fed_assistant import STATUS, VECTORS, told

# With the evidence, not with each make test-home.
pytestmark = [pytest.mark.long, pytest.mark.evidence]
# Messages of each kind that Home Assistant is through with in a moment.
AT_ONCE = 10
BARE = (b"", b"no JSON", b"5", b"[]", b"null", b"{}", b'{"object": null}', b'{"deviceInfo": {}, "object": {}}', b'{"deviceInfo": {}, "rxInfo": []}',
        b'{"deviceInfo": {}, "rxInfo": [{}], "txInfo": null}')


def event(data=None, **more):
    """A message on event/up; without data as for a payload that was not decoded."""
    body = {"time": f"2026-11-27T00:00:{time.monotonic()}+00:00", "deviceInfo": {"devEui": DEV_EUI}, "devAddr": "00189440", "fPort": 10,
            "data": "ELFEmEAAAAAAAAA=", "rxInfo": [{"gatewayId": "0000000000000001", "rssi": -119, "snr": -7.5}, {"rssi": -80}],
            "txInfo": {"modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 10}}}, **more}
    return json.dumps(body if data is None else {**body, "object": as_struct(data)}).encode()


class AssistantAtChirpStack:
    """A Home Assistant on ChirpStack's broker; tell() is ChirpStack."""

    def __init__(self, folder):
        port = free_port()
        self.broker = Mosquitto(folder / "broker", f"listener {port} {HOST}\nallow_anonymous true\n", [port])
        self.assistant = Assistant(folder / "assistant", packages={"ev_charger": package.text(PLACE)})
        self.port = port

    def tell(self, *messages, end="event/up"):
        for message in messages:
            self.network.publish(THERE + end, message)

    def settle(self, reason):
        """Return once a status with that reason, published repeatedly, has arrived."""
        def arrived():
            self.tell(event({**STATUS, "reason": reason}))
            time.sleep(0.2)
            return self.assistant.state("sensor.wallbox_reason") == reason
        until(arrived, lambda: f"{reason} does not arrive; {self.assistant.complaints()}", 30)


@pytest.fixture(scope="module")
def fed(tmp_path_factory):
    house = AssistantAtChirpStack(tmp_path_factory.mktemp("fed"))
    with running(house.broker, house.assistant), client(house.port, THERE + "command/down") as house.network:
        house.assistant.welcome(house.port)
        house.settle("locked")
        yield house


def test_each_entity_shows_what_chirpstack_s_uplink_says(fed):
    fed.tell(event(told("status: charging on three phases with a meter")))
    fed.assistant.wait_for(
        sensor_state="Charging", sensor_power="10.7", sensor_session_energy="12.34", sensor_current_l1="15.5", sensor_current_limit="16",
        number_limit="16", sensor_rssi="-80", sensor_snr="0", sensor_plan_hash="94", binary_sensor_car_connected="on", binary_sensor_charging="on",
        select_mode="plan")


def test_airtime_is_reckoned_and_added_up(fed):
    before = float(fed.assistant.state("sensor.wallbox_airtime_today"))
    fed.tell(event({**STATUS, "reason": "skipped"}))
    fed.assistant.wait_for(sensor_reason="skipped")
    assert abs(float(fed.assistant.state("sensor.wallbox_airtime_today")) - before - 0.371) < 0.002


def test_what_the_queue_let_expire_is_a_command_that_failed(fed):
    fed.assistant.act("button.press", "button.wallbox_stop")
    until(lambda: fed.network.payloads(THERE + "command/down"))
    command = json.loads(fed.network.payloads(THERE + "command/down")[-1])
    fed.assistant.wait_for(sensor_last_command="pending")
    fed.tell(json.dumps({"deviceInfo": {"devEui": DEV_EUI}, "level": "ERROR", "code": "EXPIRED", "context": {"queue_item_id": command["id"]}}),
             end="event/log")
    fed.assistant.wait_for(sensor_last_command="failed")
    assert fed.assistant.states()["sensor.wallbox_last_command"]["attributes"]["detail"] == "EXPIRED"


def test_every_message_of_chirpstack_leaves_home_assistant_calm(fed, evidence):
    messages = [event(vector["output"]["data"]) for vector in VECTORS["uplink"] if "data" in vector["output"]]
    messages += [event(), event({}), *BARE]
    for first in range(0, len(messages), AT_ONCE):
        for end in ("event/up", "event/join", "event/txack", "event/log", "command/down"):
            fed.tell(*messages[first:first + AT_ONCE], end=end)
        # It answers once it is through with them.
        fed.assistant.states()
    fed.settle("vehicle full")
    complaints = fed.assistant.complaints()
    evidence(f"warnings and errors of Home Assistant over {len(messages)} kinds of messages of ChirpStack", len(complaints), 0)
    assert complaints == []
