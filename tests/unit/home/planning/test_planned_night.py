"""A night of the planner through the real desk and the simulated network's queue: what is on the air, and what stands when nothing gets through."""
import pytest
from tests.support.house import StoredHouse, given
from tests.support.queue_at_network import QueueAtNetwork
from tests.support.stores import store
from tests.support.uplinks import Device
from home.commands import fate
from home.notices import Notices
from home.planning import replan
from home.planning.planner import Planner
from home.store import commands, prices
from home.store.database import reading, writing

# 2026-11-30T06:30:00Z, 07:30 in Berlin, a Monday.
UNTIL_S = 1_796_020_200
TABLES = {"standing_order": [{"days": "mon-fri", "by": "07:30", "kwh": 12, "power_kw": 4}],
          "price_source": [{"name": "spot", "kind": "energy-charts", "timezone": "Europe/Berlin"}], "tariff": [{"part": "energy", "source": "spot"}]}


class PlannedNight:
    """A house in the evening before, with its network's queue and a planner that looks when it is told."""

    def __init__(self, engine, folder):
        self.house = its = StoredHouse(engine, given(**TABLES), folder)
        its.now_ms, its.notices, self.said = 1000 * (UNTIL_S - 14 * 3600), Notices(write=lambda form, *words: self.said.append(form % words)), []
        self.network, self.planner, self.garage = QueueAtNetwork(its), Planner(its), its.settings.devices[0]

    def tell(self, cheap):
        spans = [(UNTIL_S - 900 * n, UNTIL_S - 900 * (n - 1), 0.1 if n in cheap else 0.3) for n in range(70, 0, -1)]
        with writing(self.house.engine) as connection:
            prices.put(connection, "spot", spans)

    def pass_by(self, times, minutes=1):
        """So much time passes; desk and planner look each time."""
        for _ in range(times):
            self.house.now_ms += 60_000 * minutes
            self.house.desk.look()
            self.planner.look()

    def own(self):
        with reading(self.house.engine) as connection:
            return [one for one in commands.recent(connection, self.house.key(self.garage)) if one.who == replan.PLANNER]


@pytest.fixture
def night(tmp_path):
    with store(tmp_path / "home.db") as engine:
        yield PlannedNight(engine, tmp_path)


def test_a_quiet_night_costs_one_downlink(night):
    night.tell(range(20, 40))
    night.pass_by(2)
    request = night.network.send()
    assert request["target"] == {"until": "07:30", "kwh": 12, "quarters": list(range(20, 32))} and request["expires_in_s"] < 14 * 3600
    night.network.answer(request, kwh_possible=12)
    night.pass_by(60, 10)
    assert [one.fate for one in night.own()] == ["done"] and len(night.network.on_air) == 1 and night.network.send() is None


def test_prices_that_change_bring_a_newer_target_once_the_first_is_answered(night):
    night.tell(range(20, 40))
    night.pass_by(1)
    first = night.network.send()
    night.tell(range(1, 13))
    night.planner.look()
    assert len(night.own()) == 1
    night.network.answer(first)
    night.pass_by(1)
    assert len(night.own()) == 2
    second = night.network.send()
    assert second["target"]["quarters"] == list(range(1, 13)) and second["issued_at"] > first["issued_at"] and second["id"] != first["id"]


def test_a_dead_line_keeps_the_target_until_it_is_up_and_not_beyond_the_departure(night):
    night.tell(range(20, 40))
    night.house.is_up["ttn"] = False
    night.pass_by(6, 10)
    assert [one.fate for one in night.own()] == ["asked"] and len(night.network) == 0
    night.house.is_up["ttn"] = True
    night.pass_by(1)
    assert night.network.send()["target"]["until"] == "07:30"
    assert night.own()[0].expires_at <= UNTIL_S


def test_a_device_that_is_never_heard_costs_two_downlinks(night):
    night.tell(range(20, 40))
    for _ in range(60):
        night.pass_by(1, 10)
        night.network.send()
    assert len(night.network.on_air) == fate.sends_max(replan.PLANNER) == 2


def test_a_device_that_loses_what_it_is_sent_but_is_heard_costs_two_targets_at_most(night):
    night.tell(range(20, 40))
    for _ in range(60):
        night.pass_by(1, 5)
        night.network.send()
        night.house.hear(night.network.device.status(night.house.now_ms))
    assert len(night.own()) == 2 and len(night.network.on_air) == 2 * fate.sends_max(replan.PLANNER) <= replan.SENDS_MAX


def test_a_target_from_elsewhere_silences_the_night(night):
    night.tell(range(20, 40))
    night.house.desk.ask(night.garage, {"target": {"until": "06:30", "kwh": 5, "quarters": [1]}}, "Anna")
    night.pass_by(12, 10)
    assert night.own() == []


def test_a_target_of_which_only_the_answer_was_heard_silences_the_night(night):
    night.tell(range(20, 40))
    answer = {"type": "result", "state": "Charging", "command": "target", "command_id": 77, "result": "done", "kwh_possible": 5}
    uplinks = [Device().uplink(night.house.now_ms, 11, answer)]
    night.house.hear(*uplinks)
    for _ in range(2):      # told twice, it is one
        night.house.desk.hear_uplinks("ttn", uplinks)
    night.pass_by(12, 10)
    assert night.own() == []
    with reading(night.house.engine) as connection:
        rows = commands.recent(connection, night.house.key(night.garage))
    assert [(one.name, one.who, one.fate, one.detail) for one in rows] == [("target", fate.ELSEWHERE, "done", "kwh_possible:5")]


def test_a_target_of_elsewhere_that_was_refused_silences_nothing(night):
    night.tell(range(20, 40))
    answer = {"type": "result", "state": "Charging", "command": "target", "command_id": 77, "result": "refused", "detail": "no_time"}
    uplinks = [Device().uplink(night.house.now_ms, 11, answer)]
    night.house.hear(*uplinks)
    night.house.desk.hear_uplinks("ttn", uplinks)
    night.pass_by(1)
    assert len(night.own()) == 1
