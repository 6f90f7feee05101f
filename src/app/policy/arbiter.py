"""The arbiter: makes the decision from the owner's claims, the target, the plan and its limits, the key and the car. Pure but for the journal."""

from hal.contract import POWER_ON

from app.codec.vocabulary import (
    HOLDER_BOOST, HOLDER_PLAN, HOLDER_SKIP, HOLDER_TARGET, REASON_LIMIT_REACHED, REASON_OUTSIDE_PLAN, UNTIL_ENERGY,
)
from app.policy.claims import CHARGE, CUT, ENDED, GOING, HOLD, LEAVE, Claims
from app.policy.target import CHEAP, CLOSES_EARLY_S, LATE
from app.policy.target_follower import TargetFollower
from app.evse.key_switch import KeySwitch, boosts
from app.policy.window_quota import WindowQuota
from app.evse.states import CODE_A1

# Some cars report an error after a minute without current (the setting KEEP_ALIVE).
GREETING_MS = 60000
# Settings of EN1 without a key.
_NO_KEY = ('relay', 'nothing')


class Arbiter:
    """decision: a claims.Decision. changed: the claims should be recorded; greeting: a car that is to be held has current for its first minute."""

    def __init__(self, evse_monitor, meter, plan_store, journal, settings, cause, actions):
        """cause: of this boot (hal.contract); actions: the control.control_record.ControlRecord."""
        self.claims = Claims(settings.HOLD, settings.UNKNOWN_TIME)
        self.decision = self.claims.decision
        self.changed = False
        self.greeting = False
        self._empty = False          # there was no car at the latest step of this boot
        self._came_ms = None         # arrival of the greeted car
        self._changes = 0            # of the car, in the EVSE monitor
        self.key = KeySwitch()
        self.quota = WindowQuota(journal)
        self.follower = TargetFollower(self.claims, meter, plan_store, journal, settings, actions)
        self._evse_monitor = evse_monitor
        self._meter = meter
        self._plan_store = plan_store
        self._settings = settings
        self._cut = cause == POWER_ON and settings.AFTER_POWER_CUT == 'hold'

    @property
    def plan(self):
        """The plan in force, or None."""
        return self._plan_store.in_force

    def saved(self):
        """The claims are on record."""
        self.changed = False

    @property
    def has_plan(self):
        """True if there is a plan or a target that would hold a car."""
        return self.plan is not None or self.claims.target.state > 0

    @property
    def wh_left(self):
        """Energy left of a boost for energy, else None."""
        claims = self.claims
        return max(claims.boost_end - self._meter.total_wh, 0) if claims.boost == UNTIL_ENERGY else None

    def standing_claims(self):
        """[(holder, until, current in 0.1 A, Wh left), ...] as report_frames.claims takes them: the deciding claim, then the others in force."""
        decision = self.decision
        found = [(decision.holder, decision.until, decision.current_da)]
        for row in self.claims.standing():
            if row[0] != decision.holder and (row[0] != HOLDER_SKIP or self.plan is not None):
                found.append(row)
        left = {HOLDER_BOOST: self.wh_left, HOLDER_TARGET: self.follower.wh_left}
        return [(holder, until or None, current_da or None, left.get(holder)) for holder, until, current_da in found]

    def aim(self, until, wh, current_da, quarters, issued_at):
        """A new target; False if the store failed."""
        if not self.follower.set(until, wh, current_da, quarters, issued_at):
            return False
        if self.claims.stopped in (ENDED, CUT):   # nobody asked for these
            self.claims.end_stop()
            self.changed = True
        return True

    def use_settings(self):
        """The settings may have changed."""
        self.claims.use_settings(self._settings.HOLD, self._settings.UNKNOWN_TIME)

    def step(self, now_ms, utc_s, box):
        """Update the decision; box: the EvseModel as of now. False: only the plan was prepared, the rest is for the next turn."""
        plan = self.plan
        if plan is not None and utc_s is not None and not plan.knows(utc_s):
            plan.prepare(utc_s)
            return False
        avoid = self._plan_store.avoid
        if avoid is not None and utc_s is not None and not avoid.knows(utc_s):
            avoid.prepare(utc_s)
            return False
        self._follow_car(now_ms)
        reading = box.reading
        if reading is not None:
            self._follow_key(reading, box)
        if self.claims.expire(utc_s, self._meter.total_wh, self.has_plan):
            self.changed = True
        if plan is not None and utc_s is not None:
            opening = plan.window_at(utc_s)
            if self.quota.step(now_ms, opening, self._meter.total_wh, self._meter.flow_da > 0):
                plan.used_up(utc_s)
                return False
        if reading is not None:
            self.follower.step(now_ms, utc_s, box)
        self.decide(now_ms, utc_s)
        return True

    def _follow_key(self, reading, box):
        """A turn of the key is a request of the owner: it overrides the plan and ends a stop. If the monitor holds no car, the box decides."""
        claims = self.claims
        if self.key.turned(reading, self._evse_monitor.car) and boosts(self._settings, box):
            self.changed = self.changed or self.has_plan or claims.stopped != GOING
            if self.has_plan:
                claims.turn_key()
            claims.end_stop()
        elif claims.key and (self.key.is_open or self._settings.EN1 in _NO_KEY):
            claims.open_key()
            self.changed = True

    def decide(self, now_ms, utc_s):
        """Make the decision again."""
        plan = None if self.plan is None else (False, 0, 0) if utc_s is None else self.plan.state(utc_s)
        claims = self.claims
        if claims.stopped == CUT and (plan is not None and plan[0] or CHEAP <= claims.target.state <= LATE):
            claims.end_stop()
            self.changed = True
        decision = claims.decide(utc_s, plan, self._evse_monitor.car, now_ms // 1000)
        if plan is not None and utc_s is not None and decision.reason == REASON_OUTSIDE_PLAN and self.plan.limit_reached(utc_s):
            decision.reason = REASON_LIMIT_REACHED
        avoid = self._plan_store.avoid
        if avoid is not None and utc_s is not None and decision.want == CHARGE and decision.holder in (HOLDER_PLAN, HOLDER_TARGET):
            inside, until, _ = avoid.state(utc_s)
            if inside or 0 < until - utc_s <= CLOSES_EARLY_S:
                claims.avoid(self._evse_monitor.car)
        self.greeting = self._came_ms is not None and decision.want == HOLD and decision.holder in (HOLDER_PLAN, HOLDER_TARGET)
        if self.greeting:
            if now_ms - self._came_ms < GREETING_MS:
                decision.want = LEAVE
            else:
                self.greeting = False
                self._came_ms = None
        most_da = 10 * (self._settings.CURRENT_LIMIT_A or 0)
        if most_da and not 0 < decision.current_da <= most_da:
            decision.current_da = most_da

    def _follow_car(self, now_ms):
        """End the claims about a car that leaves; hold a car that is there after a power cut, if the settings say so."""
        evse_monitor = self._evse_monitor
        claims = self.claims
        if not evse_monitor.car:
            self._empty = self._empty or evse_monitor.code == CODE_A1
            self._came_ms = None
        elif self._empty:
            self._empty = False
            if self._settings.KEEP_ALIVE:
                self._came_ms = now_ms
        if evse_monitor.changes != self._changes:
            self._changes = evse_monitor.changes
            self.changed = self.changed or claims.of_car
            claims.perhaps_another()
        if evse_monitor.car != claims.had_car and (evse_monitor.car or evse_monitor.code == CODE_A1):
            self.changed = self.changed or claims.of_car
            claims.see_car(evse_monitor.car)
        if self._cut and evse_monitor.code:
            self._cut = False
            if evse_monitor.car and not claims.of_car and not claims.locked:
                claims.hold_after_cut()
                self.changed = True
