"""Which real programs the tests run: Home Assistant and mosquitto are the oldest, or in the second run of make test-home the newest.

HOME_PROGRAMS names the folder with those; what is not in there is the system's.
"""
import functools
import os
import pathlib
import re
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
OLDEST = ".venv-home/bin"
FOLDER = ROOT / os.environ.get("HOME_PROGRAMS", OLDEST)
IS_NEWEST = FOLDER != ROOT / OLDEST


def program(name):
    """The path of a program; says how to get it."""
    found = shutil.which(name, path=FOLDER) or shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    assert found, f"{name} is missing. Type:  make test-home"
    return found


@functools.cache
def home_assistant():
    """Its version as a tuple, (2024, 3, 3): what a test or a claim depends on."""
    said = subprocess.run([program("hass"), "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.findall(r"\d+", said)[:3]))


@functools.cache
def mosquitto():
    """Its version, as it writes it."""
    said = subprocess.run([program("mosquitto"), "-h"], capture_output=True, text=True).stdout
    return said.split()[2]


def names(with_home_assistant):
    """In words, for a claim."""
    return (f"Home Assistant {'.'.join(map(str, home_assistant()))}, " if with_home_assistant else "") + f"mosquitto {mosquitto()}"
