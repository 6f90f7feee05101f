"""Pages for the command `report` and after a crash: device, plan, settings and claims. Each is packed when it is sent."""

from app.codec import report_frames, vocabulary
from app.version import COMMIT, VERSION


class DeviceReport:
    """device() and plan() give lists of callables: state -> (port, payload)."""

    def __init__(self, dispatcher, poller, arbiter, reconciler, site, plan_store, session, charger, timekeeper, supervisor, journal, cause, now_ms):
        """now_ms: a callable; cause: of this boot (hal.contract)."""
        self._dispatcher = dispatcher
        self._poller = poller
        self._arbiter = arbiter
        self._reconciler = reconciler
        self._site = site
        self._plan_store = plan_store
        self._session = session
        self._charger = charger
        self._timekeeper = timekeeper
        self._supervisor = supervisor
        self._journal = journal
        self._cause = cause
        self._now_ms = now_ms

    def device(self):
        """Boot, charger, counters, radio, and a crash that was not sent yet."""
        parts = [self._boot, self._box, self._counters, self._radio]
        if self._supervisor is not None and self._supervisor.crash is not None:
            parts.append(self._crash)
        return [_page(report_frames.DEVICE, part, number + 1, len(parts)) for number, part in enumerate(parts)]

    def crash(self):
        """The crash alone, if there is one to send."""
        if self._supervisor is None or self._supervisor.crash is None:
            return []
        return [_page(report_frames.DEVICE, self._crash, 1, 1)]

    def plan(self):
        """Windows, time zone, settings, target and claims."""
        plan_store = self._plan_store
        values = self._site.wire_values()
        found = []
        for page in range(1, report_frames.plan_pages(plan_store.windows) + 1):
            found.append(_of(report_frames.plan, page, plan_store.windows))
        for page in range(1, report_frames.zone_pages(plan_store.zone) + 1):
            found.append(_of(report_frames.timezone, page, plan_store.zone))
        for page in range(1, report_frames.settings_pages(values) + 1):
            found.append(_of(report_frames.settings, page, values))
        target = self._arbiter.claims.target
        if target.state:
            found.append(_of(report_frames.target, 1, target))
            found.append(_of(report_frames.target, report_frames.TARGET_PAGES, target))
        claims = self._arbiter.standing_claims()
        for number in range(len(claims)):
            found.append(_claim(number + 1, len(claims), claims[number]))
        return found

    def _boot(self, state, page, count):
        return report_frames.boot(state, page, count, self._cause, VERSION, COMMIT, self._now_ms() // 1000)

    def _box(self, state, page, count):
        poller = self._poller
        box = poller.box
        return report_frames.charger(state, page, count, self._charger.device_id, poller.firmware, poller.limit_da(), box.has_meter,
                             vocabulary.KEYS[1 + box.en_mode] if box.en_mode is not None else None, poller.starts, poller.upstream_timeout)

    def _counters(self, state, page, count):
        counts = self._charger.counts
        supervisor = self._supervisor
        dispatcher = self._dispatcher
        errors = counts['timeouts'] + counts['lrc_errors'] + counts['bus_errors']
        resets, crashes = (0, 0) if supervisor is None else (supervisor.resets, supervisor.crashes)
        return report_frames.counters(state, page, count, errors, dispatcher.command_log.refused, dispatcher.bad_downlinks, resets,
                                      self._journal.store_failures, self._reconciler.record.closings.today(self._now_ms()), crashes)

    def _radio(self, state, page, count):
        session = self._session
        ppb = self._timekeeper.drift_ppb
        return report_frames.radio(state, page, count, session.join_schedule.count, session.airtime_budget.airtime_log.total_ms,
                                   session.sender.sent, session.received, (ppb + 500) // 1000, session.rate_fallback.data_rate)

    def _crash(self, state, page, count):
        crash = self._supervisor.crash
        return report_frames.crash(state, page, count, crash.error, crash.module, crash.line, crash.uptime_s)


def _page(port, part, page, count):
    return lambda state: (port, part(state, page, count))


def _of(pack, page, what):
    return lambda state: (report_frames.READBACK, pack(state, page, what))


def _claim(page, count, claim):
    return lambda state: (report_frames.READBACK, report_frames.claims(state, page, count, *claim))
