"""The page of what happened: events, commands, changes of state, restarts, the radio and changes by hand in one list, a week at a time."""
import collections
import dataclasses
import datetime
import re

from home import time_zones
from home.language import vocabulary
from home.language.words import N_
from home.network import kinds
from home.store import commands as stored_commands
from home.store import decoded, span_queries
from home.web import moments
from home.web.views import command_words, radio, sessions
from home.web.views import sentences as fates

DAYS = 7                            # of a page
PAGES_MAX = 10_000
# A device that is well tells a few hundred things a week; a page of more would be heavy for who looks, and is drawn at each change.
ITEMS_MAX = 1500
LEFT_OUT = N_("So much happened that the oldest %(n)s things of these days are left out. Choose one kind above to see more of it.")
SILENT_MS = 3 * moments.HOUR_MS     # no device that is heard is silent for that long
F_PORT_DEVICE = 12
LATE_MS = 10 * moments.MINUTE_MS     # an end of a command that comes later is told with its delay
# How far two calculations of one boot's moment may lie apart: minutes, and hours where the device counts in hours.
SAME_BOOT_MS, SAME_LONG_BOOT_MS = 15 * moments.MINUTE_MS, 3 * moments.HOUR_MS
LONG_UPTIME_MIN = 0x8000

# (of the filter, of one of them)
KINDS = {
    "event": (N_("Events"), N_("Event")), "command": (N_("Commands"), N_("Command")), "state": (N_("States"), N_("State")),
    "restart": (N_("Restarts"), N_("Restart")), "radio": (N_("Radio"), N_("Radio")), "hand": (N_("By hand"), N_("By hand")),
}
# Whom home.access and home.commands name so.
BY = {
    "page": N_("on this page"), "elsewhere": N_("by another program"), "service": N_("by this service itself"),
    "command": N_("at the computer of the service"), "planner": N_("for a standing order"),
}
VEHICLE_SET = N_("Session %(number)s was charged by %(after)s.")
VEHICLE_CHANGED = N_("Session %(number)s was charged by %(after)s, not by %(before)s.")
VEHICLE_TAKEN = N_("Session %(number)s has no vehicle any more; it was %(before)s.")


@dataclasses.dataclass(frozen=True)
class Item:
    """One thing that happened. sentences: whole ones. mark: "", "good", "bad" or "open". by: who did it, in words, or ""."""
    at_ms: int
    kind: str
    sentences: list
    mark: str = ""
    by: str = ""
    label: str = ""
    clock: str = ""
    iso: str = ""


@dataclasses.dataclass(frozen=True)
class Page:
    """days: [(label, items)], the newest first. left_out: a sentence, "" where all is there. older, newer: numbers of pages, or None."""
    days: list
    left_out: str
    kind: str
    kinds: list
    page: int
    newer: int | None
    older: int | None
    span: str


def gather(look):
    connection, key, tz, now_ms, _ = look.connection, look.key, look.tz, look.now_ms, look.words
    kind = look.query.get("kind") if look.query.get("kind") in KINDS else ""
    number = page_number(look.query.get("page"))
    begin_ms, end_ms = span_ms(number, now_ms, tz)
    found = []
    for name, of in OF_KIND.items():
        if kind in ("", name):
            found += [dataclasses.replace(item, kind=name, label=_(KINDS[name][1])) for item in of(look, begin_ms, min(end_ms, now_ms + 1), _)]
    found.sort(key=lambda item: item.at_ms, reverse=True)
    left_out = len(found) - ITEMS_MAX
    its = Page(
        days=by_day(found[:ITEMS_MAX], now_ms, tz, _),
        left_out=_(LEFT_OUT, n=_.number(left_out)) if left_out > 0 else "", kind=kind,
        kinds=[(name, _(label)) for name, (label, _one) in KINDS.items()], page=number,
        newer=number - 1 if number else None, older=older(connection, key, begin_ms, number, now_ms, tz),
        span=_("%(first)s to %(last)s", first=_.date(moments.local(begin_ms, tz), "d MMM"), last=_.date(moments.local(end_ms - 1, tz), "d MMM y")))
    return {"its": its}


def page_number(text):
    return min(int(text), PAGES_MAX) if re.fullmatch(r"\d{1,6}", text or "", re.ASCII) else 0


def span_ms(number, now_ms, tz):
    """[begin, end) of that page: local days, the last of page 0 is today."""
    last = moments.local(now_ms, tz).date() + datetime.timedelta(1 - DAYS * number)
    return tuple(1000 * time_zones.begin_of(day, tz) for day in (last - datetime.timedelta(DAYS), last))


def older(connection, key, begin_ms, number, now_ms, tz):
    """The page with what was heard last before this one; None: nothing was."""
    before_ms = span_queries.newest_before_ms(connection, key, begin_ms)
    if before_ms is None:
        return None
    days = (moments.local(now_ms, tz).date() - moments.local(before_ms, tz).date()).days
    return max(days // DAYS, number + 1)


def by_day(items, now_ms, tz, _):
    """[(label, items)] of local days, newest first."""
    days = {}
    for item in sorted(items, key=lambda item: item.at_ms, reverse=True):
        shown = dataclasses.replace(item, clock=moments.clock(item.at_ms, tz), iso=moments.iso(item.at_ms))
        days.setdefault(moments.local(item.at_ms, tz).date(), []).append(shown)
    return [(day_label(day, moments.local(now_ms, tz).date(), _), its) for day, its in days.items()]


def day_label(day, today, _):
    words = _.date(datetime.datetime.combine(day, datetime.time()), "EEEE d MMMM y")
    return _("Today, %(day)s", day=words) if day == today else words


def by(who, _):
    """Who did it, in words; "" where that is not known."""
    return "" if not who else _(BY[who]) if who in BY else _("by %(who)s", who=who)


# --- events


def of_events(look, begin_ms, end_ms, _):
    return [event(row, _) for row in span_queries.events(look.connection, look.key, begin_ms, end_ms)]


def event(row, _):
    amount = None
    if row.minutes is not None:
        amount = sessions.duration(row.minutes, _)
    elif row.wh is not None:
        amount = sessions.energy(row.wh / 1000, _)
    with_amount, without = vocabulary.EVENTS.get(row.event, (None, None))
    if without is None:
        sentences = [_("The device reported %(word)s (a word that this page does not know).", word=row.event)]
    else:
        sentences = [_(without) if amount is None else _(with_amount, amount=amount)]
    if row.event == "fault" and row.code:
        sentences.append(fault(row.code, _))
    if row.event == "memory_lost" and row.reason == "stopped":
        sentences.append(_(vocabulary.HELD_AFTER_MEMORY_LOST))
    return Item(told_ms(row), "event", sentences, "bad" if row.event in vocabulary.ALARMS else "")


def told_ms(row):
    """When it was, by the device where that can be believed; else when it was heard."""
    is_likely = row.at_ms is not None and row.received_ms - 30 * moments.DAY_MS <= row.at_ms <= row.received_ms + 10 * moments.MINUTE_MS
    return row.at_ms if is_likely else row.received_ms


def fault(code, _):
    return _("%(code)s: %(meaning)s", code=code, meaning=_(vocabulary.FAULTS.get(code, vocabulary.UNKNOWN_FAULT)))


# --- commands


def of_commands(look, begin_ms, end_ms, _):
    rows = stored_commands.between(look.connection, look.key, begin_ms, end_ms)
    return [command(row, look.tz, _) for row in rows]


def command(row, tz, _):
    sentences = [command_words.action(row.request, _), fates.fate(row.fate, row.detail, row.sends, _)]
    if row.sends > 1:
        sentences.append(_("It was sent %(n)s times.", n=row.sends))
    if row.changed_ms and row.changed_ms - row.at_ms >= LATE_MS:
        sentences.append(_("That was known after %(span)s.", span=moments.span(row.changed_ms - row.at_ms, _)))
    mark = "good" if row.fate in vocabulary.GOOD_FATES else "open" if row.fate in vocabulary.OPEN_FATES else "bad"
    return Item(row.at_ms, "command", sentences, mark, by(row.who, _))


# --- states


def of_states(look, begin_ms, end_ms, _):
    rows = span_queries.readings(look.connection, look.key, begin_ms, end_ms)
    before = span_queries.reading_before(look.connection, look.key, begin_ms)
    return [state(row, _) for row in changed(rows, before)]


def changed(rows, before):
    """Readings whose state, code or reason is another one than before. The first of all is one."""
    found = []
    for row in rows:
        if before is None or (row.state, row.reason) != (before.state, before.reason) or (row.reason == "fault" and row.code != before.code):
            found.append(row)
        before = row
    return found


def state(row, _):
    sentences = [_.known(vocabulary.REASONS, row.reason) if row.reason else _.known(vocabulary.STATES, row.state)]
    if row.reason == "fault" and row.code:
        sentences.append(fault(row.code, _))
    if row.reason == "charging" and row.power_w:
        sentences.append(_("It draws %(n)s kW.", n=_.number(row.power_w / 1000, 1)))
    return Item(row.at_ms, "state", sentences, "bad" if row.reason in ("fault", "unreachable") else "good" if row.reason == "charging" else "")


# --- restarts


def of_restarts(look, begin_ms, end_ms, _):
    its = kinds.of(look.network)
    # A report of the same boot may lie before this page.
    messages = span_queries.messages_on(look.connection, look.key, F_PORT_DEVICE, begin_ms - 3 * moments.DAY_MS, end_ms)
    told = [(at_ms, decoded.believed(its.decoded(message))) for at_ms, message in messages]
    return [item for item in restarts(told, _) if begin_ms <= item.at_ms < end_ms]


def restarts(told, _):
    """Each boot once, though it is told again in each report. told: [(received, decoded data)] in time order."""
    found, known_ms = [], []
    for received_ms, data in told:
        uptime_min = data.get("uptime_min")
        if data.get("part") == "crash" and found:
            add_crash(found[-1], data, received_ms, _)
        if data.get("part") != "boot" or not isinstance(uptime_min, (int, float)) or isinstance(uptime_min, bool):
            continue
        booted_ms = received_ms - int(uptime_min) * moments.MINUTE_MS
        near_ms = SAME_LONG_BOOT_MS if uptime_min >= LONG_UPTIME_MIN else SAME_BOOT_MS
        if all(abs(booted_ms - one_ms) > near_ms for one_ms in known_ms):
            sentences = [_.known(vocabulary.CAUSES, data.get("boot_cause"))]
            if isinstance(data.get("firmware"), str):
                sentences.append(_("Its firmware is %(version)s.", version=data["firmware"][:20]))
            found.append(Item(booted_ms, "restart", sentences, "bad" if data.get("boot_cause") in ("watchdog", "crash") else ""))
        known_ms.append(booted_ms)
    return found


def add_crash(item, data, received_ms, _):
    """What a crash's own page tells, behind the restart that it came with."""
    if received_ms - item.at_ms < moments.HOUR_MS and item.mark == "bad" and len(item.sentences) < 3:
        item.sentences.append(_("The fault was %(error)s in %(module)s, at %(line)s.", **crash_values(data)))


def crash_values(data):
    """What a crash's page tells, as texts."""
    return {name: str(data.get(name, "?"))[:20] for name in ("error", "module", "line")}


# --- radio


def of_radio(look, begin_ms, end_ms, _):
    rows = span_queries.receptions(look.connection, look.key, begin_ms, end_ms)
    before = span_queries.reception_before(look.connection, look.key, begin_ms)
    return heard([*([before] if before else []), *rows], look.now_ms if end_ms > look.now_ms else None, begin_ms, _)


def heard(rows, now_ms, begin_ms, _):
    """Joins and silences. now_ms: where the list reaches until now, else None."""
    found = []
    for before, after in zip(rows, rows[1:]):
        lost = None
        if radio.session_of(before) != radio.session_of(after):
            if radio.session_of(after) is not None:
                found.append(Item(after.received_ms, "radio", [_("The device joined the network.")]))
        elif radio.session_of(after) is not None:
            lost = after.f_cnt - before.f_cnt - 1
        if after.received_ms - before.received_ms > SILENT_MS:
            found.append(silence(before.received_ms, after.received_ms, lost, begin_ms, _))
    if rows and now_ms is not None and now_ms - rows[-1].received_ms > SILENT_MS:
        span = moments.span(now_ms - rows[-1].received_ms, _)
        found.append(Item(rows[-1].received_ms + 1, "radio", [_("Since then nothing was heard: for %(span)s now.", span=span)], "bad"))
    return found


def silence(first_ms, last_ms, lost, begin_ms, _):
    sentences = [_("Then something was heard again, after a silence of %(span)s.", span=moments.span(last_ms - first_ms, _))]
    if lost and lost > 0:
        sentences.append(_.ngettext("%(n)s frame that the device sent in that time never came here.",
                                    "%(n)s frames that the device sent in that time never came here.", lost))
    elif lost == 0:
        sentences.append(_("The device had sent nothing in that time."))
    return Item(max(last_ms - 1, begin_ms), "radio", sentences, "bad")


# --- by hand


def of_changes(look, begin_ms, end_ms, _):
    items = []
    for row in span_queries.changes_by_hand(look.connection, begin_ms, end_ms):
        if about := _COMMAND.fullmatch(row.about):
            withdrawn = stored_commands.one(look.connection, look.key, int(about[1]))
            items += [withdrawal(row, withdrawn, _)] if withdrawn else []
        elif item := change(row, look.key, look.tz, _):
            items.append(item)
    return items


_ABOUT = re.compile(r"device (\d+) (?:session (\d+)|at (\d+))")
_COMMAND = re.compile(r"command (\d{1,15})")


def withdrawal(row, withdrawn, _):
    """Of a command: what it was, and who took it back."""
    return Item(row.at_ms, "hand", [_("A command was withdrawn."), command_words.action(withdrawn.request, _)], by=by(row.after, _))


def change(row, key, tz, _):
    """An Item of a row of the log of changes, or None: it is about another device."""
    about = _ABOUT.fullmatch(row.about)
    if about and int(about[1]) != key:
        return None
    if row.what == "vehicle" and about and about[2]:
        message = VEHICLE_TAKEN if not row.after else VEHICLE_CHANGED if row.before else VEHICLE_SET
        sentence = _(message, number=about[2], before=row.before, after=row.after)
    elif row.what == "meter" and about and about[3]:
        sentence = _("The separate meter stood at %(energy)s on %(moment)s.", energy=sessions.energy(int(row.after) / 1000, _),
                     moment=_.date(moments.local(int(about[3]), tz), "d MMM y, HH:mm"))
    elif row.what == "forget":
        sentence = _.ngettext("%(n)s session of a vehicle was deleted.", "%(n)s sessions of a vehicle were deleted.", int(row.before or 0))
    else:
        sentence = _("Something was changed by hand: %(what)s.", what=row.what)
    return Item(row.at_ms, "hand", [sentence], by=by(row.who, _))


OF_KIND = collections.OrderedDict(event=of_events, command=of_commands, state=of_states, restart=of_restarts, radio=of_radio, hand=of_changes)
