"""The pages of a house at ChirpStack: no limit that it does not have, and what it does not say is said."""
import json
import re

import pytest
from fastapi.testclient import TestClient
from home.api import app
from home.network import chirpstack
from tests.support.house import BEGIN_MS, house
from tests.support.queue_at_chirpstack import HOUSE
from tests.unit.home.network.test_chirpstack_vectors import VECTORS

STATUS = next(one["message"] for one in VECTORS["messages"] if one["name"] == "a status")


@pytest.fixture
def its():
    with house(**HOUSE) as made:
        made.now_ms = BEGIN_MS + 10_000
        heard = chirpstack.uplink({**STATUS, "time": "2026-09-30T22:00:05+00:00"}, json.dumps(STATUS))
        made.writer.write("own", [heard])
        yield made


def text_of(its, path, **query):
    page = TestClient(app.app(its), base_url="http://127.0.0.1:8080", headers={"Accept": "text/html"}).get(path, params=query)
    assert page.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


def test_the_page_of_the_radio_has_gateways_and_no_fair_use_and_says_what_the_network_does_not(its):
    text = text_of(its, "/radio")
    assert "0000000000000001" in text and "-36 dBm" in text and "This network has no fair use." in text and "It says nothing of a request" in text
    assert "of 30 s" not in text and "ten a day" not in text
    assert "Dieses Netz kennt keine Fair-Use-Grenze." in text_of(its, "/radio", lang="de")


def test_while_the_line_is_down_it_is_said_that_nothing_fetches_what_is_missed(its):
    its.is_up["own"], its.line_since_ms["own"] = False, BEGIN_MS
    assert "what is sent now is lost, but for the sessions, which the device keeps" in text_of(its, "/radio")


def test_the_first_page_counts_requests_without_a_limit_and_tells_of_one_that_was_handed_over(its):
    its.desk._publish = lambda device, topic, body: True
    its.desk.ask(its.settings.devices[0], {"command": "start"}, "page")
    text = text_of(its, "/")
    assert "The network was handed it, and will only speak once it sends it." in text and "Sent to the device in 24 h: 0." in text


@pytest.mark.parametrize("path", ["/tonight", "/sessions", "/history", "/device", "/history/report.json"])
def test_every_other_page_is_there(its, path):
    text_of(its, path)
