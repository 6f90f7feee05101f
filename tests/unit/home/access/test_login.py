"""home/access: a login, what it is good for, and what ends it."""
import logging
import re

import pytest
from fastapi import Depends
from fastapi.testclient import TestClient
from tests.support.doors import ELSEWHERE, csrf_of, door
from tests.support.house import given, house, month
from home import settings
from home.access import access, passwords
from home.access.cookies import LIFE_S
from home.api import app
from home.web import pages

OWNERS, GUESTS, ANNES = "correct horse", "only looking", "battery staple"


class LoginSite:
    """The service where others see it, with three passwords; time stands still until it is moved."""

    def __init__(self, its, folder):
        self.service = its
        month(its)
        self.passwords = passwords.Passwords(folder / "web.passwords")
        for name, may_switch, password in ((passwords.OWNER, True, OWNERS), (passwords.GUEST, False, GUESTS), ("anne", True, ANNES)):
            self.passwords.set(name, may_switch, password)
        its.settings = settings.checked(given(web={"listen": "0.0.0.0:8080"}), folder)
        self.app = app.app(its)
        self.app.post("/press", include_in_schema=False)(_press)
        self.browser = self.new_browser()
        self.door = door(self.browser)
        self.now_s = 1_800_000_000
        self.door.clock = self.door.monotonic = lambda: self.now_s

    def new_browser(self):
        return TestClient(self.app, base_url=ELSEWHERE, follow_redirects=False, headers={"Accept": "text/html"})

    def login(self, password, name="", browser=None, place="/sessions", **more):
        browser = browser or self.browser
        return browser.post("/login", data={"csrf": csrf_of(browser, "/login"), "password": password, "name": name, "next": place},
                            headers={"Origin": ELSEWHERE, **more})

    def press(self, browser=None):
        browser = browser or self.browser
        return browser.post("/press", data={"csrf": csrf_of(browser)}, headers={"Origin": ELSEWHERE, "Accept": "*/*"})


def _press(request: access.Request, person: access.Person = Depends(access.switching)):  # noqa: B008
    return person.name


@pytest.fixture
def site(tmp_path):
    with house() as its:
        yield LoginSite(its, tmp_path)


@pytest.mark.parametrize("name, password, who", [("", OWNERS, "owner"), ("anne", ANNES, "anne")])
def test_who_logs_in_gets_where_he_wanted_and_is_named_where_he_presses(site, name, password, who):
    answer = site.login(password, name)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sessions")
    page = site.browser.get("/sessions")
    assert page.status_code == 200 and f"Logged in as {who}." in page.text
    assert site.press().json() == who


def test_the_second_password_is_for_looking_only(site):
    site.login(GUESTS)
    assert site.browser.get("/").status_code == 200 and site.press().status_code == 403


def test_who_may_look_only_finds_nothing_to_press_but_the_logout(site):
    site.login(GUESTS)
    site.service.desk.ask(site.service.settings.devices[0], {"command": "start"}, "anne")
    for path in [page.path for page in pages.PAGES] + ["/sessions/5"]:
        text = site.browser.get(path).text
        assert "Logged in as guest." in text and re.findall(r"<button[^>]*>([^<]*)", text) == ["Log out"], path
        assert not re.findall(r"<(?:input|select)(?![^>]*(?:disabled|type=.hidden))[^>]*>", text), path
    site.browser.post("/logout", data={"csrf": csrf_of(site.browser)}, headers={"Origin": ELSEWHERE})
    site.login(OWNERS)
    assert "Withdraw" in site.browser.get("/").text


@pytest.mark.parametrize("name, password", [("", "a guess"), ("anne", OWNERS), ("nobody", OWNERS), ("", ANNES), ("", ""), ("anne", "x" * 500)])
def test_a_wrong_one_is_told_in_one_sentence_and_nothing_else(site, name, password, caplog):
    with caplog.at_level(logging.INFO):
        answer = site.login(password, name)
    assert answer.status_code == 401 and "That is not right. Try again." in answer.text and site.press().status_code == 401
    assert not password or password not in answer.text + caplog.text


def test_in_german_too(site):
    assert "Das stimmt nicht. Noch einmal." in site.login("wrong", **{"Accept-Language": "de"}).text


def test_a_login_needs_its_own_page_and_a_browser(site):
    csrf = csrf_of(site.browser, "/login")
    for data, said in (({"csrf": csrf}, {"Origin": "http://evil.example"}), ({}, {"Origin": ELSEWHERE}),
                       ({"csrf": csrf}, {"Origin": ELSEWHERE, "Authorization": "Bearer x"})):
        assert site.browser.post("/login", data={**data, "password": OWNERS}, headers=said).status_code == 403


@pytest.mark.parametrize("tries", [60, pytest.param(10_000, marks=pytest.mark.long)])
def test_ten_thousand_wrong_passwords_come_to_a_handful_of_checks(site, evidence, monkeypatch, tries):
    checks = []
    right = site.passwords.__class__.check
    monkeypatch.setattr(passwords.Passwords, "check", lambda *given: checks.append(given) or right(*given))
    csrf = csrf_of(site.browser, "/login")
    for _ in range(tries):
        site.now_s += 0.005     # as fast as a Raspberry Pi answers
        answer = site.browser.post("/login", data={"csrf": csrf, "password": "guess"}, headers={"Origin": ELSEWHERE})
    evidence(f"{tries:,} wrong passwords of one browser one after the other: that many are checked", len(checks), 12)
    assert answer.status_code == 429 and int(answer.headers["retry-after"]) >= 1 and "Too many wrong passwords" in answer.text
    assert len(checks) <= 12


def test_a_name_that_is_not_there_costs_as_many_checks(site, monkeypatch):
    verified = []
    right = site.passwords.__class__._is_right
    monkeypatch.setattr(passwords.Passwords, "_is_right", lambda *given: verified.append(given) or right(*given))
    for name in ("anne", "nobody"):
        site.login("wrong", name)
    assert len(verified) == 2


def test_a_visit_lasts_thirty_days_from_the_last_page_on(site):
    site.login(OWNERS)
    for _ in range(3):
        site.now_s += LIFE_S - 60
        assert site.browser.get("/").status_code == 200
    site.now_s += LIFE_S + 60
    assert site.browser.get("/").headers["location"].startswith("/login")


def test_another_password_ends_what_was_logged_in_with_the_old_one_and_nobody_else(site):
    other = site.new_browser()
    site.login(OWNERS)
    site.login(ANNES, "anne", other)
    site.passwords.set(passwords.OWNER, True, "quite another")
    assert site.browser.get("/").status_code == 303 and site.press().status_code == 401 and other.get("/").status_code == 200
    site.passwords.remove("anne")
    assert other.get("/").status_code == 303


def test_a_logout_ends_a_copy_of_the_cookie_too_and_after_a_new_start(site, tmp_path):
    site.login(OWNERS)
    copy = site.new_browser()
    copy.cookies.update(site.browser.cookies)
    assert copy.get("/").status_code == 200
    answer = site.browser.post("/logout", data={"csrf": csrf_of(site.browser)}, headers={"Origin": ELSEWHERE})
    assert answer.headers["location"] == "/login" and site.browser.get("/").status_code == 303
    assert copy.get("/").status_code == 303
    site.door.ended._here.clear()
    assert copy.get("/").status_code == 303 and (tmp_path / "web.ended").stat().st_mode & 0o077 == 0


def test_a_login_is_a_new_visit_so_that_a_planted_cookie_is_good_for_nothing(site):
    csrf_of(site.browser, "/login")
    planted = site.new_browser()
    planted.cookies.update(site.browser.cookies)
    site.login(OWNERS)
    assert planted.get("/").status_code == 303


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example/", "/\\evil.example", "evil", "/a\r\nSet-Cookie: x", "/login", ""])
def test_a_login_leads_nowhere_else(site, place):
    assert site.login(OWNERS, place=place).headers["location"] == "/"


def test_a_cookie_of_another_key_or_without_one_is_nothing(site):
    site.login(OWNERS)
    (cookie,) = [one for one in site.browser.cookies.jar if "ev-charger" in one.name]
    for forged in (cookie.value[:-2], "owner", "W10.a.b", cookie.value.replace(".", "", 1), ""):
        browser = site.new_browser()
        browser.cookies.set(cookie.name, forged)
        assert browser.get("/").status_code == 303


def test_on_this_computer_there_is_no_login_to_see(tmp_path):
    with house() as its:
        browser = TestClient(app.app(its), base_url="http://127.0.0.1:8080", follow_redirects=False)
        assert browser.get("/login").headers["location"] == "/" and "Logged in as" not in browser.get("/").text




def test_who_presses_after_his_login_has_ended_is_told_that_nothing_was_sent(site):
    answer = site.browser.post("/press", headers={"Origin": ELSEWHERE})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?pressed=1")
    assert "What you pressed was not sent." in site.browser.get("/login?pressed=1").text


def test_a_refused_press_is_a_page_in_the_language_of_who_pressed(site):
    site.login(GUESTS)
    headers = {"Origin": ELSEWHERE, "Accept-Language": "de"}
    page = site.browser.post("/press", data={"csrf": csrf_of(site.browser)}, headers=headers)
    assert page.status_code == 403 and "guest darf schauen, aber nicht schalten" in page.text
    assert "zu alt" in site.browser.post("/press", headers=headers).text
