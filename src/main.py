"""The composition root: settings, board, application, loop, last resort. Everything is put together here and only here."""

import sys

import config
from app.journal import Journal
from app.monitor import Monitor
from hal.contract import RED
from lorawan import regions
from lorawan.session import Session
from modbus.charger import ChargerClient

# sys.platform of a board: its module under hal.
BOARDS = {'LoPy4': 'hal.lopy4', 'linux': 'hal.posix'}

# A part whose deadline lies this far back no longer makes progress: the watchdog is left to bite.
STALLED_MS = 10000
# Longest sleep, so that the watchdog is fed in time whatever the parts say.
SLEEP_MS = 5000
# An iteration this long makes the bus frames it slept through too old to transmit after (modbus.transaction).
BUSY_MS = 10


def check(settings):
    """Every error in the settings as (setting, what is wrong)."""
    errors = config.validate(settings)
    if not errors:
        for text in regions.check(settings.REGION, settings.SUB_BAND, settings.DATA_RATE, settings.ADR):
            errors.append(tuple(text.split(': ', 1)))
    return errors


def told(errors):
    """The errors as lines for a person."""
    return ['settings: %s %s' % error for error in errors]


def build(board, settings):
    """The application for a board."""
    now_ms = board.clock.now_ms()
    charger = ChargerClient(board.bus, settings.CHARGER_ID, settings.PHASE_ORDER)
    journal = Journal(board.store)
    session = Session(board.radio, journal, regions.REGIONS[settings.REGION], settings.DATA_RATE,
                      Jitter(board.system.unique_id()), now_ms, settings.ADR)
    return Monitor(board, charger, session, journal, settings, now_ms)


def loop(board, monitor):
    """The super-loop: everything that is due, the watchdog, then idle until something is due or arrives."""
    clock = board.clock
    watchdog = board.watchdog
    charger = monitor.charger
    while True:
        now_ms = clock.now_ms()
        due_ms = monitor.poll(now_ms)
        done_ms = clock.now_ms()
        if done_ms - now_ms > BUSY_MS:
            charger.note_busy(done_ms - now_ms)
        if done_ms - due_ms < STALLED_MS:
            watchdog.feed()
        wait_ms = due_ms - done_ms
        clock.sleep_ms(wait_ms if wait_ms < SLEEP_MS else SLEEP_MS)


def start(board, settings, started=None):
    """Run for ever on a board; started(monitor) is called once it is built. Returns only if the settings are wrong."""
    log = board.system.log
    errors = check(settings)
    if errors:
        # Nothing is transmitted on bus or air by a monitor that was told something wrong.
        board.indicator.show(RED)
        for line in told(errors):
            log(line)
        return
    try:
        monitor = build(board, settings)
        if started is not None:
            started(monitor)
        log('started')
        loop(board, monitor)
    except Exception as error:
        # The last resort: say what happened and begin anew; DE is low on every path out of Bus.transmit.
        log('crashed: %s %s' % (type(error).__name__, error))
        board.system.reset('crash')


class Jitter:
    """Random enough to keep two boards from joining in step: jitter(n) is an integer below n."""

    def __init__(self, unique_id):
        self._state = 1
        for byte in unique_id:
            self._state = (self._state * 33 + byte) & 0x3FFFFFFF

    def __call__(self, below):
        # The middle bits of a linear congruential generator (Numerical Recipes' constants, kept to 30 bits).
        self._state = (self._state * 1664525 + 1013904223) & 0x3FFFFFFF
        return (self._state >> 8) % below


def run():
    """Start on the board this is."""
    module = __import__(BOARDS[sys.platform], None, None, ('open',))
    settings = config.Settings()
    try:
        import keys
    except ImportError:
        keys = None
    errors = check(settings)
    if module.needs_keys(settings):
        errors.extend(config.validate_keys(keys))
    if errors:
        # Not even opened: a radio with a wrong region or key has nothing to say.
        module.refuse(told(errors))
    else:
        start(module.open(settings, keys), settings)


if __name__ == '__main__':
    run()
