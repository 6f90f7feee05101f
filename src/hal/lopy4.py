"""Pycom LoPy4 (firmware 1.20.2.r6, MicroPython 1.11): RS485 on UART1, LEDs, NVS. Its radio is hal/lopy4_radio.py.

Facts of the vendor's firmware cited as [r6] are those of pycom-micropython-sigfox v1.20.2.r6, esp32/mods/*.c.
"""

import binascii

import machine
import network
import pycom
import utime

from hal.board import Board
from hal.contract import BUS, BUS_BAUD, CRASH, HalError, PLANNED, POWER_ON, RED, STORE, WATCHDOG
from hal.lopy4_radio import Radio
from hal.mcu import Clock, Watchdog, log
from hal.store_rules import check, check_name

_TWO_CHARS_US = 573         # 2 x 11 bits at 38400 baud
_WAIT_MS = 2                # one wait for the transmitter; bounds how late the driver is switched off
_WAITS = 50                 # 100 ms: the 128 bytes of the FIFO take 37
_TICKS_PERIOD_US = 1 << 32  # ticks_cpu() wraps after 71.6 min [r6 modutime.c]

_RESET_KEY = 'reset'        # NVS: why we reset ourselves; a store's record is 's_' and its name
_CAUSES = (POWER_ON, PLANNED, CRASH)

# A full flash raises OSError('No free space available'), one that fails otherwise Exception itself, with 'Error occurred while
# storing value, code: 4359'; a wrong call, subclasses of it as everywhere [r6 modpycom.c]. A text of a record is up to 1.4 KB
# in one piece, which the heap may not have.
_NVS_ERRORS = (Exception,)
_FLASH_FAILS = (Exception, OSError, MemoryError)


class Bus:
    """UART1 on P3 and P4, driver enable on P8 (the SparkFun board ties /RE to it, so that we do not hear ourselves)."""

    def __init__(self):
        # The level first, then the direction: Pin() writes value before it makes the pin an output [r6 machpin.c].
        self._de = machine.Pin('P8', mode=machine.Pin.OUT, value=0)
        # The vendor's UART2 would take P8 by default, UART0 is the console.
        self._uart = machine.UART(1, BUS_BAUD, bits=8, parity=machine.UART.EVEN, stop=1, pins=('P3', 'P4'))
        self.any = self._uart.any

    def read(self):
        """Exactly the bytes present: read() without a number waits for two silent characters, and gives None."""
        count = self._uart.any()
        return self._uart.read(count) or b'' if count else b''

    def transmit(self, frame):
        """write() returns with the last byte in the FIFO, wait_tx_done() possibly with it in the shifter.

        While the driver is on nothing allocates: a collection might fall there.
        """
        uart = self._uart
        enable = self._de
        waits = _WAITS
        try:
            try:
                enable(1)
                uart.write(frame)
                while waits and not uart.wait_tx_done(_WAIT_MS):
                    waits -= 1
                utime.sleep_us(_TWO_CHARS_US)
            finally:
                enable(0)
        except OSError as error:
            raise HalError(BUS, str(error)) from None
        if not waits:
            raise HalError(BUS, 'the transmitter does not finish')


class Store:
    """NVS of the ESP32, which survives a power cut during a write."""

    # nvs_set() takes a value up to its first NUL and gives it back as str [modpycom.c of 1.20], hence base64: 1024 bytes
    # become 1369 characters of the 1983 allowed.

    def get(self, name):
        """The record's bytes, or None."""
        check_name(name)
        return self._nvs(_load, name, None)

    def put(self, name, value):
        """Write, unless it is there already: flash wears."""
        check(name, value)
        if self.get(name) != value:
            self._nvs(_keep, name, value)

    def _nvs(self, call, key, argument):
        try:
            return call(key, argument)
        except _NVS_ERRORS as error:
            if type(error) not in _FLASH_FAILS:
                raise
            raise HalError(STORE, str(error)) from None


def _load(name, _):
    text = pycom.nvs_get('s_' + name, None)
    try:
        return None if text is None else binascii.a2b_base64(text)
    except (TypeError, ValueError):
        return None     # none that put() wrote


def _keep(name, value):
    pycom.nvs_set('s_' + name, binascii.b2a_base64(value).decode())


class Indicator:
    """The RGB LED on the module and a communication LED on P9."""

    def __init__(self):
        pycom.heartbeat(False)
        self._comms = machine.Pin('P9', mode=machine.Pin.OUT, value=0)
        self._colour = None

    def show(self, colour):
        """Set the LED, if it changes."""
        if colour != self._colour:
            self._colour = colour
            pycom.rgbled(colour)

    def activity(self, on):
        """Communication LED."""
        self._comms(1 if on else 0)


class System:
    """Resets, and the cause of the last one."""

    def __init__(self):
        self._cause = _cause(machine.reset_cause(), _take_reason())

    def reset(self, reason):
        """machine.reset() reads back as a watchdog's, so leave word; 'crash' is kept apart."""
        try:
            self.log('reset: ' + reason)
            pycom.nvs_set(_RESET_KEY, 2 if reason == 'crash' else 1)
        finally:
            machine.reset()

    def reset_cause(self):
        """POWER_ON, PLANNED, WATCHDOG or CRASH."""
        return self._cause

    def browned_out(self):
        """The chip says so of any dip; nothing but the radio takes that much."""
        return machine.reset_cause() == machine.BROWN_OUT_RESET

    def unique_id(self):
        """The ESP32's MAC, 6 bytes."""
        return machine.unique_id()

    def log(self, text):
        """One line on the console."""
        log(text)


def _take_reason():
    """The word left by reset(), and clear it. A monitor without a working flash is better than none."""
    try:
        reason = pycom.nvs_get(_RESET_KEY, 0)
        if reason:
            pycom.nvs_set(_RESET_KEY, 0)
        return reason
    except _NVS_ERRORS:
        return 0


def _cause(vendor_cause, reason):
    """A panic of the vendor's firmware counts as a power-up, from which it cannot be distinguished, and so does a brown-out."""
    if vendor_cause == machine.WDT_RESET:
        return _CAUSES[reason] if reason else WATCHDOG
    if vendor_cause == machine.SOFT_RESET:
        return PLANNED
    return POWER_ON


def _close_the_air():
    """No open access point, no FTP or telnet with a password that everybody knows, nothing of the vendor's cloud."""
    pycom.wifi_on_boot(False, True)
    network.Server().deinit()
    # Only firmware with Pybytes has these. What they switch off has run already, before main.py; from the next boot on it does not.
    for name in ('pybytes_on_boot', 'smart_config_on_boot'):
        switch = getattr(pycom, name, None)
        if switch is not None and switch():
            switch(False)


def cannot_do(settings, wrong):
    """Nothing: its pins are fixed."""
    return []


def needs_keys(settings):
    """They are the radio's, which is always there."""
    return True


def refuse(lines, settings):
    """Log the errors and show red: the radio and the driver of the bus stay off."""
    Bus()
    Indicator().show(RED)
    system = System()
    for line in lines:
        system.log(line)


def open(settings, keys):
    """Build the board from the settings and the keys, all but the radio."""
    bus = Bus()
    indicator = Indicator()
    _close_the_air()
    system = System()
    # ticks_ms and ticks_us jump whenever the RTC is set, ticks_cpu does not [r6 esp32_mphal.c]; so the RTC is left alone, too.
    clock = Clock(utime.ticks_cpu, _TICKS_PERIOD_US, utime.sleep_ms, bus.any)
    watchdog = Watchdog(lambda: machine.WDT(timeout=settings.WATCHDOG_S * 1000))

    def make_radio(in_force):
        radio = Radio(in_force, keys)
        radio.start(clock.now_ms)
        clock.is_awaited = lambda: bus.any() or radio.has_news()
        return radio

    return Board(clock, bus, make_radio, Store(), watchdog, indicator, system)
