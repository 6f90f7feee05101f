"""`make mutants`: breaks the code in the ways of tests/mutants.py, one at a time, and checks that the named test fails.

Works on copies of the tree, one a core. A test that fails on the unbroken copy, a mutant that its test lets live, and one
that does not even load (pytest's exit codes other than "a test failed") are errors. Writes docs/defects.md.
"""
import argparse
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from tools.docgen.table import cell, code, table

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / "docs" / "defects.md"
LONGEST_S = 300

CAUGHT = "yes"
ENDLESS = f"yes: over {LONGEST_S} s"
LIVES = "NO"
# pytest: 0 all passed, 1 a test failed, others: it could not run them.
VERDICTS = {0: LIVES, 1: CAUGHT}


def copy_tree(target):
    """The tree as git sees it, uncommitted changes included, into the new directory `target`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)
    subprocess.run(["git", "init", "-q"], cwd=target, check=True)  # tests ask git for tracked files
    subprocess.run(["git", "add", "-A"], cwd=target, check=True)
    (target / ".venv").symlink_to(ROOT / ".venv")


def run_test(tree, node_id):
    """pytest's exit code for `node_id` in the copy `tree`, None where it took too long; and its output."""
    # No byte code: a changed file of the same size and second would be taken for the old one.
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", node_id]
    try:
        result = subprocess.run(command, cwd=tree, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        return None, ""
    return result.returncode, result.stdout + result.stderr


def try_mutant(tree, mutant):
    """What became of `mutant` in the copy `tree`, which is left as it was."""
    path = tree / mutant.file
    text = path.read_text()
    if text.count(mutant.old) != 1:
        return f"NO: the old text occurs {text.count(mutant.old)} times in {mutant.file}"
    path.write_text(text.replace(mutant.old, mutant.new))
    try:
        exit_code, output = run_test(tree, mutant.test)
    finally:
        path.write_text(text)
    if exit_code is None:
        return ENDLESS
    return VERDICTS.get(exit_code) or f"NO: pytest could not run it (exit code {exit_code}): {output.strip().splitlines()[-1:]}"


def verdicts(mutants, workers):
    """[(mutant, verdict)] in the order of `mutants`, worked out on `workers` copies."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as directory, ThreadPoolExecutor(workers) as pool:
        trees = queue.SimpleQueue()
        for number in range(workers):
            tree = pathlib.Path(directory) / str(number)
            tree.mkdir()
            copy_tree(tree)
            trees.put(tree)

        def in_a_tree(work, argument):
            tree = trees.get()
            try:
                return work(tree, argument)
            finally:
                trees.put(tree)

        tests = sorted({mutant.test for mutant in mutants})
        unbroken = dict(zip(tests, pool.map(lambda test: in_a_tree(run_test, test)[0], tests), strict=True))

        def judge(mutant):
            if unbroken[mutant.test] != 0:
                return "NO: the test fails without it too"
            return in_a_tree(try_mutant, mutant)

        judged = []
        for mutant, verdict in zip(mutants, pool.map(judge, mutants), strict=True):
            print(f"{mutant.defect} {mutant.test}: {verdict}", flush=True)
            judged.append((mutant, verdict))
        return judged


def document(judged, impossible, missing):
    """docs/defects.md as text."""
    lines = ["# Defects of the original, and what catches them here", ""]
    lines += ["Written by `make mutants` from `tests/mutants.py`; do not edit. Each mutation brings a defect of the original script back"]
    lines += ["into our code, alone, in a copy of the tree; it is caught when the named test, which passes without it, fails.", ""]
    rows = [
        [m.defect, cell(m.was), f"`{m.test}`", f"`{m.file}`: {code(m.old)} → {code(m.new) if m.new.strip() else 'removed'}", cell(verdict)]
        for m, verdict in sorted(judged, key=lambda pair: pair[0].defect)
    ]
    lines += table(["Defect", "What it was", "Test", "Mutation", "Caught"], rows)
    if impossible:
        lines += ["", "## Those our design has no room for", ""]
        lines += table(["Defect", "What it was", "Why not here"], [[i.defect, cell(i.was), cell(i.why)] for i in sorted(impossible)])
    if missing:
        lines += ["", "Not in the table yet: " + ", ".join(missing) + "."]
    return "\n".join(lines) + "\n"


def main():
    from tests.mutants import DEFECTS, IMPOSSIBLE, MUTANTS

    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="D-01", action="append", help="this defect alone; docs/defects.md stays as it is")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    given = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if not given.only or mutant.defect in given.only]
    judged = verdicts(chosen, given.workers)
    alive = [mutant.defect for mutant, verdict in judged if verdict not in (CAUGHT, ENDLESS)]
    covered = {row.defect for row in MUTANTS + IMPOSSIBLE}
    missing = [defect for defect in sorted(DEFECTS) if defect not in covered]
    if not given.only:
        TARGET.write_text(document(judged, IMPOSSIBLE, missing))
    print(f"{len(judged) - len(alive)} of {len(judged)} caught" + (f"; not caught: {', '.join(alive)}" if alive else ""))
    if missing:
        print(f"not in tests/mutants.py yet: {', '.join(missing)}")
    return 1 if alive or missing and not given.only else 0


if __name__ == "__main__":
    sys.exit(main())
