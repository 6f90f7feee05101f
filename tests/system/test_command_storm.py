"""1,000 random commands an hour for hours: few closings of the contactor, no delay in opening it, one true answer each."""

import pytest
from app.codec import vocabulary
from app.commands import specs
from app.commands.command_log import CommandLog
from tests.choice import first
from tests.support.command_storm import CLOSINGS_A_DAY, REST_S, CommandStorm

AIRTIME_S = 24
# A lock asks the car to stop first, for at most 10 s; a reading before, a reading after.
OPENS_S = 14
# Endless: commands beyond a day's airtime and the log's 48 places are accepted too, and wear the contactor.
WILD = {'endless': True, 'new': 0.5, 'network': {'data_rate': 5}}
CALM = {'happenings': 0, 'charger': {'key': 'unlocked'}, 'vehicle': {'needs_kwh': 1000}}
STORMS = {
    'commands alone': dict(WILD, **CALM),
    'box, car and power join in': dict(WILD, happenings=20, vehicle={'model': 'sleepy', 'needs_kwh': 1000}),
    'SF7, as it is': dict(happenings=10, charger={'key': 'unlocked'}, network={'data_rate': 5}),
    'SF10, a lossy network': dict(happenings=10, vehicle={'needs_kwh': 1000}, network={'data_rate': 2, 'uplink_loss': 0.2, 'downlink_loss': 0.2}),
}


def live(monkeypatch, seed, hours, kind):
    """A storm that was lived and held to all that must be so; its figures."""
    storm = CommandStorm(monkeypatch, seed, hours, **STORMS[kind])
    storm.live()
    resets = [entry['cause'] for entry in storm.house.of('reset')]
    assert set(resets) <= {'power'}, storm.house.log[-5:]
    assert storm.unanswered() == []
    assert storm.untrue() == []
    closings, rests, openings = storm.closings_most_a_day(), storm.rests(), storm.openings()
    assert closings <= CLOSINGS_A_DAY
    assert min(rests, default=REST_S) >= REST_S
    assert max(openings, default=0) <= OPENS_S
    airtime_s = storm.world.network.uplink_airtime_s_max_day()
    assert airtime_s <= AIRTIME_S
    return storm, {'closings': closings, 'rest': min(rests, default=None), 'opening': max(openings, default=None), 'airtime': airtime_s}


@pytest.mark.parametrize('kind', first(list(STORMS)[1::-1] + list(STORMS)[2:]))
def test_an_hour_of_storm_breaks_nothing(monkeypatch, kind):
    storm, _ = live(monkeypatch, 1, 1, kind)
    assert len(storm.accepted) > (300 if STORMS[kind].get('endless') else 30)


@pytest.mark.long
@pytest.mark.parametrize('kind', STORMS)
def test_a_storm_of_commands_for_three_hours(monkeypatch, kind, evidence):
    storm, figures = live(monkeypatch, 1, 3, kind)
    # It must have been a trial.
    assert len(storm.accepted) > (1000 if STORMS[kind].get('endless') else 30)
    evidence('storm of 1,000 commands an hour, %s: closings of ours in a day' % kind, figures['closings'], CLOSINGS_A_DAY)
    if figures['rest'] is not None:
        evidence('storm, %s: shortest rest of the contactor before a closing of ours' % kind, '%.0f s' % figures['rest'], '%d s' % REST_S)
    if figures['opening'] is not None:
        evidence('storm, %s: slowest opening after a stop or lock' % kind, '%.1f s' % figures['opening'], '%d s' % OPENS_S)
    evidence('storm, %s: airtime in any 24 h' % kind, '%.1f s' % figures['airtime'], '%d s' % AIRTIME_S)
    evidence('storm, %s: commands accepted, of which not answered exactly once, or untruly' % kind, '%d, 0' % len(storm.accepted))


@pytest.mark.long
def test_a_storm_without_rest_or_with_lies_would_be_seen(monkeypatch):
    """The checks find too many closings of the contactor, an untrue answer and one that is given twice."""
    monkeypatch.setattr('app.control.contactor.Contactor.verdict', lambda closings, now_ms, opens=False: 0)
    monkeypatch.setattr(specs.COMMAND_SPECS[vocabulary.COMMAND_START], 'done', lambda scene, work: True)
    storm = CommandStorm(monkeypatch, 1, 1, **STORMS['commands alone'])
    finish = CommandLog.finish
    monkeypatch.setattr(CommandLog, 'finish', lambda log, *answer: (finish(log, *answer), finish(log, *answer))[0])
    storm.live()
    assert storm.closings_most_a_day() > CLOSINGS_A_DAY and min(storm.rests()) < REST_S
    assert 'start' in {word for word, _, _ in storm.untrue()}
    assert storm.unanswered()


@pytest.mark.soak
def test_a_day_of_storm(monkeypatch, soak_seed, evidence):
    for number, kind in enumerate(STORMS):
        _, figures = live(monkeypatch, 10 * soak_seed + number + 2, 26, kind)
        monkeypatch.undo()
        evidence('soak: 26 h of storm, %s: closings of ours in a day' % kind, figures['closings'], CLOSINGS_A_DAY)
        evidence('soak: 26 h of storm, %s: airtime in any 24 h' % kind, '%.1f s' % figures['airtime'], '%d s' % AIRTIME_S)
