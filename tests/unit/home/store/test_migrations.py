"""Stores of every earlier version are brought to this one with all that is in them, or stay as they were."""
import pytest
import sqlalchemy as sa
from home.store import database
from home.store.writer import Writer
from tests.support.uplinks import Device, T


def versions():
    return [script.revision for script in database._alembic()[1].walk_revisions()][::-1]


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/home.db"


@pytest.mark.parametrize("version", versions())
def test_a_store_of_that_version_opens_with_what_was_in_it(url, version):
    old = database.connected(url)
    database.migrate(old, version)
    with database.writing(old) as connection:
        connection.execute(sa.text("INSERT INTO device (network, device_id) VALUES ('ttn', 'wallbox')"))
        connection.execute(sa.text("INSERT INTO session (device, box, wire_number, number, order_ms, estimated, received_ms, is_settled)"
                                   " VALUES (1, 1, 5, 133, 1000, false, 2000, true)"))
    old.dispose()
    engine = database.opened(url)
    with database.reading(engine) as connection:
        assert database.version(connection) == database.newest_version()
        assert connection.execute(sa.text("SELECT number FROM session")).scalars().all() == [133]
    assert len(Writer(engine, {("ttn", "wallbox"): ""}).write("ttn", [Device().session(6, T)])) == 1
    engine.dispose()


def test_a_step_that_fails_leaves_the_store_as_it_was(url, monkeypatch):
    from alembic import command

    def failing(config, to):
        config.attributes["connection"].execute(sa.text("CREATE TABLE half (id INTEGER)"))
        raise sa.exc.OperationalError("", {}, Exception("database or disk is full"))

    engine = database.connected(url)
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", failing)
        with pytest.raises(database.StoreFailed, match="database or disk is full"):
            database.migrate(engine)
    with database.reading(engine) as connection:
        assert sa.inspect(connection).get_table_names() == []
    database.migrate(engine)
    engine.dispose()


def test_a_store_of_this_version_is_not_touched(url):
    database.opened(url).dispose()
    engine = database.connected(url)
    with database.reading(engine) as connection:
        before = connection.execute(sa.text("PRAGMA data_version")).scalar()
        database.migrate(engine)
        assert connection.execute(sa.text("PRAGMA data_version")).scalar() == before
    engine.dispose()
