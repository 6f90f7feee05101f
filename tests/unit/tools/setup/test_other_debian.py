"""tools/setup/other_debian.sh, when a system cannot be made or its tests fail: it reports that, and cleans up. .ci/run tries its result."""
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[4]
REAL = tuple("bash sh dirname cat mkdir mktemp rm find sort head tail cksum cut tar mv sleep env cp grep touch true".split())
FAKES = {
    "id": "echo 0",
    "unshare": 'while [ $# -gt 0 ]; do case $1 in --propagation) shift 2;; --*) shift;; *) exec "$@";; esac; done',
    "flock": ":",
    "git": 'case $1 in clone) mkdir -p "$5";; esac',
    "apt-get": "echo mirror",
    # The folder is the fifth word.
    "debootstrap": 'mkdir -p "$5/root" "$5/var/cache/apt/archives"',
    "chroot": "echo Python 3.99",
}


@pytest.fixture
def machine(tmp_path):
    """machine(*arguments, name=script) starts it where those programs are these shell scripts; a script None: there is no such program."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in REAL:
        (programs / name).symlink_to(shutil.which(name))
    begun = []

    def start(*arguments, **scripts):
        for name, script in {**FAKES, **scripts}.items():
            if script is not None:
                (programs / name.replace("_", "-")).write_text("#!/bin/sh\n" + script + "\n")
                (programs / name.replace("_", "-")).chmod(0o755)
        command = ["bash", str(ROOT / "tools" / "setup" / "other_debian.sh"), *arguments]
        environment = {"PATH": str(programs), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        begun.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.communicate()


def said(process):
    """(exit code, what it said)."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out + err


def kept(tmp_path):
    """What is left in the cache, but for the lock."""
    return sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.suffix != ".lock")


def rooms(tmp_path):
    return [path.name for path in (tmp_path / "cache").rglob("*.room.*")]


@pytest.mark.parametrize(
    "arguments, scripts, words",
    [
        (["../etc"], {}, "SUITE=trixie"),
        (["trixie", "lint"], {}, "run, test and home, not lint"),
        ([], {"id": "echo 1000"}, "sudo make other-debian"),
        ([], {"debootstrap": None}, "apt-get install debootstrap"),
        ([], {"unshare": "exit 1"}, "not even root"),
        ([], {"apt_get": ":"}, "no mirror"),
    ],
)
def test_a_machine_on_which_it_cannot_be_made_is_no_success_and_says_why(machine, tmp_path, arguments, scripts, words):
    code, text = said(machine(*arguments, **scripts))
    assert code == 2 and words in text
    assert rooms(tmp_path) == []


def test_a_debootstrap_that_fails_is_shown_and_nothing_is_kept(machine, tmp_path):
    code, text = said(machine("trixie", debootstrap="echo E: no such package; exit 1"))
    assert code == 2 and "E: no such package" in text and "debootstrap failed" in text
    assert rooms(tmp_path) == [] and kept(tmp_path) == []


def test_tests_that_fail_there_fail_here_and_the_system_is_kept_for_the_next_call(machine, tmp_path):
    broken = 'case "$*" in *"make test"*) echo "1 failed"; exit 1;; *--within*) exit 0;; esac\n' + FAKES["unshare"]
    for made in (True, False):
        code, text = said(machine("trixie", "test", unshare=broken))
        assert code == 2 and "1 failed" in text and "make test failed on Debian trixie" in text
        assert ("once" in text) == made
        assert rooms(tmp_path) == [] and len(kept(tmp_path)) == 1


@pytest.mark.parametrize("words", ["", "B1  car waits for permission\nDeprecationWarning: old"])
def test_a_run_without_a_car_or_with_a_warning_is_a_failure(machine, tmp_path, words):
    printing = f'case "$*" in *"make run"*) printf "%b" "{words}"; exit 0;; esac\n' + FAKES["unshare"]
    code, text = said(machine("trixie", "run", unshare=printing))
    assert code == 2 and "make run on Debian trixie" in text


def test_a_call_that_is_ended_ends_what_it_started_and_leaves_nothing(machine, tmp_path):
    waits = tmp_path / "waits"
    process = machine("trixie", debootstrap=f'touch {waits}; exec sleep 60')
    until = time.monotonic() + 60
    while not waits.exists() and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    code, _ = said(process)
    assert code == 143 and rooms(tmp_path) == [] and kept(tmp_path) == []
