"""The shrunken firmware (tools/board/shrink) on each fake board behaves like the firmware it was made from."""
import gc
import json
import pathlib
import shutil
import subprocess
import sys

import pytest
from tests.support.fake_board_world import FakeBoardWorld
from tools.board import build, footprint, manifest, shrink
from tools.board.shrink import attributes, names, program, words
from tests.choice import first

ROOT = pathlib.Path(__file__).resolve().parents[2]
BOARDS = [name for name, board in manifest.BOARDS.items() if board.compiler != ""]


def lived(folder, platform):
    """What a life with the firmware in that folder comes to, and what the board's console said."""
    command = [sys.executable, ROOT / "tests" / "support" / "small_firmware.py", folder, ROOT, platform]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    *said, told = done.stdout.splitlines()
    return json.loads(told), said


@pytest.mark.long
@pytest.mark.parametrize("board", first(BOARDS))
def test_a_board_lives_as_from_source(board, tmp_path, evidence):
    platform = manifest.BOARDS[board].platform
    for path, text in shrink.shrink(build.texts(board, "0" * 40)).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    # CPython has no module micropython, and the simulated world asks for the contract's constants by name.
    for name in ("micropython.py", "hal/contract.py"):
        shutil.copyfile(build.SRC / name, tmp_path / name)
    small, said = lived(tmp_path, platform)
    assert small == lived(build.SRC, platform)[0]
    assert not [line for line in said if "crashed" in line or "stalled" in line], said
    assert small["resets"] == ["machine.reset"] and small["box"] not in ("E0", "A1") and [5, "E0E0"] in small["written"]
    assert {1, 2} & {data.get("command_id") for _, data in small["uplinks"]}
    evidence("%s: uplinks of a life on the fake board, made small and from source, that differ" % platform, 0, "0 of %d" % len(small["uplinks"]))


def test_no_object_has_an_attribute_that_its_class_does_not_define(monkeypatch):
    """By which the attributes of two classes may have the same short word."""
    trees = program.parsed(footprint.sources())
    places = names.Names(trees, words.contract(trees)).attributes.places
    had = set()

    def look():
        had.update((type(one).__module__, type(one).__name__, name) for one in gc.get_objects() if type(one).__module__ in trees
                   for name in getattr(one, "__dict__", ()))

    world = FakeBoardWorld("LoPy4")
    world.at(110, look)
    world.run(monkeypatch, 120)
    defined = {(*place, key[2]) for key in places for place in places[key] if place != attributes.EVERYWHERE}
    settings = {row for row in had if row[2].isupper()}
    assert len(had - settings) > 300
    assert {row for row in had - settings - defined if attributes.EVERYWHERE not in places["", "", row[2]]} == set()
