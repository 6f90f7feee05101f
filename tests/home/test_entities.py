"""The entities in a real Home Assistant, fed with every uplink the formatter can give: by discovery, and as a package."""
import json
import time
import urllib.error

import pytest
from ttn import formatter
from home import arguments, discovery, entities, package

from tests.home.brokers import HOST, THERE
from tests.home.client import WAIT_S, until
from tests.home.fed_assistant import IDS, PLACE, STATUS, VECTORS, AssistantOnBroker, pushed, told, uplink

# Messages that Home Assistant is through with in a moment.
AT_ONCE = 50


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


@pytest.fixture(scope="module")
def discovered(tmp_path_factory):
    house = AssistantOnBroker(tmp_path_factory.mktemp("discovered"))
    with house.open():
        assert discovery.main(["publish", *IDS, "--broker", f"{HOST}:{house.port}"]) == 0
        house.settle("locked")
        yield house


@pytest.fixture(scope="module")
def packaged(tmp_path_factory):
    house = AssistantOnBroker(tmp_path_factory.mktemp("packaged"), packages={"ev_charger": package.text(PLACE)})
    with house.open():
        house.settle("locked")
        yield house


def test_every_uplink_leaves_home_assistant_calm_and_both_ways_show_the_same(discovered, packaged, evidence):
    messages = every_message()
    for house in (discovered, packaged):
        for first in range(0, len(messages), AT_ONCE):
            for message in messages[first:first + AT_ONCE]:
                house.tell(message)
                house.network.publish(THERE + "down/queued", message)
            # None of them was received like this, so it is through with them once it has this.
            house.settle("vehicle full", rssi=-33 - first // AT_ONCE)
    complaints = discovered.assistant.complaints() + packaged.assistant.complaints()
    evidence(f"warnings and errors of Home Assistant over {len(messages)} kinds of uplinks", len(complaints), 0)
    assert complaints == []
    repairs = discovered.assistant.repairs() + packaged.assistant.repairs()
    evidence("repairs and deprecations of ours that Home Assistant lists then", len(repairs), 0)
    assert repairs == []
    assert discovered.entities() == packaged.entities()
    assert len(packaged.entities()) == sum(map(len, entities.entities(PLACE).values())) - 3


def kept(where):
    with discovery.Broker(*arguments.broker(where)) as connection:
        connection.read_retained("homeassistant/+/+/+/config")
        return dict(connection.retained)


def test_each_entity_shows_what_the_uplink_says(packaged):
    packaged.tell(uplink(told("status: charging on three phases with a meter")))
    packaged.assistant.wait_for(
        sensor_state="Charging", sensor_reason="charging", sensor_fault="none", sensor_power="10.7", sensor_session_energy="12.34",
        sensor_current_l1="15.5", sensor_current_l2="15.75", sensor_current_l3="15.25", sensor_current_limit="16", number_limit="16",
        sensor_rssi="-80", sensor_snr="0", sensor_plan_hash="94", binary_sensor_car_connected="on", binary_sensor_problem="off",
        binary_sensor_charging="on", select_mode="plan")
    packaged.tell(uplink())
    packaged.tell(uplink(told("status: overcurrent fault")))
    packaged.assistant.wait_for(sensor_state="Disabled", sensor_fault="F9: vehicle draws more current than it was offered",
                                binary_sensor_problem="on", binary_sensor_car_connected="unknown", sensor_session_energy="8.01",
                                binary_sensor_charging="off")
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


def test_every_button_pushes_what_the_formatter_encodes(discovered):
    engine = formatter.Formatter()
    wanted = {key: request for key, _, _, request, _ in entities.BUTTONS}
    for key, name, _, _, _ in entities.BUTTONS[:-1]:
        entity = "button.wallbox_" + name.lower().replace(" ", "_")
        request = pushed(discovered, lambda entity=entity: discovered.assistant.act("button.press", entity))
        assert 0 <= time.time() - request["issued_at"] < WAIT_S and request["id"] == request["issued_at"] % 256 and request["expires_in_s"] == 600
        assert request["command"] in wanted[key] and not engine.encode_downlink(request, 20, 0).get("errors")
    for entity, service, value in (("number.wallbox_limit", "number.set_value", 13), ("number.wallbox_boost_by_energy", "number.set_value", 12),
                                   ("text.wallbox_time_zone", "text.set_value", "CET-1CEST"),
                                   ("text.wallbox_plan", "text.set_value", "22:00-07:00; sat 01:00-02:00 16A 10.5kWh 120min"),
                                   ("text.wallbox_plan", "text.set_value", "none")):
        request = pushed(discovered, lambda: discovered.assistant.act(service, entity, value=value))   # noqa: B023
        assert not engine.encode_downlink(request, 20, 0).get("errors"), request


@pytest.mark.parametrize("mode, now, wanted", [
    ("plan", "stop", {"command": "resume_plan"}), ("plan", "lock", {"command": "unlock"}), ("boost", "none", {"command": "boost", "until": "07:00"}),
    ("skip", "none", {"command": "skip"}), ("stop", "target", {"command": "stop"}), ("lock", "boost", {"command": "lock"}),
    ("target", "skip", {"target": {"until": "07:00", "quarters": []}})])
def test_a_mode_that_is_chosen_becomes_its_command_and_shows_what_the_device_has(discovered, mode, now, wanted):
    shown = {"none": "plan"}.get(now, now)
    discovered.tell(uplink({**STATUS, "override": now}))
    discovered.assistant.wait_for(select_mode=shown)
    request = pushed(discovered, lambda: discovered.assistant.act("select.select_option", "select.wallbox_mode", option=mode))
    assert {key: value for key, value in request.items() if key not in ("id", "issued_at", "expires_in_s")} == wanted
    assert not formatter.Formatter().encode_downlink(request, 20, 0).get("errors")
    assert discovered.assistant.state("select.wallbox_mode") == shown


def has(home, entity, number):
    """Whether an entity shows that number, which may be written 12 or 12.0."""
    return home.state(entity) in (str(number), f"{number}.0")


def test_energy_by_an_hour_is_kept_by_the_broker_and_asked_for_by_a_button_whatever_the_entities_are_called(discovered):
    home = discovered.assistant
    home.act("text.set_value", "text.wallbox_charge_by", value="06:30")
    home.act("number.set_value", "number.wallbox_charge_energy", value=20)
    home.wait_for(text_charge_by="06:30")
    until(lambda: has(home, "number.wallbox_charge_energy", 20))
    home.rename("number.wallbox_charge_energy", "number.as_much")
    try:
        until(lambda: has(home, "number.as_much", 20), lambda: home.states().keys())
        request = pushed(discovered, lambda: home.act("button.press", "button.wallbox_charge_by_then"))
    finally:
        home.rename("number.as_much", "number.wallbox_charge_energy")
    assert request["target"] == {"until": "06:30", "kwh": 20, "quarters": []}
    with pytest.raises(urllib.error.HTTPError):
        home.act("text.set_value", "text.wallbox_charge_by", value="7")
    home.act("text.set_value", "text.wallbox_charge_by", value="")
    home.wait_for(text_charge_by="")
    assert pushed(discovered, lambda: home.act("button.press", "button.wallbox_charge_by_then"))["target"]["until"] == "07:00"
    discovered.tell(uplink(told("event: a target will be missed, no car")))
    home.wait_for(sensor_charge_missing="20")
    discovered.tell(uplink(told("result: target done, 18.2 kWh are possible")))
    home.wait_for(sensor_charge_possible="18.2", sensor_charge_missing="0")
    discovered.tell(uplink(told("result: target done, what is possible is not known without a meter")))
    home.wait_for(sensor_charge_possible="unknown")


def test_a_boost_by_energy_shows_what_was_asked_for_as_long_as_a_boost_stands(discovered):
    home = discovered.assistant
    home.act("number.set_value", "number.wallbox_boost_by_energy", value=12)
    until(lambda: has(home, "number.wallbox_boost_by_energy", 12))
    discovered.tell(uplink({**STATUS, "override": "boost"}))
    home.wait_for(select_mode="boost")
    assert has(home, "number.wallbox_boost_by_energy", 12)
    discovered.tell(uplink({**STATUS, "override": "none"}))
    home.wait_for(select_mode="plan", number_boost_by_energy="unknown")


def test_what_read_device_brings_is_shown(discovered):
    discovered.tell(*[uplink(told(f"device: {name}")) for name in ("boot after the watchdog", "charger", "model", "serial")])
    discovered.assistant.wait_for(sensor_firmware="1.2.3", sensor_boot_cause="watchdog", sensor_charger_firmware="1.5", sensor_box="2W22xy",
                                  sensor_serial_number="01234567")
    discovered.tell(uplink(told("device: charger that says nothing")))
    discovered.assistant.wait_for(sensor_firmware="1.2.3", sensor_charger_firmware="unknown")


def test_an_event_happens_once_and_keeps_what_it_tells(discovered):
    def happened():
        return discovered.assistant.states()["event.wallbox_event"]

    message = uplink({"type": "event", "event": "finished", "event_number": 77, "kwh": 9.5, "event_at": 1_790_000_000, "state": "Charged"})
    discovered.tell(message)
    until(lambda: happened()["attributes"].get("event_number") == 77, happened)
    first = happened()
    assert first["attributes"]["event_type"] == "finished" and first["attributes"]["kwh"] == 9.5
    discovered.tell(message)
    discovered.settle("skipped")
    assert happened()["state"] == first["state"]


def test_a_plan_that_is_none_is_not_sent(discovered):
    with pytest.raises(urllib.error.HTTPError):
        discovered.assistant.act("text.set_value", "text.wallbox_plan", value="tonight")


def test_removed_from_discovery_it_is_gone(discovered):
    before = len(discovered.assistant.complaints())
    assert discovery.main(["remove", *IDS, "--broker", f"{HOST}:{discovered.port}"]) == 0
    until(lambda: not discovered.entities(), lambda: discovered.entities())
    # Home Assistant writes its log later than it answers: what it says of the plan that is none is of the test before.
    assert [one for one in discovered.assistant.complaints()[before:] if "Value tonight for" not in one] == []


def test_publishing_takes_away_what_an_older_version_left_and_nothing_of_others(discovered):
    broker = f"{HOST}:{discovered.port}"
    ours, theirs = f"homeassistant/sensor/{entities.node(PLACE)}/gone/config", "homeassistant/sensor/other_box/state/config"
    with discovery.Broker(*arguments.broker(broker)) as connection:
        connection.retain(ours, b"{}")
        connection.retain(theirs, b"{}")
    discovery.main(["publish", *IDS, "--broker", broker])
    assert ours not in kept(broker) and theirs in kept(broker)
    discovery.main(["remove", *IDS, "--broker", broker])
    assert set(kept(broker)) == {theirs}
