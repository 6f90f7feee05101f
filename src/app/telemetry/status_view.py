"""The status of this moment: state, reason and values, from the readings and the decision. Computing it changes nothing else."""

from modbus.write_map import da_of_duty

from app.codec import vocabulary
from app.codec.status_frames import Status
from app.codec.vocabulary import DETAIL_MIN_PAUSE, REASON_MIN_PAUSE, REASON_STARTING, REASON_UNREACHABLE, REASON_VEHICLE_FULL, REASON_WAITS_FOR_KEY
from app.evse.evse_monitor import SILENCE_MS
from app.evse.states import CODE_A1, CODE_B1, CODE_B2, NONE, reason_of, state_of

# States of a waiting car: its reason is the obstacle to charging.
_WAITING = (CODE_B1, CODE_B2)


class StatusView(Status):
    """look(), then read the attributes."""

    def __init__(self, clock, reading, evse_monitor, timekeeper, arbiter, reconciler, box):
        """reading: the modbus.reading.Reading, updated by the bus; box: the EvseModel."""
        Status.__init__(self)
        self._clock = clock
        self._reading = reading
        self._evse_monitor = evse_monitor
        self._timekeeper = timekeeper
        self._arbiter = arbiter
        self._reconciler = reconciler
        self._box = box

    def look(self, by_reading=False):
        """Compute the status; returns self. by_reading: from the latest reading, for an answer about its effect, not from the stable state."""
        monitor = self._evse_monitor
        reading = self._reading
        fresh = reading.code is not None and self._clock.now_ms() - reading.at_ms < SILENCE_MS
        code = monitor.code
        if fresh and by_reading:
            code = reading.code
        elif code == NONE and monitor.settled:
            code = monitor.seen
        known = code != NONE and monitor.reachable
        if fresh:
            self._take(reading)
        else:
            self.ev_connected = self.enable_input = self.limit_da = self.currents_da = None
        self._judge(code if known else monitor.last_code, known)
        self.time_known = self._timekeeper.known
        plan = self._arbiter.plan
        self.plan_hash = 0 if plan is None else plan.hash
        return self

    def look_state(self):
        """Index of the state word of this moment."""
        return self.look().state

    def possible_wh(self):
        """What the target can have by its end, -1 if not known."""
        return self._arbiter.follower.possible_wh(self._timekeeper.utc_s(self._clock.now_ms()))

    def add_energy(self, energy_wh, estimated):
        """Set the energy of the charging session, for a status."""
        self.energy_wh = energy_wh
        self.energy_estimated = estimated

    def _take(self, reading):
        """The values of a reading. During a pause by the monitor the box still shows the limit before it."""
        self.ev_connected = reading.ev_connected
        self.enable_input = reading.enable_input
        self.limit_da = 0 if self._reconciler.paused else da_of_duty(reading.limit_duty)
        currents = reading.currents_da
        self.currents_da = None if None in currents else currents

    def _judge(self, code, reachable):
        """State and reason of a code."""
        decision = self._arbiter.decision
        reconciler = self._reconciler
        self.code = code
        self.override = decision.override
        if not code or not reachable:
            self.state = vocabulary.DISABLED
            self.reason = REASON_UNREACHABLE
            return
        self.state = state_of(code)
        self.reason = reason_of(code)
        phase = reconciler.phase
        if code in _WAITING and (decision.reason is not None or phase is not None):
            # Held or being started by the monitor: the owner may press Start (design decision). By the reason, not by the decision, which is
            # LEAVE already when the car has just left and its state is still the stable one.
            self.state = vocabulary.CONNECTED_AND_LOCKED
            self.reason = phase if decision.reason is None else decision.reason
        elif code in _WAITING and reconciler.blocked == DETAIL_MIN_PAUSE:
            self.state = vocabulary.CONNECTED_AND_LOCKED
            self.reason = REASON_MIN_PAUSE
        elif code == CODE_B1 and self.enable_input is False:
            self.reason = REASON_WAITS_FOR_KEY
        elif self._evse_monitor.starting and code in (CODE_A1, CODE_B2):
            self.state = vocabulary.CONNECTED_AND_LOCKED
            self.reason = REASON_STARTING
        elif code == CODE_B2 and self._box.finished:
            self.reason = REASON_VEHICLE_FULL
