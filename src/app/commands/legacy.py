"""The original's three bytes: no id, no age. They are levels: an equal one is answered again while what it did still stands. Pure.

Design decisions in docs/operation.md, "Commands". Of this boot only: after a reboot there is a join, and that makes them stale anyway.
"""

from micropython import const

from app.codec.downlink import STALE_MS
from app.codec.vocabulary import COMMAND_LOCK, COMMAND_RESET, DETAIL_STALE, DONE, EXPIRED
from app.commands.command_log import FULL, NEW, REPEATED, RUNNING, TOO_LATE, Entry
from app.evse.states import CODE_A1, CODE_B1, CODE_B2, CODE_E0, is_charging

# An equal byte within this time is answered, not obeyed, while the box is as it left it (design decision).
LEVEL_MS = const(2700000)
# More than that waits only to lock.
WAITING_MAX = const(4)


def stands(op, code):
    """True if a box in that state is still as a done lock, unlock or reset left it."""
    if op == COMMAND_LOCK:
        return code == CODE_E0
    return code in (CODE_A1, CODE_B2) or is_charging(code) or (code == CODE_B1 and op != COMMAND_RESET)


class LegacyCommands:
    """deliver(), accept() and finish() as in app.commands.command_log; the entries have no id and no stamp."""

    def __init__(self):
        self._running = []
        self._latest = None      # accepted last, None where another command came after it
        self._done = None        # the latest, if it was done and its effect stands
        self._done_ms = 0

    def deliver(self, op, now_ms, fresh_ms):
        """(verdict, Entry or None), as CommandLog.deliver(). fresh_ms: since when the network has us again (lorawan.session)."""
        latest = self._latest
        if latest is not None and latest.op == op and latest.result is None:
            return RUNNING, latest   # nothing came between: its answer is on the way
        entry = Entry(op, None, None, None, now_ms)
        if op != COMMAND_LOCK:
            if now_ms - fresh_ms < STALE_MS:
                entry.result = EXPIRED
                entry.detail = DETAIL_STALE
                return TOO_LATE, entry
            if len(self._running) >= WAITING_MAX:
                return FULL, None
        done = self._done
        if done is not None and done.op == op and now_ms - self._done_ms < LEVEL_MS:
            return REPEATED, done
        return NEW, entry

    def accept(self, entry):
        """It will be answered; whatever it comes to, what was done before is not the owner's last word any more."""
        self._running.append(entry)
        self._latest = entry
        self.left()

    def running(self):
        """The accepted bytes without an answer, in order of acceptance. Not to be changed."""
        return self._running

    def finish(self, entry, result, detail, now_ms):
        """Its answer; done makes it the level."""
        entry.result = result
        entry.detail = detail
        entry.owed = True
        self._running.remove(entry)
        if result == DONE and entry is self._latest:
            self._done = entry
            self._done_ms = now_ms

    def told(self, entry):
        """Its answer is out."""
        entry.owed = False

    def between(self):
        """A command of fPort 20 was accepted: an equal byte after it is a new wish."""
        self._latest = None
        self.left()

    def left(self):
        """The box is not any more as the latest byte left it."""
        self._done = None

    def changed(self, code):
        """The stable state of the box is another one."""
        if self._done is not None and not stands(self._done.op, code):
            self.left()
