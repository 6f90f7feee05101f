"""What an older firmware left on record means the same to this one: tests/vectors/records_*.json, by tests/support/old_records.py."""
import json
import pathlib

import pytest
from tests.choice import first
from tests.support import old_records

FILES = [json.loads(path.read_text()) for path in sorted((pathlib.Path(__file__).parents[1] / "vectors").glob("records_*.json"))]
# When a status leaves or a car is seen may change by a moment; what is remembered may not.
TOLERANCE = {"airtime_s": 2, "duration_min": 2, "session_kwh": 0.3, "started_at": 60}

# What each case is about, as the firmware that wrote it said.
MEANING = {
    "a car that charges by a boost": {
        "reason": "charging", "overrides": ["boost", "none"], "claims 1": ("boost", 1782970200, 10), "sessions": [2],
        "device": {"resets": 2, "crashes": 1}, "again": {"result": "done"}},
    "a lock above a stop": {
        "reason": "locked", "overrides": ["lock", "stop", "none"], "claims 1": ("lock", None, None), "claims 2": ("stop", None, None),
        "sessions": [2], "device": {"resets": 2, "crashes": 1}, "again": {"result": "done"}},
    "a skip of tonight": {
        "reason": "outside_plan", "overrides": ["skip", "none"], "claims 2": ("skip", 1782964800, None), "sessions": [1],
        "again": {"result": "done"}},
    "a start that has just begun": {
        "reason": "charging", "overrides": ["boost", "none"], "claims 1": ("boost", None, None), "sessions": [1], "again": {"result": "done"}},
    "a window that has given what it may": {"reason": "limit_reached", "session_kwh": 5, "sessions": [1]},
    "a session that nobody has heard of": {"reason": "no_vehicle", "sessions": [1]},
    "a crash, and a drift that was learned": {
        "device": {"boot_cause": "crash", "crashes": 1, "error": "KeyError", "clock_drift_ppm": -12}, "sessions": [1]},
    "a reboot with a clock that the owner has set": {"time_known": True, "settings": {"clock_sync": False}, "sessions": [1]},
}
IN_EACH = {"hold": "always", "heartbeat_min": 30, "unknown_time": 24}
# The older firmwares said of this car, which they held after the start until they knew the time, that it had finished; then it charged on.
NOT_FINISHED = "a car that charges by a boost"
# So much airtime of the day before the boot is the least in any case, in seconds: the life after alone spends less.
AIRTIME_S = 8


def differences(said, then, name=""):
    """Paths of what is not as it was said then."""
    if isinstance(then, dict) and isinstance(said, dict):
        return [path for key in {**then, **said} for path in differences(said.get(key), then.get(key), "%s/%s" % (name, key))]
    if isinstance(then, list) and isinstance(said, list) and len(then) == len(said):
        return [path for at, one in enumerate(then) for path in differences(said[at], one, "%s/%d" % (name, at))]
    tolerance = TOLERANCE.get(name.rsplit("/", 1)[-1])
    if tolerance and said is not None and then is not None:
        return [] if abs(said - then) <= tolerance else ["%s: %s, then %s" % (name, said, then)]
    return [] if said == then else ["%s: %s, then %s" % (name, said, then)]


@pytest.mark.parametrize("name", first(old_records.CASES, 4))
@pytest.mark.parametrize("file", FILES, ids=[file["commit"] for file in FILES])
def test_what_an_older_firmware_left_means_the_same(file, name):
    case = file["cases"][name]
    then = case["says"]
    if name == NOT_FINISHED:
        assert [event["event"] for event in then["events"]] == ["finished"] and then["reason"] == "charging"
        then = dict(then, events=[])
    assert differences(old_records.go_on(name, case["left"]), then) == []


@pytest.mark.parametrize("file", FILES, ids=[file["commit"] for file in FILES])
def test_the_records_hold_what_they_are_to_be_tried_for(file):
    assert list(file["cases"]) == list(MEANING) == list(old_records.CASES)
    for name, meaning in MEANING.items():
        said = file["cases"][name]["says"]
        windows = said["readback"]["plan 1"]["windows"]
        assert [(window["from"], window["to"], window["current_a"]) for window in windows] == [("22:00", "06:00", 13)]
        assert said["plan_hash"] and said["readback"]["timezone 3"]["timezone_part"] == "M10.5.0/3"
        assert said["settings"].items() >= {**IN_EACH, **meaning.get("settings", {})}.items()
        assert said["device"]["airtime_s"] > AIRTIME_S and said["device"].items() >= meaning.get("device", {}).items()
        assert [session["session_number"] for session in said["sessions"]] == meaning["sessions"]
        assert "memory_lost" not in [event["event"] for event in said["events"]]
        for field in ("reason", "overrides", "session_kwh", "time_known"):
            assert field not in meaning or said[field] == meaning[field], (name, field)
        for page in ("claims 1", "claims 2"):
            claim = said["readback"].get(page, {})
            assert page not in meaning or (claim["holder"], claim["until"], claim["current_limit_a"]) == meaning[page]
        again = old_records.CASES[name].again
        if again:
            assert said["results"]["%(command)s %(id)d" % again] == meaning["again"]


# Records that came after the latest of the files.
NEWER = {"target", "power"}


def test_every_record_of_the_journal_is_in_a_file():
    from app.runtime import journal

    names = {getattr(journal, name) for name in dir(journal) if name.endswith("_RECORD") and not name.startswith("OLD_")}
    for file in FILES:
        assert names - NEWER <= {copy[:-2] for case in file["cases"].values() for copy in case["left"]["records"]}
