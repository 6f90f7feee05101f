"""`python -m sim charger`: a wallbox on a pseudo-terminal, as an independent program sees it."""

import array
import fcntl
import json
import os
import pathlib
import signal
import subprocess
import sys
import termios
import time

import pytest
import serial

from sim.evse.box_console import BoxConsole
from sim.kernel import Kernel
from sim.bus.rs485_line import Rs485Line
from sim.bus.pty_port import UNREAD_LIMIT, PtyPort
from tests.support.wallbox_bench import WallboxBench

ROOT = pathlib.Path(__file__).resolve().parents[3]
READ = b':0103002E0005C9\r\n'
PATIENCE_S = 10


class ChargerCommand:
    """The command as a process of its own."""

    def __init__(self, link, *arguments, stdin=subprocess.PIPE):
        self.link = str(link)
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'sim', 'charger', '--link', self.link, *arguments], cwd=ROOT, stdin=stdin, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.first_line = self.process.stdout.readline()

    def say(self, line):
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def until(self, **state):
        """Wait for a state; returns it."""
        ends = time.monotonic() + PATIENCE_S
        while True:
            seen = self.say('state')
            if all(seen[key] == value for key, value in state.items()):
                return seen
            assert time.monotonic() < ends, seen
            time.sleep(0.05)

    def port(self, timeout=1.0):
        return serial.Serial(self.link, 38400, bytesize=8, parity=serial.PARITY_EVEN, stopbits=1, timeout=timeout)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode


@pytest.fixture
def charger(tmp_path):
    started = []

    def start(*arguments, **options):
        started.append(ChargerCommand(tmp_path / 'wallbox', *arguments, **options))
        return started[-1]

    yield start
    for one in started:
        one.end()


def ask(port, data):
    port.write(data)
    return port.read_until(b'\n')


def unread(terminal):
    count = array.array('i', [0])
    fcntl.ioctl(terminal, termios.FIONREAD, count)
    return count[0]


def refused(*arguments):
    return subprocess.run([sys.executable, '-m', 'sim', 'charger', *arguments], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)


def test_it_says_when_it_is_ready_and_answers_as_the_makers_document_prints(charger):
    box = charger('--model', '1W11')
    assert box.first_line == 'ready %s\n' % box.link
    with box.port() as port:
        assert ask(port, b':010300040001F7\r\n') == b'>01030204A155\r\n'
        assert ask(port, b':010300030001F8\r\n') == b'>0103020327D0\r\n'
        assert ask(port, b':010300330003C6\r\n') == b'>0103063300A1646464F6\r\n'
        assert ask(port, b':01100014000102006474\r\n') == b'>011000140001DA\r\n'
        assert ask(port, b':01100014000102FFFFDA\r\n') == b'>0190046B\r\n'
        box.say('key on')
        assert ask(port, READ) == b'>01030A2EA1106403E803E803E8EE\r\n'
        port.timeout = 0.2
        assert ask(port, b':01060005A1A1B2\r\n') == b''


def test_programs_come_and_go(charger):
    box = charger()
    for _ in range(5):
        with box.port() as port:
            assert ask(port, READ).startswith(b'>01030A2EA1')


def test_what_is_typed_acts_on_the_box_and_is_answered_with_the_state(charger):
    box = charger()
    assert box.say('plug')['vehicle'] == 'eager'
    box.until(code='B1')
    assert box.say('key on')['key'] == 'on'
    assert box.until(code='C2') == {
        'code': 'C2', 'contactor': True, 'currents_a': [16.0, 16.0, 16.0], 'limit_a': 31.98, 'vehicle': 'eager', 'key': 'on', 'power': 'on',
        'session_kwh': 0.0, 'energy_kwh': 0.0, 'contactor_closings': 1, 'reads': 0}
    assert box.say('ev full')['vehicle'] == 'full'
    box.until(code='B2', contactor=False)
    assert box.say('fault F9')['code'] == 'F9'
    assert box.say('clear')['code'] == 'A1'
    dark = box.say('power off')
    assert (dark['code'], dark['power']) == (None, 'off')
    with box.port(timeout=0.3) as port:
        assert ask(port, READ) == b''
    box.say('power on')
    box.until(code='B2')
    assert box.say('unplug')['vehicle'] is None
    assert box.say('quit')['code'] == 'A1'
    assert box.process.wait(PATIENCE_S) == 0
    assert not os.path.lexists(box.link)


@pytest.mark.parametrize('line, words', [
    ('charge', 'unknown command'), ('key', 'key takes one of on, off'), ('key half', 'key: one of on, off'), ('plug car', 'plug takes no argument'),
    ('ev diesel', 'eager'), ('fault A1', 'F1'), ('noise loud', 'noise'), ('noise 2', '0 to 1'), ('noise nan', '0 to 1'), ('power', 'on, off'),
    ('\x00\x1b[A', 'unknown command')])
def test_a_line_it_does_not_understand_is_answered_with_an_error_that_helps(line, words):
    made = WallboxBench()
    answer = BoxConsole(made.box, made.line, None).execute(line)
    assert list(answer) == ['error'] and words in answer['error']
    assert made.codes() == ['A1']


def test_an_unknown_line_does_not_end_it(charger):
    box = charger()
    assert 'error' in box.say('charge')
    assert box.say('state')['code'] == 'A1'


def test_noise_is_heard_until_it_is_switched_off(charger):
    box = charger()
    box.say('noise 0.5')
    with box.port(timeout=0.2) as port:
        assert all(ask(port, READ) != b'>01030A2EA1021503E803E803E84B\r\n' for _ in range(3))
        box.say('noise 0')
        port.reset_input_buffer()
        port.timeout = 1
        ask(port, b'\r\n' + READ)
        assert ask(port, READ) == b'>01030A2EA1021503E803E803E84B\r\n'


def test_a_sleepy_box_loses_the_first_telegram(charger):
    box = charger('--sleepy')
    with box.port(timeout=0.3) as port:
        assert ask(port, READ) == b''
        assert ask(port, READ).startswith(b'>01030A2E')


def test_id_model_meter_and_seed_are_obeyed(charger):
    box = charger('--id', '2', '--model', '2W22M1', '--no-meter', '--seed', '7')
    with box.port() as port:
        assert ask(port, b':020300010002F8\r\n').startswith(b'>0203040182139D')
        assert ask(port, b':020300500008A3\r\n')[11:-4] == b'2W22M101234567'.hex().upper().encode()


def test_a_panel_speaks_unasked_and_nobody_who_comes_late_hears_old_news(charger):
    box = charger('--panel')
    box.say('plug')
    box.until(code='B1')
    with box.port(timeout=5) as port:
        assert port.read_until(b'\n') == b'>01030204B145\r\n'


def test_a_terminal_that_nobody_reads_keeps_little_and_blocks_nothing():
    port = PtyPort(Rs485Line(Kernel(), 1))
    terminal = os.open(port.path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    before = 0
    ends = time.monotonic() + PATIENCE_S
    for number in range(400):
        port.on_line(b'%030d' % number, 0)
        # The kernel delivers it with a delay; on the line 30 characters take 8.6 ms.
        while unread(terminal) == before:
            assert time.monotonic() < ends, 'the terminal is full'
            time.sleep(0)
        before = unread(terminal)
    left = os.read(terminal, 65536)
    os.close(terminal)
    port.close()
    assert left.endswith(b'%030d' % 399) and len(left) <= UNREAD_LIMIT + 30


def test_a_second_master_is_to_be_heard(charger):
    box = charger('--panel', 'master')
    box.say('plug')
    box.until(code='B1')
    with box.port(timeout=8) as port:
        heard = b''
        while b'>01030204B145\r\n' not in heard and len(heard) < 200:
            heard += port.read_until(b'\n')
        assert b':010300040001F7\r\n' in heard


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(charger, number):
    box = charger()
    box.process.send_signal(number)
    _, complaints = box.process.communicate(timeout=PATIENCE_S)
    assert (box.process.returncode, complaints) == (0, '')
    assert not os.path.lexists(box.link)


def test_it_serves_on_when_standard_input_ends(charger):
    box = charger(stdin=subprocess.DEVNULL)
    time.sleep(0.2)
    with box.port() as port:
        assert ask(port, READ).startswith(b'>01030A2E')
    assert box.end() == 0


def test_a_link_left_behind_by_a_killed_run_is_replaced(tmp_path, charger):
    os.symlink(tmp_path / 'gone', tmp_path / 'wallbox')
    assert charger().first_line.startswith('ready')


def test_what_is_there_is_not_overwritten(tmp_path):
    taken = tmp_path / 'taken'
    taken.write_text('mine')
    result = refused('--link', str(taken))
    assert result.returncode == 1 and 'cannot make the link %s: File exists' % taken in result.stderr
    assert taken.read_text() == 'mine'
    assert 'No such file' in refused('--link', str(tmp_path / 'no' / 'where')).stderr


@pytest.mark.parametrize('arguments, words', [
    ((), '--link'), (('--link', 'x', '--id', '17'), '--id'), (('--link', 'x', '--model', '9Z99'), '1W11'),
    (('--link', 'x', '--model', '2W22 01234567x'), '1W11'), (('--link', 'x', '--seed', 'one'), '--seed')])
def test_a_wrong_argument_is_named(arguments, words):
    result = refused(*arguments)
    assert result.returncode == 2 and words in result.stderr and result.stdout == ''


def test_help_names_every_option_and_everything_that_can_be_typed():
    result = refused('--help')
    assert result.returncode == 0
    for word in ('--link', '--id', '--model', '--no-meter', '--panel', '--sleepy', '--seed', 'plug', 'unplug', 'key', 'ev', 'fault', 'clear',
                 'power', 'noise', 'state', 'quit'):
        assert word in result.stdout
