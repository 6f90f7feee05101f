"""Shows changes at a box one by one: the firmware's own client at its own pace, without writes."""
import collections

from modbus import charger, registers

from tools.charger import explain
from tools.charger.client import now_ms
from tools.charger.ports import ChargerError

# A current that moves less is no news.
NEWS_A = 0.5
SILENT_MS = 5000
PORT_LOST_S = 1

# kind: 'state', 'silent' (the box does not answer) or 'no_port'. told: the result of explain.describe(), None unless 'state'.
Change = collections.namedtuple("Change", "kind told facts")


def changes(client, for_s=None):
    """Yields a Change for the first reading and each difference afterwards, for that many seconds or for ever.

    A box that goes silent and a port that vanishes are changes too; both may come back.
    """
    device, system = client.device(), client.system()
    box = charger.ChargerClient(client.bus, client.device_id, client.phase_order)
    box.watch_limits = True
    ends_ms = None if for_s is None else now_ms() + int(for_s * 1000)
    kind, last = None, None
    began_ms = now_ms()
    has_limits = True
    while ends_ms is None or now_ms() < ends_ms:
        event = box.poll(now_ms())
        news = event in (charger.READING, charger.LIMITS)
        if event == charger.READ_FAILED and box.failed_address == registers.LIMITS:
            has_limits, news = False, box.reading.code is not None
        seen = _kind(client, box, began_ms)
        if seen == "no_port":
            began_ms = now_ms()
        if seen == "state" and news and (box.limits or not has_limits):
            facts = explain.Facts(box.reading, box.limits, device, system)
            told = explain.describe(facts)
            if kind != "state" or differs(told, last):
                yield Change("state", told, facts)
                kind, last = "state", told
        elif seen != "state" and seen != kind:
            yield Change(seen, None, None)
            kind = seen
        if event == charger.SIGHTING and box.code != box.reading.code:
            box.read_soon(now_ms())
        if event == charger.IDLE:
            _wait(client, box.due_ms if ends_ms is None else min(box.due_ms, ends_ms))


def _kind(client, box, began_ms):
    """Kind of the present state: an answer, silence or no port."""
    if not client.bus.is_open():
        return "no_port"
    since_ms = began_ms if box.answered_ms is None else max(box.answered_ms, began_ms)
    return "silent" if now_ms() - since_ms >= SILENT_MS else "state"


def _wait(client, until_ms):
    try:
        client.wait(until_ms)
    except ChargerError:
        client.rest(PORT_LOST_S)


def differs(told, last):
    """True if there is news: currents (and the power computed from them) have to move by NEWS_A."""
    if last is None:
        return True
    for name, value in told.items():
        if name == "current_a":
            if (value is None) != (last[name] is None):
                return True
            for new, old in zip(value or (), last[name] or (), strict=True):
                if (new is None) != (old is None) or new is not None and abs(new - old) >= NEWS_A:
                    return True
        elif name != "power_kw" and value != last[name]:
            return True
    return False
