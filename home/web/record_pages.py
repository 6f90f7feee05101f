"""The routes beside the pages of records: one session, downloads, and what is typed in by hand."""
import datetime
import re

from fastapi import HTTPException, Request
from fastapi.responses import Response

from home import bug_report, export
from home.store.database import reading
from home.web.views import one_session, sessions
from home.web.words import N_

NUMBER_MAX = 1 << 40
KINDS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
NOT_KEPT = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def add(app, drawer):
    service = drawer.service
    sessions_page = next(page for page in drawer.pages if page.name == "sessions")

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

    @app.get("/sessions/{number}", include_in_schema=False)
    def session(request: Request, number: int) -> Response:
        return drawer.page(request, of_session(sessions_page, number))

    @app.get("/history/report.json", include_in_schema=False)
    def report() -> Response:
        with reading(service.engine) as connection:
            text = bug_report.text(connection, service, int(1000 * service.clock()))
        return file(text, "json", "ev-charger-report.json")


def file(text, format, name):
    """An answer that the browser keeps as a file. name: of letters, digits, points and dashes."""
    return Response(text, media_type=KINDS[format], headers={**NOT_KEPT, "Content-Disposition": f'attachment; filename="{name}"'})


def of_session(page, number):
    """The page of that session."""
    def gather(its):
        found = one_session.gather(its, number) if 0 <= number < NUMBER_MAX else None
        if found is None:
            raise HTTPException(404, its.words(N_("There is no session of that number.")))
        return found
    return type(page)(page.name, page.path, page.title, gather, page.is_first, "session.html")


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
