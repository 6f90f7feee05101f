"""home/web/form_requests.py: what a form asks for."""
import pytest

from home.web import form_requests
from ttn.formatter import Formatter


@pytest.mark.parametrize("fields, request_", [
    ({"command": "stop", "csrf": "x", "back": "now"}, {"command": "stop"}),
    ({"command": "boost", "until": "07:30"}, {"command": "boost", "until": "07:30"}),
    ({"command": "boost", "kwh": "7,5"}, {"command": "boost", "kwh": 7.5}), ({"command": "boost", "kwh": " 10 "}, {"command": "boost", "kwh": 10}),
    ({"command": "set_current", "current_a": "16"}, {"command": "set_current", "current_a": 16}),
    ({"command": "skip"}, {"command": "skip", "window": "this"}),
    ({"command": "skip_next"}, {"command": "skip", "window": "next"}), ({"command": "report_plan"}, {"command": "report", "what": "plan"})])
def test_fields_are_a_request_in_the_formatter_s_words(fields, request_):
    assert form_requests.request(fields) == request_


def test_every_button_makes_a_request_that_the_formatter_takes():
    formatter = Formatter()
    for name in (*form_requests.FIXED, *form_requests.PLAIN):
        made = dict(form_requests.request({"command": name, **({"current_a": "16"} if name == "set_current" else {})}), id=1, issued_at=1_790_000_000)
        assert "bytes" in formatter.encode_downlink(made), name


@pytest.mark.parametrize("fields, message", [
    ({}, form_requests.NOT_KNOWN), ({"command": "<b>"}, form_requests.NOT_KNOWN), ({"command": "boost", "kwh": "much"}, form_requests.NO_NUMBER),
    ({"command": "boost", "kwh": "nan"}, form_requests.NO_NUMBER), ({"command": "boost", "kwh": "1e99"}, form_requests.NO_NUMBER),
    ({"command": "boost", "until": "25:00"}, form_requests.NO_TIME), ({"command": "boost", "until": "7"}, form_requests.NO_TIME),
    ({"command": "boost", "until": "٠٧:30"}, form_requests.NO_TIME)])
def test_what_is_no_request_is_said(fields, message):
    with pytest.raises(form_requests.Wrong) as problem:
        form_requests.request(fields)
    assert problem.value.args[0] == message
