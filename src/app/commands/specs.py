"""The table of commands: the change of claims by each, its guard, and the reading that shows that it is done. Pure.

scene: the app.control.controller.Controller, after an answered reading; work: the Execution of the command.
"""

from app.codec.vocabulary import (
    COMMAND_BOOST, COMMAND_LOCK, COMMAND_RESET, COMMAND_RESUME_PLAN, COMMAND_SET_CURRENT, COMMAND_SKIP, COMMAND_START, COMMAND_STOP, COMMAND_UNLOCK,
    DETAIL_DAILY_LIMIT, DETAIL_FAULT, DETAIL_LOCKED, DETAIL_MIN_PAUSE, DETAIL_NOT_CONFIRMED, DETAIL_NO_PLAN, DETAIL_NO_VEHICLE, DETAIL_SETUP,
    DETAIL_VEHICLE_FULL, DETAIL_WAITS_FOR_KEY, FAILED, REFUSED, UNTIL_UNPLUGGED,
)
from app.policy.claims import CHARGE, HOLD, LEAVE, LOCK
from app.control.reconciler import PAUSE_MS
from app.control.reset_sequence import WALK_MS, is_enabled
from app.evse.states import CODE_A1, CODE_B1, CODE_E0, CODE_E1, CODE_E2, CODE_E3, NEVER_CLEARED, is_charging, is_fault

# Obstacles that do not pass by waiting: a start is answered immediately.
_HOPELESS = (DETAIL_LOCKED, DETAIL_SETUP, DETAIL_NO_VEHICLE, DETAIL_WAITS_FOR_KEY, DETAIL_VEHICLE_FULL, DETAIL_DAILY_LIMIT)
# Longest time of a start while the car is being woken.
WAKING_MAX_MS = 600000


# --- guards: (result, detail) of a refusal, or None


def _guard_lock(scene, work):
    code = scene.box.reading.code
    if is_fault(code):
        return FAILED, DETAIL_FAULT   # the claim stays and has effect after the fault
    return (REFUSED, DETAIL_SETUP) if code in (CODE_E1, CODE_E3) else None


def _guard_unlock(scene, work):
    code = scene.box.reading.code
    if is_fault(code):
        return REFUSED, DETAIL_FAULT
    return (REFUSED, DETAIL_SETUP) if code in (CODE_E1, CODE_E3) else None


def _guard_reset(scene, work):
    code = scene.box.reading.code
    if scene.claims.locked or code == CODE_E0 and not scene.reconciler.record.pulse:
        return REFUSED, DETAIL_LOCKED
    return (REFUSED, DETAIL_FAULT) if code in NEVER_CLEARED else None


def _guard_start(scene, work):
    code = scene.box.reading.code
    if code in (CODE_E1, CODE_E2, CODE_E3):
        return REFUSED, DETAIL_SETUP
    verdict = _guard_reset(scene, work)
    if verdict is None and code == CODE_A1 and not work.car:
        verdict = REFUSED, DETAIL_NO_VEHICLE
    return verdict


def _guard_boost(scene, work):
    # Allowed before the car comes.
    return _guard_reset(scene, work)


def _guard_skip(scene, work):
    return None if scene.has_plan else (REFUSED, DETAIL_NO_PLAN)


def _no_guard(scene, work):
    return None


# --- conditions for done


def _walks(scene, work):
    # Between a jump or reset and a connected car the box shows A1 for a moment, without the car.
    written_ms = scene.written_ms
    return scene.box.reading.code == CODE_A1 and work.car and written_ms is not None and scene.now_ms - written_ms < WALK_MS


def _is_locked(scene, work):
    return scene.box.reading.code == CODE_E0


def _is_unlocked(scene, work):
    return is_enabled(scene.box.reading.code) and not _walks(scene, work)


def _is_stopped(scene, work):
    # A locked outlet gives no current, whatever its limit: the stop has effect after the lock.
    return not is_charging(scene.box.reading.code) and (not scene.box.car or scene.reconciler.paused or scene.decision.want == LOCK)


def _flows(scene, work):
    return scene.reconciler.flowing


def _flows_or_waits(scene, work):
    return scene.reconciler.flowing or not scene.box.car


def _is_followed(scene, work):
    """The decision of the plan is in force: a car that should be held is."""
    return scene.decision.want != HOLD or _is_stopped(scene, work)


def _is_offered(scene, work):
    """The limit is in force, or will be when the car may charge."""
    if scene.decision.want not in (CHARGE, LEAVE):
        return True
    # The answer has the limit of the reading, which must be later than the write.
    return scene.reconciler.limit_in_force and scene.box.reading.at_ms > scene.last_write_ms


# --- changes of claims


def _lock(claims, args, has_plan):
    claims.lock()


def _unlock(claims, args, has_plan):
    claims.unlock()


def _stop(claims, args, has_plan):
    claims.stop()


def _reset(claims, args, has_plan):
    # If a plan would hold the car, a reset is a request to charge it (design decision).
    if has_plan:
        claims.start(True)
    else:
        claims.resume_plan()


def _start(claims, args, has_plan):
    claims.start(has_plan, args[0] if args else 0)


def _boost(claims, args, has_plan):
    kind, end, current_da = args or (UNTIL_UNPLUGGED, 0, 0)
    claims.boost_until(kind, end, current_da)


def _skip(claims, args, has_plan):
    claims.skip(args[0], args[1])


def _resume(claims, args, has_plan):
    claims.resume_plan()


def _nothing(claims, args, has_plan):
    """For a command without a claim."""


class CommandSpec:
    """One row: change(claims, args, has_plan) before any write; guard, done as above; limit_ms: longest time to done; long: it may take as long
    as the start sequence."""

    __slots__ = ('change', 'guard', 'done', 'limit_ms', 'long')

    def __init__(self, change, guard, done, limit_ms, long=False):
        self.change = change
        self.guard = guard
        self.done = done
        self.limit_ms = limit_ms
        self.long = long


# Times are design decisions.
COMMAND_SPECS = {
    COMMAND_LOCK: CommandSpec(_lock, _guard_lock, _is_locked, 10000),
    COMMAND_UNLOCK: CommandSpec(_unlock, _guard_unlock, _is_unlocked, 10000),
    COMMAND_STOP: CommandSpec(_stop, _no_guard, _is_stopped, 12000),
    COMMAND_RESET: CommandSpec(_reset, _guard_reset, None, 0),
    COMMAND_START: CommandSpec(_start, _guard_start, _flows, 120000, True),
    COMMAND_BOOST: CommandSpec(_boost, _guard_boost, _flows_or_waits, 120000, True),
    COMMAND_SKIP: CommandSpec(_skip, _guard_skip, _is_followed, 12000),
    COMMAND_RESUME_PLAN: CommandSpec(_resume, _no_guard, _is_followed, 12000),
    COMMAND_SET_CURRENT: CommandSpec(_nothing, _no_guard, _is_offered, 15000),
}
# An opening command is obeyed at once: earlier pending commands that would undo it are not executed.
OVERTAKES = {
    COMMAND_LOCK: (COMMAND_UNLOCK, COMMAND_RESET, COMMAND_START, COMMAND_BOOST),
    COMMAND_STOP: (COMMAND_RESET, COMMAND_START, COMMAND_BOOST, COMMAND_RESUME_PLAN),
}


def waits_ms(scene, op):
    """Additional time of a command: a car has to stop before the outlet is disabled, and a hold to be in force before it is enabled."""
    if op == COMMAND_LOCK:
        return PAUSE_MS if is_charging(scene.box.reading.code) else 0
    return PAUSE_MS if op == COMMAND_UNLOCK and scene.decision.want == HOLD else 0


def missed(scene, spec, passed_ms, limit_ms):
    """(result, detail) when its time is over, or earlier at an obstacle that does not pass; else None."""
    reconciler = scene.reconciler
    code = scene.box.reading.code
    if spec.long:
        if reconciler.blocked in _HOPELESS and passed_ms >= WALK_MS:
            return FAILED, reconciler.blocked
        if passed_ms < WAKING_MAX_MS and (reconciler.phase is not None or reconciler.blocked == DETAIL_MIN_PAUSE):
            return None
    if passed_ms < limit_ms:
        return None
    if is_fault(code):
        return FAILED, DETAIL_FAULT
    if spec.long and reconciler.blocked:
        return FAILED, reconciler.blocked
    return FAILED, DETAIL_WAITS_FOR_KEY if code == CODE_B1 and spec.long else DETAIL_NOT_CONFIRMED
