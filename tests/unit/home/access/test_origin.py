"""home/access/origin.py and proxy.py: which names are this service's, which requests its own pages', and who stands behind a proxy."""
import ipaddress

import pytest
from home.access import origin, proxy

TRUSTED = (ipaddress.ip_network("127.0.0.1"), ipaddress.ip_network("2001:db8::/64"))


@pytest.mark.parametrize("header, name", [
    ("Box.Lan:8080", "box.lan"), ("[::1]:8080", "::1"), ("localhost.", "localhost"), ("127.0.0.1", "127.0.0.1"), ("", None), (None, None),
    ("a b", None), ("evil.example, 127.0.0.1", None), ("user@127.0.0.1", None), ("127.0.0.1:80:80", None), ("127.0.0.1/x", None), ("a\u0130b", None),
])
def test_a_host_header_has_a_name_or_is_none(header, name):
    assert origin.host_name(header) == name


@pytest.mark.parametrize("name, is_private, is_answered", [
    ("localhost", True, True), ("192.168.1.7", True, False), ("raspberrypi", True, False), ("192.168.1.7", False, True), ("raspberrypi", False, True),
    ("raspberrypi.local", False, True), ("fe80::1", False, True), ("evil.example", False, False), ("local.evil.example", False, False),
    ("evillocal", False, True), ("box.example.org", True, True), (None, False, False),
])
def test_names_that_a_stranger_can_lead_here_are_not_answered(name, is_private, is_answered):
    assert origin.answers_to(name, is_private, ("box.example.org",)) is is_answered


@pytest.mark.parametrize("headers, is_ours", [
    ({"origin": "http://box.lan:8080"}, True), ({"origin": "HTTP://BOX.LAN:8080"}, True), ({"origin": "https://box.lan:8080"}, False),
    ({"origin": "http://box.lan"}, False), ({"origin": "null"}, False), ({"origin": ""}, False),
    ({"origin": "http://box.lan:8080.evil.example"}, False),
    ({"origin": "http://box.lan:x"}, False), ({"referer": "http://box.lan:8080/tonight?device=a"}, True),
    ({"referer": "http://evil.example/box.lan:8080"}, False),
    ({"origin": "http://evil.example", "referer": "http://box.lan:8080/"}, False), ({"sec-fetch-site": "same-origin"}, True),
    ({"sec-fetch-site": "same-site"}, False), ({"sec-fetch-site": "none"}, False), ({"sec-fetch-site": "cross-site"}, False), ({}, False),
])
def test_a_press_comes_from_a_page_of_this_service(headers, is_ours):
    assert origin.is_own(headers, "http", "box.lan:8080", is_required=True) is is_ours


def test_a_program_need_not_say_where_it_comes_from_but_a_page_that_uses_its_token_does():
    assert origin.is_own({}, "http", "box.lan", is_required=False) and not origin.is_own({"origin": "http://evil.example"}, "http", "box.lan", False)
    assert origin.is_own({"origin": "https://box.lan"}, "https", "box.lan:443", True)


@pytest.mark.parametrize("peer, said, address, scheme", [
    ("127.0.0.1", {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}, "203.0.113.9", "https"),
    ("203.0.113.5", {"x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "https"}, "203.0.113.5", "http"),
    ("127.0.0.1", {"x-forwarded-for": "192.0.2.1, 203.0.113.9"}, "203.0.113.9", "http"),
    ("127.0.0.1", {"x-forwarded-for": "203.0.113.9, 2001:db8::7"}, "203.0.113.9", "http"),
    ("127.0.0.1", {"x-forwarded-for": "203.0.113.9, somebody"}, "127.0.0.1", "http"), ("127.0.0.1", {}, "127.0.0.1", "http"),
    ("127.0.0.1", {"x-forwarded-proto": "https, http"}, "127.0.0.1", "http"), ("127.0.0.1", {"x-forwarded-proto": "gopher"}, "127.0.0.1", "http"),
    ("testclient", {"x-forwarded-for": "203.0.113.9"}, "testclient", "http"),
])
def test_only_the_word_of_a_proxy_of_ones_own_is_taken(peer, said, address, scheme):
    assert proxy.seen(peer, "http", said, TRUSTED) == (address, scheme)
