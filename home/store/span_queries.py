"""What is asked of the store about a span of time: receptions, readings, events, changes by hand. Spans are [begin_ms, end_ms), in order."""
import json

import sqlalchemy as sa

from home.store.schema import change, event, reading, session, session_energy, uplink

_RECEPTION = [uplink.c[name] for name in ("received_ms", "identity", "f_port", "f_cnt", "rssi", "snr", "spreading_factor", "airtime_ms", "gateways")]


def _within(table, column, device, begin_ms, end_ms):
    return table.c.device == device, column >= begin_ms, column < end_ms


def receptions(connection, device, begin_ms, end_ms):
    """How each uplink was received, without its message."""
    its = uplink.c
    return connection.execute(sa.select(*_RECEPTION).where(*_within(uplink, its.received_ms, device, begin_ms, end_ms)).order_by(
        its.received_ms, its.id)).all()


def reception_before(connection, device, ms):
    """The newest reception before that moment, or None."""
    its = uplink.c
    return connection.execute(sa.select(*_RECEPTION).where(its.device == device, its.received_ms < ms).order_by(
        its.received_ms.desc(), its.id.desc()).limit(1)).first()


def newest_uplinks(connection, device, count):
    """That many of the newest uplinks with their messages as parsed, the newest first: [(reception, message)]."""
    its = uplink.c
    rows = connection.execute(sa.select(*_RECEPTION, its.message).where(its.device == device).order_by(
        its.received_ms.desc(), its.id.desc()).limit(count))
    return [(row, _parsed(row.message)) for row in rows]


def messages_on(connection, device, f_port, begin_ms, end_ms):
    """[(received_ms, message)] of the uplinks on that fPort, as parsed."""
    its = uplink.c
    rows = connection.execute(sa.select(its.received_ms, its.message).where(
        *_within(uplink, its.received_ms, device, begin_ms, end_ms), its.f_port == f_port).order_by(its.received_ms, its.id))
    return [(row.received_ms, _parsed(row.message)) for row in rows]


def readings(connection, device, begin_ms, end_ms):
    its = reading.c
    return connection.execute(sa.select(reading).where(*_within(reading, its.at_ms, device, begin_ms, end_ms)).order_by(its.at_ms, its.id)).all()


def reading_before(connection, device, ms):
    """The newest reading before that moment, or None."""
    its = reading.c
    return connection.execute(sa.select(reading).where(its.device == device, its.at_ms < ms).order_by(
        its.at_ms.desc(), its.id.desc()).limit(1)).first()


def events(connection, device, begin_ms, end_ms):
    its = event.c
    return connection.execute(sa.select(event).where(*_within(event, its.received_ms, device, begin_ms, end_ms)).order_by(
        its.received_ms, its.id)).all()


def changes_by_hand(connection, begin_ms, end_ms):
    """Of all devices: what a change is about says which."""
    its = change.c
    return connection.execute(sa.select(change).where(its.at_ms >= begin_ms, its.at_ms < end_ms).order_by(its.at_ms, its.id)).all()


def newest_before_ms(connection, device, ms):
    """When, before that moment, something was heard last; None: never."""
    row = reception_before(connection, device, ms)
    return row.received_ms if row else None


def first_session_ms(connection, device):
    """When the first session of the session book began, or None."""
    return connection.execute(sa.select(sa.func.min(session.c.order_ms)).where(session.c.device == device)).scalar()


def sessions_in(connection, device, begin_ms, end_ms):
    """(how many sessions began in that time, their energy in Wh)."""
    its = session.c
    row = connection.execute(sa.select(sa.func.count(), sa.func.sum(its.energy_wh)).where(
        *_within(session, its.order_ms, device, begin_ms, end_ms))).one()
    return row[0], int(row[1] or 0)


def quarters_of(connection, session_id):
    """[(quarter, Wh, is_sure)] of one session."""
    its = session_energy.c
    return [tuple(row) for row in connection.execute(sa.select(its.quarter, its.wh, its.is_sure).where(
        its.session == session_id).order_by(its.quarter))]


def _parsed(text):
    """A stored message; {} where it is none."""
    try:
        made = json.loads(text)
    except ValueError:
        return {}
    return made if isinstance(made, dict) else {}
