"""The firmware's pure parts on a real MicroPython (its WebAssembly build under Node): the same results as on CPython.

The scripts beside this file run there; here is what they must print.
"""
import json
import os
import pathlib
import subprocess
import sys

import pytest
from tests.support import time_zones
from tests.vectors import frames, payload
from tools.checks import micropython

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FOLDERS = dict(micropython.FIRMWARE)
for name in ("tests/support/fake_board.py", "tests/support/fake_bus.py", "tests/vectors", "ttn"):
    FOLDERS["/top/" + name] = ROOT / name

# The rule of a target is to take less than that; a machine with other work on it measures more, so that only the figure is told.
RULE_US = 50

# Boards of their own modules, CPython's stand-in for a module that is there, and the owner's keys.
NOT_HERE = ("hal.lopy4", "hal.posix", "hal.mainline", "micropython", "keys")


def run(script, *arguments):
    """The output of one script beside this file; it must end well."""
    code, output = micropython.run(HERE / script, FOLDERS, arguments)
    assert code == 0, output[-2000:]
    return output


def run_here(script, *arguments):
    """The lines that a script beside this file prints on CPython."""
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join((str(ROOT / "src"), str(ROOT))))
    result = subprocess.run([sys.executable, str(HERE / script), *arguments], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def allocated_bytes(line):
    """The number in a script's last line, "allocated 0"."""
    assert line.startswith("allocated ")
    return int(line.split()[1])


def firmware():
    """Every module of the firmware that asks for no hardware, dotted."""
    source = ROOT / "src"
    paths = [path.relative_to(source).with_suffix("") for path in source.rglob("*.py")]
    names = {".".join(path.parts).removesuffix(".__init__") for path in paths}
    return sorted(name for name in names if name not in NOT_HERE and not name.startswith(NOT_HERE[:3]))


def test_every_module_can_be_imported():
    names = firmware() + ["umodbus.const", "umodbus.functions", "umodbus.common"]
    assert len(names) > 25 and {"main", "config", "modbus.ascii", "app.application", "lorawan.session", "hal.contract"} <= set(names)
    assert run("imports.py", *names).split() == names


def test_the_vectors_hold():
    vectors = json.loads((ROOT / "ttn" / "vectors.json").read_text())
    held = dict(line.split() for line in run("vectors.py", "/top/ttn/vectors.json").splitlines())
    assert {name: int(count) for name, count in held.items()} == {
        "requests": len(frames.REQUESTS), "answers": len(frames.ANSWERS), "misprints": len(frames.MISPRINTS),
        "registers": len(frames.STATUS + frames.DEVICE + frames.LIMITS),
        "uplinks": len(payload.ours(vectors, 10) + payload.ours(vectors, 11)),
        "downlinks": len(payload.commands(vectors) + payload.requests(vectors)),
    }


def test_the_same_exchange_gives_the_same_trace(evidence):
    expected = run_here("exchange.py")
    # It must have been an exchange: a lock and an unlock done, a box gone and back.
    assert len(expected) > 900
    for words in (" bus :01100005000102E0E0", " bus :01100005000102A1A1", " air 11 1101", " air 11 1102", " air 10 10f4"):
        assert any(words in line for line in expected), words
    assert run("exchange.py").splitlines() == expected
    evidence("Lines of bus, air and indicator that CPython and MicroPython print alike in 21 virtual minutes", len(expected))


@pytest.mark.long
def test_plan_and_local_time_are_the_same_and_allocate_nothing(evidence):
    zones = [time_zones.posix_of(key) for key in time_zones.EIGHT]
    expected = run_here("plan.py", *zones)
    twenty_years = [place for place, line in enumerate(expected) if line.startswith("== ")]
    targets = len(expected) - twenty_years[0] - len(zones)
    assert len(twenty_years) == len(zones) and twenty_years[0] > 2500 and targets >= 8 * 3 * 2 * 19
    *lines, cost, times = run("plan.py", *zones).splitlines()
    assert lines == expected
    evidence("Beginnings and ends of windows that CPython and MicroPython tell alike, 8 zones", twenty_years[0] - 8)
    evidence("Targets, their ends and 64 quarter hours, in the nights around switches of twenty years that both tell alike, 8 zones", targets)
    evidence("On MicroPython, bytes allocated by 1000 evaluations of the plan and of a target while nothing changes", allocated_bytes(cost), 0)
    assert allocated_bytes(cost) == 0
    again_us, anew_us = map(float, times.split())
    evidence("On MicroPython, the rule of a target at a reading while nothing changes, us", round(again_us, 1), RULE_US)
    evidence("The same looked at anew, us", round(anew_us, 1), RULE_US)


@pytest.fixture(scope="module")
def allocated():
    """Bytes allocated on MicroPython 1.27, by what was done."""
    return json.loads(run("allocations.py"))


def test_listening_allocates_nothing_per_byte(allocated, evidence):
    evidence("On MicroPython, bytes allocated for each byte heard, in a frame / in noise", "%(middle_bytewise)d / %(noise_bytewise)d" % allocated, 0)
    assert allocated["middle_bytewise"] == 0 and allocated["noise_bytewise"] == 0
    evidence("On MicroPython, bytes allocated for one status frame heard whole / byte by byte", "%(frame_whole)d / %(frame_bytewise)d" % allocated)
    evidence("On MicroPython, bytes allocated for one frame of the panel overheard", allocated["sighting"])


def test_an_idle_loop_allocates_nothing(allocated, evidence):
    both = "%(idle_poll)d / %(idle_application)d" % allocated
    evidence("On MicroPython, bytes allocated by an idle poll of the client / of the application", both, 0)
    assert allocated["idle_poll"] == 0 and allocated["idle_application"] == 0


def test_a_status_reading_costs_little_more_than_umodbus_itself(allocated, evidence):
    # Against umodbus's two message functions alone, though its own master costs more than that.
    limit = allocated["umodbus_messages"] + 256
    evidence("On MicroPython, bytes allocated by a complete status reading, telegram to decoded fields", allocated["status_reading"], limit)
    evidence("The same through umodbus: its message functions alone / its RTU master", "%(umodbus_messages)d / %(umodbus_reading)d" % allocated)
    assert allocated["status_reading"] <= limit


@pytest.mark.parametrize(
    "source, code, output",
    [
        ("print('well')", 0, "well\n"),
        ("import sys\nprint('x' * 70000)\nsys.exit(3)", 3, "x" * 70000 + "\n"),
        ("import sys\nsys.exit()", 0, ""),
        ("import sys\nsys.exit('no')", 1, ""),
        ("print(1)\n1 / 0", 1, "1\n"),
        ("this is no Python", 1, ""),
        ("import machine", 1, ""),
        ("import sys\nprint(sys.implementation.name, sys.argv[1:], __name__)", 0, "micropython ['a b'] __main__\n"),
    ],
)
def test_the_runner_ends_as_the_script_does(tmp_path, source, code, output):
    script = tmp_path / "script.py"
    script.write_text(source)
    assert micropython.run(script, {}, ["a b"]) == (code, output)


def test_the_script_sees_only_what_it_was_given_and_changes_nothing(tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    (folder / "module.py").write_text("VALUE = 7\n")
    script = tmp_path / "script.py"
    script.write_text("import os, module\nprint(module.VALUE, os.listdir('/given'))\nopen('/given/module.py', 'w').close()\nopen('/etc/hostname')")
    assert micropython.run(script, {"/given": folder}) == (1, "7 ['module.py']\n")
    assert (folder / "module.py").read_text() == "VALUE = 7\n"


def test_the_lock_pins_what_comes_from_npm_and_names_no_server():
    package = json.loads(micropython.RUNNER.with_name("package.json").read_text())
    text = micropython.RUNNER.with_name("package-lock.json").read_text()
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert {name.removeprefix("node_modules/"): entry["version"] for name, entry in packages.items()} == package["dependencies"]
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert "resolved" not in text and "://" not in text
