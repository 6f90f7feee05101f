"""make settings: what it asks and writes, what it takes over from an edited config.py, and the recipe of the page for that."""
import os
import pathlib
import runpy
import subprocess

import config
import pytest
from tests.support import documents, scratch_tree
from tools.board import settings

ROOT = pathlib.Path(__file__).resolve().parents[4]
OLD = ROOT / "tests" / "vectors" / "config_6457bea.py"      # of the last commit whose config.py was edited
# What an owner may have made of it.
EDITS = (("REGION = 'AU915'", "REGION = 'EU868'"), ("EN1 = None", "EN1 = 'relay'"), ("TIMEZONE = 'UTC0'", "TIMEZONE = 'CET-1CEST,M3.5.0,M10.5.0/3'"),
         ("PLAN = []", "NIGHT = {'days': 'daily', 'from': '22:00', 'to': '05:00'}\nPLAN = [NIGHT, dict(NIGHT, days='sun', to='06:00')]"),
         ("BUS_DE_PIN = 3 ", "BUS_DE_PIN = None "), ("WATCHDOG_S = 60", "WATCHDOG_S = 60 // 2"))
MADE = {"REGION": "EU868", "EN1": "relay", "TIMEZONE": "CET-1CEST,M3.5.0,M10.5.0/3", "BUS_DE_PIN": None, "WATCHDOG_S": 30,
        "PLAN": [{"days": "daily", "from": "22:00", "to": "05:00"}, {"days": "sun", "from": "22:00", "to": "06:00"}]}


def edited(text):
    for before, after in EDITS:
        assert text.count("\n" + before) == 1, before
        text = text.replace("\n" + before, "\n" + after)
    return text


def values(path):
    return {name: value for name, value in runpy.run_path(str(path)).items() if name in config.NAMES}


@pytest.fixture
def make(tmp_path, monkeypatch, capsys):
    """make(answers, *arguments): (exit status, the settings written or None, what it said); as shipped, no region is chosen."""
    monkeypatch.setattr(config, "REGION", None)
    target = tmp_path / "local_config.py"

    def run(answers, *arguments):
        left = iter(answers)
        monkeypatch.setattr("builtins.input", lambda prompt: print(prompt, end="") or next(left, None) or (_ for _ in ()).throw(EOFError))
        code = settings.main([*arguments, "--to", str(target)])
        told = capsys.readouterr()
        return code, values(target) if target.exists() else None, told.out + told.err

    run.target = target
    return run


EUROPE = (" ", "eu868", "rak3172", "key", "1", "none", "Europe/Berlin", "daily 22:00-05:00 16A 8kWh")


def test_what_is_asked_is_checked_and_written(make):
    answers = ["esp32", "200", "32", "AUS", "au915", "9", "2", "wio", "wio_e5", "door", "key", "4", " ", "40", "20",
               "UTC+10", "Atlantis", "Australia/Sydney", "at night", "mon-fri 22:00-07:00 16A; sat 8:00-9:30"]
    code, written, said = make(answers)
    assert code == 0 and written == {"REGION": "AU915", "EN1": "key", "CURRENT_LIMIT_A": 20, "TIMEZONE": "AEST-10AEDT,M10.1.0,M4.1.0/3",
                                     "PLAN": [{"days": "mon-fri", "from": "22:00", "to": "07:00", "current_a": 16},
                                              {"days": "sat", "from": "08:00", "to": "09:30"}]}
    for words in ("must be 'AU915'", "SUB_BAND is 9", "RADIO_MODEM is 'wio'", "EN1 is 'door'", "PHASES is 4", "rated for 32 A",
                  "ten hours west", "Atlantis", "a plan is days"):
        assert words in said, words
    # It does not send to itself, and a plan is refused in the words of its own question.
    assert "asks for it" not in said and "with ; between, or none" in said and ", or off" not in said


def test_which_board_is_which_is_asked_in_the_owner_s_words_and_the_last_line_is_the_next_command(make):
    said = make(["rp2", *EUROPE])[2]
    assert all(words in said for words in ("esp32: XIAO and every other ESP32", "rp2: Pico", "linux: Raspberry Pi"))
    assert said.endswith("\nNext:  make keys BOARD=rp2\n")
    make.target.with_name("keys.py").touch()
    assert "Next:" not in make(["rp2", *EUROPE])[2]


def test_typed_again_it_begins_from_what_is_there_and_keeps_what_it_does_not_ask_for(make):
    make.target.write_text("REGION = 'EU868'\nKEEP_ALIVE = True\nPLAN = [{'days': 'daily', 'from': '22:00', 'to': '05:00', 'kwh': 8}]\n")
    code, written, said = make([" "] * 20, "--board", "rp2")
    assert code == 0 and (written["REGION"], written["KEEP_ALIVE"], written["PLAN"][0]["kwh"]) == ("EU868", True, 8)
    assert "[daily 22:00-05:00 8kWh]" in said and written["BUS_TX_PIN"] == 0 and written["WATCHDOG_S"] == 8


@pytest.mark.parametrize("answers", [[], ["16"], ["16", "EU868", "wio_e5"]])
def test_answers_that_end_write_nothing(make, answers):
    code, written, said = make(answers, "--board", "esp32")
    assert (code, written) == (1, None) and "nothing was written" in said


def test_a_limit_over_32_a_needs_a_box_that_is_rated_for_it():
    assert settings.current_error(40, 32) and not settings.current_error(40, 63) and not settings.current_error(None, 16)


def test_an_edited_config_is_taken_over_whole_and_what_is_no_setting_any_more_is_named(make, tmp_path):
    (tmp_path / "saved").write_text(edited(OLD.read_text()).replace("KEEP_ALIVE = False", "KEEP_ALIVE = False\nBEEP = True"))
    code, written, said = make([], "--from", str(tmp_path / "saved"))
    assert (code, written) == (0, MADE) and "BEEP is no setting" in said
    code, again, said = make([], "--from", str(tmp_path / "saved"))
    assert (code, again) == (1, MADE) and "stays as it is" in said


def test_one_who_changed_nothing_keeps_the_region_that_was_the_default(make):
    assert make([], "--from", str(OLD))[1] == {"REGION": "AU915"}


def test_a_saved_file_that_is_broken_or_missing_is_told(make, tmp_path):
    (tmp_path / "saved").write_text("REGION = \n")
    for name, words in (("saved", "cannot be read: SyntaxError"), ("lost", "No such file")):
        code, written, said = make([], "--from", str(tmp_path / name))
        assert (code, written) == (1, None) and words in said


def git(place, *arguments, fails=False):
    done = subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments], cwd=place, capture_output=True, text=True)
    assert fails == bool(done.returncode), done.stderr
    return done.stdout + done.stderr


def test_an_update_over_an_edited_config_loses_nothing_by_the_recipe_of_the_page(tmp_path, evidence):
    upstream, mine = scratch_tree.tree(tmp_path / "upstream"), tmp_path / "mine"
    today = (upstream / "src" / "config.py").read_text()
    (upstream / "src" / "config.py").write_text(OLD.read_text())
    git(upstream, "init", "-q", "-b", "main")
    git(upstream, "add", "-A")
    git(upstream, "commit", "-qm", "before")
    git(tmp_path, "clone", "-q", str(upstream), str(mine))
    (mine / "src" / "config.py").write_text(edited(OLD.read_text()))
    (upstream / "src" / "config.py").write_text(today)
    git(upstream, "commit", "-qam", "after")
    assert "would be overwritten" in git(mine, "pull", "-q", fails=True) and values(mine / "src" / "config.py") == {**values(OLD), **MADE}
    blocks = documents.blocks(ROOT / "docs" / "flashing.md", "Settings of the site")
    commands = documents.commands(blocks[0][2])
    assert commands[-1] == "make settings FROM=saved" and len(commands) == 4
    (mine / ".venv").exists() or os.symlink(ROOT / ".venv", mine / ".venv")
    for command in commands:
        done = subprocess.run(command, shell=True, cwd=mine, env=scratch_tree.environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    lost = [name for name, value in MADE.items() if values(mine / "src" / "local_config.py").get(name) != value]
    assert (mine / "src" / "config.py").read_text() == today and "local_config" not in git(mine, "status", "--short")
    evidence("an update over settings in config.py by the recipe of docs/flashing.md: settings lost, of those changed", f"{len(lost)} of {len(MADE)}",
             "0")
    assert lost == []
