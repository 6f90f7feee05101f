"""Follows a target: what is left of it, with which power, in which time; its end, and what is missed. Pure but for the journal."""

from hal.contract import HalError
from modbus.write_map import AMPS_MIN, da_of_duty

from app.policy.car_power import CarPower
from app.policy.target import CLOSES_EARLY_S, REACHED
from app.runtime.journal import POWER_RECORD, TARGET_RECORD

# Less is not missed, or not foretold.
MISSED_WH = 100
FORETOLD_WH = 500
# Longest wait at the end for the event of a missed target, from when the end was seen: that may be hours after it, without power or the time.
_UNREPORTED_MS = 60000


class TargetFollower:
    """step() with each reading, before the decision. wh_left: of the target's energy; None where none was given, or where it cannot be counted:
    without a meter, and without a current that the car takes."""

    def __init__(self, claims, meter, plan_store, journal, settings, actions):
        self.wh_left = None
        self.power = CarPower(settings.MAINS_VOLTS, settings.PHASES)
        self._is_measured = None     # phase currents are, as the latest reading of a car said, or the identity of the box
        self._claims = claims
        self._target = claims.target
        self._meter = meter
        self._plan_store = plan_store
        self._journal = journal
        self._settings = settings
        self._actions = actions
        self._limit_da = 0           # what a phase may have
        self._ended_ms = None        # the end was seen, and that it is missed is not reported yet
        for name, part in ((TARGET_RECORD, self._target), (POWER_RECORD, self.power)):
            record = journal.get(name)
            if record is not None and not part.load(record):
                journal.reject(name)
        self.power.learn(self._target.wh)

    def step(self, now_ms, utc_s, box):
        """Follow the target; utc_s: None while the time is unknown."""
        power = self.power
        currents_da = box.reading.currents_da
        flow_da = self._meter.flow_da
        if box.car:
            power.step(now_ms, flow_da, currents_da)
            if box.finished:
                power.ended(self._meter.session_wh)
        elif power.measured:
            power.left()
        if power.unsaved:
            self._put(POWER_RECORD, power)
        target = self._target
        if not target.until:
            return
        limit_da = da_of_duty(box.box_limit_duty or 0) or 10 * AMPS_MIN
        set_da = 10 * (self._settings.CURRENT_LIMIT_A or 0)
        self._limit_da = min(limit_da, target.current_da or limit_da, set_da or limit_da)
        target.see(box.car, box.finished, flow_da > 0)
        self.wh_left = None
        # Without a car, locked or in a fault a box does not say whether it measures: what it said before holds, or its identity.
        if box.reading.ev_connected:
            self._is_measured = None not in currents_da
        elif self._is_measured is None:
            self._is_measured = box.has_meter
        if target.wh and (self._is_measured or target.current_da or set_da):
            self.wh_left = self._left_wh(target.wh)
            if not self.wh_left:
                target.reach()
        if utc_s is not None and not target.knows(utc_s, power.watts(self._limit_da)):
            self._look(now_ms, utc_s)

    def _look(self, now_ms, utc_s):
        target = self._target
        left_s = target.until - utc_s
        if left_s <= CLOSES_EARLY_S:
            return self._end(now_ms)
        power = self.power
        avoid = self._plan_store.avoid
        avoided_s = avoid.open_s(utc_s, target.until) if avoid is not None else 0
        watts = power.watts(self._limit_da)
        wh_left = self.wh_left
        if wh_left is None:
            wh_left = target.wh or self._left_wh(power.need_wh)
        elif wh_left:
            # Before it is measured, it may be all that three phases give.
            most = watts if power.measured else 3 * self._limit_da * self._settings.MAINS_VOLTS // 10
            missing = wh_left - most * ((left_s - avoided_s) // 60) // 60
            target.miss(missing if missing > FORETOLD_WH else None)
        actions = self._actions
        target.look(left_s, wh_left, watts, power.measured, avoided_s, min(actions.closings.closed.left(now_ms), actions.pulses.left(now_ms) + 1))

    def _end(self, now_ms):
        """The end: what is missing is reported first; then the plan decides, but a run that is open stays closed to a car that has its energy."""
        target = self._target
        wh = self.wh_left
        if wh is None:
            wh = 0 if target.draws else None
        elif wh <= MISSED_WH:
            wh = None
        if target.miss(wh):
            if self._ended_ms is None:
                self._ended_ms = now_ms
            if now_ms - self._ended_ms < _UNREPORTED_MS:
                return
        self._ended_ms = None
        plan = self._plan_store.in_force
        run = plan.run_at(target.until) if plan is not None and target.state == REACHED and target.wh else None
        if run is not None:
            target.hold(run[1])
            return
        target.end()
        if plan is None:
            self._claims.stop_unplanned()

    def _left_wh(self, wh):
        return max(wh - max(self._meter.total_wh - self._target.began_wh, 0), 0)

    def possible_wh(self, utc_s):
        """Energy that the target can have by its end; -1 where that is not known."""
        target = self._target
        if self.wh_left is None or utc_s is None:
            return -1
        avoid = self._plan_store.avoid
        left_s = target.until - utc_s - (avoid.open_s(utc_s, target.until) if avoid is not None else 0)
        return target.wh - max(self.wh_left - self.power.watts(self._limit_da) * (left_s // 60) // 60, 0)

    # --- requests

    def set(self, until, wh, current_da, quarters, issued_at):
        """A new target; False if the store failed: one that is not in flash would be lost with the next power cut."""
        target = self._target
        before = target.dump()
        # Behind a newer one for the same night the older copy may be the one before: it promises the same end.
        both = until != target.until
        target.set(until, wh, current_da, quarters, issued_at, self._meter.total_wh)
        if not self.save(both):
            target.load(before)
            return False
        self.power.learn(wh)
        self.wh_left = self._ended_ms = None
        return True

    def save(self, both=False):
        """Write the target. False if the store failed."""
        return self._put(TARGET_RECORD, self._target, both)

    def _put(self, name, part, both=False):
        try:
            self._journal.put(name, part.dump(), both)
        except HalError:
            return False
        return True
