"""Fake of machine.Pin and machine.UART of a LoPy4, with the RS485 transceiver behind UART1; see sim/boards/pycom.py."""

FIFO = 128      # bytes, of the ESP32's UART in both directions
RX_FULL = 120   # bytes at which the interrupt empties the receive FIFO
CALL_US = 20    # what a call of a vendor function costs, roughly


class Pin:
    """machine.Pin. One latch a pin, which stays when the pin is made again."""

    board = None
    IN, OUT, OPEN_DRAIN = 1, 2, 7
    PULL_UP, PULL_DOWN = 0, 1

    def __init__(self, id, mode=IN, pull=None, *, value=None, alt=-1):
        if mode not in (self.IN, self.OUT, self.OPEN_DRAIN):
            raise ValueError('invalid argument(s) value')
        before = self.board.pins.get(id)
        self.latch = before.latch if before else self.board._latches.get(id, 0)
        self.since_us = self.board.kernel.now_us
        if value is not None:
            self.latch = 1 if value else 0
        self.mode = mode
        self.board.pins[id] = self
        self.board.spend(CALL_US)

    def __call__(self, *value):
        if not value:
            return self.latch
        self.board.spend(CALL_US)
        level = 1 if value[0] else 0
        if level != self.latch:
            self.latch = level
            self.since_us = self.board.kernel.now_us

    value = __call__


class Uart:
    """machine.UART with its FIFOs; the RS485 transceiver behind UART1 has driver enable and /RE on P8."""

    board = None
    EVEN, ODD = 2, 3
    _DEFAULT_PINS = {0: ('P1', 'P0'), 1: ('P3', 'P4'), 2: ('P8', 'P9')}

    def __init__(self, id=1, baudrate=9600, bits=8, parity=None, stop=None, *, pins=None, timeout_chars=2, rx_buffer_size=4096):
        if id not in self._DEFAULT_PINS:
            raise OSError('the requested resource is not available')
        if bits not in (5, 6, 7, 8) or parity not in (None, self.EVEN, self.ODD) or stop not in (None, 1, 1.5, 2):
            raise ValueError('invalid argument(s) value')
        self.pins = self._DEFAULT_PINS[id] if pins is None else pins
        if any(pin in self.board.pins for pin in self.pins):
            raise ValueError('a pin of this UART is in use: %r' % (self.pins,))
        self.frame = (baudrate, bits, parity, stop)
        self.char_us = -(-(1 + bits + (parity is not None) + (stop or 1)) * 1000000 // baudrate)
        self._timeout_us = timeout_chars * self.char_us
        self._size = rx_buffer_size
        self._fifo = bytearray()
        self._ring = bytearray()
        self._idle = None
        self._free_us = 0           # when the shifter is through with what it has
        self._last_start_us = 0     # when its last byte went from the FIFO to the shifter
        self.fails_after = None     # number of bytes still accepted before the port fails
        self.board.uart = self

    # --- transmitting

    def write(self, data):
        """Returns with the last byte in the FIFO, not on the wire."""
        kernel = self.board.kernel
        start_us = max(kernel.now_us, self._free_us)
        accepted = bytes(data) if self.fails_after is None else bytes(data)[:self.fails_after]
        for index, byte in enumerate(accepted):
            at_us = start_us + index * self.char_us
            kernel.at(at_us + self.char_us, self._shifted, at_us, byte)
        self._free_us = start_us + len(accepted) * self.char_us
        self._last_start_us = self._free_us - self.char_us
        kernel.run_until(max(kernel.now_us + CALL_US, start_us + (len(accepted) - FIFO) * self.char_us))
        if len(accepted) < len(data):
            raise OSError('the requested operation failed')
        return len(data)

    def _shifted(self, start_us, byte):
        board = self.board
        end_us = board.kernel.now_us
        enable = board.pins.get('P8')
        if board.level('P8') and enable.since_us <= start_us:
            board.wire.append((start_us, end_us, byte))
            if board.on_wire is not None:
                board.on_wire(byte)
        else:
            board.lost += 1

    def wait_tx_done(self, timeout_ms):
        """At once when the FIFO is empty, the last character possibly still in the shifter; else waits for the very end."""
        kernel = self.board.kernel
        if kernel.now_us >= self._last_start_us:
            self.board.spend(CALL_US)
            return True
        done = self._free_us <= kernel.now_us + timeout_ms * 1000
        kernel.run_until(self._free_us if done else kernel.now_us + timeout_ms * 1000)
        return done

    # --- receiving

    def arrive(self, data):
        """One after the other, without gaps; /RE is high while we drive."""
        kernel = self.board.kernel
        for index, byte in enumerate(data):
            kernel.after((index + 1) * self.char_us, self.receive, byte)

    def receive(self, byte):
        """The stop bit of a byte is over."""
        kernel = self.board.kernel
        if self.board.level('P8'):
            return
        self._fifo.append(byte)
        kernel.cancel(self._idle)
        if len(self._fifo) >= RX_FULL:
            self._interrupt()
        else:
            self._idle = kernel.after(self._timeout_us, self._interrupt)

    def _interrupt(self):
        self._ring += self._fifo[:max(self._size - len(self._ring), 0)]
        self._fifo = bytearray()

    def any(self):
        self.board.spend(CALL_US)
        return len(self._ring)

    def read(self, count=None):
        """Waits timeout_chars for each byte that is missing; None when nothing came."""
        data = bytearray()
        while count is None or len(data) < count:
            if not self._ring:
                self.board.spend(self._timeout_us)
                if not self._ring:
                    break
            wanted = len(self._ring) if count is None else count - len(data)
            data += self._ring[:wanted]
            self._ring = self._ring[wanted:]
        self.board.spend(CALL_US)
        return bytes(data) or None
