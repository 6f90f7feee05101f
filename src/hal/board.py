"""The Board that a board module's open(settings, keys) returns, and the regions that have sub-bands."""

# Regions whose channels are chosen by the setting SUB_BAND.
WITH_SUB_BANDS = ('AU915', 'US915')


class Board:
    """The parts of one board, each as hal.contract describes it. radio is None until it is opened."""

    __slots__ = ('clock', 'bus', 'radio', 'store', 'watchdog', 'indicator', 'system', '_make_radio')

    def __init__(self, clock, bus, make_radio, store, watchdog, indicator, system):
        self.clock = clock
        self.bus = bus
        self.radio = None
        self.store = store
        self.watchdog = watchdog
        self.indicator = indicator
        self.system = system
        self._make_radio = make_radio

    def open_radio(self, settings):
        """Start the modem, once a boot, with the settings in force: the store, which every board has by then, may hold some of them."""
        self.radio = self._make_radio(settings)
