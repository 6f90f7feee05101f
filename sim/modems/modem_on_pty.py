"""`python -m sim modem`: one simulated LoRaWAN modem on a pseudo-terminal, in real time, with the simulated network and MQTT behind it."""

import argparse
import json
import os
import signal
import sys
import time

from ttn.formatter import Formatter

from sim.live import typed_commands
from sim.live.run_options import add_network_options
from sim.lorawan import registration
from sim.lorawan.network import Network
from sim.modems.at_modem import PtyModem
from sim.modems.rak3172 import Rak3172
from sim.modems.wio_e5 import WioE5
from sim.mqtt import application_server, downlink_requests
from sim.mqtt.broker import HOST, Broker, BrokerFailed
from sim.pty_link import is_open, link, unlink

MODELS = {'wio_e5': WioE5, 'rak3172': Rak3172}
PATIENCE_S = 1.5
_STDIN = 0
HELP = '''\
lock, unlock, reset   a downlink as Home Manager sends it
send {JSON}           any downlink, as {"command": "report", "id": 1}; send itself may be left out
gateway 60            the radio network is away for so many seconds
silent on | off       the modem says nothing any more
echo on | off         it repeats what it is told
cycle                 its supply off and on: its session is lost
state                 changes nothing
quit                  end'''


class _Wrong(Exception):
    """Not obeyed; args[0] says why."""


def _on_off(argument):
    if argument not in ('on', 'off'):
        raise _Wrong('needs on or off')
    return argument == 'on'


class ModemServer:
    """A modem, its network, and the doors to them: the pseudo-terminal, MQTT and standard input. say(dict) takes what there is to tell."""

    def __init__(self, options, broker, say):
        self._options, self._say = options, say
        self._registered = options.registration
        self._formatter = Formatter(script=self._registered and self._registered.script)
        self._start_utc_s = int(time.time())
        self._ended = False
        self._typed = b''
        self._uplinks = 0
        self._network = None
        self.station = PtyModem(self._modem, options.speed)
        topic = application_server.topic_of(options.app, options.tenant, options.device)
        self.mqtt = application_server.ApplicationServer(*broker, topic, lambda replace, body: self.station.call(self._on_push, replace, body))
        if is_open(_STDIN):
            self.station.watch(_STDIN, self._read_stdin)

    def _modem(self, kernel):
        self._network = Network(kernel, self._record, region=self._registered.region if self._registered else self._options.region,
                                seed=self._options.seed, decode=self._decode, publish=self._publish, start_utc_s=self._start_utc_s,
                                registered=self._registered)
        return MODELS[self._options.model](kernel, self._network, self._options.seed)

    def serve(self):
        """Live in real time until quit or end()."""
        self.station.serve(lambda: self._ended)

    def end(self):
        """Stop as soon as the world looks up; may be called by a signal."""
        self._ended = True

    def close(self):
        """Give the terminal back, and leave the broker."""
        self.mqtt.stop()
        self.station.close()

    # --- what the network says

    def _decode(self, f_port, payload):
        return self._formatter.decode_uplink(f_port, payload).get('data')

    def _record(self, kind, t_us=None, **fields):
        if kind == 'uplink':
            self._uplinks += 1
        self._say(dict({'event': kind}, **fields))

    def _publish(self, suffix, message):
        options = self._options
        self.mqtt.publish(suffix, application_server.with_ids(application_server.with_decoded(message, self._formatter), options.app, options.device))

    def _on_push(self, replace, body):
        try:
            self._network.push(downlink_requests.items_of_body(body, self._formatter, self._utc_s()), replace)
        except downlink_requests.Refused as refused:
            self._say({'event': 'refused', 'problem': refused.args[0]})

    def _utc_s(self):
        return self._start_utc_s + self.station.kernel.now_us // 1_000_000

    # --- standard input

    def _read_stdin(self):
        typed = os.read(_STDIN, 4096)
        if not typed:
            # The parent may have closed it immediately; the modem goes on.
            self.station.forget(_STDIN)
            typed = b'\n'
        *lines, self._typed = (self._typed + typed).split(b'\n')
        for line in lines:
            text = line.decode('utf-8', 'replace').strip()
            if text:
                self._say(self.execute(text))

    def execute(self, text):
        """Obey one line; the state afterwards, or {'error': why}. Never raises."""
        if text[0] == '{':
            text = 'send ' + text
        word, _, argument = text.partition(' ')
        act = _ACTIONS.get(word)
        if act is None:
            return {'error': 'unknown command %s; one of %s' % (typed_commands.printable(word, 20), ', '.join(_ACTIONS))}
        try:
            act(self, word, argument.strip())
        except _Wrong as wrong:
            return {'error': '%s %s' % (word, wrong.args[0])}
        return self.state()

    def state(self):
        """What there is to see: a dict for JSON."""
        modem = self.station.modem
        session = modem.mac.session
        return {
            'joined': session is not None and session is self._network.session, 'class': modem.mac.klass, 'uplinks': self._uplinks,
            'waiting_downlinks': len(self._network.queue), 'commands': len(modem.commands), 'violations': modem.violations[-3:],
            'silent': modem.silent, 'echo': modem.echo,
        }

    def _downlink(self, word, argument):
        event, problem = typed_commands.parse(('%s %s' % (word, argument)).strip())
        if problem:
            raise _Wrong(problem.partition(' ')[2])
        try:
            self._network.push(downlink_requests.items_of_list(event['downlinks'], self._formatter, self._utc_s()))
        except downlink_requests.Refused as refused:
            raise _Wrong('is refused: %s' % refused.args[0]) from None

    def _gateway(self, word, argument):
        event, problem = typed_commands.parse('gateway ' + argument)
        if problem:
            raise _Wrong(problem.partition(' ')[2])
        self._network.gateway_down(self.station.kernel.now_us + int(event['for_s'] * 1_000_000))

    def _silent(self, word, argument):
        self.station.modem.silent = _on_off(argument)

    def _echo(self, word, argument):
        self.station.modem.echo = _on_off(argument)

    def _cycle(self, word, argument):
        self.station.modem.power_cycle()

    def _state(self, word, argument):
        """Nothing to do."""

    def _quit(self, word, argument):
        self.end()


_ACTIONS = {'lock': ModemServer._downlink, 'unlock': ModemServer._downlink, 'reset': ModemServer._downlink, 'send': ModemServer._downlink,
            'gateway': ModemServer._gateway, 'silent': ModemServer._silent, 'echo': ModemServer._echo, 'cycle': ModemServer._cycle,
            'state': ModemServer._state, 'quit': ModemServer._quit}


def _parser():
    parser = argparse.ArgumentParser(
        prog='python -m sim modem', formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Serve one simulated LoRaWAN modem on a pseudo-terminal, in real time, with the network behind it.\n'
                    'Prints "ready PATH" once a program may open PATH; then what happens, one line of JSON each.',
        epilog='Lines on standard input act on it, each answered by one line of JSON with the state\n'
               '(or {"error": ...}); its end changes nothing:\n\n' + HELP)
    parser.add_argument('--link', required=True, metavar='PATH', help='symbolic link to make for the terminal; removed at the end')
    parser.add_argument('--model', choices=tuple(MODELS), default='wio_e5', help='RADIO_MODEM of the monitor, default %(default)s')
    parser.add_argument('--registration', type=_registration, metavar='FILE',
                        help="only the device of that file may join: The Things Stack's JSON, as make keys writes it; default: any")
    add_network_options(parser)
    return parser


def _registration(path):
    try:
        return registration.read(path)
    except (OSError, registration.RegistrationError) as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def main(argv):
    """Run the command; returns the exit code."""
    try:
        options = _parser().parse_args(argv)
        options.device = options.registration.device_id if options.registration else options.device
    except SystemExit as ended:
        return ended.code

    def say(what):
        try:
            print(json.dumps(what, sort_keys=True), flush=True)
        except BrokenPipeError:
            server.end()

    broker = server = None
    target = None
    try:
        if options.mqtt is None:
            broker = Broker()
            broker.start()
        server = ModemServer(options, options.mqtt or (HOST, broker.port), say)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, frame: server.end())
        server.mqtt.start(PATIENCE_S)
        target = server.station.path
        link(options.link, target)
        print('ready %s' % options.link, flush=True)
        mqtt = server.mqtt
        say({'event': 'mqtt', 'broker': '%s:%d' % (mqtt.host, mqtt.port), 'connected': mqtt.connected, 'topic': mqtt.topic})
        server.serve()
        return 0
    except BrokerFailed as error:
        print('sim modem: %s' % error.args[0], file=sys.stderr)
        return 1
    except OSError as error:
        print('sim modem: cannot make the link %s: %s' % (options.link, error.strerror or error), file=sys.stderr)
        return 1
    finally:
        if target is not None:
            unlink(options.link, target)
        if server is not None:
            server.close()
        if broker is not None:
            broker.stop()
