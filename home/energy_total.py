"""The total of a device's life, carried on between uplinks: never falling, so that what was charged at night is not booked to the morning.

The device tells its counter with each session record and once a day; each status tells the energy of the session. Pure: each step gives a new Total.
"""
import dataclasses

# The longest silence of a device that is well (SF11, SF12: 120 min), and a little.
CARRIED_MS = 125 * 60_000
MINUTE_MS = 60_000
# Counter and status are rounded each by itself: that little less than before is the same session.
ROUNDED_WH = 100
_WH_MS = 3_600_000


@dataclasses.dataclass(frozen=True)
class Total:
    """counted_wh: at at_ms. told_wh: the device's counter as it was told last, None never; offset_wh: between that and what we count."""
    counted_wh: float = 0
    at_ms: int = 0
    power_w: float = 0
    session_wh: float | None = None
    told_wh: float | None = None
    told_ms: int = 0
    offset_wh: float = 0


def with_status(total, at_ms, session_wh, power_w):
    """A status came. session_wh, power_w: None where it does not say."""
    if at_ms < total.at_ms:
        return total
    counted = total.counted_wh
    if session_wh is None:
        session_wh = total.session_wh
    elif total.session_wh is not None and session_wh < total.session_wh - ROUNDED_WH:
        counted += session_wh       # another session has begun
    elif total.session_wh is not None:
        session_wh = max(session_wh, total.session_wh)
        counted += session_wh - total.session_wh
    return dataclasses.replace(total, counted_wh=counted, at_ms=at_ms, power_w=power_w or 0, session_wh=session_wh)


def with_record(total, at_ms, end_ms, energy_wh):
    """The record of a session came, which knows what flowed after its last status. That of an older session says nothing."""
    is_its = total.session_wh is not None and energy_wh is not None and energy_wh >= total.session_wh
    return with_status(total, at_ms, energy_wh, 0) if is_its and end_ms + MINUTE_MS >= total.at_ms else total


def with_told(total, at_ms, told_wh):
    """The device told its counter."""
    if at_ms < total.told_ms:
        return total
    offset, session_wh = total.offset_wh, total.session_wh
    if total.told_wh is None:
        pass    # what was counted until now lies in it
    elif told_wh < total.told_wh:
        offset = total.counted_wh - told_wh     # it counts from the beginning again
    elif session_wh is not None:
        # What came since the last status is in it; the next status has it, too.
        session_wh += told_wh + offset - total.counted_wh
    return dataclasses.replace(total, counted_wh=told_wh + offset, at_ms=max(at_ms, total.at_ms), session_wh=session_wh, told_wh=told_wh,
                               told_ms=at_ms, offset_wh=offset)


def shown(total, floor_wh, now_ms):
    """What is to be shown now, in Wh; None while the counter was not told. floor_wh: the highest that was shown, None: nothing was."""
    if total.told_wh is None:
        return floor_wh
    carried_ms = min(max(now_ms - total.at_ms, 0), CARRIED_MS)
    return max(floor_wh or 0, total.counted_wh + total.power_w * carried_ms / _WH_MS)
