"""home/network/the_things_stack.py: one message makes one Uplink, and what is none says why."""
import base64
import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from home.network import json_values, the_things_stack as stack
from home.network.uplink import NotUnderstood

NETWORK = SimpleNamespace(name="ttn", kind="the-things-stack", application="ev-charger", tenant="ttn", user="", key="NNSXS.X")
MESSAGE = {
    "end_device_ids": {"device_id": "wallbox", "application_ids": {"application_id": "ev-charger"}, "dev_addr": "260B1234"},
    "received_at": "2026-11-29T13:04:41.758345000Z",
    "uplink_message": {
        "session_key_id": "AYfg8rhha5n+FWx0ZaAprA==", "f_port": 10, "f_cnt": 2, "frm_payload": "ELFEmEAAAAAAAAA=",
        "settings": {"data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 10}}, "frequency": "917000000"},
        "rx_metadata": [{"gateway_ids": {"gateway_id": "far"}, "rssi": -118, "snr": -3.5},
                        {"gateway_ids": {"gateway_id": "near"}, "rssi": -80, "snr": 7.5}],
        "received_at": "2026-11-29T13:04:41.558345000Z", "consumed_airtime": "0.370688s",
        "decoded_payload": {"type": "status", "state": "Charging"},
    },
}


def changed(**uplink_fields):
    return {**MESSAGE, "uplink_message": {**MESSAGE["uplink_message"], **uplink_fields}}


def test_a_message_gives_its_uplink():
    uplink = stack.uplink(MESSAGE)
    assert (uplink.device_id, uplink.identity, uplink.received_ms) == ("wallbox", "AYfg8rhha5n+FWx0ZaAprA==/2", 1_795_957_481_558)
    assert (uplink.f_port, uplink.f_cnt, uplink.payload, uplink.decoded["state"]) == (10, 2, base64.b64decode("ELFEmEAAAAAAAAA="), "Charging")
    assert (uplink.rssi, uplink.snr, uplink.spreading_factor, uplink.airtime_ms, uplink.gateways) == (-80, 7.5, 10, 371, 2)
    assert json.loads(uplink.message) == MESSAGE


def test_what_was_stored_by_the_network_is_the_same_uplink_as_what_came_at_once():
    stored = {**MESSAGE, "received_at": "2026-11-29T13:09:00Z"}
    stored.pop("correlation_ids", None)
    assert stack.uplink(stored).identity == stack.uplink(MESSAGE).identity


def test_zeros_that_the_stack_leaves_out_are_zeros():
    message = changed()
    for name in ("f_cnt", "f_port", "frm_payload", "decoded_payload"):
        del message["uplink_message"][name]
    uplink = stack.uplink(message)
    assert (uplink.f_cnt, uplink.f_port, uplink.payload, uplink.decoded) == (0, 0, b"", None)


def test_without_a_session_key_the_same_message_has_the_same_identity():
    message = changed(session_key_id="")
    message["end_device_ids"] = {"device_id": "wallbox"}
    assert stack.uplink(message).identity == stack.uplink(json.loads(json.dumps(message))).identity
    assert stack.uplink(message).identity != stack.uplink({**message, "uplink_message": {**message["uplink_message"], "f_cnt": 3}}).identity


@pytest.mark.parametrize("message, words", [
    ({}, "no uplink of a device"), ({**MESSAGE, "uplink_message": []}, "no uplink of a device"), (changed(frm_payload="???"), "no base64"),
    (changed(frm_payload=7), "no base64"), (changed(f_cnt=-1), "a count"), (changed(f_cnt=True), "a count"), (changed(f_port="10"), "a count"),
    ({**changed(received_at="yesterday"), "received_at": None}, "when it was received"),
    ({**changed(received_at="2026-13-29T13:04:41Z"), "received_at": 5}, "when it was received"),
])
def test_what_is_no_uplink_says_why(message, words):
    with pytest.raises(NotUnderstood, match=words):
        stack.uplink(message)


@pytest.mark.parametrize("body, words", [
    (b"", "no JSON"), (b"\xff\xfe", "no JSON"), (b"[]", "no JSON object"), (b"[" * 100_000, "no JSON"), (b"x" * 300_000, "of 300000 bytes")])
def test_what_is_no_message_says_why(body, words):
    with pytest.raises(NotUnderstood, match=words):
        json_values.message(body)


def test_a_gateway_s_name_is_one_that_a_page_can_show():
    names = ["one", "\ud800", "x" * 500, "", 7]
    found = stack.gateways(changed(rx_metadata=[{"gateway_ids": {"gateway_id": name}, "rssi": "x"} for name in names] + [7]))
    assert found == [("one", None, None), ("?", None, None), ("x" * 64, None, None)]


@pytest.mark.parametrize("said, airtime_ms", [("0.371s", 371), ("9" * 400 + "s", None), ("\u0663s", None), (7, None)])
def test_an_airtime_that_is_none_is_not_known(said, airtime_ms):
    assert stack.uplink(changed(consumed_airtime=said)).airtime_ms == airtime_ms


FIELDS = st.sampled_from(list(MESSAGE["uplink_message"]))
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4), max_leaves=8)


@given(st.dictionaries(FIELDS, JSON), st.dictionaries(st.sampled_from(list(MESSAGE)), JSON))
def test_any_message_is_an_uplink_or_says_why_not(within, around):
    message = {**changed(**within), **around}
    try:
        uplink = stack.uplink(message)
    except NotUnderstood:
        return
    assert uplink.identity.isascii() and 0 < len(uplink.identity) <= 80 and isinstance(uplink.received_ms, int)


def test_topics_are_of_the_application_and_its_tenant():
    assert stack.topic(NETWORK, "wallbox", "up") == "v3/ev-charger@ttn/devices/wallbox/up"
    assert stack.place(NETWORK, "v3/ev-charger@ttn/devices/wallbox/down/queued") == ("wallbox", "down/queued")
    assert stack.place(NETWORK, "v3/other@ttn/devices/wallbox/up") is None
    alone = SimpleNamespace(application="ev-charger", tenant="", user="", key="")
    assert stack.topic(alone, "wallbox", "up") == "v3/ev-charger/devices/wallbox/up" and stack.login(alone) is None


def test_a_request_is_pushed_in_the_formatter_s_words():
    topic, body = stack.push(NETWORK, "wallbox", {"command": "report", "what": "sessions", "from": 17, "id": 3}, "home:1")
    assert topic == "v3/ev-charger@ttn/devices/wallbox/down/push"
    assert json.loads(body)["downlinks"][0]["decoded_payload"]["from"] == 17

