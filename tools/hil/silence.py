"""Chooses the next silence to try, to find out when the box's interface goes to sleep."""

# Others found "some tens of seconds" (docs/protocol.md).
FIRST_S = (3, 10, 20, 40, 80, 120)
# Between the longest silence that was answered and the shortest that was not, this is near enough.
NEAR_S = 5


def next_silence(tried, left_s):
    """Seconds, or None: done, or no time left. tried: [(seconds, answered)]."""
    answered = max((seconds for seconds, was in tried if was), default=0)
    lost = min((seconds for seconds, was in tried if not was), default=None)
    if lost is None:
        silence_s = next((seconds for seconds in FIRST_S if seconds > answered), None)
    else:
        silence_s = (answered + lost) / 2 if lost - answered > NEAR_S else None
    return silence_s if silence_s is not None and silence_s <= left_s else None
