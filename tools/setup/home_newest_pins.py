"""Pins the newest Home Assistant for make test-home: writes requirements-home-newest.in from what that release says of itself.

    python tools/setup/home_newest_pins.py [VERSION]

Without a version it is the newest that runs on PYTHON. Prints the least Python that it wants. Home Assistant's own list of versions, which
tools/setup/lock.sh holds the other packages to, is then in build/lock/package_constraints.txt.
"""
import json
import pathlib
import re
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "requirements-home-newest.in"
FOLDER = ROOT / "build" / "lock"
# Of the Debian that tools/setup/setup_home_newest.sh makes.
PYTHON = "3.14"
# What a Home Assistant with a page, a recorder and MQTT loads at its start, without assist_pipeline: what that needs has no wheels
# (setup_home_newest.sh).
INTEGRATIONS = ("backup", "camera", "conversation", "ffmpeg", "frontend", "hassio", "infrared", "mqtt", "radio_frequency", "recorder", "tts")
HEAD = """\
# The newest Home Assistant for make test-home, in .home-newest, and what its manifests would install at the first start.
# Written by make newest-home (tools/setup/home_newest_pins.py).
"""


def wheel(version):
    """The path of the release's file, downloaded by pip."""
    for old in FOLDER.glob("homeassistant-*.whl"):
        old.unlink()
    wanted = "homeassistant" + (f"=={version}" if version else "")
    # 99: whatever patch release of that Python it wants.
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--quiet", "--no-deps", "--only-binary", ":all:",
               "--python-version", PYTHON + ".99", "--dest", FOLDER, wanted]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return next(FOLDER.glob("homeassistant-*.whl"))


def requirements(release):
    """{integration: [requirement]} of INTEGRATIONS, by the manifests in the open zip file `release`."""
    manifests = {name: json.loads(release.read(f"homeassistant/components/{name}/manifest.json")) for name in INTEGRATIONS}
    return {name: manifest.get("requirements", []) for name, manifest in manifests.items()}


def text(version, wanted):
    """requirements-home-newest.in."""
    lines = [f"homeassistant=={version}"]
    for name, needed in wanted.items():
        lines += [f"# {name}", *needed] if needed else []
    return HEAD + "\n".join(lines) + "\n"


def main(version=None):
    with zipfile.ZipFile(wheel(version)) as release:
        metadata = next(release.read(name).decode() for name in release.namelist() if name.endswith(".dist-info/METADATA"))
        (FOLDER / "package_constraints.txt").write_bytes(release.read("homeassistant/package_constraints.txt"))
        TARGET.write_text(text(re.search(r"^Version: (.*)$", metadata, re.M)[1], requirements(release)))
    print(re.search(r"^Requires-Python: >=([\d.]+)", metadata, re.M)[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
