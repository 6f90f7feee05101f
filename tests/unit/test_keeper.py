"""A lock stays a lock and a pause is taken back, also over a reboot."""

from app.keeper import BLIND_MS, RELOCK_MS, Keeper
from hal.contract import STORE, HalError


class Memory:
    def __init__(self):
        self.records = {}
        self.writes = 0

    def get(self, name):
        return self.records.get(name)

    def put(self, name, value):
        self.records[name] = value
        self.writes += 1


def test_an_empty_store_locks_nothing_and_owes_nothing():
    keeper = Keeper(Memory())
    assert (keeper.locked, keeper.limit_back) == (False, 0)
    assert not keeper.relock_due(0xB1, 0)
    assert keeper.limit_to_write(267, 0) == 0


def test_a_lock_survives_a_reboot():
    memory = Memory()
    Keeper(memory).lock(True)
    assert Keeper(memory).locked
    Keeper(memory).lock(False)
    assert not Keeper(memory).locked


def test_only_changes_are_written():
    memory = Memory()
    keeper = Keeper(memory)
    for _ in range(3):
        keeper.lock(True)
        keeper.owe_limit(267)
    assert memory.writes == 2


def test_a_lock_that_the_box_lost_is_set_again_but_not_in_a_storm():
    keeper = Keeper(Memory())
    keeper.lock(True)
    assert keeper.relock_due(0xA1, 0)
    assert not keeper.relock_due(0xA1, RELOCK_MS - 1)
    assert keeper.relock_due(0xA1, RELOCK_MS)


def test_no_lock_is_written_over_a_fault_or_a_service_state():
    keeper = Keeper(Memory())
    keeper.lock(True)
    for code in (0xE0, 0xE1, 0xE2, 0xE3, 0xF1, 0xF9, 0xFF):
        assert not keeper.relock_due(code, 0)


def test_a_pause_is_taken_back_also_after_a_reboot():
    memory = Memory()
    Keeper(memory).owe_limit(233)
    keeper = Keeper(memory)
    assert keeper.limit_to_write(1000, 0) == 233
    assert keeper.limit_to_write(233, 10) == 0
    assert Keeper(memory).limit_back == 0


def test_a_box_that_does_not_tell_its_limit_gets_it_back_all_the_same():
    keeper = Keeper(Memory())
    keeper.owe_limit(233)
    assert keeper.limit_to_write(None, 1000) == 0
    assert keeper.limit_to_write(None, 1000 + BLIND_MS) == 233


def test_a_damaged_record_owes_nothing():
    memory = Memory()
    memory.records['limit_back'] = b'\x01'
    memory.records['lock'] = b''
    keeper = Keeper(memory)
    assert (keeper.locked, keeper.limit_back) == (False, 0)


class Broken:
    def get(self, name):
        raise HalError(STORE, 'worn out')

    def put(self, name, value):
        raise HalError(STORE, 'worn out')


def test_a_store_that_fails_costs_the_memory_and_not_the_monitor():
    keeper = Keeper(Broken())
    assert (keeper.locked, keeper.limit_back) == (False, 0)
    keeper.lock(True)
    keeper.owe_limit(267)
    assert (keeper.locked, keeper.limit_back) == (True, 267)
    assert keeper.store_failures == 4
