"""Run time of the loop's functions on a board, as the simulated board estimates it (sim.boards.board_time)."""
import builtins
import datetime
import pathlib
import textwrap

import pytest
from app.codec import windows, posix_tz
from app.policy.plan import Plan
from sim.boards import board_cost
from sim.boards.board_cost import BYTECODE_NS, CALL_NS
from sim.boards.board_time import BoardTime
from sim.scenario import complete
from sim.world import World

SRC = pathlib.Path(__file__).resolve().parents[2] / "src"
LIMIT_US = 10000
ZONE = "AEST-10AEDT,M10.1.0,M4.1.0/3"
# As many windows as a downlink carries.
WINDOWS = [
    {"days": "mon-fri", "from": "21:30", "to": "23:10"}, {"days": "mon-fri", "from": "00:15", "to": "05:00"},
    {"days": "sat,sun", "from": "10:00", "to": "16:00"}, {"days": "wed", "from": "12:00", "to": "14:30"},
    {"days": "sat,sun", "from": "20:00", "to": "07:00"}, {"days": "mon-sun", "from": "17:00", "to": "17:20"},
    {"days": "tue,thu", "from": "11:00", "to": "12:30"},
]
DAY = {
    "seed": 3, "start": "2026-04-04T10:40:00Z", "duration_s": 2700,
    "config": {"TIMEZONE": ZONE, "PLAN": [{"days": "mon-sun", "from": "22:00", "to": "05:00"}]},
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


# More commands than there is room for, so that the records are as long as they get, with the longest plan and many settings at once.
WORDS = ("start", "stop", "lock", "unlock", "resume_plan", "report")
EVERY_S = 7
CROWD = {
    "seed": 3, "start": "2026-04-04T10:40:00Z", "duration_s": 900, "network": {"data_rate": 5},
    "config": {"TIMEZONE": ZONE, "PLAN": WINDOWS, "NOT_PLUGGED_IN_AT": "21:50"}, "vehicle": {"model": "sleepy", "needs_kwh": 12},
    "events": [{"t": 60, "do": "plug"}],
}
for ten in range(10):
    data = [{"command": word, "id": 10 * ten + place} for place, word in enumerate(WORDS)]
    data += [{"command": "boost", "id": 10 * ten + 6, "until": "06:30"}, {"command": "skip", "id": 10 * ten + 7, "which": "next"}]
    data += [{"settings": {"hold": "always", "current_limit_a": 10, "key_turn": "boost", "heartbeat_min": 20, "clock_sync": True}}]
    data += [{"plan": {"windows": WINDOWS}}]
    CROWD["events"] += [{"t": 100 + EVERY_S * (10 * ten + place), "do": "downlink", "data": what} for place, what in enumerate(data)]


def amid_an_exchange(world):
    """A look at each record that is written, whether the box has been asked something and has not answered yet."""
    def look(name, old, new):
        if world.app is not None and world.app.charger._master.sent:
            world.amid.append(name)
    return look


@pytest.fixture(scope="module")
def accounts():
    found = {}
    for name, given in (("a day", DAY), ("a crowd", CROWD)):
        world = World(complete(given))
        world.amid = []
        world.flash.on_put = amid_an_exchange(world)
        with BoardTime(SRC, "main.loop") as found[name]:
            world.run(given["duration_s"])
        found[name].amid = world.amid
        assert world.app is None and not any(entry["kind"] == "reset" and entry["cause"] == "crash" for entry in world.timeline)
    return found


@pytest.mark.parametrize("name", ["a day", "a crowd"])
def test_no_function_of_the_loop_takes_long(accounts, name, evidence):
    loop = accounts[name].worst
    assert len(loop) > 300 and "application.Application.poll" in loop
    slowest = max(loop, key=loop.get)
    claim = "Board time of the slowest function of the loop, %s, of %d: %s" % (name, len(loop), slowest)
    evidence(claim, "%.1f ms" % (loop[slowest] / 1000), "10 ms")
    assert {name: us for name, us in loop.items() if us > LIMIT_US} == {}


# Code, a record at its longest and a collection: what a turn may take. The LoPy4's and the ESP32's longest record is one with a page to be erased.
TURNS_MS = {"lopy4": 10 + 65 + 100, "esp32": 10 + 65 + 28, "rp2": 10 + 317 + 28}


def test_a_turn_writes_one_record_at_most_and_is_bounded_on_each_board(accounts, evidence):
    assert [account.records for account in accounts.values()] == [1, 1]
    for board, limit_ms in TURNS_MS.items():
        longest_us = max(account.turns[board] for account in accounts.values())
        claim = "Board time of the longest turn of the loop, with its record and a collection, %s" % board
        evidence(claim, "%d ms" % (longest_us // 1000), "%d ms" % limit_ms)
        assert longest_us <= limit_ms * 1000
    assert max(account.turns["rp2"] for account in accounts.values()) > 317000


def test_no_record_is_written_while_the_box_is_to_answer(accounts, evidence):
    evidence("Records written between a question to the box and its answer, on an eventful day and in a crowd of commands",
             len(accounts["a day"].amid + accounts["a crowd"].amid), 0)
    assert accounts["a day"].amid == [] and accounts["a crowd"].amid == []


def test_a_step_as_usual_takes_a_few_milliseconds(accounts, evidence):
    usual_us = accounts["a day"].usual_us("controller.Controller.step")
    evidence("Board time of the application's step after a reading, median", "%.1f ms" % (usual_us / 1000), "10 ms")
    assert usual_us <= LIMIT_US // 2


def test_a_book_that_is_full_was_among_what_was_saved(accounts):
    # Half of a turn's time goes into it; a log of one command takes a tenth of that.
    assert accounts["a crowd"].worst["command_log.CommandLog.dump"] > 8 * accounts["a day"].worst["command_log.CommandLog.dump"]


def test_the_longest_look_at_a_plan(evidence):
    """Open all the time, in as many windows as there may be: each of them counts on each day ahead."""
    hours = ["00:00", "03:00", "07:00", "11:00", "14:00", "18:00", "21:00", "00:00"]
    always = windows.parse([{"days": "mon-sun", "from": begin, "to": end} for begin, end in zip(hours, hours[1:])])[0]
    plan = Plan(always, posix_tz.parse(ZONE)[0])
    begin = int(datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc).timestamp())
    with BoardTime(SRC) as account:
        for utc_s in range(begin, begin + 50 * 86400, 3 * 3600):
            while not plan.knows(utc_s):
                plan.prepare(utc_s)
            assert plan.state(utc_s)[0]
    slowest_us = account.worst["plan.Plan.prepare"]
    evidence("Board time of the longest look at a plan of seven windows that is always open", "%.1f ms" % (slowest_us / 1000), "10 ms")
    assert LIMIT_US // 4 < slowest_us <= LIMIT_US


def probe(tmp_path, body):
    """The function f(x, n) of that body, in a file of its own."""
    path = tmp_path / "probe.py"
    path.write_text("def inner(x):\n    return x + 1\n\n\ndef f(x, n):\n" + textwrap.indent(body, "    ") + "\n")
    names = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    return names["f"]


# As MicroPython's compiler makes them; on CPython they are others, from release to release.
@pytest.mark.parametrize(
    "body, bytecodes, calls",
    [
        ("return n + 1", 4, 0),
        ("return x is not None", 5, 0),
        ("x = 1", 2 + 2, 0),
        ("if not x:\n    return n", 2 + 2, 0),
        ("return x and n", 2 + 2, 0),
        ("return x if n else 7", 4 + 1, 0),
        ("return inner(n)", 3 + 4, 1),
        ("return inner(x=n)", 4 + 4, 1),
        ("if n:\n    x = 2\nelse:\n    x = 3\nreturn x", 2 + 3 + 2, 0),
        ("return x[1:]", 2 + 1 + 1 + 1 + 1, 0),
        ("x = [1, 2]\nx[0] += n\nreturn x", 4 + 8 + 2, 0),
        ("for k in range(n):\n    x = k\nreturn x", 3 + 3 * (8 + 2) + 2, 0),
        ("x = (1, 2, 3)\nfor k in x:\n    n = k\nreturn n", 2 + 3 + 3 * (3 + 2) + 2, 0),
        ("while n > 1:\n    n -= 1\nreturn n", 1 + 3 * 4 + 2 * 4 + 2, 0),
        ("while True:\n    n -= 1\n    if n < 1:\n        break\nreturn n", 1 + 3 * (1 + 4 + 4) + 1 + 2, 0),
        ("x = [k for k in (1, 2, 3) if k > 1]\nreturn x", 6 + 1 + 3 * (3 + 4) + 2 * 2 + 2, 1),
        ("try:\n    return x[9]\nexcept IndexError:\n    return 8", 2 + 4 + (4 + 2) + 2, 0),
    ],
)
def test_the_account_is_of_micropythons_bytecodes(tmp_path, body, bytecodes, calls):
    f = probe(tmp_path, body)
    with BoardTime(tmp_path) as account:
        f([5, 6], 3)
    assert account.worst["probe.f"] == (bytecodes * BYTECODE_NS + calls * CALL_NS) // 1000


def test_the_functions_are_what_they_were_after_an_account(tmp_path):
    f = probe(tmp_path, "return [(lambda: k) for k in range(n)]")
    before = f.__code__
    for _ in range(2):
        with BoardTime(tmp_path) as account:
            assert f.__code__ != before
            made = f(1, 2)
        assert f.__code__ is before and [one() for one in made] == [1, 1] and account.worst["probe.f"] > 0
    assert not set(board_cost.BUILTINS) & set(vars(builtins))


def test_a_function_that_comes_too_late_for_the_account_is_told(tmp_path):
    with pytest.raises(RuntimeError, match="probe.f"):
        with BoardTime(tmp_path):
            probe(tmp_path, "return 1")(1, 2)
