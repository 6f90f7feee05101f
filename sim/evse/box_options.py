"""Options of a simulated wallbox: its equipment, and each point on which the sources leave the behaviour of a real one open.

Each open point is an option with all its variants, so that tests can run with every one of them. docs/simulation.md says which
source says what; the first choice is the likelier.
"""

from sim.evse.box_limits import OF_TYPE

# Option: its choices, the default first.
VARIANTS = {
    'held_code': ('B2', 'B1'),
    'pulse_keeps_key': (False, True),
    'panel': ('spontaneous', 'master'),
    'upstream_reaction': ('F4', 'F14'),
    'upstream_fed_by': ('any', 'writes'),
    'f4_ends': ('reset', 'polling'),
    'fault_ends': ('mended', 'retry', 'latched'),
    'a1a1_elsewhere': ('silent', 'refused'),
    'reset_acknowledged': (True, False),
    'icmax_kept': (False, True),
    'icmax_below_8': ('refused', 'digital'),
    'ev_bit_in_e0': (False, True),
    'broadcast_reply_id': ('own', 'zero'),
    'lower_case': (True, False),
    'serial': ('printed', 'spaces', 'ff', '00'),
    'cp_limits': ('default', 'china'),
    'leds_readable': (False, True),
}
# Everything else, with its default.
MAKE_UP = {
    'id': 1, 'firmware': '1.3', 'meter': True, 'panel_frames': True, 'sleeps_after_s': 30, 'key': 'locked', 'start_after_power_cycle': True,
    'model': '2W22M1', 'seed': 1, 'hardware': 2, 'en_mode': 1, 'asleep': False, 'upstream_timeout': False, 'upstream_timeout_s': 60,
    'blocked': (), 'start_a1_s': None,
}


class BoxOptions:
    """The keys of VARIANTS and MAKE_UP as attributes. TypeError for an unknown one, ValueError for an unknown choice.

    model: type or whole serial number, of a type in box_limits.OF_TYPE. hardware: 0 to 2, bits 23..22 of 0x0001.
    en_mode: what EN1 is for, bits 1..0 of 0x0001: 0 nothing, 1 closed to start (the key switch), 2 closed to enable the outlet.
    sleeps_after_s: None or 0 for never. asleep: begins asleep. upstream_timeout: the flag in 0x0001; upstream_timeout_s: how long
    nobody may ask. blocked: those of box_ways.WAYS that are closed. start_a1_s: seconds of A1 after its start, as without a car,
    even if one is plugged in; None: as at any other time.
    """

    def __init__(self, **given):
        for name, default in MAKE_UP.items():
            setattr(self, name, given.pop(name, default))
        for name, choices in VARIANTS.items():
            value = given.pop(name, choices[0])
            if value not in choices:
                raise ValueError('%s: one of %s' % (name, ', '.join(str(choice) for choice in choices)))
            setattr(self, name, value)
        if given:
            raise TypeError('unknown: %s' % ', '.join(sorted(given)))
        if self.model[:4] not in OF_TYPE:
            raise ValueError('model: one of %s' % ', '.join(OF_TYPE))


def parsed(text):
    """(name, value) of an option typed as NAME=VALUE; ValueError says why it is invalid."""
    name, _, typed = text.partition('=')
    choices = VARIANTS.get(name)
    if choices is None:
        raise ValueError('%r: one of %s' % (name, ', '.join(VARIANTS)))
    for choice in choices:
        if typed == _typed(choice):
            return name, choice
    raise ValueError('%s: one of %s' % (name, ', '.join(_typed(choice) for choice in choices)))


def _typed(choice):
    return {True: 'yes', False: 'no'}.get(choice, choice)
