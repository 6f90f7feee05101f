"""Lines and dates from AT modems, for any bytes."""
from datetime import datetime, timezone

import pytest
from hal.at_lines import Lines, number, utc_s
from hypothesis import given
from hypothesis import strategies as st


def test_a_line_comes_when_it_is_complete_without_blanks_and_in_lower_case():
    lines = Lines(80)
    assert lines.feed(b"+MSGHEX: PORT: 15; R") == []
    assert lines.feed(b'X: "48FF"\r') == []
    assert lines.feed(b"\n+MSG") == ['+msghex:port:15;rx:"48ff"']
    assert lines.feed(b"HEX:Done\n\r\n\n") == ["+msghex:done"]
    assert lines.dropped == 0


def test_the_nul_of_a_start_up_is_no_part_of_a_line():
    assert Lines(80).feed(b"\x00+AT: OK\r\n\x00+AT: OK\r\n") == ["+at:ok", "+at:ok"]


@pytest.mark.parametrize("byte", [b"\xff", b"\x80", b"\x07", b"\x1b"])
def test_a_line_with_a_byte_that_no_modem_says_is_dropped_whole(byte):
    lines = Lines(80)
    assert lines.feed(b'+MSG: RX: "48' + byte + b'46"\r\n+AT: OK\r\n') == ["+at:ok"]
    assert lines.dropped == 1


@pytest.mark.parametrize("pieces", [1, 7, 100])
def test_an_overlong_line_is_dropped_to_its_end_and_the_next_one_is_read(pieces):
    lines = Lines(80)
    data = b"x" * 500 + b"\r\n+AT: OK\r\n"
    found = []
    for start in range(0, len(data), pieces):
        found += lines.feed(data[start : start + pieces])
    assert found == ["+at:ok"] and lines.dropped == 1


@given(st.lists(st.one_of(st.binary(max_size=300), st.sampled_from([b"\r\n", b"\n", b"+AT: OK\r\n", b"\x00"])), max_size=20))
def test_any_bytes_give_lines_of_bounded_length_and_leave_a_bounded_rest(chunks):
    lines = Lines(64)
    for chunk in chunks:
        for line in lines.feed(chunk):
            assert 0 < len(line) <= 64 and max(line.encode()) < 128 and line == line.lower() and " " not in line
        assert len(lines._rest) <= 64


@given(st.binary(max_size=200), st.integers(1, 50))
def test_how_the_bytes_are_cut_makes_no_difference(data, size):
    whole, cut = Lines(500), Lines(500)
    found = []
    for start in range(0, len(data), size):
        found += cut.feed(data[start : start + size])
    assert found == whole.feed(data)


# From 2026-01-01 to 2099-12-31.
@given(st.integers(1_767_225_600, 4_102_444_799))
def test_a_date_is_the_seconds_that_everybody_else_makes_of_it(seconds):
    when = datetime.fromtimestamp(seconds, timezone.utc)
    assert utc_s(when.year, when.month, when.day, when.hour, when.minute, when.second) == seconds


@pytest.mark.parametrize("date", [
    (2020, 1, 1, 0, 0, 0), (2025, 12, 31, 23, 59, 59), (2100, 1, 1, 0, 0, 0), (2026, 13, 1, 0, 0, 0), (2026, 0, 1, 0, 0, 0),
    (2026, 1, 0, 0, 0, 0), (2026, 1, 32, 0, 0, 0), (2026, 1, 1, 24, 0, 0), (2026, 1, 1, 0, 60, 0), (2026, 1, 1, 0, 0, 61),
])
def test_a_date_that_cannot_be_now_is_none(date):
    assert utc_s(*date) is None


@pytest.mark.parametrize("text, value", [("51", 51), ("0", 0), ("7,9", 7), ("", None), ("x", None), ("-3", None), ("123456", None)])
def test_a_number_is_what_the_text_begins_with(text, value):
    assert number(text) == value
