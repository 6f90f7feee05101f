"""home/web/words.py: which language a reader gets, and how it writes numbers."""
import pytest

from home.web import words


@pytest.mark.parametrize("asked, kept, accepted, expected", [
    (None, None, None, "en"), (None, None, "de-AT,de;q=0.9,en;q=0.8", "de"), (None, None, "fr,de;q=0.5,en;q=0.7", "en"), (None, "de", "en", "de"),
    ("en", "de", "de", "en"), ("tlh", "xx", "de", "de"), (None, None, "de;q=0,en;q=0.1", "en"), (None, None, "de;q=a,,;;", "en"),
])
def test_the_choice_now_goes_before_the_one_kept_and_that_before_the_browser_s(asked, kept, accepted, expected):
    assert words.chosen(asked, kept, accepted) == expected


def test_numbers_have_a_point_in_english_and_a_comma_in_german():
    assert words.words("en").number(1234.5, 1) == "1,234.5" and words.words("de").number(1234.5, 1) == "1.234,5"
    assert words.words("de").number(7) == "7"


def test_a_word_that_a_table_does_not_have_is_shown_as_it_came():
    assert words.words("en").known({}, "new_word") == "new_word (a word that this page does not know)"


def test_a_message_without_a_translation_is_english():
    assert words.words("de")("no such message") == "no such message"
