"""Every board's Store against hal/contract.py."""
import pytest
from hal.contract import STORE, HalError

EVERY_BYTE = bytes(range(256)) * 4
BAD_NAMES = ("", "thirteen_long", "Upper", "a.b", "a/b", "../x", "a b", "ä")


def test_what_was_never_put_is_missing(rig):
    assert rig.board.store.get("nothing") is None


@pytest.mark.parametrize("value", [b"", b"\x00", b"\x00\x01\x00", b"plan", EVERY_BYTE])
def test_a_record_comes_back_byte_for_byte(rig, value):
    rig.board.store.put("record", value)
    assert rig.board.store.get("record") == value


def test_a_record_survives_the_power_switch(rig):
    rig.board.store.put("abc_09", EVERY_BYTE)
    rig.power_cycle()
    assert rig.board.store.get("abc_09") == EVERY_BYTE


def test_the_last_value_counts(rig):
    for value in (b"long, long ago", b"now", b"", b"later"):
        rig.board.store.put("record", value)
        assert rig.board.store.get("record") == value
    rig.power_cycle()
    assert rig.board.store.get("record") == b"later"


def test_records_do_not_touch_one_another(rig):
    names = ("a", "ab", "abcdefghijkl", "0", "_", "reset")
    for name in names:
        rig.board.store.put(name, name.encode())
    rig.power_cycle()
    assert [rig.board.store.get(name) for name in names] == [name.encode() for name in names]


def test_a_record_that_is_too_long_is_refused_and_the_old_one_stays(rig):
    rig.board.store.put("record", b"old")
    with pytest.raises(HalError) as caught:
        rig.board.store.put("record", bytes(1025))
    assert caught.value.args[0] == STORE
    assert rig.board.store.get("record") == b"old"


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_not_every_board_can_keep_is_refused(rig, name):
    with pytest.raises(HalError) as caught:
        rig.board.store.put(name, b"x")
    assert caught.value.args[0] == STORE


def test_a_heap_without_room_for_it_is_a_failure_of_the_store_and_the_old_value_stays(starvable_rig):
    store = starvable_rig.board.store
    store.put("record", EVERY_BYTE)
    starvable_rig.starve(True)
    try:
        for act in (lambda: store.get("record"), lambda: store.put("record", b"a new value")):
            with pytest.raises(HalError) as caught:
                act()
            assert caught.value.args[0] == STORE
    finally:
        starvable_rig.starve(False)
    assert store.get("record") == EVERY_BYTE


@pytest.mark.parametrize("old", [None, b"the old value, which is longer"])
def test_a_power_cut_leaves_the_old_value_or_the_new_one(cuttable_rig, old):
    rig = cuttable_rig
    new = b"the new one"
    seen = set()
    for number, cut in enumerate(rig.cuts):
        name = "record%d" % number
        if old is not None:
            rig.board.store.put(name, old)
        rig.put_in_power_cut(cut, name, new)
        seen.add(rig.board.store.get(name))
        rig.board.store.put(name, b"afterwards")
        assert rig.board.store.get(name) == b"afterwards"
    assert seen == {old, new}
