"""A simulated evening on MicroPython, from the exact files of a LoPy4: the same timeline as from the source on CPython."""
import pathlib

import pytest
from tests.micropython.test_on_micropython import ROOT, run_here
from tools.board import footprint
from tools.checks import micropython

HERE = pathlib.Path(__file__).resolve().parent
MINUTES = 160
# The simulated world; formatter, tariff and messages have stand-ins.
WORLD = ("time_on_air", "clock_server", "box_contactor", "downlink_queue", "chirpstack_queue", "network_kinds", "duty_cycle", "simulated_board",
         "kernel", "rs485_line", "link_budget", "mac_commands", "network", "panel", "end_device", "vehicle", "wallbox", "world", "__init__")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Firmware shrunken and compiled, and the unchanged world around it."""
    firmware = tmp_path_factory.mktemp("fw")
    footprint.compiled(footprint.small(), firmware, None)
    # Its constants are in the firmware where they are used; the world asks for them by name.
    (firmware / "hal" / "contract.mpy").unlink()
    found = {"/fw": firmware, "/fw/hal/contract.py": ROOT / "src" / "hal" / "contract.py",
             "/top/tests/micropython/stand_ins.py": HERE / "stand_ins.py", "/top/ttn/__init__.py": ROOT / "ttn" / "__init__.py"}
    for path in sorted((ROOT / "sim").rglob("*.py")):
        if path.stem in WORLD or path.stem.startswith("box_"):
            found[f"/top/{path.relative_to(ROOT).as_posix()}"] = path
    return found


def same_evening(folders, minutes):
    """The lines that both interpreters print for that many minutes."""
    expected = run_here("evening.py", str(minutes))
    code, output = micropython.run(HERE / "evening.py", folders, [str(minutes)])
    assert code == 0, output[-2000:]
    assert output.splitlines() == expected
    return expected


def test_the_first_half_hour_of_it_gives_the_same_timeline(folders):
    text = "\n".join(same_evening(folders, 31))
    for words in ("cause=power", "f_port=10 ", "f_port=11 ", "kind=bus_write register=20 "):
        assert words in text, words


@pytest.mark.long
def test_the_same_evening_gives_the_same_timeline(folders, evidence):
    lines = same_evening(folders, MINUTES)
    text = "\n".join(lines)
    # It must have been an evening: charged in the window, three ends of the firmware, commands answered, nothing crashed.
    for words in ("closed=True", "cause=power", "cause=watchdog", "cause=command", "f_port=10 ", "f_port=11 ", "f_port=12 ", "f_port=13 ", "code=F4",
                  "received=False", "kind=energy", "kind=bus_write register=20 "):
        assert words in text, words
    assert "crashed" not in text
    evidence(f"Lines of an evening's timeline, {MINUTES} minutes, alike from source on CPython and LoPy4 modules on MicroPython", len(lines))
