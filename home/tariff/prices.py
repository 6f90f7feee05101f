"""The price of each quarter of an hour: the parts of a tariff that apply then, added up. Dates, months and windows are local; prices are with VAT."""
import dataclasses
import datetime

QUARTER_S = 900
_DAY = datetime.timedelta(1)
_QUARTERS = 96        # of a day without a change of the clock


@dataclasses.dataclass(frozen=True)
class Price:
    """Of one kWh. kwh: None if a source does not tell it. currency: None if parts disagree."""
    kwh: float | None
    currency: str | None


class Tariff:
    """The parts of a place, in its time zone. lookup(source, first_s, end_s) gives [(start_s, end_s, price)] of a price source."""

    def __init__(self, parts, place, tz, lookup=lambda source, first_s, end_s: []):
        self.parts = [part for part in parts if part.place in ("", place)]
        self._tz, self._lookup = tz, lookup
        self._days, self._shapes, self._begins = {}, {}, {}

    @property
    def is_empty(self):
        return not any(part.price_kwh is not None or part.source for part in self.parts)

    @property
    def is_even(self):
        """One price a day, at whatever hour."""
        return not any(part.source or part.windows for part in self.parts)

    def price(self, quarter):
        """The Price of that quarter hour, counted from 1970."""
        day = self.day_of(quarter)
        if day not in self._days:
            self._days[day] = self._of_day(day)
        return self._days[day][quarter]

    def day_of(self, quarter):
        return datetime.datetime.fromtimestamp(quarter * QUARTER_S, self._tz).date()

    def quarters(self, day):
        """Those of a local day: 92, 96 or 100."""
        return range(self._begin(day), self._begin(day + _DAY))

    def base(self, year, month):
        """{currency: amount} of the fixed price of a month; a part that begins or ends within counts by its days."""
        days = [day for day in _days_of(year, month)]
        found = {}
        for part in self.parts:
            share = sum(1 for day in days if _applies(part, day)) / len(days)
            if part.price_month and share:
                found[part.currency] = found.get(part.currency, 0) + part.price_month * share * (1 + part.vat)
        return found

    def demand_parts(self, day):
        return [part for part in self.parts if part.price_kw and _applies(part, day)]

    def in_window(self, part, day):
        """The quarters of that day in which a part applies."""
        quarters = self.quarters(day)
        if not part.windows:
            return set(quarters)
        spans = [span for window in part.windows for begin in (day - _DAY, day) if (span := window.on(begin, self._tz))]
        return {quarter for start_s, end_s in spans for quarter in range(start_s // QUARTER_S, -(-end_s // QUARTER_S)) if quarter in quarters}

    def _begin(self, day):
        if day not in self._begins:
            self._begins[day] = int(datetime.datetime.combine(day, datetime.time(), self._tz).timestamp()) // QUARTER_S
        return self._begins[day]

    def _of_day(self, day):
        """{quarter: Price}. Most days are like another one, and are not calculated again: a year has hundreds."""
        shape = self._shape(day)
        if shape is None:
            return self._calculated(day)
        if shape not in self._shapes:
            self._shapes[shape] = list(self._calculated(day).values())
        return dict(enumerate(self._shapes[shape], self._begin(day)))

    def _shape(self, day):
        """What the prices of a day depend on; None where it is like no other one: a source tells its prices, or the clock is changed near it."""
        parts = tuple(place for place, part in enumerate(self.parts) if _applies(part, day))
        begins = [self._begin(day + near * _DAY) for near in (-1, 0, 1, 2)]
        is_plain = all(after - before == _QUARTERS for before, after in zip(begins, begins[1:]))
        return (day.weekday(), parts) if is_plain and not any(self.parts[place].source for place in parts) else None

    def _calculated(self, day):
        quarters = self.quarters(day)
        kwh, currencies = dict.fromkeys(quarters, 0.0), {quarter: set() for quarter in quarters}
        for part in self.parts:
            if (part.price_kwh is None and not part.source) or not _applies(part, day):
                continue
            told = None if part.price_kwh is not None else self._told(part.source, quarters)
            for quarter in self.in_window(part, day):
                price = part.price_kwh if told is None else told.get(quarter)
                currencies[quarter].add(part.currency)
                kwh[quarter] = None if price is None or kwh[quarter] is None else kwh[quarter] + price * (1 + part.vat)
        return {quarter: Price(kwh[quarter] if found else None, next(iter(found)) if len(found) == 1 else None)
                for quarter, found in currencies.items()}

    def _told(self, source, quarters):
        """{quarter: price} of a source; where prices are of less than a quarter, the one at its begin."""
        found = {}
        for start_s, end_s, price in self._lookup(source, quarters.start * QUARTER_S, quarters.stop * QUARTER_S):
            for quarter in range(-(-start_s // QUARTER_S), -(-end_s // QUARTER_S)):
                found.setdefault(quarter, price)
        return found


def _applies(part, day):
    return part.first <= day <= part.last and day.month in part.months


def _days_of(year, month):
    day = datetime.date(year, month, 1)
    while day.month == month:
        yield day
        day += _DAY
