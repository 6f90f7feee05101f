"""Sessions and months as CSV or JSON: for the owner, for the employer by a price of his choice, beside a separate meter's readings."""
import csv
import datetime
import io
import json
import re

from home import time_zones
from home.report import MEASURED, Report
from home.store import queries
from home.tariff import cost

SESSION_FIELDS = ("device", "box", "number", "last_missing", "started_at", "ended_at", "duration_min", "energy_kwh", "estimated", "meter_factor",
                  "energy_kwh_by_meter", "cost", "currency", "cost_estimated", "price", "vehicle", "reason", "received_at", "measured")
MONTH_FIELDS = ("device", "month", "sessions", "missing", "energy_kwh", "estimated", "meter_factor", "energy_kwh_by_meter", "cost", "currency",
                "cost_estimated", "price", "base", "demand_kw", "demand", "measured")
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
    factors = _Factors(connection, key)
    return [one if "gap" in one else _completed(one, report.tariff, device.timezone, price, factors) for one in found]


def _completed(row, tariff, tz, price, factors):
    """The row with the price that was asked for, and what a separate meter says."""
    row = dict(row)
    day = datetime.date.fromisoformat((row.get("started_at") or row.get("received_at") or row["month"] + "-01")[:10])
    if price != CONTRACT:
        kwh = cost.average(tariff, _month_of(day)) if price == AVERAGE else price
        row["cost"] = None if kwh is None or row["energy_kwh"] is None else round(kwh * row["energy_kwh"], 4)
        row["currency"] = row["currency"] or (tariff.parts[-1].currency if tariff.parts else None)
        row["cost_estimated"] = row["estimated"]
    factor = factors.at(1000 * time_zones.begin_of(day, tz))
    row.update(price=price, measured=MEASURED, meter_factor=factor and round(factor, 4),
               energy_kwh_by_meter=None if factor is None or row["energy_kwh"] is None else round(factor * row["energy_kwh"], 3))
    return row


def _month_of(day):
    first = day.replace(day=1)
    days = []
    while first.month == day.month:
        days.append(first)
        first += _DAY
    return days


class _Factors:
    """How much more or less a separate meter counted than the device, between two of its readings."""

    def __init__(self, connection, key):
        readings = queries.meter_readings(connection, key)
        self._spans = []
        for (begin_ms, begin_wh), (end_ms, end_wh) in zip(readings, readings[1:]):
            counted_wh = queries.energy_between(connection, key, begin_ms, end_ms)
            if counted_wh and end_wh > begin_wh:
                self._spans.append((begin_ms, end_ms, (end_wh - begin_wh) / counted_wh))

    def at(self, ms):
        return next((factor for begin_ms, end_ms, factor in self._spans if begin_ms <= ms < end_ms), None)


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
