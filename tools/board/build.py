"""`make build BOARD=`: writes build/<board>/, exactly the files to be flashed, with the same bytes on every machine and day.

    main.py    the board's own start, src/loader.py (not on Linux)
    slot/      the firmware as tools/board/manifest.py lists it, made small (tools.board.shrink), compiled by its mpy-cross; with FORMAT=py the
               source as it is, and on Linux the same, not in a folder

Version and commit are inside, as app/version. build/<board>.names lists the name in the source for each short one of the build.
"""
import argparse
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from tools import text_file
from tools.board import manifest, shrink
from tools.checks import commit, dialect, micropython

ROOT = micropython.ROOT
SRC = ROOT / "src"
SLOT = "slot"
# What is this site's own, and goes along where there is some.
OF_SITE = (manifest.KEYS, manifest.SETTINGS)
LOADER = "main.py"
# A change to these makes another firmware; the settings of a site, which git ignores, do not.
CODE = ("src", "requirements.txt", "tools/board/manifest.py", "tools/board/build.py", "tools/board/shrink")


def source(name):
    """The file of a dotted module of src or of umodbus; None if there is none."""
    stem = (micropython.SITE if name.split(".")[0] == "umodbus" else SRC) / name.replace(".", "/")
    return next((path for path in (stem / "__init__.py", stem.with_suffix(".py")) if path.is_file()), None)


def place(name):
    """The path inside a slot of the source of a dotted module: app/__init__.py, app/control/controller.py."""
    path = source(name)
    return name.replace(".", "/") + ("/__init__.py" if path.name == "__init__.py" else ".py")


def stamped(text, of):
    """The text of app/version.py with the commit `of`: 40 digits, "+" behind them if the tree has changes, or "" if it is not known."""
    number = int(of[:4], 16) if of and not of.endswith("+") else 0
    text, numbers = re.subn(r"(?m)^COMMIT = .*$", f"COMMIT = 0x{number:04x}", text)
    text, words = re.subn(r"(?m)^BUILD = .*$", f"BUILD = {commit.short(of) or 'unknown'!r}", text)
    if (numbers, words) != (1, 1):
        raise ValueError("app/version.py has no COMMIT or no BUILD to fill in")
    return text


def texts(board, of, site=True):
    """{path inside the slot: source text} of all its files; site: with this site's keys and settings, if there are some."""
    names = manifest.modules(board) + [name for name in OF_SITE if site and source(name)]
    found = {place(name): text_file.read(source(name)) for name in names}
    found["app/version.py"] = stamped(found["app/version.py"], of)
    return found


def compiled(sources, compiler):
    """{path of .mpy: bytes} of {path of .py: text}. ValueError with the compiler's message if it refuses one."""
    program = dialect.compiler(compiler)
    with tempfile.TemporaryDirectory() as folder:
        def one(path):
            here = pathlib.Path(folder, path)
            here.parent.mkdir(parents=True, exist_ok=True)
            here.write_text(sources[path])
            # -s: the name in traces, and the only thing in the file that could depend on where it was built; as long as the module's own.
            result = subprocess.run([program, *manifest.OPTIONS, "-s", here.stem, str(here)], capture_output=True, text=True)
            if result.returncode:
                raise ValueError(f"{path}: {(result.stderr + result.stdout).strip()}")
            return path.removesuffix(".py") + ".mpy", here.with_suffix(".mpy").read_bytes()

        with ThreadPoolExecutor(2) as pool:
            return dict(pool.map(one, sorted(sources)))


def content(board, form="mpy", of=None, site=True):
    """{path under build/<board>/: bytes}; form: "mpy" or "py"; site: this site's keys and settings too, if there are some."""
    kind = manifest.BOARDS[board]
    sources = texts(board, commit.last(*CODE) if of is None else of, site)
    if kind.compiler == "":
        return {path: text.encode() for path, text in sources.items()}
    if form == "mpy":
        # Of the settings each name is looked up as a text.
        own = {path: sources.pop(path) for path in [manifest.SETTINGS + ".py"] if path in sources}
        files = compiled({**shrink.shrink(sources), **own}, kind.compiler)
    else:
        files = {path: text.encode() for path, text in sources.items()}
    return {LOADER: (SRC / "loader.py").read_bytes(), **{f"{SLOT}/{path}": data for path, data in files.items()}}


def digest(files):
    """One SHA-256 over all of {path: bytes}, the contents of a slot, in 64 digits."""
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(b"%s %d\n" % (path.encode(), len(files[path])))
        total.update(files[path])
    return total.hexdigest()


def write(files, folder):
    """Write {path: bytes} into folder, and nothing else; only its owner may read a file of keys."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(mode=0o600 if target.stem == manifest.KEYS else 0o644)
        target.write_bytes(data)


def report(files):
    """Sizes by module, largest first, and in all."""
    lines = [f"{len(files[path]):8}  {path}" for path in sorted(files, key=lambda path: (-len(files[path]), path))]
    return "\n".join([*lines, f"{sum(map(len, files.values())):8}  bytes in {len(files)} files, SHA-256 {digest(files)}"])


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="make build", description="Write build/<board>/, exactly what is flashed.")
    parser.add_argument("board", choices=sorted(manifest.BOARDS), help="BOARD=")
    parser.add_argument("--format", choices=("mpy", "py"), default="mpy", help="FORMAT=: compiled, or as source")
    parser.add_argument("--to", type=pathlib.Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    of = commit.last(*CODE)
    try:
        files = content(given.board, given.format, of)
    except (ValueError, shrink.ShrinkError) as error:
        print(f"make build: {error}", file=sys.stderr)
        return 1
    folder = given.to or ROOT / "build" / given.board
    write(files, folder)
    if manifest.BOARDS[given.board].compiler != "" and given.format == "mpy":
        folder.with_name(folder.name + ".names").write_text(shrink.table(texts(given.board, of)))
    print(report(files))
    print(f"{folder}: for {manifest.BOARDS[given.board].what}, commit {commit.short(of) or 'unknown'}"
          + (" (+: with changes that are not committed)" if of.endswith("+") else "")
          + ("" if source(manifest.KEYS) else "; without keys: `make keys` makes them")
          + ("" if source(manifest.SETTINGS) else "; without a region, so that it will not transmit: `make settings` asks for it"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
