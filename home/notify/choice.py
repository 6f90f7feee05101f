"""Which message a device's owner gets, and that each comes once: pure. What was told is in `kept`, which the store remembers."""
import dataclasses

from home.commands import fate
from home.notify import sentences

HOUR_MS = 3_600_000
SILENT_MS = 3 * HOUR_MS
# What came so late is no news any more.
OLD_MS = 12 * HOUR_MS
# So long after the line is up what was missed is still being fetched.
SETTLE_MS = 600_000
# A device may report an event twice; by so many of the latest it is known.
_RECENT = 30
_COMMANDS = 200
# Less is not missing: an answer is rounded, in kWh.
SMALL_KWH = 0.1
BAD_FATES = tuple(sentences.FATES)


@dataclasses.dataclass(frozen=True)
class Message:
    kind: str
    values: dict


@dataclasses.dataclass(frozen=True)
class Facts:
    """Of one device. events: rows of the store behind kept["event"]; newest_event: the id of the newest of all; commands: those of
    the house that failed in the last day; heard_ms: None if never; line_up_ms: since when the line to its network is up, None if it is down.
    targets: commands of the last day that the device took, whoever sent them."""
    events: tuple
    newest_event: int
    commands: tuple
    heard_ms: int | None
    line_up_ms: int | None
    targets: tuple = ()


def begin(facts):
    """What is kept at the first time: nothing that was before is told."""
    return {"event": facts.newest_event, "commands": [one.key for one in facts.commands], "silent_ms": None, "recent": [],
            "targets": [one.key for one in facts.targets], "short": None}


def choose(kept, facts, wanted, now_ms):
    """([Message], kept): what is to be told now. wanted: kinds."""
    kept = dict(kept)
    found = [*_events(kept, facts, now_ms), *_silence(kept, facts, now_ms), *_commands(kept, facts), *_targets(kept, facts, now_ms)]
    return [message for message in found if (sentences.SILENT if message.kind == sentences.HEARD_AGAIN else message.kind) in wanted], kept


def _events(kept, facts, now_ms):
    for row in facts.events:
        kept["event"] = max(kept["event"], row.id)
        mark = [row.event, row.number, row.at_ms]
        if row.event not in sentences.EVENTS or now_ms - row.received_ms > OLD_MS or row.number is not None and mark in kept["recent"]:
            continue
        kept["recent"] = [*kept["recent"], mark][-_RECENT:]
        yield Message(row.event, _values(row))


def _values(row):
    kwh = None if row.wh is None else row.wh / 1000
    if row.event == "target_missed":
        return {"kwh": kwh, "why": row.reason}
    if row.event in ("finished", "leaked_at_peak"):
        return {"kwh": kwh}
    if row.event == "fault":
        return {"code": row.code}
    return {"minutes": row.minutes or None} if row.event != "memory_lost" else {}


def _silence(kept, facts, now_ms):
    if facts.heard_ms is None:
        return
    since_ms = kept["silent_ms"]
    if since_ms is not None and facts.heard_ms > since_ms:
        kept["silent_ms"] = None
        yield Message(sentences.HEARD_AGAIN, {"hours": (facts.heard_ms - since_ms) // HOUR_MS})
    elif since_ms is None and facts.line_up_ms is not None and now_ms - facts.line_up_ms >= SETTLE_MS and now_ms - facts.heard_ms >= SILENT_MS:
        kept["silent_ms"] = facts.heard_ms
        yield Message(sentences.SILENT, {"hours": (now_ms - facts.heard_ms) // HOUR_MS})


def _commands(kept, facts):
    for command in facts.commands:
        if command.fate in BAD_FATES and command.key not in kept["commands"]:
            kept["commands"] = [*kept["commands"], command.key][-_COMMANDS:]
            yield Message(sentences.COMMAND_FAILED, {"command": command.name, "fate": command.fate, "detail": command.detail})


def _targets(kept, facts, now_ms):
    """What the device said at once that it cannot meet; of a target that is sent again with the same answer once."""
    before = kept.get("targets", [one.key for one in facts.targets])     # what an older version kept has none
    kept["targets"] = [*before, *(one.key for one in facts.targets if one.key not in before)][-_COMMANDS:]
    for row in facts.targets:
        asked, possible = fate.asked_kwh(row.request), fate.possible_kwh(row.detail)
        if row.key in before or None in (asked, possible, row.answered_ms) or now_ms - row.answered_ms > OLD_MS or asked - possible <= SMALL_KWH:
            continue
        said, said_ms = kept.get("short") or (None, 0)
        until = str(row.request["target"].get("until"))[:5]
        mark = [until, asked, round(possible, 1)]
        kept["short"] = [mark, row.answered_ms]
        if said != mark or row.answered_ms - said_ms > OLD_MS:
            yield Message(sentences.TARGET_SHORT, {"possible": possible, "asked": asked, "until": until})
