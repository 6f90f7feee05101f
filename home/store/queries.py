"""What is asked of the store. Rows out, in time order; how they are shown is home/report.py's."""
import json

import sqlalchemy as sa

from home import energy_total, sessions
from home.store import book, decoded, memory
from home.store.schema import change, event, latest, meter_reading, price, session, session_energy, uplink

_MINUTE_MS = 60_000
_QUARTER_MS = 15 * _MINUTE_MS

# So far back a gap is looked for; the seven bits of a number tell no more.
_RECENT = sessions.WRAP


def sessions_between(connection, device, first_ms, end_ms, vehicle=None):
    """Rows of the session book that began in [first_ms, end_ms), the oldest first."""
    its = session.c
    where = [its.device == device, its.order_ms >= first_ms, its.order_ms < end_ms]
    if vehicle is not None:
        where.append(its.vehicle == vehicle)
    return connection.execute(sa.select(session).where(*where).order_by(its.order_ms, its.number)).all()


def one_session(connection, device, number):
    return connection.execute(sa.select(session).where(session.c.device == device, session.c.number == number)).first()


def session_before(connection, device, row):
    """The row of the session book before that one, or None."""
    its = session.c
    return connection.execute(sa.select(session).where(
        its.device == device, its.number < row.number).order_by(its.number.desc()).limit(1)).first()


def session_after(connection, device, row):
    """The row of the session book after that one, or None."""
    its = session.c
    return connection.execute(sa.select(session).where(its.device == device, its.number > row.number).order_by(its.number).limit(1)).first()


def neighbours(connection, device, number):
    """(number before, number after) in the session book; None where there is none."""
    its = session.c
    of = sa.select(sa.func.max(its.number)).where(its.device == device, its.number < number)
    after = sa.select(sa.func.min(its.number)).where(its.device == device, its.number > number)
    return connection.execute(of).scalar(), connection.execute(after).scalar()


def vehicles(connection):
    """The names of vehicles that any session has."""
    its = session.c.vehicle
    return sorted(connection.execute(sa.select(its).where(its.is_not(None)).distinct()).scalars())


def energy_of(connection, device, first_ms, end_ms):
    """{session id: [(quarter, Wh, is_sure)]} of the sessions that began in [first_ms, end_ms)."""
    its, energy = session.c, session_energy.c
    rows = connection.execute(sa.select(energy.session, energy.quarter, energy.wh, energy.is_sure).join_from(session, session_energy).where(
        its.device == device, its.order_ms >= first_ms, its.order_ms < end_ms).order_by(energy.session, energy.quarter))
    found = {}
    for key, quarter, wh, is_sure in rows:
        found.setdefault(key, []).append((quarter, wh, is_sure))
    return found


def energy_between(connection, device, begin_ms, end_ms):
    """Wh that flowed in that time: of a session that lies in it all, of another one its quarter hours, by their share where that is cut."""
    its, energy = session.c, session_energy.c
    found = {}
    for row in connection.execute(sa.select(session, energy.quarter, energy.wh.label("quarter_wh")).join_from(session, session_energy).where(
            its.device == device, energy.quarter >= begin_ms // _QUARTER_MS, energy.quarter < -(-end_ms // _QUARTER_MS))):
        found.setdefault(row.id, []).append(row)
    return round(sum(map(lambda rows: _energy_within(rows, begin_ms, end_ms), found.values())))


def _energy_within(rows, begin_ms, end_ms):
    """rows: one session, with each of its quarters that touch that time."""
    its = rows[0]
    # Its length is told in whole minutes.
    if sessions.is_timed(its) and begin_ms <= its.order_ms and sessions.end_ms(its) <= end_ms + _MINUTE_MS:
        return its.energy_wh
    shares = [(min(end_ms, (row.quarter + 1) * _QUARTER_MS) - max(begin_ms, row.quarter * _QUARTER_MS)) / _QUARTER_MS for row in rows]
    return sum(share * row.quarter_wh for share, row in zip(shares, rows, strict=True))


def missing(connection, device):
    """[(first, last, a row of the same count)] of what to ask the device for, the oldest first; what is missing behind the newest is the last."""
    rows = connection.execute(sa.select(session).where(session.c.device == device).order_by(session.c.number.desc()).limit(_RECENT)).all()[::-1]
    if not rows:
        return []
    found = [(sessions.missing_at_begin(rows[0], rows[-1]), rows[0])]
    found += [(sessions.first_missing(before, after), before) for before, after in zip(rows, rows[1:])]
    found.append((missing_at_end(connection, device), rows[-1]))
    gone = book.forgotten(connection, device)
    return [(*gap, row) for gap, row in found if gap and not gone.issuperset(range(gap[0], gap[1] + 1))]


def missing_at_end(connection, device):
    """(first, last) of what the device counted behind the newest number of the session book, or None."""
    told = memory.get(connection, f"latest_session/{device}")
    return sessions.missing_at_end(newest_session(connection, device), told["wire_number"], told["is_open"]) if told else None


def newest_session(connection, device):
    """The row with the highest number, or None."""
    return connection.execute(sa.select(session).where(session.c.device == device).order_by(session.c.number.desc()).limit(1)).first()


def newest(connection, device):
    """{what: (received_ms, data)} of the newest message of each kind, as far as its words may be believed."""
    rows = connection.execute(sa.select(latest).where(latest.c.device == device))
    return {row.what: (row.received_ms, decoded.believed(json.loads(row.decoded))) for row in rows}


def events_between(connection, device, first_ms, end_ms):
    its = event.c
    return connection.execute(sa.select(event).where(its.device == device, its.received_ms >= first_ms, its.received_ms < end_ms).order_by(
        its.received_ms, its.id)).all()


def events_after(connection, device, key):
    """Those that were written after the one of that key, in their order."""
    return connection.execute(sa.select(event).where(event.c.device == device, event.c.id > key).order_by(event.c.id)).all()


def newest_event(connection, device):
    """The key of the event that was written last; 0 if there is none."""
    return connection.execute(sa.select(sa.func.max(event.c.id)).where(event.c.device == device)).scalar() or 0


def total_wh(connection, device, now_ms):
    """The total energy of a device, carried on until now; None: not known."""
    return energy_total.shown(*_total(connection, device), memory.get(connection, f"energy_shown/{device}"), now_ms)


def carried_wh(connection, device, now_ms):
    """Wh that have flowed since the newest status, by the last power."""
    return energy_total.carried_wh(*_total(connection, device), now_ms)


def _total(connection, device):
    """(Total, the most that one of the latest sessions took; 0 while they are few)."""
    latest = sa.select(session.c.energy_wh).where(session.c.device == device).order_by(session.c.number.desc()).limit(energy_total.LATEST).subquery()
    most_wh, sessions = connection.execute(sa.select(sa.func.max(latest.c.energy_wh), sa.func.count(latest.c.energy_wh))).one()
    return energy_total.Total(**memory.get(connection, f"energy_total/{device}", {})), most_wh if sessions >= energy_total.FEWEST else 0


def last_heard_ms(connection, device):
    return connection.execute(sa.select(sa.func.max(uplink.c.received_ms)).where(uplink.c.device == device)).scalar()


def radio(connection, device):
    """The newest uplink's reception: rssi, snr, spreading_factor, gateways; or None."""
    its = uplink.c
    return connection.execute(sa.select(its.received_ms, its.rssi, its.snr, its.spreading_factor, its.gateways).where(
        its.device == device).order_by(its.received_ms.desc()).limit(1)).first()


def prices(connection, source, first_s, end_s):
    """[(start_s, end_s, price)] of a source that touch that time."""
    its = price.c
    return [tuple(row) for row in connection.execute(sa.select(its.start_s, its.end_s, its.price_kwh).where(
        its.source == source, its.end_s > first_s, its.start_s < end_s).order_by(its.start_s))]


def meter_readings(connection, device):
    its = meter_reading.c
    return [tuple(row) for row in connection.execute(sa.select(its.at_ms, its.wh).where(its.device == device).order_by(its.at_ms))]


def changes(connection, about):
    return connection.execute(sa.select(change).where(change.c.about == about).order_by(change.c.id)).all()
