"""The board's loader: the choice of the slot, after bad boots too, and with damaged records."""
import sys

import loader
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.small_firmwares import apply


@pytest.fixture
def records(tmp_path, monkeypatch):
    """The folder of a board's flash, and the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Slot:
    """Stands for a slot's main: tries(proven) is its run()."""

    def __init__(self, tries):
        self.run = tries


@pytest.fixture
def boot(records, monkeypatch):
    """boot(tries) starts the board; 'again' if it resets itself, else None."""
    def start(tries):
        seen = []
        monkeypatch.setattr(sys, "path", list(sys.path))
        monkeypatch.setitem(sys.modules, "main", Slot(tries))
        monkeypatch.setattr(loader, "again", lambda: seen.append("again"))
        loader.run()
        return seen[0] if seen else None

    return start


def in_force():
    return loader.newest(loader.read())[0]


@given(st.integers(1, 1 << 30), st.sampled_from("ab"), st.one_of(st.just("-"), st.integers(0, 3)), st.sampled_from("ab-"))
def test_a_record_says_what_was_packed(number, slot, boots, other):
    assert loader.unpack(loader.pack(number, slot, boots, other)) == (number, slot, boots, other)


@given(st.text("0123456789abcdef- ", max_size=40))
def test_anything_else_is_no_record(text):
    assert loader.unpack(text) is None or text == loader.pack(*loader.unpack(text))


def test_a_record_that_is_torn_or_has_a_wrong_letter_is_none():
    whole = loader.pack(12, "a", 3, "b")
    assert all(loader.unpack(whole[:count]) is None for count in range(len(whole)))
    assert all(loader.unpack(whole[:at] + "x" + whole[at + 1:]) is None for at in range(len(whole)))


@pytest.mark.parametrize("copies, slot", [(("", ""), None), ((1, ""), "a"), (("", 1), "b"), ((1, 2), "b"), ((3, 2), "a")])
def test_the_higher_number_counts_and_the_other_copy_is_written_next(copies, slot):
    texts = [number and loader.pack(number, "ab"[copy], "-", "-") for copy, number in enumerate(copies)]
    record, following = loader.newest(texts)
    assert (record and record[1]) == slot
    assert slot is None or following == 1 - "ab".index(slot)


def test_a_cut_while_a_record_is_written_leaves_the_one_before(records):
    for name in ("a", "b", "a", "b"):
        before = loader.newest(loader.read())[0]
        if before is None:
            (records / loader.RECORDS[0]).write_text(loader.pack(1, name, "-", "-"))
            continue
        texts = loader.read()
        copy = loader.newest(texts)[1]
        whole = loader.pack(before[0] + 1, name, "-", "-")
        for change in (["create", loader.RECORDS[copy]], *(["append", loader.RECORDS[copy], letter.encode().hex()] for letter in whole[:-1])):
            apply(change, records)
            assert in_force() == before
        loader.write(name, "-", "-")
        assert in_force() == (before[0] + 1, name, "-", "-")


def test_without_a_record_it_says_so(boot, capsys):
    assert boot(None) is None and "make flash" in capsys.readouterr().out


def test_a_proven_version_is_started_and_nothing_is_written(boot, records):
    (records / loader.RECORDS[0]).write_text(loader.pack(1, "b", "-", "a"))
    seen = []
    assert boot(seen.append) is None
    assert seen == [None] and sys.path == ["b", ".frozen"] and in_force() == (1, "b", "-", "a")


def fails(proven):
    raise ValueError("at boot")


@pytest.mark.parametrize("ends", [fails, lambda proven: None])
def test_a_version_on_trial_has_three_boots_then_the_one_before_comes_back(boot, records, ends):
    (records / loader.RECORDS[0]).write_text(loader.pack(1, "b", loader.BOOTS, "a"))
    slots = []
    for _ in range(loader.BOOTS):
        assert boot(ends) == "again"
        slots.append(sys.path[0])
    assert boot(lambda proven: slots.append((sys.path[0], proven))) is None
    assert slots == ["b", "b", "b", ("a", None)] and in_force()[1:] == ("a", "-", "-")


def test_a_version_that_has_proven_itself_stays(boot, records):
    (records / loader.RECORDS[0]).write_text(loader.pack(1, "b", loader.BOOTS, "a"))
    boot(lambda proven: proven())
    for _ in range(5):
        boot(lambda proven: None)
    assert in_force()[1:] == ("b", "-", "-")


def test_a_proven_version_that_fails_starts_again(boot, records):
    (records / loader.RECORDS[0]).write_text(loader.pack(1, "b", "-", "-"))
    assert boot(fails) == "again"


def test_wrong_settings_of_the_only_version_leave_the_light_red(boot, records):
    (records / loader.RECORDS[0]).write_text(loader.pack(1, "a", "-", "-"))
    assert boot(lambda proven: None) is None


def test_ctrl_c_ends_in_the_prompt(boot, records):
    def interrupted(proven):
        raise KeyboardInterrupt

    (records / loader.RECORDS[0]).write_text(loader.pack(1, "a", 2, "b"))
    with pytest.raises(KeyboardInterrupt):
        boot(interrupted)


def test_a_flash_that_cannot_be_written_does_not_keep_the_firmware_from_running(boot, records, monkeypatch):
    (records / loader.RECORDS[0]).write_text(loader.pack(1, "b", 2, "a"))
    (records / loader.RECORDS[1]).mkdir()
    seen = []
    boot(lambda proven: seen.append(sys.path[0]))
    assert seen == ["b"]
