"""home/web/command_routes.py: a press becomes a command, the browser comes back to its page, and what is refused is said there."""
import re

import pytest
from fastapi.testclient import TestClient

from home import plan_preview
from home.api import app
from tests.support.house import BEGIN_MS, house
from tests.support.uplinks import MIN_MS, Device

RULE = "CET-1CEST,M3.5.0,M10.5.0/3"
PLAN = [{"days": "mon-fri", "from": "22:00", "to": "07:00", "current_a": 16}]


class Browser:
    """One that opened the page, and so has its cookie and the token of its forms."""

    def __init__(self, its):
        self.its = its
        self._client = TestClient(app.app(its), base_url="http://127.0.0.1:8080", headers={"Accept": "text/html"}, follow_redirects=False)
        self._csrf = re.search(r'name="csrf" value="([^"]+)"', self.get("/").text)[1]

    def get(self, path):
        return self._client.get(path)

    def post(self, path, **fields):
        return self._client.post(path, data={"csrf": self._csrf, **fields}, headers={"Origin": "http://127.0.0.1:8080"})

    def requests(self):
        """What went to the network, without its header."""
        said = [downlink["decoded_payload"] for _, downlinks in self.its.pushed for downlink in downlinks]
        return [{name: value for name, value in one.items() if name not in ("id", "issued_at", "expires_in_s")} for one in said]


@pytest.fixture
def browser():
    with house() as its:
        its.hear(Device().status(BEGIN_MS, override="none", plan_hash=plan_preview.hash_of(PLAN, RULE)))
        yield Browser(its)


@pytest.mark.parametrize("fields, request_", [
    ({"command": "stop"}, {"command": "stop"}), ({"command": "boost", "until": "07:30"}, {"command": "boost", "until": "07:30"}),
    ({"command": "set_current", "current_a": "13"}, {"command": "set_current", "current_a": 13}),
    ({"command": "report_plan"}, {"command": "report", "what": "plan"})])
def test_a_press_is_on_its_way_and_shown_with_its_fate(browser, fields, request_):
    answer = browser.post("/commands", back="now", **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.requests() == [request_]
    page = browser.get("/").text
    assert "It is not on its way yet." in page and "asked on this page, 00:00" in page and ">Withdraw<" in page


def test_who_pressed_twice_in_a_moment_asked_once(browser):
    for _ in range(2):
        assert browser.post("/commands", command="boost", back="tonight").headers["location"] == "/tonight"
    assert len(browser.requests()) == 1


@pytest.mark.parametrize("fields, sentence", [
    ({"command": "boost", "kwh": "much"}, "much is no number."), ({"command": "boost", "kwh": "9999"}, "This cannot be sent: kwh: must be"),
    ({"command": "set_current"}, "This cannot be sent: current_a"), ({"command": "<script>"}, "This button is not known here.")])
def test_what_cannot_be_sent_is_said_on_the_page_and_nothing_is_sent(browser, fields, sentence):
    answer = browser.post("/commands", back="now", **fields)
    assert answer.status_code == 409 and sentence in answer.text and 'role="alert"' in answer.text
    assert browser.requests() == []


def test_the_ninth_request_of_a_day_is_refused_and_stop_goes_through(browser):
    for number in range(8):
        browser.its.now_ms += 5000
        assert browser.post("/commands", command="boost", kwh=str(number + 1), back="now").status_code == 303
    refused = browser.post("/commands", command="boost", back="now")
    assert refused.status_code == 409 and "Refused: the device has had 8 of the ten requests" in refused.text
    assert browser.post("/commands", command="stop", back="now").status_code == 303


def test_what_waits_can_be_withdrawn_and_its_end_stands_beside_the_buttons_and_later_below(browser):
    browser.post("/commands", command="boost", back="now")
    key = re.search(r'name="key" value="(\d+)"', browser.get("/").text)[1]
    assert browser.post("/commands/withdraw", key=key, back="now").status_code == 303
    page = browser.get("/").text
    assert "What was asked last" not in page and "It was withdrawn" in page.split('id="waiting"')[1] and ">Withdraw<" not in page
    assert "It is over already." in browser.post("/commands/withdraw", key=key, back="now").text
    for nonsense in ("99", "x", "", "-1", "9" * 30):
        assert "There is no such request any more." in browser.post("/commands/withdraw", key=nonsense, back="now").text
    assert "It was withdrawn" in browser.get("/tonight").text
    browser.its.now_ms += 5 * MIN_MS
    assert "It was withdrawn" in browser.get("/").text.split("What was asked last")[1]
    assert "It was withdrawn" not in browser.get("/tonight").text


def test_without_a_line_to_the_network_a_press_waits_for_it(browser):
    browser.its.is_up["ttn"] = False
    browser.post("/commands", command="stop", back="now")
    assert "It waits for the connection to the network." in browser.get("/").text


WEEK = {"day-0-mon": "on", "day-0-tue": "on", "from-0": "23:00", "to-0": "05:30", "kwh-0": "12,5", "from-1": "22:00", "to-1": "06:00"}


def test_a_plan_is_shown_before_it_is_sent_and_then_sent(browser):
    preview = browser.post("/tonight/preview", **WEEK)
    assert preview.status_code == 200 and "nothing is sent yet" in preview.text and "23:00–24:00" in preview.text and browser.requests() == []
    assert 'name="kwh-0" value="12,5"' in preview.text and 'data-live=""' in preview.text
    assert browser.post("/tonight/plan", **WEEK).headers["location"] == "/tonight"
    assert browser.requests() == [{"plan": {"windows": [{"days": "mon-tue", "from": "23:00", "to": "05:30", "kwh": 12.5}]}}]


def test_a_plan_that_is_none_is_said_and_what_was_typed_stays(browser):
    wrong = {**WEEK, "kwh-0": "much"}
    for path, status in (("/tonight/preview", 200), ("/tonight/plan", 409)):
        page = browser.post(path, **wrong)
        assert page.status_code == status and page.text.count("Row 1: the energy must be") == 1 and 'value="much"' in page.text
    assert browser.requests() == []


def test_rows_are_added_and_removed_without_script(browser):
    assert browser.post("/tonight/preview", add="1", **WEEK).text.count("<fieldset") == 2
    assert browser.post("/tonight/preview", remove="0", **WEEK).text.count("<fieldset") == 1


def test_the_plan_of_before_can_be_sent_again(browser):
    assert "There is no plan of before" in browser.post("/tonight/undo").text
    its, device = browser.its, Device()
    for fields in (WEEK, {"day-0-sat": "on", "from-0": "01:00", "to-0": "05:00"}):
        its.now_ms += MIN_MS
        browser.post("/tonight/plan", **fields)
        asked = its.pushed[-1][1][0]["decoded_payload"]
        answer = {"type": "result", "state": "Charging", "command": "plan", "command_id": asked["id"], "result": "done"}
        its.desk.hear_uplinks("ttn", [device.uplink(its.now_ms + 5000, 11, answer)])
    page = browser.get("/tonight").text
    assert "The device answered just now that it uses this plan; its next status confirms it." in page and "Sat 01:00–05:00" in page
    assert "The plan decides: cheap hours from Sat 3 Oct, 01:00 on." in browser.get("/").text
    monday, saturday = (one["plan"]["windows"] for one in browser.requests())
    its.hear(device.status(its.now_ms + 9000, override="none", plan_hash=plan_preview.hash_of(saturday, RULE)))
    page = browser.get("/tonight").text
    assert "The device holds this plan: confirmed just now." in page and "Undo: send the plan of before" in page and "Mon–Tue 23:00–05:30" in page
    its.now_ms += MIN_MS
    assert browser.post("/tonight/undo").status_code == 303
    assert browser.requests()[-1] == {"plan": {"windows": monday}}
