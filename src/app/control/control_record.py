"""Record of the monitor's actions on the box, kept over a power cut: an E0 written by it, and counts of pulses, resets and closings. Pure.

The limit owed is in the same record (app.control.icmax), so that one record is written before an action.
"""

from app.codec.packing import pack, unpack
from app.control.contactor import DAY_MS, Contactor, Tally

# A night, for actions that wake cars: sliding, so that no date has two of them, and a car that is plugged in again does not begin one.
NIGHT_MS = 12 * 3600000
PULSES_A_NIGHT = 3
RESETS_A_NIGHT = 2
F4_RESETS_A_DAY = 3

VERSION = 1
_F_PULSE = 1
_F_OURS = 2
_F_CAR = 4
_F_FINISHED = 8
_F_DREW = 16
_F_WISHES = 32
_HEAD_BYTES = 4
_HEAD_WIDTHS = (1, 1, 2)   # version, flags, the limit we owe


class ControlRecord:
    """pulse: an E0 by the monitor is under way that A1A1 must end. ours: the monitor ends the present E0 (or E2) as soon as no lock needs it.

    car: one was there when that E0 began, in which the box does not report it. finished: the car that is there is full; drew: it draws, or did
    at the latest reading. has_wishes: there is a record of the owner's wishes. pulses, resets, f4_resets: Tally; closings: Contactor.
    """

    def __init__(self, icmax):
        self.pulse = False
        self.ours = False
        self.car = False
        self.finished = False
        self.drew = False
        self.has_wishes = False
        self.closings = Contactor()
        self.pulses = Tally(NIGHT_MS, PULSES_A_NIGHT)
        self.resets = Tally(NIGHT_MS, RESETS_A_NIGHT)
        self.f4_resets = Tally(DAY_MS, F4_RESETS_A_DAY)
        self._icmax = icmax
        self._changed = False
        self._knew_time = False

    @property
    def unsaved(self):
        """dump() has something new."""
        return self._changed or self._icmax.unsaved or self.closings.unsaved

    def saved(self):
        """The record was written."""
        self._changed = False
        self._icmax.saved()
        self.closings.saved()

    def own(self, ours, pulse=False, car=False):
        """Set whether the monitor ends the present E0, and whether it is a pulse; car: one is there."""
        if ours != self.ours or pulse != self.pulse:
            self.car = car or self.car and ours
            self.ours = ours
            self.pulse = pulse
            self._changed = True

    def finish(self, finished, drew):
        """Set whether the car is full, or draws current, so that no reboot wakes it."""
        if finished != self.finished or drew != self.drew:
            self.finished = finished
            self.drew = drew
            self._changed = True

    def note_wishes(self):
        """The owner's wishes are on record: if they are missing later, they were lost. Written with the next action."""
        self.has_wishes = True

    def begin_pulse(self, now_ms, utc_s):
        """E0E0 is being written to wake a car."""
        self.own(True, True, True)
        self.pulses.add(now_ms, utc_s)

    def reset(self, now_ms, utc_s, of_f4):
        """5A5A is being written."""
        self.resets.add(now_ms, utc_s)
        if of_f4:
            self.f4_resets.add(now_ms, utc_s)
        self._changed = True

    # --- the record

    def _tallies(self):
        return self.closings.closed, self.closings.moved, self.pulses, self.resets, self.f4_resets

    def note_time(self, now_ms, utc_s):
        """UTC, or None while unknown: has an effect when it becomes known."""
        if utc_s is None or self._knew_time:
            return
        self._knew_time = True
        for tally in self._tallies():
            tally.note_time(now_ms, utc_s)

    def dump(self, now_ms, utc_s):
        """For the journal."""
        self.note_time(now_ms, utc_s)
        flags = self.pulse * _F_PULSE | self.ours * _F_OURS | self.car * _F_CAR | self.finished * _F_FINISHED | self.drew * _F_DREW
        flags |= self.has_wishes * _F_WISHES
        record = pack((VERSION, flags, self._icmax.back), _HEAD_WIDTHS)
        for tally in self._tallies():
            record += tally.dump()
        return record

    def load(self, record, now_ms):
        """Restore from a record, at boot; False, and nothing is restored, if it is invalid."""
        loaded = self._loaded(record, now_ms)
        if not loaded:
            for tally in self._tallies():
                tally.clear()
        return loaded

    def _loaded(self, record, now_ms):
        if len(record) < _HEAD_BYTES or record[0] != VERSION:
            return False
        at = _HEAD_BYTES
        for tally in self._tallies():
            at = tally.load(record, at, now_ms)
            if at is None:
                return False
        if at != len(record):
            return False
        _, flags, back = unpack(record, 0, _HEAD_WIDTHS)
        self.pulse = flags & _F_PULSE != 0
        self.ours = flags & _F_OURS != 0
        self.car = flags & _F_CAR != 0
        self.finished = flags & _F_FINISHED != 0
        self.drew = flags & _F_DREW != 0
        self.has_wishes = flags & _F_WISHES != 0
        self._icmax.restore(back)
        return True
