"""The two user interfaces of a live run: a full-screen view, or plain lines."""

import os
import sys

from sim.live import lists, typed_commands, screen
from sim.live.terminal import LineEditor, Terminal

# Piped input may bring no line end for ever.
LONGEST_PIPED = 65536


class LiveScreen:
    """The view on a terminal, and its keys."""

    def __init__(self, in_fd, out_fd):
        self.run = None
        self.terminal = Terminal(in_fd, out_fd)
        self._editor = LineEditor(tuple(typed_commands.TABLE))
        self._size = None

    def say(self, t_s, source, text):
        """The screen shows it by itself."""

    def begin(self):
        self.terminal.enter()
        self.run.pace.watch(self.terminal.in_fd, self._keys)

    def tick(self):
        """Draw what has changed."""
        run, editor = self.run, self._editor
        size = self.terminal.size()
        afresh = size != self._size or editor.redraw
        self._size, editor.redraw = size, False
        shown, column = screen.input_window(editor.text, editor.cursor, size[0])
        facts = screen.facts_of(run.world, run.pace, run.mqtt, run.next_model, run.page)
        lines = screen.to_lines(screen.render(facts, run.watch, *size, run.help_shown, shown), *size)
        self.terminal.show(lines, (column, size[1] - 1), afresh)

    def end(self):
        self.terminal.leave()

    def _keys(self):
        try:
            data = os.read(self.terminal.in_fd, 4096)
        except OSError:
            data = b''
        for line in self._editor.feed(data):
            self.run.typed(line)
        if not data or self._editor.ended:
            self.run.end()
        else:
            self.tick()


class PlainLines:
    """A line for everything that happens, and commands from the lines of standard input."""

    def __init__(self, in_fd, out, start_utc_s):
        self.run = None
        self._in_fd = in_fd
        self._out = out
        self._start_utc_s = start_utc_s
        self._waiting = b''

    def say(self, t_s, source, text):
        """One line: the world's clock, who, what."""
        print('%s %-9s %s' % (lists.clock(self._start_utc_s + t_s), source, text), file=self._out, flush=True)

    def begin(self):
        if self._in_fd is not None:
            self.run.pace.watch(self._in_fd, self._read)

    def tick(self):
        """Nothing to refresh."""

    def end(self):
        """Nothing to give back."""

    def _read(self):
        try:
            data = os.read(self._in_fd, 4096)
        except OSError:
            data = b''
        *lines, self._waiting = (self._waiting + data).split(b'\n')
        if not data or len(self._waiting) > LONGEST_PIPED:
            lines, self._waiting = lines + [self._waiting], b''
        for line in lines:
            self.run.typed(line.decode('utf-8', 'replace'))
        if not data:
            self.run.pace.forget(self._in_fd)


def choose(plain, start_utc_s):
    """Who talks to the person: the view on a terminal, otherwise lines."""
    if not plain and sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get('TERM', 'dumb') != 'dumb':
        return LiveScreen(sys.stdin.fileno(), sys.stdout.fileno())
    try:
        in_fd = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        in_fd = None    # no standard input at all
    return PlainLines(in_fd, sys.stdout, start_utc_s)
