"""home/network/storage_integration.py against the simulated one, which was written from the documentation alone."""
import email.message
import io
import json
import socket
import threading
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


@pytest.mark.parametrize("told, retry_s", [("120", 120), ("Tue, 30 Nov 1999 12:00:00 GMT", 1), ("1e9", 3600), ("nan", None), ("soon", None)])
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
        storage_integration._lines(SimpleNamespace(read=io.BytesIO(line).read, length=None), "ttn")


class OneAnswer:
    """A server on 127.0.0.1 that gives these answers as they are, one for each connection, and closes it. asked: what came."""

    def __init__(self, *answers):
        self.asked, self._answers = [], answers
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        for answer in self._answers:
            its, _ = self._server.accept()
            with its:
                self.asked.append(its.recv(65536))
                its.sendall(answer)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_problem):
        self._server.close()


LINES = [json.dumps({"result": message(place)}).encode() + b"\n" for place in (1, 2, 3)]


def chunked(*pieces, is_whole=True):
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in pieces) + (
        b"0\r\n\r\n" if is_whole else b"")


def sized(body, length):
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (length, body)


def test_an_answer_in_pieces_is_read_whole():
    whole = b"".join(LINES)
    with OneAnswer(chunked(whole[:50], whole[50:300], whole[300:]), sized(whole, len(whole)), b"HTTP/1.0 200 OK\r\n\r\n" + whole) as stack:
        assert [asked(stack) for _ in range(3)] == [[1, 2, 3]] * 3


@pytest.mark.parametrize("answer", [chunked(*LINES[:2], is_whole=False), sized(LINES[0], 3 * len(LINES[0]))])
def test_an_answer_that_ends_between_two_lines_is_not_taken_for_a_whole_one(answer):
    with OneAnswer(answer) as stack, pytest.raises(Refused, match="broke off"):
        asked(stack)


def test_the_key_is_not_carried_to_where_the_answer_points():
    with OneAnswer() as other, OneAnswer(b"HTTP/1.1 307 Go\r\nLocation: %s/x\r\nContent-Length: 0\r\n\r\n" % other.url.encode()) as stack:
        with pytest.raises(Refused, match="answers 307"):
            asked(stack)
        assert other.asked == [] and b"Bearer" in stack.asked[0]


def limited(retry_s):
    return b"HTTP/1.1 429 Slow\r\nX-Rate-Limit-Retry: %d\r\nContent-Length: 0\r\n\r\n" % retry_s


def test_between_two_pages_it_waits_as_long_as_the_stack_says_and_goes_on_where_it_was():
    page = LINES[0].join((b"HTTP/1.1 200 OK\r\nX-Continuation-Token: T\r\nContent-Length: %d\r\n\r\n" % len(LINES[0]), b""))
    last, waited = sized(LINES[1], len(LINES[1])), []

    def fetched(stack, gives_up=False):
        pages = storage_integration.messages(network(stack), ["wallbox"], 0, 5, lambda seconds: waited.append(seconds) or gives_up)
        return [one["uplink_message"]["f_cnt"] for page in pages for one in page]

    with OneAnswer(page, limited(7), page, last) as stack:
        assert fetched(stack) == [1, 1, 2] and waited == [7]
        assert all(b"continuation_token=T" in request for request in stack.asked[1:])
    # Not before the first page, nor twice in a row, nor when the service stops.
    for answers, gives_up in (([limited(7)], False), ([page, limited(7), limited(7)], False), ([page, limited(7)], True)):
        with OneAnswer(*answers) as stack, pytest.raises(Refused, match="too often"):
            fetched(stack, gives_up)
