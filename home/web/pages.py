"""The routes of the pages. A page is a row: where it is, its name, its template, and what gathers its values."""
import dataclasses
import typing

from fastapi import HTTPException, Request
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from fastapi.responses import RedirectResponse, Response

from home.access import access
from home.language.words import N_
from home.store import queries
from home.store.database import StoreFailed, reading
from home.web import command_routes, drawing, live, message_routes, moments, record_routes, request_context, static_files, target_routes
from home.web.views import device, devices, freshness, history, more, now, radio, sessions, tonight


@dataclasses.dataclass(frozen=True)
class Page:
    """gather(Look) -> the template's values. is_first: in the bar of a phone; the others are under More. folder: of templates of its own."""
    name: str
    path: str
    title: str
    gather: typing.Callable
    is_first: bool = False
    drawn_by: str = ""      # its template, where that is not of its name
    folder: str = ""

    @property
    def template(self):
        return self.drawn_by or f"{self.name}.html"


PAGES = (
    Page("now", "/", N_("Now"), now.gather, True),
    Page("tonight", "/tonight", N_("Tonight"), tonight.gather, True),
    Page("sessions", "/sessions", N_("Sessions"), sessions.gather, True),
    Page("history", "/history", N_("History"), history.gather, True),
    Page("radio", "/radio", N_("Radio"), radio.gather),
    Page("device", "/device", N_("Device"), device.gather),
    Page("devices", "/devices", N_("All devices"), devices.gather),
    Page("more", "/more", N_("More"), more.gather, True),
)


NO_PAGE = N_("There is no such page here.")
NO_DEVICE = "device: there is none of that name"
STORE_FAILED = N_("The store of this service cannot be read now: %(problem)s. Try again later.")
NOT_DONE = N_("The store of this service cannot be used now: %(problem)s. What you asked for was not done.")
# What a browser's reader sees of what a program is told.
SENTENCES = {
    "Not Found": NO_PAGE,
    "Method Not Allowed": N_("This address cannot be asked like that. Go to a page, and press there."),
    NO_DEVICE: N_("There is no device of that name here."),
}


def add_pages(app, service, extra=()):
    """Add the pages to a FastAPI application. extra: further Pages, as of a simulated garage; they stand in the navigation, too."""
    every = (*PAGES, *extra)
    drawer = Drawer(service, every)
    app.state.drawer = drawer
    for page in every:
        app.add_api_route(page.path, _route(drawer, page), methods=["GET"], include_in_schema=False, name=page.name)

    record_routes.add(app, drawer)

    @app.get("/static/{version}/{name:path}", include_in_schema=False)
    def static(version: str, name: str) -> Response:
        return static_files.answer(version, name)

    command_routes.add_presses(app, drawer)
    target_routes.add_targets(app, drawer)
    live.add_live(app, drawer)
    message_routes.add_messages(app, drawer)
    _show_errors(app, drawer)


def _route(drawer, page):
    def route(request: Request) -> Response:
        if page.path == "/" and "device" not in request.query_params and len(drawer.service.settings.devices) > 1:
            return RedirectResponse("/devices", 303)
        return drawer.page(request, page)
    return route


class Drawer:
    """Draws pages of one service."""

    def __init__(self, service, pages):
        self.service = service
        self.pages = pages

    def page(self, request, page, status=200, gather=None, **more_values):
        """A page as an answer. gather: instead of the page's own; more_values: for its template, beside what it gathers."""
        device = self.device(request)
        is_live = request.method == "GET"       # what a press led to stays as it is until somebody goes on
        url = f"{request.url.path}?{request.url.query}" if is_live else drawing.link(page.path, request.query_params.get("device"))
        listened = device.name if len(self.service.settings.devices) > 1 and page.name != "devices" else None
        since = self.service.changes.number(listened)       # before anything is read
        with reading(self.service.engine) as connection:
            its = self.look(request, device, connection)
            values = {"notice": None, "listened": listened, "since": since, "path": page.path, "url": url, "is_live": is_live,
                      **self._frame(its, page), **(gather or page.gather)(its), **more_values}
        return drawing.drawn(request, page.template, values, status, page.folder)

    def problem(self, request, status, sentence):
        """A page that has one sentence."""
        values = {"page": None, "pages": self.pages, "device": None, "devices": self.service.settings.devices, "name": None, "path": "/",
                  "sentence": sentence, "notice": None}
        return drawing.drawn(request, "problem.html", values, status)

    def device(self, request):
        """Which one the address names; the first if it names none. HTTPException 404 if there is none of that name."""
        name = request.query_params.get("device")
        found = self.service.settings.devices[0] if name is None else self.service.settings.device(name)
        if found is None:
            raise HTTPException(404, NO_DEVICE)
        return found

    def look(self, request, device, connection):
        return request_context.Look(
            self.service, connection, device, self.service.key(device), int(1000 * self.service.clock()), request_context.words_of(request),
            request.query_params, request_context.person(request))

    def _frame(self, its, page):
        """What stands around every page."""
        devices = self.service.settings.devices
        return {
            "page": page, "pages": self.pages, "device": its.device, "devices": devices, "name": its.device.name,
            "now_ms": its.now_ms, "clock": moments.clock(its.now_ms, its.tz), "offset": moments.offset(its.now_ms, its.tz),
            "line": freshness.line(its.service, its.device, queries.last_heard_ms(its.connection, its.key), its.now_ms, its.words),
        }


def _show_errors(app, drawer):
    """A browser gets an error as a page, a program as JSON."""
    as_json = {kind: handler for kind, handler in app.exception_handlers.items() if kind in (StarletteHTTPException, StoreFailed)}

    def is_program(request):
        return request.url.path.startswith(("/api/", "/openapi.json")) or "text/html" not in request.headers.get("accept", "")

    async def http(request, problem):
        if is_program(request):
            return await as_json[StarletteHTTPException](request, problem)
        if isinstance(problem, access.Refused):
            sentence = request_context.words_of(request)(problem.message, **problem.values)
        else:
            sentence = request_context.words_of(request).known(SENTENCES, str(problem.detail), "%(word)s")
        return drawer.problem(request, problem.status_code, sentence)

    async def not_understood(request, problem):
        if is_program(request):
            return await request_validation_exception_handler(request, problem)
        return drawer.problem(request, 404, request_context.words_of(request)(NO_PAGE))

    def store(request, problem):
        if is_program(request):
            return as_json[StoreFailed](request, problem)
        message = STORE_FAILED if request.method in access.READING else NOT_DONE
        return drawer.problem(request, 503, request_context.words_of(request)(message, problem=str(problem).removeprefix("the store: ")))

    app.add_exception_handler(StarletteHTTPException, http)
    app.add_exception_handler(RequestValidationError, not_understood)
    app.add_exception_handler(StoreFailed, store)
