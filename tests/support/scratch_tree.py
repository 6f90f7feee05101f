"""A copy of this tree, as somebody has it who has just cloned it and typed `make setup`: for commands that write."""
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What a caller of these tests may have set for make.
MAKE_WORDS = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "ARGS", "PORT", "BOARD", "FILE", "CONFIG")


def tree(path):
    """Make it at `path`, with the virtual environment of the real one; returns `path`."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True).stdout
    for name in listed.decode().split("\0"):
        source = ROOT / name
        if name and source.is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, path / name)
            shutil.copymode(source, path / name)
    (path / ".venv").symlink_to(ROOT / ".venv")
    # It is set up; and if it were not, this would take it away from under the tests that run.
    (path / "tools" / "setup" / "setup.sh").write_text("exit 0\n")
    return pathlib.Path(path)


def environment(**more):
    """That of a person's shell, without what the tests' own make set."""
    return dict({name: value for name, value in os.environ.items() if name not in MAKE_WORDS}, **more)
