"""Claims: the owner's requests in force, by priority, and the decision that follows from them, with holder and end. Pure.

Lock > stop > key and boost > target > skip > plan (design decision). They are independent: a request replaces a claim of the same kind, and
leaves the others in force, but a skip ends a target. docs/commands.md has the table of pairs. They survive a reboot.
"""

from app.codec.packing import pack, unpack
from app.codec.vocabulary import (
    HOLDER_BOOST, HOLDER_KEY, HOLDER_LOCK, HOLDER_NONE, HOLDER_PLAN, HOLDER_SKIP, HOLDER_STOP, HOLDER_TARGET, NO_BOOST, OVERRIDE_BOOST, OVERRIDE_LOCK,
    OVERRIDE_NONE, OVERRIDE_SKIP, OVERRIDE_STOP, OVERRIDE_TARGET, REASON_HELD_AFTER_POWER_CUT, REASON_LIMIT_REACHED, REASON_LOCKED,
    REASON_OUTSIDE_PLAN, REASON_SKIPPED, REASON_STOPPED, REASON_TIME_UNKNOWN, REASON_WAITS_FOR_PRICE, UNTIL_ENERGY, UNTIL_TIME, UNTIL_UNPLUGGED,
)
from app.policy.target import CHEAP, CLOSES_EARLY_S, LATE, REACHED, Target

# Decisions about the box. LEAVE: no action but a limit still owed.
LEAVE, HOLD, CHARGE, LOCK = range(4)

# By holder: index in vocabulary.OVERRIDES.
_OVERRIDE = (
    OVERRIDE_NONE, OVERRIDE_NONE, OVERRIDE_BOOST, OVERRIDE_SKIP, OVERRIDE_STOP, OVERRIDE_LOCK, OVERRIDE_NONE, OVERRIDE_BOOST,
    OVERRIDE_TARGET,
)

_STOP_REASONS = (None, REASON_STOPPED, REASON_LIMIT_REACHED, REASON_HELD_AFTER_POWER_CUT, REASON_STOPPED)

_HOUR_S = 3600
# The record: version, flags, stop, kind of boost, its end (s or Wh), its current, skip from, skip until. The earlier firmware had no key
# beside a boost: a key alone is written as before, as a boost until unplugged with a flag. A target is a record of its own.
_VERSION = 1
_WIDTHS = (1, 1, 1, 1, 4, 2, 4, 4)
RECORD_BYTES = 18
_F_LOCKED = 1
_F_ATTEMPT = 2
_F_HAD_CAR = 4
_F_KEY_ALONE = 8
_F_KEY_TOO = 16
# Parts of the record about the outlet, the key, the car, a window: (flags, from, to).
_PARTS = ((_F_LOCKED, 0, 0), (_F_KEY_ALONE | _F_KEY_TOO, 0, 0), (_F_ATTEMPT, 2, 10), (0, 10, RECORD_BYTES))

# Stopped by the owner, because a boost without a plan has ended, until a command after a power cut, or because the claims are lost (which
# lasts longer than the car).
GOING, STOPPED, ENDED, CUT, LOST = range(5)


class Decision:
    """want LEAVE .. LOCK; holder: index in vocabulary.HOLDERS; until: UTC s or 0; current_da: 0.1 A, 0 for the box's own limit;
    reason: index in vocabulary.REASONS of not charging, None if it follows from the box's state; override: index in vocabulary.OVERRIDES of the
    highest claim in force, which may be one that does not decide yet."""

    __slots__ = ('want', 'holder', 'until', 'current_da', 'reason', 'override')

    def __init__(self):
        self.set(LEAVE, HOLDER_NONE, 0, 0, None)

    def set(self, want, holder, until, current_da, reason):
        """Set all values together, so that none is forgotten."""
        self.want = want
        self.holder = holder
        self.until = until
        self.current_da = current_da
        self.reason = reason
        self.override = _OVERRIDE[holder]


class Claims:
    """The attributes without _ are for reading; the methods are the owner's requests, and events of the car. target: a Target."""

    def __init__(self, hold='with_car', unknown_time='hold'):
        """hold, unknown_time: the settings HOLD and UNKNOWN_TIME."""
        self.use_settings(hold, unknown_time)
        self.decision = Decision()
        self.target = Target()
        self._clear()

    def _clear(self):
        self.locked = False
        self.had_car = True           # a car was there, as far as known, and the claims about it end when it leaves
        self._no_word()
        self._no_skip()

    def use_settings(self, hold, unknown_time):
        """The settings HOLD and UNKNOWN_TIME in force."""
        self.hold = hold
        self.unknown_time = unknown_time

    # --- the owner's requests

    def lock(self):
        """Out of use until unlocked."""
        self.locked = True

    def unlock(self):
        """In use again; the other claims take effect again."""
        self.locked = False
        if self.stopped == LOST:
            self.stopped = GOING

    def stop(self):
        """No current until unplugging, start or resume_plan."""
        self._no_word()
        self.stopped = STOPPED

    def start(self, has_plan, current_da=0):
        """Charge: until unplugged if a plan would stop it, else this once."""
        self.boost_until(UNTIL_UNPLUGGED if has_plan else NO_BOOST, 0, current_da)
        self.attempt = not has_plan

    def boost_until(self, kind, end, current_da=0):
        """Charge whatever the plan says: UNTIL_TIME (UTC s), UNTIL_ENERGY (Wh of the meter's life) or UNTIL_UNPLUGGED."""
        self._no_word()
        self.boost = kind
        self.boost_end = end
        self.boost_current_da = current_da

    def end_stop(self):
        """End a stop."""
        self.stopped = GOING

    def turn_key(self):
        """Charge until the key is opened, or the car unplugged. A boost waits meanwhile."""
        self.stopped = GOING
        self.key = True

    def open_key(self):
        """The key was opened: its claim ends."""
        self.key = False

    def hold_after_cut(self):
        """Hold after a power cut, until the owner's next request (the setting AFTER_POWER_CUT)."""
        self.stopped = CUT

    def forget(self):
        """The claims are lost: no current until the owner's next request."""
        self._no_word()
        self.stopped = LOST

    def skip(self, from_s, until_s):
        """Skip this window of the plan, in addition to one before or after it that is skipped already; (0, 0): only the target, without a plan."""
        self.target.end()
        if not until_s:
            self.stop_unplanned()
            return
        self.skip_from = min(from_s, self.skip_from) if self.skip_until else from_s
        self.skip_until = max(until_s, self.skip_until)

    def resume_plan(self):
        """The plan decides again; a lock stays."""
        self.target.end()
        self._no_word()
        self._no_skip()

    def _no_skip(self):
        self.skip_from = self.skip_until = 0    # UTC s, of the skipped window

    # --- other ends of claims

    @property
    def of_car(self):
        """True while there is a claim that ends when the car leaves."""
        return self.attempt or self.key or self.stopped != GOING or self.boost != NO_BOOST

    def see_car(self, car):
        """A car came, or left."""
        self.had_car = car
        if not car:
            self.unplugged()

    def unplugged(self):
        """The car has left, and the claims about it end; a skipped window stays skipped, and lost claims stay lost."""
        lost = self.stopped == LOST
        self._no_word()
        if lost:
            self.stopped = LOST

    def _no_word(self):
        """Clear the claims about the car."""
        self.stopped = GOING
        self.attempt = False          # a start without a plan is under way
        self.key = False              # the key was turned
        self._no_boost()

    def _no_boost(self):
        self.boost = NO_BOOST
        self.boost_end = 0            # UTC s or Wh of the meter's life
        self.boost_current_da = 0     # of an attempt too

    def perhaps_another(self):
        """The car may have been exchanged unseen: claims that give current until it leaves end. Those with another end stay, and so does a stop."""
        self.attempt = self.key = False
        if self.boost in (NO_BOOST, UNTIL_UNPLUGGED):
            self._no_boost()

    def stop_unplanned(self):
        """A target has ended without a plan: a car that is there is held, as after a boost, for nothing else would end its charging."""
        if self.had_car and not self.of_car:
            self.stopped = ENDED

    def take_back(self, before, after):
        """Undo the changes of a refused command, unless changed again since. before, after: the results of dump()."""
        record = bytearray(self.dump())
        flags = record[1]
        for mask, start, end in _PARTS:
            if not (flags ^ after[1]) & mask and record[start:end] == after[start:end]:
                record[1] = record[1] & ~mask | before[1] & mask
                record[start:end] = before[start:end]
        self.load(record)

    def attempt_over(self):
        """The start without a plan has been answered."""
        self.attempt = False
        if self.boost == NO_BOOST:
            self.boost_current_da = 0

    def expire(self, utc_s, energy_wh, has_plan):
        """Drop claims that have reached their end; True if there was one."""
        if self.boost == UNTIL_TIME and utc_s is not None and utc_s >= self.boost_end:
            ended = True
        else:
            ended = self.boost == UNTIL_ENERGY and energy_wh is not None and energy_wh >= self.boost_end
        if ended:
            self._no_boost()
            if not has_plan and not self.key:
                # Nothing else would end the charging, and an end was requested.
                self.stopped = ENDED
        elif self.skip_until and utc_s is not None and utc_s >= self.skip_until:
            self._no_skip()
        else:
            return False
        return True

    def standing(self):
        """((holder, until UTC s or 0, current in 0.1 A or 0), ...): every claim in force, the highest first."""
        current_da = self.boost_current_da
        rows = (
            (self.locked, HOLDER_LOCK, 0, 0),
            (self.stopped, HOLDER_STOP, 0, 0),
            (self.key, HOLDER_KEY, 0, 0),
            (self.attempt or self.boost, HOLDER_BOOST, self.boost_end if self.boost == UNTIL_TIME else 0, current_da),
            (self.target.state, HOLDER_TARGET, self.target.until, self.target.current_da),
            (self.skip_until, HOLDER_SKIP, self.skip_until, 0),
        )
        return [row[1:] for row in rows if row[0]]

    # --- the decision

    def decide(self, utc_s, plan, car, unknown_s=0):
        """The Decision now. plan: None without one, else (inside, until UTC s, current in 0.1 A or 0), not read while utc_s is None;
        car: one is there; unknown_s: duration for which the time has been unknown."""
        decision = self.decision
        if self.locked:
            decision.set(LOCK, HOLDER_LOCK, 0, 0, REASON_LOCKED)
        elif self.stopped:
            decision.set(HOLD, HOLDER_STOP, 0, 0, _STOP_REASONS[self.stopped])
        elif self.key:
            decision.set(CHARGE, HOLDER_KEY, 0, 0, None)
        elif self.attempt or self.boost and (utc_s is not None or self.boost != UNTIL_TIME):
            decision.set(CHARGE, HOLDER_BOOST, self.boost_end if self.boost == UNTIL_TIME else 0, self.boost_current_da, None)
        elif self.target.state:
            self._aim(decision, utc_s, car, unknown_s)
            if self.boost:
                decision.override = OVERRIDE_BOOST   # its end is an hour, and the time is unknown
        elif plan is None:
            decision.set(LEAVE, HOLDER_NONE, 0, 0, None)
        else:
            self._follow(decision, utc_s, plan, car, unknown_s)
            if self.boost or self.skip_until:
                # It does not decide yet: its window has not begun, or the time is unknown.
                decision.override = _OVERRIDE[HOLDER_BOOST if self.boost else HOLDER_SKIP]
        return decision

    def _follow(self, decision, utc_s, plan, car, unknown_s):
        """The decision of the plan, without skipped windows."""
        if utc_s is None:
            self._without_time(decision, HOLDER_PLAN, car, unknown_s)
        elif plan[0] and self.skip_from <= utc_s < self.skip_until:
            self.hold_or_leave(decision, HOLDER_SKIP, self.skip_until, REASON_SKIPPED, car)
        elif plan[0] and not 0 < plan[1] - utc_s <= CLOSES_EARLY_S:
            decision.set(CHARGE, HOLDER_PLAN, plan[1], plan[2], None)
        else:
            self.hold_or_leave(decision, HOLDER_PLAN, plan[1], REASON_OUTSIDE_PLAN, car)

    def _aim(self, decision, utc_s, car, unknown_s):
        """The decision of the target. A late start goes on without the time."""
        target = self.target
        state = target.state
        if state == LATE or state == CHEAP and utc_s is not None:
            decision.set(CHARGE, HOLDER_TARGET, target.until, target.current_da, None)
        elif state == REACHED or utc_s is not None:
            self.hold_or_leave(decision, HOLDER_TARGET, target.until, REASON_LIMIT_REACHED if state == REACHED else REASON_WAITS_FOR_PRICE, car)
        else:
            self._without_time(decision, HOLDER_TARGET, car, unknown_s)

    def avoid(self, car):
        """No current for plan or target, at an hour that is avoided."""
        decision = self.decision
        self.hold_or_leave(decision, decision.holder, decision.until,
                           REASON_WAITS_FOR_PRICE if decision.holder == HOLDER_TARGET else REASON_OUTSIDE_PLAN, car)

    def _without_time(self, decision, holder, car, unknown_s):
        """The decision with a plan or target but without the time."""
        wait = self.unknown_time
        if wait == 'charge' or wait != 'hold' and unknown_s >= wait * _HOUR_S:
            # The current of a window is not known without the time; a target that is over has none.
            decision.set(CHARGE, holder, 0, self.target.current_da, None)
        else:
            self.hold_or_leave(decision, holder, 0, REASON_TIME_UNKNOWN, car)

    def hold_or_leave(self, decision, holder, until, reason, car):
        """No current now."""
        # Without a car the box keeps its limit, so that the box still works if the monitor dies.
        decision.set(HOLD if car or self.hold == 'always' else LEAVE, holder, until, 0, reason)

    # --- the record

    def dump(self):
        """For the journal."""
        flags = (_F_LOCKED if self.locked else 0) | (_F_ATTEMPT if self.attempt else 0) | (_F_HAD_CAR if self.had_car else 0)
        boost = self.boost
        if self.key:
            flags |= _F_KEY_TOO if boost else _F_KEY_ALONE
            boost = boost or UNTIL_UNPLUGGED
        return pack((
            _VERSION, flags, self.stopped, boost, self.boost_end, self.boost_current_da, self.skip_from, self.skip_until), _WIDTHS)

    def load(self, record):
        """Restore from a record; False, and no claim at all, if it is invalid."""
        self._clear()
        if len(record) != RECORD_BYTES or record[0] != _VERSION or record[2] > LOST or record[3] > UNTIL_UNPLUGGED:
            return False
        _, flags, self.stopped, boost, self.boost_end, self.boost_current_da, self.skip_from, self.skip_until = unpack(record, 0, _WIDTHS)
        self.locked = flags & _F_LOCKED != 0
        self.attempt = flags & _F_ATTEMPT != 0
        self.had_car = flags & _F_HAD_CAR != 0
        self.key = flags & (_F_KEY_ALONE | _F_KEY_TOO) != 0
        self.boost = NO_BOOST if flags & _F_KEY_ALONE else boost
        return True
