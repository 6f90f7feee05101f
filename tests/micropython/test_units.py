"""The unit tests of the pure modules on a real MicroPython and on CPython, from the same files: the same output.

On both with the lookalikes of pytest and hypothesis, so that both draw the same examples; what hypothesis itself finds is for tests/unit.
"""
import ast
import json
import os
import pathlib
import subprocess
import sys

import pytest
from tests.choice import first
from tools.checks import micropython

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
UNIT = ROOT / "tests" / "unit"
# The house has names in common with the firmware, and runs on CPython alone.
PATHS = {path.stem.removeprefix("test_"): path for path in UNIT.rglob("test_*.py") if "home" not in path.relative_to(UNIT).parts}

# By the layer they are about: each is one run.
LAYERS = {
        # Of each room of the application a little, and of what MicroPython has of its own most: bytes, big numbers, bound attributes.
        "a little": ("scheduler", "claims", "status_frames", "downlink", "energy_meter", "debounce", "states", "packing", "posix_tz", "outbox",
            "ascii"),
        "app": ("dispatcher", "dispatcher_machine", "scheduler", "command_log", "claims", "contactor", "status_frames", "config", "downlink",
            "event_detector", "journal", "legacy", "energy_meter", "report_frames", "reconciler", "reporter", "charging_sessions", "session_book",
            "site_settings", "status_view", "debounce", "start_sequence", "states", "supervisor", "timekeeper", "evse_monitor", "windows",
            "packing", "posix_tz", "target", "car_power"),
        "loop": ("defects", "main", "application", "vectors"),
        "lorawan": ("clock_sync", "airtime_budget", "rate_fallback", "airtime_log", "outbox", "recovery", "regions", "session", "airtime_storms",
            "time_on_air"),
        "modbus": ("ascii", "at_modem", "charger_client", "id_finder", "identity", "mutated_traffic", "registers", "statistics", "ticks",
            "transaction"),
}
EVERY = tuple(dict.fromkeys(sum(LAYERS.values(), ())))

# What only pytest on CPython can give; a test that asks for it, or whose fixtures do, is left out.
NEEDS_THE_HOST = ("js", "monkeypatch", "tmp_path", "capsys", "request", "soak_seed")
NOT_THERE = {
    "defects.test_importing_the_firmware_does_not_run_it": "another process",
    "defects.test_the_manual_tells_the_heartbeats_that_the_code_keeps": "a document",
    "energy_meter.test_what_is_reckoned_stays_small": "a kind of int",
    "mutated_traffic.test_a_million_bytes_of_a_bad_line_lose_no_intact_frame": "a million bytes, against a clock",
    "registers.test_the_loop_does_without_the_map": "another process",
    "site_settings.test_the_modem_is_started_with_what_was_changed_and_a_frame_of_the_network_proves_it": "a whole simulated world",
    "supervisor.test_a_part_that_hangs_is_named_and_the_watchdog_bites": "a whole simulated world",
    "supervisor.test_the_last_resort_keeps_what_and_where": "the line that a function begins on",
    "supervisor.test_the_place_is_that_of_the_statement_that_raised": "the line that a function begins on",
}
FOR_ANOTHER_TIME = {f"pytest.mark.{name}" for name in ("bench", "long", "soak")}
# Seconds and minutes on MicroPython: for `make soak`.
LONG = (
    "command_log.test_in_10000_deliveries_no_command_acts_twice_or_too_late_and_each_is_answered_once",
    "command_log.test_in_50000_deliveries_no_command_acts_twice_or_too_late_and_each_is_answered_once",
    "dispatcher.test_without_airtime_what_opens_is_obeyed_and_its_answer_takes_the_place_of_the_next_heartbeat",
    "event_detector.test_a_night_in_which_nothing_is_wrong",
    "event_detector.test_an_evening_on_which_no_car_is_missed",
    "event_detector.test_an_evening_without_a_car_is_told_once_and_the_next_one_again",
    "application.test_rubbish_from_bus_and_air_changes_nothing",
    "reconciler.test_a_few_wild_hours_never_wear_the_contactor_nor_wake_too_often",
    "reconciler.test_wild_hours_never_wear_the_contactor_nor_wake_too_often",
    "reporter.test_heartbeats_come_by_the_clock_however_often_the_box_is_heard",
    "charging_sessions.test_flash_is_not_worn",
    "session.test_no_storm_breaks_24_s_a_day_or_silences_the_monitor_for_longer_than_allowed",
    "transaction.test_beside_another_talker_it_keeps_the_pace_and_stays_in_the_gap",
    "transaction.test_ten_thousand_transactions_beside_a_second_master_collide_never",
)
LONG_TIMEOUT_S = 3600

FOLDERS = {"/like": HERE / "lookalikes", **micropython.FIRMWARE}
for name in ("sim", "tests/unit", "tests/support", "tests/vectors", "tests/micropython", "ttn/vectors.json"):
    FOLDERS["/top/" + name] = ROOT / name


def plan_of(name):
    """What units.py is to run of one file, and the names of its other tests."""
    tests, fixtures = [], {}
    for node in ast.parse(PATHS[name].read_text()).body:
        if isinstance(node, ast.FunctionDef):
            decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
            needs = [argument.arg for argument in node.args.args]
            if any("pytest.fixture" in text for text in decorators):
                fixtures[node.name] = needs
            elif node.name.startswith("test_") and (f"{name}.{node.name}" in LONG or not set(decorators) & FOR_ANOTHER_TIME):
                tests.append({"name": node.name, "needs": needs, "machine": None})
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute) and node.value.attr == "TestCase":
            tests.append({"name": node.targets[0].id, "needs": [], "machine": node.value.value.id})

    def wants_the_host(needs):
        return any(need in NEEDS_THE_HOST or wants_the_host(fixtures.get(need, ())) for need in needs)

    here = [test for test in tests if wants_the_host(test["needs"]) or f"{name}.{test['name']}" in NOT_THERE]
    there = [test for test in tests if test not in here]
    module = ".".join(PATHS[name].relative_to(ROOT).with_suffix("").parts)
    return {"module": module, "tests": there, "fixtures": fixtures}, [f"{name}.{test['name']}" for test in here]


def compared(tmp_path, plans, timeout_s=micropython.TIMEOUT_S):
    """The lines that both interpreters print of these plans."""
    path = tmp_path / "plans.json"
    path.write_text(json.dumps(plans))
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(map(str, (HERE / "lookalikes", ROOT / "src", ROOT))))
    result = subprocess.run([sys.executable, str(HERE / "units.py"), str(path)], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]
    code, output = micropython.run(HERE / "units.py", {**FOLDERS, "/plans.json": path}, ["/plans.json"], timeout_s)
    assert code == 0, output[-3000:]
    assert output == result.stdout
    return output.splitlines()


def plans_of(names, long):
    """The plans of these files, of their LONG tests alone or of all others."""
    plans = []
    for name in names:
        plan, _ = plan_of(name)
        plan["tests"] = [test for test in plan["tests"] if (f"{name}.{test['name']}" in LONG) == long]
        plans.append(plan)
    return plans


@pytest.mark.parametrize("layer", first(["a little", "app", "modbus", "loop", "lorawan"]))
def test_unit_tests_hold_on_micropython_and_see_the_same(layer, tmp_path, evidence):
    plans = plans_of(LAYERS[layer], long=False)
    lines = compared(tmp_path, plans)
    assert len(lines) == sum(len(plan["tests"]) for plan in plans)
    evidence(f"Unit tests that pass on MicroPython and on CPython with the same examples, {layer}", len(lines))


@pytest.mark.soak
def test_long_unit_tests_hold_on_micropython_too(tmp_path, evidence):
    lines = compared(tmp_path, plans_of(EVERY, long=True), LONG_TIMEOUT_S)
    assert len(lines) == len(LONG)
    evidence("soak: long unit tests that pass on MicroPython too", len(lines))


def test_a_test_that_fails_there_is_named(tmp_path):
    module = tmp_path / "test_wrong.py"
    module.write_text("import sys\n\ndef test_it():\n    assert sys.implementation.name == 'cpython'\n")
    plans = tmp_path / "plans.json"
    plans.write_text(json.dumps([{"module": "wrong.test_wrong", "tests": [{"name": "test_it", "needs": [], "machine": None}], "fixtures": {}}]))
    code, output = micropython.run(HERE / "units.py", {**FOLDERS, "/top/wrong/test_wrong.py": module, "/plans.json": plans}, ["/plans.json"])
    assert code == 1 and output.startswith("wrong.test_wrong.test_it FAILED\n")


def test_what_is_left_out_is_there_and_little():
    files = EVERY
    every = {f"{name}.{test['name']}" for name in files for test in plan_of(name)[0]["tests"]}
    here = {test for name in files for test in plan_of(name)[1]}
    assert set(NOT_THERE) <= here and set(LONG) <= every
    assert len(here) < len(every) // 10
