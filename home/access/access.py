"""Every request passes here before a page or the API sees it: who makes it, what he may, and what is refused.

A page or the API finds `request.state.person`; a route that changes something says `Depends(access.switching)`, and one that forgot it is refused
all the same (`guard`). A browser is known by its cookie, a program by its token. docs/adr/0019.
"""
import dataclasses
import re
import time
from urllib.parse import quote

from fastapi import HTTPException, Request
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse

from home.access import cookies, guarded_file, headers, origin, proxy
from home.access.ended_logins import Ended
from home.access.passwords import PAGE, Passwords
from home.access.tokens import Tokens
from home.language.words import N_

READING = ("GET", "HEAD", "OPTIONS")
# What a browser shows before a login, and the icon on a phone's screen.
PUBLIC = ("/login", "/static/", "/manifest.webmanifest", "/favicon.ico", "/apple-touch-icon.png")
# What everybody may change, for it is his own and not the device's.
OWN = ("/login", "/logout")
# A stream, whose head comes only with its body.
ENDLESS = "/live"
API = ("/api/", "/openapi.json")
BODY_MAX = 65536
FORM = "application/x-www-form-urlencoded"


MAY_LOOK_ONLY = N_("%(name)s may look and not switch")
ELSEWHERE = N_("this request does not come from a page of this service")
TOO_OLD = N_("the page is too old to press on: load it again")


class Refused(HTTPException):
    """Of who may not: a sentence in English, and what a page needs to say it in its reader's language."""

    def __init__(self, message, **values):
        super().__init__(403, message % values)
        self.message, self.values = message, values


class _TooLong(Exception):
    """A body has more bytes than a request may."""


@dataclasses.dataclass(frozen=True)
class Person:
    """Who makes a request. name: as the history shows it, "" before a login; csrf: what his forms carry; is_program: it has a token."""
    name: str
    may_switch: bool
    csrf: str = ""
    is_program: bool = False

    @property
    def is_logged_in(self):
        """By a password, so that there is something to log out from."""
        return self.name not in ("", PAGE) and not self.is_program


class Access:
    """The ASGI application around another one. web: home.setting_fields.Web; clock(): UTC seconds of this computer, also in a simulated world;
    monotonic(): seconds that never go back."""

    def __init__(self, app, web, clock=time.time, monotonic=time.monotonic):
        self.app, self.web, self.clock, self.monotonic = app, web, clock, monotonic
        self.passwords, self.tokens = Passwords(web.password_file), Tokens(web.token_file)
        self.ended = Ended(web.ended_file, clock)
        self._cookies = None

    @property
    def cookies(self):
        """With the key beside home.toml, which the first page makes."""
        if self._cookies is None:
            self._cookies = cookies.Cookies(guarded_file.key(self.web.key_file), self.clock)
        return self._cookies

    async def __call__(self, scope, receive, send):
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        told = _told(scope)
        peer, port = scope.get("client") or ("", 0)
        address, scheme = proxy.seen(peer, scope["scheme"], told, self.web.behind_proxy)
        scope.update(client=(address, port), scheme=scheme)
        cookie_name = cookies.name(scheme, (scope.get("server") or ("", self.web.port))[1])
        request = Request(scope)
        visit = self.cookies.read(request.cookies.get(cookie_name, ""))
        person, visit, is_new = self._person(told, visit)
        scope.setdefault("state", {}).update(person=person, access=self, visit=visit, cookie_name=cookie_name)
        given = None
        if is_new and request.method in READING and not _is_for_programs(request):
            given = cookies.header(cookie_name, self.cookies.text(visit), scheme)

        async def answering(message):
            if message["type"] == "http.response.start":
                its = MutableHeaders(scope=message)
                for name, value in headers.missing(its, scheme).items():
                    its[name] = value
                # A login or a logout gives its own.
                if given and not any(one.startswith(cookie_name) for one in its.getlist("set-cookie")):
                    its.append("set-cookie", given)
            nonlocal is_answered
            is_answered = True
            await send(message)

        is_answered = False
        if scope["method"] == "HEAD" and scope["path"] != ENDLESS:
            # As GET; the server leaves the body away.
            scope = {**scope, "method": "GET"}
        refused = self._refused(request, told, peer, person)
        if refused is not None:
            return await refused(scope, receive, answering)
        try:
            await self.app(scope, _limited(receive), answering)
        except _TooLong:
            if not is_answered:
                await _too_long()(scope, receive, answering)

    def _refused(self, request, told, peer, person):
        """The answer to who gets no further; None if he may."""
        if not origin.answers_to(origin.host_name(told.get("host")), self.web.is_private, self.web.host_names):
            return PlainTextResponse("This name is not one of this service's. Is it the right one, it belongs into host in [web] of home.toml.", 400)
        if self.web.is_private and any(name in told for name in proxy.FORWARDED):
            return PlainTextResponse("A reverse proxy stands before this service: behind_proxy in [web] of home.toml must name it.", 400)
        length = told.get("content-length", "0")
        if not re.fullmatch(r"[0-9]{1,9}", length) or int(length) > BODY_MAX:
            return _too_long()
        if told.get("content-type", "").lower().startswith("multipart/"):
            # Its parts come in whatever characters they like, and no form here sends them.
            return JSONResponse({"detail": f"a form is sent as {FORM}"}, 415)
        if person.name or _is_public(request.url.path):
            return None
        is_press = request.method not in READING
        if is_press and "text/html" in told.get("accept", ""):
            return RedirectResponse("/login?pressed=1", 303)
        if is_press or _is_for_programs(request):
            return JSONResponse({"detail": "a login or a token is needed: Authorization: Bearer ..."}, 401, {"WWW-Authenticate": "Bearer"})
        place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(place, safe='')}", 303)

    def _person(self, told, visit):
        """(Person, Visit, whether the browser needs a new cookie)."""
        word, _, text = told.get("authorization", "").partition(" ")
        if word.lower() == "bearer":
            token = self.tokens.find(text.strip())
            return Person(token.name if token else "", bool(token and token.may_switch), is_program=True), None, False
        user = self.passwords.user(visit.user) if visit and visit.user else None
        is_over = visit is not None and visit.user and (user is None or user.mark != visit.mark or visit.number in self.ended)
        is_new = visit is None or is_over or visit.age_s > cookies.RENEW_S
        if visit is None or is_over:
            visit, user = cookies.new_visit(), None
        csrf = self.cookies.csrf(visit)
        if user:
            return Person(user.name, user.may_switch, csrf), visit, is_new
        return Person(PAGE if self.web.is_private else "", self.web.is_private, csrf), visit, is_new


async def switching(request: Request) -> Person:
    """Who makes a request that changes something; refused where he may not, or where a page of somebody else's may have made him."""
    person = await checked(request)
    if not person.may_switch:
        raise Refused(MAY_LOOK_ONLY, name=person.name)
    return person


async def guard(request: Request):
    """Of every route: what is no reading is `switching`, whether the route says so or not."""
    if request.method not in READING and request.url.path not in OWN:
        await switching(request)


async def checked(request: Request, by_browser=False) -> Person:
    """Who makes a request, which no page of somebody else's made; without a name he has not logged in. by_browser: a program has no business here."""
    person, its = request.state.person, request.state.access
    if by_browser and person.is_program:
        raise HTTPException(403, "a program needs no login: its token is enough")
    told = _told(request.scope)
    if not origin.is_own(told, request.scope["scheme"], told.get("host"), is_required=not person.is_program):
        raise Refused(ELSEWHERE)
    if person.is_program:
        return person
    given = request.headers.get("x-csrf-token")
    if given is None and request.headers.get("content-type", "").startswith(FORM):
        given = (await request.form()).get("csrf")
    if not isinstance(given, str) or not its.cookies.is_csrf(request.state.visit, given):
        raise Refused(TOO_OLD)
    return person


def _told(scope):
    """{name in small letters: value} of a request's headers; of one that comes twice, both."""
    found = {}
    for name, value in scope["headers"]:
        name, value = name.decode("latin-1").lower(), value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _is_public(path):
    return any(path.startswith(one) if one.endswith("/") else path == one for one in PUBLIC)


def _is_for_programs(request):
    """Whether a page of login would only confuse who asked."""
    return request.url.path.startswith(API) or "text/event-stream" in request.headers.get("accept", "")


def _too_long():
    return JSONResponse({"detail": f"a request has at most {BODY_MAX} bytes"}, 413)


def _limited(receive):
    """receive, which raises _TooLong where a body has no end."""
    room = BODY_MAX

    async def limited():
        nonlocal room
        message = await receive()
        room -= len(message.get("body", b""))
        if room < 0:
            raise _TooLong
        return message
    return limited
