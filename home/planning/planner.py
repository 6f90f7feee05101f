"""Sends targets for standing orders: lets replan decide by the facts of the night, asks through the desk; in a thread of its own."""
import dataclasses
import datetime
import logging
import threading

from home import plan_preview, readback
from home.commands.desk import Refused
from home.planning import night_facts, page_orders, replan, standing_orders, wishes
from home.store import memory, queries
from home.store.database import StoreFailed, reading, writing

logger = logging.getLogger("home")
LOOK_S = 60
_PROBE = {"target": {"until": "07:30", "kwh": 1, "quarters": [1]}, "id": 1, "issued_at": 1_790_000_000}


def is_possible(formatter):
    """Whether the formatter knows the request, and so the device may."""
    return not formatter.encode_downlink(_PROBE, utc_s=_PROBE["issued_at"]).get("errors")


class Planner:
    """start(), stop(). service: engine, settings, key, desk, changes, notices, clock of home.service.Service."""

    def __init__(self, service):
        self._service = service
        self._heard = {}        # device name -> (departure, decision) of the last look
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="planner", daemon=True)
        self._forget = lambda: None

    def start(self):
        self._forget = self._service.changes.listen(lambda device: self._wake.set())
        self._thread.start()

    def stop(self):
        self._forget()
        self._stopping.set()
        self._wake.set()
        self._thread.join()

    def look(self):
        """Plan each device that has standing orders or a wish, and send what is to be sent. StoreFailed as the store says."""
        for device in self._service.settings.devices:
            self._look_at(device)

    def decided(self, device):
        """(Departure, Decision) of the last look, or None: for who shows the night."""
        return self._heard.get(device.name)

    def _run(self):
        while not self._stopping.is_set():
            try:
                self.look()
                self._service.notices.over("planner")
            except StoreFailed as problem:
                self._service.notices.say("planner", f"{problem}. The night is planned later")
            self._wake.wait(LOOK_S)
            # Many changes at once are one look.
            self._stopping.wait(1)
            self._wake.clear()

    def _look_at(self, device):
        service = self._service
        now_s, key = int(service.clock()), service.key(device)
        with reading(service.engine) as connection:
            departure = wishes.departure(connection, key, device, now_s) or standing_orders.next_departure(
                page_orders.every(connection, service.settings, device, key), device.timezone, now_s, skipped(connection, key))
            if departure is None or departure.until_s - now_s > replan.QUARTERS * replan.QUARTER_S:
                self._heard.pop(device.name, None)
                return
            facts = night_facts.gather(connection, service.settings, device, key, departure, now_s)
            self._compare_zones(device, facts.zone, readback.zone(queries.newest(connection, key)), now_s, departure.until_s)
        decision = replan.decide(departure, facts, now_s)
        self._heard[device.name] = departure, decision
        if decision.request is not None:
            self._ask(device, departure, decision)

    def _compare_zones(self, device, ours, told, now_s, until_s):
        """The device takes "until" by its own clock: in another zone the cheap quarter hours would be others."""
        place = "zone", device.name
        try:
            if told is None or plan_preview.shows_the_same(ours, told, now_s, until_s):
                return self._service.notices.over(place)
        except plan_preview.Wrong:
            return None
        return self._service.notices.say(place, f"{device.name}: timezone is {device.timezone} in home.toml, and the device has {told}:"
                                         " its hours are others than the planner's. Set one of them right")

    def _ask(self, device, departure, decision):
        place = "target", device.name
        try:
            self._service.desk.ask(device, decision.request, replan.PLANNER)
        except Refused as problem:
            self._service.notices.say(place, f"{device.name}: the standing order by {departure.order.by} cannot be sent now. {problem.args[0]}")
            self._heard[device.name] = departure, dataclasses.replace(decision, why="no_room" if problem.why == "budget" else "not_taken")
            return
        self._service.notices.over(place)
        if decision.unknown:
            self._service.notices.say(("prices", device.name), f"{device.name}: {decision.unknown} quarter hours before {departure.order.by} have no"
                                      " price yet; the target names the cheap ones among the others")
        logger.info("%s: a target of %g kWh by %s on %s is on its way, with %d cheap quarter hours", device.name, departure.order.kwh,
                    departure.order.by, departure.day, len(decision.quarters))


def skipped(connection, key):
    """The local days that were left out by hand."""
    return {datetime.date.fromisoformat(day) for day in memory.get(connection, _skips(key), [])}


def skip(engine, insert, key, day, is_skipped, today):
    """Leave that local day out, or not any more. Days that are over are forgotten."""
    with writing(engine) as connection:
        days = {one for one in skipped(connection, key) if one >= today}
        days = days | {day} if is_skipped else days - {day}
        memory.put(connection, insert, _skips(key), sorted(one.isoformat() for one in days))


def _skips(key):
    return f"planning/skips/{key}"
