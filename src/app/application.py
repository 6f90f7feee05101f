"""The application: builds all parts, connects them and holds the task table of the loop; no protocol, no hardware, no decisions.

Data flows one way: readings of the bus -> EVSE monitor -> arbiter -> controller -> bus; downlinks -> dispatcher -> answers -> outbox.
"""

from hal.contract import PLANNED, RED
from lorawan import clock_sync
from modbus import charger as bus

from app.codec.vocabulary import COMMAND_SETTINGS, DETAIL_ROLLED_BACK, FAILED, REPORT_DEVICE, REPORT_SESSIONS, REPORT_STATUS
from app.commands.answer import Answer
from app.commands.command_log import CommandLog
from app.commands.device_commands import DeviceCommands
from app.commands.dispatcher import Dispatcher
from app.control.controller import TICK_MS, Controller
from app.control.owner_record import OwnerRecord
from app.control.reconciler import Reconciler
from app.evse.charging_sessions import ChargingSessions
from app.evse.energy_meter import EnergyMeter
from app.evse.evse_monitor import EvseMonitor
from app.evse.poller import Poller
from app.evse.states import colour_of
from app.policy.arbiter import Arbiter
from app.policy.plan_store import PlanStore
from app.runtime.journal import ENERGY_RECORD, PLAN_RECORD, QUOTA_RECORD, SITE_RECORD, TARGET_RECORD
from app.runtime.supervisor import BROWN_OUT
from app.runtime.scheduler import LATE_MS, Scheduler, Task
from app.runtime.timekeeper import Timekeeper
from app.telemetry.answer_queue import AnswerQueue
from app.telemetry.device_report import DeviceReport
from app.telemetry.event_detector import EventDetector
from app.telemetry.event_queue import EventQueue
from app.telemetry.log_lines import LogLines
from app.telemetry.reporter import Reporter
from app.telemetry.status_view import StatusView

# Events of the loop beside those of the bus (modbus.charger): the start; a new state of the box, or the end of its silence; a downlink; a join,
# or its loss; something to be recorded; an event to be sent.
START, NEWS, DOWNLINK, LINK, UNSAVED, EVENT = range(20, 26)

# Tasks that each event wakes.
WAKES = {
    START: ('dispatcher', 'reporter', 'owner_record', 'application'),
    bus.SIGHTING: (),
    bus.READING: ('dispatcher', 'controller', 'event_queue', 'owner_record'),
    bus.LIMITS: ('dispatcher', 'controller'),
    bus.BLOCK: ('dispatcher', 'controller'),
    bus.WRITTEN: ('dispatcher', 'controller', 'reporter'),
    bus.READ_FAILED: (),
    bus.FOUND: (),
    NEWS: ('reporter',),
    DOWNLINK: ('dispatcher', 'controller', 'reporter'),
    LINK: ('reporter',),
    UNSAVED: ('dispatcher',),
    EVENT: ('reporter',),
}

# A due time further ahead, or a session later than this, counts as stalled, and the watchdog resets. The charger is read every 2 s; a session
# sleeps until its next join or frame.
CHARGER_AHEAD_MS = 10000
SESSION_LATE_MS = 20000
SESSION_AHEAD_MS = 86400000
# Interval of the check for reasons to reset the board.
RESTART_LOOK_MS = 10000
# Shortest interval between resets of the board for a hanging modem: meanwhile the box is monitored.
RESETS_APART_MS = 30 * 60000


class Application:
    """One charger, monitored and controlled. poll() does all its work and returns the time of the next call. tasks: the table of the loop."""

    def __init__(self, board, charger, session, journal, settings, now_ms, supervisor=None):
        cause = board.system.reset_cause()
        clock = board.clock
        self.charger = charger
        self.session = session
        self.timekeeper = Timekeeper(clock, journal, settings, cause == PLANNED)
        self.evse_monitor = EvseMonitor(charger, now_ms)
        poller = Poller(charger, self.evse_monitor)
        meter = EnergyMeter(settings.MAINS_VOLTS, settings.PHASES)
        self.sessions = ChargingSessions(meter, charger, self.evse_monitor, self.timekeeper, journal, cause, now_ms)
        plan_store = PlanStore(settings, journal)
        self.reconciler = Reconciler(settings)
        self.arbiter = Arbiter(self.evse_monitor, meter, plan_store, journal, settings, cause, self.reconciler.record)
        self.command_log = CommandLog()
        self.owner_record = OwnerRecord(journal, self.arbiter, self.command_log, self.reconciler, poller.box)
        self.owner_record.load(now_ms)
        claims = self.arbiter.claims
        # In E0 and right after its start the box does not report a car; claims about a car were made for one that was there.
        self.evse_monitor.assume_car(self.reconciler.record.car or claims.of_car and claims.had_car or self.sessions.is_open)
        self.view = StatusView(clock, charger.reading, self.evse_monitor, self.timekeeper, self.arbiter, self.reconciler, poller.box)
        self.clock_sync = clock_sync.ClockSync(session, board.radio, journal, self.timekeeper, now_ms, self._clock_state)
        detector = EventDetector(self.arbiter, self.evse_monitor, self.sessions, poller.box, self.reconciler.icmax, self.owner_record,
                                 settings.NOT_PLUGGED_IN_AT, cause, now_ms)
        self.events = EventQueue(detector, self.view, self.evse_monitor, journal, self.timekeeper, now_ms)
        self.owner_record.recollect({
            PLAN_RECORD: plan_store.save, QUOTA_RECORD: self.arbiter.quota.keep, ENERGY_RECORD: lambda: self.sessions.save(clock.now_ms()),
            SITE_RECORD: settings.save, TARGET_RECORD: self.arbiter.follower.save})
        self.controller = Controller(charger, self.evse_monitor, poller, self.timekeeper, self.arbiter, self.reconciler, self.owner_record, now_ms)
        self.answers = AnswerQueue(session, self.command_log, self.view)
        self.device_commands = DeviceCommands(settings, plan_store, self.timekeeper, meter, self.arbiter, poller.box, self._report,
                                              self._use_settings)
        self._log_lines = LogLines(board.system.log, self.view, self.evse_monitor, self.sessions, self.arbiter, self.timekeeper)
        self.dispatcher = Dispatcher(charger, session, self.timekeeper, self.controller, self.owner_record, self.command_log, self.answers,
                                     self.device_commands, self._log_lines, now_ms)
        self.reporter = Reporter(clock, session, self.view, self.answers, self.sessions, self.events, self.evse_monitor, self.timekeeper,
                                 self.clock_sync, settings)
        self.device_report = DeviceReport(self.dispatcher, poller, self.arbiter, self.reconciler, settings, plan_store, session, charger,
                                          self.timekeeper, supervisor, journal, cause, clock.now_ms)
        self._settings = settings
        self._poller = poller
        self._indicator = board.indicator
        self._system = board.system
        self._boot_ms = now_ms
        self._joined = None   # as last seen
        self._active = False  # the activity light is on
        self._colour = None   # as last shown
        # The bus has every turn; of the others the first that is due has it.
        self.tasks = (
            Task('charger', self._bus, LATE_MS, charger, CHARGER_AHEAD_MS, True),
            Task('dispatcher', self._dispatch, LATE_MS),
            Task('controller', self._control, LATE_MS),
            Task('event_queue', self._look_for_events, LATE_MS),
            Task('reporter', self._run_reporter, LATE_MS),
            Task('session', self._serve, SESSION_LATE_MS, session, SESSION_AHEAD_MS, True),
            Task('owner_record', self._copy, LATE_MS),
            Task('application', self._restart, LATE_MS),
        )
        self._scheduler = Scheduler(self.tasks, WAKES)
        self._scheduler.post(START, now_ms)
        self._supervisor = supervisor
        self._dips = 0        # of the modem's supply, as told
        self._tell_crash()
        if board.system.browned_out():
            self._report_brown_out('board', now_ms)
        if settings.rolled_back:
            # The late answer to settings that cut the radio link: they were taken back.
            self.answers.put(Answer(COMMAND_SETTINGS, None, FAILED, DETAIL_ROLLED_BACK, on_sent=settings.rollback_sent), True)

    def poll(self, now_ms):
        """One piece of work; returns the time of the next."""
        return self._scheduler.poll(now_ms)

    # --- the tasks: each does one piece of work and returns the time of its next turn

    def _bus(self, now_ms):
        """The bus, before all others, so that they never delay it together."""
        charger = self.charger
        event = charger.poll(now_ms)
        if event:
            self._on_charger(event, now_ms)
            return now_ms
        if self._active:
            self._active = False
            self._indicator.activity(False)
        if charger.awaits:
            # Other tasks may write to flash, and some boards cannot receive during a write, which takes longer than an answer.
            self.session.listen()
            return charger.due_ms
        return None

    def _dispatch(self, now_ms):
        return self.dispatcher.step(now_ms)

    def _control(self, now_ms):
        due_ms = self.controller.step(now_ms)
        if self.owner_record.is_due:
            self._scheduler.post(UNSAVED, now_ms)
        return due_ms

    def _look_for_events(self, now_ms):
        if self.events.step(now_ms, self.timekeeper.utc_s(now_ms)):
            self._scheduler.post(EVENT, now_ms)

    def _run_reporter(self, now_ms):
        """Uplinks for news, silence of the box and heartbeats."""
        if self.owner_record.is_behind and not self.controller.is_writing:
            return now_ms   # the owner's requests are recorded before they are reported
        due_ms = min(self.evse_monitor.tick(now_ms), self.reporter.step(now_ms, self.dispatcher.holds_radio(now_ms)))
        self._show(now_ms)
        return min(due_ms, now_ms + TICK_MS) if self.dispatcher.busy or self.reconciler.busy else due_ms

    def _serve(self, now_ms):
        """The radio."""
        session = self.session
        received = session.poll(now_ms)
        if received is not None:
            self.downlink(received[0], received[1], now_ms)
        if session.dips != self._dips:
            self._dips = session.dips
            self._report_brown_out('radio', now_ms)
        if session.joined is not self._joined:
            self._joined = session.joined
            self._scheduler.post(LINK, now_ms)

    def _copy(self, now_ms):
        """Second copies of records, when no other task is due."""
        return now_ms if self.owner_record.copy() else None

    def _restart(self, now_ms):
        """A reboot requested by the owner or needed by a hanging modem."""
        reboot_ms = self.device_commands.reboot_ms
        if reboot_ms is not None and now_ms >= reboot_ms:
            self._reset('command', now_ms)
        if self.session.stuck and now_ms - self._boot_ms >= RESETS_APART_MS:
            self._reset('radio', now_ms)
        due_ms = now_ms + RESTART_LOOK_MS
        return due_ms if reboot_ms is None else min(due_ms, reboot_ms)

    # --- events

    def downlink(self, port, payload, now_ms):
        """Answers about the time go to the clock sync, all else to the dispatcher."""
        if port == clock_sync.PORT:
            self.clock_sync.downlink(payload, now_ms)
        else:
            self.dispatcher.downlink(port, payload, now_ms)
        self._scheduler.post(DOWNLINK, now_ms)

    def _on_charger(self, event, now_ms):
        """An event of the bus."""
        charger = self.charger
        if not self._active:
            self._active = True
            self._indicator.activity(True)
        news = not self.evse_monitor.reachable
        if event == bus.SIGHTING:
            news |= self._see(charger.code, now_ms)
        elif event == bus.READING:
            news |= self._see(charger.reading.code, now_ms)
            news |= self.evse_monitor.read(charger.reading)
            self.sessions.step(now_ms, self.view.reason)
            self.controller.observe(now_ms)
        elif event == bus.WRITTEN:
            self.controller.written(now_ms)
        elif event == bus.LIMITS:
            self._poller.limits(now_ms)
        elif event == bus.BLOCK:
            self._poller.block(now_ms)
        elif event == bus.READ_FAILED:
            self.controller.read_failed(now_ms)
        self._scheduler.post(event, now_ms)
        if news:
            self._scheduler.post(NEWS, now_ms)

    def _see(self, code, now_ms):
        changed = self.evse_monitor.see(code, now_ms)
        if changed:
            self.dispatcher.changed(code)
        return changed

    def _clock_state(self):
        """The state word for a request for the time, or None."""
        return self.view.look_state() if self._settings.CLOCK_STATE else None

    def _report(self, what, number=0):
        """Send a requested report, after its answer. what: index in vocabulary.REPORTS; number: of the first session."""
        if what == REPORT_STATUS:
            self.reporter.report()
        elif what == REPORT_SESSIONS:
            self.reporter.resend_sessions(number)
        else:
            self.reporter.send_pages(self.device_report.device() if what == REPORT_DEVICE else self.device_report.plan())

    def _use_settings(self):
        """Settings were changed over the air; those of the radio need a boot."""
        self.arbiter.use_settings()
        self.charger.reading.use_phase_order(self._settings.PHASE_ORDER)

    def _report_brown_out(self, module, now_ms):
        """The supply gave way while it sent: that of the modem (radio), or the board restarted."""
        self._system.log('brown-out: ' + module)
        if self._supervisor is not None:
            self._supervisor.crashed(BROWN_OUT, module, 0, now_ms)
            self._tell_crash()

    def _tell_crash(self):
        supervisor = self._supervisor
        if supervisor is not None and supervisor.crash is not None:
            self.reporter.send_pages(self.device_report.crash(), supervisor.crash_sent)

    def _reset(self, reason, now_ms):
        self.session.airtime_budget.save(now_ms)
        self.sessions.save(now_ms)
        self.timekeeper.leave()
        self._system.reset(reason)

    def _show(self, now_ms):
        """The indicator: red until the network is joined and the box answers, then the colour of the state. The log has what has changed."""
        monitor = self.evse_monitor
        colour = colour_of(monitor.code) if self._joined and monitor.reachable else RED
        if colour != self._colour:
            self._colour = colour
            self._indicator.show(colour)
        self._log_lines.look(now_ms, colour, self._joined)
