"""home/web/pages.py: every page in both languages, with nothing from elsewhere, and nothing believed that came from outside."""
import re

import pytest
from fastapi.testclient import TestClient

from home.api import app
from home.web import pages, static_files
from tests.support.house import BEGIN_MS, house, month
from tests.support.uplinks import Device

HOSTILE = '<script>alert(1)</script>"\'><img src=x onerror=alert(2)>%(n)s{{7*7}}'
PATHS = [page.path for page in pages.PAGES]
SIZE_MAX = 200_000


@pytest.fixture
def its():
    with house() as made:
        yield made


@pytest.fixture
def client(its):
    return TestClient(app.app(its), base_url="http://127.0.0.1:8080", headers={"Accept": "text/html"})


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_there_before_anything_was_heard_and_after_a_month(client, its, path, language):
    for hears in (lambda its: None, month):
        hears(its)
        page = client.get(path, params={"lang": language})
        assert page.status_code == 200 and f'<html lang="{language}"' in page.text
        assert page.text.count("<h1") == 1 and page.text.count('aria-current="page"') == 1


@pytest.mark.parametrize("path", PATHS)
def test_no_page_has_script_or_style_in_it_or_loads_from_elsewhere(client, its, path):
    month(its)
    text = client.get(path).text
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert re.findall(r"<script(?![^>]*src=)", text) == []
    assert re.findall(r'(?:src|href)="(?:https?:)?//', text) == []


@pytest.mark.parametrize("path", PATHS)
def test_hostile_names_and_words_from_the_air_are_shown_as_text(path):
    device = [{"id": "wallbox", "name": HOSTILE, "timezone": "UTC"}, {"id": "other", "timezone": "UTC"}]
    with house(device=device) as its:
        its.hear(Device().status(BEGIN_MS, 1.5, 7.0, state=HOSTILE[:24], reason=HOSTILE, status=HOSTILE,
                                 fault=HOSTILE, fault_text=HOSTILE, override=HOSTILE,
                                 code="<b"))
        claim = {"type": "readback", "part": "claims", "page": 1, "pages": 1, "holder": HOSTILE, "until": HOSTILE, "kwh_left": HOSTILE}
        plan = {"type": "readback", "part": "plan", "page": 1, "pages": 1, "windows": [{"days": HOSTILE, "from": HOSTILE, "to": HOSTILE}]}
        zone = {"type": "readback", "part": "timezone", "page": 1, "pages": 1, "timezone_part": HOSTILE}
        device = Device()
        its.hear(*(device.uplink(BEGIN_MS + 10 + place, 14, data) for place, data in enumerate((claim, plan, zone))))
        its.hear(Device().event(BEGIN_MS + 1, HOSTILE), Device().session(5, BEGIN_MS + 2, reason=HOSTILE))
        text = TestClient(app.app(its), base_url="http://127.0.0.1:8080").get(path).text
        assert "<script>alert" not in text and "<img" not in text and "49}" not in text
        assert "&lt;script&gt;" in text


@pytest.mark.evidence
def test_the_first_page_with_all_that_it_loads_is_small(client, its, evidence):
    month(its)
    text = client.get("/").text
    loaded, more = set(), set(re.findall(r'(?:src|href)="(/static/[^"]+)"', text))
    while more:
        loaded |= more
        more = {f"{address.rpartition('/')[0]}/{name}" for address in loaded if address.endswith(".js")
                for name in re.findall(r'from "\./([\w.]+)"', client.get(address).text)} - loaded
    size = len(text.encode()) + sum(len(client.get(address).content) for address in loaded)
    evidence("The first page of the service with all that it loads (kB)", round(size / 1000), SIZE_MAX // 1000)
    assert len(loaded) >= 7 and size <= SIZE_MAX


def test_a_language_or_colour_chosen_is_kept(client):
    assert 'data-theme="auto"' in client.get("/").text
    client.get("/?lang=de&theme=dark")
    page = client.get("/").text
    assert '<html lang="de" data-theme="dark">' in page
    assert client.get("/?theme=<b>&lang=<i>").headers.get("set-cookie") is None


def test_what_pages_load_is_kept_by_the_browser_and_pages_are_not(client):
    for name in static_files._files():
        found = client.get(static_files.address(name))
        assert found.status_code == 200 and found.headers["cache-control"] == static_files.FOR_EVER
    assert client.get("/").headers["cache-control"] == "no-store"
    assert client.get("/static/another/page.css").headers["cache-control"] == "no-cache"
    assert client.get(static_files.address("page.css").replace("page.css", "../pages.py")).status_code == 404


@pytest.mark.parametrize("path, status, sentence", [
    ("/nowhere", 404, "There is no such page here."), ("/?device=nobody", 404, "There is no device of that name here."),
    ("/tonight?device=%3Cb%3E", 404, "There is no device"), ("/sessions/x", 404, "There is no such page"), ("/commands", 405, "Go to a page"),
    ("/sessions/" + "9" * 5000, 404, "There is no such page"), ("/nowhere?lang=de", 404, "Diese Seite gibt es hier nicht.")])
def test_an_error_is_a_page_for_a_browser(client, path, status, sentence):
    page = client.get(path)
    assert page.status_code == status and sentence in page.text and page.text.lstrip().startswith("<!doctype html>")


def test_a_store_that_fails_is_a_page_with_one_sentence(client, monkeypatch):
    from home.store.database import StoreFailed

    def failing(*its):
        raise StoreFailed("the store: disk I/O error")

    monkeypatch.setattr(pages, "reading", failing)
    page = client.get("/")
    assert page.status_code == 503 and "The store of this service cannot be read now: disk I/O error." in page.text


def test_with_several_devices_each_has_its_pages_and_links_stay_with_it():
    devices = [{"id": "one", "timezone": "UTC"}, {"id": "two", "name": "Two & a half", "timezone": "UTC"}]
    with house(device=devices) as its:
        text = TestClient(app.app(its), base_url="http://localhost").get("/", params={"device": "Two & a half"}).text
        assert 'href="/tonight?device=Two+%26+a+half"' in text and "Two &amp; a half" in text and ">All devices<" in text


def test_a_further_page_with_a_template_of_its_own_stands_in_the_navigation(its, tmp_path):
    (tmp_path / "garage.html").write_text('{% extends "base.html" %}{% block main %}<h1>{{ car }}</h1>{% endblock %}')
    garage = pages.Page("garage", "/garage", "Garage", lambda look: {"car": "<b>"}, folder=str(tmp_path))
    client = TestClient(app.app(its, [garage]), base_url="http://localhost")
    assert 'href="/garage"' in client.get("/").text and "<h1>&lt;b&gt;</h1>" in client.get("/garage").text
