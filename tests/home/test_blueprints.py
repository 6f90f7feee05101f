"""The blueprints in a real Home Assistant: what a phone is told, a plan of a schedule's blocks or of cheap hours, prices for the service."""
import ast
import datetime
import json
import time
import zoneinfo

import pytest
import yaml
from tests.support.price_sources import checked
from ttn import formatter
from home import discovery
from home.planning import wishes
from home.prices import answer_parser

from tests.home.assistant import BLUEPRINTS
from tests.home.brokers import HOST
from tests.home.client import SILENCE_S, client, until
from tests.home.fed_assistant import IDS, RELEASE, STATUS, AssistantOnBroker, pushed, told, uplink

ZONE = zoneinfo.ZoneInfo("Australia/Melbourne")
# The first Home Assistant that says what stands in a schedule.
SCHEDULE_SINCE = (2025, 3)
WISH_TOPIC = "ev-charger-home/ttn/wallbox/wish"
PRICES_TOPIC = "ev-charger-home/prices/spot"
# Nights from Monday to Friday, as a Schedule helper has them: halves on two days.
SCHEDULE = "schedule:\n  nights:\n    name: Nights\n" + "".join(
    f"    {day}:\n" + "".join(f"      - {{from: '{begin}', to: '{end}'}}\n" for begin, end in blocks) for day, blocks in (
        ("monday", [("22:00:00", "24:00:00")]), *((day, [("00:00:00", "07:00:00"), ("22:00:00", "24:00:00")]) for day in (
            "tuesday", "wednesday", "thursday", "friday")), ("saturday", [("00:00:00", "07:00:00")])))
WEEK = """
- alias: Week
  id: week
  use_blueprint:
    path: ev_charger/schedule_to_plan.yaml
    input: {schedule: schedule.nights, plan: text.wallbox_plan}
""" if RELEASE >= SCHEDULE_SINCE else ""
AUTOMATIONS = WEEK + f"""
- alias: Tell
  id: tell
  use_blueprint:
    path: ev_charger/notify.yaml
    input:
      event_sensor: sensor.wallbox_last_event
      fault_sensor: sensor.wallbox_fault
      reason_sensor: sensor.wallbox_reason
      notify:
        - service: mqtt.publish
          data:
            topic: phone
            payload: "{{{{ title }}}}|{{{{ message }}}}"
- alias: Cheap
  id: cheap
  use_blueprint:
    path: ev_charger/cheap_hours_to_plan.yaml
    input: {{prices: sensor.spot, plan: text.wallbox_plan, evening: "%(evening)s", morning: "%(morning)s", fallback_begin: "%(evening)s"}}
- alias: Wish
  id: wish
  use_blueprint:
    path: ev_charger/wish_when_plugged_in.yaml
    input: {{car: binary_sensor.wallbox_car_connected, by: "07:30:00", kwh: 20, topic: {WISH_TOPIC}}}
- alias: Prices
  id: prices
  use_blueprint:
    path: ev_charger/prices_to_service.yaml
    input: {{prices: sensor.spot, topic: {PRICES_TOPIC}}}
"""


SPOT = checked("/nowhere", {"name": "spot", "kind": "home-assistant", "topics": [PRICES_TOPIC]}, house_mqtt={"host": HOST}).price_sources[0]


def clock(at):
    return f"{at:%H:%M}"


@pytest.fixture(scope="module")
def evening():
    """An hour that is two hours ahead; the night of these tests lasts eight."""
    return datetime.datetime.now(ZONE).replace(minute=0, second=0, microsecond=0) + datetime.timedelta(hours=2)


@pytest.fixture(scope="module")
def house(tmp_path_factory, evening):
    hours = {"evening": f"{clock(evening)}:00", "morning": f"{clock(evening + datetime.timedelta(hours=8))}:00"}
    its = AssistantOnBroker(tmp_path_factory.mktemp("house"), automations=AUTOMATIONS % hours, packages={"week": SCHEDULE})
    with its.open():
        assert discovery.main(["publish", *IDS, "--broker", f"{HOST}:{its.port}"]) == 0
        its.settle("locked")
        yield its


def test_a_phone_is_told_each_event_once(house):
    house.settle("locked")
    phone = house.network
    phone.heard.clear()
    event = {"type": "event", "state": "Charged", "code": "B2", "status": "ready", "reason": "vehicle_paused", "event_at": int(time.time())}
    said = []
    for number, word, more, title in ((1, "not_plugged_in", {"minutes": 90}, "The car is not plugged in|Cheap hours begin in 90 min."),
                                      (2, "not_charging", {"minutes": 20}, "The car does not charge|No current flows for 20 min: vehicle paused."),
                                      (3, "finished", {"kwh": 12.3}, "The car is full|12.3 kWh in this session."),
                                      (4, "finished", {"kwh": 13.4}, "The car is full|13.4 kWh in this session."),
                                      (5, "leaked_at_peak", {"kwh": 1}, None)):
        house.settle("vehicle paused")
        message = uplink({**event, "event": word, "event_number": number, **more})
        house.tell(message, message)
        said += [title] if title else []
        until(lambda: [text.decode() for text in phone.payloads("phone")] == said, lambda: phone.payloads("phone"))   # noqa: B023
    house.tell(uplink(told("status: overcurrent fault")))
    said.append("The wallbox has a fault|F9: vehicle draws more current than it was offered")
    until(lambda: [text.decode() for text in phone.payloads("phone")] == said, lambda: phone.payloads("phone"))
    time.sleep(SILENCE_S)
    assert [text.decode() for text in phone.payloads("phone")] == said


def blueprint(name):
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!input", lambda loader, node: node.value)
    return yaml.load((BLUEPRINTS / "automation" / "ev_charger" / name).read_text(), Loader)


def rendered(house, steps, wanted, **given):
    """What Home Assistant makes of the variables of a blueprint's steps, given some of them; the one that is wanted."""
    for step in steps:
        for name, template in step.get("variables", {}).items():
            if name not in given and "{" in str(template):
                said = house.assistant.render(template, given).strip()
                given[name] = said if name == "text" else ast.literal_eval(said)
    return given[wanted]


DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
NIGHT = [{"from": "00:00:00", "to": "07:00:00"}, {"from": "22:00:00", "to": "24:00:00"}]


@pytest.mark.parametrize("week, text", [
    ({}, "none"),
    (dict.fromkeys(DAYS, NIGHT), "daily 22:00-07:00"),
    (dict.fromkeys(DAYS, [{"from": "00:00:00", "to": "23:59:59.999999"}]), "daily 00:00-00:00"),
    ({"friday": [{"from": "22:00:00", "to": "24:00:00"}], "saturday": [{"from": "00:00:00", "to": "24:00:00"}],
      "sunday": [{"from": "00:00:00", "to": "06:00:00"}, {"from": "13:00:00", "to": "14:30:00"}],
      "monday": [{"from": "13:00:00", "to": "14:30:00"}], "tuesday": [{"from": "13:00:00", "to": "14:30:00"}]},
     "mon-tue,sun 13:00-14:30; fri 22:00-22:00; sat 22:00-06:00"),
    ({"sunday": [{"from": "22:30:00", "to": "24:00:00"}], "monday": [{"from": "00:00:00", "to": "05:00:00"}]}, "sun 22:30-05:00")])
def test_blocks_of_a_week_become_windows_over_midnight_and_over_the_end_of_the_week(house, week, text):
    assert rendered(house, blueprint("schedule_to_plan.yaml")["action"][2:3], "text", schedule="week", found={"week": week}) == text


BEGIN_S = int(datetime.datetime(2026, 11, 27, 18, tzinfo=ZONE).timestamp())     # a Friday
HOUR_S = 3600


def night(house, prices, every_s=HOUR_S, hours=4, night_h=None, fallback_begin="22:00:00"):
    """The plan of a night with these prices from 18:00 on."""
    rows = [{"start": datetime.datetime.fromtimestamp(BEGIN_S + place * every_s, ZONE).isoformat(), "value": price}
            for place, price in enumerate(prices)]
    house.assistant.call("/api/states/sensor.known", {"state": "1", "attributes": {"today": rows[:5], "tomorrow": rows[5:]}})
    end_s = BEGIN_S + int((night_h or len(prices) * every_s / HOUR_S) * HOUR_S)
    return rendered(house, blueprint("cheap_hours_to_plan.yaml")["action"], "text", prices="sensor.known", lists="today, tomorrow", start="start",
                    value="value", hours=hours, evening="18:00:00", begin_s=BEGIN_S, end_s=end_s, fallback_begin=fallback_begin,
                    fallback_end="06:00:00")


@pytest.mark.parametrize("prices, more, text", [
    # The four cheapest of eight hours, over midnight.
    ([9, 8, 1, 2, 7, 3, 3, 5], {}, "fri 20:00-22:00; fri 23:00-01:00; mon-thu,sat-sun 22:00-06:00"),
    # Of equal ones the later.
    ([1, 1, 1, 1, 1, 1, 1, 1], {}, "fri 22:00-02:00; mon-thu,sat-sun 22:00-06:00"),
    # A negative price, and quarters; the fixed window of this night would begin on the morning's day.
    ([5, -1, -1, 5] * 6, {"every_s": 900, "hours": 1, "fallback_begin": "01:00:00"}, "fri 22:15-22:45; fri 23:15-23:45; mon-fri,sun 01:00-06:00"),
    # Five runs are too many: the shortest pause is left out.
    ([0, 9, 0, 9, 9, 0, 9, 0, 9, 9, 0], {"hours": 5},
     "fri 18:00-21:00; fri 23:00-00:00; sat 01:00-02:00; sat 04:00-05:00; mon-thu,sat-sun 22:00-06:00"),
    # Not all of the night is known; nothing is.
    ([1, 2, 3], {"night_h": 8}, "daily 22:00-06:00"), ([], {"night_h": 8}, "daily 22:00-06:00")])
def test_the_cheapest_hours_of_a_night_become_its_windows_and_all_others_have_the_fixed_one(house, prices, more, text):
    assert night(house, prices, **more) == text


def test_prices_that_a_sensor_tells_become_one_plan_and_reach_the_service(house, evening):
    def tell(*prices):
        # As Nord Pool has them: hours of today and tomorrow, and none yet where they are not known.
        rows = [{"start": (evening + datetime.timedelta(hours=place)).isoformat(), "end": None, "value": price} for place, price in enumerate(prices)]
        house.assistant.call("/api/states/sensor.spot", {"state": "1", "attributes": {"raw_today": rows, "raw_tomorrow": [
            {"start": (evening + datetime.timedelta(hours=30)).isoformat(), "value": None}]}})

    with client(house.port, PRICES_TOPIC) as service:
        tell(3, 4)
        until(lambda: len(service.heard) == 1)
        request = pushed(house, lambda: tell(9, 9, 1, 1, 9, 9, 1, 1))
        until(lambda: len(service.heard) == 2)
    begin_s = int(evening.timestamp())
    # As the service takes it from there.
    spans, left_out = answer_parser.spans(json.loads(service.heard[1][1]), SPOT)
    assert spans == [(begin_s + place * HOUR_S, begin_s + (place + 1) * HOUR_S, price) for place, price in enumerate([9, 9, 1, 1, 9, 9, 1, 1])]
    assert left_out is None
    first, second = (evening + datetime.timedelta(hours=hours) for hours in (2, 6))
    windows = request["plan"]["windows"]
    assert windows[:2] == [{"days": f"{begin:%a}".lower(), "from": clock(begin), "to": clock(begin + datetime.timedelta(hours=2))}
                           for begin in (first, second)]
    assert windows[2]["from"] == clock(evening) and windows[2]["to"] == "06:00"
    assert not formatter.Formatter().encode_downlink(request, 20, 0).get("errors")
    # The same prices again are no news: nothing is sent.
    count = len(house.network.heard)
    tell(9, 9, 2, 1, 9, 9, 1, 1)
    house.settle("skipped")
    assert len(house.network.heard) == count


def test_a_car_that_is_plugged_in_makes_a_wish_for_the_service(house):
    with client(house.port, WISH_TOPIC) as service:
        for is_there in (False, True, True):
            house.tell(uplink({**STATUS, "ev_connected": is_there}))
            house.assistant.wait_for(binary_sensor_car_connected="on" if is_there else "off")
        until(lambda: service.heard)
        time.sleep(SILENCE_S)
        (heard,) = service.heard
    assert wishes.parsed(heard[1]) == {"by": "07:30", "kwh": 20, "current_a": None}


def test_a_schedule_that_changes_becomes_one_plan(house):
    if RELEASE < SCHEDULE_SINCE:
        # It cannot ask there what stands in a schedule, and says so.
        assert blueprint("schedule_to_plan.yaml")["blueprint"]["homeassistant"]["min_version"] == "{}.{}.0".format(*SCHEDULE_SINCE)
        return
    request = pushed(house, lambda: house.assistant.act("automation.trigger", "automation.week"))
    assert request["plan"]["windows"] == [{"days": "mon-fri", "from": "22:00", "to": "07:00"}]
    count = len(house.network.heard)
    house.assistant.act("automation.trigger", "automation.week")
    house.settle("skipped")
    assert len(house.network.heard) == count


def test_home_assistant_has_nothing_to_complain_about(house):
    assert house.assistant.complaints() == []
