"""What is said about the box: the snapshot that uplinks carry, and when a heartbeat is due. Pure."""

from app import words
from app.states import reason_of, state_of

UNREACHABLE = words.reason('unreachable')
STARTING = words.reason('starting')
WAITS_FOR_KEY = words.reason('waits_for_key')
VEHICLE_FULL = words.reason('vehicle_full')

OVERRIDE_NONE = words.OVERRIDES.index('none')
OVERRIDE_LOCK = words.OVERRIDES.index('lock')

DUTY_PAUSE = 1000   # ABL 05 0015 20 Rev. B: 100 % duty is "no current allowed"

_MINUTE_MS = 60000
# (state, heartbeat period in class A, in class C): class C needs none for commands to arrive (design decision).
_PERIODS = (
    (words.NOT_CONNECTED, 60 * _MINUTE_MS, 30 * _MINUTE_MS),
    (words.CONNECTED_AND_LOCKED, 15 * _MINUTE_MS, 30 * _MINUTE_MS),
)
_OTHER_PERIODS = (None, 5 * _MINUTE_MS, 30 * _MINUTE_MS)


def heartbeat_period_ms(state, klass):
    """How long after an uplink the next one is due, before the airtime budget stretches it."""
    for row in _PERIODS:
        if row[0] == state:
            break
    else:
        row = _OTHER_PERIODS
    return row[2] if klass == 'C' else row[1]


class Snapshot:
    """The state of the box as uplinks tell it; attributes as app.codec names them."""

    def __init__(self):
        self.code = 0
        self.state = words.DISABLED
        self.reason = UNREACHABLE
        self.ev_connected = None
        self.enable_input = None
        self.time_known = False
        self.override = OVERRIDE_NONE
        self.limit_da = None
        self.currents_da = None
        self.energy_wh = None
        self.energy_estimated = False
        self.plan_hash = 0

    def judge(self, code, reachable, starting, had_charged):
        """State and reason of a code. starting: a start of ours is under way; had_charged: this car drew current already."""
        self.code = code
        if not code or not reachable:
            self.state = words.DISABLED
            self.reason = UNREACHABLE
            return
        self.state = state_of(code)
        self.reason = reason_of(code)
        if code == 0xB1 and self.enable_input is False:
            self.reason = WAITS_FOR_KEY
        elif code == 0xB2 and starting:
            self.state = words.CONNECTED_AND_LOCKED
            self.reason = STARTING
        elif code == 0xB2 and had_charged:
            self.reason = VEHICLE_FULL

    def take(self, reading, paused):
        """What a reading adds; paused: a pause of ours is in force (the box then still shows the limit before it)."""
        self.ev_connected = reading.ev_connected
        self.enable_input = reading.enable_input
        self.limit_da = 0 if paused or reading.limit_duty >= DUTY_PAUSE else reading.limit_duty * 6 // 10
        currents = reading.currents_da
        self.currents_da = None if None in currents else currents

    def forget(self):
        """No reading is recent enough to repeat."""
        self.ev_connected = None
        self.enable_input = None
        self.limit_da = None
        self.currents_da = None
