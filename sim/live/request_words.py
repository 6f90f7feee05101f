"""What an owner wants, in words: `plan mon-fri 22:00-07:00 16A`, `skip`, `boost until 07:30`. Each becomes a request as encodeDownlink takes it."""

import re


class Wrong(Exception):
    """The words do not fit; args[0] says what would."""


# Days and hours of a window, then its limits.
_WINDOW = re.compile(r'(\S+)\s+(\d{1,2}:\d\d)\s*-\s*(\d{1,2}:\d\d)((?:\s+\S+)*)')
_AMOUNT = re.compile(r'(\d+(?:\.\d+)?)\s*(a|kwh|min)', re.IGNORECASE)
_FIELDS = {'a': 'current_a', 'kwh': 'kwh', 'min': 'duration_min'}
_PLAN = 'days, hours and limits, as mon-fri 22:00-07:00 16A, several with ; between, or off'
_BOOST = 'until 07:30, or 5kWh, or nothing; and a current as 16A'
_SETTINGS = 'names and values, as hold=always current_limit_a=16'
REPORTS = ('status', 'device', 'plan')


def request_of(name, argument):
    """The request of a line that begins with one of NAMES, or Wrong."""
    return NAMES[name](argument.strip())


def _number(text):
    value = float(text)
    return int(value) if value == int(value) else value


def _amounts(words, allowed, needs):
    """{field: number} of words as 16A and 5kWh."""
    found = {}
    for word in words:
        amount = _AMOUNT.fullmatch(word)
        field = _FIELDS[amount[2].lower()] if amount else None
        if field not in allowed or field in found:
            raise Wrong(needs)
        found[field] = _number(amount[1])
    return found


def _plan(argument):
    if argument == 'off':
        return {'plan': {'windows': []}}
    windows = []
    for part in argument.split(';'):
        window = _WINDOW.fullmatch(part.strip())
        if window is None:
            raise Wrong(_PLAN)
        days, begin, end, limits = window.groups()
        windows.append(dict({'days': days.lower(), 'from': begin.zfill(5), 'to': end.zfill(5)}, **_amounts(limits.split(), _FIELDS.values(), _PLAN)))
    return {'plan': {'windows': windows}}


def _skip(argument):
    if argument not in ('', 'this', 'next'):
        raise Wrong('nothing, or next')
    return dict({'command': 'skip'}, **({'window': argument} if argument else {}))


def _boost(argument):
    words = argument.split()
    request = {'command': 'boost'}
    if words[:1] == ['until']:
        if len(words) < 2 or not re.fullmatch(r'\d{1,2}:\d\d', words[1]):
            raise Wrong(_BOOST)
        request['until'] = words[1].zfill(5)
        return dict(request, **_amounts(words[2:], ('current_a',), _BOOST))
    return dict(request, **_amounts(words, ('current_a', 'kwh'), _BOOST))


def _start(argument):
    return dict({'command': 'start'}, **_amounts(argument.split(), ('current_a',), 'nothing, or a current as 16A'))


def _current(argument):
    amounts = _amounts(argument.split(), ('current_a',), 'a current as 16A')
    if not amounts:
        raise Wrong('a current as 16A')
    return dict({'command': 'set_current'}, **amounts)


def _report(argument):
    if argument not in ('',) + REPORTS:
        raise Wrong('one of ' + ' '.join(REPORTS))
    return dict({'command': 'report'}, **({'what': argument} if argument else {}))


def _timezone(argument):
    if not argument:
        raise Wrong('a POSIX time zone, as CET-1CEST,M3.5.0,M10.5.0/3')
    return {'timezone': argument}


def _value(text):
    words = {'true': True, 'false': False, 'null': None}
    return words[text] if text in words else _number(text) if re.fullmatch(r'-?\d+(\.\d+)?', text) else text


def _settings(argument):
    pairs = [word.partition('=') for word in argument.split()]
    if not pairs or not all(name and equals and value for name, equals, value in pairs):
        raise Wrong(_SETTINGS)
    return {'settings': {name: _value(value) for name, _, value in pairs}}


def _plain(command):
    def make(argument):
        if argument:
            raise Wrong('no argument')
        return {'command': command}
    return make


NAMES = {'plan': _plan, 'skip': _skip, 'boost': _boost, 'start': _start, 'stop': _plain('stop'), 'resume': _plain('resume_plan'), 'current': _current,
         'report': _report, 'timezone': _timezone, 'settings': _settings, 'reboot': _plain('reboot')}
