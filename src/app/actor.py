"""Who writes to the box: downlinks become commands, one runs at a time; between them what must be kept is kept."""

from modbus import charger as bus
from modbus import control

from app import codec
from app.commands import ANSWER, BUSY, D_NONE, D_REPEATED, D_STALE, DONE, EXPIRED, LOCK, REFUSED, RESET, UNLOCK, WRITE, Command
from app.states import is_charging, is_fault

# The network keeps old commands over an outage: unlock and reset are not obeyed so soon after it (design decision).
STALE_MS = 60000
# An equal reset within this time is answered, not executed, while the box is still as it left it (design decision).
LEVEL_MS = 45 * 60000
COMMANDS_MAX = 4
# Icmax is not written more often than 0x000F can tell what became of it.
LIMIT_WRITE_EVERY_MS = 10000


class Actor:
    """downlink() takes commands, step() brings the running one on; answer(command) is called once for each."""

    def __init__(self, charger, session, keeper, watch, answer):
        self.bad_downlinks = 0
        self.refused = 0             # commands for which there was no room or no airtime
        self._charger = charger
        self._session = session
        self._keeper = keeper
        self._watch = watch
        self._answer = answer
        self._commands = []          # the first is running
        self._writer = None          # whose write is under way: a Command, the keeper, or None
        self._reset_done_ms = None   # a reset was done and its effect still stands
        self._limit_written_ms = None

    @property
    def busy(self):
        """True while a command is running or waiting."""
        return len(self._commands) > 0

    # --- commands

    def downlink(self, port, payload, now_ms):
        """A downlink from the network, whatever it is."""
        decoded = codec.decode_downlink(port, payload)
        if decoded is None:
            self.bad_downlinks += 1
            return
        op, command_id = decoded
        if self._commands and self._commands[-1].op == op and not self._commands[-1].silent:
            return   # nothing came between: its answer is on the way
        command = Command(op, command_id, repeated=op == RESET and self._reset_stands(now_ms))
        if op != LOCK:
            if now_ms - self._session.fresh_ms < STALE_MS:
                return self._end(command, EXPIRED, D_STALE)
            if len(self._commands) >= COMMANDS_MAX or not self._session.accepts(now_ms):
                self.refused += 1
                return self._end(command, BUSY, D_NONE)
        self._commands.append(command)
        self._charger.read_soon(now_ms)

    def _end(self, command, result, detail):
        command.answer(result, detail)
        self._answer(command)

    def _reset_stands(self, now_ms):
        return self._reset_done_ms is not None and now_ms - self._reset_done_ms < LEVEL_MS

    def changed(self, code):
        """The stable state is another one: does what our reset did still stand?"""
        if not (code in (0xA1, 0xB2) or is_charging(code)):
            self._reset_done_ms = None

    def step(self, now_ms):
        """Bring the running command one step on, or keep what must be kept."""
        if self._writer is not None:
            return
        charger = self._charger
        reading = charger.reading if charger.reading.code is not None else None
        if not self._commands:
            if reading is not None:
                self._keep(reading, now_ms)
            return
        command = self._commands[0]
        if not command.accepted:
            self._accept(command)
        what = command.step(reading, self._keeper.locked, now_ms)
        if what == WRITE:
            self._write(command, reading, now_ms)
        elif what == ANSWER:
            self._finish(command, now_ms)

    def _accept(self, command):
        """The owner's word on the lock counts from now on, whatever the box does."""
        command.accepted = True
        command.car = self._watch.car
        command.was_locked = self._keeper.locked
        if command.op == LOCK:
            self._keeper.lock(True)
        elif command.op == UNLOCK:
            self._keeper.lock(False)

    def _write(self, command, reading, now_ms):
        if command.register == control.ICMAX:
            if not self._keeper.limit_back:   # one that is still owed is the box's own, whatever it shows now
                self._keeper.owe_limit(reading.limit_duty)
        elif command.value != control.JUMP_E0:
            self._watch.pulse(now_ms)
        self._writer = command
        self._charger.write(command.register, command.value, now_ms)

    def _finish(self, command, now_ms):
        self._commands.remove(command)
        if command.result == REFUSED:
            self._keeper.lock(command.was_locked)   # refused: nothing has changed
        if command.result == DONE and command.detail != D_REPEATED:
            self._reset_done_ms = now_ms if command.op == RESET else None
        if not command.silent:
            self._answer(command)

    def written(self, now_ms):
        """A write is over."""
        outcome = self._charger.outcome
        writer = self._writer
        self._writer = None
        if writer is self._keeper:
            if outcome == bus.ACKED and not self._charger.limits:
                self._keeper.owe_limit(0)   # a box that does not tell its limit: nothing to check it by
        elif writer is not None:
            writer.written(outcome != bus.NOT_SENT, outcome == bus.ACKED, outcome == bus.REFUSED, now_ms)
            if writer.result is not None:
                self._finish(writer, now_ms)

    # --- what is kept

    def _keep(self, reading, now_ms):
        keeper = self._keeper
        # One reading is enough to hold back, but not to act.
        if reading.code == self._watch.code and keeper.relock_due(reading.code, now_ms):
            self._commands.append(Command(LOCK, None, silent=True))
            return
        self._charger.watch_limits = keeper.limit_back != 0
        if keeper.limit_back:
            self.return_limit(None, now_ms)

    def return_limit(self, icmax, now_ms):
        """Take back a pause of ours as soon as no command needs it. icmax: as 0x000F just told it, or None."""
        code = self._charger.reading.code
        if self._commands or self._writer is not None or code is None or is_fault(code):
            return   # into a fault nothing is written
        duty = self._keeper.limit_to_write(icmax, now_ms)
        if not duty or (self._limit_written_ms is not None and now_ms - self._limit_written_ms < LIMIT_WRITE_EVERY_MS):
            return
        self._limit_written_ms = now_ms
        self._writer = self._keeper
        self._charger.write(control.ICMAX, duty, now_ms)
