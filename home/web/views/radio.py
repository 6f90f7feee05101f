"""The page of the radio: how well the device is heard, by which gateways, and what of the day's airtime and downlinks is spent."""
import dataclasses

from home.language.words import N_
from home.network import kinds
from home.store import commands, queries, span_queries
from home.web import moments, plot
from home.web.views import parts

DAYS = (1, 7, 30)
GATEWAYS_OF = 100        # of so many newest uplinks the gateways are listed
RSSI, SNR, FACTOR = N_("Signal strength (RSSI)"), N_("Signal to noise (SNR)"), N_("Spreading factor")
TIME = N_("Time")
UP, UP_SINCE = N_("The connection to %(network)s is up."), N_("The connection to %(network)s is up since %(moment)s.")
DOWN_SINCE = N_("The connection to %(network)s is down since %(moment)s: what is sent now is fetched later, where the network stores it.")
# Where the network keeps none for later.
DOWN_AND_LOST = N_("The connection to %(network)s is down since %(moment)s: what is sent now is lost, but for the sessions, which the device keeps.")
NEVER_UP = N_("There has been no connection to %(network)s since the service started.")
# Of a network that does not say what it took.
SILENT = N_("It says nothing of a request until it sends it. What its codec refuses stands in its own log alone, and what it keeps cannot be"
            " taken back.")


@dataclasses.dataclass(frozen=True)
class Budget:
    """used of most, as words and as a value for <meter>. most: None where the network has no such limit."""
    used: str
    value: float
    most: int | None
    is_near: bool
    own: str = ""       # what the device says of the same


@dataclasses.dataclass(frozen=True)
class Gateway:
    name: str
    uplinks: str
    rssi: str
    snr: str
    heard: str


@dataclasses.dataclass(frozen=True)
class Chart:
    name: str
    label: str
    now: str
    lines: list
    y: list
    x: list
    script: dict
    amperes: tuple = ()
    bands: tuple = ()


@dataclasses.dataclass(frozen=True)
class Page:
    heard: str
    heard_iso: str
    heard_ms: int | None
    network: str
    silent: str
    is_up: bool
    airtime: Budget
    downlinks: Budget
    missed: str
    is_missed: bool
    charts: list
    gateways: list
    days: int
    day_choices: tuple
    counters: list


def gather(look):
    connection, key, tz, now_ms, _ = look.connection, look.key, look.tz, look.now_ms, look.words
    days = chosen_days(look.query.get("days"))
    begin_ms = now_ms - days * moments.DAY_MS
    rows = span_queries.receptions(connection, key, begin_ms, now_ms + 1)
    day = rows if days == 1 else [row for row in rows if row.received_ms >= now_ms - moments.DAY_MS]
    newest = span_queries.newest_uplinks(connection, key, GATEWAYS_OF)
    device = parts.part(queries.newest(connection, key), "device", "radio")
    missed_of = missed(rows)
    last = newest[0][0] if newest else None
    room = kinds.of(look.network)
    its = Page(
        heard=moments.age(last.received_ms, now_ms, _) if last else _("Nothing was heard of the device yet."),
        heard_iso=moments.iso(last.received_ms) if last else "", heard_ms=last.received_ms if last else None,
        network=network_sentence(look, _), silent="" if room.SAYS_QUEUED else _(SILENT), is_up=look.service.is_up[look.device.network],
        airtime=airtime(day, device, room.LIMITS.airtime_s, now_ms, _),
        downlinks=downlinks(commands.downlinks_24h(connection, key, now_ms), device, room.LIMITS.downlinks, now_ms, _),
        missed=missed_sentence(*missed_of, days, _), is_missed=bool(missed_of[0]) and missed_of[0] * 10 > missed_of[1],
        charts=charts(rows, begin_ms, now_ms, tz, _) if rows else [],
        gateways=gateways([(row, room.gateways(message)) for row, message in newest], now_ms, _), days=days, day_choices=DAYS,
        counters=counters(device, _))
    return {"its": its}


def chosen_days(text):
    return int(text) if text in map(str, DAYS) else DAYS[1]


def network_sentence(look, _):
    """Whether the line to the network is up, and since when."""
    name = look.device.network
    since_ms = look.service.line_since_ms.get(name)
    values = {"network": name, "moment": moments.at(since_ms, look.now_ms, look.tz, _) if since_ms else ""}
    if look.service.is_up[name]:
        return _(UP_SINCE if since_ms else UP, **values)
    if since_ms:
        return _(DOWN_SINCE if kinds.of(look.network).KEEPS_UPLINKS else DOWN_AND_LOST, **values)
    return _(NEVER_UP, **values)


def airtime(day, device, most_s, now_ms, _):
    used_s = sum(row.airtime_ms or 0 for row in day) / 1000
    own = ""
    if device and isinstance(device.data.get("airtime_s"), (int, float)):
        own = _("The device itself counts %(n)s s, all that it sent included (%(age)s).", n=_.number(device.data["airtime_s"], 1),
                age=moments.age(device.received_ms, now_ms, _))
    if most_s is None:
        return Budget(_("%(used)s s", used=_.number(used_s, 1)), used_s, None, False, own)
    return Budget(_("%(used)s of %(most)s s", used=_.number(used_s, 1), most=most_s), min(used_s, most_s), most_s, used_s > 0.8 * most_s, own)


def downlinks(count, device, most, now_ms, _):
    own = ""
    if device and isinstance(device.data.get("downlinks"), int):
        own = _("The device itself received %(n)s (%(age)s).", n=device.data["downlinks"], age=moments.age(device.received_ms, now_ms, _))
    if most is None:
        return Budget(_.number(count), count, None, False, own)
    return Budget(_("%(used)s of %(most)s", used=count, most=most), min(count, most), most, count > 0.8 * most, own)


def session_of(row):
    """The LoRaWAN session of a reception; None where the network does not tell."""
    session, slash, _count = row.identity.rpartition("/")
    return session if slash else None


def missed(rows):
    """(frames missed, frames sent) by the gaps in the frame counters within each LoRaWAN session."""
    counts = {}
    for row in rows:
        if session_of(row) is not None:
            counts.setdefault(session_of(row), set()).add(row.f_cnt)
    sent = sum(max(its) - min(its) + 1 for its in counts.values())
    return sent - sum(map(len, counts.values())), sent


def missed_sentence(lost, sent, days, _):
    if not sent:
        return _("In this time nothing was heard.")
    span = moments.span(days * moments.DAY_MS, _)
    if not lost:
        return _("Of %(sent)s frames in %(span)s none was missed.", sent=_.number(sent), span=span)
    return _("Of %(sent)s frames in %(span)s, %(lost)s were missed: %(share)s %%.", sent=_.number(sent), span=span, lost=_.number(lost),
             share=_.number(100 * lost / sent, 1))


def gateways(newest, now_ms, _):
    """Those that heard the newest uplinks, the one that heard most first. newest: [(row, [(name, rssi, snr)])]."""
    found = {}
    for row, received in newest:
        for name, rssi, snr in received:
            its = found.setdefault(name, {"count": 0, "rssi": [], "snr": [], "ms": row.received_ms})
            its["count"] += 1
            its["rssi"] += [rssi] if rssi is not None else []
            its["snr"] += [snr] if snr is not None else []
    return [Gateway(name, _("%(n)s of %(all)s", n=its["count"], all=len(newest)), best(its["rssi"], "dBm", _), best(its["snr"], "dB", _),
                    moments.age(its["ms"], now_ms, _)) for name, its in sorted(found.items(), key=lambda one: (-one[1]["count"], one[0]))]


def best(values, unit, _):
    return f"{_.number(max(values), 1 if unit == 'dB' else 0)} {unit}" if values else _("not known")


def charts(rows, begin_ms, end_ms, tz, _):
    """RSSI, SNR and spreading factor, one above the other over the same time."""
    found = []
    rows_of = (("rssi", RSSI, "%s dBm", 0), ("snr", SNR, "%s dB", 1), ("spreading_factor", FACTOR, "SF%s", 0))
    for name, label, shown, digits in rows_of:
        points = [(row.received_ms, value) for row in rows if (value := getattr(row, name)) is not None]
        if not points:
            continue
        low, high = (5, 13) if name == "spreading_factor" else plot.scale([value + away for ms, value in points for away in (-1, 1)], from_zero=False)
        series = plot.Series(name, _(label), shown.partition(" ")[2], points, low, high, is_dots=True)
        found.append(Chart(
            name, _(label), shown % _.number(points[-1][1], digits), [plot.line(series, begin_ms, end_ms)],
            plot.tick_words(low, high, _.number), axis(begin_ms, end_ms, tz, _),
            plot.aligned([series], begin_ms, end_ms, moments.local(end_ms, tz).utcoffset().total_seconds(), _(TIME))))
    return found


def axis(begin_ms, end_ms, tz, _):
    """Five texts below a plot: clocks within a day, else days."""
    ticks = plot.x_ticks(begin_ms, end_ms)
    if end_ms - begin_ms <= moments.DAY_MS:
        return [moments.clock(ms, tz) for ms in ticks]
    return [_.date(moments.local(ms, tz), "d MMM") for ms in ticks]


def counters(device, _):
    """[(label, value)] of what the device says about its radio."""
    if device is None:
        return []
    data = device.data
    rows = ((N_("Joins"), "joins", ""), (N_("Uplinks of 24 h"), "uplinks", ""), (N_("Downlinks of 24 h"), "downlinks", ""),
            (N_("Data rate (index of the region)"), "data_rate", ""), (N_("Drift of its clock"), "clock_drift_ppm", "ppm"))
    return [(_(label), f"{data[name]} {unit}".strip()) for label, name, unit in rows if isinstance(data.get(name), (int, float))]
