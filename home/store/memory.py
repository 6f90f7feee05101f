"""What parts of the service remember over a restart: JSON under a name."""
import json

import sqlalchemy as sa

from home.store.schema import memory


def get(connection, name, default=None):
    found = connection.execute(sa.select(memory.c.value).where(memory.c.name == name)).scalar()
    return default if found is None else json.loads(found)


def put(connection, insert, name, value):
    """insert: the dialect's own, which knows what to do where the name is there."""
    statement = insert(memory).values(name=name, value=json.dumps(value))
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value}))
