"""The application: wires charger, session and memory together; no protocol, no hardware.

Data flows one way: sightings of the box -> stable state -> snapshot -> outbox; downlinks -> commands -> writes to the box.
"""

from hal.contract import RED
from lorawan.outbox import ANSWER as ANSWER_PRIORITY
from lorawan.outbox import CHANGE, FAULT, HEARTBEAT
from modbus import charger as bus
from modbus import registers

from app import codec
from app.commands import ANSWER, BUSY, D_NONE, D_STALE, EXPIRED, LOCK, REFUSED, RESET, UNLOCK, WRITE, Command, reset_took
from app.keeper import Keeper
from app.report import OVERRIDE_LOCK, OVERRIDE_NONE, Snapshot, heartbeat_period_ms
from app.stability import CHANGED, SUSPECTED, Stability
from app.states import NONE, colour_of, is_charging, is_fault

STATUS_PORT = 10
RESULT_PORT = 11
STATUS = 'status'

# Silence of the box after which it is reported as unreachable, and the first report without a stable reading (decisions).
SILENCE_MS = 60000
FIRST_REPORT_MS = 15000
# The second look at a new state, soon enough to report it in 3 s and far enough to be another one (stability.APART_MIN_MS).
CONFIRM_MS = 250
# After an own jump or reset the box walks through A1 with the car plugged in: that is no unplugging (decision).
OWN_PULSE_MS = 30000
# The network keeps old commands over an outage: unlock and reset are not obeyed so soon after it (decision).
STALE_MS = 60000
# An equal reset within this time is answered, not executed, while the box is still as it left it (decision).
LEVEL_MS = 45 * 60000
COMMANDS_MAX = 4
COMMAND_TICK_MS = 500
HEARTBEAT_RETRY_MS = 10000
LIMIT_WRITE_EVERY_MS = 10000
# A new reason for the same state is news only if it lasts: a key just turned is followed by C2, and the radio must be free for that.
REASON_SETTLES_MS = 20000
FOREVER_MS = 1 << 60


class Monitor:
    """One charger watched and commanded. poll() is all it does; due_ms() of the parts says when."""

    def __init__(self, board, charger, session, settings, now_ms):
        self.charger = charger
        self.session = session
        self.keeper = Keeper(board.store)
        self.snapshot = Snapshot()
        self.stability = Stability()
        self.bad_downlinks = 0
        self.busy_refusals = 0
        self._clock = board.clock
        self._indicator = board.indicator
        self._class = settings.LORAWAN_CLASS
        self._boot_ms = now_ms
        self._due_ms = now_ms
        self._joined = None          # as last shown
        self._active = False         # the activity light is on
        self._colour = None          # as last shown
        self._reachable = False
        self._announced = None       # (code, state) last put into the outbox, None before the first
        self._said_reason = None     # the reason that went with it
        self._reason_ms = None       # since when another reason holds, None while none does
        self._car = False            # a car was there when last we could tell
        self._had_charged = False    # this car drew current since it came
        self._pulse_ms = None        # our last jump or reset, None when none
        self._reset_done_ms = None   # a reset was done and its effect still stands
        self._commands = []          # waiting and running, the first is running
        self._answers = 0
        self._writer = None          # whose write is under way: a Command, the keeper, or None
        self._limit_written_ms = None

    # --- the loop

    def poll(self, now_ms):
        """Let everything that is due happen; returns when something is due again."""
        charger = self.charger
        session = self.session
        event = charger.poll(now_ms)
        if event:
            self._on_charger(event, now_ms)
        elif self._active:
            self._active = False
            self._indicator.activity(False)
        downlink = session.poll(now_ms)
        if downlink is not None:
            self._on_downlink(downlink[0], downlink[1], now_ms)
        if session.joined is not self._joined:
            self._joined = session.joined
            self._due_ms = now_ms
        if now_ms >= self._due_ms:
            self._tick(now_ms)
        due_ms = charger.due_ms
        if session.due_ms < due_ms:
            due_ms = session.due_ms
        return self._due_ms if self._due_ms < due_ms else due_ms

    def _tick(self, now_ms):
        """What time alone brings: silence, a finished pulse, command deadlines, heartbeats."""
        self._reachable = charger_heard = self.charger.heard_ms is not None and now_ms - self.charger.heard_ms < SILENCE_MS
        due_ms = FOREVER_MS
        if charger_heard:
            due_ms = self.charger.heard_ms + SILENCE_MS
        if self._pulse_ms is not None:
            if now_ms - self._pulse_ms >= OWN_PULSE_MS:
                self._pulse_ms = None
            else:
                due_ms = min(due_ms, self._pulse_ms + OWN_PULSE_MS)
        if self._commands:
            self._work(now_ms)
            due_ms = min(due_ms, now_ms + COMMAND_TICK_MS)
        self._announce(now_ms)
        self._show()
        if self._reason_ms is not None:
            due_ms = min(due_ms, self._reason_ms + REASON_SETTLES_MS)
        if self._announced is None:
            due_ms = min(due_ms, self._boot_ms + FIRST_REPORT_MS)
        elif self._joined:
            due_ms = min(due_ms, self._heartbeat(now_ms))
        self._due_ms = due_ms

    # --- the box

    def _on_charger(self, event, now_ms):
        if not self._active:
            self._active = True
            self._indicator.activity(True)
        if not self._reachable:
            self._due_ms = now_ms
        if event == bus.SIGHTING:
            self._see(self.charger.code, now_ms)
        elif event == bus.READING:
            self._note_car(self.charger.reading, now_ms)
            self._see(self.charger.reading.code, now_ms)
            if self._commands or self.keeper.locked or self.keeper.limit_back:
                self._work(now_ms)
        elif event == bus.WRITTEN:
            self._on_written(now_ms)
        elif event == bus.LIMITS:
            self._return_limit(self.charger.limits[2], now_ms)

    def _see(self, code, now_ms):
        """One sighting of a state code."""
        if code == self.stability.code and self.stability.pending is None:
            return
        if code == 0xA1 and self._pulse_ms is not None and self._car:
            return
        news = self.stability.step(code, now_ms)
        if news == SUSPECTED:
            self.charger.read_soon(now_ms, CONFIRM_MS)
        elif news == CHANGED:
            if not (code in (0xA1, 0xB2) or is_charging(code)):
                self._reset_done_ms = None
            self._due_ms = now_ms

    def _note_car(self, reading, now_ms):
        """What the reading says about the car; E and F states say nothing (ev_connected is None there)."""
        if reading.enable_input is not self.snapshot.enable_input:
            self._due_ms = now_ms
        self.snapshot.enable_input = reading.enable_input
        if is_charging(reading.code):
            self._car = self._had_charged = True
        elif reading.ev_connected:
            self._car = True
        elif reading.ev_connected is not None and self._pulse_ms is None:
            self._car = self._had_charged = False

    # --- commands

    def _on_downlink(self, port, payload, now_ms):
        decoded = codec.decode_downlink(port, payload)
        if decoded is None:
            self.bad_downlinks += 1
            return
        op, command_id = decoded
        for waiting in self._commands:
            if waiting.op == op and not waiting.silent:
                return   # its answer is on the way
        command = Command(op, command_id, now_ms, repeated=op == RESET and self._reset_stands(now_ms))
        if op != LOCK and now_ms - self.session.fresh_ms < STALE_MS:
            command.answer(EXPIRED, D_STALE)
            self._answer(command)
        elif len(self._commands) >= COMMANDS_MAX:
            self.busy_refusals += 1
            command.answer(BUSY, D_NONE)
            self._answer(command)
        else:
            self._commands.append(command)
            self._due_ms = now_ms
            self.charger.read_soon(now_ms, 0)

    def _reset_stands(self, now_ms):
        return self._reset_done_ms is not None and now_ms - self._reset_done_ms < LEVEL_MS

    def _work(self, now_ms):
        """Bring the running command one step on, or keep what must be kept."""
        if self._writer is not None:
            return
        reading = self.charger.reading if self.charger.answered_ms is not None else None
        if not self._commands:
            self._keep(reading, now_ms)
            return
        command = self._commands[0]
        if not command.accepted:
            self._accept(command)
        what = command.step(reading, self.keeper.locked, now_ms)
        if what == WRITE:
            self._write_for(command, reading, now_ms)
        elif what == ANSWER:
            self._finish(command, now_ms)

    def _accept(self, command):
        """The owner's word on the lock counts from now on, whatever the box does."""
        command.accepted = True
        if command.op == LOCK:
            self.keeper.lock(True)
        elif command.op == UNLOCK:
            self.keeper.lock(False)

    def _write_for(self, command, reading, now_ms):
        if command.register == registers.ICMAX:
            self.keeper.owe_limit(reading.limit_duty)
        elif command.value != registers.JUMP_E0:
            self._pulse_ms = now_ms
        self._writer = command
        self.charger.write(command.register, command.value, now_ms)

    def _on_written(self, now_ms):
        outcome = self.charger.outcome
        writer = self._writer
        self._writer = None
        if writer is self.keeper:
            if outcome == bus.ACKED and not self.charger.limits:
                self.keeper.owe_limit(0)   # nothing to check it by
        elif writer is not None:
            writer.written(outcome != bus.NOT_SENT, outcome == bus.ACKED, outcome == bus.REFUSED, now_ms)
            if writer.result is not None:
                self._finish(writer, now_ms)
        self._due_ms = now_ms

    def _finish(self, command, now_ms):
        self._commands.remove(command)
        if command.op == LOCK and command.result == REFUSED:
            self.keeper.lock(False)
        if command.result == 0:
            self._reset_done_ms = now_ms if command.op == RESET else None
        if not command.silent:
            self._answer(command)
        self._due_ms = now_ms

    def _answer(self, command):
        """One final answer, packed when it is sent so that it carries the state as it is then."""
        self._answers += 1

        def make(limit):
            snapshot = self._judge(self._clock.now_ms(), True)
            return RESULT_PORT, codec.encode_result(command, snapshot, limit)

        self.session.outbox.put(ANSWER_PRIORITY, self._answers, make)

    # --- what is kept

    def _keep(self, reading, now_ms):
        keeper = self.keeper
        if reading is None:
            return
        if keeper.relock_due(reading.code, now_ms):
            command = Command(LOCK, None, now_ms, silent=True)
            self._commands.append(command)
            self._due_ms = now_ms
            return
        self.charger.watch_limits = keeper.limit_back != 0
        if keeper.limit_back:
            self._return_limit(None, now_ms)

    def _return_limit(self, icmax, now_ms):
        """Take back a pause of ours as soon as no command needs it."""
        if self._commands or self._writer is not None:
            return
        duty = self.keeper.limit_to_write(icmax, now_ms)
        if not duty or (self._limit_written_ms is not None and now_ms - self._limit_written_ms < LIMIT_WRITE_EVERY_MS):
            return
        self._limit_written_ms = now_ms
        self._writer = self.keeper
        self.charger.write(registers.ICMAX, duty, now_ms)

    # --- what is said

    def _judge(self, now_ms, live=False):
        """The snapshot of this moment; live: by the latest reading itself, for an answer that rests on it."""
        snapshot = self.snapshot
        reading = self.charger.reading
        answered_ms = self.charger.answered_ms
        fresh = answered_ms is not None and now_ms - answered_ms < SILENCE_MS
        code = self.stability.code
        if fresh and (live or code == NONE):
            code = reading.code
        if fresh:
            snapshot.take(reading, self.keeper.limit_back != 0)
        else:
            snapshot.forget()
        snapshot.judge(code, self._reachable, self._pulse_ms is not None, self._had_charged)
        snapshot.override = OVERRIDE_LOCK if self.keeper.locked else OVERRIDE_NONE
        snapshot.time_known = self._clock.utc_s() is not None
        return snapshot

    def _announce(self, now_ms):
        """Put a status into the outbox if there is news."""
        if self.stability.code == NONE and now_ms - self._boot_ms < FIRST_REPORT_MS:
            return
        snapshot = self._judge(now_ms)
        news = (snapshot.code, snapshot.state)
        if news != self._announced:
            self._announced = news
        elif snapshot.reason == self._said_reason:
            self._reason_ms = None
            return
        elif self._reason_ms is None:
            self._reason_ms = now_ms
            return
        elif now_ms - self._reason_ms < REASON_SETTLES_MS:
            return
        self._said_reason = snapshot.reason
        self._reason_ms = None
        self._put_status(FAULT if is_fault(snapshot.code) or not self._reachable else CHANGE)

    def _heartbeat(self, now_ms):
        """Put a heartbeat if one is due; returns when to look again."""
        session = self.session
        period_ms = session.stretched_ms(heartbeat_period_ms(self.snapshot.state, self._class), codec.STATUS_LENGTH)
        last_ms = session.joined_ms if session.last_uplink_ms is None else session.last_uplink_ms
        if now_ms - last_ms < period_ms:
            return last_ms + period_ms
        if not session.outbox.holds(STATUS):
            self._put_status(HEARTBEAT)
        return now_ms + HEARTBEAT_RETRY_MS

    def _put_status(self, priority):
        self.session.outbox.put(priority, STATUS, self._make_status)

    def _make_status(self, limit):
        return STATUS_PORT, codec.encode_status(self._judge(self._clock.now_ms()), limit)

    def _show(self):
        """The indicator: red until the network is joined and the box is heard, then the colour of the state."""
        healthy = self._joined and self._reachable
        colour = colour_of(self.stability.code) if healthy else RED
        if colour != self._colour:
            self._colour = colour
            self._indicator.show(colour)
