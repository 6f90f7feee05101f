"""The route of the button that tries the messages."""
import threading

from fastapi import Request
from fastapi.responses import Response

from home.language.words import N_
from home.notify import courier, sender
from home.web import request_context

PATIENCE_S = 20
OFF = N_("Messages are off: there is no address in notify.urls of home.toml.")
SENT = N_("The test message is sent. It should arrive any moment.")
UNDER_WAY = N_("A test message is on its way already. Wait for what becomes of it.")
FAILED = N_("The test message was not taken by address %(places)s of notify.urls.")


def add_messages(app, drawer):
    """Add the route."""
    page = next(its for its in drawer.pages if its.name == "device")
    its = drawer.service.settings.notify
    one = threading.Lock()

    @app.post("/notify/test", include_in_schema=False)
    def test(request: Request) -> Response:
        # Each address takes memory and up to PATIENCE_S: one press at a time.
        if not one.acquire(blocking=False):
            return drawer.page(request, page, 409, notice=request_context.words_of(request)(UNDER_WAY))
        try:
            results = sender.test(its, courier.Courier(PATIENCE_S))
        finally:
            one.release()
        _, failed = request_context.words_of(request), [str(place) for place, kind, status in results if status != courier.DELIVERED]
        if not results:
            return drawer.page(request, page, 409, notice=_(OFF))
        return drawer.page(request, page, 502 if failed else 200, notice=_(FAILED, places=", ".join(failed)) if failed else _(SENT))
