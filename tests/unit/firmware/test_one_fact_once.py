"""No constant of the same name and value in two modules of the firmware: each fact is written once."""
import ast
import pathlib
import re

import config
import pytest
from hal import at_modem, at_words
from lorawan import frame_cost, regions

from app.codec import report_frames, status_frames, vocabulary, windows
from app.control import control_record
from app.evse import charging_sessions, session_book
from app.policy import claims, plan_store, window_quota
from app.runtime import supervisor
from app.telemetry import event_detector, event_queue

SRC = pathlib.Path(__file__).resolve().parents[3] / "src"
# Names, without the underscore of a private one, that are two facts or more in spite of a value in common.
TWO_FACTS = {
    "DAY_MS": "a unit of time",
    "HOUR_S": "a unit of time",
    "MINUTE_MS": "a unit of time",
    "MINUTE_S": "a unit of time",
    "HEAD": "the length of the head of a record, of each its own",
    "ENTRY_BYTES": "the length of an entry in a record, of each its own",
    "REFRESH_MS": "how often a full log of commands is rewritten, and how often the airtime of a quiet day",
    "SETTLED_MS": "how long nothing must flow, and how long a box must be calm",
    "PHASE_ORDER": "the default of the setting, and of a reading without settings; config and modbus import neither the other",
}


def _value(node, known):
    """What a module-level expression of numbers, texts and earlier names gives, or None."""
    try:
        return eval(compile(ast.Expression(node), "constant", "eval"), {"__builtins__": {}, "const": lambda value: value, "range": range}, known)
    except Exception:
        return None


def constants(source):
    """{name: value} of the module-level constants in a text that are numbers over 1 or texts."""
    known = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign) or len(node.targets) > 1:
            continue
        value = _value(node.value, known)
        target = node.targets[0]
        names = [target] if isinstance(target, ast.Name) else target.elts if isinstance(target, ast.Tuple) else []
        values = [value] if isinstance(target, ast.Name) else list(value or ())
        known.update((name.id, one) for name, one in zip(names, values, strict=False) if one is not None)
    return {name: value for name, value in known.items()
            if name.upper() == name and (isinstance(value, str) or isinstance(value, int) and not isinstance(value, bool) and value > 1)}


def twice(sources):
    """{(name, value): paths} of what stands in more than one of {path: text}."""
    found = {}
    for path, source in sources.items():
        for name, value in constants(source).items():
            found.setdefault((name.lstrip("_"), value), []).append(path)
    return {fact: paths for fact, paths in found.items() if len(paths) > 1}


def firmware():
    return {str(path.relative_to(SRC)): path.read_text() for path in sorted(SRC.rglob("*.py"))}


def test_a_fact_stands_once():
    assert {fact: paths for fact, paths in twice(firmware()).items() if fact[0] not in TWO_FACTS} == {}


def test_every_exception_is_needed():
    assert {name for name, _ in twice(firmware())} >= set(TWO_FACTS)


@pytest.mark.parametrize("first, second", [
    ("AWAY_MS = 3000", "_AWAY_MS = const(3000)"), ("S = 60\nLATE_MS = 5 * S * 1000", "LATE_MS = 300000"), ("NO, A, B = range(3)", "B = 2"),
    ("KEY = 'status'", "KEY = 'status'"),
])
def test_a_fact_that_stands_twice_is_found(first, second):
    assert twice({"a.py": first, "b.py": second})


@pytest.mark.parametrize("first, second", [
    ("AWAY_MS = 3000", "AWAY_MS = 8000"), ("AWAY_MS = 3000", "from a import AWAY_MS"), ("YES = 1", "YES = 1"), ("ON = True", "ON = True"),
])
def test_what_is_two_facts_is_not(first, second):
    assert not twice({"a.py": first, "b.py": second})


@pytest.mark.parametrize("widths, length", [
    (claims._WIDTHS, claims.RECORD_BYTES), (event_detector._WIDTHS, event_detector.RECORD_BYTES), (event_queue._WIDTHS, event_queue._ENTRY_BYTES),
    (charging_sessions._ENERGY_WIDTHS, charging_sessions._ENERGY_BYTES), (session_book._WIDTHS, session_book._BYTES),
    (window_quota._WIDTHS, window_quota._BYTES), (plan_store._HEAD_WIDTHS, plan_store._HEAD), (supervisor._WIDTHS, supervisor._HEAD),
    (control_record._HEAD_WIDTHS, control_record._HEAD_BYTES), (windows._HEAD_WIDTHS, windows._HEAD),
])
def test_a_row_is_as_long_as_its_widths(widths, length):
    assert sum(widths) == length


# What the walls between the rooms keep from standing once.

def is_right(name, value):
    return config.validate(config.Settings({name: value}), (name,)) == []


def must_be(name):
    """What the error says of a value that is nonsense."""
    return config.validate(config.Settings({name: object()}), (name,))[0][1]


@pytest.mark.parametrize("name, words, lowest, highest", vocabulary.SETTINGS, ids=[row[0] for row in vocabulary.SETTINGS])
def test_a_setting_takes_the_same_values_in_the_file_and_on_the_air(name, words, lowest, highest):
    name = name.upper()
    numbers = [number for number in range(-1, 256) if is_right(name, number) and number not in words]
    assert numbers == ([] if highest is None else list(range(lowest, highest + 1)))
    assert all(is_right(name, word) for word in words)
    named = {word for word in re.findall(r"'(\w+)'", must_be(name))}
    assert named == {word for word in words if isinstance(word, str) and " " not in word}


def test_a_current_has_the_same_bounds_in_a_request_and_in_the_setting():
    lowest, highest = {row[0]: row[2:] for row in vocabulary.SETTINGS}["current_limit_a"]
    assert (windows.LOWEST_HALVES, windows.HIGHEST_HALVES) == (2 * lowest, 2 * highest)


def test_the_shortest_and_the_longest_uplink_are_the_same_to_who_packs_and_to_who_sends():
    assert {status_frames.SHORT, report_frames.EVENT_SHORT, frame_cost.SHORT_PAYLOAD, at_modem._SHORTEST} == {5}
    assert {status_frames.STATUS_LENGTH, report_frames.EVENT_LENGTH, report_frames.SESSION_LENGTH, frame_cost.LONGEST_PAYLOAD} == {11}


def test_a_region_of_the_settings_is_one_that_is_known_and_that_a_modem_bears():
    assert set(re.findall(r"'(\w+)'", must_be("REGION"))) == set(regions.REGIONS) == set(at_words.PAYLOADS)
    assert all(is_right("REGION", name) for name in regions.REGIONS)
