"""The entry in ttn/lorawan-devices/ against the device repository's rules, and against its sources."""
import copy
import json
import re
import struct
import subprocess

import jsonschema
import pytest
import yaml
from tests.support import repository_rules as rules
from tests.support.formatter_node import FORMATTER, outputs
from tools.checks.micropython import HOME, NODE
from tools.network import device_repository

ENTRY = device_repository.ENTRY
ROUTINES = {"uplinkDecoder": "decodeUplink", "downlinkEncoder": "encodeDownlink", "downlinkDecoder": "decodeDownlink"}
PRETTIER = HOME / "node_modules" / "prettier" / "bin-prettier.js"
LEAST_EXAMPLES = 155
FOLDER = ENTRY / "vendor" / device_repository.VENDOR


def load(path):
    return yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


CODEC = load(FOLDER / f"{device_repository.CODEC}.yaml")
DEVICES = {name: load(FOLDER / f"{name}.yaml") for name in load(FOLDER / "index.yaml")["endDevices"]}


def faults(schema, data):
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in jsonschema.Draft7Validator(schema).iter_errors(data)]


def test_the_entry_is_what_the_tool_makes_of_the_tables_and_vectors():
    made = device_repository.texts()
    there = {str(path.relative_to(ENTRY)): path for path in ENTRY.rglob("*") if path.is_file()}
    assert set(made) == {path for path in there if path.endswith(".yaml")}
    assert [path for path, text in made.items() if there[path].read_text() != text] == [], "make device-repository makes it anew"
    codec = there[f"vendor/{device_repository.VENDOR}/formatter.js"]
    assert codec.is_symlink() and codec.resolve() == FORMATTER


def test_prettier_as_the_repository_calls_it_would_change_nothing(evidence):
    files = [str(path) for path in sorted(ENTRY.rglob("*.yaml"))]
    done = subprocess.run([str(NODE), str(PRETTIER), *rules.PRETTIER, "--list-different", *files], capture_output=True, text=True)
    evidence(f"files of the device repository's entry that prettier would change, of {len(files)}", len(done.stdout.splitlines()), 0)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_prettier_finds_a_line_that_is_wrapped(tmp_path):
    wrapped = tmp_path / "codec.yaml"
    wrapped.write_text("bytes: [1, 2,\n  3]\n")
    done = subprocess.run([str(NODE), str(PRETTIER), *rules.PRETTIER, "--list-different", str(wrapped)], capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout.strip().endswith(wrapped.name)


def test_every_file_follows_the_schema(evidence):
    found = faults(rules.VENDORS_INDEX, load(ENTRY / "vendor" / "index.yaml")) + faults(rules.VENDOR_INDEX, load(FOLDER / "index.yaml"))
    found += faults(rules.CODEC, CODEC)
    profiles = set()
    for device in DEVICES.values():
        found += faults(rules.DEVICE, device)
        profiles |= {row["id"] for version in device["firmwareVersions"] for row in version["profiles"].values()}
    for name in profiles:
        found += faults(rules.PROFILE, load(FOLDER / f"{name}.yaml"))
    assert {f"{name}.yaml" for name in profiles} == {path.name for path in FOLDER.glob("*-profile.yaml")}
    evidence(f"rules of the device repository that our entry breaks, {len(DEVICES)} devices and {len(profiles)} profiles", len(found), 0)
    assert found == []


def test_what_the_validator_asks_beyond_the_schema():
    vendors = load(ENTRY / "vendor" / "index.yaml")["vendors"]
    assert {vendor["id"] for vendor in vendors} == {path.name for path in (ENTRY / "vendor").iterdir() if path.is_dir()}
    names = [device["name"] for device in DEVICES.values()]
    assert len(set(names)) == len(names)
    assert not any(re.search(rf"\b{vendor[word]}\b", name, re.I) for vendor in vendors for word in ("id", "name") for name in names)
    assert all(path.name == path.name.lower() for path in ENTRY.rglob("*"))
    for device in DEVICES.values():
        head = (FOLDER / device["photos"]["main"]).read_bytes()[:24]
        assert head.startswith(b"\x89PNG\r\n\x1a\n")
        assert max(struct.unpack(">II", head[16:24])) <= rules.PICTURE_MOST_PIXELS
        for version in device["firmwareVersions"]:
            assert {row["codec"] for row in version["profiles"].values()} == {device_repository.CODEC}


def test_the_examples_pass_by_the_repositorys_comparison(evidence):
    rows = [(ROUTINES[part], example) for part, script in CODEC.items() for example in script["examples"]]
    found = outputs([[routine, example["input"]] for routine, example in rows])
    wrong = [example["description"] for (_, example), output in zip(rows, found, strict=True) if not rules.same(example["output"], output)]
    assert len(rows) >= LEAST_EXAMPLES
    evidence(f"examples that differ by the device repository's comparison, of {len(rows)} under Node", len(wrong), 0)
    assert wrong == []
    assert not any("'" in json.dumps(example["input"]) for _, example in rows), "an older validator passes them in single quotes"


def test_every_vector_that_can_be_one_is_an_example():
    vectors = json.loads((FORMATTER.parent / "vectors.json").read_text())
    for part, name in (("uplinkDecoder", "uplink"), ("downlinkEncoder", "downlink")):
        described = {example["description"] for example in CODEC[part]["examples"]}
        left_out = [vector for vector in vectors[name] if vector["description"] not in described]
        assert all(faults(rules.INPUTS[name], vector["input"]) for vector in left_out), left_out


@pytest.mark.parametrize("schema, path, value", [
    ("CODEC", ["uplinkDecoder", "examples", 0, "input", "fPort"], 0),
    ("CODEC", ["uplinkDecoder", "examples", 0, "input", "bytes"], []),
    ("CODEC", ["uplinkDecoder", "examples", 0, "output"], {}),
    ("CODEC", ["uplinkDecoder", "fileName"], "../formatter.js"),
    ("DEVICE", ["firmwareVersions", 0, "profiles", "Mars"], {"id": "mars-profile"}),
    ("DEVICE", ["sensors", 0], "charger"),
    ("DEVICE", ["deviceType"], "wallbox"),
    ("DEVICE", ["ipCode"], "54"),
    ("DEVICE", ["operatingConditions"], {"temperature": {"min": -40, "max": 85}}),
    ("DEVICE", ["photos"], {}),
])
def test_a_broken_entry_is_found(schema, path, value):
    broken = copy.deepcopy(CODEC if schema == "CODEC" else next(iter(DEVICES.values())))
    at = broken
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    assert faults(getattr(rules, schema), broken)


@pytest.mark.parametrize("change", [{"macVersion": "1.0.3"}, {"classCTimeout": -1}, {"vendorProfileID": 1}, {"supportsClassB": True}])
def test_a_broken_profile_is_found(change):
    assert faults(rules.PROFILE, {**device_repository.profile("lopy4", "EU863-870"), **change})


@pytest.mark.parametrize("expected, actual", [({"a": 1}, {"a": 1, "b": []}), ([1], [True]), ({"a": None}, {}), ([1, 2], [2, 1]), ("1", 1)])
def test_the_comparison_sees_each_difference(expected, actual):
    assert not rules.same(expected, actual) and not rules.same(actual, expected)


def test_the_copy_to_hand_in_has_the_formatter_itself(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(device_repository, "texts", lambda *place: {})
    assert device_repository.main(["--out", str(tmp_path / "copy")]) == 0
    copied = tmp_path / "copy" / "vendor" / device_repository.VENDOR / "formatter.js"
    assert not copied.is_symlink() and copied.read_text() == FORMATTER.read_text()
    assert "make validate" in capsys.readouterr().out


def test_the_copy_has_the_address_that_was_given(tmp_path, capsys):
    assert device_repository.main(["--out", str(tmp_path), "--url", "https://somewhere.org/wallbox/"]) == 0
    made = load(tmp_path / "vendor" / device_repository.VENDOR / "wallbox-modem.yaml")
    assert made["onboardingGuideURL"] == "https://somewhere.org/wallbox/docs/registration.md" and "example.org" not in capsys.readouterr().out
    with pytest.raises(SystemExit):
        device_repository.main(["--out", str(tmp_path), "--url", "my page"])


def test_what_its_links_name_is_there():
    assert all((device_repository.ROOT / page).is_file() for page in device_repository.PAGES.values())
