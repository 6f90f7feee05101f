"""home/web/target_forms.py: what is typed becomes a wish, a standing order or a day, or a sentence says why not."""
import datetime

import pytest

from home.language.words import words
from home.web import target_forms

TODAY = datetime.date(2026, 10, 1)


@pytest.mark.parametrize("fields, made", [
    ({"by": "07:30", "kwh": "12"}, {"by": "07:30", "kwh": 12}),
    ({"by": "07:30:00", "kwh": "12,5", "max_price": " 0,30 "}, {"by": "07:30", "kwh": 12.5, "max_price": 0.3}),
    ({"by": "00:00", "kwh": "0.5", "max_price": "-0.05"}, {"by": "00:00", "kwh": 0.5, "max_price": -0.05}),
])
def test_what_is_typed_is_read_as_people_type_it(fields, made):
    assert target_forms.words(fields) == made


@pytest.mark.parametrize("field, text, said", [
    ("by", "07:20", "07:20 is no time to the quarter of an hour, as 07:30."), ("by", "", "is no time to the quarter of an hour"),
    ("by", "soon", "soon is no time"), ("kwh", "", "The energy must be 0.5 to 655 kWh."), ("kwh", "0", "The energy must be"),
    ("kwh", "656", "The energy must be"), ("kwh", "much", "The energy must be"), ("max_price", "dear", "dear is no price of a kWh."),
    ("max_price", "9999", "9999 is no price of a kWh.")])
def test_what_is_none_is_said_with_what_was_typed(field, text, said):
    with pytest.raises(target_forms.Wrong) as wrong:
        target_forms.words({"by": "07:30", "kwh": "12", field: text})
    assert wrong.value.field == field and said in words("en")(wrong.value.args[0], **wrong.value.args[1])
    assert words("de")(wrong.value.args[0], **wrong.value.args[1]) != words("en")(wrong.value.args[0], **wrong.value.args[1])


def test_a_standing_order_needs_a_day():
    assert target_forms.order({"order-mon": "on", "order-sun": "on", "by": "07:30", "kwh": "12"}) == {"days": "mon,sun", "by": "07:30", "kwh": 12}
    with pytest.raises(target_forms.Wrong) as wrong:
        target_forms.order({"by": "07:30", "kwh": "12"})
    assert wrong.value.field == "days"


@pytest.mark.parametrize("text, is_one", [("2026-10-01", True), ("2027-10-01", True), ("2026-09-30", False), ("2027-10-03", False),
                                          ("tomorrow", False), ("", False), ("2026-02-30", False)])
def test_a_day_is_today_or_within_a_year(text, is_one):
    if is_one:
        assert target_forms.day({"day": text}, TODAY).isoformat() == text
    else:
        with pytest.raises(target_forms.Wrong):
            target_forms.day({"day": text}, TODAY)


@pytest.mark.parametrize("text, number", [("3", 3), ("", 0), ("-1", 0), ("x", 0), ("9" * 12, 0)])
def test_the_number_of_an_order_is_one_or_none(text, number):
    assert target_forms.number({"number": text}) == number
