"""Entity ids in a real Home Assistant: neither an area nor an update, another way to publish or new ids for all changes them."""
import json

import pytest
from home import discovery, entities, package

from tests.home.brokers import HOST
from tests.home.client import until
from tests.home.fed_assistant import IDS, PLACE, RELEASE, AssistantOnBroker

# The first Home Assistant that can make the ids of all entities again.
RECREATES_SINCE = (2025, 10)
WANTED = {each["unique_id"]: entities.entity_id(component, PLACE, each["name"])
          for component, found in entities.entities(PLACE).items() for each in found}


@pytest.fixture
def house(tmp_path):
    its = AssistantOnBroker(tmp_path)
    with its.open():
        yield its


def registered(house):
    """{unique id: entity id} as Home Assistant keeps them, without what nothing stands behind any more."""
    (entries,) = house.assistant.ask({"type": "config/entity_registry/list"})
    states = house.assistant.states()
    return {entry["unique_id"]: entry["entity_id"] for entry in entries if entry["platform"] == "mqtt" and entry["entity_id"] in states}


def as_an_older_version_of_ours(messages):
    """A third of the entities, without the ids of today."""
    return {topic: json.dumps({key: value for key, value in json.loads(payload).items() if key != "default_entity_id"})
            for topic, payload in sorted(messages.items())[::3]}


def put_into_area(house):
    area, devices = house.assistant.ask({"type": "config/area_registry/create", "name": "Garage"}, {"type": "config/device_registry/list"})
    (device,) = [each["id"] for each in devices if ["mqtt", entities.node(PLACE)] in each["identifiers"]]
    house.assistant.ask({"type": "config/device_registry/update", "device_id": device, "area_id": area["area_id"]})


def test_area_update_remove_and_publish_package_and_new_ids_leave_the_ids_as_they_are(house, evidence):
    where = f"{HOST}:{house.port}"
    older = as_an_older_version_of_ours(discovery.messages(PLACE, "homeassistant"))
    with discovery.Broker(HOST, house.port) as broker:
        discovery.apply(broker, "homeassistant", entities.node(PLACE), older)
    until(lambda: len(registered(house)) == len(older), lambda: registered(house))
    put_into_area(house)
    changed = {}

    def look(what):
        until(lambda: registered(house).keys() == WANTED.keys(), lambda: registered(house), 30)
        changed[what] = {unique: its for unique, its in registered(house).items() if its != WANTED[unique]}

    discovery.main(["publish", *IDS, "--broker", where])
    look("an update")
    discovery.main(["remove", *IDS, "--broker", where])
    until(lambda: not registered(house), lambda: registered(house))
    discovery.main(["publish", *IDS, "--broker", where])
    look("remove and publish")
    if RELEASE >= RECREATES_SINCE:
        (fresh,) = house.assistant.ask({"type": "config/entity_registry/get_automatic_entity_ids", "entity_ids": sorted(WANTED.values())})
        changed["new ids for all"] = {its: to for its, to in fresh.items() if its != to}
    discovery.main(["remove", *IDS, "--broker", where])
    house.assistant.stop()
    house.assistant.add_package("ev_charger", package.text(PLACE))
    house.assistant.start()
    look("the package")
    evidence(f"entity ids that change in an area, of {len(WANTED)}, by {', '.join(changed)}", sum(map(len, changed.values())), 0)
    assert not any(changed.values()), changed
