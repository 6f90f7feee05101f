"""The application: wires charger, session and the app's parts together; no protocol, no hardware, no decision of its own.

Data flows one way: sightings of the box -> watch -> reporter -> outbox; downlinks -> actor -> writes to the box.
"""

from hal.contract import PLANNED, RED
from lorawan import clock_sync
from modbus import charger as bus

from app.codec.vocabulary import COMMAND_SETTINGS, DETAIL_ROLLED_BACK, FAILED, REPORT_DEVICE, REPORT_STATUS
from app.control.controller import Controller
from app.telemetry.device_report import DeviceReport
from app.telemetry.event_detector import EventDetector
from app.policy.arbiter import Arbiter
from app.evse.energy_meter import EnergyMeter
from app.telemetry.event_queue import EventQueue
from app.commands.device_commands import DeviceCommands
from app.policy.plan_store import PlanStore
from app.telemetry.reporter import Reporter
from app.evse.charging_sessions import ChargingSessions
from app.evse.states import colour_of
from app.runtime.timekeeper import Timekeeper
from app.evse.evse_monitor import EvseMonitor
from app.runtime.journal import ENERGY_RECORD, PLAN_RECORD, QUOTA_RECORD, SITE_RECORD
from app.runtime.supervisor import REBOOT_MS

# A running command is looked at this often beside every reading, for its deadlines.
COMMAND_TICK_MS = 500
# The board is reset for a modem that hangs, but not more often: meanwhile the box is watched.
RESETS_APART_MS = 30 * 60000


class RolledBack:
    """The late answer to settings that cut the radio link: they are again what they were."""

    op = COMMAND_SETTINGS
    command_id = None
    result = FAILED
    detail = DETAIL_ROLLED_BACK
    acted = opens = False

    def __init__(self, told):
        """told(): it is out."""
        self.told = told


class Application:
    """One charger watched and commanded. poll() is all it does, and it returns when it wants to be called again."""

    def __init__(self, board, charger, session, journal, settings, now_ms, supervisor=None):
        self.charger = charger
        self.session = session
        self.watch = EvseMonitor(charger, now_ms)
        cause = board.system.reset_cause()
        self.timekeeper = Timekeeper(board.clock, journal, cause == PLANNED)
        self.clock_sync = clock_sync.ClockSync(session, board.radio, journal, self.timekeeper, now_ms)
        self.clock_sync.enabled = self.timekeeper.asks = settings.CLOCK_SYNC
        self.reporter = Reporter(board.clock, session, charger, self.watch, self.timekeeper, self.clock_sync, settings)
        if settings.CLOCK_STATE:
            self.clock_sync.state = self.reporter.state
        meter = EnergyMeter(settings.MAINS_VOLTS, settings.PHASES)
        self.sessions = ChargingSessions(meter, charger, self.watch, self.timekeeper, journal, cause, now_ms)
        self.sessions.state = self.reporter.state
        self.intent = Arbiter(self.watch, meter, journal, settings, cause)
        self.actor = Controller(charger, session, self.watch, self.timekeeper, journal, self.intent, self.reporter.answer, now_ms)
        self.watch.car = self.watch.car or self.sessions.is_open
        self.reporter.actor = self.actor
        self.reporter.sessions = self.sessions
        events = EventDetector(self.intent, self.watch, self.sessions, self.actor.box, self.actor.reconciler.limit, settings.NOT_PLUGGED_IN_AT,
                        cause, now_ms)
        self.notices = EventQueue(events, self.watch, journal, self.timekeeper, now_ms)
        self.notices.state = self.reporter.state
        self.notices.reason = self.reporter.reason_now
        self.reporter.notices = self.notices
        self.program = PlanStore(settings, journal)
        self.orders = DeviceCommands(self.actor, settings, self.program, self.timekeeper, meter, self._report, self._use_settings)
        self.dossier = DeviceReport(self.actor, settings, self.program, session, charger, self.timekeeper, supervisor, journal,
                               cause, board.clock.now_ms)
        events.forgot = self.actor.recollect({
            PLAN_RECORD: self.program.save, QUOTA_RECORD: self.intent.quota.keep, ENERGY_RECORD: lambda: self.sessions.save(self.actor.now_ms),
            SITE_RECORD: getattr(settings, 'save', None) or self._start_behaviour})
        self._settings = settings
        self._start_behaviour()
        self._supervisor = supervisor
        if supervisor is not None and supervisor.crash is not None:
            self.reporter.tell(self.dossier.crash(), supervisor.told)
        if getattr(settings, 'rolled_back', False):
            self.actor.say(RolledBack(settings.rollback_told))
        self._indicator = board.indicator
        self._system = board.system
        self._boot_ms = now_ms
        self._due_ms = now_ms
        self._joined = None   # as the indicator shows it
        self._active = False  # the activity light is on
        self._served = True   # the radio had its turn since the last tick
        self._to_act = False  # the actor is to step, with a reading or with what is left of the last step
        self._to_note = False  # a reading's events are to be found
        self._acted = False   # the actor had its step before the tick
        self._colour = None   # as last shown

    def poll(self, now_ms):
        """Let one of the things that are due happen, the bus before all; returns when something is due again.

        One a turn: together they would keep the bus waiting.
        """
        charger = self.charger
        event = charger.poll(now_ms)
        if event:
            self._on_charger(event, now_ms)
            return now_ms
        if self._active:
            self._active = False
            self._indicator.activity(False)
        if charger.awaits:
            # The rest may write to flash, in which some boards are deaf for longer than an answer takes.
            self.session.listen()
            return charger.due_ms
        if self._to_act or self._to_note or now_ms >= self._due_ms and self._served:
            self._go_on(now_ms)
        else:
            self._served = True
            self._serve(now_ms)
        if self._to_act or self._to_note:
            return now_ms
        due_ms = charger.due_ms
        session = self.session
        if session.due_ms < due_ms:
            due_ms = session.due_ms
        return self._due_ms if self._due_ms < due_ms else due_ms

    def _go_on(self, now_ms):
        """The next of our own: what a reading or a deadline asks of the actor, what is to be noted, what is to be told."""
        actor = self.actor
        if self._to_act or actor.busy and not self._acted:
            actor.step(now_ms)
            self._acted = True
            self._to_act = actor.again
        elif self._to_note:
            self._to_note = False
            if self.notices.step(now_ms, self.timekeeper.utc_s(now_ms)):
                self._due_ms = now_ms
        else:
            self._acted = self._served = False
            self._tick(now_ms)

    def _serve(self, now_ms):
        """The radio's turn."""
        session = self.session
        downlink = session.poll(now_ms)
        if downlink is not None:
            self._on_downlink(downlink[0], downlink[1], now_ms)
            self._due_ms = now_ms
        if session.joined is not self._joined:
            self._joined = session.joined
            self._due_ms = now_ms

    def _on_downlink(self, port, payload, now_ms):
        """The time for those who keep it, all else for the actor."""
        if port == clock_sync.PORT:
            self.clock_sync.downlink(payload, now_ms)
        else:
            self.actor.downlink(port, payload, now_ms)

    def _report(self, what):
        """What was asked for follows its answer. what: index in words.REPORTS."""
        if what == REPORT_STATUS:
            self.reporter.report()
        else:
            self.reporter.tell(self.dossier.device() if what == REPORT_DEVICE else self.dossier.plan())

    def _start_behaviour(self):
        self.actor.reconciler.offer.starter.use(self._settings.START_BEHAVIOUR)

    def _use_settings(self):
        """Settings were changed over the air; those of the radio need a boot."""
        settings = self._settings
        self.intent.use_settings()
        self._start_behaviour()
        self.clock_sync.enabled = self.timekeeper.asks = settings.CLOCK_SYNC
        self.clock_sync.state = self.reporter.state if settings.CLOCK_STATE else None
        self.charger.reading.use_phase_order(settings.PHASE_ORDER)
        if settings.needs_reboot:
            self.orders.reboot_ms = self.actor.now_ms + REBOOT_MS

    def _on_charger(self, event, now_ms):
        """What the bus brought."""
        charger = self.charger
        if not self._active:
            self._active = True
            self._indicator.activity(True)
        news = not self.watch.reachable
        if event == bus.SIGHTING:
            news |= self._see(charger.code, now_ms)
        elif event == bus.READING:
            news |= self._see(charger.reading.code, now_ms)
            news |= self.watch.read(charger.reading)
            self.sessions.step(now_ms, self.reporter.reason)
            self._to_act = self._to_note = True
        elif event == bus.WRITTEN:
            self.actor.written(now_ms)
            news = True
        elif event == bus.LIMITS:
            self.actor.survey.limits(now_ms)
            self._to_act = True
        elif event == bus.BLOCK:
            self.actor.survey.block(now_ms)
            self._to_act = True
        elif event == bus.READ_FAILED:
            self.actor.survey.read_failed(now_ms)
            self.actor.silent()
        if news:
            self._due_ms = now_ms

    def _see(self, code, now_ms):
        changed = self.watch.see(code, now_ms)
        if changed:
            self.actor.changed(code)
        return changed

    def _tick(self, now_ms):
        """What time alone brings: silence, heartbeats; and what the news above ask for."""
        due_ms = self.watch.tick(now_ms)
        due_ms = min(due_ms, self.reporter.tick(now_ms, self.actor.holds_radio(now_ms)))
        if self.actor.busy:
            due_ms = min(due_ms, now_ms + COMMAND_TICK_MS)
        self._due_ms = due_ms
        self._show()
        reboot_ms = self.orders.reboot_ms
        if reboot_ms is not None:
            self._due_ms = min(due_ms, reboot_ms)
            if now_ms >= reboot_ms:
                self._reset('command', now_ms)
        if self.session.stuck and now_ms - self._boot_ms >= RESETS_APART_MS:
            self._reset('radio', now_ms)

    def _reset(self, reason, now_ms):
        self.session.governor.save(now_ms)
        self.sessions.save(now_ms)
        self.timekeeper.leave()
        self._system.reset(reason)

    def _show(self):
        """The indicator: red until the network is joined and the box is heard, then the colour of the state."""
        colour = colour_of(self.watch.code) if self._joined and self.watch.reachable else RED
        if colour != self._colour:
            self._colour = colour
            self._indicator.show(colour)
