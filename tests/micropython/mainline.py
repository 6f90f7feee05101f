"""hal/mainline.py on this interpreter, over stand-ins for the chip's own modules; on MicroPython also the allocations of an idle loop."""
import gc
import sys
import time

from tests.support.fake_board import Part

if sys.implementation.name != 'micropython':
    time.ticks_us = lambda: time.monotonic_ns() // 1000 % (1 << 30)
    time.sleep_ms = lambda ms: time.sleep(ms / 1000)
    time.sleep_us = lambda us: time.sleep(us / 1000000)

SAID = []


class LoggedPin:
    OUT = 3

    def __init__(self, number, mode=None, value=None):
        self.number = number
        if mode is not None:
            SAID.append(('pin', number, value))

    def __call__(self, level):
        if self.number == 3:
            SAID.append(('enable', level))


class LoggedUart:
    def __init__(self, number, baudrate, bits, parity, stop, tx, rx, txbuf, rxbuf, timeout, timeout_char):
        SAID.append(('uart', number, baudrate, bits, parity, stop, tx.number, rx.number))
        self.number = number

    def any(self):
        return 0

    def read(self, count):
        return None

    def write(self, data):
        SAID.append(('write', self.number, bytes(data)))
        return len(data)

    def txdone(self):
        return True


class Nvs:
    kept = {}

    def __init__(self, namespace):
        pass

    def get_blob(self, name, buffer):
        if name not in self.kept:
            raise OSError(-0x1102, 'ESP_ERR_NVS_NOT_FOUND')
        value = self.kept[name]
        buffer[:len(value)] = value
        return len(value)

    def set_blob(self, name, value):
        self.kept[name] = bytes(value)

    def commit(self):
        pass


class Rtc:
    def datetime(self, date):
        SAID.append(('rtc', date))


class Wdt:
    def __init__(self, timeout):
        SAID.append(('watchdog', timeout))

    def feed(self):
        pass


class Reset(Exception):
    pass


def reset():
    raise Reset


def no_pixel(pin, count):
    return None


sys.modules['machine'] = Part(Pin=LoggedPin, UART=LoggedUart, RTC=Rtc, WDT=Wdt, PWRON_RESET=1, WDT_RESET=3, SOFT_RESET=5, reset=reset,
                              reset_cause=lambda: 5, unique_id=lambda: b'\x01\x02\x03\x04\x05\x06')
sys.modules['esp32'] = Part(NVS=Nvs)
sys.modules['neopixel'] = Part(NeoPixel=no_pixel)

import config  # noqa: E402
from hal import mainline  # noqa: E402

KEYS = Part(DEV_EUI=None, JOIN_EUI='00' * 8, APP_KEY='01' * 16)


def idle(board):
    """A turn of the loop in which nothing happens."""
    board.clock.sleep_ms(1)
    board.clock.now_ms()
    board.bus.read()
    board.watchdog.feed()
    board.indicator.show(0x007F00)
    board.indicator.activity(False)


def show():
    settings = config.Settings({'REGION': 'AU915'})
    print('cannot', mainline.cannot_do(settings, []), mainline.cannot_do(config.Settings({'BUS_RX_PIN': 5}), []))
    board = mainline.open(settings, KEYS)
    print('cause', board.system.reset_cause())
    board.store.put('plan', bytes(range(256)))
    board.store.put('empty', b'')
    print('store', board.store.get('plan') == bytes(range(256)), board.store.get('empty'), board.store.get('none'))
    board.bus.transmit(b':01\r\n')
    board.watchdog.feed()
    board.clock.set_utc(1793434800)
    print('clock', board.clock.utc_s())
    board.open_radio(settings)
    print('radio', board.radio.poll(), board.radio.join(2))
    try:
        board.system.reset('crash')
    except Reset:
        print('reset', Nvs.kept['sys_reset'])
    print('next cause', mainline.open(settings, KEYS).system.reset_cause())
    mainline.refuse(['settings: wrong'], settings)
    for said in SAID:
        print(said)
    return board


def allocated(board):
    """Bytes for a thousand turns."""
    idle(board)
    before = gc.mem_alloc()
    for _ in range(1000):
        idle(board)
    return gc.mem_alloc() - before


BOARD = show()
if sys.implementation.name == 'micropython':
    print('allocated', allocated(BOARD))
