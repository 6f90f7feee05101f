"""home/commands/desk.py where the network is ChirpStack: it says little, takes nothing back and has no limit of ten."""
import json

import pytest
from home.store import commands
from home.store.database import reading
from tests.support import chirpstack_judge
from tests.support.house import BEGIN_MS, house
from tests.support.queue_at_chirpstack import DEV_EUI, HOUSE, QueueAtChirpStack
from tests.support.uplinks import MIN_MS

START, STOP = {"command": "start"}, {"command": "stop"}


@pytest.fixture
def its():
    with house(**HOUSE) as made:
        made.network = QueueAtChirpStack(made)
        made.garage = made.settings.devices[0]
        yield made


def ask(its, request):
    return its.desk.ask(its.garage, request, "Anna")


def now(its, key):
    with reading(its.engine) as connection:
        return commands.one(connection, its.key(its.garage), key)


def recent(its):
    with reading(its.engine) as connection:
        return commands.recent(connection, its.key(its.garage))


def wait(its, ms):
    its.now_ms += ms
    its.desk.look()


def test_a_request_is_handed_over_then_sent_then_done_and_is_one_command_although_it_is_heard_on_its_own_topic(its):
    made = ask(its, START)
    assert (now(its, made.key).fate, now(its, made.key).detail) == ("asked", "handed_over")
    request = its.network.send()
    assert request == made.request and (now(its, made.key).fate, now(its, made.key).detail) == ("sent", None)
    its.now_ms += 9000
    its.network.answer(request)
    assert now(its, made.key).fate == "done" and [one.key for one in recent(its)] == [made.key]


def test_what_is_published_is_a_command_of_chirpstack_with_port_expiry_and_the_request_s_own_id(its):
    made = ask(its, START)
    (topic, body), = its.network.published
    assert topic.endswith(f"/device/{DEV_EUI}/command/down") and chirpstack_judge.parsed("command/down", body)
    sent = json.loads(body)
    assert (sent["fPort"], sent["object"], sent["expiresAt"]) == (20, made.request, "2026-09-30T22:10:00Z")
    assert sent["id"][-8:] == f"{made.issued_at:08x}"


def test_while_nothing_is_heard_it_is_handed_over_again_and_waits_there_but_once(its):
    made = ask(its, START)
    for _ in range(4):
        wait(its, MIN_MS)
    assert now(its, made.key).sends == 3 and len(its.network) == 1 and its.network.log == ["already exists"] * 2
    its.network.send()
    assert now(its, made.key).fate == "sent" and its.network.send() is None


def test_one_that_was_lost_on_the_way_reaches_the_queue_by_its_repetition(its):
    made = ask(its, START)
    its.network._queue.push([], replace=True)
    wait(its, MIN_MS)
    assert its.network.send() == made.request and its.network.log == []


def test_what_nobody_ever_spoke_of_ends_so_and_a_queue_s_expiry_ends_as_not_sent(its):
    silent, overdue = ask(its, START), ask(its, {"command": "report", "expires_in_s": 120})
    its.network._queue._items.popleft()      # lost, as what its codec refuses
    its.now_ms += 3 * MIN_MS
    assert its.network.send() is None
    assert (now(its, overdue.key).fate, now(its, overdue.key).detail) == ("expired", "not_sent")
    wait(its, 10 * MIN_MS)
    assert (now(its, silent.key).fate, now(its, silent.key).detail) == ("expired", "no_word")


def test_one_that_is_too_long_for_its_data_rate_has_failed_with_the_network_s_word(its):
    made = ask(its, START)
    its.network._queue.take(1)
    assert (now(its, made.key).fate, now(its, made.key).detail) == ("failed", "network:DOWNLINK_PAYLOAD_SIZE")


def test_a_withdrawn_one_is_not_handed_over_again_and_its_owner_is_told_that_it_may_still_be_sent(its):
    made = ask(its, START)
    withdrawn = its.desk.withdraw(its.garage, made.key, "Anna")
    assert (withdrawn.fate, withdrawn.detail) == ("withdrawn", "left_there") and len(its.network) == 1
    wait(its, 5 * MIN_MS)
    assert now(its, made.key).sends == 1
    its.network.answer(its.network.send())
    assert now(its, made.key).fate == "done"


def test_there_is_no_limit_of_ten_and_what_goes_out_is_counted(its):
    for number in range(15):
        its.now_ms += 10_000
        ask(its, {"command": "boost", "kwh": 1 + number})
        its.network.send()
    with reading(its.engine) as connection:
        assert commands.downlinks_24h(connection, its.key(its.garage), its.now_ms) == 15


def test_a_command_of_another_program_is_seen_by_its_topic_and_followed_by_its_id(its):
    body = {"devEui": DEV_EUI, "fPort": 20, "id": f"e7c4a9e0-1a2b-4000-8000-0009{BEGIN_MS // 1000:08x}",
            "object": {"command": "stop", "id": 9.0, "issued_at": BEGIN_MS / 1000, "expires_in_s": 600.0}}
    its.network.publish("", json.dumps(body))
    (found,) = recent(its)
    assert (found.who, found.name, found.command_id, found.fate) == ("elsewhere", "stop", 9, "asked") and isinstance(found.request["id"], int)
    its.network.send()
    assert now(its, found.key).fate == "sent"
    its.network.answer(found.request)
    assert now(its, found.key).fate == "done"


@pytest.mark.parametrize("object_", [{"command": "fly"}, {}, {"deep": [{}] * 3}])
def test_what_the_codec_refuses_of_another_program_is_no_command(its, object_):
    its.network.publish("", json.dumps({"devEui": DEV_EUI, "fPort": 20, "object": object_}))
    assert recent(its) == [] and len(its.network.log) == 1


def test_events_about_downlinks_of_the_network_s_own_change_nothing(its):
    made = ask(its, START)
    its.network._queue.push([{"f_port": 202, "payload": b"\1"}])
    its.network._queue._items.rotate(1)
    item = its.network._queue.take(51)
    its.desk.hear("own", DEV_EUI, "event/txack", {"queueItemId": item.queue_id})
    for suffix, message in (("event/txack", {}), ("event/log", {"code": 7}), ("event/log", {"code": "UPLINK_CODEC"}), ("event/ack", {}),
                            ("command/down", {"data": "?"}), ("command/down", []), ("event/join", {})):
        its.desk.hear("own", DEV_EUI, suffix, message if isinstance(message, dict) else {})
    assert now(its, made.key).fate == "asked" and len(recent(its)) == 1
