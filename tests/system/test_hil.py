"""The suite for a real box, run against a simulated one; it restores the box's state, however it ends."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tests.choice import first
from tests.unit.sim.test_wallbox_on_pty import ChargerCommand
from tools.hil import capture, questions
from tools.hil.analysis import body_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_S = 60
LIMIT_A = 31.98
# A run that only locks and unlocks, and takes a moment to find the box.
LOCKS = ("tests/hil/test_5_control.py", "-k", "lock_and_unlock", "--control", "1", "--minutes", "0.01", "--id", "1")


@pytest.fixture
def box(tmp_path):
    made = ChargerCommand(tmp_path / "wallbox")
    yield made
    made.end()


@pytest.fixture
def hil(box, tmp_path):
    """hil(*arguments) starts the suite at the box."""
    started = []

    def start(*arguments):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments, "--port", box.link, "--out", str(tmp_path)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        started.append(subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        process.stdout.close()


def test_the_whole_suite_is_green_against_the_simulated_box(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "PORT", "SIM", "CONTROL")}
    command = ["make", "hil-sim", "MINUTES=0.04", f"ARGS=--out {tmp_path}"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S)
    assert ran.returncode == 0, ran.stdout + ran.stderr

    report = (tmp_path / "hil-report.md").read_text()
    assert "a simulated box" in report and "serial 2W22" in report and "█" in report
    for number, question, _, _ in questions.QUESTIONS:
        assert f"| {number} | {question} |" in report
    assert "did not get that far" not in report and "Given back: unlocked, Icmax 533 as before" in report
    header, events = capture.load(tmp_path / "capture.jsonl")
    assert header["simulated"] and header["box"]["id"] == 1
    assert {event.kind for event in events} == {"tx", "rx", "note"}


def test_without_control_nothing_is_written(hil, tmp_path):
    process = hil("tests/hil/test_5_control.py", "tests/hil/test_2_identity.py", "--minutes", "0.01")
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0 and "6 deselected" in said
    _, events = capture.load(tmp_path / "capture.jsonl")
    sent = [body_of(event.data) for event in events if event.kind == "tx"]
    assert sent and {body[1] for body in sent} == {3}
    assert "no, reads only" in (tmp_path / "hil-report.md").read_text()


@pytest.mark.parametrize("number", first([signal.SIGINT, signal.SIGTERM, signal.SIGHUP]), ids=lambda number: number.name)
def test_a_run_that_is_broken_off_while_the_box_is_locked_unlocks_it(box, hil, tmp_path, number):
    process = hil(*LOCKS)
    assert box.until(code="E0")["limit_a"] == 0
    process.send_signal(number)
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    after = box.say("state")
    assert (after["code"], after["limit_a"]) == ("A1", LIMIT_A)
    assert "Given back" in (tmp_path / "hil-report.md").read_text()
    assert not (tmp_path / "undo.json").exists()


@pytest.mark.long
def test_a_run_that_fails_while_the_box_is_locked_unlocks_it_as_soon_as_it_answers(box, hil, tmp_path):
    process = hil(*LOCKS)
    box.until(code="E0")
    time.sleep(0.7)    # it has seen E0, and watches whether that lasts
    box.say("noise 1")
    time.sleep(6)
    box.say("noise 0")
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1, said
    after = box.say("state")
    assert (after["code"], after["limit_a"]) == ("A1", LIMIT_A)


def test_what_a_killed_run_left_is_given_back_by_the_next(box, hil, tmp_path):
    process = hil(*LOCKS)
    box.until(code="E0")
    process.kill()
    process.communicate()
    assert json.loads((tmp_path / "undo.json").read_text())["icmax"] == 533
    assert box.say("state")["code"] == "E0"

    again = hil("tests/hil/test_5_control.py", "-k", "limit_is_taken", "--control", "1", "--minutes", "0.01")
    said, _ = again.communicate(timeout=PATIENCE_S)
    assert again.returncode == 0 and "an earlier run was killed" in said
    after = box.say("state")
    assert (after["code"], after["limit_a"]) == ("A1", LIMIT_A)
    assert not (tmp_path / "undo.json").exists()


def test_nothing_is_written_to_a_box_whose_state_could_not_be_given_back(box, hil, tmp_path):
    box.say("fault F9")
    process = hil(*LOCKS)
    said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1 and "Nothing was written: the box is in F9" in said
    _, events = capture.load(tmp_path / "capture.jsonl")
    assert {body_of(event.data)[1] for event in events if event.kind == "tx"} == {3}
