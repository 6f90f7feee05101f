"""The UARTs of a board with mainline MicroPython: a plain port for the modem, and the RS485 bus.

Facts cited as [port] are of MicroPython 1.27, ports/esp32 and ports/rp2, machine_uart.c and machine_pin.c.
"""

import time

import machine
from micropython import const

from hal.contract import BUS, BUS_BAUD, HalError, SERIAL

_EVEN = const(0)        # 0 even, 1 odd, None no parity [port]
_CHAR_US = const(287)   # 11 bits
_WAIT_US = const(50)    # between two looks whether the last bit is out; so late may the driver be released
_RESET_MS = const(5)
_WAITS = const(1000)    # 50 ms beyond the time that the frame takes
# The longest AT command has 530 bytes, a bus frame less; at 38400 baud the loop may be away for 290 ms.
_BUFFER = const(1100)


def _open(number, tx, rx, baud, parity):
    """A UART. With timeout_char=0 an ESP32 reports each byte immediately, with more it would wait for a pause [port]."""
    return machine.UART(number, baudrate=baud, bits=8, parity=parity, stop=1, tx=machine.Pin(tx), rx=machine.Pin(rx), txbuf=_BUFFER,
                        rxbuf=_BUFFER, timeout=0, timeout_char=0)


def _read(uart):
    """The bytes present; read() gives None rather than b'', and waits if asked for more."""
    count = uart.any()
    return uart.read(count) or b'' if count else b''


def _check_taken(taken, length, kind):
    """A port's buffer takes less without an error when it is full [port]."""
    if taken != length:
        raise HalError(kind, 'the port took %s of %d bytes' % (taken, length))


class Serial:
    """A plain byte port, for a modem."""

    def __init__(self, number, tx, rx, baud, reset=None):
        """reset: the pin at the modem's reset pin, or None. It floats but for the moment of a reset: both modems have a pull-up."""
        self._reset = reset
        self._uart = _open(number, tx, rx, baud, None)
        self.any = self._uart.any

    def read(self):
        """The bytes that have arrived, b'' when none."""
        return _read(self._uart)

    def write(self, data):
        """Into the buffer."""
        try:
            taken = self._uart.write(data)
        except OSError as error:
            raise HalError(SERIAL, str(error)) from None
        _check_taken(taken, len(data), SERIAL)


    def reset(self):
        """Low for a moment."""
        if self._reset is None:
            return False
        machine.Pin(self._reset, machine.Pin.OUT, value=0)
        time.sleep_ms(_RESET_MS)
        machine.Pin(self._reset, machine.Pin.IN)
        return True


def release(pin):
    """The driver's enable pin, low; or for None, where the transceiver switches itself, something that takes a level."""
    if pin is None:
        return _nothing
    # The level first, then the direction: that is how Pin() does it [port].
    return machine.Pin(pin, machine.Pin.OUT, value=0)


def _nothing(level):
    pass


class Bus:
    """RS485. Neither port knows an RS485 mode, so that the driver is switched here [port]."""

    def __init__(self, number, tx, rx, enable):
        self._enable = release(enable)
        self._uart = _open(number, tx, rx, BUS_BAUD, _EVEN)
        self.any = self._uart.any

    def read(self):
        """The bytes that have arrived, b'' when none."""
        return _read(self._uart)

    def transmit(self, frame):
        """flush() would do, but on an ESP32 it gives a transmitter that hangs seven seconds, in which the driver is on [port].

        While the driver is on nothing allocates, not even calls of Python functions, whose frames are on the heap: a collection of some
        30 ms might fall there.
        """
        uart = self._uart
        enable = self._enable
        sleep_us = time.sleep_us
        length = len(frame)
        # The frame's length counts too: the driver is never released before that, whatever txdone() says.
        frame_us = length * _CHAR_US
        waits = _WAITS
        try:
            try:
                enable(1)
                taken = uart.write(frame)
                sleep_us(frame_us)
                while waits and not uart.txdone():
                    sleep_us(_WAIT_US)
                    waits -= 1
            finally:
                enable(0)
        except OSError as error:
            raise HalError(BUS, str(error)) from None
        _check_taken(taken, length, BUS)
        if not waits:
            raise HalError(BUS, 'the transmitter does not finish')
