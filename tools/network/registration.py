"""`make registration`: the files that register this device, from src/keys.py and the settings of the site. `make keys` writes them, too.

Each has mode 600 from its first moment on, in a folder that only its owner enters and that git ignores: the AppKey is in them.
"""
import argparse
import importlib
import json
import os
import pathlib
import re
import runpy
import sys
import tempfile

from home.arguments import Parser, topic_word
from tools.board import manifest
from tools.network import boards, chirpstack, the_things_stack

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORMATTER = ROOT / "ttn" / "formatter.js"
OUT = ROOT / "build" / "registration"
THE_THINGS_STACK = "the-things-stack.json"
PROFILE, DEVICE, KEYS = "chirpstack-device-profile.json", "chirpstack-device.json", "chirpstack-device-keys.json"

FOR = {"lopy4": "a LoPy4", "modem": "a board with a modem (ESP32, RP2, Linux)"}

DONE = """\
Written to {out}, readable by you alone; JoinEUI, DevEUI and AppKey are in them and not on this screen:
{folders}
  {stack}   for "Import end devices" in the console of The Things Stack; frequency plan {plan}
  chirpstack-*.json       for the API of ChirpStack
Next: docs/registration.md. Delete the folder once the device is registered; make registration writes it again.
"""


class Wrong(Exception):
    """No file can be written; args[0] says why and what to do."""


def eui(text):
    """16 hexadecimal digits, with or without separators."""
    digits = text.strip().replace("-", "").replace(":", "").upper()
    if len(digits) != 16 or not set(digits) <= set("0123456789ABCDEF"):
        raise Wrong("a DevEUI has 16 hexadecimal digits. Type it when asked, or leave it out with an empty line")
    return digits


def identity(keys):
    """(DevEUI, JoinEUI, AppKey) of a module of keys. The board's own DevEUI is asked for; Wrong where nobody tells it."""
    dev_eui = keys.DEV_EUI
    if dev_eui is None:
        told = input("DevEUI that the board or its modem shows: ") if sys.stdin.isatty() else sys.stdin.readline()
        if not told.strip():
            raise Wrong("DEV_EUI in src/keys.py is None, so the board's own counts, and only you can tell it (docs/registration.md)."
                        " Type  make registration  once you have it")
        dev_eui = eui(told)
    return dev_eui, keys.JOIN_EUI, keys.APP_KEY


def plan_of(settings, plan):
    """The frequency plan's id: the one that was given, or what region and sub-band tell."""
    if settings.REGION is None:
        raise Wrong("REGION is not chosen yet. Type  make settings  and then  make registration")
    found = plan or the_things_stack.plan_id(settings.REGION, settings.SUB_BAND)
    if found is None:
        raise Wrong(f"{settings.REGION} has several frequency plans, and your gateway has one of them: give PLAN=AS_920_923 or PLAN=AS_923_925")
    return found


def files(radio, device_id, who, settings, plan):
    """{name: JSON} of one device; radio: a key of boards.VERSIONS; who: DevEUI, JoinEUI, AppKey; plan: the frequency plan's id."""
    version, formatter = boards.VERSIONS[radio], FORMATTER.read_text()
    dev_eui, join_eui, app_key = who
    return {
        THE_THINGS_STACK: the_things_stack.end_device(device_id, who, version, plan, settings, formatter),
        PROFILE: chirpstack.device_profile(f"ev-charger-monitor-{radio}", version, settings, formatter),
        DEVICE: chirpstack.device(device_id, dev_eui, join_eui),
        KEYS: chirpstack.device_keys(dev_eui, app_key),
    }


def write(folder, made):
    """Replace the files in one step each; the owner's alone all the time."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name, content in made.items():
        descriptor, draft = tempfile.mkstemp(dir=folder)      # mode 600
        with os.fdopen(descriptor, "w") as file:
            json.dump(content, file, indent=1)
            file.write("\n")
        os.replace(draft, folder / name)


def _plan_id(text):
    if not re.fullmatch(r"[A-Z]{2}(_[A-Z0-9]+)+", text):
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is no frequency plan of The Things Stack, as AS_923_925")
    return text


def add_options(parser):
    """What `make keys` and `make registration` take alike."""
    parser.add_argument("--board", choices=list(manifest.BOARDS), help="BOARD=: its radio decides the LoRaWAN version (default: files for either)")
    parser.add_argument("--device", type=topic_word, default="wallbox", help="DEV=: device id (default wallbox)")
    parser.add_argument("--plan", type=_plan_id, help="PLAN=: id of the frequency plan, where region and sub-band do not tell it (AS923)")
    parser.add_argument("--out", type=pathlib.Path, default=OUT, help="OUT=: folder (default build/registration)")


def _settings(site):
    """Those of this tree's site, or of another one's file where it has one."""
    config = importlib.import_module("config")
    if site is None or not site.exists():
        return config.of_site()
    return config.Settings({name: value for name, value in runpy.run_path(str(site)).items() if name[0] != "_"})


def make(given, keys, site=None):
    """Write the files for a module of keys; what to do with them, in words. site: a local_config.py that is not this tree's."""
    settings = _settings(site)
    plan = plan_of(settings, given.plan)
    who = identity(keys)
    radios = [boards.radio_of(given.board)] if given.board else list(boards.VERSIONS)
    for radio in radios:
        write(given.out / radio, files(radio, given.device, who, settings, plan))
    given.out.chmod(0o700)
    (given.out / ".gitignore").write_text("*\n")       # wherever OUT= is
    folders = "\n".join(f"  {radio + '/':24}for {FOR[radio]}" for radio in radios)
    return DONE.format(out=given.out, folders=folders, stack=THE_THINGS_STACK, plan=plan)


def main(arguments=None):
    words = Parser(prog="make registration", description="Write the files that register the device of src/keys.py.")
    add_options(words)
    given = words.parse_args(arguments)
    try:
        print(make(given, importlib.import_module("keys")), end="")
    except ModuleNotFoundError:
        print("make registration: there are no keys yet. Type  make keys", file=sys.stderr)
        return 2
    except (Wrong, OSError) as problem:
        print(f"make registration: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
