"""Energy from the currents that the box tells: watt-hours of this session and of all time. Pure.

Whole numbers below 2^30, which a board keeps without allocating; what is less than a watt-hour is carried on, so that nothing drifts.
"""

from modbus.write_map import da_of_duty

from app.evse.states import is_charging

# Readings come every 2 s. Between two that are not further apart the current is taken for their mean (design decision).
MEAN_MAX_MS = 10000
# A longer silence counts with the smaller of both ends and as estimated; what is beyond this counts nothing (design decision).
BRIDGE_MAX_S = 3600
# Outside C the contactor is open and what is read is the meter's offset (docs/protocol.md), unless it is welded: then a phase carries
# more than this, which is also what a charging car draws: less is its electronics, or the meter's residue.
FLOWS_DA = 10
# `estimated`: more than this part of the session is (the accuracy that is promised with a meter is 2 %).
_ESTIMATED_PART = 50

_BRIDGE_S = 60           # of a silence, at a time: 2400 x 60 x 400 stays below 2^30
_HALF_DA_MS = 2000       # of them are 0.1 A for a second: the sum of both ends is twice their mean
_WORK_A_WH = 36000       # 0.1 W s


class EnergyMeter:
    """step() takes each reading. total_wh: for life; session_wh: since begin(); estimated_wh: part of it that was not measured;
    flow_da: what flows as of the latest reading, all phases together, 0.1 A."""

    __slots__ = ('total_wh', 'session_wh', 'estimated_wh', 'flow_da', '_volts', '_phases', '_at_ms', '_is_guess', '_charge', '_work', '_guess')

    def __init__(self, volts, phases):
        """volts: from phase to neutral; phases: what a car is taken to use where there is no meter."""
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
        """What an earlier boot counted."""
        self.total_wh = total_wh
        self.session_wh = session_wh
        self.estimated_wh = estimated_wh

    def begin(self):
        """A session begins."""
        self.session_wh = self.estimated_wh = self._guess = 0

    def step(self, reading):
        """One answered reading; the same one again changes nothing."""
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
        """So much (0.1 A) flowed for so long, as far as can be known."""
        while flow_da and seconds > 0:
            self._add(flow_da * min(seconds, _BRIDGE_S), True)
            seconds -= _BRIDGE_S

    def _flow(self, reading):
        """All phases together, 0.1 A; measured where there is a meter, else what may flow at most."""
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
        """0.1 A for so many seconds."""
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
