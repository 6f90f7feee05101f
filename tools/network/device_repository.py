"""`make device-repository`: writes the entry for The Things Stack's device repository, in ttn/lorawan-devices/, and a copy to submit.

Everything there but the picture is made here, from the tables below and ttn/vectors.json; the codec is a link to ttn/formatter.js. So nothing
in it is a second copy of a fact, and a test makes it again and compares.
"""
import argparse
import json
import pathlib
import re
import shutil
import sys
from collections import namedtuple

import yaml

from app.version import VERSION

from tools.network.boards import VERSIONS

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENTRY = ROOT / "ttn" / "lorawan-devices"
OUT = ROOT / "build" / "lorawan-devices"
VENDOR = "ev-charger-monitor"
CODEC = "wallbox-codec"
FORMATTER = "formatter.js"
FIRMWARE = ".".join(map(str, VERSION))

# Region of the repository: (word in the profile's name, EIRP that the plan allows up to and the module reaches, in dBm).
REGIONS = {"EU863-870": ("eu868", 16), "US902-928": ("us915", 22), "AU915-928": ("au915", 22), "AS923": ("as923", 16)}
# What its maker says of the board alone, a LoPy4 or a XIAO ESP32-S3, in millimetres, grams and degrees Celsius; an enclosure is the owner's.
Board = namedtuple("Board", "name hardware dimensions weight temperature")
BOARDS = {
    "lopy4": Board("Wallbox Monitor with LoPy4", "Pycom LoPy4", {"width": 20, "height": 3.5, "length": 55}, 7, (-40, 85)),
    "modem": Board("Wallbox Monitor with LoRaWAN modem", "ESP32 or Linux with a Wio-E5 or RAK3172 modem",
                   {"width": 17.8, "height": 3.5, "length": 21}, 3, (-40, 65)),
}
HARDWARE = "1.0"
# Where the pages of this project are; only who hands the entry in knows it.
PLACE = "https://example.org/ev-charger-monitor"
PAGES = {"productURL": "README.md", "dataSheetURL": "docs/hardware.md", "onboardingGuideURL": "docs/registration.md"}
DESCRIPTION = (
    "Monitor and control of an ABL eMH1 or eMH2 wallbox and its rebadges over RS485: state, current, energy, faults and why the car does not"
    " charge; start, stop, lock and current limit; a weekly plan on the device that goes on without the network")
# A confirmed downlink is answered within five seconds, by a slow data rate and a busy channel in a minute.
CLASS_C_TIMEOUT_S = 60
MOST_BYTES = 256
# prettier of the repository breaks lines there, and only where it may; so nothing is broken here.
MOST_COLUMNS = 10_000


class _Dumper(yaml.SafeDumper):
    """YAML as the repository's own formatter leaves it: lists indented, lists of numbers on one line."""

    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data):
        return True


def _list(dumper, items):
    numbers = bool(items) and all(isinstance(item, int) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=numbers or not items)


_Dumper.add_representer(list, _list)


def dump(data):
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, width=MOST_COLUMNS, allow_unicode=True)


def profile_id(board, region):
    return f"{board}-{REGIONS[region][0]}-profile"


def profile(board, region):
    """The radio of one board in one region."""
    version = VERSIONS[board]
    return {
        "macVersion": version.mac, "regionalParametersVersion": f"RP001-{version.parameters}-Rev{version.revision}",
        "supportsJoin": True, "maxEIRP": REGIONS[region][1],
        "supports32bitFCnt": True, "supportsClassB": False, "supportsClassC": True, "classCTimeout": CLASS_C_TIMEOUT_S,
    }


def device(board, place=PLACE):
    made = BOARDS[board]
    coldest, hottest = made.temperature
    return {
        "name": made.name,
        "description": f"{DESCRIPTION}. Open firmware on {made.hardware}.",
        "hardwareVersions": [{"version": HARDWARE, "numeric": 1}],
        "firmwareVersions": [{
            "version": FIRMWARE, "numeric": 1, "hardwareVersions": [HARDWARE], "features": ["remote rejoin", "transmission interval"],
            "profiles": {region: {"id": profile_id(board, region), "lorawanCertified": False, "codec": CODEC} for region in REGIONS},
        }],
        "deviceType": "devkit",
        "sensors": ["current", "energy", "power", "digital input"],
        "bridgeInterfaces": ["modbus", "rs-485"],
        "dimensions": made.dimensions,
        "weight": made.weight,
        "operatingConditions": {"temperature": {"min": coldest, "max": hottest}, "relativeHumidity": {"min": 0, "max": 0.9}},
        "ipCode": "IP00",       # a bare board
        "keyProvisioning": ["custom"],
        "keyProgramming": ["firmware"],
        "keySecurity": "none",
        "firmwareProgramming": ["serial"],
        **{field: f"{place}/{page}" for field, page in PAGES.items()},
        "photos": {"main": "wallbox-monitor.png"},
    }


def _example(description, given, output):
    return {"description": description, "input": given, "output": output}


def _fits(vector):
    """What the repository takes as an example: a port from 1 on and at least one byte, all of them bytes; an object to encode."""
    given = vector["input"]
    if "bytes" in given:
        return given["fPort"] >= 1 and 1 <= len(given["bytes"]) <= MOST_BYTES and all(0 <= byte <= 255 for byte in given["bytes"])
    return isinstance(given["data"], dict)


def codec(vectors):
    """The three functions with the examples of ttn/vectors.json. What decodes to other words than were encoded is no example of decoding."""
    decoded = [vector for vector in vectors["downlink"] if "bytes" in vector["output"] and "in other words" not in vector["description"]]
    return {
        "uplinkDecoder": {"fileName": FORMATTER, "examples": [
            _example(v["description"], v["input"], v["output"]) for v in vectors["uplink"] if _fits(v)]},
        "downlinkEncoder": {"fileName": FORMATTER, "examples": [
            _example(v["description"], v["input"], v["output"]) for v in vectors["downlink"] if _fits(v)]},
        "downlinkDecoder": {"fileName": FORMATTER, "examples": [
            _example(v["description"], v["output"], v["input"]) for v in decoded]},
    }


def texts(place=PLACE):
    """Each text file of the entry, by its path in it. place: the address under which the pages of this project are."""
    vectors = json.loads((ROOT / "ttn" / "vectors.json").read_text())
    folder = f"vendor/{VENDOR}"
    made = {
        "vendor/index.yaml": {"vendors": [{"id": VENDOR, "name": "EV Charger Monitor"}]},
        f"{folder}/index.yaml": {"endDevices": [f"wallbox-{board}" for board in BOARDS]},
        f"{folder}/{CODEC}.yaml": codec(vectors),
    }
    for board in BOARDS:
        made[f"{folder}/wallbox-{board}.yaml"] = device(board, place)
        for region in REGIONS:
            made[f"{folder}/{profile_id(board, region)}.yaml"] = profile(board, region)
    return {path: "# Made by make device-repository.\n" + dump(data) for path, data in made.items()}


def _url(text):
    if not re.fullmatch(r"https://[\w.-]+\.[a-z]+(/[\w./~-]*)?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no address: https://...")
    return text.rstrip("/")


def main(arguments=None):
    words = argparse.ArgumentParser(prog="make device-repository", description="Make the entry for The Things Stack's device repository.")
    words.add_argument("--out", type=pathlib.Path, default=OUT, help="OUT=: where the copy to hand in goes (default build/lorawan-devices)")
    words.add_argument("--url", type=_url, default=PLACE, help="URL=: where the files of this project can be read, for the links of the copy")
    given = words.parse_args(arguments)
    for path, text in texts().items():
        target = ENTRY / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    shutil.copytree(ENTRY, given.out, dirs_exist_ok=True)   # links become what they point to
    for path, text in texts(given.url).items():
        (given.out / path).write_text(text)
    print(f"Written to {given.out}, formatter and all. To hand it in: copy vendor/{VENDOR} into a checkout of the device repository, add its")
    print("line at the end of vendor/index.yaml there, then run that repository's make fmt and make validate.")
    if given.url == PLACE:
        print(f"Its links begin with {PLACE}: give URL=, the address of this project's files, before you hand it in.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
