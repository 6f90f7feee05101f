"""Demos for `python -m sim run --demo NAME`: a scenario, its speed, and the narrator's lines about people and the world.

The teller knows nothing of the outcome: what box and monitor answer is seen in the lines between.
"""

MINUTE_S = 60
HOUR_S = 3600
# Local clock of the night, seconds from its start at 17:30.
_BEGINS_S = 17 * HOUR_S + 30 * MINUTE_S


def second_of(clock):
    """Seconds from the start until that time of day comes."""
    hours, minutes = map(int, clock.split(':'))
    return (hours * HOUR_S + minutes * MINUTE_S - _BEGINS_S) % (24 * HOUR_S)


class Demo:
    """given: the scenario of docs/simulation.md without what the command line gives. speed: of the run. story: (second, line)."""

    def __init__(self, given, speed, story):
        self.given = given
        self.speed = speed
        self.story = story


NIGHT = Demo(
    given={
        # 17:30 in Sydney, a Friday in winter.
        'start': '2026-06-05T07:30:00Z', 'duration_s': second_of('07:30'), 'charger': {'key': 'unlocked'},
        'vehicle': {'model': 'sleepy', 'needs_kwh': 40},
        'config': {'TIMEZONE': 'AEST-10AEDT,M10.1.0,M4.1.0/3', 'PLAN': [{'days': 'daily', 'from': '22:00', 'to': '07:00'}]},
        'events': [
            {'t': second_of('18:00'), 'do': 'plug'},
            {'t': second_of('20:00'), 'do': 'charger_power', 'on': False}, {'t': second_of('20:00'), 'do': 'monitor_power', 'on': False},
            {'t': second_of('20:03'), 'do': 'charger_power', 'on': True}, {'t': second_of('20:03'), 'do': 'monitor_power', 'on': True},
            {'t': second_of('21:00'), 'do': 'gateway_down', 'for_s': 9 * HOUR_S},
            {'t': second_of('07:15'), 'do': 'unplug'},
        ]},
    # 14 hours in a minute, and room for a machine that is busy.
    speed=900.0,
    story=(
        (0, '17:30 in Sydney. Cheap from 22:00 to 07:00; no car is there'),
        (second_of('18:00'), '18:00: the car comes home and is plugged in; it is one that falls asleep when it has to wait'),
        (second_of('20:00'), '20:00: a power cut takes box and monitor'),
        (second_of('20:03'), '20:03: the power is back; the box would let the car charge, and the monitor does not know the time'),
        (second_of('21:00'), '21:00: the radio network dies; from here on the monitor is alone'),
        (second_of('22:00'), '22:00: electricity is cheap; the car sleeps'),
        (second_of('06:00'), '06:00: the network is back'),
        (second_of('07:00'), '07:00: electricity is expensive again'),
        (second_of('07:15'), '07:15: the car leaves'),
    ))

DEMOS = {'night': NIGHT}
