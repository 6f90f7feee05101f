"""When a source is asked: every so often, sooner while what it tells runs out, later each time it fails. Pure; seconds."""
import dataclasses

FAILED_S = (60, 3600)
# Tomorrow's prices are told in the afternoon: while less than that is known ahead, a source is asked more often than every_min.
AHEAD_S = 12 * 3600
SOON_S = 15 * 60
# No wait is longer; a time farther ahead was set by a clock that was put back since.
LONGEST_S = 86400


@dataclasses.dataclass(frozen=True)
class Schedule:
    """due_s: of the next request. known_until_s: the end of the newest price. failures: since the last good answer."""
    due_s: float = 0
    known_until_s: float = 0
    failures: int = 0


def is_due(state, now_s):
    return not 0 < state.due_s - now_s <= LONGEST_S


def passed(state, now_s, known_until_s, every_s):
    """An answer with prices up to then was taken."""
    wait_s = every_s if known_until_s - now_s >= AHEAD_S else min(every_s, SOON_S)
    return dataclasses.replace(state, due_s=now_s + wait_s, known_until_s=known_until_s, failures=0)


def failed(state, now_s, retry_s=None):
    """It did not answer, or nothing useful. retry_s: when it wants to be asked again; None: it does not say."""
    first, last = FAILED_S
    wait_s = min(first << min(state.failures, 16), last) if retry_s is None else max(retry_s, first)
    return dataclasses.replace(state, due_s=now_s + wait_s, failures=state.failures + 1)
