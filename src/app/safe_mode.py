"""Safe mode, which replaces the application after several boots that ended badly: it serves the radio and leaves the box alone."""

from hal.contract import HalError
from lorawan.outbox import ANSWER, CHANGE

from app.codec import status_frames, downlink, report_frames, vocabulary
from app.codec.downlink import STALE_MS
from app.codec.status_frames import RESULT_PORT, STATUS_KEY, STATUS_PORT
from app.codec.vocabulary import BUSY, COMMAND_REBOOT, COMMAND_REPORT, COMMAND_TIME, DONE, EXPIRED, OPENING
from app.commands.answer import Answer
from app.commands.command_log import FULL, NEW, REPEATED, RUNNING, TOO_LATE, CommandLog
from app.policy.claims import RECORD_BYTES as CLAIMS_BYTES, Claims
from app.runtime.journal import OWNER_RECORD
from app.runtime.scheduler import LATE_MS, Task
from app.runtime.supervisor import REBOOT_MS

CRASH_KEY = 'crash'

# Interval of the status, so that the owner sees that the monitor is alive.
HEARTBEAT_MS = 5 * 60000


# The status of a box that is not read.
_UNREAD = status_frames.Status()


class SafeMode:
    """poll() as that of the application, until it gives None at until_ms. It reports the crash, and answers reboot, once each, and report. A stop
    or lock is for the application: it ends safe mode immediately and is in stop_request then. All else is answered `busy` and not recorded, so
    that it can be sent again."""

    def __init__(self, board, charger, session, journal, supervisor, until_ms):
        self.charger = charger       # for the loop; it is not polled
        self._bus = board.bus
        self._utc_s = board.clock.utc_s
        self._reset = board.system.reset
        self._session = session
        self._supervisor = supervisor
        self._until_ms = until_ms
        self._reboot_ms = None
        self._status_ms = None       # the last status was put into the outbox
        self._answers = 0
        self.stop_request = None     # (port, payload) of a stop or lock
        self._journal = journal
        self._command_log = CommandLog()
        self._claims = self._load()
        self.due_ms = 0
        self.tasks = (Task('safe_mode', None, LATE_MS, self),)

    def _load(self):
        """The claims of the owner's record, which stay unchanged; None if it cannot be read, and so must not be written."""
        try:
            record = self._journal.get(OWNER_RECORD)
        except HalError:
            return None
        if record is None:
            return Claims().dump()
        claims = record[:CLAIMS_BYTES]
        self._command_log.load(record[CLAIMS_BYTES:])
        return claims if Claims().load(claims) and not self._command_log.bad_records else None

    def poll(self, now_ms):
        """Serve the radio; returns the time of the next call."""
        if self._reboot_ms is not None and now_ms >= self._reboot_ms:
            self._reset('command')
        if self.stop_request is not None or now_ms >= self._until_ms and self._reboot_ms is None:
            return None
        self._bus.read()     # or every byte on it would end the sleep again
        session = self._session
        got = session.poll(now_ms)
        if got is not None:
            request = downlink.read(got[0], got[1])
            if request is not None and request.op != COMMAND_TIME:
                self._obey(request, got, now_ms)
        if session.joined and (self._status_ms is None or now_ms - self._status_ms >= HEARTBEAT_MS):
            self._send_status(now_ms)
        self.due_ms = now_ms
        if self.stop_request is None:
            self.due_ms = min(self._until_ms if self._reboot_ms is None else self._reboot_ms, session.due_ms)
        return self.due_ms

    def _send_status(self, now_ms):
        self._status_ms = now_ms
        if self._supervisor.crash is not None:
            self._session.outbox.put(CHANGE, CRASH_KEY, self._make_crash, self._crash_sent)
        self._session.outbox.put(CHANGE, STATUS_KEY, _make_status)

    def _obey(self, request, got, now_ms):
        """One answer; without airtime there is none, as with every `busy`."""
        utc_s = self._utc_s()
        verdict, entry = NEW, None
        if request.issued_at is not None:
            verdict, entry = self._command_log.deliver(request.op, request.command_id, request.issued_at, request.expires_in_s, now_ms, utc_s)
        if verdict != REPEATED and request.op in OPENING and not request.fault:
            self.stop_request = got
            return
        if verdict == RUNNING:
            return   # the application will answer it
        if verdict == REPEATED:
            answer = Answer(request.op, request.command_id, entry.result, entry.detail)
        elif request.fault or request.op not in (COMMAND_REBOOT, COMMAND_REPORT):
            answer = Answer(request.op, request.command_id, BUSY)
        elif verdict == TOO_LATE:
            answer = Answer(request.op, request.command_id, EXPIRED)
        elif request.op == COMMAND_REPORT:
            answer = Answer(request.op, request.command_id, DONE)
            self._send_status(now_ms)
        else:
            young = utc_s is None and now_ms - self._session.fresh_ms < STALE_MS
            answer = Answer(request.op, request.command_id, BUSY if verdict == FULL or young or not self._remember(entry, now_ms, utc_s) else DONE)
        if self._session.accepts(now_ms, self._session.outbox.count(ANSWER)):
            self._answers += 1
            self._session.outbox.put(ANSWER, self._answers, lambda limit: _packed(RESULT_PORT, status_frames.encode_result(answer, _UNREAD, limit)))

    def _remember(self, entry, now_ms, utc_s):
        """Record a reboot before it is done, so that it is done once; False if that fails."""
        if self._claims is None:
            return False
        log = self._command_log
        log.accept(entry)
        log.begin(entry, now_ms, utc_s)
        log.finish(entry, DONE, 0)
        log.answer_sent(entry)
        try:
            self._journal.put(OWNER_RECORD, self._claims + log.dump())
        except HalError:
            return False
        self._reboot_ms = now_ms + REBOOT_MS
        return True

    def _make_crash(self, limit):
        crash = self._supervisor.crash
        if crash is None or limit < report_frames.ROOM + 3:
            return None
        return report_frames.DEVICE, report_frames.crash(vocabulary.DISABLED, 1, 1, crash.error, crash.module, crash.line, crash.uptime_s)

    def _crash_sent(self, now_ms):
        self._supervisor.crash_sent()


def _make_status(limit):
    return _packed(STATUS_PORT, status_frames.encode_status(_UNREAD, limit))


def _packed(port, payload):
    return None if payload is None else (port, payload)
