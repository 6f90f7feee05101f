"""The radio's figures in one table, both classes at three data rates beside the original: latency of commands, airtime of a day."""

import statistics
from random import Random

import pytest
from sim import scenario
from tests.support.commander import Commander
from tests.system.test_airtime_day import DAY_S, TYPICAL

pytestmark = [pytest.mark.bench, pytest.mark.long]

HOUR_S = 3600
RATES = {'SF10': 2, 'SF8': 4, 'SF7': 5}     # AU915
# Commands to the answer that says what the box did: lock and unlock in turn. In class A they wait for the heartbeat, which a day has few of.
COMMANDS = {'C': 20, 'A': 12}
GAP_S = {'C': (1.1 * HOUR_S, 1.4 * HOUR_S), 'A': (1.1 * HOUR_S, 2.3 * HOUR_S)}
ORIGINAL = ('original, class A, SF7, one-byte frames', 97, 4.5, 185, 289)
HEAD = ('', 'uplinks a day', 'airtime a day, s', 'command to answer, median, s', 'worst, s')
MEDIAN_C_S = 4
WORST_C_S = 20
rows = []


def delays_s(klass, data_rate):
    """Seconds from a command's publication to its verified answer at the server; a car is charging."""
    draw = Random('table %s %d' % (klass, data_rate))
    here = Commander(config={'LORAWAN_CLASS': klass}, network={'data_rate': data_rate}, vehicle={'needs_kwh': 1000},
                     events=[{'t': 60, 'do': 'key', 'position': 'unlocked'}, {'t': 61, 'do': 'plug'}])
    at_s = 2 * HOUR_S
    for number in range(COMMANDS[klass]):
        here.at(round(at_s, 3), repeats_s=(), command='unlock' if number % 2 else 'lock', expires_in_s=20000)
        at_s += draw.uniform(*GAP_S[klass])
    here.run(at_s)
    assert {command.result for command in here.commands} == {'done'}
    return sorted(command.answered_s for command in here.commands)


@pytest.mark.parametrize('sf', RATES)
@pytest.mark.parametrize('klass', COMMANDS)
def test_latency_and_airtime(klass, sf, evidence):
    day = scenario.run({'duration_s': DAY_S, 'events': TYPICAL, 'network': {'data_rate': RATES[sf]}, 'config': {'LORAWAN_CLASS': klass}})['summary']
    waits_s = delays_s(klass, RATES[sf])
    row = ('class %s, %s' % (klass, sf), day['uplinks'], round(day['uplink_airtime_s_max_day'], 1), round(statistics.median(waits_s), 1),
           round(waits_s[-1], 1))
    rows.append(row)
    for name, figure, original in zip(HEAD[1:], row[1:], ORIGINAL[1:]):
        evidence('%s: %s' % (row[0], name), figure, 'original at SF7, class A: %s' % original)
    if klass == 'C':
        assert row[3] <= MEDIAN_C_S and row[4] <= WORST_C_S


def test_the_table():
    """Prints what the tests before it measured."""
    lines = ['%-42s%16s%18s%30s%12s' % line for line in (HEAD, ORIGINAL, *rows)]
    print('\n' + '\n'.join(lines))
