"""Writes docs/evidence.md from the figures that the last `pytest --evidence` left in build/, and from docs/soak.json.

A row is a claim, the figure measured for it, its limit, and the command that measures it again. Rows are sorted, so that a
second run changes figures and nothing else. What a soak of another commit than the present code's found is marked stale.
"""
import json
import pathlib
import sys

from tools.checks.commit import code_commit, short, soaked_commit
from tools.checks.soak import read_record
from tools.docgen.table import cell, table

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The second is of make test-home, which needs programs of the system.
MEASURED = [ROOT / "build" / name for name in ("evidence.json", "evidence-home.json")]
TARGET = ROOT / "docs" / "evidence.md"

# What no figure on the page says, because nothing here can measure it.
OUT_OF_REACH = """\
Not measured here: the longest free block of a board's heap. MicroPython's WebAssembly build lets its heap grow, takes the frames of functions from
elsewhere and collects only while no script runs, so it cannot show how the heap of an RP2040 falls to pieces. Whoever has an image of MicroPython
for one measures it on an emulated board with `micropython.mem_info()` (docs/footprint.md)."""


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
    words = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return f"{figure['total']:,} ({words} a round)" if "total" in figure and figure["rounds"] > 1 else words


def is_fresh(entry, now):
    """True if the soak `entry` ran on the code `now`; of changes that were not committed nobody knows which they were."""
    return entry["commit"] == now and not now.endswith("+")


def merged(old, new):
    """Two soaks' figures for one claim, as if of one soak."""
    both = dict(new, rounds=old["rounds"] + new["rounds"])
    if "lowest" in old and "lowest" in new:
        both.update(lowest=min(old["lowest"], new["lowest"]), highest=max(old["highest"], new["highest"]))
        if "total" in old and "total" in new:
            both.update(total=old["total"] + new["total"])
    elif "seen" in old and "seen" in new:
        both.update(seen=sorted(set(old["seen"] + new["seen"]))[:5])
    return both


def newest(record, now):
    """{(claim, test): (figure, the soaks it is of)}: all soaks of the code `now` together, else the newest that has the claim."""
    rows = {}
    for entry in record:
        for figure in entry["figures"]:
            key = figure["claim"], figure["test"]
            before = rows.get(key)
            if before and is_fresh(before[1][-1], now):
                if is_fresh(entry, now):
                    rows[key] = merged(before[0], figure), before[1] + [entry]
            else:
                rows[key] = figure, [entry]
    return rows


def soak_lines(record, now):
    """A section for the soaks of the code `now`, and for claims that none of them has, the newest of all, marked stale."""
    if not record:
        return ["None is recorded yet: `make soak MINUTES=60` adds one."]
    rows = newest(record, now)
    shown = [entry for entry in record if any(entry in entries for _, entries in rows.values())]
    lines = []
    for entry in shown:
        stale = "" if is_fresh(entry, now) else f" **Stale: the code has changed since** (now {short(now)})."
        failed = f" **Failed with the seeds {entry['failed_seeds']}.**" if entry["failed_seeds"] else " None failed."
        first, last = entry["seeds"]
        only = f", only the tests named `{entry['only']}`" if entry.get("only") else ""
        lines += [f"* {entry['date']}, {entry['minutes']:g} minutes, seeds {first} to {last}, commit {short(entry['commit'])}{only}.{failed}{stale}"]
    cells = []
    for (claim, test), (figure, entries) in sorted(rows.items()):
        mark = "" if is_fresh(entries[-1], now) else " (stale)"
        cells.append([cell(claim), cell(spread(figure)) + mark, limit_cell(figure), str(figure["rounds"]), short(entries[-1]["commit"]),
                      f"`pytest {test} --soak-seed N`"])
    return lines + [""] + table(["Claim", "Figure", "Limit", "Rounds", "Commit", "Command"], cells)


def document(rows, record, now, soaked):
    """The whole page as text; now, soaked: the commits of the code, and of what a soak runs."""
    lines = ["# Evidence", ""]
    lines += [f"Written by `make evidence` from the code of commit {short(now)}; do not edit. Every figure comes from a test that"]
    lines += ["fails when the limit is broken, unless the claim calls it out of reach; the command measures it again (`pytest` is",
              "`.venv/bin/python -m pytest`).", ""]
    lines += ["## Measured by tests and benchmarks", ""] + measured_lines(rows) + [""]
    lines += OUT_OF_REACH.splitlines() + [""]
    lines += ["## Soaks", ""] + soak_lines(record, soaked)
    return "\n".join(lines) + "\n"


def main():
    there = [path for path in MEASURED if path.exists()]
    if not there:
        print("make evidence: nothing was measured yet", file=sys.stderr)
        return 2
    rows = [row for path in there for row in json.loads(path.read_text())]
    TARGET.write_text(document(rows, read_record(), code_commit(), soaked_commit()))
    print(f"docs/evidence.md: {len(rows)} figures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
