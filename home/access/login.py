"""The page of the login, and the logout."""
import asyncio
import logging
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from home.access import access, cookies
from home.access.passwords import GUEST, OWNER
from home.access.throttle import Throttle
from home.language import words
from home.language.words import N_
from home.web import drawing, request_context

logger = logging.getLogger("home")
LONGEST = 200           # characters of what is given
WRONG = N_("That is not right. Try again.")
PRESSED = N_("Log in first. What you pressed was not sent.")
WAIT = N_("Too many wrong passwords. Try again in %(seconds)s s.")


def add_login(app):
    """Add its routes to an application that stands behind access.Access."""
    throttle = Throttle()

    @app.get("/login", include_in_schema=False)
    def page(request: Request) -> Response:
        place = _within(request.query_params.get("next"))
        if request.state.person.name:
            return RedirectResponse(place, 303)
        return _drawn(request, place, message=PRESSED if "pressed" in request.query_params else None)

    @app.post("/login", include_in_schema=False)
    async def login(request: Request, password: Annotated[str, Form()] = "", name: Annotated[str, Form()] = "",
                    place: Annotated[str, Form(alias="next")] = "/") -> Response:
        await access.checked(request, by_browser=True)
        its, address, place = request.state.access, request.client.host, _within(place)
        wait_ms = throttle.begin(address, int(1000 * its.monotonic()))
        if wait_ms:
            seconds = -(-wait_ms // 1000)
            return _drawn(request, place, 429, {"Retry-After": str(seconds)}, WAIT, seconds=seconds)
        user = None
        if len(password) <= LONGEST and len(name) <= LONGEST:
            # Were the browser to go away now, the try would still count.
            user = await asyncio.shield(run_in_threadpool(its.passwords.check, name.strip(), password))
        if user is None:
            logger.warning("a wrong password from %s", address)
            return _drawn(request, place, 401, {}, WRONG)
        throttle.succeeded(address)
        logger.info("%s logged in from %s", user.name, address)
        return _known(request, RedirectResponse(place, 303), cookies.new_visit(user.name, user.mark))

    @app.post("/logout", include_in_schema=False)
    async def logout(request: Request) -> Response:
        await access.checked(request, by_browser=True)
        its, visit = request.state.access, request.state.visit
        if visit.user:
            its.ended.add(visit.number)
        return _known(request, RedirectResponse("/login", 303), cookies.new_visit())


def _known(request, answer, visit):
    """The answer, with the cookie of a new visit: what was known of the old one is good for nothing."""
    scheme = request.scope["scheme"]
    answer.headers.append("set-cookie", cookies.header(request.state.cookie_name, request.state.access.cookies.text(visit), scheme))
    return answer


def _drawn(request, place, status=200, more=None, message=None, **values):
    its = words.words(request_context.language(request))
    named = any(user.name not in (OWNER, GUEST) for user in request.state.access.passwords.all())
    answer = drawing.drawn(request, "login.html", {
        "page": None, "pages": (), "device": None, "devices": (), "name": None, "place": place, "has_names": named,
        "notice": its(message, **values) if message else None}, status)
    answer.headers.update(more or {})
    return answer


def _within(place):
    """Where to go after the login: a path of this service, and nowhere else."""
    if not place or not place.startswith("/") or place.startswith(("//", "/\\", "/login")) or not place.isprintable():
        return "/"
    return place
