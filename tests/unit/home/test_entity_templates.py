"""home/entity_templates.py: an event in Home Assistant with why it was told, and what a phone is told of it; rendered in a sandbox."""
import json
import pathlib

import pytest
import yaml
from home import entity_templates, package
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOTIFY = pathlib.Path(package.FOLDER) / "blueprints/automation/ev_charger/notify.yaml"


class Inputs(yaml.SafeLoader):
    """Reads a blueprint."""


Inputs.add_constructor("!input", lambda loader, node: node.value)
BLUEPRINT = yaml.load(NOTIFY.read_text(), Inputs)


class EntityState:
    def __init__(self, **attributes):
        self.state, self.attributes = "unknown", attributes


def render(template, **values):
    made = ImmutableSandboxedEnvironment()
    made.filters["tojson"] = json.dumps
    made.globals["states"] = lambda entity: "waits for price"
    return made.from_string(template).render(**values).strip()


def attributes(data):
    return json.loads(render(entity_templates.EVENT_ATTRIBUTES, value_json={"uplink_message": {"decoded_payload": data}}, this=EntityState()))


def message(event, **attributes_):
    (variables,) = (step["variables"] for step in BLUEPRINT["action"] if "variables" in step)
    return render(variables["message"], attributes=attributes_, event=event, reason_sensor="sensor.reason")


def test_the_last_event_has_its_reason_and_the_one_that_happened_too():
    data = {"type": "event", "event": "target_missed", "event_number": 3, "event_at": 1_790_000_000, "kwh": 1.8, "reason": "no_vehicle", "code": "A1"}
    assert attributes(data) == {name: value for name, value in data.items() if name not in ("type", "code")}
    happened = render(entity_templates.EVENT, value_json={"uplink_message": {"decoded_payload": data}}, this=EntityState())
    assert json.loads(happened)["reason"] == "no_vehicle"


@pytest.mark.parametrize("event, more, said", [
    ("target missed", {"kwh": 1.8, "reason": "no_vehicle"}, "1.8 kWh will be missing: no vehicle."),
    ("target missed", {"reason": "locked"}, "Energy will be missing: locked."),
    ("target missed", {"kwh": 1.8}, "1.8 kWh will be missing: waits for price."),
    ("not charging", {"minutes": 20, "reason": "vehicle_paused"}, "No current flows for 20 min: vehicle paused.")])
def test_a_phone_is_told_the_reason_of_the_event(event, more, said):
    assert message(event, **more) == said


def test_a_target_that_is_missed_is_told_unless_somebody_chooses_otherwise():
    wanted = BLUEPRINT["blueprint"]["input"]["wanted"]
    assert "target missed" in wanted["default"] and set(wanted["default"]) <= set(wanted["selector"]["select"]["options"])
