"""The engine around the payload formatter behaves like The Things Stack, for any script."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sim import scenario
from ttn.formatter import Formatter

SCRIPT = """
function decodeUplink(input) {
  switch (input.fPort) {
  case 1: return {data: {bytes: input.bytes}};
  case 2: throw new Error('boom');
  case 3: return;
  case 4: return {data: {x: [1, {y: 0 / 0}]}};
  case 5: return {errors: ['bad', 'worse']};
  case 6: return {data: 'text'};
  case 7: return 7;
  case 8: return {data: {now: Date.now(), iso: new Date().toISOString(), given: new Date(0).toISOString(), two: new Date(2026, 3).getMonth()}};
  case 9: var loop = {}; loop.loop = loop; return {data: loop};
  default: return {data: {}, warnings: ['odd']};
  }
}
function encodeDownlink(input) { return input.data.say !== undefined ? input.data.say : {bytes: [input.data.mode.length], now: Date.now()}; }
function decodeDownlink(input) { return {data: {first: input.bytes[0], port: input.fPort}}; }
"""


@pytest.fixture(scope='module')
def formatter(tmp_path_factory):
    path = tmp_path_factory.mktemp('formatter') / 'formatter.js'
    path.write_text(SCRIPT)
    return Formatter(str(path))


def test_bytes_arrive_as_a_list_of_numbers(formatter):
    assert formatter.decode_uplink(1, b'\x00\xff') == {'data': {'bytes': [0, 255]}}


def test_warnings_are_kept(formatter):
    assert formatter.decode_uplink(99, b'') == {'data': {}, 'warnings': ['odd']}


@pytest.mark.parametrize('f_port, errors', [
    (2, ['Error: boom']), (3, ['no script output']), (4, ['not a number in the output']), (5, ['bad', 'worse']),
    (6, ['decodeUplink gave no data']), (7, ['no script output']),
])
def test_what_a_script_does_wrong_is_an_error(formatter, f_port, errors):
    assert formatter.decode_uplink(f_port, b'\x01')['errors'] == errors


def test_an_endless_structure_is_an_error(formatter):
    assert formatter.decode_uplink(9, b'')['errors']


def test_the_script_s_clock_can_be_set(formatter):
    assert formatter.encode_downlink({'mode': 'abc'}, utc_s=1790000000)['now'] == 1790000000000
    real = formatter.decode_uplink(8, b'')['data']
    assert real['now'] > 1790000000000 and real['given'] == '1970-01-01T00:00:00.000Z' and real['two'] == 3


def test_a_set_clock_lasts_for_one_call(formatter):
    formatter.encode_downlink({'mode': ''}, utc_s=5)
    assert formatter.decode_uplink(8, b'')['data']['now'] != 5000


def test_a_downlink_without_port_gets_port_1_or_the_one_asked_for(formatter):
    assert formatter.encode_downlink({'mode': 'abc'})['fPort'] == 1
    assert formatter.encode_downlink({'mode': 'abc'}, 7)['fPort'] == 7
    assert formatter.encode_downlink({'say': {'bytes': [1], 'fPort': 20}}, 7)['fPort'] == 20


@pytest.mark.parametrize('said', [{'bytes': [256]}, {'bytes': [1.5]}, {'bytes': ['1']}, {'bytes': 'AA=='}, {}, {'bytes': [1], 'fPort': 256},
                                  {'bytes': [True]}, {'bytes': [1], 'fPort': -1}, {'errors': ['no']}, None, 3])
def test_a_downlink_that_is_no_frame_is_an_error(formatter, said):
    assert formatter.encode_downlink({'say': said})['errors']


def test_a_downlink_is_decoded_too(formatter):
    assert formatter.decode_downlink(20, b'\x07') == {'data': {'first': 7, 'port': 20}}


def test_a_script_that_is_no_javascript_is_refused(tmp_path):
    path = tmp_path / 'broken.js'
    path.write_text('function (')
    with pytest.raises(ValueError, match='broken.js'):
        Formatter(str(path))


def test_a_missing_function_is_an_error(tmp_path):
    path = tmp_path / 'empty.js'
    path.write_text('var x;')
    assert Formatter(str(path)).decode_uplink(1, b'\x01')['errors']


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=12)


@settings(max_examples=150)
@given(json_values)
def test_nothing_that_is_pushed_raises(formatter, data):
    output = formatter.encode_downlink(data)
    assert output.get('errors') or all(0 <= octet <= 255 for octet in output['bytes'])


@settings(max_examples=150)
@given(json_values)
def test_the_real_formatter_refuses_or_encodes_anything(real, data):
    output = real.encode_downlink(data)
    assert output.get('errors') or len(output['bytes']) <= 36


@pytest.fixture(scope='module')
def real():
    return Formatter()


def test_the_real_formatter_speaks_home_manager(real):
    assert real.encode_downlink({'mode': 'Reset Charger'}) == {'fPort': 1, 'bytes': [3]}
    assert real.decode_downlink(1, b'\x03')['data'] == {'mode': 'Reset Charger'}
    assert real.decode_uplink(1, b'\xa1')['data']['state'] == 'Not Connected'


@pytest.mark.parametrize('data', [{'command': 'start', 'id': 7}, {'plan': {'windows': []}}, {'timezone': 'UTC0'}, {'settings': {'adr': False}}])
def test_a_request_of_a_scenario_is_stamped_with_simulated_time(real, data):
    events = [{'t': 60, 'do': 'downlink', 'data': data}, {'t': 61, 'do': 'downlink', 'data': dict(data, issued_at=5)}]
    output = scenario.run({'duration_s': 62, 'start': '2026-04-04T07:00:00Z', 'events': events})
    queued = [bytes.fromhex(entry['hex']) for entry in output['timeline'] if entry['kind'] == 'downlink_queued' and entry['f_port'] == 20]
    stamps = [real.decode_downlink(20, frame)['data']['issued_at'] for frame in queued]
    assert stamps == [1775286060, 5]
