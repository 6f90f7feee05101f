"""The entities in a real Home Assistant, fed with every uplink the formatter can give: by discovery, and as a package."""
import contextlib
import json
import time
import urllib.error

import pytest
from ttn import formatter
from home import discovery, entities, package

from tests.home.assistant import Assistant
from tests.home.brokers import APP, DEVICE, HOST, ROOT, THERE, Mosquitto, free_port, running
from tests.home.client import SILENCE_S, WAIT_S, client, until

IDS = ("--app", APP, "--device", DEVICE)
PLACE = entities.Place(APP, device=DEVICE)
VECTORS = json.loads((ROOT / "ttn" / "vectors.json").read_text())
METADATA = [{"gateway_ids": {"gateway_id": "far"}, "rssi": -119, "snr": -7.5}, {"gateway_ids": {"gateway_id": "near"}, "rssi": -80}]
NOTIFY = """
- alias: Tell
  id: tell
  use_blueprint:
    path: ev_charger/notify.yaml
    input:
      event_sensor: sensor.wallbox_last_event
      fault_sensor: sensor.wallbox_fault
      reason_sensor: sensor.wallbox_reason
      notify:
        - service: mqtt.publish
          data:
            topic: phone
            payload: "{{ title }}|{{ message }}"
"""


def uplink(data=None, **more):
    """An up message; without data as for a payload that was not decoded."""
    body = {"f_port": 10, "rx_metadata": METADATA, "consumed_airtime": "0.370688s", **more}
    if data is not None:
        body["decoded_payload"] = data
    heard = f"2026-11-27T00:00:{time.monotonic()}Z"
    return json.dumps({"end_device_ids": {"device_id": DEVICE}, "received_at": heard, "uplink_message": body}).encode()


def every_message():
    """What can come on the topic: all vectors, every code with every reason, and what carries nothing."""
    told = [vector["output"]["data"] for vector in VECTORS["uplink"] if "data" in vector["output"]]
    engine = formatter.Formatter()
    for code in (0x00, 0xA1, 0xB1, 0xB2, 0xC2, 0xC3, 0xC4, 0xE0, 0xE1, 0xE2, 0xE3, *range(0xF0, 0x100)):
        for state_reason in range(0, 256, 7):
            told.append(engine.decode_uplink(10, bytes((0x10, code, state_reason, state_reason ^ 0xA5, 0x7F, 255, 4, 254, 255, 255, 3)))["data"])
    bare = [b"", b"no JSON", b"5", b"[]", b"null", b"{}", b'{"uplink_message": null}', uplink(), uplink({}), uplink({}, rx_metadata=[]),
            uplink({}, rx_metadata=[{}]), json.dumps({"uplink_message": {"decoded_payload": {"type": "status"}}}).encode()]
    return [uplink(data) for data in told] + bare


STATUS = {"type": "status", "state": "Charged", "code": "B2", "status": "ready"}


class AssistantOnBroker:
    """A Home Assistant on a broker of its own; tell() is the network."""

    def __init__(self, folder, **given):
        self.port = free_port()
        self.broker = Mosquitto(folder / "broker", f"listener {self.port} {HOST}\nallow_anonymous true\n", [self.port])
        self.assistant = Assistant(folder / "assistant", **given)

    @contextlib.contextmanager
    def open(self):
        with running(self.broker, self.assistant), client(self.port, "phone", THERE + "down/push") as self.network:
            self.assistant.welcome(self.port)
            yield self

    def tell(self, *messages):
        for message in messages:
            self.network.publish(THERE + "up", message)

    def settle(self, reason):
        """Return once a status with that reason, published repeatedly, has arrived: Home Assistant subscribes when it thinks fit."""
        def arrived():
            self.tell(uplink({**STATUS, "reason": reason}))
            time.sleep(0.2)
            return self.assistant.state("sensor.wallbox_reason") == reason
        until(arrived, lambda: f"{reason} does not arrive; {self.assistant.complaints()}", 30)

    def entities(self):
        """{entity: state} of the wallbox, without those that depend on the clock."""
        return {entity: state["state"] for entity, state in self.assistant.states().items()
                if ".wallbox_" in entity and not entity.startswith("automation") and not entity.endswith(("last_heard", "airtime_today"))}


@pytest.fixture(scope="module")
def discovered(tmp_path_factory):
    house = AssistantOnBroker(tmp_path_factory.mktemp("discovered"), automations=NOTIFY)
    with house.open():
        assert discovery.main(["publish", *IDS, "--broker", f"{HOST}:{house.port}"]) == 0
        house.settle("locked")
        yield house


@pytest.fixture(scope="module")
def packaged(tmp_path_factory):
    house = AssistantOnBroker(tmp_path_factory.mktemp("packaged"), packages={"ev_charger": package.USUAL.read_text()})
    with house.open():
        house.settle("locked")
        yield house


def test_every_uplink_leaves_home_assistant_calm_and_both_ways_show_the_same(discovered, packaged, evidence):
    messages = every_message()
    for house in (discovered, packaged):
        house.tell(*messages)
        for message in messages:
            house.network.publish(THERE + "down/queued", message)
        house.settle("vehicle full")
    complaints = discovered.assistant.complaints() + packaged.assistant.complaints()
    evidence(f"warnings and errors of Home Assistant over {len(messages)} kinds of uplinks", len(complaints), 0)
    assert complaints == []
    assert discovered.entities() == packaged.entities()
    assert len(packaged.entities()) == sum(map(len, entities.entities(PLACE).values())) - 2


def kept(where):
    with discovery.Broker(*discovery.address(where)) as connection:
        connection.read_retained("homeassistant/+/+/+/config")
        return dict(connection.retained)


def told(description):
    """What the formatter makes of that example."""
    return next(vector["output"]["data"] for vector in VECTORS["uplink"] if vector["description"] == description)


def test_each_entity_shows_what_the_uplink_says(packaged):
    packaged.tell(uplink(told("status: charging on three phases with a meter")))
    packaged.assistant.wait_for(
        sensor_state="Charging", sensor_reason="charging", sensor_fault="none", sensor_power="10.7", sensor_session_energy="12.34",
        sensor_current_l1="15.5", sensor_current_l2="15.75", sensor_current_l3="15.25", sensor_current_limit="16", number_limit="16",
        sensor_rssi="-80", sensor_snr="0", sensor_plan_hash="94", binary_sensor_car_connected="on", binary_sensor_problem="off")
    packaged.tell(uplink())
    packaged.tell(uplink(told("status: overcurrent fault")))
    packaged.assistant.wait_for(sensor_state="Disabled", sensor_fault="F9: vehicle draws more current than it was offered",
                                binary_sensor_problem="on", binary_sensor_car_connected="unknown", sensor_session_energy="8.01")
    energy = packaged.assistant.states()["sensor.wallbox_session_energy"]["attributes"]
    # The energy dashboard takes the total of home/home_assistant.py: a session's would book the night to the morning.
    assert (energy["device_class"], energy.get("state_class"), energy["unit_of_measurement"]) == ("energy", None, "kWh")


def test_an_uplink_without_data_is_a_sign_of_life_that_changes_nothing(packaged):
    packaged.settle("outside plan")
    before = packaged.entities()
    heard = packaged.assistant.state("sensor.wallbox_last_heard")
    time.sleep(1)
    packaged.tell(uplink())
    until(lambda: packaged.assistant.state("sensor.wallbox_last_heard") != heard)
    assert packaged.entities() == before


def test_airtime_is_added_up_once_for_each_uplink(packaged):
    before = float(packaged.assistant.state("sensor.wallbox_airtime_today"))
    message = uplink({**STATUS, "reason": "skipped"}, consumed_airtime="1.500s")
    packaged.tell(message, message)
    packaged.assistant.wait_for(sensor_reason="skipped")
    assert abs(float(packaged.assistant.state("sensor.wallbox_airtime_today")) - before - 1.5) < 0.01


def test_a_plan_read_back_in_pages_becomes_one_line(packaged):
    windows = [{"days": "mon-fri", "from": "22:00", "to": "07:00", "current_a": 16}, {"days": "sat,sun", "from": "00:00", "to": "00:00", "kwh": 10.5}]
    pages = [uplink({"type": "readback", "state": "Charged", "part": "plan", "page": number + 1, "pages": 2, "windows": [window]})
             for number, window in enumerate(windows)]
    packaged.tell(pages[0], pages[0], pages[1], pages[1])
    packaged.assistant.wait_for(text_plan="mon-fri 22:00-07:00 16A; sat,sun 00:00-00:00 10.5kWh")
    packaged.tell(uplink({"type": "readback", "state": "Charged", "part": "plan", "page": 1, "pages": 1, "windows": []}))
    packaged.assistant.wait_for(text_plan="none")


W1, W2, W3 = ({"days": "daily", "from": f"0{hour}:00", "to": "07:00"} for hour in (1, 2, 3))
REPORT_QUEUED = json.dumps({"downlink_queued": {"decoded_payload": {"command": "report", "what": "plan"}}}).encode()


def plan_page(page, pages, window, **more):
    windows = [window] if window else []
    return uplink({"type": "readback", "state": "Charged", "part": "plan", "page": page, "pages": pages, "windows": windows}, **more)


def shown(house, text, *messages):
    """Tell these, then let a status pass; the plan must be that."""
    house.tell(*messages)
    for reason in ("skipped", "locked"):
        house.settle(reason)
    assert house.assistant.state("text.wallbox_plan") == text


def test_only_the_pages_of_one_read_back_become_a_plan(packaged):
    one = "daily 01:00-07:00"
    shown(packaged, one, plan_page(1, 1, W1))
    # The first page of another one is lost: its second is not added to what stands there.
    shown(packaged, one, plan_page(2, 2, W2))
    # A page in the middle is lost: a part is no plan, neither now nor with later pages.
    shown(packaged, one, plan_page(1, 3, W2), plan_page(3, 3, W3))
    shown(packaged, one, plan_page(1, 2, W2))
    packaged.network.publish(THERE + "down/queued", REPORT_QUEUED)
    shown(packaged, one, plan_page(2, 2, W3))
    shown(packaged, one, plan_page(1, 3, W2), plan_page(2, 2, W3))
    shown(packaged, "daily 02:00-07:00; daily 03:00-07:00", plan_page(1, 2, W2), plan_page(1, 2, W2), plan_page(2, 2, W3), plan_page(1, 2, W2))


def test_only_the_pages_of_one_read_back_become_a_time_zone(packaged):
    def page(number, text):
        return uplink({"type": "readback", "state": "Charged", "part": "timezone", "page": number, "pages": 3, "timezone_part": text})

    packaged.tell(page(1, "AEST-10AEDT"), page(2, "M10.1.0"), page(3, "M4.1.0/3"))
    packaged.assistant.wait_for(text_time_zone="AEST-10AEDT,M10.1.0,M4.1.0/3")
    packaged.tell(page(1, "CET-1CEST"), page(3, "M10.5.0/3"), page(2, None), page(1, "CET-1CEST"), page(2, "M3.5.0"))
    packaged.network.publish(THERE + "down/queued", REPORT_QUEUED)
    packaged.tell(page(3, "M10.5.0/3"))
    packaged.settle("skipped")
    assert packaged.assistant.state("text.wallbox_time_zone") == "AEST-10AEDT,M10.1.0,M4.1.0/3"


def test_a_long_plan_on_its_way_down_is_told_in_short_or_not_at_all(packaged):
    def queued(windows):
        message = {"downlinks": [{"f_port": 20, "decoded_payload": {"plan": {"windows": windows}, "issued_at": 1}}]}
        packaged.network.publish(THERE + "down/push", json.dumps(message).encode())

    window = {"days": "mon, tue, wed, thu, fri, sat, sun", "from": "22:00", "to": "06:00"}
    queued([window] * 7)
    packaged.assistant.wait_for(text_plan="; ".join(["daily 22:00-06:00"] * 7))
    queued([{**window, "days": "mon,tue,wed,fri,sat,sun", "kwh": 127.5, "duration_min": 1440}] * 7)
    packaged.assistant.wait_for(text_plan="unknown")


def test_a_gateway_that_withholds_what_it_received_is_none_of_0(packaged):
    packaged.tell(uplink({**STATUS, "reason": "skipped"}, rx_metadata=[{"rssi": -100, "snr": -2.5}, {"gateway_ids": {"gateway_id": "packetbroker"}}]))
    packaged.assistant.wait_for(sensor_rssi="-100", sensor_snr="-2.5")
    packaged.tell(uplink({**STATUS, "reason": "skipped"}, rx_metadata=[{"gateway_ids": {"gateway_id": "packetbroker"}}]))
    packaged.assistant.wait_for(sensor_rssi="unknown", sensor_snr="unknown")


def test_who_decides_is_told_by_the_first_page_of_the_claims(packaged):
    for page, holder in ((1, "stop"), (2, "plan")):
        packaged.tell(uplink({"type": "readback", "state": "Charged", "part": "claims", "page": page, "pages": 2, "holder": holder, "until": None}))
    packaged.settle("locked")
    assert packaged.assistant.state("sensor.wallbox_who_decides") == "stop"


def pushed(house, press):
    """The one push that a press makes: its request, and seconds since the issue."""
    before = len(house.network.payloads(THERE + "down/push"))
    press()
    until(lambda: len(house.network.payloads(THERE + "down/push")) > before)
    downlink = json.loads(house.network.payloads(THERE + "down/push")[before])["downlinks"]
    assert len(downlink) == 1 and downlink[0]["f_port"] == 20
    return downlink[0]["decoded_payload"]


def test_every_button_pushes_what_the_formatter_encodes(discovered):
    engine = formatter.Formatter()
    wanted = {key: request for key, _, _, request in entities.BUTTONS}
    for key, name, _, _ in entities.BUTTONS:
        entity = "button.wallbox_" + name.lower().replace(" ", "_")
        request = pushed(discovered, lambda entity=entity: discovered.assistant.act("button.press", entity))
        assert 0 <= time.time() - request["issued_at"] < WAIT_S and request["id"] == request["issued_at"] % 256 and request["expires_in_s"] == 600
        assert request["command"] in wanted[key] and not engine.encode_downlink(request, 20, 0).get("errors")
    for entity, service, value in (("number.wallbox_limit", "number.set_value", 13), ("text.wallbox_time_zone", "text.set_value", "CET-1CEST"),
                                   ("text.wallbox_plan", "text.set_value", "22:00-07:00; sat 01:00-02:00 16A 10.5kWh 120min"),
                                   ("text.wallbox_plan", "text.set_value", "none")):
        request = pushed(discovered, lambda: discovered.assistant.act(service, entity, value=value))   # noqa: B023
        assert not engine.encode_downlink(request, 20, 0).get("errors"), request


def test_a_plan_that_is_none_is_not_sent(discovered):
    with pytest.raises(urllib.error.HTTPError):
        discovered.assistant.act("text.set_value", "text.wallbox_plan", value="tonight")


def test_a_phone_is_told_each_event_once(discovered):
    discovered.settle("locked")
    phone = discovered.network
    phone.heard.clear()
    event = {"type": "event", "state": "Charged", "code": "B2", "status": "ready", "reason": "vehicle_paused", "event_at": int(time.time())}
    said = []
    for number, word, more, title in ((1, "not_plugged_in", {"minutes": 90}, "The car is not plugged in|Cheap hours begin in 90 min."),
                                      (2, "not_charging", {"minutes": 20}, "The car does not charge|No current flows for 20 min: vehicle paused."),
                                      (3, "finished", {"kwh": 12.3}, "The car is full|12.3 kWh in this session."),
                                      (4, "finished", {"kwh": 13.4}, "The car is full|13.4 kWh in this session."),
                                      (5, "leaked_at_peak", {"kwh": 1}, None)):
        discovered.settle("vehicle paused")
        message = uplink({**event, "event": word, "event_number": number, **more})
        discovered.tell(message, message)
        said += [title] if title else []
        until(lambda: [text.decode() for text in phone.payloads("phone")] == said, lambda: phone.payloads("phone"))   # noqa: B023
    discovered.tell(uplink(told("status: overcurrent fault")))
    said.append("The wallbox has a fault|F9: vehicle draws more current than it was offered")
    until(lambda: [text.decode() for text in phone.payloads("phone")] == said, lambda: phone.payloads("phone"))
    time.sleep(SILENCE_S)
    assert [text.decode() for text in phone.payloads("phone")] == said


def test_removed_from_discovery_it_is_gone(discovered):
    before = len(discovered.assistant.complaints())
    assert discovery.main(["remove", *IDS, "--broker", f"{HOST}:{discovered.port}"]) == 0
    until(lambda: not discovered.entities(), lambda: discovered.entities())
    assert discovered.assistant.complaints()[before:] == []


def test_publishing_takes_away_what_an_older_version_left_and_nothing_of_others(discovered):
    broker = f"{HOST}:{discovered.port}"
    ours, theirs = f"homeassistant/sensor/{entities.node(PLACE)}/gone/config", "homeassistant/sensor/other_box/state/config"
    with discovery.Broker(*discovery.address(broker)) as connection:
        connection.retain(ours, b"{}")
        connection.retain(theirs, b"{}")
    discovery.main(["publish", *IDS, "--broker", broker])
    assert ours not in kept(broker) and theirs in kept(broker)
    discovery.main(["remove", *IDS, "--broker", broker])
    assert set(kept(broker)) == {theirs}
