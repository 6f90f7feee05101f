"""Legacy commands, the original's three bytes, without id and age: an equal one is answered again while the effect of the first lasts. Pure.

Design decisions in docs/operation.md, "Commands". Of this boot only: after a reboot there is a join, which makes them stale anyway.
"""

from micropython import const

from app.codec.downlink import STALE_MS
from app.codec.vocabulary import COMMAND_LOCK, COMMAND_RESET, DETAIL_STALE, DONE, EXPIRED
from app.commands.command_log import FULL, NEW, REPEATED, RUNNING, TOO_LATE, Entry
from app.evse.states import CODE_A1, CODE_B1, CODE_B2, CODE_E0, is_charging

# An equal byte within this time is answered, not obeyed, while the effect of the first lasts (design decision).
REPEAT_MS = const(2700000)
# Beyond this number only a lock is accepted.
WAITING_MAX = const(4)


def stands(op, code):
    """True if the effect of a done lock, unlock or reset lasts in that state of the box."""
    if op == COMMAND_LOCK:
        return code == CODE_E0
    return code in (CODE_A1, CODE_B2) or is_charging(code) or (code == CODE_B1 and op != COMMAND_RESET)


class LegacyCommands:
    """deliver(), accept() and finish() as in app.commands.command_log; the entries have no id and no stamp."""

    def __init__(self):
        self._running = []
        self._latest = None      # accepted last, None if another command came after it
        self._done = None        # the latest, if it was done and its effect lasts
        self._done_ms = 0

    def deliver(self, op, now_ms, fresh_ms):
        """(verdict, Entry or None), as CommandLog.deliver(). fresh_ms: time of the latest join or first frame (lorawan.session)."""
        latest = self._latest
        if latest is not None and latest.op == op and latest.result is None:
            return RUNNING, latest   # no command in between: its answer is on the way
        entry = Entry(op, None, None, None, now_ms)
        if op != COMMAND_LOCK:
            if now_ms - fresh_ms < STALE_MS:
                entry.result = EXPIRED
                entry.detail = DETAIL_STALE
                return TOO_LATE, entry
            if len(self._running) >= WAITING_MAX:
                return FULL, None
        done = self._done
        if done is not None and done.op == op and now_ms - self._done_ms < REPEAT_MS:
            return REPEATED, done
        return NEW, entry

    def accept(self, entry):
        """Accept a byte, for its answer; the effect of the one before is no longer the owner's latest request."""
        self._running.append(entry)
        self._latest = entry
        self.left()

    def running(self):
        """The accepted bytes without an answer, in order of acceptance. Not to be changed."""
        return self._running

    def finish(self, entry, result, detail, now_ms):
        """Set its answer; after `done` an equal byte is only answered."""
        entry.result = result
        entry.detail = detail
        entry.owed = True
        self._running.remove(entry)
        if result == DONE and entry is self._latest:
            self._done = entry
            self._done_ms = now_ms

    def answer_sent(self, entry):
        """Its answer was sent."""
        entry.owed = False

    def between(self):
        """A command of fPort 20 was accepted: an equal byte after it is a new request."""
        self._latest = None
        self.left()

    def left(self):
        """The effect of the latest byte has ended."""
        self._done = None

    def changed(self, code):
        """The stable state of the box has changed."""
        if self._done is not None and not stands(self._done.op, code):
            self.left()
