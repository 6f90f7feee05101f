"""The generated pages, and the installation of umodbus, which pip cannot do."""
import argparse
import hashlib
import io
import math
import tarfile

import pytest
from tools.docgen import evidence, table
from tools.setup import install_umodbus
from tools.checks import soak

NOW = "a" * 40
ROW = {"claim": "median, class C", "figure": "3.2 s", "limit": "4 s", "test": "tests/system/test_x.py::test_y", "passed": True,
       "commit": NOW}


def a_soak(commit, **changes):
    figures = [{"claim": "worst", "limit": None, "test": "t.py::t", "rounds": 3, "lowest": 1, "highest": 2.5}]
    return dict({"commit": commit, "date": "2026-11-23", "minutes": 60, "seeds": [1, 3], "failed_seeds": [], "figures": figures}, **changes)


def test_a_row_holds_claim_figure_limit_commit_and_command():
    page = evidence.document([ROW], [], NOW)
    assert "| median, class C | 3.2 s | 4 s | aaaaaaaaaa | `pytest tests/system/test_x.py::test_y` |" in page


def test_the_page_says_what_nothing_here_can_measure():
    assert "the longest free block of a board's heap" in evidence.document([ROW], [], NOW)


def test_the_page_does_not_depend_on_the_order_of_the_tests():
    rows = [dict(ROW, claim=claim) for claim in "cab"]
    assert evidence.document(rows, [], NOW) == evidence.document(rows[::-1], [], NOW)


def test_a_figure_of_a_failed_test_says_so():
    assert "the test failed" in evidence.document([dict(ROW, passed=False)], [], NOW)
    assert "the test failed" not in evidence.document([ROW], [], NOW)


def test_a_soak_of_this_code_is_fresh_and_of_another_stale():
    assert "tale" not in evidence.document([], [a_soak(NOW)], NOW)
    page = evidence.document([], [a_soak("b" * 40)], NOW)
    assert "**Stale" in page and "1 to 2.5 (stale)" in page


def test_a_soak_stays_fresh_while_only_tests_and_tools_change():
    page = evidence.document([dict(ROW, commit="c" * 40)], [a_soak(NOW)], NOW)
    assert "tale" not in page and "| cccccccccc |" in page


def test_a_soak_of_this_code_goes_before_a_newer_one_of_another():
    assert "tale" not in evidence.document([], [a_soak(NOW), a_soak("b" * 40)], NOW)


def test_soaks_of_this_code_are_told_together_and_others_only_for_what_those_lack():
    other = {"claim": "cuts", "limit": None, "test": "t.py::c", "rounds": 2, "lowest": 7, "highest": 7}
    here = [dict(other, claim="worst", test="t.py::t", rounds=1, lowest=0, highest=9)]
    page = evidence.document([], [a_soak("b" * 40, figures=[other, *a_soak(NOW)["figures"]]), a_soak(NOW), a_soak(NOW, figures=here)], NOW)
    assert "| worst | 0 to 9 | - | 4 | aaaaaaaaaa |" in page
    assert "| cuts | 7 (stale) | - | 2 | bbbbbbbbbb |" in page
    assert page.count("* 2026-11-23") == 3 and page.count("**Stale") == 1


def test_a_soak_with_changes_not_committed_is_stale_once_they_are():
    assert "**Stale" in evidence.document([], [a_soak(NOW + "+")], NOW)
    assert "**Stale" in evidence.document([], [a_soak(NOW + "+")], NOW + "+")


def test_failed_seeds_are_named():
    assert "Failed with the seeds [2]" in evidence.document([], [a_soak(NOW, failed_seeds=[2])], NOW)


def test_rounds_of_a_soak_add_up_to_their_extremes():
    results = [(1, 0, [dict(ROW, figure=3)]), (2, 0, [dict(ROW, figure=1.5)]), (3, 1, [])]
    assert soak.summarise(results) == [
        {"claim": ROW["claim"], "limit": "4 s", "test": ROW["test"], "rounds": 2, "lowest": 1.5, "highest": 3}
    ]


def test_counts_of_all_rounds_and_all_soaks_of_this_code_are_one():
    figures = soak.summarise([(seed, 0, [dict(ROW, figure=figure, adds_up=True)]) for seed, figure in enumerate([0, 2, 1000])])
    assert figures[0]["total"] == 1002
    page = evidence.document([], [a_soak(NOW, figures=figures), a_soak(NOW, figures=figures)], NOW)
    assert "| 2,004 (0 to 1000 a round) | 4 s | 6 |" in page


def test_figures_in_words_are_listed_once():
    results = [(seed, 0, [dict(ROW, figure=figure)]) for seed, figure in enumerate(["x", "y", "x"])]
    assert soak.summarise(results)[0]["seen"] == ["x", "y"]


@pytest.mark.parametrize("text", ["", "long", "0", "-1", "nan", "1e9"])
def test_a_soak_needs_minutes(text):
    with pytest.raises(argparse.ArgumentTypeError, match="MINUTES=60"):
        soak.minutes(text)


def test_a_soak_goes_on_until_its_time_with_a_new_seed_each_round(monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(soak, "run_seed", lambda seed: (seed, 0, []))
    monkeypatch.setattr(soak.time, "monotonic", lambda: next(clock))
    assert [seed for seed, _, _ in soak.run_until(4, 7, workers=1)] == [7, 8, 9, 10, 11]


def test_a_soak_of_so_many_rounds_has_no_more_and_no_fewer(monkeypatch):
    monkeypatch.setattr(soak, "run_seed", lambda seed: (seed, 0, []))
    assert [seed for seed, _, _ in soak.run_until(math.inf, 7, workers=2, most=5)] == [7, 8, 9, 10, 11]


@pytest.mark.parametrize("text", ["", "many", "0", "-1", "1.5", "10000"])
def test_a_soak_of_no_rounds_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="ROUNDS=10"):
        soak.rounds(text)


def test_a_cell_holds_any_text():
    assert table.cell("a|b\nc") == "a\\|b c"
    assert table.code("a `b`|c\n") == "`` a `b`\\|c ``"


def an_archive(names):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 4
            tar.addfile(info, io.BytesIO(b"text"))
    return raw.getvalue()


@pytest.fixture
def site(tmp_path, monkeypatch):
    """An empty site-packages that install_umodbus works on, with an archive to download of the names given."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(install_umodbus.sysconfig, "get_paths", lambda: {"purelib": str(folder)})

    def offer(names, right_hash=True):
        archive = an_archive(names)
        monkeypatch.setattr(install_umodbus, "download", lambda directory: archive)
        if right_hash:
            monkeypatch.setattr(install_umodbus, "SHA256", hashlib.sha256(archive).hexdigest())
        return folder

    return offer


def test_only_the_modules_of_umodbus_are_unpacked(site):
    folder = site(["m-1/umodbus/const.py", "m-1/umodbus/notes.txt", "m-1/other/x.py", "m-1/../umodbus/evil.py", "m-1/umodbus/../../out.py"])
    install_umodbus.main()
    assert sorted(path.name for path in folder.rglob("*")) == ["INSTALLED", "const.py", "umodbus"]


def test_an_archive_with_another_hash_is_refused(site):
    folder = site(["m-1/umodbus/const.py"], right_hash=False)
    with pytest.raises(SystemExit, match="expected " + install_umodbus.SHA256):
        install_umodbus.main()
    assert list(folder.iterdir()) == []


def test_a_second_installation_downloads_nothing(site, monkeypatch):
    site(["m-1/umodbus/const.py"])
    install_umodbus.main()
    monkeypatch.setattr(install_umodbus, "download", lambda directory: pytest.fail("downloaded again"))
    install_umodbus.main()
