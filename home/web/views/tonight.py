"""Tonight: the night by prices, a strip of what was and what is foreseen, standing orders, the plan and how we know that the device holds it."""
import dataclasses

from home import plan_preview
from home.language.words import N_
from home.store import queries, span_queries
from home.web import moments
from home.web.views import held_plan, night_target, orders, requests, week
from home.web.views import strip as strips

# What fills the strip's height where nothing was measured: three phases at 16 A.
USUAL_W = 11_000

NO_CURRENT = ("vehicle_full", "fault", "setup")

PROOFS = {
    held_plan.HELD: N_("The device holds this plan: confirmed %(age)s."),
    held_plan.TAKEN: N_("The device answered %(age)s that it uses this plan; its next status confirms it."),
    held_plan.EMPTY: N_("The device holds no plan: confirmed %(age)s."),
    held_plan.OTHER: N_("The device holds another plan than the one that is known here, as it said %(age)s. Read the plan of the device."),
    held_plan.UNKNOWN: N_("Which plan the device holds is not known yet."),
}
READ = N_("The device reported this plan %(age)s; no status has confirmed it since.")


@dataclasses.dataclass(frozen=True)
class Run:
    """Cheap hours in words."""
    when: str
    length: str
    limits: str
    is_skipped: bool


def gather(look, rows=None, problem=None, target=None, order=None):
    """The template's values. rows: as somebody typed them, to be shown before they are sent; problem: what is wrong with them.

    target, order: fields of the forms of a target and of a standing order, as somebody typed them.
    """
    newest = queries.newest(look.connection, look.key)
    sent = requests.plans(look)
    plan = requests.held(look, newest)
    waiting = [one for one in requests.gather(look)[0]]
    shown = week.rows(plan.windows) if rows is None else rows
    priced = night_target.gather(look, plan, newest.get("status", (None, {}))[1], target)
    values = {
        **night(look, newest, plan), "priced": priced, **orders.gather(look, priced and priced["currency"], order),
        "plan_line": plan_line(plan, look.now_ms, look.words),
        "plan_words": None if plan.windows is None else week.plan_in_words(plan.windows, look.words),
        "proof": plan.proof, "waiting": waiting,
        "rows": list(enumerate(shown or [week.Row()])),
        "most_rows": week.MOST_ROWS, "day_names": week.day_names(look.words), "is_edited": rows is not None, "problem": problem,
        "wrong_row": getattr(problem, "row", None), "undo": None, "undo_words": None,
    }
    before = before_this(plan.windows, sent)
    if before is not None:
        values.update(undo=True, undo_words=week.plan_in_words(before, look.words))
    try:
        preview = plan.windows if rows is None else week.windows(rows)
    except week.Wrong as wrong:
        preview = None
        values.update(problem=problem or wrong, wrong_row=wrong.row)
    values["preview"] = None if preview is None or not plan.zone else week.seven_days(preview, plan.zone, look.now_ms, look.tz, look.words)
    if values["problem"] is not None:
        values["problem"] = look.words(values["problem"].args[0], **values["problem"].args[1])
    return values


def before_this(current, plans):
    """The plan of before, to go back to: the newest that was sent and is another than the current one; None: there is none."""
    if current is None:
        return None
    for _ms, one in plans:
        try:
            one = plan_preview.checked(one)
        except plan_preview.Wrong:
            continue
        if one != current:
            return one
    return None


def undone(look):
    """The windows of the plan of before, or None."""
    sent = requests.plans(look)
    return before_this(requests.held(look, queries.newest(look.connection, look.key)).windows, sent)


def plan_line(plan, now_ms, _):
    """How we know which plan the device holds, in one sentence."""
    if plan.proof == held_plan.UNKNOWN and plan.windows is not None:
        return _(READ, age=moments.age(plan.read_ms, now_ms, _))
    return _(PROOFS[plan.proof], **({} if plan.proven_ms is None else {"age": moments.age(plan.proven_ms, now_ms, _)}))


def night(look, newest, plan):
    """The strip, and the cheap hours ahead in words."""
    now_s, tz, _ = look.now_ms // 1000, look.tz, look.words
    begin_s, end_s = now_s - strips.PAST_S, now_s + strips.AHEAD_S
    openings = plan_preview.openings(plan.windows, plan.zone, begin_s, end_s) if plan.windows and plan.zone else []
    status, claim = (newest.get(name, (None, {}))[1] for name in ("status", "readback.claims"))
    skipped = skipped_span(status, claim, strips.of_runs(openings), now_s)
    rows = span_queries.readings(look.connection, look.key, 1000 * begin_s, look.now_ms + 1)
    readings = [(row.at_ms, row.power_w, row.state == "Charging") for row in rows]
    most_w = max([USUAL_W / 1.5, *(power_w or 0 for _at, power_w, _is in readings)])
    target = night_target.spans(look, plan.zone)
    drawn = strips.strip(look.now_ms, tz, readings, strips.of_runs(openings), foreseen(status, claim, openings, skipped, now_s, target),
                         strips.switches(plan.zone, now_s), most_w, _)
    runs = [run(one, skipped, look.now_ms, tz, _) for one in openings if one.end_s > now_s]
    first, last = (moments.at(1000 * edge_s, look.now_ms, tz, _) for edge_s in (begin_s, end_s))
    return {"strip": drawn, "runs": runs, "strip_begin": first, "strip_end": last}


def run(opening, skipped, now_ms, tz, _):
    """One opening in words."""
    span_min = (opening.end_s - opening.begin_s) // 60
    when = _("%(begin)s to %(end)s", begin=moments.at(1000 * opening.begin_s, now_ms, tz, _), end=moments.clock(1000 * opening.end_s, tz))
    length = _("%(h)s h %(min)s min", h=span_min // 60, min=span_min % 60) if span_min % 60 else _("%(h)s h", h=span_min // 60)
    is_skipped = skipped is not None and skipped[0] <= opening.begin_s < skipped[1]
    return Run(when, length, week.limits(opening.current_a, opening.kwh, opening.duration_min, _), is_skipped)


def skipped_span(status, claim, runs, now_s):
    """(begin s, end s) of what a skip takes out of the plan, or None. Its end is known where the claims were read back; else it is the coming run."""
    if status.get("override") != "skip":
        return None
    ahead = [run for run in runs if run[1] > now_s]
    until = claim.get("until") if claim.get("holder") == "skip" else None
    if isinstance(until, int) and until > now_s:
        of = [run for run in ahead if run[0] < until]
        return (min(of[0][0], now_s) if of[0][0] <= now_s else of[-1][0], until) if of else None
    return ahead[0] if ahead else None


def foreseen(status, claim, openings, skipped, now_s, target=None):
    """[(begin s, end s)] in which current will flow, as far as anybody can say: with this car, this plan, and what was asked.

    target: ([(begin s, end s)] of its quarters, its end) of the one on the device: until then the windows of the plan are silent.
    """
    if status.get("ev_connected") is not True or status.get("override") in ("lock", "stop") or status.get("reason") in NO_CURRENT:
        return []
    spans = [(max(one.begin_s, now_s), _end(one)) for one in openings if _end(one) > now_s]
    if skipped:
        spans = strips.without(spans, *skipped)
    if target:
        its = [] if status.get("reason") == "limit_reached" else [(max(begin_s, now_s), end_s) for begin_s, end_s in target[0] if end_s > now_s]
        spans = [*its, *strips.without(spans, now_s, target[1])]
    if status.get("override") == "boost":
        until = claim.get("until") if claim.get("holder") == "boost" else None
        if isinstance(until, int) and now_s < until < now_s + strips.AHEAD_S:
            spans = [(now_s, until), *strips.without(spans, now_s, until)]
    return sorted(spans)


def _end(opening):
    return min(opening.end_s, opening.begin_s + 60 * opening.duration_min) if opening.duration_min else opening.end_s
