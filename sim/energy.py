"""Energy drawn through the contactor: integrated exactly, in whole numbers, between changes of power.

Milliwatts times microseconds are nanojoules; 3.6e12 of them are a watt-hour.
"""

NJ_PER_WH = 3_600_000_000_000
# Nominal phase voltage.
VOLTS = 230


class EnergyMeter:
    """Total and session energy.

    listeners: callables (t0_us, t1_us, wh), told of every stretch of constant power when it ends.
    """

    def __init__(self, kernel):
        self.listeners = []
        self.power_mw = 0
        self.total_nj = 0
        self.session_nj = 0
        self._kernel = kernel
        self._since_us = kernel.now_us

    def settle(self):
        """Account for the running stretch up to now. Returns what it brought, nanojoules."""
        since_us = self._since_us
        now_us = self._since_us = self._kernel.now_us
        drawn_nj = self.power_mw * (now_us - since_us)
        if drawn_nj:
            self.total_nj += drawn_nj
            self.session_nj += drawn_nj
            for listener in self.listeners:
                listener(since_us, now_us, drawn_nj / NJ_PER_WH)
        return drawn_nj

    def wh(self):
        """Everything up to now, watt-hours."""
        return (self.total_nj + self.power_mw * (self._kernel.now_us - self._since_us)) / NJ_PER_WH

    def session_wh(self):
        """This session up to now, watt-hours."""
        return (self.session_nj + self.power_mw * (self._kernel.now_us - self._since_us)) / NJ_PER_WH
