"""The night by its prices in a real browser: the deadline is dragged, typed and moved by keys, nothing is sent until a button; all goes without
scripts, too."""
import re

import pytest
from playwright.sync_api import expect
from tests.home.chromium import DESK, PHONE, WAIT_MS, Person
from tests.home.served import served
from tests.home.test_page_access import LANGUAGES, THEMES, barriers
from tests.support.house import BEGIN_MS
from tests.support.uplinks import HOUR_MS, MIN_MS, Device
from home.store import prices
from home.store.database import writing

# 21:30 of a Thursday in Berlin; the next 07:00 is 38 quarter hours away.
NOW_MS = BEGIN_MS + 21 * HOUR_MS + 30 * MIN_MS
SPOT = {"name": "spot", "kind": "energy-charts", "timezone": "Europe/Berlin"}
SIZE_MAX = 200_000


@pytest.fixture
def night(tmp_path):
    """(house, address) with prices until midnight of tomorrow: cheap from 02:30 to 04:30. Its store is a file, for a browser asks twice at once."""
    with served(tmp_path / "home.db", price_source=[SPOT], tariff=[{"part": "energy", "source": "spot"}]) as (its, url):
        its.now_ms = NOW_MS
        its.hear(Device().status(NOW_MS - 5 * MIN_MS, override="none"))
        with writing(its.engine) as connection:
            prices.put(connection, "spot", [
                (at_s, at_s + 900, 0.1 if 20 <= place < 28 else 0.3 + 0.1 * (place % 3)) for place in range(106)
                for at_s in [NOW_MS // 1000 + 900 * place]])
        yield its, url


def targets(its):
    return [one["decoded_payload"]["target"] for _, downlinks in its.pushed for one in downlinks]


def handle(page):
    """Where the middle of the handle is, in pixels."""
    box, value = page.locator("#drag").bounding_box(), float(page.input_value("#drag"))
    thumb_px = box["height"]
    return box["x"] + thumb_px / 2 + (box["width"] - thumb_px) * value / 96, box["y"] + box["height"] / 2


def shows(person, by):
    """Return once the page says what would be sent by that time."""
    expect(person.page.locator("#priced-title")).to_contain_text(f"by tomorrow {by}", timeout=WAIT_MS)
    expect(person.page.locator("#priced-head .said")).to_contain_text("Not sent yet", timeout=WAIT_MS)
    assert person.page.input_value("#by") == by and person.page.get_attribute("#drag", "aria-valuetext") == by


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_the_deadline_is_moved_by_pointer_keys_and_typing_and_nothing_is_sent_until_the_button(browser, night, viewport):
    its, url = night
    with Person(browser, url, viewport) as person:
        person.open("tonight")
        page = person.page
        expect(page.locator("#drag")).to_be_visible(timeout=WAIT_MS)
        assert page.input_value("#by") == "07:00"
        x, y = handle(page)
        assert abs(x - page.locator("#deadline").bounding_box()["x"]) <= 2
        quarter_px = page.locator("#priced-strip").bounding_box()["width"] / 96
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 8 * quarter_px, y, steps=4)
        page.mouse.up()
        shows(person, "05:00")
        assert abs(handle(page)[0] - page.locator("#deadline").bounding_box()["x"]) <= 2
        page.locator("#drag").focus()
        page.keyboard.press("ArrowLeft")
        shows(person, "04:45")
        page.fill("#by", "06:30")
        shows(person, "06:30")
        assert page.input_value("#drag") == "36"
        page.fill("#target-kwh", "7.36")
        expect(page.locator("#priced-runs")).to_contain_text("tomorrow 02:30 to 04:30", timeout=WAIT_MS)
        assert targets(its) == []
        person.press("Send this target")
        expect(page.locator("#priced-head")).to_contain_text("It is on its way to the device.", timeout=WAIT_MS)
        assert targets(its) == [{"until": "06:30", "kwh": 7.36, "quarters": list(range(9, 17))}]
        assert person.failures == []


def test_what_somebody_has_dragged_stays_when_the_page_follows_the_device(browser, night):
    its, url = night
    with Person(browser, url, PHONE) as person:
        person.open("tonight")
        expect(person.page.locator("#drag")).to_be_visible(timeout=WAIT_MS)   # else its script does not listen yet
        person.page.locator("#drag").focus()
        person.page.keyboard.press("ArrowRight")
        shows(person, "07:15")
        its.hear(Device().status(its.now_ms + MIN_MS, override="stop", reason="stopped"))
        its.changes.tell("Garage")
        person.page.wait_for_timeout(1500)
        shows(person, "07:15")
        expect(person.page.locator("#drag")).to_be_visible(timeout=WAIT_MS)


def test_without_scripts_a_target_is_reckoned_and_sent_an_order_set_and_a_night_skipped(browser, night):
    its, url = night
    with Person(browser, url, PHONE, java_script_enabled=False) as person:
        person.open("tonight")
        page = person.page
        expect(page.locator("#drag")).to_be_hidden(timeout=WAIT_MS)
        page.fill("#by", "06:30")
        page.fill("#target-kwh", "7.36")
        page.locator("#target .by-hand").click()
        expect(page.locator("#priced-title")).to_have_text("7.4 kWh by tomorrow 06:30", timeout=WAIT_MS)
        assert targets(its) == []
        page.locator("#target .main-button").click()
        expect(page.locator("#priced-head")).to_contain_text("It is on its way to the device.", timeout=WAIT_MS)
        assert len(targets(its)) == 1
        page.locator("#more-orders summary").click()
        page.get_by_role("button", name="Add this standing order").click()
        expect(page.locator(".orders")).to_contain_text("Mon–Fri by 07:30: 12 kWh or full", timeout=WAIT_MS)
        page.get_by_role("button", name=re.compile("Skip ?: tomorrow 07:30")).click()
        expect(page.locator(".orders .skipped")).to_contain_text("tomorrow 07:30", timeout=WAIT_MS)
        page.get_by_role("button", name=re.compile("Remove ?: Mon–Fri by 07:30")).click()
        expect(page.locator(".orders")).to_contain_text("None yet", timeout=WAIT_MS)


def test_the_night_by_its_prices_has_no_barrier_and_is_no_wider_than_a_phone(browser, night, evidence):
    its, url = night
    its.desk.ask(its.settings.devices[0], {"target": {"until": "06:30", "kwh": 20, "quarters": [9, 10, 40]}}, "page")
    found = []
    # The other mixtures are in test_page_access.
    for viewport, pairs in ((PHONE, zip(LANGUAGES, THEMES)), (DESK, zip(LANGUAGES, reversed(THEMES)))):
        with Person(browser, url, viewport) as person:
            for language, theme in pairs:
                person.open(f"tonight?lang={language}&theme={theme}")
                expect(person.page.locator("#drag")).to_be_visible(timeout=WAIT_MS)
                for one in person.page.locator("details").all():
                    one.evaluate("one => one.open = true")
                found += barriers(person.page)
                assert person.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    evidence("barriers that axe-core finds on the night by its prices, in both languages and themes, on a phone and at a desk", len(found), 0)
    assert found == []


def test_the_page_of_the_night_with_all_that_it_loads_is_small(browser, night, evidence):
    its, url = night
    sizes = []
    with Person(browser, url, PHONE) as person:
        person.page.on("response", lambda answer: sizes.append(len(answer.body())))
        person.open("tonight")
        expect(person.page.locator("#drag")).to_be_visible(timeout=WAIT_MS)
    evidence(f"bytes of the night by its prices, with all that it loads ({len(sizes)} files)", sum(sizes), SIZE_MAX)
    assert sum(sizes) <= SIZE_MAX


def test_the_table_says_what_the_strip_shows(browser, night):
    its, url = night
    with Person(browser, url, PHONE) as person:
        person.open("tonight?lang=en")
        person.page.locator("#prices-table summary").click()
        rows = person.page.locator("#prices-table tbody tr").all_inner_texts()
        charging = [re.split(r"\t", row) for row in rows if row.endswith("charges")]
        assert charging[0][0] == "tomorrow 02:30 to 04:30" and charging[0][1] == "0.100"
