"""A year of day-ahead prices in quarter hours, made up: no real price is in it.

Generated from a demand with two peaks a day, sun by season and cloud, wind that lasts for days, and noise; then stretched so that two published
figures of the German market in 2024 hold exactly: its mean of 79.6 EUR/MWh, and its share of negative hours, almost 460 of 8,784
(FfE, "German electricity prices on EPEX Spot 2024"). The ratio of weekdays from 8 to 20 h to the mean, 1.11 there, is near by itself.
"""

import math
from random import Random

QUARTERS_A_DAY = 96
MEAN_EUR_MWH = 79.6
NEGATIVE_SHARE = 460 / 8784


def _bell(hour, at, width):
    return math.exp(-(((hour - at + 12) % 24 - 12) / width) ** 2)


def _raw(days, dice):
    """Relative prices of that number of days from 1 January, in local time."""
    wind = cloud = 0.0
    found = []
    for day in range(days):
        # Wind and cloud of a day follow those of the day before.
        wind = 0.75 * wind + dice.gauss(0, 0.66)
        cloud = 0.5 * cloud + dice.gauss(0, 0.5)
        season = math.cos((day - 15) / 365 * 2 * math.pi)     # 1 in mid January
        weekend = day % 7 in (5, 6)                           # of a year that begins on a Monday
        sun = max(0.62 - 0.45 * season - 0.3 * cloud, 0.03)
        for quarter in range(QUARTERS_A_DAY):
            hour = (quarter + 0.5) / 4
            demand = 0.62 * _bell(hour, 9, 3.2) + 0.8 * _bell(hour, 18.5, 2.6) - 0.3 * _bell(hour, 3, 3.5)
            shine = sun * _bell(hour, 13.2, 3.2 - 0.9 * season)
            # Within an hour prices rise or fall with the sun.
            slope = 0.07 * (quarter % 4 - 1.5) * (1 if 13 <= hour < 22 else -1 if 5 <= hour < 13 else 0)
            found.append(1.1 + 0.22 * season - 0.3 * weekend + demand * (0.8 if weekend else 1) - 1.1 * shine - 0.3 * wind
                         + slope + dice.gauss(0, 0.03))
    return found


def year(seed=1, days=365):
    """A price for each quarter hour of local time, EUR/MWh; the first is that of 1 January, 00:00. Days of 24 hours all."""
    raw = _raw(days, Random('day-ahead %d' % seed))
    zero = sorted(raw)[int(len(raw) * NEGATIVE_SHARE)]
    scale = MEAN_EUR_MWH / (math.fsum(raw) / len(raw) - zero)
    return [(value - zero) * scale for value in raw]
