"""The editor of the weekly plan: windows of docs/payload.md as rows of a form, and back; the next seven days as bars. Pure."""
import dataclasses
import datetime

from home import plan_preview
from home.language.words import N_
from home.web import form_requests, moments

DAYS = plan_preview.DAYS
MOST_ROWS = plan_preview.MOST_WINDOWS
DAY_S = 86400
LIMITS = ("current_a", "kwh", "duration_min")
# What is wrong with a field, as the firmware's reader of plans finds it. %(row)s counts from 1.
WRONG = {
    "days": N_("Row %(row)s: choose at least one day."),
    "from": N_("Row %(row)s: the begin must be a time of day, as 22:00."),
    "to": N_("Row %(row)s: the end must be a time of day, as 06:00."),
    "current_a": N_("Row %(row)s: the current must be 6 to 80 amperes in steps of 0.5."),
    "kwh": N_("Row %(row)s: the energy must be 0.5 to 127.5 kWh in steps of 0.5."),
    "duration_min": N_("Row %(row)s: the duration must be 10 to 1440 minutes in steps of 10."),
    "windows": N_("So many rows do not fit into one request. Leave out limits, or rows."),
}


@dataclasses.dataclass(frozen=True)
class Row:
    """What is typed: days chosen, and the texts of the other fields."""
    days: frozenset = frozenset()
    begin: str = "22:00"
    end: str = "06:00"
    current_a: str = ""
    kwh: str = ""
    duration_min: str = ""

    @property
    def is_empty(self):
        return not self.days


class Wrong(form_requests.Wrong):
    """What is typed is no plan; row: from 0 on, or None."""

    def __init__(self, field, row):
        super().__init__(WRONG.get(field, WRONG["windows"]), {"row": "" if row is None else row + 1} if field in WRONG and field != "windows" else {})
        self.row = row


def rows(windows):
    """The rows of a plan."""
    return [Row(frozenset(plan_preview.days(one["days"])), one["from"], one["to"], *(_text(one.get(name)) for name in LIMITS))
            for one in windows or []]


def _text(value):
    return "" if value is None else f"{value:g}"


def typed(fields):
    """The rows of a form; those without a day at the end are left out."""
    found = []
    for place in range(MOST_ROWS):
        days = frozenset(day for day in DAYS if fields.get(f"day-{place}-{day}"))
        values = [str(fields.get(f"{name}-{place}", "")).strip()[:20] for name in ("from", "to", *LIMITS)]
        found.append(Row(days, *values))
    while found and found[-1].is_empty:
        found.pop()
    return found


def edited(its_rows, fields):
    """The rows after a press on "add a row" or on "remove", which only change the form."""
    its_rows = list(its_rows)
    gone = fields.get("remove", "")
    if gone in map(str, range(len(its_rows))):
        del its_rows[int(gone)]
    if "add" in fields and len(its_rows) < MOST_ROWS:
        its_rows.append(Row())
    return its_rows


def windows(its_rows):
    """The plan that rows mean; rows without a day mean nothing. Wrong where it is none."""
    made, places = [], []
    for place, row in enumerate(its_rows):
        if row.is_empty:
            continue
        window = {"days": plan_preview.days_text(row.days)}
        limits = ((name, name, form_requests.number) for name in LIMITS)
        for name, field, read in (("from", "begin", form_requests.clock), ("to", "end", form_requests.clock), *limits):
            text = getattr(row, field)
            if text or name in ("from", "to"):
                try:
                    window[name] = read(text)
                except form_requests.Wrong:
                    raise Wrong(name, place) from None
        made.append(window)
        places.append(place)
    try:
        return plan_preview.checked(made)
    except plan_preview.Wrong as problem:
        field, row = problem.args
        raise Wrong(field, None if row is None else places[row]) from None


def day_names(_):
    """{"mon": ("Mon", "Monday"), ...}"""
    monday = datetime.date(2024, 1, 1)
    days = [(day, monday + datetime.timedelta(place)) for place, day in enumerate(DAYS)]
    return {day: (_.date(date, "ccc"), _.date(date, "EEEE")) for day, date in days}


def days_in_words(text, _):
    """"Mon–Fri, Sun" of "mon-fri,sun"."""
    if text == "daily":
        return _("each day")
    names = day_names(_)
    return ", ".join("–".join(names[day][0] for day in part.split("-")) for part in text.split(","))


def limits(current_a, kwh, duration_min, _):
    """"16 A, up to 20 kWh", or ""."""
    parts = []
    if current_a:
        parts.append(_("%(n)s A", n=_.number(current_a, current_a % 1 and 1)))
    if kwh:
        parts.append(_("up to %(n)s kWh", n=_.number(kwh, kwh % 1 and 1)))
    if duration_min:
        parts.append(_("up to %(n)s min", n=_.number(duration_min)))
    return ", ".join(parts)


def plan_in_words(plan, _):
    """The plan in one line."""
    if not plan:
        return _("no cheap hours")
    return "; ".join(", ".join(part for part in (f"{days_in_words(one['days'], _)} {one['from']}–{one['to']}",
                                                 limits(one.get("current_a"), one.get("kwh"), one.get("duration_min"), _)) if part) for one in plan)


@dataclasses.dataclass(frozen=True)
class Day:
    """One local day: its name, bars [(x, width)] in parts of 100 by the wall clock, the same in words, and what its length is if not 24 h."""
    name: str
    bars: tuple
    words: tuple
    note: str


def seven_days(plan, zone, now_ms, tz, _):
    """[Day] from today on: when the plan lets current flow, by the firmware's own engine."""
    today = moments.local(now_ms, tz).date()
    days = [today + datetime.timedelta(n) for n in range(8)]
    begins = [int(datetime.datetime.combine(day, datetime.time(), tz).timestamp()) for day in days]
    openings = plan_preview.openings(plan, zone, begins[0], begins[-1]) if plan else []
    found = []
    for day, begin_s, end_s in zip(days, begins, begins[1:], strict=False):
        bars, words = [], []
        its = [(max(one.begin_s, begin_s), min(one.end_s, end_s)) for one in openings if one.begin_s < end_s and one.end_s > begin_s]
        for low, high in _merged(its):
            x, to_x = _wall(low, tz), 100.0 if high == end_s else _wall(high, tz)
            bars.append((x, round(max(to_x - x, 0.3), 3)))
            words.append(f"{moments.clock(1000 * low, tz)}–{'24:00' if high == end_s else moments.clock(1000 * high, tz)}")
        hours = (end_s - begin_s) / 3600
        note = "" if hours == 24 else _("a day of %(n)s hours", n=_.number(hours, hours % 1 and 1))
        found.append(Day(_.date(day, "EEE d MMM"), tuple(bars), tuple(words), note))
    return found


def _merged(spans):
    merged = []
    for low, high in spans:
        if merged and merged[-1][1] == low:
            merged[-1] = merged[-1][0], high
        else:
            merged.append((low, high))
    return merged


def _wall(at_s, tz):
    there = moments.local(1000 * at_s, tz)
    return round((there.hour * 3600 + there.minute * 60 + there.second) / DAY_S * 100, 3)
