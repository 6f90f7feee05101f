"""The vocabulary of the payload: index on the air, name in the code, word for people. docs/payload.md describes it, ttn/formatter.js mirrors it."""

# State words of Home Manager; index 0: no stable state yet. Bits 7..5 of a clock request carry the index too.
STATES = (None, 'Not Connected', 'Connected and Locked', 'Charging', 'Charged', 'Disabled')
NO_STATE, NOT_CONNECTED, CONNECTED_AND_LOCKED, CHARGING, CHARGED, DISABLED = range(6)

# Why the car charges or does not.
REASONS = (
    'charging', 'no_vehicle', 'outside_plan', 'locked', 'waits_for_key', 'vehicle_paused', 'vehicle_full', 'starting',
    'waking_vehicle', 'fault', 'held_after_power_cut', 'time_unknown', 'skipped', 'stopped', 'limit_reached', 'min_pause',
    'unreachable', 'setup', 'waits_for_price',
)
(
    REASON_CHARGING, REASON_NO_VEHICLE, REASON_OUTSIDE_PLAN, REASON_LOCKED, REASON_WAITS_FOR_KEY, REASON_VEHICLE_PAUSED, REASON_VEHICLE_FULL,
    REASON_STARTING, REASON_WAKING_VEHICLE, REASON_FAULT, REASON_HELD_AFTER_POWER_CUT, REASON_TIME_UNKNOWN, REASON_SKIPPED, REASON_STOPPED,
    REASON_LIMIT_REACHED, REASON_MIN_PAUSE, REASON_UNREACHABLE, REASON_SETUP, REASON_WAITS_FOR_PRICE,
) = range(19)

# What overrides the plan.
OVERRIDES = ('none', 'boost', 'skip', 'stop', 'lock', 'target')
OVERRIDE_NONE, OVERRIDE_BOOST, OVERRIDE_SKIP, OVERRIDE_STOP, OVERRIDE_LOCK, OVERRIDE_TARGET = range(6)

# Commands: index is the operation, byte 0 of a downlink on fPort 20. 1, 2, 3 are the original's bytes too.
COMMANDS = (
    None, 'lock', 'unlock', 'reset', 'start', 'stop', 'set_current', 'boost', 'skip', 'resume_plan', 'report', 'reboot',
    'plan', 'timezone', 'settings', 'time', 'target',
)
(
    COMMAND_LOCK, COMMAND_UNLOCK, COMMAND_RESET, COMMAND_START, COMMAND_STOP, COMMAND_SET_CURRENT, COMMAND_BOOST, COMMAND_SKIP, COMMAND_RESUME_PLAN,
    COMMAND_REPORT, COMMAND_REBOOT, COMMAND_PLAN, COMMAND_TIMEZONE, COMMAND_SETTINGS, COMMAND_TIME, COMMAND_TARGET,
) = range(1, 17)
# Opening commands: they open the contactor and are obeyed at once.
OPENING = (COMMAND_LOCK, COMMAND_STOP)

RESULTS = ('done', 'refused', 'failed', 'expired', 'busy')
DONE, REFUSED, FAILED, EXPIRED, BUSY = range(5)

# Detail of an answer beside its result.
DETAILS = (
    'none', 'no_answer', 'not_confirmed', 'fault', 'stale', 'unknown_command', 'bad_argument', 'locked', 'unreachable',
    'superseded', 'no_vehicle', 'repeated', 'setup', 'waits_for_key', 'stopped', 'vehicle_full', 'vehicle_paused', 'min_pause',
    'daily_limit', 'no_time', 'no_plan', 'no_room', 'not_possible', 'rolled_back', 'power_cut', 'bad_setting',
)
(
    DETAIL_NONE, DETAIL_NO_ANSWER, DETAIL_NOT_CONFIRMED, DETAIL_FAULT, DETAIL_STALE, DETAIL_UNKNOWN_COMMAND, DETAIL_BAD_ARGUMENT, DETAIL_LOCKED,
    DETAIL_UNREACHABLE, DETAIL_SUPERSEDED, DETAIL_NO_VEHICLE, DETAIL_REPEATED, DETAIL_SETUP, DETAIL_WAITS_FOR_KEY, DETAIL_STOPPED,
    DETAIL_VEHICLE_FULL, DETAIL_VEHICLE_PAUSED, DETAIL_MIN_PAUSE, DETAIL_DAILY_LIMIT, DETAIL_NO_TIME, DETAIL_NO_PLAN, DETAIL_NO_ROOM,
    DETAIL_NOT_POSSIBLE, DETAIL_ROLLED_BACK, DETAIL_POWER_CUT, DETAIL_BAD_SETTING,
) = range(26)
# The detail of a bad setting: this plus its place in SETTINGS.
BAD_SETTING = 128

# Owner of the claim that decides now.
HOLDERS = ('none', 'plan', 'boost', 'skip', 'stop', 'lock', 'fault', 'key', 'target')
(
    HOLDER_NONE, HOLDER_PLAN, HOLDER_BOOST, HOLDER_SKIP, HOLDER_STOP, HOLDER_LOCK, HOLDER_FAULT, HOLDER_KEY, HOLDER_TARGET,
) = range(9)

# Events: each has an uplink of its own.
EVENTS = ('not_plugged_in', 'not_charging', 'finished', 'leaked_at_peak', 'fault', 'power_restored', 'memory_lost', 'target_missed')
(
    EVENT_NOT_PLUGGED_IN, EVENT_NOT_CHARGING, EVENT_FINISHED, EVENT_LEAKED_AT_PEAK, EVENT_FAULT, EVENT_POWER_RESTORED, EVENT_MEMORY_LOST,
    EVENT_TARGET_MISSED,
) = range(8)
# Those with an amount of energy; the amount of the others is in minutes.
EVENTS_IN_WH = (EVENT_FINISHED, EVENT_LEAKED_AT_PEAK, EVENT_TARGET_MISSED)

# End of a boost; NO_BOOST is never on the air.
NO_BOOST, UNTIL_TIME, UNTIL_ENERGY, UNTIL_UNPLUGGED = range(4)

# Arguments of commands: which window to skip, what to report.
SKIPS = ('this', 'next')
SKIP_THIS, SKIP_NEXT = range(2)
REPORTS = ('status', 'device', 'plan', 'sessions')
REPORT_STATUS, REPORT_DEVICE, REPORT_PLAN, REPORT_SESSIONS = range(4)

# Contents of the pages on fPort 12 and 14.
DEVICE_PARTS = ('boot', 'charger', 'model', 'serial', 'counters', 'radio', 'crash', 'energy')
DEVICE_BOOT, DEVICE_CHARGER, DEVICE_MODEL, DEVICE_SERIAL, DEVICE_COUNTERS, DEVICE_RADIO, DEVICE_CRASH, DEVICE_ENERGY = range(8)
READBACK_PARTS = ('plan', 'timezone', 'settings', 'claims', 'target')
READBACK_PLAN, READBACK_TIMEZONE, READBACK_SETTINGS, READBACK_CLAIMS, READBACK_TARGET = range(5)

# Causes of a boot, in the order of hal.contract.
CAUSES = ('power_on', 'planned', 'watchdog', 'crash')

# How the last boot ended, by the name of the exception, 'Stalled' for a part that stood still, 'BrownOut' for a modem that restarted while it
# sent, which ends no boot; a type that is not listed counts as the first.
ERRORS = (
    'Exception', 'OSError', 'HalError', 'MemoryError', 'ValueError', 'TypeError', 'AttributeError', 'IndexError', 'KeyError', 'NameError',
    'RuntimeError', 'AssertionError', 'KeyboardInterrupt', 'Stalled', 'BrownOut',
)

# Use of the key switch, as in modbus.identity.
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
