"""What was asked of a device, and what became of it: rows of the table `command` in words. Pure, but for gather()."""
import dataclasses

from home.language.words import N_
from home.store import commands
from home.web import moments
from home.web.views import command_words, held_plan, sentences

RECENT = 12
# So long, and so many at most, an end stands beside the buttons.
JUST_MS, JUST_MOST = 5 * 60_000, 2
# So many requests are looked through for plans.
PLANS = 100
NEVER_THERE = ("asked", "refused", "expired", "busy")


@dataclasses.dataclass(frozen=True)
class Shown:
    """One request: what was asked, by whom and when, and its fate, in words. is_pending: it can be withdrawn."""
    key: int
    title: str
    asked: str
    fate: str
    fate_word: str
    changed_ms: int
    age: str
    is_pending: bool


def gather(look):
    """(Shown of those that wait or have just got their end, Shown of the latest others, how many downlinks 24 h have had)."""
    recent = commands.recent(look.connection, look.key, RECENT)
    shown = [of(row, look.now_ms, look.tz, look.words) for row in recent]
    near = [one for one in shown if one.is_pending] + just_ended(shown, look.now_ms)
    return ([one for one in shown if one in near], [one for one in shown if one not in near],
            commands.downlinks_24h(look.connection, look.key, look.now_ms))


def just_ended(shown, now_ms):
    """Of Shown, the newest first, those whose end stands where they were pressed, so that nobody has to look for it."""
    return [one for one in shown if not one.is_pending and now_ms - one.changed_ms < JUST_MS][:JUST_MOST]


def plans(look):
    """[(asked ms, windows)] of the plans that may have reached the device, the newest first."""
    rows = commands.recent(look.connection, look.key, PLANS)
    return [(row.at_ms, found) for row in rows if row.name == "plan" and row.fate not in NEVER_THERE and (found := windows(row.request)) is not None]


def held(look, newest):
    """The HeldPlan, by the newest messages and by what was asked."""
    return held_plan.held(newest, plans(look), look.tz, taken_plan(look))


def taken_plan(look):
    """(answered ms, windows) of the plan that the device said last to have done, or None."""
    done = [row for row in commands.recent(look.connection, look.key, PLANS) if row.name == "plan" and row.fate == "done"]
    return next(((row.changed_ms, found) for row in done if (found := windows(row.request)) is not None), None)


def windows(request):
    """Those of a plan, or None."""
    plan = request.get("plan")
    return plan.get("windows") if isinstance(plan, dict) and isinstance(plan.get("windows"), list) else None


def of(row, now_ms, tz, _):
    """A row as it is shown."""
    is_pending = row.fate in sentences.PENDING
    asked = _(BY.get(row.who, BY_SOMEBODY), at=moments.at(row.at_ms, now_ms, tz, _), who=row.who)
    return Shown(row.key, command_words.action(row.request, _), asked, sentences.fate(row.fate, row.detail, row.sends, _), row.fate, row.changed_ms,
                 moments.age(row.changed_ms, now_ms, _), is_pending)


BY_SOMEBODY = N_("asked by %(who)s, %(at)s")
# Whom home.commands, home.access and home.planning name so.
BY = {
    "": N_("asked %(at)s"),
    "page": N_("asked on this page, %(at)s"),
    "elsewhere": N_("asked by another program, %(at)s"),
    "service": N_("asked by this service itself, %(at)s"),
    "planner": N_("asked for a standing order, %(at)s"),
}
