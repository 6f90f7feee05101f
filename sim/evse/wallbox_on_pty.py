"""`python -m sim charger`: one simulated wallbox on a pseudo-terminal, in real time, for any Modbus program."""

import argparse
import json
import os
import select
import signal
import sys
import time

from sim.evse import box_console, box_limits, box_options
from sim.kernel import Kernel
from sim.bus.rs485_line import Rs485Line
from sim.bus.pty_port import PtyPort
from sim.pty_link import is_open, link, unlink
from sim.vehicle import make_vehicle
from sim.evse.wallbox import Wallbox

SLEEPS_AFTER_S = 30
# The world always has an event ahead, so that what comes in through a door is never left lying for longer.
TICK_US = 100_000
_STDIN = 0
_FOREVER_US = 1 << 62


class _Stop(Exception):
    """Quit, SIGTERM or SIGINT."""


class Server:
    """A box, its line and the two doors to them: the pseudo-terminal and standard input."""

    def __init__(self, options, out):
        self.kernel = Kernel()
        self.line = Rs485Line(self.kernel, options.seed, options.trailing_nul)
        self.port = PtyPort(self.line)
        make_up = dict(options.box, id=options.id, model=options.model, meter=options.meter, seed=options.seed,
                       panel_frames=options.panel is not None, sleeps_after_s=SLEEPS_AFTER_S if options.sleepy else None,
                       asleep=options.sleepy, upstream_timeout=options.upstream_timeout is not None)
        if options.panel is not None:
            make_up['panel'] = options.panel
        if options.upstream_timeout is not None:
            make_up['upstream_timeout_s'] = options.upstream_timeout
        box = Wallbox(self.kernel, self.line, _unrecorded, **make_up)
        self._console = box_console.BoxConsole(
            box, self.line, lambda model: make_vehicle(self.kernel, model=model, seed=options.seed))
        self._out = out
        self._typed = b''
        self._doors = [self.port.fd]
        if is_open(_STDIN):
            self._doors.append(_STDIN)
        self._ready = ()
        self._began_us = _real_us()

    def serve(self):
        """Live in real time until quit or a signal (raises _Stop)."""
        self.kernel.pace = self._pace
        self._tick()
        self.kernel.run_until(_FOREVER_US)

    def _pace(self, target_us):
        """Kernel: how far the world may go; waits at the doors meanwhile."""
        if self._ready:
            ready, self._ready = self._ready, ()
            if self.port.fd in ready:
                self.port.transmit()
            if _STDIN in ready:
                self._read_stdin()
            return self.kernel.now_us
        wait_us = target_us - self._elapsed_us()
        # What comes in is handled at the next call, when the world's time is that of its arrival.
        self._ready = select.select(self._doors, (), (), max(wait_us, 0) / 1e6)[0]
        return max(min(self._elapsed_us(), target_us), self.kernel.now_us)

    def _elapsed_us(self):
        return _real_us() - self._began_us

    def _tick(self):
        self.kernel.after(TICK_US, self._tick)

    def _read_stdin(self):
        typed = os.read(_STDIN, 4096)
        if not typed:
            # The parent may have closed it immediately; the box continues.
            self._shut_stdin()
            typed = b'\n'
        *lines, self._typed = (self._typed + typed).split(b'\n')
        for line in lines:
            self._obey(line.decode('utf-8', 'replace').strip())

    def _obey(self, text):
        if text == 'quit':
            self._say(self._console.state())
            raise _Stop
        if text:
            self._say(self._console.execute(text))

    def _say(self, answer):
        try:
            print(json.dumps(answer), file=self._out, flush=True)
        except BrokenPipeError:
            # Nobody listens any more; the terminal may still be in use.
            self._shut_stdin()

    def _shut_stdin(self):
        if _STDIN in self._doors:
            self._doors.remove(_STDIN)


def _unrecorded(kind, t_us=None, **fields):
    """Nobody keeps a timeline here."""


def _real_us():
    return time.monotonic_ns() // 1000


def _parser():
    parser = argparse.ArgumentParser(
        prog='python -m sim charger', formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Serve one simulated ABL wallbox on a pseudo-terminal, 38400 8E1, Modbus ASCII, in real time.\n'
                    'Prints "ready PATH" once a program may open PATH, and serves until quit, SIGTERM or SIGINT.',
        epilog='Lines on standard input act on it, each answered by one line of JSON with the state\n'
               '(or {"error": ...}); its end changes nothing:\n\n%s\nquit                  end' % box_console.HELP)
    parser.add_argument('--link', required=True, metavar='PATH', help='symbolic link to make for the terminal; removed at the end')
    parser.add_argument('--id', type=int, default=1, choices=range(1, 17), metavar='1..16', help='device id (default 1)')
    parser.add_argument('--model', type=_model, default='2W22', metavar='TYPE',
                        help='%s, or a serial number of up to 14 characters that begins so (default 2W22)' % ', '.join(box_limits.OF_TYPE))
    parser.add_argument('--no-meter', dest='meter', action='store_false', help='a box without current transformers')
    parser.add_argument('--panel', nargs='?', const='spontaneous', choices=('spontaneous', 'master'),
                        help='a panel on the bus: the box sends its state unasked (spontaneous), or a second master asks for it (master)')
    parser.add_argument('--sleepy', action='store_true',
                        help='the bus interface sleeps at the start and after %d s without traffic; the first telegram is lost' % SLEEPS_AFTER_S)
    parser.add_argument('--upstream-timeout', type=_seconds, metavar='S', help='react when nobody asks for so many seconds')
    parser.add_argument('--trailing-nul', action='store_true', help='a NUL follows each telegram')
    parser.add_argument('--box', type=_variant, action='append', default=[], metavar='NAME=VALUE',
                        help='where nobody knows what a real box does: %s' % ', '.join(box_options.VARIANTS))
    parser.add_argument('--seed', type=int, default=1, metavar='N', help='of everything left to chance (default 1)')
    return parser


def _model(text):
    if text[:4] not in box_limits.OF_TYPE or len(text) > 14 or not text.isascii() or not text.isalnum():
        raise argparse.ArgumentTypeError('%r: a type (%s) or a serial number that begins so' % (text, ', '.join(box_limits.OF_TYPE)))
    return text


def _seconds(text):
    seconds = float(text)
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError('%r: seconds' % text)
    return seconds


def _variant(text):
    try:
        return box_options.parsed(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error))


def _stop(number, frame):
    raise _Stop


def main(argv):
    """Run the command; returns the exit code."""
    try:
        options = _parser().parse_args(argv)
    except SystemExit as ended:
        return ended.code
    server = Server(options, sys.stdout)
    target = server.port.path
    try:
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, _stop)
        link(options.link, target)
        print('ready %s' % options.link, flush=True)
        server.serve()
    except OSError as error:
        print('sim charger: cannot make the link %s: %s' % (options.link, error.strerror or error), file=sys.stderr)
        return 1
    except _Stop:
        return 0
    finally:
        unlink(options.link, target)
        server.port.close()
