"""What one request looks with: at which device, when, in whose words and colours, and who it is."""
import dataclasses
import typing

from home.language import words

THEMES = ("auto", "light", "dark")
COOKIE_S = 366 * 86400


@dataclasses.dataclass(frozen=True)
class Stranger:
    """Who looks while nobody asks for a name: may do what this house lets everybody do."""
    name: str = ""
    may_switch: bool = True
    csrf: str = ""
    is_logged_in: bool = False


@dataclasses.dataclass(frozen=True)
class Look:
    """connection: one state of the store; key: the device's there; tz: its clock; _: words.Words; query: what stands behind ? in the address."""
    service: typing.Any
    connection: typing.Any
    device: typing.Any
    key: int
    now_ms: int
    words: words.Words
    query: typing.Mapping
    person: typing.Any

    @property
    def tz(self):
        return self.device.timezone

    @property
    def network(self):
        """The device's, of the settings."""
        return self.service.settings.network(self.device.network)


def person(request):
    """Who that is, as home.access found."""
    return getattr(request.state, "person", None) or Stranger()


def language(request):
    return words.chosen(request.query_params.get("lang"), request.cookies.get("language"), request.headers.get("accept-language"))


def words_of(request):
    """The words.Words of the reader."""
    return words.words(language(request))


def theme(request):
    """"auto", "light" or "dark"."""
    return next((one for one in (request.query_params.get("theme"), request.cookies.get("theme")) if one in THEMES), THEMES[0])


def keep(request, response):
    """What was chosen in the address is kept in the browser."""
    for name, cookie, right in (("lang", "language", words.LANGUAGES), ("theme", "theme", THEMES)):
        if request.query_params.get(name) in right:
            response.set_cookie(cookie, request.query_params[name], max_age=COOKIE_S, path="/", samesite="lax", httponly=True)
    return response
