"""From a template and its values to a page. Everything shown is text: Jinja escapes it, and nothing here says otherwise."""
import functools
import pathlib
import urllib.parse

import jinja2
from fastapi.responses import HTMLResponse

from home.language import words
from home.language.words import N_
from home.web import moments, request_context, static_files

TEMPLATES = pathlib.Path(__file__).with_name("templates")
NOT_KEPT = {"Cache-Control": "no-store"}


@functools.cache
def environment(language, folder=""):
    """The templates in that language; folder: of a page that somebody else added, before our own."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, TEMPLATES] if folder else TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False)
    its = words.words(language)
    # Not Jinja's own functions: what these return is escaped like all else, whoever wrote the values in it.
    made.globals.update(_=its, ngettext=its.ngettext, static=static_files.address, ages=moments.ages(its), iso=moments.iso,
                        languages=words.LANGUAGES, themes=THEMES)
    return made


THEMES = {"auto": N_("as the device"), "light": N_("light"), "dark": N_("dark")}


def link(path, device=None, **query):
    """The address of a page of that device; query values of None are left out."""
    given = {name: value for name, value in {"device": device, **query}.items() if value is not None}
    return f"{path}?{urllib.parse.urlencode(given)}" if given else path


def drawn(request, template, values, status=200, folder=""):
    """The page as an answer."""
    language = request_context.language(request)
    environment_ = environment(language, folder)
    frame = {"language": language, "theme": request_context.theme(request), "person": request_context.person(request), "link": link,
             "path": request.url.path}
    made = HTMLResponse(environment_.get_template(template).render({**frame, **values}), status, NOT_KEPT)
    return request_context.keep(request, made)
