"""The target: energy by an instant, in the cheap quarter hours that were listed, else as late as it still can be. Pure.

docs/charging.md has the rule in words, docs/adr/0020-a-target-is-kept-by-the-device.md the states.
"""

from app.codec.packing import pack, unpack

# States: NONE: there is none, or it is over; WAITS: there is time; CHEAP: a listed quarter hour; LATE: now or never; REACHED: held until its end.
NONE, WAITS, CHEAP, LATE, REACHED = range(5)

QUARTER_S = 900
# The late start begins this much sooner than the power asks for: a pause, a sleeping car.
MARGIN_S = 600
# Current of a late start is given back only for a longer time than a contactor rests.
BACK_S = 900
# Time before the end of a window, of a cheap run or of the target at which its current ends: two readings of 2 s, the whole second that UTC may
# lag, and a car that stops within one. After 30 days at 20 ppm without a network (52 s) the end is still within 60 s.
CLOSES_EARLY_S = 6
# The contactor is not opened between quarter hours with this number of closings of the day left, or of pulses to wake the car and one.
SPARE_STARTS = 2

# Record: version, flags, issued_at, until (UTC s), energy (Wh), current, total energy of the meter at acceptance, quarters.
_VERSION = 1
_WIDTHS = (1, 1, 4, 4, 4, 2, 4)
_QUARTERS = 20
RECORD_BYTES = 28
_F_LATE = 1         # the late start has begun
_F_GUESS = 2        # with a power that was not measured
_F_BACK = 4         # its current was given back
_F_REACHED = 8
_F_REPORTED = 16        # that it is missed was reported
_F_FULL = 32        # the car stopped by itself


def quarter_of(left_s):
    """Number of the quarter hour that contains the instant left_s before the end; 1 is the last."""
    return (left_s + QUARTER_S - 1) // QUARTER_S


class Target:
    """until: UTC s; it stands while state is not NONE. wh: 0 without an energy; current_da: 0 for the box's limit; quarters: as in codec.downlink.
    missing: Wh to be reported as missed, 0 for an unknown amount, None for nothing. unsaved: there is a change for the record."""

    def __init__(self):
        self.unsaved = False
        self.issued_at = 0
        self._clear()

    def _clear(self):
        self.state = NONE
        self.missing = None
        self.until = self.wh = self.current_da = self.began_wh = self._flags = 0
        self.quarters = bytes(8)
        self._since_s = self._edge_s = self._power_w = 0     # what look() found holds from then to then (UTC s), with that power
        self.draws = False                   # the car draws current

    def set(self, until, wh, current_da, quarters, issued_at, total_wh):
        """A new target. One with the same end goes on counting, and keeps the late start unless it asks for less, and is reached if for no more."""
        flags = 0
        if self.state and until == self.until:
            total_wh = self.began_wh
            flags = self._flags & (_F_BACK | _F_REPORTED | _F_FULL | (_F_LATE | _F_GUESS if wh >= self.wh else 0) | (
                _F_REACHED if 0 < wh <= self.wh else 0))
        self._clear()   # the rest begins again
        self.until, self.wh, self.current_da, self.quarters = until, wh, current_da, quarters
        self.issued_at, self.began_wh, self._flags = issued_at, total_wh, flags
        self._restart()

    def _restart(self):
        self.state = NONE if not self.until else REACHED if self._flags & _F_REACHED else LATE if self._flags & _F_LATE else WAITS
        self._edge_s = 0   # not looked at yet

    def end(self):
        """It is over; an older one is not accepted later."""
        if self.until:
            self._clear()
            self.unsaved = True

    def hold(self, until):
        """It is reached, and the car is held on until then."""
        self.until = until
        self.wh = 0     # once
        self.unsaved = True

    def reported(self):
        """That it is missed was reported."""
        self.missing = None
        self._flags |= _F_REPORTED
        self.unsaved = True

    def see(self, car, finished, draws):
        """At each reading. car: one is there; finished: it charged and stopped by itself; draws: current flows."""
        self.draws = draws
        full = self._flags & _F_FULL
        # One that has left full wants no more; the next one may.
        if full and car and not finished or finished and not full and not self._flags & _F_REACHED:
            self._flags ^= _F_FULL
            self.unsaved = True

    def is_cheap(self, left_s):
        """True in a listed quarter hour."""
        place = (left_s - 1) // QUARTER_S
        return place < 64 and self.quarters[7 - (place >> 3)] >> (place & 7) & 1 == 1

    def knows(self, utc_s, power_w):
        """True while what look() found still holds. Instants are compared, for a difference of two would be allocated."""
        return self._since_s <= utc_s < self._edge_s and power_w == self._power_w

    def look(self, left_s, wh_left, power_w, measured, avoided_s, starts):
        """The state now. left_s: until the end; wh_left: still to come, of a target without energy that learned, or 0; measured: the power is
        tonight's; avoided_s: of that time, not to be used; starts: closings left of the day, or pulses of the night and one, if that is less."""
        flags = self._flags
        late_at_s = wh_left * 3600 // power_w + MARGIN_S + avoided_s if wh_left > 0 else 0
        cheap = self.is_cheap(left_s) and self.is_cheap(left_s - CLOSES_EARLY_S)
        stays = self.draws and starts <= SPARE_STARTS
        if not flags & _F_LATE:
            if left_s <= late_at_s:
                flags |= _F_LATE if measured or flags & _F_BACK else _F_LATE | _F_GUESS
        elif flags & _F_GUESS and measured:
            flags &= ~_F_GUESS
            if left_s > late_at_s + BACK_S and not stays:
                flags &= ~_F_LATE
                if not cheap:
                    flags |= _F_BACK
        if flags & _F_REACHED:
            self.state = REACHED
        elif flags & _F_LATE:
            self.state = LATE
        else:
            self.state = CHEAP if cheap or stays else WAITS
        if flags != self._flags:
            self._flags = flags
            self.unsaved = True
        into_s = (left_s - 1) % QUARTER_S + 1
        edge_s = left_s - into_s + (CLOSES_EARLY_S if into_s > CLOSES_EARLY_S else 0)
        self._since_s = self.until - left_s
        self._edge_s = self.until - (edge_s if flags & _F_LATE else max(edge_s, late_at_s))
        self._power_w = power_w

    def reach(self):
        """It has its energy."""
        if not self._flags & _F_REACHED:
            self._flags |= _F_REACHED
            self.unsaved = True
        self.state = REACHED
        self.missing = None

    def miss(self, wh):
        """So much is, or will be, missing (0: unknown; None: nothing): to be reported once, if the car does not want less. True if it is."""
        self.missing = None if self._flags & (_F_REPORTED | _F_FULL | _F_REACHED) else wh
        return self.missing is not None

    # --- the record

    def dump(self):
        """For the journal."""
        self.unsaved = False
        return pack((_VERSION, self._flags, self.issued_at, self.until, self.wh, self.current_da, self.began_wh), _WIDTHS) + self.quarters

    def load(self, record):
        """Restore from a record; False if it is invalid."""
        if len(record) != RECORD_BYTES or record[0] != _VERSION:
            return False
        _, self._flags, self.issued_at, self.until, self.wh, self.current_da, self.began_wh = unpack(record, 0, _WIDTHS)
        self.quarters = bytes(record[_QUARTERS:])
        self._restart()
        return True
