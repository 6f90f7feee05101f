"""What every route asks and answers with: a device, a span of time, instants local to the device, and what may go wrong."""
import datetime
import re
from typing import Annotated

from fastapi import HTTPException, Query

from home import time_zones
from home.api import models

_DAY = datetime.timedelta(1)
# What a calendar and every database can calculate with.
_FIRST, _LAST = datetime.datetime(1971, 1, 1, tzinfo=datetime.timezone.utc), datetime.datetime(9998, 1, 1, tzinfo=datetime.timezone.utc)

DeviceName = Annotated[str | None, Query(description="name or id; not needed where there is one only", max_length=200)]
# For the document alone: what does not fit is answered with a sentence.
_PATTERN = {"pattern": r"^(19[89]|20\d)\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])(T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(Z|[+-]0\d:00))?$"}
From = Annotated[str | None, Query(alias="from", description="a local day, as 2026-01-31, or an instant with offset", json_schema_extra=_PATTERN)]
To = Annotated[str | None, Query(description="a local day, which is included, or an instant with offset", json_schema_extra=_PATTERN)]


def problems(*statuses):
    """For a route's document: what it may answer instead."""
    return {status: {"model": models.Problem} for status in statuses}


def device(settings, name):
    """The device of that name or id; the only one if none is named. HTTPException if it is not clear which."""
    if name is None:
        if len(settings.devices) > 1:
            raise HTTPException(400, f"device: say which: {', '.join(one.name for one in settings.devices)}")
        return settings.devices[0]
    found = settings.device(name)
    if found is None:
        raise HTTPException(404, "device: there is none of that name")
    return found


def bounds(first, to, tz):
    """[begin, end) in UTC milliseconds."""
    return (0 if first is None else _ms("from", first, tz, False)), (1 << 62 if to is None else _ms("to", to, tz, True))


def _ms(name, text, tz, is_end):
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            moment = datetime.datetime.combine(datetime.date.fromisoformat(text) + (_DAY if is_end else _DAY * 0), datetime.time(), tz)
        else:
            # In a query a bare + is a blank.
            moment = datetime.datetime.fromisoformat(text.replace(" ", "+"))
        if moment.tzinfo is None or not _FIRST < moment < _LAST:
            raise ValueError
    except (ValueError, OverflowError):
        raise HTTPException(400, f"{name}: must be a day, as 2026-01-31, or an instant with offset, as 2026-01-31T07:30:00+01:00") from None
    return int(1000 * moment.timestamp())


def iso(ms, tz):
    return None if ms is None else time_zones.iso(ms // 1000, tz)
