"""Small firmwares to flash, and which of them boots after an interrupted update."""
import pathlib
import shutil
import subprocess
import sys

import loader
from tools.board import build

# Says which version each of its modules has; on the board it then goes on for ever.
MAIN = """\
import sys
import time
import config
from app import one, two

def run(proven=None):
    sys.stdout.write('started %s %s %s {version}\\n' % (config.V, one.V, two.V))
    if not hasattr(time, 'sleep_ms'):
        raise SystemExit
    {then}
    while True:
        time.sleep_ms(50)
"""
PADDING = "# " + 70 * "x" + "\n"    # so that a file takes more than one write


def firmware(version, then="pass", same=(), loader=None):
    """{path: bytes} as build.content() gives it; then: a statement of its run(); same: modules that are as in every version."""
    def module(name):
        return f"{8 * PADDING}V = {version if name not in same else 'any'!r}\n".encode()

    return {
        build.LOADER: loader or (build.SRC / "loader.py").read_bytes(),
        "slot/main.py": MAIN.format(version=version, then=then).encode(),
        "slot/config.py": module("config"),
        "slot/app/__init__.py": b"",
        "slot/app/one.py": module("one"),
        "slot/app/two.py": module("two"),
        f"slot/app/only_in_{version}.py": b"",
    }


def apply(change, folder, half=False):
    """One line of the board's log, done to a folder; half: the power failed in the middle of the bytes."""
    what, name, *more = change
    path = folder / name.lstrip("/")
    if what == "append":
        data = bytes.fromhex(more[0])
        with path.open("ab") as file:
            file.write(data[: len(data) // 2] if half else data)
    elif what == "create":
        path.write_bytes(b"")
    elif what == "mkdir":
        path.mkdir()
    elif what == "remove":
        path.unlink()
    elif what == "rmdir":
        path.rmdir()
    elif what == "rename":
        path.rename(folder / more[0].lstrip("/"))


def boots(folder):
    """What a board with this flash says when it starts, in lines."""
    if not (folder / "main.py").exists():
        return []
    result = subprocess.run([sys.executable, "-ISB", "main.py"], cwd=folder, capture_output=True, text=True)
    return (result.stdout + result.stderr).splitlines()


def started(folder):
    """The line that it prints once it runs, None without one. The flash is unchanged."""
    records = {folder / name: (folder / name).read_bytes() for name in loader.RECORDS if (folder / name).exists()}
    try:
        return next((line for line in boots(folder) if line.startswith("started")), None)
    finally:
        for name in loader.RECORDS:
            (folder / name).unlink(missing_ok=True)
        for path, data in records.items():
            path.write_bytes(data)


def is_seen(changes, number, file_system):
    """Does a cut show what was done with that change? LittleFS shows a file when it is closed, and its rename replaces in one step."""
    if file_system == "FAT" or number + 1 == len(changes):
        return True
    (what, name, *_), (then, *names) = changes[number], changes[number + 1]
    return (then != "append" or names[0] != name) and not (what == "remove" and then == "rename" and names[1] == name)


def cuts(before: pathlib.Path, changes, scratch, file_system="FAT", look=started):
    """Yields (changes done, look(the flash)) for a cut after every change, and on FAT in the middle of every write."""
    folder = scratch / "flash"
    shutil.copytree(before, folder)
    yield 0, look(folder)
    for number, change in enumerate(changes):
        if change[0] == "append" and file_system == "FAT":
            path = folder / change[1].lstrip("/")
            whole = path.read_bytes()
            apply(change, folder, half=True)
            yield number + 0.5, look(folder)
            path.write_bytes(whole)
        apply(change, folder)
        if is_seen(changes, number, file_system):
            yield number + 1, look(folder)
    shutil.rmtree(folder)
