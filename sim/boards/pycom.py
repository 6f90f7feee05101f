"""Fake of a LoPy4 (firmware 1.20.2.r6): the vendor's modules machine, network, pycom, usocket and utime over virtual time.

It has the semantics of the vendor's source and the physics of the board: bytes take their time on the wire and get lost where the
RS485 driver is off too early, received ones show up when the UART's interrupt fires, flash keeps text only up to a NUL, every
call costs time. It is strict: what the source does not accept is an error here too. Pins and UART are in sim/boards/pycom_pins.py, the
radio in sim/boards/pycom_lora.py, its radio surroundings in sim/boards/pycom_air.py.

Use: LoPy4().modules() gives what to put into sys.modules before importing the board module.
"""

import types

from sim.boards.flash import NvsTimes
from sim.kernel import Kernel
from sim.boards.pycom_air import Air
from sim.boards.pycom_lora import LoRa, LoraTask, Socket
from sim.boards.pycom_pins import Pin, Uart

WDT_FLOOR_MS = 1

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET, BROWN_OUT_RESET = range(6)


class BoardReset(BaseException):
    """The board has stopped; args[0] says how. Not an Exception, for no handler of the firmware can catch it."""


class LoPy4:
    """One board. nvs and config survive a power cut; reboot() creates everything else again.

    wire: what its transmitter put on the bus, (start_us, end_us, byte); lost: bytes of which the driver cut off a part.
    on_wire: None, or called with each byte as its stop bit ends. with_pybytes: the firmware is a build with the vendor's cloud, on as shipped.
    """

    AF_LORA, SOCK_RAW, SOL_LORA, SO_CONFIRMED, SO_DR = 5, 3, 0xFFF, 0xF800, 0xF801

    def __init__(self, kernel=None, ticks_us=0, latches=(), with_pybytes=False):
        self.kernel = kernel or Kernel()
        self.nvs = {}
        self._nvs_times = NvsTimes()
        self.config = {'wifi_on_boot': True}
        if with_pybytes:
            self.config.update(pybytes_on_boot=True, smart_config_on_boot=True)
        self.config_writes = 0
        self.nvs_full = False
        self.nvs_fails = False          # every call of the flash fails, as after a bad upgrade
        self.nvs_starved = False        # the heap has no piece that is long enough for the text of a record
        self.cut_in_nvs = None          # 'before' or 'after': power fails in the next nvs_set, before or after it counts
        self.air = Air()
        self.fed_at_us = []             # of the watchdog
        self.on_wire = None
        self._ticks_us = ticks_us
        self._latches = dict(latches)
        self.reboot(PWRON_RESET)

    def reboot(self, cause):
        """Power back on, or out of a reset; cause as machine.reset_cause() will report it."""
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
        self.cloud = [name for name in ('pybytes_on_boot', 'smart_config_on_boot') if self.config.get(name)]     # it runs before main.py
        self.lora = None
        if cause != SOFT_RESET:
            self.lora_task = LoraTask(self)     # a soft reset leaves the radio's task running
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
                wifi_on_boot=self._wifi_on_boot,
                **{name: self._switch(name) for name in self.config if name != 'wifi_on_boot'}),
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
        if self.nvs_full:
            raise OSError('No free space available')
        self.spend(self._nvs_times.put_us(key, len(str(value)) * 3 // 4)[0])
        if self.cut_in_nvs == 'after':
            self.nvs[key] = value
        if self.cut_in_nvs:
            raise BoardReset('power cut')
        self.nvs[key] = value

    def _nvs_get(self, key, *default):
        if self.nvs_fails:
            raise Exception('Error occurred while fetching value, code: 4359')
        if key in self.nvs:
            if self.nvs_starved and len(str(self.nvs[key])) > 4:
                raise MemoryError('memory allocation failed, allocating %d bytes' % len(self.nvs[key]))
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
        """The second argument takes effect immediately, but only if the first is a change."""
        if self.config['wifi_on_boot'] != bool(enable):
            self.config['wifi_on_boot'] = bool(enable)
            if now:
                self.wifi = bool(enable)
                self.servers = self.servers and self.wifi

    def _switch(self, name):
        """A function that reads or changes a setting of the boot."""
        def switch(*enable):
            if not enable:
                return self.config[name]
            self.config[name] = bool(enable[0])
            self.config_writes += 1
        return switch

    # --- for tests

    def level(self, pin):
        """Of the pad: what an output drives, else low by the pull-down that boot puts on every pin."""
        state = self.pins.get(pin)
        return state.latch if state is not None and state.mode == Pin.OUT else 0

    def arrive(self, data):
        """Somebody else sends on the bus, from now on."""
        self.uart.arrive(data)

    def hear(self, byte):
        """The stop bit of somebody else's byte is over."""
        self.uart.receive(byte)


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
