"""The simulated garage as one more page of the house: what is really so there, and what people and the world do to it.

Its buttons say the words of the terminal (sim/live/typed_commands.py), and are carried out in the world's own thread. The German words stand in the
catalogue of home/language.
"""

import pathlib
import threading
from collections import namedtuple

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from home.language import vocabulary
from home.language.words import N_
from home.store import queries
from home.web import request_context as looks
from home.web import moments
from home.web.pages import Page
from home.web.command_routes import Fields
from home.web.views import sentences
from sim.live import screen, typed_commands

TEMPLATES = pathlib.Path(__file__).with_name('templates')
PATH = '/garage'
# What may be pressed here; requests to the wallbox are pressed on the pages of the house, as in a real one.
WORDS = ('plug', 'unplug', 'ev', 'key', 'fault', 'clear', 'power', 'monitor', 'noise', 'gateway', 'speed')
# The world looks up fifty times a second; one that is as slow as this has ended.
PATIENCE_S = 5
BROKEN = N_('The simulated world does not answer. Has it ended?')
NOT_KNOWN = N_('The garage cannot do this: %(text)s.')

# What each state of the box means. Those of a fault: home.language.vocabulary.FAULTS.
CODES = {
    'A1': N_('No car is plugged in.'), 'B1': N_('A car waits for permission.'), 'B2': N_('The car is offered current, or held, and draws nothing.'),
    'C2': N_('The car draws current.'), 'C3': N_('The car draws a reduced current.'), 'C4': N_('The car draws a reduced current.'),
    'E0': N_('The outlet is out of use.'), 'E1': N_('The box tests itself.'), 'E2': N_('The box is in setup mode.'), 'E3': N_('The bus is idle.'),
}
NO_POWER = N_('The box has no power.')
STARTING = N_('The box is starting.')
CARS = {
    'eager': N_('eager: takes whatever is offered'), 'sleepy': N_('sleepy: sleeps after ten minutes without current'),
    'long_pulse': N_('sleeps, and wakes only from a long pause of the pilot'), 'shy': N_('shy: wakes three times, then no more'),
    'full': N_('full: wants nothing'),
}
SPEEDS = (1, 10, 60, 300)
NOISES = (('0', N_('no noise')), ('0.001', N_('a little')), ('0.02', N_('much')))
OUTAGES_H = (1, 6)

Seen = namedtuple('Seen', 'facts is_starting noise network_back_s')


def seen(run):
    """What is so in the world at this moment; to be called in its thread."""
    world = run.world
    facts = screen.facts_of(world, run.pace, run.mqtt, run.next_model)
    down_s = max(gateway.down_until_us for gateway in world.network.link.gateways) / 1e6
    return Seen(facts, not world.box.live, world.line.noise_rate, world.start_utc_s + down_s if down_s > facts.now_s else None)


class InTheWorld:
    """Calls functions in the world's thread, from any other. pace: its RealTime."""

    def __init__(self, pace):
        self._pace = pace

    def __call__(self, function, *args):
        """What it returned; None if the world does not answer."""
        done, found = threading.Event(), []

        def call():
            try:
                found.append(function(*args))
            finally:
                done.set()

        self._pace.call(call)
        done.wait(PATIENCE_S)
        return found[0] if found else None


class Garage:
    """The page, and its presses. run: a LiveRun."""

    def __init__(self, run):
        self._run = run
        self._in_the_world = InTheWorld(run.pace)
        self.page = Page('garage', PATH, N_('Garage'), self.gather, folder=str(TEMPLATES))

    def gather(self, look):
        """The template's values."""
        now = self._in_the_world(seen, self._run)
        return {'garage': now and shown(now, look), 'broken': look.words(BROKEN), **told(look)}

    def add_presses(self, app):
        """Add the route of its buttons. app: with its pages."""
        drawer = app.state.drawer

        @app.post(PATH, include_in_schema=False)
        def press(request: Request, fields: Fields) -> Response:
            line = ' '.join(fields.get(name, '') for name in ('line', 'argument')).strip()
            event, problem = typed_commands.parse(line, WORDS)
            if event is None:
                notice = looks.words_of(request)(NOT_KNOWN, text=typed_commands.printable(problem or line, 200))
                return drawer.page(request, self.page, 400, notice=notice)
            self._in_the_world(self._run.typed, line)
            return RedirectResponse(PATH, 303)


def told(look):
    """What the house knows of it, and since when."""
    status_ms, status = queries.newest(look.connection, look.key).get('status', (None, {}))
    if status_ms is None:
        return {'told': None, 'told_ms': None, 'told_age': None}
    return {'told': sentences.state(status, look.words), 'told_ms': status_ms, 'told_age': moments.age(status_ms, look.now_ms, look.words)}


def shown(now, look):
    """What is seen, in the reader's words."""
    _, facts = look.words, now.facts
    return {
        'state': state(now, _), 'clock': moments.local(int(1000 * facts.utc_s), look.tz).strftime('%H:%M:%S'), 'speed': facts.speed,
        'speeds': SPEEDS, 'is_plugged': facts.plugged is not None, 'next_model': facts.next_model, 'cars': CARS, 'key_on': facts.key_on,
        'is_fault': facts.code[0] == 'F', 'faults': vocabulary.FAULTS, 'powered': facts.powered, 'monitor': facts.monitor,
        'noise': now.noise, 'noises': NOISES, 'outages_h': OUTAGES_H, 'is_down': now.network_back_s is not None,
        'facts': [
            (_('Contactor'), _('closed') if facts.contactor else _('open')),
            (_('Current'), current(facts.drawing, _)),
            (_('Since it was plugged in'), '%s kWh' % _.number(facts.session_kwh, 2)),
            (_('Car'), _(CARS[facts.plugged]) if facts.plugged else _('no car')),
            (_('Key'), _('closed') if facts.key_on else _('open')),
            (_('Monitor'), _('runs') if facts.monitor else _('has no power')),
            (_('Radio network'), _('hears and sends') if now.network_back_s is None else _(
                'down until %(at)s', at=moments.at(int(1000 * now.network_back_s), look.now_ms, look.tz, _))),
        ],
    }


def state(now, _):
    """The state of the box, in a sentence."""
    facts = now.facts
    if not facts.powered:
        return _(NO_POWER)
    if now.is_starting:
        return _(STARTING)
    if facts.code[0] == 'F':
        return _(sentences.FAULT, code=facts.code, what=_(vocabulary.FAULTS.get(facts.code, vocabulary.UNKNOWN_FAULT)))
    return _.known(CODES, facts.code)


def current(drawing, _):
    """The phases' currents, as the box meters them."""
    if drawing is None or not any(drawing):
        return _('no current')
    return ' / '.join('%s A' % _.number(one / 10, 1) for one in drawing if one is not None)
