"""The timeline in words: one line for each event in the simulated world."""

import json

from sim.live import uplink_words
from sim.live.typed_commands import printable

# What a state code means to the owner (ABL 05 0015 20 Rev. B, 1.4).
CODES = {
    'A1': 'no car', 'B1': 'car waits for permission', 'B2': 'ready, car draws nothing', 'C2': 'charging',
    'C3': 'charging, reduced', 'C4': 'charging, reduced', 'E0': 'outlet disabled', 'E1': 'production test', 'E2': 'setup mode',
    'E3': 'bus idle',
}
REGISTERS = {0x0005: 'jump or reset', 0x0014: 'current limit', 0x002C: 'configuration'}
MOST_DECODED = 400


def meaning(code):
    """A state code in words."""
    return CODES.get(code, 'fault' if code.startswith('F') else 'unknown')


def downlink_gist(decoded):
    """A decoded downlink in a few words; '' where it does not decode."""
    if not decoded:
        return ''
    return str(decoded.get('mode') or printable(_request(decoded), 120))


def _request(decoded):
    """A request as a person would type it, with its id; the formatter's stamps are left out."""
    rest = {name: value for name, value in decoded.items() if name not in ('issued_at', 'expires_in_s', 'id')}
    if 'plan' in rest:
        said = 'plan ' + ('; '.join(uplink_words.window(one) for one in rest['plan'].get('windows', [])) or 'off')
    elif 'command' in rest:
        said = ' '.join([str(rest.pop('command'))] + [_argument(name, value) for name, value in rest.items()])
    elif 'timezone' in rest:
        said = 'timezone %s' % rest['timezone']
    elif 'settings' in rest:
        said = 'settings ' + ' '.join('%s=%s' % (name, json.dumps(value)) for name, value in rest['settings'].items())
    elif 'time_correction_s' in rest:
        said = 'the time, by the network'
    else:
        said = json.dumps(rest, sort_keys=True)
    return said.strip() + (', id %d' % decoded['id'] if decoded.get('id') else '')


def _argument(name, value):
    """An argument of a command, as a person would type it."""
    shown = {'window': '' if value == 'this' else '%s', 'what': '%s', 'current_a': '%sA', 'kwh': '%skWh'}.get(name, name + ' %s')
    return shown % value if '%' in shown else shown


def entry_text(entry):
    """(what, words) for an entry of the timeline."""
    return _TEXTS[entry['kind']](entry)


def _charger_state(entry):
    return 'box', '%s  %s' % (entry['code'], meaning(entry['code']))


def _contactor(entry):
    return 'contactor', 'closed' if entry['closed'] else 'open'


def _bus_write(entry):
    register = entry['register']
    return 'write', '0x%04X (%s) = %s  %s' % (register, REGISTERS.get(register, 'register'), entry['value'],
                                             'executed' if entry['accepted'] else 'not executed')


def _uplink(entry):
    decoded = entry['decoded']
    text = 'port %d  %s  SF%d  %.0f ms  %s' % (
        entry['f_port'], entry['hex'] or '(empty)', entry['sf'], entry['airtime_ms'], uplink_words.sentence(decoded))
    if not entry['received']:
        text += '  LOST'
    if decoded is not None:
        text += '  ' + printable(json.dumps(decoded, sort_keys=True), MOST_DECODED)
    return 'uplink', text


def _downlink_queued(entry):
    return 'queued', 'downlink port %d  %s' % (entry['f_port'], entry['hex'] or '(empty)')


def _downlink(entry):
    return 'downlink', 'port %d  %s  %s' % (entry['f_port'], entry['hex'] or '(empty)', 'received' if entry['received'] else 'LOST')


def _join(entry):
    return 'join', 'request %s, %.0f ms' % ('accepted' if entry['accepted'] else 'LOST', entry['airtime_ms'])


def _reset(entry):
    return 'reset', 'the monitor is without power' if entry['cause'] == 'power' else 'the monitor starts again: %s' % entry['cause']


def _energy(entry):
    return 'energy', '%.2f kWh in this session' % entry['kwh']


_TEXTS = {
    'charger_state': _charger_state, 'contactor': _contactor, 'bus_write': _bus_write, 'uplink': _uplink,
    'downlink_queued': _downlink_queued, 'downlink': _downlink, 'join': _join, 'reset': _reset, 'energy': _energy,
}
