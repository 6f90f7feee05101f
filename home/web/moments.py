"""Moments and spans in words. Clocks are those of the device; how long ago something was is the same everywhere."""
import datetime

from home import time_zones
from home.language.words import N_

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
# The longest silence of a device that is well: a heartbeat of 90 min, and some room. docs/payload.md.
OLD_MS = 100 * MINUTE_MS

# (below, one is, message): of an age. The browser counts on with the same rows.
AGES = (
    (MINUTE_MS, MINUTE_MS, N_("just now")),
    (2 * HOUR_MS, MINUTE_MS, N_("%(n)s min ago")),
    (2 * DAY_MS, HOUR_MS, N_("%(n)s h ago")),
    (None, DAY_MS, N_("%(n)s days ago")),
)
SPANS = (
    (MINUTE_MS, MINUTE_MS, N_("less than a minute")),
    (2 * HOUR_MS, MINUTE_MS, N_("%(n)s min")),
    (2 * DAY_MS, HOUR_MS, N_("%(n)s h")),
    (None, DAY_MS, N_("%(n)s days")),
)


def _in_words(rows, span_ms, _):
    for below_ms, one_ms, message in rows:
        if below_ms is None or span_ms < below_ms:
            return _(message, n=_.number(max(span_ms, 0) // one_ms))


def age(at_ms, now_ms, _):
    """How long ago that was: "12 min ago"."""
    return _in_words(AGES, now_ms - at_ms, _)


def span(span_ms, _):
    """A span: "3 h"."""
    return _in_words(SPANS, span_ms, _)


def ages(_):
    """[[below, one is, words], ...] in milliseconds, for the browser."""
    return [[below_ms, one_ms, _(message, n="{n}")] for below_ms, one_ms, message in AGES]


def local(ms, tz):
    """That moment on the clock of the device."""
    return time_zones.utc(ms / 1000).astimezone(tz)


def clock(ms, tz):
    """"14:05"."""
    return f"{local(ms, tz):%H:%M}"


def at(ms, now_ms, tz, _):
    """A moment as people say it: "14:05", "yesterday 14:05", "Mon 30 Nov, 14:05"."""
    then, now = local(ms, tz), local(now_ms, tz)
    days = (then.date() - now.date()).days
    if days == 0:
        return clock(ms, tz)
    if days == -1:
        return _("yesterday %(clock)s", clock=clock(ms, tz))
    if days == 1:
        return _("tomorrow %(clock)s", clock=clock(ms, tz))
    pattern = "EEE d MMM" if abs(now - then) < datetime.timedelta(300) else "EEE d MMM y"
    return _("%(day)s, %(clock)s", day=_.date(then, pattern), clock=clock(ms, tz))


def iso(ms):
    """For the attribute datetime of <time>."""
    return time_zones.utc(ms // 1000).strftime("%Y-%m-%dT%H:%M:%SZ")


def offset(ms, tz):
    """"UTC+01:00" at that moment."""
    text = local(ms, tz).strftime("%z")
    return f"UTC{text[:3]}:{text[3:5]}"
