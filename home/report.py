"""The session book in words and figures, as export and API show it: sessions with their cost, gaps as gaps, months."""
import datetime

from home import sessions, time_zones
from home.store import queries
from home.tariff import cost, prices

MEASURED = "reckoned by the device from the currents that the box measures; not calibrated, not for billing others"


class Report:
    """One device's book within one transaction."""

    def __init__(self, connection, settings, device, key):
        self._connection, self._device, self._key = connection, device, key
        self.tz = device.timezone
        self.tariff = prices.Tariff(settings.tariff, device.place, device.timezone,
                                    lambda source, first_s, end_s: queries.prices(connection, source, first_s, end_s))

    def bounds_ms(self, first, last):
        """[begin, end) in UTC milliseconds of two local days, both included; None: open."""
        begin_ms = 0 if first is None else 1000 * time_zones.begin_of(first, self.tz)
        return begin_ms, 1 << 62 if last is None or last == datetime.date.max else 1000 * time_zones.begin_of(last + datetime.timedelta(1), self.tz)

    def sessions(self, first_ms, end_ms, vehicle=None):
        """Sessions and gaps in time order. With a vehicle: its sessions, and all gaps, for one of them may be its."""
        return [{"gap": list(gap)} if gap else self.session(row, quarters) for gap, row, quarters in self.entries(first_ms, end_ms, vehicle)]

    def entries(self, first_ms, end_ms, vehicle=None):
        """(gap, row, quarters): a gap, or a row of the session book and its quarter hours."""
        rows = queries.sessions_between(self._connection, self._key, first_ms, end_ms)
        energy = queries.energy_of(self._connection, self._key, first_ms, end_ms)
        before = queries.session_before(self._connection, self._key, rows[0]) if rows else None
        for row in rows:
            gap = sessions.first_missing(before, row) if before else None
            if gap:
                yield gap, None, ()
            if vehicle in (None, row.vehicle):
                yield None, row, energy.get(row.id, [])
            before = row
        at_end = queries.missing_at_end(self._connection, self._key)
        if at_end and (not rows or rows[-1].number == at_end[0] - 1) and end_ms > self._newest_ms():
            yield at_end, None, ()

    def session(self, row, quarters):
        its_cost = cost.of_session(quarters, row.estimated, self.tariff) if row.energy_wh is not None else cost.NONE
        is_dated = row.started_ms == row.order_ms
        is_timed = sessions.is_timed(row)
        is_cost_estimated = its_cost.is_estimated or bool(its_cost.amount) and not is_timed and not self.tariff.is_even
        return {
            "device": self._device.name, "box": row.box, "number": row.number,
            "started_at": time_zones.iso(row.started_ms // 1000, self.tz) if is_dated else None,
            "ended_at": time_zones.iso(sessions.end_ms(row) // 1000, self.tz) if is_timed else None,
            "duration_min": row.duration_min, "energy_kwh": None if row.energy_wh is None else row.energy_wh / 1000, "estimated": row.estimated,
            "cost": None if its_cost.amount is None else round(its_cost.amount, 4), "currency": its_cost.currency,
            "cost_estimated": is_cost_estimated, "vehicle": row.vehicle, "reason": row.reason,
            "received_at": time_zones.iso(row.received_ms // 1000, self.tz),
        }

    def months(self, first_ms, end_ms, vehicle=None):
        """One row a month, by the begin of each session: energy, cost, base price, demand charge, and how many records are missing. A month in
        between without a session has a row where it has a base price."""
        months = {}
        missing = 0
        for gap, row, quarters in self.entries(first_ms, end_ms, vehicle):
            if gap:
                missing += gap[1] - gap[0] + 1
                continue
            months.setdefault(self.month_of(row), _Month()).add(self.session(row, quarters), quarters, missing)
            missing = 0
        if missing and months:
            months[max(months)].missing += missing
        names = _through(min(months), max(months)) if months and vehicle is None else sorted(months)
        bases = {name: self.tariff.base(*map(int, name.split("-"))) for name in names}
        return [months.get(name, _Month()).shown(name, self._device.name, bases[name], self.tariff)
                for name in names if name in months or bases[name]]

    def month_of(self, row):
        """The local month of a row of the session book, as 2026-10."""
        return self.month_name(row.order_ms)

    def month_name(self, ms):
        return f"{time_zones.utc(ms // 1000).astimezone(self.tz):%Y-%m}"

    def _newest_ms(self):
        newest = queries.newest_session(self._connection, self._key)
        return newest.order_ms if newest else 0


def _through(first, last):
    """Names of months from one to the other, as 2026-10."""
    places = [12 * int(name[:-3]) + int(name[-2:]) - 1 for name in (first, last)]
    return [f"{place // 12:04}-{place % 12 + 1:02}" for place in range(places[0], places[1] + 1)]


class _Month:
    def __init__(self):
        self.count = self.missing = 0
        self.kwh = self.amount = 0.0
        self.is_estimated = self.is_cost_estimated = False
        self.currencies = set()
        self.quarters = {}

    def add(self, shown, quarters, missing):
        self.count += 1
        self.missing += missing
        self.kwh += shown["energy_kwh"] or 0
        self.is_estimated |= shown["estimated"] or shown["energy_kwh"] is None
        self.is_cost_estimated |= shown["cost_estimated"]
        self.currencies.add(shown["currency"])
        self.amount += shown["cost"] or 0
        for quarter, wh, _is_sure in quarters:
            self.quarters[quarter] = self.quarters.get(quarter, 0) + wh

    def shown(self, name, device, base, tariff):
        # What a session cost may not be known, and the base price is all the same.
        currencies = self.currencies - {None} or set(base)
        currency = next(iter(currencies)) if len(currencies) == 1 else None
        is_cost_known = currency is not None and None not in self.currencies
        demands = cost.demand(self.quarters, tariff)
        return {
            "device": device, "month": name, "sessions": self.count, "missing": self.missing, "energy_kwh": round(self.kwh, 3),
            "estimated": self.is_estimated, "cost": round(self.amount, 4) if is_cost_known else None, "currency": currency,
            "cost_estimated": self.is_cost_estimated, "base": round(base[currency], 4) if currency in base else None,
            "demand_kw": round(max(kw for part, kw, amount in demands), 3) if demands else None,
            "demand": round(sum(amount for part, kw, amount in demands), 4) if demands else None,
        }
