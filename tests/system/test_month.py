"""Months with an unreliable network: back with the network, lost LoRaWAN sessions noticed, no storm of joins, no lasting silence.

In class C, heartbeats at 30 min as far as the budget allows. Outages of 2 min to 4 days (evenly over the logarithm), half of them with a power
cut of the monitor in them, and a server that forgets the session.
"""

import pytest
from tests.choice import first
from tests.support.radio_months import DAY_S, HOUR_S, MINUTE_S, Outages, LightMonths, WholeMonths, at_share, quantiles

AIRTIME_S = 24
JOINS_MAX = 20
GAP_S = 90 * MINUTE_S
# In EU868 the data rate falls down to SF12, where heartbeats are up to two hours apart; in AU915 it ends at SF10.
HEARTBEAT_S = {'AU915': 90 * MINUTE_S, 'EU868': 120 * MINUTE_S}
MONTHS = 6
# Nothing happens in the last days of a month, so that every outage is over at the end.
FATEFUL_DAYS = 24
CASES = {'AU915 SF10': ('AU915', 2), 'EU868 SF12': ('EU868', 0), 'AU915 SF7': ('AU915', 5), 'EU868 SF10': ('EU868', 2)}
NO_LOSS = {}
LOSS = {'uplink_loss': 0.2, 'downlink_loss': 0.2, 'join_loss': 0.2}
# docs/radio.md, Joining: what 20 joins a day can do.
FIRST_DAY_S = 288 * MINUTE_S
NOTICED_S = 30 * HOUR_S
# A site set to SF12 may be silent for 120 min, also between frames that go at SF10 for want of airtime.
SF12_LATE_S = 30 * MINUTE_S


def held_to_the_limits(house, late_s=2):
    """What holds in every month, however it goes."""
    assert house.network.uplink_airtime_s_max_day() <= AIRTIME_S
    assert house.joins_max_day() <= JOINS_MAX
    assert house.longest_gap_s() <= GAP_S + late_s
    assert house.fate.open is None, 'not back: %s' % (house.fate.open,)
    return house


def months(seed, count, case, network):
    """Houses after a month of their fates."""
    houses = []
    for number in range(count):
        house = LightMonths(seed + number, *CASES[case], **network)
        house.fate = Outages(house, seed + number, FATEFUL_DAYS * DAY_S)
        houses.append(held_to_the_limits(house.run(30 * DAY_S), SF12_LATE_S if case.endswith('SF12') else 2))
    return houses


class Findings:
    """The mishaps of some houses, by kind."""

    def __init__(self, houses):
        found = [mishap for house in houses for mishap in house.fate.found]
        self.count = len(found)
        self.up = [mishap for mishap in found if mishap.up]
        self.server = [mishap for mishap in found if mishap.what == 'server']
        searching = [mishap for mishap in found if not mishap.up and mishap.what != 'server']
        self.short = [mishap for mishap in searching if mishap.lasted_s <= 2 * HOUR_S]
        self.long = [mishap for mishap in searching if mishap.lasted_s > 2 * HOUR_S]

    def tell(self, evidence, words):
        """Rows of the record; minutes, p50 / p95 / worst of n."""
        evidence('%s: session intact, network back to first uplink, min' % words, quantiles([mishap.first_s for mishap in self.up]))
        evidence('%s: session intact, network back to first uplink received, min' % words, quantiles([mishap.back_s for mishap in self.up]))
        for name, chosen in (('up to 2 h', self.short), ('longer', self.long)):
            evidence('%s: suspect or joining, outage %s, network back to first uplink received, min' % (words, name),
                     quantiles([mishap.back_s for mishap in chosen]))
            evidence('%s: suspect or joining, outage %s, network back to first try, min' % (words, name),
                     quantiles([mishap.first_s for mishap in chosen]))
            evidence('%s: suspect or joining, outage %s, back within 25 min' % (words, name), share(chosen, 25 * MINUTE_S))
        evidence('%s: the server lost the session, until it is doubted, h' % words, quantiles_h([mishap.noticed_s for mishap in self.server]), 30)
        evidence('%s: the server lost the session, until an uplink is received again, h' % words,
                 quantiles_h([mishap.back_s for mishap in self.server]))


def share(mishaps, limit_s):
    return 'none' if not mishaps else '%d %%' % (100 * sum(mishap.back_s <= limit_s for mishap in mishaps) // len(mishaps))


def quantiles_h(values):
    return quantiles([value / 60 for value in values])


@pytest.mark.parametrize('case', first(CASES))
def test_months_without_loss(case, evidence):
    houses = months(0, MONTHS, case, NO_LOSS)
    found = Findings(houses)
    found.tell(evidence, '%s, no loss' % case)
    evidence('%s, no loss: joins in any 24 h at most' % case, max(house.joins_max_day() for house in houses), JOINS_MAX)
    assert min(len(found.up), len(found.short), len(found.long), len(found.server)) >= 5
    assert max(mishap.back_s for mishap in found.up) <= HEARTBEAT_S[case.split()[0]]
    assert max(mishap.noticed_s for mishap in found.server) <= NOTICED_S
    assert max(mishap.back_s for mishap in found.server) <= NOTICED_S + (0 if case != 'EU868 SF12' else 2 * HOUR_S)
    assert max(mishap.back_s for mishap in found.short + found.long) <= FIRST_DAY_S
    if case.startswith('AU915'):
        # In EU868 a join costs as much as a status, and the day's airtime forbids it more often than the number.
        assert at_share([mishap.back_s for mishap in found.short], 0.95) <= 10 * MINUTE_S


@pytest.mark.parametrize('case', first(CASES))
def test_months_with_loss(case, evidence):
    houses = months(100, MONTHS, case, LOSS)
    found = Findings(houses)
    found.tell(evidence, '%s, 20 %% loss each way, 36 %% of joins' % case)
    evidence('%s, 20 %% loss: joins in any 24 h at most' % case, max(house.joins_max_day() for house in houses), JOINS_MAX)
    evidence('%s, 20 %% loss: airtime in any 24 h at most, s' % case,
             round(max(house.network.uplink_airtime_s_max_day() for house in houses), 1), AIRTIME_S)
    assert min(len(found.up), len(found.short), len(found.long), len(found.server)) >= 5
    assert max(mishap.first_s for mishap in found.up) <= HEARTBEAT_S[case.split()[0]]
    assert max(mishap.noticed_s for mishap in found.server) <= NOTICED_S
    assert max(mishap.first_s for mishap in found.short + found.long) <= FIRST_DAY_S
    assert max(mishap.back_s for mishap in found.short + found.long) <= DAY_S


@pytest.mark.long
def test_four_days_of_the_whole_firmware(evidence):
    house = WholeMonths(3, LOSS, charger={'panel_frames': False})
    house.fate = Outages(house, 3, 3 * DAY_S, longest_s=8 * HOUR_S, rest_s=4 * HOUR_S)
    house.fate.WHATS = ('outage', 'outage', 'blackout')
    held_to_the_limits(house.run(4 * DAY_S))
    evidence('whole firmware, 4 days with 20 % loss and outages: recoveries', len(house.fate.found))
    assert len(house.fate.found) >= 4
    assert max(mishap.back_s for mishap in house.fate.found) <= DAY_S


@pytest.mark.soak
def test_a_month_of_the_whole_firmware(soak_seed, evidence):
    house = WholeMonths(soak_seed + 1, LOSS, config={'REGION': ('AU915', 'EU868')[soak_seed % 2]})
    house.fate = Outages(house, soak_seed + 1, FATEFUL_DAYS * DAY_S)
    Findings([held_to_the_limits(house.run(30 * DAY_S))]).tell(evidence, 'soak: a month of the whole firmware, 20 % loss')


@pytest.mark.soak
def test_years_of_months(soak_seed, evidence):
    for case in CASES:
        Findings(months(1000 * (soak_seed + 1), 60, case, LOSS)).tell(evidence, 'soak: 60 months, %s, 20 %% loss' % case)
