"""home/language/vocabulary.py and setting_words.py: every word of the firmware has its sentence, and no sentence is nobody's."""
import pytest

from app.codec import vocabulary as firmware
from home.language import setting_words, vocabulary


@pytest.mark.parametrize("table, words", [
    (vocabulary.REASONS, firmware.REASONS), (vocabulary.EVENTS, firmware.EVENTS), (vocabulary.DETAILS, firmware.DETAILS[1:]),
    (vocabulary.CAUSES, firmware.CAUSES), (vocabulary.KEYS, firmware.KEYS[1:]),
    ({name.partition(".")[0]: 1 for name in vocabulary.COMMANDS}, firmware.COMMANDS[1:]),
])
def test_each_word_has_a_sentence(table, words):
    assert set(table) == set(words)


def test_each_sentence_is_a_whole_one():
    events = [one for pair in vocabulary.EVENTS.values() for one in pair]
    for table in (vocabulary.REASONS, vocabulary.STATES, vocabulary.SESSION_ENDS, vocabulary.FAULTS, vocabulary.COMMANDS, vocabulary.FATES,
                  vocabulary.DETAILS, vocabulary.CAUSES, vocabulary.KEYS, dict(enumerate(events))):
        assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in table.values())


def test_every_result_and_every_fate_of_our_own_is_told():
    assert set(firmware.RESULTS) | {"asked", "queued", "sent", "unanswered", "withdrawn"} == set(vocabulary.FATES)


def test_the_form_has_every_setting_with_its_values_and_limits():
    assert [(one.name, tuple(one.choices), one.lowest, one.highest) for one in setting_words.SETTINGS] == [tuple(row) for row in firmware.SETTINGS]
    assert {one.name for one in setting_words.SETTINGS if one.is_radio} == {"lorawan_class", "adr", "data_rate"}


@pytest.mark.parametrize("name, text, value", [
    ("adr", "true", True), ("adr", "false", False), ("data_rate", "none", None), ("data_rate", "3", 3), ("unknown_time", "hold", "hold"),
    ("unknown_time", "240", 240), ("en1", "none", None), ("phase_order", "L1 L3 L2", "L1 L3 L2")])
def test_what_a_field_says_is_the_value(name, text, value):
    setting = setting_words.BY_NAME[name]
    found = setting_words.value_of(setting, text)
    assert (found, type(found)) == (value, type(value)) and setting_words.as_field(value) == text


@pytest.mark.parametrize("name, text", [
    ("adr", "1"), ("data_rate", "7"), ("heartbeat_min", "4"), ("hold", "never"), ("heartbeat_min", "x"), ("hold", "")])
def test_what_means_no_value_is_refused(name, text):
    with pytest.raises(ValueError):
        setting_words.value_of(setting_words.BY_NAME[name], text)
