"""The state of a device that sends the uplinks of ttn/vectors.json. Without pytest: CPython and MicroPython both read it."""

from app.codec import downlink, windows, vocabulary, posix_tz

ACKS = ('Lock Outlet ACK', 'Unlock Outlet ACK', 'Reset Charger ACK')
NO_REASON = 31


class Status:
    """What the monitor knows of the box; the defaults are a box that never answered."""

    code = 0
    state = vocabulary.DISABLED
    reason = NO_REASON
    ev_connected = None
    enable_input = None
    time_known = False
    override = 0
    limit_da = None
    currents_da = None
    energy_wh = None
    energy_estimated = False
    plan_hash = 0

    def __init__(self, **known):
        for name, value in known.items():
            assert hasattr(Status, name), name
            setattr(self, name, value)


class Result:
    """One final answer."""

    def __init__(self, command=1, command_id=None, result=0, detail=0):
        self.op = command
        self.command_id = command_id
        self.result = result
        self.detail = detail
        self.count = 0
        self.possible_wh = None


def charger_of(data):
    """The Status attributes that a status and a result share, from decoded data."""
    known = {'reason': vocabulary.REASONS.index(data['reason']) if 'reason' in data else NO_REASON}
    if data['state'] in vocabulary.STATES:
        known['state'] = vocabulary.STATES.index(data['state'])
    if data.get('code') is not None:
        known['code'] = int(data['code'], 16)
    if data.get('current_limit_a') is not None:
        known['limit_da'] = int(data['current_limit_a'] * 10)
    return known


def status_of(data):
    """A Status that a device would have to hold to send what was decoded."""
    known = charger_of(data)
    known.update(
        ev_connected=data['ev_connected'],
        enable_input=data['enable_input'],
        time_known=data['time_known'],
        override=vocabulary.OVERRIDES.index(data['override']),
        plan_hash=data.get('plan_hash', 0),
        energy_estimated=data.get('energy_estimated', False),
    )
    if data.get('current_a') is not None:
        known['currents_da'] = [None if amperes is None else int(amperes * 10) for amperes in data['current_a']]
    if data.get('session_kwh') is not None:
        known['energy_wh'] = round(data['session_kwh'] * 1000)
    return Status(**known)


def result_of(data, packed):
    """(Result, Status) behind a result that was decoded from these bytes."""
    result = Result(
        command=vocabulary.COMMANDS.index(data.get('command')),
        command_id=data.get('command_id'),
        result=vocabulary.RESULTS.index(data['result']),
        detail=vocabulary.DETAILS.index(data.get('detail', 'none')),
    )
    if 'setting' in data:
        result.detail = vocabulary.BAD_SETTING + [row[0] for row in vocabulary.SETTINGS].index(data['setting'])
    result.count = data.get('refused', data.get('counted', 0))
    result.possible_wh = None
    if 'kwh_possible' in data:
        result.possible_wh = -1 if data['kwh_possible'] is None else round(data['kwh_possible'] * 1000)
    status = Status(**charger_of(data))
    if data['state'] in ACKS:  # the formatter made that word; which state the box was in stands in the byte
        status.state = packed[3] >> 2 & 7
    return result, status


def sent_by_us(vector):
    """Whether a correct device of this version sends exactly these bytes."""
    foreign = ('newer device', 'no correct device', 'cut after')
    return 'data' in vector['output'] and not any(words_ in vector['description'] for words_ in foreign)


def ours(vectors, port):
    """(description, decoded data, bytes) of the uplinks on that port that we would send."""
    return [
        (v['description'], v['output']['data'], bytes(v['input']['bytes']))
        for v in vectors['uplink'] if v['input']['fPort'] == port and sent_by_us(v)
    ]


def commands(vectors):
    """(command word, fPort, bytes) of the downlinks of the original."""
    return [
        (v['input']['data']['mode'].split()[0].lower(), v['output']['fPort'], bytes(v['output']['bytes']))
        for v in vectors['downlink'] if 'bytes' in v['output'] and 'mode' in v['input']['data']
    ]


def requests(vectors):
    """(what was asked, bytes) of the downlinks on fPort 20."""
    return [
        (v['input']['data'], bytes(v['output']['bytes'])) for v in vectors['downlink'] if v['output'].get('fPort') == downlink.PORT
    ]


def _boost(data, current_da):
    if 'until' in data:
        return downlink.UNTIL_TIME, windows.parse_time(data['until']), current_da
    if 'kwh' in data:
        return downlink.UNTIL_ENERGY, round(data['kwh'] * 1000), current_da
    return downlink.UNTIL_UNPLUGGED, 0, current_da


def _target(given):
    bits = 0
    for quarter in given['quarters']:
        bits |= 1 << quarter - 1
    return windows.parse_time(given['until']), round(given.get('kwh', 0) * 1000), int(given.get('current_a', 0) * 10), bits.to_bytes(8, 'big')


def meant(data):
    """(op, id, issued_at, expires_in_s, args) that a device must read from a request."""
    if 'time' in data:
        return vocabulary.COMMANDS.index('time'), None, None, None, (data['time'],)
    current_da = int(data.get('current_a', 0) * 10)
    args = ()
    if 'command' in data:
        kind = data['command']
        if kind in ('start', 'set_current'):
            args = (current_da,)
        elif kind == 'skip':
            args = (vocabulary.SKIPS.index(data.get('window', 'this')),)
        elif kind == 'report':
            args = (vocabulary.REPORTS.index(data.get('what', 'status')),) + ((data['from'],) if 'from' in data else ())
        elif kind == 'boost':
            args = _boost(data, current_da)
        return vocabulary.COMMANDS.index(kind), data['id'], data['issued_at'], data.get('expires_in_s', 600), args
    if 'plan' in data:
        kind, args = 'plan', windows.parse(data['plan']['windows'])[0]
    elif 'timezone' in data:
        kind, args = 'timezone', posix_tz.parse(data['timezone'])[0]
    elif 'target' in data:
        kind, args = 'target', _target(data['target'])
    else:
        kind = 'settings'
        args = tuple([(row[0], data['settings'][row[0]]) for row in vocabulary.SETTINGS if row[0] in data['settings']])
    return vocabulary.COMMANDS.index(kind), data.get('id', 0), data['issued_at'], data.get('expires_in_s', 65535), args


def read_as(read):
    """What the device read, as meant() says it."""
    return read.op, read.command_id, read.issued_at, read.expires_in_s, read.args
