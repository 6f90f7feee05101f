"""home/web/views/week.py: the editor's rows are the plan, and the plan its rows."""
import datetime
import zoneinfo

import pytest

from home import plan_preview
from home.language.words import words
from home.web.views import week

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
RULE = "CET-1CEST,M3.5.0,M10.5.0/3"
PLAN = [{"days": "mon-fri", "from": "22:00", "to": "07:00", "current_a": 16},
        {"days": "sat-sun", "from": "00:00", "to": "00:00", "kwh": 10.5, "duration_min": 120}]


def form(rows):
    """The fields that a browser sends of these rows."""
    fields = {}
    for place, row in enumerate(rows):
        fields.update({f"day-{place}-{day}": "on" for day in row.days})
        fields.update({f"from-{place}": row.begin, f"to-{place}": row.end, **{f"{name}-{place}": getattr(row, name) for name in week.LIMITS}})
    return fields


def test_a_plan_goes_through_the_form_and_comes_back_as_it_was():
    assert week.windows(week.typed(form(week.rows(PLAN)))) == plan_preview.checked(PLAN)


def test_rows_without_a_day_mean_nothing_and_commas_are_understood():
    rows = [week.Row(), week.Row(frozenset({"tue"}), "1:05", "06:00:00", "7,5"), week.Row()]
    assert week.windows(rows) == [{"days": "tue", "from": "01:05", "to": "06:00", "current_a": 7.5}]
    assert week.typed(form([*rows, *rows])) == [*rows, *rows][:5] and week.windows([]) == []


@pytest.mark.parametrize("row, english", [
    (week.Row(frozenset({"mon"}), "", "06:00"), "Row 2: the begin must be a time of day, as 22:00."),
    (week.Row(frozenset({"mon"}), "22:00", "24:00"), "Row 2: the end must be a time of day, as 06:00."),
    (week.Row(frozenset({"mon"}), current_a="5"), "Row 2: the current must be 6 to 80 amperes in steps of 0.5."),
    (week.Row(frozenset({"mon"}), kwh="<b>"), "Row 2: the energy must be 0.5 to 127.5 kWh in steps of 0.5."),
    (week.Row(frozenset({"mon"}), duration_min="15"), "Row 2: the duration must be 10 to 1440 minutes in steps of 10."),
])
def test_what_is_wrong_is_said_with_its_row(row, english):
    with pytest.raises(week.Wrong) as problem:
        week.windows([week.Row(), row])
    said = [words(language)(problem.value.args[0], **problem.value.args[1]) for language in ("en", "de")]
    assert said[0] == english and said[1] != english and problem.value.row == 1


def test_more_rows_than_one_request_carries_are_refused():
    row = week.Row(frozenset({"mon"}), current_a="16", kwh="10", duration_min="60")
    assert len(week.windows([row] * 4)) == 4
    with pytest.raises(week.Wrong, match="do not fit"):
        week.windows([row] * 5)


def test_rows_are_added_up_to_seven_and_taken_away():
    rows = week.rows(PLAN)
    assert week.edited(rows, {"remove": "0"}) == rows[1:] and week.edited(rows, {"remove": "9"}) == week.edited(rows, {"remove": "x"}) == rows
    assert week.edited(rows, {"remove": "9" * 5000}) == rows
    assert week.edited(rows, {"add": "1"}) == [*rows, week.Row()] and len(week.edited([week.Row()] * 7, {"add": "1"})) == 7


def test_a_plan_in_words():
    assert week.plan_in_words(PLAN, words("en")) == "Mon–Fri 22:00–07:00, 16 A; Sat–Sun 00:00–00:00, up to 10.5 kWh, up to 120 min"
    assert week.plan_in_words(PLAN[:1], words("de")) == "Mo–Fr 22:00–07:00, 16 A" and week.plan_in_words([], words("de")) == "keine günstigen Stunden"


def test_seven_days_are_by_the_wall_clock_and_say_which_is_longer():
    saturday_ms = 1000 * int(datetime.datetime(2026, 10, 24, 12, tzinfo=BERLIN).timestamp())
    days = week.seven_days([{"days": "sat", "from": "22:00", "to": "06:00"}], RULE, saturday_ms, BERLIN, words("en"))
    assert [(day.name, day.words, day.note) for day in days[:3]] == [
        ("Sat 24 Oct", ("22:00–24:00",), ""), ("Sun 25 Oct", ("00:00–06:00",), "a day of 25 hours"), ("Mon 26 Oct", (), "")]
    assert days[0].bars == ((91.667, 8.333),) and days[1].bars == ((0.0, 25.0),) and len(days) == 7
