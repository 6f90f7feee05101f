"""Duty cycle by sub-band: the time on air in each sliding hour, and when the next frame stays within the limit.

Source: ETSI EN 300 220-2, annex B (863 to 870 MHz), with the letters of CEPT/ERC/REC 70-03; an observation period of one hour. Regions that
know no duty cycle have no sub-bands.
"""

from collections import namedtuple

from sim.lorawan.time_on_air import SlidingSum

HOUR_US = 3_600_000_000

SubBand = namedtuple('SubBand', 'name low_hz high_hz permille')

SUB_BANDS = {
    'EU868': (
        SubBand('K', 863_000_000, 865_000_000, 1),
        SubBand('L', 865_000_000, 868_000_000, 10),
        SubBand('M', 868_000_000, 868_600_000, 10),
        SubBand('N', 868_700_000, 869_200_000, 1),
        SubBand('P', 869_400_000, 869_650_000, 100),
        SubBand('R', 869_700_000, 870_000_000, 10),
    ),
}


class DutyCycle:
    """What one transmitter emits in one region."""

    def __init__(self, region):
        self._bands = [(band, SlidingSum(HOUR_US)) for band in SUB_BANDS.get(region, ())]

    def add(self, start_us, end_us, frequency_hz):
        """Count an emission; calls in the order of their ends."""
        for _, hour in self._at(frequency_hz):
            hour.add(end_us, end_us - start_us)

    def free_us(self, start_us, airtime_us, frequency_hz):
        """The first instant, start_us or later, at which a frame of that length keeps the limit."""
        for band, hour in self._at(frequency_hz):
            start_us = max(start_us, hour.room_from(start_us, airtime_us, HOUR_US * band.permille // 1000))
        return start_us

    def largest_permille(self):
        """{sub-band: thousandths of its worst hour}, those used only."""
        return {band.name: hour.largest() * 1000 / HOUR_US for band, hour in self._bands if hour.largest()}

    def _at(self, frequency_hz):
        return [entry for entry in self._bands if entry[0].low_hz <= frequency_hz < entry[0].high_hz]
