"""`make recordings`: compares the firmware's behaviour with its record: plays the scenarios of tests/recordings and lists differences.

A recording holds what the world could see: writes to the box, uplinks, downlinks, joins, resets, closings, energy. Same events in the same
order, times within half a second: to move code without changing its behaviour, compare. To change the behaviour, record again
(`make recordings ARGS=record`) and commits the difference.
"""

import argparse
import concurrent.futures
import difflib
import pathlib
import sys

from sim import scenario
from tests.recordings.scenarios import SCENARIOS

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "recordings"
TIME_WITHIN_S = 0.5

# Kind of the timeline: what of it is recorded beside the time.
FIELDS = {
    "bus_write": ("register", "value", "accepted"),
    "uplink": ("f_port", "hex", "sf", "received"),
    "downlink_queued": ("f_port", "hex"),
    "downlink": ("f_port", "hex", "received"),
    "join": ("accepted",),
    "reset": ("cause",),
    "contactor": ("closed",),
    "energy": ("kwh",),
}


def text(value):
    """A value of the timeline; long hex in groups, so that nobody takes a payload for a key."""
    if isinstance(value, str) and len(value) > 8:
        return "_".join(value[at:at + 8] for at in range(0, len(value), 8))
    return str(value)


def lines(output):
    """The recording of a scenario's output: one line an event, its time first."""
    recorded = []
    for entry in output["timeline"]:
        fields = FIELDS.get(entry["kind"])
        if fields is not None:
            values = ["%s=%s" % (name, text(entry[name])) for name in fields]
            recorded.append("%.3f %s %s" % (entry["t"], entry["kind"], " ".join(values)))
    return recorded


def differences(recorded, played):
    """What differs between two recordings, as lines for a person; none if the events and their order are the same and the times near."""
    before = [line.partition(" ") for line in recorded]
    after = [line.partition(" ") for line in played]
    found = []
    matcher = difflib.SequenceMatcher(None, [line[2] for line in before], [line[2] for line in after], autojunk=False)
    for what, begin, end, new_begin, new_end in matcher.get_opcodes():
        if what == "equal":
            for old, new in zip(before[begin:end], after[new_begin:new_end]):
                late_s = float(new[0]) - float(old[0])
                if abs(late_s) > TIME_WITHIN_S:
                    found.append("%+.1f s: %s %s" % (late_s, old[0], old[2]))
        else:
            found.extend("- " + " ".join((old[0], old[2])) for old in before[begin:end])
            found.extend("+ " + " ".join((new[0], new[2])) for new in after[new_begin:new_end])
    return found


def path(name):
    """Where that scenario's recording is."""
    return FOLDER / (name + ".txt")


def play(name):
    """The lines of one scenario as today's firmware plays it."""
    return lines(scenario.run(SCENARIOS[name]))


def compare(name):
    """(name, differences) of one scenario."""
    if not path(name).exists():
        return name, ["there is no recording of it"]
    return name, differences(path(name).read_text().splitlines(), play(name))


def record(name):
    """Write one scenario's recording; (name, number of lines)."""
    recorded = play(name)
    path(name).write_text("\n".join(recorded) + "\n")
    return name, len(recorded)


def main(argv=None):
    """The command; exit code 1 if something differs."""
    parser = argparse.ArgumentParser(prog="python -m tools.checks.recordings", description="Compares the firmware with what is recorded of it.")
    parser.add_argument("what", nargs="?", choices=("compare", "record"), default="compare")
    parser.add_argument("--only", metavar="WORDS", default="", help="the scenarios that have this in their name")
    parser.add_argument("--most", metavar="N", type=int, default=20, help="so many differing lines of a scenario at most")
    parser.add_argument("--jobs", metavar="N", type=int, default=2)
    args = parser.parse_args(argv)
    names = [name for name in SCENARIOS if args.only in name]
    if not names:
        parser.error("no scenario has %r in its name" % args.only)
    with concurrent.futures.ProcessPoolExecutor(args.jobs) as pool:
        if args.what == "record":
            for name, count in pool.map(record, names):
                print("%s: %d events" % (name, count))
            return 0
        differing = 0
        for name, found in pool.map(compare, names):
            differing += bool(found)
            for line in found[:args.most]:
                print("%s: %s" % (name, line))
            if len(found) > args.most:
                print("%s: and %d more" % (name, len(found) - args.most))
    print("recordings: %d of %d scenarios agree" % (len(names) - differing, len(names)))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
