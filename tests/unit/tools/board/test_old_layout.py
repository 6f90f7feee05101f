"""An update over a slot whose app is one flat folder, as before its rooms, and back: wherever it is cut, one whole version starts.

An old module has the name of one of today's folders, and MicroPython takes a folder before a module.
"""
import json
import pathlib
import shutil

import loader
import pytest
from tests.support import small_firmwares
from tests.support.micropython_board import FlashBoard
from tools.board import build, flash, manifest

# Path of each file in the slot of a LoPy4, and its size.
OLD = json.loads((build.ROOT / "tests/vectors/slot_2318d14.json").read_text())
# A stand-in is so much smaller than the module; the largest still take several writes.
SHRUNK = 16
# What is tried: the app's folder and what starts it, and a package that is the same in every version, so taken from the other slot.
TRIED = ("app/", "main.", "umodbus/")
SAME = "umodbus/"
MAIN = """\
import sys
import time

def run(proven=None):
    seen = [__import__(name, None, None, ('V',)).V for name in {names!r}]
    sys.stdout.write('started %s %d\\n' % (' '.join(sorted(set(seen))), len(seen)))
    while True:
        time.sleep_ms(50)
"""


def old_layout():
    """{path in the slot: bytes that it is to have}, as the firmware before the rooms was."""
    return {path.replace(".mpy", ".py"): size // SHRUNK for path, size in OLD["files"].items() if path.startswith(TRIED)}


def today():
    """The same of the sources that there are; compiled they are about a quarter."""
    places = {build.place(name): build.source(name).stat().st_size // 4 for name in manifest.modules("lopy4")}
    return {path: size // SHRUNK for path, size in places.items() if path.startswith(TRIED)}


def firmware(version, layout):
    """{path: bytes} as build.content() gives it: a stand-in for every module."""
    modules = [path for path in layout if path != "main.py" and not path.endswith("__init__.py")]
    files = {path: b"" for path in layout}
    for path in modules:
        text = "V = %r\n" % ("any" if path.startswith(SAME) else version)
        files[path] = (text + "#" * (layout[path] - len(text))).encode()
    files["main.py"] = MAIN.format(names=[path[:-3].replace("/", ".") for path in modules]).encode()
    return {build.LOADER: (build.SRC / "loader.py").read_bytes(), **{"slot/" + path: data for path, data in files.items()}}


def slot_of(files):
    """(files, folders) of a slot that holds exactly this firmware."""
    held = {path[len("slot/"):]: data for path, data in files.items() if path.startswith("slot/")}
    return held, {parent.as_posix() for path in held for parent in pathlib.PurePath(path).parents} - {"."}


def held(slot):
    """The same of a folder."""
    inside = list(slot.rglob("*"))
    return ({path.relative_to(slot).as_posix(): path.read_bytes() for path in inside if path.is_file()},
            {path.relative_to(slot).as_posix() for path in inside if path.is_dir()})


def startable(folder):
    """Names of the versions that a board with this flash can come to start: the one that the record names, and the one before where the record
    lets it come back. None for a slot that holds no version whole."""
    record, _ = loader.newest([(folder / name).read_text() if (folder / name).exists() else "" for name in loader.RECORDS])
    _, slot, boots, other = record
    slots = [slot] if boots == loader.NONE else [slot, other]
    whole = [held(folder / name) for name in slots]
    return [next((version for version, files in VERSIONS.items() if slot_of(files) == found), None) for found in whole]


def said_by(version, files):
    return "started any %s %d" % (version, sum(path.endswith(".py") and b"V = " in data[:4] for path, data in files.items()))


def test_modules_of_old_have_the_names_of_folders_of_today():
    folders = slot_of(firmware("new", today()))[1]
    assert {"app/codec"} <= folders & {path.removesuffix(".py") for path in old_layout()}
    assert not slot_of(firmware("old", old_layout()))[1] & {path.removesuffix(".py") for path in today()}


def a_flash(folder, of_a, of_b):
    """A flash that runs what is in slot a, and has something else in b."""
    for slot, files in (("a", of_a), ("b", of_b)):
        for path, data in slot_of(files)[0].items():
            (folder / slot / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / slot / path).write_bytes(data)
    (folder / "main.py").write_bytes(of_a[build.LOADER])
    (folder / loader.RECORDS[0]).write_text(loader.pack(1, "a", loader.NONE, loader.NONE))
    return folder


VERSIONS = {"older": firmware("older", old_layout()), "old": firmware("old", old_layout()), "new": firmware("new", today())}


# In make test test_flash.py cuts an update at every change and inside every write.
@pytest.mark.long
@pytest.mark.parametrize("runs, left, comes", [("old", "older", "new"), ("older", "new", "old")], ids=["to the rooms", "back"])
def test_an_update_over_another_layout_leaves_one_whole_version_wherever_it_is_cut(runs, left, comes, tmp_path, evidence):
    folder = a_flash(tmp_path / "flash", VERSIONS[runs], VERSIONS[left])
    before = tmp_path / "before"
    shutil.copytree(folder, before)
    board = FlashBoard(folder, tmp_path / "log")
    try:
        flash.flash("esp32", board.port, VERSIONS[comes], "py", lambda text: None)
        changes = board.changes()
    finally:
        board.close()
    # The board that was updated has said so itself; what a cut leaves of an update is what was before, to the letter.
    assert said_by(comes, VERSIONS[comes]).encode() in board.heard
    for file_system in ("FAT", "LittleFS"):
        seen = list(small_firmwares.cuts(before, changes, tmp_path / file_system, file_system, startable))
        mixed = [(at, found) for at, found in seen if found not in ([runs], [comes, runs])]
        evidence(f"make flash over a slot of another layout ({left}, then {comes}), cut after each change and inside each write, {file_system}: "
                 "states tried; neither the old version whole nor the new", f"{len(seen)}; {len(mixed)}", 0)
        assert mixed == [] and len(seen) > 100
        assert seen[0][1] == [runs] and seen[-1][1] == [comes, runs]
