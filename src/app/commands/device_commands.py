"""Commands for the monitor itself: plan, time zone, settings, time, report, reboot; and the arguments of others by plan, clock and meter."""

from modbus.write_map import da_of_duty

from app.codec import setting_bytes
from app.codec.vocabulary import (
    BAD_SETTING, COMMAND_BOOST, COMMAND_PLAN, COMMAND_REBOOT, COMMAND_REPORT, COMMAND_SETTINGS, COMMAND_SET_CURRENT, COMMAND_SKIP, COMMAND_TARGET,
    COMMAND_TIME, COMMAND_TIMEZONE, DETAIL_BAD_ARGUMENT, DETAIL_NONE, DETAIL_NO_PLAN, DETAIL_NO_ROOM, DETAIL_NO_TIME, DETAIL_SUPERSEDED, DONE,
    EXPIRED, REFUSED, SKIP_THIS, UNTIL_ENERGY, UNTIL_TIME,
)
from app.commands.command_log import FUTURE_S
from app.runtime.supervisor import REBOOT_MS

CURRENT_LIMIT = 'current_limit_a'
# What nearly all boxes give at most; more than that is taken only where the box itself says that it may be.
USUAL_MOST_A = 32


class DeviceCommands:
    """run() executes one, resolve() gives the arguments of others. reboot_ms: time of a reboot requested by the owner, or None."""

    def __init__(self, site, plan_store, timekeeper, meter, arbiter, box, report, settings_changed):
        """site: the SiteSettings; box: the EvseModel. report(index in vocabulary.REPORTS, ...) and settings_changed(): called by those commands."""
        self.reboot_ms = None
        self._site = site
        self._plan_store = plan_store
        self._timekeeper = timekeeper
        self._meter = meter
        self._arbiter = arbiter
        self._box = box
        self._report = report
        self._reports = []           # arguments of reports whose answers were not sent yet
        self._settings_changed = settings_changed
        self._runs = {
            COMMAND_PLAN: self._plan, COMMAND_TIMEZONE: self._timezone, COMMAND_SETTINGS: self._settings, COMMAND_TIME: self._time,
            COMMAND_REPORT: self._reported, COMMAND_REBOOT: self._reboot, COMMAND_TARGET: self._target,
        }
        self._meanings = {COMMAND_BOOST: self._boost, COMMAND_SKIP: self._skip, COMMAND_SET_CURRENT: self._set_current}

    def run(self, request, now_ms):
        """(result, detail). request: an Execution, or for the time the Downlink."""
        return self._runs[request.op](request, now_ms)

    def resolve(self, op, args, utc_s, now_ms):
        """(arguments for the claims, 0) or (None, index in vocabulary.DETAILS of the error)."""
        meaning = self._meanings.get(op)
        return (args, 0) if meaning is None else meaning(args, utc_s, now_ms)

    def answered(self, answer):
        """The answer is in the queue: a requested report follows it."""
        if answer.op == COMMAND_REPORT and self._reports:
            self._report(*self._reports.pop(0))

    # --- runs: (result, detail)

    def _plan(self, work, now_ms):
        return _verdict(self._plan_store.set_windows(work.args, self._issued_at(work, now_ms)))

    def _timezone(self, work, now_ms):
        return _verdict(self._plan_store.set_zone(work.args, self._issued_at(work, now_ms)))

    def _target(self, work, now_ms):
        utc_s = self._timekeeper.utc_s(now_ms)
        if utc_s is None:
            return REFUSED, DETAIL_NO_TIME
        minute, wh, current_da, quarters = work.args
        issued_at = self._issued_at(work, now_ms)
        until = self._plan_store.plan.local.next_time(issued_at, minute)
        if until <= utc_s:
            return EXPIRED, DETAIL_NONE
        if issued_at < self._arbiter.claims.target.issued_at:
            return REFUSED, DETAIL_SUPERSEDED
        return _verdict(0 if self._arbiter.aim(until, wh, current_da, quarters, issued_at) else DETAIL_NO_ROOM)

    def _issued_at(self, work, now_ms):
        """A stamp from the future counts as now: one of the clocks is wrong, and must not block every plan until then."""
        utc_s = self._timekeeper.utc_s(now_ms)
        issued_at = work.entry.issued_at
        return issued_at if utc_s is None or issued_at <= utc_s + FUTURE_S else utc_s

    def _settings(self, work, now_ms):
        for name, amps in work.args:
            if name == CURRENT_LIMIT and amps is not None and amps > USUAL_MOST_A and self._exceeds(amps):
                return REFUSED, BAD_SETTING + setting_bytes.number_of(name)
        detail = self._site.change(work.args, now_ms)
        if not detail:
            self._settings_changed()
            if self._site.needs_reboot:
                self.reboot_ms = now_ms + REBOOT_MS   # those of the radio
        return _verdict(detail)

    def _time(self, request, now_ms):
        self._timekeeper.owner(request.args[0], now_ms)

    def _reported(self, work, now_ms):
        self._reports.append(work.args)
        return DONE, DETAIL_NONE

    def _reboot(self, work, now_ms):
        self.reboot_ms = now_ms + REBOOT_MS
        return DONE, DETAIL_NONE

    # --- meanings, for resolve()

    def _boost(self, args, utc_s, now_ms):
        kind, value, current_da = args
        if kind == UNTIL_TIME:
            if utc_s is None:
                return None, DETAIL_NO_TIME
            value = self._plan_store.plan.local.next_time(utc_s, value)
        elif kind == UNTIL_ENERGY:
            value += self._meter.total_wh
        return (kind, value, current_da), 0

    def _skip(self, args, utc_s, now_ms):
        if utc_s is None:
            return None, DETAIL_NO_TIME
        plan = self._plan_store.plan
        # Outside a window, "this" is the next one.
        run = plan.run_at(utc_s) if args[0] == SKIP_THIS and plan.state(utc_s)[0] else plan.next_run(utc_s)
        if run is None and self._arbiter.claims.target.state:
            run = 0, 0   # it ends the target
        return (None, DETAIL_NO_PLAN) if run is None else (run, 0)

    def _set_current(self, args, utc_s, now_ms):
        amps = args[0] // 10
        if self._exceeds(amps):
            return None, DETAIL_BAD_ARGUMENT
        detail = self._site.change(((CURRENT_LIMIT, amps),), now_ms)
        return (None, detail) if detail else (args, 0)

    def _exceeds(self, amps):
        """Is it more than the box allows? As long as it has not said what it does: more than boxes usually do."""
        most_da = da_of_duty(self._box.box_limit_duty or 0)
        return amps * 10 > most_da if most_da else amps > USUAL_MOST_A


def _verdict(detail):
    return (REFUSED, detail) if detail else (DONE, DETAIL_NONE)
