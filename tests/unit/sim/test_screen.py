"""The live view: its record of the world, its looks at any size, and its input line."""

import os
import pty
import re
import select
import termios

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from sim.live import screen as live, story, typed_commands
from sim.oracle.tariff import Tariff
from sim.live.terminal import LineEditor, Terminal
from sim.live.tonight import CHARGE, HOLD, HOLDERS, LEAVE, LOCK, Tonight, text, tonight_of
from sim.live.recent import Recent

from app.policy import claims
from app.codec.vocabulary import HOLDERS as FIRMWARE_HOLDERS

UTC_S = 1775286000     # 2026-04-04T07:00:00Z
TOPIC = 'v3/ev-charger@ttn/devices/wallbox/'
STATUS = {'type': 'status', 'state': 'Connected and Locked', 'code': 'B1', 'reason': 'waits_for_key'}
RESULT = {'type': 'result', 'state': 'Reset Charger ACK', 'command': 'reset', 'result': 'done', 'detail': 'none', 'reason': 'starting'}


def uplink(t, decoded=STATUS, airtime_ms=371.0, received=True):
    return {'t': t, 'kind': 'uplink', 'f_port': 10, 'hex': '10B1449040000000FFFF00', 'decoded': decoded, 'sf': 10, 'airtime_ms': airtime_ms,
            'received': received}


def queued(t, payload='03'):
    return {'t': t, 'kind': 'downlink_queued', 'f_port': 1, 'hex': payload}


def downlink(t, payload='03', received=True, f_port=1):
    return {'t': t, 'kind': 'downlink', 'f_port': f_port, 'hex': payload, 'received': received}


def facts(**changes):
    given = dict(
        now_s=100.0, utc_s=UTC_S + 100.0, speed=1.0, lag=False, code='C2', powered=True, key_on=True, contactor=True, plugged='eager',
        next_model='sleepy', drawing=(160, 160, 160), session_kwh=1.25, total_kwh=7.5, led=0x007F00, active=True, monitor=True, region='AU915',
        klass='C', broker='127.0.0.1:1883', broker_connected=True, topic=TOPIC, reads=42, offset_s=0, page='http://127.0.0.1:8080/',
        tonight=Tonight('22:00-07:00', False, False, 'holds the car', 'plan', 'charge at 22:00', 7800, ()))
    given.update(changes)
    return live.Facts(**given)


def busy_watch():
    watch = Recent(lambda f_port, payload: 'Reset Charger')
    for t in range(80):
        watch.entry(uplink(t, RESULT if t % 2 else STATUS, received=t % 5 != 0))
        watch.entry(queued(t, '%02X' % t))
        watch.told('queued', str(t), t)
        watch.told('sent', str(t), t)
        watch.say(t, 'firmware', 'line %d with [red]brackets[/] and \\ and Ω' % t)
    watch.entry(downlink(81, '4F'))
    watch.entry({'t': 81, 'kind': 'join', 'accepted': True, 'airtime_ms': 61.7})
    return watch


def plain(lines):
    return [re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', line) for line in lines]


def screen(facts_now, watch, width=80, height=24, **more):
    return plain(live.to_lines(live.render(facts_now, watch, width, height, **more), width, height, 'truecolor'))


# --- rendering

@pytest.mark.parametrize('width, height', [(80, 24), (100, 30), (120, 40), (160, 50), (250, 70), (60, 20), (40, 12), (20, 5), (10, 2), (1, 1)])
@pytest.mark.parametrize('help_shown', [False, True])
def test_the_view_fits_any_size(width, height, help_shown):
    for watch in (Recent(), busy_watch()):
        lines = screen(facts(), watch, width, height, help_shown=help_shown, typed='plug')
        assert len(lines) == height
        assert max(map(cell_len, lines)) <= width


def test_80_by_24_shows_what_matters():
    text = '\n'.join(screen(facts(), busy_watch()))
    for words in ('C2  charging', '● green', 'contactor closed', 'eager, draws 16.0 A', '1.25 kWh', 'AU915 class C', 'of 24 s (30)', '1 of 10 today',
                  '127.0.0.1:1883', TOPIC + 'up', TOPIC + 'down/push', 'SF10', 'Reset Charger', 'answer to reset: done', 'received 07:01:21',
                  'Sat 04 Apr 2026 07:01:40 UTC', '1x', '[red]brackets[/]', 'Reported Reset Charger ACK: charging is being started',
                  'Tonight  22:00-07:00 · plan holds the car · charge at 22:00, 2 h 10 min left'):
        assert words in text, words


def test_the_address_of_the_page_is_above_where_there_is_room():
    assert 'http://127.0.0.1:8080/' in screen(facts(), Recent())[0]
    lines = screen(facts(lag=True, speed=900.0, offset_s=37800), Recent())
    assert '900x, cannot keep up' in lines[0] and 'UTC+10:30' in lines[0] and 'http' not in lines[0]


def test_the_newest_uplink_and_the_newest_log_line_are_seen():
    watch = busy_watch()
    watch.say(90, 'you', 'the last one')
    watch.entry(uplink(95, dict(STATUS, reason='newest')))
    text = '\n'.join(screen(facts(), watch))
    assert 'the last one' in text and 'newest' in text and 'line 1 ' not in text


@pytest.mark.parametrize('changes, words', [
    ({'plugged': None, 'code': 'A1'}, 'none (sleepy comes next)'),
    ({'powered': False}, 'no supply'),
    ({'monitor': False}, 'off: the monitor is down'),
    ({'key_on': False}, 'key       off'),
    ({'contactor': False}, 'eager, plugged in'),
    ({'drawing': None}, 'eager, plugged in'),
    ({'led': 0x7F0000, 'code': 'F9'}, 'F9  fault'),
    ({'led': 0x123456}, '#123456'),
    ({'led': 0}, '○ off'),
    ({'broker_connected': False}, 'away'),
    ({'lag': True, 'speed': 60.0}, '60x, cannot keep up'),
])
def test_the_state_is_told_in_words(changes, words):
    assert words in '\n'.join(screen(facts(**changes), Recent()))


@pytest.mark.parametrize('led, rgb', [(0x00007F, '0;0;254'), (0x7F7F00, '254;254;0')])
def test_the_light_has_its_colour(led, rgb):
    lines = live.to_lines(live.render(facts(led=led), Recent(), 80, 24), 80, 24, 'truecolor')
    assert any('38;2;' + rgb in line and '●' in line for line in lines)


def test_the_help_shows_every_command_at_80_by_24():
    text = '\n'.join(screen(facts(), Recent(), help_shown=True))
    for line in typed_commands.help_lines():
        assert line in text


def test_what_is_typed_is_shown_and_a_long_line_scrolls():
    assert screen(facts(), Recent(), typed='plug')[-1].rstrip() == '> plug'
    assert live.input_window('plug', 4, 80) == ('plug', 6)
    shown, column = live.input_window('x' * 100 + 'end', 103, 20)
    assert shown.endswith('end') and column == 19


json_words = st.dictionaries(st.sampled_from(['type', 'state', 'reason', 'fault', 'command', 'result', 'detail']),
                             st.none() | st.integers() | st.text(max_size=90), max_size=6)


@settings(max_examples=60)
@given(json_words, st.text(max_size=120), st.integers(1, 200), st.integers(1, 60))
def test_no_words_break_the_view(decoded, text, width, height):
    watch = Recent(lambda f_port, payload: text)
    watch.entry(uplink(1, decoded))
    watch.entry(queued(2, 'FF' * 240))
    watch.say(3, 'firmware', story.printable(text, 120))
    lines = screen(facts(), watch, width, height)
    assert len(lines) == height and max(map(cell_len, lines)) <= width


# --- tonight

EVENING_S = 1777665600     # 2026-05-01T20:00:00Z
NIGHT = {'days': 'daily', 'from': '22:00', 'to': '07:00'}


def tonight_text(want, holder, until=0, windows=(NIGHT,), utc_s=EVENING_S, has_car=True, **rest):
    decision = claims.Decision()
    decision.set(want, HOLDERS.index(holder), until, 0, None)
    return text(tonight_of(decision, Tariff(windows, 'UTC0'), utc_s, has_car, **rest))


def test_the_view_knows_the_words_of_the_firmware():
    assert (LEAVE, HOLD, CHARGE, LOCK) == (claims.LEAVE, claims.HOLD, claims.CHARGE, claims.LOCK)
    assert HOLDERS == FIRMWARE_HOLDERS


@pytest.mark.parametrize('given, line', [
    ((HOLD, 'plan', EVENING_S + 7200), '22:00-07:00 · plan holds the car · charge at 22:00, 2 h 00 min left'),
    ((HOLD, 'plan'), '22:00-07:00 · plan holds the car'),
    ((CHARGE, 'boost', EVENING_S + 90), '22:00-07:00 · boost gives current · plan again at 20:01, 2 min left'),
    ((CHARGE, 'boost'), '22:00-07:00 · boost gives current · plan again when unplugged'),
    ((HOLD, 'skip', EVENING_S + 39600), '22:00-07:00 · skip holds the car · plan again at 07:00, 11 h 00 min left'),
    ((HOLD, 'stop'), '22:00-07:00 · stop holds the car · nothing until unplugged or started'),
    ((LOCK, 'lock'), '22:00-07:00 · lock keeps the outlet locked · nothing until unlocked'),
])
def test_tonight_tells_window_decision_and_what_comes_next(given, line):
    assert tonight_text(*given) == line


def test_tonight_in_the_window_without_a_car_and_without_a_plan():
    assert tonight_text(CHARGE, 'plan', EVENING_S + 39600, utc_s=EVENING_S + 10800) == (
        '22:00-07:00 open · plan gives current · stop at 07:00, 8 h 00 min left')
    assert tonight_text(LEAVE, 'plan', EVENING_S + 7200, has_car=False).endswith('charge a car that is there at 22:00, 2 h 00 min left')
    assert tonight_text(LEAVE, 'none', windows=()) == 'no plan · monitor leaves the box alone · nothing unasked'
    assert text(tonight_of(None, Tariff([NIGHT], 'UTC0'), EVENING_S, True)) == '22:00-07:00 · monitor is down: the box goes on by itself'


def test_tonight_tells_what_will_really_happen_where_a_window_is_skipped():
    two = (NIGHT, {'days': 'daily', 'from': '12:00', 'to': '13:00'})
    skipped = EVENING_S + 7200, EVENING_S + 39600
    assert tonight_text(HOLD, 'plan', EVENING_S + 7200, two, skipped=skipped) == (
        '22:00-07:00 skipped · plan holds the car · charge at 12:00, 16 h 00 min left')
    skipped = EVENING_S + 7200, EVENING_S + 17 * 3600
    assert tonight_text(HOLD, 'plan', EVENING_S + 7200, two, skipped=skipped).endswith('skips 2 windows, charge on Sat at 22:00, 26 h 00 min left')
    # It is over, or it is of another day.
    for skipped in ((EVENING_S - 3600, EVENING_S - 60), (EVENING_S + 86400, EVENING_S + 90000)):
        assert tonight_text(HOLD, 'plan', EVENING_S + 7200, skipped=skipped).endswith('charge at 22:00, 2 h 00 min left')


def test_tonight_tells_what_stands_beside_the_one_that_decides():
    skipped = EVENING_S + 7200 + 86400, EVENING_S + 39600 + 86400
    standing = [(HOLDERS.index('plan'), EVENING_S + 39600), (HOLDERS.index('skip'), skipped[1])]
    inside = dict(utc_s=EVENING_S + 10800, skipped=skipped, standing=standing)
    assert tonight_text(CHARGE, 'plan', EVENING_S + 39600, **inside) == (
        '22:00-07:00 open · plan gives current · stop at 07:00, 8 h 00 min left · the window of Sat 22:00 is skipped')
    under_a_lock = [(HOLDERS.index('lock'), 0), (HOLDERS.index('stop'), 0), (HOLDERS.index('boost'), EVENING_S + 2 * 86400)]
    assert tonight_text(LOCK, 'lock', standing=under_a_lock).endswith('nothing until unlocked · stop stands · boost stands until Sun at 20:00')


def test_tonight_asks_for_the_time_only_where_it_is_unknown():
    assert tonight_text(HOLD, 'plan', time_known=False).endswith('plan holds the car · asks for the time')
    assert tonight_text(HOLD, 'plan').endswith('plan holds the car')


def test_tonight_in_an_open_window_whose_limit_is_reached_waits_for_the_next():
    assert tonight_text(HOLD, 'plan', EVENING_S + 39600, utc_s=EVENING_S + 10800).endswith('charge at 22:00, 23 h 00 min left')


@pytest.mark.parametrize('given, line', [
    ((CHARGE, 'key'), 'key gives current · plan again when the key is opened or the car unplugged'),
    ((CHARGE, 'boost', EVENING_S + 90, ()), 'boost gives current · hold at 20:01, 2 min left'),
])
def test_tonight_tells_how_a_word_against_the_plan_ends(given, line):
    assert tonight_text(*given).endswith(line)


def test_tonight_tells_the_energy_that_a_boost_has_left():
    assert tonight_text(CHARGE, 'boost', wh_left=1520).endswith('boost gives current · plan again after 1.5 kWh')


# --- what it remembers

def test_airtime_is_that_of_the_last_24_hours():
    watch = Recent()
    watch.entry({'t': 0.0, 'kind': 'join', 'accepted': True, 'airtime_ms': 1000.0})
    watch.entry(uplink(100.0, airtime_ms=500.0))
    assert watch.airtime_s(200) == 1.5
    assert watch.airtime_s(86400.0) == 0.5
    assert watch.airtime_s(86500.0) == 0


def test_downlinks_are_counted_over_24_hours_network_answers_included():
    watch = Recent()
    watch.entry(downlink(10, '', f_port=0))
    watch.entry(downlink(20))
    assert watch.downlinks_of_day(30) == 2
    assert watch.downlinks_of_day(86411) == 1


def outcomes(watch):
    return [(sent.payload_hex, sent.outcome, sent.outcome_s) for sent in watch.downlinks]


def test_a_downlink_is_followed_to_its_end():
    watch = Recent()
    for t, payload in ((1, '01'), (2, '02'), (3, '01')):
        watch.entry(queued(t, payload))
        watch.told('queued', 'as:%d' % t, t)
    for t in (1, 2):
        watch.told('sent', 'as:%d' % t, 4)
    watch.entry(downlink(5, '01'))
    watch.entry(downlink(6, '02', received=False))
    assert outcomes(watch) == [('01', 'received', 5), ('02', 'lost', 6), ('01', '', None)]
    watch.entry(downlink(7, '02'))
    watch.told('ack', 'as:2', 8)
    watch.told('failed', 'as:3', 9)
    watch.told('ack', 'of another device', 10)
    assert outcomes(watch) == [('01', 'received', 5), ('02', 'acknowledged', 8), ('01', 'failed', 9)]


def test_what_is_cleared_from_the_queue_is_gone_and_what_is_out_or_refuted_is_not_mistaken():
    watch = Recent()
    for t in range(4):
        watch.entry(queued(t, '0%d' % t))
        watch.told('queued', str(t), t)
    watch.told('sent', '0', 5)
    watch.told('sent', '1', 5)
    watch.told('nack', '1', 6)      # it is in the queue again
    watch.cleared()
    assert outcomes(watch) == [('00', '', None)]


def test_a_restart_of_the_monitor_is_a_new_join():
    watch = Recent()
    watch.entry(uplink(1))
    assert watch.joined
    watch.entry({'t': 2, 'kind': 'reset', 'cause': 'watchdog'})
    assert not watch.joined


def test_an_uplink_that_does_not_decode_leaves_the_last_report():
    watch = Recent()
    watch.entry(uplink(1))
    watch.entry(uplink(2, None))
    assert watch.reported == STATUS and watch.uplink_count == 2


def test_an_uplink_with_a_state_alone_does_not_take_the_reason_away():
    watch = Recent()
    watch.entry(uplink(1))
    watch.entry(uplink(2, {'type': 'readback', 'state': STATUS['state'], 'part': 'plan', 'windows': []}))
    assert watch.reported == STATUS
    watch.entry(uplink(3, {'type': 'clock', 'state': 'Charging'}))
    assert watch.reported['state'] == 'Charging'


ENTRIES = [
    ({'kind': 'charger_state', 'code': 'FE'}, ('box', 'FE  fault')),
    ({'kind': 'charger_state', 'code': '77'}, ('box', '77  unknown')),
    ({'kind': 'contactor', 'closed': True}, ('contactor', 'closed')),
    ({'kind': 'bus_write', 'register': 5, 'value': '5A5A', 'accepted': True}, ('write', '0x0005 (jump or reset) = 5A5A  executed')),
    ({'kind': 'bus_write', 'register': 0x99, 'value': '0001', 'accepted': False}, ('write', '0x0099 (register) = 0001  not executed')),
    (queued(1), ('queued', 'downlink port 1  03')),
    (downlink(1, received=False), ('downlink', 'port 1  03  LOST')),
    ({'kind': 'join', 'accepted': False, 'airtime_ms': 61.7}, ('join', 'request LOST, 62 ms')),
    ({'kind': 'reset', 'cause': 'watchdog'}, ('reset', 'the monitor starts again: watchdog')),
    ({'kind': 'energy', 'kwh': 1.234}, ('energy', '1.23 kWh in this session')),
]


@pytest.mark.parametrize('entry, told', ENTRIES)
def test_each_entry_of_the_timeline_is_told(entry, told):
    assert story.entry_text(dict(entry, t=1)) == told


def test_an_uplink_is_told_with_everything_it_says():
    what, words = story.entry_text(uplink(1, received=False))
    assert what == 'uplink'
    assert words.startswith('port 10  10B1449040000000FFFF00  SF10  371 ms  Connected and Locked: the box waits for the key  LOST  {"code": "B1"')


# --- typing

@pytest.mark.parametrize('keys, lines, text', [
    (b'plug\n', ['plug'], ''),
    (b'plux\x7fg\r', ['plug'], ''),
    (b'garbage\x15plug\n', ['plug'], ''),
    (b'key off\x17on\n', ['key on'], ''),
    (b'lug\x01p\n', ['plug'], ''),
    (b'plxug\x1b[D\x1b[D\x7f\n', ['plug'], ''),
    (b'plxug\x1b[H\x1b[C\x1b[C\x1b[3~\n', ['plug'], ''),
    (b'plug now\x02\x02\x02\x02\x0b\x05\n', ['plug'], ''),
    (b'plug\nx\x1b[A\n', ['plug', 'plug'], ''),
    (b'plug\nlock\n\x1b[A\x1bOA\n', ['plug', 'lock', 'plug'], ''),
    (b'plug\ndraft\x1b[A\x1b[B', ['plug'], 'draft'),
    (b'unp\t\n', ['unplug '], ''),
    (b'u\t', [], 'u'),
    (b'no\xc3\xafse', [], 'noïse'),
    (b'\x1b[<35;1;2M\x1b[200~pl\x1b[99;99Rug', [], 'plug'),
    (b'\x00\x07\x1b', [], ''),
])
def test_keys_edit_the_line(keys, lines, text):
    for step in (1, 2, len(keys)):
        editor = LineEditor(('plug', 'unplug', 'unlock', 'lock'))
        finished = []
        for start in range(0, len(keys), step):
            finished += editor.feed(keys[start:start + step])
        assert (finished, editor.text) == (lines, text)


def test_ctrl_d_ends_on_an_empty_line_only():
    editor = LineEditor()
    editor.feed(b'x\x01\x04')
    assert editor.text == '' and not editor.ended
    editor.feed(b'\x04')
    assert editor.ended


def test_ctrl_l_asks_for_a_redraw():
    editor = LineEditor()
    editor.feed(b'\x0c')
    assert editor.redraw


@settings(max_examples=200)
@given(st.lists(st.one_of(st.binary(max_size=6), st.sampled_from(
    [b'\x1b[A', b'\x1b[B', b'\x1b[C', b'\x1b[D', b'\x1b[3~', b'\n', b'\x17', b'\t', b'ab c'])), max_size=30))
def test_no_keys_break_the_line(chunks):
    editor = LineEditor(('plug', 'unplug'))
    for chunk in chunks:
        for line in editor.feed(chunk):
            assert line.isprintable() or line == ''
        assert 0 <= editor.cursor <= len(editor.text)


# --- the terminal

@pytest.fixture
def pair():
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def test_the_terminal_is_given_back_as_it_was(pair):
    ours, theirs = pair
    before = termios.tcgetattr(theirs)
    terminal = Terminal(theirs, theirs)
    terminal.enter()
    assert not termios.tcgetattr(theirs)[3] & termios.ICANON and termios.tcgetattr(theirs)[3] & termios.ISIG
    terminal.leave()
    terminal.leave()
    assert termios.tcgetattr(theirs) == before
    said = b''
    while not said.endswith(b'\x1b[?1049l') and select.select([ours], [], [], 5)[0]:   # a terminal passes things on in pieces
        said += os.read(ours, 4096)
    assert said.startswith(b'\x1b[?1049h') and said.endswith(b'\x1b[?1049l')


def test_only_changed_lines_are_drawn_again(pair):
    ours, theirs = pair
    terminal = Terminal(theirs, theirs)
    terminal.show(['one', 'two'], (0, 1))
    os.read(ours, 4096)
    terminal.show(['one', 'TWO'], (0, 1))
    said = os.read(ours, 4096)
    assert b'TWO' in said and b'one' not in said
    terminal.show(['one', 'TWO'], (3, 1), afresh=True)
    said = os.read(ours, 4096)
    assert b'one' in said and b'TWO' in said and said.endswith(b'\x1b[2;4H\x1b[?25h')
