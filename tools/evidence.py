"""Writes docs/evidence.md from the figures that the last `pytest --evidence` left in build/, and from docs/soak.json.

A row is a claim, the figure measured for it, its limit, and the command that measures it again. Rows are sorted, so that a
second run changes figures and nothing else. A soak of another commit than the present code's is marked stale.
"""
import json
import pathlib
import sys

from tools.commit import code_commit, short
from tools.soak import read_record
from tools.table import cell, table

ROOT = pathlib.Path(__file__).resolve().parent.parent
MEASURED = ROOT / "build" / "evidence.json"
TARGET = ROOT / "docs" / "evidence.md"


def limit_cell(row):
    return "-" if row["limit"] is None else cell(row["limit"])


def measured_lines(rows):
    """The table of what the tests measured."""
    cells = []
    for row in sorted(rows, key=lambda row: (row["claim"], row["test"])):
        figure = cell(row["figure"]) + ("" if row["passed"] else " (**the test failed**)")
        cells.append([cell(row["claim"]), figure, limit_cell(row), f"`pytest {row['test']}`"])
    return table(["Claim", "Figure", "Limit", "Command"], cells)


def spread(figure):
    """Figures of all rounds of a soak in words."""
    if "lowest" not in figure:
        return ", ".join(figure["seen"])
    low, high = figure["lowest"], figure["highest"]
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def is_fresh(entry, now):
    """True if the soak `entry` ran on the code `now`; of changes that were not committed nobody knows which they were."""
    return entry["commit"] == now and not now.endswith("+")


def soak_lines(record, now):
    """A section for the newest soak of the code `now`, or for the newest of all, marked stale."""
    if not record:
        return ["None is recorded yet: `make soak MINUTES=60` adds one."]
    entry = ([entry for entry in record if is_fresh(entry, now)] or record)[-1]
    stale = "" if is_fresh(entry, now) else f" **Stale: the code has changed since** (now {short(now)})."
    failed = f" **Failed with the seeds {entry['failed_seeds']}.**" if entry["failed_seeds"] else " None failed."
    first, last = entry["seeds"]
    head = f"{entry['date']}, {entry['minutes']:g} minutes, seeds {first} to {last}, commit {short(entry['commit'])}.{failed}{stale}"
    mark = " (stale)" if stale else ""
    cells = [
        [cell(f["claim"]), cell(spread(f)) + mark, limit_cell(f), str(f["rounds"]), f"`pytest {f['test']} --soak-seed N`"]
        for f in entry["figures"]
    ]
    return [head, ""] + table(["Claim", "Figure", "Limit", "Rounds", "Command"], cells)


def document(rows, record, now):
    """The whole page as text."""
    lines = ["# Evidence", ""]
    lines += [f"Written by `make evidence` from the code of commit {short(now)}; do not edit. Every figure comes from a test that"]
    lines += ["fails when the limit is broken, unless the claim calls it out of reach; the command measures it again (`pytest` is",
              "`.venv/bin/python -m pytest`).", ""]
    lines += ["## Measured by tests and benchmarks", ""] + measured_lines(rows) + [""]
    lines += ["## The last soak", ""] + soak_lines(record, now)
    return "\n".join(lines) + "\n"


def main():
    if not MEASURED.exists():
        print("make evidence: nothing was measured yet", file=sys.stderr)
        return 2
    rows = json.loads(MEASURED.read_text())
    TARGET.write_text(document(rows, read_record(), code_commit()))
    print(f"docs/evidence.md: {len(rows)} figures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
