"""A press while the store is full or locked, and a page meanwhile: nothing is sent, a sentence says so, and afterwards all is as before."""
import contextlib
import json
import sqlite3

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from home.api import app
from home.store import commands, database, schema
from home.store.database import StoreFailed, reading, writing
from tests.support.doors import HERE, csrf_of
from tests.support.house import StoredHouse, given
from tests.support.stores import store

FORM = {"Origin": HERE}


@pytest.fixture
def its(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_BUSY_S", 0.1)
    with store(tmp_path / "home.db") as engine:
        its = StoredHouse(engine, given())
        its.path = tmp_path / "home.db"
        yield its


@pytest.fixture
def client(its):
    return TestClient(app.app(its), base_url=HERE, headers={"Accept": "text/html"}, follow_redirects=False)


def press(client, command="start"):
    return client.post("/commands", data={"csrf": csrf_of(client), "command": command}, headers=FORM)


def asked(its):
    with reading(its.engine) as connection:
        return commands.recent(connection, its.key(its.settings.devices[0]))


def fill(engine):
    """The file may not grow, and has no room left."""
    engine.dispose()
    sa.event.listen(engine, "connect", lambda connection, record: connection.execute("PRAGMA max_page_count=1"))
    for size in (3000, 900, 300, 60, 10):
        with contextlib.suppress(StoreFailed):
            for _ in range(1000):
                with writing(engine) as connection:
                    connection.execute(sa.insert(schema.command).values(
                        device=1, at_ms=0, who="x" * 60,
                        request=json.dumps({"command": "y" * size}), name="", expires_at=0, fate="done", changed_ms=0, sends=0))


def test_a_press_on_a_full_disk_sends_nothing_and_says_so(its, client):
    fill(its.engine)
    before = len(asked(its))
    answer = press(client)
    assert answer.status_code == 503 and "cannot be used now: database or disk is full. What you asked for was not done." in answer.text
    assert its.pushed == [] and len(asked(its)) == before
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("language, words", [("en", "database is locked. What you asked for was not done."), ("de", "wurde nicht getan")])
def test_a_press_while_another_program_holds_the_store_sends_nothing_and_says_so(its, client, language, words):
    with contextlib.closing(sqlite3.connect(its.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        client.headers["Accept-Language"] = language
        answer = press(client)
        assert answer.status_code == 503 and words in answer.text and its.pushed == []
        assert client.get("/").status_code == 200
    assert press(client).status_code == 303 and [one.sends for one in asked(its)] == [1] and len(its.pushed) == 1
