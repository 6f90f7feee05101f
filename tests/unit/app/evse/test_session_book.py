"""The session book: ended sessions wait until they were sent, stay, and are sent again from a number on."""

from types import SimpleNamespace

import pytest
from app.codec import report_frames
from app.evse.session_book import KEPT, SessionBook
from app.runtime.journal import MAX_VALUE, SESSIONS_RECORD, Journal
from hypothesis import given
from hypothesis import strategies as st

UTC_S = 1775286000
STATE = 1
LONG = 11
ENTRY = 14


class BookAndFlash:
    """A book over a flash that outlives it."""

    def __init__(self):
        self.flash = {}
        self.writes = 0
        self.boot()

    def boot(self):
        self.journal = Journal(SimpleNamespace(get=self.flash.get, put=self.flash.__setitem__))
        self.book = SessionBook(self.journal, self._put)

    def _put(self, name, value, now_ms):
        self.writes += 1
        assert len(value) <= MAX_VALUE
        self.journal.put(name, value)

    def end(self, *numbers):
        for number in numbers:
            self.book.add((number & 0xFFFF, UTC_S + number, 60, 1000 * (number & 0xFF), 0, 6), 0)

    def left(self, record):
        """A boot that finds that record."""
        self.journal.put(SESSIONS_RECORD, record)
        self.boot()

    def told(self):
        """Numbers of all that are sent now; each once."""
        numbers = []
        while self.book.waits:
            port, payload = self.book.make(STATE, LONG)
            assert port == report_frames.SESSION and self.book.make(STATE, LONG - 1) is None
            numbers.append(payload[10] & 127)
            self.book.make(STATE, LONG)
            self.book.sent(0)
        return numbers

    def told_again(self):
        numbers = []
        while self.book.asks:
            port, payload = self.book.make_again(STATE, LONG)
            numbers.append(payload[10] & 127)
            self.book.sent_again(0)
        assert self.book.make_again(STATE, LONG) is None
        return numbers


def kept(*numbers):
    """A book with these, all of them sent."""
    rig = BookAndFlash()
    rig.end(*numbers)
    rig.told()
    return rig


def entry(number):
    return bytes((number >> 8, number & 255)) + (UTC_S + number).to_bytes(4, 'big') + bytes((0, 60, 0, 0, 4, 210, 0, 6))


def test_what_was_sent_stays_and_is_sent_again_from_a_number_on():
    rig = kept(1, 2, 3, 4)
    assert not rig.book.waits and not rig.book.asks
    rig.book.ask(3)
    assert rig.told_again() == [3, 4]


def test_a_frame_that_is_sent_again_has_the_same_bytes():
    rig = BookAndFlash()
    rig.end(1)
    first = rig.book.make(STATE, LONG)
    rig.book.sent(0)
    rig.boot()
    rig.book.ask(1)
    assert rig.book.make_again(STATE, LONG) == first


def test_the_last_ones_are_kept_over_a_boot():
    rig = kept(*range(1, KEPT + 4))
    rig.boot()
    rig.book.ask(1)
    assert rig.told_again() == list(range(4, KEPT + 4))


def test_each_session_costs_one_write_at_its_end_and_one_when_it_was_sent():
    assert kept(1, 2, 3).writes == 6
    rig = kept(1, 2, 3)
    rig.book.ask(1)
    rig.told_again()
    assert rig.writes == 6


def test_those_that_wait_are_not_among_those_sent_again():
    rig = kept(1, 2)
    rig.end(3)
    rig.book.ask(1)
    assert rig.told_again() == [1, 2] and rig.told() == [3]


@pytest.mark.parametrize('number', [5, 6, 60, 68])
def test_from_a_number_that_is_still_to_come_nothing_is_sent(number):
    rig = kept(1, 2, 3, 4)
    rig.book.ask(number)
    assert not rig.book.asks


def test_from_a_number_that_is_no_longer_known_those_that_are_known_are_sent():
    rig = kept(*range(30, 60))
    rig.book.ask(10)
    assert rig.told_again() == list(range(60 - KEPT, 60))


@pytest.mark.parametrize('first', [120, 65530])
def test_the_number_goes_over_its_end(first):
    rig = kept(*range(first, first + 10))
    rig.book.ask(first + 3 & 127)
    assert rig.told_again() == [number & 127 for number in range(first + 3, first + 10)]


def test_a_number_that_is_missing_is_not_invented():
    rig = kept(1, 2, 5, 6)
    rig.book.ask(3)
    assert rig.told_again() == [5, 6]


def test_an_empty_book_sends_nothing():
    rig = BookAndFlash()
    for number in (0, 1, 127):
        rig.book.ask(number)
        assert not rig.book.asks and rig.book.make_again(STATE, LONG) is None
    assert rig.book.make(STATE, LONG) is None and rig.book.number is None


def test_a_later_request_takes_the_place_of_the_one_before():
    rig = kept(1, 2, 3, 4)
    rig.book.ask(1)
    rig.book.make_again(STATE, LONG)
    rig.book.ask(3)
    rig.book.sent_again(0)      # that was number 1
    assert rig.told_again() == [3, 4]


def test_what_was_asked_for_is_sent_though_newer_ones_take_its_place_in_flash():
    rig = kept(*range(1, KEPT + 1))
    rig.book.ask(KEPT - 1)
    rig.end(*range(KEPT + 1, 2 * KEPT + 1))
    assert rig.told_again() == [KEPT - 1, KEPT]


def test_of_too_many_that_wait_the_oldest_makes_way():
    rig = BookAndFlash()
    rig.end(*range(1, KEPT + 3))
    rig.boot()
    assert rig.told() == list(range(3, KEPT + 3))


def test_a_record_of_older_firmware_has_only_what_was_not_sent():
    rig = BookAndFlash()
    rig.left(b'\x01' + entry(7) + entry(8))
    assert rig.book.number == 8 and rig.told() == [7, 8]
    rig.book.ask(7)
    assert rig.told_again() == [7, 8]
    rig.left(b'\x01')
    assert rig.book.number is None and not rig.book.waits


def test_older_firmware_finds_its_entries_where_they_were():
    rig = kept(7)
    rig.end(8)
    record = rig.journal.get(SESSIONS_RECORD)
    assert [record[at:at + 2] for at in range(1, len(record) - ENTRY + 1, ENTRY)] == [b'\0\x07', b'\0\x08']


@pytest.mark.parametrize('record', [b'\x02' + bytes(28), b'\x01' + entry(7) + b'\xff', b'\x01' + entry(7)[:-1], b'\x01\x05'])
def test_a_record_of_another_kind_makes_nothing_of_nothing(record):
    rig = BookAndFlash()
    rig.left(record)
    assert (rig.journal.lost == [SESSIONS_RECORD]) == (record[0] == 2)
    assert rig.told() == ([7] if len(record) == ENTRY + 2 else [])


STEPS = st.lists(st.one_of(
    st.just(('end', 0)), st.just(('send', 0)), st.just(('again', 0)), st.just(('boot', 0)), st.tuples(st.just('ask'), st.integers(0, 127))),
    max_size=60)


@given(STEPS, st.integers(0, 300))
def test_each_is_sent_once_by_itself_and_again_only_when_asked_for(steps, number):
    rig = BookAndFlash()
    ended, told, wanted = [], [], []
    for what, asked in steps:
        if what == 'end':
            number += 1
            rig.end(number)
            ended.append(number)
        elif what == 'send' and rig.book.waits:
            told.append(rig.book.make(STATE, LONG)[1][10] & 127)
            rig.book.sent(0)
        elif what == 'ask':
            rig.book.ask(asked)
            sent = [one for one in ended[-KEPT:] if (one & 127) in told]
            wanted = [one for one in sent if number - one <= (number - asked & 127) < 64]
        elif what == 'boot':
            rig.boot()
            wanted = []
        elif what == 'again':
            frame = rig.book.make_again(STATE, LONG)
            assert (frame is None) == (not wanted)
            if wanted:
                assert frame[1][10] & 127 == wanted.pop(0) & 127
                rig.book.sent_again(0)
    assert told == [one & 127 for one in ended if (one & 127) in told] and len(set(told)) == len(told)
