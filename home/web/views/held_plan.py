"""Which plan the device holds, and how we know. Pure: from the newest messages of each kind, and the plans that were sent."""
import dataclasses

from home import plan_preview, readback, time_zones

HELD, TAKEN, EMPTY, OTHER, UNKNOWN = "held", "taken", "empty", "other", "unknown"


@dataclasses.dataclass(frozen=True)
class HeldPlan:
    """windows: of the plan that is believed to be on the device, None: not known; zone: its POSIX TZ string, or None.

    proof: HELD: the hash in the status is that of this plan; TAKEN: the device answered after that status that it uses it; EMPTY: the status says
    that there is none; OTHER: it is of another one; UNKNOWN: no hash came.
    proven_ms: when that status or answer came; read_ms: when the plan was read back, None: it never was.
    """
    windows: list | None
    zone: str | None
    proof: str
    proven_ms: int | None
    read_ms: int | None


def zone(newest, tz):
    """The POSIX TZ string that the device reported; else that of the settings of the house."""
    return readback.zone(newest) or time_zones.rule(tz)


def held(newest, sent, tz, taken=None):
    """The HeldPlan. newest: {kind: (received_ms, data)}; sent: [(sent_ms, windows)] of plans that went out, the newest first.

    taken: (answered_ms, windows) of the plan that the device said last to have done, if it did.
    """
    of_zone = zone(newest, tz)
    read_ms, parts = readback.pages(newest, "plan", "windows")
    read = _checked([window for part in parts for window in part] if parts and all(isinstance(part, list) for part in parts) else None)
    proven_ms, status = newest.get("status", (None, {}))
    said = status.get("plan_hash")
    answered_ms, of_answer = (0, None) if taken is None else (taken[0], _checked(taken[1]))
    if of_answer is not None and answered_ms > max(proven_ms or 0 if isinstance(said, int) else 0, read_ms or 0):
        return HeldPlan(of_answer, of_zone, TAKEN, answered_ms, read_ms)
    if not isinstance(said, int):
        return HeldPlan(read, of_zone, UNKNOWN, None, read_ms if read is not None else None)
    if said == 0:
        return HeldPlan([], of_zone, EMPTY, proven_ms, read_ms)
    candidates = sorted([(ms, windows) for ms, windows in [(read_ms, read), *((ms, _checked(windows)) for ms, windows in sent)] if windows],
                        key=lambda one: -one[0])
    for _, windows in candidates:
        if _hash(windows, of_zone) == said:
            return HeldPlan(windows, of_zone, HELD, proven_ms, read_ms)
    return HeldPlan(candidates[0][1] if candidates else None, of_zone, OTHER, proven_ms, read_ms)


def _checked(windows):
    try:
        return None if windows is None else plan_preview.checked(windows)
    except plan_preview.Wrong:
        return None


def _hash(windows, of_zone):
    try:
        return plan_preview.hash_of(windows, of_zone)
    except plan_preview.Wrong:
        return None
