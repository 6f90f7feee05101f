"""home/web/views/night_target.py on the page Tonight: what charges when, what it costs and saves, and who decided it."""
import json
import re

import pytest
from fastapi.testclient import TestClient
from home.api import app
from home.notices import Notices
from home.planning import page_orders
from home.planning.planner import Planner
from home.store import prices
from home.store.database import writing
from tests.support.house import BEGIN_MS, house
from tests.support.uplinks import HOUR_MS, MIN_MS, Device

# 21:30 of a Thursday in Berlin; the next 07:30 is 40 quarter hours away.
NOW_MS = BEGIN_MS + 21 * HOUR_MS + 30 * MIN_MS
UNTIL_S = NOW_MS // 1000 + 36_000
SPOT = {"name": "spot", "kind": "energy-charts", "timezone": "Europe/Berlin"}
TARIFF = [{"part": "energy", "source": "spot"}, {"part": "network", "price_kwh": 0.05}]


class PricedEvening:
    """The page on an evening with prices: 10 cents from 02:30 to 04:30, 40 after 06:00, else 30, and 5 more for the network."""

    def __init__(self, its):
        self.its, self.device, self.garage = its, Device(), its.settings.devices[0]
        its.now_ms, its.notices = NOW_MS, Notices()
        its.hear(self.device.status(NOW_MS - 5 * MIN_MS, override="none"))
        its.planner = Planner(its)
        self.client = TestClient(app.app(its), base_url="http://127.0.0.1:8080", headers={"Accept": "text/html"})
        self.csrf = re.search(r'name="csrf" value="([^"]+)"', self.client.get("/").text)[1]

    def tell(self, known=96):
        spans = []
        for n in range(40, 40 - known, -1):
            at_s = UNTIL_S - 900 * n
            spans.append((at_s, at_s + 900, 0.1 if 13 <= n <= 20 else 0.4 if n <= 6 else 0.3))
        with writing(self.its.engine) as connection:
            prices.put(connection, "spot", spans)

    def page(self, language="en"):
        return self.client.get("/tonight", params={"lang": language}).text

    def post(self, path, **fields):
        return self.client.post(path, data={"csrf": self.csrf, **fields}, headers={"Origin": "http://127.0.0.1:8080"}, follow_redirects=False)

    def answer(self, possible):
        asked = self.its.pushed[-1][1][0]["decoded_payload"]
        self.its.now_ms += MIN_MS
        self.its.desk.hear_uplinks("ttn", [self.device.uplink(self.its.now_ms, 11, {
            "type": "result", "state": "Charging", "command": "target", "command_id": asked["id"], "result": "done", "kwh_possible": possible})])

    def sent(self):
        return [one["decoded_payload"]["target"] for _, downlinks in self.its.pushed for one in downlinks]


@pytest.fixture
def evening():
    with house(price_source=[SPOT], tariff=TARIFF) as its:
        made = PricedEvening(its)
        made.tell()
        yield made


def costs(page):
    return re.findall(r"<dt>([^<]+)</dt><dd>(?:<span[^>]*>)?([^<]+)<", page.split('class="costs"')[1].split("</dl>")[0])


def runs(page):
    return re.findall(r"<strong>([^<]+)</strong> <span class=\"quiet\">([^<]+)<", page.split('id="priced-runs"')[1].split("</ul>")[0])


def test_a_wish_is_reckoned_before_it_is_sent_and_sends_nothing(evening):
    page = evening.post("/tonight/target/preview", by="07:30", kwh="9.2").text
    assert "Not sent yet: this is what would be sent." in page and evening.sent() == []
    # 3.68 kW: ten quarter hours of 0.92 kWh, eight of them cheap; at once the first ten, as in the plain window.
    assert runs(page) == [("tomorrow 02:30 to 04:30", "7.4 kWh · €1.10"), ("tomorrow 05:30 to 06:00", "1.8 kWh · €0.64")]
    assert costs(page) == [("will cost", "€1.75"), ("saved against charging at once", "€1.47"), ("saved against 22:00 to 06:00", "€1.47")]


def test_a_wish_that_is_sent_has_the_night_and_its_way_is_seen(evening):
    assert evening.post("/tonight/target", by="07:30", kwh="7.36").headers["location"] == "/tonight"
    assert evening.sent() == [{"until": "07:30", "kwh": 7.36, "quarters": list(range(13, 21))}]
    page = evening.page()
    assert "It is on its way to the device." in page and "7.4 kWh by tomorrow 07:30" in page and ">sent 21:30<" in page
    evening.answer(7.36)
    page = evening.page()
    assert "The device has it." in page and ">confirmed 21:31<" in page and "7.4 of 7.4 kWh by tomorrow 07:30, the device says." in page
    assert "If the network dies now, the device keeps this target all the same." in page
    evening.its.hear(evening.device.event(evening.its.now_ms + MIN_MS, "target_missed", kwh=2.0, reason="vehicle_paused"))
    page = evening.page("de")
    assert "5,4 von 7,4 kWh" in page and "2,0 kWh werden fehlen. Strom wird angeboten" in page


def test_a_price_that_is_the_limit_leaves_the_rest_to_the_latest_hours(evening):
    page = evening.post("/tonight/target/preview", by="07:30", kwh="9.2", max_price="0,20").text
    assert runs(page) == [("tomorrow 02:30 to 04:30", "7.4 kWh · €1.10"), ("tomorrow 07:00 to 07:30", "1.8 kWh · €0.83")]
    assert page.split('id="priced-runs"')[1].split("</ul>")[0].count("as late as it can") == 1 and 'class="most"' in page


def test_what_is_dearer_than_another_way_is_said_without_a_sign(evening):
    page = evening.post("/tonight/target/preview", by="07:30", kwh="9.2", max_price="0,01").text
    # All of it as late as it can: six quarter hours at 45 cents, four at 35.
    assert costs(page) == [("will cost", "€3.77"), ("more than charging at once", "€0.55"), ("more than from 22:00 to 06:00", "€0.55")]


def test_more_than_fits_is_said(evening):
    page = evening.post("/tonight/target/preview", by="22:00", kwh="10").text
    assert "At 3.7 kW, 8.2 kWh do not fit before 22:00." in page


@pytest.mark.parametrize("path, status", [("/tonight/target/preview", 200), ("/tonight/target", 409)])
def test_what_is_no_wish_is_said_and_stays_typed(evening, path, status):
    answer = evening.post(path, by="07:20", kwh="9")
    assert answer.status_code == status and "07:20 is no time to the quarter of an hour, as 07:30." in answer.text
    assert 'name="by" step="900" required value="07:20"' in answer.text and evening.sent() == []
    assert "Not sent yet" not in answer.text


def test_a_price_that_is_not_known_makes_the_cost_unknown_and_not_nothing(evening):
    with writing(evening.its.engine) as connection:
        connection.exec_driver_sql("delete from price")
    evening.tell(known=10)
    page = evening.post("/tonight/target/preview", by="07:30", kwh="18").text
    assert costs(page) == [("will cost", "not known")] and "known until tomorrow 00:00" in page


def test_a_standing_order_is_set_planned_shown_skipped_and_removed_on_the_page(evening):
    days = {"order-fri": "on", "order-mon": "on"}
    assert evening.post("/tonight/orders", by="07:30", kwh="12", max_price="0.5", **days).headers["location"] == "/tonight"
    evening.its.planner.look()
    assert [one["kwh"] for one in evening.sent()] == [12]
    page = evening.page()
    assert "Mon, Fri by 07:30: 12 kWh or full, rather waits above €0.50" in page and "12 kWh by tomorrow 07:30" in page
    assert "Mon 5 Oct, 07:30" in page
    assert evening.post("/tonight/skip", day="2026-10-05").status_code == 303 and "skipped" in evening.page().split("The nights to come")[1]
    assert evening.post("/tonight/skip", day="2026-10-05", undo="1").status_code == 303 and evening.page().count(">skipped<") == 0
    assert evening.post("/tonight/orders/remove", number="1").status_code == 303
    assert "12 kWh or full" not in evening.page()


def test_a_skipped_night_whose_target_the_device_has_says_how_to_end_it(evening):
    evening.post("/tonight/orders", by="07:30", kwh="7", **{"order-fri": "on"})
    evening.its.planner.look()
    evening.answer(7)
    evening.post("/tonight/skip", day="2026-10-02")
    assert "The device has the target of this night already." in evening.page()


@pytest.mark.parametrize("path, fields, said", [
    ("/tonight/orders", {"by": "07:30", "kwh": "12"}, "Choose at least one day."),
    ("/tonight/skip", {"day": "2026-01-01"}, "2026-01-01 is no day to come."),
    ("/tonight/orders", {"by": "07:30", "kwh": "x", "order-mon": "on"}, "The energy must be 0.5 to 655 kWh.")])
def test_what_is_no_order_or_no_day_is_said_and_nothing_changes(evening, path, fields, said):
    answer = evening.post(path, **fields)
    assert answer.status_code == 409 and said in answer.text and "None yet:" in evening.page()


def test_more_orders_than_may_be_are_refused_on_the_page(evening):
    for _ in range(page_orders.MOST):
        evening.post("/tonight/orders", by="07:30", kwh="12", **{"order-mon": "on"})
    assert "Add a standing order" not in evening.page()
    assert "There are as many standing orders as there may be." in evening.post("/tonight/orders", by="07:30", kwh="1", **{"order-mon": "on"}).text


def test_an_order_without_prices_says_until_when_it_waits(evening):
    with writing(evening.its.engine) as connection:
        connection.exec_driver_sql("delete from price")
    evening.its.hear(evening.device.status(NOW_MS, connected=False))
    evening.post("/tonight/orders", by="07:30", kwh="12", **{"order-fri": "on"})
    evening.its.planner.look()
    assert "It waits for prices that are not known yet, and goes out at 23:30 at the latest." in evening.page()


@pytest.mark.parametrize("target", [{"until": "07:30"}, {"until": "07:40", "kwh": "<b>", "quarters": "all"},
                                    {"until": "07:30", "quarters": [0, 65, "x"]}, {"until": 5, "kwh": 3}, {}])
def test_a_target_of_another_program_is_shown_as_far_as_it_is_understood(evening, target):
    evening.its.desk.ask(evening.garage, {"target": {"until": "07:30", "kwh": 5, "quarters": [1]}}, "elsewhere")
    with writing(evening.its.engine) as connection:
        connection.exec_driver_sql("update command set request = ?, fate = 'done'", (json.dumps({"target": target}),))
    assert evening.client.get("/tonight").status_code == 200


def test_hours_foreseen_are_those_of_the_target_and_not_of_the_plan(evening):
    evening.post("/tonight/target", by="07:30", kwh="7.36")
    evening.answer(7.36)
    evening.its.hear(evening.device.status(evening.its.now_ms + MIN_MS, reason="waits_for_price", override="target"))
    assert evening.page().count('class="foreseen"') == 1


@pytest.mark.parametrize("hours, by", [(0, "07:00"), (5, "17:00"), (14, "17:00"), (20, "07:00")])
def test_where_nothing_is_asked_a_departure_that_is_some_hours_away_is_offered(evening, hours, by):
    evening.its.now_ms += hours * HOUR_MS
    assert f'name="by" step="900" required value="{by}"' in evening.page()


def test_without_prices_of_a_tariff_the_page_is_as_it_was():
    with house(tariff=[]) as its:
        text = TestClient(app.app(its), base_url="http://127.0.0.1:8080", headers={"Accept": "text/html"}).get("/tonight").text
        key = its.key(its.settings.devices[0])
        page_orders.add(its.engine, its.writer.insert, key, {"by": "07:30", "kwh": 12})
        later = TestClient(app.app(its), base_url="http://127.0.0.1:8080", headers={"Accept": "text/html"}).get("/tonight").text
    assert "12 kWh or full" in later and "Add a standing order" not in later       # set while there was a tariff
    assert "Standing orders" not in text and 'id="target"' not in text and "The plan of the week" in text
