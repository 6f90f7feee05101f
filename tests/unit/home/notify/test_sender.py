"""home/notify/sender.py with a courier that has a mind of its own, and the real courier with a web server on this computer."""
import contextlib
import json
import logging
import threading

import pytest
from home import settings
from home.notices import Notices
from home.notify import courier, sender
from home.notify.courier import DELIVERED, NOT_DELIVERED, UNKNOWN, Courier
from home.notify.sender import Sender
from home.store import memory
from home.store.database import reading
from tests.support.house import BEGIN_MS, StoredHouse, given
from tests.support.stores import store
from tests.support.uplinks import HOUR_MS, Device
from tests.support.webhook import Webhook

ADDRESSES = ["ntfy://topic-of-nobody", "json://user:secret@127.0.0.1:9/hook"]


class Pigeon:
    """A courier: carried holds what arrived; is_down: addresses whose server is away."""

    def __init__(self):
        self.carried, self.is_down, self.tried = [], set(), 0

    def deliver(self, url, title, text):
        self.tried += 1
        if url in self.is_down:
            return NOT_DELIVERED
        self.carried.append((url, title))
        return DELIVERED

    def abort(self):
        pass


@contextlib.contextmanager
def messages(tmp_path, urls=tuple(ADDRESSES), devices=None, **notify):
    with store(tmp_path / "home.db") as engine:
        its = StoredHouse(engine, given(notify={"urls": list(urls), **notify}, **({"device": devices} if devices else {})))
        its.said = []
        its.notices = Notices(write=lambda form, *words: its.said.append(form % words))
        its.device = Device()
        its.pigeon = Pigeon()
        its.hear(its.device.status(BEGIN_MS))
        its.sender = Sender(its, its.pigeon)
        its.sender.look()
        yield its


def titles(its):
    return [title for _, title in its.pigeon.carried]


def test_an_event_goes_to_each_address_once(tmp_path):
    with messages(tmp_path) as its:
        its.hear(its.device.event(BEGIN_MS + HOUR_MS, kwh=14.0))
        its.sender.look()
        its.sender.look()
        assert its.pigeon.carried == [(url, "The car has finished charging") for url in ADDRESSES]


def test_what_can_be_met_of_a_target_and_why_it_will_be_missed_reach_the_phone(tmp_path):
    with messages(tmp_path, urls=ADDRESSES[:1]) as its:
        texts = []
        its.pigeon.deliver = lambda url, title, text: texts.append(text) or DELIVERED
        asked = its.desk.ask(its.settings.devices[0], {"target": {"until": "07:30", "kwh": 20, "quarters": [1, 2]}}, "page")
        answer = {"type": "result", "state": "Charging", "command": "target", "command_id": asked.command_id, "result": "done", "kwh_possible": 18.2}
        answered = its.device.uplink(BEGIN_MS + HOUR_MS, 11, answer)
        its.hear(answered)
        its.desk.hear_uplinks("ttn", (answered,))
        its.sender.look()
        its.hear(its.device.event(BEGIN_MS + 2 * HOUR_MS, "target_missed", kwh=1.8, reason="vehicle_paused"))
        its.sender.look()
        its.sender.look()
        assert texts[0] == "18.2 of 20 kWh by 07:30, the device says."
        assert texts[1].startswith("1.8 kWh will be missing. Current is offered, but the car does not take it") and len(texts) == 2


def test_over_a_restart_none_is_repeated_and_none_lost(tmp_path):
    with messages(tmp_path) as its:
        its.pigeon.is_down = set(ADDRESSES[1:])
        its.hear(its.device.event(BEGIN_MS + HOUR_MS, kwh=14.0))
        its.sender.look()
        its.hear(its.device.event(BEGIN_MS + 2 * HOUR_MS, "fault", code="F4"))
        its.pigeon.is_down = set()
        again = Sender(its, its.pigeon)
        again.look()
        both = ("The car has finished charging", "The wallbox has a fault")
        assert sorted(its.pigeon.carried) == sorted((url, title) for url in ADDRESSES for title in both)


def test_a_server_that_is_away_is_tried_later_and_holds_no_other_up(tmp_path, monkeypatch):
    now_s = [1000.0]
    monkeypatch.setattr(sender.time, "monotonic", lambda: now_s[0])
    with messages(tmp_path) as its:
        its.pigeon.is_down = {ADDRESSES[0]}
        its.hear(its.device.event(BEGIN_MS + HOUR_MS, kwh=14.0))
        waits_s = []
        for _ in range(8):
            tried, began_s = its.pigeon.tried, now_s[0]
            its.sender.look()
            while its.pigeon.tried == tried:
                now_s[0] += 30
                its.sender.look()
            waits_s.append(now_s[0] - began_s)
        assert its.pigeon.carried == [(ADDRESSES[1], "The car has finished charging")]
        assert waits_s[2:] == [120, 240, 480, 960, 1920, 3600]
        its.pigeon.is_down = set()
        now_s[0] += 3600
        its.sender.look()
        assert len(its.pigeon.carried) == 2
        assert len(its.said) == 1 and "address 1 of notify.urls (ntfy)" in its.said[0]


def test_no_message_waits_longer_than_a_day_and_none_for_an_address_that_is_gone(tmp_path):
    with messages(tmp_path) as its:
        its.pigeon.is_down = set(ADDRESSES)
        its.hear(its.device.event(BEGIN_MS + HOUR_MS, kwh=14.0))
        its.sender.look()
        its.now_ms += sender.KEEP_MS + 1
        its.is_up["ttn"] = False
        its.sender.look()
        with reading(its.engine) as connection:
            assert memory.get(connection, sender.OUTBOX) == []


def test_neither_place_key_nor_id_is_in_a_message_and_no_address_in_the_store_or_the_log(tmp_path):
    devices = [{"id": "eui-d7d7d7d7d7d7d7d7", "timezone": "UTC", "place": "Main Street 5"}, {"id": "wallbox", "name": "Left", "timezone": "UTC"}]
    with messages(tmp_path, devices=devices) as its:
        first = Device("eui-d7d7d7d7d7d7d7d7")
        its.pigeon.is_down = {ADDRESSES[1]}
        its.hear(first.event(BEGIN_MS + HOUR_MS), its.device.event(BEGIN_MS + HOUR_MS, "fault"))
        its.sender.look()
        assert titles(its) == ["Wallbox 1: The car has finished charging", "Left: The wallbox has a fault"]
        with reading(its.engine) as connection:
            stored = json.dumps(memory.get(connection, sender.OUTBOX))
        for text in (stored, *its.said):
            assert not any(word in text for word in ("secret", "topic-of-nobody", "d7d7d7d7d7d7d7d7", "Main Street"))


def test_silence_is_told_and_its_end(tmp_path):
    with messages(tmp_path, language="de") as its:
        its.now_ms += 3 * HOUR_MS
        its.sender.look()
        assert titles(its) == ["Von der Wallbox kommt nichts mehr"] * 2
        its.hear(its.device.status(its.now_ms + HOUR_MS))
        its.sender.look()
        assert titles(its)[2:] == ["Die Wallbox ist wieder zu hören"] * 2


def test_a_change_wakes_its_thread_and_stopping_ends_it(tmp_path):
    with messages(tmp_path) as its:
        came = threading.Event()
        its.pigeon.deliver = lambda *given: came.set() or DELIVERED
        its.sender.start()
        its.hear(its.device.event(BEGIN_MS + HOUR_MS, kwh=14.0))
        its.changes.tell("Garage")
        assert came.wait(10)
        its.sender.stop()
        assert not its.sender._thread.is_alive()


def test_stopped_while_a_message_is_on_its_way_it_waits_for_it_and_ends_what_hangs(tmp_path, monkeypatch):
    with messages(tmp_path, urls=ADDRESSES[:1]) as its:
        begun, aborted = threading.Event(), threading.Event()
        its.pigeon.deliver = lambda *given: begun.set() or aborted.wait(0.3) or DELIVERED
        its.sender.start()
        its.hear(its.device.event(BEGIN_MS + HOUR_MS, kwh=14.0))
        its.changes.tell("Garage")
        assert begun.wait(10)
        its.sender.stop()
        with reading(its.engine) as connection:
            assert memory.get(connection, sender.OUTBOX) == []
        monkeypatch.setattr(sender, "GRACE_S", 0.1)
        again = Sender(its, its.pigeon)
        begun.clear()
        its.pigeon.deliver = lambda *given: (begun.set(), aborted.wait(60), NOT_DELIVERED)[2]
        its.pigeon.abort = aborted.set
        its.hear(its.device.event(BEGIN_MS + 2 * HOUR_MS, "fault"))
        again.start()
        assert begun.wait(10)
        again.stop()
        with reading(its.engine) as connection:
            assert len(memory.get(connection, sender.OUTBOX)) == 1


@pytest.mark.parametrize("url, expected", [("ntfy://x", "ntfy"), ("mailtos://me:word@example.org", "mailtos"), ("tgram://1:AB/2", "tgram"),
                                           ("no address", "unknown"), ("secret", "unknown")])
def test_of_an_address_only_its_kind_is_shown(url, expected):
    assert courier.kind(url) == expected


def test_what_may_be_wanted_is_checked(tmp_path):
    with pytest.raises(settings.Wrong, match=r"notify.events: 'finnished' is none of not_plugged_in, .*: did you mean 'finished'\?"):
        settings.checked(given(notify={"events": ["finnished"]}), tmp_path)
    with pytest.raises(settings.Wrong, match="notify.language: must be 'en' or 'de'"):
        settings.checked(given(notify={"language": "fr"}), tmp_path)
    assert "command_failed" not in settings.checked(given(), tmp_path).notify.events


# --- the real courier

@pytest.fixture
def hook():
    with Webhook() as its:
        yield its


def test_a_webhook_gets_title_and_text(hook, caplog):
    with caplog.at_level(logging.DEBUG):
        assert Courier().deliver(hook.url, "Die Störung", "Sie zeigt F4.") == DELIVERED
    ((_, heard),) = hook.heard
    assert (heard["title"], heard["message"]) == ("Die Störung", "Sie zeigt F4.")
    assert "secret" not in caplog.text


def test_a_webhook_that_refuses_has_not_taken_it_and_what_is_no_address_is_named(hook):
    hook.status = 500
    assert Courier().deliver(hook.url, "Title", "Text") == NOT_DELIVERED
    assert Courier().deliver("nonsense://secret", "Title", "Text") == UNKNOWN


@pytest.mark.parametrize("status", [302, 307])
def test_a_webhook_that_points_elsewhere_has_not_taken_it(hook, status):
    hook.status = status
    assert Courier().deliver(hook.url, "Title", "Text") == NOT_DELIVERED and len(hook.heard) == 1


def test_a_server_that_hangs_is_given_up(tmp_path):
    import socket
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert Courier(patience_s=3).deliver(f"json://127.0.0.1:{silent.getsockname()[1]}/", "Title", "Text") == NOT_DELIVERED
