"""The routes of the night by prices: a target shown before it is sent, and sent; standing orders set and removed; a day skipped."""
from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from home.language.words import N_
from home.planning import page_orders, planner
from home.store.database import reading
from home.web import command_routes, drawing, form_requests, moments, request_context, target_forms
from home.web.command_routes import Fields
from home.web.views import night_target, tonight

TOO_MANY = N_("There are as many standing orders as there may be.")


def add_targets(app, drawer):
    """Add the routes."""
    service = drawer.service
    page = next(one for one in drawer.pages if one.name == "tonight")

    def back(request):
        return RedirectResponse(drawing.link(page.path, request.query_params.get("device")), 303)

    @app.post("/tonight/target/preview", include_in_schema=False)
    def preview(request: Request, fields: Fields) -> Response:
        return drawer.page(request, page, gather=lambda its: tonight.gather(its, target=fields))

    @app.post("/tonight/target", include_in_schema=False)
    def send(request: Request, fields: Fields) -> Response:
        device = drawer.device(request)
        try:
            with reading(service.engine) as connection:
                asked = night_target.request(drawer.look(request, device, connection), fields)
            service.desk.ask(device, asked, request_context.person(request).name)
        except (command_routes.Refused, form_requests.Wrong) as problem:
            sentence = command_routes.refusal(problem, device.timezone, service.clock(), request_context.words_of(request))
            return drawer.page(request, page, 409, lambda its: tonight.gather(its, target=fields), notice=sentence)
        return back(request)

    @app.post("/tonight/orders", include_in_schema=False)
    def add(request: Request, fields: Fields) -> Response:
        device, words = drawer.device(request), request_context.words_of(request)
        try:
            page_orders.add(service.engine, service.writer.insert, service.key(device), target_forms.order(fields))
        except (target_forms.Wrong, page_orders.Full) as problem:
            sentence = words(TOO_MANY) if isinstance(problem, page_orders.Full) else words(problem.args[0], **problem.args[1])
            return drawer.page(request, page, 409, lambda its: tonight.gather(its, order=fields), notice=sentence)
        service.changes.tell(device.name)
        return back(request)

    @app.post("/tonight/orders/remove", include_in_schema=False)
    def remove(request: Request, fields: Fields) -> Response:
        device = drawer.device(request)
        page_orders.remove(service.engine, service.writer.insert, service.key(device), target_forms.number(fields))
        service.changes.tell(device.name)
        return back(request)

    @app.post("/tonight/skip", include_in_schema=False)
    def skip(request: Request, fields: Fields) -> Response:
        device, words = drawer.device(request), request_context.words_of(request)
        today = moments.local(int(1000 * service.clock()), device.timezone).date()
        try:
            day = target_forms.day(fields, today)
        except target_forms.Wrong as problem:
            return drawer.page(request, page, 409, notice=words(problem.args[0], **problem.args[1]))
        planner.skip(service.engine, service.writer.insert, service.key(device), day, "undo" not in fields, today)
        service.changes.tell(device.name)
        return back(request)
