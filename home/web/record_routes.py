"""The routes beside the pages of records: one session, downloads, and what is typed in by hand."""
import datetime
import re
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from home import bug_report, corrections, export
from home.commands.desk import Refused
from home.language.words import N_
from home.store.database import reading
from home.web import command_routes, drawing, request_context
from home.web.views import device as device_view
from home.web.views import one_session, sessions

Fields = Annotated[dict, Depends(command_routes.form)]
KINDS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
NOT_KEPT = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
NO_MOMENT = N_("The moment must be a date and a time, as 2026-01-31T07:30, and not in the future.")
NO_ENERGY = N_("The meter's figure must be a number of kWh.")
LONG_NAME = N_("The name of a vehicle has at most 80 characters.")
NO_SESSION = N_("There is no session of that number.")
NO_VALUE = N_("This setting has no such value: %(title)s. Nothing was sent.")
NOTHING_CHANGED = N_("Nothing was changed, so nothing was sent.")


class Wrong(ValueError):
    """What was typed in cannot be used; args: a message and its values."""


def add(app, drawer):
    """Add the routes."""
    add_files(app, drawer)
    add_presses(app, drawer)
    sessions_page = next(page for page in drawer.pages if page.name == "sessions")

    # Behind those with a word in that place.
    @app.get("/sessions/{number}", include_in_schema=False)
    def session(request: Request, number: int) -> Response:
        return drawer.page(request, of_session(sessions_page, number))


def add_files(app, drawer):
    """Add what a browser keeps as a file."""
    service = drawer.service

    @app.get("/sessions/download", include_in_schema=False)
    def download(request: Request, what: str = "sessions", format: str = "csv", period: str = "all") -> Response:
        device = drawer.device(request)
        if what not in ("sessions", "months") or format not in KINDS:
            raise HTTPException(400, "what is sessions or months, format is csv or json")
        first, last = days_of(period)
        with reading(service.engine) as connection:
            rows = export.rows(what, connection, service.settings, device, service.key(device), first, last)
        text = export.as_csv(what, rows) if format == "csv" else export.as_json(rows)
        return file(text, format, f"{what}-{period}.{format}")

    @app.get("/history/report.json", include_in_schema=False)
    def report() -> Response:
        with reading(service.engine) as connection:
            text = bug_report.text(connection, service, int(1000 * service.clock()))
        return file(text, "json", "ev-charger-report.json")


def add_presses(app, drawer):
    """Add what is typed in by hand: the vehicle of a session, a meter's reading, settings of the device."""
    service = drawer.service
    named = {page.name: page for page in drawer.pages}

    def done(request, page, back, act):
        """Do it and lead back; or the page, which says why not."""
        try:
            act(request_context.words_of(request))
        except (Wrong, Refused, corrections.NotThere) as problem:
            return drawer.page(request, page, 409, notice=why_not(drawer, request, problem))
        return RedirectResponse(drawing.link(back, request.query_params.get("device")), 303)

    @app.post("/sessions/{number}/vehicle", include_in_schema=False)
    def vehicle(request: Request, number: int, fields: Fields) -> Response:
        device = drawer.device(request)

        def act(_):
            name = fields.get("vehicle", "").strip()
            if not corrections.is_vehicle(name):
                raise Wrong(LONG_NAME, {})
            who = request_context.person(request).name
            corrections.assign(service.engine, service.key(device), min(number, corrections.NUMBER_MAX), name or None, now_ms(service), who)
            service.changes.tell(device.name)
        return done(request, of_session(named["sessions"], number), f"/sessions/{number}", act)

    @app.post("/sessions/meter", include_in_schema=False)
    def meter(request: Request, fields: Fields) -> Response:
        device = drawer.device(request)

        def act(_):
            at_ms = moment_ms(fields.get("at", ""), device.timezone, now_ms(service))
            wh = read_wh(fields.get("kwh", ""))
            corrections.read_meter(service.engine, service.key(device), at_ms, wh, now_ms(service), request_context.person(request).name)
        return done(request, named["sessions"], "/sessions", act)

    @app.post("/device/settings", include_in_schema=False)
    def settings(request: Request, fields: Fields) -> Response:
        device = drawer.device(request)

        def act(_):
            changes, wrong = device_view.changes_of(fields)
            if wrong:
                raise Wrong(NO_VALUE, {"title": ", ".join(_(setting.title) for setting in wrong)})
            if not changes:
                raise Wrong(NOTHING_CHANGED, {})
            service.desk.ask(device, {"settings": changes}, request_context.person(request).name)
        return done(request, named["device"], "/device", act)


def why_not(drawer, request, problem):
    """Why something is not done, in one sentence of the reader's language."""
    _ = request_context.words_of(request)
    if isinstance(problem, Wrong):
        return _(problem.args[0], **problem.args[1])
    if isinstance(problem, corrections.NotThere):
        return _(NO_SESSION)
    return command_routes.refusal(problem, drawer.device(request).timezone, drawer.service.clock(), _)


def now_ms(service):
    return int(1000 * service.clock())


def moment_ms(text, tz, now_ms):
    """UTC milliseconds of a local time as a form has it. Wrong where it is none, or to come."""
    try:
        return corrections.moment_ms(text, tz, now_ms)
    except ValueError:
        raise Wrong(NO_MOMENT, {}) from None


def read_wh(text):
    """Wh of a figure in kWh. Wrong where it is none."""
    try:
        return corrections.wh_of(text)
    except ValueError:
        raise Wrong(NO_ENERGY, {}) from None


def file(text, format, name):
    """An answer that the browser keeps as a file. name: of letters, digits, points and dashes."""
    return Response(text, media_type=KINDS[format], headers={**NOT_KEPT, "Content-Disposition": f'attachment; filename="{name}"'})


def of_session(page, number):
    """The page of that session."""
    def gather(its):
        found = one_session.gather(its, number) if 0 <= number < corrections.NUMBER_MAX else None
        if found is None:
            raise HTTPException(404, its.words(NO_SESSION))
        return found
    return type(page)(page.name, f"/sessions/{number}", page.title, gather, page.is_first, "session.html")


def days_of(period):
    """(first, last) local day of "2026-10", "2026" or "all"."""
    if period == "all":
        return None, None
    found = re.fullmatch(r"(\d{4})(?:-(\d\d))?", period, re.ASCII)
    try:
        year, month = int(found[1]), found[2] and int(found[2])
        first = datetime.date(year, month or 1, 1)
        after = datetime.date(*sessions.next_month(year, month), 1) if month else datetime.date(year + 1, 1, 1)
    except (TypeError, ValueError):
        raise HTTPException(400, "period is a month as 2026-10, a year as 2026, or all") from None
    return first, after - datetime.timedelta(1)
