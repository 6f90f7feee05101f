"""The airtime of a frame at the data rate in use, and the interval between heartbeats that follows from it."""

from micropython import const

from lorawan.airtime import FRAME_OVERHEAD, JOIN_REQUEST, LONGEST_MAC_ANSWERS, airtime_ms
from lorawan.airtime_log import DAY_MS

# No uplink is longer, so that it fits AU915 DR2 under the dwell limit; a status has a short form (decisions).
LONGEST_PAYLOAD = const(11)
SHORT_PAYLOAD = const(5)
# A status or an answer in short form, or a request for the time, which has none: as long on the air, at SF10 and at SF12.
LEAST_PAYLOAD = const(6)

# By SF: the longest silence between uplinks, what heartbeats may cost a day (decisions; Home Manager gives up after 195 min), and the
# payload in the calculation: at SF12 heartbeats and answers are short, or beside those of a day there is no room for five of these.
_BY_SF = {
    7: (5400000, 1500, 11), 8: (5400000, 2600, 11), 9: (5400000, 4100, 11), 10: (5400000, 6000, 11), 11: (7200000, 6000, 11),
    12: (7200000, 6000, LEAST_PAYLOAD),
}
# A heartbeat is asked for this long before the longest silence is over, and may use the reserve from twice as long before.
_MARGIN_MS = const(60000)


# With ADR the network may ask for this many emissions of each frame (NbTrans, The Things Stack up to 3), and the modem tries a
# slower data rate when it has not been answered for long (LoRaWAN 1.0.2, 4.3.1.1): both are known only afterwards.
_ADR_EMISSIONS = const(3)


class FrameCost:
    """spacing_ms: after this time without an uplink the next one may use the reserve. repeats: emissions of the last unconfirmed frame.

    usual: bytes of a heartbeat or an answer. is_slow: at SF11 or SF12.
    """

    __slots__ = ('data_rate', 'spacing_ms', 'usual', 'repeats', 'adr', 'is_slow', '_region', '_longest_ms', '_own_ms', '_budget_ms')

    def __init__(self, region, data_rate, adr=False):
        self._region = region
        self.adr = adr
        self.repeats = 1
        self.use(data_rate)
        self._own_ms = self._longest_ms

    def use(self, data_rate):
        """Calculate with that data rate from now on."""
        # A network may set one that the firmware never uses (SF7 at 250 kHz): calculated as the next slower one.
        self.data_rate = min(data_rate, len(self._region.rates) - 1)
        sf = self._region.radio(self.data_rate)[0]
        self.is_slow = sf > 10
        self._longest_ms, self._budget_ms, self.usual = _BY_SF[sf]
        self.spacing_ms = self._longest_ms - 2 * _MARGIN_MS

    def hasten(self, data_rate):
        """A frame goes faster for want of airtime: the silence that the site's own data rate allows is no shorter for it."""
        self.use(data_rate)
        self._longest_ms = max(self._longest_ms, self._own_ms)
        self.spacing_ms = self._longest_ms - 2 * _MARGIN_MS

    def emissions_ms(self, payload_bytes, emissions):
        """Airtime of that many emissions of one frame; every two trials the modem goes one data rate slower (LoRaWAN 1.0.2, 18.4)."""
        total_ms = 0
        for trial in range(emissions):
            data_rate = max(self.data_rate - trial // 2, self._region.slowest)
            sf, bandwidth_khz = self._region.radio(data_rate)
            total_ms += airtime_ms(sf, bandwidth_khz, FRAME_OVERHEAD + payload_bytes)
        return total_ms

    def use_repeats(self, emissions):
        """Unconfirmed frames go out this many times."""
        self.repeats = emissions

    def frame_ms(self, payload_bytes):
        """What a frame will cost, as far as one can know."""
        return self.emissions_ms(payload_bytes, self.repeats)

    def most_ms(self, payload_bytes, emissions):
        """The highest possible cost of a frame, if the last one like it was emitted that often."""
        if not self.adr:
            return self.emissions_ms(payload_bytes, emissions)
        sf, bandwidth_khz = self._region.radio(max(self.data_rate - 1, self._region.slowest))
        return self.most(emissions) * airtime_ms(sf, bandwidth_khz, FRAME_OVERHEAD + payload_bytes)

    def most(self, emissions):
        """The highest possible number of emissions, if the last frame like it had that many."""
        return max(_ADR_EMISSIONS, emissions) if self.adr else emissions

    def boot_ms(self):
        """What a boot costs beside the heartbeats: a join, and the first uplink in short form with its MAC answers. Where a join costs a fraction of
        an uplink, boots are many before they matter: then that uplink mostly goes in the place of a heartbeat that was half due."""
        sf, bandwidth_khz = self._region.radio(self._region.join_rates[0])
        join_ms = airtime_ms(sf, bandwidth_khz, JOIN_REQUEST)
        first_ms = self.frame_ms(LEAST_PAYLOAD) + self.rides_ms()
        return join_ms + (first_ms // 2 if 4 * join_ms < first_ms else first_ms)

    def rides_ms(self):
        """What the MAC answers that ride on two frames cost."""
        return 2 * (self.frame_ms(LEAST_PAYLOAD + LONGEST_MAC_ANSWERS) - self.frame_ms(LEAST_PAYLOAD))

    def limit(self, room):
        """Bytes that make() may use, where the modem has that much room."""
        return min(LONGEST_PAYLOAD, room, self._region.longest_payload(self.data_rate))

    def stretched_ms(self, period_ms, payload_bytes):
        """The heartbeat period nearest to the wanted one that budget and longest silence allow."""
        shortest_ms = (DAY_MS * self.frame_ms(min(payload_bytes, self.usual)) + self._budget_ms - 1) // self._budget_ms
        return min(max(period_ms, shortest_ms), self._longest_ms - _MARGIN_MS)
