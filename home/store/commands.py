"""Commands and downlinks in the store. Rows become home.commands.fate.Command."""
import dataclasses
import json

import sqlalchemy as sa

from home.commands.fate import DAY_MS, ELSEWHERE, FAILED, PENDING, SERVICE, Command
from home.store.schema import change, command, downlink

_FIELDS = [field.name for field in dataclasses.fields(Command)]


def add(connection, made):
    """Store a new Command; the same with its key."""
    values = _values(made)
    return dataclasses.replace(made, key=connection.execute(sa.insert(command).values(**values)).inserted_primary_key[0])


def save(connection, changed):
    connection.execute(sa.update(command).where(command.c.id == changed.key).values(**_values(changed)))


def note_withdrawal(connection, now_ms, found, before, who):
    """Who withdrew it, and the fate that it had."""
    connection.execute(sa.insert(change).values(at_ms=now_ms, what="withdrawn", about=f"command {found.key}", before=before, after=who))


def one(connection, device, key):
    """The Command of that key, or None."""
    return next(iter(_found(connection, device, command.c.id == key)), None)


def recent(connection, device, limit=50):
    """The newest commands, the newest first."""
    return _found(connection, device, limit=limit)


def between(connection, device, first_ms, end_ms):
    """Those asked in [first_ms, end_ms), the newest first."""
    return _found(connection, device, command.c.at_ms >= first_ms, command.c.at_ms < end_ms)


def pending(connection, device):
    """Those without an end, the oldest first."""
    return _found(connection, device, command.c.fate.in_(PENDING))[::-1]


def failed(connection, device, since_ms):
    """Those that were asked since then, in this house, and not done; the oldest first."""
    its = command.c
    return _found(connection, device, its.fate.in_(FAILED), its.who.not_in((ELSEWHERE, SERVICE)), its.at_ms >= since_ms)[::-1]


def taken_targets(connection, device, since_ms):
    """Targets that were asked since then and that the device took, the oldest first."""
    its = command.c
    return _found(connection, device, its.name == "target", its.fate == "done", its.at_ms >= since_ms)[::-1]


def named(connection, device, name, command_id, since_ms):
    """Those of that name and id since then, the newest first."""
    return _found(connection, device, command.c.name == name, command.c.command_id == command_id, command.c.at_ms >= since_ms)


def identified(connection, device, name, command_id, issued_at):
    """The Command of that identity, or None."""
    its = command.c
    return next(iter(_found(connection, device, its.name == name, its.command_id == command_id, its.issued_at == issued_at, limit=1)), None)


def of_identity(connection, device, command_id, issued_at):
    """The newest Command with that id and time of issue, whatever it asks for, or None."""
    its = command.c
    return next(iter(_found(connection, device, its.command_id == command_id, its.issued_at == issued_at, limit=1)), None)


def ids_since(connection, device, since_ms):
    """Ids that were used since then, the latest first."""
    its = command.c
    return connection.execute(sa.select(its.command_id).where(its.device == device, its.at_ms >= since_ms, its.command_id.is_not(None)).order_by(
        its.at_ms.desc(), its.id.desc())).scalars().all()


def downlinks_24h(connection, device, now_ms):
    """How many downlinks the network sent in the last 24 h or is going to send, whoever asked for them."""
    return len(downlink_times(connection, device, now_ms))


def downlink_times(connection, device, now_ms):
    """When they were sent or queued, the oldest first."""
    its = downlink.c
    return connection.execute(sa.select(its.at_ms).where(its.device == device, *_within_a_day(now_ms)).order_by(its.at_ms)).scalars().all()


def waiting(connection, device, now_ms):
    """Rows of downlinks in the network's queue, in its order."""
    its = downlink.c
    return connection.execute(sa.select(downlink).where(its.device == device, its.waits, *_within_a_day(now_ms)).order_by(its.id)).all()


def _within_a_day(now_ms):
    """What is of a later time than that was written by a clock that was wrong."""
    return downlink.c.at_ms > now_ms - DAY_MS, downlink.c.at_ms < now_ms + DAY_MS


def downlink_queued(connection, device, now_ms, f_port, payload, message):
    _add_downlink(connection, device, now_ms, f_port, payload, message, True)


def downlink_sent(connection, device, now_ms, f_port, payload, message):
    """The first of its kind that waited was sent; one that nobody saw in the queue counts as well."""
    waited = _first_waiting(connection, device, f_port, payload)
    if waited is None:
        _add_downlink(connection, device, now_ms, f_port, payload, message, False)
    else:
        connection.execute(sa.update(downlink).where(downlink.c.id == waited).values(at_ms=now_ms, waits=False))


def downlink_failed(connection, device, f_port, payload):
    waited = _first_waiting(connection, device, f_port, payload)
    if waited is not None:
        connection.execute(sa.delete(downlink).where(downlink.c.id == waited))


def forget_downlinks(connection, ids):
    """Those rows are not in the network's queue any more."""
    connection.execute(sa.delete(downlink).where(downlink.c.id.in_(ids)))


def _add_downlink(connection, device, now_ms, f_port, payload, message, waits):
    connection.execute(sa.insert(downlink).values(
        device=device, at_ms=now_ms, waits=waits, f_port=f_port, payload=payload, message=json.dumps(message)))


def _first_waiting(connection, device, f_port, payload):
    its = downlink.c
    return connection.execute(sa.select(its.id).where(
        its.device == device, its.waits, its.f_port == f_port, its.payload == payload).order_by(its.id).limit(1)).scalar()


def _found(connection, device, *where, limit=None):
    its = command.c
    rows = connection.execute(sa.select(command).where(its.device == device, *where).order_by(its.at_ms.desc(), its.id.desc()).limit(limit))
    return [_command(row) for row in rows]


def _command(row):
    values = {**row._mapping, "key": row.id, "request": json.loads(row.request)}
    return Command(**{name: values[name] for name in _FIELDS})


def _values(made):
    return {**{name: getattr(made, name) for name in _FIELDS if name != "key"}, "request": json.dumps(made.request, separators=(",", ":"))}
