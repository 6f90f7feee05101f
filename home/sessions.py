"""The session book: which number a record has, whether it is there already, what is missing.

The device counts its records in seven bits, keeps the last ones and sends them again when asked. So a record is known by its number, its begin
and when it came; it may come late and twice. Pure: rows in, rows out.
"""
import dataclasses

WRAP = 128
# The device keeps at least this number: a gap of that many is believed however short the time was.
KEPT = 16
# Beyond that, sessions take this long each, or the counter has begun again (another board, a lost memory).
EACH_MS = 30 * 60_000
# A begin that lies so far from the reception was told by a wrong clock. What waited for the air may be old.
FUTURE_MS = 10 * 60_000
OLD_MS = 400 * 86_400_000
NEVER_MS = 1 << 62
# What a car takes at least: 6 A on one phase.
LEAST_W = 1380
_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS


@dataclasses.dataclass(frozen=True)
class Record:
    """One session as the device tells it."""
    wire_number: int
    started_ms: int | None
    duration_min: int | None
    energy_wh: int | None
    estimated: bool
    reason: str | None
    received_ms: int

    @property
    def is_dated(self):
        """The begin can be believed."""
        return self.started_ms is not None and self.received_ms - OLD_MS <= self.started_ms <= self.received_ms + FUTURE_MS

    @property
    def order_ms(self):
        """When it began, as far as one knows."""
        return self.started_ms if self.is_dated else self.received_ms - (self.duration_min or 0) * _MINUTE_MS


def end_ms(record):
    """When it ended, as far as one knows."""
    return record.order_ms + (record.duration_min or 0) * _MINUTE_MS


def is_begin_known(row):
    """True if its place in the order is its begin, and not made up. row: with the names of the store's."""
    return row.started_ms == row.order_ms


def is_timed(row):
    """True if begin and duration are known."""
    return is_begin_known(row) and row.duration_min is not None


def flow_ms(row):
    """(begin, end) between which its energy flowed, as far as one knows: where its length is not known, rather too long than with too much power."""
    if row.duration_min is not None:
        return row.order_ms, end_ms(row)
    if is_begin_known(row):
        return row.order_ms, max(row.received_ms, row.order_ms)
    return row.received_ms - (row.energy_wh or 0) * _HOUR_MS // LEAST_W, row.received_ms


def is_same(record, row):
    """True if that row of the session book is this record, sent before. row: with the names of Record."""
    if record.wire_number != row.wire_number or record.started_ms != row.started_ms:
        return False
    if record.started_ms is not None:
        return True
    told = record.duration_min, record.energy_wh, record.estimated, record.reason
    return told == (row.duration_min, row.energy_wh, row.estimated, row.reason) and abs(record.received_ms - row.received_ms) < OLD_MS


def number(record, before, after=None):
    """The unwrapped number of a record, between the rows of the session book that began before it and after it (None: there is none)."""
    if before is None:
        return record.wire_number if after is None else after.number - (after.wire_number - record.wire_number - 1) % WRAP - 1
    step = (record.wire_number - before.wire_number - 1) % WRAP + 1
    if step > KEPT and record.order_ms - before.order_ms < step * EACH_MS:
        step = 1
    return before.number + step


def shift(number, before, after):
    """By how much the numbers from `after` on must grow to leave room for a late record with that number in front of it."""
    if number < after.number:
        return 0
    is_one_count = before is None or (after.number - before.number - after.wire_number + before.wire_number) % WRAP == 0
    return WRAP if is_one_count else number - after.number + 1


def undated_number(record, newest):
    """The number of a record whose begin is not known: the nearest to the newest in the session book."""
    if newest is None:
        return record.wire_number
    return newest.number + (record.wire_number - newest.wire_number + WRAP // 2) % WRAP - WRAP // 2


def counts_anew(record, number, newest):
    """True if a record that was told after the newest one has the number of a session that the device keeps no more: its count has begun again."""
    return newest.number - number >= KEPT and record.received_ms >= newest.received_ms


def first_missing(before, after):
    """(first, last) of the numbers between two rows of the session book, or None."""
    return (before.number + 1, after.number - 1) if after.number - before.number > 1 else None


def missing_at_begin(oldest, newest):
    """(first, last) of what the device told before the oldest row and, by its number, still has; None: nothing.

    It is asked for and no gap: the service may be newer than the device.
    """
    first = max(1, newest.number - KEPT + 1)
    return (first, oldest.number - 1) if first < oldest.number else None


def wire(missing, row):
    """The seven bits of a missing number, by those of any row of the same count."""
    return (row.wire_number + missing - row.number) % WRAP


def missing_at_end(newest, latest_wire, is_open):
    """(first, last) of what the device counted and did not tell yet. latest_wire: of its latest session; is_open: that one still goes on."""
    if newest is None:
        return None
    step = (latest_wire - newest.wire_number) % WRAP - (1 if is_open else 0)
    return (newest.number + 1, newest.number + step) if 0 < step <= WRAP // 2 else None


# --- asking for what is missing

ASK_EVERY_MS = 24 * 3_600_000
# For what the device still has, however bad the line is; and for what only a device that keeps more could have.
ASK_TIMES = 10
ASK_OLD_TIMES = 3


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a device was asked for: when last, and how often for each first missing number."""
    at_ms: int = 0
    times: tuple = ()


def to_ask(gaps, newest_number, asked, now_ms):
    """(number, next Asked) if the device is to be asked now for its records from that number on, else None. gaps: [(first, last)], oldest first."""
    # Asked in the future: the clock was put back since.
    if 0 <= now_ms - asked.at_ms < ASK_EVERY_MS:
        return None
    times = dict(asked.times)
    for first, _last in gaps:
        back = newest_number - first
        if back < WRAP // 2 and times.get(first, 0) < (ASK_TIMES if back < KEPT else ASK_OLD_TIMES):
            still = {number: count for number, count in times.items() if newest_number - number < WRAP}
            return first, Asked(now_ms, tuple(sorted({**still, first: times.get(first, 0) + 1}.items())))
    return None
