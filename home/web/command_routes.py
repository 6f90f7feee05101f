"""The routes of what pages ask of a device: a press is handed to the desk, and the browser led back to the page, where its fate is shown."""
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response

from home.commands.desk import Refused
from home.language.words import N_
from home.store.database import reading
from home.web import drawing, form_requests, moments, request_context
from home.web.views import tonight, week

# What the desk says, by its reason.
REFUSALS = {
    "argument": N_("This cannot be sent: %(text)s."),
    "budget": N_("Refused: the device has had %(spent)s of the ten requests that a day has. The next is free at %(at)s; stop and lock go through."),
    "unknown": N_("There is no such request any more."),
    "over": N_("It is over already."),
    "line": N_("There is no connection to the network: it could not be withdrawn."),
}


async def form(request: Request):
    """{field: text} of a form; of one that comes twice, the last."""
    return {name: value for name, value in (await request.form()).multi_items() if isinstance(value, str)}


Fields = Annotated[dict, Depends(form)]


def add_presses(app, drawer):
    """Add the routes: a press, a withdrawal, and those of the week's editor."""
    desk = drawer.service.desk

    @app.post("/commands", include_in_schema=False)
    def press(request: Request, fields: Fields) -> Response:
        device = drawer.device(request)
        return done(drawer, request, fields, lambda: desk.ask(device, form_requests.request(fields), request_context.person(request).name))

    @app.post("/commands/withdraw", include_in_schema=False)
    def withdraw(request: Request, fields: Fields) -> Response:
        device = drawer.device(request)
        key = fields.get("key", "")
        key = int(key) if key.isascii() and key.isdigit() and len(key) < 16 else 0
        return done(drawer, request, fields, lambda: desk.withdraw(device, key, request_context.person(request).name))

    add_plan(app, drawer)


def add_plan(app, drawer):
    """Add the routes of the week's editor: preview, which changes nothing, save and undo."""
    desk = drawer.service.desk
    page = next(one for one in drawer.pages if one.name == "tonight")

    @app.post("/tonight/preview", include_in_schema=False)
    def preview(request: Request, fields: Fields) -> Response:
        rows = week.edited(week.typed(fields), fields)
        return drawer.page(request, page, gather=lambda its: tonight.gather(its, rows))

    @app.post("/tonight/plan", include_in_schema=False)
    def save(request: Request, fields: Fields) -> Response:
        device, rows = drawer.device(request), week.typed(fields)
        try:
            desk.ask(device, {"plan": {"windows": week.windows(rows)}}, request_context.person(request).name)
        except (Refused, form_requests.Wrong) as problem:
            sentence = refusal(problem, device.timezone, drawer.service.clock(), request_context.words_of(request))
            return drawer.page(request, page, 409, lambda its: tonight.gather(its, rows), notice=sentence)
        return RedirectResponse(drawing.link(page.path, request.query_params.get("device")), 303)

    @app.post("/tonight/undo", include_in_schema=False)
    def undo(request: Request, fields: Fields) -> Response:
        device = drawer.device(request)
        with reading(drawer.service.engine) as connection:
            before = tonight.undone(drawer.look(request, device, connection))

        def act():
            if before is None:
                raise form_requests.Wrong(NOTHING_BEFORE, {})
            desk.ask(device, {"plan": {"windows": before}}, request_context.person(request).name)
        return done(drawer, request, {**fields, "back": "tonight"}, act)


NOTHING_BEFORE = N_("There is no plan of before to go back to.")


def done(drawer, request, fields, act):
    """Do it, and lead back; where it is refused the page says why."""
    page = next((one for one in drawer.pages if one.name == fields.get("back")), drawer.pages[0])
    try:
        act()
    except (Refused, form_requests.Wrong) as problem:
        sentence = refusal(problem, drawer.device(request).timezone, drawer.service.clock(), request_context.words_of(request))
        return drawer.page(request, page, 409, notice=sentence)
    return RedirectResponse(drawing.link(page.path, request.query_params.get("device")), 303)


def refusal(problem, tz, now_s, _):
    """Why not, in one sentence of the reader's language."""
    if isinstance(problem, form_requests.Wrong):
        return _(problem.args[0], **problem.args[1])
    if problem.why not in REFUSALS:
        return str(problem)
    values = dict(problem.values)
    if "again_ms" in values:
        values["at"] = moments.at(values["again_ms"], int(1000 * now_s), tz, _)
    return _(REFUSALS[problem.why], **values)
