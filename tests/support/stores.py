"""Stores for tests: SQLite in memory or in a file, or a real PostgreSQL's database, by the URL in HOUSE_STORE_URL (make test-home)."""
import contextlib
import functools
import os

import sqlalchemy as sa
from home.store import database

URL = "HOUSE_STORE_URL"
MEMORY = "sqlite:///:memory:"


@contextlib.contextmanager
def store(path=None):
    """An Engine on an empty store of this version; path: of SQLite's file, else it is in memory."""
    url = os.environ.get(URL)
    if path:
        engine = database.opened(f"sqlite:///{path}")
    elif url:
        _emptied(url)
        engine = database.opened(url)
    else:
        engine = database.connected(MEMORY)
        deserialize(engine, _made())
    try:
        yield engine
    finally:
        engine.dispose()


@functools.cache
def _made():
    """The bytes of an empty store: the steps that lead there take a while."""
    return serialized(database.opened(MEMORY))


def serialized(engine):
    """The bytes of a store in memory."""
    with engine.connect() as connection:
        return connection.connection.driver_connection.serialize()


def deserialize(engine, data):
    """A store in memory becomes what serialized() gave."""
    with engine.connect() as connection:
        connection.connection.driver_connection.deserialize(data)


def _emptied(url):
    engine = database.connected(url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
