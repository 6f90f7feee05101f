"""What the owner changes by hand in the session book: the vehicle of a session, a meter's reading, forgetting a vehicle. Each change is logged.

who: as the history shows it; COMMAND where it was typed at the computer of the service.
"""
import datetime

import sqlalchemy as sa

from home.store import book
from home.store.schema import change, meter_reading, session
from home.store.database import insert_of, writing

COMMAND = "command"
VEHICLE_MAX, NUMBER_MAX, KWH_MAX = 80, 1 << 40, 10_000_000
_MINUTE_MS = 60_000


class NotThere(Exception):
    """There is nothing of that name or number; args[0] says so."""


def is_vehicle(name):
    """Whether a vehicle may be called so."""
    return len(name) <= VEHICLE_MAX and name.isprintable()


def wh_of(text):
    """Wh of a meter's figure in kWh as people type it, with a point or a comma; ValueError if it is none."""
    kwh = float(text.strip().replace(",", "."))
    if not 0 <= kwh < KWH_MAX:
        raise ValueError(text)
    return round(1000 * kwh)


def moment_ms(text, tz, now_ms):
    """UTC milliseconds of a time as people type it, local where it has no offset; ValueError if it is none, or to come."""
    found = datetime.datetime.fromisoformat(text)
    try:
        ms = int(1000 * found.replace(tzinfo=found.tzinfo or tz).timestamp())
    except OverflowError:
        raise ValueError(text) from None
    if not 0 < ms <= now_ms + _MINUTE_MS:
        raise ValueError(text)
    return ms


def assign(engine, key, number, vehicle, now_ms, who=COMMAND):
    """The session of that number was charged by this vehicle; None: by none that has a name."""
    with writing(engine) as connection:
        row = connection.execute(sa.select(session).where(session.c.device == key, session.c.number == number)).first()
        if row is None:
            raise NotThere(f"there is no session {number}")
        connection.execute(sa.update(session).where(session.c.id == row.id).values(vehicle=vehicle))
        _log(connection, now_ms, "vehicle", f"device {key} session {number}", row.vehicle, vehicle, who)


def forget(engine, vehicle, now_ms, who=COMMAND):
    """Delete the sessions of a vehicle, and what the log of changes says about it; how many. The numbers become a gap, which nobody asks for."""
    with writing(engine) as connection:
        numbers = {}
        for device, number in connection.execute(sa.select(session.c.device, session.c.number).where(session.c.vehicle == vehicle)):
            numbers.setdefault(device, []).append(number)
        for device, its in numbers.items():
            book.forget(connection, insert_of(engine), device, its)
        count = connection.execute(sa.delete(session).where(session.c.vehicle == vehicle)).rowcount
        logged = connection.execute(sa.delete(change).where(sa.or_(change.c.before == vehicle, change.c.after == vehicle))).rowcount
        if not count and not logged:
            raise NotThere(f"there is no session of {vehicle!r}")
        _log(connection, now_ms, "forget", "sessions of a vehicle", str(count), None, who)
        return count


def read_meter(engine, key, at_ms, wh, now_ms, who=COMMAND):
    """A separate meter stood at that figure then; the same minute again replaces it."""
    at_ms -= at_ms % _MINUTE_MS
    with writing(engine) as connection:
        its = meter_reading.c
        old = connection.execute(sa.select(its.wh).where(its.device == key, its.at_ms == at_ms)).scalar()
        connection.execute(sa.delete(meter_reading).where(its.device == key, its.at_ms == at_ms))
        connection.execute(sa.insert(meter_reading).values(device=key, at_ms=at_ms, wh=wh))
        _log(connection, now_ms, "meter", f"device {key} at {at_ms}", None if old is None else str(old), str(wh), who)


def _log(connection, now_ms, what, about, before, after, who):
    connection.execute(sa.insert(change).values(at_ms=now_ms, what=what, about=about, before=before, after=after, who=who[:80]))
