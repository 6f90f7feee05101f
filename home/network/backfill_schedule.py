"""When a network's memory is asked for what we missed: after a start, after each outage, and now and then, for a message may be lost unseen.

Pure. What the network writes down comes late (in batches), so a second pass follows the first; a failure waits longer each time.
"""
import dataclasses

LATE_MS = 10 * 60_000
AGAIN_MS = 6 * 3_600_000
OVERLAP_MS = 60_000
FURTHEST_MS = 30 * 86_400_000
# A message that claims to be from later than that is not believed.
AHEAD_MS = 86_400_000
FAILED_MS = (30_000, 3_600_000)


@dataclasses.dataclass(frozen=True)
class Backfill:
    """complete_ms: all that was received before that is in. connected_ms: since then the line is up, None: it is down. due_ms: of the next pass;
    not_before_ms: the network said to be asked again then, whatever the line does."""
    complete_ms: int = 0
    connected_ms: int | None = None
    due_ms: int | None = None
    failures: int = 0
    not_before_ms: int = 0


def connected(state, now_ms):
    return dataclasses.replace(state, connected_ms=now_ms, due_ms=max(now_ms, state.not_before_ms), failures=0)


def lost(state):
    """The line is down. What was due stays due: the memory may answer where the line does not."""
    return dataclasses.replace(state, connected_ms=None)


def is_due(state, now_ms):
    """A time farther ahead than any wait was set by a clock that was put back since."""
    return state.due_ms is not None and not 0 < state.due_ms - now_ms <= AGAIN_MS


def after_ms(state, now_ms):
    """From when on to ask."""
    return max(state.complete_ms - OVERLAP_MS, now_ms - FURTHEST_MS)


def passed(state, began_ms, newest_ms):
    """A pass that began then brought all there was, up to what the network received at newest_ms; 0: nothing.

    Of both clocks only the network's counts for what is complete: a computer without a battery begins with a wrong one.
    """
    is_second = state.connected_ms is not None and began_ms >= state.connected_ms + LATE_MS
    due_ms = began_ms + AGAIN_MS if is_second or state.connected_ms is None else state.connected_ms + LATE_MS
    return dataclasses.replace(state, complete_ms=max(state.complete_ms, min(newest_ms, began_ms + AHEAD_MS) - LATE_MS), due_ms=due_ms, failures=0)


def failed(state, now_ms, retry_s=None):
    """A pass broke off. retry_s: when the network wants to be asked again, None: it does not say."""
    first, last = FAILED_MS
    wait_ms = min(first << min(state.failures, 16), last) if retry_s is None else int(1000 * retry_s)
    due_ms = now_ms + wait_ms
    return dataclasses.replace(state, due_ms=due_ms, failures=state.failures + 1, not_before_ms=0 if retry_s is None else due_ms)
