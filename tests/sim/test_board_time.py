"""How long the loop's functions would take on a board, by the simulated board's account (sim.board_time)."""
import pathlib

import pytest
from sim.board_time import BYTECODE_NS, CALL_NS, BoardTime
from sim.scenario import complete
from sim.world import World

SRC = pathlib.Path(__file__).resolve().parents[2] / "src"
LIMIT_US = 10000
# What is over the limit, and how far at most: a turn in which several parts have their worst moment, with all that it calls; and settings,
# of which every one is checked when one is changed over the air.
KNOWN_US = {
    "monitor.Monitor.poll": 25000, "monitor.Monitor._tick": 23000, "actor.Actor.step": 21000,
    "work.Work.step": 16000, "work.Work._begin": 16000, "orders.Orders._settings": 16000, "site.Site.change": 15500, "site.Site._try": 12500,
    "session.Session.poll": 12000, "session.Session._turn": 12000, "session.Session._when_joined": 11000, "session.Session._send": 11000,
    "sender.Sender.step": 11000,
}
# Before the loop, and the loop itself, which never ends.
BOOT = ("main.start", "main.work", "main.loop", "main.build", "main.make_session", "monitor.Monitor.__init__", "site.Site.__init__",
        "site.Site._load", "site.Site._take", "program.Program.__init__")
DAY = {
    "seed": 3, "start": "2026-04-04T10:40:00Z", "duration_s": 2700,
    "config": {"TIMEZONE": "AEST-10AEDT,M10.1.0,M4.1.0/3", "PLAN": [{"days": "mon-sun", "from": "22:00", "to": "05:00"}]},
    "vehicle": {"model": "sleepy", "needs_kwh": 12},
    "events": [
        {"t": 120, "do": "plug"}, {"t": 300, "do": "downlink", "data": {"command": "start", "id": 7}},
        {"t": 600, "do": "downlink", "data": {"settings": {"hold": "always"}}},
        {"t": 800, "do": "downlink", "data": {"plan": {"windows": [{"days": "mon-fri", "from": "21:30", "to": "07:00", "current_a": 10}]}}},
        {"t": 900, "do": "downlink", "data": {"command": "report", "id": 9, "what": "device"}},
        {"t": 1300, "do": "monitor_power", "on": False}, {"t": 1330, "do": "monitor_power", "on": True},
        {"t": 1800, "do": "fault", "code": "F4"}, {"t": 2000, "do": "clear_fault"},
    ],
}


@pytest.fixture(scope="module")
def account():
    world = World(complete(DAY))
    with BoardTime(SRC) as account:
        world.run(DAY["duration_s"])
    assert world.app is None and not any(entry["kind"] == "reset" and entry["cause"] == "crash" for entry in world.timeline)
    return account


def test_no_function_of_the_loop_takes_long_but_those_that_are_known(account, evidence):
    loop = {name: us for name, us in account.worst_first() if name not in BOOT}
    assert len(loop) > 300
    name, us = next((name, us) for name, us in loop.items() if name not in KNOWN_US)
    evidence("Board time of the slowest function of the loop, but the known ones: " + name, "%.1f ms" % (us / 1000), "10 ms")
    over = {name: us for name, us in loop.items() if us > LIMIT_US}
    evidence("Functions of the loop over 10 ms of board time, of %d; the slowest: a turn's Monitor.poll" % len(loop), "%d; %.1f ms" % (
        len(over), loop["monitor.Monitor.poll"] / 1000), "0; 10 ms")
    assert {name: us for name, us in over.items() if us > KNOWN_US.get(name, LIMIT_US)} == {}


def test_a_step_as_usual_takes_a_few_milliseconds(account, evidence):
    usual_us = account.usual_us("actor.Actor.step")
    evidence("Board time of the application's step after a reading, median", "%.1f ms" % (usual_us / 1000), "10 ms")
    assert usual_us <= LIMIT_US // 2


def test_the_account_counts_bytecodes_and_calls(tmp_path):
    path = tmp_path / "probe.py"
    path.write_text("def inner(x):\n    return x + 1\n\n\ndef outer(n):\n    for _ in range(n):\n        inner(n)\n")
    names = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    worst = {}
    for count in (100, 200):
        with BoardTime(tmp_path) as account:
            names["outer"](count)
        worst[count] = account.worst["probe.outer"]
        assert 0 < account.worst["probe.inner"] * 1000 < 10 * BYTECODE_NS
    a_round = (worst[200] - worst[100]) * 1000 // 100
    assert CALL_NS + 5 * BYTECODE_NS < a_round < CALL_NS + 15 * BYTECODE_NS
