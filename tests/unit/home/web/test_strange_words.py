"""Whatever the network hands on as a device's words, every page is drawn: no field's kind, size or character breaks one."""
import pytest
from fastapi.testclient import TestClient

from home.api import app
from home.web import pages
from tests.choice import first
from tests.support.house import BEGIN_MS, house
from tests.support.uplinks import Device

PATHS = [page.path for page in pages.PAGES] + [
    "/api/v1/devices", "/api/v1/status", "/api/v1/events", "/api/v1/sessions", "/api/v1/months", "/history/report.json", "/sessions/download",
    "/sessions/5"]
SECOND = BEGIN_MS // 1000
SAID = (
    {"type": "status", "state": "Charging", "code": "C2", "reason": "charging", "status": "charging", "fault": None, "ev_connected": True,
     "override": "boost", "current_limit_a": 16, "power_kw": 11.0, "session_kwh": 3.2, "energy_estimated": False, "plan_hash": 7},
    {"type": "readback", "part": "claims", "page": 1, "pages": 1, "holder": "boost", "until": SECOND + 3600, "kwh_left": 3},
    {"type": "readback", "part": "plan", "page": 1, "pages": 1, "windows": [{"days": "daily", "from": "22:00", "to": "06:00"}]},
    {"type": "readback", "part": "timezone", "page": 1, "pages": 1, "timezone_part": "CET-1CEST,M3.5.0,M10.5.0/3"},
    {"type": "readback", "part": "settings", "page": 1, "pages": 1, "settings": {"lorawan_class": "A", "adr": True, "en1": None}},
    {"type": "device", "part": "boot", "page": 1, "pages": 7, "boot_cause": "watchdog", "firmware": "0.5.0", "commit": "5f4c", "uptime_min": 4},
    {"type": "device", "part": "charger", "page": 2, "pages": 7, "max_current_a": 16, "key": "x", "meter": True, "charger_id": 1},
    {"type": "device", "part": "counters", "page": 4, "pages": 7, "closings_today": 16, "bus_errors": 3},
    {"type": "device", "part": "radio", "page": 6, "pages": 7, "airtime_s": 3.5, "downlinks": 3},
    {"type": "device", "part": "crash", "page": 7, "pages": 7, "error": "KeyError", "module": "controller", "line": 3, "uptime_min": 5},
    {"type": "event", "event": "finished", "event_at": SECOND, "event_number": 3, "kwh": 3.5, "minutes": 3, "code": "F1", "reason": "stopped"},
    {"type": "session", "session_number": 5, "started_at": SECOND - 3600, "duration_min": 60, "session_kwh": 3.5, "reason": "charging"})
KEPT = ("type", "part", "page", "pages")
STRANGE = [None, True, -1, 10 ** 30, 1e300, float("nan"), float("inf"), "", "\ud800", "\0", "x" * 3000, "%(n)s", [], [None], ["x"], {}, {"a": [1]}]


@pytest.mark.parametrize("value", first(STRANGE[::3] + STRANGE[1::3] + STRANGE[2::3], 6), ids=lambda value: ascii(value)[:12])
def test_every_page_is_drawn_whatever_a_device_is_said_to_have_said(value):
    with house() as its:
        device = Device()
        words = [{name: one if name in KEPT else value for name, one in said.items()} for said in SAID]
        windows = {**SAID[2], "windows": [dict.fromkeys(SAID[2]["windows"][0], value)]}
        settings = {**SAID[4], "settings": dict.fromkeys(SAID[4]["settings"], value)}
        of_page = [{**said, "page": value, "pages": value} for said in SAID if "page" in said]
        its.hear(*(device.uplink(BEGIN_MS + place, 12, said) for place, said in enumerate((*SAID, *words, windows, settings, *of_page))))
        client = TestClient(app.app(its), base_url="http://127.0.0.1:8080", headers={"Accept": "text/html"})
        for path in PATHS:
            assert client.get(path).status_code == 200, path
