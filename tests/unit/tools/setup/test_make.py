"""Error messages of make, and the set-up on machines that lack something."""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from tests.choice import first

ROOT = pathlib.Path(__file__).resolve().parents[4]


def make(*arguments):
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "ARGS", "PORT", "BOARD")}
    return subprocess.run(["make", *arguments], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def test_make_alone_lists_what_there_is():
    said = make().stdout
    targets = ("run test test-home lint bench soak evidence mutants setup keys build micropython flash console logs hil hil-sim discovery package"
               " bridge guard device-repository newest-home other-debian")
    for target in targets.split():
        assert f"  make {target}" in said


@pytest.mark.parametrize(
    "arguments, words",
    first([
        (["build"], "make build BOARD=lopy4"),
        (["flash"], "make flash BOARD=lopy4 PORT=/dev/ttyUSB0"),
        (["flash", "BOARD=lopy4"], "make flash BOARD=lopy4 PORT=/dev/ttyUSB0"),
        (["flash", "BOARD=esp32"], "make flash BOARD=esp32 PORT=/dev/ttyACM0"),
        (["flash", "BOARD=rp2"], "make flash BOARD=rp2 PORT=/dev/ttyACM0"),
        (["flash"], "esp32 (XIAO) or rp2 (Pico) or lopy4"),
        (["flash", "PORT=/dev/ttyACM1"], "make flash BOARD=lopy4 PORT=/dev/ttyACM1"),
        (["micropython"], "make micropython BOARD=esp32 PORT=/dev/ttyACM0"),
        (["micropython"], "esp32 (XIAO) or rp2 (Pico)."),
        (["micropython", "BOARD=rp2"], "make micropython BOARD=rp2 PORT=/dev/ttyACM0"),
        (["micropython", "BOARD=lopy4", "PORT=/dev/none"], "Pycom's updater"),
        (["hil"], "make hil PORT=/dev/ttyUSB0"),
        (["hil", "PORT=/dev/none"], "There is no port /dev/none"),
        (["hil", "PORT=/dev/none", "CONTROL=yes"], "CONTROL=1"),
        (["hil", "PORT=/dev/none", "MINUTES=long"], "MINUTES=10"),
        (["discovery"], "make discovery APP=my-app DEV=wallbox"),
        (["package", "APP=my-app"], "make package APP=my-app DEV=wallbox"),
        (["discovery", "APP=My App", "DEV=wallbox"], "'My App' is no id of The Things Stack"),
        (["package", "APP=my-app", "DEV=wallbox", "MORNING=25:00", "OUT=build/none"], "'25:00' is no time of day"),
        (["bridge", "APP=my-app", "DEV=wallbox", "CLUSTER=eu1", "LISTEN=127.0.0.1:99999"], "'99999' is no port"),
        (["bridge", "APP=my-app", "DEV=wallbox", "CLUSTER=eu1", "FOR=home-assistant", "GUARD=1"], "GUARD=1 stands before Home Manager"),
        (["guard", "APP=My App"], "'My App' is no id of The Things Stack"),
        (["discovery", "APP=my-app", "DEV=wallbox", "BROKER=127.0.0.1:1"], "no broker answers on 127.0.0.1:1"),
        (["status"], "make status PORT=/dev/ttyUSB0"),
        (["console"], "make console PORT=/dev/ttyUSB0"),
        (["logs"], "make logs PORT=/dev/ttyUSB0"),
        (["bridge", "NETWORK=chirpstak", "APP=my-app"], "NETWORK=chirpstak is no network"),
        (["bridge"], "make bridge APP=my-app DEV=wallbox CLUSTER=eu1"),
        (["bridge", "APP=ev-charger", "DEV=wallbox", "CLUSTER=mars"], "eu1, nam1, au1"),
        (["bridge", "APP=ev-charger", "DEV=wallbox", "CLUSTER=eu1", "KEY=NNSXS.A.B"], "KEY_FILE="),
        (["bridge", "APP=ev-charger", "DEV=wallbox", "CLUSTER=eu1", "OUT=build/none"], "application -> API keys"),
        (["guard"], "make guard APP=my-app"),
        (["soak", "MINUTES=long"], "MINUTES=60"),
        (["soak", "MINUTES="], "MINUTES=60"),
    ], 14),
)
def test_a_missing_or_wrong_argument_says_what_to_give(arguments, words):
    result = make(*arguments)
    assert result.returncode == 2 and words in result.stderr + result.stdout


@pytest.fixture
def machine(tmp_path):
    """machine(python3=script) runs the set-up where `python3` is that shell script, and nothing else is named python."""
    shutil.copytree(ROOT / "tools", tmp_path / "tree" / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("requirements.txt", "Makefile"):
        shutil.copyfile(ROOT / name, tmp_path / "tree" / name)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "dirname", "cat", "cksum", "grep", "mkdir", "tail", "flock"):
        if shutil.which(name):
            (programs / name).symlink_to(shutil.which(name))

    def run(**scripts):
        for name, script in scripts.items():
            (programs / name).write_text("#!/bin/sh\n" + script)
            (programs / name).chmod(0o755)
        command = ["sh", "tools/setup/setup.sh"]
        environment = {"PATH": str(programs)}
        return subprocess.run(command, cwd=tmp_path / "tree", env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    return run


def test_no_python_says_what_to_type(machine):
    result = machine()
    assert result.returncode == 1 and "found none" in result.stderr and "apt-get install python3 python3-venv" in result.stderr


def test_an_old_python_says_how_old(machine):
    result = machine(python3='case "$1" in -V) echo Python 3.9.2;; *) exit 1;; esac\n')
    assert result.returncode == 1 and "python3 is Python 3.9.2" in result.stderr and result.stderr.count("\n") == 1


def test_a_python_without_venv_says_what_to_type(machine):
    script = f'case "$2" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"\n'
    result = machine(python3=script)
    assert result.returncode == 1 and "-venv" in result.stderr and result.stderr.count("\n") == 1


def test_a_newer_python_is_found_beside_an_old_one(machine):
    # The second one gets as far as making the environment, and says why it cannot.
    old = 'case "$1" in -V) echo Python 3.9.2;; *) exit 1;; esac\n'
    new = f'case "$1" in -m) echo no room >&2; exit 1;; esac\nexec {sys.executable} "$@"\n'
    result = machine(python3=old, **{"python3.12": new})
    assert "1/7" in result.stdout and "no room" in result.stderr and "build/setup.log" in result.stderr


def test_a_finished_set_up_does_nothing(machine, tmp_path):
    python = tmp_path / "tree" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho Python 3.11.9\n")
    python.chmod(0o755)
    files = ("requirements.txt tools/typings/requirements.txt tools/setup/requirements-judge.txt tools/setup/install_*.py"
             " tools/checks/micropython_node/*.json tools/setup/setup.sh")
    wanted = f"cat {files} | cksum; .venv/bin/python -V"
    stamp = subprocess.run(["sh", "-c", wanted], cwd=tmp_path / "tree", capture_output=True, text=True).stdout
    (tmp_path / "tree" / ".venv" / "stamp").write_text(stamp)
    result = machine()
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")

    (tmp_path / "tree" / "requirements.txt").write_text("changed")
    assert machine().returncode == 1
