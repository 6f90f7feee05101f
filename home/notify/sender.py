"""Sends messages from a thread of its own. What is still to be sent is in the store, so a restart loses none and repeats none."""
import hashlib
import logging
import threading
import time

from home.notify import choice, courier, sentences
from home.store import commands, memory, queries
from home.store.database import StoreFailed, reading, writing

logger = logging.getLogger("home")
LOOK_S = 60
RETRY_S = (60, 3600)
GRACE_S = 8
OUTBOX = "notify/outbox"
# Longer than that no message waits for its server.
KEEP_MS = 86_400_000


class Sender:
    """start(), stop(). service: engine, writer, settings, key, is_up, changes, notices, clock of home.service.Service. carrier: a courier.Courier."""

    def __init__(self, service, carrier=None):
        self._service, self._its = service, service.settings.notify
        self._courier = carrier or courier.Courier()
        self._urls = {digest(url): url for url in self._its.urls}
        self._line_up_ms = {}       # network -> since when its line is up
        self._wait_s = {}           # digest of an address -> (monotonic time of the next try, how long it waited for it)
        self._changed = set()       # names of devices
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="messages", daemon=True)
        self._forget = lambda: None

    def start(self):
        self._forget = self._service.changes.listen(self._on_change)
        self._thread.start()

    def stop(self):
        self._forget()
        self._stopping.set()
        self._wake.set()
        # A message that is on its way arrives and is known to have; one that hangs is sent again after the start.
        self._thread.join(GRACE_S)
        if self._thread.is_alive():
            self._courier.abort()
            self._thread.join()

    def look(self, names=None):
        """Choose what is to be told, and send what is to be sent now. names: of devices that changed; None: all. StoreFailed as the store says."""
        self._choose(names)
        for item in self._outbox():
            for mark in list(item["to"]):
                if self._stopping.is_set():
                    return
                if self._is_over(item, mark) or self._send(item, mark):
                    self._done(item, mark)

    def _on_change(self, device):
        self._changed.add(device)
        self._wake.set()

    def _run(self):
        full_s = None       # when all devices were looked at last
        while not self._stopping.is_set():
            changed, self._changed = self._changed, set()
            is_full = full_s is None or time.monotonic() - full_s >= LOOK_S
            try:
                self.look(None if is_full else changed)
                full_s = time.monotonic() if is_full else full_s
                self._service.notices.over("messages")
            except StoreFailed as problem:
                full_s = None
                self._service.notices.say("messages", f"{problem}. Messages wait")
            self._wake.wait(LOOK_S)
            # Many changes at once are one look.
            self._stopping.wait(1)
            self._wake.clear()

    def _choose(self, names):
        now_ms = int(1000 * self._service.clock())
        for name, is_up in self._service.is_up.items():
            self._line_up_ms[name] = (self._line_up_ms.get(name) or now_ms) if is_up else None
        for place, device in enumerate(self._service.settings.devices, 1):
            if names is not None and device.name not in names:
                continue
            key = self._service.key(device)
            name = f"notify/{key}"
            with reading(self._service.engine) as connection:
                before = memory.get(connection, name)
                facts = self._facts(connection, device, key, before, now_ms)
            messages, kept = choice.choose(before or choice.begin(facts), facts, self._its.events, now_ms)
            if kept != before:
                self._put(name, kept, [self._item(message, device, place, now_ms) for message in messages])

    def _facts(self, connection, device, key, kept, now_ms):
        newest = queries.newest_event(connection, key)
        return choice.Facts(
            tuple(queries.events_after(connection, key, kept["event"])) if kept else (), newest,
            tuple(commands.failed(connection, key, now_ms - KEEP_MS)), queries.last_heard_ms(connection, key), self._line_up_ms[device.network],
            tuple(commands.taken_targets(connection, key, now_ms - KEEP_MS)))

    def _item(self, message, device, place, now_ms):
        title, text = sentences.said(message.kind, message.values, self._its.language, self._name(device, place))
        return {"title": title, "text": text, "at_ms": now_ms, "to": list(self._urls)}

    def _name(self, device, place):
        """What a device is called in a message: nothing where there is one only, and never its id."""
        if len(self._service.settings.devices) == 1:
            return None
        return device.name if device.name != device.id else f"Wallbox {place}"

    def _put(self, name, kept, items):
        """Chosen, and to be sent: both, or neither."""
        with writing(self._service.engine) as connection:
            memory.put(connection, self._service.writer.insert, name, kept)
            if items:
                memory.put(connection, self._service.writer.insert, OUTBOX, memory.get(connection, OUTBOX, []) + items)

    def _outbox(self):
        with reading(self._service.engine) as connection:
            return memory.get(connection, OUTBOX, [])

    def _is_over(self, item, mark):
        return mark not in self._urls or int(1000 * self._service.clock()) - item["at_ms"] > KEEP_MS

    def _send(self, item, mark):
        """Whether that address has it now."""
        due_s, waited_s = self._wait_s.get(mark, (0, 0))
        if time.monotonic() < due_s:
            return False
        if self._courier.deliver(self._urls[mark], item["title"], item["text"]) == courier.DELIVERED:
            self._wait_s.pop(mark, None)
            self._service.notices.over(("message", mark))
            return True
        wait_s = min(max(2 * waited_s, RETRY_S[0]), RETRY_S[1])
        self._wait_s[mark] = time.monotonic() + wait_s, wait_s
        if not self._stopping.is_set():
            self._service.notices.say(("message", mark), f"a message was not taken by address {list(self._urls).index(mark) + 1} of notify.urls"
                                      f" ({courier.kind(self._urls[mark])}); it is tried again. Type:  .venv/bin/python -m home notify --test")
        return False

    def _done(self, item, mark):
        with writing(self._service.engine) as connection:
            outbox = memory.get(connection, OUTBOX, [])
            for one in outbox:
                if {**one, "to": None} == {**item, "to": None}:
                    one["to"] = [other for other in one["to"] if other != mark]
            memory.put(connection, self._service.writer.insert, OUTBOX, [one for one in outbox if one["to"]])


def digest(url):
    """By which an address is known in the store, where it is not written."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def test(its, carrier):
    """Send a test message to each address of a setting_fields.Notify: [(place from 1 on, kind of address, courier's status)]."""
    title, text = sentences.said(sentences.TEST, {}, its.language)
    return [(place, courier.kind(url), carrier.deliver(url, title, text)) for place, url in enumerate(its.urls, 1)]
