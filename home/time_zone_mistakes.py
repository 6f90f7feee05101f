"""POSIX TZ strings that are right, and probably not what was meant: what they really say, and what says the other thing."""
import re

# Standard time of well-known names, hours east of Greenwich; those that two countries share with different hours are not here.
_EAST_H = {"WET": 0, "CET": 1, "MEZ": 1, "EET": 2, "MSK": 3, "GST": 4, "PKT": 5, "SGT": 8, "HKT": 8, "AWST": 8, "JST": 9, "KST": 9,
           "ACST": 9.5, "AEST": 10, "NZST": 12, "EST": -5, "MST": -7, "PST": -8, "AKST": -9, "HST": -10}
# Rules of summer time by its name.
_RULES = {"CEST": "M3.5.0,M10.5.0/3", "MESZ": "M3.5.0,M10.5.0/3", "EEST": "M3.5.0/3,M10.5.0/4", "WEST": "M3.5.0/1,M10.5.0", "BST": "M3.5.0/1,M10.5.0",
          "IST": "M3.5.0/1,M10.5.0", "AEDT": "M10.1.0,M4.1.0/3", "ACDT": "M10.1.0,M4.1.0/3", "NZDT": "M9.5.0,M4.1.0/3"}
_AMERICAN = ("EDT", "CDT", "MDT", "PDT", "AKDT")
_NAME = r"([A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)"
_OFFSET = r"([+-]?\d{1,2}(?::\d\d){0,2})"
_STRING = re.compile(rf"{_NAME}{_OFFSET}(?:{_NAME}{_OFFSET}?(,.+)?)?")


def doubt(text):
    """A sentence if the string probably does not say what was meant, '' otherwise, also where it is no POSIX TZ string at all."""
    found = _STRING.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return ""
    name, offset, summer, _, rules = found.groups()
    return _of_sign(name, offset, text[len(name) + len(offset):]) or (_of_rules(text, summer) if summer and not rules else "")


def _of_sign(name, offset, rest):
    west_s = _seconds(offset)
    if name in ("UTC", "GMT"):
        is_doubtful = west_s != 0 and not rest
    elif name.startswith("<"):
        called = re.fullmatch(r"<([+-])(\d\d):?(\d\d)?>", name)
        is_doubtful = called is not None and west_s != 0 and west_s == _seconds(called[1] + called[2] + (":" + called[3] if called[3] else ""))
    else:
        east_h = _EAST_H.get(name)
        is_doubtful = bool(east_h) and west_s == east_h * 3600
    if not is_doubtful:
        return ""
    where, other = ("west", "east") if west_s > 0 else ("east", "west")
    sign = "-" if west_s > 0 else ""
    hours = _hours(abs(west_s))
    return (f"{name}{offset} lies {hours} {where} of Greenwich: a POSIX time zone counts westwards. "
            f"{hours[0].upper()}{hours[1:]} {other} is written {name}{sign}{offset.lstrip('+-')}{rest}")


def _of_rules(text, summer):
    if summer in _AMERICAN:
        return ""
    example = f". For {summer} write {text},{_RULES[summer]}" if summer in _RULES else f". Write the dates behind it, as {text},M3.5.0,M10.5.0/3"
    return (f"{text} does not say when summer time begins and ends, so America's dates count: second Sunday of March to first Sunday of November"
            f"{example}")


def _seconds(text):
    parts = [int(part) for part in text.lstrip("+-").split(":")]
    total = sum(part * unit for part, unit in zip(parts, (3600, 60, 1)))
    return -total if text.startswith("-") else total


def _hours(seconds):
    whole, minutes = divmod(seconds // 60, 60)
    numbers = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen")
    words = f"{numbers[whole] if whole < len(numbers) else whole} hour{'s' * (whole != 1)}"
    return words + (f" and {minutes} min" if minutes else "")
