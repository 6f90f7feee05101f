"""Electricity prices of a live run: made up, and told as an exchange tells them: those of tomorrow from 13:00 on."""

import datetime
import json

from sim.oracle import day_ahead_prices

NAME = 'a made-up exchange'
QUARTER_S = 900
TOLD_H = 13
# A year of prices, and some days more: each date gets one of its weekday.
DAYS = 372


class PriceFile:
    """Keeps a file of the prices that are known. tz: of the exchange."""

    def __init__(self, path, tz, seed=1):
        self._path, self._tz = path, tz
        self._year = day_ahead_prices.year(seed, DAYS)

    def tell(self, now_s):
        """Write what is known then; UTC seconds at which more will be."""
        now = datetime.datetime.fromtimestamp(now_s, self._tz)
        told = datetime.datetime.combine(now.date(), datetime.time(TOLD_H), self._tz)
        is_told = now >= told
        days = [now.date() + datetime.timedelta(ahead) for ahead in range(-1, 2 if is_told else 1)]
        # Whole, or as before: the service may read it at any moment.
        fresh = self._path.with_suffix('.new')
        fresh.write_text(json.dumps([{'start': start_s, 'price': price} for day in days for start_s, price in self.of_day(day)]))
        fresh.replace(self._path)
        return (told + datetime.timedelta(1) if is_told else told).timestamp()

    def of_day(self, day):
        """[(begin of a quarter hour in UTC seconds, EUR/kWh)] of a local day: 92, 96 or 100."""
        begin_s, end_s = (int(datetime.datetime.combine(one, datetime.time(), self._tz).timestamp()) for one in (day, day + datetime.timedelta(1)))
        place = day.timetuple().tm_yday - 1
        place += (day.weekday() - place) % 7
        found = []
        for start_s in range(begin_s, end_s, QUARTER_S):
            there = datetime.datetime.fromtimestamp(start_s, self._tz)
            quarter = (there.hour * 60 + there.minute) // 15
            found.append((start_s, round(self._year[place * day_ahead_prices.QUARTERS_A_DAY + quarter] / 1000, 5)))
        return found


def keep_told(world, prices):
    """The file is written now, and each time more prices are told in the world. Before the world runs, or in its thread."""
    now_us = world.kernel.now_us
    next_s = prices.tell(world.utc_s())
    world.kernel.at(now_us + int((next_s - world.utc_s()) * 1_000_000) + 1_000_000, keep_told, world, prices)
