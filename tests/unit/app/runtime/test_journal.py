"""The journal over stores that a power cut or a failure leaves in any state: the old value or the new one, never another."""

import app.runtime.journal
import pytest
from app.runtime.journal import MAX_VALUE, UNREADABLE, Journal
from hal.contract import STORE, HalError
from hypothesis import given
from hypothesis import strategies as st


class SupplyFails(BaseException):
    """The supply fails."""


class Flash:
    """Records that outlive a Journal. damage: None, or what the next put leaves of a record: damage(old, new) -> bytes or None."""

    def __init__(self, **records):
        self.records = dict(records)
        self.reads = []
        self.writes = []
        self.damage = None
        self.unreadable = ()
        self.full = False

    def get(self, name):
        self.reads.append(name)
        if name in self.unreadable:
            raise HalError(STORE, 'worn out')
        return self.records.get(name)

    def put(self, name, value):
        assert type(value) is bytes and len(name) <= 12 and len(value) <= 1024
        if self.full:
            raise HalError(STORE, 'full')
        self.writes.append(name)
        if self.damage is None:
            self.records[name] = value
            return
        left = self.damage(self.records.get(name), value)
        self.records[name] = left
        if left is None:
            del self.records[name]
        raise SupplyFails


def cut(flash, name, value, damage):
    """What a boot after the cut finds under that name, and again after a further boot."""
    flash.damage = damage
    with pytest.raises(SupplyFails):
        Journal(flash).put(name, value)
    flash.damage = None
    found = Journal(flash).get(name)
    assert Journal(flash).get(name) == found
    return found


def kept(*values):
    flash = Flash()
    for value in values:
        Journal(flash).put('claims', value)
    return flash


def test_an_empty_store_has_no_record():
    assert Journal(Flash()).get('claims') is None


@pytest.mark.parametrize('boots', [1, 2, 3, 7])
def test_the_last_value_counts_after_any_number_of_writes(boots):
    flash = Flash()
    for number in range(boots):
        journal = Journal(flash)
        for value in (b'\x01a', b'\x01b%d' % number):
            journal.put('claims', value)
            assert journal.get('claims') == value
        assert Journal(flash).get('claims') == b'\x01b%d' % number


def test_records_do_not_touch_one_another():
    flash = Flash()
    journal = Journal(flash)
    names = ('a', 'b', 'limit_back', 'airtime')
    for name in names:
        journal.put(name, name.encode())
    assert [Journal(flash).get(name) for name in names] == [name.encode() for name in names]


def test_the_copies_are_written_in_turn_whatever_boots_come_between():
    flash = Flash()
    for number in range(4):
        Journal(flash).put('claims', bytes((1, number)))
    journal = Journal(flash)
    journal.put('claims', b'\x01x')
    journal.put('claims', b'\x01y')
    assert flash.writes == ['claims_a', 'claims_b'] * 3
    journal.put('claims', b'\x01z', True)
    journal.repeat()
    assert flash.writes[6:] == ['claims_a', 'claims_b']


def test_a_value_is_written_only_when_it_changes_and_read_once_a_boot():
    flash = kept(b'\x01one')
    flash.reads.clear()
    journal = Journal(flash)
    for _ in range(3):
        journal.put('claims', b'\x01one')
        assert journal.get('claims') == b'\x01one'
    assert (journal.writes, len(flash.writes), flash.reads) == (0, 1, ['claims_a', 'claims_b'])


def test_a_buffer_that_its_owner_goes_on_using_is_kept_as_it_was():
    journal = Journal(Flash())
    buffer = bytearray(b'\x01one')
    journal.put('claims', buffer)
    buffer[1] = 0
    assert journal.get('claims') == b'\x01one'
    journal.put('claims', buffer)
    assert journal.writes == 2


DAMAGES = {
    'before': lambda old, new: old,
    'after': lambda old, new: new,
    'missing': lambda old, new: None,
    'empty': lambda old, new: b'',
    'erased': lambda old, new: b'\xff' * len(new),
    'zeroed': lambda old, new: bytes(len(new)),
    'without its end': lambda old, new: new[:-1],
    'too long': lambda old, new: new + b'\0',
    'header only': lambda old, new: new[:11],
    'another payload': lambda old, new: new[:11] + b'\x01' * (len(new) - 11),
    'another number': lambda old, new: new[:4] + b'\x7f' + new[5:],
}


@pytest.mark.parametrize('damage', DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize('history', [(), (b'\x01one',), (b'\x01one', b'\x01two'), (b'\x01one', b'\x01two', b'\x01three')], ids=len)
def test_a_cut_leaves_the_old_value_or_the_new_one(damage, history):
    flash = kept(*history)
    old = history[-1] if history else None
    found = cut(flash, 'claims', b'\x01new', damage)
    assert found == (b'\x01new' if damage is DAMAGES['after'] else old)
    # And life goes on, with the next cut as harmless.
    assert cut(flash, 'claims', b'\x01next', DAMAGES['without its end']) == found
    Journal(flash).put('claims', b'\x01last')
    assert Journal(flash).get('claims') == b'\x01last'


def test_a_cut_at_any_byte_old_before_new_or_new_before_old():
    for length in (4, 40):
        old, new = b'\x01' + b'o' * 20, b'\x01' + b'n' * length
        for at in range(length + 11):
            for damage in (lambda was, now, at=at: now[:at] + was[at:], lambda was, now, at=at: was[:at] + now[at:]):
                flash = kept(b'\x01before', old, b'\x01now')
                assert cut(flash, 'claims', new, damage) in (b'\x01now', new)


values = st.binary(min_size=1, max_size=40)


@given(st.lists(st.tuples(st.sampled_from(('x', 'y')), values, st.none() | st.integers(0, 60), st.booleans()), max_size=30), st.binary(max_size=60))
def test_through_any_cuts_every_record_is_what_was_last_kept_or_being_written(steps, garbage):
    flash = Flash()
    journal = Journal(flash)
    expected = {'x': None, 'y': None}
    for name, value, at, backwards in steps:
        if at is None:
            journal.put(name, value)
            expected[name] = value
            continue

        def damage(old, new, at=at, backwards=backwards):
            old = garbage if old is None else old
            return old[:at] + new[at:] if backwards else new[:at] + old[at:]
        flash.damage = damage
        try:
            journal.put(name, value)
        except SupplyFails:
            pass
        flash.damage = None
        journal = Journal(flash)
        assert journal.get(name) in (expected[name], value)
        expected[name] = journal.get(name)
        assert {name: journal.get(name) for name in expected} == expected


# --- a store that fails


def test_a_full_flash_is_told_and_the_old_value_stays():
    flash = kept(b'\x01one')
    journal = Journal(flash)
    flash.full = True
    with pytest.raises(HalError) as caught:
        journal.put('claims', b'\x01two')
    assert caught.value.args[0] == STORE
    assert (journal.get('claims'), journal.store_failures) == (b'\x01one', 1)
    assert Journal(flash).get('claims') == b'\x01one'
    flash.full = False
    journal.put('claims', b'\x01two')
    assert Journal(flash).get('claims') == b'\x01two'


def test_after_a_write_that_failed_half_way_the_old_value_is_written_again():
    """The store said no, yet the value is there: without another write the next boot would find what was never acknowledged."""
    flash = kept(b'\x01one')
    journal = Journal(flash)
    put = flash.put

    def fails(name, value):
        put(name, value)
        raise HalError(STORE, 'not synced')
    flash.put = fails
    with pytest.raises(HalError):
        journal.put('claims', b'\x01two')
    flash.put = put
    journal.put('claims', b'\x01one')
    assert Journal(flash).get('claims') == b'\x01one'


@pytest.mark.parametrize('broken', ['claims_a', 'claims_b'])
def test_a_copy_that_cannot_be_read_is_replaced_first(broken):
    flash = kept(b'\x01one', b'\x01two')
    flash.unreadable = (broken,)
    journal = Journal(flash)
    assert journal.get('claims') == {'claims_a': b'\x01two', 'claims_b': b'\x01one'}[broken] and journal.lost == []
    journal.put('claims', b'\x01three')
    assert (flash.writes[-1], journal.store_failures) == (broken, 1)
    flash.unreadable = ()
    assert Journal(flash).get('claims') == b'\x01three'


class Starved:
    """hashlib on a heap that has no room for what is to be hashed."""

    def sha256(data):
        raise MemoryError


def test_a_heap_without_room_for_a_record_is_a_store_that_fails_and_no_crash():
    flash = kept(b'\x01one')
    known = Journal(flash)
    assert known.get('claims') == b'\x01one'
    fresh = Journal(flash)
    hashlib, app.runtime.journal.hashlib = app.runtime.journal.hashlib, Starved
    try:
        assert fresh.get('claims') == UNREADABLE
        for journal in (known, fresh):
            with pytest.raises(HalError) as caught:
                journal.put('claims', b'\x01two')
            assert caught.value.args[0] == STORE
    finally:
        app.runtime.journal.hashlib = hashlib
    assert (known.get('claims'), fresh.get('claims'), known.store_failures, fresh.store_failures) == (b'\x01one', b'\x01one', 1, 2)
    known.put('claims', b'\x01two')
    assert Journal(flash).get('claims') == b'\x01two'


def test_where_nothing_can_be_read_nothing_is_written():
    flash = kept(b'\x01one')
    flash.unreadable = ('claims_a', 'claims_b')
    journal = Journal(flash)
    assert journal.get('claims') == UNREADABLE and journal.lost == ['claims']
    with pytest.raises(HalError):
        journal.put('claims', b'\x01two')
    assert len(flash.writes) == 1 and journal.store_failures == 4
    flash.unreadable = ()
    assert journal.get('claims') == b'\x01one'


@pytest.mark.parametrize('value', [b'', bytes(MAX_VALUE + 1)], ids=len)
def test_a_value_without_version_or_too_long_is_refused(value):
    flash = kept(b'\x01one')
    with pytest.raises(HalError):
        Journal(flash).put('claims', value)
    assert Journal(flash).get('claims') == b'\x01one'


def test_the_longest_value_and_name_fit_the_store():
    flash = Flash()
    Journal(flash).put('limit_back', bytes(MAX_VALUE))
    assert Journal(flash).get('limit_back') == bytes(MAX_VALUE)


# --- what cannot be read


def test_a_damaged_record_is_told_from_one_that_never_was():
    broken = bytes(30)
    flash = Flash()
    journal = Journal(flash)
    journal.put('owner', b'\x01one')   # the first of all in both copies
    assert journal.again == ['owner']
    journal.repeat()
    assert (Journal(flash).get('plan'), Journal(flash).lost) == (None, [])
    flash.records.update(owner_a=broken)
    assert Journal(flash).get('owner') == b'\x01one'
    flash.records.update(owner_b=broken)
    journal = Journal(flash)
    assert journal.get('owner') == journal.get('owner') == UNREADABLE and journal.lost == ['owner']
    journal.put('owner', b'\x01two')
    journal.repeat()
    assert journal.again == [] and flash.writes == ['owner_a', 'owner_b'] * 2 and Journal(flash).get('owner') == b'\x01two'


def test_what_was_kept_in_both_copies_outlives_the_loss_of_either():
    for copy in ('claims_a', 'claims_b'):
        flash = kept(b'\x01one', b'\x01two')
        journal = Journal(flash)
        journal.put('claims', b'\x01three', True)
        journal.repeat()
        flash.records[copy] = b'?'
        assert Journal(flash).get('claims') == b'\x01three'


def test_a_flash_that_takes_the_first_copy_only_has_kept_it():
    flash = Flash()
    put = flash.put

    def once(name, value):
        if flash.writes:
            raise HalError(STORE, 'full')
        put(name, value)
    flash.put = once
    journal = Journal(flash)
    journal.put('owner', b'\x01one')
    journal.repeat()
    assert (journal.get('owner'), Journal(flash).get('owner'), journal.store_failures) == (b'\x01one', b'\x01one', 1)


def test_a_record_that_its_owner_does_not_understand_is_lost_once():
    journal = Journal(kept(b'\x09one'))
    journal.reject('claims')
    journal.reject('claims')
    assert journal.lost == ['claims']


# --- what the firmware before kept


def test_a_plain_record_is_read_until_it_is_written_anew():
    flash = Flash(lock=b'\x01')
    journal = Journal(flash)
    assert journal.get('lock') == b'\x01'
    journal.put('lock', b'\x01')
    assert flash.writes == []
    journal.put('lock', b'\x00')
    assert Journal(flash).get('lock') == b'\x00'


@pytest.mark.parametrize('damage', DAMAGES.values(), ids=DAMAGES)
def test_a_cut_in_the_first_write_leaves_the_plain_record(damage):
    found = cut(Flash(lock=b'\x01'), 'lock', b'\x00', damage)
    assert found == (b'\x00' if damage is DAMAGES['after'] else b'\x01')


def test_a_plain_record_does_not_rise_again_when_both_copies_are_gone():
    flash = Flash(lock=b'\x01')
    journal = Journal(flash)
    journal.put('lock', b'\x00')
    journal.put('lock', b'\x01')
    journal.put('lock', b'\x00')
    flash.records.update(lock_a=b'', lock_b=b'')
    journal = Journal(flash)
    assert (journal.get('lock'), journal.torn, journal.lost) == (UNREADABLE, 2, ['lock'])


def test_an_empty_plain_record_is_none_and_an_unreadable_one_is_lost():
    assert Journal(Flash(lock=b'')).get('lock') is None
    flash = Flash(lock=b'\x01')
    flash.unreadable = ('lock',)
    journal = Journal(flash)
    assert (journal.get('lock'), journal.store_failures, journal.lost) == (UNREADABLE, 1, ['lock'])


# --- wear


def test_every_write_is_counted_over_reboots():
    flash = Flash()
    for boot in range(3):
        journal = Journal(flash)
        journal.get('x'), journal.get('y')
        assert (journal.writes, journal.writes_total) == (0, 5 * boot)
        for number in range(5):
            journal.put('xy'[number % 2], bytes((1, boot, number)))
        assert (journal.writes, journal.writes_total) == (5, 5 * boot + 5)


def test_torn_copies_are_counted_and_nothing_is_called_lost():
    flash = kept(b'\x01one')
    cut(flash, 'claims', b'\x01two', DAMAGES['without its end'])
    journal = Journal(flash)
    journal.get('claims')
    assert (journal.torn, journal.lost, journal.store_failures) == (1, [], 0)


def test_a_record_under_the_name_of_another_is_torn():
    flash = kept(b'\x01one')
    flash.records['book_a'] = flash.records['claims_a']
    assert Journal(flash).get('book') is None
