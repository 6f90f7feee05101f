"""Every board's Indicator, Watchdog and System against hal/contract.py."""
import pytest
from hal.contract import BLUE, CRASH, GREEN, OFF, PLANNED, POWER_ON, PURPLE, RED, WHITE, YELLOW

from tests.contract.adapters import Rig


@pytest.mark.parametrize("colour", [BLUE, GREEN, YELLOW, WHITE, PURPLE, RED, OFF])
def test_the_light_shows_each_colour(rig, colour):
    rig.board.indicator.show(RED)
    rig.board.indicator.show(colour)
    assert rig.light() in (colour, None)


def test_activity_does_not_touch_the_colour(rig):
    rig.board.indicator.show(GREEN)
    rig.board.indicator.activity(True)
    rig.board.indicator.activity(False)
    assert rig.light() in (GREEN, None)


def test_a_watchdog_may_be_fed_at_any_time(rig):
    for _ in range(10):
        rig.board.watchdog.feed()
        rig.settle(2)


def test_the_first_boot_is_a_power_up(rig):
    assert rig.board.system.reset_cause() == POWER_ON


@pytest.mark.parametrize("reason, cause", [("command", PLANNED), ("crash", CRASH)])
def test_a_reset_is_known_for_what_it_was_for_one_boot(rig, reason, cause):
    rig.reset(reason)
    assert rig.board.system.reset_cause() == cause
    assert rig.board.system.reset_cause() == cause
    rig.power_cycle()
    assert rig.board.system.reset_cause() == POWER_ON


def test_neither_a_power_cut_nor_a_reset_counts_as_a_dip_of_the_supply(rig):
    assert rig.board.system.browned_out() is False
    rig.reset("command")
    assert rig.board.system.browned_out() is False
    rig.power_cycle()
    assert rig.board.system.browned_out() is False


def test_a_reset_leaves_the_records(rig):
    rig.board.store.put("record", b"kept")
    rig.reset("command")
    assert rig.board.store.get("record") == b"kept"


def test_the_driver_is_off_after_a_reset(rig):
    rig.reset("command")
    assert not rig.was_driven_at_open()


def test_the_unique_id_is_long_enough_and_stays(rig):
    unique_id = rig.board.system.unique_id()
    assert isinstance(unique_id, bytes) and len(unique_id) >= 6
    rig.power_cycle()
    assert rig.board.system.unique_id() == unique_id


@pytest.mark.parametrize("text", ["one line", "", "no \u00e4scii", "x" * 500])
def test_a_log_line_never_raises(rig, text):
    assert rig.board.system.log(text) is None


def test_every_rig_says_what_it_does(rig):
    # A rig that forgets a method would make its tests empty.
    needed = ("settle", "feed", "heard", "driven", "was_driven_at_open", "light", "power_cycle", "reset")
    assert [name for name in needed if getattr(type(rig), name) is getattr(Rig, name)] == []
