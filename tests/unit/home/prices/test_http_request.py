"""home/prices/http_request.py against a web server of the test: what it sends, and what becomes of a refusal. No key is in a sentence."""
import datetime
import zoneinfo

import pytest
from tests.support.price_sources import PriceServer, source
from home import http_rules
from home.prices import http_request
from home.prices.http_request import Refused

# 2026-11-29T23:00:00Z, midnight in Berlin.
BEGIN_S = 1_795_993_200
KEY = "psk_SECRET/1"


@pytest.fixture
def server():
    made = PriceServer((200, {}, "[]"))
    yield made
    made.stop()


def refused(server, tmp_path, *answer, **table):
    server.answers[:] = [answer]
    with pytest.raises(Refused) as problem:
        http_request.ask(source(tmp_path, KEY, url=server.url, **table), BEGIN_S, 5)
    assert KEY not in str(problem.value.args) and "SECRET" not in str(problem.value.args)
    return problem.value.args


def test_the_key_goes_into_the_header_that_the_preset_names(server, tmp_path):
    its = source(tmp_path, KEY, kind="amber", area="01SITE", url=server.url + "/v1/sites/{area}/prices")
    assert http_request.ask(its, BEGIN_S, 5) == "[]" and KEY not in repr(its)
    path, headers, body = server.requests[0]
    assert (path, headers["Authorization"], body) == ("/v1/sites/01SITE/prices", f"Bearer {KEY}", "")


def test_the_key_goes_into_the_address_where_it_is_named_there_and_into_no_header(server, tmp_path):
    http_request.ask(source(tmp_path, KEY, url=server.url + "/?token={key}"), BEGIN_S, 5)
    path, headers, _ = server.requests[0]
    assert path == "/?token=psk_SECRET%2F1" and "Authorization" not in headers


def test_a_body_is_posted_with_the_braces_that_it_has(server, tmp_path):
    http_request.ask(source(tmp_path, KEY, kind="tibber", url=server.url), BEGIN_S, 5)
    _, headers, body = server.requests[0]
    assert body.startswith('{"query": "{viewer{homes{') and headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("day, hours", [("2026-11-29", 48), ("2026-10-24", 49), ("2026-03-28", 47)])
def test_today_and_tomorrow_are_asked_for_also_where_the_clock_changes(day, hours):
    tz = zoneinfo.ZoneInfo("Europe/Berlin")
    noon_s = datetime.datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=tz).timestamp()
    made = http_request.request(source(url="https://prices.example/?a={from}&b={to}&c={from_s}&d={to_s}&e={from_iso}"), noon_s)
    values = dict(one.split("=") for one in made.full_url.partition("?")[2].split("&"))
    assert values["a"] == day and int(values["d"]) - int(values["c"]) == 3600 * hours
    assert values["e"].startswith(("2026-11-28T23", "2026-10-23T22", "2026-03-27T23"))


@pytest.mark.parametrize("answer, words, retry_s", [
    ((429, {"Retry-After": "120"}, ""), "127.0.0.1 is asked too often", 120),
    ((429, {}, ""), "is asked too often", 3600),
    ((503, {"Retry-After": "30"}, ""), "answers 503", 30),
    ((500, {}, ""), "answers 500", None),
    ((401, {}, ""), "does not accept the key in key_file", 3600),
    ((404, {}, ""), "are area, product and url right", 3600),
    ((302, {"Location": "http://127.0.0.1:1/"}, ""), "points elsewhere", 3600),
])
def test_a_refusal_says_what_is_wrong_and_when_to_come_again(server, tmp_path, answer, words, retry_s):
    sentence, found_s = refused(server, tmp_path, *answer)
    assert words in sentence and found_s == retry_s
    assert len(server.requests) == 1


def test_a_retry_after_may_be_a_date_and_is_no_day_long():
    assert http_rules.retry_after_s("Mon, 30 Nov 2026 00:02:00 GMT", BEGIN_S, 6 * 3600) == 3600 + 120 - 0
    assert http_rules.retry_after_s("999999", 0, 6 * 3600) == 6 * 3600
    assert [http_rules.retry_after_s(text, 0, 6 * 3600) for text in (None, "soon", "nan")] == [None, None, None]


def test_a_server_that_is_not_there_is_one_sentence_without_the_key(server, tmp_path):
    server.stop()
    with pytest.raises(Refused, match="127.0.0.1 does not answer") as problem:
        http_request.ask(source(tmp_path, KEY, url=server.url + "/?token={key}"), BEGIN_S, 2)
    assert "SECRET" not in problem.value.args[0]


def test_an_answer_without_an_end_is_not_read_to_its_end(server, monkeypatch):
    monkeypatch.setattr(http_request, "ANSWER_MAX", 10)
    server.answers[:] = [(200, {}, "x" * 11)]
    with pytest.raises(Refused, match="answers with more than"):
        http_request.ask(source(url=server.url), BEGIN_S, 5)
