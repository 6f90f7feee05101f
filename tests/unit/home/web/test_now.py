"""home/web/views/now.py: what is so, who decides and until when, and which button comes first."""
import dataclasses
import zoneinfo

import pytest

from app.codec import vocabulary as firmware
from home.language.words import words
from home.web.views import held_plan, now
from tests.support.house import BEGIN_MS
from tests.support.uplinks import HOUR_MS

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
RULE = "CET-1CEST,M3.5.0,M10.5.0/3"
NOW_MS = BEGIN_MS + 21 * HOUR_MS     # a Thursday, 21:00
NIGHT = [{"days": "mon-fri", "from": "22:00", "to": "07:00"}]
EN, DE = words("en"), words("de")


def decided(status, claim=(), upcoming=None, _=EN):
    return now.decides(status, dict(claim), upcoming, NOW_MS, BERLIN, _)


@pytest.mark.parametrize("status, claim, upcoming, sentence", [
    ({"override": "none"}, {}, None, "The plan decides."),
    ({"override": "none"}, {"holder": "none"}, None, "Neither a plan nor a request decides: the box does what it does by itself."),
    ({"override": "none"}, {}, now.NO_PLAN, "Neither a plan nor a request decides: the box does what it does by itself."),
    ({"override": "lock"}, {}, now.NO_PLAN, "The lock decides, until somebody unlocks the outlet."),
    ({"override": "none"}, {"holder": "plan"}, (True, NOW_MS // 1000 + 3600), "The plan decides: cheap hours until 22:00."),
    ({"override": "none"}, {"holder": "plan"}, (False, NOW_MS // 1000 + 86400), "The plan decides: cheap hours from tomorrow 21:00 on."),
    ({"override": "none"}, {"holder": "plan"}, (False, None), "The plan decides; it has no more cheap hours this week."),
    ({"override": "none"}, {"holder": "plan"}, (True, None), "The plan decides; its cheap hours have no end."),
    ({"override": "none"}, {"holder": "plan", "until": NOW_MS // 1000 + 3600}, None, "The plan decides, until 22:00."),
    ({"override": "boost"}, {"holder": "boost", "until": NOW_MS // 1000 + 7200}, None, "A request to charge now decides, until 23:00."),
    ({"override": "boost"}, {"holder": "boost", "until": NOW_MS // 1000 - 1}, None, "A request to charge now decides."),
    ({"override": "boost"}, {"holder": "boost", "kwh_left": 4.25}, None, "A request to charge now decides, for 4.2 kWh more."),
    ({"override": "boost"}, {"holder": "key"}, None, "A turn of the key decides, until it is opened or the car is unplugged."),
    ({"override": "stop"}, {"holder": "boost", "until": NOW_MS // 1000 + 7200}, None,
     "A stop decides, until the car is unplugged or somebody starts it again."),
    ({"override": "boost", "fault": "F9"}, {"holder": "boost", "kwh_left": 4.25}, None, "The fault of the box decides."),
    ({"override": "lock", "fault": "F9"}, {}, None, "The lock decides, until somebody unlocks the outlet."),
    ({"override": "lock"}, {"holder": "plan"}, None, "The lock decides, until somebody unlocks the outlet."),
    ({"override": "skip"}, {"holder": "skip", "until": NOW_MS // 1000 + 7200}, None, "Cheap hours are skipped, until 23:00."),
    ({"override": "moon"}, {}, None, "moon (a word that this page does not know)"),
    ({"override": "boost"}, {"holder": "boost", "until": "<b>", "kwh_left": "many"}, None, "A request to charge now decides."),
    ({}, {"holder": "lock"}, None, ""),
])
def test_who_decides_is_by_the_newest_status_and_until_when_by_claims_that_fit_it(status, claim, upcoming, sentence):
    assert decided(status, claim, upcoming) == sentence


@dataclasses.dataclass
class Row:
    name: str
    request: dict
    changed_ms: int
    fate: str = "done"
    issued_at: int = NOW_MS // 1000


READ = {"readback.claims": (NOW_MS, {"holder": "boost", "until": NOW_MS // 1000 + 60})}
BOOST = {"command": "boost", "until": "07:30"}
TARGET = {"target": {"until": "07:30", "kwh": 20, "quarters": [1]}}
MORNING_S = NOW_MS // 1000 + 10 * 3600 + 1800


@pytest.mark.parametrize("rows, claim", [
    ([], READ["readback.claims"][1]), ([Row("boost", BOOST, NOW_MS - 1)], READ["readback.claims"][1]),
    ([Row("boost", BOOST, NOW_MS + 1)], {"holder": "boost", "until": MORNING_S}),
    ([Row("report", {}, NOW_MS + 9), Row("stop", {}, NOW_MS + 5, "refused"),
      Row("boost", BOOST, NOW_MS + 1)], {"holder": "boost", "until": MORNING_S}),
    ([Row("target", TARGET, NOW_MS + 1)], {"holder": "target", "until": MORNING_S}),
    ([Row("target", {"target": {}}, NOW_MS + 1)], {"holder": "target", "until": None}),
    ([Row("stop", {"command": "stop"}, NOW_MS + 1)], {}), ([Row("boost", {"command": "boost", "kwh": 5}, NOW_MS + 1)], {}),
    ([Row("boost", {"command": "boost", "until": "<b>"}, NOW_MS + 1)], {"holder": "boost", "until": None})])
def test_a_command_that_was_done_after_the_read_back_goes_before_it(rows, claim):
    assert now.newest_claim(READ, rows, RULE) == claim
    assert now.newest_claim({}, [Row("boost", BOOST, NOW_MS + 1)], "nonsense") == now.newest_claim({}, [Row("boost", BOOST, 1)], None) == {}


def test_each_override_has_its_sentence_in_both_languages():
    for override in firmware.OVERRIDES:
        said = decided({"override": override}), decided({"override": override}, _=DE)
        assert all(said) and said[0] != said[1]


@pytest.mark.parametrize("reason, override, fault, button", [
    ("charging", "none", None, "boost"), ("charging", "boost", None, "resume_plan"), ("outside_plan", "none", None, "boost"),
    ("locked", "lock", None, "unlock"), ("no_vehicle", "lock", None, "unlock"), ("stopped", "stop", None, "start"),
    ("skipped", "skip", None, "resume_plan"),
    ("fault", "none", "F4", "reset"), ("fault", "none", "F9", "report"), ("unreachable", "none", None, "report"), (None, None, None, "boost")])
def test_the_button_is_the_one_most_likely_wanted(reason, override, fault, button):
    status = {name: value for name, value in (("reason", reason), ("override", override), ("fault", fault)) if value}
    assert now.main_press(status) == button


def test_a_car_that_charges_is_asked_to_keep_charging_and_not_to_begin():
    assert now.main_words({"reason": "charging", "override": "none"}) == "Keep charging"
    assert now.main_words({"reason": "charging", "override": "boost"}) == "Back to the plan"
    assert now.main_words({"reason": "outside_plan", "override": "none"}) == "Charge now"


def test_every_reason_leads_to_a_button_that_there_is():
    for reason in firmware.REASONS:
        assert now.main_press({"reason": reason}) in now.PRESSES


def test_the_energy_of_a_car_that_charges_goes_on_between_two_statuses_and_says_so():
    charging = {"power_kw": 11, "session_kwh": 0, "current_limit_a": 16}
    assert [(one.value, one.note) for one in now.figures(charging, EN, 9200)][1] == ("9.2", "about, by the last power")
    assert [(one.value, one.note) for one in now.figures(charging, EN, 40)][1] == ("0.0", "")
    assert now.figures({"power_kw": 11, "session_kwh": None}, EN, 9200)[1].value is None


def test_a_figure_that_is_not_known_says_so_and_an_estimate_says_that():
    said = now.figures({"power_kw": None, "session_kwh": 7, "energy_estimated": True, "current_limit_a": 10.5}, DE)
    assert [(one.value, one.unit, bool(one.note)) for one in said] == [(None, "kW", True), ("7,0", "kWh", True), ("10,5", "A", False)]
    assert [one.value for one in now.figures({"power_kw": "9", "session_kwh": True, "current_limit_a": float("nan")}, EN)] == [None] * 3


def test_the_next_edge_is_of_the_run_and_only_of_a_plan_that_is_proven():
    plan = held_plan.HeldPlan(NIGHT, RULE, held_plan.HELD, 1, None)
    assert now.next_edge(plan, NOW_MS // 1000) == (False, NOW_MS // 1000 + 3600)
    assert now.next_edge(plan, NOW_MS // 1000 + 7200) == (True, NOW_MS // 1000 + 10 * 3600)
    always = [{"days": "daily", "from": "00:00", "to": "00:00"}]
    assert now.next_edge(held_plan.HeldPlan(always, RULE, held_plan.HELD, 1, None), NOW_MS // 1000) == (True, None)
    assert now.next_edge(held_plan.HeldPlan(NIGHT, RULE, held_plan.OTHER, 1, None), NOW_MS // 1000) is None
    assert now.next_edge(held_plan.HeldPlan(NIGHT, RULE, held_plan.TAKEN, 1, None), NOW_MS // 1000) == (False, NOW_MS // 1000 + 3600)
    assert now.next_edge(held_plan.HeldPlan([], RULE, held_plan.EMPTY, 1, None), NOW_MS // 1000) == now.NO_PLAN


def test_what_is_old_has_no_sign_of_a_current_that_flows():
    assert [now.mark({"reason": "charging"}, is_old) for is_old in (False, True)] == ["flows", "none"]
    assert now.mark({"fault": "F1"}, False) == "fault"
