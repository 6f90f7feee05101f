"""Messages that the simulated network publishes and that we publish to it, by The Things Stack's own types."""
import json
import pathlib

import pytest
from google.protobuf import json_format
from home.network import the_things_stack
from sim import scenario
from sim.world import World
from tests.support import stack_judge
from ttn.formatter import Formatter

VECTORS = json.loads((pathlib.Path(__file__).resolve().parents[2] / "ttn" / "vectors.json").read_text())["downlink"]
DAY = {
    "duration_s": 4 * 3600,
    "config": {"PLAN": [{"days": "daily", "from": "22:00", "to": "06:00"}]},
    "network": {"uplink_loss": 0.1, "downlink_loss": 0.3},
    "events": [
        {"t": 600, "do": "plug"}, {"t": 1800, "do": "downlink", "data": {"command": "boost", "id": 1}},
        {"t": 2400, "do": "downlink", "f_port": 1, "payload_hex": "01", "confirmed": True},
        {"t": 2700, "do": "downlink", "f_port": 20, "payload_hex": "00" * 220},
        {"t": 3000, "do": "fault", "code": "F9"}, {"t": 3600, "do": "clear_fault"}, {"t": 5000, "do": "gateway_down", "for_s": 1800},
        {"t": 7500, "do": "downlink", "data": {"command": "report", "what": "sessions", "id": 2}, "confirmed": True}, {"t": 9000, "do": "unplug"},
    ],
}


def test_every_message_of_the_simulated_network_has_the_stacks_fields_and_types(evidence):
    told = []
    World(scenario.complete(DAY), publish=lambda suffix, message: told.append((suffix, message))).run(DAY["duration_s"])
    wrong = []
    for suffix, message in told:
        try:
            stack_judge.of_topic(suffix, message)
        except json_format.ParseError as problem:
            wrong.append((suffix, str(problem)))
    kinds = sorted({suffix for suffix, _ in told})
    evidence(f"unknown fields or wrong types by The Things Stack's own types, {len(told)} messages of {len(kinds)} kinds", len(wrong), 0)
    assert wrong == []
    assert {"up", "join", "down/queued", "down/sent", "down/ack"} <= set(kinds)


def test_every_request_that_the_formatter_takes_is_pushed_in_the_stacks_words(evidence):
    network = type("Place", (), {"application": "my-app", "tenant": "ttn"})()
    requests = [vector["input"]["data"] for vector in VECTORS if "errors" not in Formatter().encode_downlink(vector["input"]["data"])]
    for request in requests:
        topic, body = the_things_stack.push(network, "wallbox", request, "id-1")
        stack_judge.of_topic("/".join(topic.split("/")[-2:]), json.loads(body))
    evidence("requests of the service at home that break The Things Stack's own types", 0, f"of {len(requests)}")
    assert len(requests) > 30


@pytest.mark.parametrize("suffix, content", [
    ("up", {"uplink_message": {"fPort": {}}}), ("up", {"uplink_message": {"port": 1}}), ("up", {"uplink_message": {"f_cnt": "many"}}),
    ("down/push", {"downlinks": [{"priority": "SOON"}]}), ("down/push", {"downlinks": {}}),
])
def test_the_judge_refuses_what_is_unknown_or_of_a_wrong_type(suffix, content):
    with pytest.raises(json_format.ParseError):
        stack_judge.of_topic(suffix, content)
