"""Writes docs/evidence.md from the figures that the last `pytest --evidence` left in build/, and from docs/soak.json.

A row is a claim, the figure measured for it, its limit, the commit of the code that it was measured on, and the command that
measures it again. Rows are sorted, so that a second run changes figures and nothing else. With --add, rows of tests that were not
measured now stay as they are. What a soak of another commit than the present code's found is marked stale.
The page begins with the few rows that matter most. `python -m tools.docgen.evidence --head` rewrites that beginning from
the present page, and measures nothing.
"""
import argparse
import json
import pathlib
import re
import sys

from tools.checks.commit import short, soaked_commit
from tools.checks.soak import read_record
from tools.docgen.table import cell, table

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Of the tests, of the benchmarks, which run alone, and of make test-home, which needs programs of the system.
MEASURED = [ROOT / "build" / name for name in ("evidence.json", "evidence-bench.json", "evidence-home-oldest.json", "evidence-home-newest.json")]
TARGET = ROOT / "docs" / "evidence.md"

# What no figure on the page says, because nothing here can measure it.
OUT_OF_REACH = """\
Not measured here: the longest free block of a board's heap. MicroPython's WebAssembly build lets its heap grow, takes the frames of functions from
elsewhere and collects only while no script runs, so it cannot show how the heap of an RP2040 falls to pieces. Whoever has an image of MicroPython
for one measures it on an emulated board with `micropython.mem_info()` (docs/footprint.md)."""

# What matters, in the order of the page: in plain words, and the claim that it is, by an expression whose groups the words may show.
WHAT_MATTERS = (
    ("A command to its verified answer, class C, SF10: median of \\1",
     r"class C, SF10: command to verified answer, median of (\d+), part 1"),
    ("The slowest lock or unlock among them", r"class C, SF10: lock and unlock at worst, part 1"),
    ("The slowest opening after a stop or lock, amid a storm of 1,000 commands an hour",
     r"storm, commands alone: slowest opening after a stop or lock"),
    ("Commands accepted in that storm, and how many of them were not answered exactly once, or untruly",
     r"storm, commands alone: commands accepted, of which not answered exactly once, or untruly"),
    ("Commands done, none twice and none after its expiry, deliveries repeated, reordered and delayed",
     r"commands acted upon, none twice and none after its expiry"),
    ("Power cuts after which anything accepted was lost, invented, done twice or not done, of \\1",
     r"power cuts after which anything acknowledged was lost, invented, done twice or not done, of (\d+)"),
    ("The same in the soaks", r"soak: power cuts after which anything acknowledged was lost, invented, done twice or not done"),
    ("Energy drawn at peak by a held car after a blackout of box and monitor, worst of \\1 boxes",
     r"drawn at peak after a blackout of box and monitor, held, worst of (\d+) boxes"),
    ("From the power to the hold or lock after a blackout, worst of \\1",
     r"a hold or lock after a blackout, from the power to the write, worst of (\d+)"),
    ("Minutes without charging whose reason is the true one, of \\1",
     r"Minutes without charging of which the reason \w+ last agrees with the simulator, .* of (\d+)"),
    ("Minutes inside and outside a plan compared with zoneinfo, \\1 / wrong",
     r"Minutes inside and outside the plan compared with zoneinfo, (.*) / wrong"),
    ("Energy of a session with a meter, worst error", r"Energy of a session against the simulated box, with a meter, 6 cars .*: worst error"),
    ("Airtime in any 24 h with a change every minute and a command every \\1 minutes",
     r"airtime in any 24 h with a change every minute and a command every (\d+)"),
    ("Longest gap between uplinks in storms of commands where 90 min are allowed, AU915, min",
     r"AU915: longest gap between uplinks in those storms where 90 min are allowed, min"),
    ("Back after outages of up to 2 h, at worst", r"outages of up to 2 h from the start, every 9 min: first uplink received after, at worst"),
    ("False states in \\1 glitches of one frame on the bus", r"false states in (\d+) single-frame glitches, with panel frames"),
    ("Collisions caused by us beside a second master, in \\1 telegrams", r"collisions caused by us in (\d+) telegrams there"),
    ("Hours of changing wishes, bad lines, faults and power cuts without a forbidden write",
     r"hours of changing wishes, bad lines, strangers, faults and power cuts without a forbidden write"),
    ("Uplinks that would end Home Manager, of \\1 by chance", r"uplinks that end Home Manager, of (\d+) packed by chance on every fPort"),
    ("Inputs at which the formatter throws, of \\1 at random",
     r"inputs of ([\d,]+) at random, many hostile, at which the formatter throws or answers with a hole .*"),
    ("Updates of a board cut at any moment: states tried; neither the old version nor the new (FAT, first installation)",
     r"make flash cut after each change of the flash and inside each write, .*"),
    ("Records that the house's book lacks or has twice after \\1 kills of the service",
     r"records that the book lacks or has twice after (\d\d\d) kills .*"),
    ("From a message on MQTT to the changed page in a browser, ms, median of \\1",
     r"ms from an MQTT message to the changed page in \w+, median of (\d+)"),
    ("Defects of the original, brought back and caught by a test, of \\1",
     r"defects of the original brought back and caught by a test, of (\d+) mutations"),
)
MATTERS_HEAD = "## What matters"
MEASURED_HEAD = "## Measured by tests and benchmarks"


def limit_cell(row):
    return "-" if row["limit"] is None else cell(row["limit"])


def cells_of(row):
    """A measured row as it stands in the table."""
    figure = cell(row["figure"]) + ("" if row["passed"] else " (**the test failed**)")
    return [cell(row["claim"]), figure, limit_cell(row), short(row["commit"]), f"`pytest {row['test']}`"]


def test_of(cells):
    """The test of a table's row, by its last cell."""
    return re.fullmatch(r"`pytest (.*)`", cells[-1])[1]


def is_there(test):
    """Whether a test that a page names still exists, or the folder of tests whose run was measured."""
    path, _, name = test.split(" ")[0].partition("::")
    name = name.split("[")[0].split("::")[-1]
    return (ROOT / path).exists() and (not name or f"def {name}(" in (ROOT / path).read_text())


def kept(page, rows):
    """The cells of a page's measured rows whose tests still exist and did not measure anything now."""
    measured = {row["test"] for row in rows}
    section = page.split(MEASURED_HEAD)[-1].split("\n## ")[0]
    return [cells for cells in cells_on(section) if test_of(cells) not in measured and is_there(test_of(cells))]


def measured_lines(all_cells):
    """The table of what the tests measured, from the cells of its rows."""
    return table(["Claim", "Figure", "Limit", "Commit", "Command"], sorted(all_cells, key=lambda cells: (cells[0], cells[-1])))


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


def cells_on(text):
    """The cells of each row, in all tables of a page."""
    return [[part.strip() for part in re.split(r"(?<!\\)\|", line)[1:-1]]
            for line in text.splitlines() if line.startswith("| ") and line.endswith("` |")]


def rows_of(text):
    """[(claim, figure, command)] of all tables of a page, as they stand in its cells."""
    return [(cells[0], cells[1], cells[-1]) for cells in cells_on(text)]


def matters_lines(text):
    """The section of what matters, from the tables of a page; a claim that the page does not have is left out."""
    rows = rows_of(text)
    cells = []
    for words, expression in WHAT_MATTERS:
        found = [(re.fullmatch(expression, claim), figure, command) for claim, figure, command in rows]
        cells += [[match.expand(words), figure, command] for match, figure, command in found if match][:1]
    said = "A choice in plain words; each figure stands below with its claim and its limit."
    return [MATTERS_HEAD, "", said, ""] + table(["Claim", "Figure", "Command"], cells) + [""]


def with_what_matters(text):
    """A page with the section of what matters before all others, in the place of the one that it has."""
    top, rest = text.split(MEASURED_HEAD, 1)
    rest = MEASURED_HEAD + rest
    return top.split(MATTERS_HEAD)[0] + "\n".join(matters_lines(rest)) + "\n" + rest


def document(rows, record, soaked, page=""):
    """The whole page as text. rows: what was measured now; soaked: the commit of what a soak runs; page: of before, whose other rows are kept."""
    lines = ["# Evidence", ""]
    lines += ["Written by `make evidence`; do not edit. Every figure comes from a test that fails when the limit is broken, unless the",
              "claim calls it out of reach; the command measures it again (`pytest` is `.venv/bin/python -m pytest`). Commit: of the code",
              "that it was measured on.", ""]
    lines += [MEASURED_HEAD, ""] + measured_lines([cells_of(row) for row in rows] + kept(page, rows)) + [""]
    lines += OUT_OF_REACH.splitlines() + [""]
    lines += ["## Soaks", ""] + soak_lines(record, soaked)
    return with_what_matters("\n".join(lines) + "\n")


def main(arguments=None):
    words = argparse.ArgumentParser(prog="python -m tools.docgen.evidence", description="Writes docs/evidence.md.")
    words.add_argument("--head", action="store_true", help="only its beginning, from the page as it is")
    words.add_argument("--add", action="store_true", help="what was measured now takes the place of the same tests' rows; the others stay")
    chosen = words.parse_args(arguments)
    if chosen.head:
        TARGET.write_text(with_what_matters(TARGET.read_text()))
        return 0
    there = [path for path in MEASURED if path.exists()]
    if not there:
        print("make evidence: nothing was measured yet", file=sys.stderr)
        return 2
    rows = [row for path in there for row in json.loads(path.read_text())]
    TARGET.write_text(document(rows, read_record(), soaked_commit(), TARGET.read_text() if chosen.add else ""))
    print(f"docs/evidence.md: {len(rows)} figures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
