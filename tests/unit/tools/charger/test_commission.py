"""tools/charger/commission.py: changed settings are read back, and after any error the box leaves setup mode unchanged."""
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest
from modbus import registers, transaction
from tools.charger import actions, commission, console, setup_mode
from tools.charger.setup_mode import Settings, option_word

from tests.choice import first
from tests.support.fake_bus import telegram

pytest_plugins = ["tests.support.charger_process"]
pytestmark = pytest.mark.usefixtures("quick", "brief")
ROOT = pathlib.Path(__file__).resolve().parents[4]

ENTER = telegram(":", "011000050001" + "02E2E2")
RESET = telegram(":", "011000050001" + "025A5A")
OPTIONS = telegram(":", "0110002C000102")[:15]
REFUSED = telegram(">", "019004")
CHANGE = ("--upstream-timeout", "on", "--start-after-power-cycle", "off")


@pytest.fixture
def brief(monkeypatch):
    """The simulated box starts in 0.3 s here."""
    monkeypatch.setattr(transaction, "RESPONSE_MS", 150)
    monkeypatch.setattr(actions, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(setup_mode, "CONFIRM_S", 1)
    monkeypatch.setattr(setup_mode, "START_S", 3)
    monkeypatch.setattr(setup_mode, "RESTORE_S", 10)
    monkeypatch.setattr(setup_mode, "RETRY_S", 0.1)


@pytest.fixture
def run(capsys):
    """run(path, *words, answer=what is typed) -> (exit status, what was printed, what was complained about)."""

    def typed(path, *words, answer="setup"):
        questions = []
        code = commission.main(["--port", str(path), *words], lambda question: questions.append(question) or answer)
        said = capsys.readouterr()
        return code, said.out + "".join(questions), said.err

    return typed


def look(run, path, *words):
    """(upstream timeout, start after power cycle) as shown, and the code."""
    code, said, _ = run(path, *words)
    assert code == 0
    rows = {line[:28].strip(): line[28:].strip() for line in said.splitlines() if line.startswith("  ")}
    return rows["upstream timeout"], rows["start after power cycle"]


# --- the table of bits


@pytest.mark.parametrize("new, word", [
    (Settings(1, False, True), 0xF001), (Settings(2, False, True), 0xF002), (Settings(1, True, True), 0xB001), (Settings(1, False, False), 0xE001),
    (Settings(16, True, False), 0xA010)])
def test_the_option_word_changes_only_what_is_asked_for(new, word):
    assert option_word(Settings(1, False, True), new) == word


@pytest.mark.parametrize("old, word", [(Settings(1, True, True), 0x7001), (Settings(1, False, False), 0xD001)])
def test_the_option_word_back(old, word):
    assert option_word(old, Settings(1, False, True)) == word


def test_the_firmware_cannot_send_what_is_sent_here():
    assert not registers.may_write(registers.STATE, registers.JUMP_E2)
    assert not any(registers.may_write(registers.OPTIONS, word) for word in range(0x10000))


# --- looking


def test_without_a_change_it_explains_and_sends_nothing(box, cable, run):
    line = cable(lambda request: True, box())
    code, said, _ = run(line.path)
    assert code == 0
    for words in ("Upstream timeout (F4)", "Recommended: off", "Recommended: on", "turn the key after every blackout", "--recommended", "A1: no car"):
        assert words in said
    assert all(request[3:5] == b"03" for request in line.requests)


def test_what_is_set_as_recommended_needs_no_change(box, cable, run):
    line = cable(lambda request: True, box())
    code, said, _ = run(line.path, "--recommended")
    assert code == 0 and "nothing to change" in said
    assert all(request[3:5] == b"03" for request in line.requests)


@pytest.mark.parametrize("answer", ["", "yes", "SETUP", "no"])
def test_without_the_word_nothing_is_changed(box, cable, run, answer):
    line = cable(lambda request: True, box())
    code, said, _ = run(line.path, *CHANGE, answer=answer)
    assert code == 1 and "nothing was changed" in said
    assert all(request[3:5] == b"03" for request in line.requests)


# --- changing


def test_settings_are_changed_read_back_and_shown_before_and_after(box, run):
    wallbox = box()
    code, said, _ = run(wallbox.link, *CHANGE)
    assert code == 0 and "Done, and read back" in said
    assert "upstream timeout          off                   on" in said
    assert wallbox.say("state")["code"] == "A1"
    assert look(run, wallbox.link) == ("on", "off")
    assert run(wallbox.link, "--recommended")[0] == 0
    assert look(run, wallbox.link) == ("off", "on")


def test_a_new_id_is_taken_and_told(box, run):
    wallbox = box("--id", "2")
    code, said, _ = run(wallbox.link, "--id", "2", "--set-id", "16")
    assert code == 0 and "CHARGER_ID = 16" in said
    assert look(run, wallbox.link, "--id", "16") == ("off", "on")


def test_a_locked_box_is_locked_again(box, run):
    wallbox = box()
    assert console.main(["--port", wallbox.link, "lock"]) == 0
    assert run(wallbox.link, *CHANGE)[0] == 0
    assert wallbox.say("state")["code"] == "E0"
    assert look(run, wallbox.link) == ("on", "off")


def test_a_box_found_in_setup_mode_is_brought_out_of_it(box, run):
    wallbox = box()
    with open(os.open(wallbox.link, os.O_RDWR | os.O_NOCTTY), "wb", buffering=0) as port:
        port.write(ENTER)
        wallbox.until(code="E2")
    code, said, _ = run(wallbox.link)
    assert code == 0 and "unlock" in said
    assert run(wallbox.link, *CHANGE)[0] == 0
    assert wallbox.say("state")["code"] == "A1"


# --- refused


def test_a_connected_and_a_charging_car_are_left_alone(box, cable, run):
    wallbox = box()
    line = cable(lambda request: True, wallbox)
    wallbox.say("plug")
    wallbox.until(code="B1")
    assert "unplug it first" in run(line.path, *CHANGE)[2]
    wallbox.say("key on")
    wallbox.until(code="C2")
    code, _, complaint = run(line.path, *CHANGE)
    assert code == 1 and "A car is charging" in complaint
    wallbox.say("fault F9")
    assert run(line.path, *CHANGE)[0] == 1
    assert all(request[3:5] == b"03" for request in line.requests)


def test_a_car_that_comes_while_the_question_stands_is_left_alone(box, cable, capsys):
    wallbox = box()
    line = cable(lambda request: True, wallbox)

    def slow_answer(question):
        wallbox.say("plug")
        wallbox.until(code="B1")
        return "setup"

    assert commission.main(["--port", line.path, *CHANGE], slow_answer) == 1
    assert "unplug it first" in capsys.readouterr().err
    assert all(request[3:5] == b"03" for request in line.requests)


def test_an_id_that_is_taken_is_refused(box, cable, run):
    line = cable(lambda request: telegram(">", "040304018413BE") if request.startswith(b":0403") else True, box())
    assert "There is a box with id 4" in run(line.path, "--set-id", "4")[2]
    assert all(request[3:5] == b"03" for request in line.requests)


def test_a_setting_that_cannot_be_read_back_is_not_changed(box, cable, run):
    line = cable(lambda request: b"0006" not in request[:9], box())
    assert "could not be checked" in run(line.path, *CHANGE)[2]
    code, said, _ = run(line.path, "--upstream-timeout", "on")
    assert code == 0 and "not told by this box" in said


@pytest.mark.parametrize("arguments", [("--set-id", "0"), ("--set-id", "17"), ("--set-id", "x"), ("--upstream-timeout", "maybe"), ("--id", "0")])
def test_wrong_usage_is_told(arguments):
    assert commission.main(["--port", "nowhere", *arguments]) == 2


def test_a_missing_port_is_told(capsys):
    assert commission.main([]) == 2
    assert "--port is missing" in capsys.readouterr().err
    assert commission.main(["--port", "/dev/ttyNowhere"]) == 1


# --- what goes wrong


def put_back(run, line, wallbox, complaint):
    """The box is as it was."""
    assert "COULD NOT" not in complaint
    assert wallbox.say("state")["code"] == "A1"
    assert look(run, line.path) == ("off", "on")
    wallbox.say("power off")
    wallbox.say("power on")
    wallbox.until(code="A1")
    time.sleep(0.5)
    assert look(run, line.path) == ("off", "on")


def once(judge):
    """Only the first telegram for which judge gives a verdict is treated so."""
    hit = []

    def verdict(request):
        result = True if hit else judge(request)
        if result is not True:
            hit.append(request)
        return result

    return verdict


@pytest.mark.parametrize("telegram_begins, verdict", first([
    (OPTIONS, REFUSED), (RESET, None), (ENTER, None), (ENTER, REFUSED), (OPTIONS, None), (OPTIONS, telegram(">", "0110002C0001"))], 2),
    ids=["settings refused", "reset lost", "entering lost", "entering refused", "settings lost", "settings acknowledged and not taken"])
def test_a_step_that_fails_is_undone(box, cable, run, telegram_begins, verdict):
    wallbox = box()
    line = cable(once(lambda request: verdict if request.startswith(telegram_begins) else True), wallbox)
    code, said, complaint = run(line.path, *CHANGE)
    assert code == 1 and "Put back" in said
    put_back(run, line, wallbox, complaint)


@pytest.mark.long
def test_a_cable_pulled_in_setup_mode_and_put_back_is_undone(box, cable, run):
    wallbox = box()

    def pull(request):
        if request.startswith(OPTIONS) and not pulled:
            pulled.append(True)
            line.pull()
            threading.Timer(2.5, line.plug).start()
            return None
        return True

    pulled = []
    line = cable(pull, wallbox)
    code, said, complaint = run(line.path, *CHANGE)
    assert code == 1 and "has gone" in said and "Put back" in said
    put_back(run, line, wallbox, complaint)


@pytest.mark.parametrize("number", first([signal.SIGINT, signal.SIGTERM, signal.SIGHUP]))
def test_ctrl_c_in_setup_mode_is_undone_and_a_second_one_does_not_stop_that(box, cable, run, number):
    wallbox = box()

    def interrupt(request):
        if request.startswith(OPTIONS) or request.startswith(b":011000050001025A5A"):
            os.kill(os.getpid(), number)
        return True

    line = cable(interrupt, wallbox)
    code, said, complaint = run(line.path, *CHANGE)
    assert code == 1 and "Put back" in said and "Interrupted" in complaint
    put_back(run, line, wallbox, complaint)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.long
def test_ctrl_c_while_a_failure_is_undone_does_not_stop_that(box, cable, run):
    wallbox = box()
    refused = []

    def judge(request):
        if request.startswith(OPTIONS) and not refused:
            refused.append(True)
            return REFUSED
        if refused and request[3:5] == b"10":
            os.kill(os.getpid(), signal.SIGINT)
        return True

    line = cable(judge, wallbox)
    code, said, complaint = run(line.path, *CHANGE)
    assert code == 1 and "Put back" in said and "refused" in complaint
    put_back(run, line, wallbox, complaint)


def test_only_the_first_signal_interrupts():
    with commission.Interrupts():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_locked_box_is_locked_again_after_a_failure_too(box, cable, run):
    wallbox = box()
    line = cable(once(lambda request: REFUSED if request.startswith(OPTIONS) else True), wallbox)
    assert console.main(["--port", line.path, "lock"]) == 0
    code, said, _ = run(line.path, *CHANGE)
    assert code == 1 and "Put back" in said
    assert wallbox.say("state")["code"] == "E0"


def test_a_box_that_cannot_be_put_back_is_named_with_what_to_do(box, cable, run, monkeypatch):
    monkeypatch.setattr(setup_mode, "RESTORE_S", 1)
    wallbox = box()
    gone = []

    def die(request):
        gone.extend([True] if request.startswith(OPTIONS) else [])
        return not gone

    code, said, complaint = run(cable(die, wallbox).path, *CHANGE)
    assert code == 1 and "COULD NOT PUT EVERYTHING BACK" in complaint and "supply off" in complaint


def test_it_is_a_command_that_asks(box):
    command = [sys.executable, "-m", "tools.charger.commission", "--port", box().link, *CHANGE]
    done = subprocess.run(command, cwd=ROOT, input="", capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "Type setup to do it" in done.stdout and "Not confirmed" in done.stdout and done.stderr == ""
