"""home/access/guarded_file.py: a secret that others may read is none, and a write that fails leaves what was there."""
import os

import pytest
from home.access import guarded_file
from home.access.guarded_file import GuardedFile


def test_it_is_read_again_when_it_has_changed_and_not_while_others_may_read_it(tmp_path):
    file = GuardedFile(tmp_path / "secrets")
    assert file.lines() == ()
    file.write(["one", "# a comment", "", "two"])
    assert file.lines() == ("one", "two") and file.path.stat().st_mode & 0o777 == 0o600
    file.path.chmod(0o640)
    assert file.lines() == ()
    file.path.chmod(0o600)
    assert file.lines() == ("one", "two")
    file.path.unlink()
    assert file.lines() == ()


def test_a_write_that_fails_leaves_what_was_there_and_nothing_beside_it(tmp_path, monkeypatch):
    file = GuardedFile(tmp_path / "secrets")
    file.write(["one"])

    def failing(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="No space"):
        file.write(["two"])
    assert file.lines() == ("one",) and [path.name for path in tmp_path.iterdir()] == ["secrets"]


def test_the_key_is_made_once_and_one_that_others_could_read_is_made_again(tmp_path):
    first = guarded_file.key(tmp_path / "web.key")
    assert len(first) >= 32 and guarded_file.key(tmp_path / "web.key") == first
    (tmp_path / "web.key").chmod(0o644)
    assert guarded_file.key(tmp_path / "web.key") != first
    assert guarded_file.key(tmp_path / "nowhere" / "web.key") != guarded_file.key(tmp_path / "nowhere" / "web.key")
