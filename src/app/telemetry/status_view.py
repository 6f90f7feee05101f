"""What an uplink tells of the box: state, reason and figures of one moment. Pure."""

from modbus.write_map import da_of_duty

from app.codec import vocabulary
from app.codec.vocabulary import DETAIL_MIN_PAUSE, REASON_MIN_PAUSE, REASON_STARTING, REASON_UNREACHABLE, REASON_VEHICLE_FULL, REASON_WAITS_FOR_KEY
from app.evse.states import CODE_A1, CODE_B1, CODE_B2, reason_of, state_of

# In these a car waits: what keeps it from charging is what counts.
_WAITING = (CODE_B1, CODE_B2)


class StatusView:
    """Attributes as app.codec.status_frames packs them."""

    def __init__(self):
        self.code = 0
        self.state = vocabulary.DISABLED
        self.reason = REASON_UNREACHABLE
        self.ev_connected = None
        self.enable_input = None
        self.time_known = False
        self.override = 0
        self.limit_da = None
        self.currents_da = None
        self.energy_wh = None
        self.energy_estimated = False
        self.plan_hash = 0

    def judge(self, code, reachable, starting, actor):
        """State and reason of a code. starting: a start of ours is under way; actor: what it wants, and what it knows of the car."""
        decision = actor.decision
        self.code = code
        self.override = decision.override
        if not code or not reachable:
            self.state = vocabulary.DISABLED
            self.reason = REASON_UNREACHABLE
            return
        self.state = state_of(code)
        self.reason = reason_of(code)
        phase = actor.reconciler.phase
        if code in _WAITING and (decision.reason is not None or phase is not None):
            # Held or being started by us: the owner may press Start (design decision). By the reason, not by the want, which is LEAVE
            # already when the car has just left and its state is still believed.
            self.state = vocabulary.CONNECTED_AND_LOCKED
            self.reason = phase if decision.reason is None else decision.reason
        elif code in _WAITING and actor.reconciler.blocked == DETAIL_MIN_PAUSE:
            self.state = vocabulary.CONNECTED_AND_LOCKED
            self.reason = REASON_MIN_PAUSE
        elif code == CODE_B1 and self.enable_input is False:
            self.reason = REASON_WAITS_FOR_KEY
        elif starting and code in (CODE_A1, CODE_B2):
            self.state = vocabulary.CONNECTED_AND_LOCKED
            self.reason = REASON_STARTING
        elif code == CODE_B2 and actor.box.finished:
            self.reason = REASON_VEHICLE_FULL

    def take(self, reading, paused):
        """What a reading adds; paused: a pause of ours is in force (the box then still shows the limit before it)."""
        self.ev_connected = reading.ev_connected
        self.enable_input = reading.enable_input
        self.limit_da = 0 if paused else da_of_duty(reading.limit_duty)
        currents = reading.currents_da
        self.currents_da = None if None in currents else currents

    def forget(self):
        """No reading is recent enough to repeat."""
        self.ev_connected = None
        self.enable_input = None
        self.limit_da = None
        self.currents_da = None
