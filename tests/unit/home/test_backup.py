"""home/backup.py: what was backed up comes back the same, and what is no whole backup changes nothing."""
import gzip
import json
import os

import pytest
import sqlalchemy as sa
from tests.support.house import BEGIN_MS, house, month
from tests.support.stores import store
from tests.support.uplinks import DAY_MS, Device
from home import backup, corrections
from home.backup import Broken
from home.store import database, schema
from home.store.database import StoreFailed
from home.store.writer import Writer


def contents(engine):
    with engine.connect() as connection:
        return {table.name: connection.execute(sa.select(table).order_by(*table.primary_key)).all() for table in schema.metadata.sorted_tables}


@pytest.fixture
def full(tmp_path):
    """(path of a backup, what was in the store)."""
    with house() as its:
        month(its)
        corrections.read_meter(its.engine, 1, BEGIN_MS, 1_000_000, BEGIN_MS)
        count = backup.backup(its.engine, tmp_path / "home.backup")
        found = contents(its.engine)
    assert count == sum(map(len, found.values()))
    return tmp_path / "home.backup", found


def test_what_was_backed_up_comes_back_the_same_and_goes_on(full):
    path, before = full
    with store() as engine:
        backup.restore(engine, path)
        assert contents(engine) == before
        device = Device()
        device._f_cnt = 10_000
        assert len(Writer(engine, {("ttn", "wallbox"): ""}).write("ttn", [device.session(30, BEGIN_MS + 40 * DAY_MS)])) == 1


OLD = {
    "device": {"id": 1, "network": "ttn", "device_id": "wallbox"},
    "session": {"id": 7, "device": 1, "box": 1, "wire_number": 5, "number": 133, "order_ms": 1000, "started_ms": None, "duration_min": 60,
                "energy_wh": 7000, "estimated": False, "reason": None, "received_ms": 2000, "vehicle": "Zoe", "is_settled": True},
    "change": {"id": 1, "at_ms": 1, "what": "vehicle", "about": "device 1 session 133", "before": None, "after": "Zoe"},
}


@pytest.mark.parametrize("version", database.versions()[1:])
def test_a_backup_of_an_earlier_program_is_restored_and_brought_to_this_version(tmp_path, version):
    lines = [{"kind": backup.KIND, "version": version}]
    for name, row in OLD.items():
        lines += [{"table": name, "columns": list(row)}, list(row.values())]
    with gzip.open(tmp_path / "old", "wt") as text:
        text.writelines(json.dumps(line) + "\n" for line in [*lines, {"end": len(OLD)}])
    with store() as engine:
        assert backup.restore(engine, tmp_path / "old") == len(OLD)
        found = contents(engine)
        with database.reading(engine) as connection:
            assert database.version(connection) == database.newest_version()
            assert set(sa.inspect(connection).get_table_names()) == {*schema.metadata.tables, "alembic_version"}
        assert len(Writer(engine, {("ttn", "wallbox"): ""}).write("ttn", [Device().session(6, BEGIN_MS)])) == 1
    assert [(row.number, row.vehicle) for row in found["session"]] == [(133, "Zoe")] and found["change"][0].who is None


def test_only_its_owner_may_read_it(full):
    assert full[0].stat().st_mode & 0o077 == 0


def test_a_store_that_is_not_empty_is_left_alone(full):
    with house() as its:
        its.hear(Device().status(BEGIN_MS))
        before = contents(its.engine)
        with pytest.raises(StoreFailed, match="the store is not empty .there are rows in .*: restore fills an empty one"):
            backup.restore(its.engine, full[0])
        assert contents(its.engine) == before


def cut(lines):
    return lines[:-5]


def shortened(lines):
    return lines[:40] + lines[41:]


def foreign(lines):
    return ['{"kind": "something"}', *lines[1:]]


def newer(lines):
    return [json.dumps({**json.loads(lines[0]), "version": "9999"}), *lines[1:]]


@pytest.mark.parametrize("spoil, words", [
    (cut, "its end is missing"), (shortened, "rows were written and"), (foreign, "home.backup: it is not a backup"),
    (newer, "of a store of version 9999, which a newer program made; .*: bring the program up to date"),
    (lambda lines: [], "home.backup: it is not a backup"), (lambda lines: [*lines[:9], "no json"], "is no whole backup"),
])
def test_what_is_no_whole_backup_changes_nothing(full, spoil, words):
    path, _before = full
    with gzip.open(path, "rt") as text:
        lines = text.read().splitlines()
    with gzip.open(path, "wt") as text:
        text.write("\n".join(spoil(lines)))
    with store() as engine:
        empty = contents(engine)
        with pytest.raises(Broken, match=words):
            backup.restore(engine, path)
        assert contents(engine) == empty


def overwritten(data):
    """Whole sectors in the middle are lost."""
    return data[:1000] + b"\xff" * 512 + data[1512:]


@pytest.mark.parametrize("tear", [lambda data: b"", lambda data: b"no gzip", lambda data: data[:2000], overwritten])
def test_a_file_that_is_torn_changes_nothing(full, tear):
    path, _before = full
    path.write_bytes(tear(path.read_bytes()))
    with store() as engine:
        empty = contents(engine)
        with pytest.raises(Broken, match="is no whole backup: |not a backup"):
            backup.restore(engine, path)
        assert contents(engine) == empty


def test_a_place_where_no_file_can_be_is_named(tmp_path):
    with store() as engine:
        for act, place, words in ((backup.backup, tmp_path, "is a folder: a name for a file is needed"), (backup.restore, tmp_path, "Is a directory"),
                                  (backup.backup, tmp_path / "no" / "b", f"there is no folder {tmp_path}/no"),
                                  (backup.restore, tmp_path / "b", f"{tmp_path}/b: No such file or directory")):
            with pytest.raises(Broken, match=words):
                act(engine, place)


@pytest.mark.parametrize("name, content", [("home.db", b"SQLite format 3\0"), ("home.toml", b"[[network]]"), ("web.passwords", b"x"),
                                           ("photos.gz", gzip.compress(b"{}\n", mtime=0)), ("torn.gz", gzip.compress(b"x" * 9000, mtime=0)[:12])],
                         ids=lambda value: value if isinstance(value, str) else "")
def test_a_file_that_is_no_backup_is_not_replaced_by_one(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with store() as engine, pytest.raises(Broken, match=f"{name} is there and is no backup, so it is left as it is: give the backup another name"):
        backup.backup(engine, tmp_path / name)
    assert (tmp_path / name).read_bytes() == content and len(list(tmp_path.iterdir())) == 1


def test_neither_a_device_is_replaced_and_an_older_backup_and_an_empty_file_are(full, tmp_path):
    path, before = full
    (tmp_path / "empty").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    with store() as engine:
        backup.restore(engine, path)
        for place in (path, tmp_path / "empty"):
            backup.backup(engine, place)
        with pytest.raises(Broken, match="pipe is no file that a backup can replace"):
            backup.backup(engine, tmp_path / "pipe")
    with store() as engine:
        backup.restore(engine, tmp_path / "empty")
        assert contents(engine) == before


def test_a_backup_is_on_the_disk_before_it_takes_the_place_of_the_one_before(full, monkeypatch):
    path, _before = full
    did = []
    monkeypatch.setattr(backup.os, "fsync", lambda handle, right=os.fsync: did.append(("fsync", os.fstat(handle).st_size)) or right(handle))
    monkeypatch.setattr(backup.os, "replace", lambda old, new, right=os.replace: did.append(("replace", os.stat(old).st_size)) or right(old, new))
    with store() as engine:
        backup.backup(engine, path)
    assert did == [("fsync", path.stat().st_size), ("replace", path.stat().st_size)]


def test_a_disk_that_is_full_leaves_the_old_backup(full, monkeypatch):
    path, _before = full
    whole = path.read_bytes()

    def full_disk(text, value):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_line", full_disk)
    with store() as engine, pytest.raises(StoreFailed, match=f"{path} cannot be written: No space left"):
        backup.backup(engine, path)
    assert path.read_bytes() == whole and [one.name for one in path.parent.iterdir()] == [path.name]
