"""What the pages say to type works as printed: each command of a fenced block runs, or stands in a table with the reason why not here."""
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import pytest
from sim.live import typed_commands
from tests.choice import first
from tests.support import documents, scratch_tree
from tests.support.lines import Lines
from ttn.formatter import Formatter

ROOT = pathlib.Path(__file__).resolve().parents[3]
PATIENCE_S = 180
# (pattern of the whole command, why it does not run here and which test plays it)
ELSEWHERE = (
    (r"sudo .*|journalctl .*|ls -l /dev/serial/by-id/", "changes the machine; tests/system/test_newcomers.py types those of docs/linux.md"),
    (r"cd <its directory>|cd /opt/ev-charger-monitor.*|git clone <this repository>", "words of the reader's own stand in it"),
    (r"make settings BOARD=.*", "asks; tests/system/test_newcomers.py answers"),
    (r"cp src/config.py saved|git checkout src/config.py|git pull|make settings FROM=saved",
     "an edited config.py; tests/unit/tools/board/test_settings.py types them"),
    (r"make setup", "takes minutes; `make other-debian` does it"),
    (r"make (micropython|flash|logs) .*", "a board; tests/system/test_newcomers.py types them"),
    (r"make status .*|make hil PORT=.*", "a box; tests/unit/tools/charger/test_console.py, tests/system/test_hil.py"),
    (r"make hil-sim", "takes over a minute; tests/system/test_hil.py"),
    (r"make bridge .*", "asks for a key; tests/unit/home/test_bridge.py"),
    (r"make discovery .*|mosquitto_pub .*", "a broker; tests/home/test_entities.py, tests/system/test_run.py"),
    (r"curl .*", "the service with a token; tests/unit/home/api/test_commands_api.py"),
    (r"ttn-lw-cli .*", "a program and an account of The Things Stack"),
    (r"cd build/registration/.*|sed -i .*_ID/.*", "ids that a server of ChirpStack gives; tests/unit/tools/network/test_registration.py"),
    (r"podman .*", "a container's program; tests/unit/docs/test_page_doc.py"),
    (r".*build/by-hand.*", "three terminals; tests/unit/sim/test_modem_on_pty.py types them"),
)
# What runs until it is stopped: the words by which it is seen to live.
SERVERS = {"make run": "firmware  started"}


def printed():
    """[(page, command)] of all pages, each once."""
    found = {}
    for page in documents.pages():
        for _, language, lines in documents.blocks(page):
            if language not in documents.LANGUAGES:
                for command in documents.commands(lines):
                    found.setdefault(command, page.name)
    return [(page, command) for command, page in found.items()]


def is_typed(command):
    """Is it a line for `make run`?"""
    return typed_commands.parse(command)[0] is not None


def reason(command):
    """Why it does not run here, or None."""
    return next((why for pattern, why in ELSEWHERE if re.fullmatch(pattern, command)), None)


HERE = [(page, command) for page, command in printed() if not is_typed(command) and reason(command) is None]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The tree as somebody has it who has cloned it and set it up."""
    return scratch_tree.tree(tmp_path_factory.mktemp("clone"))


@pytest.mark.parametrize("page, command", HERE, ids=lambda value: value)
def test_a_command_of_the_pages_runs_as_printed(tree, page, command):
    (tree / "src" / "keys.py").unlink(missing_ok=True)      # each board's path begins with keys of its own
    with subprocess.Popen(command, cwd=tree, shell=True, env=scratch_tree.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, start_new_session=True) as process:
        if command not in SERVERS:
            said = process.communicate(timeout=PATIENCE_S)[0]
            assert process.returncode == 0, said
            return
        said = next((line for line in process.stdout if SERVERS[command] in line), None)
        stop(process)
    assert said is not None


def stop(process):
    """Ctrl-C to all of it, as a terminal does."""
    os.killpg(process.pid, signal.SIGINT)
    until_s = time.monotonic() + PATIENCE_S
    for _ in process.stdout:
        assert time.monotonic() < until_s


def test_lines_for_make_run_are_requests_that_the_formatter_takes(evidence):
    lines = [command for _, command in printed() if is_typed(command)]
    for line in lines:
        event, _ = typed_commands.parse(line)
        for data in [event["request"]] if "request" in event else [item["decoded_payload"] for item in event.get("downlinks", [])]:
            assert "errors" not in Formatter().encode_downlink(dict(data, id=1) if "request" in event else data, utc_s=1775286000), line
    told = [command for _, command in printed() if reason(command)]
    evidence("commands in fenced blocks of the pages: run as printed, typed into make run, left to another test or to the reader with a reason",
             f"{len(HERE)}, {len(lines)}, {len(told)}", "each is one of these")
    assert len(lines) >= 3 and len(HERE) >= 3


def test_every_reason_is_needed_and_names_tests_that_exist():
    commands = [command for _, command in printed()]
    for pattern, why in ELSEWHERE:
        assert any(re.fullmatch(pattern, command) for command in commands), pattern
        for path in re.findall(r"tests/[\w/]+\.py", why):
            assert (ROOT / path).is_file(), path


# --- in the text


def inline():
    """[(page, command)] in `code` of the text that begins with Python or make."""
    found = []
    for page in documents.pages():
        if page.name == "evidence.md":
            continue    # its commands are those of the commits that it tells of
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.S | re.M)
        found += [(page.name, code) for code in re.findall(r"`([^`\n]+)`", text) if re.match(r"(\S*python3? -m |make [a-z])", code)]
    return found


def test_a_module_is_started_from_the_virtual_environment_and_exists():
    for page, command in inline():
        module = re.match(r"(\S*python3?) -m (?!venv)([\w.]+)", command)
        if module:
            assert module[1] == ".venv/bin/python", (page, command)
            path = ROOT / module[2].replace(".", "/")
            assert module[2] in ("pytest", "mpremote") or path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), (page, command)


def test_every_make_target_in_the_pages_exists():
    targets = set(re.findall(r"^([a-z][\w-]*(?: [a-z][\w-]*)*):", (ROOT / "Makefile").read_text(), re.M))
    known = {name for names in targets for name in names.split()}
    for page, command in [*inline(), *printed()]:
        found = re.match(r"make ([a-z][\w-]*)", command)
        if found:
            # `make fmt` and `make validate` are those of another repository.
            assert found[1] in known | {"fmt", "validate"}, (page, command)


# Commands of the text that run here as they are; the port is that of the simulated box.
QUICK = {
    "make build BOARD=esp32": "slot",
    "make package APP=my-app DEV=wallbox": "ev_charger.yaml",
    "make status PORT=/dev/ttyUSB0": "no car",
    ".venv/bin/python -m tools.charger.commission --port /dev/ttyUSB0": "start-after-power-cycle",
}


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    """The port of a simulated box."""
    link = tmp_path_factory.mktemp("box") / "ttyUSB0"
    served = Lines([sys.executable, "-m", "sim", "charger", "--link", str(link)])
    served.until(lambda line: line.startswith("ready"))
    yield str(link)
    served.end()


@pytest.mark.parametrize("command", first(list(QUICK)[::-1], 3))
def test_a_quick_command_of_the_text_runs_as_printed(tree, box, command):
    assert command in [printed for _, printed in inline()]
    done = subprocess.run(command.replace("/dev/ttyUSB0", box), shell=True, cwd=tree, env=scratch_tree.environment(), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0 and QUICK[command] in done.stdout, done.stdout + done.stderr


def programs():
    """{(module, its own command or ''): options} of what the text starts."""
    found = {}
    for _, command in inline():
        words = re.match(r"\.venv/bin/python -m ((?:sim|home|tools)[\w.]*)(?: ([a-z]+))?", command)
        if words:
            found.setdefault((words[1], words[2] or ""), set()).update(re.findall(r"--[a-z][\w-]*", command))
    return {words: options for words, options in found.items() if options}


@pytest.mark.parametrize("module, own", programs(), ids=lambda value: value)
def test_a_program_knows_the_options_that_the_pages_give_it(module, own):
    done = subprocess.run([sys.executable, "-m", module, *([own] if own else []), "--help"], cwd=ROOT, env=scratch_tree.environment(),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    assert sorted(option for option in programs()[module, own] if option not in done.stdout) == []


def test_what_is_said_to_a_person_names_the_virtual_environment_too():
    """A sentence of a tool that says what to type works as the pages do."""
    said = []
    for room in ("home", "sim", "tools"):
        for path in (ROOT / room).rglob("*.py"):
            said += [(path.name, line.strip()) for line in path.read_text().splitlines()
                     if re.search(r"(?:Type: +|: +|`)python3? -m (?:home|sim|tools)", line) and "prog=" not in line and '"""' not in line]
    assert [one for one in said if "`" not in one[1]] == []
