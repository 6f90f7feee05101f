"""`python -m sim run`: real time, MQTT in and out, typed commands, and a clean end, with and without a terminal."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from sim.live import run as runner
from sim.mqtt.broker import Broker
from sim.kernel import Kernel
from sim.live.realtime import GIVE_UP_S, RealTime

ROOT = Path(__file__).resolve().parents[2]
WAIT_S = 30
TOPIC = 'v3/ev-charger@ttn/devices/wallbox/'


# --- real time

class Wall:
    """A wall clock that the test moves, and that advances a little with each look."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        self.now_s += 1e-6
        return self.now_s


class PacedKernel:
    """A kernel held to a Wall; waiting moves the Wall."""

    def __init__(self, speed=1):
        self.wall = Wall()
        self.ticks = []
        self.kernel = Kernel()
        self.pace = RealTime(self.kernel, speed, 0.1, lambda: self.ticks.append(self.wall.now_s), self.wall)
        self.pace._wait = self._wait
        self.kernel.pace = self.pace
        self.begin_s = self.wall.now_s

    def _wait(self, seconds):
        self.wall.now_s += seconds
        return []

    @property
    def took_s(self):
        return self.wall.now_s - self.begin_s


@pytest.fixture
def paced():
    made = []

    def make(speed=1):
        made.append(PacedKernel(speed))
        return made[-1]

    yield make
    for one in made:
        one.pace.close()


@pytest.mark.parametrize('speed', [0.5, 1, 60, 10000])
def test_time_goes_as_fast_as_told(paced, speed):
    world = paced(speed)
    world.kernel.sleep_until(100_000_000)
    assert world.took_s == pytest.approx(100 / speed, rel=0.01, abs=0.01)


def test_events_happen_at_their_moment_of_real_time(paced):
    world = paced(2)
    seen = []
    for t_us in (500_000, 3_000_000, 3_000_001):
        world.kernel.at(t_us, lambda: seen.append((world.kernel.now_us, round(world.took_s, 2))))
    world.kernel.sleep_until(5_000_000)
    assert seen == [(500_000, 0.25), (3_000_000, 1.5), (3_000_001, 1.5)]


def test_the_view_is_refreshed_ten_times_a_real_second_at_any_speed(paced):
    for speed in (1, 60, 1000):
        world = paced(speed)
        for t_us in range(0, 10_000_000 * speed, 50_000 * speed):
            world.kernel.at(t_us, int)
        world.kernel.sleep_until(10_000_000 * speed)
        assert 95 <= len(world.ticks) <= 102


def test_a_new_speed_holds_from_now_on(paced):
    world = paced(1)
    world.kernel.sleep_until(10_000_000)
    world.pace.speed = 10
    world.kernel.sleep_until(110_000_000)
    assert world.took_s == pytest.approx(20, rel=0.01)


def test_time_that_the_machine_slept_is_not_run_through(paced):
    world = paced(1)
    world.kernel.sleep_until(1_000_000)
    world.wall.now_s += 3600
    world.kernel.sleep_until(11_000_000)
    assert world.took_s == pytest.approx(3611, abs=0.1 + GIVE_UP_S)
    world.kernel.sleep_until(21_000_000)
    assert world.took_s == pytest.approx(3621, abs=0.1 + GIVE_UP_S)


def test_a_little_lag_is_caught_up(paced):
    world = paced(1)
    world.kernel.sleep_until(1_000_000)
    world.wall.now_s += 1
    assert world.pace.lag_s == pytest.approx(1, abs=0.01)
    world.kernel.sleep_until(11_000_000)
    assert world.took_s == pytest.approx(11, abs=0.05)


def test_a_call_runs_between_events_and_what_it_schedules_happens_once(paced):
    world = paced(1)
    seen = []
    world.kernel.at(2_000_000, lambda: seen.append('event'))

    def called():
        seen.append('call')
        world.kernel.after(0, seen.append, 'scheduled')

    world.kernel.at(1_000_000, world.pace.call, called)
    world.kernel.sleep_until(3_000_000)
    assert seen == ['call', 'scheduled', 'event']


def test_an_ending_world_does_not_wait(paced):
    world = paced(1)
    world.pace.ending = True
    world.kernel.sleep_until(3600_000_000)
    assert world.took_s < 0.1 and world.kernel.now_us == 3600_000_000


def test_a_call_from_another_thread_ends_the_wait():
    kernel = Kernel()
    pace = kernel.pace = RealTime(kernel, 1, 60, int)
    seen = []

    def called():
        seen.append(kernel.now_us)
        pace.ending = True

    timer = threading.Timer(0.05, pace.call, (called,))
    timer.start()
    kernel.sleep_until(3600_000_000)
    timer.join()
    pace.close()
    assert 40_000 < seen[0] < 5_000_000


def test_a_flood_of_calls_is_cut(paced):
    world = paced(1)
    seen = []
    for number in range(1500):
        world.pace.call(seen.append, number)
    world.kernel.sleep_until(1)
    assert seen == list(range(1000)) and world.pace.dropped == 500


# --- the command line

@pytest.mark.parametrize('argument', [
    ['--speed', '0'], ['--speed', 'fast'], ['--speed', 'nan'], ['--mqtt', 'host:port'], ['--app', 'a/b'], ['--device', ''], ['--tenant', '+'],
    ['--class', 'B'], ['--region', 'CN470'], ['--for', '-1'], ['--ev', 'tesla'], ['more']])
def test_a_wrong_argument_is_named(argument, capsys):
    with pytest.raises(SystemExit) as ended:
        runner.main(argument)
    assert ended.value.code == 2
    assert argument[0].lstrip('-') in capsys.readouterr().err


# --- the whole chain

class Process:
    """The command in a process of its own, its lines as they come. Killed at the end of the test in every case."""

    def __init__(self, *arguments, house=('--web-port', 'off'), **more):
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'sim', 'run', *house, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, **more)
        self.began_s = time.monotonic()
        self.lines = []
        self.typed_at = 0
        self.changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.rstrip('\n'))
                self.changed.notify_all()

    def line_with(self, *words):
        """The first line since the last typed one that has all the words, waited for."""
        def found():
            return [line for line in self.lines[self.typed_at:] if all(word in line for word in words)]
        with self.changed:
            assert self.changed.wait_for(found, WAIT_S), "no line with %s in\n%s" % (words, "\n".join(line[:120] for line in self.lines[-40:]))
            return found()[0]

    def type(self, line):
        self.typed_at = len(self.lines)
        self.process.stdin.write(line + '\n')
        self.process.stdin.flush()

    def ended(self):
        """(exit code, what was said on standard error)."""
        code = self.process.wait(WAIT_S)
        return code, self.process.stderr.read()


@pytest.fixture
def start():
    started = []

    def make(*arguments, **more):
        started.append(Process(*arguments, **more))
        return started[-1]

    yield make
    for one in started:
        one.process.kill()
        one.process.wait()
        for pipe in (one.process.stdin, one.process.stdout, one.process.stderr):
            pipe.close()


class HomeServer:
    """A home server: a broker, and a client that hears one topic filter."""

    def __init__(self, topic):
        self.broker = Broker(0)
        self.broker.start()
        self._heard = []
        subscribed = threading.Event()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.on_subscribe = lambda *rest: subscribed.set()
        self.client.on_message = lambda client, userdata, message: self._heard.append((message.topic, message.payload))
        self.client.connect('127.0.0.1', self.broker.port)
        self.client.subscribe(topic)
        self.client.loop_start()
        assert subscribed.wait(WAIT_S)

    @property
    def address(self):
        return '127.0.0.1:%d' % self.broker.port

    def heard(self):
        """(last part of the topic, message) of everything but what clients push."""
        return [(topic.split('/', 4)[-1], json.loads(payload)) for topic, payload in self._heard if not topic.endswith('/down/push')]

    def states(self):
        uplinks = [message['uplink_message'] for topic, message in self.heard() if topic == 'up']
        return [uplink['decoded_payload']['state'] for uplink in uplinks if uplink['decoded_payload']['type'] != 'clock']

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()
        self.broker.stop()


@pytest.fixture
def home():
    opened = []

    def make(topic):
        opened.append(HomeServer(topic))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def test_within_ten_seconds_it_says_all_a_newcomer_needs(start, evidence):
    process = start('--plain')
    address = process.line_with('broker 127.0.0.1:')
    assert TOPIC in address
    assert 'help' in process.line_with('type plug')
    process.line_with('join', 'accepted')
    uplink = process.line_with('uplink', '"state": "Not Connected"')
    took_s = time.monotonic() - process.began_s
    evidence('make run: join, first uplink decoded, MQTT address and what to type are there after', '%.1f s' % took_s, '10 s')
    assert took_s < 10
    assert 'SF10' in uplink
    process.process.send_signal(signal.SIGINT)
    assert process.ended() == (0, '')
    assert 'simulated seconds' in process.lines[-1]


def test_a_reset_through_mqtt_makes_the_car_charge_and_its_answer_comes_back(start, home, evidence):
    server = home('v3/#')
    process = start('--plain', '--speed', '60', '--mqtt', server.address)
    process.line_with('uplink', 'Not Connected')
    process.type('plug')
    process.line_with('uplink', 'Connected and Locked')
    # The network may have kept a reset since before the join, so one that comes within a minute of it is not obeyed.
    time.sleep(1.5)
    server.client.publish(TOPIC + 'down/push', b'{"downlinks":[{"f_port":1,"confirmed":true,"decoded_payload":{"mode":"Reset Charger"}}]}')
    process.line_with('contactor', 'closed')
    process.line_with('uplink', '"state": "Charging"')
    server.client.publish(TOPIC + 'down/push', b'not JSON')
    process.line_with('mqtt', 'down/push refused: not JSON')
    deadline = time.monotonic() + WAIT_S
    while 'Charging' not in server.states():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.type('quit')
    assert process.ended() == (0, '')
    evidence('states heard by an MQTT client that pushes Reset Charger', ', '.join(server.states()))
    assert server.states() == ['Not Connected', 'Connected and Locked', 'Reset Charger ACK', 'Charging']
    topics = [topic for topic, _ in server.heard()]
    assert topics[:2] == ['join', 'up']
    # The answer of the clock server, then the reset.
    assert [topic for topic in topics if topic.startswith('down/')] == ['down/queued', 'down/sent', 'down/queued', 'down/sent', 'down/ack']
    queued = dict(server.heard())['down/queued']['downlink_queued']
    assert queued['decoded_payload'] == {'mode': 'Reset Charger'} and queued['confirmed'] is True


def test_the_ids_given_are_those_of_topics_and_messages(start, home):
    server = home('v3/garage@home/devices/left/up')
    process = start('--plain', '--speed', '60', '--for', '60', '--mqtt', server.address, '--app', 'garage', '--tenant', 'home',
                    '--device', 'left', '--class', 'A', '--region', 'EU868')
    assert process.ended() == (0, '')
    ids = server.heard()[0][1]['end_device_ids']
    assert (ids['device_id'], ids['application_ids']) == ('left', {'application_id': 'garage'})


def test_typed_commands_act_and_bad_ones_are_explained(start):
    process = start('--plain', '--speed', '200')
    process.line_with('uplink', 'Not Connected')
    for line, *words in (
            ('plug', 'box', 'B1'), ('plug', 'problem', 'already'), ('fault F9', 'uplink', 'Disabled'),
            ('clear', 'uplink', 'Connected and Locked'), ('fault', 'problem', 'fault needs one of'),
            ('dance', 'problem', 'no such command'),
            ('send {"mode": "Dance"}', 'problem', 'not sent: mode'), ('send {"f_port": 1, "frm_payload": "Ag=="}', 'queued', '02'),
            ('ev sleepy', 'problem', 'after the next unplug'), ('unplug', 'box', 'A1'), ('noise 0', 'you', 'noise 0'),
            ('monitor off', 'reset', 'power'), ('monitor on', 'firmware', 'started'), ('hang', 'reset', 'watchdog'),
            ('speed 500', 'you', 'speed 500'), ('help', 'help', 'send {')):
        process.type(line)
        process.line_with(*words)
    process.type('quit')
    assert process.ended() == (0, '')


def test_without_a_broker_it_runs_on(start):
    process = start('--plain', '--speed', '60', '--for', '60', '--mqtt', '127.0.0.1:1')
    assert process.ended() == (0, '')
    assert any('uplink' in line for line in process.lines)


def test_the_end_of_the_input_is_not_the_end_of_the_run(start):
    process = start('--plain', '--speed', '200', '--for', '300')
    process.process.stdin.write('plug')
    process.process.stdin.close()
    process.line_with('box', 'B1')
    assert process.ended() == (0, '')


def test_who_stops_listening_ends_it_quietly():
    process = subprocess.Popen([sys.executable, '-m', 'sim', 'run', '--web-port', 'off', '--plain', '--speed', '60', '--for', '3600'], cwd=ROOT,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(WAIT_S) == 0
    assert process.stderr.read() == b''
    process.stderr.close()


# --- on a terminal

class OnTerminal:
    """The command on a pseudo-terminal of 80x24."""

    def __init__(self, *arguments):
        self.ours, self.theirs = pty.openpty()
        termios.tcsetwinsize(self.theirs, (24, 80))
        self.before = termios.tcgetattr(self.theirs)
        environment = dict(os.environ, TERM='xterm-256color')
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'sim', 'run', '--web-port', 'off', *arguments], cwd=ROOT, stdin=self.theirs, stdout=self.theirs,
            stderr=self.theirs, env=environment, start_new_session=True)
        self.said = ''

    def _more(self, seconds):
        if select.select([self.ours], [], [], seconds)[0]:
            self.said += os.read(self.ours, 65536).decode('utf-8', 'replace')

    def sees(self, words):
        """Wait until the words have been drawn."""
        deadline = time.monotonic() + WAIT_S
        while words not in re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', self.said):
            assert time.monotonic() < deadline, self.said[-3000:]
            self._more(0.2)

    def type(self, keys):
        os.write(self.ours, keys)

    def ended(self):
        deadline = time.monotonic() + WAIT_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline
            self._more(0.05)
        self._more(0)
        return self.process.returncode

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def terminal():
    opened = []

    def make(*arguments):
        opened.append(OnTerminal(*arguments))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def assert_left_clean(terminal):
    assert termios.tcgetattr(terminal.theirs) == terminal.before
    assert 'Traceback' not in terminal.said
    assert '\x1b[?1049l' in terminal.said and 'simulated seconds' in terminal.said.rsplit('\x1b[?1049l', 1)[1]


def test_the_view_takes_typed_commands(terminal):
    one = terminal('--speed', '60')
    one.sees('Not Connected')
    one.type(b'plux\x7fg\r')
    one.sees('Connected and Locked')
    one.type(b'help\r')
    one.sees('Enter goes back')
    one.type(b'\r')
    one.type(b'quit\r')
    assert one.ended() == 0
    assert_left_clean(one)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_restored_whatever_ends_the_view(terminal, number):
    one = terminal('--speed', '60')
    one.sees('Wallbox')
    one.process.send_signal(number)
    assert one.ended() == 0
    assert_left_clean(one)


def test_the_terminal_is_restored_when_its_time_is_over(terminal):
    one = terminal('--speed', '60', '--for', '60')
    assert one.ended() == 0
    assert_left_clean(one)


def test_the_view_follows_a_new_size_of_the_terminal(terminal):
    one = terminal()
    one.sees('Wallbox')
    one.said = ''
    termios.tcsetwinsize(one.theirs, (50, 170))
    one.sees('─ Log ' + '─' * 70)
    one.type(b'\x04')
    assert one.ended() == 0
