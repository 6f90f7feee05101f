"""A decoded uplink in a sentence, as an owner would say it. Every type has one; a word that is unknown here is said as it came."""

from datetime import datetime, timedelta

from sim.live.typed_commands import printable

# Of a join: for this long the original's bytes 02 and 03 are too old, for the network may have kept them.
JOIN_S = 60
MOST = 240
_EPOCH = datetime(1970, 1, 1)

REASONS = {
    'charging': 'it charges', 'no_vehicle': 'no car is there', 'outside_plan': 'held until the next window of the plan',
    'locked': 'the outlet is locked',
    'waits_for_key': 'the box waits for the key', 'vehicle_paused': 'current is offered, the car does not take it', 'vehicle_full': 'the car is full',
    'starting': 'charging is being started', 'waking_vehicle': 'a sleeping car is being woken', 'fault': 'the box has a fault',
    'held_after_power_cut': 'held after a power cut until you say something', 'time_unknown': 'held, for the time is unknown',
    'skipped': 'this window is skipped', 'stopped': 'stopped by command', 'limit_reached': 'the limit is reached',
    'min_pause': 'the contactor pauses between two closings', 'unreachable': 'the box does not answer', 'setup': 'the box is in setup mode',
    'waits_for_price': 'a target waits for a cheap quarter hour',
}
DETAILS = {
    'no_answer': 'the box did not answer', 'not_confirmed': 'the box answered, but did not do it', 'fault': 'the box has a fault',
    'stale': 'too old, it may have waited in the network for long', 'unknown_command': 'there is no such command',
    'bad_argument': 'an argument is out of range',
    'locked': 'the outlet is locked', 'unreachable': 'the box could not be reached', 'superseded': 'a later command took its place',
    'no_vehicle': 'there is no car', 'repeated': 'answered before, it was delivered again', 'setup': 'the box is in setup mode',
    'waits_for_key': 'the box waits for the key', 'stopped': 'charging was stopped by command', 'vehicle_full': 'the car is full',
    'vehicle_paused': 'current was offered, the car did not take it', 'min_pause': 'the contactor pauses between two closings',
    'daily_limit': 'the contactor was closed as often as it may be in a day', 'no_time': 'the monitor does not know the time',
    'no_plan': 'there is no plan, or it has no such window', 'no_room': 'it could not be kept, the store or a table is full',
    'not_possible': 'this box or board cannot do it', 'rolled_back': 'the setting cut the radio link and was taken back',
    'power_cut': 'the power was cut before the end was seen', 'bad_setting': 'a setting is wrong, and none was changed',
}
EVENTS = {
    'not_plugged_in': 'a window opens soon and no car is there', 'not_charging': 'it should charge, and no current flows',
    'finished': 'the car is full',
    'leaked_at_peak': 'the car charged although it should not', 'fault': 'the box has a fault', 'power_restored': 'the power is back',
    'memory_lost': 'a record of the monitor could not be read', 'target_missed': 'a target is missed',
}
OVERRIDES = {'boost': 'a boost stands', 'skip': 'a skip stands', 'stop': 'a stop stands', 'lock': 'a lock stands', 'target': 'a target stands'}
# An override that its reason has told already.
_TOLD = {'skipped': 'skip', 'stopped': 'stop', 'locked': 'lock'}
_FACTS = ('type', 'state', 'part', 'page', 'pages')


def sentence(decoded, offset_s=0, joined_s=None):
    """decoded: what the formatter gave, or None. offset_s: of the local time; joined_s: seconds since the latest join, None if unknown."""
    if decoded is None:
        return 'undecodable'
    told = _TYPES.get(decoded.get('type'), _other)(decoded, offset_s, joined_s)
    return printable(told, MOST)


def reported(decoded):
    """What any uplink tells of the box: its state, why, and what stands."""
    return printable(_state(decoded), MOST)


def clock_of(utc_s, offset_s=0):
    """Local hour and minute, with the day where it is not of the time being said without it."""
    return (_EPOCH + timedelta(seconds=utc_s + offset_s)).strftime('%a %H:%M')


def _reason(decoded):
    fault = decoded.get('fault')
    if fault:
        return 'fault %s, %s' % (fault, decoded.get('fault_text') or 'unknown')
    reason = decoded.get('reason')
    return REASONS.get(reason, _spaced(reason)) if reason else ''


def _spaced(word):
    return str(word).replace('_', ' ')


def _state(decoded, offset_s=0, joined_s=None):
    said = str(decoded.get('state', 'no state'))
    if said == 'Charging' and decoded.get('power_kw'):
        said += ' with %s kW' % decoded['power_kw']
    reason = _reason(decoded)
    if reason and decoded.get('reason') != 'charging':
        said += ': ' + reason
    override = decoded.get('override')
    if override not in (None, 'none') and _TOLD.get(decoded.get('reason')) != override:
        said += '; ' + OVERRIDES.get(override, _spaced(override) + ' stands')
    return said


def _result(decoded, offset_s, joined_s):
    who = 'answer to %s' % _spaced(decoded.get('command', 'a command'))
    if 'command_id' in decoded:
        who += ', id %s' % decoded['command_id']
    result, detail = decoded.get('result', 'no result'), decoded.get('detail', 'none')
    why = '' if detail == 'none' else DETAILS.get(detail, _spaced(detail))
    if result == 'expired':
        result = 'refused'
        if detail in ('stale', 'none'):
            why = _too_old(decoded, joined_s)
    elif result == 'busy':
        result, why = 'refused', 'no airtime or no room is left%s' % (', %s of them' % decoded['refused'] if 'refused' in decoded else '')
    if detail == 'bad_setting' and 'setting' in decoded:
        why = 'the setting %s is wrong, and none was changed' % decoded['setting']
    if decoded.get('counted'):
        why += '%s%s older ones are answered with it' % ('; ' if why else '', decoded['counted'])
    return '%s: %s%s%s' % (who, result, ': ' if why and result != 'done' else ', ' if why else '', why)


def _too_old(decoded, joined_s):
    if 'command_id' in decoded:
        return 'too old, it came after its time was over'
    if joined_s is not None and joined_s <= JOIN_S + 5:
        return 'too old, sent within a minute of the join'
    return 'too old, sent before the network was heard again, or within a minute of that'


def _device(decoded, offset_s, joined_s):
    return 'report %s, %s%s' % (_pages(decoded), _spaced(decoded.get('part', 'unknown part')), _rest(decoded))


def _pages(decoded):
    return '%s of %s' % (decoded.get('page', '?'), decoded.get('pages', '?'))


def _rest(decoded):
    told = ['%s %s' % (_spaced(name), _value(value)) for name, value in decoded.items() if name not in _FACTS and value is not None]
    return ': ' + ', '.join(told) if told else ''


def _value(value):
    return {True: 'yes', False: 'no', None: 'none'}[value] if value is None or isinstance(value, bool) else _spaced(value)


def _session(decoded, offset_s, joined_s):
    minutes, kwh = decoded.get('duration_min'), decoded.get('session_kwh')
    energy = 'unknown kWh' if kwh is None else '%s kWh%s' % (kwh, ' (estimated)' if decoded.get('energy_estimated') else '')
    lasted = 'unknown time' if minutes is None else '%s min' % minutes
    ended = 'while charging' if decoded.get('reason') == 'charging' else _reason(decoded) or 'unknown'
    return 'session %s: %s in %s, ended: %s' % (decoded.get('session_number', '?'), energy, lasted, ended)


def _readback(decoded, offset_s, joined_s):
    part = decoded.get('part')
    if part == 'plan' and isinstance(decoded.get('windows'), list):
        told = '; '.join(window(row) for row in decoded['windows']) or 'no window'
    elif part == 'settings' and isinstance(decoded.get('settings'), dict):
        told = ', '.join('%s %s' % (_spaced(name), _value(value)) for name, value in decoded['settings'].items())
    elif part == 'timezone':
        told = str(decoded.get('timezone_part') or 'no summer time')
    elif part == 'claims':
        told = _claim(decoded, offset_s)
    else:
        told = _rest(decoded).lstrip(': ')
    return 'read-back %s, %s: %s' % (_pages(decoded), {'timezone': 'time zone'}.get(part, _spaced(part)), told)


def window(row):
    """A window of a plan, as it is typed."""
    limits = (('current_a', 'A'), ('kwh', 'kWh'), ('duration_min', 'min'))
    return '%s %s-%s%s' % (row.get('days'), row.get('from'), row.get('to'), ''.join(
        ' %s%s' % (row[name], unit) for name, unit in limits if row.get(name) is not None))


def _claim(decoded, offset_s):
    said = {'none': 'nobody decides'}.get(decoded.get('holder'), _spaced(decoded.get('holder')))
    if decoded.get('until'):
        said += ' until %s' % clock_of(decoded['until'], offset_s)
    if decoded.get('kwh_left') is not None:
        said += ', %s kWh left' % decoded['kwh_left']
    return said + (', at most %sA' % decoded['current_limit_a'] if decoded.get('current_limit_a') is not None else '')


def _event(decoded, offset_s, joined_s):
    event = decoded.get('event')
    said = _reason(decoded) if event == 'fault' else EVENTS.get(event, _spaced(event) if event else 'unknown')
    if decoded.get('kwh') is not None:
        said += ', %s kWh' % decoded['kwh']
    if decoded.get('minutes') is not None:
        said += ', %s min' % decoded['minutes']
    return 'event: ' + said


def _clock(decoded, offset_s, joined_s):
    return _state(decoded) + '; compares its clock with the network'


def _other(decoded, offset_s, joined_s):
    return '%s %s%s' % (_state(decoded), _spaced(decoded.get('type', 'of an unknown type')), _rest({}))


_TYPES = {'status': _state, 'legacy': _state, 'result': _result, 'device': _device, 'session': _session, 'readback': _readback, 'event': _event,
          'clock': _clock}
