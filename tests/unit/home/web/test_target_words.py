"""home/web/views/command_words.py: a target in words."""
import pytest
from home.language.words import words
from home.web.views import command_words


@pytest.mark.parametrize("target, language, expected", [
    ({"until": "07:30", "kwh": 12, "quarters": [1]}, "en", "Charge 12.00 kWh by 07:30, in cheap hours."),
    ({"until": "07:30", "kwh": 12, "quarters": [1]}, "de", "Bis 07:30 12,00 kWh laden, in billigen Stunden."),
    ({"until": "07:30", "quarters": [1]}, "en", "Charge in cheap hours until 07:30."),
    ({}, "en", "A target that another program sent; its hour is not known here."),
    ({"until": "07:30", "quarters": [1]}, "de", "In billigen Stunden laden, bis 07:30."),
])
def test_a_target_says_how_much_and_until_when(target, language, expected):
    assert command_words.action({"target": target, "id": 3}, words(language)) == expected
