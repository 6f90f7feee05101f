"""The tests of the store run on a real PostgreSQL as they do on SQLite; and what only a server can do."""
import contextlib
import os
import pathlib
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa
from tests.home.brokers import ROOT
from tests.home.postgres import postgres
from tests.support import stores
from tests.support.house import BEGIN_MS, month
from tests.support.uplinks import Device
from home import backup
from home.store import database
from home.store.writer import Writer

SAME = ("store", "api", "commands", "test_backup.py", "test_housekeeping.py", "test_inbox.py", "test_report.py")


@pytest.fixture(scope="module")
def url():
    with postgres() as made:
        yield made


@pytest.fixture
def engine(url, monkeypatch):
    monkeypatch.setenv(stores.URL, url)
    with stores.store() as opened:
        yield opened


def test_all_that_holds_on_sqlite_holds_on_postgresql(url):
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *(f"tests/unit/home/{name}" for name in SAME)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, stores.URL: url}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:]


def test_a_backup_of_one_kind_of_store_is_restored_into_the_other(engine, tmp_path):
    from tests.support.house import StoredHouse, given
    from tests.unit.home.test_backup import contents
    month(StoredHouse(engine, given()))
    backup.backup(engine, tmp_path / "a")
    before = contents(engine)
    with stores.store(tmp_path / "home.db") as lite:
        backup.restore(lite, tmp_path / "a")
        assert contents(lite) == before
        backup.backup(lite, tmp_path / "b")
    with stores.store() as again:
        backup.restore(again, tmp_path / "b")
        assert contents(again) == before
        late = Device()
        late._f_cnt = 10_000
        assert len(Writer(again, {("ttn", "wallbox"): ""}).write("ttn", [late.session(30, BEGIN_MS + 40 * 86_400_000)])) == 1


def test_a_server_that_goes_is_one_sentence_and_one_that_comes_back_is_used(url):
    engine = database.opened(url)
    with pytest.raises(database.StoreFailed, match="the store: "), database.reading(engine) as connection:
        killed = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar()
        other = database.connected(url)
        with other.begin() as killer:
            killer.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": killed})
        other.dispose()
        connection.execute(sa.text("SELECT 1"))
    with database.reading(engine) as connection:
        assert connection.execute(sa.text("SELECT 1")).scalar() == 1
    engine.dispose()


def test_no_server_is_one_sentence():
    with pytest.raises(database.StoreFailed, match="the store: .*onnection.* failed"):
        database.opened("postgresql+psycopg://house@127.0.0.1:9/postgres")


@contextlib.contextmanager
def one_core(engine):
    """This process and PostgreSQL's, what it starts for the engine's connections included, share one core."""
    engine.dispose()
    server = next(pid for pid in pathlib.Path("/proc").glob("[0-9]*") if f"port={engine.url.port}" in _command(pid) and "-D" in _command(pid))
    before = os.sched_getaffinity(0)
    pids = [0, int(server.name)]
    try:
        for pid in pids:
            os.sched_setaffinity(pid, {min(before)})
        yield
    finally:
        for pid in pids:
            os.sched_setaffinity(pid, before)


def _command(pid):
    try:
        return (pid / "cmdline").read_text()
    except OSError:
        return ""


def test_a_hundred_devices_at_an_uplink_a_minute_are_kept_up_with(engine, evidence):
    from tests.support.house import StoredHouse, given
    names = [f"wallbox-{place}" for place in range(100)]
    its = StoredHouse(engine, given(device=[{"id": name, "timezone": "UTC"} for name in names]))
    devices = [Device(name) for name in names]
    minutes = 10
    with one_core(engine):
        began_s = time.monotonic()
        for minute in range(minutes):
            for place, device in enumerate(devices):
                its.hear(device.status(BEGIN_MS + minute * 60_000 + place * 600, minute * 0.1, 6.0))
        share = (time.monotonic() - began_s) / (60 * minutes)
    evidence("a hundred devices at an uplink a minute each on PostgreSQL, each in a transaction of its own: share of one core that service and server"
             " have together, %", round(100 * share, 1), 100)
    assert share < 1
