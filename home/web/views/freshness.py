"""Whether what a page shows may be believed: when the device was heard last, and whether anything could be heard at all."""
import dataclasses

from home.language.words import N_
from home.web import moments


@dataclasses.dataclass(frozen=True)
class Line:
    """heard_ms: of the newest uplink, None: never; is_old: more than a heartbeat ago; alerts: sentences that stand above everything."""
    heard_ms: int | None
    is_old: bool
    heard_at: str
    age: str
    alerts: tuple


def line(service, device, heard_ms, now_ms, _):
    """The Line of a device."""
    since_ms = service.line_since_ms.get(device.network, service.started_ms)
    return of(heard_ms, service.is_up[device.network], since_ms, service.started_ms, now_ms, device.timezone, _)


def of(heard_ms, is_up, since_ms, started_ms, now_ms, tz, _):
    """heard_ms: None never; is_up: whether the line to the network stands, since since_ms; started_ms: of the service."""
    alerts = []
    if not is_up:
        alerts.append(_(DOWN_SINCE, at=moments.at(since_ms, now_ms, tz, _), span=moments.span(now_ms - since_ms, _)))
    if heard_ms is None:
        return Line(None, True, "", "", (*alerts, _(NEVER)))
    is_old = now_ms - heard_ms > moments.OLD_MS
    heard_at = moments.at(heard_ms, now_ms, tz, _)
    if is_old:
        alerts.append(_(OLD, at=heard_at, span=moments.span(now_ms - heard_ms, _)))
        if is_up and started_ms > heard_ms:
            alerts.append(_(STARTED, at=moments.at(started_ms, now_ms, tz, _)))
    return Line(heard_ms, is_old, heard_at, moments.age(heard_ms, now_ms, _), tuple(alerts))


NEVER = N_("Nothing was heard of this device yet.")
OLD = N_("Nothing heard since %(at)s, for %(span)s: what is below is old.")
DOWN_SINCE = N_("No connection to the LoRaWAN network since %(at)s, for %(span)s.")
STARTED = N_("This service has been running since %(at)s only: what came before may be missing.")
