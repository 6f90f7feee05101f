"""setup_home_newest.sh where the newest programs cannot be made; home_newest_pins.py: what it takes from a release. .ci/run tries the result."""
import io
import json
import pathlib
import re
import shutil
import subprocess
import zipfile

import pytest
from tools.setup import home_newest_pins

ROOT = pathlib.Path(__file__).resolve().parents[4]
PINNED = (ROOT / "requirements-home-newest.in").read_text()


@pytest.fixture
def machine(tmp_path):
    """machine(user id, CI) calls it in a copy of the tree's few files, where there is no debootstrap."""
    for name in ("requirements-home-newest.txt", "tools/setup/setup_home_newest.sh", "tools/setup/debian.sh", "tools/setup/home_newest_program.sh"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in "bash dirname sed cat cksum rm".split():
        (programs / name).symlink_to(shutil.which(name))

    def call(user, ci):
        (programs / "id").write_text(f"#!/bin/sh\necho {user}\n")
        (programs / "id").chmod(0o755)
        script, environment = tmp_path / "tools" / "setup" / "setup_home_newest.sh", {"PATH": str(programs), "HOME": str(tmp_path), "CI": ci}
        return subprocess.run(["bash", script], env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)

    return call


@pytest.mark.parametrize(
    "user, ci, status, words",
    [(1000, "", 3, "sudo make test-home ON=newest"), (1000, "true", 2, "needs root"), (0, "", 2, "apt-get install debootstrap"),
     (0, "true", 2, "apt-get install debootstrap")])
def test_a_machine_without_root_leaves_the_newest_out_and_a_build_server_fails(machine, user, ci, status, words):
    called = machine(user, ci)
    assert called.returncode == status and words in called.stdout + called.stderr


def test_a_release_is_pinned_with_what_its_manifests_want():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as release:
        for name in home_newest_pins.INTEGRATIONS:
            wanted = {"requirements": ["paho-mqtt==9.8.7"]} if name == "mqtt" else {}
            release.writestr(f"homeassistant/components/{name}/manifest.json", json.dumps({"domain": name, **wanted}))
    with zipfile.ZipFile(data) as release:
        text = home_newest_pins.text("2027.1.0", home_newest_pins.requirements(release))
    assert text == home_newest_pins.HEAD + "homeassistant==2027.1.0\n# mqtt\npaho-mqtt==9.8.7\n"


def test_what_is_pinned_is_what_the_lock_has():
    locked = (ROOT / "requirements-home-newest.txt").read_text()
    pins = re.findall(r"^([\w.-]+)==(\S+)", PINNED, re.M)
    assert PINNED.startswith(home_newest_pins.HEAD) and len(pins) > len(home_newest_pins.INTEGRATIONS)
    found = dict(re.findall(r"^([\w.-]+)==(\S+)", locked.lower(), re.M))
    assert {name.lower().replace("_", "-"): version for name, version in pins}.items() <= found.items()
