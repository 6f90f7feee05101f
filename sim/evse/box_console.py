"""Typed commands for the simulated wallbox and its car: `plug`, `key on`, `fault F9` and so on."""

from sim.vehicle import MODELS

FOREVER_US = 1 << 62
HELP = """\
plug, unplug          the car
key on | off          the key switch (EN1 closed or open)
ev eager|sleepy|full  the car's habits (also long_pulse, shy), at once or from the next plug on
fault F9              that state (F1 to FB; C3 and C4: reduced current; E1, E3) or reaction (BC3 to BC6) until clear
clear                 what was wrong is mended
power off | on        the box's supply
deaf 5                its bus interface neither hears nor speaks for so many seconds
noise 0.001           probability that a byte is flipped or lost; noise 0 ends it
state                 changes nothing"""


class BoxConsole:
    """execute() obeys one line. make_vehicle(model) gives the car that `plug` plugs in."""

    def __init__(self, box, line, make_vehicle):
        self.model = 'eager'
        self._box = box
        self._line = line
        self._make_vehicle = make_vehicle

    def execute(self, text):
        """Returns the state afterwards, or {'error': why}. Never raises."""
        word, *arguments = text.split() or ['']
        action = _ACTIONS.get(word)
        if action is None:
            return {'error': 'unknown command %r; one of %s' % (word, ', '.join(_ACTIONS))}
        act, choices = action
        if len(arguments) != (choices is not None):
            return {'error': '%s takes %s' % (word, 'no argument' if choices is None else 'one of ' + choices)}
        try:
            act(self, *arguments)
        except ValueError as error:
            return {'error': '%s: %s' % (word, str(error) or 'one of ' + choices)}
        return self.state()

    def state(self):
        """What there is to see: a dict for JSON. code is None while the box is dark."""
        box = self._box
        currents_da = box.currents_da if box.live else None
        return {
            'code': box.code if box.live else None,
            'contactor': box.contactor,
            'currents_a': None if currents_da is None else [da / 10 for da in currents_da],
            'limit_a': box.limits.icmax_a,
            'vehicle': None if box.vehicle is None else box.vehicle.model,
            'key': 'on' if box.en1 else 'off',
            'power': 'on' if box.powered else 'off',
            'session_kwh': round(box.session_wh / 1000, 3) if box.vehicle is not None else None,
            'energy_kwh': round(box.energy_wh / 1000, 3),
            'contactor_closings': box.contactor_closings,
            'reads': box.reads,
        }

    def _plug(self):
        if self._box.vehicle is None:
            self._box.plug(self._make_vehicle(self.model))

    def _unplug(self):
        self._box.unplug()

    def _key(self, position):
        self._box.key(_switch(position))

    def _ev(self, model):
        if model not in MODELS:
            raise ValueError
        self.model = model
        if self._box.vehicle is not None:
            self._box.vehicle.become(model)

    def _fault(self, code):
        self._box.fault(code.upper())

    def _clear(self):
        self._box.clear_fault()

    def _power(self, position):
        self._box.power(_switch(position))

    def _deaf(self, seconds):
        seconds = float(seconds)
        if not 0 <= seconds < 1e9:
            raise ValueError('seconds')
        self._box.deafen(seconds)

    def _noise(self, rate):
        rate = float(rate)
        if not 0 <= rate <= 1:
            raise ValueError('from 0 to 1')
        self._line.noise(rate, FOREVER_US)

    def _look(self):
        pass


def _switch(position):
    if position not in ('on', 'off'):
        raise ValueError
    return position == 'on'


# Word: (action, what its argument may be, or None).
_ACTIONS = {
    'plug': (BoxConsole._plug, None),
    'unplug': (BoxConsole._unplug, None),
    'key': (BoxConsole._key, 'on, off'),
    'ev': (BoxConsole._ev, ', '.join(MODELS)),
    'fault': (BoxConsole._fault, 'F1 to FB, C3, C4, BC3 to BC6, E1, E3'),
    'clear': (BoxConsole._clear, None),
    'power': (BoxConsole._power, 'on, off'),
    'deaf': (BoxConsole._deaf, 'seconds'),
    'noise': (BoxConsole._noise, '0 to 1'),
    'state': (BoxConsole._look, None),
}
