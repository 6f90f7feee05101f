"""src/app/codec/report_frames.py packs, ttn/formatter.js reads: the same values on both sides, for all values."""

import random
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.formatter_engine import Engine
from tests.unit.app.codec.test_downlink import random_plan, random_zone

from app.codec import status_frames, report_frames, windows, setting_bytes, vocabulary, posix_tz
from tests.vectors.payload import Result, Status

ROUNDS = 400
UTC = 0xFFFFFFFF


@pytest.fixture(scope='module')
def js():
    return Engine()


def either(rng, most, none=None):
    """A number up to most, the edges often, or None."""
    return rng.choice([none, 0, most, rng.randrange(most + 1), rng.randrange(most + 1)])


def limit(rng):
    halves = rng.choice([None] + list(range(127)))
    return None if halves is None else 5 * halves, None if halves is None else halves / 2


def minutes_of(uptime_s):
    minutes = uptime_s // 60
    return minutes if minutes < 0x8000 else min(minutes // 60, 0x7FFF) * 60


def boot(rng, *head):
    cause, uptime_s = rng.randrange(4), rng.randrange(10**rng.randrange(2, 9))
    version, commit = [rng.randrange(256) for _ in range(3)], rng.randrange(65536)
    return report_frames.boot(*head, cause, version, commit, uptime_s), {
        'boot_cause': vocabulary.CAUSES[cause], 'firmware': '.'.join(map(str, version)), 'commit': '%04x' % commit,
        'uptime_min': minutes_of(uptime_s)}


def charger(rng, *head):
    device_id, (limit_da, amperes), key = either(rng, 16), limit(rng), rng.choice(vocabulary.KEYS)
    firmware = rng.choice([None, (rng.randrange(16), rng.randrange(256))])
    flags = [rng.choice([None, False, True]) for _ in range(3)]
    return report_frames.charger(*head, device_id, firmware, limit_da, flags[0], key, *flags[1:]), {
        'charger_id': device_id, 'charger_firmware': firmware and '%d.%d' % firmware, 'max_current_a': amperes, 'key': key, 'meter': flags[0],
        'starts_after_power_cycle': flags[1], 'upstream_timeout': flags[2]}


def model(rng, *head):
    text = rng.choice([None, '2W22xy', '1', 'ABCDEFGH', 'ABCDEFGHI'])
    return report_frames.model(*head, text), {'model': text and text[:8]}


def serial(rng, *head):
    text = rng.choice([None, '01234567', 'é\n1'])
    return report_frames.serial(*head, text), {'serial': text and text.replace('é\n', '??')}


def counters(rng, *head):
    names = ('bus_errors', 'commands_refused', 'bad_downlinks', 'resets', 'store_failures', 'closings_today', 'crashes')
    counts = [either(rng, 100000, 7)] + [either(rng, 300, 7) for _ in names[1:]]
    return report_frames.counters(*head, *counts), {
        name: min(count, 65535 if name == 'bus_errors' else 255) for name, count in zip(names, counts, strict=True)}


def radio(rng, *head):
    joins, airtime_ms, uplinks, downlinks = (rng.randrange(300), rng.randrange(700000), rng.randrange(300), rng.randrange(300))
    drift, data_rate = rng.choice([None, -40000, 40000, rng.randrange(-32767, 32768)]), either(rng, 15)
    return report_frames.radio(*head, joins, airtime_ms, uplinks, downlinks, drift, data_rate), {
        'joins': min(joins, 255), 'airtime_s': min(airtime_ms // 10, 65535) / 100, 'uplinks': min(uplinks, 255), 'downlinks': min(downlinks, 255),
        'clock_drift_ppm': drift and max(-32767, min(drift, 32767)), 'data_rate': data_rate}


def crash(rng, *head):
    error, module = rng.choice(vocabulary.ERRORS + ('Odd',)), rng.choice(['actor', 'keys', 'link_supervision', 'odd', ''])
    line, uptime_s = rng.randrange(1000), rng.randrange(10**9)
    told = {'error': 'Exception' if error == 'Odd' else error, 'line': line, 'uptime_min': minutes_of(uptime_s)}
    if module != 'odd':
        told['module'] = module or None
    return report_frames.crash(*head, error, module, line, uptime_s), told


def energy(rng, *head):
    total_wh, number, is_open = either(rng, 5 * 10**10, 7), rng.randrange(1000), rng.random() < 0.5
    return report_frames.energy(*head, total_wh, number, is_open), {
        'energy_total_kwh': min(total_wh // 10, UTC) / 100, 'session_number': number % 128, 'session_open': is_open}


@pytest.mark.parametrize('part', [boot, charger, model, serial, counters, radio, crash, energy])
def test_a_page_of_the_device_says_what_was_packed(js, part):
    rng = random.Random(part.__name__)
    packed, expected = [], []
    for _ in range(ROUNDS):
        state, page, of_pages = rng.randrange(1, 6), rng.randrange(16), rng.randrange(16)
        sent, said = part(rng, state, page, of_pages)
        assert sent[0] == 0x12 and len(sent) <= 11
        packed.append({'fPort': report_frames.DEVICE, 'bytes': list(sent)})
        expected.append({'data': dict(said, type='device', state=vocabulary.STATES[state], part=part.__name__, page=page, pages=of_pages)})
    assert js.call_all('decodeUplink', packed) == expected


def test_a_session_record_says_what_was_packed(js):
    rng = random.Random(13)
    packed, expected = [], []
    for _ in range(ROUNDS):
        state, reason, number = rng.randrange(1, 6), rng.choice([None] + list(range(len(vocabulary.REASONS)))), rng.randrange(1000)
        at, duration_s, wh = either(rng, UTC), either(rng, 4000000), either(rng, 700000)
        estimated = rng.random() < 0.5
        sent = report_frames.session(state, reason, at, duration_s, wh, estimated, number)
        assert len(sent) == 11 and sent[0] == 0x13
        data = {'type': 'session', 'state': vocabulary.STATES[state], 'started_at': at or None,
                'duration_min': None if duration_s is None else min(duration_s // 60, 65534),
                'session_kwh': None if wh is None else min(wh // 10, 65534) / 100, 'energy_estimated': estimated, 'session_number': number % 128}
        if reason is not None:
            data['reason'] = vocabulary.REASONS[reason]
        packed.append({'fPort': report_frames.SESSION, 'bytes': list(sent)})
        expected.append({'data': data})
    assert js.call_all('decodeUplink', packed) == expected


def test_an_event_says_what_was_packed(js):
    rng = random.Random(15)
    packed, expected = [], []
    for _ in range(ROUNDS):
        kind, state, reason = rng.randrange(len(vocabulary.EVENTS)), rng.randrange(1, 6), rng.randrange(len(vocabulary.REASONS))
        code, number, amount, at, room = rng.choice([0xA1, 0xC2]), rng.randrange(300), either(rng, 700000), either(rng, UTC), rng.choice([4, 5, 10,
            11, 51])
        sent = report_frames.event(kind, state, code, reason, number, amount, at, room)
        if room < 5:
            assert sent is None
            continue
        assert sent[0] == 0x15 and len(sent) == (5 if room < 11 else 11)
        data = {'type': 'event', 'state': vocabulary.STATES[state], 'event': vocabulary.EVENTS[kind], 'code': '%02X' % code,
                'status': 'not_connected' if code == 0xA1 else 'charging', 'reason': vocabulary.REASONS[reason], 'event_number': number % 256}
        if data['reason'] == 'unreachable':
            data['status'] = 'unreachable'
        if room >= 11:
            data['event_at'] = at or None
            if amount is not None:
                in_wh = data['event'] in ('finished', 'leaked_at_peak', 'target_missed')
                data.update({'kwh': min(amount // 10, 65534) / 100} if in_wh else {'minutes': min(amount, 65534)})
        packed.append({'fPort': report_frames.EVENT, 'bytes': list(sent)})
        expected.append({'data': data})
    assert js.call_all('decodeUplink', packed) == expected


def read_back(js, frames):
    """The data of one part's pages, in order; each must say which page it is."""
    answers = js.call_all('decodeUplink', [{'fPort': report_frames.READBACK, 'bytes': list(frame)} for frame in frames])
    assert [(a['data']['type'], a['data']['page'], a['data']['pages']) for a in answers] == [
        ('readback', page + 1, len(frames)) for page in range(len(frames))]
    assert all(len(frame) <= 11 and frame[0] == 0x14 for frame in frames)
    return [answer['data'] for answer in answers]


def test_a_plan_comes_back_window_by_window(js):
    rng = random.Random(141)
    for _ in range(100):
        plan = random_plan(rng)
        parsed, problem = windows.parse(plan)
        assert problem is None
        told = read_back(js, [report_frames.plan(3, page + 1, parsed) for page in range(report_frames.plan_pages(parsed))])
        assert {data['part'] for data in told} == {'plan'} and {data['state'] for data in told} == {'Charging'}
        assert [window for data in told for window in data['windows']] == windows.to_words(parsed)


def test_a_time_zone_comes_back_in_parts_that_commas_join(js):
    rng = random.Random(142)
    for _ in range(100):
        of_zone, _ = posix_tz.parse(random_zone(rng))
        told = read_back(js, [report_frames.timezone(2, page + 1, of_zone) for page in range(report_frames.zone_pages(of_zone))])
        assert ','.join(data['timezone_part'] for data in told) == posix_tz.to_text(of_zone)


def test_settings_come_back_four_on_a_page(js):
    rng = random.Random(143)
    for _ in range(100):
        asked = sorted(rng.sample(range(len(vocabulary.SETTINGS)), rng.randrange(len(vocabulary.SETTINGS) + 1)))
        values = [(number, 0) for number in asked]
        told = read_back(js, [report_frames.settings(1, page + 1, values) for page in range(report_frames.settings_pages(values))])
        assert [name for data in told for name in data['settings']] == [vocabulary.SETTINGS[number][0] for number in asked]
        for data in told:
            for name, value in data['settings'].items():
                assert value == setting_bytes.value_of(setting_bytes.number_of(name), 0)


def test_a_claim_comes_back(js):
    rng = random.Random(144)
    packed, expected = [], []
    for _ in range(ROUNDS):
        holder, until, (limit_da, amperes), wh = rng.randrange(len(vocabulary.HOLDERS)), either(rng, UTC), limit(rng), either(rng, 700000)
        packed.append({'fPort': report_frames.READBACK, 'bytes': list(report_frames.claims(5, 1, 2, holder, until, limit_da, wh))})
        expected.append({'data': {
            'type': 'readback', 'state': 'Disabled', 'part': 'claims', 'page': 1, 'pages': 2,
            'holder': vocabulary.HOLDERS[holder], 'until': until or None,
            'current_limit_a': amperes, 'kwh_left': None if wh is None else min(wh // 10, 65534) / 100}})
    assert js.call_all('decodeUplink', packed) == expected


def test_a_target_comes_back_in_two_pages(js):
    rng = random.Random(18)
    for _ in range(200):
        quarters = sorted(rng.sample(range(1, 65), rng.randrange(65)))
        bits = sum(1 << quarter - 1 for quarter in quarters).to_bytes(8, 'big')
        wh, current_da = rng.choice([0, 10 * rng.randrange(1, 65000)]), rng.choice([0, 5 * rng.randrange(12, 127)])
        aim = SimpleNamespace(until=1790000000, wh=wh, current_da=current_da, quarters=bits)
        pages = [report_frames.target(5, page, aim) for page in (1, 2)]
        first, second = [js.call('decodeUplink', {'fPort': report_frames.READBACK, 'bytes': list(page)})['data'] for page in pages]
        head = {'type': 'readback', 'state': 'Disabled', 'part': 'target', 'pages': 2}
        assert first == dict(head, page=1, until=1790000000, kwh=wh / 1000 or None, current_limit_a=current_da / 10 or None)
        assert second == dict(head, page=2, quarters=quarters)


@pytest.mark.parametrize('f_port', [report_frames.DEVICE, report_frames.SESSION, report_frames.READBACK, report_frames.EVENT])
def test_whatever_a_newer_device_sends_there_has_a_state_and_no_hole(js, f_port):
    rng = random.Random(f_port)
    for answer in js.call_all('decodeUplink', [
            {'fPort': f_port, 'bytes': [f_port + 6] + list(rng.randbytes(rng.randrange(10, 20)))} for _ in range(2000)]):
        assert answer['data']['state'] in vocabulary.STATES[1:]


@pytest.mark.parametrize('number', range(len(vocabulary.SETTINGS)))
def test_a_bad_setting_is_named_by_the_answer(js, number):
    for length in (5, 8):
        sent = status_frames.encode_result(Result(command=14, command_id=3, result=1, detail=vocabulary.BAD_SETTING + number), Status(), length)
        data = js.call('decodeUplink', {'fPort': 11, 'bytes': list(sent)})['data']
        assert (data['result'], data['detail'], data['setting']) == ('refused', 'bad_setting', vocabulary.SETTINGS[number][0])


any_int = st.none() | st.integers(-(2**40), 2**40)


@given(st.lists(any_int, min_size=7, max_size=7), st.integers(-(2**40), 2**40))
def test_no_value_is_too_wild_for_a_page(values, whole):
    a, b, c, d, e, f, g = values
    sent = [
        report_frames.boot(a, b, c, d, (e, f, g), whole, a), report_frames.charger(a, b, c, d, (e, f), g, None, 'x', None, True),
        report_frames.counters(a, b, c, d, e, f, g, a, b, c), report_frames.radio(a, b, c, d, whole, e, f, g, a),
        report_frames.crash(a, b, c, 'x', 'y', d, e),
        report_frames.session(a, b, c, d, e, True, whole), report_frames.event(whole, a, whole, b, whole, c, d, 11),
        report_frames.claims(a, b, c, d, e, f, g),
    ]
    assert {len(frame) <= 11 for frame in sent} == {True}
