"""home/network/chirpstack.py: an event makes one Uplink, a request one command; both as ChirpStack's own protobuf has them."""
import base64
import json
from types import SimpleNamespace

import pytest
from home.network import chirpstack
from home.network.uplink import NotUnderstood
from hypothesis import given
from hypothesis import strategies as st
from sim.lorawan.time_on_air import DataRate, time_on_air_us
from tests.support import chirpstack_judge
from tests.unit.home.network.test_chirpstack_vectors import VECTORS

APPLICATION, DEV_EUI = VECTORS["device"]["application"], VECTORS["device"]["dev_eui"]
NETWORK = SimpleNamespace(name="own", kind="chirpstack", application=APPLICATION, tenant="ttn", user="", key="", storage_url="")
NAMED = {one["name"]: one["message"] for one in VECTORS["messages"]}
STATUS = NAMED["a status"]


def without(message, *names):
    return {name: value for name, value in message.items() if name not in names}


def test_an_event_gives_its_uplink_with_whole_numbers_as_the_formatter_gave_them():
    uplink = chirpstack.uplink(STATUS)
    assert (uplink.device_id, uplink.identity, uplink.received_ms) == (DEV_EUI, "00189440/7", 1_795_957_481_558)
    assert (uplink.f_port, uplink.f_cnt, uplink.payload) == (10, 7, base64.b64decode("ELFEmEAAAAAAAAA="))
    assert (uplink.rssi, uplink.snr, uplink.spreading_factor, uplink.gateways) == (-36, 10.5, 10, 2)
    assert json.dumps(uplink.decoded["current_limit_a"]) == "16" and json.dumps(uplink.decoded["current_a"]) == "[0, 0, 0]"
    assert uplink.decoded["session_kwh"] == 0.25 and uplink.decoded["override"] is None and uplink.decoded["ev_connected"] is True
    assert json.loads(uplink.message) == STATUS


def test_airtime_is_reckoned_from_data_rate_and_length():
    wanted_us = time_on_air_us(13 + len(base64.b64decode(STATUS["data"])), DataRate(10, 125))
    assert chirpstack.uplink(STATUS).airtime_ms == -(-wanted_us // 1000)
    assert chirpstack.uplink({**STATUS, "txInfo": {"modulation": {"fsk": {"datarate": 50000}}}}).airtime_ms is None


def test_zeros_that_chirpstack_leaves_out_are_zeros():
    uplink = chirpstack.uplink(NAMED["the first frame, empty and slow: zeros are left out"])
    assert (uplink.f_cnt, uplink.f_port, uplink.payload, uplink.decoded) == (0, 0, b"", None)
    assert chirpstack.gateways(STATUS) == [("0000000000000001", -36, 10.5), ("0000000000000002", -117, 0)]


def test_without_an_address_the_same_message_has_the_same_identity():
    bare = without(STATUS, "devAddr")
    assert chirpstack.uplink(bare).identity == chirpstack.uplink(json.loads(json.dumps(bare))).identity
    assert chirpstack.uplink(bare).identity != chirpstack.uplink({**bare, "fCnt": 8}).identity


@pytest.mark.parametrize("message, words", [
    ({}, "no uplink of a device"), (without(STATUS, "deviceInfo"), "no uplink of a device"), (without(STATUS, "txInfo", "rxInfo"), "no uplink"),
    ({**STATUS, "data": "???"}, "no base64"), ({**STATUS, "data": 7}, "no base64"), ({**STATUS, "fCnt": -1}, "a count"),
    ({**STATUS, "fPort": True}, "a count"), ({**STATUS, "time": "yesterday"}, "when it was received")])
def test_what_is_no_uplink_says_why(message, words):
    with pytest.raises(NotUnderstood, match=words):
        chirpstack.uplink(message)


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
                     lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3), max_leaves=12)


@given(st.dictionaries(st.sampled_from(sorted(STATUS)), _JSON))
def test_nonsense_in_an_event_is_refused_or_an_uplink(changes):
    try:
        uplink = chirpstack.uplink({**STATUS, **changes})
    except NotUnderstood:
        return
    assert isinstance(uplink.device_id, str) and uplink.received_ms > 0 and 0 <= uplink.f_cnt < 1 << 32


@pytest.mark.parametrize("suffix, name, what, error", [
    ("event/txack", "a downlink handed to the gateway", "sent", None), ("event/log", "a downlink that waited too long", "expired", "EXPIRED"),
    ("event/log", "a downlink that is too long for its data rate", "failed", "DOWNLINK_PAYLOAD_SIZE"),
    ("command/down", "a command by its object", "asked", None), ("command/down", "a command by its bytes", "asked", None)])
def test_an_event_about_a_downlink_says_what_became_of_it(suffix, name, what, error):
    told, found = chirpstack.told(suffix, NAMED[name])
    assert (told, found.error) == (what, error)


def test_an_event_that_is_about_no_downlink_says_nothing():
    assert chirpstack.told("event/log", NAMED["what it says of that frame"]) is None
    assert chirpstack.told("event/ack", NAMED["a confirmed downlink, acknowledged"]) is None


@given(st.integers(0, 255), st.integers(0, (1 << 32) - 1), st.sampled_from(["start", "stop"]))
def test_the_name_of_a_downlink_is_a_uuid_that_tells_its_request(command_id, issued_at, command):
    request = {"command": command, "id": command_id, "issued_at": issued_at, "expires_in_s": 600}
    text = chirpstack.queue_id(request)
    assert chirpstack.identity(text) == (command_id, issued_at) and chirpstack.queue_id(dict(request)) == text
    assert chirpstack.queue_id({**request, "command": "lock"}) != text


@pytest.mark.parametrize("text", [None, 7, "", "42cb6459-a640-46ec-9623-bdff39dc4736", "e7c4a9e0-0000-4000-8000-ff0000000000"])
def test_a_downlink_that_others_named_tells_no_request(text):
    assert chirpstack.identity(text) is None


@pytest.mark.parametrize("request_, f_port", [({"command": "start", "id": 7, "issued_at": 1_790_000_000}, 20), ({"mode": "Lock Outlet"}, 1),
                                              ({"time": 1_790_000_000}, 20)])
def test_a_request_becomes_a_command_that_chirpstack_s_protobuf_takes(request_, f_port):
    topic, body = chirpstack.push(NETWORK, DEV_EUI, request_, "home:command:1", 1_790_000_600)
    assert topic == f"application/{APPLICATION}/device/{DEV_EUI}/command/down"
    message = chirpstack_judge.parsed("command/down", body)
    assert (message.dev_eui, message.f_port, message.confirmed, message.expires_at.seconds) == (DEV_EUI, f_port, False, 1_790_000_600)
    assert chirpstack.identity(message.id) == ((7, 1_790_000_000) if "id" in request_ else None)


def test_topics_are_those_of_the_application_and_its_devices():
    assert chirpstack.subscriptions(NETWORK, [DEV_EUI]) == [
        f"application/{APPLICATION}/device/{DEV_EUI}/{end}" for end in ("event/up", "event/txack", "event/log", "command/down")]
    assert chirpstack.place(NETWORK, f"application/{APPLICATION}/device/{DEV_EUI}/event/up") == (DEV_EUI, "event/up")
    assert chirpstack.place(NETWORK, f"application/other/device/{DEV_EUI}/event/up") is None
    assert chirpstack.login(NETWORK) is None and chirpstack.login(SimpleNamespace(user="house", key="secret")) == ("house", "secret")
