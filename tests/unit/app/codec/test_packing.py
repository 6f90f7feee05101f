"""app.codec.packing: rows of numbers, there and back."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.codec.packing import field, pack, unpack

WIDTHS = (1, 2, 3, 4, 4)
ROW = st.tuples(*[st.integers(0, (1 << 8 * width) - 1) for width in WIDTHS])


@given(ROW)
def test_a_row_comes_back_as_it_went(row):
    assert unpack(pack(row, WIDTHS), 0, WIDTHS) == list(row)


def test_a_row_is_big_endian_without_gaps():
    assert pack((1, 0x203, 0x40506, 0x708090A), (1, 2, 3, 4)) == bytes(range(1, 11))


def test_a_row_behind_others_is_read_from_its_place():
    assert unpack(b'\xFF\x00\x01\x02\xFF', 1, (2, 1)) == [1, 2]


@pytest.mark.parametrize('value, width, packed', [
    (256, 1, b'\xFF'), (1 << 24, 3, b'\xFF\xFF\xFF'), (1 << 40, 4, b'\xFF\xFF\xFF\xFF'), (-1, 2, b'\x00\x00'),
])
def test_what_does_not_fit_becomes_the_nearest_that_does(value, width, packed):
    assert field(value, width) == packed
