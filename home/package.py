"""The table of home/entities.py as a package for Home Assistant, in YAML: ttn/home_assistant/ev_charger.yaml is the one for the usual ids."""
import pathlib

import yaml

from home import entities

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "ttn" / "home_assistant"
USUAL = FOLDER / "ev_charger.yaml"
REPEAT = "ev_charger/repeat_commands.yaml"
HEAD = """\
# The wallbox in Home Assistant, as a package: docs/home-assistant.md. Made by `make package` from the table that `make discovery` publishes;
# for other ids than app {app}, tenant {tenant}, device {device} make your own:  make package APP=... DEV=...
# It is for Home Assistant {since}; for an older one, from {oldest} on, make your own with HA=...
# One of the two is enough. This one also repeats commands that stay unanswered; it needs the folder blueprints beside it.
"""


class _Dumper(yaml.SafeDumper):
    """Keeps texts of several lines as they are, and calls the one thing said often by its name."""

    def generate_anchor(self, node):
        return "device"


def _text(dumper, text):
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def package(place):
    """What the package says, as plain data."""
    shown = entities.entities(place)
    repeat = {"path": REPEAT, "input": {"command_sensor": command_sensor(place), "device_topic": entities.device_topic(place)}}
    return {
        "mqtt": [{component: configurations} for component, configurations in shown.items()],
        "automation": [{"alias": f"{shown['sensor'][0]['device']['name']}: repeat unanswered commands",
                        "id": f"{entities.node(place)}_repeat", "use_blueprint": repeat}],
    }


def command_sensor(place):
    return entities.entity_id("sensor", place, "Last command")


def text(place):
    """The package as a file."""
    since = max(since for since in (entities.OLDEST, entities.ID_SINCE) if since <= place.release)
    head = HEAD.format(**place._asdict(), since="{}.{} and newer".format(*since), oldest="{}.{}".format(*entities.OLDEST))
    return head + yaml.dump(package(place), Dumper=_Dumper, sort_keys=False, width=10000, allow_unicode=True)
