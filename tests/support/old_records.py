"""What a firmware leaves on record, and what it says when it is started on that: tests/vectors/records_<commit>.json.

To write the file of a commit, in a working tree of it (this file is all that it takes of a newer one):

    git worktree add ../then COMMIT && cd ../then
    PYTHONPATH=.:src ../now/.venv/bin/python ../now/tests/support/old_records.py COMMIT > ../now/tests/vectors/records_COMMIT.json

A file is made once, by the firmware that it is named after: what it holds is on boards out there.
"""
import json
import sys
from datetime import datetime, timezone
from typing import NamedTuple

from sim import scenario
from sim.world import World

BEGIN_S = int(datetime(2026, 7, 1, 17, tzinfo=timezone.utc).timestamp())
DAY_S = 86400
BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
# An update restarts the board within this, and orders that itself: hal.contract.PLANNED.
RESTART_S = 20
PLANNED = 1


def at(t, do, **keys):
    """An event."""
    return dict(keys, t=t, do=do)


def asked(t, **data):
    """A request, sent at that second; issued then, unless it says when."""
    return at(t, "downlink", data=data)


def command(word, number, t, **keys):
    """One issued in the life before, good for long enough to be sent again in the life after."""
    return dict(keys, command=word, id=number, issued_at=BEGIN_S + t, expires_in_s=65535)


def plan(kwh):
    """A window of 13 A with so much, from 22:00 in Berlin, 10800 s after the beginning."""
    return [asked(300, timezone=BERLIN, id=1), asked(400, settings={"hold": "always", "heartbeat_min": 30, "unknown_time": 24}, id=2),
            asked(500, plan={"windows": [{"days": "daily", "from": "22:00", "to": "06:00", "current_a": 13, "kwh": kwh}]}, id=3)]


class RecordCase(NamedTuple):
    """events: of the life before, which lasts length_s, or until a reset before that. again: of its commands the one that is sent again in the
    life after, once `undo` has ended what it began. crashes: the firmware does so at its end."""

    events: list
    length_s: int
    again: dict | None = None
    undo: str = "resume_plan"
    crashes: bool = False
    config: dict = {}


BOOST = command("boost", 21, 17000, until="07:30", current_a=10)
STOP = command("stop", 22, 17050)
LOCK = command("lock", 23, 17100)
SKIP = command("skip", 24, 900, window="next")
START = command("start", 25, 17000)
CAME_AND_WENT = [at(600, "plug"), at(14000, "unplug"), at(15000, "hang_monitor"), at(16000, "plug")]

CASES = {
    "a car that charges by a boost": RecordCase([*plan(40), *CAME_AND_WENT, asked(17000, **BOOST)], 23000, BOOST),
    "a lock above a stop": RecordCase([*plan(40), *CAME_AND_WENT, asked(17050, **STOP), asked(17100, **LOCK)], 18000, LOCK, "unlock"),
    "a skip of tonight": RecordCase([*plan(40), at(600, "plug"), asked(900, **SKIP)], 5000, SKIP),
    "a start that has just begun": RecordCase([*plan(40), at(9000, "plug"), asked(10000, **START)], 10003, START),
    "a window that has given what it may": RecordCase([*plan(5), at(600, "plug")], 16000),
    "a session that nobody has heard of": RecordCase([*plan(40), at(600, "plug"), at(14000, "unplug")], 14008),
    "a crash, and a drift that was learned": RecordCase([*plan(40), at(600, "plug")], 3 * DAY_S, crashes=True),
    "a reboot with a clock that the owner has set": RecordCase(
        [*plan(40), asked(600, time=BEGIN_S + 600), at(700, "plug"), asked(4000, command="reboot", id=26)], 5000, config={"CLOCK_SYNC": False}),
}
# The life after: it joins, is asked, something ends, a request of the life before is delivered again, and the car leaves.
ASKED = [asked(500, command="report", id=31, what="status"), asked(600, command="report", id=32, what="plan"),
         asked(700, command="report", id=33, what="device"), at(2400, "unplug")]
UNDO_S, AGAIN_S, AFTER_S = 800, 900, 3300


def _world(case, begin_s, events, length_s, on_record=None):
    start = datetime.fromtimestamp(begin_s, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return World(scenario.complete({"start": start, "duration_s": length_s, "events": events, "charger": {"key": "unlocked"},
                                    "config": {"PLAN": [], "HOLD": "with_car", **case.config}}), on_record=on_record)


def _spoil(world):
    def poll(now_ms):
        raise KeyError("x")

    world.app.poll = poll


def leave(name):
    """What the life before leaves: {"length_s", "cause" of the next boot, "records": {name of a copy: hexadecimal digits}}."""
    case = CASES[name]

    def ends(entry):
        if entry["kind"] == "reset" and entry["cause"] != "watchdog":
            world.end()

    world = _world(case, BEGIN_S, case.events, case.length_s, ends)
    if case.crashes:
        world.kernel.at((case.length_s - 60) * 1000000, _spoil, world)
    world.run(case.length_s)
    return {"length_s": world.kernel.now_us // 1000000, "cause": world.flash.cause if world.stop else PLANNED,
            "records": {copy: value.hex() for copy, value in sorted(world.flash.records.items())}}


def go_on(name, left):
    """What the life after says, on what leave() gave."""
    case = CASES[name]
    plugs = [event["do"] for event in case.events if event["do"] in ("plug", "unplug")]
    again = [asked(UNDO_S, command=case.undo, id=41), asked(AGAIN_S, **case.again)] if case.again else []
    world = _world(case, BEGIN_S + left["length_s"] + RESTART_S, [at(0, "plug")][:plugs[-1] == "plug"] + ASKED + again, AFTER_S)
    world.flash.records.update({copy: bytes.fromhex(value) for copy, value in left["records"].items()})
    world.flash.cause = left["cause"]
    world.run(AFTER_S)
    return _said(world.timeline)


def _said(timeline):
    """What of its words depends on what it remembers."""
    said = {"settings": {}, "readback": {}, "results": {}, "sessions": [], "events": [], "device": {}, "overrides": []}
    for entry in timeline:
        words = entry.get("decoded") if entry["kind"] == "uplink" else None
        kind = words["type"] if words else None
        if kind == "readback":
            said["settings"].update(words.get("settings", {}))
            said["readback"]["%s %d" % (words["part"], words["page"])] = _only(
                words, "pages", "windows", "timezone_part", "holder", "until", "current_limit_a", "kwh_left")
        elif kind == "result":
            said["results"]["%s %s" % (words["command"], words.get("command_id"))] = _only(words, "result", "detail")
        elif kind == "session":
            said["sessions"].append(_only(words, "session_number", "started_at", "duration_min", "session_kwh", "energy_estimated"))
        elif kind == "event":
            said["events"].append(_only(words, "event", "event_number"))
        elif kind == "device":
            said["device"].update(_only(words, "boot_cause", "resets", "crashes", "airtime_s", "clock_drift_ppm", "error", "line"))
        elif kind == "status":
            said.setdefault("time_known", words["time_known"])
            if words["override"] not in said["overrides"][-1:]:
                said["overrides"].append(words["override"])
            if entry["t"] < UNDO_S:
                said.update(_only(words, "reason", "plan_hash", "session_kwh"))
    said["readback"] = {page: words for page, words in said["readback"].items() if not page.startswith("settings")}
    return said


def _only(words, *names):
    return {name: words[name] for name in names if name in words}


def made(commit):
    """The content of a file."""
    cases = {}
    for name in CASES:
        left = leave(name)
        cases[name] = {"left": left, "says": go_on(name, left)}
    return {"commit": commit, "cases": cases}


if __name__ == "__main__":
    print(json.dumps(made(sys.argv[1]), indent=1))
