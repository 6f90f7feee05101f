"""What the service of the house tells a real Home Assistant: the total for the energy dashboard, and the last session."""
import time

import pytest
from tests.home.assistant import Assistant
from tests.home.brokers import APP, DEVICE, HOST, Mosquitto, free_port
from tests.home.client import until
from tests.support.house import StoredHouse, given
from tests.support.stores import store
from tests.support.uplinks import HOUR_MS, Device
from home import discovery, entities
from home.home_assistant import HouseBroker

TOTAL = "sensor.wallbox_total_energy"


@pytest.fixture
def assistant(tmp_path):
    """(a Home Assistant, the broker that it is on)."""
    port = free_port()
    broker = Mosquitto(tmp_path / "broker", f"listener {port} {HOST}\nallow_anonymous true\n", [port])
    broker.start()
    made = Assistant(tmp_path / "assistant")
    try:
        made.start()
        made.welcome(port)
        yield made, broker
    finally:
        made.stop()
        broker.stop()


@pytest.fixture
def its(assistant):
    with store() as engine:
        yield StoredHouse(engine, given(house_mqtt={"host": HOST, "port": assistant[1].ports[0]}, tariff=[{"part": "energy", "price_kwh": 0.30}]))


def test_total_and_last_session_stand_in_the_wallbox_s_device(assistant, its):
    home, _broker = assistant
    now_ms = int(time.time()) * 1000
    device = Device()
    its.hear(device.session(5, now_ms - 4 * HOUR_MS, 120, 14.0), device.energy(now_ms - HOUR_MS, 1000.0, 5), device.status(now_ms, 0, 7.2))
    said = []
    house = HouseBroker(its, lambda is_up, sentence: said.append(sentence))
    house.start()
    try:
        until(lambda: said, lambda: "no line")
        house.tell()
        home.wait_for(sensor_total_energy="1000.0", sensor_last_session_energy="14.0", sensor_last_session_duration="120",
                      sensor_last_session_cost="4.2")
        total = home.states()[TOTAL]["attributes"]
        assert (total["device_class"], total["state_class"], total["unit_of_measurement"]) == ("energy", "total_increasing", "kWh")
        its.now_ms = now_ms + HOUR_MS
        house.tell()
        home.wait_for(sensor_total_energy="1007.2")
        # The wallbox's own entities come and go beside them.
        place = entities.Place(APP, "ttn", DEVICE)
        wanted = discovery.messages(place, "homeassistant")
        for messages in (wanted, {}):
            with discovery.Broker(HOST, _broker.ports[0]) as line:
                discovery.apply(line, "homeassistant", entities.node(place), messages)
            until(lambda messages=messages: (home.state("sensor.wallbox_power") is not None) == bool(messages))
        assert home.state(TOTAL) == "1007.2"
    finally:
        house.stop()
    home.wait_for(sensor_total_energy="unavailable")
    assert home.complaints() == [] and said[0].endswith("connected")
