"""home/store/book.py: each session has its number and its place, whatever its record lacks and whenever it comes."""
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from home import sessions
from home.sessions import Record
from home.store import book, database, schema

HOUR_MS = 3_600_000
NOW_MS = 1_796_000_000_000


def told(*records):
    """[(number, its seven bits)] as the sessions are shown, after records (seven bits, begin in h or None, minutes, reception in h)."""
    engine = database.connected("sqlite:///:memory:")
    with database.writing(engine) as connection:
        schema.metadata.create_all(connection)
        connection.execute(sa.insert(schema.device).values(id=1, network="a", device_id="b"))
        for wire_number, begin_h, minutes, received_h in records:
            begin_ms = None if begin_h is None else NOW_MS + int(begin_h * HOUR_MS)
            book.add(connection, 1, Record(wire_number, begin_ms, minutes, 1000, False, "no_vehicle", NOW_MS + int(received_h * HOUR_MS)))
        book.settle(connection)
        rows = connection.execute(sa.select(schema.session).order_by(schema.session.c.order_ms, schema.session.c.number)).all()
    return [(row.number, row.wire_number) for row in rows]


@pytest.mark.parametrize("records, expected", [
    # A power cut while the gateway was away: the next session began before the record of that one came.
    ([(1, 0, 20, 1), (2, None, 12, 6), (3, 4, 150, 9)], [1, 2, 3]),
    # Asked for after an outage: several at once.
    ([(7, -72, 300, 0), (8, None, 100, 0), (9, -24, 200, 0), (10, -12, 200, 0)], [7, 8, 9, 10]),
    # The one that was lost comes when it is asked for, and a session has begun meanwhile.
    ([(20, -72, 300, -60), (22, -24, 200, -20), (21, None, 100, 0)], [20, 21, 22]),
    ([(20, -72, 300, -60), (22, -24, 200, -20), (21, None, 100, 0), (23, -2, 100, 1)], [20, 21, 22, 23]),
    # The first ones of a device that had not learned the time.
    ([(1, None, 10, 0), (2, None, 10, 0.1), (3, -3, 60, 1)], [1, 2, 3]),
    ([(1, -50, 10, -49), (2, None, 10, 0), (3, None, 10, 0.01), (4, -3, 60, 1)], [1, 2, 3, 4]),
    # Longer than there is room for.
    ([(1, -50, 10, -49), (2, None, 6000, 0), (3, None, 6000, 0.01), (4, -3, 60, 1)], [1, 2, 3, 4]),
    # A session of the same seven bits between neighbours, one of which has no begin.
    ([(20, -72, 300, -60), (21, None, 60, -50), (22, -24, 200, -20), (21, -48, 60, 0)], [20, 21, 22, 23]),
    # Another board, which counts from 1; a wrap.
    ([(50, -50, 10, -49), (51, None, 10, -40), (1, -30, 10, -29), (2, -20, 10, -19)], [50, 51, 52, 53]),
    ([(127, -50, 10, -49), (0, None, 10, 0), (1, -3, 60, 1)], [127, 128, 129]),
])
def test_a_session_of_an_unknown_begin_has_the_place_of_its_number(records, expected):
    assert [number for number, _ in told(*records)] == expected


@pytest.mark.parametrize("known", [tuple(range(1, 51)), (50,)])
def test_a_board_that_counts_anew_without_the_time_is_told_once_and_comes_last(known):
    """A session each day for 50 days, then two of another board, and its second record three times, the last one two years later."""
    old = [(number, 24 * (number - 51), 60, 24 * (number - 51) + 2) for number in known]
    new = [(1, None, 60, 1), (2, None, 60, 2)]
    found = told(*old, *new, new[1], (2, None, 60, 24 * 300))
    assert found == [(number, number) for number in known] + [(51, 1), (52, 2)]


def test_a_moved_session_is_as_long_as_it_was_and_is_calculated_again():
    engine = database.connected("sqlite:///:memory:")
    with database.writing(engine) as connection:
        schema.metadata.create_all(connection)
        connection.execute(sa.insert(schema.device).values(id=1, network="a", device_id="b"))

        def add(wire_number, begin_h, minutes, received_h):
            begin_ms = None if begin_h is None else NOW_MS + begin_h * HOUR_MS
            key = book.add(connection, 1, Record(wire_number, begin_ms, minutes, 4000, False, None, NOW_MS + received_h * HOUR_MS))
            book.settle(connection)
            return key

        add(1, 0, 20, 1)
        key = add(2, None, 120, 9)
        add(3, 6, 60, 10)
        its = connection.execute(sa.select(schema.session).where(schema.session.c.id == key)).one()
        quarters = connection.execute(sa.select(schema.session_energy.c.quarter).where(schema.session_energy.c.session == key)).scalars().all()
    assert its.order_ms == NOW_MS + 4 * HOUR_MS
    assert quarters and all(its.order_ms <= 900_000 * quarter + 900_000 and 900_000 * quarter <= NOW_MS + 6 * HOUR_MS for quarter in quarters)


@given(st.integers(1, 127), st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 110)), min_size=2, max_size=12))
def test_once_all_records_are_there_they_are_shown_in_the_device_s_order_without_a_gap(first, steps):
    """A session each two hours, whose begin is known or not, its record lost at first or not; those come when they are asked for, two days later."""
    records = [((first + place) % sessions.WRAP, 2 * place if dated or place == 0 else None, minutes, 2 * place + 2)
               for place, (dated, _lost, minutes) in enumerate(steps)]
    live = [record for record, (_, lost, _) in zip(records, steps, strict=True) if not lost or record is records[0]]
    late = [(*record[:3], 72 + record[3] / 100) for record in records if record not in live]
    found = told(*live, *late)
    assert found == [(first + place, record[0]) for place, record in enumerate(records)]
