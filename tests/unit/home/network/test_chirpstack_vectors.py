"""tests/vectors/chirpstack.json against ChirpStack's own protobuf: the messages that the rooms of both sides are built by."""
import json
import pathlib

import pytest
from google.protobuf import json_format
from tests.support import chirpstack_judge

VECTORS = json.loads((pathlib.Path(__file__).resolve().parents[3] / "vectors" / "chirpstack.json").read_text())
MESSAGES = [pytest.param(one["suffix"], json.dumps(one["message"]), id=one["name"]) for one in VECTORS["messages"]]


@pytest.mark.parametrize("suffix, body", MESSAGES)
def test_a_golden_message_is_written_as_chirpstack_writes_it(suffix, body):
    assert chirpstack_judge.differences(suffix, body) == []


@pytest.mark.parametrize("suffix, body, words", [
    ("event/up", '{"devEUI": "01"}', 'no field named "devEUI"'), ("event/up", '{"fCnt": "seven"}', "Failed to parse fCnt"),
    ("event/up", '{"data": 7}', "Failed to parse data"), ("event/log", '{"code": "DOWN"}', "Invalid enum value"),
    ("event/txack", '{"time": "yesterday"}', "Failed to parse time")])
def test_the_judge_refuses_what_is_unknown_or_of_a_wrong_type(suffix, body, words):
    with pytest.raises(json_format.ParseError, match=words):
        chirpstack_judge.parsed(suffix, body)


@pytest.mark.parametrize("suffix, body", [
    ("event/up", '{"fCnt": 0}'), ("event/up", '{"object": {"page": 1}}'), ("event/ack", '{"acknowledged": false}'), ("event/up", '{"f_cnt": 3}')])
def test_the_judge_sees_a_zero_that_is_not_left_out_a_whole_number_without_a_point_and_another_name(suffix, body):
    assert chirpstack_judge.differences(suffix, body)
