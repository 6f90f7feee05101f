"""Typed commands: each becomes its event, and no input raises."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sim.live import typed_commands
from sim.scenario import EVENTS

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
    assert {line.split()[0].lower() for line, _ in EXAMPLES} == set(typed_commands.TABLE) - {'lock', 'unlock', 'reset', 'send'}


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
    ('frobnicate', 'no such command: frobnicate (plug unplug'),
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
    assert event is None and told.startswith('no such command: send')


def test_the_help_names_each_command_once():
    lines = typed_commands.help_lines()
    assert [line.split()[0] for line in lines] == list(typed_commands.TABLE)
    assert max(map(len, lines)) < 77


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
