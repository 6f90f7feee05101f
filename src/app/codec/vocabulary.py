"""The vocabulary of the payload: index on the air, word for people. docs/payload.md describes it, ttn/formatter.js mirrors it."""

# State words of Home Manager; index 0 is 'nothing stable read yet'. Bits 7..5 of a clock request carry the index too.
STATES = (None, 'Not Connected', 'Connected and Locked', 'Charging', 'Charged', 'Disabled')
NO_STATE, NOT_CONNECTED, CONNECTED_AND_LOCKED, CHARGING, CHARGED, DISABLED = range(6)

# Why the car charges or does not.
REASONS = (
    'charging', 'no_vehicle', 'outside_plan', 'locked', 'waits_for_key', 'vehicle_paused', 'vehicle_full', 'starting',
    'waking_vehicle', 'fault', 'held_after_power_cut', 'time_unknown', 'skipped', 'stopped', 'limit_reached', 'min_pause',
    'unreachable', 'setup',
)

# Who overrides the plan.
OVERRIDES = ('none', 'boost', 'skip', 'stop', 'lock')

# Commands: index is the operation, byte 0 of a downlink on fPort 20. 1, 2, 3 are the original's bytes too.
COMMANDS = (
    None, 'lock', 'unlock', 'reset', 'start', 'stop', 'set_current', 'boost', 'skip', 'resume_plan', 'report', 'reboot',
    'plan', 'timezone', 'settings', 'time',
)

RESULTS = ('done', 'refused', 'failed', 'expired', 'busy')

# What an answer adds to its result.
DETAILS = (
    'none', 'no_answer', 'not_confirmed', 'fault', 'stale', 'unknown_command', 'bad_argument', 'locked', 'unreachable',
    'superseded', 'no_vehicle', 'repeated', 'setup', 'waits_for_key', 'stopped', 'vehicle_full', 'vehicle_paused', 'min_pause',
    'daily_limit', 'no_time', 'no_plan', 'no_room', 'not_possible', 'rolled_back', 'power_cut', 'bad_setting',
)
# A bad setting is named: this plus its place in SETTINGS goes out as the detail.
BAD_SETTING = 128

# Who decides now what the box should do.
HOLDERS = ('none', 'plan', 'boost', 'skip', 'stop', 'lock', 'fault', 'key')

# What is worth an uplink of its own.
EVENTS = ('not_plugged_in', 'not_charging', 'finished', 'leaked_at_peak', 'fault', 'power_restored', 'memory_lost')
# Those whose amount is energy; the others tell minutes.
EVENTS_IN_WH = ('finished', 'leaked_at_peak')

# Arguments of commands: which window to skip, what to report.
SKIPS = ('this', 'next')
REPORTS = ('status', 'device', 'plan')

# What the pages on fPort 12 and 14 tell.
DEVICE_PARTS = ('boot', 'charger', 'model', 'serial', 'counters', 'radio', 'crash')
READBACK_PARTS = ('plan', 'timezone', 'settings', 'claims')

# Causes of a boot, in the order of hal.contract.
CAUSES = ('power_on', 'planned', 'watchdog', 'crash')

# What the last boot ended with, by the name of the exception, 'Stalled' for a part that stood still; a type that is not here is the first.
ERRORS = (
    'Exception', 'OSError', 'HalError', 'MemoryError', 'ValueError', 'TypeError', 'AttributeError', 'IndexError', 'KeyError', 'NameError',
    'RuntimeError', 'AssertionError', 'KeyboardInterrupt', 'Stalled',
)

# What the key switch is for, as modbus.identity says it.
KEYS = (None, 'none', 'closed_to_start', 'closed_to_enable', 'invalid')

DAYS = ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')

# Settings that may change over the air, named as in config.py but in lower case: (name, words, lowest number, highest number).
# The byte of a value is its place among the words; behind them come the numbers from lowest to highest (None: there are none).
SETTINGS = (
    ('lorawan_class', ('A', 'C'), None, None),
    ('adr', (False, True), None, None),
    ('data_rate', (None,), 0, 6),
    ('heartbeat_not_connected_min', (), 5, 90),
    ('heartbeat_connected_min', (), 5, 90),
    ('heartbeat_min', (), 5, 90),
    ('current_limit_a', (None,), 6, 80),
    ('start_behaviour', ('wake', 'reset', 'current'), None, None),
    ('phase_order', ('L1 L2 L3', 'L1 L3 L2', 'L2 L1 L3', 'L2 L3 L1', 'L3 L1 L2', 'L3 L2 L1'), None, None),
    ('hold', ('with_car', 'always'), None, None),
    ('unknown_time', ('hold', 'charge'), 1, 240),
    ('key_turn', ('auto', 'boost', 'permission', 'ignore'), None, None),
    ('clock_sync', (False, True), None, None),
    ('clock_state', (False, True), None, None),
    ('after_power_cut', ('resume', 'hold'), None, None),
    ('en1', (None, 'key', 'relay', 'nothing'), None, None),
)


def reason(word):
    """Index of a reason."""
    return REASONS.index(word)
