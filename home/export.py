"""Sessions and months as CSV or JSON: for the owner, for the employer by a price of his choice, beside a separate meter's readings."""
import csv
import datetime
import io
import json
import re

from home import time_zones
from home.report import MEASURED, Report
from home.separate_meter import SeparateMeter
from home.tariff import cost

SESSION_FIELDS = ("device", "box", "number", "last_missing", "started_at", "ended_at", "duration_min", "energy_kwh", "estimated", "meter_factor",
                  "energy_kwh_by_meter", "cost", "currency", "cost_estimated", "price", "vehicle", "reason", "received_at", "measured",
                  "meter_before_at", "meter_before_kwh", "meter_after_at", "meter_after_kwh")
MONTH_FIELDS = ("device", "month", "sessions", "missing", "energy_kwh", "estimated", "meter_factor", "energy_kwh_by_meter", "cost", "currency",
                "cost_estimated", "price", "base", "demand_kw", "demand", "measured",
                "meter_before_at", "meter_before_kwh", "meter_after_at", "meter_after_kwh")
CONTRACT, AVERAGE = "contract", "average"
_DAY = datetime.timedelta(1)
# A sheet runs what begins like this as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def price_words(text):
    """"contract", "average" or a flat price per kWh; ValueError otherwise."""
    if text in (CONTRACT, AVERAGE):
        return text
    if not re.fullmatch(r"\d{1,4}(\.\d{1,6})?", text):
        raise ValueError("must be contract, average, or a price of one kWh, as 0.30")
    return float(text)


def rows(what, connection, settings, device, key, first, last, vehicle=None, price=CONTRACT):
    """Rows of one device, of sessions or months that began on those local days; a gap is {"gap": [first, last]}."""
    report = Report(connection, settings, device, key)
    begin_ms, end_ms = report.bounds_ms(first, last)
    found = report.sessions(begin_ms, end_ms, vehicle) if what == "sessions" else report.months(begin_ms, end_ms, vehicle)
    meter = SeparateMeter(connection, key)
    moments = _moments(report, begin_ms, end_ms, vehicle, lambda row: row.number if what == "sessions" else report.month_of(row))
    by = "number" if what == "sessions" else "month"
    return [one if "gap" in one else _completed(one, report, price, meter, moments.get(one[by], [])) for one in found]


def _moments(report, begin_ms, end_ms, vehicle, key):
    """{key of a session's row: [(when it began, as far as one knows, kWh)]}."""
    found = {}
    for gap, row, _quarters in report.entries(begin_ms, end_ms, vehicle):
        if not gap:
            found.setdefault(key(row), []).append((row.order_ms, (row.energy_wh or 0) / 1000))
    return found


def _completed(row, report, price, meter, moments):
    """The row with the price that was asked for, and what a separate meter says. moments: [(when, kWh)] of its sessions, in their order."""
    row, tariff, tz = dict(row), report.tariff, report.tz
    if price != CONTRACT:
        month = row.get("month") or report.month_name(moments[0][0])
        kwh = cost.average(tariff, _month_of(datetime.date.fromisoformat(month + "-01"))) if price == AVERAGE else price
        row["cost"] = None if kwh is None or row["energy_kwh"] is None else round(kwh * row["energy_kwh"], 4)
        row["currency"] = row["currency"] or (tariff.parts[-1].currency if tariff.parts else None)
        row["cost_estimated"] = row["estimated"]
    factor = meter.of_all(moments)
    row.update(price=price, measured=MEASURED, meter_factor=factor and round(factor, 4),
               energy_kwh_by_meter=None if factor is None or row["energy_kwh"] is None else round(factor * row["energy_kwh"], 3))
    around = meter.around(moments[0][0], moments[-1][0]) if moments else (None, None)
    for name, reading in zip(("before", "after"), around):
        row[f"meter_{name}_at"] = reading and time_zones.iso(reading[0] // 1000, tz)
        row[f"meter_{name}_kwh"] = reading and reading[1] / 1000
    return row


def _month_of(day):
    first = day.replace(day=1)
    days = []
    while first.month == day.month:
        days.append(first)
        first += _DAY
    return days


def as_json(found):
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"


def as_csv(what, found):
    """A gap is a row with the numbers of what is missing, and nothing else."""
    text = io.StringIO()
    writer = csv.DictWriter(text, SESSION_FIELDS if what == "sessions" else MONTH_FIELDS, lineterminator="\r\n", restval="")
    writer.writeheader()
    for one in found:
        if "gap" in one:
            one = {"number": one["gap"][0], "last_missing": one["gap"][1], "reason": "missing"}
        writer.writerow({name: _cell(value) for name, value in one.items()})
    return text.getvalue()


def _cell(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value
