"""A time zone that is right by the letter and probably a mistake is answered with what it means; one that is fine is not."""
import pytest
from hypothesis import given
from hypothesis import strategies as st
from home import time_zone_mistakes


@pytest.mark.parametrize("text, words", [
    ("UTC+10", "UTC+10 lies ten hours west of Greenwich: a POSIX time zone counts westwards. Ten hours east is written UTC-10"),
    ("UTC10", "ten hours west"),
    ("GMT-5", "GMT-5 lies five hours east of Greenwich: a POSIX time zone counts westwards. Five hours west is written GMT5"),
    ("CET+1", "one hour west"),
    ("CET1CEST,M3.5.0,M10.5.0/3", "One hour east is written CET-1CEST,M3.5.0,M10.5.0/3"),
    ("AEST10", "ten hours west"),
    ("ACST9:30", "nine hours and 30 min west"),
    ("EST-5", "five hours east of Greenwich"),
    ("<+10>10", "Ten hours east is written <+10>-10"),
    ("<+0530>+5:30", "five hours and 30 min west"),
    ("CET-1CEST", "America's dates count: second Sunday of March to first Sunday of November. For CEST write CET-1CEST,M3.5.0,M10.5.0/3"),
    ("AEST-10AEDT", "For AEDT write AEST-10AEDT,M10.1.0,M4.1.0/3"),
    ("<+03>-3<+04>", "Write the dates behind it"),
])
def test_a_probable_mistake_is_answered_with_what_it_means(text, words):
    assert words in time_zone_mistakes.doubt(text)


@pytest.mark.parametrize("text", [
    "UTC0", "GMT0", "GMT0BST,M3.5.0/1,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/3", "AEST-10AEDT,M10.1.0,M4.1.0/3", "EST5EDT", "EST5EDT,M3.2.0,M11.1.0",
    "<+10>-10", "<-03>3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "XYZ7", "nonsense", "", "Europe/Berlin", None, 7,
])
def test_a_string_that_means_what_it_seems_to_is_not_doubted(text):
    assert time_zone_mistakes.doubt(text) == ""


@given(st.one_of(st.text(max_size=40), st.from_regex(r"[A-Z]{3}[+-]?[0-9]{1,2}([A-Z]{3,4})?(,[MJ0-9./]*)*", fullmatch=True)))
def test_no_text_breaks_it(text):
    assert isinstance(time_zone_mistakes.doubt(text), str)
