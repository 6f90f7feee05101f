"""`python -m sim run`: the whole system live, in real time or faster, with external MQTT and a person at the keyboard.

The world runs in the main thread; paho, the broker and signals only leave calls for it (sim/live/realtime.py).
"""

import argparse
import os
import signal
import sys
from datetime import datetime, timezone

from sim.live import front_ends
from sim.lorawan.network_kinds import THE_THINGS_STACK
from sim.mqtt.broker import HOST, Broker, BrokerFailed
from sim.mqtt.network_dialects import DIALECTS, IDS
from sim.live.run_options import add_network_options, number
from sim.live.typed_commands import MODELS
from sim.live.demo import DEMOS
from sim.scenario import ScenarioError, complete
from sim.live.house import USUAL_PORT, HouseFailed, LiveHouse
from sim.live.live_run import LiveRun

# Time for a broker to accept the connection before the world starts without it; the first message, the join's, comes immediately.
PATIENCE_S = 1.5


def _parser():
    parser = argparse.ArgumentParser(prog='python -m sim run', description='The whole system live. Type help in it.')
    parser.add_argument('--demo', choices=tuple(DEMOS), help='play a story instead of waiting for commands: a night in a minute')
    parser.add_argument('--network', choices=tuple(DIALECTS), default=THE_THINGS_STACK, help='whose topics and rules, default %(default)s')
    add_network_options(parser, speed=None)
    parser.add_argument('--class', dest='klass', choices=('A', 'C'), default='C', help='LoRaWAN class, default %(default)s')
    parser.add_argument('--ev', choices=MODELS, help="which car comes, default eager, or the demo's own")
    parser.add_argument('--for', dest='for_s', type=number(0, 1e9), metavar='SECONDS', help='end by itself after so much simulated time')
    parser.add_argument('--web-port', type=_web_port, default=USUAL_PORT, metavar='N|off',
                        help='where the page of the house is, default %(default)s or a free one; 0: any that is free; off: no service of the house')
    parser.add_argument('--plain', action='store_true', help='lines instead of the live view, as without a terminal')
    return parser


def _web_port(text):
    if text == 'off':
        return None
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError('must be a port, or off')
    return int(text)


def _scenario(args):
    """The installation of a live run: that of the demo; or now, an empty plan, the car of --ev."""
    start = datetime.now(timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')
    given = dict(DEMOS[args.demo].given) if args.demo else {'start': start, 'duration_s': 0}
    if args.for_s is not None:
        given['duration_s'] = args.for_s
    given['seed'] = args.seed
    given['vehicle'] = dict(given.get('vehicle', {}), **({'model': args.ev} if args.ev else {}))
    given['config'] = dict(given.get('config', {}), LORAWAN_CLASS=args.klass, REGION=args.region)
    return complete(given)


def main(argv):
    """The command. Exit code 2 for wrong arguments, 1 where no broker can be had, 0 otherwise, however it was ended."""
    args = _parser().parse_args(argv)
    # The ids of another network look otherwise, and so do their defaults.
    for name, usual, its in zip(('app', 'device'), IDS[THE_THINGS_STACK], IDS[args.network]):
        if getattr(args, name) == usual:
            setattr(args, name, its)
    try:
        scenario = _scenario(args)
    except ScenarioError as error:
        print('\n'.join(error.args[0]), file=sys.stderr)
        return 2
    broker = None
    try:
        if args.mqtt is None:
            broker = Broker()
            broker.start()
        return _play(args, scenario, args.mqtt or (HOST, broker.port))
    except (BrokerFailed, HouseFailed) as error:
        print(error.args[0], file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of the output has gone (| head); nothing more can be said, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    finally:
        if broker is not None:
            broker.stop()


def _play(args, scenario, broker):
    sys.stdout.reconfigure(errors='replace')
    front = front_ends.choose(args.plain, scenario['start_utc_s'])
    demo = DEMOS.get(args.demo)
    speed = args.speed or (demo.speed if demo else 1.0)
    run = front.run = LiveRun(scenario, front, speed, broker, args.app, args.tenant, args.device, args.network)
    restore = _on_signals(lambda: run.pace.call(run.end))
    house = None
    try:
        run.mqtt.start(PATIENCE_S)
        front.begin()
        run.tell('mqtt', 'broker %s:%d, topics %s...' % (*broker, run.mqtt.topic))
        if args.web_port is not None:
            house = LiveHouse(run, broker, (args.app, args.tenant, args.device), scenario['settings'].TIMEZONE, args.web_port)
            house.start()
            run.page = house.url
            run.tell('sim', 'page %s' % house.url)
        if demo is None:
            run.tell('sim', 'type plug, a minute later reset; help for the rest; quit or Ctrl-C ends')
        else:
            run.play(demo.story)
        run.world.run(scenario['duration_s'] or None)
    except KeyboardInterrupt:
        pass    # the second Ctrl-C: it did not end by itself quickly enough
    finally:
        front.end()
        restore()
        run.mqtt.stop()
        if house is not None:
            house.stop()
        run.pace.close()
    print(_farewell(run))
    return 0


def _on_signals(end):
    """End in good order on Ctrl-C, kill and hang-up; returns a function that undoes this. A second Ctrl-C ends immediately."""
    def handle(number, frame):
        signal.signal(signal.SIGINT, signal.default_int_handler)
        end()

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [(number, signal.signal(number, handle)) for number in numbers]
    return lambda: [signal.signal(number, handler) for number, handler in before]


def _farewell(run):
    summary = run.world.summary()
    return '%.0f simulated seconds: %d uplinks, %d downlinks, %.1f s on the air, %.2f kWh, %.2f of them at peak, %d contactor closings' % (
        summary['simulated_s'], summary['uplinks'], summary['downlinks'], run.watch.airtime_s(summary['simulated_s']), summary['energy_kwh'],
        summary['energy_kwh_at_peak'], summary['contactor_closings'])
