"""The session book in the store: a record finds its place (home/sessions.py says which), and the quarter hours of its energy are calculated."""
import sqlalchemy as sa

from home import energy_profile, sessions
from home.store import memory
from home.store.schema import reading, session, session_energy

BOX = 1          # one box a device, until there are more
_MINUTE_MS = 60_000
# Readings of a session may come a little after its end by the device's minutes.
_SLACK_MS = 90_000
_LONGEST_MS = 14 * 86_400_000
# The begin of these is known; what is made up for the others says nothing of the order.
_DATED = session.c.started_ms == session.c.order_ms


def _one(connection, device, *where, order):
    return connection.execute(sa.select(session).where(session.c.device == device, *where).order_by(*order).limit(1)).first()


def is_open(connection, device, at_ms):
    """True if a session may have gone on at that time, by the last status before it."""
    its = reading.c
    connected = connection.execute(sa.select(its.connected).where(its.device == device, its.at_ms <= at_ms).order_by(
        its.at_ms.desc(), its.id.desc()).limit(1)).scalar()
    return connected is not False


def forgotten(connection, device):
    """Numbers whose sessions the owner deleted, as far back as a device could tell them again."""
    return set(memory.get(connection, f"forgotten/{device}", ()))


def forget(connection, insert, device, numbers):
    """The sessions of these numbers were deleted, and are not to come back."""
    newest = max(numbers)
    kept = [number for number in forgotten(connection, device) | set(numbers) if newest - number < sessions.WRAP]
    memory.put(connection, insert, f"forgotten/{device}", sorted(kept))


def add(connection, device, record, vehicle=None):
    """Enter a record, of the vehicle that is usual there; its row's id, or None if it is there already, or was deleted."""
    recent = (session.c.order_ms >= record.order_ms - sessions.OLD_MS if record.is_dated else
              session.c.received_ms >= record.received_ms - sessions.OLD_MS)    # an undated one may have been moved
    like = connection.execute(sa.select(session).where(session.c.device == device, session.c.wire_number == record.wire_number, recent)).all()
    if any(sessions.is_same(record, row) for row in like):
        return None
    newest = _one(connection, device, order=(session.c.number.desc(),))
    before = after = None
    if record.is_dated:
        before = _one(connection, device, _DATED, session.c.order_ms <= record.order_ms, order=(session.c.order_ms.desc(), session.c.number.desc()))
        after = _one(connection, device, _DATED, session.c.order_ms > record.order_ms, order=(session.c.order_ms, session.c.number))
    if before or after or newest is None:
        number = sessions.number(record, before, after)
    else:
        number = sessions.undated_number(record, newest)
    is_taken = _one(connection, device, session.c.number == number, order=()) is not None
    if after is None and newest and (is_taken or sessions.counts_anew(record, number, newest)):
        number, is_taken = newest.number + 1, False
    if number in forgotten(connection, device):
        return None
    by = sessions.shift(number, before, after) if after else 0
    if by:
        _shift(connection, device, after.number, by)
    elif is_taken:
        number += 1
        _shift(connection, device, number, 1)
    if number < 0:
        _shift(connection, device, None, sessions.WRAP)
        number += sessions.WRAP
    key = connection.execute(sa.insert(session).values(
        device=device, box=BOX, wire_number=record.wire_number, number=number, order_ms=record.order_ms, started_ms=record.started_ms,
        duration_min=record.duration_min, energy_wh=record.energy_wh, estimated=record.estimated, reason=record.reason,
        received_ms=record.received_ms, vehicle=vehicle, is_settled=False)).inserted_primary_key[0]
    _move_undated(connection, device, number)
    return key


def _move_undated(connection, device, number):
    """Sessions without a known begin, that one and those before it, lie between their neighbours, however late their records came."""
    after = _one(connection, device, session.c.number > number, order=(session.c.number,))
    after_ms = after.order_ms if after else sessions.NEVER_MS
    rows = connection.execute(sa.select(session).where(
        session.c.device == device, session.c.number <= number, session.c.number > number - sessions.WRAP).order_by(session.c.number.desc())).all()
    for place, row in enumerate(rows):
        order_ms = row.order_ms
        if not sessions.is_begin_known(row):
            dated = next(filter(sessions.is_begin_known, rows[place + 1:]), None)
            first_ms = dated.order_ms + row.number - dated.number if dated else 0
            if order_ms >= after_ms:
                order_ms = after_ms - (row.duration_min or 0) * _MINUTE_MS
            order_ms = min(max(order_ms, first_ms), after_ms - 1)
        if order_ms != row.order_ms:
            connection.execute(sa.update(session).where(session.c.id == row.id).values(order_ms=order_ms, is_settled=False))
        elif row.number < number:
            break
        after_ms = order_ms


def _shift(connection, device, first, by):
    """An earlier record came late, from before a wrap that nobody saw: the later ones count on."""
    later = [] if first is None else [session.c.number >= first]
    connection.execute(sa.update(session).where(session.c.device == device, *later).values(number=session.c.number + by))


def unsettle(connection, device, first_ms, last_ms):
    """Readings of that time are new: what lies there is calculated again."""
    ends = sa.func.coalesce(session.c.order_ms + session.c.duration_min * _MINUTE_MS, session.c.received_ms)
    connection.execute(sa.update(session).where(
        session.c.device == device, session.c.order_ms <= last_ms, session.c.order_ms >= first_ms - _LONGEST_MS,
        ends + _SLACK_MS >= first_ms, session.c.is_settled).values(is_settled=False))


def settle(connection):
    """Calculate the quarter hours of all that is not settled."""
    for row in connection.execute(sa.select(session).where(sa.not_(session.c.is_settled))).all():
        begin_ms, end_ms = sessions.flow_ms(row)
        is_timed = sessions.is_timed(row)
        found = energy_profile.profile(begin_ms, end_ms, row.energy_wh, _points(connection, row.device, begin_ms, end_ms))
        connection.execute(sa.delete(session_energy).where(session_energy.c.session == row.id))
        if found:
            connection.execute(sa.insert(session_energy), [
                {"session": row.id, "quarter": quarter, "wh": wh, "is_sure": is_sure and is_timed}
                for quarter, (wh, is_sure) in sorted(found.items())])
        connection.execute(sa.update(session).where(session.c.id == row.id).values(is_settled=True))


def _points(connection, device, begin_ms, end_ms):
    """What was read during a session."""
    of = reading.c
    rows = connection.execute(sa.select(of.at_ms, of.session_wh, of.power_w, of.state).where(
        of.device == device, of.at_ms >= begin_ms, of.at_ms <= end_ms, of.session_wh.is_not(None),
        sa.or_(of.connected.is_(None), of.connected)).order_by(of.at_ms, of.id))
    return [energy_profile.Point(one.at_ms, one.session_wh, _power_w(one)) for one in rows]


def _power_w(one):
    """None where it charges and the box has no meter."""
    return one.power_w or (None if one.state == "Charging" else 0)
