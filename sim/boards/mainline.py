"""Fake of a board with mainline MicroPython (1.27): machine, time, os, io, esp32 and neopixel of an ESP32-S3 or an RP2, over virtual time.

It has the semantics of the source and the physics of the board, and is as strict: what the source does not accept is an error here too.
Pins and UARTs are in sim/boards/mainline_ports.py, flash in sim/boards/mainline_flash.py.

Use: Chip('esp32').modules() gives what to put into sys.modules before importing the board module.
"""

import calendar
import time
import types
from collections import namedtuple

from sim.boards.board_time import COLLECTION_US
from sim.boards.flash import ERASE_US
from sim.kernel import Kernel
from sim.boards.mainline_flash import Littlefs, Nvs, NvsFlash
from sim.boards.mainline_ports import NeoPixel, Pad, Pin, Uart
from sim.boards.pycom import BoardReset

TICKS_PERIOD = 1 << 30
# The firmware leaves some 0.15 KB a second behind and asks for a collection every few kilobytes (src/main.py).
COLLECT_EVERY_US = 40000000


def _any_pins(uart, tx, rx):
    """The ESP32 has a matrix between its UARTs and its pins."""


def _rp2_pins(uart, tx, rx):
    for name, pin, rest in (('TX', tx, 0), ('RX', rx, 1)):
        if pin & 3 != rest or ((pin + 4) & 8) >> 3 != uart:
            raise ValueError('bad %s pin' % name)


# platform: sys.platform. epoch: year from which time() counts. fifo: bytes of a UART's. longest_ms: of the watchdog. rtc_lost: by any reset.
Kind = namedtuple('Kind', 'platform pins uarts check_uart_pins epoch fifo longest_ms rtc_lost rtc_start resets modes unique_id flash')

KINDS = {
    'esp32': Kind('esp32', frozenset(range(22)) | frozenset(range(26, 49)), (1, 2), _any_pins, 2000, 128, 1 << 30, False, (2000, 1, 1),
                  {'PWRON_RESET': 1, 'HARD_RESET': 2, 'WDT_RESET': 3, 'DEEPSLEEP_RESET': 4, 'SOFT_RESET': 5}, {'IN': 1, 'OUT': 3, 'OPEN_DRAIN': 7},
                  b'\x24\x0a\xc4\x00\x00\x02', NvsFlash),
    'rp2': Kind('rp2', frozenset(range(30)) | {'LED'}, (0, 1), _rp2_pins, 1970, 32, 8388, True, (2021, 1, 1),
                {'PWRON_RESET': 1, 'WDT_RESET': 3}, {'IN': 0, 'OUT': 1, 'OPEN_DRAIN': 2}, b'\xe6\x60\x58\x38\x83\x00\x00\x03', Littlefs),
}


class Chip:
    """One board. flash survives a power cut; reboot() creates everything else again.

    bus_uart: with the RS485 transceiver behind it, whose driver and /RE are on the pin enable, or which switches itself for None.
    peers: by UART, who listens at its other end instead. wire: what its transmitter put on the bus, (start_us, end_us, byte);
    lost: bytes of which the driver cut off a part. on_wire: None, or called with each byte as its stop bit ends.
    """

    def __init__(self, platform, kernel=None, bus_uart=1, enable=3, ticks_us=0, peers=None, latches=()):
        self.kind = KINDS[platform]
        self.kernel = kernel or Kernel()
        self.flash = self.kind.flash()
        self.flash.chip = self
        self.deaf = False       # no interrupt is served: of what a UART hears only its FIFO is kept
        self.bus_uart = bus_uart
        self.enable = enable
        self.peers = peers or {}
        self.on_wire = None
        self._ticks_us = ticks_us
        self._latches = dict(latches)
        self._rtc_us = None     # what the RTC says less virtual time
        self.power_on()

    def power_on(self):
        """Supply on."""
        self.rtc_memory = b''
        self.brown_out()

    def brown_out(self):
        """The supply fell so low that the chip stopped, and came back: what it counts as, and what the RTC's memory alone outlives [port]."""
        self._set_rtc(self.kind.rtc_start)
        self.reboot(self.kind.resets['PWRON_RESET'])

    def reboot(self, cause):
        """Out of a reset, whose machine.reset_cause() it is."""
        self.cause = cause
        if self.kind.rtc_lost:
            self._set_rtc(self.kind.rtc_start)
        self.boot_us = self.kernel.now_us
        self._collects_us = self.boot_us + COLLECT_EVERY_US
        self.pads = {}
        for pin, level in self._latches.items():
            self.pads[pin] = pad = Pad()
            pad.latch, pad.since_us = level, self.boot_us
        self.uarts = {}
        self.wire = []
        self.lost = 0
        self.pixels = None
        self.pixel_writes = 0
        self.watchdog = None
        self.fed_at_us = []

    def modules(self):
        """Name in sys.modules -> fake; one of None is missing on this board."""
        rtc = Esp32Rtc if self.kind.platform == 'esp32' else Rtc
        bound = {name: type(name, (cls,), {'chip': self}) for name, cls in (('Uart', Uart), ('Wdt', Wdt), ('Rtc', rtc), ('NeoPixel', NeoPixel))}
        pin = type('Pin', (Pin,), dict(self.kind.modes, chip=self))
        found = {
            'machine': types.SimpleNamespace(
                UART=bound['Uart'], Pin=pin, WDT=bound['Wdt'], RTC=bound['Rtc'], reset=self._reset,
                unique_id=lambda: self.kind.unique_id, reset_cause=lambda: self.cause, **self.kind.resets),
            'time': types.SimpleNamespace(
                ticks_us=self._ticks, sleep_ms=lambda ms: self.spend(ms * 1000), sleep_us=self.spend, time=self._time, gmtime=self._gmtime),
            'neopixel': types.SimpleNamespace(NeoPixel=bound['NeoPixel']),
            'esp32': None,
        }
        if self.kind.platform == 'esp32':
            found['esp32'] = types.SimpleNamespace(NVS=type('NVS', (Nvs,), {'flash': self.flash}))
            found.update({'os': types.SimpleNamespace(), 'io': types.SimpleNamespace()})
        else:
            found.update(self.flash.modules())
        return found

    # --- time

    def spend(self, us):
        self.kernel.run_until(self.kernel.now_us + us)

    def deafen(self, us):
        """The flash is erased, sector by sector."""
        for _ in range(us // ERASE_US):
            self.deaf = True
            self.spend(ERASE_US)
            self.deaf = False
            for uart in self.uarts.values():
                uart.listen()

    def _ticks(self):
        self.spend(1)
        if self.kernel.now_us >= self._collects_us:
            self._collects_us = self.kernel.now_us + COLLECT_EVERY_US
            self.spend(COLLECTION_US[self.kind.platform])
        return (self.kernel.now_us - self.boot_us + self._ticks_us) % TICKS_PERIOD

    def _epoch_s(self):
        return calendar.timegm((self.kind.epoch, 1, 1, 0, 0, 0))

    def _set_rtc(self, date):
        self._rtc_us = calendar.timegm(tuple(date) + (0,) * (6 - len(date))) * 1000000 - self.kernel.now_us

    def rtc_utc_s(self):
        """Its time."""
        return (self._rtc_us + self.kernel.now_us) // 1000000

    def _time(self):
        return self.rtc_utc_s() - self._epoch_s()

    def _gmtime(self, seconds):
        date = time.gmtime(seconds + self._epoch_s())
        return tuple(date)[:6] + (date.tm_wday, date.tm_yday)

    # --- bus

    def level(self, pin):
        """Of the pad: what an output drives, else low, by the resistor that the wiring has at the driver's enable pin."""
        pad = self.pads.get(pin)
        return pad.latch if pad is not None and pad.driven else 0

    def driving(self):
        """The transceiver's driver is on."""
        return bool(self.level(self.enable)) if self.enable is not None else self.bus._free_us > self.kernel.now_us

    @property
    def bus(self):
        """The UART with the transceiver."""
        return self.uarts[self.bus_uart]

    def shifted(self, uart, start_us, byte):
        """A byte has left the UART without a modem."""
        if uart is not self.uarts.get(self.bus_uart):
            return
        pad = self.pads.get(self.enable)
        if self.enable is None or pad is not None and self.level(self.enable) and pad.since_us <= start_us:
            self.wire.append((start_us, self.kernel.now_us, byte))
            if self.on_wire is not None:
                self.on_wire(byte)
        else:
            self.lost += 1

    def arrive(self, data):
        """Somebody else sends on the bus, from now on; /RE is high while we drive."""
        uart = self.bus
        for index, byte in enumerate(data):
            self.kernel.after((index + 1) * uart.char_us, self.hear, byte)

    def hear(self, byte):
        """The stop bit of somebody else's byte is over."""
        if not self.driving():
            self.bus.receive(byte)

    # --- machine

    def _reset(self):
        """An RP2's is the watchdog, which is what the next boot reads."""
        raise BoardReset('machine.reset')

    def reset_reads_as(self):
        """machine.reset_cause() after machine.reset()."""
        return self.kind.resets.get('SOFT_RESET', self.kind.resets['WDT_RESET'])


class Wdt:
    """machine.WDT(id, timeout): cannot be stopped."""

    chip = None

    def __init__(self, id=0, timeout=5000):
        if not 0 < timeout <= self.chip.kind.longest_ms:
            raise ValueError('timeout exceeds %d' % self.chip.kind.longest_ms)
        self._timeout_us = timeout * 1000
        self._bite = None
        self.chip.watchdog = self
        self.feed()

    def feed(self):
        kernel = self.chip.kernel
        kernel.cancel(self._bite)
        self._bite = kernel.after(self._timeout_us, self._reset)
        self.chip.fed_at_us.append(kernel.now_us)

    def _reset(self):
        if self.chip.watchdog is self:
            raise BoardReset('watchdog')


class Rtc:
    """machine.RTC: datetime((year, month, day, weekday, hours, minutes, seconds, subseconds)). Ticks do not notice."""

    chip = None

    def __init__(self, id=0):
        pass

    def datetime(self, date):
        if len(date) != 8:
            raise ValueError('requested length 8 but object has length %d' % len(date))
        year, month, day, weekday, hour, minute, second, _ = date
        if calendar.weekday(year, month, day) != weekday:
            raise ValueError('weekday')
        self.chip._set_rtc((year, month, day, hour, minute, second))


class Esp32Rtc(Rtc):
    """The ESP32's has 2 KB of memory, which no reset clears: not initialised at a boot, and checked by a number of its own [port]."""

    def memory(self, data=None):
        if data is None:
            return self.chip.rtc_memory
        if len(data) > 2048:
            raise ValueError('buffer too long')
        self.chip.rtc_memory = bytes(data)
