"""home/log_redaction.py: no EUI in a log of the house, in a line, a traceback or a topic."""
import io
import logging

import pytest
from home import guard, log_redaction
from tests.support.house import given
from home import settings

EUI = "d7" * 8
DEVICES = settings.checked(given(device=[
    {"id": f"eui-{EUI}", "timezone": "UTC"}, {"id": "wallbox", "name": "Left", "timezone": "UTC"}]), "/nowhere").devices


@pytest.mark.parametrize("text, shown", [
    (f"eui-{EUI}: an uplink was left out", "Wallbox 1: an uplink was left out"),
    (f"a request on application/3f1d6b1e-8b52-4a43-9a7e-5d0c2f6e7a10/device/{EUI}/command/down",
     "a request on application/3f1d6b1e-8b52-4a43-9a7e-5d0c2f6e7a10/device/(EUI that ends on d7d7)/command/down"),
    ("wallbox: sessions from number 17 on", "wallbox: sessions from number 17 on"),
    ("sqlite:////var/lib/ev-charger-home/home.db 1796020200000", "sqlite:////var/lib/ev-charger-home/home.db 1796020200000"),
])
def test_a_name_stands_where_an_eui_would(text, shown):
    assert log_redaction.without_euis(text, log_redaction.names(DEVICES)) == shown


def test_the_service_s_log_has_none_in_a_line_or_a_traceback():
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(log_redaction.Formatter("%(message)s", DEVICES))
    try:
        raise ValueError(EUI.upper())
    except ValueError as problem:
        handler.handle(logging.LogRecord("home", logging.ERROR, "", 0, "%s broke", (f"eui-{EUI}",), (ValueError, problem, problem.__traceback__)))
    said = written.getvalue()
    assert said.startswith("Wallbox 1 broke") and "ValueError: (EUI that ends on D7D7)" in said and EUI not in said.lower()


def test_what_the_guard_withheld_is_told_without_one():
    message = b'{"end_device_ids": {"device_id": "eui-%s"}, "uplink_message": {"f_port": 10, "f_cnt": 7}}' % EUI.encode()
    assert guard.described(message).startswith("uplink of (EUI that ends on d7d7), fPort 10, f_cnt 7") and EUI not in guard.described(EUI.encode())
