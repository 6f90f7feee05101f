"""The API's routes. It reads; each request sees one state of the store."""
import datetime
import re
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.responses import JSONResponse

from home import time_zones
from home.access import access, login
from home.api import models
from home.report import Report
from home.store import queries
from home.store.database import StoreFailed, reading
from home.web import pages

VERSION = "1"
PROBLEMS = {status: {"model": models.Problem} for status in (400, 401, 404, 503)}
HIDDEN = ("type", "device")      # of a status' own words
_DAY = datetime.timedelta(1)
# What a calendar and every database can calculate with.
_FIRST, _LAST = datetime.datetime(1971, 1, 1, tzinfo=datetime.timezone.utc), datetime.datetime(9998, 1, 1, tzinfo=datetime.timezone.utc)

DeviceName = Annotated[str | None, Query(description="name or id; not needed where there is one only", max_length=200)]
# For the document alone: what does not fit is answered with a sentence.
_PATTERN = {"pattern": r"^(19[89]|20\d)\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(Z|[+-]0\d:00))?$"}
From = Annotated[str | None, Query(alias="from", description="a local day, as 2026-01-31, or an instant with offset", json_schema_extra=_PATTERN)]
To = Annotated[str | None, Query(description="a local day, which is included, or an instant with offset", json_schema_extra=_PATTERN)]


def app(service, extra=()):
    """The application over a home.service.Service: API and pages. extra: further home.web.pages.Page."""
    made = FastAPI(title="EV charger at home", version=VERSION, docs_url=None, redoc_url=None, dependencies=[Depends(access.guard)])
    made.add_middleware(access.Access, web=service.settings.web)
    made.add_exception_handler(StoreFailed, _store_failed)
    _add_routes(made, service)
    login.add_login(made)
    pages.add_pages(made, service, extra)
    return made


def _add_routes(made, service):
    settings = service.settings

    def chosen(name):
        if name is None:
            if len(settings.devices) > 1:
                raise HTTPException(400, f"device: say which: {', '.join(device.name for device in settings.devices)}")
            return settings.devices[0]
        device = settings.device(name)
        if device is None:
            raise HTTPException(404, "device: there is none of that name")
        return device

    @made.get("/api/v1/devices", responses=PROBLEMS)
    def devices() -> list[models.Device]:
        """The devices of this house."""
        with reading(service.engine) as connection:
            return [models.Device(
                name=device.name, id=device.id, network=device.network, place=device.place, network_connected=service.is_up[device.network],
                heard_at=_iso(queries.last_heard_ms(connection, service.key(device)), device.timezone)) for device in settings.devices]

    @made.get("/api/v1/status", responses=PROBLEMS)
    def status(device: DeviceName = None) -> models.Status:
        """What a device said last, how old that is, and its total energy, carried on until now."""
        its = chosen(device)
        key, now_ms = service.key(its), int(1000 * service.clock())
        with reading(service.engine) as connection:
            received_ms, data = queries.newest(connection, key).get("status", (None, {}))
            radio = queries.radio(connection, key)
            total = queries.total_wh(connection, key, now_ms)
        return models.Status(**{
            **{name: value for name, value in data.items() if name not in HIDDEN},
            "device": its.name, "network_connected": service.is_up[its.network],
            "received_at": _iso(received_ms, its.timezone), "age_s": None if received_ms is None else max(now_ms - received_ms, 0) // 1000,
            "energy_total_kwh": None if total is None else round(total / 1000, 3),
            "radio": radio and models.Radio(rssi=radio.rssi, snr=radio.snr, spreading_factor=radio.spreading_factor, gateways=radio.gateways)})

    @made.get("/api/v1/sessions", responses=PROBLEMS)
    def sessions(device: DeviceName = None, first: From = None, to: To = None,
                 vehicle: Annotated[str | None, Query(max_length=80)] = None) -> list[models.Session | models.Gap]:
        """Charging sessions that began in that time, in their order. What is missing is a gap; a record that comes late takes its place."""
        its = chosen(device)
        with reading(service.engine) as connection:
            return Report(connection, settings, its, service.key(its)).sessions(*_bounds(first, to, its.timezone), vehicle)

    @made.get("/api/v1/months", responses=PROBLEMS)
    def months(device: DeviceName = None, first: From = None, to: To = None,
               vehicle: Annotated[str | None, Query(max_length=80)] = None) -> list[models.Month]:
        """Totals of each month in which a session began."""
        its = chosen(device)
        with reading(service.engine) as connection:
            return Report(connection, settings, its, service.key(its)).months(*_bounds(first, to, its.timezone), vehicle)

    @made.get("/api/v1/events", responses=PROBLEMS)
    def events(device: DeviceName = None, first: From = None, to: To = None) -> list[models.Event]:
        """What the device found worth telling, by the time it was received."""
        its = chosen(device)
        with reading(service.engine) as connection:
            rows = queries.events_between(connection, service.key(its), *_bounds(first, to, its.timezone))
        return [models.Event(
            received_at=_iso(row.received_ms, its.timezone), event_at=_iso(row.at_ms, its.timezone), event=row.event, number=row.number,
            code=row.code, reason=row.reason, kwh=None if row.wh is None else row.wh / 1000, minutes=row.minutes) for row in rows]


def _store_failed(request, problem):
    return JSONResponse({"detail": str(problem)}, 503)


def _bounds(first, to, tz):
    """[begin, end) in UTC milliseconds."""
    return (0 if first is None else _ms("from", first, tz, False)), (1 << 62 if to is None else _ms("to", to, tz, True))


def _ms(name, text, tz, is_end):
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            moment = datetime.datetime.combine(datetime.date.fromisoformat(text) + (_DAY if is_end else _DAY * 0), datetime.time(), tz)
        else:
            # In a query a bare + is a blank.
            moment = datetime.datetime.fromisoformat(text.replace(" ", "+"))
        if moment.tzinfo is None or not _FIRST < moment < _LAST:
            raise ValueError
    except (ValueError, OverflowError):
        raise HTTPException(400, f"{name}: must be a day, as 2026-01-31, or an instant with offset, as 2026-01-31T07:30:00+01:00") from None
    return int(1000 * moment.timestamp())


def _iso(ms, tz):
    return None if ms is None else time_zones.iso(ms // 1000, tz)
