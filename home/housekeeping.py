"""What is done now and then: old messages go, and a device is asked for records that are missing."""
import logging

import sqlalchemy as sa

from home import sessions
from home.network import kinds
from home.store import memory, queries, schema
from home.store.database import reading, writing

logger = logging.getLogger("home")
DAY_MS = 86_400_000
PRUNED = ((schema.uplink, "received_ms"), (schema.reading, "at_ms"), (schema.event, "received_ms"), (schema.command, "at_ms"),
          (schema.downlink, "at_ms"))
# So much at once, and others may write in between.
_ROWS = 5000


def prune(engine, before_ms):
    """Delete what is older of the messages and what was read from them; how many messages went. The session book stays."""
    gone = 0
    for table, column in PRUNED:
        old = sa.select(table.c.id).where(table.c[column] < before_ms).limit(_ROWS).scalar_subquery()
        while True:
            with writing(engine) as connection:
                count = connection.execute(sa.delete(table).where(table.c.id.in_(old))).rowcount
            gone += count if table is schema.uplink else 0
            if count < _ROWS:
                break
    return gone


def correlation_id(number):
    """By which the network's messages about that request are known."""
    return f"home:sessions:{number}"


def ask_for_missing(writer, key, network, device_id, publish, now_ms):
    """Ask one device for the records that are missing, where it is time; the number asked from, or None.

    publish(topic, body) says False where the line is down.
    """
    name = f"asked/{key}"
    with reading(writer.engine) as connection:
        gaps = queries.missing(connection, key)
        if not gaps:
            return None
        kept = memory.get(connection, name, {"at_ms": 0, "times": []})
        newest = queries.newest_session(connection, key).number
    asked = sessions.Asked(kept["at_ms"], tuple(map(tuple, kept["times"])))
    found = sessions.to_ask([gap[:2] for gap in gaps], newest, asked, now_ms)
    if found is None:
        return None
    number, asked = found
    before = next(gap[2] for gap in gaps if gap[0] == number)
    request = {"command": "report", "what": "sessions", "from": sessions.wire(number, before), "id": now_ms // 1000 % 256}
    if not publish(*kinds.of(network).push(network, device_id, request, correlation_id(number))):
        return None
    with writing(writer.engine) as connection:
        memory.put(connection, writer.insert, name, {"at_ms": asked.at_ms, "times": asked.times})
    logger.info("%s: sessions from number %d on are missing: the device was asked for them", device_id, number)
    return number
