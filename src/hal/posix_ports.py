"""Serial devices on Linux: a plain port for a modem, and the RS485 bus over a USB adapter."""

import gc
import os
import termios
import time

import serial
from serial.rs485 import RS485Settings

from hal.contract import BUS, BUS_BAUD, HalError, SERIAL

_CHAR_NS = 286459   # 11 bits at 38400 baud
_REOPEN_NS = 1000000000
_RESET_S = 0.005

_NAMES = {BUS: 'bus', SERIAL: 'modem'}

_ERRORS = (OSError, termios.error)    # what an unplugged adapter raises; pyserial's errors are OSErrors


def _why(error):
    """The system's words, without pyserial's around them."""
    number = error.args[0] if isinstance(error, _ERRORS) and error.args else None
    return os.strerror(number) if isinstance(number, int) else str(error)


class Port:
    """A serial device that may vanish and come back: tried again at a later call, at most once a second."""

    def __init__(self, path, baud, parity, kind, log=None):
        """log(text): told when the device is missing, found or lost; None: nobody is told."""
        self._kind = kind
        self._log = log
        self._reported = None       # what was told last of the device
        self._parity = parity
        self._retry_ns = None
        # RTS and DTR low from the start; Linux itself raises them for an instant when it opens a device.
        self._port = serial.Serial()
        self._port.port = path
        self._port.baudrate = baud
        self._port.timeout = 0
        self._port.write_timeout = 1
        self._port.rts = False
        self._port.dtr = False
        self.is_open()

    def is_open(self):
        """True if the device is there, after opening it if need be."""
        if self._port.is_open:
            return True
        now_ns = time.monotonic_ns()
        if self._retry_ns is not None and now_ns < self._retry_ns:
            return False
        self._retry_ns = now_ns + _REOPEN_NS
        # A pseudo-terminal (the simulated wallbox) knows no parity, and glibc makes an error of that.
        is_pty = os.path.realpath(self._port.port).startswith('/dev/pts/')
        self._port.parity = serial.PARITY_NONE if is_pty else self._parity
        self._port.rs485_mode = None    # else pyserial would insist on it with the next device too
        try:
            self._port.open()
            self.prepare(self._port)
            self._tell('found')
        except _ERRORS as error:
            self._close()
            self._tell('no device', _why(error))
        return self._port.is_open

    def _tell(self, what, why=''):
        """A line for the log, unless it says nothing new: a device that was lost is missing, too."""
        if what == self._reported or what == 'no device' and self._reported == 'lost':
            return
        self._reported = what
        if self._log is not None:
            self._log('%s: %s %s%s' % (_NAMES[self._kind], what, self._port.port, ', ' + why if why else ''))

    def prepare(self, port):
        """What a kind of port needs right after opening."""

    def lose(self, error=''):
        """Forget a device that has failed."""
        self._close()
        self._tell('lost', _why(error))

    def _close(self):
        try:
            self._port.close()
        except _ERRORS:
            pass    # it is gone anyway

    def fileno(self):
        """The descriptor to wait for, or None."""
        return self._port.fileno() if self._port.is_open else None

    def read(self):
        """The bytes that have arrived, b'' when none."""
        if not self.is_open():
            return b''
        try:
            return self._port.read(4096)
        except _ERRORS as error:
            self.lose(error)
            return b''

    def write(self, data):
        """Hand data to the kernel."""
        if not self.is_open():
            raise HalError(self._kind, 'no device at %s' % self._port.port)
        try:
            self._port.write(data)
        except _ERRORS as error:
            self.lose(error)
            raise HalError(self._kind, str(error)) from None


class Serial(Port):
    """A plain byte port, for a modem."""

    def __init__(self, path, baud, log=None, reset_line=None):
        """reset_line: 'rts' or 'dtr', which pulls the modem's reset pin; or None."""
        self._reset_line = reset_line
        Port.__init__(self, path, baud, serial.PARITY_NONE, SERIAL, log)

    def reset(self):
        """By RTS or DTR: on is low at the pin, as at every USB-serial adapter."""
        if self._reset_line is None or not self.is_open():
            return False
        try:
            setattr(self._port, self._reset_line, True)
            time.sleep(_RESET_S)
            setattr(self._port, self._reset_line, False)
        except _ERRORS as error:
            self.lose(error)
            return False
        return True


class Bus(Port):
    """RS485. Direction 'auto': the adapter switches itself; 'rts': the kernel's RS485 mode, or RTS by us without one."""

    def __init__(self, path, direction, log=None):
        self._by_rts = direction == 'rts'
        self._drives = False      # True: we switch RTS, the kernel does not
        Port.__init__(self, path, BUS_BAUD, serial.PARITY_EVEN, BUS, log)

    def prepare(self, port):
        """Few USB drivers know the kernel's RS485 mode."""
        if not self._by_rts:
            return
        try:
            port.rs485_mode = RS485Settings(rts_level_for_tx=True, rts_level_for_rx=False)
            self._drives = False
        except ValueError:
            self._drives = True

    def transmit(self, frame):
        """An adapter's buffer may make the kernel believe that everything is sent, so the frame's length counts too."""
        if not self.is_open():
            raise HalError(BUS, 'no device at %s' % self._port.port)
        try:
            self._drive(True)
            end_ns = time.monotonic_ns() + (len(frame) + 1) * _CHAR_NS
            self._port.write(frame)
            self._port.flush()
            rest_ns = end_ns - time.monotonic_ns()
            time.sleep((rest_ns if rest_ns > _CHAR_NS else _CHAR_NS) / 1e9)
        except _ERRORS as error:
            self._release()
            self.lose(error)
            raise HalError(BUS, str(error)) from None
        finally:
            self._release()

    def _drive(self, on):
        if self._drives:
            if on:
                gc.disable()    # a collection has no place while the driver is on
            self._port.rts = on

    def _release(self):
        """Driver off; a device that is gone drives nothing."""
        try:
            if self._port.is_open:
                self._drive(False)
        except _ERRORS as error:
            self.lose(error)
        finally:
            gc.enable()
