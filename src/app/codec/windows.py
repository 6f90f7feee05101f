"""Windows of the off-peak plan: from words to tuples, from tuples to bytes, and both ways back. Pure.

A window is (days, from_min, to_min, current_da, limit_wh, limit_min). days: bit 0 Monday to bit 6 Sunday, the days on which it starts;
from_min, to_min: minutes since local midnight, to_min <= from_min is a time of the next day; the other three are 0 where not limited.
config.py and downlinks name the same fields (docs/payload.md): days, from, to, current_a, kwh, duration_min.
"""

from app.codec import packing, vocabulary

DAYS, FROM_MIN, TO_MIN, CURRENT_DA, LIMIT_WH, LIMIT_MIN = range(6)

DAY_MIN = 1440
# As many as one downlink may carry (28 bytes of arguments, 4 and more each).
MOST_BYTES = 28
_ALL_DAYS = 127
_HEAD = 4
_HEAD_WIDTHS = (1, 3)

# A limit is one byte on the air: (field, lowest and highest byte, numerator and denominator of field to byte, its unit in the tuple,
LOWEST_HALVES, HIGHEST_HALVES = 12, 160
# description of right values). Bits 0, 1, 2 of the head say which limits follow.
# what the field must be). Bits 0, 1, 2 of the head tell which follow.
_LIMITS = (
    ('current_a', LOWEST_HALVES, HIGHEST_HALVES, 2, 1, 5, '6 to 80 in steps of 0.5'),
    ('kwh', 1, 255, 2, 1, 500, '0.5 to 127.5 in steps of 0.5'),
    ('duration_min', 1, 144, 1, 10, 10, '10 to 1440 in steps of 10'),
)
# CRC-8/SMBUS of four bits at a time.
_CRC = (0, 7, 14, 9, 28, 27, 18, 21, 56, 63, 54, 49, 36, 35, 42, 45)
_FIELDS = ('days', 'from', 'to', 'current_a', 'kwh', 'duration_min')


def parse_days(text):
    """Days in words ('mon-fri', 'fri-mon', 'sat,sun', 'daily') as seven bits; 0 for anything else."""
    mask = 0
    for part in text.lower().replace(' ', '').split(','):
        ends = ['mon', 'sun'] if part in ('daily', 'all') else part.split('-')
        if len(ends) > 2 or ends[0] not in vocabulary.DAYS or ends[-1] not in vocabulary.DAYS:
            return 0
        day = vocabulary.DAYS.index(ends[0])
        last = vocabulary.DAYS.index(ends[-1])
        mask |= 1 << day
        while day != last:
            day = (day + 1) % 7
            mask |= 1 << day
    return mask


def days_text(mask):
    """The shortest words for seven bits: days that follow each other as a range, within the week."""
    if mask == _ALL_DAYS:
        return 'daily'
    parts = []
    day = 0
    while day < 7:
        if mask >> day & 1:
            first = day
            while mask >> (day + 1) & 1:
                day += 1
            parts.append(vocabulary.DAYS[first] + ('-' + vocabulary.DAYS[day] if day > first else ''))
        day += 1
    return ','.join(parts)


def parse_time(text):
    """'22:00' as minutes since midnight; None for anything else."""
    parts = text.split(':') if isinstance(text, str) else ()
    if len(parts) != 2 or not 1 <= len(parts[0]) <= 2 or len(parts[1]) != 2 or not all([c in '0123456789' for c in parts[0] + parts[1]]):
        return None
    hours, minutes = int(parts[0]), int(parts[1])
    return hours * 60 + minutes if hours < 24 and minutes < 60 else None


def time_text(minutes):
    """Minutes since midnight as '22:00'."""
    return '%02d:%02d' % (minutes // 60, minutes % 60)


def _steps(value, row):
    """A field's value as a number of the row's steps; None if it is not one of them."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    steps = value * row[3]
    if not row[1] * row[4] <= steps <= row[2] * row[4] or steps % row[4]:
        return None
    return int(steps) // row[4]


def _parse_window(window):
    """(window, None), or (None, error that begins with the field's name)."""
    if not isinstance(window, dict):
        return None, ': must be a dictionary'
    for name in window:
        if name not in _FIELDS:
            return None, '.%s: is not known here' % name
    for name in _FIELDS[:3]:
        if name not in window:
            return None, '.%s: is missing' % name
    days = parse_days(window['days']) if isinstance(window['days'], str) else 0
    if not days:
        return None, '.days: must be days, as in mon-fri or sat,sun or daily'
    found = [days]
    for name in ('from', 'to'):
        found.append(parse_time(window[name]))
        if found[-1] is None:
            return None, '.%s: must be a time from 00:00 to 23:59' % name
    for row in _LIMITS:
        steps = _steps(window[row[0]], row) if row[0] in window else 0
        if steps is None:
            return None, '.%s: must be %s' % (row[0], row[6])
        found.append(steps * row[5])
    return tuple(found), None


def parse(plan):
    """A list of windows in words as (tuple of windows, None), or as (None, error: 'windows[1].from: ...')."""
    if not isinstance(plan, (list, tuple)):
        return None, 'windows: must be a list of windows'
    found = []
    for number, window in enumerate(plan):
        parsed, problem = _parse_window(window)
        if problem:
            return None, 'windows[%d]%s' % (number, problem)
        found.append(parsed)
        if len(pack(found)) > MOST_BYTES:
            return None, 'windows: only %d of them fit' % number
    return tuple(found), None


def to_words(windows):
    """The list of dictionaries that parse() reads; canonical."""
    plan = []
    for window in windows:
        worded = {}
        worded['days'] = days_text(window[DAYS])
        worded['from'] = time_text(window[FROM_MIN])
        worded['to'] = time_text(window[TO_MIN])
        for place, row in enumerate(_LIMITS):
            steps = window[CURRENT_DA + place] // row[5]
            if steps:
                value = steps * row[4]
                # Half amperes and half kWh are the only halves there are.
                worded[row[0]] = value // row[3] if value % row[3] == 0 else float('%d.5' % (value // 2))
        plan.append(worded)
    return plan


def pack(windows):
    """The bytes of a plan: for its downlink, its read-back and plan_hash."""
    packed = bytearray()
    for window in windows:
        flags = 0
        limits = []
        for place, row in enumerate(_LIMITS):
            if window[CURRENT_DA + place]:
                flags |= 1 << place
                limits.append(window[CURRENT_DA + place] // row[5])
        low = (window[FROM_MIN] & 1023) << 14 | window[TO_MIN] << 3 | flags
        packed.append(window[DAYS] << 1 | window[FROM_MIN] >> 10)
        packed.extend(low.to_bytes(3, 'big'))
        packed.extend(bytes(limits))
    return bytes(packed)


def unpack(packed):
    """The windows in these bytes, or None if the bytes are wrong."""
    windows = []
    at = 0
    while at < len(packed):
        head = packed[at:at + _HEAD]
        at += _HEAD
        if len(head) < _HEAD:
            return None
        high, low = packing.unpack(head, 0, _HEAD_WIDTHS)
        found = [high >> 1, (high & 1) << 10 | low >> 14, low >> 3 & 2047]
        for place, row in enumerate(_LIMITS):
            steps = 0
            if low >> place & 1:
                steps = packed[at] if at < len(packed) else 0
                at += 1
                if not row[1] <= steps <= row[2]:
                    return None
            found.append(steps * row[5])
        if not found[DAYS] or found[FROM_MIN] >= DAY_MIN or found[TO_MIN] >= DAY_MIN:
            return None
        windows.append(tuple(found))
    return tuple(windows)


def plan_hash(windows, packed_zone):
    """One byte by which the sender sees whether plan and time zone are the ones it sent. 0: no windows; a sum of 0 is sent as 255.

    CRC-8 (x^8 + x^2 + x + 1, start 0, not reflected: CRC-8/SMBUS, '123456789' gives F4) over the packed windows, then the packed zone.
    """
    if not windows:
        return 0
    crc = 0
    for byte in pack(windows) + bytes(packed_zone):
        crc ^= byte
        crc = (crc << 4 & 255) ^ _CRC[crc >> 4]
        crc = (crc << 4 & 255) ^ _CRC[crc >> 4]
    return crc or 255
