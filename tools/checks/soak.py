"""`make soak MINUTES=60` or `make soak ROUNDS=10`: the tests marked `soak`, repeated, each round with the next seed, on all cores.

Adds {commit, date, minutes, seeds, failed_seeds, only, python, figures} to docs/soak.json. The first seed follows the last one recorded
there, so that every soak treads new ground. A seed that fails is named, with the command that repeats it.
"""
import argparse
import datetime
import json
import math
import os
import pathlib
import platform
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from tools.checks.commit import soaked_commit

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECORD = ROOT / "docs" / "soak.json"
WORK = ROOT / "build" / "soak"
PYTEST = [sys.executable, "-m", "pytest", "-m", "soak", "-q", "-p", "no:cacheprovider"]
ONLY = []    # pytest's -k and its words, where not all of them are wanted
NO_TESTS = 5  # pytest's exit code


def minutes(text):
    """A number of minutes above 0, for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < 10_000:
        raise argparse.ArgumentTypeError(f"make soak needs MINUTES, as in MINUTES=60; {text!r} is none")
    return value


def rounds(text):
    """A number of rounds above 0, for argparse."""
    if not text.isdecimal() or not 0 < int(text) < 10_000:
        raise argparse.ArgumentTypeError(f"make soak needs ROUNDS, as in ROUNDS=10; {text!r} is none")
    return int(text)


def read_record(path=RECORD):
    """The list in docs/soak.json; empty where there is none yet."""
    return json.loads(path.read_text()) if path.exists() else []


def run_seed(seed):
    """One round: (seed, exit code, its rows of evidence). Its output stays in build/soak/."""
    figures = WORK / f"{seed}.json"
    command = [*PYTEST, *ONLY, "--soak-seed", str(seed), "--evidence", str(figures)]
    with open(WORK / f"{seed}.log", "w") as log:
        result = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
    rows = json.loads(figures.read_text()) if figures.exists() else []
    return seed, result.returncode, rows


def run_until(deadline, first_seed, workers, most=sys.maxsize):
    """Rounds until `deadline` (of time.monotonic), one seed each: the results of run_seed by seed. At least one a worker, `most` in all."""
    seeds = iter(range(first_seed, min(first_seed + most, sys.maxsize)))
    results = []
    interrupted = threading.Event()

    def work(_):
        for seed in seeds:
            seed, code, rows = run_seed(seed)
            results.append((seed, code, rows))
            print(f"seed {seed}: " + ("passed" if code == 0 else f"FAILED, see build/soak/{seed}.log"), flush=True)
            if time.monotonic() >= deadline or interrupted.is_set():
                return

    with ThreadPoolExecutor(workers) as pool:
        try:
            list(pool.map(work, range(workers)))
        except KeyboardInterrupt:
            interrupted.set()
            raise
    return sorted(results, key=lambda result: result[0])


def summarise(results):
    """Rows by claim over all rounds: numbers as lowest and highest, counts in total too, text as the different ones; and how many rounds gave one."""
    by_claim, counts = {}, set()
    for _, _, rows in results:
        for row in rows:
            key = row["claim"], row["test"], row["limit"]
            by_claim.setdefault(key, []).append(row["figure"])
            if row.get("adds_up"):
                counts.add(key)
    figures = []
    for (claim, test, limit), values in sorted(by_claim.items(), key=lambda item: item[0][:2]):
        entry = {"claim": claim, "limit": limit, "test": test, "rounds": len(values)}
        if all(isinstance(value, (int, float)) for value in values):
            entry.update(lowest=min(values), highest=max(values))
            if (claim, test, limit) in counts:
                entry.update(total=sum(values))
        else:
            entry.update(seen=sorted({str(value) for value in values})[:5])
        figures.append(entry)
    return figures


def main():
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__.splitlines()[0])
    how_long = parser.add_mutually_exclusive_group()
    how_long.add_argument("--minutes", type=minutes, default=60)
    how_long.add_argument("--rounds", type=rounds, help="that many instead, however long they take")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--only", metavar="WORDS", help="only the tests of that name, as pytest's -k; their figures join those of other soaks")
    given = parser.parse_args()
    if given.only:
        ONLY[:] = ["-k", given.only]
    found = subprocess.run([*PYTEST, *ONLY, "--collect-only"], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if found.returncode:
        print("make soak: no such test is marked `soak`" if found.returncode == NO_TESTS else found.stdout + found.stderr, file=sys.stderr)
        return 2

    WORK.mkdir(parents=True, exist_ok=True)
    for old in WORK.iterdir():
        old.unlink()
    record = read_record()
    first = max((entry["seeds"][1] for entry in record), default=0) + 1
    commit, begin = soaked_commit(), time.monotonic()
    span = f"{given.rounds} rounds" if given.rounds else f"{given.minutes:g} minutes"
    print(f"{span} on {given.workers} cores, from seed {first} on", flush=True)
    deadline = math.inf if given.rounds else begin + given.minutes * 60
    results = run_until(deadline, first, given.workers, given.rounds or sys.maxsize)

    failed = [seed for seed, code, _ in results if code]
    record.append({
        "commit": commit,
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "minutes": round((time.monotonic() - begin) / 60, 1),
        "seeds": [results[0][0], results[-1][0]],
        "failed_seeds": failed,
        "only": given.only,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "figures": summarise(results),
    })
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
    print(f"{len(results)} rounds, {len(failed)} failed; added to docs/soak.json")
    only = f" -k '{given.only}'" if given.only else ""
    for seed in failed:
        print(f"repeat it:  .venv/bin/python -m pytest -m soak{only} --soak-seed {seed}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("make soak: stopped, nothing recorded")
