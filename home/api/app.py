"""The API's routes that read; each request sees one state of the store. Those that ask for something: home/api/commands.py."""
from typing import Annotated

from fastapi import Depends, FastAPI, Query
from fastapi.responses import JSONResponse

from home.access import access, login
from home.api import asking, commands, models
from home.api.asking import DeviceName, From, To
from home.report import Report
from home.store import queries
from home.store.database import StoreFailed, reading
from home.web import pages

VERSION = "1"
PROBLEMS = asking.problems(400, 401, 404, 503)
HIDDEN = ("type", "device")      # of a status' own words


def app(service, extra=()):
    """The application over a home.service.Service: API and pages. extra: further home.web.pages.Page."""
    made = FastAPI(title="EV charger at home", version=VERSION, docs_url=None, redoc_url=None, dependencies=[Depends(access.guard)])
    made.add_middleware(access.Access, web=service.settings.web)
    made.add_exception_handler(StoreFailed, _store_failed)
    _add_routes(made, service)
    login.add_login(made)
    made.include_router(commands.router(service))
    pages.add_pages(made, service, extra)
    return made


def _add_routes(made, service):
    settings = service.settings

    def chosen(name):
        return asking.device(settings, name)

    @made.get("/api/v1/devices", responses=PROBLEMS)
    def devices() -> list[models.Device]:
        """The devices of this house."""
        with reading(service.engine) as connection:
            return [models.Device(
                name=device.name, id=device.id, network=device.network, place=device.place, network_connected=service.is_up[device.network],
                heard_at=asking.iso(queries.last_heard_ms(connection, service.key(device)), device.timezone)) for device in settings.devices]

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
            "received_at": asking.iso(received_ms, its.timezone), "age_s": None if received_ms is None else max(now_ms - received_ms, 0) // 1000,
            "energy_total_kwh": None if total is None else round(total / 1000, 3),
            "radio": radio and models.Radio(rssi=radio.rssi, snr=radio.snr, spreading_factor=radio.spreading_factor, gateways=radio.gateways)})

    @made.get("/api/v1/sessions", responses=PROBLEMS)
    def sessions(device: DeviceName = None, first: From = None, to: To = None,
                 vehicle: Annotated[str | None, Query(max_length=80)] = None) -> list[models.Session | models.Gap]:
        """Charging sessions that began in that time, in their order. What is missing is a gap; a record that comes late takes its place."""
        its = chosen(device)
        with reading(service.engine) as connection:
            return Report(connection, settings, its, service.key(its)).sessions(*asking.bounds(first, to, its.timezone), vehicle)

    @made.get("/api/v1/months", responses=PROBLEMS)
    def months(device: DeviceName = None, first: From = None, to: To = None,
               vehicle: Annotated[str | None, Query(max_length=80)] = None) -> list[models.Month]:
        """Totals of each month in which a session began, and of those between that have a base price."""
        its = chosen(device)
        with reading(service.engine) as connection:
            return Report(connection, settings, its, service.key(its)).months(*asking.bounds(first, to, its.timezone), vehicle)

    @made.get("/api/v1/events", responses=PROBLEMS)
    def events(device: DeviceName = None, first: From = None, to: To = None) -> list[models.Event]:
        """What the device found worth telling, by the time it was received."""
        its = chosen(device)
        with reading(service.engine) as connection:
            rows = queries.events_between(connection, service.key(its), *asking.bounds(first, to, its.timezone))
        return [models.Event(
            received_at=asking.iso(row.received_ms, its.timezone), event_at=asking.iso(row.at_ms, its.timezone), event=row.event, number=row.number,
            code=row.code, reason=row.reason, kwh=None if row.wh is None else row.wh / 1000, minutes=row.minutes) for row in rows]


def _store_failed(request, problem):
    return JSONResponse({"detail": str(problem)}, 503)
