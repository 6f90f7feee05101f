"""The firmware behaves as recorded, and the comparison finds differences."""

import pytest

from tests.choice import first
from tests.recordings.scenarios import SCENARIOS
from tools.checks import recordings

PLAYED = ["12.000 bus_write register=20 value=03E8 accepted=True", "15.500 uplink f_port=10 hex=11 sf=10 received=True",
          "30.000 reset cause=command"]


def test_a_recording_agrees_with_itself():
    assert recordings.differences(PLAYED, PLAYED) == []


def test_half_a_second_later_is_the_same_event():
    later = [line.replace("15.500", "15.999") for line in PLAYED]
    assert recordings.differences(PLAYED, later) == []


def test_an_event_that_comes_later_than_that_is_told_with_how_much():
    later = [line.replace("15.500", "16.600") for line in PLAYED]
    assert recordings.differences(PLAYED, later) == ["+1.1 s: 15.500 uplink f_port=10 hex=11 sf=10 received=True"]


def test_an_event_that_is_missing_or_new_is_told():
    assert recordings.differences(PLAYED, PLAYED[1:]) == ["- " + PLAYED[0]]
    assert recordings.differences(PLAYED[1:], PLAYED) == ["+ " + PLAYED[0]]


def test_another_value_is_another_event():
    changed = [line.replace("03E8", "00A6") for line in PLAYED]
    assert recordings.differences(PLAYED, changed) == ["- " + PLAYED[0], "+ " + changed[0]]


def test_two_events_that_change_places_are_told():
    assert recordings.differences(PLAYED, [PLAYED[1], PLAYED[0], PLAYED[2]])


def test_each_scenario_is_recorded_and_each_recording_is_of_a_scenario():
    assert {path.stem for path in recordings.FOLDER.glob("*.txt")} == set(SCENARIOS)
    assert len(SCENARIOS) >= 60


@pytest.mark.parametrize("name", first(["bytes_eu868_class_c", "faults_that_clear", *[
    name for name in SCENARIOS if name not in ("bytes_eu868_class_c", "faults_that_clear")]], 2))
def test_the_firmware_does_what_is_recorded(name):
    assert recordings.compare(name) == (name, [])
