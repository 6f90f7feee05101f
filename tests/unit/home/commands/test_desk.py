"""home/commands/desk.py over a store and the simulated network's queue: from a request to its end."""
import json

import pytest
from home.commands import fate, hearing
from home.commands.desk import DOUBLE_MS, Desk, Refused
from home.network import the_things_stack
from home.store import commands, queries
from home.store.database import RowRefused, StoreFailed, reading
from tests.support.house import BEGIN_MS, house
from tests.support.queue_at_network import QueueAtNetwork
from tests.support.uplinks import HOUR_MS, MIN_MS

START = {"command": "start"}
STOP = {"command": "stop"}


@pytest.fixture
def its():
    with house() as made:
        made.network = QueueAtNetwork(made)
        made.garage = made.settings.devices[0]
        yield made


def ask(its, request, **rest):
    return its.desk.ask(its.garage, request, "Anna", **rest)


def now(its, key):
    with reading(its.engine) as connection:
        return commands.one(connection, its.key(its.garage), key)


def recent(its):
    with reading(its.engine) as connection:
        return commands.recent(connection, its.key(its.garage))


def spent(its):
    with reading(its.engine) as connection:
        return commands.downlinks_24h(connection, its.key(its.garage), its.now_ms)


def wait(its, ms):
    """That time passes, and the desk looks."""
    its.now_ms += ms
    its.desk.look()


def test_a_request_is_at_the_network_at_once_and_the_device_s_answer_makes_it_done(its):
    made = ask(its, START)
    assert (made.name, made.who, made.sends) == ("start", "Anna", 1)
    assert made.issued_at == BEGIN_MS // 1000 and made.expires_at == made.issued_at + 600
    assert now(its, made.key).fate == "queued"
    request = its.network.send()
    assert request == made.request and now(its, made.key).fate == "sent"
    its.now_ms += 12_000
    its.network.answer(request)
    found = now(its, made.key)
    assert (found.fate, found.detail, found.changed_ms, found.answered_ms) == ("done", None, its.now_ms, its.now_ms)


def test_what_the_device_refuses_has_its_reason(its):
    made = ask(its, START)
    its.network.answer(its.network.send(), "refused", detail="locked")
    assert (now(its, made.key).fate, now(its, made.key).detail) == ("refused", "locked")


@pytest.mark.parametrize("request_, seconds", [
    (STOP, 43200), ({"command": "lock"}, 43200), ({"command": "unlock"}, 600), ({"plan": {"windows": []}}, 65535),
    ({"settings": {"adr": False}}, 65535), ({"command": "start", "expires_in_s": 120}, 120), ({"mode": "Lock Outlet"}, 600),
])
def test_a_request_is_good_for_as_long_as_its_kind_wants(its, request_, seconds):
    assert ask(its, request_).expires_at == BEGIN_MS // 1000 + seconds


def test_ids_differ_for_a_day_also_from_those_of_other_programs(its):
    elsewhere(its, {"command": "start", "id": 2})
    made = []
    for place in range(4):
        its.now_ms += 10_000
        made.append(ask(its, {"command": "boost", "kwh": 1 + place}, anyway=True).command_id)
    assert len({2, *made}) == 5 and 0 not in made


@pytest.mark.parametrize("request_, words", [
    ({"command": "fly"}, "command: must be one of lock"), ({"command": "start", "current_a": 3}, "current_a"), ({}, "command: is missing"),
    ({"command": "start", "colour": 1}, "colour: is not known here"), ([], "must be an object"), ({"plan": {"windows": [{}]}}, "windows[0]"),
    ({"command": "boost", "kwh": float("nan")}, "JSON"), ({"command": {"command": "start"}}, "command: must be one of"),
    ({"command": "start", "id": 10 ** 400, "issued_at": 10 ** 400}, "id: must be an integer from 0 to 255"),
    ({"command": "start", "id": 256}, "id: must be an integer from 0 to 255"), ({"command": "start", "issued_at": "now"}, "issued_at"),
])
def test_what_is_wrong_is_said_by_the_formatter_before_anything_is_sent_or_kept(its, request_, words):
    with pytest.raises(Refused, match="sent: |must be") as refused:
        ask(its, request_)
    assert words in str(refused.value) and refused.value.why == "argument"
    assert len(its.network) == 0 and recent(its) == []


def test_pressed_twice_it_is_one_command_and_later_it_is_another(its):
    first = ask(its, START)
    its.now_ms += DOUBLE_MS - 1
    assert ask(its, START).key == first.key and ask(its, STOP).key != first.key
    its.now_ms += 1
    assert ask(its, START).key != first.key
    assert [one.name for one in recent(its)] == ["start", "stop", "start"] and len(its.network) == 3


def test_a_program_that_repeats_its_own_id_and_time_of_issue_gets_the_same_command(its):
    request = {"command": "start", "id": 9, "issued_at": BEGIN_MS // 1000}
    first = ask(its, request)
    its.now_ms += MIN_MS
    assert ask(its, request).key == first.key and len(its.network) == 1


def test_unanswered_it_is_repeated_twice_with_the_same_identity_and_ends_as_unanswered(its):
    made = ask(its, START)
    its.network.send()
    for _ in range(3):
        wait(its, 30_000)
        assert len(its.network) == 0
        wait(its, 30_000)
        its.network.send()
    assert [request == made.request for request in its.network.on_air] == [True] * 3
    wait(its, 10 * MIN_MS)
    assert now(its, made.key).fate == "unanswered"
    its.network.answer(its.network.on_air[0])
    assert now(its, made.key).fate == "done"


def test_while_the_device_is_about_it_it_is_not_repeated_and_downlinks_are_spared(its):
    made = ask(its, START)
    its.network.send()
    its.hear(its.network.device.status(its.now_ms + 1000, reason="min_pause", override="boost"))
    wait(its, 5 * MIN_MS)
    assert now(its, made.key).sends == 1
    its.hear(its.network.device.status(its.now_ms + 1000, reason="charging", override="boost"))
    wait(its, 5000)
    assert now(its, made.key).sends == 1        # its answer follows the status that says that it is done
    wait(its, MIN_MS)
    assert now(its, made.key).sends == 2
    stop = ask(its, STOP)
    assert its.network.send() == made.request and its.network.send() == stop.request
    its.hear(its.network.device.status(its.now_ms + 1000, reason="min_pause"))
    wait(its, 2 * MIN_MS)
    assert now(its, stop.key).sends == 2


def test_over_a_restart_what_is_pending_is_repeated_and_answered_as_before(its):
    made = ask(its, START)
    its.network.send()
    its.desk = Desk(its.engine, its.settings, its.key, its.network.publish, its.changes.tell, its.clock)
    wait(its, MIN_MS)
    assert its.network.send() == made.request and now(its, made.key).sends == 2
    its.network.answer(made.request)
    assert now(its, made.key).fate == "done"


def test_in_class_a_it_is_repeated_after_the_next_uplink(its):
    its.hear(its.network.device.uplink(its.now_ms, 14, {"type": "readback", "part": "settings", "page": 1, "settings": {"lorawan_class": "A"}}))
    ask(its, STOP)
    its.network.send()
    wait(its, HOUR_MS)
    assert len(its.network) == 0
    its.hear(its.network.device.status(its.now_ms))
    wait(its, 5000)
    assert len(its.network) == 1


def test_while_it_waits_at_the_network_it_is_not_sent_again(its):
    ask(its, STOP)
    wait(its, 5 * HOUR_MS)
    assert len(its.network) == 1


def test_after_a_gap_of_the_line_what_was_queued_is_asked_again_for_nobody_heard_whether_it_was_sent(its):
    made = ask(its, STOP)
    assert now(its, made.key).fate == "queued"
    its.desk.line_up(its.garage.network)
    wait(its, 5000)
    assert now(its, made.key).fate == "asked" and len(its.network) == 1
    wait(its, MIN_MS)
    assert now(its, made.key).sends == 2 and [its.network.send() for _ in range(2)] == [made.request] * 2
    its.network.answer(made.request)
    assert now(its, made.key).fate == "done"


def test_in_class_a_it_waits_after_a_gap_of_the_line_until_an_uplink_brings_no_word_of_it(its):
    its.hear(its.network.device.uplink(its.now_ms, 14, {"type": "readback", "part": "settings", "page": 1, "settings": {"lorawan_class": "A"}}))
    made = ask(its, STOP)
    its.desk.line_up(its.garage.network)
    wait(its, 5 * MIN_MS)
    assert now(its, made.key).fate == "queued" and len(its.network) == 1
    its.hear(its.network.device.status(its.now_ms))
    wait(its, 30_000)
    assert now(its, made.key).fate == "queued"
    wait(its, 30_000)
    assert now(its, made.key).fate == "asked"
    wait(its, MIN_MS)
    assert now(its, made.key).sends == 2


def test_without_a_gap_a_request_in_the_network_s_queue_is_in_no_doubt(its):
    its.desk.line_up(its.garage.network)
    its.now_ms += 1
    made = ask(its, STOP)
    wait(its, HOUR_MS)
    assert now(its, made.key).fate == "queued"


def test_a_stop_stays_pending_for_12_hours(its):
    made = ask(its, STOP)
    its.network.send()
    for _ in range(11):
        wait(its, HOUR_MS)
        its.network.send()
    assert now(its, made.key).is_pending
    wait(its, HOUR_MS + fate.GRACE_MS)
    assert now(its, made.key).fate == "unanswered" and len(its.network.on_air) == 3


def test_while_the_line_is_down_it_waits_here_and_goes_when_it_is_back(its):
    its.is_up["ttn"] = False
    made = ask(its, START)
    assert (made.fate, made.sends, len(its.network)) == ("asked", 0, 0)
    wait(its, MIN_MS)
    its.is_up["ttn"] = True
    wait(its, MIN_MS)
    assert (now(its, made.key).fate, now(its, made.key).sends, len(its.network)) == ("queued", 1, 1)


def test_a_line_that_stays_down_ends_it_without_anything_sent(its):
    its.is_up["ttn"] = False
    made = ask(its, START)
    wait(its, HOUR_MS)
    its.is_up["ttn"] = True
    wait(its, MIN_MS)
    assert (now(its, made.key).fate, now(its, made.key).detail, len(its.network)) == ("expired", "no_line", 0)


def test_a_network_that_takes_nothing_is_told_from_one_that_sends_nothing(its):
    its.network.is_heard = False
    made = ask(its, START)
    wait(its, HOUR_MS)
    assert (now(its, made.key).fate, now(its, made.key).detail) == ("expired", "not_taken")


def test_a_downlink_that_is_too_long_fails_by_the_network_s_word(its):
    made = ask(its, {"plan": {"windows": [{"days": day, "from": "22:00", "to": "06:00"} for day in ("mon", "tue", "wed", "thu")]}})
    its.network._queue.take(20)
    assert (now(its, made.key).fate, now(its, made.key).detail) == ("failed", "network:application_downlink_too_long")
    assert spent(its) == 0


def test_withdrawn_it_leaves_the_queue_and_what_else_waits_stays(its):
    elsewhere(its, {"command": "report", "id": 99})
    made = ask(its, STOP)
    last = ask(its, {"command": "report"})
    found = its.desk.withdraw(its.garage, made.key, "Anna")
    assert (found.fate, found.detail) == ("withdrawn", None)
    with reading(its.engine) as connection:
        (change,) = queries.changes(connection, f"command {made.key}")
    assert (change.what, change.before, change.after) == ("withdrawn", "queued", "Anna")
    assert [its.network.send()["id"], its.network.send()["id"], its.network.send()] == [99, last.command_id, None]
    assert now(its, last.key).fate == "sent" and spent(its) == 2


def test_withdrawn_after_it_was_sent_it_says_so_and_is_not_repeated(its):
    made = ask(its, STOP)
    its.network.send()
    assert its.desk.withdraw(its.garage, made.key, "Anna").detail == "sent_already"
    wait(its, HOUR_MS)
    assert len(its.network) == 0


def test_what_is_over_or_nowhere_cannot_be_withdrawn(its):
    made = ask(its, START)
    its.network.answer(its.network.send())
    for key, why in ((made.key, "over"), (made.key + 1, "unknown")):
        with pytest.raises(Refused) as refused:
            its.desk.withdraw(its.garage, key, "Anna")
        assert refused.value.why == why


def test_without_a_line_it_cannot_be_taken_back_and_stays_pending(its):
    made = ask(its, START)
    its.is_up["ttn"] = False
    with pytest.raises(Refused, match="The line to the network is down"):
        its.desk.withdraw(its.garage, made.key, "Anna")
    assert now(its, made.key).fate == "queued"


# --- the ten downlinks of a day

def elsewhere(its, request, correlation_ids=()):
    """Another program pushes that; it is in the network's queue."""
    downlink = {"f_port": 1 if "mode" in request else 20, "decoded_payload": request, "correlation_ids": list(correlation_ids)}
    its.network.publish(None, "down/push", json.dumps({"downlinks": [downlink]}))


def spend(its, count):
    for number in range(count):
        elsewhere(its, {"command": "report", "id": number + 100, "issued_at": its.now_ms // 1000})
        its.network.send()
        its.now_ms += MIN_MS


def test_eight_downlinks_of_anybody_leave_two_for_stop_and_lock(its):
    spend(its, 7)
    ask(its, START)
    its.now_ms += MIN_MS
    with pytest.raises(Refused) as refused:
        ask(its, START)
    assert str(refused.value) == ("8 downlinks of the 10 that a day allows are spent. The last 2 are kept for stop, lock and unlock."
                                  " There is room again at 2026-10-02T00:00:00+02:00.")
    assert (refused.value.why, refused.value.values["spent"], refused.value.values["again_ms"]) == ("budget", 8, BEGIN_MS + fate.DAY_MS)
    assert ask(its, STOP).fate and ask(its, {"mode": "Lock Outlet"}).fate
    its.now_ms += MIN_MS
    with pytest.raises(Refused, match="^10 downlinks of the 10 that a day allows are spent. There is room again at"):
        ask(its, {"command": "unlock"})
    assert ask(its, {"command": "unlock"}, anyway=True).fate == "asked"
    assert spent(its) == 11
    its.now_ms = BEGIN_MS + fate.DAY_MS + 6 * MIN_MS
    assert ask(its, STOP).name == "stop"


def test_presses_that_the_network_has_not_confirmed_yet_count_too(its):
    its.network.is_heard = False
    for number in range(8):
        ask(its, {"command": "boost", "kwh": number + 1})
    with pytest.raises(Refused, match="^8 downlinks"):
        ask(its, START)


def test_a_repetition_does_not_take_what_is_kept_for_a_stop(its):
    spend(its, 7)
    ask(its, START)
    its.network.send()
    wait(its, 2 * MIN_MS)
    assert len(its.network) == 0


# --- commands of other programs

def test_a_command_of_another_program_is_told_once_and_has_its_fate(its):
    request = {"command": "boost", "kwh": 5, "id": 77, "issued_at": BEGIN_MS // 1000, "expires_in_s": 600}
    elsewhere(its, request)
    elsewhere(its, request)
    its.network.answer(its.network.send())
    its.network.send()
    (found,) = recent(its)
    assert (found.who, found.name, found.command_id, found.fate) == ("elsewhere", "boost", 77, "done")
    wait(its, 5 * MIN_MS)
    assert len(its.network) == 0


def test_home_manager_s_byte_is_matched_by_its_word(its):
    elsewhere(its, {"mode": "Lock Outlet"})
    assert its.network.send() == {"mode": "Lock Outlet"}
    assert [one.fate for one in recent(its)] == ["sent"]
    answer = {"type": "result", "state": "Lock Outlet ACK", "command": "lock", "result": "done"}
    its.desk.hear_uplinks("ttn", [its.network.device.uplink(its.now_ms + 5000, 11, answer)])
    (found,) = recent(its)
    assert (found.name, found.request, found.fate) == ("mode", {"mode": "Lock Outlet"}, "done")


def test_what_the_service_asks_by_itself_is_told_as_its_own(its):
    elsewhere(its, {"command": "report", "what": "sessions", "from": 5, "id": 3}, ["home:sessions:5"])
    assert recent(its)[0].who == "service"


def test_an_answer_of_the_day_before_is_not_this_command_s(its):
    made = ask(its, {"command": "start", "id": 7})
    old = {"type": "result", "state": "Charging", "command": "start", "command_id": 7, "result": "failed"}
    its.desk.hear_uplinks("ttn", [its.network.device.uplink(its.now_ms - HOUR_MS, 11, old)])
    assert now(its, made.key).is_pending


def test_busy_without_an_id_is_about_the_only_one_that_was_sent(its):
    made = ask(its, START)
    its.network.send()
    its.desk.hear_uplinks("ttn", [its.network.device.uplink(its.now_ms, 11, {"type": "result", "state": "Charging", "result": "busy", "refused": 1})])
    assert now(its, made.key).fate == "busy"


@pytest.mark.parametrize("message", [
    {}, {"downlink_queued": 5}, {"downlink_queued": {"f_port": 20, "frm_payload": "%"}}, {"downlink_queued": {"f_port": -1}},
    {"downlink_sent": {"f_port": 20, "frm_payload": "BAc=", "correlation_ids": ["home:command:999", "home:command:x", 5]}},
    {"downlink_failed": {"downlink": {"f_port": 20}, "error": 7}}, {"downlink_queued": {"f_port": 20, "frm_payload": "A" * 4000}},
    {"downlink_queued": {"f_port": 1, "frm_payload": "AQ==", "decoded_payload": {"mode": ["Lock"]}, "priority": ["x"], "correlation_ids": 1}},
])
def test_nonsense_about_a_downlink_breaks_nothing(its, message):
    made = ask(its, START)
    for suffix in ("down/queued", "down/sent", "down/failed", "down/ack"):
        its.desk.hear("ttn", "wallbox", suffix, message)
        its.desk.hear("elsewhere", "nobody", suffix, message)
    assert now(its, made.key).is_pending


@pytest.mark.parametrize("data", [
    {}, {"result": "done"}, {"result": "fine", "command": "start", "command_id": 1}, {"result": ["done"], "command": "start"},
    {"result": "done", "command": ["start"], "command_id": 1}, {"result": "done", "command": "start", "command_id": "1"},
    {"result": "done", "command": "start", "command_id": 2}, {"result": "busy", "command": 5},
])
def test_a_result_that_is_none_answers_nothing(its, data):
    made = ask(its, START)
    its.desk.hear_uplinks("ttn", [its.network.device.uplink(its.now_ms, 11, {"type": "result", "state": "Charging", **data})])
    assert now(its, made.key).is_pending


def test_who_listens_hears_of_each_change(its):
    heard = []
    its.changes.listen(heard.append)
    ask(its, START)
    its.network.send()
    assert heard == ["Garage"] * 3      # queued, asked, sent


def test_an_answer_that_the_store_did_not_take_is_heard_at_the_next_look(its, monkeypatch):
    made = ask(its, START)
    request = its.network.send()

    def failing(engine):
        raise StoreFailed("the store: disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("home.commands.desk.writing", failing)
        with pytest.raises(StoreFailed):
            its.network.answer(request)
    its.desk.look()
    assert now(its, made.key).fate == "done"


def test_an_item_of_the_queue_comes_back_as_it_was():
    given = {"session_key_id": "x", "f_port": 1, "frm_payload": "AQ==", "confirmed": True, "priority": "HIGH",
             "correlation_ids": ["as:downlink:01", "my:1"]}
    assert the_things_stack.downlink({"downlink_queued": given}).item == {
        "f_port": 1, "frm_payload": "AQ==", "confirmed": True, "priority": "HIGH", "correlation_ids": ["my:1"]}


@pytest.mark.parametrize("sent, fate_then", [(False, "expired"), (True, "unanswered")])
def test_after_a_service_that_was_gone_for_days_what_waited_has_an_end(its, sent, fate_then):
    made = ask(its, START)
    if sent:
        its.network.send()
    wait(its, 5 * 24 * HOUR_MS)
    assert now(its, made.key).fate == fate_then


def test_a_clock_that_is_put_back_by_days_neither_blocks_a_press_nor_spends_the_day(its):
    its.now_ms += 400 * 24 * HOUR_MS
    wrong = [ask(its, {"command": "set_current", "current_a": 6 + place}).key for place in range(8)]
    its.now_ms -= 400 * 24 * HOUR_MS
    its.desk.look()
    assert {now(its, key).fate for key in wrong} == {"expired"}
    made = ask(its, {"command": "set_current", "current_a": 6})
    assert made.key not in wrong and made.sends == 1 and spent(its) == 1


def test_a_clock_that_is_put_back_by_an_hour_still_repeats_what_is_not_answered(its):
    its.network.is_heard = False
    made = ask(its, STOP)
    wait(its, -HOUR_MS)
    assert now(its, made.key).sends == 2


def test_a_word_about_the_queue_that_what_became_of_it_overtook_changes_nothing(its):
    told = []
    its.network._queue._publish = lambda *message: told.append(message)
    made = ask(its, START)
    its.network.send()
    for suffix, message in reversed(told):
        its.desk.hear("ttn", "wallbox", suffix, message)
    assert [suffix for suffix, _ in told] == ["down/queued", "down/sent"]
    assert now(its, made.key).fate == "sent" and spent(its) == 1
    with reading(its.engine) as connection:
        assert commands.waiting(connection, its.key(its.garage), its.now_ms) == []


def test_an_answer_that_the_store_never_takes_keeps_no_other_one_out(its, monkeypatch):
    made, answer = ask(its, START), hearing.answer

    def picky(connection, device, uplink):
        if "other" in uplink.decoded["command"]:
            raise RowRefused("the store: no")
        answer(connection, device, uplink)

    monkeypatch.setattr(hearing, "answer", picky)
    its.desk.hear_uplinks("ttn", [its.network.device.uplink(its.now_ms, 11, {
        "type": "result", "command": name, "command_id": made.command_id, "result": "done"}) for name in ("other", "start")])
    assert now(its, made.key).fate == "done"
