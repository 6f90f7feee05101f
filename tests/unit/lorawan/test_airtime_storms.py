"""Command storms: no more than 24 s of airtime in any day, in any region, at any configured or fallback data rate."""
import random

import pytest
from hal.contract import HEARD, RECEIVED
from lorawan.outbox import ANSWER, CHANGE, FAULT, HEARTBEAT, RECORD
from lorawan.regions import REGIONS

from tests.unit.lorawan.test_session import DAY_MS, MINUTE_MS, SessionAndModem, most_airtime_ms

DAYS = 5
LIMIT_MS = 24_000
# The others in make evidence.
IN_TEST = ["EU868", "AU915", *(pytest.param(region, marks=pytest.mark.long) for region in ("AS923", "US915"))]


def gaps_ms(region, radio, own_rate):
    """(ms, allowed) from one uplink to the next with no join in between: 90 min, 120 at SF11 and SF12, and at a site that is set to them."""
    found = []
    for (at_ms, _, _, _, rate), (next_ms, _, _, _, next_rate) in zip(radio.frames, radio.frames[1:], strict=False):
        if not any(at_ms < join_ms < next_ms for join_ms, _rate in radio.joins):
            slow = max(region.radio(one)[0] for one in (rate, next_rate, own_rate)) > 10
            found.append((next_ms - at_ms, (120 if slow else 90) * MINUTE_MS))
    return found


class AirtimeStorm:
    """One device through days of everything together: commands by the hundred, outages, questions without answers, reboots."""

    def __init__(self, region, data_rate, seed, mishaps=True):
        self.mishaps = mishaps
        self.draw = random.Random(seed)
        self.start = region, data_rate
        self.emitted = []           # (t, ms) over all boots
        self.frames = []            # (t, data rate)
        self.gaps = []              # (ms, the longest allowed) between uplinks of the same session
        self.base_ms = 0
        self.world = None
        self.boot(None)

    def boot(self, store):
        self.world = SessionAndModem(*self.start, store=store, random=lambda below: self.draw.randrange(below))
        self.world.session.outbox.keep_ready(lambda limit: (10, b"probe"[:limit]))

    def end_boot(self):
        world = self.world
        while world.radio.busy_until_ms is not None:
            world.run(1000)     # what the modem sends goes out whether the board lives or not
        self.emitted += [(self.base_ms + at_ms, ms) for at_ms, ms in world.radio.airtime]
        self.frames += [(self.base_ms + frame[0], frame[4]) for frame in world.radio.frames]
        self.gaps += gaps_ms(REGIONS[self.start[0]], world.radio, self.start[1])
        self.base_ms += world.now_ms
        return world.store

    def step(self):
        """Some minutes of it."""
        draw, world = self.draw, self.world
        session, radio = world.session, world.radio
        chance = draw.random()
        if not self.mishaps:
            chance = chance / 2 + 0.1
        if chance < 0.01:
            radio.network = not radio.network
        elif chance < 0.012:
            self.boot(self.end_boot())
        elif chance < 0.2:
            session.unanswered(world.now_ms)
        elif chance < 0.3:
            session.answered(world.now_ms)
        elif chance < 0.4 and session.joined:
            radio.event(*draw.choice(((HEARD, 0, None), (RECEIVED, 1, b"\x01"))))
        elif self.mishaps and chance < 0.45:
            radio.lose = True
        else:
            for number in range(draw.randrange(8)):
                world.status(b"12345678901", number, draw.choice((ANSWER, ANSWER, FAULT, CHANGE, RECORD)))
        world.status(key="heartbeat", priority=HEARTBEAT)
        self.world.run(draw.choice((MINUTE_MS, 3 * MINUTE_MS, 10 * MINUTE_MS)))

    def run(self, days):
        while self.base_ms + self.world.now_ms < days * DAY_MS:
            self.step()
        self.end_boot()
        return most_airtime_ms(self.emitted)


def all_rates(region, seed, mishaps):
    """(configured data rate, its storm, most airtime of any day) for every data rate of a region."""
    for data_rate in range(REGIONS[region].slowest, len(REGIONS[region].rates)):
        storm = AirtimeStorm(region, data_rate, seed * 1000 + data_rate, mishaps)
        yield data_rate, storm, storm.run(DAYS)


@pytest.mark.parametrize("region", IN_TEST)
def test_no_storm_of_days_breaks_the_limit_while_the_data_rate_falls_back(region, soak_seed, evidence):
    most_ms = {}
    for data_rate, storm, most_ms[data_rate] in all_rates(region, soak_seed, mishaps=True):
        assert most_ms[data_rate] <= LIMIT_MS
        assert len(storm.frames) > 5 * DAYS
        floor = REGIONS[region].floor(data_rate)
        rates = {rate for _at_ms, rate in storm.frames}
        # Faster than configured goes only what is due on a day that is full.
        fastest = max(data_rate, REGIONS[region].default_rate)
        assert rates <= set(range(floor, fastest + 1)) and (floor == data_rate or len(rates) > 1)
    evidence("%s: most airtime of any sliding day, storms of %d days at each of %d data rates, data rate falling back, s" % (
        region, DAYS, len(most_ms)), max(most_ms.values()) / 1000, LIMIT_MS / 1000)
    assert max(most_ms.values()) > 20_000


@pytest.mark.parametrize("region", IN_TEST)
def test_no_storm_of_commands_makes_the_longest_silence_longer_whatever_the_data_rate(region, soak_seed, evidence):
    longest_ms = {}
    for data_rate, storm, most_ms in all_rates(region, soak_seed + 500, mishaps=False):
        assert most_ms <= LIMIT_MS
        for gap_ms, allowed_ms in storm.gaps:
            assert gap_ms <= allowed_ms, data_rate
            longest_ms[allowed_ms] = max(gap_ms, longest_ms.get(allowed_ms, 0))
    for allowed_ms, gap_ms in sorted(longest_ms.items()):
        evidence("%s: longest gap between uplinks in those storms where %d min are allowed, min" % (region, allowed_ms // MINUTE_MS),
                 round(gap_ms / MINUTE_MS, 1), allowed_ms // MINUTE_MS)


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_with_adr_the_network_may_choose_data_rates_and_repeats_as_it_likes(region, soak_seed):
    slowest, fastest = REGIONS[region].slowest, len(REGIONS[region].rates) - 1
    draw = random.Random(soak_seed)
    world = SessionAndModem(region, adr=True).joined()
    radio = world.radio
    rates = [fastest]
    send = radio.send
    radio.data_rate = lambda: rates[-1]

    def send_as_the_network_says(port, payload, confirmed, data_rate):
        # The modem goes one slower by itself; any faster one the network sets.
        rates.append(draw.choice((rates[-1], rates[-1], max(slowest, rates[-1] - 1), draw.randint(rates[-1], fastest))))
        radio.repeats = draw.choice((1, 1, 2))
        return send(port, payload, confirmed, rates[-1])

    radio.send = send_as_the_network_says
    for number in range(DAYS * 480):
        world.status(b"12345678901", number % 5, draw.choice((ANSWER, FAULT, CHANGE)))
        world.run(3 * MINUTE_MS)
    assert set(rates) == set(range(slowest, fastest + 1))
    assert 14_000 < most_airtime_ms(radio.airtime) <= LIMIT_MS
