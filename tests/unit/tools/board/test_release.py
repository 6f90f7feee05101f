"""Output of `make release`: one version, reproducible bytes, nothing private to this site."""

import hashlib
import io
import json
import zipfile

import pytest

from tools.board import build, manifest
from tools.board import release

CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n* not yet\n\n## [1.2.0] - 2026-01-01\n\n### Added\n\n* this\n\n## [1.1.0] - 2025-01-01\n\n* that\n"


@pytest.fixture
def linux_alone(monkeypatch):
    monkeypatch.setattr(manifest, "BOARDS", {"linux": manifest.BOARDS["linux"]})


def test_the_changelogs_section_is_that_of_the_version_alone():
    assert release.changes(CHANGELOG, "1.2.0") == "### Added\n\n* this\n"
    assert release.changes(CHANGELOG, "1.1.0") == "* that\n"
    assert release.changes(CHANGELOG, "1.3.0") == ""
    assert release.changes(CHANGELOG, "1.2") == ""


def test_an_archive_of_the_same_files_has_the_same_bytes():
    files = {"b.py": b"2", "a/b.py": b"1"}
    made = release.archive(files)
    assert made == release.archive(dict(reversed(files.items())))
    with zipfile.ZipFile(io.BytesIO(made)) as zipped:
        assert {name: zipped.read(name) for name in zipped.namelist()} == files


def test_a_release_has_each_boards_firmware_with_its_sum_and_no_keys(linux_alone, monkeypatch, tmp_path):
    keys = tmp_path / "keys.py"
    keys.write_text("APP_KEY = 'secret'\n")
    found = build.source
    monkeypatch.setattr(build, "source", lambda name: keys if name == "keys" else found(name))
    files = release.content("0" * 40)
    board = f"ev-charger-monitor-{release.version()}-linux.zip"
    assert {board, "formatter.js", "LICENSE", "licences.md", "sbom.cdx.json", "CHANGES.md", "SHA256SUMS"} == set(files)
    with zipfile.ZipFile(io.BytesIO(files[board])) as zipped:
        assert "app/version.py" in zipped.namelist() or "slot/app/version.py" in zipped.namelist()
        assert not [name for name in zipped.namelist() if "keys" in name]
    sums = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "SHA256SUMS"}
    told = json.loads(files["sbom.cdx.json"])
    assert told["bomFormat"] == "CycloneDX" and told["metadata"]["component"]["version"] == release.version()
    assert [part["name"] for part in told["components"]] == ["micropython-modbus"]


def test_the_same_commit_gives_the_same_release(linux_alone):
    assert release.content("1" * 40) == release.content("1" * 40)


def test_changes_that_are_not_committed_are_no_release(monkeypatch, capsys):
    monkeypatch.setattr(release.commit, "last", lambda *paths: "1" * 40 + "+")
    assert release.main([]) == 1
    assert "not committed" in capsys.readouterr().err


def test_a_version_without_its_section_in_the_changelog_is_no_release(monkeypatch, capsys):
    monkeypatch.setattr(release.commit, "last", lambda *paths: "1" * 40)
    monkeypatch.setattr(release, "VERSION", (9, 9, 9))
    assert release.main([]) == 1
    assert "no section [9.9.9]" in capsys.readouterr().err


def test_the_version_stands_in_one_place():
    assert 'version = "' not in (build.ROOT / "pyproject.toml").read_text().split("[tool.")[0]
