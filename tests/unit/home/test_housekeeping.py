"""home/housekeeping.py: old messages go and the session book stays; missing records are asked for."""
import json
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from tests.support.stores import store
from tests.support.uplinks import DAY_MS, HOUR_MS, Device, T
from home import housekeeping
from home.store import schema
from home.store.writer import Writer

NETWORK = SimpleNamespace(name="ttn", kind="the-things-stack", application="ev-charger", tenant="ttn")


@pytest.fixture
def writer():
    with store() as engine:
        yield Writer(engine, {("ttn", "wallbox"): ""})


def count(writer, table):
    with writer.engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()


def test_old_messages_go_and_the_book_stays(writer, monkeypatch):
    monkeypatch.setattr(housekeeping, "_ROWS", 7)
    device = Device()
    for day in range(10):
        began_ms = T + day * DAY_MS
        writer.write("ttn", [device.status(began_ms, 0, 7.0), device.event(began_ms), device.session(day, began_ms)])
    assert housekeeping.prune(writer.engine, T + 7 * DAY_MS) == 21
    assert [count(writer, table) for table in (schema.uplink, schema.reading, schema.event, schema.session)] == [9, 3, 3, 10]
    assert count(writer, schema.session_energy) > 0


class DownlinkLine:
    def __init__(self):
        self.sent = []
        self.is_up = True

    def publish(self, topic, body):
        if self.is_up:
            self.sent.append((topic, json.loads(body)["downlinks"][0]["decoded_payload"]))
        return self.is_up


def ask(writer, air, now_ms):
    return housekeeping.ask_for_missing(writer, 1, NETWORK, "wallbox", air.publish, now_ms)


def test_missing_records_are_asked_for_by_their_seven_bits(writer):
    device, air = Device(), DownlinkLine()
    writer.write("ttn", [device.session(number, T + number * DAY_MS) for number in (*range(115, 127), 130)])
    assert ask(writer, air, T + 140 * DAY_MS) == 127
    assert air.sent == [("v3/ev-charger@ttn/devices/wallbox/down/push",
                         {"command": "report", "what": "sessions", "from": 127, "id": (T + 140 * DAY_MS) // 1000 % 256})]
    assert ask(writer, air, T + 140 * DAY_MS + HOUR_MS) is None
    writer.write("ttn", [device.session(number, T + number * DAY_MS, received_ms=T + 141 * DAY_MS) for number in (127, 128)])
    assert ask(writer, air, T + 141 * DAY_MS) == 129 and air.sent[-1][1]["from"] == 1


def test_a_line_that_is_down_does_not_count_as_asked(writer):
    device, air = Device(), DownlinkLine()
    writer.write("ttn", [device.session(number, T + number * DAY_MS) for number in (1, 3)])
    air.is_up = False
    assert ask(writer, air, T + 9 * DAY_MS) is None
    air.is_up = True
    assert ask(writer, air, T + 9 * DAY_MS) == 2


def test_nothing_missing_asks_nothing(writer):
    assert ask(writer, DownlinkLine(), T) is None
    writer.write("ttn", [Device().session(1, T)])
    assert ask(writer, DownlinkLine(), T) is None


def test_what_was_told_before_the_service_came_is_asked_for(writer):
    device, air = Device(), DownlinkLine()
    writer.write("ttn", [device.session(130, T + 130 * DAY_MS)])
    assert ask(writer, air, T + 140 * DAY_MS) == 1 and air.sent[-1][1]["from"] == 1
    writer.write("ttn", [device.session(1, T + DAY_MS, received_ms=T + 140 * DAY_MS)])
    assert ask(writer, air, T + 141 * DAY_MS) is None
