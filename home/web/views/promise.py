"""What a target promises: "Full by 07:30: yes", or what will be missing; by its answer and by what the device told since. Pure, but for gather()."""
from home import plan_preview
from home.commands import fate
from home.store import commands, queries
from home.web import moments

RECENT = 30
# Less is not missing: counter and answer are rounded, in kWh.
ROUNDED_KWH = 0.1
# Commands that end a target.
ENDING = ("resume_plan", "skip")


def gather(look, zone):
    """The sentence of the target that stands, or None. zone: the device's rule, where it is known."""
    row = standing(commands.recent(look.connection, look.key, RECENT))
    if row is None or not zone:
        return None
    try:
        until_s = plan_preview.next_time(zone, row.issued_at, row.request["target"].get("until"))
    except (plan_preview.Wrong, TypeError, AttributeError):
        return None
    if until_s is None or 1000 * until_s <= look.now_ms:
        return None
    since = queries.events_between(look.connection, look.key, row.changed_ms, look.now_ms + 1)
    missed = [event.wh for event in since if event.event == "target_missed"]
    return sentence(row, moments.at(1000 * until_s, look.now_ms, look.tz, look.words), missed[-1] if missed else None, look.words)


def standing(rows):
    """The newest target that was done and ended by nothing, or None. rows: commands, the newest first."""
    for row in rows:
        if row.fate == "done" and row.name in ENDING:
            return None
        if row.fate == "done" and row.name == "target" and row.issued_at is not None and isinstance(row.request.get("target"), dict):
            return row
    return None


def sentence(row, at, missed_wh, _):
    """missed_wh: what the device told to be missing since, or None; at: the end, in words."""
    asked, possible = _kwh(row.request["target"].get("kwh")), fate.possible_kwh(row.detail)
    missing = missed_wh / 1000 if missed_wh is not None else asked - possible if None not in (asked, possible) else None
    if missing is None:
        return _("Cheap quarter hours count until %(at)s.", at=at)
    if missing > ROUNDED_KWH:
        return _("Full by %(at)s: short by %(n)s kWh.", at=at, n=_.number(missing, 1))
    return _("Full by %(at)s: yes.", at=at)


def _kwh(value):
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e6 else None

