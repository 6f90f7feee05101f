"""home/report.py and home/export.py: the session book in figures that add up, gaps as gaps, and what was measured said."""
import csv
import datetime
import io
import json

import pytest
from tests.support.house import BEGIN_MS, house, month, night, part
from tests.support.uplinks import DAY_MS, HOUR_MS, MIN_MS, Device
from home import corrections, export
from home.report import MEASURED, Report
from home.store import queries
from home.store.database import reading

NIGHT_COST = 7 * 0.35 + 7 * 0.25


def rows(its, what="sessions", first=None, last=None, **rest):
    device = its.settings.devices[0]
    with reading(its.engine) as connection:
        return export.rows(what, connection, its.settings, device, its.key(device), first, last, **rest)


def test_a_session_has_its_times_its_energy_and_its_cost():
    with house() as its:
        its.hear(*night(Device(), 5))
        (found,) = rows(its)
    expected = {
        "device": "Garage", "box": 1, "number": 5, "started_at": "2026-10-06T18:00:00+02:00", "ended_at": "2026-10-07T07:00:00+02:00",
        "duration_min": 780, "energy_kwh": 14.0, "estimated": False, "cost": pytest.approx(NIGHT_COST), "currency": "EUR", "cost_estimated": False,
        "vehicle": "Zoe", "reason": "vehicle_full", "measured": MEASURED,
    }
    assert part(found, expected) == expected


def test_a_lost_record_is_a_gap_where_it_is_missing_and_never_a_zero():
    with house() as its:
        month(its, lost=(7, 8, 20))
        found = rows(its)
    assert [one.get("number", one.get("gap")) for one in found] == [*range(7), [7, 8], *range(9, 20), [20, 20], *range(21, 30)]


def test_a_range_begins_and_ends_with_local_days_and_shows_the_gap_before_it():
    with house() as its:
        month(its, lost=(9,))
        found = rows(its, first=datetime.date(2026, 10, 11), last=datetime.date(2026, 10, 13))
    assert [one.get("number", one.get("gap")) for one in found] == [[9, 9], 10, 11, 12]


def test_what_the_counter_knows_and_the_book_does_not_is_a_gap_at_the_end():
    with house() as its:
        device = month(its)
        its.hear(*night(device, 30, lost=True), device.energy(BEGIN_MS + 31 * DAY_MS + 9 * HOUR_MS, 1000.0, 30))
        assert rows(its)[-1] == {"gap": [30, 30]}
        assert rows(its, last=datetime.date(2026, 10, 15))[-1]["number"] == 14


def test_months_add_up_to_their_sessions():
    with house() as its:
        month(its, lost=(7, 8))
        (found,) = rows(its, "months")
        sessions_cost = sum(one["cost"] for one in rows(its) if "gap" not in one)
    expected = {
        "month": "2026-10", "sessions": 28, "missing": 2, "energy_kwh": 392.0, "estimated": False, "cost": pytest.approx(sessions_cost),
        "currency": "EUR", "base": 9.0, "demand": None,
    }
    assert part(found, expected) == expected


def test_a_month_without_a_session_has_its_base_price_all_the_same():
    with house() as its:
        device = Device()
        its.hear(*night(device, 5), *night(device, 6, BEGIN_MS + 60 * DAY_MS))
        found = rows(its, "months")
        assert len(rows(its, "months", vehicle="Zoe")) == 2
    between = {"month": "2026-11", "sessions": 0, "energy_kwh": 0, "cost": 0, "currency": "EUR", "base": 9.0, "meter_before_at": None}
    assert [one["month"] for one in found] == ["2026-10", "2026-11", "2026-12"] and part(found[1], between) == between


def test_a_month_of_which_one_session_s_cost_is_not_known_has_its_base_price_all_the_same():
    with house() as its:
        device = month(its)
        its.hear(device.session(30, BEGIN_MS + 30 * DAY_MS, kwh=None))
        (found,) = rows(its, "months")
    assert (found["cost"], found["currency"], found["base"]) == (None, "EUR", 9.0)


def test_a_tariff_of_a_base_price_alone_has_it_in_each_month():
    with house(tariff=[{"part": "base", "price_month": 9}]) as its:
        month(its)
        (found,) = rows(its, "months")
    assert (found["cost"], found["currency"], found["base"]) == (None, "EUR", 9.0)


def test_a_month_without_a_session_and_a_base_price_has_no_row():
    with house(tariff=[{"part": "energy", "price_kwh": 0.25}]) as its:
        device = Device()
        its.hear(*night(device, 5), *night(device, 6, BEGIN_MS + 60 * DAY_MS))
        assert [one["month"] for one in rows(its, "months")] == ["2026-10", "2026-12"]


@pytest.mark.parametrize("price, cost", [("contract", NIGHT_COST), ("average", 14 * (0.25 * 8 + 0.35 * 16) / 24), (0.3, 4.2)])
def test_an_employer_gets_the_price_that_he_pays(price, cost):
    with house() as its:
        its.hear(*night(Device(), 5))
        (found,) = rows(its, price=price)
    # The month has 25 hours on one of its days.
    assert found["cost"] == pytest.approx(cost, abs=0.005) and found["price"] == price


@pytest.mark.parametrize("text", ["", "-1", "1e3", "free", "0.1234567"])
def test_a_price_that_is_none_is_named(text):
    with pytest.raises(ValueError, match="must be contract, average, or a price"):
        export.price_words(text)


def test_a_separate_meter_stands_beside_what_the_device_counted():
    with house() as its:
        month(its)
        corrections.read_meter(its.engine, 1, BEGIN_MS, 1_000_000, BEGIN_MS)
        corrections.read_meter(its.engine, 1, BEGIN_MS + 40 * DAY_MS, 1_428_400, BEGIN_MS)
        found = rows(its)[3]
    assert (found["energy_kwh"], found["meter_factor"], found["energy_kwh_by_meter"]) == (14.0, 1.02, 14.28)


READ = ("meter_before_at", "meter_before_kwh", "meter_after_at", "meter_after_kwh")


def test_the_readings_of_a_separate_meter_stand_in_the_export_of_sessions_and_months():
    with house() as its:
        month(its)
        corrections.read_meter(its.engine, 1, BEGIN_MS + 10 * DAY_MS, 1_142_800, BEGIN_MS)
        assert [rows(its)[place][name] for place in (3, 12) for name in READ] == [
            None, None, "2026-10-11T00:00:00+02:00", 1142.8, "2026-10-11T00:00:00+02:00", 1142.8, None, None]
        corrections.read_meter(its.engine, 1, BEGIN_MS, 1_000_000, BEGIN_MS)
        corrections.read_meter(its.engine, 1, BEGIN_MS + 40 * DAY_MS, 1_430_000, BEGIN_MS)
        (found,) = rows(its, "months")
    assert [found[name] for name in READ] == ["2026-10-01T00:00:00+02:00", 1000.0, "2026-11-09T23:00:00+01:00", 1430.0]
    assert (found["meter_factor"], found["energy_kwh_by_meter"]) == (1.0238, 430.0)


def test_a_session_has_the_factor_of_the_time_in_which_it_began_and_not_of_its_day():
    with house() as its:
        month(its)
        for day, wh in ((4, 1_000_000), (5, 1_014_000), (6, 1_042_000)):
            corrections.read_meter(its.engine, 1, BEGIN_MS + day * DAY_MS + 8 * HOUR_MS, wh, BEGIN_MS)
        assert [one["meter_factor"] for one in rows(its)[3:7]] == [None, 1.0, 2.0, None]


@pytest.mark.parametrize("lost", [(4,), (5,), (9,)])
def test_over_a_missing_record_a_meter_gives_no_factor_for_it_counted_that_one_too(lost):
    with house() as its:
        month(its, lost)
        for day, wh in ((5, 1_000_000), (10, 1_070_000), (15, 1_140_000)):
            corrections.read_meter(its.engine, 1, BEGIN_MS + day * DAY_MS, wh, BEGIN_MS)
        found = {one["number"]: one["meter_factor"] for one in rows(its) if "gap" not in one}
    assert found[7] is None and found[12] == (1.0 if lost != (9,) else None)


def test_what_was_forgotten_is_not_booked_to_the_others_by_a_meter():
    with house() as its:
        month(its)
        for day, wh in ((0, 1_000_000), (40, 1_420_000)):
            corrections.read_meter(its.engine, 1, BEGIN_MS + day * DAY_MS, wh, BEGIN_MS)
        corrections.assign(its.engine, 1, 4, "Ioniq", BEGIN_MS)
        assert rows(its)[3]["meter_factor"] == 1.0
        corrections.forget(its.engine, "Ioniq", BEGIN_MS)
        assert rows(its)[3]["meter_factor"] is None


def test_a_vehicle_is_the_usual_one_until_it_is_said_otherwise_and_that_is_logged():
    with house() as its:
        month(its)
        corrections.assign(its.engine, 1, 4, "Ioniq", BEGIN_MS)
        assert [one["number"] for one in rows(its, vehicle="Ioniq")] == [4]
        assert len(rows(its, vehicle="Zoe")) == 29
        with reading(its.engine) as connection:
            (logged,) = queries.changes(connection, "device 1 session 4")
        assert (logged.before, logged.after) == ("Zoe", "Ioniq")
        with pytest.raises(corrections.NotThere, match="no session 99"):
            corrections.assign(its.engine, 1, 99, "Zoe", BEGIN_MS)


def test_a_vehicle_that_is_forgotten_leaves_numbers_and_nothing_else():
    with house() as its:
        month(its)
        corrections.assign(its.engine, 1, 4, "Ioniq", BEGIN_MS)
        assert corrections.forget(its.engine, "Ioniq", BEGIN_MS) == 1
        found = rows(its)
        assert [one.get("number", one.get("gap")) for one in found[3:6]] == [3, [4, 4], 5]
        with reading(its.engine) as connection:
            assert queries.changes(connection, "device 1 session 4") == []
            assert len(queries.energy_of(connection, 1, 0, 1 << 62)) == 29
        with pytest.raises(corrections.NotThere, match="no session of 'Ioniq'"):
            corrections.forget(its.engine, "Ioniq", BEGIN_MS)


def test_what_was_forgotten_is_not_asked_for_and_does_not_come_back():
    with house() as its:
        device = month(its)
        corrections.assign(its.engine, 1, 28, "Ioniq", BEGIN_MS)
        corrections.forget(its.engine, "Ioniq", BEGIN_MS)
        with reading(its.engine) as connection:
            assert queries.missing(connection, 1) == []
        again = night(device, 28)[-1]
        its.hear(again.__class__(**{**again.__dict__, "received_ms": its.now_ms}))
        assert [one.get("number", one.get("gap")) for one in rows(its)[-3:]] == [27, [28, 28], 29]


def test_csv_and_json_say_the_same():
    with house() as its:
        month(its, lost=(7, 8))
        found = rows(its)
    read = list(csv.DictReader(io.StringIO(export.as_csv("sessions", found))))
    assert json.loads(export.as_json(found)) == found and len(read) == len(found)
    assert (read[7]["number"], read[7]["last_missing"], read[7]["reason"], read[7]["energy_kwh"]) == ("7", "8", "missing", "")
    assert (read[0]["energy_kwh"], read[0]["estimated"], read[0]["started_at"]) == ("14.0", "false", "2026-10-01T18:00:00+02:00")


@pytest.mark.parametrize("name", ["=1+1", "@x", "-2", "+4", "\tx"])
def test_a_name_that_a_sheet_would_run_is_text(name):
    (read,) = csv.DictReader(io.StringIO(export.as_csv("sessions", [{"vehicle": name}])))
    assert read["vehicle"] == "'" + name


def test_a_session_without_a_begin_or_energy_says_so():
    with house() as its:
        device = Device()
        its.hear(device.session(3, BEGIN_MS, started_at=None, session_kwh=None, duration_min=None))
        (found,) = rows(its)
    assert [found[name] for name in ("started_at", "ended_at", "energy_kwh", "cost", "energy_kwh_by_meter")] == [None] * 5


@pytest.mark.parametrize("told", [{"started_at": None, "duration_min": None}, {"started_at": None}, {"duration_min": None}])
def test_what_a_session_cost_whose_time_nobody_knows_is_an_estimate(told):
    """But where a kWh costs the same at every hour."""
    for changed, is_estimated in (({}, True), ({"tariff": [{"part": "energy", "price_kwh": 0.25}]}, False)):
        with house(**changed) as its:
            its.hear(Device().session(3, BEGIN_MS + DAY_MS, kwh=5.71, **told))
            (found,) = rows(its)
        assert found["cost"] > 0 and found["cost_estimated"] == is_estimated


def test_energy_whose_time_nobody_knows_makes_no_peak_of_demand():
    with house(tariff=[{"part": "network", "price_kw": 10}]) as its:
        its.hear(Device().session(3, BEGIN_MS + DAY_MS, kwh=5.71, started_at=None, duration_min=None))
        (month_,) = rows(its, "months")
    assert month_["demand_kw"] < 1.5


def test_the_open_ends_of_time_are_all_of_it():
    with house() as its, reading(its.engine) as connection:
        assert Report(connection, its.settings, its.settings.devices[0], 1).bounds_ms(None, None) == (0, 1 << 62)


@pytest.mark.parametrize("before_min, after_min", [(-60, 72), (-6, 180), (-1, 72)])
def test_a_meter_that_counts_the_same_has_a_factor_of_one_however_soon_it_is_read(before_min, after_min):
    """A session of 71 minutes and 12.83 kWh that begins at five past a quarter."""
    with house() as its:
        device, begin_ms = Device(), BEGIN_MS + 10 * HOUR_MS + 5 * MIN_MS
        readings = [device.status(begin_ms + place * 5 * MIN_MS, 11 * place * 5 / 60, 11.0) for place in range(14)]
        its.hear(*readings, device.status(begin_ms + 70 * MIN_MS, 12.83), device.session(0, begin_ms, 71, 12.83))
        for at_min, wh in ((before_min, 1_000_000), (after_min, 1_012_830)):
            corrections.read_meter(its.engine, 1, begin_ms + at_min * MIN_MS, wh, BEGIN_MS)
        (found,) = rows(its)
    assert (found["meter_factor"], found["energy_kwh_by_meter"]) == (1.0, 12.83)


def test_a_meter_read_while_it_charges_is_compared_with_what_had_flowed_till_then():
    with house() as its:
        device, begin_ms = Device(), BEGIN_MS + 10 * HOUR_MS
        its.hear(*(device.status(begin_ms + place * 5 * MIN_MS, place, 12.0) for place in range(25)), device.session(0, begin_ms, 120, 24.0))
        for at_min, wh in ((-60, 1_000_000), (70, 1_014_000)):
            corrections.read_meter(its.engine, 1, begin_ms + at_min * MIN_MS, wh, BEGIN_MS)
        (found,) = rows(its)
    assert found["meter_factor"] == pytest.approx(1.0, abs=0.01)


def test_a_session_without_a_begin_belongs_to_the_month_in_which_it_must_have_begun():
    """Received at two in the morning of the first, after ten hours."""
    tariff = [{"part": "energy", "price_kwh": 0.20, "to": "2026-10-31"}, {"part": "energy", "price_kwh": 0.40, "from": "2026-11-01"}]
    with house(tariff=tariff) as its:
        device, end_ms = Device(), BEGIN_MS + 31 * DAY_MS + 3 * HOUR_MS
        its.hear(device.session(2, end_ms, 600, 10.0, received_ms=end_ms, started_at=None))
        ((session,), (month_row,)) = (rows(its, what, price="average") for what in ("sessions", "months"))
    assert month_row["month"] == "2026-10" and session["cost"] == month_row["cost"] == 2.0
