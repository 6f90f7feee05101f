"""home/prices/answer_parser.py: answers in the shapes that sources document become spans; what cannot be used is left out and named."""
import datetime
import json
import zoneinfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.price_sources import source
from home.prices import answer_parser
from home.prices.answer_parser import Unusable

# 2026-11-29T23:00:00Z, midnight in Berlin.
BEGIN_S = 1_795_993_200
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
PLAIN = {"kind": "json", "url": "https://prices.example/"}


def spans(answer, **table):
    return answer_parser.spans(answer, source(**{**PLAIN, **table}))


def iso(at_s, tz=datetime.timezone.utc):
    return datetime.datetime.fromtimestamp(at_s, tz).isoformat()


def hour(place, price, **more):
    return {"start": iso(BEGIN_S + 3600 * place), "price": price, **more}


# Small answers of the shape that each source's documentation shows; the figures are invented.
RECORDED = {
    "energy-charts": (
        {}, {"license_info": "CC BY 4.0", "unix_seconds": [BEGIN_S, BEGIN_S + 900, BEGIN_S + 1800], "price": [82.5, -3.0, None],
             "unit": "EUR / MWh", "deprecated": False},
        [(0, 900, 0.0825), (900, 1800, -0.003)]),
    "awattar-de": (
        {}, {"object": "list", "data": [
            {"start_timestamp": 1000 * BEGIN_S, "end_timestamp": 1000 * (BEGIN_S + 3600), "marketprice": 42.1, "unit": "Eur/MWh"},
            {"start_timestamp": 1000 * (BEGIN_S + 3600), "end_timestamp": 1000 * (BEGIN_S + 7200), "marketprice": -5.1, "unit": "Eur/MWh"}],
            "url": "/de/v1/marketdata"},
        [(0, 3600, 0.0421), (3600, 7200, -0.0051)]),
    "tibber": (
        {"key": "SECRET"}, {"data": {"viewer": {"homes": [{"currentSubscription": {"priceInfo": {
            "today": [{"total": 0.31, "startsAt": "2026-11-30T00:00:00.000+01:00", "currency": "EUR"},
                      {"total": 0.29, "startsAt": "2026-11-30T00:15:00.000+01:00", "currency": "EUR"}],
            "tomorrow": []}}}]}}},
        [(0, 900, 0.31), (900, 1800, 0.29)]),
    "octopus-agile": (
        {"area": "C"}, {"count": 2, "next": None, "previous": None, "results": [
            {"value_exc_vat": 9.4, "value_inc_vat": 9.8, "valid_from": "2026-11-29T23:30:00Z", "valid_to": "2026-11-30T00:00:00Z"},
            {"value_exc_vat": 12.0, "value_inc_vat": 12.6, "valid_from": "2026-11-29T23:00:00Z", "valid_to": "2026-11-29T23:30:00Z",
             "payment_method": None}]},
        [(0, 1800, 0.12), (1800, 3600, 0.094)]),
    "amber": (
        {"area": "01SITE", "key": "psk_secret"}, [
            {"type": "CurrentInterval", "date": "2026-11-30", "duration": 30, "startTime": "2026-11-29T23:00:01Z", "endTime": "2026-11-29T23:30:00Z",
             "nemTime": "2026-11-30T09:30:00+10:00", "perKwh": 24.3, "spotPerKwh": 6.1, "channelType": "general", "estimate": True},
            {"type": "CurrentInterval", "date": "2026-11-30", "duration": 30, "startTime": "2026-11-29T23:00:01Z", "endTime": "2026-11-29T23:30:00Z",
             "nemTime": "2026-11-30T09:30:00+10:00", "perKwh": -4.0, "spotPerKwh": 6.1, "channelType": "feedIn", "estimate": True},
            {"type": "ForecastInterval", "date": "2026-11-30", "duration": 30, "startTime": "2026-11-29T23:30:01Z", "endTime": "2026-11-30T00:00:00Z",
             "nemTime": "2026-11-30T10:00:00+10:00", "perKwh": 31.2, "spotPerKwh": 12.0, "channelType": "general"}],
        [(0, 1800, 0.243), (1800, 3600, 0.312)]),
    "home-assistant": (
        {"topics": "statestream/sensor/nordpool/+"}, [
            {"start": "2026-11-30T00:00:00+01:00", "end": "2026-11-30T01:00:00+01:00", "value": 0.21},
            {"start": "2026-11-30T01:00:00+01:00", "end": "2026-11-30T02:00:00+01:00", "value": 0.19}],
        [(0, 3600, 0.21), (3600, 7200, 0.19)]),
}


@pytest.mark.parametrize("kind", RECORDED)
def test_an_answer_in_the_documented_shape_is_read(kind, tmp_path):
    table, answer, expected = RECORDED[kind]
    table = dict(table)
    folder, key = tmp_path, table.pop("key", None)
    others = {"house_mqtt": {"host": "127.0.0.1"}} if "topics" in table else {}
    if others:
        from tests.support.price_sources import checked
        its = checked(folder, {"name": "spot", "kind": kind, **table}, **others).price_sources[0]
    else:
        its = source(folder, key, kind=kind, **table)
    found, _ = answer_parser.spans(answer_parser.parsed(json.dumps(answer)), its)
    assert found == [(BEGIN_S + start, BEGIN_S + end, price) for start, end, price in expected]


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_quarters_half_hours_and_hours_end_where_the_next_one_begins(minutes):
    rows = [{"start": BEGIN_S + 60 * minutes * place, "price": place} for place in range(5)]
    found, left_out = spans(rows[::-1])
    assert found == [(BEGIN_S + 60 * minutes * place, BEGIN_S + 60 * minutes * (place + 1), place) for place in range(5)] and left_out is None


def test_a_missing_hour_is_a_hole_and_no_longer_hour():
    found, _ = spans([hour(0, 1), hour(1, 2), hour(4, 3), hour(5, 4)])
    assert [(start - BEGIN_S, end - BEGIN_S) for start, end, _ in found] == [(0, 3600), (3600, 7200), (14400, 18000), (18000, 21600)]


def test_a_price_that_is_missing_or_no_number_is_left_out_and_named():
    found, sentence = spans([hour(0, 0.1), hour(1, None), hour(2, "dear"), hour(3, True), hour(4, 0.2)])
    assert [price for _, _, price in found] == [0.1, 0.2]
    assert sentence == "3 of its prices are left out: one has no price"


def test_negative_prices_are_prices():
    assert [price for _, _, price in spans([hour(0, -0.05), hour(1, "-0,10")])[0]] == [-0.05, -0.1]


def test_of_two_prices_for_one_hour_the_later_told_counts():
    assert [price for _, _, price in spans([hour(0, 1), hour(1, 2), hour(1, 3)])[0]] == [1, 3]


@pytest.mark.parametrize("begin, quarters", [("2026-10-25", 100), ("2026-03-29", 92), ("2026-11-29", 96)])
def test_local_times_of_days_of_23_24_and_25_hours_are_each_quarter_once(begin, quarters):
    """The hour that comes twice is told twice, and one that the clock leaves out may be told or not."""
    day = datetime.datetime.fromisoformat(begin)
    begin_s = int(day.replace(tzinfo=BERLIN).timestamp())
    texts = [datetime.datetime.fromtimestamp(begin_s + 900 * place, BERLIN).replace(tzinfo=None).isoformat(" ") for place in range(quarters)]
    expected = [(begin_s + 900 * place, begin_s + 900 * (place + 1), place) for place in range(quarters)]
    rows = [{"start": text, "price": place} for place, text in enumerate(texts)]
    assert spans(rows)[0] == expected
    assert spans(rows[::-1])[0] == expected
    if quarters == 92:
        told = [*rows[:8], *({"start": f"{begin} 02:{minute:02}:00", "price": 99} for minute in (0, 15, 30, 45)), *rows[8:]]
        assert spans(told) == (expected, None)


@pytest.mark.parametrize("table, row, price", [
    ({"unit": "MWh"}, {"price": 85}, 0.085), ({"unit": "cent/kWh"}, {"price": 8.5}, 0.085),
    ({"unit_at": "unit"}, {"price": 85, "unit": "EUR/MWh"}, 0.085),
    ({"unit_at": "unit"}, {"price": 8.5, "unit": "ct/kWh"}, 0.085), ({"unit_at": "unit", "unit": "MWh"}, {"price": 85}, 0.085),
    ({"unit_at": "unit"}, {"price": 0.085, "unit": "€/kWh"}, 0.085),
])
def test_the_unit_is_as_it_is_set_or_as_the_source_tells_it(table, row, price):
    assert spans([{**hour(0, 0), **row}], interval_min=60, **table)[0][0][2] == price


@pytest.mark.parametrize("table, answer, words", [
    ({}, {}, "no price in the answer where rows, start and price say"),
    ({}, [], "no price in the answer"),
    ({}, {"errors": [{"message": "not allowed"}]}, "it answers: not allowed"),
    ({}, [hour(0, 1)], "interval_min is needed"),
    ({"currency_at": "currency"}, [hour(0, 1, currency="NOK"), hour(1, 1, currency="NOK")], "in NOK now, not in EUR"),
    ({"unit_at": "unit"}, [hour(0, 1, unit="SEK/kWh"), hour(1, 1, unit="SEK/kWh")], "in SEK now, not in EUR"),
    ({"unit_at": "unit"}, [hour(0, 1, unit="furlongs")], "the unit 'furlongs' is not known"),
    ({"rows": "", "start": "t", "price": "p"}, {"t": [1, 2], "p": [1]}, "there are 2 times and 1 prices"),
    ({}, [hour(0, 5000)], "is the unit right"),
    ({}, [{"start": "yesterday", "price": 1}], "'yesterday' is no time"),
    ({}, [{**hour(1, 1), "end": iso(BEGIN_S)}], "interval_min is needed"),
    ({"end": "end"}, [{**hour(1, 1), "end": iso(BEGIN_S)}], "ends before it begins"),
])
def test_what_cannot_be_used_is_one_sentence(table, answer, words):
    with pytest.raises(Unusable, match=words):
        spans(answer, **table)


def test_a_text_that_is_no_json_is_said():
    with pytest.raises(Unusable, match="no JSON"):
        answer_parser.parsed("<html>")


def test_a_csv_file_is_read_with_either_comma():
    expected = [(BEGIN_S, BEGIN_S + 3600, 0.1), (BEGIN_S + 3600, BEGIN_S + 7200, -0.02)]
    for text in (
            "\ufeffstart,price\n2026-11-30 00:00,0.10\n2026-11-30 01:00,-0.02\n",
            "start;price\n2026-11-30 00:00;0,10\n2026-11-30 01:00;-0,02\n"):
        assert spans(answer_parser.parsed(text, is_csv=True))[0] == expected


json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12), lambda inner: st.lists(
    inner, max_size=4) | st.dictionaries(st.sampled_from(["start", "price", "end", "unit", "data", "x"]), inner, max_size=4), max_leaves=12)


@given(json_values)
@settings(max_examples=300, deadline=None)
def test_whatever_a_source_answers_is_spans_in_order_or_one_sentence(answer):
    try:
        found, _ = spans(answer, rows=["", "data"], end="end", unit_at="unit")
    except Unusable as problem:
        assert len(problem.args[0]) < 300
        return
    assert all(start < end for start, end, _ in found)
    assert all(before[1] <= after[0] for before, after in zip(found, found[1:]))


@pytest.mark.parametrize("text, is_csv", [("[" * 100_000, False), ('{"a":' * 100_000, False), ("a" * 200_000, True), ('"' + "x" * 200_000, True)])
def test_an_answer_that_no_reader_takes_is_unusable(text, is_csv):
    with pytest.raises(answer_parser.Unusable):
        answer_parser.parsed(text, is_csv)
