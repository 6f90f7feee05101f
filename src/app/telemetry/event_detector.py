"""Detects events: an evening without a car, a night without charging, a full car, a missed target, a leak, a fault, power, lost memory. Pure.

Each occasion gives one event; dump() has the reported ones, so that a reboot reports none twice. docs/operation.md has the rules.
"""

from hal.contract import POWER_ON
from modbus.write_map import DUTY_PAUSE

from app.policy.claims import CHARGE, HOLD
from app.codec.vocabulary import (
    EVENT_FAULT, EVENT_FINISHED, EVENT_LEAKED_AT_PEAK, EVENT_MEMORY_LOST, EVENT_NOT_CHARGING, EVENT_NOT_PLUGGED_IN, EVENT_POWER_RESTORED,
    EVENT_TARGET_MISSED,
)
from app.codec.packing import pack, unpack
from app.evse.evse_monitor import AWAY_MS
from app.evse.states import CODE_A1, is_fault
from app.policy.local_time import DAY_S

# Design: longest time until a car in a window charges, and most energy for each plug-in while it is held.
LATE_MS = 20 * 60000
LEAK_WH = 15
# A leak is reported after LEAK_ENDS_MS without current, or from LEAK_MUCH_WH on; and again after growing by the factor LEAK_GROWS.
LEAK_ENDS_MS = 60000
LEAK_MUCH_WH = 500
LEAK_GROWS = 4
# Current within this time after the car was allowed to charge is no leak: two readings, and the car's time to stop.
STOPPING_MS = 10000
# A car that has stopped by itself for FULL_MS is full; after MORE_WH more that is reported again.
FULL_MS = 60000
MORE_WH = 1000
# A missing car is reported up to EVENING_S after the hour; a window that opens within NIGHT_S belongs to that night.
EVENING_S = 3600
NIGHT_S = 12 * 3600
# The same fault is reported again after this time without it.
FAULT_OVER_MS = 3600000

_MINUTE_MS = 60000
# Record: version, evening and night that were reported (UTC s), session that was full, its Wh then, fault.
_VERSION = 1
_WIDTHS = (1, 4, 4, 2, 4, 1)
RECORD_BYTES = 16


class EventDetector:
    """step() after each answered reading. unsaved: dump() has a change."""

    def __init__(self, arbiter, evse_monitor, sessions, box, icmax, owner_record, evening, cause, now_ms):
        """evening: 'HH:MM' at which a car should be there, or None. owner_record: its has_lost is reported once."""
        self.unsaved = True          # until there is a record
        self._arbiter = arbiter
        self._evse_monitor = evse_monitor
        self._owner_record = owner_record
        self._has_reported_loss = False
        self._sessions = sessions
        self._box = box
        self._icmax_rules = icmax
        self._minute = None if evening is None else 60 * int(evening[:2]) + int(evening[3:])
        self._cut = cause == POWER_ON
        self._restored = False
        self._reported_evening = self._reported_night = 0
        self._reported_session = self._reported_wh = 0
        self._fault = 0              # reported, and not long over
        self._fault_ms = now_ms      # seen last
        self._plan = None            # the plan for which _evening was calculated
        self._evening = 0
        self._idle_ms = None         # begin of the time in which a car should charge and does not
        self._full_ms = None
        self._total_wh = sessions.meter.total_wh
        self._want = None
        self._since_ms = now_ms      # end of the latest permission to charge
        self._leak_wh = 0
        self._greeted_wh = 0         # of them on purpose, in the first minute of a car
        self._flowed_ms = None       # the latest leak
        self._leak_reported_wh = 0
        self._at_ms = None           # of the latest reading
        self._icmax = None
        self._icmax_ms = None
        self._away_ms = 0            # length of a silence of the box since Icmax was read last

    def step(self, now_ms, utc_s):
        """(kind, amount or None), one at a time, or None. Amounts: Wh or minutes, as vocabulary.EVENTS_IN_WH has it."""
        # The energy is counted at each step; the others wait if there is an event.
        return (self._leaks(now_ms) or self._power() or self._faults(now_ms) or self._finishes(now_ms) or self._misses()
                or self._waits(now_ms, utc_s) or self._comes_home(utc_s))

    # --- the occasions

    def _power(self):
        """The monitor booted without its memory or after a power cut, or the box was silent and has lost its limit."""
        if self._owner_record.has_lost and not self._has_reported_loss and (self._evse_monitor.code or self._evse_monitor.settled):
            self._has_reported_loss = True
            return EVENT_MEMORY_LOST, None
        if self._restored and (self._evse_monitor.code or self._evse_monitor.settled):
            self._restored = False
            return EVENT_POWER_RESTORED, None
        reading = self._box.reading
        if reading is None:
            return None
        at_ms = reading.at_ms
        if self._at_ms is not None and at_ms - self._at_ms >= AWAY_MS:
            self._away_ms = at_ms - self._at_ms
        self._at_ms = at_ms
        if self._evse_monitor.starting:
            self._away_ms = 0   # the monitor caused it
        icmax_ms = self._box.icmax_ms
        if icmax_ms == self._icmax_ms:
            return None
        before, self._icmax, self._icmax_ms = self._icmax, self._box.icmax, icmax_ms
        away_ms, self._away_ms = self._away_ms, 0
        decision = self._arbiter.decision
        if not away_ms or decision.want not in (HOLD, CHARGE):
            return None
        wanted = DUTY_PAUSE if decision.want == HOLD else self._icmax_rules.duty_for(decision.current_da, self._box)
        return (EVENT_POWER_RESTORED, away_ms // _MINUTE_MS) if before == wanted != self._icmax else None

    def _faults(self, now_ms):
        code = self._evse_monitor.code
        if is_fault(code):
            self._fault_ms = now_ms
            if code != self._fault:
                self._fault = code
                self.unsaved = True
                return EVENT_FAULT, None
        elif self._fault and now_ms - self._fault_ms >= FAULT_OVER_MS:
            self._fault = 0
            self.unsaved = True
        return None

    def _leaks(self, now_ms):
        """Count the energy that flows while the car is held."""
        total_wh = self._sessions.meter.total_wh
        flowed_wh, self._total_wh = total_wh - self._total_wh, total_wh
        want = self._arbiter.decision.want
        if self._want == CHARGE:
            self._since_ms = now_ms
        was_held, self._want = self._want == HOLD, want
        if self._arbiter.greeting:
            self._leak_wh += flowed_wh
            self._greeted_wh += flowed_wh
        elif flowed_wh and want == HOLD and was_held and now_ms - self._since_ms >= STOPPING_MS:
            self._leak_wh += flowed_wh
            self._flowed_ms = now_ms
        if not self._leak_wh:
            return None
        left = not self._evse_monitor.car
        leaked_wh = self._leak_wh
        event = None
        over_wh = leaked_wh - self._greeted_wh
        if over_wh > max(LEAK_WH, LEAK_GROWS * self._leak_reported_wh) and (
                left or over_wh >= LEAK_MUCH_WH or now_ms - self._flowed_ms >= LEAK_ENDS_MS):
            self._leak_reported_wh = over_wh
            event = EVENT_LEAKED_AT_PEAK, leaked_wh
        if left:
            self._leak_wh = self._greeted_wh = self._leak_reported_wh = 0
        return event

    def _finishes(self, now_ms):
        if not self._box.finished:
            self._full_ms = None
            return None
        if self._full_ms is None:
            self._full_ms = now_ms
        sessions = self._sessions
        if now_ms - self._full_ms < FULL_MS:
            return None
        wh = sessions.meter.session_wh
        if sessions.number == self._reported_session and wh - self._reported_wh < MORE_WH:
            return None
        self._reported_session, self._reported_wh = sessions.number, wh
        self.unsaved = True
        return EVENT_FINISHED, wh

    def _misses(self):
        """The target is missed, or will be. The event is on record before the target has that."""
        target = self._arbiter.claims.target
        missing = target.missing
        if missing is None:
            return None
        target.reported()
        return EVENT_TARGET_MISSED, missing or None

    def _waits(self, now_ms, utc_s):
        """A car in a window of the plan that is allowed to charge and does not."""
        plan = self._arbiter.plan
        if (self._arbiter.decision.want != CHARGE or not self._evse_monitor.car or self._sessions.meter.flow_da > 0 or self._box.finished
                or plan is None or utc_s is None or not plan.state(utc_s)[0]):
            self._idle_ms = None
            return None
        if self._idle_ms is None:
            self._idle_ms = now_ms
        if now_ms - self._idle_ms < LATE_MS or utc_s < self._reported_night:
            return None
        run = plan.run_at(utc_s)
        if run is None:
            return None
        # This run counts as reported until its end; one without an end, for a day.
        self._reported_night = max(run[1], utc_s) if run[1] - utc_s < DAY_S else utc_s + DAY_S
        self.unsaved = True
        return EVENT_NOT_CHARGING, (now_ms - self._idle_ms) // _MINUTE_MS

    def _comes_home(self, utc_s):
        """At the hour of the setting there is no car, and a window opens soon."""
        plan = self._arbiter.plan
        if self._minute is None or plan is None or utc_s is None:
            return None
        if plan is not self._plan or self._evening - utc_s > 2 * DAY_S:
            self._plan = plan
            self._evening = plan.local.next_time(utc_s - EVENING_S, self._minute)
        if utc_s < self._evening:
            return None
        hour_s, self._evening = self._evening, plan.local.next_time(utc_s, self._minute)
        if utc_s - hour_s >= EVENING_S or hour_s <= self._reported_evening or self._evse_monitor.car or self._evse_monitor.code != CODE_A1:
            return None
        inside, until_s, _ = plan.state(utc_s)
        opens_s = utc_s if inside else until_s
        claims = self._arbiter.claims
        if not opens_s or opens_s - utc_s > NIGHT_S or claims.locked or claims.skip_from <= opens_s < claims.skip_until:
            return None
        self._reported_evening = hour_s
        self.unsaved = True
        return EVENT_NOT_PLUGGED_IN, (opens_s - utc_s) // 60

    # --- the record

    def dump(self):
        """For the record."""
        self.unsaved = False
        return pack((_VERSION, self._reported_evening, self._reported_night, self._reported_session, self._reported_wh, self._fault), _WIDTHS)

    def load(self, record):
        """Restore from a record; False if it is invalid."""
        if len(record) != RECORD_BYTES or record[0] != _VERSION:
            return False
        _, self._reported_evening, self._reported_night, self._reported_session, self._reported_wh, self._fault = unpack(record, 0, _WIDTHS)
        # Without a record this is the very first boot: there was no power cut.
        self._restored = self._cut
        self.unsaved = False
        return True
