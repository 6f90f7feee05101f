"""home/store/decoded.py: of what a device is said to have said, only what a page can show is believed."""
import json

import pytest

from home.store import decoded


@pytest.mark.parametrize("field", ["reason", "override", "state", "fault", "boot_cause", "holder", "timezone_part"])
@pytest.mark.parametrize("value", [["x"], {"a": 1}, 7, True, float("nan")])
def test_a_word_that_is_no_text_is_left_out(field, value):
    assert decoded.believed({"type": "status", field: value}) in ({"type": "status"}, {"type": "status", field: None})


@pytest.mark.parametrize("field", ["power_kw", "session_kwh", "kwh_left", "uptime_min", "page"])
@pytest.mark.parametrize("value", ["7", [7], {}, True, 10 ** 30, float("inf"), float("nan")])
def test_a_number_that_is_none_or_beyond_reason_is_left_out(field, value):
    assert decoded.believed({field: value}).get(field) is None


def test_what_is_of_its_kind_stays_and_words_of_a_newer_device_do_too():
    said = {"type": "status", "reason": "charging", "power_kw": 7.4, "fault": None, "until": 1790000000, "settings": {"en1": None, "adr": True},
            "windows": [{"days": "daily", "kwh": 3}], "newer": [1, {"word": "x"}]}
    assert decoded.believed(said) == said


def test_text_that_no_page_or_database_takes_becomes_one_that_they_take():
    found = json.dumps(decoded.believed({"state": "\ud800x\0", "newer\udfff": ["\ud800"]}), ensure_ascii=False)
    assert found.encode() and "\0" not in found


def test_what_is_no_object_says_nothing():
    assert decoded.believed(None) == decoded.believed(["status"]) == {}


def test_what_is_deep_or_wide_is_cut():
    deep = []
    for _ in range(200):
        deep = [deep]
    assert len(json.dumps(decoded.believed({"newer": deep, "wide": list(range(100_000))}))) < 1000
