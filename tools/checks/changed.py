"""`make check`: the most likely errors in a minute: style, language and types of src/, imports, and unit tests of what changed.

What changed is what differs from the last commit, or, where nothing does, what that commit changed; `--base main` compares with a branch.
A unit test counts as one of a module if it is named after it or imports it; those named after it come first, and none begins after BEGIN_S.
It says how many that leaves out. They, and all that are no unit tests (contract, system, micropython), are run by `make test`.
"""
import argparse
import ast
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "unit"
# Read by tests that do not import them.
READ_BY = {"ttn/": "formatter", "docs/": "doc", "docs": "links", "README": "links", "CONTRIBUTING": "links", "Makefile": "make", "linux/": "service",
           "requirements": "make"}
ALWAYS = ["test_house.py"]
# Of the minute: what has begun by then is over by its end.
BEGIN_S = 45
JOBS = "3"


def git(*arguments):
    """What git prints, as lines."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def changed(base=None):
    """Paths that differ from `base`; without one from HEAD, and where nothing does, those of HEAD itself. Files git does not know yet count."""
    found = set(git("diff", "--name-only", base or "HEAD", "--")) | set(git("ls-files", "--others", "--exclude-standard"))
    return sorted(found or set(git("show", "--name-only", "--format=", "HEAD")))


def module_of(path):
    """The dotted name by which a file of the repository is imported, '' if it is not importable."""
    if not path.endswith(".py"):
        return ""
    parts = path.removesuffix(".py").removeprefix("src/").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(source):
    """Every dotted name that a text may import: a, a.b of `from a import b`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def tests_of(paths, tests):
    """The names of those of `tests` ({name: text}) that are of `paths`, the closest first."""
    closest, importers = set(), set()
    for path in paths:
        name = pathlib.PurePosixPath(path).name
        if path.startswith("tests/unit/") and name in tests:
            closest.add(name)
        for prefix, word in READ_BY.items():
            if path.startswith(prefix):
                closest.update(test for test in tests if word in test)
        module = module_of(path)
        if not module:
            continue
        closest.update(test for test in tests if test == f"test_{module.rpartition('.')[2]}.py")
        importers.update(test for test, text in tests.items() if module in imported(text))
    return sorted(closest) + sorted(importers - closest)


def run(what, *command):
    """True if it went well; says what it is, how long it took and how many were left out, and shows what it printed if it did not."""
    begin = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if name != "CI"}    # where what is left out would be wrong
    result = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    print("%-8s %s, %.0f s%s" % (what, "right" if result.returncode == 0 else "WRONG", time.monotonic() - begin, left_out(result.stdout)), flush=True)
    if result.returncode:
        print(result.stdout + result.stderr)
    return result.returncode == 0


def left_out(said):
    """In words, how many tests had no time left, by pytest's closing line."""
    count = re.search(r"(\d+) skipped", said)
    return f"; {count[1]} tests were left out for want of time" if count else ""


def main(argv=None):
    """The command; exit code 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog="make check", description=__doc__.splitlines()[0])
    parser.add_argument("--base", help="compare with that commit or branch")
    args = parser.parse_args(argv)
    begin, until_s = time.monotonic(), time.time() + BEGIN_S
    tests = {path.name: path.read_text() for path in sorted(TESTS.rglob("test_*.py"))}
    places = {path.name: path for path in sorted(TESTS.rglob("test_*.py"))}
    wanted = list(dict.fromkeys([*(set(ALWAYS) & set(tests)), *tests_of(changed(args.base), tests)]))
    right = run("style", "ruff", "check", ".")
    right &= run("language", "tools.checks.dialect")
    right &= run("words", "tools.checks.words")
    right &= run("types", "tools.checks.typecheck")
    right &= run("tests", "pytest", "-q", "-n", JOBS, "--begin-until", str(until_s), *[str(places[name]) for name in wanted])
    print("%s in %.0f s, with the unit tests in %s" % ("right" if right else "WRONG", time.monotonic() - begin, " ".join(wanted)))
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
