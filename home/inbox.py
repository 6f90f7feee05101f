"""From messages to the store: what comes in waits here, is understood, and is written many at a time. What cannot be used is named and left out."""
import dataclasses
import queue
import threading

from home.network import json_values, kinds
from home.network.uplink import NotUnderstood
from home.store.database import RowRefused, StoreFailed

WAITING_MAX = 10_000
BATCH = 500
RETRY_S = (1, 60)
# A time of reception farther from ours was told by a clock that is wrong.
CLOCK_MS = 366 * 86_400_000


class Inbox:
    """put() from any thread; one thread of its own writes. notices: home/notices.py; clock(): UTC s.

    written(network, uplinks) hears what was new; downlink(network, device id, suffix, message) what became of a downlink.
    """

    def __init__(self, writer, networks, notices, clock, written, downlink=lambda *told: None):
        self._writer = writer
        self._networks = {network.name: network for network in networks}
        self._notices, self._clock, self._written, self._downlink = notices, clock, written, downlink
        self._waiting = queue.Queue(WAITING_MAX)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        """Write what waits, then end."""
        self._stopping.set()
        self._thread.join()

    def put(self, network_name, topic, body):
        """A message came on that topic."""
        try:
            self._waiting.put_nowait((network_name, topic, body))
        except queue.Full:
            self._notices.say("full", "messages come faster than the store takes them, or it takes none: some are left out, and asked for later")

    def store(self, network_name, messages, backfilled=False):
        """Write messages of one network, as parsed; how many were new. StoreFailed if the store takes none."""
        uplinks = [uplink for message in messages if (uplink := self._understood(network_name, message))]
        new = self._write(network_name, uplinks, backfilled)
        if new:
            self._written(network_name, new)
        return len(new)

    def _run(self):
        wait_s, batch = RETRY_S[0], []
        while not (self._stopping.is_set() and not batch and self._waiting.empty()):
            batch = batch or self._next()
            try:
                self._take(batch)
                wait_s = RETRY_S[0]
                self._notices.over("store")
            except StoreFailed as problem:
                self._notices.say("store", f"{problem}. What comes waits, and is tried again")
                if self._stopping.wait(wait_s):
                    return      # it is asked for at the next start
                wait_s = min(2 * wait_s, RETRY_S[1])

    def _take(self, batch):
        """Empties the batch. What was handed on or written is out of it before anything else may fail, so that it is not heard twice."""
        for one in [one for one in batch if self._place(one)[1] != self._room(one[0]).UP]:
            self._hand_on(one)
            batch.remove(one)
        for network_name in dict.fromkeys(one[0] for one in batch):
            messages = [self._parsed(one) for one in batch if one[0] == network_name]
            self.store(network_name, [message for message in messages if message])
            batch[:] = [one for one in batch if one[0] != network_name]

    def _next(self):
        try:
            batch = [self._waiting.get(timeout=0.2)]
        except queue.Empty:
            return []
        while len(batch) < BATCH:
            try:
                batch.append(self._waiting.get_nowait())
            except queue.Empty:
                break
        return batch

    def _place(self, one):
        """(device id, suffix) of its topic; None each where it is not of this application."""
        return self._room(one[0]).place(self._networks[one[0]], one[1]) or (None, None)

    def _room(self, network_name):
        """The module of a network's kind."""
        return kinds.of(self._networks[network_name])

    def _parsed(self, one):
        """(network name, message) of what came; None where it is none."""
        network_name, topic, body = one
        try:
            return network_name, json_values.message(body)
        except NotUnderstood as problem:
            self._notices.say(("message", topic[:80]), f"a message on {topic[:80]!r} was left out: {problem}")
            return None

    def _hand_on(self, one):
        """What is no uplink."""
        device_id, suffix = self._place(one)
        found = self._parsed(one) if suffix else None
        if not found:
            return
        try:
            self._downlink(one[0], device_id, suffix, found[1])
        except StoreFailed:
            raise
        except Exception as problem:
            # Whatever is in a message that nobody foresaw, it costs that message and not the others.
            self._notices.say("downlink", f"{device_id[:36]}: a message about a downlink was left out ({type(problem).__name__})")

    def _understood(self, network_name, message):
        given = message[1] if isinstance(message, tuple) else message
        try:
            uplink = self._room(network_name).uplink(given)
        except Exception as problem:
            why = problem if isinstance(problem, NotUnderstood) else type(problem).__name__
            self._notices.say(("uplink", network_name), f"{network_name}: an uplink was left out: {why}")
            return None
        if (network_name, uplink.device_id) not in self._writer.devices:
            self._notices.say(("device", network_name), f"{network_name}: uplinks of {uplink.device_id[:36]!r} are left out:"
                              " there is no such [[device]]")
            return None
        if uplink.decoded is None and uplink.f_port and uplink.payload:
            self._notices.say(("undecoded", uplink.device_id), f"{uplink.device_id}: an uplink on fPort {uplink.f_port}"
                              f" {self._room(network_name).AT_DECODING}")
        if abs(uplink.received_ms - 1000 * self._clock()) > CLOCK_MS:
            self._notices.say(("clock", uplink.device_id), f"{uplink.device_id}: an uplink says it was received at a time that is years off:"
                              " ours counts")
            uplink = dataclasses.replace(uplink, received_ms=int(1000 * self._clock()))
        return uplink

    def _write(self, network_name, uplinks, backfilled):
        try:
            return self._writer.write(network_name, uplinks, backfilled)
        except Exception as problem:
            if isinstance(problem, StoreFailed) and not isinstance(problem, RowRefused):
                raise
            # Whatever is in a message that nobody foresaw, it costs that message and not the others.
            if len(uplinks) > 1:
                return [new for uplink in uplinks for new in self._write(network_name, [uplink], backfilled)]
            self._notices.say("row", f"{uplinks[0].device_id}: an uplink was left out: the store does not take it ({type(problem).__name__})")
            return []
