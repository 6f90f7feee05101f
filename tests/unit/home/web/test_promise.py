"""home/web/views/promise.py: what stands on the first page of a target that the device took."""
import dataclasses

import pytest
from fastapi.testclient import TestClient
from home.api import app
from home.commands import fate
from home.language.words import words
from home.web.views import promise, sentences
from tests.support.house import BEGIN_MS, house
from tests.support.uplinks import MIN_MS, Device

EN, DE = words("en"), words("de")


@dataclasses.dataclass
class AskedRow:
    name: str
    fate: str = "done"
    detail: str | None = None
    request: dict = dataclasses.field(default_factory=lambda: {"target": {"until": "07:30", "kwh": 20}})
    issued_at: int | None = 1_790_000_000


@pytest.mark.parametrize("possible, missed_wh, said", [
    (20, None, "Full by 07:30: yes."),
    (19.95, None, "Full by 07:30: yes."),
    (18.2, None, "Full by 07:30: short by 1.8 kWh."),
    (20, 2000, "Full by 07:30: short by 2.0 kWh."),
    (None, None, "Cheap quarter hours count until 07:30."),
])
def test_a_promise_is_by_the_answer_and_by_what_was_missed_since(possible, missed_wh, said):
    row = AskedRow("target", detail=fate.possible(possible))
    assert promise.sentence(row, "07:30", missed_wh, EN) == said


def test_a_target_without_energy_promises_none():
    row = AskedRow("target", request={"target": {"until": "07:30", "quarters": [1]}}, detail=fate.possible(None))
    assert promise.sentence(row, "07:30", None, EN) == "Cheap quarter hours count until 07:30."


@pytest.mark.parametrize("rows, stands", [
    ([AskedRow("target")], True),
    ([AskedRow("stop"), AskedRow("target")], True),
    ([AskedRow("target", fate="refused")], False),
    ([AskedRow("resume_plan"), AskedRow("target")], False),
    ([AskedRow("resume_plan", fate="sent"), AskedRow("target")], True),
    ([AskedRow("target", request={"target": "x"})], False),
    ([], False),
])
def test_a_target_stands_until_a_command_ends_it(rows, stands):
    assert (promise.standing(rows) is not None) == stands


def test_the_answer_of_a_target_tells_what_is_possible_in_both_languages():
    assert sentences.fate("done", fate.possible(18.25), True, EN).endswith("Possible until then: 18.2 kWh.")
    assert sentences.fate("done", fate.possible(18.25), True, DE).endswith("kWh.")
    assert fate.possible_kwh("not_sent") is None is fate.possible_kwh(None)


def test_the_first_page_says_what_the_device_answered_to_a_target_and_what_it_missed_since():
    with house() as its:
        device = Device()
        its.hear(device.status(BEGIN_MS, override="none"))
        asked = its.desk.ask(its.settings.devices[0], {"target": {"until": "07:30", "kwh": 20, "quarters": [1, 2]}}, "page")

        def page(*uplinks):
            its.hear(*uplinks)
            its.desk.hear_uplinks("ttn", uplinks)
            return TestClient(app.app(its), base_url="http://127.0.0.1:8080").get("/").text

        assert "Full by" not in page(device.status(BEGIN_MS + 1, override="none"))
        answer = {"type": "result", "state": "Charging", "command": "target", "command_id": asked.command_id, "result": "done", "kwh_possible": 20}
        assert "Full by 07:30: yes." in page(device.uplink(BEGIN_MS + MIN_MS, 11, answer))
        for override, words in (("lock", "the lock goes before it"), ("stop", "the stop goes before it")):
            text = page(device.status(BEGIN_MS + MIN_MS + 1, override=override))
            assert words in text and "Full by" not in text
        held = device.status(BEGIN_MS + MIN_MS + 3, override="stop", reason="held_after_power_cut")
        for status in (device.status(BEGIN_MS + MIN_MS + 2, override="boost"), held):
            assert "Full by 07:30: yes." in page(status)
        assert "short by 2.5 kWh." in page(device.event(BEGIN_MS + 2 * MIN_MS, "target_missed", kwh=2.5))
