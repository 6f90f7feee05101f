"""Now: what is so and why, what flows, who decides and until when, and what may be pressed."""
import dataclasses

from home import plan_preview
from home.language.words import N_
from home.network import kinds
from home.store import commands, queries
from home.web import moments
from home.web.views import held_plan, promise, requests, sentences, tonight

# So far ahead the plan is looked at.
AHEAD_S = 8 * 86400


@dataclasses.dataclass(frozen=True)
class Figure:
    """A number with what it is of; value is None where it is not known, and note says why, or what of it is not certain."""
    name: str
    value: str | None
    unit: str
    note: str = ""


# What may be pressed: the fields of the form, and the words on it.
PRESSES = {
    "boost": N_("Charge now"),
    "start": N_("Start"),
    "resume_plan": N_("Back to the plan"),
    "unlock": N_("Unlock"),
    "reset": N_("Reset the box"),
    "report": N_("Ask for news"),
    "lock": N_("Lock the outlet"),
    "skip": N_("Skip the cheap hours"),
    "skip_next": N_("Skip the next ones"),
}
# What is most likely wanted, by the reason; boost, where none is named.
MAIN = {
    "locked": "unlock",
    "stopped": "start",
    "held_after_power_cut": "start",
    "skipped": "resume_plan",
    "vehicle_paused": "start",
    "fault": "reset",
    "unreachable": "report",
    "setup": "report",
    "starting": "report",
    "waking_vehicle": "report",
    "min_pause": "report",
    "waits_for_key": "start",
}
BY_OVERRIDE = {"lock": "unlock", "boost": "resume_plan"}


def gather(look):
    """The template's values."""
    newest = queries.newest(look.connection, look.key)
    waiting, done, downlinks = requests.gather(look)
    plan = requests.held(look, newest)
    status_ms, status = newest.get("status", (None, {}))
    upcoming = next_edge(plan, look.now_ms // 1000)
    claim = newest_claim(newest, commands.recent(look.connection, look.key, requests.RECENT), plan.zone)
    is_old = status_ms is None or look.now_ms - status_ms > moments.OLD_MS
    return {
        "status_ms": status_ms,
        "as_of": None if status_ms is None else moments.at(status_ms, look.now_ms, look.tz, look.words),
        "age": None if status_ms is None else moments.age(status_ms, look.now_ms, look.words),
        "is_old": is_old,
        "sentence": sentences.state(status, look.words) if status else None,
        "decides": decides(status, claim, upcoming, look.now_ms, look.tz, look.words),
        "figures": figures(status, look.words, queries.carried_wh(look.connection, look.key, look.now_ms)),
        "mark": mark(status, is_old),
        "advice": advice(status, look.words),
        "target": promise.gather(look, plan.zone, status),
        "main": main_press(status), "main_words": main_words(status),
        "argued": ARGUED,
        "presses": PRESSES,
        "night": tonight.night(look, newest, plan),
        "waiting": waiting, "done": done, "downlinks": downlinks, "downlinks_max": kinds.of(look.network).LIMITS.downlinks,
    }


# Requests that need a value: the form, its field, and what a browser lets in.
@dataclasses.dataclass(frozen=True)
class Argued:
    command: str
    field: str
    label: str
    words: str
    attributes: dict

    @property
    def id(self):
        return f"{self.command}-{self.field}"


ARGUED = (
    Argued("boost", "until", N_("Charge now until, as 07:30"), N_("Charge now"), {"type": "time"}),
    Argued("boost", "kwh", N_("Charge now, so many kWh"), N_("Charge now"),
           {"type": "number", "min": "0.5", "max": "200", "step": "0.5", "inputmode": "decimal"}),
    Argued("set_current", "current_a", N_("Limit, 6 to 80 A"), N_("Set the limit"),
           {"type": "number", "min": "6", "max": "80", "step": "0.5", "inputmode": "decimal"}),
)


def advice(status, _):
    """What to do about it, where somebody can do something; else ""."""
    if status.get("fault") in sentences.FOR_A_PERSON:
        return _("Somebody has to look at it: unplug the car, and if the fault stays, call the electrician.")
    return _(ADVICE[status["reason"]]) if status.get("reason") in ADVICE else ""


ADVICE = {
    "fault": N_("Unplug the car; if the fault stays, call the electrician."),
    "unreachable": N_("Look whether its breaker is on. If it is, the cable between both needs the electrician."),
    "vehicle_paused": N_("Look at the timer in the car, or unplug it and plug it in again."),
    "waits_for_key": N_("Turn the key, or wait for the relay of the grid operator."),
}


def mark(status, is_old):
    """The sign beside the age: "flows", "fault" or "none"; what is old has none."""
    if is_old:
        return "none"
    return "fault" if status.get("fault") else "flows" if status.get("reason", status.get("status")) == "charging" else "none"


def main_press(status):
    """The name of the one button that is most likely wanted."""
    reason = status.get("reason")
    if status.get("fault") in sentences.FOR_A_PERSON:
        return "report"
    if reason in MAIN:
        return MAIN[reason]
    return BY_OVERRIDE.get(status.get("override"), "boost")


def main_words(status):
    """What stands on it: a boost of a car that charges already lets it go on."""
    name = main_press(status)
    return KEEP if name == "boost" and status.get("reason") == "charging" else PRESSES[name]


KEEP = N_("Keep charging")


# Less that has flowed since the status is not worth a word, in Wh.
CARRIED_WH = 50


def figures(status, _, carried_wh=0):
    """[Figure] of power, energy of the session, and the current limit. carried_wh: what has flowed since the status, by its power."""
    power, energy, limit = (_number(status.get(name)) for name in ("power_kw", "session_kwh", "current_limit_a"))
    no_meter = _("not measured") if status and power is None and "power_kw" in status else ""
    about = _("estimated") if status.get("energy_estimated") is True and energy is not None else ""
    if energy is not None and carried_wh >= CARRIED_WH:
        energy, about = energy + carried_wh / 1000, _("about, by the last power")
    return [
        Figure(_("Power"), None if power is None else _.number(power, 1), "kW", no_meter),
        Figure(_("This session"), None if energy is None else _.number(energy, 1), "kWh", about),
        Figure(_("Limit"), None if limit is None else _.number(limit, 0 if limit == int(limit) else 1), "A",
               _("no current offered") if limit == 0 else ""),
    ]


def _number(value):
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e6 else None


NO_PLAN = ()


def next_edge(plan, now_s):
    """(a window is open, UTC s of the end of this run or of the begin of the next; None in a week) of the plan on the device.

    NO_PLAN: it holds none; None: not known.
    """
    if plan.windows == []:
        return NO_PLAN
    if plan.proof not in (held_plan.HELD, held_plan.TAKEN) or not plan.zone:
        return None
    runs = []
    for opening in plan_preview.openings(plan.windows, plan.zone, now_s, now_s + AHEAD_S):
        if runs and runs[-1][1] == opening.begin_s:
            runs[-1] = runs[-1][0], opening.end_s
        else:
            runs.append((opening.begin_s, opening.end_s))
    if not runs:
        return False, None
    begin_s, end_s = runs[0]
    if begin_s > now_s:
        return False, begin_s
    return True, None if end_s >= now_s + AHEAD_S else end_s


# Commands after which another may decide than what was read back before.
CLAIMING = ("start", "stop", "boost", "skip", "lock", "unlock", "resume_plan", "plan", "reset", "mode", "target")


def newest_claim(newest, rows, zone):
    """Who decides, by what was read back; where a later command was done, by that one. rows: commands, the newest first."""
    read_ms, claim = newest.get("readback.claims", (None, {}))
    done = next((row for row in rows if row.fate == "done" and row.name in CLAIMING), None)
    if done is None or (read_ms is not None and read_ms > done.changed_ms):
        return claim
    if done.name == "target" and zone:
        return {"holder": "target", "until": promise.ending_s(done, zone)}
    if done.name != "boost" or "until" not in done.request or not zone or done.issued_at is None:
        return {}
    try:
        return {"holder": "boost", "until": plan_preview.next_time(zone, done.issued_at, done.request["until"])}
    except plan_preview.Wrong:
        return {}


def decides(status, claim, upcoming, now_ms, tz, _):
    """Who decides, and until when, in one sentence; "" where nothing was heard. claim: the read-back of who decides, which may be older."""
    override = status.get("override")
    if not status or override is None:
        return ""
    if status.get("fault") and override != "lock":
        return _(sentences.HOLDERS["fault"])
    holder, until_ms, kwh_left = _claim(claim, override, now_ms)
    if holder == "plan" and upcoming == NO_PLAN:
        holder = "none"
    if holder == "plan" and upcoming is not None:
        is_open, edge_s = upcoming
        if edge_s is None:
            return _(ENDLESS if is_open else NO_MORE)
        at = moments.at(1000 * edge_s, now_ms, tz, _)
        return _("The plan decides: cheap hours until %(at)s.", at=at) if is_open else _("The plan decides: cheap hours from %(at)s on.", at=at)
    if kwh_left is not None:
        return _("A request to charge now decides, for %(kwh)s kWh more.", kwh=_.number(kwh_left, 1))
    if until_ms is not None and holder in sentences.HOLDERS_UNTIL:
        return _(sentences.HOLDERS_UNTIL[holder], at=moments.at(until_ms, now_ms, tz, _))
    return _.known(sentences.HOLDERS, holder)


NO_MORE = N_("The plan decides; it has no more cheap hours this week.")
ENDLESS = N_("The plan decides; its cheap hours have no end.")


def _claim(claim, override, now_ms):
    """(holder, end or None, kWh left or None). What was read back counts if it does not contradict the status, which is newer."""
    possible = sentences.OVERRIDES.get(override, (override,))
    if claim.get("holder") not in possible:
        return possible[0], None, None
    until, kwh = _number_of_seconds(claim.get("until")), _number(claim.get("kwh_left"))
    if until is not None and 1000 * until <= now_ms:
        return possible[0], None, None
    return claim["holder"], None if until is None else 1000 * until, kwh


def _number_of_seconds(value):
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 32 else None
