"""The Things Stack's Storage Integration, which keeps uplinks for a day (Sandbox) or a month (Cloud): asked for what was missed.

Facts: its documentation, integrations/storage/retrieve and api/reference/grpc/storage_integration: GET .../packages/storage/uplink_message gives
a line of JSON each, {"result": message}; X-Continuation-Token in the answer is the way to the next page, and replaces all other parameters;
too many requests are 429, with X-Rate-Limit-Retry in seconds.
"""
import datetime
import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request

from home import http_rules
from home.network import the_things_stack

PAGE = 1000
# More devices than that are asked for at once, with all others of the application.
APART_MAX = 5
TIMEOUT_S = 60
_LINE_MAX = 1_000_000
_PIECE = 65_536
_PAGES_MAX = 10_000
_HOUR_S = 3600
# What a status means, and how long it stays so.
REFUSALS = {
    401: ("does not accept the key: is it this application's?", _HOUR_S),
    403: (f"the key lacks the right {the_things_stack.RIGHT_TO_READ}", _HOUR_S),
    404: ("knows no such application, or has no Storage Integration", 6 * _HOUR_S),
    501: ("has no Storage Integration", 6 * _HOUR_S),
}


class Refused(Exception):
    """It did not give all; args[0] says why, args[1] after how many seconds to ask again, or None."""


class _TooOften(Refused):
    """It is asked too often; with the time to wait the same may be asked again."""


def messages(network, device_ids, after_ms, timeout_s=TIMEOUT_S, wait=None):
    """Lists of messages, a page each, received after that time, of each device the oldest first. Refused, maybe after some pages.

    wait(seconds): waits as long as the stack says between two pages, and says whether to give up; None: never waited.
    """
    for device in [""] if len(device_ids) > APART_MAX else [f"/devices/{device_id}" for device_id in device_ids]:
        yield from _pages(network, device, {"after": _time(after_ms), "order": "received_at", "limit": PAGE}, timeout_s, wait)


def _pages(network, device, query, timeout_s, wait):
    has_waited = True       # before the first page there is nothing to lose
    for _ in range(_PAGES_MAX):
        try:
            found, token = _page(network, device, query, timeout_s)
        except _TooOften as problem:
            if has_waited or wait is None or problem.args[1] is None or wait(problem.args[1]):
                raise
            has_waited = True
            continue
        has_waited = False
        if found:
            yield found
        if not token or not found:
            return
        query = {"continuation_token": token}


def _page(network, device, query, timeout_s):
    """(messages, token of the next page)."""
    request = urllib.request.Request(
        f"{network.storage_url}/api/v3/as/applications/{network.application}{device}/packages/storage/uplink_message?{urllib.parse.urlencode(query)}",
        headers={"Authorization": f"Bearer {network.key}", "Accept": "text/event-stream", "User-Agent": "ev-charger-monitor"})
    where = f"{network.name}: the Storage Integration at {network.storage_url}"
    try:
        with http_rules.OPENER.open(request, timeout=timeout_s) as answer:
            return _lines(answer, where), answer.headers.get("X-Continuation-Token")
    except urllib.error.HTTPError as problem:
        with problem:
            raise _refused(problem, where) from None
    except http.client.IncompleteRead:
        raise Refused(f"{where} broke off", None) from None
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise Refused(f"{where} does not answer: {getattr(problem, 'reason', problem)}", None) from None


def _lines(answer, where):
    found = []
    for line in _whole_lines(answer):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
        except (ValueError, RecursionError):
            raise Refused(f"{where} broke off", None) from None
        if not isinstance(given, dict) or "error" in given:
            raise Refused(f"{where} broke off: {_said(given)}", None)
        if isinstance(given.get("result"), dict):
            found.append(given["result"])
    return found


def _whole_lines(answer):
    """The lines of a body. IncompleteRead where it ends too soon, of which readline() would say nothing, or has no lines."""
    rest = b""
    while piece := answer.read(_PIECE):
        *lines, rest = (rest + piece).split(b"\n")
        yield from lines
        if len(rest) > _LINE_MAX:
            raise http.client.IncompleteRead(rest)
    if answer.length:
        raise http.client.IncompleteRead(rest, answer.length)
    yield rest


def _refused(problem, where):
    told = problem.headers.get("X-Rate-Limit-Retry") or problem.headers.get("Retry-After")
    asked_s = http_rules.retry_after_s(told, time.time(), _HOUR_S)
    if problem.code == 429:
        return _TooOften(f"{where} is asked too often", asked_s)
    what, retry_s = REFUSALS.get(problem.code, (f"answers {problem.code}", asked_s))
    try:
        said = _said(json.loads(problem.read(_LINE_MAX)))
    except (ValueError, RecursionError, OSError, http.client.HTTPException):
        said = ""
    return Refused(f"{where} {what}" + (f" ({said})" if said else ""), retry_s)


def _said(given):
    """The message of an error in the stack's form."""
    error = given.get("error", given) if isinstance(given, dict) else {}
    return str(error.get("message", ""))[:200] if isinstance(error, dict) else ""


def _time(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
