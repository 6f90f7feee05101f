"""The page of all devices: a card for each, with what it does now, how old that is, and what the night is to bring."""
import dataclasses

from home.store import queries
from home.web import moments
from home.web.views import now, requests, sentences, sessions

OLD_MS = 3 * moments.HOUR_MS


@dataclasses.dataclass(frozen=True)
class Card:
    name: str
    place: str
    sentence: str
    power: str
    energy: str
    age: str
    heard_iso: str
    heard_ms: int | None
    is_old: bool
    is_bad: bool
    tonight: str


def gather(look):
    service = look.service
    looks = [dataclasses.replace(look, device=device, key=service.key(device)) for device in service.settings.devices]
    told = [(its, queries.newest(its.connection, its.key)) for its in looks]
    return {"cards": [card(its.device, newest, its.now_ms, its.words, tonight(its, newest)) for its, newest in told]}


def tonight(look, newest):
    """Who decides there, and when the next cheap hours begin or end; "" where it is not known."""
    status_ms, status = newest.get("status", (None, {}))
    if status_ms is None or look.now_ms - status_ms > OLD_MS:
        return ""
    upcoming = now.next_edge(requests.held(look, newest), look.now_ms // 1000)
    return now.decides(status, newest.get("readback.claims", (None, {}))[1], upcoming, look.now_ms, look.tz, look.words)


def card(device, newest, now_ms, _, tonight=""):
    received_ms, data = newest.get("status", (None, {}))
    power, reason = data.get("power_kw"), data.get("reason")
    sentence = _("Nothing was heard of it yet.")
    if received_ms is not None:
        sentence = sentences.state(data, _)
    return Card(
        name=device.name, place=device.place, sentence=sentence, power=_("%(n)s kW", n=_.number(power, 1)) if is_number(power) and power else "",
        energy=sessions.energy(data["session_kwh"], _) if is_number(data.get("session_kwh")) and data.get("ev_connected") else "",
        age=moments.age(received_ms, now_ms, _) if received_ms is not None else "",
        heard_iso=moments.iso(received_ms) if received_ms is not None else "", heard_ms=received_ms,
        is_old=received_ms is not None and now_ms - received_ms > OLD_MS, is_bad=reason in ("fault", "unreachable"), tonight=tonight)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)
