"""home/api: what it answers, to whom, and what it says when something is wrong."""
import pytest
from fastapi.testclient import TestClient
from tests.support.house import BEGIN_MS, given, house, month, part
from tests.support.uplinks import DAY_MS, HOUR_MS, Device
from home import settings
from home.api import app
from home.store.database import StoreFailed


@pytest.fixture
def its():
    with house() as made:
        yield made


@pytest.fixture
def client(its):
    return TestClient(app.app(its), base_url="http://127.0.0.1:8080")


def test_devices_are_those_of_the_settings(client, its):
    (found,) = client.get("/api/v1/devices").json()
    assert found == {"name": "Garage", "id": "wallbox", "network": "ttn", "place": "", "network_connected": True, "heard_at": None}
    its.hear(Device().status(BEGIN_MS))
    assert client.get("/api/v1/devices").json()[0]["heard_at"] == "2026-10-01T00:00:00+02:00"


def test_the_status_has_its_age_and_the_formatter_s_words(client, its):
    device = Device()
    its.hear(device.status(BEGIN_MS, 1.5, 7.0, fault="F9"), device.energy(BEGIN_MS + 1000, 100.0, 1, state="Charging"))
    its.now_ms = BEGIN_MS + HOUR_MS
    found = client.get("/api/v1/status?device=wallbox").json()
    expected = {
        "device": "Garage", "received_at": "2026-10-01T00:00:00+02:00", "age_s": 3600, "state": "Charging", "session_kwh": 1.5, "fault": "F9",
        "radio": {"rssi": -110, "snr": 7.5, "spreading_factor": 10, "gateways": 1}}
    assert part(found, expected) == expected
    assert found["energy_total_kwh"] == pytest.approx(107, abs=0.01)


def test_before_anything_was_heard_nothing_is_said(client):
    found = client.get("/api/v1/status").json()
    assert (found["received_at"], found["age_s"], found["state"], found["energy_total_kwh"], found["radio"]) == (None,) * 5


def test_sessions_and_gaps_come_in_their_order(client, its):
    month(its, lost=(4, 5))
    found = client.get("/api/v1/sessions", params={"device": "Garage", "from": "2026-10-04", "to": "2026-10-08"}).json()
    assert [one.get("number", one.get("gap")) for one in found] == [3, [4, 5], 6, 7]
    assert found[0]["cost"] == pytest.approx(4.2) and found[1] == {"gap": [4, 5]}


def test_an_instant_with_its_offset_bounds_too_though_a_plus_came_as_a_blank(client, its):
    month(its)
    found = client.get("/api/v1/sessions?from=2026-10-04T17:00:00%2B02:00&to=2026-10-05T18:00:00 02:00").json()
    assert [one["number"] for one in found] == [3]


def test_months_and_events_have_their_own_pages(client, its):
    device = month(its)
    its.hear(device.event(BEGIN_MS + 40 * DAY_MS, "finished", kwh=14.0))
    assert client.get("/api/v1/months").json()[0]["energy_kwh"] == 420.0
    (event,) = client.get("/api/v1/events").json()
    expected = {"event": "finished", "kwh": 14.0, "number": 7, "received_at": "2026-11-09T23:00:00+01:00"}
    assert part(event, expected) == expected


@pytest.mark.parametrize("path, status, words", [
    ("/api/v1/status?device=nobody", 404, "there is none of that name"), ("/api/v1/sessions?from=yesterday", 400, "from: must be a day"),
    ("/api/v1/sessions?to=2026-02-30", 400, "to: must be a day"), ("/api/v1/sessions?to=9999-12-31", 400, "to: must be a day"),
    ("/api/v1/sessions?from=2026-01-01T00:00:00", 400, "with offset"), ("/api/v1/events?from=0001-01-01", 400, "from: must be a day"),
    ("/api/v1/nothing", 404, "Not Found"),
])
def test_what_is_asked_wrongly_is_named(client, path, status, words):
    answer = client.get(path)
    assert answer.status_code == status and words in answer.json()["detail"]


def test_where_there_are_several_devices_one_must_be_said():
    devices = [{"id": "one", "timezone": "UTC"}, {"id": "two", "timezone": "UTC"}]
    with house(device=devices) as its:
        client = TestClient(app.app(its), base_url="http://localhost")
        assert client.get("/api/v1/status").json()["detail"] == "device: say which: one, two"
        assert client.get("/api/v1/status?device=two").status_code == 200


def test_a_store_that_fails_is_one_sentence(client, its, monkeypatch):
    def failing(*given):
        raise StoreFailed("the store: disk I/O error")

    monkeypatch.setattr(app, "reading", failing)
    answer = client.get("/api/v1/devices")
    assert (answer.status_code, answer.json()) == (503, {"detail": "the store: disk I/O error"})


def test_it_only_reads(client):
    for path in ("/api/v1/devices", "/api/v1/status", "/api/v1/sessions", "/api/v1/months", "/api/v1/events"):
        assert {client.request(method, path).status_code for method in ("POST", "PUT", "PATCH", "DELETE")} == {405}


def test_a_name_server_that_lies_does_not_lead_a_page_here(its):
    assert TestClient(app.app(its), base_url="http://evil.example").get("/api/v1/devices").status_code == 400


def test_seen_by_others_it_asks_for_the_token(tmp_path, its):
    (tmp_path / "token").write_text("open sesame\n")
    (tmp_path / "token").chmod(0o600)
    its.settings = settings.checked(given(web={"listen": "0.0.0.0:8080", "token_file": "token"}), tmp_path)
    client = TestClient(app.app(its), base_url="http://garage.lan:8080")
    for header in (None, "Bearer wrong", "Basic open sesame", "open sesame"):
        assert client.get("/api/v1/devices", headers={"Authorization": header} if header else {}).status_code == 401
    assert client.get("/api/v1/devices", headers={"Authorization": "Bearer open sesame"}).status_code == 200


def test_its_document_names_every_path_and_nothing_else_is_served(client):
    document = client.get("/openapi.json").json()
    names = ("devices", "status", "sessions", "months", "events", "commands", "commands/{key}")
    assert set(document["paths"]) == {f"/api/v1/{name}" for name in names}
    assert client.get("/docs").status_code == client.get("/redoc").status_code == 404
