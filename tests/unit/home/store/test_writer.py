"""home/store/writer.py: each uplink counts once, whatever way and in whatever order it came; the session book and its gaps follow."""
import random

import pytest
import sqlalchemy as sa
from tests.support.stores import store
from tests.support.uplinks import DAY_MS, HOUR_MS, MIN_MS, Device, T
from home.store import book, database, memory, queries, schema
from home.store.writer import Writer


@pytest.fixture
def engine():
    with store() as opened:
        yield opened


@pytest.fixture
def writer(engine):
    return Writer(engine, {("ttn", "wallbox"): "", ("ttn", "other"): ""})


@pytest.fixture
def device():
    return Device()


def count(engine, table):
    with engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()


def sessions(engine, device=1):
    with engine.connect() as connection:
        return queries.sessions_between(connection, device, 0, 1 << 62)


def evening(device):
    """A session of two hours with its readings, the record and the counter."""
    return [
        device.status(T, 0), device.status(T + HOUR_MS, 0, 7.0), device.status(T + 2 * HOUR_MS, 7.0, 7.0),
        device.status(T + 3 * HOUR_MS, 14.0, 0), device.session(5, T, 180, 14.0), device.energy(T + 3 * HOUR_MS + MIN_MS, 1014.0, 5),
    ]


def test_what_was_delivered_twice_is_stored_once(engine, writer, device):
    uplinks = evening(device)
    assert writer.write("ttn", uplinks + uplinks[:2]) == uplinks
    assert writer.write("ttn", uplinks, backfilled=True) == []
    assert count(engine, schema.uplink) == 6 and count(engine, schema.reading) == 4 and len(sessions(engine)) == 1


def test_an_uplink_of_a_device_that_is_not_ours_is_left_out(engine, writer):
    assert writer.write("ttn", [Device("neighbour").status(T)]) == []
    assert writer.write("elsewhere", [Device().status(T)]) == []
    assert count(engine, schema.uplink) == 0


def test_the_energy_of_a_session_lies_where_it_was_read(engine, writer, device):
    writer.write("ttn", evening(device))
    with engine.connect() as connection:
        (quarters,) = queries.energy_of(connection, 1, 0, 1 << 62).values()
    assert sum(wh for quarter, wh, is_sure in quarters) == 14000
    assert all(is_sure for quarter, wh, is_sure in quarters)
    assert min(quarters)[0] == (T + HOUR_MS) // 900_000


def test_readings_that_come_after_the_record_are_reckoned_in(engine, writer, device):
    uplinks = evening(device)
    writer.write("ttn", uplinks[4:])
    with engine.connect() as connection:
        assert not any(is_sure for quarters in queries.energy_of(connection, 1, 0, 1 << 62).values() for quarter, wh, is_sure in quarters)
    writer.write("ttn", uplinks[:4], backfilled=True)
    with engine.connect() as connection:
        assert all(is_sure for quarters in queries.energy_of(connection, 1, 0, 1 << 62).values() for quarter, wh, is_sure in quarters)


def test_records_in_any_order_and_twice_make_the_same_book(engine, writer, device):
    records = [device.session(number, T + number * DAY_MS, received_ms=T + number * DAY_MS + 2 * HOUR_MS) for number in range(100, 160)]
    again = [device.session(number, T + number * DAY_MS, received_ms=T + 170 * DAY_MS) for number in range(110, 130)]
    uplinks = records + again
    random.Random(1).shuffle(uplinks)
    for uplink in uplinks:
        writer.write("ttn", [uplink])
    found = sessions(engine)
    assert [row.number - found[0].number for row in found] == list(range(60))
    assert [row.wire_number for row in found] == [number % 128 for number in range(100, 160)]


def test_a_lost_record_is_a_gap_until_it_is_sent_again(engine, writer, device):
    records = [device.session(number, T + number * DAY_MS) for number in (1, 2, 5)]
    writer.write("ttn", records)
    with engine.connect() as connection:
        assert [(first, last, row.number) for first, last, row in queries.missing(connection, 1)] == [(3, 4, 2)]
    writer.write("ttn", [device.session(number, T + number * DAY_MS, received_ms=T + 20 * DAY_MS) for number in (4, 3)])
    with engine.connect() as connection:
        assert queries.missing(connection, 1) == []
    assert [row.number for row in sessions(engine)] == [1, 2, 3, 4, 5]


def test_the_counter_tells_of_a_last_record_that_never_came(engine, writer, device):
    writer.write("ttn", [device.session(1, T), device.status(T + 9 * HOUR_MS, connected=False), device.energy(T + 10 * HOUR_MS, 20.0, 2)])
    with engine.connect() as connection:
        assert [gap[:2] for gap in queries.missing(connection, 1)] == [(2, 2)]


def test_the_counter_during_a_session_misses_nothing(engine, writer, device):
    writer.write("ttn", [device.session(1, T), device.status(T + 9 * HOUR_MS), device.energy(T + 10 * HOUR_MS, 20.0, 2)])
    with engine.connect() as connection:
        assert queries.missing(connection, 1) == []


@pytest.mark.parametrize("is_open, gaps", [(True, []), (False, [(2, 2)])])
def test_whether_the_counted_session_goes_on_is_the_device_s_word(engine, writer, device, is_open, gaps):
    writer.write("ttn", [device.session(1, T), device.status(T + 9 * HOUR_MS, connected=not is_open),
                         device.energy(T + 10 * HOUR_MS, 20.0, 2, session_open=is_open)])
    with engine.connect() as connection:
        assert [gap[:2] for gap in queries.missing(connection, 1)] == gaps


def test_of_each_kind_the_newest_stays_though_an_older_one_comes_later(engine, writer, device):
    old = device.status(T, 1.0)
    writer.write("ttn", [device.status(T + 1000, 2.0), device.event(T + 2000)])
    writer.write("ttn", [old], backfilled=True)
    with engine.connect() as connection:
        newest = queries.newest(connection, 1)
    assert newest["status"][1]["session_kwh"] == 2.0 and newest["event"][0] == T + 2000


def test_the_total_is_kept_over_a_restart(engine, writer, device):
    writer.write("ttn", evening(device))
    Writer(engine, {("ttn", "wallbox"): ""}).write("ttn", [device.status(T + 9 * HOUR_MS, 0), device.status(T + 10 * HOUR_MS, 2.5)])
    with engine.connect() as connection:
        assert memory.get(connection, "energy_total/1")["counted_wh"] == 1_016_500


def test_two_devices_do_not_mix(engine, writer):
    writer.write("ttn", [Device("wallbox").session(5, T), Device("other").session(9, T + HOUR_MS)])
    assert [[row.number for row in sessions(engine, key)] for key in (1, 2)] == [[5], [9]]


def test_a_batch_that_fails_leaves_nothing_behind(engine, writer, device, monkeypatch):
    def torn(connection):
        raise database.sa.exc.OperationalError("", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patch, pytest.raises(database.StoreFailed, match="the store: database or disk is full"):
        patch.setattr(book, "settle", torn)
        writer.write("ttn", evening(device))
    assert count(engine, schema.uplink) == count(engine, schema.session) == 0
    assert len(writer.write("ttn", evening(Device()))) == 6


def test_a_disk_that_is_full_is_one_sentence_and_loses_nothing(tmp_path, device):
    with store(tmp_path / "home.db") as engine:
        writer = Writer(engine, {("ttn", "wallbox"): ""})
        writer.write("ttn", evening(device))
        with engine.connect() as connection:
            pages = connection.execute(sa.text("PRAGMA page_count")).scalar()
        engine.dispose()
        sa.event.listen(engine, "connect", lambda connection, record: connection.execute(f"PRAGMA max_page_count={pages}"))
        many = [device.status(T + DAY_MS + place * MIN_MS) for place in range(2000)]
        with pytest.raises(database.StoreFailed, match="^the store: database or disk is full$"):
            writer.write("ttn", many)
        assert count(engine, schema.uplink) == 6 and len(sessions(engine)) == 1
    with store(tmp_path / "home.db") as engine:
        assert count(engine, schema.uplink) == 6
        assert len(Writer(engine, {("ttn", "wallbox"): ""}).write("ttn", many)) == 2000


HOSTILE = [
    {"type": "status", "state": "Charging\0", "session_kwh": 1e300, "power_kw": float("nan"), "code": 7, "ev_connected": "yes"},
    {"type": "session", "session_number": 5.5}, {"type": "session", "session_number": True}, {"type": "session", "session_number": -1},
    {"type": "session", "session_number": 5, "started_at": -4, "duration_min": 1e9, "session_kwh": "7"},
    {"type": "event", "event": "x" * 500, "event_at": 1e12, "kwh": -3}, {"type": ["status"]}, {"type": "\ud800", "part": {}}, {},
    {"type": "device", "part": "energy", "energy_total_kwh": [1], "session_number": None}, {"type": "x" * 99, "page": 1e99},
]


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
def test_nonsense_in_the_words_is_left_out_and_the_rest_goes_on(engine, writer, device, data):
    assert len(writer.write("ttn", [device.uplink(T, 10, data), device.status(T + 1000, 1.0)])) == 2
    assert count(engine, schema.reading) >= 1


@pytest.mark.parametrize("late_ms, counted_wh", [(60_000, 1_001_500), (HOUR_MS, 1_001_000)])
def test_an_event_that_the_car_is_full_ends_the_flow_where_the_status_is_lost(engine, writer, device, late_ms, counted_wh):
    writer.write("ttn", [device.energy(T, 1000.0, 5), device.status(T + MIN_MS, 0), device.status(T + HOUR_MS, 1.0, 7.0)])
    at_ms = T + 2 * HOUR_MS
    writer.write("ttn", [device.event(at_ms, kwh=1.5, event_at=(at_ms - late_ms) // 1000)])
    with engine.connect() as connection:
        total = memory.get(connection, "energy_total/1")
    assert (total["counted_wh"], total["power_w"]) == (counted_wh, 0)
