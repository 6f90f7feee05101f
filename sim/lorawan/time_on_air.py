"""LoRa time on air, and what each region allows: the simulated network's own calculation, independent of the firmware.

It shares nothing with the firmware's tables: a mistake made once would otherwise confirm itself.
Sources: Semtech SX1276 datasheet 4.1.1.7 and AN1200.13 (time on air); LoRaWAN Regional Parameters RP002-1.0.3 (data rates, receive
windows, dwell limit); The Things Stack's band definitions (largest MAC payloads) and frequency plans EU_863_870_TTN, US_902_928_FSB_2,
AU_915_928_FSB_2, AS_923 (channels, RX2).
"""

from collections import deque, namedtuple

DAY_US = 86_400_000_000
LOW_RATE_SYMBOL_US = 16_000     # from here on the low data rate optimisation is mandatory (SX1276 datasheet 4.1.1.6)
DATA_OVERHEAD = 12              # MHDR 1, DevAddr 4, FCtrl 1, FCnt 2, MIC 4
JOIN_REQUEST_BYTES = 23         # MHDR 1, JoinEUI 8, DevEUI 8, DevNonce 2, MIC 4

DataRate = namedtuple('DataRate', 'sf bw_khz')


def symbol_us(rate):
    """One symbol at that DataRate; whole microseconds for 125, 250 and 500 kHz."""
    return (1 << rate.sf) * 1000 // rate.bw_khz


def preamble_us(rate):
    """Eight symbols and the 4.25 of the synchronisation word."""
    return symbol_us(rate) * 49 // 4


def time_on_air_us(phy_bytes, rate, coding=1, crc=True):
    """Duration of a frame of phy_bytes with explicit header; coding 1..4 is 4/5..4/8; downlinks carry no CRC."""
    symbol = symbol_us(rate)
    bits = 8 * phy_bytes - 4 * rate.sf + 28 + (16 if crc else 0)
    per_block = 4 * (rate.sf - (2 if symbol >= LOW_RATE_SYMBOL_US else 0))
    blocks = max(-(-bits // per_block), 0)
    return preamble_us(rate) + (8 + blocks * (coding + 4)) * symbol


def data_bytes(payload, options=0):
    """Length of a data frame with that many bytes of payload (None: no port either) and of MAC commands."""
    return DATA_OVERHEAD + options + (0 if payload is None else 1 + payload)


class Region:
    """One regional plan. uplink and downlink map data rate numbers to DataRate; rooms are application bytes.

    channels are the 125 kHz uplink frequencies in Hz, wide_channel the 500 kHz one (wide_dr) or None, rx2_hz RX2's; join_accept_bytes is 33 where the
    accept carries a channel list, else 17.
    """

    def __init__(self, name, uplink, downlink, rx1, rx2_dr, rooms, dwell_rooms, channels, rx2_hz, wide=None, join_accept_bytes=17):
        self.name = name
        self.uplink = uplink
        self.downlink = downlink
        self.rx2_dr = rx2_dr
        self.rx2_hz = rx2_hz
        self.channels = channels
        self.wide_dr, self.wide_channel = wide or (None, None)
        self.join_accept_bytes = join_accept_bytes
        self._rx1 = rx1
        self._rooms = rooms
        self._dwell_rooms = dwell_rooms

    def rx1_hz(self, uplink_hz):
        """Frequency of the first receive window: the uplink's own, or the downlink channel that belongs to it where the band is split."""
        if self.wide_dr is None:
            return uplink_hz
        channel = 0 if uplink_hz == self.wide_channel else self.channels.index(uplink_hz)
        return self.rx2_hz + 600_000 * channel

    def rx1_dr(self, uplink_dr):
        """Data rate of the first receive window, RX1DROffset 0."""
        return self._rx1[uplink_dr]

    def uplink_room(self, dr, dwell=True):
        """Largest application payload of an uplink; 0 where the data rate does not exist or the 400 ms dwell limit forbids it."""
        rooms = self._dwell_rooms if dwell else self._rooms
        return rooms.get(dr, 0) if dr in self.uplink else 0

    def downlink_room(self, dr):
        """Largest application payload of a downlink; no region here limits the dwell time of downlinks by default."""
        return self._rooms[dr]


def _rates(first, *pairs):
    return {first + index: DataRate(sf, bw) for index, (sf, bw) in enumerate(pairs)}


_SLOW_TO_FAST = tuple((sf, 125) for sf in range(12, 6, -1))
_WIDE_DOWN = _rates(8, *((sf, 500) for sf in range(12, 6, -1)))
_WIDE_ROOMS = {8: 53, 9: 129, 10: 242, 11: 242, 12: 242, 13: 242}
_ROOMS = {0: 51, 1: 51, 2: 51, 3: 115, 4: 242, 5: 242, 6: 242}
_DWELL_ROOMS = {0: 0, 1: 0, 2: 11, 3: 53, 4: 125, 5: 242, 6: 242}
_US_ROOMS = {0: 11, 1: 53, 2: 125, 3: 242, 4: 242}


def _with_wide(rooms):
    """The rooms of the 500 kHz downlinks beside these."""
    rooms = dict(rooms)
    rooms.update(_WIDE_ROOMS)
    return rooms


_ETSI = _rates(0, *_SLOW_TO_FAST, (7, 250))
_AU_UP = _rates(0, *_SLOW_TO_FAST, (8, 500))
_US_UP = _rates(0, (10, 125), (9, 125), (8, 125), (7, 125), (8, 500))
_SAME = {dr: dr for dr in _ETSI}

REGIONS = {region.name: region for region in (
    Region('EU868', _ETSI, _ETSI, _SAME, 3, _ROOMS, _ROOMS, rx2_hz=869_525_000, join_accept_bytes=33,
           channels=(868_100_000, 868_300_000, 868_500_000, 867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000)),
    Region('AS923', _ETSI, _ETSI, _SAME, 2, _ROOMS, _DWELL_ROOMS, rx2_hz=923_200_000, join_accept_bytes=33,
           channels=(923_200_000, 923_400_000, 923_600_000, 923_800_000, 924_000_000, 924_200_000, 924_400_000, 924_600_000)),
    Region('US915', _US_UP, _WIDE_DOWN, {0: 10, 1: 11, 2: 12, 3: 13, 4: 13}, 8, _with_wide(_US_ROOMS), _US_ROOMS,
           channels=tuple(range(903_900_000, 905_400_000, 200_000)), rx2_hz=923_300_000, wide=(4, 904_600_000)),
    Region('AU915', _AU_UP, _WIDE_DOWN, {0: 8, 1: 9, 2: 10, 3: 11, 4: 12, 5: 13, 6: 13}, 8, _with_wide(_ROOMS), _DWELL_ROOMS,
           channels=tuple(range(916_800_000, 918_300_000, 200_000)), rx2_hz=923_300_000, wide=(6, 917_500_000)),
)}


class SlidingSum:
    """Amounts with times; knows the sum of any window and the largest there was. Times must not go back."""

    def __init__(self, window_us=DAY_US):
        self._window_us = window_us
        self._recent = deque()
        self._total = self._largest = 0

    def add(self, t_us, amount):
        """Count amount at t_us."""
        self._recent.append((t_us, amount))
        self._total += amount
        while self._recent[0][0] <= t_us - self._window_us:
            self._total -= self._recent.popleft()[1]
        self._largest = max(self._largest, self._total)

    def largest(self):
        """The largest sum over all half-open windows [t, t + window)."""
        return self._largest

    def room_from(self, now_us, amount, limit):
        """The first instant, now or later, when the window that ends there has room for amount under limit."""
        total = self._total
        for t_us, counted in self._recent:
            if t_us > now_us - self._window_us:
                if total + amount <= limit:
                    break
                now_us = t_us + self._window_us
            total -= counted
        return now_us
