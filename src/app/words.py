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
    'superseded', 'no_vehicle', 'repeated', 'setup', 'waits_for_key',
)


def reason(word):
    """Index of a reason."""
    return REASONS.index(word)
