"""Type checking of src/: `python -m tools.checks.typecheck` (part of `make lint`) prints `file:line: error`.

basedpyright, with MicroPython's own stubs in place of CPython's: a name that a board's module does not have is an error. The LoPy4's vendor
publishes none; tools/typings/pycom has what is used of his. The stubs lie apart (.venv/typings), for in site-packages they would hide CPython's.

Attributes begin as None and get their value later, and a board's language has no place to say of which type. What the checker only finds because it
believes in that None, it is not asked (NOT_ASKED, ABOUT_NONE); everything else is an error.
"""
import json
import pathlib
import subprocess
import sys
import sysconfig
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
OWN = ROOT / "tools" / "typings"
STUBS = pathlib.Path(sysconfig.get_paths()["data"]) / "typings"
SITE = pathlib.Path(sysconfig.get_paths()["purelib"])
CHECKER = pathlib.Path(sys.executable).with_name("basedpyright")

NOT_ASKED = ("reportOptionalSubscript", "reportOptionalMemberAccess", "reportOptionalCall", "reportOptionalOperand", "reportOptionalIterable")
ABOUT_NONE = ('for class "None"', '"None" is not', '| None"', 'type "None"', 'not assignable to "None"')
# For CPython alone, which `make lint` looks at with ruff.
CPYTHON = ("hal/posix*.py", "micropython.py", "keys_example.py")
LOPY4 = ("hal/lopy4.py", "hal/lopy4_radio.py")


def _config(include, exclude, stubs):
    return {
        "include": [str(SRC / name) for name in include], "exclude": [str(SRC / name) for name in exclude],
        "extraPaths": [str(SRC), str(SITE)], "stubPath": str(stubs), "typeshedPath": str(STUBS), "pythonVersion": "3.11",
        "typeCheckingMode": "basic", "reportMissingModuleSource": "none", **dict.fromkeys(NOT_ASKED, "none"),
    }


def _stubs(folder, own):
    """A folder of MicroPython's stubs with some of tools/typings in their place."""
    for source in (STUBS, OWN, *own):
        for path in source.glob("*.pyi"):
            link = folder / path.name
            link.unlink(missing_ok=True)
            link.symlink_to(path)
    return folder


def _asked(config, folder):
    """What basedpyright finds, as its JSON has it."""
    path = folder / "pyrightconfig.json"
    path.write_text(json.dumps(config))
    result = subprocess.run([str(CHECKER), "--outputjson", "-p", str(path)], capture_output=True, text=True)
    try:
        return json.loads(result.stdout)["generalDiagnostics"]
    except ValueError:
        raise SystemExit(f"typecheck: basedpyright did not run: {result.stderr or result.stdout}") from None


def faults(src_include=(".",), exclude=(*CPYTHON, *LOPY4), own=()):
    """[(path, line, error)]."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "stubs").mkdir()
        found = _asked(_config(src_include, exclude, _stubs(folder / "stubs", own)), folder)
    errors = [(pathlib.Path(one["file"]), one["range"]["start"]["line"] + 1, one["message"]) for one in found if one["severity"] == "error"]
    # "No overloads" stands beside its reason.
    of_none = {(path, line) for path, line, what in errors if any(words in what for words in ABOUT_NONE)}
    return [(path, line, what.splitlines()[0]) for path, line, what in errors
            if not any(words in what for words in ABOUT_NONE) and not (what.startswith("No overloads") and (path, line) in of_none)]


def all_faults():
    """Everything that is wrong in src/, one line each."""
    found = faults() + faults(LOPY4, (), (OWN / "pycom",))
    return [f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}:{line}: {what}" for path, line, what in sorted(found)]


def main():
    found = all_faults()
    print("\n".join(found) or "typecheck: src/ is right by the stubs of MicroPython and of the LoPy4")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
