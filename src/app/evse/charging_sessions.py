"""Charging sessions, from plug-in to unplugging: begin, end, and the energy kept over a power cut. Finished ones are in the session book."""

from hal.contract import POWER_ON, HalError

from app.codec.packing import pack, unpack
from app.evse.states import CODE_A1
from app.evse.session_book import NO_MINUTES, SessionBook
from app.runtime.journal import ENERGY_RECORD

# Shorter, and without energy, it was a failed plug-in: no session.
LEAST_MS = 60000
# Writes of the energy while it flows: each 600 Wh, later each tenth of the session, and the rest when nothing flows for
# a minute; a status has only written energy.
STEP_WH = 600
STEP_PART = 10
SETTLED_MS = 60000
REST_WH = 10             # the resolution of an uplink
# Flash: writes allowed at once, then one each 40 min, 66 in any day (limits of boards: docs/operation.md); the end of a session is
# written in any case, and counts.
WRITES_AT_ONCE = 30
WRITE_EVERY_MS = 40 * 60000
# A current at the last write that still flows after a restart of the board alone has flowed in between, if that was not longer.
RESTART_MAX_S = 7200

_VERSION = 1
_F_OPEN = 1
_HALF_MINUTE_S = 30
_NO_REASON = 255
# Widths of the numbers of the record.
_ENERGY_WIDTHS = (1, 1, 2, 4, 4, 4, 4, 4, 2)   # version, flags, number, total, session and estimated Wh, begin, write (UTC s), flow (0.1 A)
_ENERGY_BYTES = 26


class ChargingSessions:
    """step() after each answered reading. is_open: a car is plugged in; number: of this session or the last; started_at: UTC s, 0 unknown.

    meter: its session stands until the next car comes. book: the SessionBook.
    """

    def __init__(self, meter, charger, evse_monitor, timekeeper, journal, cause, now_ms):
        """cause: of this boot, as hal.contract has it."""
        self.meter = meter
        self.is_open = False
        self.number = 0
        self.started_at = 0
        self.store_failures = 0
        self._reading = charger.reading
        self._evse_monitor = evse_monitor
        self._timekeeper = timekeeper
        self._journal = journal
        self.book = SessionBook(journal, self._put)
        self._began_ms = None        # None: before this boot
        self._is_seen = False        # the car was here since the boot
        self._reason = _NO_REASON    # the last one while it was here
        self._is_recorded = True     # this session is on record
        self._recorded_wh = 0        # of the session, as it is on record
        self._saved_wh = 0           # the same of the total
        self._saved_utc_s = 0
        self._idle_ms = now_ms       # begin of the time without current, None while it flows
        self._budget_ms = now_ms     # when all writes are allowed again
        self._restart = None         # the current at the last write before the boot, 0.1 A, while it is not accounted for
        self._changes = 0            # of the car, in the EVSE monitor
        self._restart_utc_s = 0      # when that was
        self._first_ms = None        # of the first reading
        self._load(cause)

    @property
    def estimated(self):
        """True if the session's energy is not measured."""
        return self.meter.estimated

    # --- each reading

    def step(self, now_ms, reason):
        """A reading was answered, and the EVSE monitor has taken it. reason: index in vocabulary.REASONS of the last status."""
        meter = self.meter
        if self._evse_monitor.changes != self._changes:
            self._changes = self._evse_monitor.changes
            if self.is_open:
                self._end(now_ms)
                return   # the next one begins with the next reading: both would take long
        if self._evse_monitor.car and not self.is_open:
            self._begin(now_ms)
        meter.step(self._reading)
        if self._restart is not None:
            self._account(now_ms)
        if meter.flow_da:
            self._idle_ms = None
        elif self._idle_ms is None:
            self._idle_ms = now_ms
        if self._evse_monitor.car:
            if not self.started_at and self._began_ms is not None and self._timekeeper.known:
                self.started_at = self._timekeeper.utc_s(now_ms) - (now_ms - self._began_ms) // 1000
            self._is_seen = True
            self._reason = reason
        elif self.is_open and self._evse_monitor.code == CODE_A1:
            self._end(now_ms)
        if self._is_due(now_ms) and self._may_write(now_ms):
            self.save(now_ms)

    def _account(self, now_ms):
        """The board restarted while the car charged: count the energy meanwhile, once the time is known."""
        if self._first_ms is None:
            self._first_ms = now_ms
            self._restart = min(self._restart, self.meter.flow_da)
        if not self._restart:
            self._restart = None
        elif self._timekeeper.known:
            gone_s = self._timekeeper.utc_s(now_ms) - self._restart_utc_s - (now_ms - self._first_ms) // 1000
            if 0 < gone_s <= RESTART_MAX_S:
                self.meter.bridge(self._restart, gone_s)
            self._restart = None

    def _begin(self, now_ms):
        self.is_open = self._is_seen = True
        self.number = self.number + 1 & 0xFFFF
        self.started_at = self._timekeeper.utc_s(now_ms) or 0
        self._began_ms = now_ms
        self._is_recorded = False
        self._recorded_wh = 0
        self.meter.begin()

    def _end(self, now_ms):
        self.is_open = False
        self._restart = None
        meter = self.meter
        if self._began_ms is not None and now_ms - self._began_ms < LEAST_MS and not meter.session_wh:
            self.number = self.number - 1 & 0xFFFF
            self._is_recorded = True
            return
        # First the finished session: a cut in between leaves it in both records, under one number.
        self.book.add((self.number, self.started_at, self._minutes(now_ms), meter.session_wh, 1 if meter.estimated else 0, self._reason), now_ms)
        self._reason = _NO_REASON
        if meter.total_wh != self._saved_wh or meter.estimated or self.store_failures:
            self.save(now_ms)   # else the session book alone tells that it has ended

    def _minutes(self, now_ms):
        """Duration of this session; if the car left while the monitor was off, until the last record."""
        if self._began_ms is not None:
            return min((now_ms - self._began_ms + _HALF_MINUTE_S * 1000) // 60000, NO_MINUTES - 1)
        until = self._timekeeper.utc_s(now_ms) if self._is_seen else self._saved_utc_s
        if not until or not self.started_at or until < self.started_at:
            return NO_MINUTES
        return min((until - self.started_at + _HALF_MINUTE_S) // 60, NO_MINUTES - 1)

    # --- uplinks

    def report_wh(self, now_ms):
        """The session's energy for an uplink that is sent now: recorded first, so that no reboot takes it back."""
        self._settle(now_ms)
        return self._recorded_wh

    def report_total_wh(self, now_ms):
        """The same for the total."""
        self._settle(now_ms)
        return self._saved_wh

    def _settle(self, now_ms):
        if self.meter.total_wh - self._saved_wh >= REST_WH and self._may_write(now_ms):
            self.save(now_ms)

    # --- records

    def _is_due(self, now_ms):
        """True if there is something to write."""
        if not self._is_recorded:
            return now_ms - self._began_ms >= LEAST_MS
        unsaved_wh = self.meter.total_wh - self._saved_wh
        if unsaved_wh < REST_WH:
            return False
        if self._idle_ms is not None and now_ms - self._idle_ms >= SETTLED_MS:
            return True
        return unsaved_wh >= STEP_WH and unsaved_wh >= self.meter.session_wh // STEP_PART

    def _may_write(self, now_ms):
        """True if one more write of flash is allowed now."""
        return self._budget_ms - now_ms <= (WRITES_AT_ONCE - 1) * WRITE_EVERY_MS

    def save(self, now_ms):
        """Write the counts; before a reset too."""
        meter = self.meter
        utc_s = self._timekeeper.utc_s(now_ms) or 0
        self._put(ENERGY_RECORD, pack((
            _VERSION, _F_OPEN if self.is_open else 0, self.number, meter.total_wh, meter.session_wh, meter.estimated_wh, self.started_at,
            utc_s, meter.flow_da), _ENERGY_WIDTHS), now_ms)
        self._is_recorded = True
        self._saved_wh = meter.total_wh
        self._recorded_wh = meter.session_wh
        self._saved_utc_s = utc_s

    def _put(self, name, record, now_ms):
        self._budget_ms = max(self._budget_ms, now_ms) + WRITE_EVERY_MS
        try:
            self._journal.put(name, record)
        except HalError:
            self.store_failures += 1   # only the memory over a reboot is lost

    def _load(self, cause):
        self.number = self.book.number or 0   # the count goes on even if the record below is lost
        record = self._journal.get(ENERGY_RECORD)
        if record is None:
            return
        if len(record) != _ENERGY_BYTES or record[0] != _VERSION:
            self._journal.reject(ENERGY_RECORD)
            return
        meter = self.meter
        _, flags, self.number, total_wh, session_wh, estimated_wh, self.started_at, self._saved_utc_s, flow_da = unpack(record, 0, _ENERGY_WIDTHS)
        newest = self.book.number
        has_ended = newest is not None and newest - self.number & 0xFFFF < 0x8000
        if newest == self.number:
            # After a power cut between the two writes at its end only the session book has all of its energy.
            late_wh = max(0, self.book.energy_wh - session_wh)
            total_wh += late_wh
            session_wh += late_wh
        elif has_ended:
            self.number = newest
        meter.restore(total_wh, session_wh, estimated_wh)
        self._recorded_wh = meter.session_wh
        self._saved_wh = meter.total_wh
        self.is_open = flags & _F_OPEN != 0 and not has_ended
        if self.is_open and flow_da:
            if self._saved_utc_s and cause != POWER_ON:
                self._restart = flow_da
                self._restart_utc_s = self._saved_utc_s
            else:
                # After a power cut nobody knows for how long the box had none either.
                meter.miss(max(STEP_WH, session_wh // STEP_PART))
