"""Ordinary days for the power cuts: the actions of people, cars and the box, drawn from a seed."""

from random import Random

from sim import scenario
from sim.world import SECOND_US
from tests.support.expected_box import Command, View

# Known answers that are asked for again after a cut.
KNOWN = 3
# When the network has the monitor again; between two deliveries; and all of them a second time.
AGAIN_S, APART_S, TWICE_S = 90, 15, 240
WORDS = ('lock', 'unlock', 'unlock', 'stop', 'stop', 'start', 'boost', 'boost', 'reset', 'resume_plan', 'set_current', 'skip', 'report', 'reboot')
ORIGINAL = ('lock', 'unlock', 'reset')
START_UTC_S = scenario.complete({'duration_s': 1})['start_utc_s']


class Day:
    """given: the scenario. commands: what the owner sends; unplugs_s, box_off_s: when the car leaves, when the box loses its power.

    may_sleep: the car may have to be woken. key_locked: it may need a reset to start.
    """

    def __init__(self, script, until_s, model='eager', key='unlocked', **given):
        self.until_s = until_s
        self.may_sleep = model != 'eager'
        self.key_locked = key == 'locked'
        self.commands = []
        coming = [(t_s, what) for t_s, what, _ in sorted(script, key=lambda line: line[0]) if what in ('plug', 'unplug')]
        self.unplugs_s = [t_s for (_, before), (t_s, what) in zip(coming, coming[1:]) if what == 'unplug' and before == 'plug']
        self.box_off_s = [t_s for t_s, what, fields in script if what == 'charger_power' and not fields['on']]
        events = []
        for t_s, what, fields in script:
            if what == 'command':
                command = Command(t_s, start_utc_s=START_UTC_S, **fields)
                self.commands.append(command)
                events.append({'t': t_s, 'do': 'downlink', 'f_port': command.f_port, 'payload_hex': command.payload.hex()})
            else:
                events.append(dict(fields, t=t_s, do=what))
        charger = dict({'key': key}, **given.pop('charger', {}))
        # At the fastest data rate no answer waits for airtime.
        self.given = dict(given, charger=charger, vehicle={'model': model, 'needs_kwh': 100}, network={'data_rate': 5}, events=events)

    def again(self, view):
        """What is delivered again after a cut: what was not answered, and some of what was. The original's bytes have no name."""
        pending = [command for command in view.pending if command.number is not None]
        known = [command for command in view.told if command.number is not None]
        return pending + known[-KNOWN:]

    def reborn(self, world, life):
        """The power is back."""
        again = self.again(View(self.commands, self.unplugs_s, world.timeline, life.t_s))
        for first_s in (AGAIN_S, TWICE_S):
            for index, command in enumerate(again):
                world.kernel.after(int((first_s + APART_S * index) * SECOND_US), world.network.push,
                                   [{'f_port': command.f_port, 'payload': command.payload}])


def command(t_s, word, number=None, amps=0):
    """A line of a script."""
    return t_s, 'command', {'word': word, 'number': number, 'amps': amps}


def waking_day(model='long_pulse'):
    """A car falls asleep while it is stopped, and a boost goes through the start sequence to wake it; then everything else."""
    return Day([(60, 'plug', {}), command(300, 'stop', 1), command(1000, 'boost', 2, 10), command(2300, 'lock', 3), command(2700, 'unlock', 4),
                command(3300, 'reset', 5), (3400, 'charger_power', {'on': False}), (3410, 'charger_power', {'on': True}), command(3700, 'stop', 6),
                command(3710, 'stop', 6), command(3800, 'lock'), (3900, 'unplug', {}), command(4000, 'unlock')], 4300, model=model)


def key_day():
    """A box whose key is never turned: only a reset starts a car."""
    return Day([command(120, 'boost', 1), (200, 'plug', {}), command(700, 'stop', 2), command(1200, 'start', 3), command(1800, 'lock', 4),
                command(1900, 'reset', 5), command(2200, 'unlock', 6), command(2300, 'stop', 7), (2500, 'unplug', {}), (2700, 'plug', {}),
                command(2900, 'reset'), command(3300, 'resume_plan', 8)], 3600, key='locked')


def random_day(seed, until_s=14400):
    """A day of anything."""
    rng = Random('day %d' % seed)
    script = [(60, 'plug', {})] if rng.random() < 0.9 else []
    t_s = 240.0
    number = 0
    while t_s < until_s - 600:
        luck = rng.random()
        if luck < 0.08:
            script += [(t_s, 'charger_power', {'on': False}), (t_s + rng.choice((2, 10, 70)), 'charger_power', {'on': True})]
            t_s += 90
        elif luck < 0.16:
            script += [(t_s, 'unplug', {}), (t_s + rng.uniform(60, 400), 'plug', {})]
            t_s += 420
        elif luck < 0.24:
            script.append(command(t_s, rng.choice(ORIGINAL)))
        else:
            number += 1
            script.append(command(t_s, rng.choice(WORDS), number, rng.choice((6, 10, 13))))
        t_s += rng.choice((20, 60, 200, 700)) * rng.uniform(0.7, 1.3)
    return Day(script, until_s, model=rng.choice(('eager', 'eager', 'sleepy', 'shy', 'long_pulse')), seed=seed,
               key=rng.choice(('unlocked', 'unlocked', 'locked')),
               charger={'held_code': rng.choice(('B2', 'B1')), 'meter': rng.random() < 0.8, 'panel_frames': rng.random() < 0.7})
