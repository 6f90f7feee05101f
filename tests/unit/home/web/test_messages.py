"""The button that tries the messages: what it says."""
import threading

import pytest
from fastapi.testclient import TestClient
from tests.support.house import given, house
from home import settings
from home.access.tokens import Tokens
from home.api import app
from home.notify import courier


@pytest.fixture
def press(tmp_path, monkeypatch):
    """press(addresses, statuses): the answer of POST /notify/test."""
    with house() as its:
        def press(urls, statuses, **header):
            monkeypatch.setattr(courier.Courier, "deliver", lambda self, url, title, text: statuses[urls.index(url)])
            its.settings = settings.checked(given(notify={"urls": urls}), tmp_path)
            token = Tokens(tmp_path / "web.tokens").new("kitchen", True)
            client = TestClient(app.app(its), base_url="http://127.0.0.1:8080")
            return client.post("/notify/test", headers={"Authorization": f"Bearer {token}", "Accept": "text/html", **header})
        yield press


def test_it_says_that_a_message_is_sent(press):
    answer = press(["ntfy://secret"], [courier.DELIVERED])
    assert answer.status_code == 200 and "The test message is sent." in answer.text and "secret" not in answer.text


def test_it_names_the_addresses_that_did_not_take_it_by_their_place(press):
    answer = press(["ntfy://one-secret", "json://two-secret", "x://three-secret"], [courier.NOT_DELIVERED, courier.DELIVERED, courier.UNKNOWN],
                   **{"Accept-Language": "de"})
    assert answer.status_code == 502 and "von Adresse 1, 3 in notify.urls nicht angenommen" in answer.text and "secret" not in answer.text


def test_without_an_address_it_says_that_messages_are_off(press):
    answer = press([], [])
    assert answer.status_code == 409 and "Messages are off" in answer.text


def test_a_second_press_while_the_first_is_on_its_way_sends_nothing(tmp_path, monkeypatch):
    begun, goes_on, sent, answers = threading.Event(), threading.Event(), [], []

    def slow(self, url, title, text):
        sent.append(url)
        begun.set()
        assert goes_on.wait(20)
        return courier.DELIVERED

    monkeypatch.setattr(courier.Courier, "deliver", slow)
    with house() as its:
        its.settings = settings.checked(given(notify={"urls": ["ntfy://x"]}), tmp_path)
        token = Tokens(tmp_path / "web.tokens").new("kitchen", True)
        client = TestClient(app.app(its), base_url="http://127.0.0.1:8080", headers={"Authorization": f"Bearer {token}", "Accept": "text/html"})
        first = threading.Thread(target=lambda: answers.append(client.post("/notify/test")))
        first.start()
        assert begun.wait(20)
        second = client.post("/notify/test")
        goes_on.set()
        first.join()
        assert second.status_code == 409 and "A test message is on its way already." in second.text
        assert answers[0].status_code == 200 and client.post("/notify/test").status_code == 200 and len(sent) == 2
