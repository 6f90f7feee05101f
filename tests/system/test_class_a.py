"""Class A: a command waits for the next uplink, and that comes within one heartbeat period of the state the box is in."""

from random import Random

import pytest
from tests.choice import first
from tests.support.commander import Commander

from sim.lorawan.time_on_air import REGIONS, data_bytes, time_on_air_us

MINUTE_S = 60
DAY_S = 86400
# docs/radio.md: asked for by state, stretched so that heartbeats cost no more than a daily share, never past the longest gap.
WANTED_MIN = {'A1': 60, 'B1': 15, 'C2': 5, 'E0': 5}
BUDGET_S = {'SF10': 6.0, 'SF7': 1.5}
LONGEST_S = 89 * MINUTE_S
STATUS_BYTES = 11
# The uplink's end, RX2 6 s later, a reading and the write; or a frame under way, after whose windows the heartbeat leaves.
RADIO_S = 20
# How the box gets there.
WAYS = {'A1': (), 'B1': ('plug',), 'C2': ('key', 'plug'), 'E0': ('lock',)}
COMMANDS = 4
# The shortest period and the longest first.
CASES = sorted([(code, sf, data_rate) for code in WAYS for sf, data_rate in (('SF10', 2), ('SF7', 5))], key=lambda case: case not in (
    ('C2', 'SF7', 5), ('B1', 'SF10', 2)))


def period_s(code, sf, data_rate):
    """The heartbeat period of that state, from the words of docs/radio.md and the simulator's airtime."""
    frame_s = time_on_air_us(data_bytes(STATUS_BYTES), REGIONS['AU915'].uplink[data_rate]) / 1e6
    return min(max(WANTED_MIN[code] * MINUTE_S, DAY_S * frame_s / BUDGET_S[sf]), LONGEST_S)


@pytest.mark.parametrize('code, sf, data_rate', first(CASES))
def test_a_command_is_executed_within_one_heartbeat_period(code, sf, data_rate, evidence):
    draw = Random('class A %s %s' % (code, sf))
    here = Commander(config={'LORAWAN_CLASS': 'A'}, network={'data_rate': data_rate}, charger={'panel_frames': False},
                     vehicle={'needs_kwh': 1000})
    for number, what in enumerate(WAYS[code]):
        here.world.kernel.at((60 + number) * 1_000_000, here.world.do, {
            'key': {'do': 'key', 'position': 'unlocked'}, 'plug': {'do': 'plug'},
            'lock': {'do': 'downlink', 'f_port': 1, 'payload_hex': '01'}}[what])
    most_s = period_s(code, sf, data_rate)
    at_s = 3 * 3600
    for _ in range(COMMANDS):
        here.at(round(at_s, 3), repeats_s=(), command='report', expires_in_s=30000)
        at_s += most_s + draw.uniform(0.2, 1.2) * most_s
    here.run(at_s)
    assert here.world.box.code == code
    answers = sorted(command.answered_s for command in here.commands)
    evidence('class A, %s, state %s: a queued command is answered after at most, min (of %d)' % (sf, code, COMMANDS),
             round(answers[-1] / 60, 1), round(most_s / 60, 1))
    assert {command.result for command in here.commands} == {'done'}
    assert answers[-1] <= most_s + RADIO_S
    assert answers[-1] > most_s / 4, 'no command had to wait'
