"""Commands over a bad link in class C: a fifth of all frames lost each way, and a sender that repeats unanswered ones."""

import statistics
from random import Random

import pytest
from tests.support.commander import REPEATS_S, Commander

LOSS = {'uplink_loss': 0.2, 'downlink_loss': 0.2}
WITHIN_S = 45
SHARE_MIN = 0.95
# data rate of AU915: commands in one world. The day's airtime bounds those at SF10; the 48 answers that are kept for a day those at SF7.
WORLDS = {2: 14, 5: 40}


def commands(seed, data_rate):
    """The commands of one world, a few minutes apart, lock and unlock in turn."""
    draw = Random('lossy %d' % seed)
    here = Commander(seed=seed, network=dict(LOSS, data_rate=data_rate), charger={'panel_frames': False})
    # Long enough for the join and the first uplink, without which class C does not begin.
    at_s = 1500
    for number in range(WORLDS[data_rate]):
        here.at(round(at_s, 3), command='unlock' if number % 2 else 'lock')
        at_s += draw.uniform(150, 330)
    return here.run(at_s).commands


def told(evidence, found, words):
    """The figures; returns the share that was answered in time."""
    answered = [command.answered_s for command in found if command.answered_s is not None]
    share = sum(wait_s <= WITHIN_S for wait_s in answered) / len(found)
    publications = sum(command.published for command in found)
    evidence('class C, %s, 20 %% loss each way, repeated after %d and %d s: answered within %d s of the first publication, of %d commands' % (
        words, *REPEATS_S, WITHIN_S, len(found)), '%.1f %%' % (100 * share), '95 %')
    evidence('class C, %s, 20 %% loss each way: publication to answer, median, s' % words, round(statistics.median(answered), 1))
    evidence('class C, %s, 20 %% loss each way: publications a command' % words, round(publications / len(found), 2))
    return share


@pytest.mark.parametrize('data_rate, worlds', [pytest.param(5, 8, marks=pytest.mark.long), (2, 8)], ids=('SF7', 'SF10'))
def test_of_commands_over_a_bad_link_nineteen_in_twenty_are_answered_in_time(data_rate, worlds, evidence):
    found = [command for seed in range(worlds) for command in commands(seed, data_rate)]
    assert {command.result for command in found} <= {'done', None}
    assert told(evidence, found, 'SF7' if data_rate == 5 else 'SF10') >= SHARE_MIN


@pytest.mark.soak
def test_thousands_of_commands_over_a_bad_link(soak_seed, evidence):
    for data_rate, words in ((5, 'SF7'), (2, 'SF10')):
        found = [command for seed in range(50) for command in commands(1000 * (soak_seed + 1) + seed, data_rate)]
        # Three tries of 64 % make 95.3 %, so a thousand commands may by chance fall a little short.
        assert told(evidence, found, words) >= SHARE_MIN - 0.015
