"""home/planning/planner.py over a store: what is gathered, what is asked of the desk, what a look without a change costs."""
import datetime
import time

import pytest
from tests.support.house import given
from tests.support.stores import store
from tests.support.uplinks import HOUR_MS, MIN_MS, Device
from home import settings
from home.changes import Changes
from home.commands import fate
from home.commands.desk import Refused
from home.notices import Notices
from home.planning import night_facts, planner, replan, wishes
from home.planning.planner import Planner
from home.store import commands, prices
from home.store.database import reading, writing
from home.store.writer import Writer
from home.web.views import history, requests
from ttn.formatter import Formatter

# 2026-11-30T06:30:00Z, 07:30 in Berlin, a Monday.
UNTIL_S = 1_796_020_200
ORDER = {"days": "mon-fri", "by": "07:30", "kwh": 12, "power_kw": 4}
SPOT = {"name": "spot", "kind": "energy-charts", "timezone": "Europe/Berlin"}
TARIFF = [{"part": "energy", "source": "spot", "vat": 20}, {"part": "network", "price_kwh": 0.05, "vat": 20}]


class PlanningHouse:
    """A service with a store and a desk that keeps what it was asked for, and knows no radio. refuses: what it says instead."""

    def __init__(self, engine, folder, **changed):
        tables = {"standing_order": [ORDER], "price_source": [SPOT], "tariff": TARIFF, **changed}
        self.settings = settings.checked(given(**tables), folder)
        self.engine, self.now_s, self.changes = engine, UNTIL_S - 14 * 3600, Changes()
        self.writer = Writer(engine, {("ttn", "wallbox"): None})
        self.said, self.asked, self.refuses, self.desk = [], [], None, self
        self.notices = Notices(lambda: self.now_s, lambda form, *words: self.said.append(form % words))
        self.garage, self.box = self.settings.devices[0], Device()
        self.planner = Planner(self)

    def clock(self):
        return self.now_s

    def key(self, device):
        return self.writer.devices[device.network, device.id]

    def ask(self, device, request, who):
        if self.refuses:
            raise Refused(self.refuses, "budget")
        self.asked.append(request)
        self.keep(request, who, "done")

    def keep(self, request, who, its_fate):
        now_ms = 1000 * self.now_s
        made = fate.Command(0, self.key(self.garage), now_ms, who, request, fate.name_of(request), len(self.asked), self.now_s, self.now_s + 600,
                            fate=its_fate, changed_ms=now_ms, sends=1, answered_ms=now_ms)
        with writing(self.engine) as connection:
            commands.add(connection, made)

    def tell(self, cheap, more=(), cent=10):
        """Prices of the night: 30 cents, 10 in the quarters of the numbers in cheap, cent in those in more."""
        spans = [(UNTIL_S - 900 * n, UNTIL_S - 900 * (n - 1), cent / 100 if n in more else 0.1 if n in cheap else 0.3) for n in range(70, 0, -1)]
        with writing(self.engine) as connection:
            prices.put(connection, "spot", spans)

    def hear(self, *uplinks):
        self.writer.write("ttn", list(uplinks))

    def look(self, later_s=0):
        self.now_s += later_s
        self.planner.look()
        return self.asked


@pytest.fixture
def house(tmp_path):
    with store(tmp_path / "home.db") as engine:
        yield PlanningHouse(engine, tmp_path)


def test_a_standing_order_becomes_one_target_with_the_cheap_quarters(house):
    house.tell(range(20, 40))
    assert house.look() == [{"target": {"until": "07:30", "kwh": 12.0, "quarters": list(range(20, 32))}, "expires_in_s": 14 * 3600}]
    departure, decision = house.planner.decided(house.garage)
    assert departure.until_s == UNTIL_S and decision.cost == pytest.approx(12 * (0.10 + 0.05) * 1.2)
    for _ in range(5):
        house.look(60)
    assert len(house.asked) == 1 and house.planner.decided(house.garage)[1].why == "kept"


def test_a_wish_goes_before_a_standing_order_until_its_departure_and_needs_none(house, tmp_path):
    def wish(its, kwh):
        wishes.put(its.engine, its.writer.insert, its.key(its.garage), {"by": "06:30", "kwh": kwh, "current_a": None}, its.garage.timezone, its.now_s)

    house.tell(range(20, 40))
    wish(house, 6)
    asked = house.look()[0]["target"]
    assert (asked["until"], asked["kwh"]) == ("06:30", 6) and set(asked["quarters"]) <= set(range(16, 36))
    wish(house, 8)
    assert house.look(60)[1]["target"]["kwh"] == 8
    with store(tmp_path / "other.db") as engine:
        other = PlanningHouse(engine, tmp_path, standing_order=[])
        other.tell(range(20, 40))
        wish(other, 6)
        assert other.look()[0]["target"]["until"] == "06:30"


def test_prices_with_tax_and_fees_decide_and_little_is_not_worth_a_downlink(house):
    house.tell(range(20, 40))
    house.look()
    house.tell(range(20, 33), range(1, 13), cent=9)       # saves 12 x 1.2 cents
    assert len(house.look(60)) == 1
    house.tell(range(20, 33), range(1, 13), cent=8)       # 12 x 2.4 cents
    assert house.look(60)[1]["target"]["quarters"] == list(range(1, 13))


def test_a_fixed_tariff_with_windows_is_planned_by_as_well(tmp_path):
    parts = [{"part": "energy", "price_kwh": 0.2, "windows": [{"from": "22:00", "to": "06:00"}]},
             {"part": "energy", "price_kwh": 0.3, "windows": [{"from": "06:00", "to": "22:00"}]}]
    with store(tmp_path / "home.db") as engine:
        house = PlanningHouse(engine, tmp_path, tariff=parts, price_source=[])
        assert house.look()[0]["target"]["quarters"] == list(range(7, 19))


@pytest.mark.parametrize("day, until, cheap_from_s, numbers", [
    ("2026-10-25", "2026-10-25T06:30:00+00:00", "2026-10-25T00:00:00+00:00", range(19, 27)),      # 02:00 to 03:00, twice
    ("2026-03-29", "2026-03-29T05:30:00+00:00", "2026-03-29T00:00:00+00:00", range(15, 23)),      # 01:00 to 02:00, and 03:00 to 04:00
])
def test_on_the_nights_of_the_clock_quarters_are_counted_in_real_time(tmp_path, day, until, cheap_from_s, numbers):
    until_s, cheap_s = (int(datetime.datetime.fromisoformat(text).timestamp()) for text in (until, cheap_from_s))
    with store(tmp_path / "home.db") as engine:
        house = PlanningHouse(engine, tmp_path, standing_order=[{"by": "07:30", "kwh": 8, "power_kw": 4}])
        house.now_s = until_s - 14 * 3600
        with writing(engine) as connection:
            prices.put(connection, "spot", [(until_s - 3600 * n + 1800, until_s - 3600 * n + 5400, 0.3) for n in range(20, 0, -1)])
            prices.put(connection, "spot", [(cheap_s, cheap_s + 3600, 0.1), (cheap_s + 3600, cheap_s + 7200, 0.1)])
        assert house.look()[0]["target"]["quarters"] == list(numbers)
        assert house.planner.decided(house.garage)[0].day.isoformat() == day


def test_hours_that_are_avoided_are_not_named(tmp_path):
    with store(tmp_path / "home.db") as engine:
        house = PlanningHouse(engine, tmp_path, standing_order=[{**ORDER, "avoid": [{"from": "22:00", "to": "00:00"}]}])
        house.tell(range(20, 40))
        assert not set(house.look()[0]["target"]["quarters"]) & set(range(31, 39))


def test_prices_that_are_missing_when_a_car_waits_are_said_and_the_rest_is_used(house):
    with writing(house.engine) as connection:
        prices.put(connection, "spot", [(UNTIL_S - 900 * n, UNTIL_S - 900 * (n - 1), 0.2) for n in range(70, 40, -1)])
    assert house.look() == []
    house.hear(house.box.status(1000 * house.now_s))
    assert house.look(60)[0]["target"]["quarters"] == list(range(41, 53))
    assert house.said == ["Garage: 40 quarter hours before 07:30 have no price yet; the target names the cheap ones among the others"]


def test_a_night_that_is_skipped_by_hand_sends_nothing_and_the_skip_can_be_taken_back(house):
    house.tell(range(20, 40))
    day, key = datetime.date(2026, 11, 30), house.key(house.garage)
    planner.skip(house.engine, house.writer.insert, key, day, True, datetime.date(2026, 11, 29))
    assert house.look() == [] and house.planner.decided(house.garage) is None
    planner.skip(house.engine, house.writer.insert, key, day, False, datetime.date(2026, 11, 29))
    assert len(house.look(60)) == 1


def test_a_skip_of_a_day_that_is_over_is_forgotten(house):
    key = house.key(house.garage)
    for day, today in ((30, 29), (31, 31)):
        planner.skip(house.engine, house.writer.insert, key, datetime.date(2026, 10, day), True, datetime.date(2026, 10, today))
    with reading(house.engine) as connection:
        assert planner.skipped(connection, key) == {datetime.date(2026, 10, 31)}


def test_somebody_s_own_target_silences_it_for_that_night_alone(house):
    house.tell(range(20, 40))
    house.keep({"target": {"until": "06:00", "kwh": 5, "quarters": []}}, "Anna", "done")
    assert house.look(60) == []
    house.look(86400)
    assert house.planner.decided(house.garage)[1].why == "waits_for_prices"


def test_a_desk_that_refuses_is_one_sentence_and_asked_again(house):
    house.tell(range(20, 40))
    house.refuses = "8 downlinks of the 10 that a day allows are spent."
    house.look()
    house.look(60)
    assert house.said == ["Garage: the standing order by 07:30 cannot be sent now. 8 downlinks of the 10 that a day allows are spent."]
    # Not "goes out now" on the page.
    assert house.planner.decided(house.garage)[1].why == "no_room"
    house.refuses = None
    assert len(house.look(60)) == 1 and house.planner.decided(house.garage)[1].why == "first"


def test_what_flowed_since_the_target_was_taken_is_not_planned_again(house):
    house.tell(range(20, 40))
    house.hear(house.box.status(1000 * house.now_s - MIN_MS, session_kwh=3.0))
    house.look()
    house.now_s += 3600
    house.hear(house.box.status(1000 * house.now_s - MIN_MS, session_kwh=9.0, power_kw=4.0))
    house.look()
    assert len(house.planner.decided(house.garage)[1].quarters) == 6
    # 4 kW go on flowing, and a device does not say that each time.
    house.look(29 * 60)
    assert len(house.planner.decided(house.garage)[1].quarters) == 4


def test_without_a_power_in_the_settings_the_last_weeks_tell_and_before_them_one_phase(house):
    with reading(house.engine) as connection:
        key, now_ms = house.key(house.garage), 1000 * house.now_s
        assert night_facts.usual_power_kw(connection, key, now_ms) == pytest.approx(3.68)
        assert night_facts.usual_power_kw(connection, key, now_ms, 10) == pytest.approx(2.3)
    house.hear(*(house.box.status(now_ms - place * HOUR_MS, power_kw=kw) for place, kw in enumerate((7.2, 7.4, 0.1, 7.3, 0), 1)))
    with reading(house.engine) as connection:
        assert night_facts.usual_power_kw(connection, key, now_ms) == pytest.approx(7.3)


def test_a_change_wakes_the_planner_within_seconds(house):
    house.tell(())
    house.planner.start()
    try:
        deadline_s = time.monotonic() + 10
        while not house.asked and time.monotonic() < deadline_s:
            time.sleep(0.02)
        house.tell(range(13, 25))
        house.changes.tell("Garage")
        while len(house.asked) < 2 and time.monotonic() < deadline_s:
            time.sleep(0.02)
    finally:
        house.planner.stop()
    assert house.asked[1]["target"]["quarters"] == list(range(13, 25))


class KnowsNoTarget:
    def encode_downlink(self, data, utc_s=None):
        return {"bytes": [], "errors": ["target: is not known here"]}


def test_a_formatter_that_knows_no_target_is_noticed():
    assert not planner.is_possible(KnowsNoTarget())


def test_what_the_planner_sends_is_what_the_formatter_takes_where_it_knows_targets():
    """One that does not refuses the field itself, and nothing that is in it."""
    formatter = Formatter()
    its = {**replan.request(settings.checked(given(standing_order=[{**ORDER, "current_a": 16}]), "/nowhere").standing_orders[0], range(1, 65), 57600),
           "id": 1, "issued_at": UNTIL_S}
    errors = formatter.encode_downlink(its, utc_s=UNTIL_S).get("errors") or []
    assert bool(errors) != planner.is_possible(formatter) and not any("target." in error for error in errors)


def test_the_pages_say_that_a_standing_order_asked_for_it():
    assert replan.PLANNER in history.BY and replan.PLANNER in requests.BY


@pytest.mark.parametrize("told, is_said", [
    (["CET-1CEST", "M3.5.0", "M10.5.0/3"], False), (["CET-1"], False), (["UTC0"], True), (["x"], False)])
def test_a_device_of_another_time_zone_than_the_settings_say_is_told(house, told, is_said):
    """In winter a zone without summer time shows the same."""
    house.tell(range(5, 17))
    pages = [{"type": "readback", "part": "timezone", "page": place, "pages": len(told), "timezone_part": one} for place, one in enumerate(told, 1)]
    house.hear(*(house.box.uplink(1000 * house.now_s + place, 12, {"state": "Not Connected", **page}) for place, page in enumerate(pages)))
    house.look()
    said = [one for one in house.said if "home.toml" in one]
    assert said == (["Garage: timezone is Europe/Berlin in home.toml, and the device has UTC0: its hours are others than the planner's."
                     " Set one of them right"] if is_said else [])
