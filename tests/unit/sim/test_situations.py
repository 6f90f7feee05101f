"""Ten situations of an owner before `make run`, at the three sizes of screens that people have: nothing that matters is cut."""
import re

import pytest
from sim.live import screen, uplink_words
from tests.support.live_scene import SIZES, screens

from app.codec import vocabulary

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
NIGHT = {"days": "daily", "from": "22:00", "to": "07:00"}
QUIET = {"panel_frames": False, "key": "unlocked"}
# A Friday in summer, 20:00 in Berlin.
EVENING = {"start": "2026-06-05T18:00:00Z", "charger": QUIET, "config": {"TIMEZONE": BERLIN, "PLAN": [NIGHT]}}
BARE = {"start": "2026-06-05T18:00:00Z", "charger": dict(QUIET, key="locked")}
HELD = "Connected and Locked: held until the next window of the plan"
BOX = ("Wallbox", "Radio and network", "contactor", "of 24 s (30)", "of 10 today", "127.0.0.1:1883 ✓")

# situation: (scenario, what is typed when, looked at after s, what must be there, what must not)
SITUATIONS = {
    "joined, nothing else": (BARE, [], 30, [
        "Fri 05 Jun 2026 18:00:30 UTC ", "A1  no car", "none (eager comes next)", "Reported Not Connected: no car is there",
        "Tonight  no plan · monitor leaves the box alone · nothing unasked", "compares its clock with the network"], ["asks for the time"]),
    "held before the window": (EVENING, [(70, "plug")], 200, [
        "Fri 05 Jun 2026 20:03:20 UTC+2", "B2  ready, car draws nothing", "Reported " + HELD,
        "Tonight  22:00-07:00 · plan holds the car · charge at 22:00, 1 h 57 min left", "20:01:10 box"], ["asks for the time", "18:0"]),
    "a skip before its window": (EVENING, [(70, "plug"), (100, "skip")], 200, [
        "Tonight  22:00-07:00 skipped", "charge on Sat at 22:00, 25 h 57 min left", "plan; a skip stands", "answer to skip, id 1: done",
        "skip, id 1", "received 20:01:40"], ["charge at 22:00"]),
    "a boost before the car is there": (EVENING, [(100, "boost until 07:30 10A")], 200, [
        "boost waits for a car to give it current", "plan again at 07:30, 11 h 27 min left",
        "Reported Not Connected: no car is there; a boost stands", "answer to boost, id 1: done", "boost until 07:30 10A, id 1"],
        ["boost gives current"]),
    "a boost under a lock": (EVENING, [(70, "plug"), (100, "boost until 07:30"), (130, "lock")], 200, [
        "E0  outlet disabled", "lock keeps the outlet locked · nothing until unlocked", "boost stands until 07:30",
        "Reported Disabled: the outlet is locked", "answer to lock: done"], []),
    "too old a command": (BARE, [(5, "plug"), (30, "reset")], 60, [
        "answer to reset: refused: too old, sent within a minute of the join", "B1  car waits for permission", "Reset Charger",
        "acknowledged 18:00:31"], ["stale"]),
    "a plan and a time zone in words": (BARE, [(90, "timezone CET-1CEST"), (120, "plan mon-fri 22:00-07:00 16A; sun 12:00-13:00")], 200, [
        "20:03:20 UTC+2", "Tonight  22:00-07:00", "plan mon-fri 22:00-07:00 16A; sun 12:00-13:00, id 2", "answer to plan, id 2: done"],
        ["asks for the time"]),
    "a fault": (EVENING, [(70, "plug"), (100, "fault F9")], 200, [
        "F9  fault", "fault F9, vehicle draws more current than it was offered", "● red", "event: fault F9"], []),
    "the network away, two commands wait": (EVENING, [(70, "plug"), (200, "gateway 600"), (210, "unlock"), (212, "report plan")], 230, [
        "queued", "Unlock Outlet", "report plan, id 1", "Reported " + HELD], ["received 20:03:3"]),
    "charging, with a session behind it": (dict(EVENING, config={}), [(70, "plug"), (400, "unplug"), (520, "plug")], 700, [
        "C2  charging", "eager, draws 16.0 A", "contactor closed", "session 1: 1 kWh in 5 min, ended: while charging",
        "Reported Charging with 11.04 kW"], []),
    "the monitor without power": (EVENING, [(70, "plug"), (100, "monitor off")], 130, [
        "○ off: the monitor is down", "monitor down", "monitor is down: the box goes on by itself"], []),
    "a mistaken time zone": (BARE, [(90, "timezone UTC+10")], 130, [
        "UTC+10 lies ten hours west of Greenwich", "Ten hours east is written UTC-10", "Fri 05 Jun 2026 08:02:10 UTC-10"], []),
}


def flat(text, width=0):
    """The words of a screen, whatever line they stand in; on a wide one those of the left and of the right half one after the other."""
    lines = text.split("\n")
    halves = [text] + ([] if width < screen.WIDE else ["\n".join(line[part] for line in lines) for part in (slice(0, 83), slice(83, None))])
    return " ".join(re.sub("[│╭╮╰╯─]", " ", "\n".join(halves)).split())


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_situation_is_seen_at_every_size(name, evidence):
    scenario, typed, at_s, there, absent = SITUATIONS[name]
    seen = screens(scenario, typed, at_s)
    assert set(seen) == set(SIZES)
    missing = [(size, words) for size, text in seen.items() for words in (*BOX, *there) if flat(words) not in flat(text, size[0])]
    too_much = [(size, words) for size, text in seen.items() for words in absent if words in text]
    cut = [size for size, text in seen.items() if "…" in text]
    wrong = [size for size, text in seen.items() if len(text.split("\n")) != size[1] or max(map(len, text.split("\n"))) > size[0]]
    failing = {size for size, _ in missing + too_much} | {*cut, *wrong}
    looked_for = len(BOX) + len(there)
    evidence(f"make run, {name}: of the sizes 80x24, 100x30 and 160x50, those at which all of {looked_for} words are seen and nothing is cut",
             len(SIZES) - len(failing), len(SIZES))
    assert (missing, too_much, cut, wrong) == ([], [], [], []), seen[80, 24]


def test_a_replaced_queue_leaves_nothing_of_what_was_cleared():
    replaced = '<replace> {"downlinks": [{"decoded_payload": {"mode": "Lock Outlet"}}]}'
    seen = screens(EVENING, [(200, "gateway 600"), (210, "unlock"), (215, replaced)], 230)
    for text in seen.values():
        assert "Lock Outlet" in text and "Unlock Outlet" not in text


# --- uplinks in words


def test_every_word_of_the_firmware_has_a_sentence():
    assert set(uplink_words.REASONS) == set(vocabulary.REASONS)
    assert set(uplink_words.DETAILS) == set(vocabulary.DETAILS) - {"none"}
    assert set(uplink_words.EVENTS) == set(vocabulary.EVENTS)
    assert set(vocabulary.OVERRIDES) - {"none"} <= set(uplink_words.OVERRIDES)


@pytest.mark.parametrize("decoded, sentence", [
    ({"type": "status", "state": "Charging", "reason": "charging", "power_kw": 10.7, "override": "none"}, "Charging with 10.7 kW"),
    ({"type": "status", "state": "Charged", "reason": "vehicle_full", "override": "boost"}, "Charged: the car is full; a boost stands"),
    ({"type": "status", "state": "Disabled", "reason": "locked", "override": "lock"}, "Disabled: the outlet is locked"),
    ({"type": "legacy", "state": "Disabled", "fault": "F4", "fault_text": "wallbox misses the messages of its controller"},
     "Disabled: fault F4, wallbox misses the messages of its controller"),
    ({"type": "result", "state": "Disabled", "command": "start", "command_id": 255, "result": "refused", "detail": "locked"},
     "answer to start, id 255: refused: the outlet is locked"),
    ({"type": "result", "state": "Disabled", "command": "start", "command_id": 8, "result": "failed", "detail": "no_answer"},
     "answer to start, id 8: failed: the box did not answer"),
    ({"type": "result", "command": "unlock", "result": "expired", "detail": "stale"},
     "answer to unlock: refused: too old, sent before the network was heard again, or within a minute of that"),
    ({"type": "result", "command": "stop", "command_id": 1, "result": "expired"},
     "answer to stop, id 1: refused: too old, it came after its time was over"),
    ({"type": "result", "command": "reset", "result": "done", "detail": "repeated"},
     "answer to reset: done, answered before, it was delivered again"),
    ({"type": "result", "command": "unlock", "command_id": 9, "result": "busy", "refused": 3},
     "answer to unlock, id 9: refused: no airtime or no room is left, 3 of them"),
    ({"type": "result", "command": "stop", "command_id": 9, "result": "done", "counted": 2},
     "answer to stop, id 9: done, 2 older ones are answered with it"),
    ({"type": "result", "command": "settings", "command_id": 3, "result": "refused", "detail": "bad_setting", "setting": "data_rate"},
     "answer to settings, id 3: refused: the setting data_rate is wrong, and none was changed"),
    ({"type": "device", "part": "boot", "page": 1, "pages": 7, "boot_cause": "watchdog", "firmware": "1.2.3"},
     "report 1 of 7, boot: boot cause watchdog, firmware 1.2.3"),
    ({"type": "device", "part": "energy", "page": 1, "pages": 1, "energy_total_kwh": 1234.56, "session_number": 45, "session_open": False},
     "report 1 of 1, energy: energy total kwh 1234.56, session number 45, session open no"),
    ({"type": "session", "reason": "vehicle_full", "duration_min": 330, "session_kwh": 12.34, "energy_estimated": True, "session_number": 44},
     "session 44: 12.34 kWh (estimated) in 330 min, ended: the car is full"),
    ({"type": "session", "session_number": 4, "duration_min": None, "session_kwh": None}, "session 4: unknown kWh in unknown time, ended: unknown"),
    ({"type": "readback", "part": "plan", "page": 1, "pages": 1, "windows": [dict(NIGHT, current_a=16, kwh=5)]},
     "read-back 1 of 1, plan: daily 22:00-07:00 16A 5kWh"),
    ({"type": "readback", "part": "plan", "page": 1, "pages": 1, "windows": []}, "read-back 1 of 1, plan: no window"),
    ({"type": "readback", "part": "timezone", "page": 2, "pages": 2, "timezone_part": None}, "read-back 2 of 2, time zone: no summer time"),
    ({"type": "readback", "part": "settings", "page": 1, "pages": 1, "settings": {"adr": False, "data_rate": None}},
     "read-back 1 of 1, settings: adr no, data rate none"),
    ({"type": "readback", "part": "claims", "page": 1, "pages": 1, "holder": "boost", "until": 1790000000, "current_limit_a": 16, "kwh_left": 2.5},
     "read-back 1 of 1, claims: boost until Mon 16:13, 2.5 kWh left, at most 16A"),
    ({"type": "event", "event": "leaked_at_peak", "kwh": 1.23}, "event: the car charged although it should not, 1.23 kWh"),
    ({"type": "event", "event": "not_charging", "minutes": 10}, "event: it should charge, and no current flows, 10 min"),
    ({"type": "clock", "state": "Charging", "device_time": 1}, "Charging; compares its clock with the network"),
    ({"type": "target", "state": "Charging"}, "Charging target"),
    ({}, "no state of an unknown type"),
    (None, "undecodable"),
])
def test_an_uplink_of_every_type_is_a_sentence(decoded, sentence):
    assert uplink_words.sentence(decoded, 2 * 3600) == sentence
