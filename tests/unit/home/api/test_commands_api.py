"""home/api/commands.py: who may ask, what is answered, and what became of it."""
import pytest
from fastapi.testclient import TestClient
from tests.support.house import BEGIN_MS, given, house, part
from tests.support.queue_at_network import QueueAtNetwork
from home import settings
from home.access.tokens import Tokens
from home.api import app

HERE = "http://127.0.0.1:8080"
PATH = "/api/v1/commands"


@pytest.fixture
def its(tmp_path):
    with house() as made:
        made.settings = settings.checked(given(), tmp_path)
        made.network = QueueAtNetwork(made)
        tokens = Tokens(tmp_path / "web.tokens")
        made.tokens = {name: tokens.new(name, may_switch) for name, may_switch in (("kitchen", True), ("screen", False))}
        yield made


@pytest.fixture
def client(its):
    return TestClient(app.app(its), base_url=HERE, headers={"Authorization": f"Bearer {its.tokens['kitchen']}"})


def test_a_program_asks_and_sees_what_became_of_it(client, its):
    answer = client.post(f"{PATH}?device=Garage", json={"command": "boost", "kwh": 5})
    assert answer.status_code == 202
    expected = {
        "device": "Garage", "who": "kitchen", "name": "boost", "asked_at": "2026-10-01T00:00:00+02:00", "expires_at": "2026-10-01T00:10:00+02:00",
        "request": {"command": "boost", "kwh": 5, "id": 1, "issued_at": BEGIN_MS // 1000, "expires_in_s": 600}}
    assert part(answer.json(), expected) == expected
    its.network.answer(its.network.send(), "refused", detail="locked")
    (found,) = client.get(PATH).json()
    assert (found["key"], found["fate"], found["detail"], found["sends"]) == (answer.json()["key"], "refused", "locked", 1)


def test_commands_are_listed_in_time_order_by_the_day(client, its):
    for seconds in (0, 10, 86400):
        its.now_ms = BEGIN_MS + 1000 * seconds
        client.post(PATH, json={"command": "report"})
    found = client.get(f"{PATH}?from=2026-10-01&to=2026-10-01").json()
    assert [one["asked_at"][11:19] for one in found] == ["00:00:00", "00:00:10"]


def test_what_is_pending_is_withdrawn_once(client, its):
    key = client.post(PATH, json={"command": "stop"}).json()["key"]
    assert client.delete(f"{PATH}/{key}").json()["fate"] == "withdrawn" and len(its.network) == 0
    again = client.delete(f"{PATH}/{key}")
    assert (again.status_code, again.json()["detail"]) == (409, "It is over already: withdrawn.")
    assert client.delete(f"{PATH}/{key + 1}").status_code == 404


@pytest.mark.parametrize("body, words", [({"command": "fly"}, "command: must be one of"), ({"command": "start", "current_a": 3}, "current_a: ")])
def test_a_wrong_request_is_answered_in_the_formatter_s_words(client, its, body, words):
    answer = client.post(PATH, json=body)
    assert answer.status_code == 400 and words in answer.json()["detail"] and len(its.network) == 0


@pytest.mark.parametrize("body", ["[]", "5", "null", "{", '"start"'])
def test_what_is_no_object_is_refused(client, its, body):
    answer = client.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422 and len(its.network) == 0


@pytest.mark.parametrize("body", [
    '{"command": "boost", "kwh": NaN}', '{"command": "boost", "kwh": 1e999}', '{"command": "start", "id": ' + "9" * 400 + "}",
    '{"plan": ' + '{"windows": [' * 200 + "]}" * 200 + "}"])
def test_numbers_and_depths_that_nobody_expects_are_refused(client, its, body):
    answer = client.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422) and len(its.network) == 0


def test_when_the_day_s_downlinks_are_spent_it_says_when_to_come_again(client, its):
    for number in range(8):
        its.now_ms += 10_000
        assert client.post(PATH, json={"command": "boost", "kwh": 1 + number}).status_code == 202
    its.now_ms += 10_000
    answer = client.post(PATH, json={"command": "start"})
    assert answer.status_code == 429 and "There is room again at 2026-10-02T00:00:10+02:00." in answer.json()["detail"]
    assert answer.headers["Retry-After"] == str(86400 - 80)
    assert client.post(PATH, json={"command": "stop"}).status_code == 202
    assert client.post(f"{PATH}?anyway=true", json={"command": "start"}).status_code == 202


def test_who_has_no_token_or_one_for_looking_only_asks_for_nothing(its):
    made = app.app(its)
    for headers, status in (({}, 403), ({"Authorization": "Bearer wrong"}, 401), ({"Authorization": f"Bearer {its.tokens['screen']}"}, 403)):
        client = TestClient(made, base_url=HERE, headers=headers)
        assert client.post(PATH, json={"command": "start"}).status_code == status
        assert client.delete(f"{PATH}/1").status_code == status
    assert len(its.network) == 0
    assert TestClient(made, base_url=HERE).get(PATH).json() == []


def test_where_there_are_several_devices_one_must_be_said(tmp_path):
    devices = [{"id": "one", "timezone": "UTC"}, {"id": "two", "timezone": "UTC"}]
    with house(device=devices) as its:
        its.settings = settings.checked(given(device=devices), tmp_path)
        token = Tokens(tmp_path / "web.tokens").new("kitchen", True)
        client = TestClient(app.app(its), base_url=HERE, headers={"Authorization": f"Bearer {token}"})
        assert client.post(PATH, json={"command": "start"}).json()["detail"] == "device: say which: one, two"
        assert client.post(f"{PATH}?device=two", json={"command": "start"}).json()["device"] == "two"
        assert client.get(f"{PATH}?device=one").json() == [] and len(client.get(f"{PATH}?device=two").json()) == 1
