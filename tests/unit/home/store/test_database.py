"""home/store/database.py: a store is brought to this version, or one sentence says why not."""
import contextlib
import os
import sqlite3
import threading

import pytest
import sqlalchemy as sa
from tests.support import stores
from tests.support.stores import store
from home.store import database, memory, schema


@pytest.fixture
def shared(tmp_path):
    """An Engine on a store that several threads may use at once: SQLite's in memory has one connection only."""
    with store(None if os.environ.get(stores.URL) else tmp_path / "home.db") as engine:
        yield engine


def test_a_new_store_has_the_newest_version_and_all_tables():
    with store() as engine, engine.connect() as connection:
        assert database.version(connection) == database.newest_version()
        assert set(sa.inspect(connection).get_table_names()) == {*schema.metadata.tables, "alembic_version"}


def test_the_steps_make_what_the_schema_says():
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    with store() as engine, engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), schema.metadata) == []


def test_a_store_of_a_newer_version_is_left_alone(tmp_path):
    with store(tmp_path / "home.db") as engine, engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(database.StoreFailed, match="version 9999, which a newer program made; this one knows up to .*: bring the program up to date"):
        database.opened(f"sqlite:///{tmp_path}/home.db")


def test_a_file_that_is_no_store_is_named(tmp_path):
    (tmp_path / "home.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(database.StoreFailed, match="file is not a database .store.url names a file that is none, or is damaged"):
        database.opened(f"sqlite:///{tmp_path}/home.db")


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(database.StoreFailed, match="nowhere/home.db: the store: unable to open database file .is its folder there"):
        database.opened(f"sqlite:///{tmp_path}/nowhere/home.db")


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_only_its_owner_may_read_a_new_store(tmp_path):
    before = os.umask(0o022)
    try:
        with store(tmp_path / "home.db") as engine, database.writing(engine) as connection:
            memory.put(connection, database.insert_of(engine), "a", 1)
            found = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert found["home.db"] == 0o600 and set(found.values()) == {0o600} and len(found) > 1


def test_a_torn_store_is_one_sentence(tmp_path):
    path = tmp_path / "home.db"
    with store(path) as engine, engine.begin() as connection:
        connection.execute(sa.insert(schema.memory), [{"name": str(place), "value": "x" * 900} for place in range(200)])
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + bytes(8192) + whole[16384:30000])
    engine = database.connected(f"sqlite:///{path}")
    words = "the store: .*malformed .its file is damaged: .*restore the newest backup"
    with pytest.raises(database.StoreFailed, match=words), database.writing(engine) as connection:
        connection.execute(sa.text("SELECT count(*), sum(length(value)) FROM memory WHERE name > 'a'"))
        connection.execute(sa.text("PRAGMA integrity_check")).all()
        connection.execute(sa.insert(schema.memory), [{"name": "new", "value": "y" * 9000}])
    engine.dispose()


def test_a_server_that_is_gone_costs_seconds_and_what_the_owner_wrote_counts():
    url = "postgresql+psycopg://house@127.0.0.1/house"
    its = database._options(sa.make_url(url))["connect_args"]
    assert 0 < its["connect_timeout"] <= 10 and 0 < its["tcp_user_timeout"] <= 15_000 and its["keepalives_idle"] <= 30
    assert "connect_timeout" not in database._options(sa.make_url(url + "?connect_timeout=3"))["connect_args"]


def test_where_all_connections_are_taken_it_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_options", lambda url: {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.05})
    with store(tmp_path / "home.db") as engine, database.reading(engine):
        with pytest.raises(database.StoreFailed, match="^the store: too many ask it at once$"), database.reading(engine):
            pass


def test_two_who_write_take_turns_and_neither_loses_what_the_other_wrote(shared):
    """The line and the memory of a network are written by threads of their own, and several computers may share a server."""
    insert, rounds = database.insert_of(shared), 8
    both = threading.Barrier(2)

    def count():
        both.wait()
        for _ in range(rounds):
            with database.writing(shared) as connection:
                memory.put(connection, insert, "count", memory.get(connection, "count", 0) + 1)

    threads = [threading.Thread(target=count) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading(shared) as connection:
        assert memory.get(connection, "count") == 2 * rounds


def test_who_reads_sees_one_state_though_somebody_writes_meanwhile(shared):
    insert = database.insert_of(shared)
    with database.reading(shared) as connection:
        assert memory.get(connection, "a") is None
        with database.writing(shared) as other:
            memory.put(other, insert, "a", 1)
        assert memory.get(connection, "a") is None
    with database.reading(shared) as connection:
        assert memory.get(connection, "a") == 1
