"""Typed commands: each becomes its event, and no input raises."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sim.live import request_words, typed_commands
from sim.scenario import EVENTS
from ttn.formatter import Formatter

EXAMPLES = [
    ('plug', {'do': 'plug'}),
    ('  UNPLUG  ', {'do': 'unplug'}),
    ('key on', {'do': 'key', 'position': 'unlocked'}),
    ('key off', {'do': 'key', 'position': 'locked'}),
    ('ev sleepy', {'do': 'vehicle', 'model': 'sleepy'}),
    ('fault f9', {'do': 'fault', 'code': 'F9'}),
    ('clear', {'do': 'clear_fault'}),
    ('power off', {'do': 'charger_power', 'on': False}),
    ('monitor on', {'do': 'monitor_power', 'on': True}),
    ('hang', {'do': 'hang_monitor'}),
    ('noise 0.001', {'do': 'bus_noise', 'rate': 0.001, 'for_s': typed_commands.FOR_GOOD_S}),
    ('cut 60', {'do': 'bus_cut', 'for_s': 60}),
    ('gateway 7200', {'do': 'gateway_down', 'for_s': 7200}),
    ('speed 60', {'do': 'speed', 'factor': 60}),
    ('help', {'do': 'help'}),
    ('quit', {'do': 'quit'}),
]


@pytest.mark.parametrize('line, event', EXAMPLES)
def test_a_command_is_its_event(line, event):
    assert typed_commands.parse(line) == (event, None)


def test_the_examples_cover_every_command_but_the_downlinks():
    assert {line.split()[0].lower() for line, _ in EXAMPLES} == set(typed_commands.TABLE) - {'lock', 'unlock', 'reset', 'send', *request_words.NAMES}


def test_events_of_the_scenario_contract_have_its_keys_and_values():
    for _, event in EXAMPLES:
        if event['do'] in EVENTS:
            needed, optional = EVENTS[event['do']]
            checks = {**needed, **optional}
            assert set(needed) <= set(event)
            assert [key for key in event if key != 'do' and checks[key](event[key])] == []


def test_a_shortcut_is_what_home_manager_sends():
    assert typed_commands.parse('reset') == (
        {'do': 'push', 'downlinks': [{'f_port': 1, 'confirmed': True, 'decoded_payload': {'mode': 'Reset Charger'}}]}, None)


def test_send_takes_words_or_a_whole_item():
    words = typed_commands.parse('send {"command": "start", "id": 7}')[0]
    assert words['downlinks'] == [{'decoded_payload': {'command': 'start', 'id': 7}}]
    raw = typed_commands.parse('send {"f_port": 1, "frm_payload": "Aw=="}')[0]
    assert raw['downlinks'] == [{'f_port': 1, 'frm_payload': 'Aw=='}]


@pytest.mark.parametrize('line, problem', [
    ('key', 'key needs on or off'),
    ('key sideways', 'key needs on or off'),
    ('fault FC', 'fault needs one of F1'),
    ('ev tesla', 'ev needs one of eager'),
    ('noise loud', 'noise needs a number from 0 to 1'),
    ('noise nan', 'noise needs a number from 0 to 1'),
    ('noise 2', 'noise needs a number from 0 to 1'),
    ('cut -1', 'cut needs a number'),
    ('plug now', 'plug takes no argument'),
    ('send', 'send needs a JSON object'),
    ('send [1]', 'send needs a JSON object'),
    ('send {"mode": ', 'send needs a JSON object'),
    ('send ' + '[' * 4000, 'send needs a JSON object'),
    ('send ' + '{' * 5000, 'send: too long'),
    ('frobnicate', 'no such command: frobnicate. Type help'),
    ('\x1b[2Jx', 'no such command: ?[2Jx'),
])
def test_a_bad_line_is_told_what_is_wrong(line, problem):
    event, told = typed_commands.parse(line)
    assert event is None
    assert told.startswith(problem)


def test_an_empty_line_is_nothing():
    assert typed_commands.parse('  \t') == (None, None)


def test_a_runner_may_know_fewer_commands():
    assert typed_commands.parse('plug', typed_commands.CHARGER)[0] == {'do': 'plug'}
    event, told = typed_commands.parse('send {}', typed_commands.CHARGER)
    assert event is None and told.startswith('no such command: send (plug unplug')     # it has no help


def test_the_help_names_each_command_and_fits_80_by_24():
    lines = typed_commands.help_lines()
    typed = ' '.join(row[0] for row in typed_commands.HELP).replace('|', ' ').replace(',', ' ').split()
    assert set(typed_commands.TABLE) <= set(typed)
    assert len(lines) <= 19 and max(map(len, lines)) <= 76 and all(line[35] == ' ' for line in lines)


words = st.sampled_from(sorted(typed_commands.TABLE))
arguments = st.one_of(st.text(max_size=40), st.floats().map(str), st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=8).map(json.dumps))


@settings(max_examples=300)
@given(st.one_of(st.text(), st.tuples(words, arguments).map(' '.join)))
def test_nothing_that_can_be_typed_raises(line):
    event, problem = typed_commands.parse(line)
    assert event is None or (problem is None and event['do'])
    assert problem is None or typed_commands.printable(problem, len(problem)) == problem


@given(st.text(max_size=100), st.integers(1, 80))
def test_printable_text_is_short_and_harmless(text, most):
    safe = typed_commands.printable(text, most)
    assert len(safe) <= most and safe.isprintable()


@pytest.mark.parametrize('line, request_', [
    ('plan mon-fri 22:00-07:00 16A', {'plan': {'windows': [{'days': 'mon-fri', 'from': '22:00', 'to': '07:00', 'current_a': 16}]}}),
    ('plan Sat,Sun 9:00 - 12:30 5.5kWh 90min', {'plan': {'windows': [
        {'days': 'sat,sun', 'from': '09:00', 'to': '12:30', 'kwh': 5.5, 'duration_min': 90}]}}),
    ('plan daily 22:00-07:00; sun 12:00-13:00', {'plan': {'windows': [
        {'days': 'daily', 'from': '22:00', 'to': '07:00'}, {'days': 'sun', 'from': '12:00', 'to': '13:00'}]}}),
    ('plan off', {'plan': {'windows': []}}),
    ('skip', {'command': 'skip'}),
    ('skip next', {'command': 'skip', 'window': 'next'}),
    ('boost', {'command': 'boost'}),
    ('boost until 7:30', {'command': 'boost', 'until': '07:30'}),
    ('boost until 07:30 10A', {'command': 'boost', 'until': '07:30', 'current_a': 10}),
    ('boost 5kWh 10a', {'command': 'boost', 'kwh': 5, 'current_a': 10}),
    ('start', {'command': 'start'}),
    ('start 8.5A', {'command': 'start', 'current_a': 8.5}),
    ('stop', {'command': 'stop'}),
    ('resume', {'command': 'resume_plan'}),
    ('current 13A', {'command': 'set_current', 'current_a': 13}),
    ('report', {'command': 'report'}),
    ('report device', {'command': 'report', 'what': 'device'}),
    ('timezone CET-1CEST,M3.5.0,M10.5.0/3', {'timezone': 'CET-1CEST,M3.5.0,M10.5.0/3'}),
    ('settings hold=always adr=false data_rate=null heartbeat_min=30', {'settings': {
        'hold': 'always', 'adr': False, 'data_rate': None, 'heartbeat_min': 30}}),
    ('reboot', {'command': 'reboot'}),
])
def test_words_of_the_owner_are_a_request_that_the_formatter_takes(line, request_):
    assert typed_commands.parse(line) == ({'do': 'request', 'request': request_}, None)
    assert 'errors' not in Formatter().encode_downlink(dict(request_, id=1), utc_s=1775286000)


@pytest.mark.parametrize('line, problem', [
    ('plan', 'plan needs days, hours and limits, as mon-fri 22:00-07:00 16A'),
    ('plan mon-fri', 'plan needs days'),
    ('plan mon-fri 22:00-07:00 16V', 'plan needs days'),
    ('plan mon-fri 22:00-07:00 16A 10A', 'plan needs days'),
    ('skip tomorrow', 'skip needs nothing, or next'),
    ('boost until', 'boost needs until 07:30'),
    ('boost 90min', 'boost needs until 07:30'),
    ('start now', 'start needs nothing, or a current as 16A'),
    ('current', 'current needs a current as 16A'),
    ('report all', 'report needs one of status device plan'),
    ('timezone', 'timezone needs a POSIX time zone'),
    ('settings hold', 'settings needs names and values'),
    ('stop now', 'stop needs no argument'),
])
def test_words_that_do_not_fit_are_told_what_would(line, problem):
    event, told = typed_commands.parse(line)
    assert event is None and told.startswith(problem)


def test_a_line_that_begins_with_a_brace_is_sent():
    assert typed_commands.parse(' {"mode": "Lock Outlet"}') == typed_commands.parse('send {"mode": "Lock Outlet"}')
    assert typed_commands.parse('{"mode"')[1].startswith('a line that begins with { is sent as it is: it needs a JSON object, as {"mode"')
    assert typed_commands.parse('{}', typed_commands.CHARGER)[1].startswith('no such command')
