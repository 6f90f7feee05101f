"""Fake of machine.Pin, machine.UART and neopixel of mainline MicroPython, with an RS485 transceiver behind one UART; see sim/boards/mainline.py."""

CALL_US = 20        # what a call costs, roughly
NO_CHANGE = object()
TICK_US = 10_000    # of FreeRTOS, in which the ESP32's flush() counts by mistake


class Pad:
    """What the chip knows of one pin. driven: is it an output?"""

    def __init__(self):
        self.latch = 0
        self.driven = False
        self.since_us = 0       # of the level


class Pin:
    """machine.Pin(id, mode, pull, *, value ...). Without a mode nothing changes; the value is set before the direction."""

    chip = None
    IN = OUT = OPEN_DRAIN = None        # set by the chip

    def __init__(self, id, mode=-1, pull=-1, *, value=None, drive=None, hold=None, alt=None):
        if id not in self.chip.kind.pins:
            raise ValueError('invalid pin')
        if (alt if self.chip.kind.platform == 'esp32' else drive if drive is not None else hold) is not None:
            raise TypeError('extra keyword arguments given')
        if mode not in (-1, self.IN, self.OUT, self.OPEN_DRAIN):
            raise ValueError('invalid pin mode')
        self.id = id
        self.pad = self.chip.pads.setdefault(id, Pad())
        if value is not None:
            self._set(value)
        if mode != -1:
            self.pad.driven = mode == self.OUT
        self.chip.spend(CALL_US)

    def _set(self, value):
        level = 1 if value else 0
        if level != self.pad.latch:
            self.pad.latch = level
            self.pad.since_us = self.chip.kernel.now_us

    def __call__(self, *value):
        if not value:
            return self.pad.latch
        self.chip.spend(CALL_US)
        self._set(value[0])

    value = __call__


class Uart:
    """machine.UART with its buffers.

    fails_after: None, or the number of bytes still accepted. hangs: the transmitter never finishes.
    """

    chip = None

    def __init__(self, id, baudrate=0, bits=0, parity=NO_CHANGE, stop=0, *, tx=None, rx=None, rts=None, cts=None, txbuf=-1, rxbuf=-1,
                 timeout=0, timeout_char=0, invert=0, flow=0):
        kind = self.chip.kind
        if id not in kind.uarts:
            raise ValueError("UART(%d) doesn't exist" % id)
        if bits not in (0, 5, 6, 7, 8) or stop not in (0, 1, 2) or not (parity is NO_CHANGE or parity is None or isinstance(parity, int)):
            raise ValueError('invalid argument')
        if not (isinstance(tx, Pin) and isinstance(rx, Pin)):
            raise TypeError('this fake wants tx and rx as Pins')
        kind.check_uart_pins(id, tx.id, rx.id)
        if txbuf > 32766 or rxbuf > 32766:
            raise ValueError('buffer too large')
        self.frame = (baudrate or 115200, bits or 8, None if parity is NO_CHANGE else parity, stop or 1)
        baud = self.frame[0]
        self.pins = (tx.id, rx.id)
        self.char_us = -(-(1 + self.frame[1] + (self.frame[2] is not None) + self.frame[3]) * 1000000 // baud)
        self._tx_room = (txbuf if txbuf > 0 else 256) + kind.fifo
        self._rx_size = rxbuf if rxbuf > 0 else 256
        self._timeout_us = timeout * 1000
        # An ESP32's driver learns of a byte immediately without timeout_char; else when the FIFO is nearly full or after that silence.
        self._quiet_us = 0 if kind.platform == 'rp2' else timeout_char * 1000
        self._txbuf = txbuf
        self._fifo = bytearray()
        self._ring = bytearray()
        self._idle = None
        self._free_us = 0
        self.fails_after = None
        self.hangs = False
        self.overruns = 0       # bytes that were lost while the chip was deaf
        self.chip.uarts[id] = self
        self.peer = self.chip.peers.get(id)     # a modem: receives the bytes written, by its own clock
        if self.peer is not None:
            self.peer.sink = self._deliver

    # --- transmitting

    def write(self, data):
        """Number of bytes accepted: all of it on an ESP32, which waits for room; on an RP2 what there is room for. None for nothing."""
        kernel = self.chip.kernel
        data = bytes(data)
        taken = data if self.fails_after is None else data[:self.fails_after]
        if self.fails_after is not None:
            self.fails_after -= len(taken)
        waiting = -(-max(self._free_us - kernel.now_us, 0) // self.char_us)
        if self.chip.kind.platform == 'rp2':
            taken = taken[:max(self._tx_room - waiting, 0)]
        start_us = max(kernel.now_us, self._free_us)
        if self.peer is None:
            for index, byte in enumerate(taken):
                at_us = start_us + index * self.char_us
                kernel.at(at_us + self.char_us, self.chip.shifted, self, at_us, byte)
        else:
            self.peer.hear(taken)
        self._free_us = start_us + len(taken) * self.char_us
        kernel.run_until(max(kernel.now_us + CALL_US, self._free_us - self._tx_room * self.char_us))
        return len(taken) or None

    def txdone(self):
        self.chip.spend(CALL_US)
        return not self.hangs and self.chip.kernel.now_us >= self._free_us

    def flush(self):
        """Waits for the end; how long at most is a mistake of the source on the ESP32."""
        kernel = self.chip.kernel
        size = self._txbuf if self._txbuf > 0 else 256
        if self.chip.kind.platform == 'esp32':
            patience_us = (3 + size) * 13000 * 2 // self.frame[0] * TICK_US
        else:
            patience_us = (33 + size) * 13000000 * 2 // self.frame[0]
        if self.hangs or self._free_us > kernel.now_us + patience_us:
            self.chip.spend(patience_us)
            raise OSError(116)
        kernel.run_until(max(self._free_us, kernel.now_us))

    # --- receiving

    def arrive(self, data):
        """Somebody else sends from now on, without gaps."""
        for index, byte in enumerate(data):
            self.chip.kernel.after((index + 1) * self.char_us, self.receive, byte)

    def receive(self, byte):
        """The stop bit of a byte is over."""
        kernel = self.chip.kernel
        if self.chip.deaf:
            if len(self._fifo) < self.chip.kind.fifo:
                self._fifo.append(byte)
            else:
                self.overruns += 1
            return
        self._fifo.append(byte)
        kernel.cancel(self._idle)
        if not self._quiet_us or len(self._fifo) >= 120:
            self._interrupt()
        else:
            self._idle = kernel.after(self._quiet_us, self._interrupt)

    def listen(self):
        """Interrupts are served again."""
        if self._fifo:
            self._interrupt()

    def _deliver(self, data):
        for byte in data:
            self.receive(byte)

    def _interrupt(self):
        self._ring += self._fifo[:max(self._rx_size - len(self._ring), 0)]
        self._fifo = bytearray()

    def any(self):
        self.chip.spend(CALL_US)
        return len(self._ring)

    def read(self, count=-1):
        """None when nothing came; waits timeout for the first byte."""
        if not self._ring:
            self.chip.spend(self._timeout_us)
        self.chip.spend(CALL_US)
        data = bytes(self._ring if count < 0 else self._ring[:count])
        self._ring = self._ring[len(data):]
        return data or None


class NeoPixel:
    """neopixel.NeoPixel(pin, n): write() sets chip.pixels."""

    chip = None

    def __init__(self, pin, n, bpp=3, timing=1):
        if not pin.pad.driven:
            raise ValueError('the pin is no output')
        self._values = [(0, 0, 0)] * n

    def __setitem__(self, index, value):
        if len(value) != 3 or not all(0 <= part < 256 for part in value):
            raise ValueError('three numbers from 0 to 255')
        self._values[index] = tuple(value)

    def write(self):
        self.chip.spend(60)
        self.chip.pixels = list(self._values)
        self.chip.pixel_writes += 1
