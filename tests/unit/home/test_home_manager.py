"""Home Manager survives every uplink that a device can pack, through the formatter as the stack runs it."""
import json
import random

import pytest
from tests.support.formatter_engine import Engine
from tests.support.home_manager import ACKS, STATES, Died, HomeManager

from app.codec import status_frames, downlink, report_frames, windows, vocabulary, posix_tz
from lorawan import clock_sync

APP = "ev-charger"
ROUNDS = 600
LEGACY = [0xA1, 0xB1, 0xB2, 0xC2, 0xC3, 0xC4, 0xE0, 0xE2, 0xAA, 0xBB, 0xCC]
ZONES = ["UTC0", "AEST-10AEDT,M10.1.0,M4.1.0/3", "CET-1CEST,M3.5.0,M10.5.0/3", "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45"]


class AnyStatus:
    """Any status; the packers clamp what is too large."""

    def __init__(self, rng):
        self.code = rng.randrange(256)
        self.state = rng.randrange(len(vocabulary.STATES) + 2)
        self.reason = rng.randrange(32)
        self.ev_connected, self.enable_input = rng.choice([None, False, True]), rng.choice([None, False, True])
        self.time_known, self.energy_estimated = rng.random() < 0.5, rng.random() < 0.5
        self.override = rng.randrange(len(vocabulary.OVERRIDES) + 1)
        self.limit_da = rng.choice([None, rng.randrange(1000)])
        self.currents_da = rng.choice([None, [rng.choice([None, rng.randrange(1000)]) for _ in range(3)]])
        self.energy_wh = rng.choice([None, rng.randrange(10**6)])
        self.plan_hash = rng.randrange(256)


class AnyResult:
    def __init__(self, rng):
        self.op = rng.randrange(len(vocabulary.COMMANDS) + 2)
        self.command_id = rng.choice([None, rng.randrange(256)])
        self.result = rng.randrange(len(vocabulary.RESULTS) + 1)
        self.detail = rng.choice([rng.randrange(len(vocabulary.DETAILS)), vocabulary.BAD_SETTING + rng.randrange(len(vocabulary.SETTINGS) + 2)])
        self.count = rng.randrange(300)


def some(rng, most=2**32):
    return rng.choice([None, 0, rng.randrange(most)])


def window(rng):
    start = rng.randrange(1440)
    return {"days": "mon-fri", "from": windows.time_text(start), "to": windows.time_text((start + 60) % 1440), "current_a": rng.randrange(6, 33)}


def device_pages(rng, state):
    """Each page of fPort 12."""
    page, count = rng.randrange(1, 8), 7
    yield report_frames.boot(state, page, count, rng.randrange(6), [rng.randrange(300) for _ in range(3)], rng.randrange(65536), rng.randrange(2**32))
    yield report_frames.charger(state, page, count, some(rng, 300), rng.choice([None, (1, rng.randrange(300))]), some(rng, 2000),
                        rng.choice([None, True]), rng.choice(vocabulary.KEYS), None, rng.choice([None, False]))
    yield report_frames.model(state, page, count, rng.choice([None, "", "2W22xy", "e\u0301" * 9]))
    yield report_frames.serial(state, page, count, rng.choice([None, "12345678901"]))
    yield report_frames.counters(state, page, count, *[rng.randrange(70000) for _ in range(7)])
    yield report_frames.radio(state, page, count, *[rng.randrange(70000) for _ in range(4)], rng.choice([None, -40000, 12]), some(rng, 7))
    yield report_frames.crash(state, page, count, rng.choice([*vocabulary.ERRORS, "Strange"]), "monitor", rng.randrange(70000), rng.randrange(2**32))


def readback_pages(rng, state):
    """Each page of fPort 14."""
    for plan in ((), windows.parse([window(rng) for _ in range(rng.randrange(1, 5))])[0]):
        for page in range(1, report_frames.plan_pages(plan) + 1):
            yield report_frames.plan(state, page, plan)
    of_zone = posix_tz.parse(rng.choice(ZONES))[0]
    for page in range(1, report_frames.zone_pages(of_zone) + 1):
        yield report_frames.timezone(state, page, of_zone)
    values = [(number, rng.randrange(256)) for number in range(len(vocabulary.SETTINGS))]
    for page in range(1, report_frames.settings_pages(values) + 1):
        yield report_frames.settings(state, page, values)
    yield report_frames.claims(state, 1, 1, rng.randrange(10), some(rng), some(rng, 2000), some(rng, 10**6))


def uplinks(seed):
    """(fPort, bytes) of every kind of uplink that the packers make, with values by chance."""
    rng = random.Random(seed)
    status = AnyStatus(rng)
    state = status.state
    yield from ((port, bytes((code,))) for port in (1, 2) for code in LEGACY)
    for limit in (5, 8, 11, 51, 242):
        yield 10, status_frames.encode_status(status, limit)
        yield 11, status_frames.encode_result(AnyResult(rng), status, limit)
        yield 15, report_frames.event(rng.randrange(7), state, status.code, status.reason, rng.randrange(2**16), some(rng, 70000), some(rng), limit)
    yield from ((12, page) for page in device_pages(rng, state))
    yield 13, report_frames.session(state, status.reason, some(rng), some(rng), some(rng, 10**6), rng.random() < 0.5, rng.randrange(999))
    yield from ((14, page) for page in readback_pages(rng, state))
    for known in range(8):
        yield 202, clock_sync.encode_request(rng.randrange(2**32), known, rng.random() < 0.5, rng.randrange(16))


def message(decoded):
    """What the stack publishes: without decoded_payload where the formatter gave no data."""
    fields = {"decoded_payload": decoded["data"]} if "data" in decoded else {}
    return json.dumps({"uplink_message": {"f_cnt": 1, **fields}})


@pytest.fixture(scope="module")
def js():
    return Engine()


def test_home_manager_survives_every_uplink_that_can_be_packed(js, evidence):
    count, died, seen = 0, 0, set()
    for seed in range(ROUNDS // 10):
        drawn = [frame for part in range(10) for frame in uplinks(seed * 10 + part)]
        manager = HomeManager(APP)
        for decoded in js.call_all("decodeUplink", [{"fPort": port, "bytes": list(packed)} for port, packed in drawn]):
            try:
                manager.on_message(manager.up, message(decoded))
            except Died as problem:
                print(problem)
                died += 1
        count += len(drawn)
        seen |= {port for port, _ in drawn}
    assert seen == {1, 2, 10, 11, 12, 13, 14, 15, 202}
    evidence(f"uplinks that end Home Manager, of {count} packed by chance on every fPort", died, 0)
    assert died == 0


@pytest.mark.parametrize("decoded", [
    {"errors": ["bytes: none"]}, {"data": {}}, {"data": {"state": "E2 Mode"}}, {"data": {"state": "Unknown"}}, {"data": {"state": None}},
    {"data": {"state": "Start ACK"}},
])
def test_the_stand_in_dies_as_the_original_does(decoded):
    manager = HomeManager(APP)
    with pytest.raises(Died):
        manager.on_message(manager.up, message(decoded))


def test_a_message_of_another_topic_is_not_read():
    HomeManager(APP).on_message("ttn/other/up", "no JSON")


def test_its_words_are_those_of_the_firmware():
    assert set(STATES) == set(vocabulary.STATES) - {None}
    assert all(f"{mode} ACK" in ACKS for mode in ("Lock Outlet", "Unlock Outlet", "Reset Charger"))


@pytest.mark.parametrize(
    "state, button, command",
    [("Charging", "disable", "lock"), ("Disabled", "enable", "unlock"), ("Connected and Locked", "start", "reset")],
)
def test_each_button_is_a_command_that_the_device_reads_and_answers(js, state, button, command):
    manager = HomeManager(APP)
    manager.on_message(manager.up, message({"data": {"state": state}}))
    pushed = json.loads(manager.press(button)[1])["downlinks"][0]
    encoded = js.call("encodeDownlink", {"data": pushed["decoded_payload"], "fPort": pushed["f_port"]})
    read = downlink.read(encoded["fPort"], bytes(encoded["bytes"]))
    assert (read.fault, vocabulary.COMMANDS[read.op]) == (0, command)
    result = AnyResult(random.Random(1))
    result.op, result.result, result.detail = read.op, vocabulary.RESULTS.index("done"), 0
    for limit in (5, 11):
        manager.waiting = pushed["decoded_payload"]["mode"] + " ACK"
        packed = status_frames.encode_result(result, AnyStatus(random.Random(1)), limit)
        manager.on_message(manager.up, message(js.call("decodeUplink", {"fPort": 11, "bytes": list(packed)})))
        assert manager.waiting is None


def test_it_gives_up_after_195_minutes_and_not_before():
    manager = HomeManager(APP)
    manager.on_message(manager.up, message({"data": {"state": "Charged"}}), now_s=100)
    assert not manager.has_lost_the_charger(100 + 195 * 60) and manager.has_lost_the_charger(101 + 195 * 60)
