"""Entry point on every board: checks the settings, opens the board, builds the application and runs its loop for ever."""

import gc
import sys

# Garbage of imports and records fragments the heap until no piece is long enough for an opened file. So collections are frequent, from before
# the first import on. A board with much memory collects less often, since it takes longer there; the LoPy4 may lack the function.
HEAP_SHARES = 32
if hasattr(gc, 'threshold'):
    gc.threshold((gc.mem_alloc() + gc.mem_free()) // HEAP_SHARES)

import config
from app.policy import plan_store
from app.runtime.journal import Journal
from app.application import Application
from app.safe_mode import SafeMode
from app.runtime.site_settings import SiteSettings
from app.runtime.supervisor import Supervisor
from app.version import BUILD, VERSION
from hal import trace
from hal.contract import POWER_ON, RED
from lorawan import regions
from lorawan.session import Session
from modbus.charger import ChargerClient

# sys.platform of a board: its module under hal.
BOARDS = {'LoPy4': 'hal.lopy4', 'esp32': 'hal.mainline', 'rp2': 'hal.mainline', 'linux': 'hal.posix'}

# Interval of the check of all tasks; the watchdog is fed while none is stalled.
CHECK_MS = 1000
# Shortest sleep, even with a task due: the time must advance for a hanging part to be detected.
LATE_MS = 1
# Longest sleep, so that the watchdog is fed in time whatever the due times of the parts.
SLEEP_MS = 5000
# A version that works for this time has proven itself: loader.py does not return to the version before.
PROVEN_MS = 60000
# After a turn of this length the bus frames received in it are too old to transmit after (modbus.transaction).
BUSY_MS = 10


def check(settings, names=config.NAMES):
    """All errors in the settings of these names, as (setting, error); the other settings are right."""
    errors = config.validate(settings, names)
    wrong = [name for name, _ in errors]
    if not [name for name in regions.SETTINGS if name in wrong]:
        for text in regions.check(settings.REGION, settings.SUB_BAND, settings.DATA_RATE, settings.ADR):
            errors.append(tuple(text.split(': ', 1)))
    errors.extend(plan_store.check(settings, [name for name in names if name not in wrong]))
    return errors


def error_lines(errors):
    """The errors as lines of text."""
    return ['settings: %s %s' % error for error in errors]


def build(board, settings, journal=None, session=None, supervisor=None):
    """The application for a board with its radio open. settings: SiteSettings, or those of config.py; journal, session: if they exist already."""
    journal = journal or Journal(board.store)
    if not hasattr(settings, 'rolled_back'):
        return build(board, SiteSettings(settings, journal, check), journal, session, supervisor)
    session = session or make_session(board, settings, journal)
    charger = ChargerClient(board.bus, settings.CHARGER_ID, settings.PHASE_ORDER)
    return Application(board, charger, session, journal, settings, board.clock.now_ms(), supervisor)


def make_session(board, settings, journal):
    """The LoRaWAN session."""
    return Session(board.radio, journal, regions.REGIONS[settings.REGION], settings.DATA_RATE,
                   Jitter(board.system.unique_id()), board.clock.now_ms(), settings.ADR)


def loop(board, application, supervisor=None, each_check=None):
    """The super-loop: all due work, the watchdog, then sleep until something is due or arrives. Ends when application.poll gives None.

    each_check(now_ms): called about once a second, while no answer of the box is awaited.
    """
    clock_ms = board.clock.now_ms
    sleep_ms = board.clock.sleep_ms
    feed = board.watchdog.feed
    charger = application.charger
    tasks = application.tasks
    if supervisor is None:
        supervisor = Supervisor(Journal(board.store), POWER_ON)
    check_ms = clock_ms()
    stalled = None
    to_look = False
    while True:
        now_ms = clock_ms()
        due_ms = application.poll(now_ms)
        if due_ms is None:
            return
        done_ms = clock_ms()
        if done_ms >= check_ms:
            check_ms = done_ms + CHECK_MS
            was, stalled = stalled, supervisor.tick(tasks, done_ms)
            if stalled is not None and stalled != was:
                board.system.log('stalled: ' + stalled)
            to_look = each_check is not None
            done_ms = clock_ms()    # tick() may have written to flash
        if to_look and not charger.awaits:
            to_look = False
            each_check(done_ms)
            done_ms = clock_ms()    # each_check() too
        if done_ms - now_ms > BUSY_MS:
            charger.note_busy(done_ms - now_ms)
        if stalled is None:
            feed()
        wait_ms = due_ms - done_ms
        if wait_ms <= 0:
            wait_ms = LATE_MS
        sleep_ms(wait_ms if wait_ms < SLEEP_MS else SLEEP_MS)


def start(board, settings, started=None, proven=None):
    """Run for ever on a board; started(application) is called after it is built, proven() after a minute of work.

    Returns only if the settings are wrong.
    """
    log = board.system.log
    errors = check(settings)
    if errors:
        # Nothing is transmitted on bus or air by a monitor with wrong settings.
        board.indicator.show(RED)
        for line in error_lines(errors):
            log(line)
        return
    supervisor = None
    try:
        journal = Journal(board.store)
        supervisor = Supervisor(journal, board.system.reset_cause())
        work(board, SiteSettings(settings, journal, check), journal, supervisor, started, proven)
    except Exception as error:
        # The last resort: log the error and reset; DE is low on every path out of Bus.transmit.
        gc.collect()
        try:
            log('crashed: %s %s' % (type(error).__name__, error))
            module, line = trace.place(error)
            log('in: %s %d' % (module, line))
            supervisor.crashed(type(error).__name__, module, line, board.clock.now_ms())
        except Exception:
            log('crashed twice')
        board.system.reset('crash')


def work(board, site, journal, supervisor, started, proven=None):
    """Safe mode first after bad boots, then the application, with the settings in force."""
    log = board.system.log
    board.open_radio(site)
    session = make_session(board, site, journal)
    stop_request = None
    if supervisor.back_off_ms:
        log('backs off: %d bad ends' % supervisor.bad_ends)
        board.indicator.show(RED)
        charger = ChargerClient(board.bus, site.CHARGER_ID, site.PHASE_ORDER)
        safe_mode = SafeMode(board, charger, session, journal, supervisor, board.clock.now_ms() + supervisor.back_off_ms)
        loop(board, safe_mode, supervisor)
        stop_request = safe_mode.stop_request
        del safe_mode
    application = build(board, site, journal, session, supervisor)
    if stop_request is not None:
        application.downlink(stop_request[0], stop_request[1], board.clock.now_ms())
    if started is not None:
        started(application)
    log(regions.in_words(site.REGION, site.SUB_BAND))
    log('started %d.%d.%d %s' % (VERSION + (BUILD,)))
    begin_ms = board.clock.now_ms()
    supervisor.begin(begin_ms)

    def look(now_ms):
        nonlocal proven
        if proven is not None and now_ms - begin_ms >= PROVEN_MS:
            proven()
            proven = None
        # A frame after the join: the join itself proves nothing about the receive windows of the data rate and the class.
        if site.trial and session.joined and session.heard_ms > session.joined_ms:
            site.proven()
        if site.tick(now_ms):
            session.airtime_budget.save(now_ms)
            board.system.reset('settings')

    loop(board, application, supervisor, look)


class Jitter:
    """Random numbers that keep two boards from joining at the same time: jitter(n) is an integer below n."""

    def __init__(self, unique_id):
        self._state = 1
        for byte in unique_id:
            self._state = (self._state * 33 + byte) & 0x3FFFFFFF

    def __call__(self, below):
        # The middle bits of a linear congruential generator (Numerical Recipes' constants, kept to 30 bits).
        self._state = (self._state * 1664525 + 1013904223) & 0x3FFFFFFF
        return (self._state >> 8) % below


def run(proven=None):
    """Start on this board; proven(): see start()."""
    module = __import__(BOARDS[sys.platform], None, None, ('open',))
    settings, errors = config.Settings(), []
    try:
        settings = config.of_site()
        errors = check(settings)
    except Exception as problem:
        errors.append((config.OF_SITE, 'cannot be read: %s %s' % (type(problem).__name__, problem)))
    try:
        import keys
    except ImportError:
        keys = None
    errors.extend(module.cannot_do(settings, [name for name, _ in errors]))
    if module.needs_keys(settings):
        errors.extend(config.validate_keys(keys))
    if errors:
        # The board is not even opened: a radio with a wrong region or key must not transmit.
        module.refuse(error_lines(errors), settings)
    else:
        start(module.open(settings, keys), settings, None, proven)


if __name__ == '__main__':
    run()
