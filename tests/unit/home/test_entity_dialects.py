"""home/entity_dialects.py: what ChirpStack says becomes what the templates know of The Things Stack; rendered as Home Assistant does, in a sandbox.

tests/home has the real Home Assistant.
"""
import datetime
import json
import pathlib
import re

import pytest
import yaml
from home import discovery, entities, entity_dialects, entity_templates, package
from home.network import chirpstack
from jinja2.sandbox import ImmutableSandboxedEnvironment
from sim.lorawan import network_kinds
from sim.lorawan.time_on_air import DataRate, time_on_air_us
from sim.mqtt.network_dialects import IDS
from tests.support import chirpstack_judge
from tests.unit.home.network.test_chirpstack_vectors import VECTORS

APPLICATION, DEV_EUI = IDS[network_kinds.CHIRPSTACK]
PLACE = entities.Place(APPLICATION, device=DEV_EUI, network="chirpstack")
HEAD = entity_dialects.DIALECTS["chirpstack"].head
NAMED = {one["name"]: one["message"] for one in VECTORS["messages"]}
BLUEPRINT = pathlib.Path(package.FOLDER) / "blueprints/automation/ev_charger/repeat_commands.yaml"


def environment():
    made = ImmutableSandboxedEnvironment()
    made.filters.update(
        from_json=json.loads, regex_replace=lambda value, find, replace: re.sub(find, replace, value), tojson=json.dumps,
        timestamp_custom=lambda value, form, local: datetime.datetime.fromtimestamp(value, datetime.timezone.utc).strftime(form))
    return made


def seen(message, what):
    """What the head makes of a message: m, u or d."""
    body = message if isinstance(message, str) else json.dumps(message)
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    text = environment().from_string(HEAD + "{{ %s | tojson }}" % what).render(value=body, value_json=parsed)
    return json.loads(text)


def test_an_uplink_s_data_and_receptions_are_those_that_the_templates_know():
    status = NAMED["a status"]
    assert json.dumps(seen(status, "d")) == json.dumps(chirpstack.decoded(status))
    assert [(one["rssi"], one.get("snr")) for one in seen(status, "u.rx_metadata")] == [(-36, 10.5), (-117, None)]
    assert seen(status, "m.received_at") == status["time"]


@pytest.mark.parametrize("sf, data, size", [(7, "Aw==", 1), (10, "ELFEmEAAAAAAAAA=", 11), (11, "", -1), (12, "AAAA", 3)])
def test_airtime_is_reckoned_as_the_simulated_network_does(sf, data, size):
    message = {**NAMED["a status"], "data": data, "txInfo": {"modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": sf}}}}
    wanted_s = time_on_air_us(13 + size, DataRate(sf, 125)) / 1e6
    assert float(seen(message, "u.consumed_airtime")[:-1]) == pytest.approx(wanted_s, abs=1e-5)


def test_a_request_of_whatever_program_is_seen_on_its_way_and_is_no_uplink():
    command = NAMED["a command by its object"]
    assert seen(command, "m.downlinks[0].decoded_payload") == {"command": "start", "id": 7, "issued_at": 1764359209, "expires_in_s": 600}
    assert seen(command, "d") == {} and seen(NAMED["a status"], "m.downlinks") == []


def test_what_the_queue_dropped_is_known_by_its_uuid():
    request = {"command": "start", "id": 9, "issued_at": 1_790_000_000}
    log = {**NAMED["a downlink that waited too long"], "context": {"queue_item_id": chirpstack.queue_id(request)}}
    assert seen(log, "m.downlink_failed") == {"downlink": {"decoded_payload": {"id": 9, "issued_at": 1_790_000_000}}, "error": {"name": "EXPIRED"}}
    assert seen(NAMED["a downlink that waited too long"], "m.downlink_failed.downlink.decoded_payload") == {}


@pytest.mark.parametrize("message", ["", "no JSON", "5", "[]", "null", "{}", '{"object": 7, "deviceInfo": {}}', '{"txInfo": null, "rxInfo": []}',
                                     *[json.dumps(one["message"]) for one in VECTORS["messages"]]])
def test_every_message_of_the_topic_is_taken(message):
    for what in "mud":
        assert isinstance(seen(message, what), dict)


def test_a_note_of_our_own_passes():
    assert seen({"unanswered": {"issued_at": 5}}, "m.unanswered") == {"issued_at": 5} and seen({}, "('unanswered' in m)") is False


def pressed(template, now_s=1_790_000_000, **values):
    """What a press publishes."""
    return environment().from_string(template).render(now=lambda: datetime.datetime.fromtimestamp(now_s, datetime.timezone.utc), **values)


def commands():
    return {each["unique_id"].removeprefix(entities.node(PLACE) + "_"): each["command_template"]
            for found in entities.entities(PLACE).values() for each in found if "{" in each.get("command_template", "")}


@pytest.mark.parametrize("key", ["start", "stop", "lock", "unlock", "boost", "skip", "resume_plan", "refresh"])
def test_a_press_is_a_command_that_chirpstack_s_protobuf_takes_named_by_its_identity(key):
    body = pressed(commands()[key])
    message = chirpstack_judge.parsed("command/down", body)
    assert (message.dev_eui, message.f_port, message.expires_at.seconds) == (DEV_EUI, 20, 1_790_000_600)
    assert chirpstack.identity(message.id) == (1_790_000_000 % 256, 1_790_000_000)


def test_two_presses_within_a_second_have_two_names_and_the_same_press_one():
    found = [json.loads(pressed(commands()[key]))["id"] for key in ("start", "stop", "lock", "skip")]
    assert len(set(found)) == 4 and json.loads(pressed(commands()["stop"]))["id"] == found[1]


def test_the_blueprint_repeats_a_command_under_the_name_it_had():
    published = json.loads(pressed(commands()["start"]))
    text = BLUEPRINT.read_text()
    payload = next(step["then"][0]["data"]["payload"] for step in _steps(text) if "if" in step)
    request = {**published["object"]}
    again = environment().from_string(payload).render(
        topic=entities.device_topic(PLACE), request=request, ends={"down": "command/down"})
    assert json.loads(again) == published
    stack = environment().from_string(payload).render(topic="v3/a@ttn/devices/wallbox", request=request, ends={"down": "down/push"})
    assert json.loads(stack) == {"downlinks": [{"f_port": 20, "priority": "NORMAL", "decoded_payload": request}]}


def _steps(text):
    """Of the blueprint's repetition."""
    loader = type("Loader", (yaml.SafeLoader,), {})
    loader.add_constructor("!input", lambda loader, node: node.value)
    (repeat,) = [step["repeat"] for step in yaml.load(text, loader)["action"] if "repeat" in step]
    return repeat["sequence"]


def test_every_topic_is_chirpstack_s_and_no_word_of_the_other_network_is_left():
    made = discovery.messages(PLACE, "homeassistant")
    text = "\n".join(made.values())
    assert f"application/{APPLICATION}/device/{DEV_EUI}/event/up" in text and f"/device/{DEV_EUI}/command/down" in text
    assert not re.search(r"v3/|down/push|ttn-bridge|f_port", text) and '"name": "Wallbox"' in text
    assert entity_templates.HEAD not in text and entity_templates.SEND not in text


def test_ids_that_are_not_chirpstack_s_are_named_in_one_line(capsys):
    assert discovery.main(["package", "--network", "chirpstack", "--app", "my-app", "--device", DEV_EUI]) == 2
    assert "'my-app' is no application of ChirpStack" in capsys.readouterr().err
    assert discovery.main(["package", "--network", "chirpstack", "--app", APPLICATION, "--device", "wallbox"]) == 2


def test_a_wallbox_there_has_the_name_that_it_is_given():
    assert "sensor.carport_last_command" in package.text(PLACE._replace(title="Carport"))
    assert entities.title(PLACE) == "Wallbox" and entities.title(entities.Place("ev-charger", device="box-2")) == "Box 2"
