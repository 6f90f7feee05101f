"""The pages for everybody, in a real browser: no barrier that axe-core finds, the first screen of a phone, and reading without JavaScript."""
import collections

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from tests.home.chromium import DESK, PHONE, WAIT_MS, Person
from tests.home.served import served
from tests.support.house import month
from tests.support.played_garage import PlayedGarage
from tests.support.uplinks import HOUR_MS, MIN_MS
from home.planning import page_orders
from home.web import pages

LANGUAGES, THEMES = ("en", "de"), ("light", "dark")
# What stands on every page, beside those of home.web.pages: one session, its month and year, what there is none of, and what was refused.
FURTHER = ("sessions/29", "sessions?month=2026-10", "sessions?year=2026", "radio?days=30", "history?kind=command", "login", "nowhere", "garage")


def lived(its):
    """A month, a fault, answered, pending and refused requests, a plan on the device, its own report, and a standing order."""
    device = month(its)
    now_ms = its.now_ms
    its.hear(device.event(now_ms + MIN_MS, "fault", code="F9"), device.status(now_ms + 2 * MIN_MS, 3.2, 7.0))
    garage = its.settings.devices[0]
    for request in ({"command": "stop"}, {"plan": {"windows": [{"days": "daily", "from": "22:00", "to": "06:00", "current_a": 16}]}}):
        its.now_ms += MIN_MS
        its.desk.ask(garage, request, "page")
    page_orders.add(its.engine, its.writer.insert, its.key(garage), {"days": "mon-fri", "by": "07:30", "kwh": 12, "max_price": 0.3})
    return device


@pytest.fixture(scope="module")
def garage():
    """(house, address) of a house that has lived, with the simulated garage beside."""
    played = []

    def extra(its):
        played.append(PlayedGarage())
        return [played[0].garage.page]

    with served(extra=extra) as (its, url):
        played[0].garage.add_presses(its.app)
        lived(its)
        try:
            yield its, url
        finally:
            played[0].close()


def barriers(page):
    """What axe-core finds on it, in lines."""
    return [f"{one['id']}: {one['help']}: {node['html'][:160]} {node.get('failureSummary', '')}" for one in Axe().run(page).response["violations"]
            for node in one["nodes"]]


def test_axe_core_finds_no_barrier_on_any_page_in_both_languages_and_themes(browser, garage, evidence):
    its, url = garage
    paths = [page.path.removeprefix("/") for page in pages.PAGES] + list(FURTHER)
    found, number = collections.Counter(), 0
    for viewport in (PHONE, DESK):
        with Person(browser, url, viewport) as person:
            for path in paths:
                for language in LANGUAGES:
                    for theme in THEMES:
                        person.open(f"{path}{'&' if '?' in path else '?'}lang={language}&theme={theme}")
                        for one in person.page.locator("details").all():
                            one.evaluate("one => one.open = true")
                        number += 1
                        for line in barriers(person.page):
                            found[f"/{path}: {line}"] += 1
            assert person.failures == []
    evidence(f"barriers that axe-core finds on {len(paths)} pages in two languages, two themes and two widths ({number} in all)", len(found), 0)
    assert not found, "\n".join(f"{count} x {line}" for line, count in found.items())


def test_axe_core_finds_a_barrier_where_there_is_one(browser, garage):
    with Person(browser, garage[1]) as person:
        person.open()
        person.page.evaluate("document.querySelector('main').append(document.createElement('input'))")
        assert any(line.startswith("label:") for line in barriers(person.page))


# What a device may say, and what stands above it.
SCENES = {
    "charging": {"reason": "charging", "override": "boost"}, "held": {"reason": "outside_plan", "override": "none"},
    "sleeps": {"reason": "vehicle_paused", "override": "none"}, "fault": {"reason": "fault", "fault": "F9", "override": "none"},
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scene", [*SCENES, "old"])
def test_the_first_screen_of_a_phone_has_state_reason_age_main_button_and_stop(browser, scene, language):
    with served() as (its, url), Person(browser, url, PHONE) as person:
        device = month(its)
        its.hear(device.status(its.now_ms + MIN_MS, 3.2, 7.0, **SCENES.get(scene, SCENES["held"])))
        its.now_ms += 5 * HOUR_MS if scene == "old" else MIN_MS
        person.open(f"?lang={language}")
        room_px = person.page.locator(".places").bounding_box()["y"]
        for place in ("#sentence", ".as-of time", ".decides", ".main-button", "button[value=stop]"):
            box = person.page.locator(place).first.bounding_box()
            assert box["y"] >= 0 and box["y"] + box["height"] <= room_px, (place, box, room_px)
        assert person.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_no_page_is_wider_than_a_phone(browser, garage):
    its, url = garage
    with Person(browser, url, PHONE) as person:
        for path in [page.path.removeprefix("/") for page in pages.PAGES] + list(FURTHER):
            for language in LANGUAGES:
                person.open(f"{path}{'&' if '?' in path else '?'}lang={language}")
                assert person.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path


def test_without_javascript_all_can_be_read_and_pressed(browser, garage):
    its, url = garage
    with Person(browser, url, PHONE, java_script_enabled=False) as person:
        for page in pages.PAGES:
            person.open(page.path.removeprefix("/") + "?lang=en")
            expect(person.page.locator("h1")).to_be_visible(timeout=WAIT_MS)
        person.open("?lang=en")
        assert person.page.locator(".as-of time").inner_text().endswith("ago")
        person.open("sessions/29")
        expect(person.page.locator(".plot svg").first).to_be_visible(timeout=WAIT_MS)
        person.open("?lang=en")
        its.now_ms += MIN_MS
        person.page.locator("button[value=stop]").click()
        person.sees("Stop charging.")
        assert its.pushed[-1][1][0]["decoded_payload"]["command"] == "stop"
