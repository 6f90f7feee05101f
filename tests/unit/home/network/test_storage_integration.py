"""home/network/storage_integration.py against the simulated one, which was written from the documentation alone."""
import email.message
import io
import urllib.error
from types import SimpleNamespace

import pytest
from sim.mqtt.storage_integration import StorageIntegration
from home.network import storage_integration
from home.network.storage_integration import Refused

NOW_S = 1_790_000_000
KEY = "NNSXS.KEY"


def message(place, age_s=60, device="wallbox"):
    from datetime import datetime, timezone
    at = datetime.fromtimestamp(NOW_S - age_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
    return {"end_device_ids": {"device_id": device, "application_ids": {"application_id": "ev-charger"}}, "received_at": at,
            "uplink_message": {"session_key_id": "k", "f_cnt": place, "f_port": 10, "received_at": at}}


@pytest.fixture
def storage():
    made = StorageIntegration("ev-charger", lambda: NOW_S, KEY)
    made.start()
    yield made
    made.stop()


def network(storage, **changed):
    return SimpleNamespace(**{"name": "ttn", "application": "ev-charger", "key": KEY, "storage_url": storage.url, **changed})


def asked(storage, after_s=NOW_S - 86400, devices=("wallbox",), **changed):
    pages = storage_integration.messages(network(storage, **changed), devices, 1000 * after_s, 5)
    return [one["uplink_message"]["f_cnt"] for page in pages for one in page]


def test_all_is_fetched_page_by_page_the_oldest_first(storage, monkeypatch):
    monkeypatch.setattr(storage_integration, "PAGE", 10)
    for place in range(1, 36):
        storage.keep(message(place, 1000 - place))
    assert asked(storage) == list(range(1, 36))
    assert storage.requests == 5


def test_only_what_is_newer_than_asked_for_and_not_forgotten_comes(storage):
    for place, age_s in ((1, 90_000), (2, 80_000), (3, 100)):
        storage.keep(message(place, age_s))
    assert asked(storage, NOW_S - 200_000) == [2, 3]
    assert asked(storage, NOW_S - 1000) == [3]


def test_a_few_devices_are_asked_for_each_and_many_at_once(storage):
    for place, device in enumerate(("wallbox", "neighbour", "second"), 1):
        storage.keep(message(place, device=device))
    assert asked(storage, devices=("wallbox", "second")) == [1, 3]
    assert asked(storage, devices=[f"d{place}" for place in range(6)]) == [1, 2, 3]


def test_nothing_stored_is_nothing(storage):
    assert asked(storage) == []


@pytest.mark.parametrize("changed, words, retry_s", [
    ({"key": "WRONG"}, "does not accept the key: is it this application's", 3600),
    ({"application": "other"}, "knows no such application", 6 * 3600),
])
def test_a_refusal_says_what_is_wrong(storage, changed, words, retry_s):
    with pytest.raises(Refused, match=words) as refused:
        asked(storage, **changed)
    assert refused.value.args[1] == retry_s


def test_a_key_without_the_right_names_the_right(storage):
    storage.known.add("POOR")
    with pytest.raises(Refused, match="lacks the right RIGHT_APPLICATION_TRAFFIC_READ"):
        asked(storage, key="POOR")


def test_too_many_requests_say_when_to_come_again():
    storage = StorageIntegration("ev-charger", lambda: NOW_S, KEY, per_minute=2)
    storage.start()
    try:
        asked(storage), asked(storage)
        with pytest.raises(Refused, match="asked too often") as refused:
            asked(storage)
        assert refused.value.args[1] == 61
    finally:
        storage.stop()


def test_a_network_out_of_order_says_so_and_not_when(storage):
    storage.fault = 503, "unavailable"
    with pytest.raises(Refused, match=r"answers 503 \(unavailable\)") as refused:
        asked(storage)
    assert refused.value.args[1] is None


@pytest.mark.parametrize("told, retry_s", [("120", 120), ("Mon, 30 Nov 2026 12:00:00 GMT", None), ("1e9", 3600)])
def test_a_network_out_of_order_that_says_when_it_is_back_is_asked_then(told, retry_s):
    headers = email.message.Message()
    headers["Retry-After"] = told
    refused = storage_integration._refused(urllib.error.HTTPError("http://stack", 503, "", headers, io.BytesIO(b"{}")), "ttn")
    assert refused.args == ("ttn answers 503", retry_s)


def test_nobody_there_is_one_sentence(storage):
    with pytest.raises(Refused, match="does not answer: .*refused"):
        asked(storage, storage_url="http://127.0.0.1:9")


@pytest.mark.parametrize("line", [b'{"resu', b'{"error": {"message": "shutting down"}}', b"[]", b"[" * 100_000])
def test_a_stream_that_breaks_off_is_a_refusal(line):
    with pytest.raises(Refused, match="broke off"):
        storage_integration._lines(SimpleNamespace(readline=lambda size: line), "ttn")
