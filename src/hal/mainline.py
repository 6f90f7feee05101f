"""Boards with mainline MicroPython (1.24 or newer): ESP32 and ESP32-S3, RP2040 and RP2350, with a modem on a second UART.

Pins are settings. Wi-Fi and Bluetooth stay off: unlike on a LoPy4 nothing starts them but the program.
Facts cited as [port] are of MicroPython 1.27, ports/esp32 and ports/rp2.
"""

import time

import machine
from micropython import const

from hal import last_word, mcu, pins
from hal.board import Board
from hal.contract import POWER_ON, RED, WATCHDOG
from hal.mainline_light import light
from hal.mainline_ports import Bus, Serial, release
from hal.mainline_store import Files, Nvs
from hal.ticks import PLAUSIBLE_S

try:
    import esp32
except ImportError:
    esp32 = None    # an RP2

_TICKS_PERIOD_US = const(1 << 30)   # of ticks_us(), which knows nothing of the RTC: 17.9 min [port]
_SINCE_1970_S = const(946684800)    # an ESP32 counts from 2000, an RP2 from 1970 [port]
_SENDS = b'sends'   # in the memory of an ESP32's RTC, which a dip of the supply leaves and a power cut does not; an RP2 has none [port]


class Clock(mcu.Clock):
    """The RTC is set with the time and asked at boot: on an ESP32 it goes on over a reset, though not over a power cut."""

    def __init__(self, is_awaited):
        mcu.Clock.__init__(self, time.ticks_us, _TICKS_PERIOD_US, time.sleep_ms, is_awaited)
        self._epoch_s = _SINCE_1970_S if time.gmtime(0)[0] == 2000 else 0

    def utc_s(self):
        """UTC seconds, or None."""
        utc_s = mcu.Clock.utc_s(self)
        if utc_s is not None:
            return utc_s
        rtc_s = int(time.time()) + self._epoch_s
        return rtc_s if rtc_s >= PLAUSIBLE_S else None

    def set_utc(self, utc_s):
        """Keep an offset, and set the RTC to a time that can be one."""
        mcu.Clock.set_utc(self, utc_s)
        if utc_s >= PLAUSIBLE_S:
            year, month, day, hour, minute, second, weekday = time.gmtime(utc_s - self._epoch_s)[:7]
            machine.RTC().datetime((year, month, day, weekday, hour, minute, second, 0))


class System:
    """Resets, and the cause of the last one."""

    def __init__(self, store):
        self._store = store
        chip_cause = machine.reset_cause()
        self._cause = _cause(chip_cause, last_word.take(store, mcu.log))
        self._memory = getattr(machine.RTC(), 'memory', None)
        # An ESP32 calls a brown-out a power-up [port].
        self._browned_out = chip_cause == machine.PWRON_RESET and self._memory is not None and self._memory() == _SENDS
        self.note_sending(False)

    def reset(self, reason):
        """Leave word and restart; on an RP2 that is the watchdog's work."""
        try:
            self.log('reset: ' + reason)
            last_word.leave(self._store, reason)
        finally:
            machine.reset()

    def reset_cause(self):
        """POWER_ON, PLANNED, WATCHDOG or CRASH."""
        return self._cause

    def note_sending(self, is_sending):
        """The modem begins to send, or has ended; no write to flash."""
        if self._memory is not None:
            self._memory(_SENDS if is_sending else b'')

    def browned_out(self):
        """Known on an ESP32 alone, for one boot."""
        return self._browned_out

    def unique_id(self):
        """6 bytes on an ESP32 (its MAC), 8 on an RP2 (of its flash)."""
        return machine.unique_id()

    def log(self, text):
        """One line on the console."""
        mcu.log(text)


def _cause(chip_cause, word):
    """A restart without a word in the store was not planned: the watchdog's, or a panic of the firmware, which an ESP32 calls a soft reset, and
    of late a hard one [port]."""
    if chip_cause == machine.PWRON_RESET:
        return POWER_ON
    if word is not None:
        return word
    if chip_cause in [getattr(machine, name, None) for name in ('WDT_RESET', 'SOFT_RESET', 'HARD_RESET')]:
        return WATCHDOG
    return POWER_ON


def cannot_do(settings, wrong):
    """Errors of the settings on this kind of board, as (setting, error); those named in wrong are left out."""
    errors = pins.check(settings, wrong, 'rp2' if esp32 is None else 'esp32')
    wrong = wrong + [name for name, _ in errors]
    for name in pins.NAMES:
        pin = getattr(settings, name)
        if name in wrong or pin is None or name == 'LIGHT_PIN' and settings.LIGHT is None:
            continue
        try:
            machine.Pin(pin)    # without a mode it changes nothing
        except ValueError:
            errors.append((name, 'is %s, which this chip does not have' % pin))
    return errors


def needs_keys(settings):
    """They are the modem's, which is always there."""
    return True


def refuse(lines, settings):
    """Log the errors and show red, with the driver of the bus off, unless the wrong settings are those of the pins."""
    for line in lines:
        mcu.log(line)
    try:
        release(settings.BUS_DE_PIN)
        light(settings).show(RED)
    except (AttributeError, OSError, TypeError, ValueError):
        pass    # they are


def open(settings, keys):
    """Build the board from the settings and the keys, all but the radio."""
    bus = Bus(settings.BUS_UART, settings.BUS_TX_PIN, settings.BUS_RX_PIN, settings.BUS_DE_PIN)
    store = Files() if esp32 is None else Nvs(esp32.NVS)
    system = System(store)
    clock = Clock(bus.any)
    watchdog = mcu.Watchdog(lambda: machine.WDT(timeout=settings.WATCHDOG_S * 1000))

    def make_radio(in_force):
        if in_force.RADIO_MODEM == 'rak3172':
            from hal import rak3172
            kind, baud = rak3172.Radio, rak3172.BAUD
        else:
            from hal import wio_e5
            kind, baud = wio_e5.Radio, wio_e5.BAUD
        port = Serial(in_force.RADIO_UART, in_force.RADIO_TX_PIN, in_force.RADIO_RX_PIN, baud, in_force.RADIO_RESET_PIN)
        radio = kind(port, in_force, keys)
        radio.start(clock.now_ms, mcu.log, system.note_sending)
        clock.is_awaited = lambda: bus.any() or port.any()
        return radio

    return Board(clock, bus, make_radio, store, watchdog, light(settings), system)
