"""Opening the store: SQLite in a file, or PostgreSQL by its URL; brought to this program's version first."""
import contextlib
import os
import pathlib

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from home.store import schema

_MIGRATIONS = pathlib.Path(__file__).with_name("migrations")
_BUSY_S = 10
# libpq's words: to connect, s; for an answer to what was sent, ms; for a server that says nothing at all, s.
_PATIENCE = {"connect_timeout": 10, "tcp_user_timeout": 15_000, "keepalives_idle": 30, "keepalives_interval": 5, "keepalives_count": 3}
# PostgreSQL lets several write at once, which then overwrite each other's counts: who writes takes this lock of its database, and waits so long.
_TURN = f"SET LOCAL lock_timeout = {1000 * _BUSY_S}; SELECT pg_advisory_xact_lock(7235814)"


# What SQLite's words mean for who reads them.
_MEANT = {
    "malformed": "its file is damaged: stop the service, move the file away, and restore the newest backup",
    "not a database": "store.url names a file that is none, or is damaged",
    "disk I/O error": "the disk is full or failing",
    "unable to open": "is its folder there, and may this user write in it?",
    "readonly": "this user may not write it",
}


class StoreFailed(Exception):
    """The store cannot be used; args[0] says why, in one sentence."""


class RowRefused(StoreFailed):
    """The store is well, but does not take this row."""


def opened(url):
    """An Engine whose tables are of this version. StoreFailed if that is impossible."""
    engine = connected(url)
    try:
        migrate(engine)
    except StoreFailed as problem:
        engine.dispose()
        raise StoreFailed(f"{engine.url.database}: {problem}" if engine.dialect.name == "sqlite" else str(problem)) from None
    return engine


def connected(url):
    """An Engine, with nothing looked at yet."""
    try:
        parsed = sa.make_url(url)
        engine = sa.create_engine(parsed, pool_pre_ping=parsed.drivername != "sqlite", **_options(parsed))
    except sa.exc.ArgumentError as problem:
        raise StoreFailed(f"store.url: {problem}") from None
    except ValueError:
        raise StoreFailed("store.url: the port behind the computer's name is no number") from None
    if engine.dialect.name == "sqlite":
        _make_private(parsed.database)
        sa.event.listen(engine, "connect", _on_sqlite_connect)
        sa.event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _make_private(path):
    """A new file that only its owner may read, for it tells when nobody is at home; SQLite makes those beside it alike."""
    if path and path != ":memory:":
        with contextlib.suppress(OSError):      # SQLite says it in its words
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _options(url):
    if url.get_backend_name() != "sqlite":
        # A server that is gone without a word costs who asks so long, and not hours; what the owner wrote in the URL counts.
        patience = {name: value for name, value in _PATIENCE.items() if name not in url.query}
        return {"pool_size": 4, "max_overflow": 4, "pool_timeout": _BUSY_S, "connect_args": patience}
    if url.database in (None, "", ":memory:"):
        return {"poolclass": sa.StaticPool, "connect_args": {"check_same_thread": False}}
    return {"connect_args": {"timeout": _BUSY_S, "check_same_thread": False}, "pool_size": 4, "max_overflow": 4}


def _on_sqlite_connect(connection, record):
    # The driver begins no transaction by itself: we say when, and of which kind.
    connection.isolation_level = None
    # FULL: what was committed is there after a power cut, too.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "journal_size_limit=16777216"):
        connection.execute(f"PRAGMA {pragma}")


def _on_sqlite_begin(connection):
    # Who is going to write says so at once; otherwise two who have read wait for each other.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


def writing(engine):
    """A connection within one transaction that writes, and no other does meanwhile. StoreFailed says what the machine says: disk full, file torn,
    no server."""
    return _transaction(engine, writes=True)


def reading(engine):
    """A connection that sees one state of the store. StoreFailed as above."""
    return _transaction(engine, writes=False)


def insert_of(engine):
    """The kind of INSERT of its dialect, which knows what to do where the row is there."""
    return sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert


@contextlib.contextmanager
def _transaction(engine, writes):
    options = {"writes": writes}
    if engine.dialect.name == "postgresql" and not writes:
        options["isolation_level"] = "REPEATABLE READ"      # SQLite reads so by itself
    try:
        with engine.connect().execution_options(**options) as connection, connection.begin():
            if engine.dialect.name == "postgresql" and writes:
                connection.exec_driver_sql(_TURN)
            yield connection
    except (sa.exc.DataError, sa.exc.IntegrityError) as problem:
        raise RowRefused(reason(problem)) from None
    except sa.exc.StatementError as problem:
        # The driver's own errors are among these; one without a driver's is a value that it could not send.
        raise (StoreFailed if isinstance(problem, sa.exc.DBAPIError) else RowRefused)(reason(problem)) from None
    except sa.exc.TimeoutError:
        raise StoreFailed("the store: too many ask it at once") from None
    except sa.exc.SQLAlchemyError as problem:
        raise StoreFailed(reason(problem)) from None


def reason(problem):
    """One line of what a database says."""
    lines = str(getattr(problem, "orig", None) or problem).strip().splitlines()
    said = lines[0] if lines else type(problem).__name__
    meant = next((sentence for words, sentence in _MEANT.items() if words in said), "")
    return f"the store: {said}" + (f" ({meant})" if meant else "")


# --- versions


def _alembic():
    """Alembic takes time and memory to load, and is needed once."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config, ScriptDirectory.from_config(config)


def versions():
    """All that this program knows, the newest first."""
    return [script.revision for script in _alembic()[1].walk_revisions()]


def newest_version():
    return versions()[0]


def version(connection):
    """The store's version, or None: it is empty."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def migrate(engine, to="head"):
    """Bring the store to that version; all of it or nothing. StoreFailed if it is of a newer one."""
    known = versions()
    with writing(engine) as connection:
        found = version(connection)
        if found is not None and found not in known:
            raise StoreFailed(f"the store is of version {found}, which a newer program made; this one knows up to {known[0]}:"
                              " bring the program up to date")
        if found == known[0] and to == "head":
            return
        _upgrade(connection, to)


def _upgrade(connection, to):
    from alembic import command
    config = _alembic()[0]
    config.attributes["connection"] = connection
    command.upgrade(config, to)


@contextlib.contextmanager
def as_of_version(connection, wanted):
    """{name: table} of an empty store as that version had them, to be filled; brought to this version afterwards."""
    if wanted == newest_version():
        yield schema.metadata.tables
        return
    made = sa.MetaData()
    made.reflect(connection)
    made.drop_all(connection)
    _upgrade(connection, wanted)
    old = sa.MetaData()
    old.reflect(connection)
    yield {name: table for name, table in old.tables.items() if name != "alembic_version"}
    _upgrade(connection, "head")
