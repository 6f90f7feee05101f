"""What a night is planned by: prices with all parts, the car's power, the energy that is left; from the store."""
import datetime
import statistics

from home import time_zones
from home.planning import replan
from home.report import Report
from home.store import commands, queries, span_queries

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
POWER_DAYS = 14
# Less than that is no charging.
FLOWS_W = 1000
VOLTS, USUAL_A = 230, 16


def gather(connection, settings, device, key, departure, now_s):
    """The replan.Facts of a departure of a standing order."""
    now_ms, order = 1000 * now_s, departure.order
    its = tuple(commands.between(connection, key, now_ms - DAY_MS, now_ms + 60_000))
    zone = time_zones.rule(device.timezone)
    newest = span_queries.reading_before(connection, key, now_ms + 1)
    own = replan.unreplaced(replan.own_targets(its, zone, departure.until_s), its, zone, departure.until_s)
    return replan.Facts(
        prices_before(Report(connection, settings, device, key).tariff, order, device.timezone, departure.until_s),
        order.power_kw or usual_power_kw(connection, key, now_ms, order.current_a),
        left_kwh(connection, key, order.kwh, own, newest, now_ms), bool(newest and newest.connected), its, zone,
        queries.last_heard_ms(connection, key))


def prices_before(tariff, order, tz, until_s):
    """{n: price of a kWh or None} of the quarter hours before a departure, in order of time, without those that the order avoids."""
    begins = {n: until_s - n * replan.QUARTER_S for n in range(replan.QUARTERS, 0, -1)}
    return {n: price_at(tariff, begin_s) for n, begin_s in begins.items() if not _is_avoided(order, tz, begin_s)}


def price_at(tariff, begin_s):
    """Of the quarter that begins then, or None; in a zone with odd minutes of the one in which its middle lies."""
    return tariff.price((begin_s + replan.QUARTER_S // 2) // replan.QUARTER_S).kwh


def usual_power_kw(connection, key, now_ms, current_a=None):
    """What the car drew in the last two weeks, the median of readings; before there are any, one phase at the order's current."""
    found = [row.power_w for row in span_queries.readings(connection, key, now_ms - POWER_DAYS * DAY_MS, now_ms) if (row.power_w or 0) >= FLOWS_W]
    return statistics.median(found) / 1000 if found else VOLTS * (current_a or USUAL_A) / 1000


def _is_avoided(order, tz, at_s):
    day = time_zones.utc(at_s).astimezone(tz).date()
    spans = [span for window in order.avoid for near in (1, 0) if (span := window.on(day - datetime.timedelta(near), tz))]
    return any(start_s <= at_s < end_s for start_s, end_s in spans)


def left_kwh(connection, key, kwh, targets, newest, now_ms):
    """Of so much, less what flowed since the device took the first of these targets; nothing where that is not known. newest: reading, or None."""
    taken_ms = min((one.answered_ms for one in targets if one.fate == "done" and one.answered_ms), default=None)
    if taken_ms is None or newest is None or newest.session_wh is None or newest.at_ms <= taken_ms:
        return kwh
    before = span_queries.reading_before(connection, key, taken_ms + 1)
    level_wh, flowed_wh, is_gone = 0, 0, False
    if before:
        level_wh, is_gone = before.session_wh or 0, before.connected is False
    for one in span_queries.readings(connection, key, taken_ms + 1, now_ms + 1):
        is_gone = is_gone or one.connected is False
        if one.session_wh is not None:
            # It stands since the car before, and begins again with the next one. After a power cut of the device it is a little less than before.
            if one.session_wh < (level_wh if is_gone else level_wh / 2):
                level_wh, is_gone = 0, one.connected is False
            flowed_wh += max(one.session_wh - level_wh, 0)
            level_wh = one.session_wh
    # A device tells at once when the power changes, and rarely while it stays.
    since_wh = (newest.power_w or 0) * (now_ms - newest.at_ms) / HOUR_MS
    return max(kwh - (flowed_wh + since_wh) / 1000, 0)
