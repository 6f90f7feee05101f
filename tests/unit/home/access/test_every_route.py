"""home/access: each route that the application has refuses who may not. A new route is covered because it is there."""
import pytest
from fastapi.testclient import TestClient
from tests.support.doors import ELSEWHERE, HERE, csrf_of, every_route, paths
from tests.support.house import given, house
from home import settings
from home.access import access, passwords
from home.access.tokens import Tokens
from home.api import app

REFUSED = (401, 403)
GUESTS = "only looking"
EVIL = "http://evil.example"


class Site:
    """The application on this computer or elsewhere, with every route, and one that was forgotten."""

    def __init__(self, its, folder, where):
        self.where = where
        self.folder = folder
        passwords.Passwords(folder / "web.passwords").set(passwords.GUEST, False, GUESTS)
        passwords.Passwords(folder / "web.passwords").set(passwords.OWNER, True, "correct horse")
        tokens = Tokens(folder / "web.tokens")
        self.screen, self.kitchen = tokens.new("screen", False), tokens.new("kitchen", True)
        its.settings = settings.checked(given(web={} if where == HERE else {"listen": "0.0.0.0:8080"}), folder)
        self.app = app.app(its)
        self.app.post("/forgotten/{key}", include_in_schema=False)(lambda key: key)

    def browser(self, password=None):
        made = TestClient(self.app, base_url=self.where, follow_redirects=False, raise_server_exceptions=False)
        if password:
            data = {"csrf": csrf_of(made, "/login"), "password": password}
            assert made.post("/login", data=data, headers={"Origin": self.where}).status_code == 303
        return made

    def changing(self):
        return [one for one in paths(self.app, False) if one[1] not in access.OWN]


@pytest.fixture(params=[HERE, ELSEWHERE])
def site(tmp_path, request):
    with house() as its:
        yield Site(its, tmp_path, request.param)


def asked(browser, place, **headers):
    return browser.request(*place, headers={name.replace("_", "-"): value for name, value in headers.items() if value}).status_code


def test_what_changes_something_is_a_route_whose_guard_is_there(site):
    for route in every_route(site.app):
        if not set(route.methods) <= set(access.READING):
            assert access.guard in [one.call for one in route.dependant.dependencies], route.path


def test_what_changes_something_needs_cookie_token_of_the_form_origin_and_name(site, evidence):
    stranger, refused = site.browser(), 0
    insider = site.browser(None if site.where == HERE else "correct horse")
    csrf = csrf_of(insider)
    right = {"x_csrf_token": csrf, "origin": site.where}
    for place in [*site.changing(), ("POST", "/login"), ("POST", "/logout")]:
        stranger.cookies.clear()
        tries = [(stranger, right), (insider, {**right, "x_csrf_token": None}), (insider, {**right, "x_csrf_token": csrf[:-1] + "~"}),
                 (insider, {**right, "origin": None}), (insider, {**right, "origin": EVIL}), (insider, {**right, "origin": "null"}),
                 (insider, {**right, "origin": None, "referer": EVIL + "/" + site.where}), (insider, {**right, "host": "evil.example"}),
                 (insider, {**right, "origin": None, "sec_fetch_site": "same-site"}), (insider, {**right, "authorization": "Bearer wrong"})]
        for browser, headers in tries:
            assert asked(browser, place, **headers) in (REFUSED if "host" not in headers else (400,)), (place, headers)
            refused += 1
    where = "on the computer itself" if site.where == HERE else "elsewhere"
    evidence(f"{where}, requests to change something without cookie, form token, origin or name, to every route: that many are refused", refused)


def test_who_may_is_not_refused(site):
    """Else the tests here would say nothing."""
    insider = site.browser(None if site.where == HERE else "correct horse")
    csrf = csrf_of(insider)
    for place in site.changing():
        for headers in ({"origin": site.where}, {"referer": site.where + "/tonight"}, {"sec_fetch_site": "same-origin"}):
            assert asked(insider, place, x_csrf_token=csrf, **headers) not in REFUSED, place
        assert asked(site.browser(), place, authorization=f"Bearer {site.kitchen}") not in REFUSED, place


def test_who_may_look_only_switches_nothing(site):
    for place in site.changing():
        assert asked(site.browser(), place, authorization=f"Bearer {site.screen}") == 403
        if site.where == ELSEWHERE:
            guest = site.browser(GUESTS)
            assert asked(guest, place, x_csrf_token=csrf_of(guest), origin=site.where) == 403


def test_elsewhere_nothing_is_shown_before_the_login(tmp_path):
    with house() as its:
        site = Site(its, tmp_path, ELSEWHERE)
        shown = [place for place in paths(site.app, True) if asked(site.browser(), place) not in (303, 401)]
        public = [place for place in paths(site.app, True) if place[1].startswith("/static/") or place[1] in access.PUBLIC]
        assert sorted(shown) == sorted(public)
