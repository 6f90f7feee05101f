"""What a board module's open(settings, keys) returns."""


class Board:
    """The parts of one board, each as hal.contract describes it."""

    __slots__ = ('clock', 'bus', 'radio', 'store', 'watchdog', 'indicator', 'system')

    def __init__(self, clock, bus, radio, store, watchdog, indicator, system):
        self.clock = clock
        self.bus = bus
        self.radio = radio
        self.store = store
        self.watchdog = watchdog
        self.indicator = indicator
        self.system = system
