"""home/language/words.py: which language a reader gets, and how it writes numbers."""
import datetime

import pytest

from home.language import words


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


@pytest.mark.parametrize("pattern, english, german", [
    ("EEEE d MMMM y", "Saturday 2 January 2027", "Samstag, 2. Januar 2027"), ("EEE d MMM", "Sat 2 Jan", "Sa. 2. Jan."),
    ("LLLL y", "January 2027", "Januar 2027"), ("d MMM y, HH:mm", "2 Jan 2027, 07:05", "2. Jan. 2027, 07:05")])
def test_a_day_is_written_as_each_language_writes_it(pattern, english, german):
    moment = datetime.datetime(2027, 1, 2, 7, 5)
    assert [words.words(language).date(moment, pattern) for language in ("en", "de")] == [english, german]
