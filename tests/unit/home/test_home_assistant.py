"""home/home_assistant.py: the total and the last session, on record before they are told, and told when they change."""
import dataclasses
import json

import pytest
from tests.support.house import BEGIN_MS, StoredHouse, given, night
from tests.support.stores import store
from tests.support.uplinks import DAY_MS, HOUR_MS, MIN_MS, Device
from home import entities, home_assistant
from home.home_assistant import HouseBroker
from home.notices import Notices
from home.planning import wishes
from home.store import memory
from home.store.database import reading

STATE = "ev-charger-home/ttn/wallbox/state"
BEGIN = "ev-charger-home/ttn/wallbox/last_begin"


class Retained:
    """Stands in for the line: what is retained on the broker, and every publish."""

    def __init__(self):
        self.topics, self.published = {}, []
        self.is_up = True

    def publish(self, topic, payload, retain=False):
        if self.is_up:
            self.topics[topic] = payload
            self.published.append(topic)
        return self.is_up

    def is_connected(self):
        return self.is_up

    def subscribe(self, topics):
        self.subscribed = [topic for topic, _ in topics]

    @property
    def client(self):
        return self


@pytest.fixture
def its():
    with store() as engine:
        yield StoredHouse(engine, given(house_mqtt={"host": "127.0.0.1"}))


@pytest.fixture
def broker(its):
    made = HouseBroker(its, lambda is_up, sentence: None)
    made.line = Retained()
    return made


def told(broker):
    broker.tell()
    return json.loads(broker.line.topics[STATE])


def test_the_entities_belong_to_the_wallbox_and_the_total_alone_is_for_the_dashboard(broker):
    broker._on_line(True, "connected")
    found = {topic.split("/")[-2]: json.loads(payload) for topic, payload in broker.line.topics.items() if topic.endswith("/config")}
    assert set(found) == {"total", "last_energy", "last_begin", "last_duration", "last_cost"}
    assert [name for name, one in found.items() if "state_class" in one] == ["total"]
    assert found["total"]["state_class"] == "total_increasing" and found["last_cost"]["unit_of_measurement"] == "EUR"
    assert {json.dumps(one["device"]) for one in found.values()} == {json.dumps(entities.device(entities.Place("ev-charger", "ttn", "wallbox")))}
    assert broker.line.topics[home_assistant.STATUS] == "online"


def its_device(broker):
    return json.loads(broker.line.topics["homeassistant/sensor/ev-charger_wallbox_book/total/config"])["device"]


def test_firmware_and_serial_number_stand_beside_the_device_once_it_has_told_them(broker, its):
    broker._on_line(True, "connected")
    assert "sw_version" not in its_device(broker)
    device = Device()
    for at_ms, part, page, more in ((BEGIN_MS, "boot", 1, {"firmware": "1.2.2"}), (BEGIN_MS + 1, "boot", 1, {"firmware": "1.2.3"}),
                                    (BEGIN_MS + 2, "serial", 4, {"serial": "01234567"})):
        its.hear(device.uplink(at_ms, 12, {"type": "device", "state": "Charged", "part": part, "page": page, "pages": 7, **more}))
    broker.tell()
    assert its_device(broker) == {**entities.device(entities.Place("ev-charger")), "sw_version": "1.2.3", "serial_number": "01234567"}
    published = len(broker.line.published)
    broker.tell()
    assert len(broker.line.published) == published


def test_a_device_links_to_the_page_where_others_reach_it(broker, its):
    broker._on_line(True, "connected")
    assert "configuration_url" not in its_device(broker)
    its.settings = dataclasses.replace(its.settings, web=dataclasses.replace(its.settings.web, host="192.168.1.20"))
    broker._on_line(True, "connected")
    assert its_device(broker)["configuration_url"] == "http://192.168.1.20:8080/"


class WishMessage:
    def __init__(self, payload, topic="ev-charger-home/ttn/wallbox/wish", retain=False):
        self.payload, self.topic, self.retain = payload, topic, retain


def test_a_wish_is_kept_for_its_departure_and_told_to_the_planner_but_not_one_that_the_broker_keeps(broker, its):
    said, changed = [], []
    its.notices = Notices(lambda: 0, lambda form, *words: said.append(form % words))
    its.changes.listen(changed.append)
    broker._on_line(True, "connected")
    assert broker.line.subscribed == ["ev-charger-home/ttn/wallbox/wish"]

    def wished():
        with reading(its.engine) as connection:
            return wishes.departure(connection, 1, its.settings.devices[0], its.clock())

    broker._hear_wish(WishMessage(b'{"until": "07:30", "kwh": 20}', retain=True))
    broker._hear_wish(WishMessage(b'{"until": "07:30", "kwh": 20}', topic="ev-charger-home/ttn/wallbox/state"))
    assert wished() is None and not changed
    broker._hear_wish(WishMessage(b'{"until": "07:30", "kwh": 20}'))
    assert (wished().order.kwh, wished().until_s) == (20, BEGIN_MS // 1000 + 7 * 3600 + 1800) and changed == ["Garage"]
    broker._hear_wish(WishMessage(b'{"until": "tonight", "kwh": 20}'))
    assert said == ["Garage: a wish from Home Assistant cannot be met. until: 'tonight' is no time, as 07:30"] and wished().order.kwh == 20


def test_discovery_of_the_wallbox_leaves_these_alone(broker):
    broker._on_line(True, "connected")
    node = entities.node(entities.Place("ev-charger", "ttn", "wallbox"))
    assert not any(topic.split("/")[2] == node for topic in broker.line.topics if topic.endswith("/config"))


def test_the_last_session_is_told_with_its_cost(broker, its):
    its.hear(*night(Device(), 5))
    assert told(broker) == {"total": None, "last_energy": 14.0, "last_duration": 780, "last_cost": 4.2}
    assert broker.line.topics[BEGIN] == "2026-10-06T18:00:00+02:00"


def test_before_anything_is_known_nothing_is_said(broker):
    assert told(broker) == {"total": None, "last_energy": None, "last_duration": None, "last_cost": None}
    assert BEGIN not in broker.line.topics


def test_the_total_goes_on_each_minute_and_is_on_record_before_it_is_told(broker, its):
    device = Device()
    its.hear(device.energy(BEGIN_MS, 1000.0, 1), device.status(BEGIN_MS, 0, 7.2))
    totals = []
    for minute in range(0, 61, 10):
        its.now_ms = BEGIN_MS + minute * MIN_MS
        totals.append(told(broker)["total"])
    assert totals == pytest.approx([1000 + 1.2 * step for step in range(7)])
    with reading(its.engine) as connection:
        assert memory.get(connection, "energy_shown/1") == pytest.approx(1_007_200)


@pytest.mark.parametrize("nights, goes_on_to", [(1, 21), (6, 21), (7, 14)])
def test_the_total_goes_on_beyond_what_a_few_sessions_took_and_not_beyond_what_a_week_of_them_did(broker, its, nights, goes_on_to):
    device = Device()
    its.hear(device.energy(BEGIN_MS, 1000.0, 0), *[uplink for number in range(nights) for uplink in night(device, number)])
    its.now_ms = BEGIN_MS + 30 * DAY_MS
    before = told(broker)["total"]
    its.hear(device.status(its.now_ms, 0, 14.0))
    its.now_ms += 90 * MIN_MS
    assert told(broker)["total"] - before == pytest.approx(goes_on_to)


def test_after_a_restart_the_total_has_not_fallen(broker, its):
    device = Device()
    its.hear(device.energy(BEGIN_MS, 1000.0, 1), device.status(BEGIN_MS, 0, 7.2))
    its.now_ms = BEGIN_MS + HOUR_MS
    before = told(broker)["total"]
    its.hear(device.status(BEGIN_MS + HOUR_MS, 5.0))     # less than was carried on
    again = HouseBroker(its, lambda is_up, sentence: None)
    again.line = Retained()
    assert told(again)["total"] == before


def test_the_same_is_told_once_and_after_an_outage_again(broker, its):
    its.hear(*night(Device(), 5))
    broker.tell(), broker.tell()
    assert broker.line.published.count(STATE) == 1
    broker._on_line(False, "gone")
    broker._on_line(True, "connected")
    broker.tell()
    assert broker.line.published.count(STATE) == 2


def test_while_the_line_is_down_nothing_is_put_on_record(broker, its):
    its.hear(Device().energy(BEGIN_MS, 1000.0, 1))
    broker.line.is_up = False
    broker.tell()
    with reading(its.engine) as connection:
        assert memory.get(connection, "energy_shown/1") is None
