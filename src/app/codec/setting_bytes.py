"""Settings on the air: a number in vocabulary.SETTINGS and one byte. Pure."""

from app.codec import vocabulary

_NAME, _WORDS, _LOWEST, _HIGHEST = range(4)


def is_known(number, byte):
    """True if there is such a setting and such a value."""
    if number >= len(vocabulary.SETTINGS):
        return False
    row = vocabulary.SETTINGS[number]
    return byte < len(row[_WORDS]) or (row[_HIGHEST] is not None and byte - len(row[_WORDS]) + row[_LOWEST] <= row[_HIGHEST])


def value_of(number, byte):
    """The value behind a known byte: None, True, False, a word or an integer, as it stands in config.py."""
    row = vocabulary.SETTINGS[number]
    return row[_WORDS][byte] if byte < len(row[_WORDS]) else byte - len(row[_WORDS]) + row[_LOWEST]


def byte_of(number, value):
    """The byte of a setting's value; None if it has none."""
    row = vocabulary.SETTINGS[number]
    for place, word in enumerate(row[_WORDS]):
        if word is value or (isinstance(word, str) and word == value):
            return place
    if row[_HIGHEST] is None or not isinstance(value, int) or isinstance(value, bool) or not row[_LOWEST] <= value <= row[_HIGHEST]:
        return None
    return len(row[_WORDS]) + value - row[_LOWEST]


def number_of(name):
    """The place of a setting in vocabulary.SETTINGS by its name, which may be in capitals as in config.py; None if there is none."""
    for number, row in enumerate(vocabulary.SETTINGS):
        if row[_NAME] == name.lower():
            return number
    return None
