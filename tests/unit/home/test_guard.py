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
