"""The total of a device's life, carried on between uplinks: never falling, so that what was charged at night is not booked to the morning.

The device tells its counter with each session record and once a day; each status tells the energy of the session. Pure: each step gives a new Total.
"""
import dataclasses

MINUTE_MS = 60_000
# The longest silence of a device that is well, and a little: at SF11 and SF12, and faster.
SLOW_SF = 11
SLOW_MS = 125 * MINUTE_MS
SILENCE_MS = 95 * MINUTE_MS
# Counter and status are rounded each by itself: that little less than before is the same session.
ROUNDED_WH = 100
# Sessions that tell what another one may take, and the number of them below which they do not: the first car in the book may be the smaller one.
LATEST, FEWEST = 30, 7
# No box gives more: 32 A on three phases of 240 V, and a little.
MOST_W = 25_000
_WH_MS = 3_600_000


@dataclasses.dataclass(frozen=True)
class Total:
    """counted_wh: at at_ms. told_wh: the device's counter as it was told last, None never; offset_wh: between that and what we count.

    silence_ms: so long the last power is believed; usual_w: the last that was not 0; guessed_wh: what flowed since counted_wh by power alone.
    session_wh: as it was told last, at session_ms; ahead_wh: what the counter may have had of a session since then.
    """
    counted_wh: float = 0
    at_ms: int = 0
    power_w: float = 0
    session_wh: float | None = None
    told_wh: float | None = None
    told_ms: int = 0
    offset_wh: float = 0
    silence_ms: int = SLOW_MS
    usual_w: float = 0
    guessed_wh: float = 0
    session_ms: int = 0
    ahead_wh: float = 0


def with_status(total, at_ms, session_wh, power_w, spreading_factor=None, is_charging=False):
    """A status came. session_wh, power_w, spreading_factor: None where it does not say; what charges then does so with its usual power."""
    if at_ms < total.at_ms:
        return total
    if session_wh is None:
        total = dataclasses.replace(total, guessed_wh=_carried_wh(total, at_ms))
    else:
        total = _with_session(total, at_ms, session_wh)
    if power_w is None and is_charging:
        power_w = total.usual_w
    silence_ms = SILENCE_MS if (spreading_factor or SLOW_SF) < SLOW_SF else SLOW_MS
    return dataclasses.replace(total, at_ms=at_ms, power_w=power_w or 0, silence_ms=silence_ms, usual_w=power_w or total.usual_w)


def _with_session(total, at_ms, session_wh):
    """The energy of the session was told."""
    before_wh = total.session_wh
    if before_wh is None:
        grown_wh = 0
    elif session_wh < before_wh - ROUNDED_WH:
        grown_wh = session_wh       # another session has begun
    else:
        session_wh = max(session_wh, before_wh)
        grown_wh = session_wh - before_wh
    return dataclasses.replace(total, counted_wh=total.counted_wh + max(grown_wh - total.ahead_wh, 0), session_wh=session_wh, session_ms=at_ms,
                               guessed_wh=0, ahead_wh=0)


def with_rest(total, at_ms, session_wh=None):
    """Another uplink says that nothing flows. session_wh: None where it does not say."""
    return with_status(total, at_ms, session_wh, 0)


def with_record(total, at_ms, end_ms, energy_wh):
    """The record of a session came, which knows what flowed after its last status. That of an older session says nothing."""
    is_its = total.session_wh is not None and energy_wh is not None and energy_wh >= total.session_wh
    return with_status(total, at_ms, energy_wh, 0) if is_its and end_ms + MINUTE_MS >= total.session_ms else total


def with_told(total, at_ms, told_wh):
    """The device told its counter, which is right, whatever was counted until now."""
    if at_ms < total.told_ms:
        return total
    offset_wh = total.offset_wh
    if total.told_wh is not None and told_wh < total.told_wh:
        offset_wh = total.counted_wh - told_wh     # it counts from the beginning again
    counted_wh = told_wh + offset_wh
    if total.told_wh is None:
        ahead_wh = _carried_wh(total, at_ms)
    elif at_ms < total.session_ms:
        # It comes late: what flowed since then is counted already, as far as it was seen.
        counted_wh, ahead_wh = max(counted_wh, total.counted_wh), total.ahead_wh
    else:
        # The next status has it, too: as much as can have flowed since the last one. What is more is of sessions that nobody saw.
        ahead_wh = min(max(total.ahead_wh + counted_wh - total.counted_wh, 0), MOST_W * (at_ms - total.session_ms) / _WH_MS)
    return dataclasses.replace(total, counted_wh=counted_wh, at_ms=max(at_ms, total.at_ms), told_wh=told_wh, told_ms=at_ms, offset_wh=offset_wh,
                               guessed_wh=0, ahead_wh=ahead_wh)


def shown(total, most_wh, floor_wh, now_ms):
    """What is to be shown now, in Wh; None while the counter was not told. floor_wh: the highest that was shown, None: nothing was."""
    if total.told_wh is None:
        return floor_wh
    return max(floor_wh or 0, total.counted_wh + carried_wh(total, most_wh, now_ms))


def carried_wh(total, most_wh, now_ms):
    """What has flowed since a status told the session's energy, by power alone. most_wh: of the latest sessions, 0 where it is not known; until
    this one says that it takes more, it is not believed to: its end may be what nobody heard."""
    wh = _carried_wh(total, now_ms)
    left_wh = most_wh - (total.session_wh or 0) - total.ahead_wh
    return min(wh, left_wh) if left_wh > 0 else wh


def _carried_wh(total, now_ms):
    return total.guessed_wh + total.power_w * min(max(now_ms - total.at_ms, 0), total.silence_ms) / _WH_MS
