"""Connects a pseudo-terminal to the simulated line: bytes written by a program go on the wire, bytes on the wire can be read."""

import array
import fcntl
import os
import pty
import termios
import tty

# A UART that nobody reads overruns; this much unread input (0.6 s of line) means that nobody does.
UNREAD_LIMIT = 2048
# Speeds that no program sets, see rearm().
_IDLE_SPEEDS = (termios.B50, termios.B75)
# Linux: the terminal's flag that has its programs' settings reported to the other end, where packet mode shows them as a first
# byte that is not 0.
_EXTPROC = 0o200000


class PtyPort:
    """Line node. path: the terminal device to open; fd: becomes readable when a program has written."""

    def __init__(self, line):
        self.fd, self._terminal = pty.openpty()
        # The terminal stays open here too, so that a client may come and go.
        tty.setraw(self._terminal)
        fcntl.ioctl(self.fd, termios.TIOCPKT, array.array('i', [1]))
        os.set_blocking(self.fd, False)
        self.path = os.ttyname(self._terminal)
        self._idle_speed = None
        self._line = line
        line.attach(self)
        self.rearm()

    def close(self):
        """Give the terminal back."""
        os.close(self._terminal)
        os.close(self.fd)

    def transmit(self):
        """Put what the program has written on the line."""
        try:
            packet = os.read(self.fd, 4096)
        except BlockingIOError:
            return
        if packet[:1] == b'\x00':
            self._line.transmit(self, packet[1:])
        else:
            self.rearm()

    def rearm(self):
        """Let the next program configure the terminal.

        A pseudo-terminal has no parity, and glibc reports EINVAL when a program asks for parity and it looks as if nothing had
        changed. So something must always be left to change: a speed nobody uses. Two of them in turn, for glibc looks again
        afterwards, and may find that we were here in between.
        """
        attributes = termios.tcgetattr(self._terminal)
        if attributes[5] not in _IDLE_SPEEDS:
            self._idle_speed = _IDLE_SPEEDS[self._idle_speed == _IDLE_SPEEDS[0]]
            attributes[4] = attributes[5] = self._idle_speed
            attributes[3] |= _EXTPROC
            termios.tcsetattr(self._terminal, termios.TCSANOW, attributes)

    def on_line(self, data, end_us):
        """Line: the program hears this, if it listens."""
        unread = array.array('i', [0])
        fcntl.ioctl(self._terminal, termios.FIONREAD, unread)
        if unread[0] > UNREAD_LIMIT:
            termios.tcflush(self._terminal, termios.TCIFLUSH)
        try:
            os.write(self.fd, data)
        except BlockingIOError:
            pass
