"""tests/home/conftest.py: the row of how long set-up and run of the tests with real programs took, and what it is where that was too long."""
import time
import types

import pytest
from tests.home import conftest, programs


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """finished(seconds of the set-up, seconds of the run, arguments): (rows on record, exit status) after such a run."""
    monkeypatch.setattr(programs, "names", lambda with_home_assistant: "some programs")
    monkeypatch.setattr(programs, "FOLDER", tmp_path / "bin")

    def finish(set_up_s, run_s, args=("tests/home",), keyword=""):
        if set_up_s is not None:
            (tmp_path / "set-up-seconds").write_text(f"{set_up_s}\n")
        record = types.SimpleNamespace(rows=[])
        session = types.SimpleNamespace(exitstatus=0, config=types.SimpleNamespace(
            stash={conftest.began_s: time.time() - run_s}, args=list(args), pluginmanager=types.SimpleNamespace(get_plugin=lambda name: record),
            option=types.SimpleNamespace(keyword=keyword, markexpr="evidence", numprocesses=2)))
        conftest.pytest_sessionfinish(session)
        return record.rows, session.exitstatus

    return finish


def test_a_whole_run_says_how_long_it_and_the_set_up_took(finished):
    (row,), status = finished(150, 600)
    assert row == {"claim": "minutes of the set-up and of tests/home -m 'evidence', in 2 processes (some programs)", "figure": "2.5 + 10.0",
                   "limit": conftest.CI_MIN, "test": "tests/home -m 'evidence'", "passed": True}
    assert status == 0 and conftest.CI_MIN > 0


def test_one_that_takes_longer_than_a_build_server_may_has_failed(finished):
    (row,), status = finished(60, 60 * conftest.CI_MIN)
    assert not row["passed"] and status == pytest.ExitCode.TESTS_FAILED


def test_one_of_some_tests_says_nothing(finished):
    assert finished(1, 1, args=["tests/home/test_press.py"]) == ([], 0)
    assert finished(1, 1, keyword="press") == ([], 0)


def test_where_the_set_up_was_not_timed_nothing_is_said(finished):
    assert finished(None, 1) == ([], 0)
