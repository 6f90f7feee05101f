"""What becomes of a command: pure. docs/commands.md and docs/integration.md have the device's side of it.

asked (by somebody), queued (the network has it), sent (on the air): pending, and about the latest sending. Then one of done, refused, failed,
expired, busy, unanswered, withdrawn. The device's answer stands, whatever was thought before; of several the first.
"""
import dataclasses

PENDING = ("asked", "queued", "sent")
OVER = ("done", "refused", "failed", "expired", "busy", "unanswered", "withdrawn")
FAILED = ("refused", "failed", "expired", "busy", "unanswered")
RESULTS = ("done", "refused", "failed", "expired", "busy")
# who: another program on the same network, this service by itself, and for a standing order.
ELSEWHERE, SERVICE, PLANNER = "elsewhere", "service", "planner"

SENDS_MAX = 3
# The planner asks again by itself when the device is heard.
SENDS_MAX_OF_PLANNER = 2
AGAIN_MS = 60_000
# So long after its expiry an answer may still be on its way.
GRACE_MS = 120_000

# How long a request is good for, in seconds; plan, time zone, settings and target as the formatter has it.
EXPIRES_S = {"stop": 43200, "lock": 43200, "plan": 65535, "timezone": 65535, "settings": 65535, "target": 65535}
EXPIRES_OTHERWISE_S = 600
# Without an id a device cannot know a repetition from a new request.
WITHOUT_IDENTITY = ("mode", "time")
# What the device is about between a request for current and its answer, by the reason of its status: minutes may pass.
AT_WORK = ("min_pause", "starting", "waking_vehicle")
GIVING = ("start", "boost", "resume_plan", "unlock")
URGENT = ("stop", "lock", "unlock")
DAY_MS = 86_400_000
# No request is good for longer than 18 h: what was asked so long ago, or by a clock that was so far ahead, has an end.
PENDING_MS = 2 * DAY_MS

_POSSIBLE = "kwh_possible:"
_FIELDS = ("mode", "command", "plan", "timezone", "settings", "target", "time")
MODES = {"Lock Outlet": "lock", "Unlock Outlet": "unlock", "Reset Charger": "reset"}


@dataclasses.dataclass(frozen=True)
class Command:
    """key, device: of the store. request: the formatter's words, with id, issued_at and expires_in_s. issued_at, expires_at: UTC seconds.

    detail: a word; the device's (docs/payload.md), `network:<its word>`, handed_over (of asked: to a network that says nothing of its queue),
    not_sent, not_taken, no_word, no_line (of expired), sent_already, left_there (of withdrawn), or kwh_possible:18.2 (of a target that is done).
    """
    key: int
    device: int
    at_ms: int
    who: str
    request: dict
    name: str
    command_id: int | None
    issued_at: int | None
    expires_at: int
    fate: str = "asked"
    detail: str | None = None
    changed_ms: int = 0
    sends: int = 0
    tried_ms: int | None = None
    sent_ms: int | None = None
    answered_ms: int | None = None

    @property
    def is_pending(self):
        return self.fate in PENDING

    @property
    def is_ours(self):
        """Whether somebody asked for it here, so that it is ours to repeat."""
        return self.who not in (ELSEWHERE, SERVICE)


@dataclasses.dataclass(frozen=True)
class Heard:
    """what: pushed, queued, sent, failed, expired, answered, withdrawn, gap (nobody heard what was said for a while) or time. result: of an answer.

    detail: a word with it.
    """
    what: str
    result: str | None = None
    detail: str | None = None


TIME, PUSHED, QUEUED, SENT, EXPIRED, WITHDRAWN, GAP = map(Heard, ("time", "pushed", "queued", "sent", "expired", "withdrawn", "gap"))
# By a network that says nothing of its queue, and takes nothing out of it.
HANDED_OVER, LEFT_THERE = "handed_over", "left_there"


def name_of(request):
    """The word that says what a request is: of a command its own, else the field that makes it; "" where there is none."""
    field = next((field for field in _FIELDS if field in request), "")
    return str(request["command"])[:24] if field == "command" else field


def is_urgent(request):
    """Whether it takes current or the outlet away, or gives the outlet back."""
    name = name_of(request)
    return (MODES.get(str(request["mode"]), "") if name == "mode" else name) in URGENT


def possible(kwh):
    """The detail of a target's answer: how much of it can be met; None where the device does not say."""
    return None if kwh is None else f"{_POSSIBLE}{kwh:g}"


def possible_kwh(detail):
    """The kWh of such a detail, or None."""
    return float(detail.removeprefix(_POSSIBLE)) if detail and detail.startswith(_POSSIBLE) else None


def asked_kwh(request):
    """The kWh that a target asks for, or None."""
    target = request.get("target")
    value = target.get("kwh") if isinstance(target, dict) else None
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e6 else None


def expires_in_s(name):
    return EXPIRES_S.get(name, EXPIRES_OTHERWISE_S)


def sends_max(who):
    """So often one command is sent at most."""
    return SENDS_MAX_OF_PLANNER if who == PLANNER else SENDS_MAX


def step(command, heard, now_ms):
    """The command after that was heard."""
    changed = _CHANGES[heard.what](command, heard, now_ms) if command.is_pending or heard.what == "answered" else {}
    if changed and (changed.get("fate", command.fate), changed.get("detail", command.detail)) != (command.fate, command.detail):
        changed["changed_ms"] = now_ms
    return dataclasses.replace(command, **changed)


def is_answer_near(command, reason, status_ms, now_ms):
    """Whether a request for current was heard, as far as the device's newest status tells, so that its answer is to come: no need to repeat it.

    It does already what is asked for, or said something after it a moment ago: the answer follows the status by some seconds.
    """
    is_told_since = command.name in GIVING and command.sent_ms is not None and status_ms > command.sent_ms
    return is_told_since and (reason in AT_WORK or not _is_past(status_ms, now_ms))


def is_in_doubt(command, is_class_a, uplink_ms, line_up_ms, now_ms):
    """Whether it may have left the network's queue while nobody heard: the line was down, until line_up_ms, since it was handed over.

    In class C it is sent at once. In class A it may still wait; if the device is heard, and a minute later no word of it, it does not.
    """
    if command.fate != "queued" or command.tried_ms is None or line_up_ms is None or command.tried_ms > line_up_ms:
        return False
    return not is_class_a or uplink_ms is not None and uplink_ms > line_up_ms and _is_past(uplink_ms, now_ms)


def is_due(command, is_class_a, uplink_ms, now_ms):
    """Whether it is to be sent now, for the first or another time. uplink_ms: when the device was heard last, or None."""
    if not command.is_pending or not command.is_ours or now_ms >= 1000 * command.expires_at:
        return False
    if command.sends == 0:
        return True
    if command.sends >= sends_max(command.who) or command.name in WITHOUT_IDENTITY or command.fate == "queued":
        return False
    if command.fate == "asked":
        return _is_past(command.tried_ms, now_ms)
    return _is_past(command.sent_ms, now_ms) and (not is_class_a or uplink_ms is not None and uplink_ms > command.sent_ms)


def _is_past(at_ms, now_ms):
    """Long enough ago for another try; one that is to come was before the clock was put back."""
    return abs(now_ms - at_ms) >= AGAIN_MS


def room_ms(limits, times_ms, is_urgent, now_ms):
    """When one more downlink is within those that a day allows; now_ms or before: now. limits: home.network.limits.Limits of the network.

    times_ms: of the downlinks of the last 24 h.
    """
    allowed = limits.downlinks if is_urgent else limits.ordinary
    times_ms = sorted(times_ms)
    return times_ms[-allowed] + DAY_MS if allowed is not None and len(times_ms) >= allowed else now_ms


def _pushed(command, heard, now_ms):
    return {"fate": "asked", "sends": command.sends + 1, "tried_ms": now_ms, "detail": heard.detail}


def _queued(command, heard, now_ms):
    return {"fate": "queued"}


def _sent(command, heard, now_ms):
    return {"fate": "sent", "sent_ms": now_ms, "detail": None}


def _gap(command, heard, now_ms):
    # It may have been sent meanwhile, and answered. If the answer is not found in the network's record, it is asked again.
    return {"fate": "asked", "tried_ms": now_ms} if command.fate == "queued" else {}


def _failed(command, heard, now_ms):
    # A repetition that fails says nothing about what was on the air before.
    return {"fate": "sent"} if command.sent_ms is not None else {"fate": "failed", "detail": heard.detail}


def _expired(command, heard, now_ms):
    return {"fate": "sent"} if command.sent_ms is not None else {"fate": "expired", "detail": "not_sent"}


def _answered(command, heard, now_ms):
    if command.answered_ms is not None and command.fate != "busy":
        return {}
    return {"fate": heard.result, "detail": heard.detail, "answered_ms": now_ms}


def _withdrawn(command, heard, now_ms):
    return {"fate": "withdrawn", "detail": heard.detail if command.sent_ms is None else "sent_already"}


def _time(command, heard, now_ms):
    if now_ms < 1000 * command.expires_at + GRACE_MS and abs(now_ms - command.at_ms) <= PENDING_MS:
        return {}
    if command.sent_ms is not None:
        return {"fate": "unanswered"}
    if command.detail == HANDED_OVER:
        return {"fate": "expired", "detail": "no_word"}
    return {"fate": "expired", "detail": "no_line" if not command.sends else "not_sent" if command.fate == "queued" else "not_taken"}


_CHANGES = {"pushed": _pushed, "queued": _queued, "sent": _sent, "failed": _failed, "expired": _expired, "answered": _answered,
            "withdrawn": _withdrawn, "gap": _gap, "time": _time}
