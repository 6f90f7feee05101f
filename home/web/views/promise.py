"""What a target promises: "Full by 07:30: yes", or what will be missing; by its answer and by what the device told since. Pure, but for gather()."""
from home import plan_preview
from home.commands import fate
from home.language.words import N_
from home.planning import replan
from home.store import commands, queries
from home.web import moments

RECENT = 30
# Less is not missing: counter and answer are rounded, in kWh.
ROUNDED_KWH = 0.1
# Commands that end a target.
ENDING = ("resume_plan", "skip")
# By the override of the newest status: what a stop or lock of somebody's own does to a promise. A boost and the key charge, and so do not; nor does
# the hold after a power cut, which the target ends.
SUSPENDED = {
    "lock": N_("The target until %(at)s waits: the lock goes before it. Nothing is charged until you unlock."),
    "stop": N_("The target until %(at)s waits: the stop goes before it. Nothing is charged until you start."),
}


def gather(look, zone, status):
    """The sentence of the target that stands, or None. zone: the device's rule, where it is known; status: the newest."""
    its = held(commands.recent(look.connection, look.key, RECENT), zone, look.now_ms // 1000) if zone else None
    if its is None:
        return None
    row, until_s = its
    at = moments.at(1000 * until_s, look.now_ms, look.tz, look.words)
    return suspended(status, at, look.words) or sentence(row, at, missed_wh(missed(look, row)), look.words)


def suspended(status, at, _):
    """What keeps a target from being met, in words; "" for nothing."""
    override = status.get("override")
    return _(SUSPENDED[override], at=at) if override in SUSPENDED and status.get("reason") != "held_after_power_cut" else ""


def held(rows, zone, now_s):
    """(row, its end in UTC seconds) of the target that the device has and that is not over, or None. rows: commands, the newest first."""
    row = standing(rows)
    until_s = row and ending_s(row, zone)
    return (row, until_s) if until_s is not None and until_s > now_s else None


def ending_s(row, zone):
    """The end of a target in UTC seconds, or None."""
    try:
        return replan.target_until_s(row, zone)
    except plan_preview.Wrong:
        return None


def missed(look, row):
    """The newest event since that answer which says that the target is missed, or None."""
    since = queries.events_between(look.connection, look.key, row.changed_ms, look.now_ms + 1)
    return next((event for event in reversed(since) if event.event == "target_missed"), None)


def missed_wh(event):
    return None if event is None else event.wh


def standing(rows):
    """The newest target that was done and ended by nothing, or None. rows: commands, the newest first."""
    for row in rows:
        if row.fate == "done" and row.name in ENDING:
            return None
        if row.fate == "done" and row.name == "target" and isinstance(row.request.get("target"), dict):
            return row
    return None


def sentence(row, at, missed_wh, _):
    """missed_wh: what the device told to be missing since, or None; at: the end, in words."""
    asked, possible = fate.asked_kwh(row.request), fate.possible_kwh(row.detail)
    missing = missed_wh / 1000 if missed_wh is not None else asked - possible if None not in (asked, possible) else None
    if missing is None:
        return _("Cheap quarter hours count until %(at)s.", at=at)
    if missing > ROUNDED_KWH:
        return _("Full by %(at)s: short by %(n)s kWh.", at=at, n=_.number(missing, 1))
    return _("Full by %(at)s: yes.", at=at)

