"""home/access: who gets past the door, to which answers, and what every answer carries."""
import dataclasses
from typing import Annotated

import pytest
from fastapi import Depends, Form
from fastapi.testclient import TestClient
from tests.support.doors import HERE, csrf_of
from tests.support.house import given, house
from home import settings
from home.access import access, headers
from home.access.tokens import Tokens
from home.api import app


@pytest.fixture
def its():
    with house() as made:
        yield made


def opened(its, tmp_path, base_url=HERE, **web):
    """(client, the application) with those settings of [web], and a page with a press."""
    its.settings = settings.checked(given(web=web), tmp_path)
    made = app.app(its)


    @made.post("/press", include_in_schema=False)
    def press(person: Annotated[access.Person, Depends(access.switching)], what: Annotated[str, Form()] = ""):
        return {"who": person.name, "what": what}

    @made.post("/forgetful", include_in_schema=False)
    def forgetful():
        return "pressed"

    return TestClient(made, base_url=base_url, follow_redirects=False)


def test_on_this_computer_a_press_needs_cookie_token_and_origin(its, tmp_path):
    client = opened(its, tmp_path)
    csrf = csrf_of(client)
    good = {"Origin": HERE}
    assert client.post("/press", data={"csrf": csrf, "what": "stop"}, headers=good).json() == {"who": "page", "what": "stop"}
    assert client.post("/press", headers={**good, "X-CSRF-Token": csrf}).status_code == 200
    for data, said in (({"csrf": csrf}, {"Origin": "http://evil.example"}), ({"csrf": csrf}, {"Origin": "null"}), ({"csrf": csrf}, {}),
                       ({"csrf": csrf}, {"Origin": "http://127.0.0.1:8081"}), ({}, good), ({"csrf": csrf[:-1]}, good)):
        assert client.post("/press", data=data, headers=said).status_code == 403
    client.cookies.clear()
    assert client.post("/press", data={"csrf": csrf}, headers=good).status_code == 403


def test_a_route_that_forgets_to_ask_is_refused_all_the_same(its, tmp_path):
    client = opened(its, tmp_path)
    assert client.post("/forgetful", headers={"Origin": HERE}).status_code == 403
    assert client.post("/forgetful", headers={"Origin": HERE, "X-CSRF-Token": csrf_of(client)}).status_code == 200


def test_a_program_presses_with_a_token_of_its_own_on_this_computer_too(its, tmp_path):
    tokens = Tokens(tmp_path / "web.tokens")
    kitchen, screen = tokens.new("kitchen", True), tokens.new("screen", False)
    client = opened(its, tmp_path)

    def press(token, **more):
        return client.post("/press", headers={"Authorization": f"Bearer {token}", **more})

    assert press(kitchen).json()["who"] == "kitchen"
    assert press(screen).status_code == 403 and press("wrong").status_code == 401
    assert press(kitchen, Origin="http://evil.example").status_code == 403


def test_elsewhere_a_page_leads_to_the_login_and_the_api_says_what_is_missing(its, tmp_path):
    text = Tokens(tmp_path / "web.tokens").new("kitchen", False)
    client = opened(its, tmp_path, "http://192.168.1.7:8080", listen="0.0.0.0:8080")
    answer = client.get("/sessions?device=Garage")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fsessions%3Fdevice%3DGarage")
    for path in ("/api/v1/status", "/openapi.json"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"Authorization": f"Bearer {text}"}).status_code == 200


@pytest.mark.parametrize("name, web, status", [
    ("evil.example", {}, 400), ("127.0.0.1.evil.example", {}, 400), ("garage.lan", {}, 400), ("localhost", {}, 200), ("[::1]", {}, 200),
    ("evil.example", {"listen": "0.0.0.0:8080"}, 400), ("garage.lan", {"listen": "0.0.0.0:8080"}, 401),
    ("192.168.1.7", {"listen": "0.0.0.0:8080"}, 401),
    ("box.example.org", {"host": "box.example.org"}, 401),
])
def test_it_answers_to_its_own_names_alone(its, tmp_path, name, web, status):
    Tokens(tmp_path / "web.tokens").new("kitchen", False)
    assert opened(its, tmp_path, f"http://{name}:8080", **web).get("/api/v1/status").status_code == status


def test_a_proxy_that_nobody_named_opens_nothing(its, tmp_path):
    answer = opened(its, tmp_path).get("/", headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.status_code == 400 and "behind_proxy" in answer.text


def test_every_answer_carries_the_headers_a_refusal_too(its, tmp_path):
    client = opened(its, tmp_path)
    elsewhere = client.get("/", headers={"Host": "evil.example"})
    for answer in (client.get("/"), client.get("/api/v1/status"), client.get("/nothing"), client.post("/press"), elsewhere):
        assert headers.ALWAYS.items() <= dict(answer.headers).items() and "strict-transport-security" not in answer.headers
    assert "'unsafe" not in headers.CONTENT_SECURITY_POLICY


def test_behind_a_proxy_with_tls_the_cookie_is_for_tls_alone(its, tmp_path):
    Tokens(tmp_path / "web.tokens").new("kitchen", False)
    client = opened(its, tmp_path, "http://box.example.org", behind_proxy=["192.0.2.1"], host=["box.example.org"])
    plain = client.get("/login")
    assert "; Secure" not in plain.headers["set-cookie"], "who is no proxy of home.toml has no say in it"
    behind = TestClient(client.app, base_url="http://box.example.org", client=("192.0.2.1", 5), follow_redirects=False)
    answer = behind.get("/login", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-ev-charger=") and all(f"; {word}" in cookie for word in ("Path=/", "HttpOnly", "SameSite=Lax", "Secure"))
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_a_body_without_end_is_cut(its, tmp_path):
    client = opened(its, tmp_path)
    assert client.post("/press", content=b"x" * (access.BODY_MAX + 1)).status_code == 413
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": HERE}
    short, long = ((b"x" * 1024 for _ in range(count)) for count in (1, 1000))
    assert client.post("/press", content=short, headers=form).status_code == 403
    assert client.post("/press", content=long, headers=form).status_code in (400, 413), "its length was not told before"


@pytest.mark.parametrize("length", ["9" * 5000, "-1", "\u00b2", "x", ""])
def test_a_length_that_is_none_is_refused(its, tmp_path, length):
    assert opened(its, tmp_path).post("/press", headers=[(b"content-length", length.encode("latin-1"))]).status_code == 413


@pytest.mark.parametrize("characters", ["unicode_escape", "idna", "utf-16"])
def test_a_form_in_parts_is_refused_whatever_its_characters(its, tmp_path, characters):
    client = opened(its, tmp_path)
    body = b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n\\ud800\r\n--x--\r\n'
    kind = {"Content-Type": f"Multipart/form-data; boundary=x; charset={characters}", "Origin": HERE}
    for path in ("/commands", "/login", "/logout"):
        answer = client.post(path, content=body, headers=kind)
        assert answer.status_code == 415 and "a form is sent as" in answer.json()["detail"]


def test_a_person_is_plain_data():
    assert dataclasses.asdict(access.Person("page", True, "abc")) == {"name": "page", "may_switch": True, "csrf": "abc", "is_program": False}


@pytest.mark.parametrize("path, status", [("/", 200), ("/api/v1/status", 200), ("/nothing", 404), ("/commands", 405), ("/live", 405)])
def test_who_asks_for_the_head_alone_gets_it(its, tmp_path, path, status):
    answer = opened(its, tmp_path).head(path)
    assert answer.status_code == status and answer.content == b""
    assert headers.ALWAYS.items() <= dict(answer.headers).items()
