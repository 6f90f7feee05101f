"""The energy meter: watt-hours of this charging session and of all time, from the currents in the readings. Pure.

Whole numbers below 2^30, which a board keeps without allocating; fractions of a watt-hour are carried on, so that nothing drifts.
"""

from modbus.write_map import da_of_duty

from app.evse.states import is_charging

# Readings come every 2 s. Between two readings at most this far apart the current counts as their mean (design decision).
MEAN_MAX_MS = 10000
# A longer silence counts with the smaller of both ends and as estimated; time beyond this counts nothing (design decision).
BRIDGE_MAX_S = 3600
# Outside C the contactor is open and the readings are the meter's offset (docs/protocol.md), unless it is welded: then a phase carries
# more than this. A charging car draws more than this too: less is its electronics, or the meter's residue.
FLOWS_DA = 10
# `estimated`: more than this part of the session is (the accuracy that is promised with a meter is 2 %).
_ESTIMATED_PART = 50

_BRIDGE_S = 60           # of a silence, at a time: 2400 x 60 x 400 stays below 2^30
_HALF_DA_MS = 2000       # units of 0.1 A for a second: the sum of both ends is twice their mean
_WORK_A_WH = 36000       # 0.1 W s


class EnergyMeter:
    """step() takes each reading. total_wh: for life; session_wh: since begin(); estimated_wh: of it, not measured or maybe missing;
    flow_da: the current of the latest reading, all phases together, 0.1 A."""

    __slots__ = ('total_wh', 'session_wh', 'estimated_wh', 'flow_da', '_volts', '_phases', '_at_ms', '_is_guess', '_charge', '_work', '_guess')

    def __init__(self, volts, phases):
        """volts: from phase to neutral; phases: number that a car is assumed to use, without a meter in the box."""
        self.total_wh = 0
        self.session_wh = 0
        self.estimated_wh = 0
        self.flow_da = 0
        self._volts = volts
        self._phases = phases
        self._at_ms = None       # of the latest reading, None before the first
        self._is_guess = False   # flow_da is no measurement
        self._charge = 0         # remainders: half 0.1 A ms, then 0.1 W s, those estimated too
        self._work = 0
        self._guess = 0

    @property
    def estimated(self):
        """True if more than 2 % of the session's energy were not measured."""
        return self.estimated_wh * _ESTIMATED_PART > self.session_wh

    def restore(self, total_wh, session_wh, estimated_wh):
        """Restore the counts of an earlier boot."""
        self.total_wh = total_wh
        self.session_wh = session_wh
        self.estimated_wh = estimated_wh

    def miss(self, wh):
        """That much energy may be missing: it counts as estimated, and not as energy."""
        self.estimated_wh += wh

    def begin(self):
        """A session begins."""
        self.session_wh = self.estimated_wh = self._guess = 0

    def step(self, reading):
        """One answered reading; a repeated one changes nothing."""
        at_ms = reading.at_ms
        if at_ms == self._at_ms:
            return
        before_da = self.flow_da
        was_guess = self._is_guess
        flow_da = self._flow(reading)
        if self._at_ms is not None and (flow_da or before_da):
            elapsed_ms = at_ms - self._at_ms
            if elapsed_ms <= MEAN_MAX_MS:
                charge = self._charge + (before_da + flow_da) * elapsed_ms
                self._charge = charge % _HALF_DA_MS
                self._add(charge // _HALF_DA_MS, was_guess or self._is_guess)
            else:
                self.bridge(min(before_da, flow_da), min(elapsed_ms // 1000, BRIDGE_MAX_S))
        self.flow_da = flow_da
        self._at_ms = at_ms

    def bridge(self, flow_da, seconds):
        """Count an estimated current (0.1 A) for that many seconds."""
        while flow_da and seconds > 0:
            self._add(flow_da * min(seconds, _BRIDGE_S), True)
            seconds -= _BRIDGE_S

    def _flow(self, reading):
        """The current of all phases together, 0.1 A; measured with a meter, else the most that may flow."""
        is_on = is_charging(reading.code)
        flow_da = 0
        for current_da in reading.currents_da:
            if current_da is None:
                self._is_guess = is_on
                return (da_of_duty(reading.limit_duty) or 0) * self._phases if is_on else 0
            if is_on or current_da >= FLOWS_DA:
                flow_da += current_da
        self._is_guess = False
        return flow_da

    def _add(self, da_s, is_guess):
        """Add units of 0.1 A for a second."""
        new = da_s * self._volts
        work = self._work + new
        new_wh = work // _WORK_A_WH
        self._work = work % _WORK_A_WH
        self.total_wh += new_wh
        self.session_wh += new_wh
        if is_guess:
            guess = self._guess + new
            self.estimated_wh += guess // _WORK_A_WH
            self._guess = guess % _WORK_A_WH
