"""The speed of virtual time with the real firmware in the loop; without other load, see make bench."""

import time

import pytest
from sim import scenario
from tests.choice import first

pytestmark = pytest.mark.bench

DAY_S = 86400
HOUR_S = 3600
RATIO_MIN = 10_000
READS_PER_S_MIN = 0.45
# The best of this many runs: a machine can be slow for a moment, but not fast.
ROUNDS = 3

DAY = [{'t': 8 * HOUR_S, 'do': 'plug'}, {'t': 10 * HOUR_S, 'do': 'downlink', 'data': {'mode': 'Reset Charger'}}, {'t': 20 * HOUR_S, 'do': 'unplug'}]
DAYS = {
    'a default day with a car': {'events': DAY},
    'a day without a car': {},
    'a day in class A, EU868': {'events': DAY, 'config': {'LORAWAN_CLASS': 'A', 'REGION': 'EU868'}},
    'a day without panel frames': {'events': DAY, 'charger': {'panel_frames': False}},
}


@pytest.mark.parametrize('name', first(DAYS))
def test_a_day_takes_seconds(name, evidence, request):
    enough = RATIO_MIN if request.config.getoption('--evidence') is None else 2 * RATIO_MIN
    took_s = []
    for _ in range(ROUNDS):
        began_s = time.perf_counter()
        output = scenario.run(dict(DAYS[name], duration_s=DAY_S))
        took_s.append(time.perf_counter() - began_s)
        if DAY_S / took_s[-1] >= enough:
            break
    summary = output['summary']
    ratio = DAY_S / min(took_s)
    reads = summary['bus_reads'] / DAY_S
    evidence('%s: simulated to real time' % name, round(ratio), '%d at least' % RATIO_MIN)
    evidence('%s: readings answered a simulated second' % name, round(reads, 3), '%s at least' % READS_PER_S_MIN)
    assert summary['resets'] == 0 and summary['uplinks'] > 10
    assert bool(summary['energy_kwh']) is ('events' in DAYS[name])
    assert reads >= READS_PER_S_MIN
    assert ratio >= RATIO_MIN
