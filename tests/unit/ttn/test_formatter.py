"""ttn/formatter.js, executed in an ES5.1 engine: vectors, words, agreement with the firmware, bad input."""

import json
import pathlib
import random
import re

import pytest
from tests.support.formatter_engine import SOURCE, Engine

from app.codec import status_frames, downlink, report_frames, vocabulary
from tools.board import manifest

TTN = pathlib.Path(__file__).parents[3] / 'ttn'
VECTORS = json.loads((TTN / 'vectors.json').read_text())
STATE_WORDS = [word for word in vocabulary.STATES if word] + ['Lock Outlet ACK', 'Unlock Outlet ACK', 'Reset Charger ACK']
ROUNDS = 3000

# What The Things Stack's limit for a pasted formatter is (proto max_len of a formatter's parameter).
SIZE_LIMIT = 40960

@pytest.fixture(scope='module')
def js():
    return Engine()


class Bag:
    """Plain attributes."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


def named(vectors):
    return [pytest.param(vector, id=vector['description']) for vector in vectors]


# ---- The vectors ----


@pytest.mark.parametrize('vector', named(VECTORS['uplink']))
def test_an_uplink_decodes_as_the_vectors_say(js, vector):
    assert js.call('decodeUplink', vector['input']) == vector['output']


@pytest.mark.parametrize('vector', named(VECTORS['downlink']))
def test_a_downlink_is_encoded_as_the_vectors_say(js, vector):
    assert js.call('encodeDownlink', vector['input']) == vector['output']


@pytest.mark.parametrize('vector', named(v for v in VECTORS['downlink'] if 'bytes' in v['output']))
def test_what_was_encoded_decodes_to_what_was_asked(js, vector):
    answer = js.call('decodeDownlink', vector['output'])
    if 'in other words' in vector['description']:   # accepted, but not how it is given back
        assert answer['data'] != vector['input']['data']
        assert js.call('encodeDownlink', answer) == vector['output']
    else:
        assert answer == vector['input']
    read = downlink.read(vector['output']['fPort'], bytes(vector['output']['bytes']))
    asked = vector['input']['data']
    assert read.fault == 0 and vocabulary.COMMANDS[read.op] in (*asked, asked.get('command'), asked.get('mode', '').split(' ')[0].lower())


def test_the_vectors_can_be_examples_of_a_device_repository():
    assert set(VECTORS) == {'uplink', 'downlink'}
    for vector in VECTORS['uplink'] + VECTORS['downlink']:
        assert set(vector) == {'description', 'input', 'output'}
        assert "'" not in json.dumps(vector), 'the repository passes examples in single quotes on a command line'
    descriptions = [vector['description'] for vector in VECTORS['uplink'] + VECTORS['downlink']]
    assert len(set(descriptions)) == len(descriptions)


@pytest.mark.parametrize('length', range(1, 14))
def test_a_status_says_what_its_bytes_hold_and_no_more(js, length):
    sent = ([16, 194, 96, 168, 32, 62, 63, 61, 4, 210, 94] + [0] * 9)[:length]
    answer = js.call('decodeUplink', {'fPort': 10, 'bytes': sent})
    if length < 5:
        assert assert_errors(answer) == 'bytes'
        return
    from_length = {'current_limit_a': 5, 'current_a': 8, 'power_kw': 8, 'session_kwh': 10, 'energy_estimated': 10, 'plan_hash': 11}
    assert {name: name in answer['data'] for name in from_length} == {name: length >= n for name, n in from_length.items()}


@pytest.mark.parametrize('length', range(1, 11))
def test_a_result_says_what_its_bytes_hold_and_no_more(js, length):
    sent = ([17, 1, 3, 22, 11, 224, 3, 0] + [0] * 9)[:length]
    answer = js.call('decodeUplink', {'fPort': 11, 'bytes': sent})
    if length < 5:
        assert assert_errors(answer) == 'bytes'
        return
    from_length = {'state': 5, 'detail': 5, 'code': 7, 'status': 7, 'reason': 7, 'current_limit_a': 8}
    assert {name: name in answer['data'] for name in from_length} == {name: length >= n for name, n in from_length.items()}


@pytest.mark.parametrize('f_port', [1, 2])
def test_the_original_commands_are_read_on_both_its_ports(js, f_port):
    modes = [js.call('decodeDownlink', {'fPort': f_port, 'bytes': [byte]}).get('data') for byte in range(5)]
    assert modes == [None, {'mode': 'Lock Outlet'}, {'mode': 'Unlock Outlet'}, {'mode': 'Reset Charger'}, None]


# ---- The words ----


@pytest.mark.parametrize('name', ['STATES', 'REASONS', 'OVERRIDES', 'COMMANDS', 'RESULTS', 'DETAILS', 'HOLDERS', 'EVENTS', 'SKIPS', 'REPORTS',
                                  'DEVICE_PARTS', 'READBACK_PARTS', 'CAUSES', 'ERRORS', 'KEYS', 'DAYS'])
def test_the_words_are_those_of_the_firmware(js, name):
    assert js.value(name) == list(getattr(vocabulary, name))


def test_every_module_of_a_board_is_among_the_modules_and_no_two_have_one_number(js, evidence):
    on_boards = {name.rsplit('.')[-1] for board in manifest.BOARDS for name in manifest.modules(board)} | {manifest.KEYS}
    modules = js.value('MODULES')
    assert on_boards - set(modules) == set() and len(set(modules)) == len(modules)
    numbers = {report_frames.module_number(name) for name in modules}
    evidence('Modules that a crash may name; those that share their number with another', f'{len(modules)}; {len(modules) - len(numbers)}', 0)
    assert len(numbers) == len(modules)
    assert [js.call('moduleOf', report_frames.module_number(name)) for name in modules] == modules


def test_the_events_in_wh_are_those_of_the_firmware(js):
    assert js.value('EVENTS_IN_WH') == [vocabulary.EVENTS[event] for event in vocabulary.EVENTS_IN_WH]


def test_the_settings_are_those_of_the_firmware(js):
    assert js.value('SETTINGS') == [[name, list(values), lowest, highest] for name, values, lowest, highest in vocabulary.SETTINGS]
    assert js.value('BAD_SETTING') == vocabulary.BAD_SETTING
    for name, values, lowest, highest in vocabulary.SETTINGS:
        assert len(values) + (0 if highest is None else highest - lowest + 1) <= 255, name


def test_every_word_can_be_reached_from_the_air(js):
    plain = {'state': 1, 'reason': 0, 'override': 0, 'command': 1, 'result': 0, 'detail': 1}
    tables = {'state': vocabulary.STATES, 'reason': vocabulary.REASONS, 'override': vocabulary.OVERRIDES, 'command': vocabulary.COMMANDS,
              'result': vocabulary.RESULTS, 'detail': vocabulary.DETAILS}
    for name, table in tables.items():
        for index, word in enumerate(table):
            v = dict(plain, **{name: index})
            status = [0x10, 0xA1, v['state'] << 5 | v['reason'], v['override'], 0]
            result = [0x11, v['command'], 0, v['result'] << 5 | v['state'] << 2, v['detail'], 0xA1, v['reason'], 0]
            f_port, sent = (10, status) if name in ('state', 'reason', 'override') else (11, result)
            data = js.call('decodeUplink', {'fPort': f_port, 'bytes': sent})['data']
            expected = 'Disabled' if name == 'state' and word is None else None if word == 'none' and name == 'detail' else word
            assert data.get(name) == expected


def test_every_code_has_a_status_and_only_faults_have_a_text(js):
    status_of = {0xA1: 'not_connected', 0xB1: 'waiting', 0xB2: 'ready', 0xC2: 'charging', 0xC3: 'charging', 0xC4: 'charging',
                 0xE0: 'locked', 0xE1: 'setup', 0xE2: 'setup', 0xE3: 'setup'}
    texts = set()
    for code in range(256):
        data = js.call('decodeUplink', {'fPort': 10, 'bytes': [16, code, 5 << 5 | 31, 0, 0]})['data']
        assert data['code'] == (f'{code:02X}' if code else None)
        assert data['status'] == ('fault' if code >= 0xF0 else status_of.get(code, 'unknown'))
        if code < 0xF0:
            assert 'fault' not in data and 'fault_text' not in data
        else:
            assert data['fault'] == data['code']
            known = 0xF1 <= code <= 0xFB
            assert (data['fault_text'] == 'unknown fault') == (not known)
            texts.add(data['fault_text'])
    assert len(texts) == 12


# ---- The firmware packs, the formatter reads ----


def charger_words(code, reason):
    """The fields code to fault_text, but the text's wording."""
    statuses = {0xA1: 'not_connected', 0xB1: 'waiting', 0xB2: 'ready', 0xC2: 'charging', 0xC3: 'charging', 0xC4: 'charging',
                0xE0: 'locked', 0xE1: 'setup', 0xE2: 'setup', 0xE3: 'setup'}
    data = {'code': f'{code:02X}' if code else None}
    data['status'] = 'fault' if code >= 0xF0 else statuses.get(code, 'unknown')
    if reason < len(vocabulary.REASONS):
        data['reason'] = vocabulary.REASONS[reason]
        if data['reason'] == 'unreachable':
            data['status'] = 'unreachable'
    if code >= 0xF0:
        data['fault'] = data['code']
    return data


def limit_a(limit_da):
    return None if limit_da is None else limit_da * 2 // 10 / 2


def random_status(rng):
    """Any status that lies within what the bytes can say; limits and currents in steps that survive the rounding."""
    quarters = [rng.choice([None, 0, 1, rng.randrange(255)]) for _ in range(3)]
    if rng.random() < 0.7:
        quarters = [rng.randrange(255) for _ in range(3)]
    return Bag(
        code=rng.choice([0, 0xA1, 0xB1, 0xB2, 0xC2, 0xC3, 0xC4, 0xE0, 0xE2, 0xF4, 0xFE, rng.randrange(256)]),
        state=rng.randrange(1, len(vocabulary.STATES)),
        reason=rng.choice([31, rng.randrange(len(vocabulary.REASONS))]),
        ev_connected=rng.choice([None, False, True]),
        enable_input=rng.choice([None, False, True]),
        time_known=rng.random() < 0.5,
        override=rng.randrange(len(vocabulary.OVERRIDES)),
        limit_da=rng.choice([None, 0, 5 * rng.randrange(127)]),
        currents_da=rng.choice([None, [None if q is None else q * 10 // 4 for q in quarters]]),
        energy_wh=rng.choice([None, rng.randrange(655350)]),
        energy_estimated=rng.random() < 0.5,
        plan_hash=rng.randrange(256),
    ), quarters


def expected_status(s, quarters, full):
    data = {'type': 'status', 'state': vocabulary.STATES[s.state]}
    data.update(charger_words(s.code, s.reason))
    data.update(ev_connected=s.ev_connected, enable_input=s.enable_input, time_known=s.time_known,
                override=vocabulary.OVERRIDES[s.override], current_limit_a=limit_a(s.limit_da))
    if not full:
        return data
    measured = s.currents_da is not None and any(q is not None for q in quarters)
    data['current_a'] = [None if q is None else q / 4 for q in quarters] if measured else None
    data['power_kw'] = (sum(quarters) * 23 + 2) // 4 / 100 if measured and None not in quarters else None
    data['session_kwh'] = None if s.energy_wh is None else s.energy_wh // 10 / 100
    data.update(energy_estimated=s.energy_estimated, plan_hash=s.plan_hash)
    return data


def without_text(answer):
    """The decoded data; the wording of a fault is not the firmware's business, but there must be one."""
    data = answer['data']
    assert ('fault' in data) == bool(data.pop('fault_text', None))
    return data


def test_what_the_firmware_packs_is_what_the_formatter_reads_status(js):
    rng = random.Random(10)
    drawn = [random_status(rng) + (rng.choice([5, 9, 11, 51]),) for _ in range(ROUNDS)]
    inputs = [{'fPort': 10, 'bytes': list(status_frames.encode_status(s, limit))} for s, _, limit in drawn]
    for (s, quarters, limit), answer in zip(drawn, js.call_all('decodeUplink', inputs), strict=True):
        assert without_text(answer) == expected_status(s, quarters, limit >= 11)


def expected_result(r, s, full):
    acks = {'lock': 'Lock Outlet ACK', 'unlock': 'Unlock Outlet ACK', 'reset': 'Reset Charger ACK', 'start': 'Reset Charger ACK'}
    data = {'type': 'result', 'state': vocabulary.STATES[s.state], 'result': vocabulary.RESULTS[r.result]}
    if vocabulary.COMMANDS[r.op]:
        data['command'] = vocabulary.COMMANDS[r.op]
    if r.result == 0 and data.get('command') in acks:
        data['state'] = acks[data['command']]
    if r.command_id is not None:
        data['command_id'] = r.command_id
    if r.detail:
        data['detail'] = vocabulary.DETAILS[r.detail]
    if full:
        data.update(charger_words(s.code, s.reason), current_limit_a=limit_a(s.limit_da))
    return data


def possible(r):
    """Only a target tells what is possible."""
    return r.possible_wh if vocabulary.COMMANDS[r.op] == 'target' else None


def test_what_the_firmware_packs_is_what_the_formatter_reads_result(js):
    rng = random.Random(11)
    drawn = [(
        Bag(op=rng.randrange(len(vocabulary.COMMANDS)), command_id=rng.choice([None, 0, rng.randrange(256)]),
            result=rng.randrange(len(vocabulary.RESULTS)), detail=rng.randrange(len(vocabulary.DETAILS)), count=rng.choice([0, rng.randrange(300)]),
            possible_wh=rng.choice([None, -1, rng.randrange(700000)])),
        random_status(rng)[0], rng.choice([5, 7, 8, 9, 11]),
    ) for _ in range(ROUNDS)]
    inputs = [{'fPort': 11, 'bytes': list(status_frames.encode_result(r, s, limit, r.count, possible(r)))} for r, s, limit in drawn]
    for (r, s, limit), answer in zip(drawn, js.call_all('decodeUplink', inputs), strict=True):
        expected = expected_result(r, s, limit >= 8)
        if limit > 8 and (r.count or vocabulary.RESULTS[r.result] == 'busy'):
            expected['refused' if vocabulary.RESULTS[r.result] == 'busy' else 'counted'] = min(r.count, 255)
        elif limit > 9 and possible(r) is not None:
            expected['kwh_possible'] = None if r.possible_wh < 0 else min(r.possible_wh // 10, 65534) / 100
        assert without_text(answer) == expected


# ---- Bad input ----


def random_byte(rng):
    return rng.choice([rng.randrange(256)] * 20 + [-1, 256, 1.5, 1e300, None, True, 'A1', [1], {}, ''])


def random_bytes(rng):
    clean = rng.random() < 0.6
    found = [rng.randrange(256) if clean else random_byte(rng) for _ in range(rng.choice([1, rng.randrange(14)]))]
    if found and rng.random() < 0.7:
        found[0] = rng.choice([0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0xA1, 1, 2, 3, 15])
    return rng.choice([found] * 20 + [None, 'bytes', 7, {}, {'length': 1e9}, {'length': 'x'}, {'length': 2, '0': 1}, [0] * 300])


def random_port(rng):
    return rng.choice([1, 2, 10, 11, 12, 13, 14, 15, 20, 202] * 5 + [0, -1, 12, 20, 202, 256, 1.5, '10', None, [10], {}, True, rng.randrange(256)])


TYPES = {1: 'legacy', 2: 'legacy', 10: 'status', 11: 'result', 12: 'device', 13: 'session', 14: 'readback', 15: 'event', 202: 'clock'}
NAMES = ['mode', 'command', 'plan', 'settings', 'time', 'timezone', '__proto__', 'constructor', 'toString', 'hasOwnProperty',
         'length', '', 'x' * 5000, 'état', '\u0000']


def random_value(rng, depth=3):
    kind = rng.randrange(10 if depth else 7)
    if kind < 2:
        return rng.choice(['Lock Outlet', 'Unlock Outlet', 'Reset Charger', 'lock outlet', '', 'Lock Outlet ', 'constructor'])
    if kind < 7:
        return rng.choice([None, True, False, 0, 1, -1, 1.5, 1e308, 2**53, 'x' * 10000])
    if kind == 7:
        return [random_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {rng.choice(NAMES): random_value(rng, depth - 1) for _ in range(rng.randrange(4))}


def random_message(rng):
    if rng.random() < 0.5:
        return {'mode': random_value(rng)}
    return random_value(rng)


def assert_errors(answer):
    assert list(answer) == ['errors'] and len(answer['errors']) == 1, answer
    field = answer['errors'][0].split(': ')[0]
    assert len(answer['errors'][0]) < 120 and answer['errors'][0] != 'input: cannot be read'
    return field


@pytest.mark.parametrize('function', ['decodeUplink', 'decodeDownlink'])
def test_random_bytes_decode_or_name_the_field_that_is_wrong(js, function):
    rng = random.Random(function)
    inputs = [{'fPort': random_port(rng), 'bytes': random_bytes(rng)} for _ in range(ROUNDS)]
    inputs += [random_value(rng) for _ in range(300)] + [{'bytes': [1]}, {'fPort': 1}, {}, [], None, 'text', 5]
    decoded = 0
    for value, answer in zip(inputs, js.call_all(function, inputs), strict=True):
        if 'data' not in answer:
            assert assert_errors(answer) in ('input', 'fPort', 'bytes')
            continue
        decoded += 1
        assert list(answer) == ['data'] and isinstance(value['fPort'], int)
        if function == 'decodeUplink':
            assert answer['data']['state'] in STATE_WORDS
            assert answer['data']['type'] == TYPES[value['fPort']]
        elif value['fPort'] == 202:
            assert answer['data']['type'] == 'clock'
        else:
            assert js.call('encodeDownlink', answer)['bytes'] == value['bytes']
    assert decoded > (300 if function == 'decodeUplink' else 20)


def test_random_requests_are_encoded_or_name_the_field_that_is_wrong(js):
    rng = random.Random(20)
    inputs = [{'data': random_message(rng), 'fPort': random_port(rng)} for _ in range(ROUNDS)]
    inputs += [random_value(rng) for _ in range(300)] + [None, {}, [], 'text', {'data': []}]
    for answer in js.call_all('encodeDownlink', inputs):
        if 'bytes' in answer:
            again = js.call('decodeDownlink', answer)
            assert js.call('encodeDownlink', again) == answer
        else:
            assert re.split(r'[.\[]', assert_errors(answer))[0][:40] in [name[:40] for name in NAMES + ['data', 'id']]


@pytest.mark.parametrize('request_, field', [
    ({'mode': 'lock outlet'}, 'mode'), ({'mode': None}, 'mode'), ({'mode': ['Lock Outlet']}, 'mode'),
    ({'mode': 'Lock Outlet', 'id': 7}, 'id'), ({}, 'command'),
])
def test_a_request_that_cannot_be_sent_names_its_field(js, request_, field):
    assert assert_errors(js.call('encodeDownlink', {'data': request_, 'fPort': 20})) == field


@pytest.mark.parametrize('function', ['decodeUplink', 'decodeDownlink', 'encodeDownlink'])
@pytest.mark.parametrize('call', [
    '{0}()', '{0}(undefined)', '{0}(function () {{}})', '{0}(NaN)', '{0}({{ fPort: NaN, bytes: [NaN, Infinity] }})',
    '{0}({{ get fPort() {{ throw 1; }}, get data() {{ throw 2; }} }})', '{0}(Object.create(null))',
    '{0}({{ fPort: 1, bytes: new Array(2) }})', '{0}({{ fPort: 10, bytes: [16, , , , 4] }})',
])
def test_values_that_only_javascript_has_are_bad_input_too(js, function, call):
    answer = js.value(call.format(function))
    assert list(answer) == ['errors'] and len(answer['errors']) == 1


# ---- What the file may be ----


def bare_code():
    """The source without comments and the contents of strings."""
    return re.sub(r"/\*.*?\*/|//[^\n]*|'[^'\n]*'", lambda m: "''" if m.group().startswith("'") else ' ', SOURCE, flags=re.S)


def test_the_file_is_ecmascript_5_1():
    code = bare_code()
    newer = r'\b(let|const|class|async|await|yield|of|super|import|export|require|Symbol|Promise|Map|Set|BigInt|Intl)\b|=>|`|\.\.\.|\?\?|\?\.|\*\*'
    assert re.findall(newer, code) == []
    methods = set(re.findall(r'\b(?:Object|Array|Math|Number|String|JSON)\.(\w+)', code))
    assert methods <= {'prototype', 'isArray', 'floor', 'round', 'pow', 'abs', 'fromCharCode'}
    assert set(re.findall(r'\.(\w+)\(', code)) <= {
        'call', 'apply', 'floor', 'round', 'abs', 'pow', 'isArray', 'push', 'toString', 'toUpperCase', 'toLowerCase', 'indexOf', 'join', 'slice',
        'concat', 'map', 'replace', 'split', 'exec', 'now', 'charCodeAt', 'fromCharCode', 'decode', 'encode', 'pack', 'read'}


def test_the_file_fits_the_stack(evidence):
    size = len(SOURCE.encode())
    evidence("ttn/formatter.js, bytes", size, SIZE_LIMIT)
    evidence("ttn/formatter.js, bytes left", SIZE_LIMIT - size)
    assert size < SIZE_LIMIT


def test_the_file_defines_the_three_functions_and_no_other_entry_point(js):
    for name in ('decodeUplink', 'encodeDownlink', 'decodeDownlink'):
        assert js.value(f'typeof {name}') == 'function'
    for name in ('normalizeUplink', 'Decoder', 'Encoder'):
        assert js.value(f'typeof {name}') == 'undefined'
