"""Site settings. Edit the values; `make flash` and the start-up check them all and name each wrong one.

Only plain data and validate() live here: every board, the simulator and the tools read the same names.
"""

# LoRaWAN
REGION = 'AU915'          # AU915, EU868, US915 or AS923
SUB_BAND = 2              # AU915 and US915: 1 to 8; The Things Network uses 2
LORAWAN_CLASS = 'C'       # 'C': commands arrive immediately (the monitor is mains-fed); 'A': after the next uplink
DATA_RATE = None          # None: SF10 of the region; or the region's index. In a basement the monitor goes slower by itself
ADR = False               # True: the network chooses the data rate, and DATA_RATE must be None
CLOCK_SYNC = True         # ask the network for the time; False: it is only taken from {"time": ...} by downlink
CLOCK_STATE = True        # requests for the time carry the state of the box, which Home Manager wants in every uplink
HEARTBEAT_NOT_CONNECTED_MIN = None  # minutes between uplinks while nothing happens, 5 to 90, without a car; None: 30 in class C, 60 in class A
HEARTBEAT_CONNECTED_MIN = None      # connected and locked; None: 30 in class C, 15 in class A
HEARTBEAT_MIN = None                # in every other state; None: 30 in class C, 5 in class A

# Charger
CHARGER_ID = 1            # Modbus id, 1 to 16; None: find the only box on the bus
PHASE_ORDER = 'L3 L2 L1'  # which conductor the box's three current words mean, first to third
MAINS_VOLTS = 230         # from phase to neutral, 100 to 300: the box measures currents only
PHASES = 3                # 1 to 3: what the car uses, where the box has no meter and its energy is estimated
CURRENT_LIMIT_A = None    # never offer more than this, 6 to 80; None: the box's own limit
START_BEHAVIOUR = 'wake'  # how far a start goes: 'current' gives current, 'reset' also resets a box that waits, 'wake' also wakes a sleeping car
EN1 = None                # wired to the box's input EN1: 'key', 'relay' (of a grid operator or an energy manager), 'nothing'; None: not said
KEY_TURN = 'auto'         # a turn of the key: 'boost', 'permission', 'ignore'; 'auto': permission where the box needs it for that, else boost
AFTER_POWER_CUT = 'resume'  # 'resume' what was wanted before, or 'hold' the car until a command or the plan

# Off-peak charging. An empty plan makes a monitor that does nothing unasked.
TIMEZONE = 'UTC0'         # POSIX TZ string
PLAN = []                 # windows
HOLD = 'with_car'         # 'with_car' or 'always'
UNKNOWN_TIME = 'hold'     # 'hold', 'charge', or hours after which to charge
KEEP_ALIVE = False        # True: a car that is held gets current for its first minute, for those that complain without
NOT_PLUGGED_IN_AT = None  # 'HH:MM': tell if there is no car by then and a window opens within 12 h; None: do not

# Board
WATCHDOG_S = 60           # reset after this time without progress; the RP2 allows 8 at most; on Linux WatchdogSec of the service counts
RADIO_MODEM = 'wio_e5'    # 'wio_e5' or 'rak3172'; a LoPy4 has its own radio

# Board: Linux only
BUS_PORT = '/dev/ttyUSB0'
BUS_DIRECTION = 'auto'    # 'auto' (adapter switches itself) or 'rts'
RADIO_PORT = None         # the modem's serial device, as '/dev/ttyUSB1'; None: no modem
STORE_DIR = '/var/lib/ev-charger-monitor'

# Board: ESP32 and RP2 only, by GPIO number. As shipped: XIAO ESP32-S3 on Seeed's RS485 board. Another board: docs/hardware.md
BUS_UART = 1              # ESP32: 1 or 2; RP2: 0 or 1, which its pins decide
BUS_TX_PIN = 5            # to DI of the transceiver
BUS_RX_PIN = 6            # from its RO
BUS_DE_PIN = 3            # to its DE and /RE; None: the transceiver switches itself
RADIO_UART = 2
RADIO_TX_PIN = 8          # to RX of the modem
RADIO_RX_PIN = 9          # from its TX
LIGHT = 'led_low'         # 'led' (lit when high), 'led_low' (lit when low), 'neopixel', or None
LIGHT_PIN = 21            # a number, or 'LED' on a Pico W


class Settings:
    """The values above as attributes, with those of overrides (a dict) in their place."""

    def __init__(self, overrides=None):
        values = globals()
        for name in NAMES:
            setattr(self, name, values[name])
        self.unknown = []
        for name in overrides or {}:
            if name in NAMES:
                setattr(self, name, overrides[name])
            else:
                self.unknown.append(name)


def _is_int(value, low, high):
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_phase_order(value):
    return isinstance(value, str) and sorted(value.split()) == ['L1', 'L2', 'L3']


def _is_unknown_time(value):
    return value in ('hold', 'charge') or _is_int(value, 1, 240)


def _is_hour(value):
    if value is None:
        return True
    if not isinstance(value, str) or len(value) != 5 or value[2] != ':' or not (value[:2] + value[3:]).isdigit():
        return False
    return int(value[:2]) < 24 and int(value[3:]) < 60


def _is_heartbeat(value):
    return value is None or _is_int(value, 5, 90)


def _is_text(value):
    return isinstance(value, str) and len(value) > 0


def _is_pin(value):
    return _is_int(value, 0, 48)


# (setting, is it right?, what it must be)
CHECKS = (
    ('REGION', lambda v: v in ('AU915', 'EU868', 'US915', 'AS923'), "'AU915', 'EU868', 'US915' or 'AS923'"),
    ('SUB_BAND', lambda v: _is_int(v, 1, 8), '1 to 8'),
    ('LORAWAN_CLASS', lambda v: v in ('A', 'C'), "'A' or 'C'"),
    ('DATA_RATE', lambda v: v is None or _is_int(v, 0, 6), 'None or an index of the region, 0 to 6'),
    ('ADR', lambda v: isinstance(v, bool), 'True or False'),
    ('CLOCK_SYNC', lambda v: isinstance(v, bool), 'True or False'),
    ('CLOCK_STATE', lambda v: isinstance(v, bool), 'True or False'),
    ('HEARTBEAT_NOT_CONNECTED_MIN', _is_heartbeat, '5 to 90 minutes, or None'),
    ('HEARTBEAT_CONNECTED_MIN', _is_heartbeat, '5 to 90 minutes, or None'),
    ('HEARTBEAT_MIN', _is_heartbeat, '5 to 90 minutes, or None'),
    ('CHARGER_ID', lambda v: v is None or _is_int(v, 1, 16), '1 to 16, or None to find it'),
    ('PHASE_ORDER', _is_phase_order, "L1, L2 and L3 in the box's order, as in 'L3 L2 L1'"),
    ('MAINS_VOLTS', lambda v: _is_int(v, 100, 300), '100 to 300 V'),
    ('PHASES', lambda v: _is_int(v, 1, 3), '1, 2 or 3'),
    ('CURRENT_LIMIT_A', lambda v: v is None or _is_int(v, 6, 80), "6 to 80 A, or None for the box's own limit"),
    ('START_BEHAVIOUR', lambda v: v in ('wake', 'reset', 'current'), "'wake', 'reset' or 'current'"),
    ('EN1', lambda v: v is None or v in ('key', 'relay', 'nothing'), "'key', 'relay' or 'nothing', or None while nobody has said"),
    ('KEY_TURN', lambda v: v in ('auto', 'boost', 'permission', 'ignore'), "'auto', 'boost', 'permission' or 'ignore'"),
    ('AFTER_POWER_CUT', lambda v: v in ('resume', 'hold'), "'resume' or 'hold'"),
    ('TIMEZONE', _is_text, "a POSIX TZ string, as in 'AEST-10AEDT,M10.1.0,M4.1.0/3'"),
    ('PLAN', lambda v: isinstance(v, (list, tuple)), 'a list of windows'),
    ('HOLD', lambda v: v in ('with_car', 'always'), "'with_car' or 'always'"),
    ('UNKNOWN_TIME', _is_unknown_time, "'hold', 'charge' or a number of hours, 1 to 240"),
    ('KEEP_ALIVE', lambda v: isinstance(v, bool), 'True or False'),
    ('NOT_PLUGGED_IN_AT', _is_hour, "a time of day, as in '22:30', or None"),
    ('WATCHDOG_S', lambda v: _is_int(v, 5, 600), '5 to 600 seconds'),
    ('BUS_PORT', _is_text, 'a device path'),
    ('BUS_DIRECTION', lambda v: v in ('auto', 'rts'), "'auto' or 'rts'"),
    ('RADIO_PORT', lambda v: v is None or _is_text(v), 'None or a device path'),
    ('RADIO_MODEM', lambda v: v in ('wio_e5', 'rak3172'), "'wio_e5' or 'rak3172'"),
    ('STORE_DIR', _is_text, 'a directory'),
    ('BUS_UART', lambda v: _is_int(v, 0, 2), '0, 1 or 2'),
    ('BUS_TX_PIN', _is_pin, 'a GPIO number, 0 to 48'),
    ('BUS_RX_PIN', _is_pin, 'a GPIO number, 0 to 48'),
    ('BUS_DE_PIN', lambda v: v is None or _is_pin(v), 'a GPIO number, 0 to 48, or None for a transceiver that switches itself'),
    ('RADIO_UART', lambda v: _is_int(v, 0, 2), '0, 1 or 2'),
    ('RADIO_TX_PIN', _is_pin, 'a GPIO number, 0 to 48'),
    ('RADIO_RX_PIN', _is_pin, 'a GPIO number, 0 to 48'),
    ('LIGHT', lambda v: v is None or v in ('led', 'led_low', 'neopixel'), "'led', 'led_low', 'neopixel' or None"),
    ('LIGHT_PIN', lambda v: _is_pin(v) or v == 'LED', "a GPIO number, 0 to 48, or 'LED'"),
)

NAMES = tuple([row[0] for row in CHECKS])


def validate(settings, names=NAMES):
    """Every error in the settings of these names as (setting, error); an empty list when all is well."""
    errors = []
    for name in settings.unknown:
        errors.append((name, 'there is no such setting'))
    for name, is_right, must_be in CHECKS:
        if name not in names:
            continue
        value = getattr(settings, name)
        if not is_right(value):
            errors.append((name, 'is %r, must be %s' % (value, must_be)))
    return errors


# (key, hexadecimal digits, may it be None?)
KEYS = (('JOIN_EUI', 16, False), ('APP_KEY', 32, False), ('DEV_EUI', 16, True))


def _is_hex(text, digits):
    return isinstance(text, str) and len(text) == digits and all([char in '0123456789abcdefABCDEF' for char in text])


def validate_keys(keys):
    """Every error in the keys module (or None) as (key, error); never any part of the key itself."""
    if keys is None:
        return [('keys.py', 'is missing: `make keys` makes it')]
    errors = []
    for name, digits, may_be_none in KEYS:
        value = getattr(keys, name, None)
        if not (_is_hex(value, digits) or (may_be_none and value is None)):
            errors.append((name, 'must be %d hexadecimal digits' % digits))
    return errors
