"""home/guard.py passes on all messages that Home Manager survives, and no others."""
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.home_manager import ACKS, STATES, Died, HomeManager
from home import guard

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from([*STATES, *ACKS, "Unknown", "E2 Mode"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["uplink_message", "decoded_payload", "state"]), inner, max_size=3),
    max_leaves=8)
PAYLOADS = st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()) | st.sampled_from([*STATES, *ACKS, "x", None, 5, []]).map(
    lambda state: json.dumps({"uplink_message": {"decoded_payload": {"state": state}}}).encode())


def survives(payload):
    manager = HomeManager("ev-charger")
    try:
        manager.on_message(manager.up, payload)
    except Died:
        return False
    return True


@given(PAYLOADS)
def test_it_withholds_exactly_what_home_manager_dies_of(payload):
    assert (guard.fault_of(payload) is None) == survives(payload)


def test_its_words_are_home_managers():
    assert set(guard.STATES) == {*STATES, *ACKS}


@pytest.mark.parametrize("payload, words", [
    (b'{"uplink_message": {"f_cnt": 7}}', "no state (KeyError)"),
    (b'{"uplink_message": {"decoded_payload": {"state": "E2 Mode"}}}', "does not know: 'E2 Mode'"),
    (b"[" * 100_000, "no state"),
])
def test_it_says_why(payload, words):
    assert words in guard.fault_of(payload)


def told(**fields):
    return json.dumps({"end_device_ids": {"device_id": "wallbox"}, "received_at": "2026-11-30T06:00:00Z", "uplink_message": fields}).encode()


@pytest.mark.parametrize("payload, words", [
    (told(f_cnt=17), "uplink of wallbox, fPort 0, f_cnt 17, 0 bytes, received at 2026-11-30T06:00:00Z"),
    (told(f_port=10, frm_payload="EKEhaA=="), "uplink of wallbox, fPort 10, f_cnt 0, 6 bytes, received at 2026-11-30T06:00:00Z"),
    (b'{"uplink_message": {}}', "uplink of nobody, fPort 0, f_cnt 0, 0 bytes, received at unknown"),
    (b"hello\x1b[2J", "9 bytes that are no uplink: hello?[2J"),
    (b'{"uplink_message": 5}', "21 bytes that are no uplink: {"),
])
def test_it_says_what_it_withheld(payload, words):
    assert words in guard.described(payload)


@given(PAYLOADS)
def test_what_it_says_of_anything_is_one_short_line(payload):
    said = guard.described(payload)
    assert said.isprintable() and len(said) < 400


class Message:
    def __init__(self, payload, retain=False):
        self.topic, self.payload, self.retain = guard.GUARDED.format(app="ev-charger"), payload, retain


GOOD = json.dumps({"uplink_message": {"decoded_payload": {"state": "Charging"}}}).encode()


@pytest.fixture
def passed():
    """(guard, what it passes on, what it says), without a broker."""
    said, published = [], []
    made = guard.Guard("ev-charger", "127.0.0.1", 1883, say=said.append)
    made._client.publish = lambda topic, payload: published.append((topic, payload))
    return made, published, said


def test_what_the_broker_kept_is_old_and_withheld(passed):
    made, published, said = passed
    made._on_message(made._client, None, Message(GOOD, retain=True))
    assert published == [] and said == [f"withheld: kept by the broker, so it is old: {guard.described(GOOD)}"]
    made._on_message(made._client, None, Message(GOOD))
    assert published == [("ttn/ev-charger/up", GOOD)]


def test_the_state_of_the_line_is_told_once_a_change(passed):
    made, _, said = passed
    for _ in range(3):
        made._client.on_connect_fail(made._client, None)
    assert said == ["no broker answers on 127.0.0.1:1883. It is tried again; another one: HOST="]


@pytest.mark.parametrize("arguments, words", [
    (["--app", "My App"], "'My App' is no id of The Things Stack"), (["--app", "my-app", "--host", "my house"], "no name or address"),
    (["--app", "my-app", "--port", "99999"], "no port"), ([], "--app"),
])
def test_a_wrong_argument_is_one_line_and_an_exit_status(arguments, words, capsys):
    with pytest.raises(SystemExit) as ended:
        guard.main(arguments)
    said = capsys.readouterr().err
    assert ended.value.code == 2 and words in said and said.count("\n") == 1 and said.startswith("make guard: ")


def test_a_broker_that_is_not_there_is_one_line_and_an_exit_status(capsys, monkeypatch):
    monkeypatch.setattr(guard.signal, "signal", lambda *given: None)
    assert guard.main(["--app", "my-app", "--port", "1", "--patience-s", "0.2"]) == 2
    said = capsys.readouterr()
    assert said.out == "no broker answers on 127.0.0.1:1. It is tried again; another one: HOST=\n"
    assert said.err == "make guard: no broker let us in on 127.0.0.1:1 for 0.2 s. Another one: HOST=\n"
