"""The box's contactor and the current through it, integrated exactly, in integers, between changes.

Milliwatts times microseconds are nanojoules; 3.6e12 of them are a watt-hour.
"""

from sim.vehicle import NJ_PER_WH

# Nominal phase voltage.
VOLTS = 230
# A metered phase that carries nothing reads 0.1 A while a car is plugged in (evcc issue 2809).
RESIDUE_DA = 1


class Contactor:
    """Closed or open, how often closed, and the energy of the session and of all time.

    draw_ma: per phase, now. listeners: callables (t0_us, t1_us, wh), called after every stretch of constant power.
    """

    def __init__(self, kernel, record):
        self.closed = False
        self.closings = 0
        self.listeners = []
        self._kernel = kernel
        self._record = record
        self.draw_ma = 0
        self._power_mw = 0
        self._total_nj = 0
        self._session_nj = 0
        self._since_us = kernel.now_us
        record('contactor', closed=False)

    def switch(self, closed):
        """Close or open it; call follow() afterwards."""
        if closed != self.closed:
            self.closed = closed
            self.closings += closed
            self._record('contactor', closed=closed)

    def begin_session(self):
        """A car arrives."""
        self._session_nj = 0

    def follow(self, vehicle, limit_ma):
        """The contactor moved, or the car may take that much per phase now: account for the past stretch and begin a new one."""
        draw_ma = vehicle.draw_ma(limit_ma) if self.closed else 0
        power_mw = draw_ma * vehicle.phases * VOLTS
        drawn_nj = self.settle()
        self.draw_ma = draw_ma
        if drawn_nj or power_mw != self._power_mw:
            self._power_mw = power_mw
            vehicle.charging(power_mw, drawn_nj)

    def settle(self):
        """Account for the running stretch up to now. Returns what it brought, nanojoules."""
        since_us = self._since_us
        now_us = self._since_us = self._kernel.now_us
        drawn_nj = self._power_mw * (now_us - since_us)
        if drawn_nj:
            self._total_nj += drawn_nj
            self._session_nj += drawn_nj
            for listener in self.listeners:
                listener(since_us, now_us, drawn_nj / NJ_PER_WH)
        return drawn_nj

    def metered_da(self, phases):
        """(L1, L2, L3) in 0.1 A, of which a car uses the first."""
        drawn_da = max(self.draw_ma // 100, RESIDUE_DA)
        return tuple(drawn_da if phase < phases else RESIDUE_DA for phase in range(3))

    def wh(self):
        """Everything up to now, watt-hours."""
        return (self._total_nj + self._running_nj()) / NJ_PER_WH

    def session_wh(self):
        """This session up to now, watt-hours."""
        return (self._session_nj + self._running_nj()) / NJ_PER_WH

    def _running_nj(self):
        return self._power_mw * (self._kernel.now_us - self._since_us)
