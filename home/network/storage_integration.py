"""The Things Stack's Storage Integration, which keeps uplinks for a day (Sandbox) or a month (Cloud): asked for what was missed.

Facts: its documentation, integrations/storage/retrieve and api/reference/grpc/storage_integration: GET .../packages/storage/uplink_message gives
a line of JSON each, {"result": message}; X-Continuation-Token in the answer is the way to the next page, and replaces all other parameters;
too many requests are 429, with X-Rate-Limit-Retry in seconds.
"""
import datetime
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request

from home.network import the_things_stack

PAGE = 1000
# More devices than that are asked for at once, with all others of the application.
APART_MAX = 5
TIMEOUT_S = 60
_LINE_MAX = 1_000_000
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


def messages(network, device_ids, after_ms, timeout_s=TIMEOUT_S):
    """Lists of messages, a page each, received after that time, of each device the oldest first. Refused, maybe after some pages."""
    for device in [""] if len(device_ids) > APART_MAX else [f"/devices/{device_id}" for device_id in device_ids]:
        yield from _pages(network, device, {"after": _time(after_ms), "order": "received_at", "limit": PAGE}, timeout_s)


def _pages(network, device, query, timeout_s):
    for _ in range(_PAGES_MAX):
        found, token = _page(network, device, query, timeout_s)
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
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:
            return _lines(answer, where), answer.headers.get("X-Continuation-Token")
    except urllib.error.HTTPError as problem:
        with problem:
            raise _refused(problem, where) from None
    except (OSError, http.client.HTTPException) as problem:
        raise Refused(f"{where} does not answer: {getattr(problem, 'reason', problem)}", None) from None


def _lines(answer, where):
    found = []
    while line := answer.readline(_LINE_MAX):
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


def _refused(problem, where):
    asked_s = _seconds(problem.headers.get("X-Rate-Limit-Retry") or problem.headers.get("Retry-After"))
    if problem.code == 429:
        return Refused(f"{where} is asked too often", asked_s)
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


def _seconds(text):
    try:
        return min(max(float(text), 1), _HOUR_S)
    except (TypeError, ValueError):
        return None


def _time(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
