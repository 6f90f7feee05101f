"""The page of the device: what it is, what box stands behind it, its settings with what it last said of each, and what it counted."""
import dataclasses

from home.language import setting_words, vocabulary
from home.language.words import N_
from home.store import queries
from home.web import moments
from home.web.views import history, parts

READ_DEVICE, READ_SETTINGS = {"command": "report", "what": "device"}, {"command": "report", "what": "plan"}
_YES, _NO = N_("yes"), N_("no")
CRASHED = N_("The last fault of its program, told %(age)s, was %(error)s in %(module)s, at %(line)s.")


@dataclasses.dataclass(frozen=True)
class Fact:
    """received_ms: of the message that told it, None: the house itself knows."""
    label: str
    value: str
    received_ms: int | None = None
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Section:
    """age: of the oldest message in it."""
    facts: list
    age: str


@dataclasses.dataclass(frozen=True)
class Field:
    """A setting of the form. options: [(field's value, its words)]; said: what the device has, "" where it did not say; chosen: the field's value."""
    name: str
    title: str
    meaning: str
    unit: str
    options: list
    lowest: int | None
    highest: int | None
    said: str
    age: str
    chosen: str
    is_radio: bool


@dataclasses.dataclass(frozen=True)
class Page:
    device: Section
    box: Section
    counters: Section
    energy: str
    fields: list
    has_settings: bool
    crash: str
    is_told: bool
    has_messages: bool


def gather(look):
    newest = queries.newest(look.connection, look.key)
    total_wh = queries.total_wh(look.connection, look.key, look.now_ms)
    network = look.service.settings.network(look.device.network)
    has_messages = bool(look.service.settings.notify.urls)
    return {"its": page(newest, total_wh, look.tz, look.now_ms, look.words, network, look.device, has_messages)}


def page(newest, total_wh, tz, now_ms, _, network, device, has_messages=False):
    told = _Told(newest, _)
    return Page(
        device=section(device_facts(told, tz, now_ms, _, network, device), now_ms, _), box=section(box_facts(told, _), now_ms, _),
        counters=section(counter_facts(told, _), now_ms, _), energy="" if total_wh is None else _("%(n)s kWh", n=_.number(total_wh / 1000, 1)),
        fields=fields(newest, now_ms, _), has_settings=bool(parts.pages(newest, "readback", "settings")), crash=crash(newest, now_ms, _),
        is_told=any(name.startswith("device.") for name in newest), has_messages=has_messages)


def section(facts, now_ms, _):
    told = [fact.received_ms for fact in facts if fact.received_ms is not None]
    return Section(facts, moments.age(min(told), now_ms, _) if told else "")


class _Told:
    """What the device said last of itself."""

    def __init__(self, newest, _):
        self._newest, self._words = newest, _

    def part(self, name):
        return parts.part(self._newest, "device", name)

    def fact(self, name, label, field, shown):
        """[Fact] where that part told the field; shown(value) makes words of it."""
        part = self.part(name)
        if part is None or part.data.get(field) is None:
            return []
        return [Fact(self._words(label), shown(part.data[field]), part.received_ms)]


def device_facts(told, tz, now_ms, _, network, device):
    boot = told.part("boot")
    found = told.fact("boot", N_("Firmware"), "firmware", text)
    found += told.fact("boot", N_("Built from commit"), "commit", text)
    if boot and is_number(boot.data.get("uptime_min")):
        booted_ms = boot.received_ms - int(boot.data["uptime_min"]) * moments.MINUTE_MS
        found.append(Fact(
            _("Started"), moments.at(booted_ms, now_ms, tz, _), boot.received_ms, _.known(vocabulary.CAUSES, boot.data.get("boot_cause"))))
    return [*found, Fact(_("Its clock in this house"), f"{tz} ({moments.offset(now_ms, tz)})"), Fact(_("Id in the network"), device.id),
            Fact(_("Network"), network.name)]


def box_facts(told, _):
    def yes_or_no(value):
        return _(_YES) if value is True else _(_NO)

    return [
        *told.fact("model", N_("Model"), "model", text), *told.fact("serial", N_("Serial number"), "serial", text),
        *told.fact("charger", N_("Firmware of the box"), "charger_firmware", text),
        *told.fact("charger", N_("Its own limit"), "max_current_a", amperes),
        *told.fact("charger", N_("Key"), "key", lambda word: _.known(vocabulary.KEYS, word)),
        *told.fact("charger", N_("It has a meter"), "meter", yes_or_no),
        *told.fact("charger", N_("It charges by itself after a power cycle"), "starts_after_power_cycle", yes_or_no),
        *told.fact("charger", N_("Silence of the device makes a fault"), "upstream_timeout", yes_or_no),
        *told.fact("charger", N_("Id on the bus"), "charger_id", text)]


def counter_facts(told, _):
    rows = (
        ("closings_today", N_("Closings of the contactor in 24 h")), ("bus_errors", N_("Errors on the bus")),
        ("commands_refused", N_("Commands refused")), ("bad_downlinks", N_("Downlinks that meant nothing")), ("resets", N_("Restarts")),
        ("crashes", N_("Faults of the program")), ("store_failures", N_("Failures of its memory")))
    return [fact for field, label in rows for fact in told.fact("counters", label, field, text)]


def crash(newest, now_ms, _):
    """The last fault of the program in one sentence, or ""."""
    part = parts.part(newest, "device", "crash")
    if part is None or "error" not in part.data:
        return ""
    return _(CRASHED, age=moments.age(part.received_ms, now_ms, _), **history.crash_values(part.data))


def text(value):
    return str(value)[:40]


def amperes(value):
    return f"{value} A"


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def fields(newest, now_ms, _):
    """A Field of each setting, with what the device said last."""
    said = {}
    # A page that an older firmware told in another order does not count against a newer one.
    for part in sorted(parts.pages(newest, "readback", "settings"), key=lambda one: one.received_ms):
        if isinstance(part.data.get("settings"), dict):
            said.update({name: (value, part.received_ms) for name, value in part.data["settings"].items()})
    return [field(setting, said.get(setting.name), now_ms, _) for setting in setting_words.SETTINGS]


def field(setting, said, now_ms, _):
    options = [(setting_words.as_field(value), _(words)) for value, words in setting.choices.items()]
    value = None if said is None else said[0]
    words = ""
    if said is not None:
        words = _(setting.choices[value]) if is_choice(setting, value) else f"{text(value)} {_(setting.unit) if setting.unit else ''}".strip()
    return Field(
        setting.name, _(setting.title), _(setting.meaning), _(setting.unit) if setting.unit else "", options, setting.lowest, setting.highest, words,
        moments.age(said[1], now_ms, _) if said else "", "" if said is None else setting_words.as_field(value), setting.is_radio)


def is_choice(setting, value):
    """True if it is one of the words; 1 is none for True."""
    return any(value is one or (type(value) is type(one) and value == one) for one in setting.choices)


def changes_of(form):
    """({name: value} that the form asks for, [settings whose field means nothing]). Fields that are empty or as they were are left out."""
    changes, wrong = {}, []
    for setting in setting_words.SETTINGS:
        given = str(form.get(setting.name, "")).strip()
        if not given or given == str(form.get(f"{setting.name}.was", "")):
            continue
        try:
            changes[setting.name] = setting_words.value_of(setting, given)
        except ValueError:
            wrong.append(setting)
    return changes, wrong
