"""Fake of a LoPy4 (firmware 1.20.2.r6): the vendor's modules machine, network, pycom, usocket and utime over virtual time.

It has the semantics of the vendor's source and the physics of the board: bytes take their time on the wire and get lost where the
RS485 driver is off too early, received ones show up when the UART's interrupt fires, flash keeps text only up to a NUL, every
call costs time. It is strict: what the source does not accept is an error here too. sim/pycom_lora.py has the radio, sim/pycom_air.py what is beyond its antenna.

Use: LoPy4().modules() gives what to put into sys.modules before importing the board module.
"""

import types

from sim.kernel import Kernel
from sim.pycom_air import Air
from sim.pycom_lora import LoRa, LoraTask, Socket

FIFO = 128              # bytes, of the ESP32's UART in both directions
RX_FULL = 120           # bytes at which the interrupt empties the receive FIFO
CALL_US = 20            # what a call of a vendor function costs, roughly
WDT_FLOOR_MS = 1

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET, BROWN_OUT_RESET = range(6)


class BoardReset(BaseException):
    """The board has stopped; args[0] says how. Not an Exception, for no handler of the firmware can catch it."""


class LoPy4:
    """One board. What a power cut leaves is in nvs and config; reboot() makes everything else anew.

    wire: what its transmitter put on the bus, (start_us, end_us, byte); lost: bytes of which the driver cut off a part.
    """

    AF_LORA, SOCK_RAW, SOL_LORA, SO_CONFIRMED, SO_DR = 5, 3, 0xFFF, 0xF800, 0xF801

    def __init__(self, kernel=None, ticks_us=0, latches=()):
        self.kernel = kernel or Kernel()
        self.nvs = {}
        self.config = {'wifi_on_boot': True}
        self.nvs_fails = False          # every call of the flash fails, as after a bad upgrade
        self.cut_in_nvs = None          # 'before' or 'after': power fails in the next nvs_set, before or after it counts
        self.air = Air()
        self.fed_at_us = []             # of the watchdog
        self._ticks_us = ticks_us
        self._latches = dict(latches)
        self.reboot(PWRON_RESET)

    def reboot(self, cause):
        """Power back on, or out of a reset; cause as machine.reset_cause() will tell it."""
        self.cause = cause
        self.boot_us = self.kernel.now_us
        self.rtc_offset_us = 0          # of gettimeofday, which setting the RTC moves
        self.pins = {}
        self.uart = None
        self.wire = []
        self.lost = 0
        self.led = None
        self.heartbeat = True
        self.wifi = self.config['wifi_on_boot']
        self.servers = True
        self.lora = None
        self.lora_task = LoraTask(self)
        self.watchdog = None

    def modules(self):
        """Name in sys.modules -> fake."""
        bound = {cls.__name__: type(cls.__name__, (cls,), {'board': self}) for cls in (Uart, Pin, Wdt, Server, LoRa, Socket)}
        constants = {name: globals()[name] for name in globals() if name.endswith('_RESET')}
        return {
            'machine': types.SimpleNamespace(
                UART=bound['Uart'], Pin=bound['Pin'], WDT=bound['Wdt'], reset=self._reset, unique_id=self._unique_id,
                reset_cause=lambda: self.cause, **constants),
            'network': types.SimpleNamespace(LoRa=bound['LoRa'], Server=bound['Server']),
            'pycom': types.SimpleNamespace(
                nvs_set=self._nvs_set, nvs_get=self._nvs_get, heartbeat=self._heartbeat, rgbled=self._rgbled,
                wifi_on_boot=self._wifi_on_boot),
            'usocket': types.SimpleNamespace(
                socket=bound['Socket'], AF_LORA=self.AF_LORA, SOCK_RAW=self.SOCK_RAW, SOL_LORA=self.SOL_LORA,
                SO_CONFIRMED=self.SO_CONFIRMED, SO_DR=self.SO_DR),
            'utime': types.SimpleNamespace(
                sleep_ms=self._sleep_ms, sleep_us=self._sleep_us, ticks_cpu=self._ticks_cpu, ticks_ms=self._ticks_ms),
        }

    # --- time

    def spend(self, us):
        self.kernel.run_until(self.kernel.now_us + us)

    def _sleep_ms(self, ms):
        self.spend(ms * 1000)

    def _sleep_us(self, us):
        self.spend(us)

    def _ticks_cpu(self):
        """esp_timer_get_time() in 32 bits: microseconds since boot, here with a head start."""
        self.spend(1)
        return (self.kernel.now_us - self.boot_us + self._ticks_us) & 0xFFFFFFFF

    def _ticks_ms(self):
        """From gettimeofday: it jumps with the RTC."""
        return (self.kernel.now_us - self.boot_us + self.rtc_offset_us) // 1000 & 0xFFFFFFFF

    # --- machine

    def _reset(self):
        """By the watchdog of timer group 0, which is what the next boot reads."""
        raise BoardReset('machine.reset')

    def _unique_id(self):
        return b'\x24\x0a\xc4\x00\x00\x01'

    def wait_for_watchdog(self, hang):
        """The firmware is in a call that never returns."""
        if self.watchdog is None:
            raise hang
        self.kernel.run_until(1 << 62)

    # --- pycom

    def _nvs_set(self, key, value):
        """Strings and bytes count up to their first NUL and come back as str; integers are 32 bits without sign."""
        if isinstance(value, int):
            value &= 0xFFFFFFFF
        elif isinstance(value, (str, bytes)):
            text = value.encode() if isinstance(value, str) else value
            value = text.split(b'\0')[0].decode('utf-8', 'replace')
            if len(value) >= 1984:
                raise ValueError('value too long (max: 1984)')
        else:
            raise ValueError('Value must be string, bytes or integer')
        if self.nvs_fails:
            raise Exception('Error occurred while storing value, code: 4359')
        if len(key) > 15:
            raise ValueError('Key is too long')
        if self.cut_in_nvs == 'after':
            self.nvs[key] = value
        if self.cut_in_nvs:
            raise BoardReset('power cut')
        self.nvs[key] = value

    def _nvs_get(self, key, *default):
        if self.nvs_fails:
            raise Exception('Error occurred while fetching value, code: 4359')
        if key in self.nvs:
            return self.nvs[key]
        if len(default) == 1:
            return default[0]
        raise ValueError('No matching object for the provided key')

    def _heartbeat(self, enable):
        self.heartbeat = bool(enable)

    def _rgbled(self, colour):
        if self.heartbeat:
            raise OSError('the requested operation is not possible')
        self.led = colour

    def _wifi_on_boot(self, enable, now=False):
        """The second argument acts at once, but only where the first is a change."""
        if self.config['wifi_on_boot'] != bool(enable):
            self.config['wifi_on_boot'] = bool(enable)
            if now:
                self.wifi = bool(enable)
                self.servers = self.servers and self.wifi

    # --- for tests

    def level(self, pin):
        """Of the pad: what an output drives, else low by the pull-down that boot puts on every pin."""
        state = self.pins.get(pin)
        return state.latch if state is not None and state.mode == Pin.OUT else 0

    def arrive(self, data):
        """Somebody else sends on the bus, from now on."""
        self.uart.arrive(data)


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
        self.fails_after = None     # so many bytes more are accepted, then the port fails
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
            kernel.after((index + 1) * self.char_us, self._receive, byte)

    def _receive(self, byte):
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


class Wdt:
    """machine.WDT: cannot be stopped."""

    board = None

    def __init__(self, id=0, timeout=None):
        if timeout is None:
            raise TypeError('timeout is required')
        self._timeout_us = max(timeout, WDT_FLOOR_MS) * 1000
        self._bite = None
        self.board.watchdog = self
        self.feed()

    def feed(self):
        kernel = self.board.kernel
        kernel.cancel(self._bite)
        self._bite = kernel.after(self._timeout_us, self._reset)
        self.board.fed_at_us.append(kernel.now_us)

    def _reset(self):
        if self.board.watchdog is self:
            raise BoardReset('watchdog')


class Server:
    """network.Server: FTP and telnet; making one starts them."""

    board = None

    def __init__(self, id=0, *, login=None, timeout=None):
        self.board.servers = True

    def deinit(self):
        self.board.servers = False

    def isrunning(self):
        return self.board.servers
