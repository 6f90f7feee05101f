"""The power of the car: measured since it came, else the lowest of recent nights; and the energy that a night takes. Pure."""

from app.codec.packing import pack, unpack
from app.evse.energy_meter import FLOWS_DA

# Current that has flowed for that time is measured, as the mean of that time.
MINUTE_MS = 60000
# Plug-ins after which the lowest current, or the fewest phases, are no longer recent. A current within an eighth of it counts as the same.
NIGHTS = 60
# A session that ends by itself with less energy teaches nothing.
LEAST_WH = 1000

# Record: version, energy of a night (Wh), the lowest current (0: none), the fewest phases and 4 x plug-ins since then, plug-ins since the lowest
# current. The firmware before wrote phases alone, and takes more of them for what the current says.
_VERSION = 1
_WIDTHS = (1, 4, 2, 1, 1)
RECORD_BYTES = 9


class CarPower:
    """need_wh: energy of a night, learned or set, 0 while unknown; measured: the power was, since the car came; unsaved: there is a change for the
    record."""

    def __init__(self, volts, phases):
        """volts: from phase to neutral; phases: of the car, where the box has no meter."""
        self.unsaved = self.measured = False
        self._volts = volts
        self._phases_set = phases
        self.need_wh = self._low_da = self._low_phases = self._nights = self._phase_nights = 0
        self.left()

    def left(self):
        """The car has left: what was learned meanwhile is recorded, too."""
        self.unsaved = self.measured
        self.measured = self._ended = False
        self._da, self._phases = self._low_da, self._low_phases    # current of all phases together, and their number
        self._since_ms = None                                      # begin of the minute that is being measured
        self._sum_da = self._count = 0

    def step(self, now_ms, flow_da, currents_da):
        """A reading. flow_da: the current of all phases together."""
        if not flow_da or self._since_ms is None:
            self._since_ms = now_ms if flow_da else None
            self._sum_da = self._count = 0
            return
        self._sum_da += flow_da
        self._count += 1
        if now_ms - self._since_ms < MINUTE_MS:
            return
        self._da = self._sum_da // self._count
        self._phases = self._sum_da = self._count = 0
        self._since_ms = now_ms
        for current_da in currents_da:
            self._phases += current_da is not None and current_da >= FLOWS_DA
        self._phases = self._phases or self._phases_set
        if not self.measured:
            self.measured = self.unsaved = True
            self._nights += 1
            if self._da < self._low_da or not self._low_da or self._nights > NIGHTS:
                self._low_da = self._da
            if self._da <= self._low_da + self._low_da // 8:
                self._nights = 0
            # Each for itself: at tonight's limit the car with fewer phases may be the slower one.
            self._phase_nights += 1
            if not 0 < self._low_phases < self._phases or self._phase_nights > NIGHTS:
                self._low_phases = self._phases
                self._phase_nights = 0

    def ended(self, wh):
        """The car has stopped by itself, after that energy: the first time since it came counts."""
        if self.measured and not self._ended:
            self._ended = self.unsaved = True
            self.learn(wh)

    def learn(self, wh):
        """The energy that a night takes: recorded with the next car that leaves."""
        if wh >= LEAST_WH:
            self.need_wh = wh

    def watts(self, limit_da):
        """Power at that limit of a phase (0.1 A): measured, else the lowest of recent nights, else of one phase."""
        return (min(self._da, self._phases * limit_da) or limit_da) * self._volts // 10 or 1

    # --- the record

    def dump(self):
        """For the journal."""
        self.unsaved = False
        return pack((_VERSION, self.need_wh, self._low_da, self._low_phases | self._phase_nights << 2, self._nights), _WIDTHS)

    def load(self, record):
        """Restore from a record; False if it is invalid."""
        if len(record) != RECORD_BYTES or record[0] != _VERSION:
            return False
        _, self.need_wh, self._low_da, phases, self._nights = unpack(record, 0, _WIDTHS)
        self._low_phases, self._phase_nights = phases & 3, phases >> 2
        self.left()
        return True
