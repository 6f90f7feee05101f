"""Rights at the house's broker: who reads and who writes what, by the text of the file; with a real mosquitto in tests/home."""
import paho.mqtt.client as paho
import pytest
from home import bridge, entities, entity_dialects, mosquitto_listener

APP = "my-app"
UP, PUSH = "v3/my-app@ttn/devices/+/up", "v3/my-app@ttn/devices/+/down/push"


def rights(consumer="both", guarded=False):
    """{user: {topic: right}}"""
    text = mosquitto_listener.rights_file(APP, bridge.WANTED[consumer],
                                      lambda name, device: bridge.routes(name, APP, device, f"{APP}@ttn", guarded), guarded,
                                      [bridge.NOTE.format(user=f"{APP}@ttn")])
    found = {}
    for line in text.splitlines():
        if line.startswith("user "):
            mine = found[line[5:]] = {}
        elif line.startswith("topic "):
            _, right, topic = line.split(" ")
            assert topic not in mine
            mine[topic] = right
    return found


def may(rules, *words):
    return {user for user, topics in rules.items() for topic, right in topics.items() if right in ("write", "readwrite") and topic.endswith(words)}


@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize("consumer", bridge.WANTED)
def test_nobody_but_who_is_for_it_may_press(consumer, guarded):
    guarded = guarded and consumer != "home-assistant"
    rules = rights(consumer, guarded)
    assert set(rules) == {user for user, _ in mosquitto_listener.users(bridge.WANTED[consumer], guarded)}
    pressing = {"home": "home-assistant", "home-manager": "home-manager"}
    assert may(rules, "/down/push") - {"guard"} == {user for user, name in pressing.items() if name in bridge.WANTED[consumer]}
    assert "look" not in may(rules, "")


@pytest.mark.parametrize("guarded", [False, True])
def test_nobody_may_say_what_only_the_network_says(guarded):
    rules = rights("both", guarded)
    assert may(rules, "/up", "/join", "/queued") == ({"guard"} if guarded else set())
    assert not may(rules, "ttn-guard/my-app/up") and not any(topic.startswith("ttn-bridge") for user in may(rules, "") for topic in rules[user]
                                                             if rules[user][topic] != "read")


def test_the_guard_stands_between():
    rules = rights("home-manager", True)
    assert rules["guard"] == {"ttn-guard/my-app/up": "read", "ttn/my-app/up": "write", "ttn/my-app/down/push": "readwrite"}
    assert "ttn-guard/my-app/up" not in rules["home-manager"] and rules["home-manager"]["ttn/my-app/up"] == "read"


def test_home_assistant_may_what_its_entities_and_blueprints_do():
    place = entities.Place(APP)
    its, found = rights()["home"], [each for rows in entities.entities(place).values() for each in rows]
    heard = {value for each in found for key, value in each.items() if key.endswith("_topic") and key != "command_topic"}
    asked = {each["command_topic"] for each in found if "command_topic" in each} | {
        f"{entities.device_topic(place)}{entity_dialects.DIALECTS[place.network].note}"}

    def is_allowed(topic, *words):
        return any(right in words and paho.topic_matches_sub(allowed, topic) for allowed, right in its.items())

    assert asked and [topic for topic in asked if not is_allowed(topic, "write", "readwrite")] == []
    # Of a subscription with a wildcard mosquitto brings what may be read.
    assert heard and [topic for topic in heard if not topic.endswith("#") and not is_allowed(topic, "read", "readwrite")] == []


def test_who_looks_reads_every_uplink_and_the_state_of_the_line():
    assert {UP, "ttn/my-app/up", "ttn-bridge/+/home-assistant", "ttn-bridge/+/home-manager"} <= rights()["look"].keys()
    assert PUSH not in rights()["look"]
