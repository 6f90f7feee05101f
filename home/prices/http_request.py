"""Asks a source over HTTP, once. The key goes into its header, body or address, and into no sentence."""
import datetime
import http.client
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request

from home import http_rules

TIMEOUT_S = 30
ANSWER_MAX = 4_000_000
_HOUR_S = 3600
_RETRY_MAX_S = 6 * _HOUR_S
# What a status means, and how long it stays so.
REFUSALS = {
    400: ("does not understand the request: are area and product right?", _HOUR_S),
    401: ("does not accept the key in key_file", _HOUR_S),
    403: ("does not allow it: is the key in key_file the right one?", _HOUR_S),
    404: ("knows no such prices: are area, product and url right?", _HOUR_S),
}


class Refused(Exception):
    """It did not answer; args[0] says why, args[1] after how many seconds to ask again, or None."""


def ask(its, now_s, timeout_s=TIMEOUT_S):
    """The text of the answer. its: a settings.PriceSource. Refused."""
    where = urllib.parse.urlsplit(its.url).hostname
    try:
        with http_rules.OPENER.open(request(its, now_s), timeout=timeout_s) as answer:
            body = answer.read(ANSWER_MAX + 1)
    except urllib.error.HTTPError as problem:
        with problem:
            raise _refused(problem, where, time.time()) from None
    except ssl.SSLCertVerificationError:
        raise Refused(f"{where} has no certificate that is known here", _HOUR_S) from None
    except (OSError, http.client.HTTPException, ValueError) as problem:
        why = getattr(problem, "reason", None)
        # An exception's own words may have the address in them, and so the key.
        raise Refused(f"{where} does not answer ({_without_key(str(why) if why else type(problem).__name__, its)})", None) from None
    if len(body) > ANSWER_MAX:
        raise Refused(f"{where} answers with more than {ANSWER_MAX // 1_000_000} MB", _HOUR_S)
    return body.decode("utf-8", "replace")


def request(its, now_s):
    """The urllib Request of a source at that moment."""
    values = {"area": its.area, "product": its.product, **_span(now_s, its.timezone)}
    url = _filled(its.url, {name: urllib.parse.quote(str(value), safe="") for name, value in {**values, "key": its.key}.items()})
    body = _filled(its.body, {**values, "key": its.key}).encode() if its.body else None
    headers = {"User-Agent": "ev-charger-monitor", "Accept": "application/json"}
    if body:
        headers["Content-Type"] = "application/json"
    if its.key and "{key}" not in its.url + its.body:
        name, _colon, value = its.key_header.partition(": ")
        headers[name] = value.replace("{key}", its.key)
    return urllib.request.Request(url, data=body, headers=headers)


def _filled(text, values):
    """{word} of known words alone: GraphQL has braces of its own."""
    return re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), text)


def _span(now_s, tz):
    """From the begin of this local day to the end of the next one, as sources write it. A `to` that is a day means all of it."""
    today = datetime.datetime.fromtimestamp(now_s, tz).date()
    tomorrow = today + datetime.timedelta(1)
    begin_s, end_s = (int(datetime.datetime.combine(day, datetime.time(), tz).timestamp()) for day in (today, tomorrow + datetime.timedelta(1)))
    iso = [datetime.datetime.fromtimestamp(at_s, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") for at_s in (begin_s, end_s)]
    return {"from": today, "to": tomorrow, "from_s": begin_s, "to_s": end_s, "from_ms": 1000 * begin_s, "to_ms": 1000 * end_s,
            "from_iso": iso[0], "to_iso": iso[1]}


def _refused(problem, where, now_s):
    retry_s = http_rules.retry_after_s(problem.headers.get("Retry-After"), now_s, _RETRY_MAX_S)
    if problem.code == 429:
        return Refused(f"{where} is asked too often", retry_s or _HOUR_S)
    if 300 <= problem.code < 400:
        return Refused(f"{where} points elsewhere ({problem.code}): the address in url is out of date", _HOUR_S)
    what, usual_s = REFUSALS.get(problem.code, (f"answers {problem.code}", None))
    return Refused(f"{where} {what}", retry_s or usual_s)


def _without_key(text, its):
    for word in (its.key, urllib.parse.quote(its.key, safe="")):
        text = text.replace(word, "(key)") if word else text
    return text[:120]
