"""What runs instead of the application while boots end badly one after the other: the radio, and nothing of the box."""

from hal.contract import HalError
from lorawan.outbox import ANSWER, CHANGE

from app.codec import status_frames, downlink, report_frames, vocabulary
from app.codec.downlink import STALE_MS
from app.codec.status_frames import RESULT_PORT, STATUS_KEY, STATUS_PORT
from app.codec.vocabulary import BUSY, COMMAND_REBOOT, COMMAND_REPORT, COMMAND_TIME, DONE, EXPIRED, OPENING, REASON_UNREACHABLE
from app.commands.command_log import FULL, NEW, REPEATED, RUNNING, TOO_LATE, CommandLog
from app.policy.claims import RECORD_BYTES as CLAIMS_BYTES, Claims
from app.runtime.journal import OWNER_RECORD
from app.runtime.supervisor import REBOOT_MS

CRASH_KEY = 'crash'

# A status so often: the owner is to see that somebody is there.
HEARTBEAT_MS = 5 * 60000


class Answer:
    """What codec.encode_result asks of a command; nothing else is known of one here."""

    count = 1

    def __init__(self, told, result, detail=0):
        self.op = told.op
        self.command_id = told.command_id
        self.result = result
        self.detail = detail


class Silence:
    """The status of a box that is not read."""

    code = 0
    state = vocabulary.DISABLED
    reason = REASON_UNREACHABLE
    ev_connected = enable_input = limit_da = currents_da = energy_wh = None
    time_known = energy_estimated = False
    override = plan_hash = 0


class SafeMode:
    """poll() as the application's, until it gives None at until_ms. It tells of the crash, and answers reboot, once each, and report. A stop or
    lock is the application's: it ends the refuge at once and stands in handed then. All else is `busy`, which leaves no trace, so that it can
    be sent again."""

    def __init__(self, board, charger, session, journal, supervisor, until_ms):
        self.charger = charger       # for the loop; it is not polled
        self._bus = board.bus
        self._utc_s = board.clock.utc_s
        self._reset = board.system.reset
        self._session = session
        self._supervisor = supervisor
        self._until_ms = until_ms
        self._reboot_ms = None
        self._told_ms = None         # the last status was asked for
        self._answers = 0
        self.handed = None           # (port, payload) of a stop or lock
        self._journal = journal
        self._book = CommandLog()
        self._claims = self._load()
        session.on_sent = self._sent

    def _load(self):
        """The claims of the owner's record, which stay as they are; None where it cannot be read, and must not be written."""
        try:
            record = self._journal.get(OWNER_RECORD)
        except HalError:
            return None
        if record is None:
            return Claims().dump()
        claims = record[:CLAIMS_BYTES]
        self._book.load(record[CLAIMS_BYTES:])
        return claims if Claims().load(claims) and not self._book.bad_records else None

    def poll(self, now_ms):
        """Serve the radio; when to be called again."""
        if self._reboot_ms is not None and now_ms >= self._reboot_ms:
            self._reset('command')
        if self.handed is not None or now_ms >= self._until_ms and self._reboot_ms is None:
            return None
        self._bus.read()     # or every byte on it would wake us again
        session = self._session
        got = session.poll(now_ms)
        if got is not None:
            told = downlink.read(got[0], got[1])
            if told is not None and told.op != COMMAND_TIME:
                self._obey(told, got, now_ms)
        if session.joined and (self._told_ms is None or now_ms - self._told_ms >= HEARTBEAT_MS):
            self._tell(now_ms)
        if self.handed is not None:
            return now_ms
        due_ms = self._until_ms if self._reboot_ms is None else self._reboot_ms
        return min(due_ms, session.due_ms)

    def _tell(self, now_ms):
        self._told_ms = now_ms
        if self._supervisor.crash is not None:
            self._session.outbox.put(CHANGE, CRASH_KEY, self._make_crash)
        self._session.outbox.put(CHANGE, STATUS_KEY, _make_status)

    def _obey(self, told, got, now_ms):
        """One answer; those for which there is no airtime go unsaid, as with every `busy`."""
        utc_s = self._utc_s()
        verdict, entry = NEW, None
        if told.issued_at is not None:
            verdict, entry = self._book.deliver(told.op, told.command_id, told.issued_at, told.expires_in_s, now_ms, utc_s)
        if verdict != REPEATED and told.op in OPENING and not told.fault:
            self.handed = got
            return
        if verdict == RUNNING:
            return   # the application will answer it
        if verdict == REPEATED:
            answer = Answer(told, entry.result, entry.detail)
        elif told.fault or told.op not in (COMMAND_REBOOT, COMMAND_REPORT):
            answer = Answer(told, BUSY)
        elif verdict == TOO_LATE:
            answer = Answer(told, EXPIRED)
        elif told.op == COMMAND_REPORT:
            answer = Answer(told, DONE)
            self._tell(now_ms)
        else:
            young = utc_s is None and now_ms - self._session.fresh_ms < STALE_MS
            answer = Answer(told, BUSY if verdict == FULL or young or not self._remember(entry, now_ms, utc_s) else DONE)
        if self._session.accepts(now_ms, self._session.outbox.count(ANSWER)):
            self._answers += 1
            self._session.outbox.put(ANSWER, self._answers, lambda limit: _packed(RESULT_PORT, status_frames.encode_result(answer, Silence, limit)))

    def _remember(self, entry, now_ms, utc_s):
        """A reboot goes on record before it is done, so that it is done once; False where that cannot be."""
        if self._claims is None:
            return False
        book = self._book
        book.accept(entry)
        book.begin(entry, now_ms, utc_s)
        book.finish(entry, DONE, 0)
        book.told(entry)
        try:
            self._journal.put(OWNER_RECORD, self._claims + book.dump())
        except HalError:
            return False
        self._reboot_ms = now_ms + REBOOT_MS
        return True

    def _make_crash(self, limit):
        crash = self._supervisor.crash
        if crash is None or limit < report_frames.ROOM + 3:
            return None
        return report_frames.DEVICE, report_frames.crash(vocabulary.DISABLED, 1, 1, crash.error, crash.module, crash.line, crash.uptime_s)

    def _sent(self, key, now_ms):
        if key == CRASH_KEY:
            self._supervisor.told()


def _make_status(limit):
    return _packed(STATUS_PORT, status_frames.encode_status(Silence, limit))


def _packed(port, payload):
    return None if payload is None else (port, payload)
