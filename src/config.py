"""Defaults of the site's settings, and their checks. Leave them as they are: a site's own are in src/local_config.py, under the same names, and
`make settings` writes it. `make flash` and the start-up check them all and name each wrong one.
"""

# LoRaWAN
REGION = None             # AU915, EU868, US915 or AS923; None: not chosen yet, and nothing is transmitted
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
AVOID = []                # up to two windows in which neither plan nor target charges, as of a demand tariff; only boost and key do
HOLD = 'with_car'         # 'with_car' or 'always'
UNKNOWN_TIME = 'hold'     # 'hold', 'charge', or hours after which to charge
KEEP_ALIVE = False        # True: a car that is held gets current for its first minute, for those that complain without
NOT_PLUGGED_IN_AT = None  # 'HH:MM': tell if there is no car by then and a window opens within 12 h; None: do not

# Board
WATCHDOG_S = 60           # reset after this time without progress; the RP2 allows 8 at most; on Linux WatchdogSec of the service counts
RADIO_MODEM = 'wio_e5'    # 'wio_e5' or 'rak3172'; a LoPy4 has its own radio
RADIO_RESET_DAYS = 30     # days after which the modem is restarted, at a calm moment, 1 to 45; None: never

# Board: Linux only
BUS_PORT = '/dev/ttyUSB0'
BUS_DIRECTION = 'auto'    # 'auto' (adapter switches itself) or 'rts'
RADIO_PORT = None         # the modem's serial device, as '/dev/ttyUSB1'; None: no modem
RADIO_RESET_LINE = None   # 'rts' or 'dtr' of that port, if it pulls the modem's reset pin low; None: it does not
STORE_DIR = '/var/lib/ev-charger-monitor'

# Board: ESP32 and RP2 only, by GPIO number. As shipped: XIAO ESP32-S3 on Seeed's RS485 board. Another board: docs/hardware.md
BUS_UART = 1              # ESP32: 1 or 2; RP2: 0 or 1, which its pins decide
BUS_TX_PIN = 5            # to DI of the transceiver
BUS_RX_PIN = 6            # from its RO
BUS_DE_PIN = 3            # to its DE and /RE; None: the transceiver switches itself
RADIO_UART = 2
RADIO_TX_PIN = 8          # to RX of the modem
RADIO_RX_PIN = 9          # from its TX
RADIO_RESET_PIN = None    # to its reset pin (RST, NRST), low resets; None: not wired
LIGHT = 'led_low'         # 'led' (lit when high), 'led_low' (lit when low), 'neopixel', or None
LIGHT_PIN = 21            # a number, or 'LED' on a Pico 2 W


# The module of the site's own settings, ignored by git.
OF_SITE = 'local_config.py'


def of_site():
    """The settings of this site: the values above, with those of local_config.py in their place, if there is one."""
    try:
        import local_config
    except ImportError:
        return Settings()
    return Settings({name: getattr(local_config, name) for name in dir(local_config) if name[0] != '_'})


class Settings:
    """The values above as attributes, with those of overrides (a dict) in their place; unknown: names of overrides that are no setting."""

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


def _is_hour(value):
    if value is None:
        return True
    if not isinstance(value, str) or len(value) != 5 or value[2] != ':' or not (value[:2] + value[3:]).isdigit():
        return False
    return int(value[:2]) < 24 and int(value[3:]) < 60


def _is_text(value):
    return isinstance(value, str) and len(value) > 0


def _is_list(value):
    return isinstance(value, (list, tuple))


_YES_NO = (False, True)
_MINUTES = (None, (5, 90))
_PIN = ((0, 48),)
_GPIO = ', a GPIO number'

# (setting, what it may be: a function, or words and (lowest, highest), in words what that is, or what follows those)
CHECKS = (
    ('REGION', ('AU915', 'EU868', 'US915', 'AS923'), ': `make settings` asks for it'),
    ('SUB_BAND', ((1, 8),), ''),
    ('LORAWAN_CLASS', ('A', 'C'), ''),
    ('DATA_RATE', (None, (0, 6)), ''),
    ('ADR', _YES_NO, ''),
    ('CLOCK_SYNC', _YES_NO, ''),
    ('CLOCK_STATE', _YES_NO, ''),
    ('HEARTBEAT_NOT_CONNECTED_MIN', _MINUTES, ' minutes'),
    ('HEARTBEAT_CONNECTED_MIN', _MINUTES, ' minutes'),
    ('HEARTBEAT_MIN', _MINUTES, ' minutes'),
    ('CHARGER_ID', (None, (1, 16)), ''),
    ('PHASE_ORDER', _is_phase_order, "L1, L2 and L3, as in 'L3 L2 L1'"),
    ('MAINS_VOLTS', ((100, 300),), ' V'),
    ('PHASES', ((1, 3),), ''),
    ('CURRENT_LIMIT_A', (None, (6, 80)), ' A'),
    ('START_BEHAVIOUR', ('wake', 'reset', 'current'), ''),
    ('EN1', (None, 'key', 'relay', 'nothing'), ''),
    ('KEY_TURN', ('auto', 'boost', 'permission', 'ignore'), ''),
    ('AFTER_POWER_CUT', ('resume', 'hold'), ''),
    ('TIMEZONE', _is_text, "a POSIX TZ string, as in 'AEST-10AEDT,M10.1.0,M4.1.0/3'"),
    ('PLAN', _is_list, 'a list of windows'),
    ('AVOID', lambda v: _is_list(v) and len(v) <= 2, 'at most two windows'),
    ('HOLD', ('with_car', 'always'), ''),
    ('UNKNOWN_TIME', ('hold', 'charge', (1, 240)), ' hours'),
    ('KEEP_ALIVE', _YES_NO, ''),
    ('NOT_PLUGGED_IN_AT', _is_hour, "a time of day, as in '22:30', or None"),
    ('WATCHDOG_S', ((5, 600),), ' seconds'),
    ('BUS_PORT', _is_text, 'a device path'),
    ('BUS_DIRECTION', ('auto', 'rts'), ''),
    ('RADIO_PORT', lambda v: v is None or _is_text(v), 'None or a device path'),
    ('RADIO_MODEM', ('wio_e5', 'rak3172'), ''),
    ('RADIO_RESET_DAYS', (None, (1, 45)), ' days'),
    ('RADIO_RESET_LINE', (None, 'rts', 'dtr'), ''),
    ('STORE_DIR', _is_text, 'a directory'),
    ('BUS_UART', ((0, 2),), ''),
    ('BUS_TX_PIN', _PIN, _GPIO),
    ('BUS_RX_PIN', _PIN, _GPIO),
    ('BUS_DE_PIN', (None, (0, 48)), _GPIO),
    ('RADIO_UART', ((0, 2),), ''),
    ('RADIO_TX_PIN', _PIN, _GPIO),
    ('RADIO_RX_PIN', _PIN, _GPIO),
    ('RADIO_RESET_PIN', (None, (0, 48)), _GPIO),
    ('LIGHT', (None, 'led', 'led_low', 'neopixel'), ''),
    ('LIGHT_PIN', ('LED', (0, 48)), _GPIO),
)


def _error(value, allowed, words):
    """What the value must be; None if it is that."""
    if not isinstance(allowed, tuple):
        return None if allowed(value) else words
    right = []
    for one in allowed:
        if isinstance(one, tuple):
            if _is_int(value, one[0], one[1]):
                return None
            right.append('%d to %d' % one)
        elif value is one or isinstance(one, str) and value == one:
            return None
        else:
            right.append(repr(one))
    return ' or '.join(right) + words


NAMES = tuple([row[0] for row in CHECKS])


def validate(settings, names=NAMES):
    """Every error in the settings of these names as (setting, error); an empty list when all is well."""
    errors = []
    for name in settings.unknown:
        errors.append((name, 'there is no such setting'))
    for name, allowed, words in CHECKS:
        if name not in names:
            continue
        value = getattr(settings, name)
        error = _error(value, allowed, words)
        if error:
            errors.append((name, 'is %r, must be %s' % (value, error)))
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
