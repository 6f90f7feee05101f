"""Sends targets for standing orders: gathers facts, lets replan decide, asks through the desk; in a thread of its own."""
import datetime
import logging
import statistics
import threading

from home import time_zones
from home.commands.desk import Refused
from home.planning import replan, standing_orders, wishes
from home.report import Report
from home.store import commands, memory, queries, span_queries
from home.store.database import StoreFailed, reading, writing

logger = logging.getLogger("home")
LOOK_S = 60
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
POWER_DAYS = 14
# Less than that is no charging.
FLOWS_W = 1000
VOLTS, USUAL_A = 230, 16
_PROBE = {"target": {"until": "07:30", "kwh": 1, "quarters": [1]}, "id": 1, "issued_at": 1_790_000_000}


def is_possible(formatter):
    """Whether the formatter knows the request, and so the device may."""
    return not formatter.encode_downlink(_PROBE, utc_s=_PROBE["issued_at"]).get("errors")


class Planner:
    """start(), stop(). service: engine, settings, key, desk, changes, notices, clock of home.service.Service."""

    def __init__(self, service):
        self._service = service
        self._heard = {}        # device name -> (facts, departure) that were decided last, and what was decided
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
            self._look_at(device, [order for order in self._service.settings.standing_orders if order.device == device.name])

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

    def _look_at(self, device, orders):
        service = self._service
        now_s, key = int(service.clock()), service.key(device)
        with reading(service.engine) as connection:
            departure = wishes.departure(connection, key, device, now_s) or standing_orders.next_departure(
                orders, device.timezone, now_s, skipped(connection, key))
            if departure is None or departure.until_s - now_s > replan.QUARTERS * replan.QUARTER_S:
                self._heard.pop(device.name, None)
                return
            facts = self._facts(connection, device, key, departure, now_s)
        decision = replan.decide(departure, facts, now_s)
        self._heard[device.name] = departure, decision
        if decision.request is not None:
            self._ask(device, departure, decision)

    def _ask(self, device, departure, decision):
        place = "target", device.name
        try:
            self._service.desk.ask(device, decision.request, replan.PLANNER)
        except Refused as problem:
            self._service.notices.say(place, f"{device.name}: the standing order by {departure.order.by} cannot be sent now. {problem.args[0]}")
            return
        self._service.notices.over(place)
        if decision.unknown:
            self._service.notices.say(("prices", device.name), f"{device.name}: {decision.unknown} quarter hours before {departure.order.by} have no"
                                      " price yet; the target names the cheap ones among the others")
        logger.info("%s: a target of %g kWh by %s on %s is on its way, with %d cheap quarter hours", device.name, departure.order.kwh,
                    departure.order.by, departure.day, len(decision.quarters))

    def _facts(self, connection, device, key, departure, now_s):
        now_ms, order = 1000 * now_s, departure.order
        its = tuple(commands.between(connection, key, now_ms - DAY_MS, now_ms + 60_000))
        zone = time_zones.rule(device.timezone)
        tariff = Report(connection, self._service.settings, device, key).tariff
        newest = span_queries.reading_before(connection, key, now_ms + 1)
        left_kwh = max(order.kwh - _delivered_kwh(connection, key, replan.own_targets(its, zone, departure.until_s), newest, now_ms), 0)
        power_kw = order.power_kw or usual_power_kw(connection, key, now_ms, order.current_a)
        begins = {n: departure.until_s - n * replan.QUARTER_S for n in range(replan.QUARTERS, 0, -1)}
        prices = {n: _price(tariff, begin_s) for n, begin_s in begins.items() if not _is_avoided(order, device.timezone, begin_s)}
        return replan.Facts(prices, power_kw, left_kwh, bool(newest and newest.connected), its, zone,
                            queries.last_heard_ms(connection, key))


def usual_power_kw(connection, key, now_ms, current_a=None):
    """What the car drew in the last two weeks, the median of readings; before there are any, one phase at the order's current."""
    found = [row.power_w for row in span_queries.readings(connection, key, now_ms - POWER_DAYS * DAY_MS, now_ms) if (row.power_w or 0) >= FLOWS_W]
    return statistics.median(found) / 1000 if found else VOLTS * (current_a or USUAL_A) / 1000


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


def _price(tariff, begin_s):
    """Of the quarter that begins then, or None; in a zone with odd minutes of the one in which its middle lies."""
    return tariff.price((begin_s + replan.QUARTER_S // 2) // replan.QUARTER_S).kwh


def _is_avoided(order, tz, at_s):
    day = time_zones.utc(at_s).astimezone(tz).date()
    spans = [span for window in order.avoid for near in (1, 0) if (span := window.on(day - datetime.timedelta(near), tz))]
    return any(start_s <= at_s < end_s for start_s, end_s in spans)


def _delivered_kwh(connection, key, own, newest, now_ms):
    """What flowed since the device took the first target of that night; 0 where that is not known."""
    taken_ms = min((one.answered_ms for one in own if one.fate == "done" and one.answered_ms), default=None)
    if taken_ms is None or newest is None or newest.session_wh is None or newest.at_ms <= taken_ms:
        return 0.0
    before = span_queries.reading_before(connection, key, taken_ms + 1)
    began_wh = before.session_wh if before and before.session_wh is not None and before.session_wh <= newest.session_wh else 0
    # A device tells at once when the power changes, and rarely while it stays.
    since_wh = (newest.power_w or 0) * (now_ms - newest.at_ms) / HOUR_MS
    return (newest.session_wh - began_wh + since_wh) / 1000
