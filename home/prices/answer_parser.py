"""What a source answers becomes spans of time with a price: pure. Times are UTC seconds, prices are of one kWh in the source's currency.

Rows in any order, hours, half hours or quarters; with or without an end; negative prices; days of 23 and 25 hours. What cannot be used is left out
and named in one sentence; the rest is used. Where a source has its fields is data: home/prices/presets.py.
"""
import csv
import datetime
import io
import json
import math
import re
import statistics

UNITS = {"kWh": 1.0, "cent/kWh": 0.01, "MWh": 0.001}
# No kWh costs more than that in any currency; what claims to is a wrong unit.
PRICE_MAX = 1000.0
SPAN_MAX_S = 2 * 86400
SPANS_MAX = 20_000
# Between these a number is milliseconds after 1970, below them seconds.
_MS_FROM, _MS_TO = 100_000_000_000, 10_000_000_000_000
_MINUTE_S = 60
_UNIT = re.compile(r"\s*([A-Za-z]{3}|ct|c|p|€|cents?|pence)\s*(?:/|per)\s*([kM]Wh)\s*", re.IGNORECASE)
_HUNDREDTHS = ("ct", "c", "p", "cent", "cents", "pence")
_SIGNS = {"€": "EUR"}


class Unusable(Exception):
    """Nothing of the answer can be used; args[0] says why, without the name of the source."""


def parsed(text, is_csv=False):
    """The answer as JSON, or the rows of a CSV file with a header. Unusable where it is neither."""
    if is_csv:
        first = text.lstrip("\ufeff")
        try:
            return list(csv.DictReader(io.StringIO(first), delimiter=";" if ";" in first.partition("\n")[0] else ","))
        except csv.Error:
            raise Unusable("the file is no CSV") from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Unusable("the answer is no JSON") from None


def spans(answer, its):
    """([(start_s, end_s, price)] in order and without overlaps, a sentence about what was left out or None). its: a settings.PriceSource.

    Of two prices for the same begin the later one in the answer counts.
    """
    rows = [row for path in its.rows for row in _rows(at(answer, path), its)]
    if not rows:
        where = ", ".join(path or "the answer itself" for path in its.rows)
        raise Unusable(_said(answer) or f"there is no price in the answer where rows, start and price say ({where})")
    left_out = []
    found, before = {}, None
    for row in _oldest_first(rows, its):
        try:
            start_s = before = _instant(_field(row, its.start), its.timezone, before)
            end = at(row, its.end) if its.end else None
            price = _price(row, answer, its)
            end_s = None if end in (None, "") else _instant(end, its.timezone, start_s)
        except _Left as problem:
            if problem.args[0]:
                left_out.append(problem.args[0])
            continue
        if end_s is not None and not start_s < end_s <= start_s + SPAN_MAX_S:
            left_out.append(f"the price from {start_s} on ends before it begins, or after days")
            continue
        found[start_s] = end_s, price
    if not found:
        raise Unusable(left_out[0] if left_out else "none of its prices is meant")
    if len(found) > SPANS_MAX:
        raise Unusable(f"it gives {len(found)} prices at once")
    made = _ended(found, its.interval_min)
    return made, f"{len(left_out)} of its prices are left out: {left_out[0]}" if left_out else None


def at(answer, path):
    """What stands at a path of names and places with dots between; None where there is nothing."""
    for name in path.split(".") if path else ():
        if isinstance(answer, dict):
            answer = answer.get(name)
        elif isinstance(answer, list) and name.isascii() and name.isdigit() and int(name) < len(answer):
            answer = answer[int(name)]
        else:
            return None
    return answer


class _Left(Exception):
    """A row is left out; args[0] says why, None: it is not meant."""


def _rows(found, its):
    if isinstance(found, dict):
        starts, prices = at(found, its.start), at(found, its.price)
        if isinstance(starts, list) and isinstance(prices, list):
            if len(starts) != len(prices):
                raise Unusable(f"there are {len(starts)} times and {len(prices)} prices")
            return [{its.start: start, its.price: price} for start, price in zip(starts, prices)]
        return []
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _field(row, path):
    value = row.get(path) if path in row else at(row, path)
    if value is None or value == "":
        raise _Left(f"one has no {path}")
    return value


def _oldest_first(rows, its):
    """Rows as they came, or turned round where the source tells the newest first: an hour that comes twice is known by the order."""
    first, last = (row.get(its.start) if its.start in row else at(row, its.start) for row in (rows[0], rows[-1]))
    try:
        return rows[::-1] if first > last else rows
    except TypeError:
        return rows


def _instant(value, tz, before_s):
    """UTC seconds to the full minute; some sources begin a second late."""
    if isinstance(value, str) and re.fullmatch(r"\d{9,13}(\.\d+)?", value.strip()):
        value = float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        seconds = value / 1000 if _MS_FROM <= abs(value) < _MS_TO else value
        if not 0 < seconds < _MS_FROM:
            raise _Left(f"{value!r} is no time")
        return int(seconds) // _MINUTE_S * _MINUTE_S
    try:
        moment = datetime.datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise _Left(f"{str(value)[:40]!r} is no time") from None
    try:
        if moment.tzinfo is None:
            moment = _local(moment, tz, before_s)
        return int(moment.timestamp()) // _MINUTE_S * _MINUTE_S
    except (OverflowError, ValueError, OSError):
        raise _Left(f"{str(value)[:40]!r} is no time") from None


def _local(naive, tz, before_s):
    """That local time; of the hour that comes twice the second one, where the first is over. One that the clock leaves out is no price's."""
    first = naive.replace(tzinfo=tz)
    if first.astimezone(datetime.timezone.utc).astimezone(tz).replace(tzinfo=None) != naive:
        raise _Left(None)
    second = first.replace(fold=1)
    is_over = before_s is not None and first.timestamp() <= before_s
    return second if is_over and second.timestamp() > before_s else first


def _price(row, answer, its):
    for condition in its.only:
        name, _equals, word = condition.partition("=")
        if str(at(row, name)) != word:
            raise _Left(None)
    value = _field(row, its.price)
    if isinstance(value, str):
        try:
            value = float(value.strip().replace(",", "."))
        except ValueError:
            raise _Left(f"{value[:40]!r} is no price") from None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _Left(f"{str(value)[:40]!r} is no price")
    price = value * _factor(row, answer, its)
    if abs(price) > PRICE_MAX:
        raise _Left(f"a kWh at {price:g} {its.currency} is no price: is the unit right?")
    return round(price, 6)


def _factor(row, answer, its):
    """By what a number is a price of one kWh. A unit or currency that the source tells itself must agree; another currency is not converted."""
    factor, currency = UNITS[its.unit], None
    if its.unit_at:
        told = at(row, its.unit_at)
        told = at(answer, its.unit_at) if told is None else told
        found = _UNIT.fullmatch(told) if isinstance(told, str) else None
        if told is not None and not found:
            raise Unusable(f"the unit {str(told)[:40]!r} is not known")
        if found:
            word = found[1].lower()
            factor = (0.01 if word in _HUNDREDTHS else 1.0) * (0.001 if found[2].lower() == "mwh" else 1.0)
            currency = None if word in _HUNDREDTHS else _SIGNS.get(word, word.upper())
    if its.currency_at:
        told = at(row, its.currency_at)
        told = at(answer, its.currency_at) if told is None else told
        currency = str(told).upper() if told is not None else currency
    if currency is not None and currency != its.currency:
        raise Unusable(f"its prices are in {currency[:8]} now, not in {its.currency}: none is taken until currency says so, too")
    return factor


def _ended(found, interval_min):
    """Each with its end: its own, at most the begin of the next; where it has none the interval's, at most the begin of the next."""
    starts = sorted(found)
    steps = [after - before for before, after in zip(starts, starts[1:])]
    usual_s = 60 * interval_min if interval_min else statistics.mode(steps) if steps else None
    made = []
    for start_s, next_s in zip(starts, [*starts[1:], None]):
        end_s, price = found[start_s]
        if end_s is None:
            if usual_s is None:
                raise Unusable("it tells a single price, and not until when it holds: interval_min is needed")
            end_s = start_s + usual_s
        made.append((start_s, end_s if next_s is None else min(end_s, next_s), price))
    return made


def _said(answer):
    """What an answer without prices says is wrong, in GraphQL's form; None where it says nothing."""
    told = at(answer, "errors.0.message")
    return f"it answers: {told[:120]}" if isinstance(told, str) and told.isprintable() else None
