"""Time zones: from a POSIX TZ string to a tuple, from the tuple to bytes, and both ways back. Pure; local_time computes the time there.

A zone is (standard_s, summer_s, start, end): seconds east of UTC, and the rules by which summer time starts and ends; the last three
are None where the clock is never changed. A rule is (month, week, day, time_s): day 0 Sunday to 6 in week 1 to 5 (5: the last one) of
month 1 to 12; or JULIAN, 0, day 1 to 365, where 29 February is never counted; or PLAIN, 0, day 0 to 365. time_s: seconds of local
time from midnight of that day, also below 0 and above a day. Grammar: RFC 9636, section 3.3.1. docs/payload.md has the bytes.
"""

from app.codec import packing

JULIAN, PLAIN = 13, 14

_HOUR_S = 3600
_DEFAULT_TIME_S = 2 * _HOUR_S
# Rules for a string with summer time but without rules, as in POSIX's example and in the usual time zone library.
_DEFAULT_RULES = 'M3.2.0', 'M11.1.0'
_MOST_OFFSET_H = 24
_MOST_TIME_H = 167
_FIXED_BYTES = 3
_RULED_BYTES = 16
_RULE_WIDTHS = (2, 3)   # month and days, seconds
_MASK = 0xFFFFFF        # seconds in three bytes, two's complement
_WHAT = 'must be a POSIX TZ string, as in AEST-10AEDT,M10.1.0,M4.1.0/3'


class _Text:
    """Reads a string from left to right. bad: something required was missing."""

    def __init__(self, text):
        self.text = text
        self.at = 0
        self.bad = False

    def more(self):
        return self.at < len(self.text)

    def peek(self):
        return self.text[self.at] if self.more() else ''

    def take(self, char):
        """True if that character is next; it is then consumed."""
        if self.peek() != char or not char:
            return False
        self.at += 1
        return True

    def while_in(self, chars):
        start = self.at
        while self.more() and self.text[self.at] in chars:
            self.at += 1
        return self.text[start:self.at]

    def number(self, low, high, most_digits=3):
        digits = self.while_in('0123456789')
        if not 1 <= len(digits) <= most_digits or not low <= int(digits) <= high:
            self.bad = True
            return 0
        return int(digits)


_LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'


def _skip_name(text):
    """Over a name: three letters or more, or anything in < >."""
    if text.take('<'):
        long_enough = len(text.while_in(_LETTERS + '0123456789+-')) >= 3
        if not text.take('>') or not long_enough:
            text.bad = True
    elif len(text.while_in(_LETTERS)) < 3:
        text.bad = True


def _duration_s(text, most_hours):
    """[+-]h[:mm[:ss]] in seconds."""
    negative = text.take('-')
    if not negative:
        text.take('+')
    seconds = text.number(0, most_hours) * _HOUR_S
    for unit_s in (60, 1):
        if not text.take(':'):
            break
        start = text.at
        seconds += text.number(0, 59, 2) * unit_s
        if text.at - start != 2:
            text.bad = True
    return -seconds if negative else seconds


def _rule(part):
    """One rule, or None."""
    text = _Text(part)
    week = 0
    if text.take('M'):
        month = text.number(1, 12, 2)
        if not text.take('.'):
            return None
        week = text.number(1, 5, 1)
        if not text.take('.'):
            return None
        day = text.number(0, 6, 1)
    elif text.take('J'):
        month = JULIAN
        day = text.number(1, 365)
    else:
        month = PLAIN
        day = text.number(0, 365)
    time_s = _duration_s(text, _MOST_TIME_H) if text.take('/') else _DEFAULT_TIME_S
    return None if text.bad or text.more() else (month, week, day, time_s)


def parse(string):
    """A POSIX TZ string as (zone, None), or as (None, error)."""
    parts = string.split(',') if isinstance(string, str) else []
    if len(parts) not in (1, 3):
        return None, _WHAT
    text = _Text(parts[0])
    _skip_name(text)
    standard_s = -_duration_s(text, _MOST_OFFSET_H)
    if text.bad or not text.more():
        return (None, _WHAT) if text.bad or len(parts) > 1 else ((standard_s, None, None, None), None)
    _skip_name(text)
    summer_s = -_duration_s(text, _MOST_OFFSET_H) if text.more() else standard_s + _HOUR_S
    if text.bad or text.more():
        return None, _WHAT
    rules = []
    for part in parts[1:] or _DEFAULT_RULES:
        rules.append(_rule(part))
        if rules[-1] is None:
            return None, 'has a rule that is none: %s' % part[:20]
    return (standard_s, summer_s, rules[0], rules[1]), None


# --- back to text


def _duration_text(seconds, colon):
    left = abs(seconds)
    hours = left // _HOUR_S
    text = str(hours) if colon else '%02d' % hours
    if left % _HOUR_S:
        text += '%s%02d' % (colon, left // 60 % 60)
        if left % 60:
            text += '%s%02d' % (colon, left % 60)
    return text


def _name(east_s):
    return '<%s%s>' % ('-' if east_s < 0 else '+', _duration_text(east_s, ''))


def _offset(east_s):
    return ('-' if east_s > 0 else '') + _duration_text(east_s, ':')


def _rule_text(rule):
    month, week, day, time_s = rule
    if month <= 12:
        text = 'M%d.%d.%d' % (month, week, day)
    else:
        text = '%s%d' % ('J' if month == JULIAN else '', day)
    if time_s == _DEFAULT_TIME_S:
        return text
    return text + '/' + ('-' if time_s < 0 else '') + _duration_text(time_s, ':')


def to_text(zone):
    """A POSIX TZ string for a zone, with names made of its offsets."""
    standard_s, summer_s, start, end = zone
    text = _name(standard_s) + _offset(standard_s)
    if summer_s is None:
        return text
    text += _name(summer_s)
    if summer_s != standard_s + _HOUR_S:
        text += _offset(summer_s)
    return '%s,%s,%s' % (text, _rule_text(start), _rule_text(end))


# --- bytes


def _signed(value):
    return value - (1 << 24) if value & 0x800000 else value


def pack(zone):
    """3 bytes, or 16 with summer time."""
    packed = packing.field(zone[0] & _MASK, 3)
    if zone[1] is None:
        return packed
    packed += packing.field(zone[1] & _MASK, 3)
    for month, week, day, time_s in zone[2:]:
        packed += packing.pack((month << 9 | week << 3 | day, time_s & _MASK), _RULE_WIDTHS)
    return packed


def _unpack_rule(packed, at):
    code, time_s = packing.unpack(packed, at, _RULE_WIDTHS)
    month, days = code >> 9, code & 511
    time_s = _signed(time_s)
    if abs(time_s) >= (_MOST_TIME_H + 1) * _HOUR_S:
        return None
    if 1 <= month <= 12:
        right = 1 <= days >> 3 <= 5 and days & 7 < 7
        return (month, days >> 3, days & 7, time_s) if right else None
    right = month in (JULIAN, PLAIN) and (month == PLAIN or days > 0) and days <= 365
    return (month, 0, days, time_s) if right else None


def unpack(packed):
    """The zone in these bytes, or None if the bytes are wrong."""
    if len(packed) not in (_FIXED_BYTES, _RULED_BYTES):
        return None
    most_s = (_MOST_OFFSET_H + 1) * _HOUR_S
    standard_s = _signed(int.from_bytes(packed[:3], 'big'))
    if abs(standard_s) >= most_s:
        return None
    if len(packed) == _FIXED_BYTES:
        return standard_s, None, None, None
    summer_s = _signed(int.from_bytes(packed[3:6], 'big'))
    rules = _unpack_rule(packed, 6), _unpack_rule(packed, 11)
    # An hour more than standard time need not be in the string, so it may exceed the limit of offsets.
    if (abs(summer_s) >= most_s and summer_s != standard_s + _HOUR_S) or None in rules:
        return None
    return standard_s, summer_s, rules[0], rules[1]
