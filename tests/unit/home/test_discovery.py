"""Output of make discovery and make package for Home Assistant; tests/home shows that the real one accepts it."""
import json
import re
import subprocess

import pytest
from sim.mqtt.broker import Broker
from home import arguments, discovery, entities, entity_templates, package
from tools.checks.micropython import NODE_ALONE

PLACE = entities.Place("ev-charger")
NODE = "ev-charger_wallbox"


def configurations():
    return [(component, each) for component, found in entities.entities(PLACE).items() for each in found]


def test_the_package_in_the_tree_is_the_one_that_the_table_makes():
    assert package.USUAL.read_text() == package.text(PLACE), \
        "type: make package APP=ev-charger DEV=wallbox OUT=ttn/home_assistant/ev_charger.yaml"


def test_discovery_and_package_have_the_same_entities():
    published = {}
    for topic, payload in discovery.messages(PLACE, "homeassistant").items():
        configuration = json.loads(payload)
        assert configuration.pop("origin") == entities.ORIGIN
        published[configuration["unique_id"]] = (topic.split("/")[1], configuration)
    packaged = {each["unique_id"]: (component, each)
                for part in package.package(PLACE)["mqtt"] for component, found in part.items() for each in found}
    assert published == packaged and len(published) == len(configurations())


PLANS = ("none", "unknown", "22:00-07:00", "daily 22:00-07:00", "mon-fri,sun 22:00-07:00 15.5A 10kWh 120min; sat 01:00-02:00;10:00-12:00")
NO_PLANS = ("", "tonight", "22:00", "daily 22:00-07:00 16", "None", "mon-fri 22:00-07:00,")


HOURS = ("", "00:00", "07:30", "23:59")
NO_HOURS = ("7:30", "24:00", "07:60", "07:30:00", "unknown")


@pytest.mark.parametrize("flags", ["u", "v"])
@pytest.mark.parametrize("pattern, right, wrong", [(entity_templates.PLAN_PATTERN, PLANS, NO_PLANS),
                                                   (entity_templates.CHARGE_BY_PATTERN, HOURS, NO_HOURS)])
def test_a_browser_understands_the_pattern_of_a_text(pattern, right, wrong, flags):
    """HTML's pattern attribute is a regular expression with the flag v (before 2023: u), all of the value."""
    script = "const [pattern, flags, texts] = JSON.parse(process.argv[1]); const it = new RegExp(pattern, flags);" \
        "console.log(JSON.stringify(texts.map((text) => it.test(text))))"
    given = json.dumps([pattern, flags, [*right, *wrong]])
    found = subprocess.run([*NODE_ALONE, "-e", script, given], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout) == [True] * len(right) + [False] * len(wrong)
    assert [bool(re.match(pattern, text)) for text in (*right, *wrong)] == json.loads(found.stdout)


def test_names_and_ids_are_said_once():
    names = [(component, each["name"]) for component, each in configurations()]
    ids = [each["unique_id"] for _, each in configurations()]
    assert len(set(names)) == len(names) and len(set(ids)) == len(ids)


def test_no_sensor_of_the_device_outlives_its_silence():
    """Two gaps of 90 min and a little fit, so that one lost uplink is none; what the house itself says has no such end."""
    facts = {f"{NODE}_{row[0]}" for row in entities.FACTS}
    lasting = {each["unique_id"]: each.get("expire_after") for component, each in configurations()
               if "sensor" in component and each["unique_id"] not in facts}
    assert lasting.pop(f"{NODE}_line") is lasting.pop(f"{NODE}_command") is None
    assert set(lasting.values()) == {195 * 60}


def test_other_ids_and_another_patience_come_through_everywhere():
    place = entities.Place("my-app", "", "box-2", 255, "06:15", page="http://pi:8080/")
    text = package.text(place)
    assert "v3/my-app/devices/box-2/up" in text and not re.search(r"ev-charger(?!-home/my-app_box-2/)", text.split("mqtt:")[1])
    assert "expire_after: 15300" in text and "06:15" in text and "sensor.box_2_last_command" in text
    assert "configuration_url: http://pi:8080/" in text and "default_entity_id: text.box_2_charge_by" in text


def test_an_old_release_gets_nothing_that_it_refuses_and_a_newer_one_all_of_it():
    def keys(release):
        return {(component, key) for component, found in entities.entities(PLACE._replace(release=release)).items() for each in found for key in each}

    id_of = {(component, "default_entity_id") for component in entities.entities(PLACE)}
    options = {("sensor", "options")}
    assert keys((2024, 3)) == keys(entities.NEWEST) - id_of - options and keys((2025, 9)) == keys(entities.NEWEST) - id_of
    assert keys((2025, 10)) == keys(entities.NEWEST)
    newest = [each["default_entity_id"] for found in entities.entities(PLACE).values() for each in found]
    assert len(set(newest)) == len(newest) and all(".wallbox_" in each for each in newest)


def test_an_enumeration_never_gets_a_word_beside_its_options():
    for each in (each for component, each in configurations() if component == "sensor" and "options" in each):
        assert entity_templates.KEEP not in each["value_template"] and entity_templates.KEEP_OPTION in each["value_template"]


def test_a_release_or_an_address_that_is_none_is_named(capsys):
    for words, wrong in ((["--home-assistant", "2023.12"], "'2023.12' is no release of Home Assistant from 2024.3 on"),
                         (["--home-assistant", "new"], "'new' is no release"), (["--page", "pi:8080"], "'pi:8080' is no address")):
        with pytest.raises(SystemExit):
            run("package", *words)
        assert wrong in capsys.readouterr().err


@pytest.mark.parametrize("words, wrong", [
    (["--app", "My App"], "'My App' is no id of The Things Stack"), (["--device", "a/b"], "'a/b' is no id"), (["--tenant", "T"], "'T' is no id"),
    (["--morning", "25:00"], "'25:00' is no time of day"), (["--silence-min", "0"], "'0' are no minutes"), (["--silence-min", "long"], "no minutes"),
    (["--broker", "house:99999"], "'99999' is no port"), (["--broker", "my house"], "no name or address"), (["--prefix", "a/#"], "without + and #"),
])
def test_a_wrong_argument_is_one_line_and_an_exit_status(words, wrong, capsys):
    with pytest.raises(SystemExit) as ended:
        run("publish", *words)
    said = capsys.readouterr().err
    assert ended.value.code == 2 and wrong in said and said.count("\n") == 1


@pytest.fixture
def broker():
    broker = Broker(0)
    broker.start()
    yield f"127.0.0.1:{broker.port}"
    broker.stop()


def run(what, *words):
    return discovery.main([what, "--app", "ev-charger", "--device", "wallbox", *words])


def kept(where):
    with discovery.Broker(*arguments.broker(where)) as broker:
        broker.read_retained("homeassistant/+/+/+/config")
        return dict(broker.retained)


def test_published_once_is_kept_and_removed_is_gone(broker, capsys):
    assert run("publish", "--broker", broker) == 0
    assert {topic: payload.decode() for topic, payload in kept(broker).items()} == discovery.messages(PLACE, "homeassistant")
    assert f"entities of wallbox published on {broker}" in capsys.readouterr().out
    assert run("remove", "--broker", broker) == 0
    assert kept(broker) == {}


def test_without_a_broker_it_says_what_to_do(capsys):
    assert run("publish", "--broker", "127.0.0.1:1") == 2
    said = capsys.readouterr().err
    assert "Is mosquitto running? Another one: BROKER=HOST:PORT" in said and said.count("\n") == 1


def test_a_password_is_never_an_argument(capsys, monkeypatch):
    monkeypatch.delenv(discovery.PASSWORD_VARIABLE, raising=False)
    monkeypatch.setattr("sys.stdin", open("/dev/null"))
    assert run("publish", "--user", "home", "--broker", "127.0.0.1:1") == 2
    assert "give it in MQTT_PASSWORD" in capsys.readouterr().err


def test_the_package_goes_to_a_file_or_to_standard_output(tmp_path, capsys):
    assert run("package") == 0
    assert capsys.readouterr().out == package.text(PLACE)
    run("package", "--out", str(tmp_path / "new" / "box.yaml"))
    assert (tmp_path / "new" / "box.yaml").read_text() == package.text(PLACE)
