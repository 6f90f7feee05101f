"""A browser before the service: its cookie and the token of its forms."""
import re

from fastapi.routing import iter_route_contexts
from home.access import access

HERE = "http://127.0.0.1:8080"
ELSEWHERE = "http://192.168.1.7:8080"


def door(client):
    """The access.Access that a TestClient's application stands behind."""
    if client.app.middleware_stack is None:
        client.app.middleware_stack = client.app.build_middleware_stack()
    found = client.app.middleware_stack
    while not isinstance(found, access.Access):
        found = found.app
    return found


def csrf_of(client, path="/"):
    """What a form of that page carries; the client keeps the cookie."""
    client.get(path)
    its = door(client).cookies
    (cookie,) = [one for one in client.cookies.jar if "ev-charger" in one.name]
    return its.csrf(its.read(cookie.value))


def every_route(app):
    """Each route of a FastAPI application, those of the routers in it, too; with path, methods and, of an APIRoute, dependant."""
    return list(iter_route_contexts(app.routes))


def paths(app, is_reading):
    """[(method, path)] of every route, its places filled with 1. is_reading: those that read, or those that change something."""
    found = []
    for route in every_route(app):
        assert route.methods, f"{route.path}: who may use it is not known"
        found += [(method, re.sub(r"{\w+(:\w+)?}", "1", route.path)) for method in sorted(route.methods) if (method in access.READING) == is_reading]
    return found
