"""fPort 20 from both ends: ttn/formatter.js encodes, src/app/codec/downlink.py reads; each refuses the same input as the other."""

import json
import pathlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formatter_engine import Engine
from tests.vectors.payload import meant, read_as, requests

from app.codec import downlink, windows, vocabulary, posix_tz

VECTORS = json.loads((pathlib.Path(__file__).parents[4] / 'ttn' / 'vectors.json').read_text())
ROUNDS = 600
PLAIN = ['lock', 'unlock', 'reset', 'stop', 'resume_plan', 'reboot']


@pytest.fixture(scope='module')
def js():
    return Engine()


# ---- Requests as the owner may make them ----


def number(value):
    """As JSON of JavaScript has it: 16.0 is 16."""
    return int(value) if value == int(value) else value


def random_window(rng):
    mask = rng.choice([127, 31, 96, rng.randrange(1, 128)])
    window = {'days': windows.days_text(mask), 'from': windows.time_text(rng.randrange(1440)), 'to': windows.time_text(rng.randrange(1440))}
    if rng.random() < 0.4:
        window['current_a'] = number(rng.randrange(12, 161) / 2)
    if rng.random() < 0.2:
        window['kwh'] = number(rng.randrange(1, 256) / 2)
    if rng.random() < 0.2:
        window['duration_min'] = 10 * rng.randrange(1, 145)
    return window


def random_plan(rng):
    return [random_window(rng) for _ in range(rng.randrange(5))]


def random_rule(rng):
    day = rng.choice(['M%d.%d.%d' % (rng.randrange(1, 13), rng.randrange(1, 6), rng.randrange(7)), 'J%d' % rng.randrange(1, 366),
        str(rng.randrange(366))])
    return day + rng.choice(['', '/%d' % rng.randrange(168), '/-%d:%02d' % (rng.randrange(168), rng.randrange(60)), '/+1:02:03'])


def random_offset(rng):
    return rng.choice(['', '-', '+']) + rng.choice(['%d' % rng.randrange(25), '%d:%02d' % (rng.randrange(25), rng.randrange(60)), '24:59:59',
        '01:30'])


def random_zone(rng):
    text = rng.choice(['UTC', '<+1030>', 'AEST', '<-03>']) + random_offset(rng)
    if rng.random() < 0.7:
        text += rng.choice(['AEDT', '<+11>', 'Abcdef']) + rng.choice(['', random_offset(rng)])
        if rng.random() < 0.9:
            text += ',%s,%s' % (random_rule(rng), random_rule(rng))
    return text


def random_settings(rng):
    asked = sorted(rng.sample(range(len(vocabulary.SETTINGS)), rng.randrange(1, 15)))
    found = {}
    for place in asked:
        name, values, lowest, highest = vocabulary.SETTINGS[place]
        found[name] = rng.choice(list(values) + ([] if highest is None else [lowest, highest, rng.randrange(lowest, highest + 1)]))
    return found


def random_request(rng):
    """A request in the canonical words in which it is given back."""
    kind = rng.randrange(12)
    data = {'id': rng.randrange(256), 'issued_at': rng.choice([0, 2**32 - 1, rng.randrange(2**32)]),
            'expires_in_s': rng.choice([0, 600, 65535, rng.randrange(65536)])}
    if kind == 0:
        return {'time': data['issued_at']}
    if kind == 1:
        return dict(data, plan={'windows': windows.to_words(windows.parse(random_plan(rng))[0])})
    if kind == 2:
        return dict(data, timezone=posix_tz.to_text(posix_tz.parse(random_zone(rng))[0]))
    if kind == 3:
        return dict(data, settings=random_settings(rng))
    data['command'] = rng.choice(PLAIN + ['start', 'set_current', 'boost', 'skip', 'report'] * 2)
    if data['command'] in ('start', 'boost', 'set_current') and (rng.random() < 0.6 or data['command'] == 'set_current'):
        data['current_a'] = number(rng.randrange(12, 161) / 2)
    if data['command'] == 'boost':
        data.update(rng.choice([{}, {'until': windows.time_text(rng.randrange(1440))}, {'kwh': number(rng.randrange(1, 65536) / 100)}]))
    if data['command'] == 'skip':
        data['window'] = rng.choice(vocabulary.SKIPS)
    if data['command'] == 'report':
        data['what'] = rng.choice(vocabulary.REPORTS)
        if data['what'] == 'sessions':
            data['from'] = rng.randrange(128)
    return data


@pytest.mark.parametrize('data, packed', requests(VECTORS))
def test_a_request_of_the_vectors_is_read_as_it_was_meant(data, packed):
    read = downlink.read(20, packed)
    assert read.fault == 0 and read_as(read) == meant(data)


def test_what_the_formatter_encodes_the_firmware_reads_and_the_formatter_gives_back(js):
    rng = random.Random(20)
    asked = [random_request(rng) for _ in range(3 * ROUNDS)]
    frames = js.call_all('encodeDownlink', [{'data': data} for data in asked])
    assert all(frame['fPort'] == 20 and len(frame['bytes']) <= 36 for frame in frames), [f for f in frames if 'errors' in f][:1]
    assert js.call_all('decodeDownlink', frames) == [{'data': data} for data in asked]
    for data, frame in zip(asked, frames, strict=True):
        read = downlink.read(20, bytes(frame['bytes']))
        assert read.fault == 0 and read_as(read) == meant(data)


def damaged(rng, sent):
    """A frame as no formatter makes it, now and then still a sound one."""
    sent = list(sent)
    for _ in range(rng.randrange(1, 3)):
        place = rng.choice([0, rng.randrange(len(sent)), rng.randrange(len(sent))])
        kind = rng.randrange(4)
        if kind == 0:
            sent[place] = rng.randrange(256)
        elif kind == 1:
            sent[place] ^= 1 << rng.randrange(8)
        elif kind == 2:
            sent = sent[:place] or [rng.randrange(20)]
        else:
            sent.append(rng.choice([0, 16, 32, 255]))
    return sent[:36]


def test_the_two_ends_agree_on_every_damaged_frame(js):
    rng = random.Random(21)
    sound = js.call_all('encodeDownlink', [{'data': random_request(rng)} for _ in range(6 * ROUNDS)])
    frames = [{'fPort': 20, 'bytes': damaged(rng, frame['bytes'])} for frame in sound]
    accepted = 0
    for frame, answer in zip(frames, js.call_all('decodeDownlink', frames), strict=True):
        read = downlink.read(20, bytes(frame['bytes']))
        right = read is not None and read.fault == 0
        assert right == ('data' in answer), (frame, answer, read and read_as(read))
        assert right or read is None or read.args is None
        if right:
            accepted += 1
            assert read_as(read) == meant(answer['data'])
    assert ROUNDS < accepted < 5 * ROUNDS


@given(st.integers(0, 255), st.binary(max_size=60))
def test_reading_a_downlink_never_raises(port, payload):
    for data in (payload, bytearray(payload)):
        read = downlink.read(port, data)
        if read is not None:
            assert port in (1, 2, 20) and (read.args is None) == (read.fault != 0)


@pytest.mark.parametrize('port', [1, 2])
def test_the_original_s_commands_have_no_id_and_no_age(port):
    found = [downlink.read(port, bytes([byte])) for byte in range(256)]
    assert [byte for byte, read in enumerate(found) if read] == [1, 2, 3]
    assert [read_as(read) for read in found if read] == [(op, None, None, None, ()) for op in (1, 2, 3)]
    assert downlink.read(port, b'\x01\x01') is None and downlink.read(port, b'') is None


def test_what_cannot_be_read_says_why():
    header = bytes([7, 0, 0, 0, 9, 0, 60])
    def fault(op, rest=b''):
        read = downlink.read(20, bytes([op]) + header + rest)
        return read.fault if read.fault >= vocabulary.BAD_SETTING else vocabulary.DETAILS[read.fault]
    assert [fault(op) for op in (0, 17, 255)] == ['unknown_command'] * 3
    assert [fault(vocabulary.COMMANDS.index(name))
            for name in ('set_current', 'boost', 'skip', 'report', 'timezone', 'settings')] == ['bad_argument'] * 6
    assert fault(vocabulary.COMMANDS.index('lock'), b'\0') == 'bad_argument'
    settings = vocabulary.COMMANDS.index('settings')
    assert fault(settings, b'\x01\x00\x02\x63') == vocabulary.BAD_SETTING + 2
    assert fault(settings, b'\x01\x00\x63\x00') == vocabulary.BAD_SETTING + 0x63
    assert fault(settings, b'\x01\x00\x01\x00') == 'bad_argument'
    assert fault(settings, b'\x01\x00\xff\xff') == 'bad_argument'


# ---- Requests that cannot be sent ----

WINDOW = {'days': 'mon-fri', 'from': '22:00', 'to': '07:00'}


def plan_with(**change):
    return {'plan': {'windows': [WINDOW, {k: v for k, v in dict(WINDOW, **change).items() if v is not None}]}}


@pytest.mark.parametrize('asked, field', [
    ({'command': 'start'}, 'id'), ({'command': 'start', 'id': 256}, 'id'), ({'command': 'start', 'id': -1}, 'id'),
    ({'command': 'start', 'id': '7'}, 'id'),
    ({'command': 'start', 'id': 1.5}, 'id'), ({'command': 'start', 'id': True}, 'id'), ({'command': 'start', 'id': None}, 'id'),
    ({'command': 'begin', 'id': 7}, 'command'), ({'command': 'plan', 'id': 7}, 'command'), ({'command': 'constructor', 'id': 7}, 'command'),
    ({'command': None, 'id': 7}, 'command'), ({'command': ['start'], 'id': 7}, 'command'), ({'command': 4, 'id': 7}, 'command'),
    ({'command': 'start', 'id': 7, 'issued_at': -1}, 'issued_at'), ({'command': 'start', 'id': 7, 'issued_at': 2**32}, 'issued_at'),
    ({'command': 'start', 'id': 7, 'expires_in_s': 65536}, 'expires_in_s'), ({'command': 'start', 'id': 7, 'expires_in_s': None}, 'expires_in_s'),
    ({'command': 'start', 'id': 7, 'current_a': 5.5}, 'current_a'), ({'command': 'start', 'id': 7, 'current_a': 80.5}, 'current_a'),
    ({'command': 'start', 'id': 7, 'current_a': 6.3}, 'current_a'), ({'command': 'start', 'id': 7, 'current_a': '16'}, 'current_a'),
    ({'command': 'set_current', 'id': 7}, 'current_a'), ({'command': 'set_current', 'id': 7, 'current_a': None}, 'current_a'),
    ({'command': 'stop', 'id': 7, 'current_a': 16}, 'current_a'), ({'command': 'stop', 'id': 7, 'until': '07:30'}, 'until'),
    ({'command': 'boost', 'id': 7, 'until': '24:00'}, 'until'), ({'command': 'boost', 'id': 7, 'until': 730}, 'until'),
    ({'command': 'boost', 'id': 7, 'kwh': 0}, 'kwh'), ({'command': 'boost', 'id': 7, 'kwh': 655.36}, 'kwh'),
    ({'command': 'boost', 'id': 7, 'kwh': 1.234}, 'kwh'),
    ({'command': 'boost', 'id': 7, 'kwh': 1, 'until': '07:30'}, 'kwh'), ({'command': 'skip', 'id': 7, 'window': 'last'}, 'window'),
    ({'command': 'report', 'id': 7, 'what': 'all'}, 'what'), ({'command': 'report', 'id': 7, 'what': None}, 'what'),
    ({'command': 'start', 'id': 7, 'plan': {}}, 'plan'), ({'command': 'start', 'mode': 'Lock Outlet', 'id': 7}, 'command'),
    ({'plan': []}, 'plan'), ({'plan': None}, 'plan'), ({'plan': {}}, 'plan.windows'), ({'plan': {'windows': {}}}, 'plan.windows'),
    ({'plan': {'windows': [], 'x': 1}}, 'plan.x'), ({'plan': {'windows': [WINDOW] * 8}}, 'plan.windows'),
    ({'plan': {'windows': [3]}}, 'plan.windows[0]'),
    ({'plan': {'windows': []}, 'id': 256}, 'id'), ({'plan': {'windows': []}, 'command': 'start'}, 'plan'),
    ({'plan': {'windows': []}, 'what': 1}, 'what'),
    (plan_with(days=None), 'plan.windows[1].days'), (plan_with(days='mon-'), 'plan.windows[1].days'),
    (plan_with(days='mon-tue-wed'), 'plan.windows[1].days'),
    (plan_with(days=''), 'plan.windows[1].days'), (plan_with(days=5), 'plan.windows[1].days'), (plan_with(days='monday'), 'plan.windows[1].days'),
    (plan_with(**{'from': None}), 'plan.windows[1].from'), (plan_with(**{'from': '24:00'}), 'plan.windows[1].from'),
    (plan_with(to='7'), 'plan.windows[1].to'),
    (plan_with(to=None), 'plan.windows[1].to'), (plan_with(to='07:60'), 'plan.windows[1].to'), (plan_with(current_a=5), 'plan.windows[1].current_a'),
    (plan_with(kwh=0), 'plan.windows[1].kwh'), (plan_with(kwh=128), 'plan.windows[1].kwh'),
    (plan_with(duration_min=15), 'plan.windows[1].duration_min'),
    (plan_with(duration_min=1450), 'plan.windows[1].duration_min'), (plan_with(colour='red'), 'plan.windows[1].colour'),
    ({'settings': {}}, 'settings'), ({'settings': 3}, 'settings'), ({'settings': [1]}, 'settings'),
    ({'settings': {'region': 'EU868'}}, 'settings.region'),
    ({'settings': {'data_rate': 7}}, 'settings.data_rate'), ({'settings': {'adr': 1}}, 'settings.adr'), ({'settings': {'adr': None}}, 'settings.adr'),
    ({'settings': {'lorawan_class': 'B'}}, 'settings.lorawan_class'), ({'settings': {'heartbeat_min': 91}}, 'settings.heartbeat_min'),
    ({'timezone': None}, 'timezone'), ({'timezone': ''}, 'timezone'), ({'timezone': 'Australia/Sydney'}, 'timezone'),
    ({'time': -1}, 'time'), ({'time': 2**32}, 'time'), ({'time': '1'}, 'time'), ({'time': 1, 'id': 7}, 'id'),
])
def test_a_request_that_cannot_be_sent_names_its_field(js, asked, field):
    answer = js.call('encodeDownlink', {'data': asked, 'fPort': 20})
    assert list(answer) == ['errors'] and len(answer['errors']) == 1
    found = answer['errors'][0].split(': ')[0]
    assert (found == field or 'mode' in asked or {'plan', 'command'} <= set(asked)) and len(answer['errors'][0]) < 120, answer
    if 'plan' in asked and 'windows[1]' in field:
        parsed, problem = windows.parse(asked['plan']['windows'])
        assert parsed is None and 'plan.' + problem.split(': ')[0] == field


def test_what_is_not_given_has_a_default(js):
    now = js.value('Math.floor(Date.now() / 1000)')
    def given_back(data):
        return js.call('decodeDownlink', js.call('encodeDownlink', {'data': data}))['data']
    start = given_back({'command': 'start', 'id': 7})
    assert now <= start.pop('issued_at') <= now + 5 and start == {'command': 'start', 'id': 7, 'expires_in_s': 600}
    plan = given_back({'plan': {'windows': []}})
    assert now <= plan.pop('issued_at') <= now + 5 and plan == {'plan': {'windows': []}, 'id': 0, 'expires_in_s': 65535}
    assert given_back({'command': 'skip', 'id': 7})['window'] == 'this' and given_back({'command': 'report', 'id': 7})['what'] == 'status'
    assert not {'until', 'kwh', 'current_a'} & set(given_back({'command': 'boost', 'id': 7}))
