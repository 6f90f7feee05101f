"""home/inbox.py: what can be used is stored, what cannot is named once, and the rest goes on."""
import json
import time
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from tests.support.stores import store
from tests.unit.home.network.test_the_things_stack import MESSAGE, NETWORK
from home import inbox
from home.inbox import Inbox
from home.notices import Notices
from home.store import schema
from home.store.database import RowRefused, StoreFailed
from home.store.writer import Writer

NOW_S = 1_795_957_500
UP = "v3/ev-charger@ttn/devices/wallbox/up"


class InboxBench:
    """An inbox on a store in memory, and what it said and announced."""

    def __init__(self, engine):
        self.said, self.new = [], []
        self.writer = Writer(engine, {("ttn", "wallbox"): ""})
        self.inbox = Inbox(self.writer, [NETWORK], Notices(write=lambda form, *words: self.said.append(form % words)), lambda: NOW_S,
                           lambda network, uplinks: self.new.extend(uplinks))

    def stored(self):
        with self.writer.engine.connect() as connection:
            return [json.loads(text) for text in connection.execute(sa.select(schema.uplink.c.message).order_by(schema.uplink.c.id)).scalars()]

    def through(self, *bodies, topic=UP):
        """Put them in, and let the thread end when all is written."""
        for body in bodies:
            self.inbox.put("ttn", topic, body if isinstance(body, bytes) else json.dumps(body).encode())
        self.inbox.start()
        self.inbox.stop()


@pytest.fixture
def house():
    with store() as engine:
        yield InboxBench(engine)


def message(f_cnt=2, device_id="wallbox", **fields):
    return {**MESSAGE, "end_device_ids": {"device_id": device_id}, "uplink_message": {**MESSAGE["uplink_message"], "f_cnt": f_cnt, **fields}}


def test_what_comes_is_stored_and_announced_once(house):
    house.through(message(1), message(2), message(1))
    assert [one["uplink_message"]["f_cnt"] for one in house.stored()] == [1, 2]
    assert [uplink.f_cnt for uplink in house.new] == [1, 2] and house.said == []


def test_between_what_cannot_be_used_the_rest_is_stored(house):
    house.through(b"no json", message(1), b"[]", {"a": 1}, message(2), message(3, frm_payload="???"), b"\xff", message(4, received_at=None))
    assert [one["uplink_message"]["f_cnt"] for one in house.stored()] == [1, 2, 4]
    assert len(house.said) == 2 and "no JSON: b'no json'" in house.said[0] and "an uplink was left out: no uplink of a device" in house.said[1]


def test_another_device_s_uplinks_are_named_once_and_left_out(house):
    house.through(message(1, "neighbour"), message(2, "neighbour"), message(3))
    assert len(house.stored()) == 1
    assert house.said == ["ttn: uplinks of 'neighbour' are left out: there is no such [[device]]"]


def test_a_hostile_name_is_only_words_in_the_log(house):
    house.through(message(1, "x\n'; DROP TABLE uplink; --"), message(2))
    assert len(house.stored()) == 1
    assert house.said == ["ttn: uplinks of \"x\\n'; DROP TABLE uplink; --\" are left out: there is no such [[device]]"]


def test_a_time_that_is_years_off_gives_way_to_ours(house):
    house.through(message(1, received_at="2016-01-01T00:00:00Z"), message(2, received_at="2099-01-01T00:00:00Z"))
    with house.writer.engine.connect() as connection:
        assert set(connection.execute(sa.select(schema.uplink.c.received_ms)).scalars()) == {1000 * NOW_S}
    assert house.said == ["wallbox: an uplink says it was received at a time that is years off: ours counts"]


def test_an_uplink_without_data_is_kept_and_the_formatter_asked_after(house):
    empty = message(2, frm_payload="", f_port=0)
    for one in (bare := message(1), empty):
        del one["uplink_message"]["decoded_payload"]
    house.through(bare, empty)
    assert len(house.stored()) == 2
    assert house.said == ["wallbox: an uplink on fPort 10 has no decoded_payload: is ttn/formatter.js set for the device? It is kept as it came"]


def test_what_became_of_a_downlink_is_handed_on(house):
    told = []
    house.inbox._downlink = lambda *words: told.append(words)
    house.through(b"no json", {"downlink_queued": {"correlation_ids": ["home:1"]}}, topic="v3/ev-charger@ttn/devices/wallbox/down/queued")
    assert told == [("ttn", "wallbox", "down/queued", {"downlink_queued": {"correlation_ids": ["home:1"]}})]
    assert house.stored() == [] and len(house.said) == 1


def test_among_messages_of_two_networks_each_downlink_is_handed_on_once(house):
    heard = []
    networks = [NETWORK, SimpleNamespace(**{**vars(NETWORK), "name": "other"})]
    house.inbox = Inbox(house.writer, networks, Notices(), lambda: NOW_S, lambda *told: None, lambda *told: heard.append(told[:3]))
    for name in ("ttn", "other", "ttn"):
        house.inbox.put(name, "v3/ev-charger@ttn/devices/wallbox/down/queued", b"{}")
    house.through()
    assert sorted(heard) == [("other", "wallbox", "down/queued"), ("ttn", "wallbox", "down/queued"), ("ttn", "wallbox", "down/queued")]


def test_other_topics_are_not_uplinks(house):
    house.through(message(1), topic="v3/ev-charger@ttn/devices/wallbox/down/queued")
    house.inbox.put("ttn", "v3/other@ttn/devices/wallbox/up", json.dumps(message(2)).encode())
    assert house.stored() == [] and house.said == []


def test_a_store_that_takes_nothing_is_tried_again_and_nothing_is_lost(house, monkeypatch):
    monkeypatch.setattr(inbox, "RETRY_S", (0.01, 0.02))
    write, full = house.writer.write, [3]

    def failing(*given):
        if full[0]:
            full[0] -= 1
            raise StoreFailed("the store: database or disk is full")
        return write(*given)

    monkeypatch.setattr(house.writer, "write", failing)
    house.inbox.put("ttn", UP, json.dumps(message(1)).encode())
    house.inbox.start()
    deadline = time.monotonic() + 5
    while not house.new and time.monotonic() < deadline:
        time.sleep(0.01)
    house.inbox.stop()
    assert len(house.stored()) == 1
    assert house.said == ["the store: database or disk is full. What comes waits, and is tried again"]


@pytest.mark.parametrize("problem", [RowRefused("the store: no"), OverflowError("what nobody foresaw")])
def test_a_row_that_the_store_refuses_costs_that_row(house, monkeypatch, problem):
    write = house.writer.write

    def picky(network, uplinks, backfilled):
        if any(uplink.f_cnt == 2 for uplink in uplinks):
            raise problem
        return write(network, uplinks, backfilled)

    monkeypatch.setattr(house.writer, "write", picky)
    house.through(message(1), message(2), message(3))
    assert [one["uplink_message"]["f_cnt"] for one in house.stored()] == [1, 3]
    assert house.said == [f"wallbox: an uplink was left out: the store does not take it ({type(problem).__name__})"]


def test_a_word_about_a_downlink_is_heard_once_though_the_store_fails_behind_it(house, monkeypatch):
    heard, write, failures = [], house.writer.write, iter([True, False])

    def full(network, uplinks, backfilled):
        if next(failures):
            raise StoreFailed("the store: database or disk is full")
        return write(network, uplinks, backfilled)

    monkeypatch.setattr(house.writer, "write", full)
    house.inbox._downlink = lambda *told: heard.append(told)
    monkeypatch.setattr(inbox, "RETRY_S", (0.01, 1))
    body = json.dumps({"downlink_queued": {"f_port": 20}}).encode()
    for topic, one in ((UP.replace("/up", "/down/queued"), body), (UP, json.dumps(message(1)).encode())):
        house.inbox.put("ttn", topic, one)
    house.inbox.start()
    deadline = time.monotonic() + 5
    while not house.new and time.monotonic() < deadline:
        time.sleep(0.01)
    house.inbox.stop()
    assert len(house.stored()) == 1
    assert heard == [("ttn", "wallbox", "down/queued", {"downlink_queued": {"f_port": 20}})]


def test_a_word_about_a_downlink_that_nobody_foresaw_costs_itself_alone(house):
    def unforeseen(*told):
        raise OverflowError("what nobody foresaw")

    house.inbox._downlink = unforeseen
    house.inbox.put("ttn", UP.replace("/up", "/down/queued"), b"{}")
    house.through(message(1))
    assert len(house.stored()) == 1 and house.said == ["wallbox: a message about a downlink was left out (OverflowError)"]


def test_an_uplink_that_nobody_foresaw_costs_itself_alone(house, monkeypatch):
    def unforeseen(given):
        if given["uplink_message"]["f_cnt"] == 2:
            raise OverflowError("what nobody foresaw")
        return uplink(given)

    uplink = inbox.kinds.the_things_stack.uplink
    monkeypatch.setattr(inbox.kinds.the_things_stack, "uplink", unforeseen)
    house.through(message(1), message(2), message(3))
    assert [one["uplink_message"]["f_cnt"] for one in house.stored()] == [1, 3] and house.said == ["ttn: an uplink was left out: OverflowError"]


def test_more_than_can_wait_is_left_out_and_said(monkeypatch):
    monkeypatch.setattr(inbox, "WAITING_MAX", 2)
    said = []
    full = Inbox(SimpleNamespace(devices={}), [NETWORK], Notices(write=lambda form, *words: said.append(form % words)), lambda: NOW_S, None)
    for _ in range(5):
        full.put("ttn", UP, b"")
    assert len(said) == 1 and "faster than the store takes them" in said[0]


def test_the_same_is_said_once_an_hour_with_how_often_it_was():
    now, said = [0.0], []
    notices = Notices(lambda: now[0], lambda form, *words: said.append(form % words))
    for now[0] in (0, 10, 20, 3600, 3700):
        notices.say("kind", "it is wrong")
    notices.over("kind")
    notices.say("kind", "it is wrong")
    assert said == ["it is wrong", "it is wrong (2 more like it before)", "it is wrong"]
