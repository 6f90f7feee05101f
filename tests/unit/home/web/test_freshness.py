"""home/web/views/freshness.py: what may not be believed says so, and since when."""
import zoneinfo

import pytest

from home.language.words import words
from home.web import moments
from home.web.views import freshness
from tests.support.house import BEGIN_MS
from tests.support.uplinks import HOUR_MS, MIN_MS

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOW_MS = BEGIN_MS + 12 * HOUR_MS


def said(heard_ms, is_up=True, since_ms=BEGIN_MS, started_ms=BEGIN_MS):
    return freshness.of(heard_ms, is_up, since_ms, started_ms, NOW_MS, BERLIN, words("en"))


def test_what_is_not_older_than_a_heartbeat_is_no_alert():
    its = said(NOW_MS - moments.OLD_MS)
    assert not its.is_old and its.alerts == () and its.age == "100 min ago"


@pytest.mark.parametrize("given, expected", [
    ({"heard_ms": None}, ["Nothing was heard of this device yet."]),
    ({"heard_ms": NOW_MS - 3 * HOUR_MS}, ["Nothing heard since 09:00, for 3 h: what is below is old."]),
    ({"heard_ms": NOW_MS - 3 * HOUR_MS, "started_ms": NOW_MS - HOUR_MS},
     ["Nothing heard since 09:00, for 3 h: what is below is old.",
      "This service has been running since 11:00 only: what came before may be missing."]),
    ({"heard_ms": NOW_MS - MIN_MS, "is_up": False}, ["No connection to the LoRaWAN network since 00:00, for 12 h."]),
    ({"heard_ms": NOW_MS - MIN_MS, "is_up": False, "since_ms": NOW_MS - 30_000},
     ["No connection to the LoRaWAN network since 11:59, for less than a minute."]),
])
def test_silence_a_dead_line_and_a_new_service_are_told_with_their_since(given, expected):
    assert list(said(**given).alerts) == expected
