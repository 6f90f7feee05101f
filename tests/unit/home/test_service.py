"""home/service.py: what the network says about a request, and what it does not say."""
import json

import pytest
from tests.support.house import BEGIN_MS, given
from tests.support.uplinks import DAY_MS, Device
from home import service as home_service
from home import settings
from home.store import commands
from home.store.database import reading
from home.notices import Notices
from home.service import QUEUED_S, Service

QUEUED = {"downlink_queued": {"correlation_ids": ["as:downlink:01", "home:sessions:2"]}}
FAILED = {"downlink_failed": {"downlink": {"correlation_ids": ["home:sessions:2"]}, "error": {"name": "application_downlink_too_long"}}}


class HandClock:
    """UTC seconds that a test sets."""

    def __init__(self):
        self.now_s = (BEGIN_MS + 9 * DAY_MS) // 1000

    def __call__(self):
        return self.now_s


class Pushes:
    """Stands in for the line to the network."""

    def __init__(self):
        self.sent = []

    def publish(self, topic, body):
        self.sent.append(json.loads(body)["downlinks"][0]["decoded_payload"])
        return True


@pytest.fixture
def service(tmp_path):
    """A service with a missing session, whose threads do not run. hand is its clock; said: its notices."""
    clock = HandClock()
    made = Service(settings.checked(given(store={"url": "sqlite:///home.db"}), tmp_path), clock)
    made.hand = clock
    made.said = []
    made.notices._write = lambda form, *words: made.said.append(form % words)
    made.lines["ttn"] = Pushes()
    made.is_up["ttn"] = True
    device = Device()
    made.writer.write("ttn", [device.session(number, BEGIN_MS + number * DAY_MS) for number in (1, 3)])
    yield made
    made.engine.dispose()


def test_a_missing_session_is_asked_for_and_the_network_s_word_settles_it(service):
    service._ask()
    assert [request["from"] for request in service.lines["ttn"].sent] == [2]
    service._on_downlink("ttn", "wallbox", "down/queued", QUEUED)
    service.hand.now_s += 2 * QUEUED_S
    service._doubt()
    assert service.said == []


def test_a_network_that_says_nothing_lacks_a_right_or_the_formatter(service):
    service._ask()
    service._doubt()
    assert service.said == []
    service.hand.now_s += QUEUED_S
    service._doubt()
    (sentence,) = service.said
    assert "RIGHT_APPLICATION_TRAFFIC_DOWN_WRITE" in sentence and "formatter.js" in sentence


def test_a_request_that_could_not_be_sent_is_named(service):
    service._ask()
    service._on_downlink("ttn", "wallbox", "down/failed", FAILED)
    assert service.said == ["wallbox: the request for missing sessions could not be sent"]


@pytest.mark.parametrize("message", [{}, {"downlink_queued": 5}, {"downlink_queued": {"correlation_ids": [None, 5]}}, {"downlink_failed": []}])
def test_nonsense_about_a_downlink_settles_nothing(service, message):
    service._ask()
    service._on_downlink("ttn", "wallbox", "down/queued", message)
    assert len(service._unqueued_s) == 1


def test_a_clock_that_is_put_back_lets_no_work_wait_for_a_time_far_ahead(service):
    before_s = service.clock()
    service._due_s = dict.fromkeys(service._due_s, before_s + 60)
    service.hand.now_s += 30
    assert service._bring_forward(before_s) == before_s + 30 and set(service._due_s.values()) == {before_s + 60}
    service.hand.now_s -= 86400
    assert service._bring_forward(before_s + 30) == service.clock() and set(service._due_s.values()) == {service.clock()}


def test_a_line_that_is_down_is_not_asked(service):
    service.is_up["ttn"] = False
    service._ask()
    assert service.lines["ttn"].sent == []


def test_a_line_that_comes_back_puts_what_was_queued_in_doubt_and_it_is_asked_again_once(service):
    (device,) = service.settings.devices
    made = service.desk.ask(device, {"command": "stop"}, "Anna")
    queued = {"downlink_queued": {"f_port": 20, "frm_payload": "AA==", "correlation_ids": [f"home:command:{made.key}"]}}

    def after(seconds):
        service.hand.now_s += seconds
        service._look()
        with reading(service.engine) as connection:
            found = commands.one(connection, service.key(device), made.key)
        return found.fate, found.sends

    service._on_downlink("ttn", "wallbox", "down/queued", queued)
    assert after(300) == ("queued", 1)
    service._on_line("ttn", False, "gone")
    service._on_line("ttn", True, "connected")
    assert after(5) == ("asked", 1) and after(60) == ("asked", 2)
    service._on_downlink("ttn", "wallbox", "down/queued", queued)
    assert after(300) == ("queued", 2)


def test_a_written_uplink_and_a_change_of_the_line_are_told_to_who_listens(service):
    heard = []
    service.changes.listen(heard.append)
    service._on_written("ttn", [Device().status(BEGIN_MS + 9 * DAY_MS), Device("of-somebody-else").status(BEGIN_MS)])
    assert heard == ["Garage"]
    service._on_line("ttn", False, "ttn: 127.0.0.1 is closed")
    assert heard == ["Garage", "Garage"]


def test_prices_are_fetched_where_there_is_a_source_and_a_change_is_told(service, tmp_path):
    assert service.prices is None
    made = Service(settings.checked(given(price_source=[{"name": "spot", "kind": "energy-charts"}]), tmp_path))
    heard = []
    made.changes.listen(heard.append)
    made.prices._changed("spot")
    assert heard == ["Garage"] and made.prices in made._parts()
    made.engine.dispose()


def test_standing_orders_have_a_planner_where_the_formatter_knows_targets_and_a_sentence_elsewhere(tmp_path, monkeypatch):
    its = settings.checked(given(standing_order=[{"by": "07:30", "kwh": 12}]), tmp_path)
    for is_known in (True, False):
        monkeypatch.setattr(home_service, "is_possible", lambda formatter, is_known=is_known: is_known)
        said = []
        monkeypatch.setattr(Notices, "say", lambda self, kind, text, said=said: said.append(text))
        made = Service(its)
        assert (made.planner in made._parts(), said) == (
            (True, []) if is_known else (False, ["standing orders wait: ttn/formatter.js knows no target yet"]))
        made.engine.dispose()


def test_without_a_tariff_there_is_no_planner_and_with_one_the_page_may_set_standing_orders(service, tmp_path):
    assert service.planner in service._parts()
    made = Service(settings.checked(given(tariff=[]), tmp_path))
    assert made.planner is None
    made.engine.dispose()
