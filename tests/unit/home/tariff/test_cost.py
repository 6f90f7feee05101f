"""home/tariff: parts add up for each quarter hour, and a session costs what it cost when its energy flowed."""
import datetime
import zoneinfo

import pytest
from home import settings
from home.tariff import cost
from home.tariff.prices import Price, Tariff

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
DEVICE = [{"id": "wallbox", "timezone": "Europe/Berlin"}]
NETWORK = [{"name": "ttn", "host": "h", "application": "a"}]
# A grid fee by time of day, as Germany's Modul 3 has it: its high time in the evening, its low one at night.
MODUL_3 = [
    {"part": "energy", "price_kwh": 0.10, "vat": 19},
    {"part": "network", "price_kwh": 0.02, "vat": 19, "windows": [{"from": "00:00", "to": "05:00"}]},
    {"part": "network", "price_kwh": 0.20, "vat": 19, "windows": [{"from": "17:00", "to": "22:00"}]},
    {"part": "network", "price_kwh": 0.08, "vat": 19, "windows": [{"from": "05:00", "to": "17:00"}, {"from": "22:00", "to": "00:00"}]},
    {"part": "levy", "price_kwh": 0.05, "vat": 19},
]


def tariff(parts, tz=BERLIN, prices=()):
    made = settings.checked({"tariff": [dict(part) for part in parts], "device": [dict(DEVICE[0])], "network": [dict(NETWORK[0])]}, ".")
    return Tariff(made.tariff, "", tz, lambda source, first_s, end_s: [one for one in prices if one[1] > first_s and one[0] < end_s])


def quarter(text, tz=BERLIN):
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=tz).timestamp()) // 900


@pytest.mark.parametrize("at, net", [("2026-11-29T00:00", 0.17), ("2026-11-29T04:45", 0.17), ("2026-11-29T05:00", 0.23), ("2026-11-29T17:00", 0.35),
                                     ("2026-11-29T21:45", 0.35), ("2026-11-29T22:00", 0.23)])
def test_the_parts_of_modul_3_add_up(at, net):
    assert tariff(MODUL_3).price(quarter(at)).kwh == pytest.approx(net * 1.19)


def test_a_night_that_begins_the_day_before_reaches_into_the_next():
    night = [{"part": "energy", "price_kwh": 0.2, "windows": [{"days": "fri", "from": "22:00", "to": "06:00"}]}]
    found = tariff(night)
    assert found.price(quarter("2026-11-28T05:45")) == Price(0.2, "EUR")
    assert found.price(quarter("2026-11-28T06:00")) == Price(None, None)
    assert found.price(quarter("2026-11-27T21:45")) == Price(None, None)


def test_a_contract_ends_with_its_last_day_and_the_next_begins():
    parts = [{"part": "energy", "price_kwh": 0.3, "to": "2026-12-31"}, {"part": "energy", "price_kwh": 0.4, "from": "2027-01-01"}]
    found = tariff(parts)
    assert [found.price(quarter(at)).kwh for at in ("2026-12-31T23:45", "2027-01-01T00:00")] == [0.3, 0.4]


def test_months_choose_the_season():
    found = tariff([{"part": "energy", "price_kwh": 0.3, "months": "oct-mar"}, {"part": "energy", "price_kwh": 0.2, "months": "apr-sep"}])
    assert [found.price(quarter(f"2026-{month:02}-15T12:00")).kwh for month in (1, 4, 9, 10)] == [0.3, 0.2, 0.2, 0.3]


@pytest.mark.parametrize("day, count", [("2026-03-29", 92), ("2026-10-25", 100), ("2026-11-29", 96)])
def test_days_of_23_and_25_hours_have_all_their_quarters(day, count):
    found = tariff(MODUL_3)
    quarters = found.quarters(datetime.date.fromisoformat(day))
    assert len(quarters) == count and all(found.price(one).kwh for one in quarters)


def test_prices_of_a_source_are_taken_by_the_quarter_and_taxed():
    begin = quarter("2026-11-29T00:00") * 900
    hourly = [(begin, begin + 3600, 0.10), (begin + 3600, begin + 7200, -0.02)]
    found = tariff([{"part": "energy", "source": "day-ahead", "vat": 19}], prices=hourly)
    told = [found.price(begin // 900 + place).kwh for place in (0, 3, 4, 8)]
    assert told == [pytest.approx(0.119), pytest.approx(0.119), pytest.approx(-0.0238), None]


def test_a_session_costs_what_it_cost_when_the_energy_flowed():
    quarters = [(quarter("2026-11-29T21:45"), 1000, True), (quarter("2026-11-29T22:00"), 3000, True)]
    assert cost.of_session(quarters, False, tariff(MODUL_3)) == cost.Cost(pytest.approx((0.35 + 3 * 0.23) * 1.19), "EUR", False)


def test_energy_or_time_that_is_not_sure_makes_the_cost_an_estimate_where_prices_differ():
    unsure = [(quarter("2026-11-29T21:45"), 1000, False), (quarter("2026-11-29T22:00"), 3000, False)]
    flat = [{"part": "energy", "price_kwh": 0.3}]
    assert cost.of_session(unsure, False, tariff(MODUL_3)).is_estimated
    assert not cost.of_session(unsure, False, tariff(flat)).is_estimated
    assert cost.of_session(unsure, True, tariff(flat)).is_estimated


def test_without_a_price_or_with_two_currencies_there_is_no_cost():
    quarters = [(quarter("2026-11-29T21:45"), 1000, True)]
    assert cost.of_session(quarters, False, tariff([])) == cost.NONE
    assert cost.of_session(quarters, False, tariff([{"part": "energy", "source": "late"}])) == cost.NONE
    both = [{"part": "energy", "price_kwh": 0.3}, {"part": "levy", "price_kwh": 0.3, "currency": "AUD"}]
    assert cost.of_session(quarters, False, tariff(both)) == cost.NONE


def test_no_energy_costs_nothing():
    assert cost.of_session([], False, tariff(MODUL_3)) == cost.Cost(0.0, "EUR", False)


def test_a_demand_charge_asks_for_the_worst_half_hour_within_its_window():
    parts = [{"part": "energy", "price_kwh": 0.3, "currency": "AUD"},
             {"part": "network", "price_kw": 12.0, "vat": 10, "currency": "AUD", "windows": [{"days": "mon-fri", "from": "15:00", "to": "21:00"}]}]
    flowed = {quarter("2026-11-30T14:30"): 5000, quarter("2026-11-30T14:45"): 5000, quarter("2026-11-30T20:30"): 1500,
              quarter("2026-11-30T20:45"): 500, quarter("2026-11-29T16:00"): 5000}
    ((part, kw, amount),) = cost.demand(flowed, tariff(parts))
    assert (part.price_kw, kw, amount) == (12.0, 4.0, pytest.approx(4 * 12 * 1.1))


def test_the_base_price_counts_by_days_where_a_contract_begins_within_the_month():
    parts = [{"part": "base", "price_month": 10.0, "vat": 19, "from": "2026-11-16"}, {"part": "energy", "price_kwh": 0.3}]
    found = tariff(parts)
    assert [found.base(2026, month) for month in (10, 11, 12)] == [{}, {"EUR": pytest.approx(5 * 1.19)}, {"EUR": pytest.approx(11.9)}]


def test_the_average_of_a_month_is_that_of_all_its_quarters():
    days = [datetime.date(2026, 11, day) for day in range(1, 31)]
    assert cost.average(tariff(MODUL_3), days) == pytest.approx((0.10 + 0.05 + (5 * 0.02 + 5 * 0.20 + 14 * 0.08) / 24) * 1.19)


def test_a_place_of_its_own_has_its_own_tariff():
    parts = settings.checked({"tariff": [{"part": "energy", "price_kwh": 0.3, "place": "home"}, {"part": "levy", "price_kwh": 0.1}],
                              "device": [dict(DEVICE[0])], "network": [dict(NETWORK[0])]}, ".").tariff
    assert [Tariff(parts, place, BERLIN).price(quarter("2026-11-29T00:00")).kwh for place in ("home", "cabin")] == [pytest.approx(0.4), 0.1]


def test_a_day_like_another_one_has_the_prices_that_it_would_have_alone():
    parts = [*MODUL_3, {"part": "levy", "price_kwh": 0.01, "windows": [{"days": "fri-sun", "from": "20:00", "to": "04:00"}]},
             {"part": "levy", "price_kwh": 0.02, "from": "2026-03-20", "to": "2026-10-26"}, {"part": "levy", "price_kwh": 0.04, "months": "dec-feb"}]
    year, first = tariff(parts), datetime.date(2025, 12, 20)
    for day in (first + datetime.timedelta(place) for place in range(400)):
        alone = tariff(parts)
        assert [year.price(quarter) for quarter in year.quarters(day)] == [alone.price(quarter) for quarter in alone.quarters(day)], day
