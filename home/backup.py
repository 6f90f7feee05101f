"""Backup and restore: all tables of one store in one file, and the same file into SQLite or PostgreSQL. It may run beside the service.

The file is gzip over lines of JSON: first what it is, then a line for each table and each of its rows, last a line that says it is whole.
"""
import contextlib
import gzip
import json
import os
import pathlib
import tempfile
import zlib

import sqlalchemy as sa

from home.store import database, schema
from home.store.database import StoreFailed, reading, writing

KIND = "ev-charger-home"
_CHUNK = 1000
_HEAD_MAX = 10_000


class Broken(Exception):
    """A file that is no backup, or not a whole one, or no place for one; args[0] says why."""


def backup(engine, path):
    """Write all of the store to path, which is there whole or not at all; how many rows."""
    path = pathlib.Path(path)
    if path.is_dir() or not path.parent.is_dir():
        raise Broken(f"{path} is a folder: a name for a file is needed" if path.is_dir() else f"there is no folder {path.parent}")
    _check_replaceable(path)
    part = None
    try:
        # Only its owner may read it: the session book tells when nobody is at home.
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name + ".", suffix=".part", delete=False) as file:
            part = file.name
            with reading(engine) as connection, gzip.open(file, "wt", 6, encoding="utf-8") as text:
                count = _write(connection, text)
            file.flush()
            # Else a power cut might leave an empty file in the place of the backup before.
            os.fsync(file.fileno())
        os.replace(part, path)
        part = None
    except OSError as problem:
        raise StoreFailed(f"{path} cannot be written: {problem.strerror}") from None
    finally:
        if part is not None:
            os.unlink(part)
    return count


def _check_replaceable(path):
    """A file that is no backup is not replaced: it may be the store itself, or the settings."""
    if not path.exists():
        return
    if not path.is_file():
        raise Broken(f"{path} is no file that a backup can replace")
    try:
        with gzip.open(path, "rt", encoding="utf-8") as text:
            head = text.readline(_HEAD_MAX)
        is_backup = not head or json.loads(head).get("kind") == KIND
    except (OSError, EOFError, ValueError, zlib.error, AttributeError):
        is_backup = False
    if not is_backup:
        raise Broken(f"{path} is there and is no backup, so it is left as it is: give the backup another name")


def _write(connection, text):
    count = 0
    _line(text, {"kind": KIND, "version": database.version(connection)})
    for table in schema.metadata.sorted_tables:
        _line(text, {"table": table.name, "columns": [column.name for column in table.columns]})
        for row in connection.execution_options(yield_per=_CHUNK).execute(sa.select(table).order_by(*table.primary_key)):
            _line(text, list(row))
            count += 1
    _line(text, {"end": count})
    return count


def restore(engine, path):
    """Fill an empty store from a backup of this program or of an earlier one; how many rows. All or nothing."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as text, writing(engine) as connection:
            _check_empty(connection)
            lines = map(json.loads, text)
            with database.as_of_version(connection, _version(next(lines, None))) as tables:
                count = _fill(connection, lines, tables)
            _count_on(connection)
            return count
    except Broken as problem:
        raise Broken(f"{path}: {problem}") from None
    except (FileNotFoundError, IsADirectoryError) as problem:
        raise Broken(f"{path}: {problem.strerror}") from None
    except (EOFError, ValueError, gzip.BadGzipFile, zlib.error, TypeError, KeyError) as problem:
        raise Broken(f"{path} is no whole backup: {problem}") from None


def _line(text, value):
    text.write(json.dumps(value, separators=(",", ":")) + "\n")


def _check_empty(connection):
    for table in schema.metadata.sorted_tables:
        if table is not schema.device and connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            raise StoreFailed(f"the store is not empty (there are rows in {table.name}): restore fills an empty one."
                              " Give store.url another name, or move the store's files away")
    connection.execute(sa.delete(schema.device))


def _version(head):
    """The version of the store that was backed up, by the first line."""
    if not isinstance(head, dict) or head.get("kind") != KIND:
        raise Broken("it is not a backup of this program")
    if head["version"] not in database.versions():
        raise Broken(f"it is of a store of version {head['version']}, which a newer program made; this one knows up to {database.newest_version()}:"
                     " bring the program up to date first")
    return head["version"]


def _fill(connection, lines, tables):
    """tables: as the store has them now, by name."""
    table, columns, waiting, count = None, [], [], 0
    for line in lines:
        if isinstance(line, list):
            waiting.append(dict(zip(columns, line, strict=True)))
            count += 1
        if waiting and (len(waiting) == _CHUNK or isinstance(line, dict)):
            connection.execute(sa.insert(table), waiting)
            waiting = []
        if isinstance(line, dict) and "end" in line:
            if line["end"] != count:
                raise Broken(f"{line['end']} rows were written and {count} are there")
            return count
        if isinstance(line, dict):
            table, columns = tables[line["table"]], line["columns"]
    raise Broken("its end is missing")


def _count_on(connection):
    """PostgreSQL's counters know nothing of rows that came with their keys."""
    if connection.dialect.name != "postgresql":
        return
    for table in schema.metadata.sorted_tables:
        key = list(table.primary_key)
        if len(key) == 1 and isinstance(key[0].type, sa.Integer):
            with contextlib.suppress(sa.exc.ResourceClosedError):
                connection.execute(sa.text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', '{key[0].name}'), max({key[0].name})) FROM {table.name}"
                    f" WHERE pg_get_serial_sequence('{table.name}', '{key[0].name}') IS NOT NULL HAVING max({key[0].name}) IS NOT NULL"))
