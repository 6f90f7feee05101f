"""What a frame costs at the data rate in use, and how far apart heartbeats are for it."""

from micropython import const

from lorawan.airtime import FRAME_OVERHEAD, airtime_ms
from lorawan.ledger import DAY_MS

# No uplink is longer, so that it fits AU915 DR2 under the dwell limit; a status has a short form (decisions).
LONGEST_PAYLOAD = const(11)
SHORT_PAYLOAD = const(5)

# By SF: the longest silence between uplinks, and what heartbeats may cost a day (decisions). Home Manager gives up after 195 min.
_BY_SF = {
    7: (5400000, 1500), 8: (5400000, 2600), 9: (5400000, 4100), 10: (5400000, 6000), 11: (7200000, 6000), 12: (7200000, 6000),
}
# A heartbeat is asked for this long before the longest silence is over, and may use the reserve from twice as long before.
_MARGIN_MS = const(60000)


class Pace:
    """spacing_ms: after so long without an uplink the next one may use the reserve."""

    __slots__ = ('data_rate', 'spacing_ms', '_region', '_longest_ms', '_budget_ms')

    def __init__(self, region, data_rate):
        self._region = region
        self.use(data_rate)

    def use(self, data_rate):
        """Reckon with that data rate from now on."""
        self.data_rate = data_rate
        self._longest_ms, self._budget_ms = _BY_SF[self._region.radio(data_rate)[0]]
        self.spacing_ms = self._longest_ms - 2 * _MARGIN_MS

    def emissions_ms(self, payload_bytes, emissions=1):
        """So many emissions of one frame; every two trials the modem goes one data rate slower (LoRaWAN 1.0.2, 18.4)."""
        total_ms = 0
        for trial in range(emissions):
            data_rate = max(self.data_rate - trial // 2, self._region.slowest)
            sf, bandwidth_khz = self._region.radio(data_rate)
            total_ms += airtime_ms(sf, bandwidth_khz, FRAME_OVERHEAD + payload_bytes)
        return total_ms

    def limit(self, room):
        """Bytes that make() may use, where the modem has that much room."""
        return min(LONGEST_PAYLOAD, room, self._region.longest_payload(self.data_rate))

    def stretched_ms(self, period_ms, payload_bytes):
        """The heartbeat period nearest to the wanted one that budget and longest silence allow."""
        shortest_ms = (DAY_MS * self.emissions_ms(payload_bytes) + self._budget_ms - 1) // self._budget_ms
        return min(max(period_ms, shortest_ms), self._longest_ms - _MARGIN_MS)
