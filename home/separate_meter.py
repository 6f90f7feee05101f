"""What a separate meter says about what the device counted: its readings as they were typed in, and between two of them a correction."""
from home import sessions
from home.store import queries


class SeparateMeter:
    """The readings of one device within one transaction."""

    def __init__(self, connection, key):
        self._connection, self._key = connection, key
        self._readings = queries.meter_readings(connection, key)
        self._factors = {}

    def around(self, first_ms, last_ms):
        """(the last reading until the first moment, the first one after the last moment), each (ms, Wh) or None."""
        before = [one for one in self._readings if one[0] <= first_ms]
        after = [one for one in self._readings if one[0] > last_ms]
        return before[-1] if before else None, after[0] if after else None

    def factor(self, ms):
        """How much more or less it counted than the device, between the readings around that moment; None where nobody can say."""
        span = self.around(ms, ms)
        if None in span:
            return None
        if span not in self._factors:
            self._factors[span] = self._of_span(*span)
        return self._factors[span]

    def of_all(self, moments):
        """The same for a sum of [(ms, kWh)]: None if one of them has none."""
        found = [(kwh, self.factor(ms)) for ms, kwh in moments if kwh]
        total_kwh = sum(kwh for kwh, factor in found)
        if not total_kwh or any(factor is None for kwh, factor in found):
            return None
        return sum(kwh * factor for kwh, factor in found) / total_kwh

    def _of_span(self, before, after):
        counted_wh = queries.energy_between(self._connection, self._key, before[0], after[0])
        if not counted_wh or after[1] <= before[1] or self._is_gap_within(before[0], after[0]):
            return None
        return (after[1] - before[1]) / counted_wh

    def _is_gap_within(self, begin_ms, end_ms):
        """Whether a record is missing, or has no energy, whose energy the meter may have counted in that time: it would be booked to the others."""
        rows = queries.sessions_between(self._connection, self._key, begin_ms, end_ms)
        if not rows:
            return False
        around = [queries.session_before(self._connection, self._key, rows[0]), *rows, queries.session_after(self._connection, self._key, rows[-1])]
        is_gap = any(one and other and sessions.first_missing(one, other) for one, other in zip(around, around[1:]))
        at_end = around[-1] is None and queries.missing_at_end(self._connection, self._key)
        return bool(is_gap or at_end or any(row.energy_wh is None for row in rows))
