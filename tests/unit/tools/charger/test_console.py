"""tools/charger/console.py on the simulated box: its commands, its words for people, and its output for scripts."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest
from app.evse import states
from modbus import charger, registers, transaction
from tools.charger import actions, console, explain, watch

from tests.choice import first
from tests.support.fake_bus import telegram

pytest_plugins = ["tests.support.charger_process"]
pytestmark = pytest.mark.usefixtures("quick")
ROOT = pathlib.Path(__file__).resolve().parents[4]
STATUS = "01030A2E"


@pytest.fixture
def run(capsys):
    """run(path, *words) -> (exit status, what was printed, what was complained about)."""

    def typed(path, *words):
        code = console.main(["--port", str(path), *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return typed


@pytest.fixture
def fast(monkeypatch):
    """Patience for a box that will not do it anyway."""
    monkeypatch.setattr(transaction, "RESPONSE_MS", 60)
    for name in ("CONFIRM_S", "LEAVE_C_S", "RESET_S", "PASSES_S", "RESET_SETTLES_S"):
        monkeypatch.setattr(actions, name, 0.2)


@pytest.fixture
def often(monkeypatch):
    """Readings at a quicker pace."""
    monkeypatch.setattr(charger, "READ_EVERY_MS", 200)


def charge(wallbox):
    wallbox.say("plug")
    wallbox.say("key on")
    wallbox.until(code="C2", contactor=True)


# --- status


def test_status_tells_what_the_box_says_in_words(box, run):
    wallbox = box()
    code, said, _ = run(wallbox.link, "status")
    assert code == 0
    assert said.startswith("Not Connected (A1): no car is plugged in\n")
    assert "32.0 A allowed" in said and "why      No car is plugged in." in said


def test_status_of_a_charging_car_has_currents_and_power(box, run):
    wallbox = box()
    charge(wallbox)
    said = run(wallbox.link, "status")[1]
    assert said.startswith("Charging (C2)")
    assert "L1 16.0 A, L2 16.0 A, L3 16.0 A; about 11.0 kW" in said
    assert "why" not in said


def test_status_for_programs_has_the_payloads_names(box, run):
    wallbox = box("--model", "1W11", "--no-meter")
    wallbox.say("plug")
    wallbox.until(code="B1")
    code, said, _ = run(wallbox.link, "--json", "status")
    told = json.loads(said)
    assert code == 0 and said.count("\n") == 1
    assert (told["state"], told["code"], told["status"], told["reason"]) == ("Connected and Locked", "B1", "waiting", "waits_for_key")
    assert (told["ev_connected"], told["enable_input"], told["current_a"], told["fault"]) == (True, False, None, None)
    assert told["current_limit_a"] == 16.0 and told["paused"] is False and told["id"] == 1
    assert run(wallbox.link, "status", "--json")[1] == said


def test_another_master_on_the_bus_is_mentioned(cable, run, monkeypatch):
    monkeypatch.setattr(transaction, "RESPONSE_MS", 60)
    monkeypatch.setattr(transaction, "TALKER_MS", 100)

    def with_another(request):
        return telegram(":", "010300040001") + telegram(">", STATUS + "A1110B03E803E803E8") if b"002E" in request else None

    assert "another master" in run(cable(with_another).path, "status")[1]


# --- commands


def test_lock_and_unlock_are_read_back(box, run):
    wallbox = box()
    assert run(wallbox.link, "lock")[:2] == (0, "Locked. The box acknowledged it, and it reads E0.\n")
    assert wallbox.say("state")["code"] == "E0"
    assert run(wallbox.link, "lock")[:2] == (0, "Nothing sent: it is locked already (E0).\n")
    assert run(wallbox.link, "unlock")[0] == 0
    assert wallbox.say("state")["code"] == "A1"
    code, said, _ = run(wallbox.link, "unlock")
    assert code == 0 and said.startswith("Nothing sent: it is not locked.")


def test_locking_a_charging_car_takes_the_current_away_first_and_gives_the_limit_back(box, cable, run):
    wallbox = box()
    line = cable(lambda request: True, wallbox)
    run(line.path, "limit", "10")
    charge(wallbox)
    line.requests.clear()
    code, said, _ = run(line.path, "lock")
    assert code == 0 and said.startswith("Locked.")
    writes = [request[5:17] for request in line.requests if request[3:5] == b"10"]
    assert writes == [b"001400010203", b"0005000102E0", b"001400010200"]
    assert wallbox.say("state")["limit_a"] == 9.96


def test_a_limit_is_read_back(box, run):
    wallbox = box("--model", "1W11")
    assert run(wallbox.link, "limit", "10")[:2] == (0, "10 A allowed. The box acknowledged it, and its limit reads 166 (166 was sent).\n")
    assert wallbox.say("state")["limit_a"] == 9.96
    code, said, _ = run(wallbox.link, "limit", "20")
    assert code == 1 and said == "Nothing sent: this box can do 16.0 A at most.\n"
    assert wallbox.say("state")["limit_a"] == 9.96


@pytest.mark.parametrize("amperes", ["5", "81", "-6", "0"])
def test_a_limit_that_is_none_is_wrong_usage(box, run, amperes):
    assert run(box().link, "limit", amperes)[0] == 2


def test_pause_and_resume_give_the_old_limit_back(box, run):
    wallbox = box()
    run(wallbox.link, "limit", "10")
    charge(wallbox)
    code, said, _ = run(wallbox.link, "pause")
    assert code == 0 and said.startswith("Paused: no current allowed.") and "reads B2" in said
    told = json.loads(run(wallbox.link, "status", "--json")[1])
    assert (told["state"], told["reason"], told["paused"], told["current_limit_a"]) == ("Connected and Locked", "stopped", True, 0.0)
    assert run(wallbox.link, "resume")[:2] == (0, "Resumed: 10.0 A allowed. The box acknowledged it, and its limit reads 166 (166 was sent).\n")
    wallbox.until(code="C2")
    code, said, _ = run(wallbox.link, "resume")
    assert code == 0 and said.startswith("Nothing sent: it is not paused")


def test_a_reset_of_an_empty_box_ends_in_a1(box, run):
    wallbox = box()
    run(wallbox.link, "limit", "10")
    code, said, _ = run(wallbox.link, "reset")
    assert code == 0 and said.startswith("Reset. The box acknowledged it.")
    assert wallbox.say("state")["limit_a"] == 31.98


def test_a_reset_with_a_car_waits_for_more_than_the_a1_on_the_way(box, run):
    wallbox = box()
    wallbox.say("plug")
    wallbox.until(code="B1")
    code, said, _ = run(wallbox.link, "reset")
    assert code == 0 and "A1" not in said


def test_a1_on_the_way_to_b1_is_not_the_end_of_a_reset(cable, run, fast):
    sent = []

    def judge(request):
        if request[3:5] == b"10":
            sent.append(request)
            return telegram(">", "011000050001")
        sent.extend([b""] if sent else [])
        return telegram(">", STATUS + ("A1110B" if len(sent) == 2 else "B1910B") + "03E803E803E8") if b"002E" in request else None

    code, said, _ = run(cable(judge).path, "reset")
    assert code == 1 and said.startswith("Not as it should be after a reset.") and "B1" in said


@pytest.mark.parametrize("command", ["lock", "unlock", "reset"])
@pytest.mark.parametrize("fault", sorted(states.NEVER_CLEARED)[::3])
def test_faults_for_a_person_at_the_box_are_left_alone(cable, run, command, fault):
    line = cable(lambda request: telegram(">", f"{STATUS}{fault:02X}110B03E803E803E8"))
    code, said, complaint = run(line.path, command)
    assert code == 1 and said == "" and "Somebody has to look at the box" in complaint
    assert all(request[3:5] == b"03" for request in line.requests)


@pytest.mark.parametrize("command, verdict", [
    ("lock", "Not locked"), ("reset", "No sign of a reset"), ("pause", "Not done"), ("unlock", "Not unlocked")])
@pytest.mark.parametrize("answer, words", first([(telegram(">", "019004"), "refused it"), (None, "did not acknowledge it")]))
def test_a_write_without_effect_is_a_failure_that_says_what_was_seen(box, cable, run, fast, command, verdict, answer, words):
    wallbox = box()
    if command == "unlock":
        run(wallbox.link, "lock")
    line = cable(lambda request: request[3:5] == b"03" or answer, wallbox)
    code, said, _ = run(line.path, command)
    assert code == 1 and said.startswith(verdict) and words in said
    assert sum(request[3:5] == b"10" for request in line.requests) == 1


def test_a_write_without_acknowledgement_but_with_effect_is_done(box, cable, run, monkeypatch):
    wallbox = box()
    done = []

    def lose_the_answer(request):
        if request[3:5] != b"10":
            return True
        done.append(os.write(line._upstream, telegram(":", "01100005000102E0E0")))
        time.sleep(0.1)
        os.read(line._upstream, 4096)
        return None

    line = cable(lose_the_answer, wallbox)
    code, said, _ = run(line.path, "lock")
    assert (code, said) == (0, "Locked. The box did not acknowledge it, and it reads E0.\n")
    assert len(done) == 1


def test_a_box_that_does_not_tell_its_limit_is_believed_when_it_acknowledges(box, cable, run, fast):
    line = cable(lambda request: b"000F" not in request, box())
    code, said, _ = run(line.path, "limit", "10")
    assert code == 0 and "not read back" in said
    code, said, _ = run(line.path, "resume")
    assert code == 1 and "limit 16" in said
    assert "this box does not tell more" in run(line.path, "status")[1]


def test_a_cable_pulled_in_the_middle_of_a_command_is_a_failure_in_words(box, cable, run):
    line = cable(lambda request: request[3:5] == b"03" or line.pull(), box())
    code, said, complaint = run(line.path, "lock")
    assert (code, said) == (1, "") and "has gone" in complaint


# --- registers, identity, find


def test_all_readable_registers_of_the_map_are_listed_raw_and_decoded(box, run):
    wallbox = box()
    code, said, _ = run(wallbox.link, "--json", "registers")
    listed = {int(one["address"], 16): one for one in json.loads(said)}
    readable = {one[registers.ADDRESS]: one for one in registers.REGISTERS if one[registers.ACCESS] & registers.READ}
    assert code == 0 and set(listed) == set(readable)
    for address, register in readable.items():
        assert len(listed[address]["raw"]) == register[registers.WORDS]
        assert set(listed[address]["values"]) == {field[registers.NAME] for field in register[registers.FIELDS]}
    said = run(wallbox.link, "registers")[1]
    assert "0x002E status    2EA1 0215 03E8 03E8 03E8\n    code                      A1  (no car is plugged in)" in said
    assert "limit_duty                53.3 %  (32.0 A)" in said


def test_registers_may_be_named_and_silence_fails(box, run, fast):
    code, said, _ = run(box().link, "registers", "0x0003:1", "46", "0x0013:1")
    assert code == 1
    assert said.startswith("0x0003") and " 0327" in said and "0x002E status" in said and said.endswith("0x0013           no answer\n")


@pytest.mark.parametrize("address", ["0x1FFFF:1", "green", "0x0013", "0x0013:0", "0x0013:126", "-1:2", "0x"])
def test_an_address_that_is_none_is_wrong_usage(run, address):
    assert run("nowhere", "registers", address)[0] == 2


def test_identity_names_the_box(box, run):
    wallbox = box("--id", "3")
    code, said, _ = run(wallbox.link, "--id", "3", "identity", "--json")
    told = json.loads(said)
    assert code == 0
    assert (told["id"], told["model"], told["serial"], told["firmware"], told["hardware"]) == (3, "2W22xy", "01234567", "1.3", "170725")
    assert (told["meter"], told["enable_mode"], told["upstream_timeout"], told["start_after_power_cycle"]) == (True, "closed_to_start", False, True)
    assert "start after power cycle   yes" in run(wallbox.link, "--id", "3", "identity")[1]


def test_identity_of_a_box_that_tells_less(cable, run, fast):
    line = cable(lambda request: telegram(">", "010304014150BE") if b"0001" in request[:9] else None)
    code, said, _ = run(line.path, "identity")
    assert code == 0 and "model                     not told" in said and "firmware                  5.0" in said


def test_find_prints_the_id(box, run, fast):
    assert run(box("--id", "9").link, "find")[:2] == (0, "id 9\n")


def test_find_without_a_box_fails_in_words(cable, run, fast, monkeypatch):
    monkeypatch.setattr(console.seek, "LISTEN_S", 0.1)
    code, said, complaint = run(cable(lambda request: None).path, "find")
    assert (code, said) == (1, "") and "asking each id" in complaint and "Has the box power?" in complaint


# --- watch


def test_watch_prints_a_line_for_each_change_and_nothing_else(box, run, often):
    wallbox = box()
    later = threading.Timer(1, lambda: charge(wallbox))
    later.start()
    code, said, _ = run(wallbox.link, "watch", "--for", "4")
    later.join()
    lines = [line[10:] for line in said.splitlines()]
    assert code == 0 and lines[0][:2] == "A1" and lines[-1][:2] == "C2" and len(lines) <= 6
    assert all(one != another for one, another in zip(lines, lines[1:], strict=False))


def test_watch_for_programs_and_through_silence(box, cable, run, often, monkeypatch):
    monkeypatch.setattr(watch, "SILENT_MS", 800)
    monkeypatch.setattr(transaction, "RESPONSE_MS", 60)
    began = time.monotonic()
    line = cable(lambda request: not 1.5 < time.monotonic() - began < 3.5, box())
    code, said, _ = run(line.path, "--json", "watch", "--for", "4.5")
    told = [json.loads(one)["status"] for one in said.splitlines()]
    assert code == 0 and told == ["not_connected", "unreachable", "not_connected"]


def test_watch_lives_through_a_pulled_cable(box, cable, run, often):
    wallbox = box()
    pulled = []

    def pull_once(request):
        if len(line.requests) < 8 or pulled:
            return True
        pulled.append(True)
        line.pull()
        threading.Timer(1.2, line.plug).start()
        return None

    line = cable(pull_once, wallbox)
    said = run(line.path, "watch", "--for", "5")[1]
    assert [one[10:].split(",")[0] for one in said.splitlines()] == ["A1  Not Connected", f"{line.path} has gone", "A1  Not Connected"]


def test_watch_of_a_box_without_limits_still_tells(box, cable, run, monkeypatch):
    monkeypatch.setattr(transaction, "RESPONSE_MS", 60)
    line = cable(lambda request: b"000F" not in request, box())
    assert "A1  Not Connected" in run(line.path, "watch", "--for", "2")[1]


def test_a_change_that_does_not_show_in_a_line_is_only_for_programs(cable, run, monkeypatch):
    first = facts(0xC2)
    monkeypatch.setattr(watch, "changes", lambda client, seconds: (
        watch.Change("state", explain.describe(one), one) for one in (first, first._replace(limits=(267, 267, 267, 267)))))
    line = cable(lambda request: telegram(">", STATUS + "C2910B03E803E803E8"))
    assert len(run(line.path, "watch")[1].splitlines()) == 1
    assert len(run(line.path, "watch", "--json")[1].splitlines()) == 2


def test_small_changes_of_current_are_no_news():
    told = {"code": "C2", "current_a": [16.0, None, 0.0], "power_kw": 3.7}
    assert not watch.differs(dict(told, current_a=[15.8, None, 0.3], power_kw=3.6), told)
    assert watch.differs(dict(told, current_a=[15.0, None, 0.0]), told)
    assert watch.differs(dict(told, current_a=[16.0, 1.0, 0.0]), told)
    assert watch.differs(dict(told, current_a=None), told)
    assert watch.differs(dict(told, code="B2"), told)


# --- usage


@pytest.mark.parametrize("arguments, words", [
    ((), "COMMAND"), (("status",), "--port is missing"), (("--port", "x", "dance"), "dance"), (("--port", "x", "limit"), "amperes"),
    (("--port", "x", "limit", "much"), "much"), (("--port", "x", "--id", "17", "status"), "1 to 16"),
    (("--port", "x", "--id", "0", "status"), "1 to 16"), (("--port", "x", "watch", "--for", "-1"), "--for"),
    (("--port", "x", "watch", "--for", "nan"), "--for")])
def test_wrong_usage_says_what_to_give(capsys, arguments, words):
    assert console.main(list(arguments)) == 2
    assert words in capsys.readouterr().err


def test_an_error_for_programs_is_an_object(run, tmp_path):
    code, said, complaint = run(tmp_path / "none", "status", "--json")
    assert code == 1 and json.loads(said)["error"] == "port_missing" and "There is no port" in complaint


@pytest.mark.parametrize("command", first(console.COMMANDS, 5))
def test_every_command_on_a_silent_bus_fails_in_words(cable, run, fast, monkeypatch, command):
    monkeypatch.setattr(console.seek, "LISTEN_S", 0.1)
    line = cable(lambda request: None)
    code, said, complaint = run(line.path, command, *(["10"] if command == "limit" else []))
    assert (code, said) == (1, "") and "Has the box power?" in complaint
    assert all(request[3:5] in (b"03", b"02") or request[:1] == b"!" for request in line.requests)


def test_it_is_a_command_that_ctrl_c_ends(box):
    wallbox = box()
    process = subprocess.Popen([sys.executable, "-m", "tools.charger.console", "--port", wallbox.link, "watch"], cwd=ROOT, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    assert "Not Connected" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=20)
    assert (process.returncode, said) == (0, ("", ""))


def test_a_reader_that_goes_away_leaves_no_traceback(box):
    wallbox = box()
    command = f"{sys.executable} -m tools.charger.console --port {wallbox.link} registers | head -1"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("0x0001") and done.stderr == ""


# --- words


def facts(code, **changes):
    reading = registers.Reading()
    word = 0x8000 if code < 0xE0 and code != 0xA1 else 0
    reading.update(bytes((0x2E, code, word >> 8 | changes.get("en1", 0) << 4 | 1, 0x0B)) + b"\x03\xe8" * 3, 0)
    device = {"enable_mode": changes.get("mode", "none"), "meter": changes.get("meter", True)}
    data = bytes((6, code, 0, 0x10 if changes.get("held") else 0))
    system = registers.decode(registers.find(registers.SYSTEM), data)
    return explain.Facts(reading, changes.get("limits", (267, 267, 267, 0)), device, system)


@pytest.mark.parametrize("code", range(256))
def test_every_code_has_words(code):
    told = explain.describe(facts(code))
    assert told["why"] and told["state"] and told["text"]
    assert (told["status"] == "fault") == (code >= 0xF0)
    assert explain.lines(told, facts(code))


def test_every_documented_code_has_words_of_its_own():
    assert set(explain.CODE_TEXTS) == {row[0] for row in states.TABLE}
    assert len(set(explain.CODE_TEXTS.values())) == len(states.TABLE)


@pytest.mark.parametrize("told, reason, words", [
    (facts(0xB1, mode="closed_to_start"), "waits_for_key", "The key is off"),
    (facts(0xB1, mode="closed_to_start", en1=1), "starting", "should get permission"),
    (facts(0xB1, held=True), "waits_for_key", "withholds"),
    (facts(0xB1, limits=(267, 267, 1000, 0)), "stopped", "paused"),
    (facts(0xB2, limits=(267, 267, 1000, 0)), "stopped", "paused"),
    (facts(0xB2), "vehicle_paused", "up to the car"),
    (facts(0xE0, mode="closed_to_enable"), "locked", "EN1"),
    (facts(0xE0, mode="closed_to_enable", en1=1), "locked", "unlock"),
    (facts(0xE2), "setup", "setup mode"),
    (facts(0xF4), "fault", "Nobody polled it"),
    (facts(0xF9), "fault", "Somebody has to look"),
    (facts(0x00), "fault", "no document")])
def test_why_a_car_does_not_charge(told, reason, words):
    assert explain.why(told)[0] == reason
    assert words in explain.why(told)[1]


def test_currents_that_are_not_known_say_why():
    def row(told):
        return next(line for line in explain.lines(explain.describe(told), told) if line.startswith("  current"))

    assert "no meter" in row(facts(0xC2, meter=False))
    assert "says nothing" in row(facts(0xC2))
    assert "this state" in row(facts(0xA1))
