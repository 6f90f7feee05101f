"""How far a target has come on its way to the device, what of it can be met, and what holds when the network is dead. Pure."""
import dataclasses

from home.commands import fate
from home.language import vocabulary
from home.language.words import N_
from home.planning import replan
from home.web import moments
from home.web.views import held_plan, promise, sentences

HAS, WAITS, FAILED, NONE = "has", "waits", "failed", "none"
STATES = {
    HAS: N_("The device has it."),
    WAITS: N_("It is on its way to the device."),
    NONE: N_("Nothing is asked for this night: this is what would be sent."),
}
NOT_THERE = N_("The device does not have it. %(why)s")
TYPED = N_("Not sent yet: this is what would be sent.")
# Why the planner has not sent a target for a standing order, by home.planning.replan.
WHY = {
    "first": N_("The target for it goes out now."),
    "again": N_("A better target for it goes out now."),
    "no_room": N_("It waits: the downlinks of the day are spent but for those that are kept for stop and lock."),
    "not_taken": N_("It cannot be sent as it is: the log of the service says why."),
    "waits_for_prices": N_("It waits for prices that are not known yet, and goes out at %(at)s at the latest."),
    "silenced": N_("Somebody sent a target of his own for this night or ended ours: nothing is sent for the standing order."),
    "reached": N_("All of it has been charged."),
}


@dataclasses.dataclass(frozen=True)
class Step:
    """One of the three on the way: sent, on its way, confirmed."""
    words: str
    is_done: bool


def newest(rows, zone, now_s):
    """(row, end in UTC seconds) of the newest target that is not over, was not taken back and was ended by nothing, or None. rows: newest first."""
    for row in rows:
        if row.fate == "done" and row.name in promise.ENDING:
            return None
        if row.name == "target" and row.fate != "withdrawn" and isinstance(row.request.get("target"), dict):
            until_s = promise.ending_s(row, zone)
            if until_s is not None and until_s > now_s:
                return row, until_s
            if until_s is None and row.fate == "done":
                return None     # another program's, in the place of what was asked before; its end is not known
    return None


def state(row, _):
    """(HAS, WAITS or FAILED, in a sentence) of a target; NONE without one."""
    if row is None:
        return NONE, _(STATES[NONE])
    if row.fate in fate.FAILED:
        return FAILED, _(NOT_THERE, why=sentences.fate(row.fate, row.detail, row.sends, _))
    word = HAS if row.fate == "done" else WAITS
    return word, _(STATES[word])


def why(decision, until_s, now_ms, tz, _):
    """What keeps the planner from sending, or ""; its own target is told by its fate."""
    if decision.why not in WHY:
        return ""
    return _(WHY[decision.why], at=moments.at(1000 * (until_s - replan.LATEST_S), now_ms, tz, _))


def way(row, now_ms, tz, _):
    """The Steps of a target."""
    def at(ms):
        return moments.at(ms, now_ms, tz, _)

    is_done, is_sent, tried_ms = row.fate == "done", row.sent_ms is not None or row.fate == "done", row.tried_ms or row.at_ms
    # The time alone that tells more than the one before.
    is_later = row.sent_ms is not None and at(row.sent_ms) != at(tried_ms)
    return (
        Step(_("sent %(at)s", at=at(tried_ms)) if row.sends else _("waits for the network"), bool(row.sends)),
        Step(_("on the air %(at)s", at=at(row.sent_ms)) if is_later else _("on the air"), is_sent),
        Step(_("confirmed %(at)s", at=at(row.answered_ms or row.changed_ms)) if is_done else _("not confirmed yet"), is_done),
    )


def possible(row, event, at, _):
    """"18.2 of 20 kWh by 07:30", as the device answered; "" where it did not say. event: that it is missed, or None, which is newer."""
    asked, its = fate.asked_kwh(row.request), fate.possible_kwh(row.detail)
    if event is not None and event.wh is not None and asked is not None:
        its = max(asked - event.wh / 1000, 0)
    if row.fate != "done" or asked is None or its is None:
        return ""
    return _("%(possible)s of %(asked)s kWh by %(at)s, the device says.", possible=plain(min(its, asked), _), asked=plain(asked, _), at=at)


def plain(value, _):
    """A number with a digit behind the point only where it has one."""
    return _.number(value, 0 if round(value, 1) == round(value) else 1)


def missed(event, _):
    """What will be missing and why, by the device's event; "" without one."""
    if event is None:
        return ""
    said = _("%(n)s kWh will be missing.", n=_.number(event.wh / 1000, 1)) if event.wh is not None else _(
        "Less will be charged than was asked for.")
    return f"{said} {vocabulary.why_missed(event.reason, _)}".strip()


def if_network_dies(row, held, plan, now_ms, tz, _):
    """What holds then. row: the newest target, or None; held: (row, end) of the one that the device has, or None; plan: HeldPlan."""
    if held is not None and (row is None or held[0].key == row.key):
        return _("If the network dies now, the device keeps this target all the same.")
    if held is not None:
        return _("If the network dies before that is confirmed, the target before it holds, until %(at)s.",
                 at=moments.at(1000 * held[1], now_ms, tz, _))
    if plan.windows == []:
        return _("If the network dies before a target is confirmed, neither target nor plan holds the car back.")
    if plan.proof in (held_plan.HELD, held_plan.TAKEN):
        return _("If the network dies before a target is confirmed, the plan of the week holds.")
    return _("If the network dies before a target is confirmed, the device goes by the plan that it has.")
