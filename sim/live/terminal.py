"""A terminal for a view that refreshes while a person types: keys without waiting for Enter, and only the changed lines redrawn."""

import codecs
import os
import termios
import tty

_ENTER = '\x1b[?1049h\x1b[?7l\x1b[2J'       # the other screen, no automatic wrap, empty
_LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'

_KEYS = {'[A': 'up', '[B': 'down', '[C': 'right', '[D': 'left', '[H': 'home', '[F': 'end', '[1~': 'home', '[4~': 'end', '[3~': 'delete',
         'OA': 'up', 'OB': 'down', 'OC': 'right', 'OD': 'left', 'OH': 'home', 'OF': 'end'}
_CONTROLS = {'\x7f': 'backspace', '\x08': 'backspace', '\x15': 'kill', '\x17': 'word', '\x01': 'home', '\x05': 'end', '\x10': 'up',
             '\x0e': 'down', '\x02': 'left', '\x06': 'right', '\x0b': 'kill_end', '\t': 'complete', '\x0c': 'redraw', '\x04': 'eof'}
LONGEST_LINE = 4096
_LONGEST_ESCAPE = 16
MOST_REMEMBERED = 100


class LineEditor:
    """One line being typed. feed() takes the terminal's bytes as they come and returns the lines that are finished.

    text and cursor: as to be shown. redraw: Ctrl-L was pressed; the view clears it. ended: Ctrl-D on an empty line.
    """

    def __init__(self, words=()):
        self.text = ''
        self.cursor = 0
        self.redraw = False
        self.ended = False
        self._words = words
        self._history = []
        self._place = 0         # in the history; its length is the new line
        self._draft = ''
        self._escape = None     # the sequence so far, None outside one
        self._decoder = codecs.getincrementaldecoder('utf-8')('replace')

    def feed(self, data):
        lines = []
        for character in self._decoder.decode(data):
            if self._escape is not None:
                self._in_escape(character)
            elif character == '\x1b':
                self._escape = ''
            elif character in '\r\n':
                lines.append(self._finish())
            elif character in _CONTROLS:
                getattr(self, '_' + _CONTROLS[character])()
            elif character.isprintable() and len(self.text) < LONGEST_LINE:
                self._replace(self.cursor, self.cursor, character)
        return lines

    def _in_escape(self, character):
        """Sequences end with a letter or ~, but for the [ or O that begins them."""
        self._escape += character
        sequence = self._escape
        if len(sequence) == 1 and character in '[O':
            return
        if character.isalpha() or character == '~' or len(sequence) == 1 or len(sequence) > _LONGEST_ESCAPE:
            self._escape = None
            name = _KEYS.get(sequence)
            if name:
                getattr(self, '_' + name)()

    def _finish(self):
        line = self.text
        if line.strip() and self._history[-1:] != [line]:
            self._history = self._history[1 - MOST_REMEMBERED:] + [line]
        self._place = len(self._history)
        self._show('')
        return line

    def _show(self, text):
        self.text = text
        self.cursor = len(text)

    def _replace(self, start, end, text):
        self.text = self.text[:start] + text + self.text[end:]
        self.cursor = start + len(text)

    def _backspace(self):
        self._replace(max(self.cursor - 1, 0), self.cursor, '')

    def _delete(self):
        self._replace(self.cursor, self.cursor + 1, '')

    def _kill(self):
        self._replace(0, self.cursor, '')

    def _kill_end(self):
        self._replace(self.cursor, len(self.text), '')

    def _word(self):
        self._replace(self.text[:self.cursor].rstrip().rfind(' ') + 1, self.cursor, '')

    def _home(self):
        self.cursor = 0

    def _end(self):
        self.cursor = len(self.text)

    def _left(self):
        self.cursor = max(self.cursor - 1, 0)

    def _right(self):
        self.cursor = min(self.cursor + 1, len(self.text))

    def _up(self):
        if self._place > 0:
            if self._place == len(self._history):
                self._draft = self.text
            self._place -= 1
            self._show(self._history[self._place])

    def _down(self):
        if self._place < len(self._history):
            self._place += 1
            self._show(self._draft if self._place == len(self._history) else self._history[self._place])

    def _complete(self):
        """The rest of a first word that only one command begins with."""
        found = [word for word in self._words if word.startswith(self.text.lower())]
        if self.text and len(found) == 1:
            self._show(found[0] + ' ')

    def _redraw(self):
        self.redraw = True

    def _eof(self):
        if self.text:
            self._delete()
        else:
            self.ended = True


class Terminal:
    """The terminal as a screen, from enter() to leave(). show() takes the whole screen as lines with ANSI colours."""

    def __init__(self, in_fd, out_fd):
        self.in_fd = in_fd
        self._out_fd = out_fd
        self._saved = None
        self._lines = []

    def enter(self):
        self._saved = termios.tcgetattr(self.in_fd)
        tty.setcbreak(self.in_fd, termios.TCSANOW)
        attributes = termios.tcgetattr(self.in_fd)
        # Suspended, it would leave the shell with this screen and these settings.
        attributes[6][termios.VSUSP] = b'\0'
        termios.tcsetattr(self.in_fd, termios.TCSANOW, attributes)
        self._write(_ENTER)

    def leave(self):
        """As it was before; a second call does nothing, and a terminal that has gone is no error."""
        saved, self._saved = self._saved, None
        if saved is None:
            return
        try:
            self._write(_LEAVE)
            termios.tcsetattr(self.in_fd, termios.TCSADRAIN, saved)
        except (OSError, termios.error):
            pass

    def size(self):
        """(width, height) now."""
        try:
            width, height = os.get_terminal_size(self._out_fd)
        except OSError:
            return 80, 24
        return width or 80, height or 24

    def show(self, lines, cursor, afresh=False):
        """Draw the lines that changed, and put the cursor at (column, row), from 0."""
        out = ['\x1b[?25l']
        if afresh or len(lines) != len(self._lines):
            out.append('\x1b[0m\x1b[2J')
            self._lines = [None] * len(lines)
        changed = False
        for row, line in enumerate(lines):
            if line != self._lines[row]:
                out.append('\x1b[%d;1H\x1b[0m\x1b[2K%s' % (row + 1, line))
                changed = True
        self._lines = list(lines)
        out.append('\x1b[0m\x1b[%d;%dH\x1b[?25h' % (cursor[1] + 1, cursor[0] + 1))
        if changed:
            self._write(''.join(out))
        else:
            self._write(out[-1])

    def _write(self, text):
        data = text.encode('utf-8', 'replace')
        while data:
            data = data[os.write(self._out_fd, data):]
